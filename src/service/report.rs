//! 考核: the report of a month, to be printed. Everything in it is counted anew when it is asked for.

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::{Agreement, By, Faults, HotSpots, Service, ServiceError, StatisticsQuery, StatisticsRow, Want};
use crate::{
    domain::{Areas, Thing, WallTime},
    store::TimeSpan,
};

/// Streams that a report lists.
const STREAMS_TOP: usize = 20;

/// A month as `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month(NaiveDate);

impl Month {
    /// Reads `YYYY-MM`.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`].
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        let whole = (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten();
        let month = whole.filter(|day: &NaiveDate| (2000..=9998).contains(&day.year())).map(Self);
        month.ok_or_else(|| ServiceError::Invalid(Faults::one("month", text, Want::Month)))
    }

    fn next(self) -> NaiveDate {
        let (year, month) =
            if self.0.month() == 12 { (self.0.year() + 1, 1) } else { (self.0.year(), self.0.month() + 1) };
        NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MAX)
    }

    fn before(self) -> Self {
        let last = self.0.pred_opt().unwrap_or(NaiveDate::MIN);
        Self(last.with_day(1).unwrap_or(last))
    }

    fn span(self, service: &Service) -> TimeSpan {
        let offset = service.config.city.utc_offset();
        let begin = |day: NaiveDate| {
            WallTime::from_millis((day.and_time(NaiveTime::MIN) - offset).and_utc().timestamp_millis())
        };
        TimeSpan { from: begin(self.0), until: begin(self.next()) }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// The report of a month.
#[derive(Clone, Debug)]
pub struct Report {
    /// Which.
    pub month: Month,
    /// Name of the city.
    pub city: String,
    /// When it was counted.
    pub made_at: WallTime,
    /// Everything.
    pub total: StatisticsRow,
    /// By matter.
    pub by_matter: Vec<StatisticsRow>,
    /// By street.
    pub by_street: Vec<StatisticsRow>,
    /// The streams where most was found.
    pub by_stream_top: Vec<StatisticsRow>,
    /// How far second reviewers of the month agreed with the first.
    pub agreement: Agreement,
    /// Views that are registered and looked at.
    pub views: usize,
    /// Share of the month's counts of views that found them covered; as things stand while the running month has none
    /// yet; `None` for a month in which nothing was counted.
    pub covered_share: Option<f64>,
    /// The month before; `None` where nothing was found in it.
    pub previous: Option<StatisticsRow>,
    /// When and where most was found.
    pub hot_spots: HotSpots,
}

impl Service {
    /// The report of a month.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn report(&self, month: Month) -> Result<Report, ServiceError> {
        let query = |month: Month| StatisticsQuery { span: month.span(self), matter: None, areas: Areas::All };
        let asked = query(month);
        let [by_matter, by_street, by_stream] =
            <[_; 3]>::try_from(self.statistics_by(&[By::Matter, By::Street, By::Stream], &asked)?)
                .map_err(|_| ServiceError::missing(Thing::Month, month))?;
        let previous = self.statistics(By::Hour, &query(month.before()))?.total;
        let stands = self.count_coverage()?;
        let now = self.now();
        let is_running = asked.span.from <= now && now < asked.span.until;
        let counted = self.store.coverage_counted(month.0, month.next())?;
        let counted = if counted.views == 0 && is_running { stands } else { counted };
        let mut by_stream_top = by_stream.rows;
        by_stream_top.truncate(STREAMS_TOP);
        Ok(Report {
            month,
            city: self.config.city.name().to_owned(),
            made_at: now,
            total: by_matter.total,
            by_matter: by_matter.rows,
            by_street: by_street.rows,
            by_stream_top,
            agreement: self.agreement(asked.span.from, asked.span.until)?,
            views: stands.views as usize,
            covered_share: (counted.views > 0).then(|| counted.covered as f64 / counted.views as f64),
            previous: (previous.figures.found > 0).then_some(previous),
            hot_spots: self.hot_spots(&asked)?,
        })
    }
}
