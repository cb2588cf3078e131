//! Plays every committed input through its target, and each input cut short and with a byte changed, so
//! that a small corpus reaches the error paths too. Needs no fuzzer.

use std::fs;
use std::path::Path;

use tollgate_fuzz::TARGETS;

/// How many cuts and how many changes are made of one input.
const VARIANTS_MAX: usize = 50;

/// The input, its beginnings, and copies with one byte changed.
fn variants(input: &[u8]) -> Vec<Vec<u8>> {
    let places = || (0..input.len()).step_by(input.len() / VARIANTS_MAX + 1);
    let cuts = places().map(|end| input[..end].to_vec());
    let changes = places().map(|at| {
        let mut changed = input.to_vec();
        changed[at] ^= 1 << (at % 8);
        changed
    });
    std::iter::once(input.to_vec()).chain(cuts).chain(changes).collect()
}

#[test]
fn every_target_holds_on_its_corpus() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let mut inputs: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
            .map(|entry| entry.unwrap().path())
            .collect();
        inputs.sort();
        assert!(inputs.len() >= 5, "{name} has {} inputs", inputs.len());
        for path in inputs {
            println!("{}", path.display());
            for variant in variants(&fs::read(&path).unwrap()) {
                target(&variant);
            }
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let corpora = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")).unwrap();
    for entry in corpora {
        let name = entry.unwrap().file_name();
        assert!(TARGETS.iter().any(|(target, _)| name == *target), "{}", name.display());
    }
}
