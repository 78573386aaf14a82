//! Yagura, from the command line.
fn main() {}
