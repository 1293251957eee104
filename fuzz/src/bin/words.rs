//! The fuzz target `words`: libFuzzer's door to it, and nothing else.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wilco_fuzz::run("words", input));
