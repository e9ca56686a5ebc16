//! A watch without an end on a view that is looked at for something else as well.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crate::{
    analysis::fixtures,
    domain::*,
    infer::ScriptedDetector,
    patrol::{rehearsal::Rehearsal, scenes::lock},
    store::Store,
};

/// Seconds from one frame to the next.
const FRAME_S: i64 = 2;

/// Something is judged once in 40 s at most, and lies there all the time.
#[test]
fn what_is_judged_seldom_is_judged_on_a_view_that_is_watched_without_an_end() {
    let parking = Matter { decode: DecodeMode::All, ..fixtures::matter() };
    let ad = Matter {
        key: "small_ad".parse().unwrap(),
        model: "reader".into(),
        every: Some(Duration::from_secs(40)),
        composition: Composition {
            anchor: Part { classes: vec!["small_ad".into()], score_min: Score::new(0.3).unwrap() },
            companion: None,
            gather_max: None,
        },
        dwell: Dwell { time: Duration::from_secs(60), sightings_min: 2, seen_share_min: 0.5 },
        ..fixtures::matter()
    };
    let mut stage = Rehearsal::new(parking.clone(), None, None);
    let zone = Zone {
        id: ZoneId::derived(&[b"for ads"]),
        view: stage.view.id,
        matters: vec![ad.key.clone()],
        polygon: vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]].try_into().unwrap(),
        ..fixtures::zone(ZoneKind::Strict)
    };
    stage.store.put_zone(&zone, WallTime::from_millis(0), "test").unwrap();
    stage.spine.scenes.sync(Arc::new(stage.store.registry().unwrap()));
    Arc::make_mut(&mut stage.spine.config).matters =
        BTreeMap::from([(parking.key.clone(), parking.clone()), (ad.key.clone(), ad.clone())]);

    let (paint, mut second) = (stage.painter(), 10);
    let frame = std::sync::Mutex::new(move || {
        second += FRAME_S;
        paint(second * 1000, &[]);
    });
    let empty = move |_: u64, _: &Picture| {
        lock(&frame)();
        Ok(Vec::new())
    };
    let asked: Arc<std::sync::Mutex<Vec<WallTime>>> = Arc::default();
    let (noted, clock) = (asked.clone(), stage.spine.clock.clone());
    let reads = move |_: u64, _: &Picture| {
        lock(&noted).push(clock.now());
        let bbox = BBox::new(200.0, 150.0, 260.0, 200.0);
        Ok(vec![Detection { class: "small_ad".into(), score: Score::new(0.9).unwrap(), bbox, text: None }])
    };
    stage.spine.detectors.insert(parking.model.clone(), Arc::new(ScriptedDetector::by_function(empty)));
    stage.spine.detectors.insert(ad.model.clone(), Arc::new(ScriptedDetector::by_function(reads)));
    let now = stage.spine.clock.now();
    let look = Look {
        id: Look::id_of(stage.view.id, &Purpose::Continuous, now),
        stream: stage.view.stream,
        view: stage.view.id,
        purpose: Purpose::Continuous,
        due: now,
        decode: DecodeMode::All,
        frames_max: None,
        time_max: Duration::from_secs(5),
        matters: vec![parking.key, ad.key.clone()],
    };
    let (stop, mut parts, mut opened) = (AtomicBool::new(false), 0, Vec::new());
    let watched = stage.spine.watch(&look, &stop, |done| {
        opened.extend(done.changes.into_iter().filter_map(|change| match change {
            IncidentChange::Opened { incident } => Some(incident.matter),
            _ => None,
        }));
        parts += 1;
        stop.store(parts >= 18, Ordering::SeqCst);
    });
    watched.unwrap();
    let asked = lock(&asked).clone();
    assert!((4..=5).contains(&asked.len()), "18 parts of 10 s: {asked:?}");
    assert!(asked.windows(2).all(|two| two[1].since(two[0]) >= Duration::from_secs(38)), "{asked:?}");
    assert_eq!(opened, [ad.key], "it lay there for its dwell");
}
