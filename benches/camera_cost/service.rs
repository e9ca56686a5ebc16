//! The real service with some cameras, as a process that is measured from outside.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Clock ticks a second of /proc/<pid>/stat (USER_HZ, fixed by the kernel's interface on Linux).
const TICKS: f64 = 100.0;

/// A child process that is killed when it goes out of scope.
pub struct Running(pub Child);

/// The service, and where it answers.
pub struct Served {
    pub process: Running,
    address: String,
    /// Opens the metrics.
    token: String,
}

impl Served {
    /// How many pictures were judged so far.
    pub fn judged(&self) -> f64 {
        let answer =
            ureq::get(format!("{}/metrics", self.address)).header("authorization", format!("Bearer {}", self.token));
        let answer = answer.call().expect("the service answers");
        let text = answer.into_body().read_to_string().expect("metrics are text");
        let counts = text.lines().filter(|line| line.starts_with("xunjie_inference_seconds_count"));
        counts.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }
}

impl Running {
    /// User and system time so far, in seconds.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("it still runs");
        let after_name = stat.rsplit(')').next().expect("rsplit gives at least one part");
        let field =
            |n: usize| after_name.split_whitespace().nth(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (field(11) + field(12)) / TICKS
    }

    /// Resident memory in MB.
    pub fn resident_mb(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("it still runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        line.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }

    /// Processor time by thread name, digits at the end left out.
    pub fn threads(&self) -> Vec<(String, f64)> {
        let mut threads = Vec::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.0.id())).into_iter().flatten().map_while(Result::ok) {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let spent = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
            let spent_ns = spent.split_whitespace().next().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
            threads.push((name.trim().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned(), spent_ns / 1e9));
        }
        threads
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a program and waits for the line that begins with `ready`; returns the rest of that line.
pub fn start(command: &mut Command, ready: &str) -> (Running, String) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines().map_while(Result::ok);
    let running = Running(child);
    let line = lines.by_ref().find_map(|line| line.strip_prefix(ready).map(str::to_owned));
    // Somebody must go on reading, or the child would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (running, line.unwrap_or_else(|| panic!("{command:?} never said {ready:?}")))
}

/// A deployment of the service.
pub struct Service<'a> {
    /// The repository.
    pub root: &'a Path,
    /// An empty folder for settings and data.
    pub folder: PathBuf,
    /// Model that judges.
    pub model: &'a str,
    /// `decode` of the matter's pipeline.
    pub decode: &'a str,
    /// Seconds between looks, for key frames.
    pub revisit_s: u32,
    /// Addresses of the cameras.
    pub cameras: Vec<&'a str>,
}

impl Service<'_> {
    /// Registers the cameras and serves.
    pub fn serve(&self) -> Served {
        let pipelines = self.folder.join("pipelines");
        fs::create_dir_all(&pipelines).expect("the target folder can be written");
        let matter = fs::read_to_string(self.root.join("pipelines/motor_vehicle_parking.toml")).expect("committed");
        let matter = matter
            .replace("decode = \"key_frames\"", self.decode)
            .replace("model = \"nanodet_g_416\"", &format!("model = \"{}\"", self.model));
        fs::write(pipelines.join("motor_vehicle_parking.toml"), matter).expect("written");
        let settings = format!(
            "listen = \"127.0.0.1:0\"\n[folders]\ndata = \"{0}/data\"\npipelines = \"{0}/pipelines\"\n\
             [log]\nlevel = \"warn\"\n[matters.motor_vehicle_parking]\nrevisit_s = {1}\n",
            self.folder.display(),
            self.revisit_s
        );
        fs::write(self.folder.join("xunjie.toml"), settings).expect("written");
        for (number, address) in self.cameras.iter().enumerate() {
            let code = format!("bench{number}");
            let added = self
                .xunjie()
                .args(["stream", "add", "--code", &code, "--name", &code, "--url", address])
                .args(["--matter", "motor_vehicle_parking"])
                .stdout(Stdio::null())
                .status()
                .expect("xunjie runs");
            assert!(added.success(), "the camera could not be registered");
        }
        let (process, address) = start(self.xunjie().arg("serve").stderr(Stdio::null()), "巡街 ");
        let made = self.xunjie().args(["token", "add", "bench", "--role", "supervisor"]).output().expect("xunjie runs");
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        Served { process, address, token }
    }

    fn xunjie(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
        command.arg("--root").arg(self.root).arg("--config").arg(self.folder.join("xunjie.toml"));
        command
    }
}
