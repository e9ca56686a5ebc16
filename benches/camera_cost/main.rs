//! What a camera costs: one key-frame look per 10 s beside the usual way (decode every frame, detect 5 times a
//! second), with the same clip, the same model and the same program; and beside each the physical floor, which is bare
//! decoding and bare inference of the same frames. A way and its floor run at the same time, so that what else the
//! machine does weighs on both; the ways follow each other in turns. A real RTSP server feeds the real service; the
//! figures are processor time (user and system, from /proc) of the measured process alone, by the pictures that it has
//! judged in that time: on a busy machine neither does as much as it should.
//!
//!
//! `cargo bench --bench camera_cost -- [h264] [h265] [memory] [threads]`; without names all of it. Prints tables. `XUNJIE_BENCH_TURNS` (default 2) and `XUNJIE_BENCH_SECONDS` (default 20) set its length.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

mod floor;
mod service;
mod threads;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use floor::Work;
use service::{Running, Served, Service, start};

/// Cameras of the key-frame way: many, because one costs too little to measure.
const PATROLLED: usize = 12;
/// Views that are registered and not reached, for the memory of an idle view.
const IDLE: usize = 200;
const KEYS: &str = "decode = \"key_frames\"";
const RATE: &str = "decode = \"rate\"\nfps = 5.0";
const MODEL: &str = "nanodet_g_416";
/// Looks at a camera, and pictures of a watched one, a second.
const LOOKS: f64 = 0.1;
const PICTURES: f64 = 5.0;

/// Core-seconds a second of one camera at its due number of pictures: the service's and the floor's, measured at the same
/// time.
#[derive(Clone, Copy)]
struct Pair {
    ours: f64,
    floor: f64,
}

struct Bench {
    root: PathBuf,
    scratch: PathBuf,
    seconds: Duration,
    folders: usize,
}

fn main() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let args: Vec<String> = std::env::args().skip(1).collect();
    let library = std::env::var_os("XUNJIE_ORT_LIB").map(PathBuf::from);
    let library = library.unwrap_or_else(|| root.join(".deps/onnxruntime/libonnxruntime.so"));
    if let Some(at) = args.iter().position(|arg| arg == "--floor") {
        let work = match args[at + 1].as_str() {
            "keys" => Work::Keys { cameras: PATROLLED },
            _ => Work::All,
        };
        floor::run(
            work,
            Path::new(&args[at + 2]),
            &root.join("models").join(&args[at + 3]).join("model.onnx"),
            &library,
            Path::new(&args[at + 4]),
        );
    }
    let weights = root.join("models").join(MODEL).join("model.onnx");
    // Cargo hands every bench `--bench`.
    let asked: Vec<String> = args.into_iter().filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("camera_cost");
    let _ = fs::remove_dir_all(&scratch);
    let turns = env_or("XUNJIE_BENCH_TURNS", 2);
    let seconds = Duration::from_secs(env_or("XUNJIE_BENCH_SECONDS", 20));
    let mut bench = Bench { root, scratch, seconds, folders: 0 };
    let mut rows = Vec::new();
    let mut profile = BTreeMap::new();
    for (codec, encoder) in [("h264", "libx264"), ("h265", "libx265")].into_iter().filter(|(codec, _)| wanted(codec)) {
        let clip = clip(&bench.root, codec, encoder);
        let (_server, address) = serve_clip(&clip);
        let (mut keys, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            keys.push(bench.keys(&clip, &address, MODEL, &mut profile));
            rates.push(bench.rate(&clip, &address));
            eprintln!(
                "{codec}: looks {:.4} (floor {:.4}), every frame {:.4} (floor {:.4}) core a camera",
                keys[keys.len() - 1].ours,
                keys[keys.len() - 1].floor,
                rates[rates.len() - 1].ours,
                rates[rates.len() - 1].floor
            );
        }
        rows.push((codec, MODEL, median(&keys), Some(median(&rates))));
        if codec == "h264" {
            let int8 = bench.keys(&clip, &address, "nanodet_g_416_int8", &mut BTreeMap::new());
            rows.push((codec, "nanodet_g_416_int8", int8, None));
        }
    }
    if !rows.is_empty() {
        print(&rows, profile, turns, seconds);
    }
    if wanted("memory") {
        let (_server, address) = serve_clip(&clip(&bench.root, "h264", "libx264"));
        bench.memory(&address);
    }
    if wanted("threads") {
        threads::run(&clip(&bench.root, "h264", "libx264"), &weights, &library);
    }
}

/// A codec's and a model's looks, and the usual way where that was measured.
type Row<'a> = (&'a str, &'a str, Pair, Option<Pair>);

fn print(rows: &[Row<'_>], profile: BTreeMap<String, f64>, turns: u64, seconds: Duration) {
    println!("\n1920x1080, 25 fps, GOP 50, about 4 Mbit/s; median of {turns} turns of {} s", seconds.as_secs());
    println!("| codec | model | way | core a camera | cameras a core | floor | ours/floor | usual/ours |");
    println!("|---|---|---|---|---|---|---|---|");
    for (codec, model, keys, rate) in rows {
        if let Some(rate) = rate {
            row(codec, model, "every frame decoded, 5 detections/s", *rate, "1");
        }
        let cheaper = rate.map_or_else(|| "-".into(), |rate| format!("{:.1}", rate.ours / keys.ours));
        row(codec, model, "one key-frame look per 10 s", *keys, &cheaper);
    }
    println!("\nwhere a patrolled camera's time goes, by thread, all codecs\n| thread | core a camera |\n|---|---|");
    let windows = rows.iter().filter(|(_, _, _, rate)| rate.is_some()).count() as f64 * turns as f64;
    let mut profile: Vec<_> = profile.into_iter().collect();
    profile.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (name, cost) in profile.iter().filter(|(_, cost)| cost / windows >= 0.00005) {
        println!("| {name} | {:.4} |", cost / windows);
    }
}

fn row(codec: &str, model: &str, way: &str, pair: Pair, cheaper: &str) {
    let Pair { ours, floor } = pair;
    println!(
        "| {codec} | {model} | {way} | {ours:.4} | {:.1} | {floor:.4} | {:.2} | {cheaper} |",
        1.0 / ours,
        ours / floor
    );
}

impl Bench {
    fn folder(&mut self) -> PathBuf {
        self.folders += 1;
        self.scratch.join(self.folders.to_string())
    }

    /// One look per 10 s at many cameras, and what the same looks cost bare.
    fn keys(&mut self, clip: &Path, address: &str, model: &str, profile: &mut BTreeMap<String, f64>) -> Pair {
        let (folder, cameras) = (self.folder(), vec![address; PATROLLED]);
        let service = Service { root: &self.root, folder, model, decode: KEYS, revisit_s: 10, cameras }.serve();
        let floor = self.bare("keys", clip, model);
        // Models load, streams open, references are taken.
        thread::sleep(Duration::from_secs(12));
        let (before, judged) = (service.process.threads(), service.judged());
        let pair = self.measure(&service, &floor);
        let looks = service.judged() - judged;
        for (sign, threads) in [(-1.0, before), (1.0, service.process.threads())] {
            for (name, spent) in threads {
                *profile.entry(name).or_default() += sign * spent * LOOKS / looks;
            }
        }
        Pair { ours: pair.ours * LOOKS, floor: pair.floor * LOOKS }
    }

    /// One camera watched without an end, and bare decoding and inference of the same.
    fn rate(&mut self, clip: &Path, address: &str) -> Pair {
        let (folder, cameras) = (self.folder(), vec![address]);
        let service = Service { root: &self.root, folder, model: MODEL, decode: RATE, revisit_s: 10, cameras }.serve();
        let floor = self.bare("all", clip, MODEL);
        thread::sleep(Duration::from_secs(8));
        let pair = self.measure(&service, &floor);
        Pair { ours: pair.ours * PICTURES, floor: pair.floor * PICTURES }
    }

    /// Core-seconds a judged picture.
    fn measure(&self, ours: &Served, floor: &Floor) -> Pair {
        let now = || [(ours.process.cpu_seconds(), ours.judged()), (floor.process.cpu_seconds(), floor.judged())];
        let before = now();
        thread::sleep(self.seconds);
        let after = now();
        let each = |i: usize| (after[i].0 - before[i].0) / (after[i].1 - before[i].1);
        eprintln!("pictures judged: {:.0}, floor {:.0}", after[0].1 - before[0].1, after[1].1 - before[1].1);
        Pair { ours: each(0), floor: each(1) }
    }

    fn bare(&self, work: &str, clip: &Path, model: &str) -> Floor {
        let (program, count) = (std::env::current_exe().expect("the bench runs"), self.scratch.join("judged"));
        let mut command = Command::new(program);
        let (process, _) = start(command.args(["--floor", work]).arg(clip).arg(model).arg(&count), "ready");
        Floor { process, count }
    }

    /// Resident memory with sessions open, with the same cameras' sessions closed, and with idle views besides.
    fn memory(&mut self, address: &str) {
        let mut resident = |revisit_s: u32, idle: usize| {
            let mut cameras = vec![address; PATROLLED];
            cameras.extend(vec!["rtsp://127.0.0.1:9/cam"; idle]);
            let (root, folder) = (self.root.clone(), self.folder());
            let service = Service { root: &root, folder, model: MODEL, decode: KEYS, revisit_s, cameras }.serve();
            thread::sleep(Duration::from_secs(25));
            service.process.resident_mb()
        };
        let (open, closed, with_idle) = (resident(10, 0), resident(3600, 0), resident(3600, IDLE));
        println!("\n| resident memory | MB |\n|---|---|");
        println!("| service, {PATROLLED} sessions open | {open:.0} |");
        println!("| service, the same cameras, no session open | {closed:.0} |");
        println!("| an open session | {:.1} |", (open - closed) / PATROLLED as f64);
        println!("| service, {IDLE} views more | {with_idle:.0} |");
        println!("| a registered idle view | {:.3} |", (with_idle - closed) / IDLE as f64);
    }
}

/// The floor's process, and where it writes how much it has done.
struct Floor {
    process: Running,
    count: PathBuf,
}

impl Floor {
    fn judged(&self) -> f64 {
        // It may be read while it is written.
        std::iter::repeat_with(|| fs::read_to_string(&self.count).ok()?.parse().ok()).flatten().next().unwrap_or(0.0)
    }
}

/// The floor tells that it has loaded everything.
fn say_ready() {
    println!("ready");
}

fn env_or(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(pairs: &[Pair]) -> Pair {
    let middle = |pick: fn(&Pair) -> f64| {
        let mut all: Vec<f64> = pairs.iter().map(pick).collect();
        all.sort_by(f64::total_cmp);
        let half = all.len() / 2;
        if all.len() % 2 == 1 { all[half] } else { (all[half - 1] + all[half]) / 2.0 }
    };
    Pair { ours: middle(|pair| pair.ours), floor: middle(|pair| pair.floor) }
}

/// Debian's surveillance clip, enlarged to 1080p with sensor noise, as an elementary stream. Made once. Its key frames are IDR
/// pictures, as those of cameras.
fn clip(root: &Path, codec: &str, encoder: &str) -> PathBuf {
    let path = root.join(format!(".deps/bench/vtest-1080p-idr.{codec}"));
    if !path.exists() {
        fs::create_dir_all(path.parent().expect("it has a folder")).expect(".deps can be written");
        let source = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
        let filter = "fps=25,scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080,noise=alls=8:allf=t";
        let part = path.with_extension("part");
        let done = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-i", source, "-t", "30", "-vf", filter])
            .args(["-c:v", encoder, "-preset", "fast", "-b:v", "4M", "-g", "50", "-keyint_min", "50", "-bf", "0"])
            .args(if codec == "h265" {
                &["-x265-params", "log-level=error:bframes=0:keyint=50:open-gop=0"][..]
            } else {
                &[][..]
            })
            .args(["-f", if codec == "h264" { "h264" } else { "hevc" }])
            .arg(&part)
            .status()
            .expect("ffmpeg is installed; run script/setup");
        assert!(done.success(), "ffmpeg could not make {}", path.display());
        fs::rename(&part, &path).expect("the clip can be renamed");
    }
    path
}

/// Starts the RTSP server; returns it with the address of its camera.
fn serve_clip(clip: &Path) -> (Running, String) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xunjie"));
    let program = program.parent().expect("it lies in a folder").join("examples/street_camera");
    let mut command = Command::new(program);
    command.args(["--listen", "127.0.0.1:0", "--path", "/cam", "--fps", "25", "--clip"]).arg(clip);
    start(&mut command, "ready ")
}
