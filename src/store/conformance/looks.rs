//! Clauses about recording looks: idempotent, all or nothing, only forward.

use super::*;
use crate::{
    domain::*,
    store::{IncidentFilter, LookOutcome, RecheckOutcome, Store, StoreError},
};

pub(super) fn every_field_of_a_place_comes_back(store: &dyn Store) {
    let view = registered(store);
    let candidate = place(&view, "a");
    let id = Incident::id_of(candidate.id);
    let phases = [
        Phase::Reported { incident: id },
        Phase::Cleared { incident: id, at: at(9), returned: None },
        Phase::Cleared { incident: id, at: at(9), returned: Some(at(12)) },
    ];
    let bare = Place { appearance: Appearance::new(vec![]), clean_since: None, ..place(&view, "b") };
    let mut outcome = look(view.id, 1);
    outcome.places = vec![candidate.clone(), bare.clone()];
    store.record(&outcome).unwrap();
    assert_eq!(store.place(candidate.id).unwrap(), Some(candidate.clone()));
    assert_eq!(store.place(bare.id).unwrap(), Some(bare.clone()));
    for (i, phase) in phases.into_iter().enumerate() {
        let mut outcome = look(view.id, 2 + i as i64);
        outcome.places = vec![Place { phase, ..candidate.clone() }];
        store.record(&outcome).unwrap();
        assert_eq!(store.place(candidate.id).unwrap().unwrap().phase, phase);
    }
    let mut outcome = look(view.id, 20);
    outcome.forgotten = vec![candidate.id];
    store.record(&outcome).unwrap();
    assert_eq!(store.places(view.id).unwrap(), [bare]);
}

pub(super) fn recording_twice_changes_nothing(store: &dyn Store) {
    let view = registered(store);
    let place = place(&view, "a");
    let incident = incident(&place, 1);
    let mut first_look = look(view.id, 1);
    first_look.places = vec![place.clone()];
    first_look.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    first_look.evidence = vec![bundle(incident.id, EvidenceKind::Opening, 1, None)];
    store.record(&first_look).unwrap();
    let mut second = look(view.id, 2);
    second.places = vec![Place { looks_seen: 9, ..place.clone() }];
    store.record(&second).unwrap();

    let head = store.feed_head().unwrap();
    store.record(&first_look).unwrap();
    assert_eq!(store.feed_head().unwrap(), head);
    assert_eq!(store.places(view.id).unwrap(), [Place { looks_seen: 9, ..place }]);
    assert_eq!(every_bundle(store), first_look.evidence);
    assert_eq!(store.incidents(&IncidentFilter::default(), &first(10)).unwrap().rows, [incident]);
    assert_eq!(store.looks(view.id, 10).unwrap(), [second.report, first_look.report]);
}

pub(super) fn changes_only_move_forward(store: &dyn Store) {
    let view = registered(store);
    let before = opened(store, &view, "a", 1);
    let position = store.feed_head().unwrap();
    let id = before.id;
    let mut minutes = 1;
    let mut apply = |change: IncidentChange| {
        minutes += 1;
        let mut outcome = look(view.id, minutes);
        outcome.changes = vec![change];
        store.record(&outcome).unwrap();
        store.incident(id).unwrap()
    };
    let score = |value| Score::new(value).unwrap();
    let after = apply(IncidentChange::Extended { incident: id, last_seen: at(30), score: score(0.9) });
    assert_eq!((after.last_seen, after.score), (at(30), score(0.9)));
    let after = apply(IncidentChange::Extended { incident: id, last_seen: at(20), score: score(0.5) });
    assert_eq!((after.last_seen, after.score), (at(30), score(0.9)));
    // Opened again by another look (a node that did not know): the incident is there already.
    assert_eq!(apply(IncidentChange::Opened { incident: before }).score, score(0.9));

    let closed = Presence::Closed { at: at(40), cause: CloseCause::Cleared };
    let close = |minutes, cause| IncidentChange::Closed { incident: id, at: at(minutes), cause };
    assert_eq!(apply(close(40, CloseCause::Cleared)).presence, closed);
    assert_eq!(apply(close(41, CloseCause::RuleChanged)).presence, closed);
    let reopen = IncidentChange::Reopened { incident: id, since: at(50), at: at(52) };
    let after = apply(reopen.clone());
    assert_eq!(after.presence, Presence::Open { since: at(50) });
    assert_eq!((after.recurrences, after.last_seen), (1, at(52)));
    assert_eq!(apply(reopen).recurrences, 1, "it is open already");
    let told: Vec<_> = topics(store, position).into_iter().filter(|topic| topic.starts_with("incident.")).collect();
    assert_eq!(told, ["incident.closed", "incident.reopened"]);
}

pub(super) fn a_broken_chain_records_nothing(store: &dyn Store) {
    let view = registered(store);
    opened(store, &view, "a", 1);
    let position = store.feed_head().unwrap();
    let incident = incident(&place(&view, "b"), 2);
    let mut outcome = look(view.id, 2);
    outcome.places = vec![place(&view, "b")];
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    for previous in [None, Some("00")] {
        outcome.evidence = vec![bundle(incident.id, EvidenceKind::Opening, 2, previous)];
        assert!(matches!(store.record(&outcome), Err(StoreError::Conflict(_))));
    }
    assert!(matches!(store.incident(incident.id), Err(StoreError::Missing { .. })));
    assert_eq!((store.feed_head().unwrap(), store.looks(view.id, 9).unwrap().len()), (position, 1));
    assert_eq!(store.places(view.id).unwrap(), []);
    // The same look goes in once its bundle follows the head.
    let head = store.evidence_head().unwrap();
    outcome.evidence = vec![bundle(incident.id, EvidenceKind::Opening, 2, head.as_deref())];
    store.record(&outcome).unwrap();
    assert_eq!(store.evidence_head().unwrap().as_deref(), Some(outcome.evidence[0].manifest_sha256.as_str()));
}

pub(super) fn bundles_of_one_look_follow_each_other(store: &dyn Store) {
    let view = registered(store);
    let (a, b) = (incident(&place(&view, "a"), 1), incident(&place(&view, "b"), 1));
    let one = bundle(a.id, EvidenceKind::Opening, 1, None);
    let two = bundle(b.id, EvidenceKind::Opening, 1, Some(&one.manifest_sha256));
    let mut outcome = look(view.id, 1);
    outcome.changes = vec![IncidentChange::Opened { incident: a }, IncidentChange::Opened { incident: b.clone() }];
    outcome.evidence = vec![one.clone(), two.clone()];
    assert_eq!(store.evidence_head().unwrap(), None);
    store.record(&outcome).unwrap();
    assert_eq!(every_bundle(store), [one.clone(), two.clone()]);
    assert_eq!(store.evidence_of(b.id).unwrap(), std::slice::from_ref(&two));
    assert_eq!(store.evidence(one.id).unwrap(), one);
}

pub(super) fn the_latest_two_hundred_reports_stay(store: &dyn Store) {
    let view = registered(store);
    let other = ViewId::derived(&[b"other"]);
    store.record(&look(other, 0)).unwrap();
    for minutes in 0..205 {
        store.record(&look(view.id, minutes)).unwrap();
    }
    let kept = store.looks(view.id, 500).unwrap();
    assert_eq!(kept.len(), 200);
    assert_eq!((kept[0].due, kept[199].due), (at(204), at(5)));
    assert_eq!(store.looks(other, 500).unwrap().len(), 1, "each view has its own two hundred");
    assert_eq!(store.looks(view.id, 3).unwrap().len(), 3);
}

pub(super) fn the_latest_report_is_the_one_that_ended_last(store: &dyn Store) {
    let view = registered(store);
    let mut newest = look(view.id, 9);
    newest.report.purpose = Purpose::Recheck { case: CaseId::derived(&[b"case"]) };
    newest.report.state = ViewState::Covered;
    newest.report.reason = Some(Explanation::new("镜头被遮挡", "the lens is covered"));
    newest.report.skew_ms = None;
    store.record(&newest).unwrap();
    store.record(&look(view.id, 8)).unwrap();
    let latest = store.latest_looks().unwrap();
    assert_eq!(latest.into_iter().collect::<Vec<_>>(), [(view.id, newest.report)]);
}

pub(super) fn a_clock_set_back_hides_no_look(store: &dyn Store) {
    let view = registered(store);
    for minutes in 100..110 {
        store.record(&look(view.id, minutes)).unwrap();
    }
    let back = look(view.id, 50);
    store.record(&back).unwrap();
    assert_eq!(store.latest_looks().unwrap().into_iter().collect::<Vec<_>>(), [(view.id, back.report.clone())]);
    assert_eq!(store.looks(view.id, 9).unwrap(), [back.report]);
}

pub(super) fn a_late_look_of_a_removed_view_keeps_what_it_proved(store: &dyn Store) {
    let view = registered(store);
    store.remove_stream(view.stream, at(1), "cli").unwrap();
    let incident = incident(&place(&view, "a"), 2);
    let mut outcome = look(view.id, 2);
    outcome.places = vec![place(&view, "a")];
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    outcome.evidence = vec![bundle(incident.id, EvidenceKind::Opening, 2, None)];
    store.record(&outcome).unwrap();
    store.record(&outcome).unwrap();
    assert_eq!(store.incident(incident.id).unwrap(), incident);
    assert_eq!(every_bundle(store), outcome.evidence);
    assert_eq!(store.places(view.id).unwrap(), []);
    assert_eq!(store.latest_looks().unwrap().len(), 0);
}

pub(super) fn an_unknown_incident_is_missing_and_records_nothing(store: &dyn Store) {
    let view = registered(store);
    let unknown = IncidentId::fresh();
    let mut outcome = look(view.id, 1);
    outcome.places = vec![place(&view, "a")];
    outcome.changes = vec![IncidentChange::Closed { incident: unknown, at: at(1), cause: CloseCause::Cleared }];
    assert!(matches!(store.record(&outcome), Err(StoreError::Missing { what: Thing::Incident, .. })));
    outcome.changes.clear();
    outcome.recheck = Some(RecheckOutcome { case: CaseId::fresh(), cleared: None, evidence: None });
    assert!(matches!(store.record(&outcome), Err(StoreError::Missing { what: Thing::Case, .. })));
    assert_eq!(store.places(view.id).unwrap(), []);
    assert_eq!(store.looks(view.id, 1).unwrap(), []);
}

pub(super) fn what_looks_saw_goes_with_their_reports(store: &dyn Store) {
    let view = registered(store);
    let saw = |minutes: i64, boxes: usize| {
        let car = ReferenceDetection {
            class: "car".into(),
            score: Score::ONE,
            bbox: BBox::new(0.0, 0.2, 0.5, 1.0),
            permitted: true,
        };
        Observed::new(at(minutes), vec![car; boxes])
    };
    for minutes in 0..=205 {
        let observed = (minutes % 2 == 0).then(|| saw(minutes, minutes as usize));
        store.record(&LookOutcome { observed, ..look(view.id, minutes) }).unwrap();
    }
    let kept = store.observed(view.id, 200).unwrap();
    assert_eq!(kept.len(), 100, "every other of the latest two hundred");
    assert_eq!(kept[0].0, look(view.id, 204).report.id);
    assert_eq!(kept[0].1.at, at(204));
    assert_eq!(kept[0].1.detections.len(), OBSERVED_MAX, "the surest");
    assert_eq!(kept.last().unwrap().1.at, at(6));
    assert!((kept[99].1.detections[0].bbox.y0() - 0.2).abs() < 1e-4 && &*kept[99].1.detections[0].class == "car");
    assert_eq!(store.observed(view.id, 1).unwrap().len(), 1);
    store.remove_stream(view.stream, at(300), "cli").unwrap();
    store.record(&LookOutcome { observed: Some(saw(301, 1)), ..look(view.id, 301) }).unwrap();
    assert_eq!(store.observed(view.id, 200).unwrap(), [], "a removed view remembers nothing");
}
