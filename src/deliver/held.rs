//! 对账: the question which cases of a day the platform holds, and its answer. Nothing here compares.

use chrono::{FixedOffset, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use crate::domain::WallTime;

/// Longest answer that is read: some hundred thousand cases.
pub(super) const HELD_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// A day of the city's civil time. A case belongs to the day on which it was confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseDay {
    /// The date.
    pub date: NaiveDate,
    /// Its first moment.
    pub from: WallTime,
    /// The first moment after.
    pub until: WallTime,
}

impl CaseDay {
    /// The day of a date where civil time is `offset` from UTC.
    pub fn of(date: NaiveDate, offset: FixedOffset) -> Self {
        let begin = |date: NaiveDate| {
            WallTime::from_millis((date.and_time(NaiveTime::MIN) - offset).and_utc().timestamp_millis())
        };
        Self { date, from: begin(date), until: begin(date.succ_opt().unwrap_or(NaiveDate::MAX)) }
    }

    /// Whether a case that was confirmed then belongs to it.
    pub fn holds(&self, confirmed_at: WallTime) -> bool {
        self.from <= confirmed_at && confirmed_at < self.until
    }
}

/// A case as the platform holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCase {
    /// Our id of the case, as the platform has it.
    pub case_id: String,
    /// The platform's own number.
    #[serde(default)]
    pub platform_number: Option<String>,
    /// Where it stands there, in the words of callbacks; `None` where the outlet knows no stages.
    #[serde(default)]
    pub stage: Option<String>,
}

/// The answer. Anything more in it is left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldCases {
    /// The cases of the day.
    pub cases: Vec<HeldCase>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_citys_own() {
        let day = CaseDay::of("2026-11-23".parse().unwrap(), FixedOffset::east_opt(8 * 3600).unwrap());
        for (at, holds) in [
            ("2026-11-22T15:59:59.999Z", false),
            ("2026-11-22T16:00:00Z", true),
            ("2026-11-23T15:59:59.999Z", true),
            ("2026-11-23T16:00:00Z", false),
        ] {
            assert_eq!(day.holds(at.parse().unwrap()), holds, "{at}");
        }
        CaseDay::of(NaiveDate::MAX, FixedOffset::east_opt(0).unwrap());
    }
}
