//! A lorry drives through a watched view: who it is is told by its plate, wherever it is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    analysis::{decode::Spelling, fixtures, plate::forms},
    domain::{
        Clearing, DecodeMode, Dwell, IncidentChange, Look, ModelRef, Point, Purpose, Quad, ReadText, Score, WallTime,
    },
    infer::{
        ScriptedDetector,
        text::{PlateSeen, Plates},
    },
    patrol::rehearsal::{Pattern, Rehearsal, Thing},
};

fn matter() -> Matter {
    Matter {
        plate: Some(PlateReading { model: "plates".into(), frames_min: 3, agreement_min: 0.6 }),
        dwell: Dwell { time: Duration::from_secs(1), sightings_min: 2, seen_share_min: 0.0 },
        clearing: Clearing { looks: 2, over: Duration::from_secs(2) },
        revisit: Duration::from_secs(1),
        decode: DecodeMode::All,
        ..fixtures::matter()
    }
}

/// A frame that says `text`, as sure of each character as `weight`.
pub(crate) fn says(text: &str, weight: f32) -> PlateSeen {
    let spelling = Spelling { characters: text.chars().map(|c| (c, weight)).collect(), log_likelihood: -2.0 };
    let mut reading: FrameReading = vec![None; forms().len()];
    reading[0] = Some(spelling);
    let corners = [[0.0, 0.0], [9.0, 0.0], [9.0, 3.0], [0.0, 3.0]].map(Point::from);
    PlateSeen { quad: Quad(corners), score: Score::ONE, reading }
}

/// What happened while a lorry crossed the view in 6 s at 4 frames a second, its plate read in turn as `said`; then the
/// view is empty for 6 s.
fn crossed(said: &'static [&'static str]) -> (Vec<IncidentChange>, usize) {
    let mut rehearsal = Rehearsal::new(matter(), None, None);
    let paint = rehearsal.painter();
    let lorry = move |n: u64, _: &crate::domain::Picture| {
        let at = |n: u64| {
            let x = 10.0 + 15.0 * n as f32;
            let at = [x, 120.0, x + 160.0, 260.0];
            (n < 24).then_some(Thing { at, colour: [200, 30, 30], pattern: Pattern::Slanting, score: 0.8 })
        };
        let seen = |thing: Thing| Detection {
            class: "car".into(),
            score: Score::new(thing.score).unwrap(),
            bbox: thing.bbox(),
            text: None,
        };
        paint(1000 + 250 * i64::try_from(n).unwrap(), at(n + 1).as_slice());
        Ok(at(n).map(seen).into_iter().collect())
    };
    let (model, asked) = (rehearsal.matter.model.clone(), Arc::new(std::sync::atomic::AtomicUsize::new(0)));
    rehearsal.spine.detectors.insert(model, Arc::new(ScriptedDetector::by_function(lorry)));
    let count = asked.clone();
    let read = move |_: &crate::domain::Picture, part: &BBox<FrameSpace>| {
        assert!(part.width() < 200.0 && part.height() < 160.0, "the vehicle's part alone is read: {part:?}");
        let said = said.get(count.fetch_add(1, Ordering::SeqCst) % said.len().max(1));
        Ok(said.map(|text| says(text, 0.9)).into_iter().collect())
    };
    let weights = ModelRef { name: "plates".into(), sha256: "11".repeat(32) };
    rehearsal.spine.plates.insert("plates".into(), Plates::new(weights, 1280, read));
    let now = WallTime::from_millis(1000);
    let look = Look {
        id: Look::id_of(rehearsal.view.id, &Purpose::Continuous, now),
        stream: rehearsal.view.stream,
        view: rehearsal.view.id,
        purpose: Purpose::Continuous,
        due: now,
        decode: DecodeMode::All,
        frames_max: None,
        time_max: Duration::from_secs(5),
        matters: vec![rehearsal.matter.key.clone()],
    };
    let (stop, mut changes, mut parts) = (AtomicBool::new(false), Vec::new(), 0);
    let watched = rehearsal.spine.watch(&look, &stop, |done| {
        changes.extend(done.changes);
        parts += 1;
        stop.store(parts >= 12, Ordering::SeqCst);
    });
    watched.unwrap_or_else(|error| panic!("{error}"));
    (changes, asked.load(Ordering::SeqCst))
}

fn opened(changes: &[IncidentChange]) -> Vec<Option<ReadText>> {
    let one = |change: &IncidentChange| match change {
        IncidentChange::Opened { incident } => Some(incident.read.clone()),
        _ => None,
    };
    changes.iter().filter_map(one).collect()
}

#[test]
fn a_vehicle_that_is_not_on_record_is_one_incident_wherever_it_drives() {
    let (changes, _) = crossed(&["川A99999", "川A99999", "川A99990"]);
    assert_eq!(opened(&changes), [Some(ReadText::new("川A99999"))], "the frames outvote the misread one: {changes:?}");
    let closed = changes.iter().filter(|change| matches!(change, IncidentChange::Closed { .. })).count();
    assert_eq!(closed, 1, "it drove away: {changes:?}");
    let Some(IncidentChange::Opened { incident }) = changes.first() else { panic!("{changes:?}") };
    let weights = incident.weights.as_ref().expect("noted");
    assert_eq!(weights.verifier.as_ref().map(|model| model.name.as_str()), Some("plates"));
    assert!(!format!("{changes:?}").contains("99999"), "a plate shows itself masked");
}

#[test]
fn a_vehicle_on_record_and_one_that_cannot_be_read_are_not_reported() {
    let (changes, asked) = crossed(&["川A12345"]);
    assert!(changes.is_empty() && asked > 10, "city/example/vehicles.tsv has it: {changes:?}");
    let (changes, asked) = crossed(&[]);
    assert!(changes.is_empty() && asked > 10, "nothing was read: {changes:?}");
    let (changes, _) = crossed(&["川A99999", "京B88888", "沪C77777"]);
    assert!(changes.is_empty(), "the frames do not agree: {changes:?}");
}
