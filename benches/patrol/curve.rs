//! The curve: 100, 300 and 1,000 views, each to be looked at every 5 minutes. The service starts on a store that knows
//! ten open places of each view, as after a restart, and opens a session for each look and closes it again.

use std::{
    collections::BTreeMap,
    fs, thread,
    time::{Duration, Instant},
};

use xunjie::{domain::WallTime, service::Service};

use super::house::{CUT, House, Running, cameras, env_or, looked, register, share};

const REVISIT_S: u32 = 300;
/// Cameras that all views share; each has its own rhythm of key frames.
const CAMERAS: usize = 4;
const PLACES_A_VIEW: usize = 10;

struct Row {
    views: usize,
    seconds: f64,
    first_s: f64,
    begun: Vec<f64>,
    ended: Vec<f64>,
    took: Vec<f64>,
    seen: usize,
    states: BTreeMap<&'static str, usize>,
    waiting: usize,
    late_now_s: f64,
    service_cores: f64,
    server_cores: f64,
    memory_mb: f64,
    memory_peak_mb: f64,
}

pub fn run() {
    let full = env_or("XUNJIE_BENCH_FULL", 0) == 1;
    let picked = usize::try_from(env_or("XUNJIE_BENCH_VIEWS", 0)).unwrap_or(0);
    let seconds = env_or("XUNJIE_BENCH_SECONDS", if full { u64::from(REVISIT_S) * 6 / 5 } else { 60 });
    let sizes: &[usize] = if full { &[100, 300, 1000] } else { &[100, 1000] };
    let rows: Vec<Row> = match picked {
        0 => sizes.iter().map(|views| row(*views, Duration::from_secs(seconds))).collect(),
        picked => vec![row(picked, Duration::from_secs(seconds))],
    };
    println!(
        "1920x1080, 25 fps, GOP 2 s, about 4 Mbit/s over RTSP/TCP; a look each {REVISIT_S} s; nanodet_g_416; {} open places in the store at the start; {} cores",
        rows.iter()
            .map(|row| row.views * PLACES_A_VIEW)
            .map(|places| places.to_string())
            .collect::<Vec<_>>()
            .join(", "),
        thread::available_parallelism().map_or(1, usize::from)
    );
    println!(
        "| views | run, s | first look ended, s | looks | views seen | begun late, s: p50 p95 p99 max | frame judged and recorded late, s: p50 p95 p99 max | a look takes, s: p50 p99 | states | waiting at the end (latest, s) | service, cores | server, cores | service, MB: at the end, peak |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for row in &rows {
        println!("{}", line(row));
    }
}

fn line(row: &Row) -> String {
    let of = |values: &[f64], shares: &[f64]| {
        shares.iter().map(|at| format!("{:.2}", share(values, *at))).collect::<Vec<_>>().join(" ")
    };
    let states = row.states.iter().map(|(state, count)| format!("{state} {count}")).collect::<Vec<_>>().join(", ");
    format!(
        "| {} | {:.0} | {:.2} | {} | {} | {} | {} | {} | {states} | {} ({:.1}) | {:.2} | {:.2} | {:.0} {:.0} |",
        row.views,
        row.seconds,
        row.first_s,
        row.begun.len(),
        row.seen,
        of(&row.begun, &[0.5, 0.95, 0.99, 1.0]),
        of(&row.ended, &[0.5, 0.95, 0.99, 1.0]),
        of(&row.took, &[0.5, 0.99]),
        row.waiting,
        row.late_now_s,
        row.service_cores,
        row.server_cores,
        row.memory_mb,
        row.memory_peak_mb
    )
}

fn row(views: usize, time: Duration) -> Row {
    let more = format!("[matters.motor_vehicle_parking]\nrevisit_s = {REVISIT_S}\n");
    let house = House::new(&format!("curve-{views}"), &more);
    let service = house.service();
    let (server, addresses) = cameras(CAMERAS, CUT);
    let long_ago = service.now().minus(Duration::from_secs(3600));
    for number in 0..views {
        let view = register(&service, number, &addresses[number % addresses.len()], REVISIT_S);
        looked(&service, &view, long_ago, PLACES_A_VIEW);
    }
    eprintln!("{views} views registered; the service looks for {} s", time.as_secs());
    let started = service.now();
    let (running, _) = house.serve();
    let first_s = first_look(&service, started);
    let (service_cpu, server_cpu, counted) = (running.cpu_s(), server.cpu_s(), Instant::now());
    thread::sleep(time.saturating_sub(service.now().since(started)));
    let seconds = counted.elapsed().as_secs_f64();
    let (service_cores, server_cores) =
        ((running.cpu_s() - service_cpu) / seconds, (server.cpu_s() - server_cpu) / seconds);
    let (memory_mb, memory_peak_mb) = (running.memory_mb("VmRSS"), running.memory_mb("VmHWM"));
    let plan = service.plan();
    let (waiting, late_now_s) = plan.map_or((0, 0.0), |plan| (plan.waiting, plan.late_max_ms as f64 / 1000.0));
    stop(running);
    let mut row = Row {
        views,
        seconds: service.now().since(started).as_secs_f64(),
        first_s,
        begun: vec![],
        ended: vec![],
        took: vec![],
        seen: 0,
        states: BTreeMap::new(),
        waiting,
        late_now_s,
        service_cores,
        server_cores,
        memory_mb,
        memory_peak_mb,
    };
    collect(&service, started, &mut row);
    let log = fs::read_to_string(house.folder().join("serve.log")).unwrap_or_default();
    for line in log.lines().take(20) {
        eprintln!("service: {line}");
    }
    row
}

/// How long after `started` the first look had ended.
fn first_look(service: &Service, started: WallTime) -> f64 {
    loop {
        let latest = service.store.latest_looks().expect("read");
        if let Some(ended) = latest.values().filter(|look| look.started >= started).map(|look| look.ended).min() {
            return ended.since(started).as_secs_f64();
        }
        assert!(service.now().since(started) < Duration::from_secs(60), "no look within a minute");
        thread::sleep(Duration::from_millis(100));
    }
}

/// Ends the service in order, so that what it looks at is recorded.
fn stop(mut service: Running) {
    let told = std::process::Command::new("kill").arg("-TERM").arg(service.0.id().to_string()).status();
    assert!(told.is_ok_and(|status| status.success()), "kill -TERM");
    let began = Instant::now();
    let _ = service.0.wait();
    eprintln!("stopped in {:.1} s", began.elapsed().as_secs_f64());
}

/// What looks are recorded since the service started.
fn collect(service: &Service, started: WallTime, row: &mut Row) {
    for view in service.registry().expect("read").views {
        let looks = service.store.looks(view.id, 200).expect("read");
        let looks: Vec<_> = looks.into_iter().filter(|look| look.started >= started).collect();
        row.seen += usize::from(!looks.is_empty());
        for look in looks {
            row.begun.push(look.started.since(look.due).as_secs_f64());
            row.ended.push(look.ended.since(look.due).as_secs_f64());
            row.took.push(look.ended.since(look.started).as_secs_f64());
            *row.states.entry(xunjie::telemetry::state_label(look.state)).or_default() += 1;
            if let Some(reason) = look.reason {
                eprintln!("{:?}: {}", look.state, reason.en);
            }
        }
    }
    for list in [&mut row.begun, &mut row.ended, &mut row.took] {
        list.sort_by(f64::total_cmp);
    }
}
