//! Clauses about what verifiers said, and what people taught by it.

use super::*;
use crate::{
    domain::*,
    store::{ExemplarFilter, Store, StoreError},
};

/// What a verifier said about the place `name` at minute `minutes`.
pub(crate) fn verification(view: &View, name: &str, minutes: i64, ruling: Ruling) -> Verification {
    let place = place(view, name);
    let model = |name: &str| ModelRef { name: name.into(), sha256: "ab".repeat(32) };
    Verification {
        id: Verification::id_of(place.id, at(minutes)),
        place: place.id,
        incident: Incident::id_of(place.id),
        view: view.id,
        zone: place.zone.0,
        matter: place.matter,
        bbox: Some(place.bbox),
        at: at(minutes),
        ruling,
        proposed: Score::new(0.61).unwrap(),
        verified: Score::new(0.333_333_3).unwrap(),
        fused: Score::new(0.5).unwrap(),
        newness: Some(0.123_456_7),
        likened: None,
        look: Appearance::new(vec![0.3, -0.1, 0.9]),
        weights: Weights { detector: model("cheap"), scan: None, head: None, verifier: Some(model("dear")) },
    }
}

pub(super) fn every_field_of_a_verification_comes_back(store: &dyn Store) {
    let view = registered(store);
    let likened = Likened { exemplar: ExemplarId::derived(&[b"e"]), likeness: 0.912_345_6 };
    let passed = verification(&view, "a", 2, Ruling::Passed);
    let refused = Verification {
        likened: Some(likened),
        bbox: None,
        newness: None,
        look: Appearance::new(vec![]),
        weights: Weights {
            scan: Some(passed.weights.detector.clone()),
            head: passed.weights.verifier.clone(),
            ..passed.weights.clone()
        },
        ..verification(&view, "a", 1, Ruling::Refused { why: RefusedWhy::Exemplar })
    };
    let elsewhere = verification(&view, "b", 3, Ruling::Refused { why: RefusedWhy::NotNew });
    let mut outcome = look(view.id, 3);
    outcome.verifications = vec![passed.clone(), refused.clone(), elsewhere.clone()];
    store.record(&outcome).unwrap();
    assert_eq!(store.verifications(passed.incident).unwrap(), [passed.clone(), refused.clone()]);
    let since = |view, minutes| store.verifications_since(view, at(minutes), 10).unwrap();
    assert_eq!(since(Some(view.id), 2), [elsewhere.clone(), passed.clone()]);
    assert_eq!(since(None, 0), [elsewhere.clone(), passed, refused]);
    assert_eq!(since(Some(ViewId::derived(&[b"other"])), 0), []);
    assert_eq!(store.verifications_since(None, at(0), 1).unwrap(), [elsewhere]);
}

pub(super) fn the_oldest_verifications_of_a_view_make_room(store: &dyn Store) {
    let view = registered(store);
    let mut outcome = look(view.id, 1000);
    outcome.verifications = (0..510).map(|n| verification(&view, "a", n, Ruling::Passed)).collect();
    store.record(&outcome).unwrap();
    let kept = store.verifications_since(Some(view.id), at(0), 1000).unwrap();
    assert_eq!((kept.len(), kept[499].at), (500, at(10)));
    // 46 days later only what is new is left.
    let mut later = look(view.id, 46 * 1440);
    later.verifications = vec![verification(&view, "a", 46 * 1440, Ruling::Passed)];
    store.record(&later).unwrap();
    assert_eq!(store.verifications_since(None, at(0), 1000).unwrap(), later.verifications);
}

pub(super) fn what_a_place_was_refused_for_and_the_weights_of_an_incident_come_back(store: &dyn Store) {
    let view = registered(store);
    let refusal = Refusal {
        at: at(4),
        why: RefusedWhy::Score,
        score: Score::new(0.21).unwrap(),
        looked: Appearance::new(vec![0.1, 0.2]),
    };
    let refused = Place { refused: Some(refusal), ..place(&view, "a") };
    let weights = verification(&view, "b", 1, Ruling::Passed).weights;
    let known = Incident { weights: Some(Box::new(weights)), ..incident(&place(&view, "b"), 5) };
    let mut outcome = look(view.id, 5);
    outcome.places = vec![refused.clone()];
    outcome.changes = vec![IncidentChange::Opened { incident: known.clone() }];
    store.record(&outcome).unwrap();
    assert_eq!(store.place(refused.id).unwrap(), Some(refused));
    assert_eq!(store.incident(known.id).unwrap(), known);
}

/// An incident that a verifier passed, opened at minute `minutes`.
fn passed(store: &dyn Store, view: &View, name: &str, minutes: i64) -> Incident {
    let incident = incident(&place(view, name), minutes);
    let mut outcome = look(view.id, minutes);
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    outcome.verifications = vec![verification(view, name, minutes, Ruling::Passed)];
    store.record(&outcome).unwrap();
    incident
}

fn counting(store: &dyn Store, view: &View, minutes: i64) -> Vec<Exemplar> {
    store.teaching(view.id, place(view, "a").zone.0, &matter("stall"), at(minutes)).unwrap()
}

pub(super) fn verdicts_about_looks_teach_and_their_undo_takes_it_back(store: &dyn Store) {
    let view = registered(store);
    let wrong = passed(store, &view, "a", 1);
    let lawful = passed(store, &view, "b", 2);
    let unseen = opened(store, &view, "c", 3);
    let rejected = |reason| Verdict::Rejected { reason };
    let undoable =
        SignedVerdict { undo_until: at(70), ..verdict(wrong.id, rejected(RejectReason::WrongObject), "王敏") };
    store.decide(&undoable, &open_case).unwrap();
    store.decide(&verdict(lawful.id, rejected(RejectReason::Lawful), "王敏"), &open_case).unwrap();
    store.decide(&verdict(unseen.id, rejected(RejectReason::WrongObject), "王敏"), &open_case).unwrap();
    let exemplar = Exemplar {
        id: Exemplar::of_verdict(wrong.id),
        matter: matter("stall"),
        polarity: Polarity::Suppress,
        scope: Scope::View { view: view.id },
        view: view.id,
        zone: wrong.zone.0,
        bbox: place(&view, "a").bbox,
        look: verification(&view, "a", 1, Ruling::Passed).look,
        weights: "ab".repeat(32),
        origin: Origin::Verdict(wrong.id),
        by: "王敏".into(),
        at: at(60),
        expires: at(60).plus(EXEMPLAR_KEPT),
        undone: None,
    };
    assert_eq!(counting(store, &view, 61), std::slice::from_ref(&exemplar), "one was what it seemed, one nobody saw");
    assert_eq!(store.exemplar(exemplar.id).unwrap(), exemplar);
    assert_eq!(counting(store, &view, 60 + 180 * 1440), [], "it has expired");
    assert_eq!(actions(store, &exemplar.id), ["exemplar.learnt"]);
    store.undo(wrong.id, "王敏", at(61)).unwrap();
    assert_eq!(counting(store, &view, 61), [], "in the same transaction");
    assert!(matches!(store.exemplar(exemplar.id), Err(StoreError::Missing { what: Thing::Exemplar, .. })));
    store.decide(&SignedVerdict { at: at(62), ..verdict(wrong.id, Verdict::Confirmed, "李雷") }, &open_case).unwrap();
    let again = counting(store, &view, 63);
    assert_eq!((again.len(), again[0].polarity, again[0].by.as_str()), (1, Polarity::Raise, "李雷"));
}

pub(super) fn an_exemplar_counts_in_its_scope_until_it_is_undone(store: &dyn Store) {
    let here = registered(store);
    let stream = stream("31010100001320000002");
    store.put_stream(&Stream { area: None, ..stream.clone() }, None, "cli").unwrap();
    let there = view(&stream, "预置位 2");
    store.put_view(&there, at(0), "cli").unwrap();
    let incident = passed(store, &here, "a", 1);
    confirmed(store, incident.id);
    let id = Exemplar::of_verdict(incident.id);
    let elsewhere = |view: ViewId, zone: ZoneId| {
        store.teaching(view, zone, &matter("stall"), at(61)).unwrap().iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let other_zone = ZoneId::derived(&[b"other"]);
    assert_eq!((elsewhere(here.id, other_zone), elsewhere(there.id, incident.zone.0)), (vec![id], vec![]));
    store.rescope_exemplar(id, Scope::Zone { zone: incident.zone.0 }, at(61), "op").unwrap();
    assert_eq!((elsewhere(here.id, other_zone), elsewhere(there.id, incident.zone.0)), (vec![], vec![id]));
    store.rescope_exemplar(id, Scope::City, at(61), "op").unwrap();
    assert_eq!(elsewhere(there.id, other_zone), [id]);
    assert_eq!(store.teaching(there.id, other_zone, &matter("parked_vehicle"), at(61)).unwrap(), []);
    let listed = |filter: ExemplarFilter| store.exemplars(&filter, 10).unwrap().len();
    let of = |area: &str| Areas::from(Some(area.parse().unwrap()));
    assert_eq!(listed(ExemplarFilter { areas: of("人民广场街道"), ..ExemplarFilter::default() }), 1);
    assert_eq!(listed(ExemplarFilter { areas: of("别处"), ..ExemplarFilter::default() }), 0);
    assert_eq!(listed(ExemplarFilter { view: Some(there.id), ..ExemplarFilter::default() }), 0);
    store.undo_exemplar(id, at(62), "op").unwrap();
    store.undo_exemplar(id, at(63), "somebody").unwrap();
    assert_eq!(elsewhere(here.id, incident.zone.0), []);
    assert_eq!(store.exemplar(id).unwrap().undone, Some(("op".into(), at(62))));
    assert_eq!(listed(ExemplarFilter { counting_at: Some(at(61)), ..ExemplarFilter::default() }), 0);
    assert_eq!(listed(ExemplarFilter::default()), 1, "it stays for those who ask why");
    assert_eq!(actions(store, &id), ["exemplar.learnt", "exemplar.scoped", "exemplar.scoped", "exemplar.undone"]);
    let stranger = ExemplarId::derived(&[b"nobody"]);
    assert!(matches!(store.undo_exemplar(stranger, at(62), "op"), Err(StoreError::Missing { .. })));
}

pub(super) fn the_oldest_exemplars_of_a_view_make_room(store: &dyn Store) {
    let view = registered(store);
    for n in 0..=i64::from(EXEMPLARS_A_VIEW) {
        let incident = passed(store, &view, &n.to_string(), n);
        let verdict = SignedVerdict {
            at: at(1000 + n),
            undo_until: at(1000 + n),
            ..verdict(incident.id, Verdict::Rejected { reason: RejectReason::WrongObject }, "王敏")
        };
        store.decide(&verdict, &open_case).unwrap();
    }
    let kept = counting(store, &view, 2000);
    assert_eq!((kept.len(), kept.last().map(|one| one.at)), (EXEMPLARS_A_VIEW as usize, Some(at(1001))));
    assert_eq!(actions(store, &view.id).last().map(String::as_str), Some("exemplar.displaced"), "and written down");
}
