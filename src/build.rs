//! How the binary is linked, and a table that is made for it.
//!
//! **Relocations are packed**, where the machine that builds can load such a binary. An unpacked table is half a megabyte that the loader reads and that stays in memory with every shim, once for
//! each server of each agent; packed it is seven kilobytes. The loader of glibc knows packed tables since 2.36, and a
//! binary asks at its start for a glibc as new as the one that it was built with in any case.
//!
//! **The table of look-alikes** (`text::skeleton`) is the one of the crate `unicode-security` without pointers: as that
//! crate has it, the loader writes 150 kB of addresses into the memory of every shim.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

use unicode_normalization::UnicodeNormalization as _;
use unicode_security::skeleton;

/// The first glibc whose loader reads `DT_RELR`: NEWS for version 2.36.
const LOADER_SINCE: (u32, u32) = (2, 36);

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=src/build.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("prototypes.rs"), prototypes())?;
    if builds_for_itself() && glibc().is_some_and(|version| version >= LOADER_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
    Ok(())
}

/// Rust code: every decomposed character that has another one's shape, and the ends of these shapes in a list of them all.
fn prototypes() -> String {
    let (mut from, mut ends, mut shapes) = (String::new(), String::new(), String::new());
    let (mut count, mut end) = (0, 0);
    for c in '\0'..=char::MAX {
        let mut buffer = [0; 4];
        let text: &str = c.encode_utf8(&mut buffer);
        let whole = text.nfd().eq([c]);
        if whole && !skeleton(text).eq([c]) {
            count += 1;
            for shape in skeleton(text) {
                end += 1;
                // Writing to a String cannot fail.
                let _ = write!(shapes, "'\\u{{{:x}}}',", u32::from(shape));
            }
            let _ = write!(from, "'\\u{{{:x}}}',", u32::from(c));
            let _ = write!(ends, "{end},");
        }
    }
    format!(
        "static FROM: [char; {count}] = [{from}];\n\
         static ENDS: [u16; {count}] = [{ends}];\n\
         static SHAPES: [char; {end}] = [{shapes}];\n"
    )
}

/// Whether the binary is for a machine like this one, with glibc.
fn builds_for_itself() -> bool {
    let said = |name| env::var(name).unwrap_or_default();
    said("TARGET") == said("HOST")
        && said("CARGO_CFG_TARGET_OS") == "linux"
        && said("CARGO_CFG_TARGET_ENV") == "gnu"
}

/// This machine's glibc, as `getconf` says it: `glibc 2.36`.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = said.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
