//! Things to store: small, complete, with values that would show a lost bit.

use crate::{
    domain::*,
    store::{LookOutcome, Page, Store},
};

/// Minutes after an arbitrary beginning.
pub(crate) fn at(minutes: i64) -> WallTime {
    WallTime::from_millis(1_795_400_000_123 + minutes * 60_000)
}

pub(crate) fn matter(key: &str) -> MatterKey {
    key.parse().unwrap()
}

pub(crate) fn location() -> Location {
    Location {
        longitude: 121.473_701_230_000_02,
        latitude: 31.230_416_7,
        crs: Crs::Cgcs2000,
        address: "人民大道 200 号".into(),
        grid_cell: Some("310101002001001".into()),
    }
}

pub(crate) fn stream(code: &str) -> Stream {
    Stream {
        id: StreamId::derived(&[b"stream", code.as_bytes()]),
        code: code.into(),
        name: format!("路口 {code}"),
        source: SourceUrl::parse("rtsp://10.0.0.8:554/ch1?sub=0").unwrap(),
        transport: Transport::Tcp,
        location: Some(location()),
        area: Some("人民广场街道".parse().unwrap()),
        enabled: true,
        registered_at: at(0),
    }
}

pub(crate) fn view(stream: &Stream, name: &str) -> View {
    View {
        id: ViewId::derived(&[b"view", stream.id.as_bytes(), name.as_bytes()]),
        stream: stream.id,
        name: name.into(),
        matters: vec![matter("parked_vehicle"), matter("stall")],
        revisit_s: Some(120),
        weight: 0.3,
        reference: None,
    }
}

pub(crate) fn reference(version: u32) -> Reference {
    Reference {
        version,
        file: format!("references/{version}.jpg"),
        sha256: "ab".repeat(32),
        width: 1920,
        height: 1080,
        taken_at: at(1),
    }
}

pub(crate) fn polygon() -> Polygon {
    Polygon::try_from(vec![[0.1, 0.2], [0.7, 0.3], [0.9, 0.95]]).unwrap()
}

pub(crate) fn zone(view: &View, name: &str) -> Zone {
    let mut hours = Hours::default();
    hours.weekly[2] = vec![Span { from: "18:00:00".parse().unwrap(), to: "02:30:00".parse().unwrap() }];
    Zone {
        id: ZoneId::derived(&[b"zone", view.id.as_bytes(), name.as_bytes()]),
        view: view.id,
        version: 0,
        name: name.into(),
        kind: ZoneKind::Controlled,
        matters: vec![matter("stall")],
        polygon: polygon(),
        hours: Some(hours),
        valid_from: None,
        valid_until: Some(at(100_000)),
    }
}

/// Registers a stream with one view.
pub(crate) fn registered(store: &dyn Store) -> View {
    let stream = stream("31010100001320000001");
    let view = view(&stream, "预置位 1");
    store.put_stream(&stream, None, "cli").unwrap();
    store.put_view(&view, at(0), "cli").unwrap();
    view
}

pub(crate) fn place(view: &View, name: &str) -> Place {
    Place {
        id: PlaceId::derived(&[b"place", view.id.as_bytes(), name.as_bytes()]),
        view: view.id,
        matter: matter("stall"),
        class: "umbrella".into(),
        bbox: BBox::new(0.1, 0.2, 0.300_000_1, 0.4),
        appearance: Appearance::new(vec![0.1, -0.7, 0.333_333_3]),
        zone: (ZoneId::derived(&[b"zone"]), 3),
        first_seen: at(1),
        last_seen: at(5),
        looks_seen: 4,
        looks_visible: 5,
        looks_accompanied: 3,
        clean_looks: 1,
        clean_since: Some(at(5)),
        score: Score::new(0.87).unwrap(),
        read: None,
        refused: None,
        phase: Phase::Candidate,
    }
}

/// The open incident of a place, opened at minute `minutes`.
pub(crate) fn incident(place: &Place, minutes: i64) -> Incident {
    Incident {
        id: Incident::id_of(place.id),
        place: place.id,
        view: place.view,
        matter: place.matter.clone(),
        bbox: place.bbox,
        score: place.score,
        zone: place.zone,
        first_seen: place.first_seen,
        last_seen: place.last_seen,
        opened_at: at(minutes),
        presence: Presence::Open { since: at(minutes) },
        review: Review::Waiting,
        recurrences: 0,
        read: None,
        weights: None,
    }
}

/// A patrol look that ended at minute `minutes` and found nothing.
pub(crate) fn look(view: ViewId, minutes: i64) -> LookOutcome {
    LookOutcome {
        report: LookReport {
            id: Look::id_of(view, &Purpose::Patrol, at(minutes)),
            view,
            purpose: Purpose::Patrol,
            due: at(minutes),
            started: at(minutes),
            ended: at(minutes).plus(std::time::Duration::from_secs(4)),
            frames: 3,
            state: ViewState::Same,
            reason: None,
            skew_ms: Some(-40),
        },
        places: vec![],
        forgotten: vec![],
        changes: vec![],
        evidence: vec![],
        recheck: None,
        verifications: vec![],
        observed: None,
    }
}

/// A bundle that follows the manifest `previous`.
pub(crate) fn bundle(incident: IncidentId, kind: EvidenceKind, minutes: i64, previous: Option<&str>) -> EvidenceRow {
    let id = crate::store::evidence_id(incident, kind, at(minutes));
    EvidenceRow {
        id,
        incident,
        kind,
        made_at: at(minutes),
        folder: format!("202611/{incident}/{id}"),
        manifest_sha256: format!("{:0>64}", hex::encode(id.as_bytes())),
        previous: previous.map(str::to_owned),
        legal_hold: false,
        purged_at: None,
    }
}

/// Records a look that opens the incident of the place `name`, with its opening bundle.
pub(crate) fn opened(store: &dyn Store, view: &View, name: &str, minutes: i64) -> Incident {
    let incident = incident(&place(view, name), minutes);
    let head = store.evidence_head().unwrap();
    let mut outcome = look(view.id, minutes);
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    outcome.evidence = vec![bundle(incident.id, EvidenceKind::Opening, minutes, head.as_deref())];
    store.record(&outcome).unwrap();
    incident
}

pub(crate) fn verdict(incident: IncidentId, verdict: Verdict, reviewer: &str) -> SignedVerdict {
    let note = "看过".into();
    SignedVerdict { incident, verdict, reviewer: reviewer.into(), at: at(60), note, undo_until: at(60) }
}

/// How a service would open a case.
pub(crate) fn open_case(confirmation: Confirmation) -> Case {
    Case::open(
        confirmation,
        "无照经营游商".into(),
        MatterCodes { code_2026: "09006".into(), code_2013: Some("04-09".into()) },
        Some(location()),
        Some(Limit { text: "2 工作时".into(), due_at: at(180) }),
    )
}

/// Confirms an incident and returns its case.
pub(crate) fn confirmed(store: &dyn Store, incident: IncidentId) -> Case {
    store.decide(&verdict(incident, Verdict::Confirmed, "王敏"), &open_case).unwrap().case.unwrap()
}

pub(crate) fn callback(id: &str, case: CaseId, stage: Stage) -> Callback {
    Callback { callback_id: id.into(), case_id: case, stage, platform_number: None, at: at(90), note: String::new() }
}

pub(crate) fn delivered(number: Option<&str>) -> DeliveryState {
    let receipt = Receipt { at: at(70), platform_number: number.map(str::to_owned), repeated: false };
    DeliveryState::Delivered { attempts: 2, receipt }
}

/// All bundles in the order in which they were recorded.
pub(crate) fn every_bundle(store: &dyn Store) -> Vec<EvidenceRow> {
    crate::store::evidence_rows(store).collect::<Result<_, _>>().unwrap()
}

pub(crate) fn first(limit: u32) -> Page {
    Page { after: None, limit }
}

/// Topics of the feed after a position, oldest first.
pub(crate) fn topics(store: &dyn Store, after: i64) -> Vec<String> {
    store.feed(after, 500).unwrap().into_iter().map(|row| row.topic).collect()
}

/// Actions in the audit log of a subject, oldest first.
pub(crate) fn actions(store: &dyn Store, subject: &dyn ToString) -> Vec<String> {
    let rows = store.audit_rows(Some(&subject.to_string()), 0, 500).unwrap();
    rows.into_iter().map(|row| row.action).collect()
}
