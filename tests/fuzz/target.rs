//! One fuzz target: holds the law that has this program's name.

#![no_main]

mod laws;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let law = laws::LAWS.iter().find(|law| law.0 == env!("CARGO_BIN_NAME")).expect("a target has its law's name");
    (law.1)(bytes);
});
