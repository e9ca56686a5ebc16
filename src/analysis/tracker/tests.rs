//! The tracker on small made-up streets. Boxes are 40x80 unless said otherwise, 10 frames a second.

use proptest::prelude::*;

use super::*;

const STEP_MS: u64 = 100;

fn pts(frame: u64) -> Pts {
    Pts(frame * STEP_MS * 1_000_000)
}

fn seen(class: &str, score: f32, x: f32, y: f32) -> Detection {
    Detection {
        class: class.into(),
        score: Score::new(score).unwrap(),
        bbox: BBox::new(x - 20.0, y - 40.0, x + 20.0, y + 40.0),
        text: None,
    }
}

/// The id of the track nearest to `x`.
fn id_near(tracks: &[Track], x: f32) -> TrackId {
    let far = |t: &Track| (t.bbox.centre().x - x).abs();
    tracks.iter().min_by(|a, b| far(a).total_cmp(&far(b))).expect("a track was seen").id
}

#[test]
fn a_track_is_confirmed_by_its_third_detection_and_keeps_its_times() {
    let mut tracker = Tracker::new();
    let confirmed: Vec<bool> = (0..4)
        .map(|n| tracker.update(pts(n), &[seen("person", 0.9, 100.0 + 5.0 * n as f32, 200.0)])[0].confirmed)
        .collect();
    assert_eq!(confirmed, [false, false, true, true]);
    let track = &tracker.update(pts(4), &[seen("person", 0.8, 120.0, 200.0)])[0];
    assert_eq!((track.id, track.first, track.last, track.hits), (TrackId(0), pts(0), pts(4), 5));
    assert!((track.bbox.centre().x - 120.0).abs() < 3.0, "{:?}", track.bbox);
}

#[test]
fn who_is_looked_for_begins_a_track_from_its_own_least_score_on() {
    let run = |class: &str, score: f32| {
        let mut tracker = Tracker::new();
        tracker.trust(vec![Part { classes: vec!["truck".into()], score_min: Score::new(0.35).unwrap() }]);
        (0..3).map(|n| tracker.update(pts(n), &[seen(class, score, 100.0, 200.0)]).len()).sum::<usize>()
    };
    assert_eq!([run("truck", 0.36), run("truck", 0.34), run("car", 0.45), run("car", 0.5)], [3, 0, 0, 3]);
}

#[test]
fn two_that_cross_keep_their_numbers() {
    let mut tracker = Tracker::new();
    let at = |n: u64| (100.0 + 8.0 * n as f32, 420.0 - 8.0 * n as f32);
    let mut first = Vec::new();
    for n in 0..40 {
        let (a, b) = at(n);
        let tracks = tracker.update(pts(n), &[seen("person", 0.9, a, 200.0), seen("person", 0.9, b, 206.0)]);
        if n == 5 {
            first = vec![id_near(&tracks, a), id_near(&tracks, b)];
        }
        if n == 39 {
            assert_eq!(vec![id_near(&tracks, a), id_near(&tracks, b)], first);
        }
    }
}

#[test]
fn a_second_behind_a_pillar_does_not_end_a_track() {
    let mut tracker = Tracker::new();
    let x = |n: u64| 100.0 + 6.0 * n as f32;
    for n in 0..10 {
        tracker.update(pts(n), &[seen("person", 0.9, x(n), 200.0)]);
    }
    for n in 10..20 {
        assert!(tracker.update(pts(n), &[]).is_empty(), "what is not seen is not reported");
    }
    let back = tracker.update(pts(20), &[seen("person", 0.9, x(20), 200.0)]);
    assert_eq!((back[0].id, back[0].hits), (TrackId(0), 11));
}

#[test]
fn gaps_count_in_media_time_not_in_frames() {
    // Two frames only, 3 s apart: longer than LOST_MAX, whatever the frame rate.
    let mut tracker = Tracker::new();
    for n in 0..4 {
        tracker.update(pts(n), &[seen("car", 0.9, 100.0, 200.0)]);
    }
    let back = tracker.update(pts(34), &[seen("car", 0.9, 100.0, 200.0)]);
    assert_eq!(back[0].id, TrackId(1));
}

#[test]
fn weak_boxes_carry_a_track_on_but_begin_none() {
    let mut tracker = Tracker::new();
    assert!(tracker.update(pts(0), &[seen("person", 0.3, 100.0, 200.0)]).is_empty());
    for n in 1..5 {
        tracker.update(pts(n), &[seen("person", 0.9, 100.0 + 4.0 * n as f32, 200.0)]);
    }
    for n in 5..9 {
        let tracks = tracker.update(pts(n), &[seen("person", 0.2, 100.0 + 4.0 * n as f32, 200.0)]);
        assert_eq!((tracks.len(), tracks[0].id), (1, TrackId(0)), "frame {n}");
    }
    assert!(tracker.update(pts(9), &[seen("person", 0.05, 140.0, 200.0)]).is_empty());
}

#[test]
fn a_wavering_class_is_settled_by_the_sum_of_scores() {
    let mut tracker = Tracker::new();
    for (n, (class, score)) in [("truck", 0.9), ("car", 0.6), ("truck", 0.8), ("car", 0.6)].into_iter().enumerate() {
        let tracks = tracker.update(pts(n as u64), &[seen(class, score, 100.0, 200.0)]);
        assert_eq!((tracks.len(), &*tracks[0].class), (1, "truck"));
    }
}

#[test]
fn time_that_runs_backwards_begins_a_new_session() {
    let mut tracker = Tracker::new();
    tracker.update(pts(50), &[seen("car", 0.9, 100.0, 200.0)]);
    let tracks = tracker.update(pts(1), &[seen("car", 0.9, 100.0, 200.0)]);
    assert_eq!((tracks[0].id, tracks[0].first), (TrackId(1), pts(1)));
}

#[test]
fn a_flood_of_boxes_is_bounded() {
    let mut tracker = Tracker::new();
    for n in 0..3_u64 {
        let flood: Vec<Detection> =
            (0..300).map(|i| seen("person", 0.9, 100.0 * i as f32 + 5000.0 * n as f32, 50.0)).collect();
        assert!(tracker.update(pts(n), &flood).len() <= TRACKS_MAX);
    }
}

fn any_detection() -> impl Strategy<Value = Detection> {
    let side = prop_oneof![-50.0_f32..700.0, Just(0.0), Just(f32::NAN), Just(1e30)];
    (side.clone(), side.clone(), side.clone(), side, 0.0_f32..=1.0, 0..3_usize).prop_map(
        |(a, b, c, d, score, class)| Detection {
            class: ["person", "car", "truck"][class].into(),
            score: Score::new(score).unwrap(),
            bbox: BBox::new(a, b, c, d),
            text: None,
        },
    )
}

proptest! {
    #[test]
    fn numbers_are_never_doubled_and_nothing_panics(
        frames in prop::collection::vec((0..20_000_u64, prop::collection::vec(any_detection(), 0..12)), 1..12),
    ) {
        let mut tracker = Tracker::new();
        for (millis, detections) in frames {
            let tracks = tracker.update(Pts(millis * 1_000_000), &detections);
            prop_assert!(tracks.windows(2).all(|pair| pair[0].id < pair[1].id));
            prop_assert!(tracks.len() <= detections.len());
            for track in tracks {
                prop_assert!(track.first <= track.last && track.hits >= 1);
                prop_assert!(track.bbox.to_array().iter().all(|v| v.is_finite()));
            }
        }
    }
}
