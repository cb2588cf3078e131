//! Grows inputs for [`tollgate_fuzz::redacted`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::redacted(data));
