//! Puts one opened incident with a real bundle of evidence into a data folder, as a look of the patrol would.

use std::{path::Path, time::Duration};

use xunjie::{
    domain::{
        Appearance, BBox, EvidenceKind, FileRole, Incident, IncidentChange, IncidentId, Look, LookReport, MatterKey,
        ModelRef, Phase, Place, PlaceId, Presence, Purpose, Review, RuleRef, Score, ViewState, WallTime, Zone,
    },
    store::{
        LookOutcome, Store,
        evidence::{BundleDraft, DraftFile, EvidenceFolder},
        evidence_id,
        sqlite::SqliteStore,
    },
};

/// Records the incident on the only view and the only zone of the data folder, and returns its id.
pub(crate) fn opened_incident(data: &Path) -> IncidentId {
    let store = SqliteStore::open(&data.join("xunjie.db")).expect("the program made the store");
    let folder = EvidenceFolder::open(data.join("evidence")).expect("the data folder can be written");
    let registry = store.registry().expect("the store can be read");
    let (view, zone) = (&registry.views[0], &registry.zones[0]);
    let matter: MatterKey = "motor_vehicle_parking".parse().expect("the key is one");
    let at: WallTime = "2026-11-23T08:30:00+08:00".parse().expect("the time is one");
    let first_seen = at.minus(Duration::from_secs(300));

    let id = PlaceId::derived(&[b"place", view.id.as_bytes()]);
    let score = Score::new(0.875).expect("it lies in 0..=1");
    let bbox = BBox::new(0.2, 0.3, 0.4, 0.5);
    let incident = Incident {
        id: Incident::id_of(id),
        place: id,
        view: view.id,
        matter: matter.clone(),
        bbox,
        score,
        zone: (zone.id, zone.version),
        first_seen,
        last_seen: at,
        opened_at: at,
        presence: Presence::Open { since: at },
        review: Review::Waiting,
        recurrences: 0,
        read: None,
        weights: None,
    };
    let place = Place {
        id,
        view: view.id,
        matter,
        class: "car".to_owned(),
        bbox,
        appearance: Appearance::new(vec![0.6, 0.8]),
        zone: incident.zone,
        first_seen,
        last_seen: at,
        looks_seen: 10,
        looks_visible: 10,
        looks_accompanied: 0,
        clean_looks: 0,
        clean_since: None,
        score,
        read: None,
        refused: None,
        phase: Phase::Reported { incident: incident.id },
    };
    let draft = draft(&incident, &registry.streams[0].code, &view.name, zone);
    let (row, _) = folder.write(draft, None).expect("the data folder can be written");
    let outcome = LookOutcome {
        report: LookReport {
            id: Look::id_of(view.id, &Purpose::Patrol, at),
            view: view.id,
            purpose: Purpose::Patrol,
            due: at,
            started: at,
            ended: at.plus(Duration::from_secs(2)),
            frames: 1,
            state: ViewState::Same,
            reason: None,
            skew_ms: None,
        },
        places: vec![place],
        forgotten: Vec::new(),
        changes: vec![IncidentChange::Opened { incident: incident.clone() }],
        evidence: vec![row],
        recheck: None,
        verifications: vec![],
        observed: None,
    };
    store.record(&outcome).expect("the store takes a look");
    incident.id
}

fn draft(incident: &Incident, stream_code: &str, view_name: &str, zone: &Zone) -> BundleDraft {
    let at = incident.opened_at;
    let file = |name: &str, role| DraftFile {
        name: name.to_owned(),
        role,
        bytes: format!("the bytes of {name}").into_bytes(),
        wall: Some(at),
        wall_source: None,
        arrived: None,
        skew_ms: None,
        pts: None,
        bbox: None,
    };
    let mut first = file("first.jpg", FileRole::First);
    first.bytes = picture();
    first.bbox = Some(BBox::new(16.0, 12.0, 48.0, 36.0));
    BundleDraft {
        id: evidence_id(incident.id, EvidenceKind::Opening, at),
        incident: incident.id,
        kind: EvidenceKind::Opening,
        made_at: at,
        stream_code: stream_code.to_owned(),
        location: None,
        view_name: view_name.to_owned(),
        model: ModelRef { name: "nanodet_g_416".to_owned(), sha256: "0".repeat(64) },
        verifier: None,
        compared: Vec::new(),
        read: None,
        rule: RuleRef {
            matter: incident.matter.clone(),
            pipeline_sha256: "0".repeat(64),
            score_min: incident.score,
            dwell_s: 300,
            zone: zone.id,
            zone_version: zone.version,
            zone_polygon: Some(zone.polygon.clone()),
        },
        files: vec![first, file("masked.jpg", FileRole::Masked)],
    }
}

/// A JPEG of 64x48 pixels.
fn picture() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let grey = image::RgbImage::from_pixel(64, 48, image::Rgb([90, 120, 90]));
    grey.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a JPEG can be written");
    bytes.into_inner()
}
