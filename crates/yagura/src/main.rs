//! The `yagura` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(yagura::run(std::env::args_os()))
}
