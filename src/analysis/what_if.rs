//! What a draft of zones, hours and matters would have made of what the last looks saw. Pure: nothing is stored, and
//! both sides are judged by the same boxes, so that only the draft makes a difference.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    compose::candidates,
    lawful::{Civil, Ruling, ruling},
};
use crate::domain::{
    BBox, Detection, Homography, LookId, Matter, MatterKey, Observed, ReferenceSpace, Score, WallTime, Zone,
};

/// What a view is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Rulebook<'a> {
    /// Zones, each with its hours.
    pub zones: &'a [Zone],
    /// What is looked for.
    pub matters: &'a BTreeSet<MatterKey>,
}

/// Why something counts, or why it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A zone forbids it: it counts.
    Counts,
    /// No zone speaks about it.
    NoZone,
    /// Its zone lets it be at that hour.
    LawfulHours,
    /// Its zone is never judged.
    Exempt,
    /// The matter is not looked for.
    MatterOff,
}

/// How one thing is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Why.
    pub why: Why,
    /// Name of the zone that speaks.
    pub zone: Option<String>,
}

impl Judged {
    /// Whether it is a sighting of something forbidden.
    pub fn counts(&self) -> bool {
        self.why == Why::Counts
    }
}

/// One thing that the draft judges differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The look that saw it.
    pub look: LookId,
    /// When.
    pub at: WallTime,
    /// As which matter.
    pub matter: MatterKey,
    /// Where.
    pub bbox: BBox<ReferenceSpace>,
    /// How sure the model was.
    pub score: Score,
    /// As things stand.
    pub before: Judged,
    /// Under the draft.
    pub after: Judged,
}

/// Everything that `draft` judges differently than `present`, in the order of `looks`; of one look by matter, surest
/// first. A thing of the same judgement by another zone is a difference too where it counts: dwell follows the zone.
///
/// Text that a person had permitted when it was seen is lawful on both sides, and no difference.
///
/// `size` is the reference picture's in pixels: companions are reached for in pixels, not in fractions.
pub fn differences(
    catalogue: &BTreeMap<MatterKey, Matter>,
    present: Rulebook<'_>,
    draft: Rulebook<'_>,
    looks: &[(LookId, Observed)],
    size: (u32, u32),
    civil: Civil<'_>,
) -> Vec<Difference> {
    let keys: BTreeSet<&MatterKey> = present.matters.union(draft.matters).collect();
    let matters: Vec<&Matter> = keys.into_iter().filter_map(|key| catalogue.get(key)).collect();
    let mut found = Vec::new();
    for (look, observed) in looks {
        let detections = in_pixels(observed, size);
        for matter in &matters {
            for candidate in candidates(matter, &detections) {
                let anchor = candidate.anchor;
                let bbox = Homography::IDENTITY.to_reference(&candidate.bbox, size.0, size.1);
                let judge = |rules: Rulebook<'_>| judge(rules, matter, &bbox, observed.at, civil);
                let (before, after) = (judge(present), judge(draft));
                let differs = before.counts() != after.counts() || (after.counts() && before.zone != after.zone);
                if differs {
                    let (look, at, score) = (*look, observed.at, anchor.score);
                    found.push(Difference { look, at, matter: matter.key.clone(), bbox, score, before, after });
                }
            }
        }
    }
    found
}

fn in_pixels(observed: &Observed, (width, height): (u32, u32)) -> Vec<Detection> {
    let frame = |bbox| Homography::IDENTITY.to_frame(bbox, width, height);
    let detections = observed.detections.iter();
    detections
        .filter(|seen| !seen.permitted)
        .map(|seen| Detection { class: seen.class.clone(), score: seen.score, bbox: frame(&seen.bbox), text: None })
        .collect()
}

fn judge(rules: Rulebook<'_>, matter: &Matter, bbox: &BBox<ReferenceSpace>, at: WallTime, civil: Civil<'_>) -> Judged {
    if !rules.matters.contains(&matter.key) {
        return Judged { why: Why::MatterOff, zone: None };
    }
    let (why, zone) = match ruling(rules.zones, matter, bbox, at, civil) {
        Ruling::Forbidden(zone) => (Why::Counts, Some(zone)),
        Ruling::LawfulHours(zone) => (Why::LawfulHours, Some(zone)),
        Ruling::Exempt(zone) => (Why::Exempt, Some(zone)),
        Ruling::NoZone => (Why::NoZone, None),
    };
    Judged { why, zone: zone.map(|zone| zone.name.clone()) }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;
    use crate::{
        analysis::fixtures::{matter, zone},
        domain::{Hours, ReferenceDetection, Span, ZoneKind},
    };

    fn hours(from: &str, to: &str) -> Option<Hours> {
        let span = Span { from: from.parse().unwrap(), to: to.parse().unwrap() };
        Some(Hours { weekly: std::array::from_fn(|_| vec![span]), on_holidays: None })
    }

    fn saw(time: &str, bbox: [f32; 4]) -> (LookId, Observed) {
        let car = ReferenceDetection {
            class: "car".into(),
            score: Score::new(0.8).unwrap(),
            bbox: BBox::from(bbox),
            permitted: false,
        };
        let at = format!("2026-11-23T{time}+08:00").parse().unwrap();
        (LookId::derived(&[time.as_bytes()]), Observed::new(at, vec![car]))
    }

    /// Present and draft zones, the hour, and what the draft changes.
    #[test]
    fn a_draft_tells_what_it_would_change_and_why() {
        let strict = || Zone { name: "严禁".into(), ..zone(ZoneKind::Strict) };
        let market =
            || Zone { name: "夜市".into(), hours: hours("18:00:00", "22:00:00"), ..zone(ZoneKind::Permitted) };
        let exempt = || Zone { name: "豁免".into(), ..zone(ZoneKind::Exempt) };
        let controlled =
            || Zone { name: "高峰".into(), hours: hours("07:00:00", "09:00:00"), ..zone(ZoneKind::Controlled) };
        type Row = (Vec<Zone>, Vec<Zone>, &'static str, Option<(Why, Why)>);
        let rows: Vec<Row> = vec![
            (vec![], vec![], "12:00:00", None),
            (vec![], vec![strict()], "12:00:00", Some((Why::NoZone, Why::Counts))),
            (vec![strict()], vec![], "12:00:00", Some((Why::Counts, Why::NoZone))),
            (vec![strict()], vec![strict()], "12:00:00", None),
            (vec![strict()], vec![strict(), market()], "19:00:00", Some((Why::Counts, Why::LawfulHours))),
            (vec![strict()], vec![strict(), market()], "12:00:00", None),
            (vec![strict()], vec![strict(), exempt()], "12:00:00", Some((Why::Counts, Why::Exempt))),
            (vec![strict()], vec![controlled()], "12:00:00", Some((Why::Counts, Why::LawfulHours))),
            (vec![strict()], vec![controlled()], "08:00:00", Some((Why::Counts, Why::Counts))),
            (vec![exempt()], vec![market()], "19:00:00", None),
        ];
        let matters = BTreeSet::from([matter().key]);
        let catalogue = BTreeMap::from([(matter().key, matter())]);
        let civil = Civil { offset: FixedOffset::east_opt(8 * 3600).unwrap(), is_holiday: &|_| false };
        for (present, draft, time, expected) in rows {
            let (present, draft) =
                (Rulebook { zones: &present, matters: &matters }, Rulebook { zones: &draft, matters: &matters });
            let looks = [saw(time, [0.4, 0.4, 0.6, 0.6]), saw(time, [0.0, 0.0, 0.1, 0.1])];
            let found = differences(&catalogue, present, draft, &looks, (1920, 1080), civil);
            let told = found.iter().map(|d| (d.before.why, d.after.why)).collect::<Vec<_>>();
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{present:?} {draft:?} at {time}");
        }
    }

    #[test]
    fn what_a_person_permitted_is_lawful_under_any_draft() {
        let catalogue = BTreeMap::from([(matter().key, matter())]);
        let matters = BTreeSet::from([matter().key]);
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let zones = [zone(ZoneKind::Strict)];
        let (present, draft) =
            (Rulebook { zones: &[], matters: &matters }, Rulebook { zones: &zones, matters: &matters });
        let (look, mut observed) = saw("12:00:00", [0.4, 0.4, 0.6, 0.6]);
        for (permitted, differs) in [(false, 1), (true, 0)] {
            observed.detections[0].permitted = permitted;
            let looks = [(look, observed.clone())];
            assert_eq!(differences(&catalogue, present, draft, &looks, (1920, 1080), civil).len(), differs);
        }
    }

    #[test]
    fn a_matter_that_is_switched_off_or_on_is_told() {
        let catalogue = BTreeMap::from([(matter().key, matter())]);
        let (all, none) = (BTreeSet::from([matter().key]), BTreeSet::new());
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let zones = [zone(ZoneKind::Strict)];
        let (on, off) = (Rulebook { zones: &zones, matters: &all }, Rulebook { zones: &zones, matters: &none });
        let looks = [saw("12:00:00", [0.4, 0.4, 0.6, 0.6])];
        let told = |present, draft| {
            let found = differences(&catalogue, present, draft, &looks, (1920, 1080), civil);
            found.iter().map(|d| (d.before.why, d.after.why)).collect::<Vec<_>>()
        };
        assert_eq!(told(on, off), [(Why::Counts, Why::MatterOff)]);
        assert_eq!(told(off, on), [(Why::MatterOff, Why::Counts)]);
        assert_eq!(told(off, off), []);
    }
}
