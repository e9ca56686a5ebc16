//! What second models cost and change, told on a stage.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{
    analysis::{
        fixtures,
        newness::{Likelihoods, PatchGrid},
    },
    domain::{IncidentChange, NewnessHead, Purpose, RejectReason, Review, Scan, SignedVerdict, Verdict},
    infer::{ComparisonHead, Inspection, ScriptedDetector, ScriptedHead},
    patrol::rehearsal::{HEAD, HEIGHT, Pattern, Rehearsal, Thing, WIDTH, believes_in_red, breaks, painted},
    store::{ExemplarStore, IncidentFilter, Page, Store},
};

fn matter(newness_min: Option<f32>) -> Matter {
    let verify = Verify {
        model: "second".into(),
        classes: vec!["waste".into()],
        accept_min: Score::new(0.5).unwrap(),
        again_after: std::time::Duration::from_secs(600),
        newness_min,
        newness: None,
        likeness: crate::domain::Likeness { min: 0.9, here_min: 0.9 },
    };
    Matter { verify: Some(verify), ..fixtures::matter() }
}

fn thing(x: f32, colour: [u8; 3]) -> Thing {
    Thing { at: [x, 100.0, x + 80.0, 180.0], colour, pattern: Pattern::Level, score: 0.6 }
}
const RED: [u8; 3] = [230, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];

fn opened(done: &crate::patrol::spine::LookDone) -> Vec<Incident> {
    let opened = |change: &IncidentChange| match change {
        IncidentChange::Opened { incident } => Some(incident.clone()),
        _ => None,
    };
    done.changes.iter().filter_map(opened).collect()
}

fn incidents(stage: &Rehearsal) -> Vec<Incident> {
    stage.store.incidents(&IncidentFilter::default(), &Page { after: None, limit: 100 }).unwrap().rows
}

#[test]
fn a_place_is_verified_once_and_both_weights_stand_on_incident_and_evidence() {
    let stage = Rehearsal::new(matter(None), Some(believes_in_red()), None);
    let things = [thing(100.0, RED), thing(400.0, GREEN)];
    let mut found = Vec::new();
    for second in (20..=400).step_by(20) {
        found.extend(opened(&stage.look(second, &things)));
    }
    assert_eq!(found.len(), 1, "the red one alone");
    let weights = found[0].weights.clone().unwrap();
    assert_eq!((weights.detector.name.as_str(), weights.verifier.unwrap().name.as_str()), ("proposer", "verifier"));
    let kept = &incidents(&stage)[0];
    assert_eq!(kept.weights, found[0].weights, "recorded");
    // 0.3 * logit(0.6) + 0.7 * logit(0.9) = 1.660: 0.840.
    assert!((kept.score.value() - 0.840).abs() < 1e-3, "{:?}", kept.score);
    let row = &stage.store.evidence_of(kept.id).unwrap()[0];
    let manifest = stage.spine.evidence.manifest(row).unwrap();
    assert_eq!((manifest.model.name.as_str(), manifest.verifier.unwrap().name.as_str()), ("proposer", "verifier"));
    let said = stage.store.verifications_since(None, WallTime::from_millis(0), 100).unwrap();
    let rulings: Vec<Ruling> = said.iter().map(|one| one.ruling).collect();
    let refused = Ruling::Refused { why: RefusedWhy::Score };
    assert_eq!(rulings.iter().filter(|one| **one == Ruling::Passed).count(), 1, "one run an incident: {rulings:?}");
    assert_eq!(rulings.iter().filter(|one| **one == refused).count(), 1, "a refusal holds for ten minutes");
    assert_eq!(stage.store.verifications(kept.id).unwrap().len(), 1);
}

#[test]
fn a_verifier_that_cannot_look_loses_nothing() {
    let broken = Arc::new(AtomicBool::new(true));
    let stage = Rehearsal::new(matter(None), Some(breaks(broken.clone())), None);
    let things = [thing(100.0, RED)];
    for second in (20..=200).step_by(20) {
        assert_eq!(opened(&stage.look(second, &things)), [], "nobody looked");
    }
    broken.store(false, Ordering::SeqCst);
    assert_eq!(opened(&stage.look(220, &things)).len(), 1, "the next look asks again");
}

#[test]
fn what_the_reference_shows_already_is_not_new() {
    // Nothing is accepted for its score here: the same red thing stands on the reference and, later, elsewhere too.
    let stage = Rehearsal::new(matter(Some(0.3)), Some(believes_in_red()), None);
    let old = thing(100.0, RED);
    let reference = Look {
        id: Look::id_of(stage.view.id, &Purpose::Reference, WallTime::from_millis(10_000)),
        purpose: Purpose::Reference,
        ..look_of(&stage, 10)
    };
    stage.look(10, std::slice::from_ref(&old));
    stage.spine.look(&reference).unwrap();
    let mut found = Vec::new();
    for second in (40..=300).step_by(20) {
        let things = [old.clone(), thing(400.0, RED)];
        found.extend(opened(&stage.look(second, if second < 100 { &things[..1] } else { &things[..] })));
    }
    assert_eq!(found.len(), 1, "the new one alone");
    assert!(found[0].bbox.x0() > 0.5, "{:?}", found[0].bbox);
    let said = stage.store.verifications_since(None, WallTime::from_millis(0), 100).unwrap();
    let of = |ruling: Ruling| said.iter().find(|one| one.ruling == ruling).and_then(|one| one.newness).unwrap();
    assert!(of(Ruling::Passed) > 0.3 && of(Ruling::Refused { why: RefusedWhy::NotNew }) < 0.1, "{said:?}");
}

/// Says that rubbish is new in the right half of the view, and nothing in the left one.
fn knows_the_right() -> ScriptedHead {
    ScriptedHead::by_function(|_, pair| {
        let [columns, rows] = pair.now.sides();
        let numbers: Vec<f32> =
            (0..columns * rows).map(|at| if at % columns < columns / 2 { 0.1 } else { 1.0 }).collect();
        Ok(Likelihoods::new(vec!["rubbish".into()], columns * rows, &numbers).unwrap())
    })
}

#[test]
fn what_a_head_says_is_new_lifts_and_what_it_does_not_lowers() {
    // All patches look alike: what is new is for the head to say.
    let patched = ScriptedDetector::by_inspection(|_, picture| {
        let sides = [picture.width(), picture.height()];
        let patches =
            PatchGrid::new(sides, [8, 4], [sides[0] as f32 / 8.0, sides[1] as f32 / 4.0], &[[1.0_f32, 0.0]; 32]);
        Ok(Inspection { patches, ..Inspection::default() })
    });
    let mut matter = matter(None);
    let head = NewnessHead { model: HEAD.into(), classes: vec!["rubbish".into()], passes: Vec::new() };
    let newness = Newness { model: "comparer".into(), head: Some(head), from: 0.5, known: Vec::new() };
    // Without a head one half would pass: 0.3 * logit(0.6) + 0.7 * logit(0.9) = 1.660. It lifts by 2 and lowers by 1.6.
    let accept_min = Score::of_logit(0.5);
    matter.verify = matter.verify.map(|verify| Verify { newness: Some(newness), accept_min, ..verify });
    let head = Arc::new(knows_the_right());
    let stage = Rehearsal::of(vec![matter], Some(believes_in_red()), Some(patched), Some(head.clone()));
    let mut found = Vec::new();
    for second in (20..=400).step_by(20) {
        found.extend(opened(&stage.look(second, &[thing(100.0, RED), thing(400.0, RED)])));
    }
    assert_eq!(found.len(), 1, "the one on the right alone");
    assert!(found[0].bbox.x0() > 0.5 && (found[0].score.value() - Score::of_logit(3.660).value()).abs() < 1e-3);
    assert_eq!(found[0].weights.as_ref().unwrap().head, Some(head.model()));
    let said = stage.store.verifications_since(None, WallTime::from_millis(0), 100).unwrap();
    let mut told: Vec<_> = said.iter().map(|one| (one.ruling == Ruling::Passed, one.newness)).collect();
    told.dedup();
    told.sort_by_key(|one| one.0);
    assert_eq!(told, [(false, Some(0.1)), (true, Some(1.0))]);
    assert_eq!(head.asked(), 1, "once a look, for both places");
}

fn look_of(stage: &Rehearsal, second: i64) -> Look {
    let due = WallTime::from_millis(second * 1000);
    Look {
        id: Look::id_of(stage.view.id, &Purpose::Patrol, due),
        stream: stage.view.stream,
        view: stage.view.id,
        purpose: Purpose::Patrol,
        due,
        decode: stage.matter.decode,
        frames_max: Some(1),
        time_max: std::time::Duration::from_secs(5),
        matters: vec![stage.matter.key.clone()],
    }
}

#[test]
fn a_scan_finds_what_the_cheap_model_misses_and_a_late_look_goes_without() {
    let scan = Scan { model: "whole".into(), every: std::time::Duration::from_secs(60), square: None };
    let asked = Arc::new(std::sync::Mutex::new(0));
    let count = asked.clone();
    let scanner = ScriptedDetector::by_function(move |_, _| {
        *count.lock().unwrap() += 1;
        let bbox = [100.0, 100.0, 180.0, 180.0].into();
        Ok(vec![Detection { class: "car".into(), score: Score::new(0.7).unwrap(), bbox, text: None }])
    });
    let stage = Rehearsal::new(Matter { scan: Some(scan), ..fixtures::matter() }, None, Some(scanner));
    // The first look, at the empty street, was scanned as well.
    assert_eq!(*asked.lock().unwrap(), 1);
    let unseen = Thing { score: 0.0, ..thing(100.0, RED) };
    let mut found = Vec::new();
    for second in (60..=300).step_by(20) {
        let late_s = if (120..=170).contains(&second) { 15 } else { 0 };
        found.extend(opened(&stage.look_late(second, late_s, std::slice::from_ref(&unseen))));
    }
    // 60, then 120 to 160 are late, so 180, 240, 300.
    assert_eq!(*asked.lock().unwrap(), 5, "at most once a minute, and never when late");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].weights.as_ref().and_then(|w| w.scan.as_ref()).map(|m| m.name.as_str()), Some("scanner"));
}

#[test]
fn what_only_a_scan_sees_is_missed_by_scans_alone() {
    let scan = Scan { model: "whole".into(), every: std::time::Duration::from_secs(120), square: None };
    let there = Arc::new(AtomicBool::new(true));
    let is_there = there.clone();
    let scanner = ScriptedDetector::by_function(move |_, _| {
        let bbox = [100.0, 100.0, 180.0, 180.0].into();
        let seen = Detection { class: "car".into(), score: Score::new(0.7).unwrap(), bbox, text: None };
        Ok(if is_there.load(Ordering::SeqCst) { vec![seen] } else { Vec::new() })
    });
    let stage = Rehearsal::new(Matter { scan: Some(scan), ..fixtures::matter() }, None, Some(scanner));
    // Five looks between two scans, in which its spot looks otherwise: a lamp goes on and off.
    let shown = |second: i64| Thing { score: 0.0, ..thing(100.0, if second % 120 == 0 { RED } else { GREEN }) };
    let found: Vec<Incident> =
        (120..=840).step_by(20).flat_map(|second| opened(&stage.look(second, &[shown(second)]))).collect();
    assert_eq!(found.len(), 1, "it stays, although five of six looks cannot see it");
    there.store(false, Ordering::SeqCst);
    let is_closed = |second: i64| {
        let done = stage.look(second, &[]);
        done.changes.iter().any(|change| matches!(change, IncidentChange::Closed { .. }))
    };
    let ends: Vec<i64> = (860..=1500).step_by(20).filter(|second| is_closed(*second)).collect();
    assert_eq!(ends, [1200], "the third scan without it, after 960 and 1080");
}

/// The box around all red pixels.
fn red_box(picture: &Picture) -> Option<Detection> {
    let is_red = |rgb: &[u8]| rgb[0] > 200 && rgb[1] < 90;
    let width = picture.width() as usize;
    let at = |i: usize| [(i % width) as f32, (i / width) as f32];
    let rgb = picture.rgb();
    let red = rgb.chunks_exact(3).enumerate().filter(|(_, rgb)| is_red(rgb)).map(|(i, _)| at(i));
    let grown = red.fold(None, |seen: Option<[f32; 4]>, [x, y]| {
        let [x0, y0, x1, y1] = seen.unwrap_or([x, y, x, y]);
        Some([x0.min(x), y0.min(y), x1.max(x + 1.0), y1.max(y + 1.0)])
    });
    grown.map(|sides| Detection {
        class: "car".into(),
        score: Score::new(0.7).unwrap(),
        bbox: sides.into(),
        text: None,
    })
}

#[test]
fn a_scan_in_squares_tells_one_thing_once_and_where_it_lies() {
    // It knows red pixels, wherever they lie in what it is shown, and not where the square lies.
    let scanner = ScriptedDetector::by_function(|_, picture| Ok(red_box(picture).into_iter().collect()));
    let scan = Scan { model: "whole".into(), every: std::time::Duration::from_secs(20), square: Some(0.5) };
    let stage = Rehearsal::new(Matter { scan: Some(scan), ..fixtures::matter() }, None, Some(scanner));
    let unseen = Thing { score: 0.0, pattern: Pattern::Plain, ..thing(100.0, RED) };
    let found: Vec<Incident> =
        (20..=200).step_by(20).flat_map(|second| opened(&stage.look(second, std::slice::from_ref(&unseen)))).collect();
    assert_eq!(found.len(), 1);
    let want = Homography::IDENTITY.to_reference(&unseen.at.into(), WIDTH, HEIGHT);
    assert!(found[0].bbox.iou(&want) > 0.95, "{:?} {want:?}", found[0].bbox);
}

#[test]
fn a_recheck_scans_at_once() {
    let asked = Arc::new(std::sync::Mutex::new(0));
    let count = asked.clone();
    let scanner = ScriptedDetector::by_function(move |_, _| {
        *count.lock().unwrap() += 1;
        Ok(Vec::new())
    });
    let scan = Scan { model: "whole".into(), every: std::time::Duration::from_secs(3600), square: None };
    let stage = Rehearsal::new(Matter { scan: Some(scan), ..fixtures::matter() }, None, Some(scanner));
    stage.look(20, &[]);
    assert_eq!(*asked.lock().unwrap(), 1, "the first look alone");
    let purpose = Purpose::Recheck { case: crate::domain::CaseId::derived(&[b"handled"]) };
    stage.spine.look(&Look { purpose, ..look_of(&stage, 20) }).unwrap();
    assert_eq!(*asked.lock().unwrap(), 2);
}

/// Six spots in a picture.
const SPOTS: [[f32; 2]; 6] =
    [[40.0, 40.0], [250.0, 40.0], [460.0, 40.0], [40.0, 220.0], [250.0, 220.0], [460.0, 220.0]];

/// A red thing at a spot with a pattern, never twice quite the same: light, size and place waver.
fn wavering(dice: &mut fastrand::Rng, spot: usize, pattern: Pattern) -> Thing {
    let [x, y] = SPOTS[spot];
    let (x, y) = (x + dice.u32(0..5) as f32, y + dice.u32(0..5) as f32);
    let side = (88 + dice.u32(0..4)) as f32;
    let colour = [200 + dice.u8(0..30), 30, 30];
    Thing { at: [x, y, x + side, y + side], colour, pattern, score: 0.6 }
}

/// Shows the things until they would have been reported, then the empty street until they are cleared. Returns the
/// incidents that opened or came back.
fn round(stage: &Rehearsal, second: &mut i64, things: &[Thing]) -> Vec<crate::domain::IncidentId> {
    let mut reported = Vec::new();
    for step in 0..6 {
        *second += 31;
        let done = stage.look(*second, if step < 3 { things } else { &[] });
        let new = |change: &IncidentChange| {
            matches!(change, IncidentChange::Opened { .. } | IncidentChange::Reopened { .. }).then(|| change.incident())
        };
        reported.extend(done.changes.iter().filter_map(new));
    }
    reported
}

/// What stands for litter bins that the models take for rubbish, and for rubbish of three kinds.
const FALSE_PATTERN: Pattern = Pattern::Level;
const TRUE_PATTERNS: [Pattern; 3] = [Pattern::Plain, Pattern::Upright, Pattern::Slanting];

/// Reported of 9 false and of 9 true things.
fn reported(stage: &Rehearsal, second: &mut i64) -> (usize, usize) {
    let mut dice = fastrand::Rng::with_seed(99);
    let (mut wrong, mut right) = (0, 0);
    for number in 0..3 {
        let falses = (0..3).map(|spot| (spot, FALSE_PATTERN));
        let trues = (3..6).map(|spot| (spot, TRUE_PATTERNS[(spot + number) % 3]));
        let things: Vec<Thing> =
            falses.chain(trues).map(|(spot, pattern)| wavering(&mut dice, spot, pattern)).collect();
        for id in round(stage, second, &things) {
            let is_false = stage.store.incident(id).unwrap().bbox.y0() < 0.5;
            wrong += usize::from(is_false);
            right += usize::from(!is_false);
        }
    }
    (wrong, right)
}

/// A reviewer who knows which is which.
fn decided(stage: &Rehearsal, incident: &Incident, is_false: bool, second: i64) {
    let verdict = if is_false { Verdict::Rejected { reason: RejectReason::WrongObject } } else { Verdict::Confirmed };
    let at = WallTime::from_millis(second * 1000);
    let (reviewer, note) = ("张三".to_owned(), String::new());
    let signed = SignedVerdict { incident: incident.id, verdict, reviewer, at, note, undo_until: at };
    stage.store.decide(&signed, &crate::store::conformance::open_case).unwrap();
}

#[test]
fn after_twenty_verdicts_what_was_rejected_does_not_come_again() {
    let untaught = Rehearsal::new(matter(None), Some(believes_in_red()), None);
    assert_eq!(reported(&untaught, &mut 0), (9, 9), "the models believe in both");

    let stage = Rehearsal::new(matter(None), Some(believes_in_red()), None);
    let (mut second, mut verdicts, mut dice) = (0, 0, fastrand::Rng::with_seed(5));
    // Four rounds of five: two or three of each kind, at any spot.
    for number in 0..4_usize {
        let pattern =
            |n: usize| if (n + number).is_multiple_of(2) { FALSE_PATTERN } else { TRUE_PATTERNS[(n + number) % 3] };
        let things: Vec<Thing> = (0..5).map(|spot| wavering(&mut dice, spot, pattern(spot))).collect();
        for id in round(&stage, &mut second, &things) {
            let incident = stage.store.incident(id).unwrap();
            let seen = Homography::IDENTITY.to_frame(&incident.bbox, 640, 360);
            let is_it = |thing: &&Thing| thing.bbox().iou(&seen) > 0.5;
            let thing = things.iter().find(is_it).expect("it was shown");
            if incident.review == Review::Waiting {
                decided(&stage, &incident, thing.pattern == FALSE_PATTERN, second);
                verdicts += 1;
            }
        }
    }
    let (wrong, right) = reported(&stage, &mut second);
    println!("after {verdicts} verdicts: {wrong} of 9 false and {right} of 9 true ones are reported");
    assert!(verdicts <= 20, "{verdicts}");
    assert!(wrong <= 1, "{wrong} of 9 false ones came again: at least 80 % must not");
    assert_eq!(right, 9, "and no true one is lost");
    let said = stage.store.verifications_since(None, WallTime::from_millis(0), 500).unwrap();
    let held = || said.iter().filter(|one| one.ruling == Ruling::Refused { why: RefusedWhy::Exemplar });
    assert!(held().count() > 0 && held().all(|one| one.likened.is_some()), "each names its exemplar");
}

#[test]
fn boxes_drawn_by_hand_teach_as_verdicts_do() {
    use crate::domain::{EXEMPLAR_KEPT, Exemplar, Mark, Origin, Polarity, Scope};
    let stage = Rehearsal::new(matter(None), Some(believes_in_red()), None);
    assert_eq!(reported(&stage, &mut 0), (9, 9), "the models believe in both");

    let stage = Rehearsal::new(matter(None), Some(believes_in_red()), None);
    let (at, mut dice) = (WallTime::from_millis(0), fastrand::Rng::with_seed(5));
    for spot in 0..3 {
        let never = wavering(&mut dice, spot, FALSE_PATTERN);
        let picture = painted(1, std::slice::from_ref(&never));
        let (look, weights) = stage.spine.verifiers["second"].describe(&picture, &never.bbox()).unwrap();
        let bbox = Homography::IDENTITY.to_reference(&never.bbox(), 640, 360);
        let mark = Mark { bbox, version: 1, file: String::new() };
        let exemplar = Exemplar {
            id: Exemplar::of_mark(stage.view.id, &stage.matter.key, &mark),
            matter: stage.matter.key.clone(),
            polarity: Polarity::Suppress,
            scope: Scope::View { view: stage.view.id },
            view: stage.view.id,
            zone: stage.store.registry().unwrap().zones[0].id,
            bbox,
            look,
            weights,
            origin: Origin::Mark(mark),
            by: "李雷".into(),
            at,
            expires: at.plus(EXEMPLAR_KEPT),
            undone: None,
        };
        stage.store.put_exemplar(&exemplar).unwrap();
    }
    let (wrong, right) = reported(&stage, &mut 0);
    println!("after three boxes drawn by hand: {wrong} of 9 false and {right} of 9 true ones are reported");
    assert!(wrong <= 3, "{wrong} of 9 false ones came again");
    assert_eq!(right, 9, "and no true one is lost");
}
