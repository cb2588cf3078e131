//! Makes a recording anew from the events of another one, which may have been edited by hand:
//! `cargo run --example rebuild_recording -- FROM TO`. Used for the recordings in `tests/recordings` when their
//! format or a refusal's words change; the effects are those of this build's engine.

use std::error::Error;
use std::fs;

use tollgate::engine::Engine;
use tollgate::journal::Record;
use tollgate::journal::write::Writer;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = paths.as_slice() else {
        return Err("give two paths: FROM TO".into());
    };
    let (mut engine, mut writer, mut sealed) = (Engine::new(), Writer::default(), Vec::new());
    for line in fs::read_to_string(from)?.lines() {
        let record: Record = serde_json::from_str(line)?;
        let event = record.event().ok_or("a record whose bytes cannot be restored")?;
        let step = engine.step(event.clone());
        writer.append(&event, &step, &mut sealed);
    }
    fs::write(to, sealed)?;
    Ok(())
}
