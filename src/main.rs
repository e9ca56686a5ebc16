//! The `xunjie` program: hands its arguments to [`xunjie::cli`] and nothing else.

use std::process::ExitCode;

/// Every library of the process allocates here, GStreamer, ONNX Runtime and SQLite too. Pictures of megabytes that many threads
/// take and give back fragment the C library's allocator: it held a third more, and grew for hours.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    xunjie::cli::run(std::env::args_os())
}
