//! The `xunjie` program: hands its arguments to [`xunjie::cli`] and nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    xunjie::cli::run(std::env::args_os())
}
