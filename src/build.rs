//! How the binary is linked: its relocations packed, where the machine that builds it can load such a binary.
//!
//! An unpacked table is half a megabyte that the loader reads and that stays in memory with every shim, once for
//! each server of each agent; packed it is seven kilobytes. The loader of glibc knows packed tables since 2.36, and a
//! binary asks at its start for a glibc as new as the one that it was built with in any case.

use std::env;
use std::process::Command;

/// The first glibc whose loader reads `DT_RELR`: NEWS for version 2.36.
const LOADER_SINCE: (u32, u32) = (2, 36);

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if builds_for_itself() && glibc().is_some_and(|version| version >= LOADER_SINCE) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
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
