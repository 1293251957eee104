//! The fuzz target `irc_lines`: libFuzzer's door to it, and nothing else.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| wilco_fuzz::run("irc_lines", input));
