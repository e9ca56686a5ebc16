//! Clauses about what verifiers said, and what people taught by it.

use super::*;
use crate::{domain::*, store::Store};

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
        at: at(minutes),
        ruling,
        proposed: Score::new(0.61).unwrap(),
        verified: Score::new(0.333_333_3).unwrap(),
        fused: Score::new(0.5).unwrap(),
        newness: Some(0.123_456_7),
        likened: None,
        look: Appearance::new(vec![0.3, -0.1, 0.9]),
        weights: Weights { detector: model("cheap"), scan: None, verifier: Some(model("dear")) },
    }
}

pub(super) fn every_field_of_a_verification_comes_back(store: &dyn Store) {
    let view = registered(store);
    let likened = Likened { exemplar: ExemplarId::derived(&[b"e"]), likeness: 0.912_345_6 };
    let passed = verification(&view, "a", 2, Ruling::Passed);
    let refused = Verification {
        likened: Some(likened),
        newness: None,
        look: Appearance::new(vec![]),
        weights: Weights { scan: Some(passed.weights.detector.clone()), ..passed.weights.clone() },
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
