//! Statistics: what was found in a span of time and what became of it, by matter, street, grid cell, stream, area,
//! day or hour; where and when it happens most. Exact: each incident is counted, nothing is estimated.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

pub use crate::analysis::statistics::{Figures, REASONS, Share};

use super::{Faults, Service, ServiceError, Want};
use crate::{
    analysis::statistics::Tally,
    domain::{Areas, IncidentFacts, MatterKey, RejectReason, Stream, ViewId, WallTime},
    store::TimeSpan,
};

/// Places that are told as hot spots.
const PLACES_MAX: usize = 50;

/// What rows are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// 事项.
    Matter,
    /// 街道, which the city's table of grid cells names.
    Street,
    /// 单元网格.
    GridCell,
    /// A registered camera source.
    Stream,
    /// 区域.
    Area,
    /// A day of the city's civil time.
    Day,
    /// An hour of the day in the city's civil time.
    Hour,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct StatisticsQuery {
    /// Incidents that were found in this span.
    pub span: TimeSpan,
    /// Only of this matter.
    pub matter: Option<MatterKey>,
    /// Only of these areas.
    pub areas: Areas,
}

/// Figures of one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct StatisticsRow {
    /// Key: of a matter, an id, a code, a day, an hour; empty where incidents belong to none.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// What was counted.
    pub figures: Figures,
}

/// Rows and their total.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// What rows are about.
    pub by: By,
    /// Days and hours in their order, anything else by what was found most.
    pub rows: Vec<StatisticsRow>,
    /// All of them.
    pub total: StatisticsRow,
}

/// A view where much was found.
#[derive(Clone, Debug, PartialEq)]
pub struct HotPlace {
    /// The view.
    pub view: ViewId,
    /// Its stream; `None` once it was removed.
    pub stream: Option<Stream>,
    /// Incidents.
    pub found: u64,
    /// How often they came back.
    pub recurrences: u64,
}

/// Where and when incidents are found.
#[derive(Clone, Debug, PartialEq)]
pub struct HotSpots {
    /// Incidents by weekday (Monday first) and hour of the city's civil time.
    pub hours: [[u64; 24]; 7],
    /// Where most were found, at most 50.
    pub places: Vec<HotPlace>,
}

impl Service {
    /// Counts what was found, by something.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a span that ends before it begins; [`ServiceError::Store`].
    pub fn statistics(&self, by: By, query: &StatisticsQuery) -> Result<Statistics, ServiceError> {
        let mut counted = self.statistics_by(&[by], query)?;
        Ok(counted.remove(0))
    }

    /// Counts what was found by several things at once: the incidents are read once.
    ///
    /// # Errors
    /// The same.
    pub fn statistics_by(&self, by: &[By], query: &StatisticsQuery) -> Result<Vec<Statistics>, ServiceError> {
        let atlas = Atlas::of(self)?;
        let now = self.now();
        let mut total = Tally::default();
        let mut groupings: Vec<Grouping<'_>> = by.iter().map(|by| Grouping::new(*by, &atlas)).collect();
        self.facts(query, |facts| {
            total.add(facts, now);
            groupings.iter_mut().for_each(|grouping| grouping.tally(facts).add(facts, now));
        })?;
        let total = StatisticsRow { key: String::new(), name: "合计".to_owned(), figures: total.figures() };
        Ok(groupings.into_iter().map(|grouping| grouping.finish(self, total.clone())).collect())
    }

    /// Where and when most was found.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a span that ends before it begins; [`ServiceError::Store`].
    pub fn hot_spots(&self, query: &StatisticsQuery) -> Result<HotSpots, ServiceError> {
        let mut atlas = Atlas::of(self)?;
        let mut hours = [[0; 24]; 7];
        let mut counts: HashMap<ViewId, (u64, u64)> = HashMap::new();
        self.facts(query, |facts| {
            let local = facts.opened_at.civil(atlas.offset);
            hours[local.weekday().num_days_from_monday() as usize][local.hour() as usize] += 1;
            let (found, recurrences) = counts.entry(facts.view).or_default();
            *found += 1;
            *recurrences += u64::from(facts.recurrences);
        })?;
        let mut places: Vec<(ViewId, (u64, u64))> = counts.into_iter().collect();
        places.sort_by_key(|(view, counts)| (std::cmp::Reverse(*counts), *view));
        places.truncate(PLACES_MAX);
        let place = |(view, (found, recurrences))| {
            let stream = atlas.streams.remove(&view);
            HotPlace { view, stream, found, recurrences }
        };
        Ok(HotSpots { hours, places: places.into_iter().map(place).collect() })
    }

    /// Hands over every incident that is asked for.
    fn facts(&self, query: &StatisticsQuery, mut each: impl FnMut(&IncidentFacts<'_>)) -> Result<(), ServiceError> {
        let StatisticsQuery { span, matter, areas } = query;
        check_span(*span)?;
        let areas = self.seen_areas(areas);
        let seen = |area: Option<&str>| match &areas {
            Areas::All => true,
            Areas::Only(areas) => area.is_some_and(|area| areas.iter().any(|known| known.as_str() == area)),
        };
        self.store.incident_facts(*span, matter.as_ref(), &mut |facts| {
            if seen(facts.area) {
                each(facts);
            }
        })?;
        Ok(())
    }
}

/// The word of a reason, as the API uses it.
pub fn reason_word(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::WrongObject => "wrong_object",
        RejectReason::Lawful => "lawful",
        RejectReason::Passing => "passing",
        RejectReason::WrongZone => "wrong_zone",
        RejectReason::Unclear => "unclear",
        RejectReason::Other => "other",
    }
}

pub(super) fn check_span(span: TimeSpan) -> Result<(), ServiceError> {
    if span.from < span.until {
        return Ok(());
    }
    Faults::one("until", &span.until.to_string(), Want::Later { than: "from" }).none()
}

/// What is registered, by view: incidents name nothing else.
struct Atlas {
    offset: FixedOffset,
    /// A copy for each view: a place is told with its stream.
    streams: HashMap<ViewId, Stream>,
    streets: HashMap<ViewId, String>,
}

impl Atlas {
    fn of(service: &Service) -> Result<Self, ServiceError> {
        let (registry, city) = (service.registry()?, &service.config.city);
        let streams: HashMap<_, Stream> = registry.streams.into_iter().map(|stream| (stream.id, stream)).collect();
        let of_view = |view: &crate::domain::View| Some((view.id, streams.get(&view.stream)?.clone()));
        let streams: HashMap<ViewId, Stream> = registry.views.iter().filter_map(of_view).collect();
        let street = |(view, stream): (&ViewId, &Stream)| {
            let cell = stream.location.as_ref()?.grid_cell.as_deref()?;
            Some((*view, city.grid_cell(cell)?.street.clone()))
        };
        let streets = streams.iter().filter_map(street).collect();
        Ok(Self { offset: city.utc_offset(), streams, streets })
    }

    /// Key and name of what a view belongs to.
    fn place(&self, by: By, view: ViewId) -> (String, String) {
        let stream = self.streams.get(&view);
        let unknown = |word: &str| (String::new(), word.to_owned());
        match (by, stream) {
            (_, None) => unknown("已删除的视频源"),
            (By::Street, Some(_)) => match self.streets.get(&view) {
                Some(street) => (street.clone(), street.clone()),
                None => unknown("未登记街道"),
            },
            (By::GridCell, Some(stream)) => match stream.location.as_ref().and_then(|at| at.grid_cell.clone()) {
                Some(cell) => (cell.clone(), cell),
                None => unknown("未登记网格"),
            },
            (_, Some(stream)) => (stream.id.to_string(), stream.name.clone()),
        }
    }
}

/// Tallies of one kind of row.
struct Grouping<'a> {
    by: By,
    atlas: &'a Atlas,
    /// Where views, words and numbers are counted, so that no row is named more than once.
    views: HashMap<ViewId, usize>,
    words: HashMap<String, usize>,
    numbers: HashMap<i64, usize>,
    tallies: Vec<(String, String, Tally)>,
}

impl<'a> Grouping<'a> {
    fn new(by: By, atlas: &'a Atlas) -> Self {
        let (views, words, numbers) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { by, atlas, views, words, numbers, tallies: Vec::new() }
    }

    /// Where an incident is counted.
    fn tally(&mut self, facts: &IncidentFacts<'_>) -> &mut Tally {
        let at = match self.by {
            By::Matter => self.word(facts.matter, facts.matter),
            By::Area => self.word(facts.area.unwrap_or(""), facts.area.unwrap_or("未分区域")),
            By::Street | By::GridCell | By::Stream => match self.views.get(&facts.view) {
                Some(at) => *at,
                None => {
                    let (key, name) = self.atlas.place(self.by, facts.view);
                    // A stream has several views, a street several streams; what has no key goes by its name.
                    let at = self.word(if key.is_empty() { &name } else { &key }, &name);
                    self.tallies[at].0 = key;
                    self.views.insert(facts.view, at);
                    at
                }
            },
            By::Day => self.number(facts.opened_at, 86_400_000, |at| at.date_naive().to_string()),
            By::Hour => self.number(facts.opened_at, 3_600_000, |at| format!("{:02}", at.hour())),
        };
        &mut self.tallies[at].2
    }

    fn word(&mut self, key: &str, name: &str) -> usize {
        if let Some(at) = self.words.get(key) {
            return *at;
        }
        let at = self.tallies.len();
        self.words.insert(key.to_owned(), at);
        self.tallies.push((key.to_owned(), name.to_owned(), Tally::default()));
        at
    }

    /// The row of a stretch of local time; `key` is asked once for each stretch.
    fn number(&mut self, at: WallTime, stretch_ms: i64, key: impl Fn(DateTime<FixedOffset>) -> String) -> usize {
        let local_ms = at.millis().saturating_add(i64::from(self.atlas.offset.local_minus_utc()) * 1000);
        let number = local_ms.div_euclid(stretch_ms);
        if let Some(at) = self.numbers.get(&number) {
            return *at;
        }
        let key = key(at.civil(self.atlas.offset));
        let at = self.word(&key.clone(), &key);
        self.numbers.insert(number, at);
        at
    }

    fn finish(self, service: &Service, total: StatisticsRow) -> Statistics {
        let by = self.by;
        let row = |(key, name, tally): (String, String, Tally)| {
            let name = match by {
                By::Matter => key.parse().map_or(name, |key| service.matter_name(&key)),
                By::Hour => format!("{name}:00"),
                By::Street | By::GridCell | By::Stream | By::Area | By::Day => name,
            };
            StatisticsRow { key, name, figures: tally.figures() }
        };
        let mut rows: Vec<StatisticsRow> = self.tallies.into_iter().map(row).collect();
        match by {
            By::Day | By::Hour => rows.sort_by(|a, b| a.key.cmp(&b.key)),
            By::Matter | By::Street | By::GridCell | By::Stream | By::Area => {
                rows.sort_by(|a, b| b.figures.found.cmp(&a.figures.found).then_with(|| a.key.cmp(&b.key)));
            }
        }
        Statistics { by, rows, total }
    }
}
