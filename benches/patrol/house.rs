//! A street for the bench: camera server, data folder, service, and what the system says of them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use xunjie::{
    clock::SystemClock,
    config::Config,
    domain::{
        Appearance, BBox, Incident, IncidentChange, Look, LookReport, MatterKey, Phase, Place, PlaceId, Polygon,
        Presence, Purpose, Review, Score, SourceUrl, Stream, StreamId, Transport, View, ViewId, ViewState, WallTime,
        Zone, ZoneId, ZoneKind,
    },
    service::Service,
    store::LookOutcome,
};

/// Clock ticks a second of /proc/<pid>/stat (USER_HZ, fixed by the kernel's interface on Linux).
const TICKS: f64 = 100.0;
pub const MATTER: &str = "motor_vehicle_parking";

pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Processor time, user and system, in seconds.
    pub fn cpu_s(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).expect("the process still runs");
        let after_name = stat.rsplit(')').next().expect("rsplit gives at least one part");
        let field =
            |n: usize| after_name.split_whitespace().nth(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        (field(11) + field(12)) / TICKS
    }

    /// A line of /proc/<pid>/status in MB: `VmRSS`, `VmHWM`.
    pub fn memory_mb(&self, line: &str) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id())).expect("the process still runs");
        let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let kb = found.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        kb.unwrap_or(0.0) / 1024.0
    }
}

pub fn env_or(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Starts a program and waits for as many lines that begin with `ready`; returns their rests.
fn start(command: &mut Command, ready: &str, lines: usize) -> (Running, Vec<String>) {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("the program was built; run script/bench");
    let mut out = BufReader::new(child.stdout.take().expect("it was piped")).lines();
    let said = out.by_ref().map_while(Result::ok).filter_map(|line| line.strip_prefix(ready).map(str::to_owned));
    let said: Vec<String> = said.take(lines).collect();
    assert_eq!(said.len(), lines, "{command:?} never said {ready:?}");
    // Somebody must go on reading, or the child would stop at a full pipe.
    thread::spawn(move || out.for_each(drop));
    (Running(child), said)
}

/// How the clip, which is 4:3, fills 16:9: as `script/bench` measures cameras, or its upper right part, where two vehicles
/// stand at the kerb. The whole clip pressed into 16:9 leaves them 22 pixels of the model's picture, and it sees neither.
pub const CUT: (&str, &str) = ("vtest-1080p", "scale=1920:1080:force_original_aspect_ratio=increase,crop=1920:1080");
pub const KERB: (&str, &str) = ("vtest-1080p-kerb", "crop=512:288:256:0,scale=1920:1080");

/// Some running 1080p cameras, whose encoded media all views share.
pub fn cameras(count: usize, (clip_name, scale): (&str, &str)) -> (Running, Vec<String>) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_xunjie"));
    let program = program.parent().expect("it lies in a folder").join("examples/street_camera");
    let mut server = Command::new(program);
    server.args(["--listen", "127.0.0.1:0", "--path", "/cam", "--fps", "25", "--running", "--count"]);
    start(server.arg(count.to_string()).arg("--clip").arg(clip(clip_name, scale)), "ready ", count)
}

/// Debian's surveillance clip, enlarged to 1080p with sensor noise, a key frame each 2 s. Made once.
fn clip(name: &str, scale: &str) -> PathBuf {
    let path = root().join(format!(".deps/bench/{name}.h264"));
    if !path.exists() {
        fs::create_dir_all(path.parent().expect("it has a folder")).expect(".deps can be written");
        let part = path.with_extension(format!("{}.part", std::process::id()));
        let filter = format!("fps=25,{scale},noise=alls=8:allf=t");
        let done = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y"])
            .args(["-i", "/usr/share/doc/opencv-doc/examples/data/vtest.avi", "-t", "30", "-vf", &filter])
            .args(["-c:v", "libx264", "-preset", "fast", "-b:v", "4M", "-g", "50", "-keyint_min", "50", "-bf", "0"])
            .args(["-f", "h264"])
            .arg(&part)
            .status()
            .expect("ffmpeg is installed; run script/setup");
        assert!(done.success(), "ffmpeg could not make {}", path.display());
        fs::rename(&part, &path).expect("the clip can be renamed");
    }
    path
}

/// A deployment with a fresh data folder.
pub struct House {
    settings: PathBuf,
}

impl House {
    /// `more` is appended to the settings.
    pub fn new(name: &str, more: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("patrol").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("the target folder can be written");
        let settings = folder.join("xunjie.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n[folders]\ndata = \"{}/data\"\n{more}",
            folder.display()
        );
        fs::write(&settings, text).expect("written");
        Self { settings }
    }

    /// The use cases over the same data folder, in this process.
    pub fn service(&self) -> Service {
        let config = Config::load(&root(), Some(&self.settings)).expect("the settings are sound");
        Service::open(Arc::new(config), Arc::new(SystemClock)).expect("the data folder can be opened")
    }

    /// Starts the real service; returns its address too.
    pub fn serve(&self) -> (Running, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
        command.arg("--root").arg(root()).arg("--config").arg(&self.settings).arg("serve");
        let log =
            fs::File::create(self.settings.with_file_name("serve.log")).expect("the target folder can be written");
        let (running, said) = start(command.stderr(log), "巡街 ", 1);
        (running, said[0].clone())
    }

    /// A token that opens the service's metrics.
    pub fn token(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
        command.arg("--root").arg(root()).arg("--config").arg(&self.settings);
        let made = command.args(["token", "add", "bench", "--role", "supervisor"]).output().expect("xunjie runs");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    pub fn folder(&self) -> &Path {
        self.settings.parent().expect("it has a folder")
    }
}

/// Registers a view on a stream of its own, with a zone that covers the whole picture.
pub fn register(service: &Service, number: usize, address: &str, revisit_s: u32) -> View {
    let now = service.now();
    let stream = Stream {
        id: StreamId::fresh(),
        code: format!("bench{number}"),
        name: format!("bench {number}"),
        source: SourceUrl::parse(address).expect("it is an address"),
        transport: Transport::Auto,
        location: None,
        area: None,
        enabled: true,
        registered_at: now,
    };
    let view = View {
        id: ViewId::fresh(),
        stream: stream.id,
        name: "bench".to_owned(),
        matters: vec![matter()],
        revisit_s: Some(revisit_s),
        weight: 1.0,
        reference: None,
    };
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| [x, y]);
    let polygon: Polygon = serde_json::from_value(serde_json::json!(corners)).expect("it is a polygon");
    let zone = Zone {
        id: zone_of(view.id),
        view: view.id,
        version: 1,
        name: "all".to_owned(),
        kind: ZoneKind::Strict,
        matters: vec![matter()],
        polygon,
        hours: None,
        valid_from: None,
        valid_until: None,
    };
    service.store.put_stream(&stream, None, "bench").expect("stored");
    service.store.put_view(&view, now, "bench").expect("stored");
    service.store.put_zone(&zone, now, "bench").expect("stored");
    view
}

fn zone_of(view: ViewId) -> ZoneId {
    ZoneId::derived(&[b"bench zone", view.as_bytes()])
}

fn matter() -> MatterKey {
    MATTER.parse().expect("the key is one")
}

/// Records a look that began at `at` and left so many open places behind, each with its incident.
pub fn looked(service: &Service, view: &View, at: WallTime, places: usize) {
    let report = LookReport {
        id: Look::id_of(view.id, &Purpose::Patrol, at),
        view: view.id,
        purpose: Purpose::Patrol,
        due: at,
        started: at,
        ended: at.plus(Duration::from_secs(1)),
        frames: 1,
        state: ViewState::Same,
        reason: None,
        skew_ms: None,
    };
    let places: Vec<Place> = (0..places).map(|number| open_place(view, number, at)).collect();
    let opened = |place: &Place| IncidentChange::Opened {
        incident: Incident {
            id: Incident::id_of(place.id),
            place: place.id,
            view: view.id,
            matter: matter(),
            bbox: place.bbox,
            score: place.score,
            zone: place.zone,
            first_seen: place.first_seen,
            last_seen: at,
            opened_at: at,
            presence: Presence::Open { since: at },
            review: Review::Waiting,
            recurrences: 0,
            read: None,
            weights: None,
        },
    };
    let changes = places.iter().map(opened).collect();
    let outcome = LookOutcome {
        report,
        places,
        forgotten: vec![],
        changes,
        evidence: vec![],
        recheck: None,
        verifications: vec![],
        observed: None,
    };
    service.store.record(&outcome).expect("recorded");
}

fn open_place(view: &View, number: usize, at: WallTime) -> Place {
    let id = PlaceId::derived(&[b"bench place", view.id.as_bytes(), &number.to_be_bytes()]);
    let left = 0.05 + 0.09 * number as f32;
    Place {
        id,
        view: view.id,
        matter: matter(),
        class: "car".to_owned(),
        bbox: BBox::new(left, 0.6, left + 0.06, 0.7),
        appearance: Appearance::new((0..128).map(|i| (i % 7) as f32).collect()),
        zone: (zone_of(view.id), 1),
        first_seen: at.minus(Duration::from_secs(600)),
        last_seen: at,
        looks_seen: 10,
        looks_visible: 10,
        looks_accompanied: 0,
        clean_looks: 0,
        clean_since: None,
        score: Score::new(0.8).expect("it lies in 0..=1"),
        read: None,
        refused: None,
        phase: Phase::Reported { incident: Incident::id_of(id) },
    }
}

/// A share of a sorted list.
pub fn share(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(((last as f64) * share).round() as usize).copied().unwrap_or(f64::NAN)
}
