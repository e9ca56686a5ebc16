//! How many threads a session of the model and a decoder should have: the same work with one thread each and with
//! more, in turns. Processor time a picture is what a city pays; pictures a second say what a busy machine gives.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::floor::{Decoder, Model, units};

const TURNS: usize = 3;
const TURN: Duration = Duration::from_secs(3);
/// Clock ticks a second of /proc/self/stat (USER_HZ, fixed by the kernel's interface on Linux).
const TICKS: f64 = 100.0;

/// Prints the table.
pub fn run(clip: &Path, model: &Path, library: &Path) {
    gst::init().expect("GStreamer starts");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let units = units(clip);
    let ways: [(String, Box<dyn Fn() -> Cost>); 4] = [
        (format!("{cores} sessions of 1 thread"), Box::new(|| inference(model, library, cores, 1))),
        (format!("1 session of {cores} threads"), Box::new(|| inference(model, library, 1, cores))),
        ("decoder of 1 thread, every frame".into(), Box::new(|| decoding(&units, clip, 1))),
        ("decoder of the library's choice, every frame".into(), Box::new(|| decoding(&units, clip, 0))),
    ];
    let mut costs = vec![Vec::new(); ways.len()];
    for _ in 0..TURNS {
        for ((_, way), costs) in ways.iter().zip(&mut costs) {
            costs.push(way());
        }
    }
    println!("\nthreads, median of {TURNS} turns of {} s", TURN.as_secs());
    println!("| way | core-ms a picture | pictures a second |\n|---|---|---|");
    for ((name, _), costs) in ways.iter().zip(&mut costs) {
        let mut middle = |pick: fn(&Cost) -> f64| {
            costs.sort_by(|a, b| pick(a).total_cmp(&pick(b)));
            pick(&costs[costs.len() / 2])
        };
        println!("| {name} | {:.1} | {:.1} |", middle(|cost| cost.core_ms), middle(|cost| cost.a_second));
    }
}

#[derive(Clone)]
struct Cost {
    core_ms: f64,
    a_second: f64,
}

fn inference(model: &Path, library: &Path, sessions: usize, threads: usize) -> Cost {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut models: Vec<Model> = (0..sessions).map(|_| Model::open(model, library, threads)).collect();
    models.iter_mut().for_each(Model::judge);
    thread::scope(|scope| {
        for model in &mut models {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    model.judge();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let cost = measured(&done);
        stop.store(true, Ordering::Relaxed);
        cost
    })
}

fn decoding(units: &[gst::Sample], clip: &Path, threads: i32) -> Cost {
    let (done, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let decoder = Decoder::open(units[0].caps().expect("the parser tells caps"), clip, threads);
    thread::scope(|scope| {
        scope.spawn(|| {
            for unit in units.iter().cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                decoder.decode(unit.buffer_owned().expect("a sample holds a packet"));
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
        let cost = measured(&done);
        stop.store(true, Ordering::Relaxed);
        cost
    })
}

/// What this process does in a turn, after a moment to get going.
fn measured(done: &AtomicU64) -> Cost {
    thread::sleep(TURN / 6);
    let (cpu, count, began) = (cpu_s(), done.load(Ordering::Relaxed), Instant::now());
    thread::sleep(TURN);
    let pictures = (done.load(Ordering::Relaxed) - count) as f64;
    Cost { core_ms: (cpu_s() - cpu) * 1000.0 / pictures, a_second: pictures / began.elapsed().as_secs_f64() }
}

fn cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}
