//! Grows inputs for [`tollgate_fuzz::terminal_input`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tollgate_fuzz::terminal_input(data));
