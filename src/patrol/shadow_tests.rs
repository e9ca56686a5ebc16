//! A new model beside an old one, on a stage.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::*;
use crate::{
    analysis::fixtures,
    domain::{IncidentChange, Picture, Shadow},
    infer::{InferError, ScriptedDetector},
    media::jpeg,
    patrol::rehearsal::{Pattern, Rehearsal, Thing},
    store::{ShadowFilter, ShadowStore, SpotsFirst},
};

fn matter(every_s: u64) -> Matter {
    Matter {
        shadow: Some(Shadow { model: Some("new".into()), verifier: None, every: Duration::from_secs(every_s) }),
        ..fixtures::matter()
    }
}

fn thing(x: f32, score: f32) -> Thing {
    Thing { at: [x, 150.0, x + 80.0, 230.0], colour: [200, 30, 30], pattern: Pattern::Slanting, score }
}

fn car(x: f32, score: f32) -> Detection {
    let bbox = BBox::new(x, 150.0, x + 80.0, 230.0);
    Detection { class: "car".into(), score: Score::new(score).unwrap(), bbox, text: None }
}

type Script = dyn Fn(u64, &Picture) -> Result<Vec<Detection>, InferError> + Send + Sync;

/// A stage on which `script` is tried beside the model that the test paints for.
fn stage(every_s: u64, when_full: WhenFull, script: Box<Script>) -> (Rehearsal, tempfile::TempDir) {
    let mut stage = Rehearsal::new(matter(every_s), None, None);
    let folder = tempfile::tempdir().unwrap();
    let new: Arc<dyn Detector> = Arc::new(ScriptedDetector::by_function(script).named("new"));
    let (store, config) = (stage.store.clone(), stage.spine.config.clone());
    let tried = Tried { detectors: BTreeMap::from([("new".to_owned(), new)]), ..Tried::default() };
    let bench = ShadowBench::start(tried, store, config, folder.path().to_path_buf(), when_full);
    stage.spine.shadow = Some(bench.unwrap());
    (stage, folder)
}

#[test]
fn what_the_two_see_differently_is_kept_with_its_picture_and_nothing_is_reported_for_it() {
    let sees = |_: u64, _: &Picture| Ok(vec![car(100.0, 0.9), car(300.0, 0.7)]);
    let (mut stage, folder) = stage(20, WhenFull::Wait, Box::new(sees));
    std::fs::write(folder.path().join("gone.jpg"), "of an earlier life").unwrap();
    let things = [thing(100.0, 0.6), thing(480.0, 0.5)];
    let mut opened = Vec::new();
    for second in [20, 30, 40, 60, 80, 100] {
        opened.extend(stage.look(second, &things).changes);
    }
    drop(stage.spine.shadow.take());

    let counted = stage.store.comparisons(&ShadowFilter::default()).unwrap();
    let [one] = &counted[..] else { panic!("{counted:?}") };
    assert_eq!((one.looks, one.both, one.only_own, one.only_shadow), (5, 5, 5, 5), "at most once in 20 s");
    assert_eq!((one.rivals.own.name.as_str(), one.rivals.shadow.name.as_str()), ("proposer", "new"));
    let kept = stage.store.disagreements(&ShadowFilter::default(), SpotsFirst::Often, 10).unwrap();
    let sides: BTreeMap<_, _> = kept.iter().map(|one| (format!("{:?}", one.what.seen_by), one.looks)).collect();
    assert_eq!(sides, BTreeMap::from([("Own".to_owned(), 5), ("Shadow".to_owned(), 5)]), "each one spot: {kept:?}");
    for one in &kept {
        let picture = jpeg::open(&picture_of(folder.path(), one.id)).unwrap();
        assert!(picture.width() <= 480 && picture.width() >= 96, "{}", picture.width());
    }
    let boxes: Vec<_> = opened
        .iter()
        .filter_map(|change| match change {
            IncidentChange::Opened { incident } => Some(incident.bbox.x0() < 0.3 || incident.bbox.x0() > 0.7),
            _ => None,
        })
        .collect();
    assert_eq!(boxes, [true, true], "the old model's things alone: {opened:?}");
    let places = stage.store.places(stage.view.id).unwrap();
    assert!(places.iter().all(|place| !(0.4..0.6).contains(&place.bbox.x0())), "no place of the new one: {places:?}");
}

#[test]
fn a_late_look_and_a_short_plan_go_without() {
    let asked = Arc::new(AtomicU64::new(0));
    let count = asked.clone();
    let sees = move |_: u64, _: &Picture| {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(Vec::new())
    };
    let (mut stage, _folder) = stage(1, WhenFull::GoOn, Box::new(sees));
    stage.look_late(20, 15, &[]);
    stage.spine.thinned.store(true, Ordering::SeqCst);
    stage.look(40, &[]);
    stage.spine.thinned.store(false, Ordering::SeqCst);
    stage.look(60, &[]);
    drop(stage.spine.shadow.take());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "15 s late of 20 s, then held to key frames, then shown");
}

#[test]
fn no_live_look_waits_for_a_new_model_that_is_slow() {
    let (release, held) = bounded::<()>(0);
    let slow = move |_: u64, _: &Picture| {
        let _ = held.recv_timeout(Duration::from_secs(30));
        Ok(Vec::new())
    };
    let (mut stage, _folder) = stage(1, WhenFull::GoOn, Box::new(slow));
    let began = Instant::now();
    for number in 1..=12 {
        stage.look(20 * number, &[]);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    drop(release);
    drop(stage.spine.shadow.take());
    let judged: u64 = stage.store.comparisons(&ShadowFilter::default()).unwrap().iter().map(|one| one.looks).sum();
    let waiting = u64::try_from(WAITING_MAX).unwrap();
    assert!((waiting..=waiting + 1).contains(&judged), "one in work and those that waited: {judged}");
}

#[test]
fn a_new_model_that_fails_costs_the_look_nothing() {
    let broken = Arc::new(AtomicBool::new(true));
    let flag = broken.clone();
    let fails = move |_: u64, _: &Picture| {
        if flag.load(Ordering::SeqCst) { Err(InferError::Overloaded) } else { Ok(vec![car(100.0, 0.9)]) }
    };
    let (mut stage, _folder) = stage(1, WhenFull::Wait, Box::new(fails));
    let things = [thing(100.0, 0.6)];
    let opened: usize = (1..=6).map(|number| stage.look(20 * number, &things).changes.len()).sum();
    assert!(opened > 0, "the old model reports as ever");
    drop(stage.spine.shadow.take());
    assert_eq!(stage.store.comparisons(&ShadowFilter::default()).unwrap(), []);
}

/// The place of the red thing is passed by the stage's verifier; the new one believes in nothing.
#[test]
fn a_new_verifier_is_asked_about_the_same_place_and_refuses_nothing() {
    let verify = Verify {
        model: "second".into(),
        classes: vec!["waste".into()],
        accept_min: Score::new(0.5).unwrap(),
        again_after: Duration::from_secs(3600),
        newness_min: None,
        newness: None,
        likeness: crate::domain::Likeness { min: 0.95, here_min: 0.95 },
    };
    let shadow = Shadow { model: None, verifier: Some("new".into()), every: Duration::from_secs(60) };
    let matter = Matter { verify: Some(verify), shadow: Some(shadow), ..fixtures::matter() };
    let mut stage = Rehearsal::new(matter, Some(crate::patrol::rehearsal::believes_in_red()), None);
    let folder = tempfile::tempdir().unwrap();
    let blind = ScriptedDetector::by_function(|_, _| Ok(Vec::new())).named("blind");
    let verifier = Verifier { detector: Arc::new(blind), ..stage.spine.verifiers["second"].clone() };
    let tried = Tried { verifiers: BTreeMap::from([("new".to_owned(), verifier)]), ..Tried::default() };
    let (store, config) = (stage.store.clone(), stage.spine.config.clone());
    let bench = ShadowBench::start(tried, store, config, folder.path().to_path_buf(), WhenFull::Wait);
    stage.spine.shadow = Some(bench.unwrap());
    let opened: usize = (1..=6)
        .flat_map(|number| stage.look(20 * number, &[thing(100.0, 0.6)]).changes)
        .filter(|change| matches!(change, IncidentChange::Opened { .. }))
        .count();
    drop(stage.spine.shadow.take());
    assert_eq!(opened, 1, "the old verifier passes it");
    let kept = stage.store.disagreements(&ShadowFilter::default(), SpotsFirst::Often, 10).unwrap();
    let [one] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(
        (one.what.seen_by, one.rivals.own.name.as_str(), one.rivals.shadow.name.as_str()),
        (SeenBy::Own, "verifier", "blind")
    );
    assert!(one.what.score.value() >= 0.5 && one.what.other.is_some_and(|other| other.value() < 0.5), "{one:?}");
    assert!(picture_of(folder.path(), one.id).is_file());
}
