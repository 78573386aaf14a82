//! Any bytes, given to every cataloger: `cargo +nightly fuzz run catalogers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| yagura_ecosystems::testing::read_with_all("fuzz", bytes));
