//! Where wheels rolled, over ground that was clear or was not.

use proptest::prelude::*;

use super::*;
use crate::domain::{Part, Score};

const WITHIN_S: u64 = 600;
const SPILL: [f32; 4] = [0.4, 0.7, 0.5, 0.75];

fn asked() -> Trail {
    let part = Part { classes: vec!["truck".into()], score_min: Score::new(0.4).unwrap() };
    Trail { part, within: Duration::from_secs(WITHIN_S), share_min: 0.5 }
}

fn at(second: i64) -> WallTime {
    WallTime::from_millis(second * 1000)
}

/// A lorry that drives from left to right within two seconds, its wheels at `foot`.
fn way(track: u64, second: i64, foot: f32, plate: Option<&str>) -> Way {
    let step = |n: i64| {
        let x = 0.1 + 0.2 * n as f32;
        (WallTime::from_millis(second * 1000 + n * 500), BBox::new(x, foot - 0.4, x + 0.2, foot))
    };
    let vehicle = Vehicle { look: LookId::derived(&[b"watch"]), track: TrackId(track) };
    Way { vehicle, plate: plate.map(ReadText::new), steps: (0..4).map(step).collect() }
}

fn is_in(bbox: [f32; 4]) -> impl Fn(&BBox<ReferenceSpace>) -> Option<Found> {
    move |cell| {
        let is_new = BBox::from(bbox).covered_by(cell) > 0.0 || cell.covered_by(&bbox.into()) > 0.5;
        Some(if is_new { Found::New } else { Found::Clear })
    }
}

fn clear(_: &BBox<ReferenceSpace>) -> Option<Found> {
    Some(Found::Clear)
}

fn led(trails: &Trails, bbox: [f32; 4], second: i64) -> bool {
    trails.led(&bbox.into(), at(second), &asked()).is_some()
}

fn lay(trails: &mut Trails, way: &Way) {
    trails.lay(way, asked().within);
}

#[test]
fn what_lies_where_wheels_rolled_over_clear_ground_is_theirs_for_a_while() {
    let mut trails = Trails::default();
    trails.compared(at(80), clear);
    assert!(!led(&trails, SPILL, 90), "nobody came by");
    lay(&mut trails, &way(1, 100, 0.78, None));
    trails.compared(at(120), clear);
    trails.compared(at(140), is_in(SPILL));
    assert!(led(&trails, SPILL, 140) && led(&trails, SPILL, 700));
    assert!(!led(&trails, SPILL, 710), "too long ago");
    assert!(!led(&trails, [0.4, 0.4, 0.5, 0.55], 140), "above the wheels");
    assert!(!led(&trails, [0.4, 0.85, 0.5, 0.9], 140), "beside the way");
}

#[test]
fn a_fast_lorry_leaves_no_gaps_and_one_that_nobody_saw_in_between_does() {
    let far = |apart_ms: i64| {
        let boxes = [[0.0, 0.38, 0.1, 0.78], [0.85, 0.38, 0.95, 0.78]];
        let step = |n: usize| (WallTime::from_millis(100_000 + n as i64 * apart_ms), BBox::from(boxes[n]));
        Way { steps: vec![step(0), step(1)], ..way(1, 100, 0.78, None) }
    };
    for (apart_ms, is_led) in [(1500, true), (2500, false)] {
        let mut trails = Trails::default();
        trails.compared(at(80), clear);
        lay(&mut trails, &far(apart_ms));
        assert_eq!(led(&trails, SPILL, 120), is_led, "{apart_ms} ms");
    }
}

#[test]
fn what_lay_there_before_is_nobodys() {
    let mut puddle = Trails::default();
    puddle.compared(at(80), is_in(SPILL));
    lay(&mut puddle, &way(1, 100, 0.78, None));
    puddle.compared(at(120), is_in(SPILL));
    assert!(!led(&puddle, SPILL, 130));

    let mut unknown = Trails::default();
    lay(&mut unknown, &way(1, 100, 0.78, None));
    unknown.compared(at(120), is_in(SPILL));
    assert!(!led(&unknown, SPILL, 130), "nobody ever saw the ground clear");

    let mut stale = Trails::default();
    stale.compared(at(80), clear);
    stale.compared(at(90), |_| None);
    lay(&mut stale, &way(1, 700, 0.78, None));
    stale.compared(at(720), is_in(SPILL));
    assert!(!led(&stale, SPILL, 730), "found clear too long before");
}

#[test]
fn ground_that_is_found_clear_again_and_again_was_left_clear() {
    let mut trails = Trails::default();
    trails.compared(at(80), clear);
    lay(&mut trails, &way(1, 100, 0.78, None));
    trails.compared(at(120), clear);
    let mut soon = trails.clone();
    soon.compared(at(140), is_in(SPILL));
    assert!(led(&soon, SPILL, 140), "a comparison may miss it once");
    trails.compared(at(140), clear);
    trails.compared(at(160), is_in(SPILL));
    assert!(!led(&trails, SPILL, 160), "somebody else put it there");
}

/// Earth of which a comparison finds the middle and, once a lorry went by, its edges too.
#[test]
fn the_doubtful_edge_of_what_lay_there_takes_no_trail() {
    let middle = |edge: Found| {
        move |cell: &BBox<ReferenceSpace>| {
            let covered = |bbox: [f32; 4]| cell.covered_by(&bbox.into()) > 0.5;
            Some(match (covered([0.44, 0.7, 0.46, 0.75]), covered(SPILL)) {
                (true, _) => Found::New,
                (false, true) => edge,
                (false, false) => Found::Clear,
            })
        }
    };
    for (edge, is_led) in [(Found::Doubtful, false), (Found::Clear, true)] {
        let mut trails = Trails::default();
        trails.compared(at(60), clear);
        trails.compared(at(80), middle(edge));
        lay(&mut trails, &way(1, 100, 0.78, None));
        trails.compared(at(120), middle(Found::New));
        assert_eq!(led(&trails, SPILL, 120), is_led, "{edge:?}");
    }
    // What fell is doubtful before it is new, and keeps its trail for that long.
    let mut trails = Trails::default();
    trails.compared(at(80), clear);
    lay(&mut trails, &way(1, 100, 0.78, None));
    (0..3).for_each(|n| trails.compared(at(120 + 20 * n), middle(Found::Doubtful)));
    trails.compared(at(180), is_in(SPILL));
    assert!(led(&trails, SPILL, 180));
}

#[test]
fn a_thin_thing_counts_by_what_is_new_in_its_box() {
    let mut trails = Trails::default();
    trails.compared(at(80), clear);
    lay(&mut trails, &way(1, 100, 0.78, None));
    // The box reaches over the trail's upper edge; what is new in it does not.
    let new = |cell: &BBox<ReferenceSpace>| {
        Some(if cell.covered_by(&SPILL.into()) > 0.5 { Found::New } else { Found::Clear })
    };
    (0..6).for_each(|n| trails.compared(at(120 + 20 * n), new));
    assert!(led(&trails, [0.4, 0.55, 0.5, 0.75], 240));
    assert!(!led(&trails, [0.4, 0.3, 0.5, 0.6], 240));
}

#[test]
fn the_plate_is_that_of_the_only_one_who_drove_there() {
    let plate = |trails: &Trails| trails.led(&SPILL.into(), at(150), &asked()).unwrap().plate;
    let run = |ways: &[Way]| {
        let mut trails = Trails::default();
        trails.compared(at(80), clear);
        ways.iter().for_each(|way| lay(&mut trails, way));
        trails.compared(at(140), is_in(SPILL));
        trails
    };
    let known = Some("川A12345");
    assert_eq!(plate(&run(&[way(1, 100, 0.78, known)])), known.map(ReadText::new));
    assert_eq!(plate(&run(&[way(1, 100, 0.78, None)])), None, "not read");
    // Read on a later part of its way, which did not touch the spill.
    let late = Way { steps: vec![(at(104), BBox::new(0.8, 0.5, 0.95, 0.78))], ..way(1, 100, 0.78, known) };
    assert_eq!(plate(&run(&[way(1, 100, 0.78, None), late])), known.map(ReadText::new));
    assert_eq!(plate(&run(&[way(1, 100, 0.78, known), way(2, 110, 0.78, Some("川A54321"))])), None, "two drove there");
    assert_eq!(plate(&run(&[way(1, 100, 0.78, known), way(2, 110, 0.98, Some("川A54321"))])), known.map(ReadText::new));
    // Who drives over what lies there already is not taken for who left it.
    let mut after = run(&[way(1, 100, 0.78, known)]);
    lay(&mut after, &way(2, 145, 0.78, Some("川A54321")));
    assert_eq!(plate(&after), known.map(ReadText::new));
}

#[test]
fn a_busy_road_is_remembered_within_bounds() {
    let mut trails = Trails::default();
    for second in 0..2000 {
        if second % 20 == 0 {
            trails.compared(at(second), clear);
        }
        lay(&mut trails, &way(u64::try_from(second).unwrap(), second, 0.78, Some("川A12345")));
    }
    trails.compared(at(2000), clear);
    assert!(trails.plates.len() <= trails.cells.len() && trails.cells.len() == 2304);
    (0..3).for_each(|n| trails.compared(at(2020 + n), clear));
    assert!(trails.plates.is_empty(), "forgotten with the trails");
}

proptest! {
    #[test]
    fn any_box_has_cells_inside_of_the_picture(sides in prop::array::uniform4(-2.0_f32..3.0)) {
        let bbox = BBox::from(sides);
        let cells: Vec<usize> = within_box(&bbox).collect();
        prop_assert!(cells.iter().all(|index| *index < CELLS[0] * CELLS[1]));
        let is_inside = bbox.x1() > 0.0 && bbox.x0() < 1.0 && bbox.y1() > 0.0 && bbox.y0() < 1.0;
        prop_assert!(!is_inside || !cells.is_empty());
    }
}
