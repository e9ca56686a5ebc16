//! Which detections of a frame are candidates of a matter: the anchor and, where the matter asks for one, the
//! companion that stands near it. Pure; it never decides about zones, hours or dwell, that is the scene's.

use crate::domain::{BBox, Detection, FrameSpace, Matter, Part};

/// Anchors that overlap more than this (IoU) are one thing under several class names: a van is often found as
/// car, truck and bus at once (models/nanodet_g_416/CARD.md).
pub const SAME_THING_IOU: f32 = 0.6;

/// Something in one frame that may be the matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// What stays and gives the place its box.
    pub anchor: &'a Detection,
    /// The nearest companion in reach. `None` where the matter asks for none, and where it asks and none is there:
    /// the scene then decides by the share of looks that saw one.
    pub companion: Option<&'a Detection>,
}

impl Candidate<'_> {
    /// Whether this frame shows the whole composition that `matter` asks for.
    pub fn is_complete(&self, matter: &Matter) -> bool {
        matter.composition.companion.is_none() || self.companion.is_some()
    }
}

/// The candidates of `matter` among the detections of one frame, best score first; equal scores keep the order of
/// `detections`. One thing gives one candidate, whatever the number of class names under which it was found.
pub fn candidates<'a>(matter: &Matter, detections: &'a [Detection]) -> Vec<Candidate<'a>> {
    let mut anchors: Vec<&Detection> = counted(&matter.composition.anchor, detections).collect();
    anchors.sort_by_key(|anchor| std::cmp::Reverse(anchor.score));
    let mut found: Vec<Candidate<'a>> = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        if found.iter().any(|better| better.anchor.bbox.iou(&anchor.bbox) > SAME_THING_IOU) {
            continue;
        }
        found.push(Candidate { anchor, companion: companion_of(matter, anchor, detections) });
    }
    found
}

/// The nearest detection that counts as the matter's companion and is not the anchor itself.
fn companion_of<'a>(matter: &Matter, anchor: &Detection, detections: &'a [Detection]) -> Option<&'a Detection> {
    let companion = matter.composition.companion.as_ref()?;
    counted(&companion.part, detections)
        .filter(|other| !std::ptr::eq(*other, anchor))
        .filter_map(|other| {
            let distance = distance_in_heights(&anchor.bbox, &other.bbox)?;
            (distance <= companion.distance_max).then_some((distance, other))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.score.cmp(&a.1.score)))
        .map(|(_, other)| other)
}

fn counted<'a>(part: &Part, detections: &'a [Detection]) -> impl Iterator<Item = &'a Detection> {
    detections.iter().filter(move |d| d.score >= part.score_min && part.classes.iter().any(|class| **class == *d.class))
}

/// The gap between two boxes in heights of `companion`: 0 where they touch or overlap.
///
/// Returns `None` for a companion without height.
fn distance_in_heights(anchor: &BBox<FrameSpace>, companion: &BBox<FrameSpace>) -> Option<f32> {
    let gap = |a0: f32, a1: f32, b0: f32, b1: f32| (b0 - a1).max(a0 - b1).max(0.0);
    let dx = gap(anchor.x0(), anchor.x1(), companion.x0(), companion.x1());
    let dy = gap(anchor.y0(), anchor.y1(), companion.y0(), companion.y1());
    (companion.height() > 0.0).then(|| dx.hypot(dy) / companion.height())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{
        Clearing, Companion, Composition, DecodeMode, Dwell, Grounds, Matching, MatterCodes, PlatePolicy, Score,
        ZoneTest,
    };

    /// A matter that is found by `anchor` classes from 0.35 on and, if given, by one of the companion's classes
    /// from 0.4 on within half of the companion's height.
    pub(crate) fn matter(key: &str, anchor: &[&str], companion: Option<&[&str]>) -> Matter {
        let part = |classes: &[&str], score_min: f32| Part {
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            score_min: Score::new(score_min).unwrap(),
        };
        Matter {
            key: key.parse().unwrap(),
            name: key.to_owned(),
            name_en: None,
            codes: MatterCodes { code_2026: "09009".into(), code_2013: None },
            model: "nanodet_g_416".into(),
            hide_by: None,
            grounds: Grounds::Composed,
            verify: None,
            scan: None,
            shadow: None,
            plate: None,
            composition: Composition {
                anchor: part(anchor, 0.35),
                companion: companion.map(|classes| Companion {
                    part: part(classes, 0.4),
                    distance_max: 0.5,
                    share_min: 0.5,
                }),
            },
            zone_test: ZoneTest::BottomCentre,
            dwell: Dwell { time: Duration::from_secs(60), sightings_min: 2, seen_share_min: 0.5 },
            clearing: Clearing { looks: 2, over: Duration::from_secs(60) },
            reopen_within: Duration::from_secs(3600),
            matching: Matching { iou_min: 0.5, likeness_min: 0.5, gap_max: Duration::from_secs(60) },
            revisit: Duration::from_secs(10),
            decode: DecodeMode::KeyFrames,
            frames: 1,
            weight: 1.0,
            every: None,
            plates: PlatePolicy::MaskAll,
            sha256: String::new(),
        }
    }

    pub(crate) fn detection(class: &str, score: f32, bbox: [f32; 4]) -> Detection {
        Detection { class: class.into(), score: Score::new(score).unwrap(), bbox: bbox.into(), text: None }
    }

    #[test]
    fn a_van_found_as_car_and_truck_is_one_candidate() {
        let seen = [
            detection("truck", 0.44, [650.0, 44.0, 722.0, 99.0]),
            detection("car", 0.53, [649.0, 45.0, 722.0, 100.0]),
            detection("car", 0.66, [735.0, 49.0, 768.0, 94.0]),
            detection("car", 0.34, [10.0, 10.0, 60.0, 40.0]),
            detection("person", 0.9, [100.0, 10.0, 120.0, 60.0]),
        ];
        let found = candidates(&matter("parking", &["car", "bus", "truck"], None), &seen);
        assert_eq!(found.iter().map(|c| c.anchor.score.value()).collect::<Vec<_>>(), [0.66, 0.53]);
        assert!(found.iter().all(|c| c.companion.is_none()));
        assert!(found[0].is_complete(&matter("parking", &["car"], None)));
    }

    #[test]
    fn a_companion_counts_within_its_distance_and_the_nearest_is_taken() {
        let stall = matter("stall", &["umbrella"], Some(&["person"]));
        let umbrella = detection("umbrella", 0.6, [100.0, 100.0, 200.0, 150.0]);
        let at = |x0: f32, score: f32| detection("person", score, [x0, 100.0, x0 + 30.0, 200.0]);
        let companion_x = |people: &[Detection]| {
            let seen: Vec<Detection> = [std::slice::from_ref(&umbrella), people].concat();
            candidates(&stall, &seen)[0].companion.map(|c| c.bbox.x0())
        };
        assert_eq!(companion_x(&[at(250.0, 0.5)]), Some(250.0), "a gap of exactly half of the height counts");
        assert_eq!(companion_x(&[at(251.0, 0.5)]), None);
        assert_eq!(companion_x(&[at(190.0, 0.39)]), None, "not sure enough");
        assert_eq!(companion_x(&[at(240.0, 0.9), at(190.0, 0.5)]), Some(190.0));
        assert_eq!(companion_x(&[]), None);
        let seen = [umbrella.clone()];
        assert!(!candidates(&stall, &seen)[0].is_complete(&stall));
    }

    #[test]
    fn nothing_accompanies_itself() {
        let pair = matter("pair", &["chair"], Some(&["chair"]));
        let one = [detection("chair", 0.8, [0.0, 0.0, 10.0, 10.0])];
        assert_eq!(candidates(&pair, &one)[0].companion, None);
        let two = [one[0].clone(), detection("chair", 0.7, [12.0, 0.0, 22.0, 10.0])];
        assert_eq!(candidates(&pair, &two).iter().filter(|c| c.companion.is_some()).count(), 2);
    }
}
