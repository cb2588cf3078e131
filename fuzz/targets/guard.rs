//! Grows inputs for [`tollgate_fuzz::guard`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::guard(data));
