//! Whether a matter is forbidden at a spot and a moment: zones, their hours and who wins where they overlap.

use chrono::{FixedOffset, NaiveDate};

use crate::domain::{BBox, Matter, ReferenceSpace, WallTime, Zone, ZoneKind, ZoneTest};

/// The city's civil time: what local day and hour a moment is, and which days are holidays.
#[derive(Clone, Copy)]
pub struct Civil<'a> {
    /// Local time minus UTC.
    pub offset: FixedOffset,
    /// Whether a day is a holiday.
    pub is_holiday: &'a dyn Fn(NaiveDate) -> bool,
}

/// What the zones of a view say about a matter at a spot and a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ruling<'z> {
    /// This zone forbids it.
    Forbidden(&'z Zone),
    /// It lies within the hours in which this zone lets it be.
    LawfulHours(&'z Zone),
    /// This zone is never judged.
    Exempt(&'z Zone),
    /// No zone speaks.
    NoZone,
}

/// The zone that forbids `matter` at `bbox` and `at`; `None` where it is lawful.
pub fn forbidding_zone<'z>(
    zones: &'z [Zone],
    matter: &Matter,
    bbox: &BBox<ReferenceSpace>,
    at: WallTime,
    civil: Civil<'_>,
) -> Option<&'z Zone> {
    match ruling(zones, matter, bbox, at, civil) {
        Ruling::Forbidden(zone) => Some(zone),
        Ruling::LawfulHours(_) | Ruling::Exempt(_) | Ruling::NoZone => None,
    }
}

/// What the zones say about `matter` at `bbox` and `at`.
///
/// Of the zones that are bound to the matter, valid at the moment and hit by the matter's zone test, the
/// first of these speaks: exempt, permitted within its hours (a market; without hours always), strict,
/// controlled within its hours (without hours always), permitted outside of its hours, controlled outside of its hours.
pub fn ruling<'z>(
    zones: &'z [Zone],
    matter: &Matter,
    bbox: &BBox<ReferenceSpace>,
    at: WallTime,
    civil: Civil<'_>,
) -> Ruling<'z> {
    let hit: Vec<&Zone> = zones
        .iter()
        .filter(|zone| zone.matters.contains(&matter.key) && zone.valid(at) && touches(zone, matter.zone_test, bbox))
        .collect();
    let local = at.civil(civil.offset);
    let in_hours = |zone: &Zone| zone.hours.as_ref().is_none_or(|hours| hours.contain(local, civil.is_holiday));
    let first = |kind: ZoneKind, within: Option<bool>| {
        hit.iter().copied().find(|zone| zone.kind == kind && within.is_none_or(|wanted| in_hours(zone) == wanted))
    };
    let lawful = || first(ZoneKind::Permitted, Some(true)).map(Ruling::LawfulHours);
    let forbidden = || {
        first(ZoneKind::Strict, None)
            .or_else(|| first(ZoneKind::Controlled, Some(true)))
            .or_else(|| first(ZoneKind::Permitted, Some(false)))
            .map(Ruling::Forbidden)
    };
    let at_rest = || first(ZoneKind::Controlled, Some(false)).map(Ruling::LawfulHours);
    let exempt = first(ZoneKind::Exempt, None).map(Ruling::Exempt);
    exempt.or_else(lawful).or_else(forbidden).or_else(at_rest).unwrap_or(Ruling::NoZone)
}

fn touches(zone: &Zone, test: ZoneTest, bbox: &BBox<ReferenceSpace>) -> bool {
    match test {
        ZoneTest::BottomCentre => zone.polygon.contains(bbox.bottom_centre()),
        ZoneTest::Overlap(share_min) => zone.polygon.share_of(bbox) >= share_min,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::fixtures::{matter, zone},
        domain::{Hours, Span},
    };

    fn hours(from: &str, to: &str) -> Option<Hours> {
        let span = Span { from: from.parse().unwrap(), to: to.parse().unwrap() };
        Some(Hours { weekly: std::array::from_fn(|_| vec![span]), on_holidays: None })
    }

    /// Zone kinds on one spot, the hour, and which of them forbids.
    #[test]
    fn the_declared_zone_speaks() {
        let market = || hours("18:00:00", "22:00:00");
        type Row = (Vec<(ZoneKind, Option<Hours>)>, &'static str, Option<ZoneKind>);
        let cases: Vec<Row> = vec![
            (vec![], "12:00:00", None),
            (vec![(ZoneKind::Strict, None)], "12:00:00", Some(ZoneKind::Strict)),
            (vec![(ZoneKind::Strict, market())], "12:00:00", Some(ZoneKind::Strict)),
            (vec![(ZoneKind::Controlled, market())], "12:00:00", None),
            (vec![(ZoneKind::Controlled, market())], "19:00:00", Some(ZoneKind::Controlled)),
            (vec![(ZoneKind::Controlled, None)], "12:00:00", Some(ZoneKind::Controlled)),
            (vec![(ZoneKind::Permitted, market())], "19:00:00", None),
            (vec![(ZoneKind::Permitted, market())], "22:00:00", Some(ZoneKind::Permitted)),
            (vec![(ZoneKind::Strict, None), (ZoneKind::Permitted, market())], "19:00:00", None),
            (vec![(ZoneKind::Strict, None), (ZoneKind::Permitted, market())], "12:00:00", Some(ZoneKind::Strict)),
            (vec![(ZoneKind::Strict, None), (ZoneKind::Exempt, None)], "12:00:00", None),
        ];
        let civil = Civil { offset: FixedOffset::east_opt(8 * 3600).unwrap(), is_holiday: &|_| false };
        for (kinds, time, expected) in cases {
            let zones: Vec<Zone> = kinds.into_iter().map(|(kind, hours)| Zone { hours, ..zone(kind) }).collect();
            let at = format!("2026-11-23T{time}+08:00").parse().unwrap();
            let spoke = forbidding_zone(&zones, &matter(), &BBox::new(0.4, 0.4, 0.6, 0.6), at, civil);
            assert_eq!(spoke.map(|zone| zone.kind), expected, "{zones:?} at {time}");
        }
    }

    #[test]
    fn a_zone_for_another_matter_or_elsewhere_or_expired_says_nothing() {
        let civil = Civil { offset: FixedOffset::east_opt(0).unwrap(), is_holiday: &|_| false };
        let (at, spot) = (WallTime::from_millis(1_000), BBox::new(0.4, 0.4, 0.6, 0.6));
        let other = Zone { matters: vec!["other".parse().unwrap()], ..zone(ZoneKind::Strict) };
        let expired = Zone { valid_until: Some(at), ..zone(ZoneKind::Strict) };
        assert!(forbidding_zone(&[other, expired], &matter(), &spot, at, civil).is_none());
        let here = [zone(ZoneKind::Strict)];
        assert!(forbidding_zone(&here, &matter(), &BBox::new(0.9, 0.9, 1.0, 1.0), at, civil).is_none());
        let overlap = Matter { zone_test: ZoneTest::Overlap(0.5), ..matter() };
        assert!(forbidding_zone(&here, &overlap, &BBox::new(0.7, 0.7, 0.9, 0.9), at, civil).is_none(), "a quarter");
        assert!(
            forbidding_zone(&here, &overlap, &BBox::new(0.5, 0.5, 0.9, 0.8), at, civil).is_some(),
            "three quarters"
        );
    }
}
