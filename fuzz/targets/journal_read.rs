//! Grows inputs for [`tollgate_fuzz::journal_read`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::journal_read(data));
