//! Something falls off a lorry, on a stage: what lies on its way afterwards is new, and its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    analysis::fixtures,
    domain::{
        DecodeMode, Incident, IncidentChange, ModelRef, NEW_THING, Newness, Picture, PlateReading, Purpose, Trail,
    },
    infer::{ScriptedDetector, text::Plates},
    patrol::{
        newness::tests::comparer,
        plates::tests::says,
        rehearsal::{Pattern, Rehearsal, Thing},
    },
    store::Store,
};

const EVERY_S: i64 = 20;

/// What lorries (the stage calls all that has a name a car) leave on the street.
fn matter() -> Matter {
    let mut matter = Matter {
        newness: Some(Newness { model: "comparer".into(), head: None, from: 0.25, known: Vec::new() }),
        trail: Some(Trail {
            part: Part { classes: vec!["car".into()], score_min: Score::new(0.4).unwrap() },
            within: Duration::from_secs(600),
            share_min: 0.5,
        }),
        every: Some(Duration::from_secs(EVERY_S as u64)),
        ..fixtures::matter()
    };
    matter.composition.anchor.classes = vec![NEW_THING.into()];
    matter
}

fn lorry(x: f32) -> Thing {
    Thing { at: [x, 100.0, x + 200.0, 290.0], colour: [180, 180, 40], pattern: Pattern::Plain, score: 0.7 }
}

/// Nobody has a name for it.
fn spill() -> Thing {
    Thing { at: [256.0, 240.0, 352.0, 288.0], colour: [30, 60, 220], pattern: Pattern::Upright, score: 0.0 }
}

fn opened(changes: Vec<IncidentChange>) -> impl Iterator<Item = Incident> {
    changes.into_iter().filter_map(|change| match change {
        IncidentChange::Opened { incident } => Some(incident),
        _ => None,
    })
}

#[test]
fn what_lies_where_a_lorry_drove_is_a_spill_and_what_lay_there_before_is_none() {
    const PASSES_S: i64 = 100;
    let run = |lies_from_s: i64, passing: &[Thing]| {
        let stage = Rehearsal::new(matter(), None, Some(comparer(&Arc::default(), &Arc::default())));
        let mut found = Vec::new();
        for second in (EVERY_S..=240).step_by(EVERY_S as usize) {
            let lies = (second >= lies_from_s).then(spill);
            let things: Vec<Thing> = match second {
                PASSES_S => passing.to_vec(),
                _ => lies.into_iter().collect(),
            };
            found.extend(opened(stage.look(second, &things).changes));
        }
        found
    };
    let (after, never) = (PASSES_S + 1, i64::MAX);
    let found = run(after, &[lorry(180.0)]);
    assert!(matches!(&found[..], [one] if one.read.is_none()), "a lorry came by, and there it lies: {found:?}");
    for (why, lies_from_s, passing) in [
        ("nobody came by", after, &[][..]),
        ("a lorry came by elsewhere", after, &[lorry(420.0)]),
        ("it lay there before", 0, &[lorry(180.0)]),
        ("a single comparison saw it before", PASSES_S - EVERY_S, &[lorry(180.0)]),
        ("it lost nothing", never, &[lorry(180.0)]),
        ("a weak box", after, &[Thing { score: 0.35, ..lorry(180.0) }]),
    ] {
        let found = run(lies_from_s, passing);
        assert!(found.is_empty(), "{why}: {found:?}");
    }
}

/// A lorry drives through a watched view within three seconds, between two comparisons, and its load falls; another matter
/// reads its plate.
#[test]
fn a_watch_follows_the_lorry_and_the_incident_has_its_plate() {
    const CAME_S: i64 = 90;
    let spills = Matter { decode: DecodeMode::All, ..matter() };
    let gate = Matter {
        key: "gate".parse().unwrap(),
        plate: Some(PlateReading { model: "plates".into(), frames_min: 3, agreement_min: 0.6 }),
        decode: DecodeMode::All,
        revisit: Duration::from_secs(5),
        ..fixtures::matter()
    };
    let mut stage = Rehearsal::new(spills.clone(), None, Some(comparer(&Arc::default(), &Arc::default())));
    let keys = vec![spills.key.clone(), gate.key.clone()];
    let view = crate::domain::View { matters: keys.clone(), ..stage.view.clone() };
    stage.store.put_view(&view, WallTime::from_millis(0), "test").unwrap();
    stage.spine.scenes.sync(Arc::new(stage.store.registry().unwrap()));
    Arc::make_mut(&mut stage.spine.config).matters =
        BTreeMap::from([(spills.key.clone(), spills.clone()), (gate.key.clone(), gate)]);

    let paint = stage.painter();
    let at = |n: u64| 10_000 + 500 * i64::try_from(n).unwrap();
    let drives = move |n: u64| {
        let x = (at(n) - CAME_S * 1000) as f32 / 3000.0 * 640.0 - 200.0;
        (x > -200.0 && x < 640.0).then(|| lorry(x))
    };
    let sees = move |n: u64, _: &Picture| {
        let mut things: Vec<Thing> = drives(n + 1).into_iter().collect();
        if at(n + 1) > (CAME_S + 3) * 1000 {
            things.push(spill());
        }
        paint(at(n + 1), &things);
        let seen = |thing: Thing| {
            let bbox = thing.bbox().clipped(640.0, 360.0);
            Detection { class: "car".into(), score: Score::new(thing.score).unwrap(), bbox, text: None }
        };
        Ok(drives(n).filter(|_| at(n) > CAME_S * 1000).map(seen).into_iter().collect())
    };
    stage.spine.detectors.insert(spills.model.clone(), Arc::new(ScriptedDetector::by_function(sees)));
    let weights = ModelRef { name: "plates".into(), sha256: "11".repeat(32) };
    let read = |_: &Picture, _: &BBox<FrameSpace>| Ok(vec![says("川A99999", 0.9)]);
    stage.spine.plates.insert("plates".into(), Plates::new(weights, 1280, read));

    let now = stage.spine.clock.now();
    let look = Look {
        id: Look::id_of(view.id, &Purpose::Continuous, now),
        stream: view.stream,
        view: view.id,
        purpose: Purpose::Continuous,
        due: now,
        decode: DecodeMode::All,
        frames_max: None,
        time_max: Duration::from_secs(5),
        matters: keys,
    };
    let (stop, mut found) = (AtomicBool::new(false), Vec::new());
    let watched = stage.spine.watch(&look, &stop, |done| {
        stop.store(done.report.ended >= WallTime::from_millis(240_000), Ordering::SeqCst);
        found.extend(opened(done.changes));
    });
    watched.unwrap_or_else(|error| panic!("{error}"));
    let [incident] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&incident.matter, &incident.read), (&spills.key, &Some(ReadText::new("川A99999"))));
    assert!(!format!("{incident:?}").contains("99999"), "a plate shows itself masked");
}

/// Boxes that a track leaves behind it are handed over once, and a lost one is forgotten.
#[test]
fn ways_are_handed_over_once_and_go_on_where_they_ended() {
    let matters = BTreeMap::from([(matter().key, matter())]);
    let frame = |second: i64| Frame {
        meta: fixtures::meta(second),
        picture: Picture::from_rgb(64, 36, vec![90; 64 * 36 * 3]).unwrap(),
    };
    let track = |second: i64, confirmed: bool| {
        let x = second as f32;
        let (first, last) = (Pts(0), fixtures::meta(second).pts);
        let bbox = BBox::new(x, 10.0, x + 20.0, 30.0);
        Track { id: TrackId(7), class: "car".into(), bbox, score: Score::ONE, first, last, hits: 1, confirmed }
    };
    let mut ways = Ways::default();
    let follow = |ways: &mut Ways, second: i64, confirmed: bool| {
        ways.follow(&matters, &frame(second), &[track(second, confirmed)], |_| None);
    };
    let steps = |handed: &[Drove]| handed.iter().map(|one| one.steps.len()).collect::<Vec<usize>>();
    follow(&mut ways, 1, false);
    assert_eq!(steps(&ways.drove()), [0_usize; 0], "not believed yet");
    follow(&mut ways, 2, true);
    assert_eq!(steps(&ways.drove()), [2]);
    assert_eq!(steps(&ways.drove()), [0_usize; 0], "handed over once");
    follow(&mut ways, 3, true);
    assert_eq!(steps(&ways.drove()), [2], "from where it ended");
    ways.follow(&matters, &frame(9), &[Track { id: TrackId(8), ..track(9, true) }], |_| None);
    ways.drove();
    assert_eq!(ways.0.keys().collect::<Vec<_>>(), [&TrackId(8)]);
}
