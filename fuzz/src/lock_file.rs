//! Reading a lock that anybody may have written.

use tollgate::catalog::lock::Lock;
use tollgate::catalog::sign::{SecretKey, Trusted};

/// What is read comes back from what is written; its blocks count for nobody who trusts no signer, and what is written
/// hides nothing. What is not read says where, within the text.
///
/// # Panics
/// Where one of these is broken.
pub fn lock_file(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lock = match Lock::parse(text) {
        Ok(lock) => lock,
        Err(broken) => {
            let lines = text.lines().count();
            assert!((1..=lines + 1).contains(&broken.line), "{broken}: beyond the text");
            return;
        }
    };
    let written = lock.to_string();
    assert_eq!(Lock::parse(&written).as_ref(), Ok(&lock), "{written}");
    assert_eq!(Lock::unseen(&written), [], "{written}");
    // The corpus is signed by the key of sevens.
    let trusted = |seed: u8| Trusted {
        key: SecretKey::from_seed(&[seed; 32]).public(),
        name: "ann".to_owned(),
    };
    for (server, block) in &lock.blocks {
        assert!(!block.check(server, &[]).counts());
        assert!(!block.check(server, &[trusted(8)]).counts());
        let checked = block.check(server, &[trusted(7)]);
        assert_eq!(checked.counts(), checked.problems().is_empty() && !checked.signers.is_empty());
        // A signature is one of this server's block, by this name.
        assert!(!block.check(&format!("{server}x"), &[trusted(7)]).counts());
    }
}
