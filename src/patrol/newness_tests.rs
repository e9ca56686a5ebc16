//! What is new, told on a stage: the cheap model has no name for the thing, the comparer knows patches by their pixels.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    analysis::{fixtures, newness::Likelihoods},
    domain::{Incident, IncidentChange, NEW_SPILL, NEW_THING, NewnessHead, Phase, Picture},
    infer::{Inspection, ScriptedDetector, ScriptedHead},
    patrol::{
        rehearsal::{HEAD, HEIGHT, Pattern, Rehearsal, Thing, WIDTH},
        spine::LookDone,
    },
    store::Store,
};

const PATCH_PX: [u32; 2] = [32, 24];

fn matter() -> Matter {
    let mut matter = fixtures::matter();
    matter.composition.anchor.classes.push(NEW_THING.into());
    matter.newness = Some(Newness { model: "comparer".into(), head: None, from: 0.25, known: Vec::new() });
    matter.every = Some(Duration::from_secs(30));
    matter
}

/// A patch looks as nine of its pixels do.
fn patches(picture: &Picture) -> PatchGrid {
    let (columns, rows) = (WIDTH / PATCH_PX[0], HEIGHT / PATCH_PX[1]);
    let pixels = |at: u32| {
        let (left, top) = (at % columns * PATCH_PX[0], at / columns * PATCH_PX[1]);
        let nine = (0..9).map(move |n| (left + 4 + n % 3 * 11, top + 3 + n / 3 * 8));
        nine.flat_map(|(x, y)| picture.rgb_at(x, y).map(|value| f32::from(value) - 128.0)).collect::<Vec<f32>>()
    };
    let tokens: Vec<Vec<f32>> = (0..columns * rows).map(pixels).collect();
    PatchGrid::new([WIDTH, HEIGHT], [columns as usize, rows as usize], PATCH_PX.map(|px| px as f32), &tokens).unwrap()
}

/// Counts how often it was asked; out of order while `broken` is set.
pub(crate) fn comparer(asked: &Arc<AtomicU64>, broken: &Arc<AtomicBool>) -> ScriptedDetector {
    let (asked, broken) = (asked.clone(), broken.clone());
    ScriptedDetector::by_inspection(move |_, picture| {
        asked.fetch_add(1, Ordering::SeqCst);
        if broken.load(Ordering::SeqCst) {
            return Err(InferError::Overloaded);
        }
        Ok(Inspection { patches: Some(patches(picture)), ..Inspection::default() })
    })
}

/// Nobody has a name for it: the cheap model scores 0.
fn cart() -> Thing {
    Thing { at: [256.0, 192.0, 352.0, 288.0], colour: [30, 60, 220], pattern: Pattern::Upright, score: 0.0 }
}

fn opened(done: &LookDone) -> Vec<Incident> {
    let opened = |change: &IncidentChange| match change {
        IncidentChange::Opened { incident } => Some(incident.clone()),
        _ => None,
    };
    done.changes.iter().filter_map(opened).collect()
}

fn stage() -> (Rehearsal, Arc<AtomicU64>, Arc<AtomicBool>) {
    let (asked, broken) = (Arc::default(), Arc::default());
    (Rehearsal::new(matter(), None, Some(comparer(&asked, &broken))), asked, broken)
}

#[test]
fn a_thing_without_a_name_that_stays_is_one_incident_and_clears_when_it_is_gone() {
    let (stage, asked, _) = stage();
    let before = asked.load(Ordering::SeqCst);
    assert_eq!(before, 2, "the reference picture and the first frame");
    let mut found = Vec::new();
    for second in (20..=300).step_by(20) {
        found.extend(opened(&stage.look(second, &[cart()])));
    }
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert!(incident.bbox.iou(&BBox::from([0.4, 0.533, 0.55, 0.8])) > 0.45, "{:?}", incident.bbox);
    let weights = incident.weights.clone().unwrap();
    assert_eq!(weights.scan.map(|model| model.name), Some("scanner".to_owned()), "what compared is named");
    let runs = asked.load(Ordering::SeqCst) - before;
    assert!((7..=9).contains(&runs), "compared every 30 s at most, not in each of 15 looks: {runs}");

    let closed = (320..=700).step_by(20).any(|second| {
        let done = stage.look(second, &[]);
        done.changes.iter().any(|change| matches!(change, IncidentChange::Closed { .. }))
    });
    assert!(closed);
}

#[test]
fn what_passes_by_opens_nothing() {
    let (stage, ..) = stage();
    for second in (20..=600).step_by(20) {
        let x = (second * 7 % 500) as f32;
        let moving = Thing { at: [x, 192.0, x + 96.0, 288.0], ..cart() };
        assert_eq!(opened(&stage.look(second, &[moving])), []);
    }
}

#[test]
fn what_cannot_be_compared_is_neither_seen_nor_missed() {
    let (stage, _, broken) = stage();
    let phases = |stage: &Rehearsal| {
        let slot = stage.spine.scenes.slot(stage.view.id);
        let mut slot = crate::patrol::scenes::lock(&slot);
        let scene = stage.spine.scenes.refresh(stage.view.id, &mut slot).unwrap();
        scene.book.places().map(|place| (place.phase, place.looks_visible, place.clean_looks)).collect::<Vec<_>>()
    };
    for second in (20..=200).step_by(20) {
        stage.look(second, &[cart()]);
    }
    let before = phases(&stage);
    assert!(matches!(before[..], [(Phase::Reported { .. }, _, 0)]), "{before:?}");
    broken.store(true, Ordering::SeqCst);
    for second in (220..=900).step_by(20) {
        let done = stage.look(second, &[]);
        assert_eq!((done.changes.len(), done.report.state.judges()), (0, true));
    }
    assert_eq!(phases(&stage), before, "the street was empty, and nobody could say so");
}

/// A matter that asks a head for one class.
fn by_head(key: &str, class: &str, anchor: &str) -> Matter {
    let mut matter = matter();
    matter.key = key.parse().unwrap();
    matter.composition.anchor.classes = vec![anchor.to_owned()];
    let head = NewnessHead { model: HEAD.into(), classes: vec![class.into()], passes: Vec::new() };
    matter.newness = Some(Newness { model: "comparer".into(), head: Some(head), from: 0.5, known: Vec::new() });
    matter
}

/// Knows things on the left and spills on the right, where a patch has changed.
fn knows_sides(pair: &Pair) -> Likelihoods {
    let (now, before, [columns, rows]) = (pair.now.planes(), pair.before.planes(), pair.now.sides());
    let patches = columns * rows;
    let likeness =
        |at: usize| (0..pair.now.length()).map(|n| now[n * patches + at] * before[n * patches + at]).sum::<f32>();
    let of = |left: bool, at: usize| if left == (at % columns < columns / 2) && likeness(at) < 0.9 { 0.8 } else { 0.0 };
    let numbers: Vec<f32> =
        [true, false].into_iter().flat_map(|left| (0..patches).map(move |at| of(left, at))).collect();
    Likelihoods::new(vec!["thing".into(), "spill".into()], patches, &numbers).unwrap()
}

#[test]
fn matters_of_unlike_classes_share_what_the_head_says_once_a_look() {
    let matters = vec![by_head("stall", "thing", NEW_THING), by_head("spilt", "spill", NEW_SPILL)];
    let (asked, broken) = (Arc::default(), Arc::default());
    let head = Arc::new(ScriptedHead::by_function(|_, pair| Ok(knows_sides(pair))));
    let stage = Rehearsal::of(matters, None, Some(comparer(&asked, &broken)), Some(head.clone()));
    let heap = Thing { at: [416.0, 240.0, 512.0, 312.0], pattern: Pattern::Level, ..cart() };
    let [left, right] = [Thing { at: [64.0, 192.0, 160.0, 264.0], ..cart() }, heap];
    let mut found = Vec::new();
    for second in (20..=300).step_by(20) {
        found.extend(opened(&stage.look(second, &[left.clone(), right.clone()])));
    }
    let mut told: Vec<_> = found.iter().map(|one| (one.matter.to_string(), one.bbox.x0() < 0.5)).collect();
    told.sort();
    assert_eq!(told, [("spilt".to_owned(), false), ("stall".to_owned(), true)]);
    // The reference picture's patches are asked for once, and the head compares each frame's with them.
    assert_eq!(head.asked() + 1, asked.load(Ordering::SeqCst), "once for both matters");
    assert!((7..=9).contains(&(head.asked() - 1)), "{}", head.asked());
    for incident in found {
        let weights = incident.weights.unwrap();
        assert_eq!(weights.head, Some(head.model()));
        assert_eq!(weights.scan.map(|model| model.name), Some("scanner".to_owned()));
        let bundles = stage.store.evidence_of(incident.id).unwrap();
        let manifest = stage.spine.evidence.manifest(&bundles[0]).unwrap();
        let names: Vec<&str> = manifest.compared.iter().map(|model| &*model.name).collect();
        assert_eq!(names, ["scanner", "scripted_head"]);
    }
}
