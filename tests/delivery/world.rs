//! A house with a real SQLite store, real bundles in a folder, and confirmed cases whose reports wait.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tempfile::TempDir;
use xunjie::{
    clock::{Clock, SystemClock},
    deliver::{CaseSink, Media, Packer, Parcel, ReadBundle, SigningKey},
    domain::*,
    patrol::{Courier, CourierReport, Pace, bundle_reader},
    store::{
        LookOutcome, Store,
        evidence::{BundleDraft, DraftFile, EvidenceFolder},
        evidence_id,
        sqlite::SqliteStore,
    },
};

pub const SECRET: &str = "a secret that both sides hold";

pub fn key() -> SigningKey {
    SigningKey::new("city", Secret::new(SECRET)).unwrap()
}

pub struct World {
    pub folder: TempDir,
    pub store: Arc<SqliteStore>,
    pub evidence: EvidenceFolder,
    pub clock: Arc<dyn Clock>,
}

/// The file of a bundle that must never leave.
pub const UNMASKED: &[u8] = b"a face and a plate";

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&folder.path().join("xunjie.db")).unwrap());
        let evidence = EvidenceFolder::open(folder.path().join("evidence")).unwrap();
        Self { folder, store, evidence, clock: Arc::new(SystemClock) }
    }

    pub fn file_of(&self, row: &EvidenceRow, name: &str) -> PathBuf {
        self.evidence.path(row, name).unwrap()
    }

    pub fn read_bundle(&self) -> ReadBundle {
        bundle_reader(self.evidence.clone())
    }

    pub fn packer(&self, media: Media) -> Packer {
        Packer { division_code: "990000".into(), media, read: self.read_bundle() }
    }

    pub fn courier(&self, sink: Arc<dyn CaseSink>, attempts_max: u32) -> Courier {
        let pace = Pace {
            attempts_max,
            backoff_base: Duration::from_millis(20),
            backoff_max: Duration::from_millis(60),
            parallel_max: 4,
            poll: Duration::from_millis(10),
        };
        Courier::new(self.store.clone(), sink, self.clock.clone(), pace)
    }

    /// An incident that a reviewer confirmed: its case, whose report waits in the outbox.
    pub fn confirmed_case(&self, name: &str) -> Case {
        let now = self.clock.now();
        let incident = self.incident(name, now);
        let row = self.bundle(&incident, EvidenceKind::Opening, now, self.store.evidence_head().unwrap().as_deref());
        self.record(name, now, vec![IncidentChange::Opened { incident: incident.clone() }], vec![row]);
        self.confirm(incident.id)
    }

    /// An incident that just opened.
    pub fn incident(&self, name: &str, now: WallTime) -> Incident {
        let place = PlaceId::derived(&[b"place", name.as_bytes()]);
        Incident {
            id: Incident::id_of(place),
            place,
            view: ViewId::derived(&[b"view"]),
            matter: "motor_vehicle_parking".parse().unwrap(),
            bbox: BBox::new(0.1, 0.1, 0.3, 0.4),
            score: Score::new(0.7).unwrap(),
            zone: (ZoneId::derived(&[b"zone"]), 1),
            first_seen: now.minus(Duration::from_secs(400)),
            last_seen: now,
            opened_at: now,
            presence: Presence::Open { since: now },
            review: Review::Waiting,
            recurrences: 0,
            read: None,
            weights: None,
        }
    }

    /// A reviewer's yes.
    pub fn confirm(&self, incident: IncidentId) -> Case {
        self.confirm_for(incident, Duration::ZERO)
    }

    /// The same, to be undone within a time.
    pub fn confirm_for(&self, incident: IncidentId, undo: Duration) -> Case {
        let now = self.clock.now();
        let verdict = SignedVerdict {
            incident,
            verdict: Verdict::Confirmed,
            reviewer: "张三".into(),
            at: now,
            note: String::new(),
            undo_until: now.plus(undo),
        };
        let open = |confirmation: Confirmation| {
            let codes = MatterCodes { code_2026: "09009".into(), code_2013: Some("04-09".into()) };
            Case::open(confirmation, "机动车乱停放".into(), codes, Some(location()), None)
        };
        self.store.decide(&verdict, &open).unwrap().case.unwrap()
    }

    /// The thing of a case goes and comes back: a recurrence waits in the outbox.
    pub fn comes_back(&self, case: &Case) {
        let now = self.clock.now();
        let close = IncidentChange::Closed { incident: case.incident, at: now, cause: CloseCause::Cleared };
        let reopen = IncidentChange::Reopened { incident: case.incident, since: now, at: now };
        let incident = self.store.incident(case.incident).unwrap();
        let row = self.bundle(&incident, EvidenceKind::Reopening, now, self.store.evidence_head().unwrap().as_deref());
        self.record("back", now, vec![close, reopen], vec![row]);
    }

    pub fn record(&self, name: &str, now: WallTime, changes: Vec<IncidentChange>, evidence: Vec<EvidenceRow>) {
        let report = LookReport {
            id: LookId::derived(&[name.as_bytes(), &now.millis().to_be_bytes()]),
            view: ViewId::derived(&[b"view"]),
            purpose: Purpose::Patrol,
            due: now,
            started: now,
            ended: now,
            frames: 1,
            state: ViewState::Same,
            reason: None,
            skew_ms: None,
        };
        let outcome = LookOutcome {
            report,
            places: vec![],
            forgotten: vec![],
            changes,
            evidence,
            recheck: None,
            verifications: vec![],
            observed: None,
        };
        self.store.record(&outcome).unwrap();
    }

    /// A bundle on disk behind `previous`: one original and its masked copy.
    pub fn bundle(&self, incident: &Incident, kind: EvidenceKind, at: WallTime, previous: Option<&str>) -> EvidenceRow {
        let file = |name: &str, role: FileRole, bytes: &[u8]| DraftFile {
            name: name.into(),
            role,
            bytes: bytes.to_vec(),
            wall: Some(at),
            wall_source: Some(WallSource::Arrival),
            arrived: Some(at),
            skew_ms: None,
            pts: Some(Pts(0)),
            bbox: None,
        };
        let masked = format!("masked picture of {}", incident.id).into_bytes();
        let draft = BundleDraft {
            id: evidence_id(incident.id, kind, at),
            incident: incident.id,
            kind,
            made_at: at,
            stream_code: "99000000001320000001".into(),
            location: Some(location()),
            view_name: "东口".into(),
            model: ModelRef { name: "nanodet_g_416".into(), sha256: "00".repeat(32) },
            verifier: None,
            compared: Vec::new(),
            read: None,
            rule: RuleRef {
                matter: incident.matter.clone(),
                pipeline_sha256: "11".repeat(32),
                score_min: Score::new(0.4).unwrap(),
                dwell_s: 300,
                zone: incident.zone.0,
                zone_version: incident.zone.1,
                zone_polygon: None,
            },
            files: vec![file("first.jpg", FileRole::First, UNMASKED), file("masked.jpg", FileRole::Masked, &masked)],
        };
        self.evidence.write(draft, previous).unwrap().0
    }

    /// What the courier would hand to an outlet.
    pub fn parcel(&self, case: &Case, ordinal: usize) -> Parcel {
        let delivery = self.store.deliveries_of(case.id).unwrap().remove(ordinal);
        let incident = self.store.incident(case.incident).unwrap();
        let evidence = match delivery.message {
            Message::Report { evidence } | Message::Recurrence { evidence, .. } | Message::Recheck { evidence, .. } => {
                evidence.map(|id| self.store.evidence(id).unwrap())
            }
        };
        Parcel { delivery, case: self.store.case(case.id).unwrap(), incident, evidence }
    }

    /// The state of a case's messages, in order.
    pub fn states(&self, case: &Case) -> Vec<&'static str> {
        let words = |delivery: &Delivery| match delivery.state {
            DeliveryState::Pending { .. } => "pending",
            DeliveryState::Delivered { .. } => "delivered",
            DeliveryState::Dead { .. } => "dead",
        };
        self.store.deliveries_of(case.id).unwrap().iter().map(words).collect()
    }
}

fn location() -> Location {
    Location {
        longitude: 116.0,
        latitude: 40.0,
        crs: Crs::Cgcs2000,
        address: "示例路1号".into(),
        grid_cell: Some("990000001001001".into()),
    }
}

/// Runs rounds until `done`, for at most five seconds. Adds the reports up.
pub fn run_until(courier: &Courier, clock: &dyn Clock, mut done: impl FnMut() -> bool) -> CourierReport {
    let mut sum = CourierReport::default();
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while !done() {
        assert!(std::time::Instant::now() < end, "not done in five seconds: {sum:?}");
        let CourierReport { delivered, repeated, later, dead, withdrawn: _, unwritten } =
            courier.run_once(clock.now()).unwrap();
        sum.delivered += delivered;
        sum.repeated += repeated;
        sum.later += later;
        sum.dead += dead;
        sum.unwritten += unwritten;
        std::thread::sleep(Duration::from_millis(5));
    }
    sum
}
