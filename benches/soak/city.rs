//! The small city of the soak: cameras on whose clip a van and a car come and go, the service, the simulator, and a
//! reviewer who decides what comes up. Holds the processes; whoever makes trouble asks it for them.

use std::{
    collections::BTreeSet,
    fmt, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::street::{self, Deployment, Running, start};

/// Cameras: the first is left in peace, the last is watched without an end.
pub const CAMERAS: usize = 6;
/// How long what is under way may take to come to rest when the time is over.
const SETTLE_MAX: Duration = Duration::from_secs(300);
/// A verdict that takes longer waits for somebody who holds the store.
const HELD: Duration = Duration::from_secs(2);
/// Of ten incidents, how many the reviewer confirms.
const CONFIRMED_OF_TEN: u8 = 7;

/// A camera: its process while it lives, and where it always comes back.
pub struct Eye {
    /// Its code.
    pub code: String,
    /// Host and port.
    pub host: String,
    /// The process; `None` while it is dead.
    pub process: Option<Running>,
    is_udp: bool,
}

/// Everything that runs.
pub struct City {
    /// The cameras.
    pub eyes: Vec<Eye>,
    /// The simulator while it lives.
    pub platform: Option<Running>,
    service: Option<Running>,
    web: String,
    platform_host: String,
    deployment: Deployment,
    clip: PathBuf,
    agent: ureq::Agent,
    bearer: String,
}

impl City {
    /// Starts everything in a fresh folder.
    pub fn found() -> Self {
        let platform_host = format!("127.0.0.1:{}", free_port());
        let settings = |folder: &Path| {
            format!(
                "gap_max_s = 3600\nreopen_within_s = 1\n\
                 [matters.non_motor_vehicle_parking]\nrevisit_s = 10\n\
                 [platform]\nurl = \"http://{platform_host}\"\nkey_id = \"city\"\nsecret_file = \"{}/secret\"\ntimeout_s = 5\n\
                 backoff_base_s = 0.5\nbackoff_max_s = 5.0\nattempts_max = 1000\n",
                folder.display()
            )
        };
        let folder = Deployment::new("city", "").folder;
        let deployment = Deployment::new("city", &settings(&folder)).decoding("decode = \"key_frames\" ");
        watch_bicycles(&deployment.folder.join("pipelines"));
        calm(&deployment.folder.join("xunjie.toml"));
        let clip = clip();
        let mut eyes = Vec::new();
        for number in 0..CAMERAS {
            let (code, is_udp) = (format!("soak{number}"), number == 2);
            let (process, address) = eye(&clip, "127.0.0.1:0", is_udp);
            let host = address.trim_start_matches("rtsp://").trim_end_matches("/cam").to_owned();
            let is_watched = number + 1 == CAMERAS;
            register(&deployment, &code, &address, is_udp, is_watched);
            eyes.push(Eye { code, host, process: Some(process), is_udp });
        }
        let (service, web) = deployment.serve_on(free_port());
        let bearer = format!("Bearer {}", deployment.token());
        let agent: ureq::Agent =
            ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(10))).build().into();
        let mut city =
            Self { eyes, platform: None, service: Some(service), web, platform_host, bearer, deployment, clip, agent };
        city.raise_platform();
        city
    }

    /// Where everything lies.
    pub fn folder(&self) -> &Path {
        &self.deployment.folder
    }
    /// The store's file.
    pub fn store(&self) -> PathBuf {
        self.deployment.folder.join("data/xunjie.db")
    }
    /// The service's process.
    pub fn pid(&self) -> u32 {
        self.service.as_ref().map_or(0, |service| service.0.id())
    }

    /// Brings a dead camera back where it was.
    pub fn raise_eye(&mut self, number: usize) {
        let (host, is_udp) = (self.eyes[number].host.clone(), self.eyes[number].is_udp);
        self.eyes[number].process = Some(eye(&self.clip, &host, is_udp).0);
    }

    /// Brings the simulator up where it was.
    pub fn raise_platform(&mut self) {
        let mut command = self.deployment.xunjie();
        command.args(["platform-sim", "--listen", &self.platform_host, "--key-id", "city", "--secret-file"]);
        command.arg(self.deployment.folder.join("secret")).arg("--state");
        command.arg(self.deployment.folder.join("platform.json"));
        command.args(["--callback-url", &format!("{}/api/v1/callbacks", self.web)]);
        self.platform = Some(start(command.stderr(Stdio::null()), "platform-sim ").0);
    }

    /// Has the simulator misbehave, as its `Behaviour`.
    pub fn upset_platform(&self, behaviour: &Value) {
        send(self.agent.post(format!("http://{}/sim/behaviour", self.platform_host)), behaviour);
    }

    /// Asks the service; `None` when it does not answer.
    pub fn ask(&self, path: &str) -> Option<Value> {
        let text = self.text(path)?;
        serde_json::from_str(&text).ok()
    }

    /// Asks the service for a text.
    pub fn text(&self, path: &str) -> Option<String> {
        self.agent
            .get(format!("{}{path}", self.web))
            .header("Authorization", &self.bearer)
            .call()
            .ok()?
            .body_mut()
            .read_to_string()
            .ok()
    }

    /// Disables or enables a camera, as an operator does.
    pub fn enable(&self, number: usize, enabled: bool) {
        let streams = self.ask("/api/v1/streams").unwrap_or_default();
        let code = self.eyes[number].code.as_str();
        let found = streams["items"].as_array().into_iter().flatten().find(|stream| stream["code"] == code);
        if let Some(id) = found.and_then(|stream| stream["id"].as_str()) {
            send(
                self.agent.patch(format!("{}/api/v1/streams/{id}", self.web)).header("Authorization", &self.bearer),
                &json!({ "enabled": enabled }),
            );
        }
    }

    /// Decides what waits.
    pub fn review(&self, chance: &mut fastrand::Rng) {
        let waiting = self.ask("/api/v1/incidents?review=waiting&limit=100").unwrap_or_default();
        for incident in waiting["items"].as_array().into_iter().flatten() {
            let Some(id) = incident["id"].as_str() else { continue };
            let verdict = if chance.u8(0..10) < CONFIRMED_OF_TEN {
                json!({ "verdict": "confirmed" })
            } else {
                json!({ "verdict": "rejected", "reason": "lawful" })
            };
            let asked = Instant::now();
            send(
                self.agent
                    .post(format!("{}/api/v1/incidents/{id}/verdict", self.web))
                    .header("Authorization", &self.bearer),
                &verdict,
            );
            // The store is held; whoever holds it must get its turn to let it go.
            if asked.elapsed() > HELD {
                return;
            }
        }
    }

    /// Waits until nothing is on its way, then counts.
    pub fn settle(&self) -> Ending {
        let began = Instant::now();
        while began.elapsed() < SETTLE_MAX
            && !self.deployment.ask(&["delivery", "list", "--state", "pending"]).is_empty()
        {
            thread::sleep(Duration::from_secs(1));
        }
        let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let incidents = self.deployment.incidents();
        let confirmed = incidents.iter().filter(|incident| incident.to_string().contains("\"confirmed\"")).count();
        let ours: Vec<String> =
            self.deployment.ask(&["case", "list", "--limit", "0"]).iter().map(|case| text(case, "id")).collect();
        let report = self.agent.get(format!("http://{}/sim/report", self.platform_host)).call().ok();
        let report: Value = report
            .and_then(|mut answer| answer.body_mut().read_to_string().ok())
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let theirs: Vec<String> =
            report["cases"].as_array().into_iter().flatten().map(|case| text(case, "case_id")).collect();
        let dead = self.deployment.ask(&["delivery", "list", "--state", "dead"]).len();
        let pending = self.deployment.ask(&["delivery", "list", "--state", "pending"]).len();
        let verified = self.deployment.xunjie().args(["evidence", "verify"]).stdout(Stdio::null()).status();
        let set = |list: &[String]| list.iter().cloned().collect::<BTreeSet<_>>();
        Ending {
            incidents: incidents.len(),
            confirmed,
            cases: ours.len(),
            at_platform: theirs.len(),
            same_cases: set(&ours) == set(&theirs) && set(&theirs).len() == theirs.len(),
            dead,
            pending,
            evidence_verifies: verified.is_ok_and(|status| status.success()),
        }
    }

    /// Tells the service to end, and how long that took.
    pub fn stop(&mut self) -> Duration {
        let Some(mut service) = self.service.take() else { return Duration::ZERO };
        let began = Instant::now();
        service.signal("TERM");
        let _ = service.0.wait();
        began.elapsed()
    }
}

/// What was there when all had come to rest.
pub struct Ending {
    incidents: usize,
    confirmed: usize,
    cases: usize,
    at_platform: usize,
    same_cases: bool,
    dead: usize,
    pending: usize,
    evidence_verifies: bool,
}

impl Ending {
    /// Whether nothing is lost and nothing is doubled.
    pub fn is_whole(&self) -> bool {
        self.same_cases
            && self.confirmed == self.cases
            && self.dead + self.pending == 0
            && self.evidence_verifies
            && self.incidents > 0
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { incidents, confirmed, cases, at_platform, same_cases, dead, pending, evidence_verifies } = self;
        write!(
            f,
            "{incidents} incidents, {confirmed} confirmed, {cases} cases, {at_platform} at the platform (the same once \
             each: {same_cases}), {dead} dead and {pending} pending deliveries, all evidence verifies: {evidence_verifies}"
        )
    }
}

fn eye(clip: &Path, listen: &str, is_udp: bool) -> (Running, String) {
    street::play(clip, listen, if is_udp { &["--udp-only"] } else { &[] })
}

fn register(deployment: &Deployment, code: &str, address: &str, is_udp: bool, is_watched: bool) {
    if is_watched {
        deployment.ask(&[
            "stream",
            "add",
            "--code",
            code,
            "--name",
            code,
            "--url",
            address,
            "--matter",
            "non_motor_vehicle_parking",
        ]);
    } else if is_udp {
        deployment.register_with(code, address, street::KERB, &["--transport", "udp"]);
    } else {
        deployment.register(code, address, street::KERB);
    }
}

/// Bicycles are watched without an end, so that a continuous look is among the load.
fn watch_bicycles(pipelines: &Path) {
    let name = "non_motor_vehicle_parking.toml";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pipeline = fs::read_to_string(root.join("pipelines").join(name)).expect("it is committed");
    let watched = pipeline.replace("decode = \"key_frames\"", "decode = \"rate\"\nfps = 1.0");
    assert_ne!(watched, pipeline, "the pipeline looks at key frames");
    fs::write(pipelines.join(name), watched).expect("written");
}

/// A look each 3 s instead of each second: a city for hours, not a test for seconds.
fn calm(settings: &Path) {
    let text = fs::read_to_string(settings).expect("it was written");
    let calm = text.replace("revisit_s = 1\n", "revisit_s = 3\n");
    assert_ne!(calm, text, "the street looks once a second");
    fs::write(settings, calm).expect("written");
}

/// A minute of Debian's clip: in its first half a van and a car stand at the kerb, in its second they are gone.
fn clip() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("come-and-go.h264");
    if !path.exists() {
        let part = path.with_extension("part");
        let patch = "[0:v]setpts=N/10/TB,split[street][other];[other]crop=124:72:500:110[road];\
                     [street][road]overlay=644:38:enable='gte(t,30)'";
        let made = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
            .arg("/usr/share/doc/opencv-doc/examples/data/vtest.avi")
            .args(["-filter_complex", patch, "-t", "60", "-r", "10", "-c:v", "libx264", "-preset", "veryfast"])
            .args(["-crf", "20", "-g", "10", "-bf", "0", "-f", "h264"])
            .arg(&part)
            .status()
            .expect("ffmpeg is installed; run script/setup");
        assert!(made.success(), "ffmpeg could not read Debian's vtest.avi; run script/setup");
        fs::rename(&part, &path).expect("the clip can be renamed");
    }
    path
}

/// Sends JSON; who does not answer is asked again in the next round.
fn send(request: ureq::RequestBuilder<ureq::typestate::WithBody>, body: &Value) {
    let _ = request.header("Content-Type", "application/json").send(body.to_string());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}
