//! The queue of incidents that wait for a reviewer. Reads the index in order of the minute in which they are due,
//! filters inside of it, and fetches only the rows of the page.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::{OptionalExtension, Row, ToSql, Transaction};

use super::{areas, columns::Json, incidents, page::bad_cursor, places};
use crate::{
    domain::{Appearance, Area, Incident, IncidentId, Level},
    store::{Page, Queue, QueueFilter, StoreError},
};

/// Where a page begins: after the row with these values.
pub(super) struct After {
    minute: i64,
    level: u8,
    score: f32,
    id: String,
}

impl After {
    /// Before everything.
    pub(super) fn nothing() -> Self {
        Self { minute: i64::MIN, level: u8::MAX, score: f32::MAX, id: String::new() }
    }

    /// An incident, whether it still waits or not.
    pub(super) fn incident(tx: &Transaction<'_>, filter: &QueueFilter, id: IncidentId) -> Result<Self, StoreError> {
        let sql = format!("SELECT id, opened_minute, {} AS level, score FROM incidents WHERE id = ?1", level(filter));
        let found = tx.prepare_cached(&sql)?.query_row([id], Self::row).optional()?;
        Ok(found.unwrap_or_else(Self::nothing))
    }

    fn row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self { minute: row.get(1)?, level: row.get(2)?, score: row.get(3)?, id: row.get(0)? })
    }

    fn of(page: &Page) -> Result<Self, StoreError> {
        match &page.after {
            None => Ok(Self::nothing()),
            Some(cursor) => Self::read(cursor).ok_or_else(|| bad_cursor(cursor)),
        }
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.split('|');
        (parts.next()? == "queue").then_some(())?;
        let (minute, level) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let score = f32::from_bits(parts.next()?.parse().ok()?);
        let id: IncidentId = parts.next()?.parse().ok()?;
        (parts.next().is_none() && score.is_finite()).then(|| Self { minute, level, score, id: id.to_string() })
    }

    fn cursor(&self) -> String {
        let Self { minute, level, score, id } = self;
        URL_SAFE_NO_PAD.encode(format!("queue|{minute}|{level}|{}|{id}", score.to_bits()))
    }
}

/// The conditions of a filter that columns of the index answer.
fn admitted(filter: &QueueFilter) -> String {
    let matter = filter.matter.as_ref().map_or("", |_| " AND matter = :matter");
    let view = filter.view.map_or("", |_| " AND view = :view");
    format!("review = 'waiting'{matter}{view}{}", areas::among(&filter.areas))
}

/// The level of a row. A key is of `a-z`, `0-9` and `_`, so it can stand in a text.
fn level(filter: &QueueFilter) -> String {
    let cases: String = filter
        .levels
        .iter()
        .filter(|(_, level)| *level != Level::NORMAL)
        .map(|(matter, level)| format!(" WHEN '{matter}' THEN {}", level.number()))
        .collect();
    let normal = Level::NORMAL.number();
    if cases.is_empty() { normal.to_string() } else { format!("CASE matter{cases} ELSE {normal} END") }
}

/// The query of a page, under a further condition, which is empty or begins with ` AND`.
pub(super) fn page_sql(filter: &QueueFilter, also: &str) -> String {
    format!(
        "SELECT id, opened_minute, {} AS level, score FROM incidents INDEXED BY incidents_waiting
         WHERE {}{also} AND opened_minute >= :minute AND (opened_minute > :minute OR level < :level
             OR (level = :level AND (score < :score OR (score = :score AND id > :after))))
         ORDER BY opened_minute, level DESC, score DESC, id LIMIT :limit",
        level(filter),
        admitted(filter)
    )
}

/// The query of the count.
pub(super) fn count_sql(filter: &QueueFilter) -> String {
    format!("SELECT count(*) FROM incidents INDEXED BY incidents_waiting WHERE {}", admitted(filter))
}

pub(super) fn page(tx: &Transaction<'_>, filter: &QueueFilter, page: &Page) -> Result<Queue, StoreError> {
    let asked = page.limit.clamp(1, 500);
    let mut found = rows(tx, filter, &After::of(page)?, asked + 1)?;
    let more = found.len() > asked as usize;
    found.truncate(asked as usize);
    let next = if more { found.last().map(After::cursor) } else { None };
    let rows = found.iter().map(|row| incidents::one(tx, id_of(row)?)).collect::<Result<_, _>>()?;
    Ok(Queue { rows, next, waiting: waiting(tx, filter)? })
}

/// How many wait.
pub(super) fn waiting(tx: &Transaction<'_>, filter: &QueueFilter) -> Result<u64, StoreError> {
    let named = areas::named(&filter.areas);
    let values = parameters(filter, &named);
    let count: i64 = tx.prepare_cached(&count_sql(filter))?.query_row(&*values, |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// The most urgent `limit` incidents with the appearance of their places.
pub(super) fn looks(
    tx: &Transaction<'_>,
    filter: &QueueFilter,
    limit: u32,
) -> Result<Vec<(Incident, Appearance)>, StoreError> {
    let mut looks = Vec::new();
    for row in rows(tx, filter, &After::nothing(), limit)? {
        let incident = incidents::one(tx, id_of(&row)?)?;
        if let Some(appearance) = places::appearance(tx, incident.place)? {
            looks.push((incident, appearance));
        }
    }
    Ok(looks)
}

fn rows(tx: &Transaction<'_>, filter: &QueueFilter, after: &After, limit: u32) -> Result<Vec<After>, StoreError> {
    ordered(tx, filter, after, limit, ("", &[]))
}

/// The same under a further condition with values of its own.
pub(super) fn ordered(
    tx: &Transaction<'_>,
    filter: &QueueFilter,
    after: &After,
    limit: u32,
    (also, own): (&str, &[(&str, &dyn ToSql)]),
) -> Result<Vec<After>, StoreError> {
    let named = areas::named(&filter.areas);
    let mut values: Vec<(&str, &dyn ToSql)> = parameters(filter, &named);
    let score = f64::from(after.score);
    values.extend([
        (":minute", &after.minute as &dyn ToSql),
        (":level", &after.level),
        (":score", &score),
        (":after", &after.id),
        (":limit", &limit),
    ]);
    values.extend_from_slice(own);
    let mut query = tx.prepare_cached(&page_sql(filter, also))?;
    let rows = query.query_map(&*values, After::row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn id_of(row: &After) -> Result<IncidentId, StoreError> {
    row.id.parse().map_err(|_| StoreError::Unusable("an incident's id is none; restore a backup".to_owned()))
}

pub(super) fn parameters<'a>(
    filter: &'a QueueFilter,
    named: &'a Option<Json<&'a BTreeSet<Area>>>,
) -> Vec<(&'static str, &'a dyn ToSql)> {
    let mut values: Vec<(&'static str, &dyn ToSql)> = Vec::new();
    if let Some(matter) = &filter.matter {
        values.push((":matter", matter));
    }
    if let Some(view) = &filter.view {
        values.push((":view", view));
    }
    if let Some(named) = named {
        values.push((":areas", named));
    }
    values
}
