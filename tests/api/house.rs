//! A real server on a free loopback port with a real SQLite store and a real evidence folder, and a client that
//! keeps everything it was told.

use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::oneshot;
use xunjie::{
    clock::{Clock, SimulatedClock},
    config::Config,
    deliver::{SigningKey, signing_key},
    domain::*,
    service::{NewAccount, NewToken, Service},
    store::{
        LookOutcome,
        accounts::SecretHash,
        evidence::{BundleDraft, DraftFile},
        evidence_id,
    },
    web::{App, Ports, Tls, serve},
};

/// The moment at which every test begins.
pub const START: &str = "2026-11-23T09:00:00+08:00";
/// What the platform of these tests signs with.
pub const SECRET: &str = "a secret of tests, 32 bytes long";

/// Everything that was logged by this process.
pub fn logged() -> String {
    String::from_utf8_lossy(&log().lock().unwrap()).into_owned()
}

fn log() -> &'static Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Arc::new(Mutex::new(Vec::new()));
        struct Lines(Arc<Mutex<Vec<u8>>>);
        impl Write for Lines {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(bytes);
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let lines = log.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || Lines(lines.clone()))
            .with_ansi(false)
            .init();
        log
    })
}

/// A running house.
pub struct House {
    pub service: Arc<Service>,
    pub clock: Arc<SimulatedClock>,
    pub key: SigningKey,
    pub base: String,
    pub token: String,
    known: bool,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    data: tempfile::TempDir,
}

impl House {
    /// Starts one. `known`: its clients bring the token of an administrator who sees and may everything.
    pub fn start(known: bool) -> Self {
        Self::start_with(known, Ports::default())
    }

    pub fn start_with(known: bool, ports: Ports) -> Self {
        Self::start_over(known, ports, None, "")
    }

    /// The same over TLS where there is what to prove itself with, and with more settings of the desk.
    pub fn start_over(known: bool, ports: Ports, tls: Option<Tls>, desk: &str) -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
        Self::start_whole(clock, known, ports, tls, desk)
    }

    /// One under that clock, with more tables of settings; `{folder}` in them is the house's own folder.
    pub fn start_at(clock: Arc<SimulatedClock>, ports: Ports, tables: &str) -> Self {
        Self::start_whole(clock, false, ports, None, tables)
    }

    fn start_whole(clock: Arc<SimulatedClock>, known: bool, ports: Ports, tls: Option<Tls>, tables: &str) -> Self {
        log();
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let config = Arc::new(config(folder.path(), &data, tables));
        let identity = config
            .settings
            .oidc
            .as_ref()
            .map(|oidc| xunjie::identity::open(oidc, &config.settings.identity_networks, clock.clone()).unwrap());
        let ports = Ports { identity, ..ports };
        let key = signing_key(config.settings.platform.as_ref().unwrap()).unwrap().unwrap();
        let service = Arc::new(Service::open(config, clock.clone()).unwrap());
        let token = token(&service, "tests", &[Role::Administrator], None);
        let app = App::new(service.clone(), ports, Some(key.clone()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        let app = match tls {
            Some(tls) => app.with_tls(tls),
            None => app,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async { stopped.await.unwrap_or(()) };
                serve(app, listener, stopped).await.unwrap();
            });
        });
        let base = format!("{scheme}://{}", told.recv_timeout(Duration::from_secs(5)).unwrap());
        Self { service, clock, key, base, token, known, stop: Some(stop), thread: Some(thread), data: folder }
    }

    pub fn now(&self) -> WallTime {
        self.clock.now()
    }

    /// A client: with the token where the house knows its clients.
    pub fn client(&self) -> Client {
        if self.known { self.with_token(&self.token) } else { self.stranger() }
    }

    /// A client that brings a token.
    pub fn with_token(&self, token: &str) -> Client {
        self.stranger().with("authorization", &format!("Bearer {token}"))
    }

    /// A person with an account, who is in: a browser with the session's cookie.
    pub fn person(&self, name: &str, roles: &[Role], areas: Option<&[&str]>) -> Client {
        self.person_with(name, roles, areas, false)
    }

    /// The same, with or without the right to see what is not masked. Who is known already comes in once more.
    pub fn person_with(&self, name: &str, roles: &[Role], areas: Option<&[&str]>, may_unmask: bool) -> Client {
        let areas = areas.map(|areas| areas.iter().map(|&area| area.to_owned()).collect());
        let (name, display_name, roles) = (name.to_owned(), name.to_owned(), roles.to_vec());
        let new = NewAccount { name, display_name, roles, areas, may_unmask };
        let known = self.service.account_named(&new.name);
        let account = known.unwrap_or_else(|_| self.service.add_account(&new, "tests").unwrap().0);
        let secret = Secret::new(LookId::fresh().to_string());
        let here = std::net::Ipv4Addr::LOCALHOST.into();
        self.service.accounts.begin_session(account.id, &SecretHash::of(&secret), self.now(), here).unwrap();
        let cookie = format!("xunjie_session={}", secret.reveal());
        self.stranger().with("cookie", &cookie).with("sec-fetch-site", "same-origin")
    }

    /// A client that nobody knows.
    pub fn stranger(&self) -> Client {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(10)))
            .build();
        Client { base: self.base.clone(), headers: Vec::new(), agent: config.into(), heard: Mutex::default() }
    }

    /// Registers a camera at the door, with its one view, and draws a zone. Returns the view and the zone.
    pub fn camera(&self, code: &str, name: &str) -> (ViewId, ZoneId) {
        let api = self.with_token(&self.token);
        let location = serde_json::json!({
            "longitude": 116.4, "latitude": 39.9, "crs": "cgcs2000", "address": "长安街 1 号",
        });
        let stream = api.post(
            "/api/v1/streams",
            &serde_json::json!({
                "code": code, "name": name, "url": "rtsp://127.0.0.1:8554/a",
                "matters": ["motor_vehicle_parking"], "location": location,
            }),
        );
        assert_eq!(stream.status, 201, "{}", stream.text);
        let view: ViewId = stream.json["views"][0]["id"].as_str().unwrap().parse().unwrap();
        let zone = api.post("/api/v1/zones", &zone(view, "motor_vehicle_parking"));
        assert_eq!(zone.status, 201, "{}", zone.text);
        (view, zone.json["id"].as_str().unwrap().parse().unwrap())
    }

    /// Where its settings and its data lie.
    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// Records a look that opens an incident, with a bundle of real pictures.
    pub fn incident(&self, view: ViewId, zone: ZoneId, n: u8, pictures: &[(FileRole, Vec<u8>)]) -> IncidentId {
        // Each look is due at a moment of its own: the same look recorded twice changes nothing.
        self.clock.advance_to(self.now().plus(Duration::from_secs(1)));
        let now = self.now();
        let first_seen = now.minus(Duration::from_secs(360 + 60 * u64::from(n)));
        let matter: MatterKey = "motor_vehicle_parking".parse().unwrap();
        let place = Place {
            id: PlaceId::derived(&[view.as_bytes(), &[n]]),
            view,
            matter: matter.clone(),
            class: "car".to_owned(),
            bbox: BBox::new(0.3, 0.4, 0.5, 0.6),
            appearance: Appearance::new(vec![1.0, 2.0]),
            zone: (zone, 1),
            first_seen,
            last_seen: now,
            looks_seen: 12,
            looks_visible: 13,
            looks_accompanied: 0,
            clean_looks: 0,
            clean_since: None,
            score: Score::new(0.87).unwrap(),
            read: None,
            refused: None,
            phase: Phase::Candidate,
        };
        let incident = Incident {
            id: Incident::id_of(place.id),
            place: place.id,
            view,
            matter: matter.clone(),
            bbox: place.bbox,
            score: place.score,
            zone: place.zone,
            first_seen,
            last_seen: now,
            opened_at: now,
            presence: Presence::Open { since: now },
            review: Review::Waiting,
            recurrences: 0,
            read: Some(ReadText::new("上门开锁 / 138-1234-5678")),
            weights: None,
        };
        let place = Place { phase: Phase::Reported { incident: incident.id }, ..place };
        let draft = self.bundle(&incident, &matter, pictures);
        let head = self.service.store.evidence_head().unwrap();
        let (row, _) = self.service.evidence.write(draft, head.as_deref()).unwrap();
        let id = incident.id;
        let model = |name: &str| ModelRef { name: name.into(), sha256: "00".repeat(32) };
        let said = Verification {
            id: Verification::id_of(place.id, now),
            place: place.id,
            incident: id,
            view,
            zone,
            matter: matter.clone(),
            bbox: Some(place.bbox),
            at: now,
            ruling: Ruling::Passed,
            proposed: place.score,
            verified: place.score,
            fused: place.score,
            newness: None,
            likened: None,
            look: Appearance::new(vec![1.0, f32::from(n)]),
            weights: Weights { detector: model("cheap"), scan: None, head: None, verifier: Some(model("dear")) },
        };
        let report = self.look(view, ViewState::Same, None);
        let changes = vec![IncidentChange::Opened { incident }];
        let outcome = LookOutcome {
            report,
            places: vec![place],
            forgotten: vec![],
            changes,
            evidence: vec![row],
            recheck: None,
            verifications: vec![said],
            observed: None,
        };
        self.service.store.record(&outcome).unwrap();
        id
    }

    /// A finished look.
    pub fn look(&self, view: ViewId, state: ViewState, reason: Option<&str>) -> LookReport {
        let due = self.now().minus(Duration::from_millis(2400));
        LookReport {
            id: Look::id_of(view, &Purpose::Patrol, due),
            view,
            purpose: Purpose::Patrol,
            due,
            started: due.plus(Duration::from_millis(400)),
            ended: due.plus(Duration::from_millis(1900)),
            frames: 1,
            state,
            reason: reason.map(|zh| Explanation::new(zh, "in English")),
            skew_ms: Some(-120),
        }
    }

    fn bundle(&self, incident: &Incident, matter: &MatterKey, pictures: &[(FileRole, Vec<u8>)]) -> BundleDraft {
        let (registry, now) = (self.service.registry().unwrap(), self.now());
        let view = registry.views.iter().find(|view| view.id == incident.view).unwrap();
        let stream = registry.streams.iter().find(|stream| stream.id == view.stream).unwrap();
        let config = self.service.config.matter(matter).unwrap();
        let kind = EvidenceKind::Opening;
        let files = pictures.iter().map(|(role, bytes)| DraftFile {
            name: format!("{}.jpg", serde_json::to_value(role).unwrap().as_str().unwrap()),
            role: *role,
            bytes: bytes.clone(),
            wall: Some(now),
            wall_source: Some(WallSource::SenderReport),
            arrived: Some(now),
            skew_ms: Some(-120),
            pts: Some(Pts(1_000_000)),
            bbox: Some(BBox::new(100.0, 200.0, 300.0, 400.0)),
        });
        BundleDraft {
            id: evidence_id(incident.id, kind, now),
            incident: incident.id,
            kind,
            made_at: now,
            stream_code: stream.code.clone(),
            location: stream.location.clone(),
            view_name: view.name.clone(),
            model: ModelRef { name: config.model.clone(), sha256: "00".repeat(32) },
            verifier: None,
            compared: Vec::new(),
            read: None,
            rule: RuleRef {
                matter: matter.clone(),
                pipeline_sha256: config.sha256.clone(),
                score_min: Score::new(0.4).unwrap(),
                dwell_s: 300,
                zone: incident.zone.0,
                zone_version: incident.zone.1,
                zone_polygon: None,
            },
            files: files.collect(),
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_gone = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let joined = thread.join();
            if !std::thread::panicking() {
                joined.expect("the server ends without a panic");
            }
        }
    }
}

/// The secret of a new token.
pub fn token(service: &Service, name: &str, roles: &[Role], areas: Option<&[&str]>) -> String {
    let areas = areas.map(|areas| areas.iter().map(|&area| area.to_owned()).collect());
    let new = NewToken { name: name.to_owned(), roles: roles.to_vec(), areas, may_unmask: true, expires_at: None };
    service.add_token(&new, "tests").unwrap().1.reveal().to_owned()
}

/// A zone over the middle of the picture.
pub fn zone(view: ViewId, matter: &str) -> Value {
    serde_json::json!({
        "view": view.to_string(), "name": "禁停区", "kind": "strict", "matters": [matter],
        "polygon": [[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
    })
}

/// One small JPEG a role, each of another grey.
pub fn pictures() -> Vec<(FileRole, Vec<u8>)> {
    [FileRole::First, FileRole::Middle, FileRole::Latest, FileRole::Annotated, FileRole::Masked]
        .into_iter()
        .enumerate()
        .map(|(i, role)| {
            let picture = image::RgbImage::from_pixel(32, 18, image::Rgb([40 * i as u8; 3]));
            let mut bytes = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
            (role, bytes.into_inner())
        })
        .collect()
}

fn config(folder: &Path, data: &Path, desk: &str) -> Config {
    let (secret, settings) = (folder.join("secret"), folder.join("xunjie.toml"));
    std::fs::write(&secret, SECRET).unwrap();
    std::fs::write(folder.join("oidc.secret"), "the client's own secret\n").unwrap();
    let desk = desk.replace("{folder}", folder.to_str().unwrap());
    let text = format!(
        "[folders]\ndata = {data:?}\n[desk]\nsecond_review_share = 1.0\n{desk}[platform]\nurl = \"http://127.0.0.1:9/\"\nkey_id = \"city\"\nsecret_file = {secret:?}\n"
    );
    std::fs::write(&settings, text).unwrap();
    Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), Some(&settings)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A client.
pub struct Client {
    pub base: String,
    pub headers: Vec<(String, String)>,
    agent: ureq::Agent,
    heard: Mutex<String>,
}

/// What the server answered.
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
    pub bytes: Vec<u8>,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Everything that it was told, headers included.
    pub fn heard(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None)
    }
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, Some(("application/json", body.to_string().into_bytes())))
    }

    pub fn send(&self, method: &str, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let (kind, body) = body.unwrap_or(("", Vec::new()));
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let mut response = self.agent.run(request.body(body).unwrap()).unwrap();
        let bytes = response.body_mut().read_to_vec().unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let headers = response.headers().clone();
        self.heard.lock().unwrap().push_str(&format!("{headers:?}\n{text}\n"));
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: response.status().as_u16(), headers, text, bytes, json }
    }
}
