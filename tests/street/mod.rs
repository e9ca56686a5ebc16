//! A street for the tests: a real camera process, the real service, the platform's simulator, all on loopback.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// A child process that is killed when it goes out of scope.
pub struct Running(pub Child);

impl Running {
    /// kill -9, now.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Starts a program and waits for the line that begins with `ready`; returns the rest of that line.
pub fn start(command: &mut Command, ready: &str) -> (Running, String) {
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("the program starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let running = Running(child);
    let line = lines
        .by_ref()
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix(ready).map(|rest| rest.trim().to_owned()));
    // Somebody must go on reading, or the child would stop at a full pipe.
    thread::spawn(move || lines.for_each(drop));
    (running, line.unwrap_or_else(|| panic!("{command:?} never said {ready:?}")))
}

/// Debian's surveillance clip as an elementary stream at 10 frames a second, key frame each second. Made once.
pub fn clip() -> PathBuf {
    static CLIP: OnceLock<PathBuf> = OnceLock::new();
    CLIP.get_or_init(make_clip).clone()
}

fn make_clip() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("vtest.h264");
    if !path.exists() {
        let part = folder.join(format!("vtest-{}.part", std::process::id()));
        let made = Command::new("ffmpeg")
            .args([
                "-hide_banner",
                "-loglevel",
                "error",
                "-y",
                "-i",
                "/usr/share/doc/opencv-doc/examples/data/vtest.avi",
            ])
            .args([
                "-t", "40", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-g", "10", "-bf", "0", "-f",
                "h264",
            ])
            .arg(&part)
            .status()
            .expect("ffmpeg is installed; run script/setup");
        assert!(made.success(), "ffmpeg could not read Debian's vtest.avi; run script/setup");
        fs::rename(&part, &path).expect("the clip can be renamed");
    }
    path
}

/// The beginning of the clip as a file, so long.
pub fn recording(seconds: u32) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("vtest-{seconds}.mp4"));
    let muxed = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y", "-framerate", "10", "-i"])
        .arg(clip())
        .args(["-t", &seconds.to_string(), "-c", "copy"])
        .arg(&path)
        .status();
    assert!(muxed.is_ok_and(|status| status.success()), "ffmpeg muxes the clip");
    path
}

/// A camera that plays the clip for ever. `listen` may name port 0.
pub fn camera(listen: &str) -> (Running, String) {
    play(&clip(), listen, &[])
}

/// A camera that plays a clip of 10 frames a second for ever, with more options.
pub fn play(clip: &Path, listen: &str, more: &[&str]) -> (Running, String) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xunjie"));
    let program = program.parent().expect("it lies in a folder").join("examples/street_camera");
    start(
        Command::new(program)
            .args(["--listen", listen, "--path", "/cam", "--fps", "10", "--clip"])
            .arg(clip)
            .args(more),
        "ready ",
    )
}

/// A deployment: settings and a data folder.
pub struct Deployment {
    pub folder: PathBuf,
    settings: PathBuf,
}

/// The kerb at the top right of the clip, where a van and a car stand for its whole length.
pub const KERB: &str = "0.853,0.149 1.0,0.142 1.0,0.188 0.853,0.188";
/// The part of it where only the van stands.
pub const VAN_ONLY: &str = "0.853,0.153 0.935,0.153 0.935,0.188 0.853,0.188";

impl Deployment {
    /// A fresh data folder; a dwell of some seconds instead of minutes. `more` is appended to the settings.
    pub fn new(name: &str, more: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the target folder can be written");
        fs::write(folder.join("secret"), "a secret of the tests, long enough").expect("written");
        let settings = folder.join("xunjie.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\n\
             [folders]\ndata = \"{0}/data\"\n\
             [patrol]\ninfer_threads = 1\nlook_timeout_s = 8\n\
             [log]\nlevel = \"info\"\n\
             [matters.motor_vehicle_parking]\ndwell_s = 5\nsightings_min = 3\nrevisit_s = 1\nclear_looks = 2\nclear_over_s = 2\n\
             {more}",
            folder.display()
        );
        fs::write(&settings, text).expect("written");
        Self { folder, settings }
    }

    /// Judges parking by another decode mode, as `decode = "rate"` in its pipeline.
    pub fn decoding(self, mode: &str) -> Self {
        self.pipelines(&[("motor_vehicle_parking", mode)])
    }

    /// Looks for these matters alone, each by a decode mode of its own.
    pub fn pipelines(self, matters: &[(&str, &str)]) -> Self {
        let pipelines = self.folder.join("pipelines");
        fs::create_dir_all(&pipelines).expect("the target folder can be written");
        for (matter, mode) in matters {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("pipelines/{matter}.toml"));
            let pipeline = fs::read_to_string(file).expect("it is committed");
            let key_frames = "decode = \"key_frames\"";
            assert!(pipeline.contains(key_frames), "{matter} looks at key frames");
            fs::write(pipelines.join(format!("{matter}.toml")), pipeline.replace(key_frames, mode)).expect("written");
        }
        self.setting("[folders]", &format!("pipelines = \"{}\"", pipelines.display()))
    }

    /// Adds a line to a table of the settings.
    pub fn setting(self, table: &str, line: &str) -> Self {
        let settings = fs::read_to_string(&self.settings).expect("it was written");
        let head = format!("{table}\n");
        assert!(settings.contains(&head), "{table} is there");
        fs::write(&self.settings, settings.replacen(&head, &format!("{head}{line}\n"), 1)).expect("written");
        self
    }

    /// A command line of this deployment.
    pub fn xunjie(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
        command.arg("--root").arg(env!("CARGO_MANIFEST_DIR")).arg("--config").arg(&self.settings);
        command
    }

    /// Runs a subcommand that must succeed; returns its JSON lines.
    pub fn ask(&self, args: &[&str]) -> Vec<Value> {
        let output = self.xunjie().arg("--json").args(args).output().expect("xunjie runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        json_lines(&output)
    }

    /// Starts the service; its log goes to `serve.log`. Returns its address.
    pub fn serve(&self) -> (Running, String) {
        self.serve_on(0)
    }

    /// The same on a given port; 0 takes a free one.
    pub fn serve_on(&self, port: u16) -> (Running, String) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("serve.log")).expect("opened");
        start(self.xunjie().args(["serve", "--listen", &format!("127.0.0.1:{port}")]).stderr(log), "巡街 ")
    }

    /// Registers the camera at `address` and draws the zone.
    pub fn register(&self, code: &str, address: &str, zone: &str) {
        self.register_with(code, address, zone, &[]);
    }

    /// The same with more options of `stream add`.
    pub fn register_with(&self, code: &str, address: &str, zone: &str, more: &[&str]) {
        let stream = ["stream", "add", "--code", code, "--name", code, "--url", address];
        self.ask(&[&stream[..], &["--matter", "motor_vehicle_parking"], more].concat());
        let zone = [
            "zone",
            "add",
            code,
            "--name",
            "禁停",
            "--kind",
            "strict",
            "--matter",
            "motor_vehicle_parking",
            "--polygon",
            zone,
        ];
        self.ask(&zone);
    }

    /// Incidents in any state.
    pub fn incidents(&self) -> Vec<Value> {
        self.ask(&["review", "list", "--state", "all", "--limit", "0"])
    }

    /// From now on the store takes no evidence, until [`Self::take_evidence`]: looks stop between proving and recording.
    pub fn refuse_evidence(&self) {
        self.change_store("CREATE TRIGGER refused BEFORE INSERT ON evidence BEGIN SELECT RAISE(ABORT, 'refused'); END");
    }

    /// The store takes evidence again.
    pub fn take_evidence(&self) {
        self.change_store("DROP TRIGGER refused");
    }

    fn change_store(&self, sql: &str) {
        let store = rusqlite::Connection::open(self.folder.join("data/xunjie.db")).expect("the store is there");
        store.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
        store.execute_batch(sql).expect("the store is not held for long");
    }

    /// A token that opens everything, made once.
    pub fn token(&self) -> String {
        let file = self.folder.join("tests.token");
        if let Ok(token) = fs::read_to_string(&file) {
            return token;
        }
        let token = made_token(&mut self.xunjie());
        fs::write(file, &token).expect("written");
        token
    }

    /// Asks the service for a text with that token; `None` where it does not answer, or refuses.
    pub fn get(&self, web: &str, path: &str) -> Option<String> {
        let bearer = format!("Bearer {}", self.token());
        let mut answer = ureq::get(format!("{web}{path}")).header("authorization", bearer).call().ok()?;
        answer.body_mut().read_to_string().ok()
    }

    /// What the service logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default()
    }
}

/// Makes a token that opens everything, on the data folder that the command names.
pub fn made_token(xunjie: &mut Command) -> String {
    let rights = ["--role", "administrator", "--may-unmask"];
    let output = xunjie.args(["token", "add", "tests"]).args(rights).output().expect("xunjie runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The JSON values that a command printed.
pub fn json_lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// Asks again and again until there is an answer, or fails with `what` and the service's log.
pub fn until<T>(what: &str, deployment: &Deployment, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        if began.elapsed() > limit {
            let log = deployment.log();
            let tail: Vec<&str> = log.lines().rev().take(30).collect();
            panic!("{what}: not within {limit:?}\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

/// All files below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}
