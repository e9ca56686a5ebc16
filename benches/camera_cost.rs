//! What a camera costs: one key-frame look per 10 s beside the usual way (decode every frame, detect 5 times a
//! second), with the same clip, the same model and the same program, in turns in one run. A real RTSP server feeds the
//! real service; the figure is the service's processor time (user and system, from /proc), the server's not counted.
//!
//! Prints one table. `XUNJIE_BENCH_TURNS` (default 2) and `XUNJIE_BENCH_SECONDS` (default 40) set its length.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a terminal")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Cameras of the key-frame way: many, because one costs too little to measure.
const PATROLLED: usize = 12;
/// Cameras of the usual way.
const WATCHED: usize = 1;
/// Clock ticks a second of /proc/<pid>/stat (USER_HZ, fixed by the kernel's interface on Linux).
const TICKS: f64 = 100.0;

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    cameras: usize,
    settings: &'static str,
    pipeline: &'static str,
}

const WAYS: [Way; 2] = [
    Way { name: "one key-frame look per 10 s", cameras: PATROLLED, settings: "revisit_s = 10", pipeline: "key_frames" },
    Way { name: "every frame decoded, 5 detections/s", cameras: WATCHED, settings: "", pipeline: "rate" },
];

fn main() {
    let seconds = env_or("XUNJIE_BENCH_SECONDS", 40);
    let turns = env_or("XUNJIE_BENCH_TURNS", 2);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let scratch = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("camera_cost");
    let _ = fs::remove_dir_all(&scratch);
    fs::create_dir_all(&scratch).expect("the target folder can be written");
    let mut rows = Vec::new();
    for (codec, encoder) in [("h264", "libx264"), ("h265", "libx265")] {
        let clip = clip(&root, codec, encoder);
        let (_server, address) = serve_clip(&clip);
        let mut costs: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
        for turn in 0..turns {
            for (way, costs) in WAYS.iter().zip(&mut costs) {
                let folder = scratch.join(format!("{codec}-{turn}-{}", way.pipeline));
                costs.push(cost(&root, &folder, *way, &address, Duration::from_secs(seconds)));
                eprintln!("{codec}, {}: {:.4} core a camera", way.name, costs.last().copied().unwrap_or_default());
            }
        }
        let [patrol, usual] = costs.map(|mut all| median(&mut all));
        rows.push((codec, patrol, usual));
    }
    println!("1920x1080, 25 fps, GOP 50, about 4 Mbit/s; nanodet_g_416 fp32; median of {turns} turns of {seconds} s");
    println!("| codec | way | core a camera | cameras a core | times cheaper |");
    println!("|---|---|---|---|---|");
    for (codec, patrol, usual) in rows {
        println!("| {codec} | {} | {usual:.4} | {:.1} | 1 |", WAYS[1].name, 1.0 / usual);
        println!("| {codec} | {} | {patrol:.4} | {:.1} | {:.1} |", WAYS[0].name, 1.0 / patrol, usual / patrol);
    }
}

fn env_or(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    if all.len() % 2 == 1 { all[middle] } else { (all[middle - 1] + all[middle]) / 2.0 }
}

/// Debian's surveillance clip, enlarged to 1080p with sensor noise, as an elementary stream. Made once.
fn clip(root: &Path, codec: &str, encoder: &str) -> PathBuf {
    let path = root.join(format!(".deps/bench/vtest-1080p.{codec}"));
    if !path.exists() {
        fs::create_dir_all(path.parent().expect("it has a folder")).expect(".deps can be written");
        let source = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
        let filter = "fps=25,scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080,noise=alls=8:allf=t";
        let part = path.with_extension("part");
        let done = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-i", source, "-t", "30", "-vf", filter])
            .args(["-c:v", encoder, "-preset", "fast", "-b:v", "4M", "-g", "50", "-keyint_min", "50", "-bf", "0"])
            .args(if codec == "h265" { &["-x265-params", "log-level=error:bframes=0:keyint=50"][..] } else { &[][..] })
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
    let mut server = Command::new(example("street_camera"))
        .args(["--listen", "127.0.0.1:0", "--path", "/cam", "--fps", "25", "--clip"])
        .arg(clip)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example street_camera was built; run script/bench");
    let out = BufReader::new(server.stdout.take().expect("it was piped"));
    let ready = out.lines().map_while(Result::ok).find_map(|line| line.strip_prefix("ready ").map(str::to_owned));
    (Running(server), ready.expect("the server says where it is ready"))
}

fn example(name: &str) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xunjie"));
    program.parent().expect("it lies in a folder").join("examples").join(name)
}

/// Core-seconds a second that one camera costs the service.
fn cost(root: &Path, folder: &Path, way: Way, address: &str, time: Duration) -> f64 {
    fs::create_dir_all(folder).expect("the target folder can be written");
    let pipelines = folder.join("pipelines");
    fs::create_dir_all(&pipelines).expect("the target folder can be written");
    let matter =
        fs::read_to_string(root.join("pipelines/motor_vehicle_parking.toml")).expect("it is in the repository");
    let decode = if way.pipeline == "rate" { "decode = \"rate\"\nfps = 5.0" } else { "decode = \"key_frames\"" };
    fs::write(pipelines.join("motor_vehicle_parking.toml"), matter.replace("decode = \"key_frames\"", decode))
        .expect("written");
    let settings = folder.join("xunjie.toml");
    let overrides = format!(
        "listen = \"127.0.0.1:0\"\n[folders]\ndata = \"{0}/data\"\npipelines = \"{0}/pipelines\"\n[log]\nlevel = \"warn\"\n[matters.motor_vehicle_parking]\n{1}\n",
        folder.display(),
        way.settings
    );
    fs::write(&settings, overrides).expect("written");
    let xunjie = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
        command.arg("--root").arg(root).arg("--config").arg(&settings);
        command
    };
    for number in 0..way.cameras {
        let code = format!("bench{number}");
        let added = xunjie()
            .args([
                "stream",
                "add",
                "--code",
                &code,
                "--name",
                &code,
                "--url",
                address,
                "--matter",
                "motor_vehicle_parking",
            ])
            .stdout(Stdio::null())
            .status()
            .expect("xunjie runs");
        assert!(added.success(), "the camera could not be registered");
    }
    let service = Running(xunjie().arg("serve").stdout(Stdio::null()).spawn().expect("xunjie runs"));
    // Models load, streams open, references are taken.
    thread::sleep(Duration::from_secs(12));
    let (cpu, began) = (cpu_seconds(service.0.id()), Instant::now());
    thread::sleep(time);
    (cpu_seconds(service.0.id()) - cpu) / began.elapsed().as_secs_f64() / way.cameras as f64
}

fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the service still runs");
    let after_name = stat.rsplit(')').next().expect("rsplit gives at least one part");
    let field =
        |n: usize| after_name.split_whitespace().nth(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (field(11) + field(12)) / TICKS
}
