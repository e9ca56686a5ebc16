//! Ten thousand views: what one tick of the planner costs, what the store adds to it once a second, and what a view
//! that is registered and not due costs in memory.

use std::{
    thread,
    time::{Duration, Instant},
};

use xunjie::{
    domain::{StreamId, ViewId, WallTime},
    patrol::planner::{Budget, Planner},
    store::Registry,
};

use super::house::{House, looked, register, share};

const VIEWS: usize = 10_000;
const TICK: Duration = Duration::from_millis(50);
const BUDGET: Budget = Budget {
    looks_max: 64,
    continuous_max: 16,
    sessions_max: 128,
    decode_cores_max: 2.0,
    look_time_max: Duration::from_secs(20),
};

pub fn run() {
    let bare = House::new("bare", "");
    drop(bare.service());
    let house = House::new("plan", "");
    let service = house.service();
    let began = Instant::now();
    let seen = service.now();
    for number in 0..VIEWS {
        // Nobody listens there; every view was seen just now and is due tomorrow.
        let view = register(&service, number, "rtsp://127.0.0.1:9/none", 86_400);
        looked(&service, &view, seen, 0);
    }
    eprintln!("{VIEWS} views registered in {:.1} s", began.elapsed().as_secs_f64());

    println!("| {VIEWS} views | ms |");
    println!("|---|---|");
    let registry = timed("read the registry from the store", || service.store.registry().expect("read"));
    steady(&registry, &service.config.matters);
    overloaded(&registry, &service.config.matters);
    timed("once a second: revision, re-checks and waiting deliveries from the store", || {
        service.store.revision().expect("read");
        service.store.rechecks().expect("read");
        service.store.waiting_deliveries().expect("read");
    });
    timed("at the start: the latest look of every view", || service.store.latest_looks().expect("read"));
    timed("coverage of every view, as the page shows it", || service.coverage().expect("read"));
    drop(service);

    let rss = |house: &House| {
        let (running, _) = house.serve();
        thread::sleep(Duration::from_secs(6));
        running.memory_mb("VmRSS")
    };
    let (without, with) = (rss(&bare), rss(&house));
    println!(
        "memory of the service: {without:.1} MB without views, {with:.1} MB with {VIEWS} idle ones: {:.4} MB a view",
        (with - without) / VIEWS as f64
    );
}

fn timed<T>(what: &str, mut work: impl FnMut() -> T) -> T {
    let mut took = Vec::new();
    let mut answer = work();
    for _ in 0..5 {
        let began = Instant::now();
        answer = work();
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    println!("| {what} (median of 5) | {:.2} |", share(&took, 0.5));
    answer
}

type Matters = std::collections::BTreeMap<xunjie::domain::MatterKey, xunjie::domain::Matter>;

/// All views every 300 s: 33 looks a second, of which each takes 2 s.
fn steady(registry: &Registry, matters: &Matters) {
    let mut registry = registry.clone();
    registry.views.iter_mut().for_each(|view| view.revisit_s = Some(300));
    let start = WallTime::from_millis(1_700_000_000_000);
    let mut planner = Planner::new(Budget { looks_max: 128, ..BUDGET }, 1);
    planner.sync(&registry, matters, start);
    timed("a changed registry taken in", || planner.sync(&registry, matters, start));
    ticks("a tick at 33 looks a second", &mut planner, start, Duration::from_secs(2), 6_000);
}

/// All views every 30 s with room for a tenth of it: most of them are due at any moment.
fn overloaded(registry: &Registry, matters: &Matters) {
    let mut registry = registry.clone();
    registry.views.iter_mut().for_each(|view| view.revisit_s = Some(30));
    let start = WallTime::from_millis(1_700_000_000_000);
    let mut planner = Planner::new(BUDGET, 1);
    planner.sync(&registry, matters, start);
    ticks("a tick at ten times the load that there is room for", &mut planner, start, Duration::from_secs(2), 6_000);
}

/// Runs the plan under a simulated clock and tells how long its ticks took: ends, re-checks, looks, and how it stands.
fn ticks(what: &str, planner: &mut Planner, start: WallTime, look: Duration, count: u32) {
    let mut took = Vec::new();
    let mut running = std::collections::VecDeque::new();
    let (mut looks, mut views) = (0_u64, std::collections::BTreeSet::<(ViewId, StreamId)>::new());
    for tick in 0..count {
        let now = start.plus(TICK * tick);
        let began = Instant::now();
        while running.front().is_some_and(|(ends, _)| *ends <= now) {
            if let Some((_, ended)) = running.pop_front() {
                planner.finished(&ended, now);
            }
        }
        planner.decoded(Duration::ZERO, now);
        planner.recheck(&[], now);
        while let Some(begun) = planner.next(now) {
            looks += 1;
            views.insert((begun.view, begun.stream));
            running.push_back((now.plus(look), begun));
        }
        std::hint::black_box(planner.status(now));
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    println!(
        "| {what}: median, p99, longest of {count} ({looks} looks at {} views) | {:.2}, {:.2}, {:.2} |",
        views.len(),
        share(&took, 0.5),
        share(&took, 0.99),
        share(&took, 1.0)
    );
}
