//! From a frame's arrival to the stored change of an incident that it shows, while the machine is about four fifths
//! busy: views with parked vehicles, so that every look changes incidents. Read from the service's own metrics.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::house::{House, WHOLE, cameras, env_or, register, share};

const REVISIT_S: u32 = 4;

pub fn run() {
    let views = usize::try_from(env_or("XUNJIE_BENCH_CHANGE_VIEWS", 40)).unwrap_or(1);
    let seconds = env_or("XUNJIE_BENCH_SECONDS", 60);
    let more = "[matters.motor_vehicle_parking]\ndwell_s = 5\nsightings_min = 2\n";
    let house = House::new("change", more);
    let service = house.service();
    let (server, addresses) = cameras(4, WHOLE);
    for number in 0..views {
        register(&service, number, &addresses[number % addresses.len()], REVISIT_S);
    }
    let (running, address) = house.serve();
    // References are taken, incidents open.
    thread::sleep(Duration::from_secs(25));
    let before = buckets(&address);
    let (cpu, began) = (running.cpu_s() + server.cpu_s(), Instant::now());
    let mut busy = Vec::new();
    for _ in 0..seconds {
        let all = machine_ticks();
        thread::sleep(Duration::from_secs(1));
        busy.push(busy_share(all, machine_ticks()));
    }
    let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
    let load = (running.cpu_s() + server.cpu_s() - cpu) / began.elapsed().as_secs_f64() / cores;
    let after = buckets(&address);
    let stored: Vec<(f64, f64)> = after.iter().zip(&before).map(|((to, a), (_, b))| (*to, a - b)).collect();
    busy.sort_by(f64::total_cmp);
    println!(
        "frame to stored change: {views} views, a look each {REVISIT_S} s; service and server use {:.0} % of {cores:.0} cores, the machine is {:.0} % busy; {} changes",
        load * 100.0,
        share(&busy, 0.5) * 100.0,
        stored.last().map_or(0.0, |(_, count)| *count)
    );
    println!("| share | within, s |");
    println!("|---|---|");
    for at in [0.5, 0.95, 0.99] {
        println!("| p{:.0} | {} |", at * 100.0, within(&stored, at));
    }
}

/// The upper bound of the bucket in which the share lies.
fn within(buckets: &[(f64, f64)], share: f64) -> String {
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    let found = buckets.iter().find(|(_, count)| *count >= all * share && all > 0.0);
    found.map_or_else(|| "none".to_owned(), |(to, _)| to.to_string())
}

/// The cumulative buckets of `xunjie_change_seconds`, the last one without a bound.
fn buckets(address: &str) -> Vec<(f64, f64)> {
    let answer = ureq::get(format!("{address}/metrics")).call().expect("the service answers");
    let text = answer.into_body().read_to_string().expect("metrics are text");
    let bucket = |line: &str| {
        let rest = line.strip_prefix("xunjie_change_seconds_bucket{le=\"")?;
        let (to, count) = rest.split_once("\"}")?;
        Some((to.replace("+Inf", "inf").parse().ok()?, count.trim().parse().ok()?))
    };
    text.lines().filter_map(bucket).collect()
}

/// All ticks of all processors and those of them that were idle.
fn machine_ticks() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/stat").expect("Linux tells");
    let line = stat.lines().next().unwrap_or_default();
    let fields: Vec<f64> = line.split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    (fields.iter().take(8).sum(), fields.iter().skip(3).take(2).sum())
}

fn busy_share(before: (f64, f64), after: (f64, f64)) -> f64 {
    let all = after.0 - before.0;
    if all > 0.0 { 1.0 - (after.1 - before.1) / all } else { 0.0 }
}
