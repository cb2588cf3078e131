//! Decoding what a terminal, or whoever writes to it, sends.

use tollgate::console::input::{Decoder, Input, Press};

/// How a packet is cut changes nothing, no letter comes out of what was between two sequences that are
/// none, and after waiting in vain the next letter is that letter.
///
/// # Panics
/// Where one of these is broken.
pub fn terminal_input(data: &[u8]) {
    let whole = Decoder::default().feed(data);
    let mut decoder = Decoder::default();
    let single: Vec<Input> = data.iter().flat_map(|byte| decoder.feed(&[*byte])).collect();
    assert_eq!(whole, single);
    let keys = whole.iter().filter(|input| matches!(input, Input::Key(..))).count();
    assert!(keys <= data.len());
    decoder.give_up();
    if decoder.patience_ms().is_none() {
        // It is at rest, or in a paste, which only its own end ends.
        let next = decoder.feed(b"y");
        let key = |input: &Input| matches!(input, Input::Key(_, Press::Down));
        assert!(next.is_empty() || next.len() == 1 && next.iter().all(key), "{next:?}");
    } else {
        panic!("giving up leaves something to wait for");
    }
}
