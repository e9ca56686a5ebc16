//! A house with a camera, a zone, a confirmed and a waiting incident with evidence, a case and its delivery.

use std::{path::Path, sync::Arc, time::Duration};

use axum::Router;
use tokio::runtime::Runtime;
use xunjie::{
    clock::{Clock, SimulatedClock},
    config::{CityFiles, Config, TextFile},
    deliver::SigningKey,
    domain::{
        Appearance, BBox, EvidenceKind, FileRole, Incident, IncidentChange, Look, LookReport, MatterKey, ModelRef,
        Phase, Place, PlaceId, Presence, Purpose, Review, Role, RuleRef, Score, Secret, Transport, Verdict, ViewId,
        ViewState, WallTime, ZoneId, ZoneKind,
    },
    service::{NewStream, NewToken, NewZone, Service},
    store::{
        IncidentFilter, LookOutcome, Page,
        evidence::{BundleDraft, DraftFile},
        evidence_id,
    },
    web::{App, Ports, router},
};

/// The password of the camera; nobody who asks knows it.
const PASSWORD: &str = "kept-4711-inside";
/// What the platform signs with.
const SECRET: &str = "a secret of tests, 32 bytes long";

pub struct House {
    pub router: Router,
    pub runtime: Runtime,
    pub key: SigningKey,
    clock: Arc<SimulatedClock>,
    token: String,
    /// Words in braces and what they stand for.
    names: Vec<(&'static str, String)>,
    _data: tempfile::TempDir,
}

impl House {
    pub fn build() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(SimulatedClock::starting_at("2026-11-23T09:00:00+08:00".parse().expect("a time")));
        let service = Arc::new(Service::open(Arc::new(config(folder.path())), clock.clone()).expect("a fresh house"));
        let new = NewToken {
            name: "fuzz".to_owned(),
            roles: vec![Role::Administrator],
            areas: None,
            may_unmask: true,
            expires_at: None,
        };
        let token = service.add_token(&new, "fuzz").expect("a token").1.reveal().to_owned();
        let key = SigningKey::new("city", Secret::new(SECRET)).expect("it is long enough");
        let names = fill(&service, &clock);
        let app = App::new(service, Ports::default(), Some(key.clone()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        Self { router: router(app), runtime, key, clock, token, names, _data: folder }
    }

    pub fn now(&self) -> WallTime {
        self.clock.now()
    }

    /// The token that opens everything.
    pub fn token(&self) -> &str {
        &self.token
    }

    pub fn fill(&self, text: &str) -> String {
        self.names.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    pub fn secrets(&self) -> [&str; 3] {
        [PASSWORD, SECRET, &self.token]
    }
}

fn config(folder: &Path) -> Config {
    let file = |name: &str, text: &str| TextFile { name: name.to_owned(), text: text.to_owned() };
    let city = CityFiles {
        city: Some(file("city.toml", include_str!("../../../city/example/city.toml"))),
        holidays: Some(file("holidays.tsv", include_str!("../../../city/example/holidays.tsv"))),
        matters: Some(file("matters.tsv", include_str!("../../../city/example/matters.tsv"))),
        limits: Some(file("limits.tsv", include_str!("../../../city/example/limits.tsv"))),
        grid_cells: None,
        ads: None,
        vehicles: None,
    };
    let pipelines = [
        file("pipelines/motor_vehicle_parking.toml", include_str!("../../../pipelines/motor_vehicle_parking.toml")),
        file("pipelines/stall.toml", include_str!("../../../pipelines/stall.toml")),
    ];
    Config::check(folder, &file("xunjie.toml", ""), &pipelines, &city).expect("the shipped files are right")
}

fn fill(service: &Service, clock: &SimulatedClock) -> Vec<(&'static str, String)> {
    let matter: MatterKey = "motor_vehicle_parking".parse().expect("a key");
    let registered = service.register_stream(&camera(&matter), "fuzz").expect("a camera");
    let view = registered.view.id;
    let zone = service.add_zone(view, &zone(&matter), "fuzz").expect("a zone").id;
    let confirmed = incident(service, clock, view, zone, &matter, 1);
    let waiting = incident(service, clock, view, zone, &matter, 2);
    incident(service, clock, view, zone, &matter, 3);
    let verdict = service.sign(confirmed.id, Verdict::Confirmed, "张三", "");
    let case = service.decide(&verdict).expect("a verdict").case.expect("a case");
    let delivery = service.store.deliveries_of(case.id).expect("deliveries")[0].id;
    let evidence = service.store.evidence_of(waiting.id).expect("evidence")[0].id;
    let first = Page { after: None, limit: 1 };
    let cursor = service.store.incidents(&IncidentFilter::default(), &first).expect("a page").next.expect("more");
    vec![
        ("{stream}", registered.stream.id.to_string()),
        ("{view}", view.to_string()),
        ("{zone}", zone.to_string()),
        ("{incident}", waiting.id.to_string()),
        ("{confirmed}", confirmed.id.to_string()),
        ("{case}", case.id.to_string()),
        ("{delivery}", delivery.to_string()),
        ("{evidence}", evidence.to_string()),
        ("{cursor}", cursor),
    ]
}

fn camera(matter: &MatterKey) -> NewStream {
    NewStream {
        code: "C1".to_owned(),
        name: "东门".to_owned(),
        url: Secret::new("rtsp://127.0.0.1:8554/a"),
        username: Some("admin".to_owned()),
        password: Some(Secret::new(PASSWORD)),
        transport: Transport::Auto,
        area: None,
        location: None,
        matters: vec![matter.to_string()],
        revisit_s: None,
        enabled: true,
    }
}

fn zone(matter: &MatterKey) -> NewZone {
    NewZone {
        name: "禁停区".to_owned(),
        kind: ZoneKind::Strict,
        matters: vec![matter.to_string()],
        polygon: vec![[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]],
        hours: None,
        valid_from: None,
        valid_until: None,
    }
}

/// Records a look that opens an incident with a bundle.
fn incident(
    service: &Service,
    clock: &SimulatedClock,
    view: ViewId,
    zone: ZoneId,
    matter: &MatterKey,
    n: u8,
) -> Incident {
    clock.advance_to(clock.now().plus(Duration::from_secs(60)));
    let now = clock.now();
    let score = Score::new(0.87).expect("a score");
    let place = PlaceId::derived(&[view.as_bytes(), &[n]]);
    let incident = Incident {
        id: Incident::id_of(place),
        place,
        view,
        matter: matter.clone(),
        bbox: BBox::new(0.3, 0.4, 0.5, 0.6),
        score,
        zone: (zone, 1),
        first_seen: now.minus(Duration::from_secs(400)),
        last_seen: now,
        opened_at: now,
        presence: Presence::Open { since: now },
        review: Review::Waiting,
        recurrences: 0,
        read: None,
        weights: None,
    };
    let place = Place {
        id: place,
        view,
        matter: matter.clone(),
        class: "car".to_owned(),
        bbox: incident.bbox,
        appearance: Appearance::new(vec![1.0, 2.0]),
        zone: (zone, 1),
        first_seen: incident.first_seen,
        last_seen: now,
        looks_seen: 12,
        looks_visible: 13,
        looks_accompanied: 0,
        clean_looks: 0,
        clean_since: None,
        score,
        read: None,
        refused: None,
        phase: Phase::Reported { incident: incident.id },
    };
    let head = service.store.evidence_head().expect("a head");
    let (row, _) = service.evidence.write(bundle(service, &incident), head.as_deref()).expect("a bundle");
    let outcome = LookOutcome {
        report: report(view, now),
        places: vec![place],
        forgotten: vec![],
        changes: vec![IncidentChange::Opened { incident: incident.clone() }],
        evidence: vec![row],
        recheck: None,
        verifications: vec![],
        observed: None,
    };
    service.store.record(&outcome).expect("a look");
    incident
}

fn report(view: ViewId, now: WallTime) -> LookReport {
    LookReport {
        id: Look::id_of(view, &Purpose::Patrol, now),
        view,
        purpose: Purpose::Patrol,
        due: now,
        started: now,
        ended: now,
        frames: 1,
        state: ViewState::Same,
        reason: None,
        skew_ms: None,
    }
}

fn bundle(service: &Service, incident: &Incident) -> BundleDraft {
    let matter = service.config.matter(&incident.matter).expect("the matter is configured");
    let file = |name: &str, role: FileRole| DraftFile {
        name: name.to_owned(),
        role,
        bytes: b"\xff\xd8 a picture".to_vec(),
        wall: Some(incident.opened_at),
        wall_source: None,
        arrived: Some(incident.opened_at),
        skew_ms: None,
        pts: None,
        bbox: None,
    };
    BundleDraft {
        id: evidence_id(incident.id, EvidenceKind::Opening, incident.opened_at),
        incident: incident.id,
        kind: EvidenceKind::Opening,
        made_at: incident.opened_at,
        stream_code: "C1".to_owned(),
        location: None,
        view_name: "默认画面".to_owned(),
        model: ModelRef { name: matter.model.clone(), sha256: "00".repeat(32) },
        verifier: None,
        compared: Vec::new(),
        read: None,
        rule: RuleRef {
            matter: matter.key.clone(),
            pipeline_sha256: matter.sha256.clone(),
            score_min: incident.score,
            dwell_s: 300,
            zone: incident.zone.0,
            zone_version: 1,
            zone_polygon: None,
        },
        files: vec![file("latest.jpg", FileRole::Latest), file("masked.jpg", FileRole::Masked)],
    }
}
