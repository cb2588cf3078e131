//! Grows inputs for [`tollgate_fuzz::inspected`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::inspected(data));
