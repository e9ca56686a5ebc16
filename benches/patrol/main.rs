//! The patrol at scale, with real RTSP sessions, the real service and the real detector: how late looks begin and end,
//! what they cost, what planning ten thousand views costs, how soon a restarted service looks, and how soon what a
//! frame shows is stored.
//!
//! `cargo bench --bench patrol -- [plan] [curve] [change]`; without names all three. The curve takes short turns that
//! see a part of the views; `XUNJIE_BENCH_FULL=1` takes 1.2 revisits (6 minutes) for each of 100, 300 and 1,000 views.
//! `XUNJIE_BENCH_VIEWS=1000` picks a row, `XUNJIE_BENCH_SECONDS` a length.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

mod change;
mod curve;
mod house;
mod plan;

fn main() {
    // Cargo hands every bench `--bench`.
    let asked: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    if wanted("plan") {
        plan::run();
    }
    if wanted("curve") {
        curve::run();
    }
    if wanted("change") {
        change::run();
    }
}
