//! The working-hour calendar of a city, and how limits are counted in it. Pure: it is told the moment.
//!
//! Units follow the practice of 数字城管: 紧急工作时 and 紧急工作日 run through nights and weekends, 工作时
//! counts working spans only. Whole working days follow the Civil Code, article 201: the day on which a
//! period begins is not counted, and it ends with the working time of its last day (article 203).

use std::{collections::BTreeMap, fmt, time::Duration};

use chrono::{Datelike, Days, FixedOffset, NaiveDate, NaiveTime, TimeZone, Weekday};

use crate::domain::WallTime;

/// Unit in which a limit is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitUnit {
    /// 紧急工作时: the clock runs day and night.
    UrgentHour,
    /// 工作时: only working spans count.
    WorkHour,
    /// 工作日: whole working days after the first.
    WorkDay,
    /// 紧急工作日: 24 hours each, holidays included.
    UrgentDay,
    /// 自然日: 24 hours each, holidays included.
    NaturalDay,
}

impl LimitUnit {
    /// Takes the word of the data files.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "urgent_hour" => Self::UrgentHour,
            "work_hour" => Self::WorkHour,
            "work_day" => Self::WorkDay,
            "urgent_day" => Self::UrgentDay,
            "natural_day" => Self::NaturalDay,
            _ => return None,
        })
    }
}

impl fmt::Display for LimitUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrgentHour => "紧急工作时",
            Self::WorkHour => "工作时",
            Self::WorkDay => "工作日",
            Self::UrgentDay => "紧急工作日",
            Self::NaturalDay => "自然日",
        })
    }
}

/// What the state's holiday notice says about a date that is not as its weekday suggests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialDay {
    /// 放假
    Holiday,
    /// 调休上班
    Workday,
}

/// Working time of a city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Civil time against UTC.
    pub offset: FixedOffset,
    /// Working spans of a working day: ordered, apart, each with `from < to`; at least one.
    pub(super) spans: Vec<(NaiveTime, NaiveTime)>,
    /// Dates that are not as their weekday suggests.
    pub(super) special: BTreeMap<NaiveDate, SpecialDay>,
}

/// How far ahead a limit is sought, so that no table can make the search endless.
const DAYS_AHEAD_MAX: u32 = 10 * 366;

impl Calendar {
    /// The holidays of the table, in order.
    pub fn holidays(&self) -> impl Iterator<Item = NaiveDate> + '_ {
        self.special.iter().filter(|(_, day)| **day == SpecialDay::Holiday).map(|(date, _)| *date)
    }
    /// Whether the date is a holiday by the table. Plain weekends are not holidays.
    pub fn is_holiday(&self, date: NaiveDate) -> bool {
        self.special.get(&date) == Some(&SpecialDay::Holiday)
    }

    /// Whether people work on the date.
    pub fn is_working_day(&self, date: NaiveDate) -> bool {
        match self.special.get(&date) {
            Some(SpecialDay::Holiday) => false,
            Some(SpecialDay::Workday) => true,
            None => !matches!(date.weekday(), Weekday::Sat | Weekday::Sun),
        }
    }

    /// Whether the moment lies in working time, the ends of spans included.
    pub fn is_working_time(&self, at: WallTime) -> bool {
        let civil = at.civil(self.offset);
        let time = civil.time();
        self.is_working_day(civil.date_naive()) && self.spans.iter().any(|&(from, to)| from <= time && time <= to)
    }

    /// The moment at which `n` units after `start` are over. Later starts never give earlier ends.
    ///
    /// Returns `None` where ten years hold too little working time.
    pub fn due(&self, start: WallTime, n: u32, unit: LimitUnit) -> Option<WallTime> {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        match unit {
            LimitUnit::UrgentHour => Some(start.plus(hours(n.into()))),
            LimitUnit::UrgentDay | LimitUnit::NaturalDay => Some(start.plus(hours(24 * u64::from(n)))),
            LimitUnit::WorkHour => self.after_working(start, hours(n.into())),
            LimitUnit::WorkDay => self.end_of_working_day(start, n),
        }
    }

    fn after_working(&self, start: WallTime, mut left: Duration) -> Option<WallTime> {
        let first = start.civil(self.offset).date_naive();
        for ahead in 0..DAYS_AHEAD_MAX {
            let day = first.checked_add_days(Days::new(ahead.into()))?;
            if !self.is_working_day(day) {
                continue;
            }
            for &(from, to) in &self.spans {
                let (from, to) = (self.moment(day, from)?.max(start), self.moment(day, to)?);
                let length = to.since(from);
                if length > Duration::ZERO && length >= left {
                    return Some(from.plus(left));
                }
                left -= length.min(left);
            }
        }
        None
    }

    fn end_of_working_day(&self, start: WallTime, n: u32) -> Option<WallTime> {
        let first = start.civil(self.offset).date_naive();
        let (_, end) = *self.spans.last()?;
        let mut left = n;
        for ahead in 1..DAYS_AHEAD_MAX {
            let day = first.checked_add_days(Days::new(ahead.into()))?;
            left -= u32::from(left > 0 && self.is_working_day(day));
            if left == 0 {
                return self.moment(day, end);
            }
        }
        None
    }

    fn moment(&self, day: NaiveDate, time: NaiveTime) -> Option<WallTime> {
        self.offset.from_local_datetime(&day.and_time(time)).single().map(|civil| WallTime::from_civil(&civil))
    }
}
