//! Comparing what two models saw in one frame: what both saw, and what one of them alone saw in the matter's zones. Pure;
//! it decides about no place and no incident.

use super::scene::{Registered, Rules, sightings};
use crate::domain::{Detection, Disagreement, MatterKey, SAME_SPOT_IOU, SeenBy, Sighting};

/// What two models saw of one matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Compared {
    /// Things that both saw.
    pub both: u32,
    /// Things that one of them saw, the surest first.
    pub disagreements: Vec<Disagreement>,
}

/// Compares what the matter's own model saw (`own`) with what the new one did in the same frame. Only what the zones forbid
/// now counts, in whole compositions; of two boxes that overlap by [`SAME_SPOT_IOU`] each is used once, the surest first.
/// What the other one saw there below the matter's least score is noted, and makes no agreement.
pub fn compare(rules: Rules<'_>, matter: &MatterKey, own: Registered<'_>, shadow: &[Detection]) -> Compared {
    let found = |seen: Registered<'_>| {
        let all = sightings(rules, seen).into_iter();
        let mut counted: Vec<Sighting> =
            all.filter(|one| one.matter == *matter && one.zone.is_some() && one.accompanied).collect();
        counted.sort_by_key(|one| std::cmp::Reverse(one.score));
        counted
    };
    let new = Registered { detections: shadow, ..own };
    let (by_own, mut by_shadow) = (found(own), found(new));
    let mut compared = Compared::default();
    for one in by_own {
        let nearest = (by_shadow.iter().enumerate())
            .map(|(at, other)| (at, other.bbox.iou(&one.bbox)))
            .filter(|(_, iou)| *iou >= SAME_SPOT_IOU)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        match nearest {
            Some((at, _)) => {
                by_shadow.remove(at);
                compared.both += 1;
            }
            None => compared.disagreements.extend(disagreement(SeenBy::Own, &one, shadow)),
        }
    }
    compared.disagreements.extend(by_shadow.iter().filter_map(|one| disagreement(SeenBy::Shadow, one, own.detections)));
    compared.disagreements.sort_by_key(|one| std::cmp::Reverse(one.score));
    compared
}

/// A thing that the other one, who saw `others`, did not see or not surely enough.
fn disagreement(seen_by: SeenBy, one: &Sighting, others: &[Detection]) -> Option<Disagreement> {
    let there = |other: &&Detection| other.class == one.class && other.bbox.iou(&one.bbox_frame) >= SAME_SPOT_IOU;
    Some(Disagreement {
        seen_by,
        class: one.class.clone(),
        zone: one.zone?.0,
        bbox: one.bbox,
        score: one.score,
        other: others.iter().filter(there).map(|other| other.score).max(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::FixedOffset;

    use super::*;
    use crate::{
        analysis::{
            fixtures::{matter, meta, zone},
            lawful::Civil,
        },
        domain::{BBox, Frame, Homography, Picture, Score, VehicleRegister, ZoneKind},
    };

    fn car(score: f32, bbox: [f32; 4]) -> Detection {
        Detection { class: "car".into(), score: Score::new(score).unwrap(), bbox: BBox::from(bbox), text: None }
    }

    fn compared(own: &[Detection], shadow: &[Detection]) -> Compared {
        let frame = Frame { meta: meta(0), picture: Picture::from_rgb(200, 200, vec![90; 120_000]).unwrap() };
        let matters = BTreeMap::from([(matter().key, matter())]);
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let (zones, register) = ([zone(ZoneKind::Strict)], VehicleRegister::default());
        let (zones, trails) = (&zones, &BTreeMap::new());
        let rules = Rules { zones, signs: &[], before: &[], trails, register: &register, matters: &matters, civil };
        let seen = Registered { frame: &frame, homography: &Homography::IDENTITY, detections: own, newness: None };
        compare(rules, &matter().key, seen, shadow)
    }

    #[test]
    fn what_one_alone_saw_is_told_with_what_the_other_thought_of_it() {
        let here = [80.0, 80.0, 120.0, 120.0];
        let there = [100.0, 60.0, 140.0, 118.0];
        let both = compared(&[car(0.8, here)], &[car(0.6, [82.0, 80.0, 122.0, 120.0])]);
        assert_eq!((both.both, both.disagreements.len()), (1, 0));

        let unsure = compared(&[car(0.8, here)], &[car(0.1, here)]);
        assert_eq!((unsure.both, unsure.disagreements.len()), (0, 1));
        let said = &unsure.disagreements[0];
        assert_eq!((said.seen_by, said.score.value(), said.other), (SeenBy::Own, 0.8, Score::new(0.1).ok()));

        let each = compared(&[car(0.5, here)], &[car(0.9, there)]);
        let sides: Vec<_> = each.disagreements.iter().map(|one| (one.seen_by, one.other)).collect();
        assert_eq!((each.both, sides), (0, vec![(SeenBy::Shadow, None), (SeenBy::Own, None)]), "the surest first");
    }

    #[test]
    fn what_no_zone_forbids_is_no_disagreement() {
        let outside = [0.0, 0.0, 20.0, 20.0];
        assert_eq!(compared(&[], &[car(0.9, outside)]), Compared::default());
        let lorry = Detection { class: "umbrella".into(), ..car(0.9, [80.0, 80.0, 120.0, 120.0]) };
        assert_eq!(compared(&[lorry], &[]), Compared::default(), "nor what the matter does not look for");
    }

    #[test]
    fn of_two_boxes_at_one_spot_each_is_used_once() {
        let here = [80.0, 80.0, 120.0, 120.0];
        let beside = [90.0, 80.0, 130.0, 120.0];
        let found = compared(&[car(0.9, here)], &[car(0.8, here), car(0.7, beside)]);
        assert_eq!(found.both, 1);
    }
}
