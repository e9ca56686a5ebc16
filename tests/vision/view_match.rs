//! View match on real frames under what happens to cameras.

use std::sync::OnceLock;

use proptest::prelude::*;
use xunjie::{
    domain::{Homography, Picture, ViewState, WallTime},
    media::view_match::{FROZEN_PICTURES_MIN, UnusableReference, ViewMatcher},
};

use super::frames::{Chance, PLAIN, SHOT, Shot, keep_for_eyes, painted};

fn at(second: i64) -> WallTime {
    WallTime::from_millis(1_700_000_000_000 + second * 1000)
}

fn matcher() -> ViewMatcher {
    static REFERENCE: OnceLock<Picture> = OnceLock::new();
    ViewMatcher::new(REFERENCE.get_or_init(|| PLAIN.take())).expect("the clip is a fine reference")
}

/// How far the map puts the corners from where they belong, as a share of the width.
fn error_of(found: &Homography, truth: &Homography) -> f64 {
    let (w, h) = (f64::from(SHOT.0), f64::from(SHOT.1));
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let off = corners.map(|(x, y)| {
        let ((a, b), (c, d)) = (found.apply(x, y), truth.apply(x, y));
        ((a - c) * w).hypot((b - d) * h) / w
    });
    off.into_iter().fold(0.0, f64::max)
}

#[test]
fn cameras_that_were_moved_lit_and_shaken() {
    use ViewState::{Blurred, Dark, Moved, Same};
    let other = |frame| Shot { frame, ..PLAIN };
    let shaken = |shift| Shot { shift, frame: 5, ..PLAIN };
    let cases = [
        ("itself", PLAIN, Same),
        ("other walkers", other(10), Same),
        ("other walkers", other(20), Same),
        ("other walkers", other(30), Same),
        ("1 px", shaken([1.0, 0.0]), Same),
        ("3 px", shaken([-2.0, 2.5]), Same),
        ("10 px", shaken([8.0, -6.0]), Same),
        ("30 px", shaken([-24.0, 18.0]), Same),
        ("60 px", shaken([-48.0, 36.0]), Moved),
        ("1 degree", Shot { turn_deg: 1.0, ..other(7) }, Same),
        ("10 degrees", Shot { turn_deg: 10.0, ..other(8) }, Moved),
        ("-10 degrees", Shot { turn_deg: -10.0, ..other(8) }, Moved),
        ("zoom 1.02", Shot { zoom: 1.02, ..other(9) }, Same),
        ("zoom 1.3", Shot { zoom: 1.3, ..other(11) }, Moved),
        ("shaken and turned", Shot { shift: [6.0, 4.0], turn_deg: -0.7, zoom: 0.99, ..other(12) }, Same),
        ("half the light", Shot { gain: 0.5, ..other(13) }, Same),
        ("bright", Shot { gain: 1.6, ..other(14) }, Same),
        ("gamma 0.6", Shot { gamma: 0.6, ..other(15) }, Same),
        ("gamma 1.8", Shot { gamma: 1.8, ..other(16) }, Same),
        ("dusk and noise", Shot { gain: 0.3, noise: 4.0, ..other(17) }, Same),
        ("night", Shot { gain: 0.08, noise: 2.0, ..other(18) }, Dark),
        ("noise", Shot { noise: 10.0, ..other(19) }, Same),
        ("jpeg 25", Shot { jpeg: Some(25), ..other(21) }, Same),
        ("a little soft", Shot { blur_px: 1, ..other(22) }, Same),
        ("out of focus", Shot { blur_px: 5, ..other(23) }, Blurred),
        ("far out of focus", Shot { blur_px: 12, ..other(24) }, Blurred),
    ];
    let mut faults = Vec::new();
    for (name, shot, wanted) in cases {
        let (found, reason) = matcher().compare(&shot.take(), at(0));
        let error = error_of(&found.homography, &shot.truth());
        println!(
            "{name:18} {:?} likeness {:.2} map off {:.2} % {reason:?}",
            found.state,
            found.likeness,
            error * 100.0
        );
        let measured = found.state == Same || (found.state == Moved && found.likeness > 0.0);
        if found.state != wanted || (measured && error > 0.01) || reason.is_some() != (wanted != Same) {
            faults.push(name);
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
}

/// Something between the camera and the scene: a rectangle and the grain of what fills it.
#[test]
fn things_before_the_lens() {
    let (w, h) = SHOT;
    let wavy = |x: u32, y: u32| {
        let panel = if (x / 90 + y / 110).is_multiple_of(2) { 150 } else { 165 };
        let rivet = if x % 45 < 2 || y % 55 < 2 { 60 } else { 0 };
        [panel - rivet, 60, 70 + (rivet / 2)]
    };
    let cases = [
        ("a sheet over 95 %", [0, 0, w, h * 95 / 100], false, ViewState::Covered),
        ("a sheet over all", [0, 0, w, h], false, ViewState::Covered),
        ("a bag over a third", [0, 0, w / 3, h], false, ViewState::Same),
        ("a lorry over 40 %", [w / 10, h / 5, w * 7 / 10, h * 87 / 100], true, ViewState::Same),
        ("a lorry over the left half", [0, 0, w / 2, h], true, ViewState::Same),
        ("a lorry over the right half", [w / 2, 0, w, h], true, ViewState::Same),
    ];
    let mut faults = Vec::new();
    for (i, (name, rect, lorry, wanted)) in cases.into_iter().enumerate() {
        let mut chance = Chance::new(i as u64 + 1);
        let grey = |_: u32, _: u32| [(128.0 + 5.0 * chance.next()) as u8; 3];
        let scene = Shot { frame: 6 + i, ..PLAIN }.take();
        let picture = if lorry { painted(&scene, rect, wavy) } else { painted(&scene, rect, grey) };
        keep_for_eyes(&format!("before-{i}.png"), &picture);
        let (found, reason) = matcher().compare(&picture, at(0));
        let error = error_of(&found.homography, &Homography::IDENTITY);
        println!(
            "{name:28} {:?} likeness {:.2} map off {:.2} % {reason:?}",
            found.state,
            found.likeness,
            error * 100.0
        );
        if found.state != wanted || error > 0.01 {
            faults.push(name);
        }
    }
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn another_scene_is_moved_and_maps_nothing() {
    // The upper right of the frame, enlarged, is no part of what the lower left shows.
    let frame = super::frames::frame(3);
    let cut = |x0: u32, y0: u32| {
        let rgb =
            (0..240).flat_map(|y| (0..320).flat_map(move |x| [(x, y)])).flat_map(|(x, y)| frame.rgb_at(x0 + x, y0 + y));
        Picture::from_rgb(320, 240, rgb.collect()).unwrap()
    };
    let (found, reason) = ViewMatcher::new(&cut(0, 0)).unwrap().compare(&cut(448, 0), at(0));
    assert_eq!((found.state, found.homography), (ViewState::Moved, Homography::IDENTITY), "{reason:?}");
}

fn still(name: &str) -> Picture {
    let folder = std::path::Path::new("/usr/share/doc/opencv-doc/examples/data");
    xunjie::media::jpeg::open(&folder.join(name)).expect("opencv-doc is installed")
}

/// The camera walked on and turned (the "Leuven" pair), and pictures that have nothing in common.
#[test]
fn another_viewpoint_and_unrelated_pictures_never_match() {
    for (reference, others) in [
        ("leuvenA.jpg", ["leuvenB.jpg", "home.jpg", "fruits.jpg"]),
        ("building.jpg", ["board.jpg", "leuvenA.jpg", "messi5.jpg"]),
    ] {
        let mut matcher = ViewMatcher::new(&still(reference)).unwrap();
        for other in others {
            let (found, _) = matcher.compare(&still(other), at(0));
            println!("{other} for {reference}: {:?}", found.state);
            assert_ne!(found.state, ViewState::Same, "{other} for {reference}");
            assert_eq!(found.homography, Homography::IDENTITY, "{other} for {reference}");
        }
    }
}

#[test]
fn a_picture_that_repeats_is_frozen_and_a_living_one_is_not() {
    let mut matcher = matcher();
    let still = Shot { frame: 4, ..PLAIN }.take();
    let states: Vec<ViewState> = (0..8).map(|n| matcher.compare(&still, at(n * 10)).0.state).collect();
    let first = FROZEN_PICTURES_MIN as usize - 1;
    assert!(states[..first].iter().all(|s| *s == ViewState::Same), "{states:?}");
    assert!(states[first..].iter().all(|s| *s == ViewState::Frozen), "{states:?}");
    let (_, reason) = matcher.compare(&still, at(80));
    assert!(reason.unwrap().zh.contains("80 秒"));
    // One bit of noise anywhere that is looked at, and it lives again.
    let alive = painted(&still, [300, 200, 340, 240], |x, y| still.rgb_at(x, y).map(|v| v.saturating_add(1)));
    assert_eq!(matcher.compare(&alive, at(90)).0.state, ViewState::Same);
    // Many identical pictures in little time are an encoder's skipped blocks.
    let quick: Vec<ViewState> = (0..12).map(|n| matcher.compare(&still, at(100 + n)).0.state).collect();
    assert!(quick.iter().all(|s| *s == ViewState::Same), "{quick:?}");
}

#[test]
fn a_black_or_empty_picture_is_no_reference() {
    let flat = |value: u8| Picture::from_rgb(640, 480, vec![value; 640 * 480 * 3]).unwrap();
    assert_eq!(ViewMatcher::new(&flat(5)).err(), Some(UnusableReference::Dark));
    assert_eq!(ViewMatcher::new(&flat(180)).err(), Some(UnusableReference::Featureless(0)));
}

#[test]
fn a_picture_of_another_size_still_compares() {
    let shot = Shot { frame: 9, ..PLAIN }.take();
    let small: Vec<u8> = (0..288)
        .flat_map(|y| (0..352).map(move |x| (x, y)))
        .flat_map(|(x, y)| shot.rgb_at(x * 640 / 352, y * 480 / 288))
        .collect();
    let (found, reason) = matcher().compare(&Picture::from_rgb(352, 288, small).unwrap(), at(0));
    assert_eq!(found.state, ViewState::Same, "{reason:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]
    #[test]
    fn small_shakes_are_corrected(
        dx in -16.0..16.0_f64, dy in -16.0..16.0_f64, turn_deg in -1.0..1.0_f64, zoom in 0.985..1.015_f64, frame in 1..39_usize,
    ) {
        let shot = Shot { frame, shift: [dx, dy], turn_deg, zoom, ..PLAIN };
        let (found, reason) = matcher().compare(&shot.take(), at(0));
        prop_assert_eq!(found.state, ViewState::Same, "{:?}", reason);
        let error = error_of(&found.homography, &shot.truth());
        prop_assert!(error < 0.015, "corners are off by {:.2} %", error * 100.0);
    }
}

#[test]
fn a_matcher_that_rested_says_the_same() {
    let (mut awake, mut rested) = (matcher(), matcher());
    for (second, frame) in [3, 9, 21].into_iter().enumerate() {
        let picture = Shot { shift: [4.0, -3.0], frame, ..PLAIN }.take();
        rested.rest();
        let now = at(second as i64);
        assert_eq!(rested.compare(&picture, now), awake.compare(&picture, now));
    }
}
