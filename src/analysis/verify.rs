//! Verifying: a second, slower model looks at a crop around a proposal, and both scores become one. Pure: says where to
//! look and what the answer means; who looks, and when, is the patrol's. Never makes a proposal of its own.

use std::sync::Arc;

use super::tiles::stretches;
use crate::domain::{BBox, Detection, FrameSpace, Picture, Score};

/// The crop's side in longer sides of the box: enough around a thing to see what it lies on.
const SIDE_BOXES: f32 = 2.5;
/// The crop's least side in pixels of the frame: a smaller one shows blocks of the camera's compression.
const SIDE_MIN_PX: f32 = 96.0;
/// An answer that overlaps the proposal this much (IoU) is about it.
const IOU_MIN: f32 = 0.3;
/// An answer of which more than this lies inside of the proposal is about a part of it.
const INSIDE_MIN: f32 = 0.5;

/// What comes nearer than this to the edge of a square, in pixels, goes on beyond.
const EDGE_PX: f32 = 2.0;

/// How a proposal's score and the verifier's become one: sigmoid(l + sure_gain * max(l - sure_from, 0)) of
/// l = w_detector * logit(detector) + w_verifier * logit(verifier) + bias. Fitted where the verifier was measured; its
/// manifest holds the numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fusion {
    /// Weight of the proposal's score.
    pub w_detector: f32,
    /// Weight of the verifier's score.
    pub w_verifier: f32,
    /// Added to both.
    pub bias: f32,
    /// Log odds from which on both are sure.
    pub sure_from: f32,
    /// By how much faster the log odds rise from there on; 0: nowhere.
    pub sure_gain: f32,
}

impl Fusion {
    /// The verifier's score alone.
    pub const VERIFIER: Self = Self { w_detector: 0.0, w_verifier: 1.0, bias: 0.0, sure_from: 0.0, sure_gain: 0.0 };

    /// The one score.
    pub fn of(&self, detector: Score, verifier: Score) -> Score {
        let both = self.w_detector * detector.logit() + self.w_verifier * verifier.logit() + self.bias;
        Score::of_logit(both + self.sure_gain * (both - self.sure_from).max(0.0))
    }
}

/// What is new at a place lifts the one score, what is not lowers it, by up to this in log odds; as much as exemplars lift.
const NEW_LIFT: f32 = 2.0;

/// The score after a head said how likely the place shows something new of the matter: unchanged at `from`.
pub fn lifted_by_newness(fused: Score, likelihood: f32, from: f32) -> Score {
    let share = if likelihood >= from { (likelihood - from) / (1.0 - from).max(1e-3) } else { likelihood / from - 1.0 };
    Score::of_logit(fused.logit() + NEW_LIFT * share.clamp(-1.0, 1.0))
}

/// A square of a frame, in whole pixels, inside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Square {
    /// Left edge.
    pub x: u32,
    /// Upper edge.
    pub y: u32,
    /// Pixels of a side, 1 or more.
    pub side: u32,
}

impl Square {
    /// The square around a proposal in a picture of `width` x `height`: [`SIDE_BOXES`] times the longer side of the box,
    /// at least [`SIDE_MIN_PX`] and at most the picture's shorter side, moved to lie inside. `None` for a box that does
    /// not touch the picture.
    pub fn around(bbox: &BBox<FrameSpace>, width: u32, height: u32) -> Option<Self> {
        Self::around_at_least(bbox, SIDE_MIN_PX, width, height)
    }

    /// The same with another least side.
    pub fn around_at_least(bbox: &BBox<FrameSpace>, side_min: f32, width: u32, height: u32) -> Option<Self> {
        let seen = bbox.clipped(width as f32, height as f32);
        if seen.area().is_nan() || seen.area() <= 0.0 {
            return None;
        }
        let wanted = (seen.width().max(seen.height()) * SIDE_BOXES).max(side_min).round();
        let side = (wanted as u32).clamp(1, width.min(height));
        let from = |middle: f32, length: u32| {
            let edge = (middle - side as f32 / 2.0).round().max(0.0) as u32;
            edge.min(length - side)
        };
        let centre = seen.centre();
        Some(Self { x: from(centre.x, width), y: from(centre.y, height), side })
    }

    /// Squares that cover a picture; their side in shares of its shorter side. Of each, the share `overlap` lies in the next
    /// one too: what is no larger than that lies whole in one of them.
    pub fn all_over(width: u32, height: u32, share: f32, overlap: f32) -> Vec<Self> {
        let side = (width.min(height) as f32 * share).ceil().max(1.0) as usize;
        let begins = |length: u32| {
            let last = length as usize - side;
            stretches(length as usize, side, (side as f32 * overlap) as usize)
                .into_iter()
                .map(move |part| part.looked_at.start.min(last) as u32)
        };
        let side_px = side as u32;
        begins(height).flat_map(|y| begins(width).map(move |x| Self { x, y, side: side_px })).collect()
    }

    /// The pixels of the square.
    pub fn of(&self, picture: &Picture) -> Picture {
        picture.cropped(self.x, self.y, self.side, self.side)
    }

    /// A box of the frame in pixels of the square; may reach beyond it.
    fn into_square(self, bbox: &BBox<FrameSpace>) -> BBox<FrameSpace> {
        let (x, y) = (self.x as f32, self.y as f32);
        BBox::new(bbox.x0() - x, bbox.y0() - y, bbox.x1() - x, bbox.y1() - y)
    }

    /// The square as a box of the frame.
    pub fn bbox(&self) -> BBox<FrameSpace> {
        let (x, y, side) = (self.x as f32, self.y as f32, self.side as f32);
        BBox::new(x, y, x + side, y + side)
    }

    /// What was found in the square, in pixels of a frame of `width` x `height`. `None` for what reaches to an edge that is
    /// not the frame's: nobody knows how it goes on.
    pub fn into_frame(&self, found: &Detection, width: u32, height: u32) -> Option<Detection> {
        let (x, y, side) = (self.x as f32, self.y as f32, self.side as f32);
        let (own, frame) = (found.bbox, [width as f32, height as f32]);
        let bbox = BBox::new(own.x0() + x, own.y0() + y, own.x1() + x, own.y1() + y);
        let is_cut = (own.x0() < EDGE_PX && x > 0.0)
            || (own.y0() < EDGE_PX && y > 0.0)
            || (own.x1() > side - EDGE_PX && x + side < frame[0])
            || (own.y1() > side - EDGE_PX && y + side < frame[1]);
        (!is_cut).then(|| Detection { bbox, ..found.clone() })
    }

    /// What a verifier's answer about this square says of the proposal: the best detection of one of `classes` that is
    /// about it, or `floor` (the verifier's own) where none is.
    pub fn score(&self, proposal: &BBox<FrameSpace>, classes: &[Arc<str>], found: &[Detection], floor: Score) -> Score {
        let proposal = self.into_square(proposal);
        let about = |found: &&Detection| {
            classes.contains(&found.class)
                && (found.bbox.iou(&proposal) >= IOU_MIN || found.bbox.covered_by(&proposal) > INSIDE_MIN)
        };
        found.iter().filter(about).map(|found| found.score).max().unwrap_or(floor)
    }
}

/// What squares that overlap saw of one thing, once: of boxes of a class of which one is about the other the surest stays.
pub fn once(mut found: Vec<Detection>) -> Vec<Detection> {
    found.sort_by_key(|one| std::cmp::Reverse(one.score));
    let mut kept: Vec<Detection> = Vec::with_capacity(found.len());
    for one in found {
        let same = |other: &Detection| {
            other.class == one.class
                && (other.bbox.iou(&one.bbox) >= IOU_MIN
                    || one.bbox.covered_by(&other.bbox).max(other.bbox.covered_by(&one.bbox)) > INSIDE_MIN)
        };
        if !kept.iter().any(same) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bbox(sides: [f32; 4]) -> BBox<FrameSpace> {
        sides.into()
    }

    fn found(class: &str, score: f32, sides: [f32; 4]) -> Detection {
        Detection { class: class.into(), score: Score::new(score).unwrap(), bbox: bbox(sides), text: None }
    }

    #[test]
    fn the_square_is_around_the_box_and_inside_the_picture() {
        let of = |sides| Square::around(&bbox(sides), 1280, 720);
        assert_eq!(of([600.0, 300.0, 700.0, 340.0]), Some(Square { x: 525, y: 195, side: 250 }));
        assert_eq!(of([600.0, 300.0, 610.0, 310.0]), Some(Square { x: 557, y: 257, side: 96 }), "a small one");
        assert_eq!(of([0.0, 700.0, 100.0, 720.0]), Some(Square { x: 0, y: 470, side: 250 }), "in a corner");
        assert_eq!(of([0.0, 0.0, 1280.0, 720.0]), Some(Square { x: 280, y: 0, side: 720 }), "the whole picture");
        assert_eq!(of([1300.0, 0.0, 1400.0, 50.0]), None, "outside");
        assert_eq!(Square::around(&bbox([0.0, 0.0, 1.0, 1.0]), 1, 1), Some(Square { x: 0, y: 0, side: 1 }));
    }

    #[test]
    fn squares_all_over_leave_nothing_out() {
        let squares = Square::all_over(1280, 720, 0.5, 1.0 / 3.0);
        assert_eq!((squares.len(), squares[0]), (15, Square { x: 0, y: 0, side: 360 }));
        for point in [[0, 0], [1279, 719], [640, 360], [300, 500]] {
            let holds =
                |s: &&Square| (s.x..s.x + s.side).contains(&point[0]) && (s.y..s.y + s.side).contains(&point[1]);
            assert!(squares.iter().any(|square| holds(&square)), "{point:?}");
        }
        assert!(squares.iter().all(|square| square.x + square.side <= 1280 && square.y + square.side <= 720));
        assert_eq!(Square::all_over(1, 1, 0.5, 0.5), [Square { x: 0, y: 0, side: 1 }]);
    }

    #[test]
    fn what_is_no_larger_than_the_overlap_lies_whole_in_a_square() {
        let squares = Square::all_over(640, 360, 0.5, 0.5);
        for (x, y) in (0..560).flat_map(|x| (0..280).map(move |y| (x as f32, y as f32))) {
            let thing = bbox([x, y, x + 80.0, y + 80.0]);
            let is_whole = |square: &Square| {
                let seen = found("garbage", 0.5, square.into_square(&thing).to_array());
                square.into_frame(&seen, 640, 360).is_some_and(|one| one.bbox == thing)
            };
            assert!(squares.iter().any(is_whole), "{x} {y}");
        }
    }

    #[test]
    fn what_a_square_cuts_off_is_not_taken_out_of_it() {
        let square = Square { x: 100, y: 0, side: 200 };
        let out = |sides| square.into_frame(&found("person", 0.5, sides), 300, 400).map(|one| one.bbox.to_array());
        assert_eq!(out([10.0, 0.0, 50.0, 90.0]), Some([110.0, 0.0, 150.0, 90.0]), "the frame's own edge above");
        assert_eq!(out([10.0, 20.0, 200.0, 90.0]), Some([110.0, 20.0, 300.0, 90.0]), "and to the right");
        assert_eq!(out([1.0, 20.0, 50.0, 90.0]), None, "goes on to the left");
        assert_eq!(out([10.0, 150.0, 50.0, 199.0]), None, "and below");
    }

    #[test]
    fn what_two_squares_saw_of_one_thing_is_told_once() {
        let seen = vec![
            found("garbage", 0.5, [100.0, 100.0, 150.0, 150.0]),
            found("garbage", 0.7, [105.0, 100.0, 155.0, 150.0]),
            found("garbage", 0.6, [110.0, 110.0, 130.0, 130.0]),
            found("bin", 0.4, [100.0, 100.0, 150.0, 150.0]),
            found("garbage", 0.3, [300.0, 100.0, 350.0, 150.0]),
        ];
        let kept: Vec<f32> = once(seen).iter().map(|one| one.score.value()).collect();
        assert_eq!(kept, [0.7, 0.4, 0.3], "the surest of three, another class, another place");
    }

    #[test]
    fn training_cuts_the_same_squares() {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Row {
            picture: [u32; 2],
            #[serde(rename = "box")]
            bbox: [f32; 4],
            square: Option<[u32; 3]>,
        }
        let rows: Vec<Row> = serde_json::from_str(include_str!("../../fixtures/score/squares.json")).unwrap();
        assert!(rows.len() >= 10);
        for Row { picture: [width, height], bbox: sides, square } in rows {
            let want = square.map(|[x, y, side]| Square { x, y, side });
            assert_eq!(Square::around(&bbox(sides), width, height), want, "{sides:?} in {width}x{height}");
        }
    }

    #[test]
    fn only_an_answer_about_the_proposal_counts() {
        let square = Square { x: 100, y: 50, side: 200 };
        let proposal = bbox([150.0, 100.0, 210.0, 160.0]); // 50..110 in the square
        let (garbage, floor) = ([Arc::from("garbage")], Score::new(0.05).unwrap());
        let score = |answers: &[Detection]| square.score(&proposal, &garbage, answers, floor).value();
        assert_eq!(score(&[]), 0.05);
        assert_eq!(score(&[found("bin", 0.9, [50.0, 50.0, 110.0, 110.0])]), 0.05, "another class");
        assert_eq!(score(&[found("garbage", 0.9, [150.0, 150.0, 190.0, 190.0])]), 0.05, "elsewhere");
        assert_eq!(score(&[found("garbage", 0.9, [45.0, 55.0, 120.0, 110.0])]), 0.9, "the same thing");
        assert_eq!(score(&[found("garbage", 0.8, [50.0, 50.0, 60.0, 60.0])]), 0.8, "a part of it");
        assert_eq!(score(&[found("garbage", 0.7, [0.0, 0.0, 200.0, 200.0])]), 0.05, "the whole street");
    }

    #[test]
    fn both_scores_weigh_in() {
        let fusion = Fusion { w_detector: 0.5, w_verifier: 1.0, bias: -0.2, ..Fusion::VERIFIER };
        let of = |a, b| fusion.of(Score::new(a).unwrap(), Score::new(b).unwrap()).value();
        assert!((of(0.5, 0.5) - 0.4502).abs() < 1e-4);
        assert!(of(0.9, 0.05) < 0.12 && of(0.3, 0.9) > 0.8);
        assert!(of(1.0, 0.0).is_finite() && of(0.0, 1.0) < 1.0);
    }

    #[test]
    fn training_fuses_the_same_scores() {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Numbers {
            w_detector: f32,
            w_verifier: f32,
            bias: f32,
            sure_from: f32,
            sure_gain: f32,
        }
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Row {
            detector: f32,
            verifier: f32,
            fused: f32,
        }
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            fusion: Numbers,
            rows: Vec<Row>,
        }
        let table: Table = serde_json::from_str(include_str!("../../fixtures/score/fusion.json")).unwrap();
        let Numbers { w_detector, w_verifier, bias, sure_from, sure_gain } = table.fusion;
        let fusion = Fusion { w_detector, w_verifier, bias, sure_from, sure_gain };
        let is_sure = |row: &Row| row.fused > Score::of_logit(sure_from).value();
        assert!(table.rows.iter().any(is_sure) && !table.rows.iter().all(is_sure), "both lines are looked at");
        for Row { detector, verifier, fused } in table.rows {
            let found = fusion.of(Score::new(detector).unwrap(), Score::new(verifier).unwrap()).value();
            assert!((found - fused).abs() < 1e-3, "{detector} {verifier}: {found}, not {fused}");
        }
    }

    #[test]
    fn what_is_new_lifts_and_what_is_not_lowers_in_proportion() {
        let of = |fused, likelihood, from| lifted_by_newness(Score::new(fused).unwrap(), likelihood, from).logit();
        for (likelihood, from, lift) in
            [(1.0, 0.5, 2.0), (0.75, 0.5, 1.0), (0.5, 0.5, 0.0), (0.25, 0.5, -1.0), (0.0, 0.5, -2.0), (0.1, 0.2, -1.0)]
        {
            assert!((of(0.7, likelihood, from) - Score::new(0.7).unwrap().logit() - lift).abs() < 1e-4, "{likelihood}");
        }
        assert!(of(0.91, 0.0, 0.5) < Score::new(0.6).unwrap().logit(), "the reference picture shows it already");
        assert!(of(0.93, 0.0, 0.5) > Score::new(0.6).unwrap().logit(), "and where both models are sure it is told");
        assert!(of(0.9, 1.0, 1.0).is_finite());
    }

    proptest! {
        #[test]
        fn a_square_always_lies_in_its_picture(
            width in 1_u32..3000, height in 1_u32..3000, sides in prop::array::uniform4(-500.0_f32..4000.0),
        ) {
            if let Some(square) = Square::around(&bbox(sides), width, height) {
                prop_assert!(square.side >= 1 && square.x + square.side <= width && square.y + square.side <= height);
            } else {
                prop_assert!(bbox(sides).clipped(width as f32, height as f32).area() <= 0.0);
            }
        }
    }
}
