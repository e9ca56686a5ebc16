//! Which detections of a frame are candidates of a matter: the anchor and, where the matter asks for one, the
//! companion that stands near it. Pure; it never decides about zones, hours or dwell, that is the scene's.

use crate::domain::{BBox, Detection, FrameSpace, Matter, Part, is_new_class};

/// Anchors that overlap more than this (IoU) are one thing under several class names: a van is often found as
/// car, truck and bus at once (models/nanodet_g_416/CARD.md).
pub const SAME_THING_IOU: f32 = 0.6;

/// The gap to what stands above, in heights of the higher one: a parasol's pole.
const ABOVE_GAP_MAX: f32 = 1.0;

/// Something in one frame that may be the matter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate<'a> {
    /// What stays: of several that were gathered the surest that has a name.
    pub anchor: &'a Detection,
    /// The box of all that was gathered, which is the place's; the anchor's own where nothing was.
    pub bbox: BBox<FrameSpace>,
    /// Gathered anchors that have a name.
    pub anchors: u32,
    /// The nearest companion in reach. `None` where the matter asks for none, and where it asks and none is there:
    /// the scene then decides by the share of looks that saw one.
    pub companion: Option<&'a Detection>,
}

impl Candidate<'_> {
    /// Whether this frame shows the whole composition that `matter` asks for.
    pub fn is_complete(&self, matter: &Matter) -> bool {
        matter
            .composition
            .companion
            .as_ref()
            .is_none_or(|asked| self.companion.is_some() || asked.or_anchors.is_some_and(|least| self.anchors >= least))
    }
}

/// The candidates of `matter` among the detections of one frame, best score first; equal scores keep the order of
/// `detections`. One thing gives one candidate, whatever the number of class names under which it was found; where the
/// matter gathers, so do things that stand together.
pub fn candidates<'a>(matter: &Matter, detections: &'a [Detection]) -> Vec<Candidate<'a>> {
    let mut anchors: Vec<&Detection> = counted(&matter.composition.anchor, detections).collect();
    anchors.sort_by_key(|anchor| std::cmp::Reverse(anchor.score));
    let mut things: Vec<&Detection> = Vec::with_capacity(anchors.len());
    for anchor in anchors {
        let is_other_name = |better: &&Detection| {
            better.bbox.iou(&anchor.bbox) > SAME_THING_IOU && (is_named(better) || !is_named(anchor))
        };
        if !things.iter().any(is_other_name) {
            things.push(anchor);
        }
    }
    let groups = match matter.composition.gather_max {
        Some(gap) => gathered(&things, gap),
        None => things.into_iter().map(|thing| vec![thing]).collect(),
    };
    let whole = |things: Vec<&'a Detection>| {
        let anchor = things.iter().find(|thing| is_named(thing)).or(things.first()).copied()?;
        let bbox = things.iter().map(|thing| thing.bbox).reduce(|a, b| a.union(&b))?;
        let anchors = things.iter().filter(|thing| is_named(thing)).count();
        let companion = companion_of(matter, &bbox, &things, detections);
        Some(Candidate { anchor, bbox, anchors: u32::try_from(anchors).unwrap_or(u32::MAX), companion })
    };
    groups.into_iter().filter_map(whole).collect()
}

fn is_named(thing: &Detection) -> bool {
    !is_new_class(&thing.class)
}

/// Things whose gap is at most `gap_max` heights of the higher one, together, and a shade with what stands under it; groups
/// and their things keep their order.
fn gathered<'a>(things: &[&'a Detection], gap_max: f32) -> Vec<Vec<&'a Detection>> {
    let together = |a: &Detection, b: &Detection| {
        let gap_max = if is_above(&a.bbox, &b.bbox) { gap_max.max(ABOVE_GAP_MAX) } else { gap_max };
        gap(&a.bbox, &b.bbox) <= gap_max * a.bbox.height().max(b.bbox.height())
    };
    let mut groups: Vec<Vec<&Detection>> = Vec::new();
    for &thing in things {
        let near = |group: &Vec<&Detection>| group.iter().any(|&other| together(thing, other));
        match groups.iter().position(near) {
            Some(first) => {
                // A thing between two groups makes them one.
                let rest = groups.split_off(first + 1);
                let (joined, apart): (Vec<_>, Vec<_>) = rest.into_iter().partition(near);
                groups[first].extend(joined.into_iter().flatten());
                groups[first].push(thing);
                groups.extend(apart);
            }
            None => groups.push(vec![thing]),
        }
    }
    groups
}

/// Whether one of the two boxes stands over the other: half of the narrower one's width in common.
fn is_above(a: &BBox<FrameSpace>, b: &BBox<FrameSpace>) -> bool {
    a.x1().min(b.x1()) - a.x0().max(b.x0()) >= 0.5 * a.width().min(b.width())
}

/// The nearest detection that counts as the matter's companion and is none of the things themselves.
fn companion_of<'a>(
    matter: &Matter,
    bbox: &BBox<FrameSpace>,
    things: &[&Detection],
    detections: &'a [Detection],
) -> Option<&'a Detection> {
    let companion = matter.composition.companion.as_ref()?;
    counted(&companion.part, detections)
        .filter(|other| !things.iter().any(|thing| std::ptr::eq(*other, *thing)))
        .filter_map(|other| {
            let distance = distance_in_heights(bbox, &other.bbox)?;
            (distance <= companion.distance_max).then_some((distance, other))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0).then(b.1.score.cmp(&a.1.score)))
        .map(|(_, other)| other)
}

fn counted<'a>(part: &Part, detections: &'a [Detection]) -> impl Iterator<Item = &'a Detection> {
    detections.iter().filter(|one| part.counts(one))
}

/// The gap between two boxes in heights of `companion`: 0 where they touch or overlap.
///
/// Returns `None` for a companion without height.
fn distance_in_heights(anchor: &BBox<FrameSpace>, companion: &BBox<FrameSpace>) -> Option<f32> {
    (companion.height() > 0.0).then(|| gap(anchor, companion) / companion.height())
}

/// Pixels between two boxes: 0 where they touch or overlap.
fn gap(a: &BBox<FrameSpace>, b: &BBox<FrameSpace>) -> f32 {
    let apart = |a0: f32, a1: f32, b0: f32, b1: f32| (b0 - a1).max(a0 - b1).max(0.0);
    apart(a.x0(), a.x1(), b.x0(), b.x1()).hypot(apart(a.y0(), a.y1(), b.y0(), b.y1()))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{
        Clearing, Companion, Composition, DecodeMode, Dwell, Grounds, Matching, MatterCodes, NEW_THING, PlatePolicy,
        Score, ZoneTest,
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
            newness: None,
            trail: None,
            shadow: None,
            plate: None,
            composition: Composition {
                anchor: part(anchor, 0.35),
                companion: companion.map(|classes| Companion {
                    part: part(classes, 0.4),
                    distance_max: 0.5,
                    share_min: 0.5,
                    or_anchors: None,
                    stays: false,
                }),
                gather_max: None,
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
    fn what_stands_together_is_one_candidate_and_several_things_do_without_a_companion() {
        let mut stall = matter("stall", &["umbrella", "chair", NEW_THING], Some(&["person"]));
        stall.composition.gather_max = Some(0.25);
        let seen = [
            detection("umbrella", 0.5, [100.0, 0.0, 200.0, 60.0]),
            detection(NEW_THING, 0.8, [110.0, 70.0, 190.0, 120.0]),
            detection("chair", 0.45, [202.0, 90.0, 230.0, 120.0]),
            detection("chair", 0.9, [400.0, 90.0, 430.0, 120.0]),
        ];
        let found = candidates(&stall, &seen);
        let wholes: Vec<_> = found.iter().map(|c| (&*c.anchor.class, c.anchors, c.bbox.to_array())).collect();
        assert_eq!(wholes, [("chair", 1, [400.0, 90.0, 430.0, 120.0]), ("umbrella", 2, [100.0, 0.0, 230.0, 120.0])]);
        assert!(!found[1].is_complete(&stall));
        stall.composition.companion.as_mut().unwrap().or_anchors = Some(2);
        let found = candidates(&stall, &seen);
        assert_eq!(found.iter().map(|c| c.is_complete(&stall)).collect::<Vec<_>>(), [false, true]);
        let parasol = [
            detection("umbrella", 0.5, [100.0, 0.0, 200.0, 60.0]),
            detection("chair", 0.45, [160.0, 110.0, 190.0, 140.0]),
            detection("chair", 0.45, [240.0, 60.0, 270.0, 90.0]),
        ];
        assert_eq!(candidates(&stall, &parasol).len(), 2, "under it, and as far beside it");
        stall.composition.gather_max = None;
        assert_eq!(candidates(&stall, &seen).len(), 4, "each by itself");
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
