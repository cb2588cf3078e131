//! Reading a journal that anybody may have written.

use tollgate::journal::chain::Chain;
use tollgate::journal::read::{Reading, read_all};

/// A journal is read as far as it is sound, the sound part reads the same by itself, and a line that is
/// sealed by somebody else is judged by its content: no panic, no record out of order. Input lines are
/// bodies; the target seals them, because no fuzzer finds a SHA-256. The raw bytes are read too.
///
/// # Panics
/// Where one of these is broken.
pub fn journal_read(data: &[u8]) {
    sound(data, &read_all(data));

    let mut sealed = Vec::new();
    let mut chain = Chain::default();
    for body in data.split(|byte| *byte == b'\n') {
        let start = sealed.len();
        sealed.extend_from_slice(body);
        chain.seal(&mut sealed, start);
    }
    let reading = read_all(&sealed);
    sound(&sealed, &reading);
    assert!(reading.torn.is_none(), "every line has its end");

    // A torn end never costs a record before it.
    let cut = sealed.len() - sealed.len().min(data.len() % 40 + 1);
    let part = read_all(&sealed[..cut]);
    sound(&sealed[..cut], &part);
    assert!(part.records.len() <= reading.records.len());
}

fn sound(bytes: &[u8], reading: &Reading) {
    let sound_bytes = usize::try_from(reading.sound_bytes).expect("it was read from memory");
    assert_eq!(reading.records.len() as u64, reading.reader.lines());
    for (number, record) in reading.records.iter().enumerate() {
        assert_eq!(record.seq, number as u64);
        // Whatever was stored can be asked for its event.
        std::hint::black_box(record.event());
    }
    let again = read_all(&bytes[..sound_bytes]);
    assert_eq!(again.records.len(), reading.records.len());
    assert!(again.flaw.is_none() && again.torn.is_none());
    assert_eq!(again.reader.chain().hex(), reading.reader.chain().hex());
}
