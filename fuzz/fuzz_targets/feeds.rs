//! Any bytes, given to every feed reader: `cargo +nightly fuzz run feeds`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| yagura_advisories::testing::read_with_all("fuzz.json", bytes));
