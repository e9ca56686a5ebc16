//! Zones and hours: where and when a matter is forbidden.

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::{MatterKey, Polygon, ViewId, WallTime, ZoneId};

/// What a zone says about the matters bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneKind {
    /// 严禁: forbidden at any time.
    Strict,
    /// 严控: forbidden in the hours, or always when there are none.
    Controlled,
    /// 疏导: lawful in the hours (a morning or night market), forbidden outside of them.
    Permitted,
    /// 豁免: never judged.
    Exempt,
}

/// A span of local time in a day; `from == to` is the whole day; `to < from` runs over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First minute.
    pub from: NaiveTime,
    /// First minute after.
    pub to: NaiveTime,
}

/// A weekly calendar with holidays, in the city's civil time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hours {
    /// Spans of each weekday, Monday first.
    pub weekly: [Vec<Span>; 7],
    /// Spans of holidays, which replace the weekday's; `None` leaves holidays as they are.
    pub on_holidays: Option<Vec<Span>>,
}

impl Hours {
    /// Whether `at` falls into a span. A span over midnight belongs to the day on which it began.
    pub fn contain(&self, at: DateTime<FixedOffset>, holidays: &dyn Fn(NaiveDate) -> bool) -> bool {
        let (today, time) = (at.date_naive(), at.time());
        let begun_today = self.spans_on(today, holidays).iter().any(|span| {
            span.from == span.to
                || if span.from < span.to { span.from <= time && time < span.to } else { span.from <= time }
        });
        let begun_yesterday = || {
            today.pred_opt().is_some_and(|yesterday| {
                self.spans_on(yesterday, holidays).iter().any(|span| span.to < span.from && time < span.to)
            })
        };
        begun_today || begun_yesterday()
    }

    fn spans_on(&self, day: NaiveDate, holidays: &dyn Fn(NaiveDate) -> bool) -> &[Span] {
        match &self.on_holidays {
            Some(spans) if holidays(day) => spans,
            _ => &self.weekly[day.weekday().num_days_from_monday() as usize],
        }
    }
}

/// A polygon on a view, bound to matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// Identity.
    pub id: ZoneId,
    /// The view that it is drawn on.
    pub view: ViewId,
    /// Counts up with each change.
    pub version: u32,
    /// Name for people.
    pub name: String,
    /// What it says.
    pub kind: ZoneKind,
    /// About which matters.
    pub matters: Vec<MatterKey>,
    /// Where, on the reference picture.
    pub polygon: Polygon,
    /// When, for `Controlled` and `Permitted`.
    pub hours: Option<Hours>,
    /// Not before.
    pub valid_from: Option<WallTime>,
    /// Not at or after.
    pub valid_until: Option<WallTime>,
}

impl Zone {
    /// Whether the zone says anything at `at`.
    pub fn valid(&self, at: WallTime) -> bool {
        self.valid_from.is_none_or(|from| from <= at) && self.valid_until.is_none_or(|until| at < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_night_market_runs_over_midnight_and_holidays_replace_weekdays() {
        let span = |from: &str, to: &str| Span { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let mut hours = Hours { on_holidays: Some(vec![span("06:00:00", "06:00:00")]), ..Hours::default() };
        hours.weekly[0] = vec![span("18:00:00", "02:00:00")]; // Monday
        let none = |_: NaiveDate| false;
        assert!(hours.contain(time("2026-11-23T23:00:00+08:00"), &none));
        assert!(hours.contain(time("2026-11-24T01:59:00+08:00"), &none), "after midnight it is still Monday's market");
        assert!(!hours.contain(time("2026-11-24T02:00:00+08:00"), &none));
        assert!(!hours.contain(time("2026-11-23T01:00:00+08:00"), &none), "Sunday has no market");
        assert!(
            hours.contain(time("2026-11-26T12:00:00+08:00"), &|_| true),
            "a holiday span of equal ends is the whole day"
        );
    }
}
