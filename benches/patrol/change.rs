//! From a frame's arrival to the stored change of an incident that it shows, while the machine is about four fifths
//! busy: views with two parked vehicles, so that every look changes incidents, and all of them open, with their
//! evidence, while the clock runs. Read from the service's own metrics.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use super::house::{House, KERB, cameras, env_or, register, share};

const REVISIT_S: u32 = 4;
/// References are taken and sessions opened before the clock starts.
const WARM_S: u64 = 25;
/// Incidents open this long after the first sighting, so after [`WARM_S`].
const DWELL_S: u64 = 45;

/// A street on which vehicles park.
struct Town {
    what: &'static str,
    views: usize,
    /// Camera servers. Each starts a fraction of a key frame's period after the one before, so that the key frames of different
    /// cameras come at different times.
    servers: usize,
    /// The views are registered over so long, so that their incidents open one after the other.
    over: Duration,
}

/// The worst case: every camera sends its key frame at the same moment, and everything opens within one revisit.
const AT_ONCE: Town = Town { what: "all at the same moment", views: 40, servers: 1, over: Duration::ZERO };
/// As in life: cameras that know nothing of each other, and things that appear when they do.
const SPREAD: Town = Town { what: "one after the other", views: 56, servers: 4, over: Duration::from_secs(60) };
/// A key frame's period, as the clip is made.
const GOP_MS: u64 = 2_000;

pub fn run() {
    println!(
        "| incidents open | views | looks/s | service and server, % of all cores | machine, % busy | latest view, s late | changes | looks with changes | p50, s | p95, s | p99, s |\n|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let seconds = env_or("XUNJIE_BENCH_SECONDS", 60);
    for town in [AT_ONCE, SPREAD] {
        measure(&Town { views: env_or("XUNJIE_BENCH_CHANGE_VIEWS", town.views as u64) as usize, ..town }, seconds);
    }
}

fn measure(town: &Town, seconds: u64) {
    let more = format!("[matters.motor_vehicle_parking]\ndwell_s = {DWELL_S}\nsightings_min = 2\n");
    let house = House::new("change", &more);
    let service = house.service();
    let mut servers = Vec::new();
    for _ in 0..town.servers {
        servers.push(cameras(4, KERB));
        thread::sleep(Duration::from_millis(GOP_MS / town.servers as u64));
    }
    let addresses: Vec<&String> = servers.iter().flat_map(|(_, addresses)| addresses).collect();
    let (running, address) = house.serve();
    let token = house.token();
    for number in 0..town.views {
        register(&service, number, addresses[number % addresses.len()], REVISIT_S);
        thread::sleep(town.over / town.views as u32);
    }
    // The first incident opens a dwell after its view was registered.
    thread::sleep(Duration::from_secs(if town.over.is_zero() { WARM_S } else { 0 }));
    let before = Metrics::of(&address, &token);
    let used = || running.cpu_s() + servers.iter().map(|(server, _)| server.cpu_s()).sum::<f64>();
    let (cpu, began) = (used(), Instant::now());
    let mut busy = Vec::new();
    for _ in 0..seconds {
        let all = machine_ticks();
        thread::sleep(Duration::from_secs(1));
        busy.push(busy_share(all, machine_ticks()));
    }
    let passed = began.elapsed().as_secs_f64();
    let cores = thread::available_parallelism().map_or(1, usize::from) as f64;
    let load = (used() - cpu) / passed / cores;
    let after = Metrics::of(&address, &token);
    let late_s = service.plan().map_or(0.0, |plan| plan.late_max_ms as f64 / 1000.0);
    let stored = after.buckets_since(&before);
    busy.sort_by(f64::total_cmp);
    let bounds = [0.5, 0.95, 0.99].map(|at| within(&stored, at)).join(" | ");
    println!(
        "| {} | {} | {:.1} | {:.0} | {:.0} | {late_s:.1} | {} | {} | {bounds} |",
        town.what,
        town.views,
        after.since(&before, "xunjie_looks_total") / passed,
        load * 100.0,
        share(&busy, 0.5) * 100.0,
        after.kinds_since(&before),
        stored.last().map_or(0.0, |(_, count)| *count),
    );
    assert!(stored.last().is_some_and(|(_, count)| *count > 0.0), "no look changed an incident; see serve.log");
}

/// The bucket in which the share lies, taken as evenly filled.
fn within(buckets: &[(f64, f64)], share: f64) -> String {
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    let (mut from, mut below) = (0.0, 0.0);
    for &(to, count) in buckets {
        if all > 0.0 && count >= all * share {
            let inside = (all * share - below) / (count - below).max(1.0);
            return if to.is_finite() { format!("{:.2}", from + (to - from) * inside) } else { format!("over {from}") };
        }
        (from, below) = (to, count);
    }
    "none".to_owned()
}

/// The service's metrics by name and labels, as it tells them.
struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    fn of(address: &str, token: &str) -> Self {
        let asked = ureq::get(format!("{address}/metrics")).header("authorization", format!("Bearer {token}"));
        let answer = asked.call().expect("the service answers");
        let text = answer.into_body().read_to_string().expect("metrics are text");
        let lines = text.lines().filter_map(|line| line.rsplit_once(' '));
        Self(lines.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }

    fn since(&self, before: &Self, name: &str) -> f64 {
        let sum = |of: &Self| -> f64 {
            let named = |key: &String| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'));
            of.0.iter().filter(|(key, _)| named(key)).map(|(_, value)| value).sum()
        };
        sum(self) - sum(before)
    }

    fn kinds_since(&self, before: &Self) -> String {
        let kind = |key: &str| {
            let labels = key.strip_prefix("xunjie_incident_changes_total{")?.trim_end_matches('}').to_owned();
            Some(format!("{} {:.0}", labels.split('"').nth(1)?, self.since(before, key)))
        };
        self.0.keys().filter_map(|key| kind(key)).collect::<Vec<_>>().join(", ")
    }

    /// Cumulative buckets of `xunjie_change_seconds` by upper bound, the last one without a bound.
    fn buckets_since(&self, before: &Self) -> Vec<(f64, f64)> {
        let bound = |key: &str| {
            let bound = key.strip_prefix("xunjie_change_seconds_bucket{le=\"")?.strip_suffix("\"}")?;
            bound.replace("+Inf", "inf").parse::<f64>().ok()
        };
        let mut all: Vec<(f64, f64)> =
            self.0.keys().filter_map(|key| Some((bound(key)?, self.since(before, key)))).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        all
    }
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
