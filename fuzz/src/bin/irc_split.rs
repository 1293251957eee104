//! The fuzz target `irc_split`: libFuzzer's door to it, and nothing else.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wilco_fuzz::run("irc_split", input));
