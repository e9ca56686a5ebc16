//! A camera that refuses, falls silent or sends rubbish is shown with its reason, costs its neighbour nothing, and is
//! back by itself when it is well again. All tests share one service with one healthy camera, as in a city; each tells
//! how late the looks at the healthy one began while its own camera was ill.

mod picture;
mod refused;
mod silent;

use std::{
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::street::{Deployment, Running, clip, play, until};

const LONG: Duration = Duration::from_secs(240);
/// A corner where nothing stands: a camera that is tested for its faults needs no incidents and no evidence.
const QUIET: &str = "0.0,0.9 0.06,0.9 0.06,0.96 0.0,0.96";
/// Short patience, so that tests need little.
const SETTINGS: &str = "[cameras]\nconnect_timeout_s = 3\nstall_after_s = 3\nretry_max_s = 4\n";

/// A service with a healthy camera.
struct Town {
    deployment: Deployment,
    service: Running,
    web: String,
    _neighbour: Running,
}

/// The town that all tests share while one of them needs it.
fn town() -> Arc<Town> {
    static SHARED: Mutex<(usize, Weak<Town>)> = Mutex::new((0, Weak::new()));
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(town) = shared.1.upgrade() {
        return town;
    }
    shared.0 += 1;
    let town = Arc::new(Town::open(&format!("cameras-{}", shared.0)));
    shared.1 = Arc::downgrade(&town);
    town
}

impl Town {
    fn open(name: &str) -> Self {
        let deployment = Deployment::new(name, SETTINGS);
        let (neighbour, address) = play(&clip(), "127.0.0.1:0", &[]);
        deployment.register("neighbour", &address, QUIET);
        let (service, web) = deployment.serve();
        let town = Self { deployment, service, web, _neighbour: neighbour };
        until("the neighbour is seen", &town.deployment, LONG, || {
            (town.view("neighbour")?["coverage"] == "covered").then_some(())
        });
        town
    }

    fn get(&self, path: &str) -> Option<Value> {
        let text = self.deployment.get(&self.web, path)?;
        serde_json::from_str(&text).ok()
    }

    /// How the view of a stream stands, as the API tells.
    fn view(&self, code: &str) -> Option<Value> {
        let views = self.get("/api/v1/views")?;
        views["items"].as_array()?.iter().find(|view| view["stream_code"] == code).cloned()
    }

    /// Looks at the healthy camera since `begun`: their number and how late the latest of them began. Fails when one of
    /// them did not see, or had to wait for a minute.
    fn neighbours_looks(&self, begun: Instant) -> (usize, f64) {
        let view = self.view("neighbour").expect("the service answers");
        let id = view["view"]["id"].as_str().expect("a view has an id");
        let looks = self.get(&format!("/api/v1/views/{id}/looks?limit=200")).expect("the service answers");
        let of = |look: &Value, key: &str| -> i64 {
            let text = look[key].as_str().expect("a look has times");
            text.parse::<xunjie::domain::WallTime>().expect("a time").millis()
        };
        let looks = looks["items"].as_array().expect("a list of looks");
        let newest = looks.iter().map(|look| of(look, "ended")).max().expect("it was looked at");
        let since = newest - i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
        let during: Vec<&Value> = looks.iter().filter(|look| of(look, "ended") >= since).collect();
        assert!(!during.is_empty(), "the neighbour was forgotten");
        let blind: Vec<_> = during.iter().filter(|look| look["state"] != "same").collect();
        assert!(blind.is_empty(), "the neighbour was lost too: {blind:?}");
        let late_ms = during.iter().map(|look| of(look, "started") - of(look, "due")).max().unwrap_or(0);
        // How late is printed; a slow machine is late by itself, a look that waits for others without an end is a defect.
        assert!(late_ms < 60_000, "the neighbour waited {late_ms} ms for a camera that was ill");
        (during.len(), late_ms as f64 / 1000.0)
    }

    /// Open files and threads of the service, and its resident memory in MiB.
    fn holds(&self) -> (usize, usize, usize) {
        let process = PathBuf::from(format!("/proc/{}", self.service.0.id()));
        let count = |what: &str| std::fs::read_dir(process.join(what)).map_or(0, Iterator::count);
        let status = std::fs::read_to_string(process.join("status")).unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        (count("fd"), count("task"), rss.unwrap_or(0_usize) / 1024)
    }
}

/// A camera under test in the shared town; unregistered at the end.
struct Case {
    town: Arc<Town>,
    code: String,
    begun: Instant,
}

impl Case {
    fn register(code: &str, address: &str, more: &[&str]) -> Self {
        let town = town();
        town.deployment.register_with(code, address, QUIET, more);
        Self { town, code: code.to_owned(), begun: Instant::now() }
    }

    /// Waits until the view stands as wanted; returns it and the seconds that it took.
    fn wait(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> (Value, f64) {
        let begun = Instant::now();
        let mut latest = Value::Null;
        let view = until(&format!("{}: {what}", self.code), &self.town.deployment, LONG, || {
            let view = self.town.view(&self.code)?;
            if latest["state"] != view["state"] || latest["reason"] != view["reason"] {
                println!("{}: {} {}", self.code, view["state"], view["reason"]);
            }
            latest = view.clone();
            wanted(&view).then_some(view)
        });
        (view, begun.elapsed().as_secs_f64())
    }

    fn seen(&self) -> f64 {
        self.wait("is seen", |view| view["coverage"] == "covered").1
    }

    /// Waits until the view is lost for this reason; returns the seconds that it took.
    fn lost(&self, reason: &str) -> f64 {
        let is_it = |view: &Value| view["state"] == "lost" && view["reason"].to_string().contains(reason);
        self.wait(&format!("is lost because of {reason}"), is_it).1
    }

    /// The line for the table of faults.
    fn recovered(&self, name: &str, seconds: f64, seen: &str) {
        let (looks, late) = self.town.neighbours_looks(self.begun);
        println!("recovered: {name}: {seconds:.1} s ({seen}; neighbour: {looks} looks, at most {late:.1} s late)");
    }

    fn set(&self, change: &[&str]) {
        self.town.deployment.ask(&[&["stream", "set", &self.code], change].concat());
    }

    /// Writes user name and password as an operator does.
    fn sign_in(&self, password: &str) {
        let file = self.town.deployment.folder.join(format!("{}.password", self.code));
        std::fs::write(&file, password).expect("written");
        self.set(&["--username", "admin", "--password-file", file.to_str().expect("a plain path")]);
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = self.town.deployment.xunjie().args(["stream", "remove", &self.code]).output();
    }
}

/// A camera process that can be told what to suffer from, or what it is doing can be counted.
struct Eye {
    process: Running,
    tell: ChildStdin,
    lines: Arc<AtomicUsize>,
    address: String,
}

impl Eye {
    fn begin(command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the examples are built by cargo test");
        let tell = child.stdin.take().expect("it was piped");
        let mut heard = BufReader::new(child.stdout.take().expect("it was piped")).lines().map_while(Result::ok);
        let process = Running(child);
        let address = heard.by_ref().find_map(|line| line.strip_prefix("ready ").map(|to| to.trim().to_owned()));
        let lines = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&lines);
        thread::spawn(move || {
            heard.for_each(|_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
        });
        Self { process, tell, lines, address: address.expect("the camera says that it is ready") }
    }

    /// A street camera.
    fn street(clip: &Path, listen: &str, more: &[&str]) -> Self {
        let mut command = Command::new(example("street_camera"));
        command.args(["--listen", listen, "--fps", "10", "--clip"]).arg(clip).args(more);
        Self::begin(&mut command)
    }

    /// A camera that does harm.
    fn hostile(way: &str, listen: &str, more: &[&str]) -> Self {
        Self::begin(Command::new(example("hostile_camera")).args(["--listen", listen, "--way", way]).args(more))
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.tell, "{line}").expect("the camera listens");
    }

    /// Where it listens, without scheme and path.
    fn host(&self) -> String {
        self.address.trim_start_matches("rtsp://").trim_end_matches("/cam").to_owned()
    }

    /// Connections that a hostile camera got.
    fn connections(&self) -> usize {
        self.lines.load(Ordering::Relaxed)
    }
}

fn example(name: &str) -> PathBuf {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xunjie"));
    program.parent().expect("it lies in a folder").join("examples").join(name)
}

/// Four seconds of the street in another form, key frame each second; made once.
fn short(name: &str, codec: &[&str]) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _alone = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    if !path.exists() {
        // Written aside first, so that a run that was cut short leaves no half clip.
        let aside = path.with_file_name(format!("aside-{}-{name}", std::process::id()));
        let made = Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-framerate", "10", "-f", "h264", "-i"])
            .arg(clip())
            .args(["-t", "4"])
            .args(codec)
            .arg(&aside)
            .status();
        assert!(made.is_ok_and(|made| made.success()), "ffmpeg makes {name}");
        std::fs::rename(&aside, &path).expect("the clip can be renamed");
    }
    path
}

const H264: [&str; 8] = ["-c:v", "libx264", "-preset", "veryfast", "-g", "10", "-bf", "0"];
