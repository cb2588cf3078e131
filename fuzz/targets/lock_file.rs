//! Grows inputs for [`tollgate_fuzz::lock_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::lock_file(data));
