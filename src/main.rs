//! The `xunjie` program: hands its arguments to [`xunjie::cli`] and nothing else.

fn main() {}
