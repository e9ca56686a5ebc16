//! The whole thing for as long as asked, with faults at random: real cameras, the real service and model, a scripted
//! reviewer, the platform's simulator. Prints a line a minute and at the end what a long run is about: slopes of
//! memory, handles and threads, lateness, losses by reason; and whether every incident, case and bundle is whole.
//!
//! `script/soak [minutes]` runs it. `XUNJIE_SOAK_SEED` repeats the order of the faults.
#![expect(clippy::print_stdout, reason = "a bench talks to a terminal")]

mod city;
mod measure;
mod trouble;

#[expect(clippy::allow_attributes, reason = "an expectation would fail in the targets that use all of it")]
#[allow(dead_code, reason = "each target that shares the street uses its part of it")]
#[path = "../../tests/street/mod.rs"]
mod street;

use std::{
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use city::City;
use measure::Record;
use trouble::Trouble;

/// Between two samples of the process.
const SAMPLE_EVERY: Duration = Duration::from_secs(15);
/// Between two rounds of the reviewer.
const REVIEW_EVERY: Duration = Duration::from_secs(10);
/// Longest pause between two faults.
const PAUSE_MAX_S: u64 = 40;

fn main() -> ExitCode {
    let minutes = std::env::args().skip(1).find_map(|arg| arg.parse::<u64>().ok()).unwrap_or(10);
    let seed = std::env::var("XUNJIE_SOAK_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let length = Duration::from_secs(minutes * 60);
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut city = City::found();
    let mut trouble = Trouble::default();
    let mut record = Record::default();
    println!("soak: {minutes} min, seed {seed}, {} cameras, log in {}", city::CAMERAS, city.folder().display());

    let began = Instant::now();
    let (mut sampled, mut reviewed, mut told) = (began, began, began);
    let mut next_fault = began + Duration::from_secs(30);
    while began.elapsed() < length {
        let now = Instant::now();
        if now.duration_since(reviewed) >= REVIEW_EVERY {
            reviewed = now;
            city.review(&mut chance);
        }
        if now >= next_fault {
            trouble.make(&mut city, &mut chance);
            next_fault = now + Duration::from_secs(chance.u64(5..PAUSE_MAX_S));
        }
        trouble.mend(&mut city, now);
        if now.duration_since(sampled) >= SAMPLE_EVERY {
            sampled = now;
            record.sample(&city, began.elapsed());
        }
        if now.duration_since(told) >= Duration::from_secs(60) {
            told = now;
            println!("{}", record.line());
        }
        thread::sleep(Duration::from_millis(250));
    }
    trouble.mend_all(&mut city);
    let ended = city.settle();
    record.sample(&city, began.elapsed());
    let stopped = city.stop();
    println!("{}", record.table(&trouble, length));
    println!("{ended}");
    println!("stopped in order within {:.2} s", stopped.as_secs_f64());
    let fine = ended.is_whole() && record.is_level() && stopped <= Duration::from_secs(5);
    println!("soak: {}", if fine { "passed" } else { "FAILED" });
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
