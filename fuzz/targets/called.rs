//! Grows inputs for [`tollgate_fuzz::called`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::called(data));
