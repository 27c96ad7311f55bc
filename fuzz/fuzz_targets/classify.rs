#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gun_native_fuzz::classify::check(input));
