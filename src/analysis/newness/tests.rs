//! Newness on grids of made-up looks: 12 x 8 patches of 10 px.

use std::sync::Arc;

use super::*;
use crate::{
    analysis::verify::Square,
    domain::{Homography, NEW_SPILL, NEW_THING, Newness, NewnessHead, ReferenceSpace, Score},
};

const SIDES: [usize; 2] = [12, 8];

/// Every patch looks in a direction of its own; those of `things` in another one. `light` is added to all.
fn grid(things: &[(usize, usize)], light: f32) -> PatchGrid {
    let tokens: Vec<Vec<f32>> = (0..SIDES[0] * SIDES[1])
        .map(|at| {
            let mut dice = fastrand::Rng::with_seed(at as u64);
            let mut token: Vec<f32> = (0..32).map(|_| dice.f32() - 0.5 + light).collect();
            if things.contains(&(at % SIDES[0], at / SIDES[0])) {
                token.iter_mut().enumerate().for_each(|(n, value)| *value = if n % 2 == 0 { 1.0 } else { -1.0 });
            }
            token
        })
        .collect();
    PatchGrid::new([120, 80], SIDES, [10.0, 10.0], &tokens).unwrap()
}

fn detection(class: &str, score: f32, bbox: [f32; 4]) -> Detection {
    Detection { class: class.into(), score: Score::new(score).unwrap(), bbox: bbox.into(), text: None }
}

fn map(now: &PatchGrid, passing: &[BBox<FrameSpace>], passed: &[BBox<ReferenceSpace>]) -> NewnessMap {
    NewnessMap::of(now, passing, &grid(&[], 0.0), passed, &Homography::IDENTITY).unwrap()
}

/// Who asks by the cosine.
fn from(from: f32) -> Newness {
    Newness { model: "wide".into(), head: None, from, known: Vec::new() }
}

/// Who asks by a head.
fn by_head(classes: &[&str], passes: &[&str]) -> Newness {
    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    let head = NewnessHead { model: "head".into(), classes: names(classes), passes: names(passes) };
    Newness { head: Some(head), ..from(0.5) }
}

const CART: [(usize, usize); 4] = [(4, 3), (5, 3), (4, 4), (5, 4)];

#[test]
fn what_was_not_there_is_one_thing_whatever_the_light() {
    for light in [0.0, 0.2, -0.15] {
        let found = map(&grid(&CART, light), &[], &[]).asked(&from(0.3)).judged(&[]);
        assert_eq!(found.len(), 1, "{light}: {found:?}");
        assert_eq!((&*found[0].class, found[0].bbox.to_array()), (NEW_THING, [45.0, 35.0, 55.0, 45.0]));
        assert!(found[0].score.value() > 0.5);
    }
    assert_eq!(map(&grid(&[], 0.2), &[], &[]).asked(&from(0.3)).judged(&[]), [], "the same street in another light");
    assert_eq!(map(&grid(&CART[..1], 0.0), &[], &[]).asked(&from(0.3)).judged(&[]), [], "one patch is no thing");
}

#[test]
fn a_camera_that_shakes_makes_nothing_new() {
    let aside = Homography([[1.0, 0.0, 0.09], [0.0, 1.0, -0.1], [0.0, 0.0, 1.0]]);
    let map = NewnessMap::of(&grid(&[], 0.0), &[], &grid(&[], 0.0), &[], &aside).unwrap();
    assert_eq!(map.asked(&from(0.3)).judged(&[]), []);
}

#[test]
fn who_passes_is_not_new_and_where_somebody_stood_in_the_reference_nothing_is_said() {
    let now = grid(&CART, 0.0);
    assert_eq!(map(&now, &[[38.0, 20.0, 62.0, 50.0].into()], &[]).asked(&from(0.3)).judged(&[]), []);
    let then = BBox::<ReferenceSpace>::from([0.3, 0.3, 0.55, 0.7]);
    assert_eq!(map(&now, &[], &[then]).asked(&from(0.3)).judged(&[]), []);
    assert_eq!(map(&now, &[], &[then]).asked(&from(0.3)).in_box(&[42.0, 32.0, 58.0, 48.0].into()), None);
    assert!(passes(&detection("person", 0.5, [0.0; 4])) && !passes(&detection("person", 0.2, [0.0; 4])));
    assert!(!passes(&detection("umbrella", 0.9, [0.0; 4])));
}

#[test]
fn furniture_that_was_there_before_is_left_out() {
    let seen = [
        detection("bench", 0.8, [80.0, 30.0, 110.0, 60.0]),
        detection("umbrella", 0.7, [35.0, 25.0, 65.0, 55.0]),
        detection("person", 0.9, [80.0, 10.0, 95.0, 60.0]),
    ];
    let found = map(&grid(&CART, 0.0), &[], &[]).asked(&from(0.3)).judged(&seen);
    let classes: Vec<&str> = found.iter().map(|one| &*one.class).collect();
    assert_eq!(classes, ["umbrella", "person", NEW_THING]);
}

#[test]
fn who_stood_there_in_the_reference_keeps_nobody_company() {
    let poster = BBox::<ReferenceSpace>::from([0.7, 0.2, 0.78, 0.75]);
    let people =
        [detection("person", 0.8, [84.0, 17.0, 94.0, 60.0]), detection("person", 0.8, [24.0, 17.0, 33.6, 60.0])];
    let moved = Homography([[1.0, 0.0, 0.5], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    for (homography, left) in [(Homography::IDENTITY, 24.0), (moved, 84.0)] {
        let then = [BBox::from([poster.x0(), 0.2, poster.x1(), 0.75])];
        let map = NewnessMap::of(&grid(&[], 0.0), &[], &grid(&[], 0.0), &then, &homography).unwrap();
        let new: Vec<f32> = map.asked(&from(2.0)).judged(&people).iter().map(|one| one.bbox.x0()).collect();
        assert_eq!(new, [left]);
    }
}

#[test]
fn a_closer_look_is_around_what_is_new_and_takes_away_what_it_has_a_name_for() {
    let mut map = map(&grid(&CART, 0.0), &[], &[]);
    assert_eq!(map.squares(&[&from(0.3)], |_| true), [Square { x: 30, y: 20, side: 40 }]);
    assert_eq!(map.squares(&[&from(0.3)], |_| false), [], "in no zone");
    map.look_closer(vec![detection("person", 0.6, [62.0, 20.0, 70.0, 50.0])]);
    let classes = |map: &NewnessMap| {
        map.asked(&from(0.3)).judged(&[]).iter().map(|one| one.class.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(classes(&map), ["person", NEW_THING]);
    map.look_closer(vec![detection("truck", 0.5, [38.0, 28.0, 62.0, 52.0])]);
    assert_eq!(classes(&map), ["person", "truck"]);
}

#[test]
fn each_thing_has_its_square_and_there_are_no_more_than_six() {
    let squares_of = |corners: &[(usize, usize)]| {
        let patches: Vec<_> = corners.iter().flat_map(|(x, y)| CART.map(|(cx, cy)| (x + cx - 4, y + cy - 3))).collect();
        map(&grid(&patches, 0.0), &[], &[]).squares(&[&from(0.3)], |_| true).len()
    };
    assert_eq!(squares_of(&[(0, 0), (10, 0)]), 2);
    let many: Vec<(usize, usize)> = [0, 3, 6, 9].into_iter().flat_map(|x| [0, 3].map(|y| (x, y))).collect();
    assert_eq!((many.len(), squares_of(&many)), (8, 6));
}

#[test]
fn a_stripe_and_what_hems_somebody_are_no_things() {
    let stripe: Vec<(usize, usize)> = (2..9).map(|x| (x, 4)).collect();
    assert_eq!(map(&grid(&stripe, 0.0), &[], &[]).asked(&from(0.3)).judged(&[]), []);
    // Two columns of a wide thing are seen to the left of somebody: one of them is right beside.
    let wide: Vec<(usize, usize)> = (2..6).flat_map(|x| (2..6).map(move |y| (x, y))).collect();
    let somebody = [BBox::from([41.0, 20.0, 62.0, 60.0])];
    assert_eq!(map(&grid(&wide, 0.0), &somebody, &[]).asked(&from(0.3)).judged(&[]).len(), 1);
    let hem: Vec<(usize, usize)> = wide.into_iter().filter(|(x, _)| *x > 2).collect();
    assert_eq!(map(&grid(&hem, 0.0), &somebody, &[]).asked(&from(0.3)).judged(&[]), [], "a stripe, and right beside");
}

#[test]
fn what_the_comparing_model_has_a_name_for_is_no_thing_without_one() {
    let things = |class: &str, score: f32, bbox: [f32; 4]| {
        let map = map(&grid(&CART, 0.0), &[], &[]);
        map.knowing(&[detection(class, score, bbox)], &["bin".into()]).asked(&from(0.3)).judged(&[]).len()
    };
    let there = [38.0, 25.0, 62.0, 55.0];
    assert_eq!(things("bin", 0.5, there), 0);
    assert_eq!([things("heap", 0.5, there), things("bin", 0.2, there)], [1, 1]);
    assert_eq!(things("bin", 0.5, [80.0, 25.0, 100.0, 55.0]), 1, "elsewhere");
}

#[test]
fn what_stays_outlasts_who_stands_before_it_and_what_passes_is_none() {
    let wide: Vec<(usize, usize)> = (3..7).flat_map(|x| [(x, 3), (x, 4)]).collect();
    let (before, somebody) = (grid(&[], 0.0), [BBox::from([28.0, 20.0, 39.0, 50.0])]);
    let mut recent = Recent::default();
    let mut widths = |there: &[(usize, usize)], passing: &[BBox<FrameSpace>]| {
        let map = map(&grid(there, 0.0), passing, &[]).steadied(&before, &Homography::IDENTITY, &mut recent);
        map.asked(&from(0.3)).judged(&[]).iter().map(|one| one.bbox.width().round() as u32).collect::<Vec<_>>()
    };
    let none: [Vec<u32>; 4] = Default::default();
    assert_eq!([widths(&[], &[]), widths(&wide, &[]), widths(&[], &[]), widths(&[], &[])], none, "it passed");
    assert_eq!([widths(&wide, &[]), widths(&wide, &[])], [vec![], vec![30]], "it stays");
    assert_eq!(widths(&wide, &somebody), [30], "a part is behind somebody");
    assert_eq!(widths(&wide, &somebody), [20], "for too long to know");
    assert_eq!([widths(&[], &[]), widths(&[], &[])], [vec![20], vec![]], "gone");
}

#[test]
fn a_whole_view_that_changed_is_no_thing() {
    let all: Vec<(usize, usize)> = (0..SIDES[0]).flat_map(|x| (0..4).map(move |y| (x, y))).collect();
    assert_eq!(map(&grid(&all, 0.0), &[], &[]).asked(&from(0.3)).judged(&[]), []);
}

#[test]
fn grids_that_are_none_are_refused() {
    let of = |tokens: &[Vec<f32>]| PatchGrid::new([20, 10], [2, 1], [10.0, 10.0], tokens);
    assert!(of(&[vec![1.0, 0.0], vec![0.0, 1.0]]).is_some());
    assert!(of(&[vec![1.0, 0.0]]).is_none(), "a patch is missing");
    assert!(of(&[vec![1.0, 0.0], vec![1.0]]).is_none(), "of another length");
    assert!(of(&[vec![f32::NAN, 0.0], vec![0.0, 1.0]]).is_none());
    assert!(of(&[vec![], vec![]]).is_none());
    let other = of(&[vec![1.0, 0.0], vec![0.0, 1.0]]).unwrap();
    assert_eq!(NewnessMap::of(&other, &[], &grid(&[], 0.0), &[], &Homography::IDENTITY), None);
}

/// A class, where, and by how much.
type Likely<'a> = (&'a str, &'a [(usize, usize)], f32);

/// Says of each class where it is likely, and by how much; of all others 0.05.
fn said(classes: &[Likely<'_>]) -> Likelihoods {
    let names = classes.iter().map(|(name, ..)| (*name).into()).collect();
    let patches = SIDES[0] * SIDES[1];
    let layer = |(_, there, likelihood): &Likely<'_>| {
        let of = |at: usize| if there.contains(&(at % SIDES[0], at / SIDES[0])) { *likelihood } else { 0.05 };
        (0..patches).map(of).collect::<Vec<f32>>()
    };
    Likelihoods::new(names, patches, &classes.iter().flat_map(layer).collect::<Vec<f32>>()).unwrap()
}

const HEAP: [(usize, usize); 6] = [(8, 5), (9, 5), (10, 5), (8, 6), (9, 6), (10, 6)];

#[test]
fn each_matter_is_told_what_its_classes_of_the_head_are() {
    let somebody = [(4, 3), (4, 4)];
    let said = said(&[("thing", &CART, 0.9), ("spill", &HEAP, 0.8), ("person", &somebody, 0.7)]);
    // By the cosine nothing is new at all.
    let map = map(&grid(&[], 0.0), &[], &[]).with_head(said).unwrap();
    let classes = |asked: &Newness| {
        map.asked(asked).judged(&[]).iter().map(|one| (one.class.to_string(), one.bbox.x0())).collect::<Vec<_>>()
    };
    let (thing, spill) = ((NEW_THING.to_owned(), 40.0), (NEW_SPILL.to_owned(), 80.0));
    assert_eq!(classes(&by_head(&["thing"], &[])), std::slice::from_ref(&thing));
    assert_eq!(classes(&by_head(&["spill"], &["person"])), std::slice::from_ref(&spill));
    assert_eq!(classes(&by_head(&["spill", "thing"], &[])), [thing, spill], "each thing by its own class");
    let rest = (NEW_THING.to_owned(), 50.0);
    assert_eq!(
        classes(&by_head(&["thing"], &["person"])),
        [rest],
        "half of it is somebody, the rest is one patch wide"
    );
    assert_eq!(classes(&by_head(&["rubbish"], &[])), [], "of no class that it speaks of");
    assert_eq!(classes(&from(0.3)), [], "who asks by the cosine is told what it says");
    assert_eq!(map.squares(&[&by_head(&["thing"], &[]), &by_head(&["spill"], &[]), &from(0.3)], |_| true).len(), 2);
}

#[test]
fn by_a_head_a_thing_may_be_one_patch_high_or_wide() {
    let flat: Vec<(usize, usize)> = (3..9).map(|x| (x, 5)).collect();
    let upright: Vec<(usize, usize)> = (1..6).map(|y| (3, y)).collect();
    let found = |class: &str, there: &[(usize, usize)]| {
        let map = map(&grid(&[], 0.0), &[], &[]).with_head(said(&[(class, there, 0.9)])).unwrap();
        map.asked(&by_head(&[class], &[])).judged(&[]).iter().map(|one| one.bbox.to_array()).collect::<Vec<_>>()
    };
    assert_eq!(found("spill", &flat), [[30.0, 50.0, 90.0, 60.0]], "as high as its patch");
    assert_eq!(found("thing", &upright), [[30.0, 10.0, 40.0, 60.0]], "as wide as its patch");
    assert_eq!(found("thing", &upright[..1]), [] as [[f32; 4]; 0], "one patch is none");
    // A stall whose middle is less likely than its ends is one all the same.
    let mut numbers = vec![0.05; SIDES[0] * SIDES[1]];
    flat.iter().for_each(|(x, y)| numbers[y * SIDES[0] + x] = if (5..7).contains(x) { 0.55 } else { 0.99 });
    let uneven = Likelihoods::new(vec!["thing".into()], numbers.len(), &numbers).unwrap();
    let map = map(&grid(&[], 0.0), &[], &[]).with_head(uneven).unwrap();
    assert_eq!(map.asked(&by_head(&["thing"], &[])).judged(&[]).len(), 1);
}

#[test]
fn a_named_thing_is_new_by_any_class_that_does_not_pass() {
    let map = map(&grid(&CART, 0.0), &[], &[]).with_head(said(&[("thing", &[], 0.0), ("bin", &CART, 0.3)])).unwrap();
    let umbrella = [detection("umbrella", 0.7, [41.0, 31.0, 59.0, 49.0])];
    let count = |asked: &Newness| map.asked(asked).judged(&umbrella).len();
    assert_eq!(count(&by_head(&["thing"], &[])), 1, ".3 is more than half of .5");
    assert_eq!(count(&by_head(&["thing"], &["bin"])), 0);
    assert_eq!(count(&Newness { from: 0.7, ..by_head(&["thing"], &[]) }), 0);
    let newness = |asked: &Newness| map.asked(asked).in_box(&umbrella[0].bbox).unwrap();
    assert!((newness(&by_head(&["thing"], &[])) - 0.05).abs() < 1e-6, "the matter's own class is not there");
    assert!((newness(&by_head(&["bin"], &[])) - 0.3).abs() < 1e-6);
}

#[test]
fn what_a_head_says_is_steadied_by_class_and_a_look_without_it_is_none() {
    let before = grid(&[], 0.0);
    let mut recent = Recent::default();
    let wide: Vec<(usize, usize)> = (3..7).flat_map(|x| [(x, 3), (x, 4)]).collect();
    let mut look = |said: Option<Likelihoods>| {
        let map = map(&before, &[], &[]);
        let map = said.map_or(Some(map.clone()), |said| map.with_head(said)).unwrap();
        let map = map.steadied(&before, &Homography::IDENTITY, &mut recent);
        map.asked(&by_head(&["thing"], &["person"])).judged(&[]).len()
    };
    let stays = || said(&[("thing", &wide, 0.9), ("person", &[], 0.0)]);
    let hidden = || said(&[("thing", &wide, 0.9), ("person", &wide, 0.9)]);
    let gone = || said(&[("thing", &[], 0.9), ("person", &[], 0.0)]);
    assert_eq!([look(Some(stays())), look(Some(stays()))], [0, 1], "nothing is said after one comparison");
    assert_eq!(look(Some(hidden())), 1, "somebody stands before it");
    assert_eq!(look(None), 0, "nobody asked the head, and of the latest three one alone can say something");
    assert_eq!([look(Some(stays())), look(Some(stays()))], [0, 1]);
    assert_eq!([look(Some(gone())), look(Some(gone()))], [1, 0]);
}

#[test]
fn the_reference_is_laid_onto_the_frame_and_what_it_does_not_show_is_zeros() {
    let tokens: Vec<Vec<f32>> =
        (0..SIDES[0] * SIDES[1]).map(|at| (0..96).map(|n| f32::from(u8::from(n == at))).collect()).collect();
    let reference = PatchGrid::new([120, 80], SIDES, [10.0, 10.0], &tokens).unwrap();
    // The frame has twice as many pixels and patches, and the camera turned: its left quarter was not in the picture.
    let frame = PatchGrid::new([240, 160], [24, 16], [10.0, 10.0], &vec![vec![1.0; 96]; 24 * 16]).unwrap();
    let turned = Homography([[1.0, 0.0, -0.25], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let laid = reference.laid_onto(&frame, &turned);
    assert_eq!((laid.sides(), laid.length()), ([24, 16], 96));
    let planes = laid.planes();
    for (column, row) in (0..24).flat_map(|column| (0..16).map(move |row| (column, row))) {
        let shown: Vec<usize> = (0..96).filter(|plane| planes[plane * 24 * 16 + row * 24 + column] > 0.5).collect();
        let of_reference = (column >= 6).then(|| row / 2 * 12 + (column - 6) / 2);
        assert_eq!(shown, of_reference.into_iter().collect::<Vec<_>>(), "{column}, {row}");
    }
    let norms: Vec<f32> =
        (0..24 * 16).map(|at| (0..96).map(|plane| planes[plane * 24 * 16 + at].powi(2)).sum()).collect();
    assert!(norms.iter().enumerate().all(|(at, norm)| (norm - f32::from(u8::from(at % 24 >= 6))).abs() < 1e-5));
}

#[test]
fn what_is_no_likelihood_or_of_other_patches_is_refused() {
    let of = |numbers: &[f32]| Likelihoods::new(vec!["thing".into(), "spill".into()], 2, numbers);
    assert!(of(&[0.0, 0.5, 1.0, 0.2]).is_some());
    for numbers in [&[0.0, 0.5, 1.0][..], &[0.0, 0.5, 1.1, 0.2], &[0.0, -0.1, 1.0, 0.2], &[0.0, f32::NAN, 1.0, 0.2]] {
        assert_eq!(of(numbers), None, "{numbers:?}");
    }
    let map = map(&grid(&[], 0.0), &[], &[]);
    assert_eq!(map.with_head(of(&[0.0, 0.5, 1.0, 0.2]).unwrap()), None);
}

#[test]
fn the_highest_likelihood_in_a_box_is_that_of_the_patches_that_it_touches() {
    let frame = grid(&[], 0.0);
    let patches = SIDES[0] * SIDES[1];
    let of = |strong: usize| (0..patches).map(move |at| if at == strong { 0.9 } else { 0.1 });
    // "rubbish" in column 3 of row 2, a bin in column 8 of row 5.
    let numbers: Vec<f32> = of(2 * SIDES[0] + 3).chain(of(5 * SIDES[0] + 8)).collect();
    let said = Likelihoods::new(vec!["rubbish".into(), "bin".into()], patches, &numbers).unwrap();
    let asked =
        |class: &str, passes: Vec<Arc<str>>| NewnessHead { model: "h".into(), classes: vec![class.into()], passes };
    let at = |bbox: [f32; 4], class: &str| said.highest(&frame, &bbox.into(), &asked(class, Vec::new()));
    assert_eq!(at([31.0, 21.0, 39.0, 29.0], "rubbish"), Some(0.9));
    assert_eq!(at([34.0, 24.0, 36.0, 26.0], "rubbish"), Some(0.9), "a box smaller than a patch");
    assert_eq!(at([0.0, 0.0, 120.0, 80.0], "bin"), Some(0.9));
    assert_eq!(at([42.0, 21.0, 60.0, 29.0], "rubbish"), Some(0.1), "beside it");
    assert_eq!(at([10.0, 21.0, 31.0, 29.0], "rubbish"), Some(0.1), "it touches a tenth");
    assert_eq!(at([31.0, 21.0, 39.0, 29.0], "spill"), None, "no class of the head");
    assert_eq!(at([200.0, 200.0, 220.0, 220.0], "rubbish"), None, "outside");
    let all: Vec<f32> = [0.9, 0.8].into_iter().flat_map(|value| vec![value; patches]).collect();
    let said = Likelihoods::new(vec!["rubbish".into(), "vehicle".into()], patches, &all).unwrap();
    let against = said.highest(&frame, &[31.0, 21.0, 39.0, 29.0].into(), &asked("rubbish", vec!["vehicle".into()]));
    assert!((against.unwrap() - 0.18).abs() < 1e-5, "a vehicle rather: {against:?}");
}

#[test]
fn no_patch_of_a_box_is_left_out() {
    let raster = raster::Raster { picture: [90, 50], columns: 9, rows: 5, patch_px: [10.0, 10.0] };
    let sides = [-15.0, 0.0, 4.9, 5.0, 20.0, 33.0, 49.9, 50.0, 89.0, 90.0, 130.0];
    let spans =
        || sides.iter().flat_map(|low| sides.iter().filter(move |high| *high >= low).map(move |high| (*low, *high)));
    for ((x0, x1), (y0, y1)) in spans().flat_map(|across| spans().map(move |down| (across, down))) {
        let bbox = BBox::new(x0, y0, x1, y1);
        let wanted = |at: &usize| holds(&bbox, &raster.patch(*at)) || raster.patch(*at).covered_by(&bbox) > 0.0;
        let (all, near): (Vec<_>, Vec<_>) =
            ((0..raster.len()).filter(wanted).collect(), raster.touching(&bbox).filter(wanted).collect());
        assert_eq!(near, all, "{bbox:?}");
    }
}
