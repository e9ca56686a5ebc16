//! What statistics read: every incident of a span of time from one index, and incidents with their cases for exports.

use std::time::Duration;

use rusqlite::{Row, ToSql, Transaction, named_params};
use serde::{Deserialize, de::value};

use super::{
    columns::{Word, impossible},
    incidents,
};
use crate::{
    domain::{Area, Areas, Decision, Incident, IncidentFacts, IncidentId, MatterKey, RejectReason, WallTime},
    store::{CaseFacts, IncidentFilter, StoreError, TimeSpan},
};

/// Read from the index alone; the planner must not think otherwise, because the table is ten times as wide.
pub(super) const FACTS_SQL: &str =
    "SELECT opened_at, view, matter, area, review, reviewed_at, reject_reason, recurrences, limit_due_at, handled_at
     FROM incidents INDEXED BY incidents_facts WHERE opened_at >= :from AND opened_at < :until";

pub(super) fn facts(
    tx: &Transaction<'_>,
    span: TimeSpan,
    matter: Option<&MatterKey>,
    each: &mut dyn FnMut(&IncidentFacts<'_>),
) -> Result<(), StoreError> {
    let mut query = tx.prepare_cached(FACTS_SQL)?;
    let mut rows = query.query(named_params! {":from": span.from, ":until": span.until})?;
    while let Some(row) = rows.next()? {
        let key = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        if matter.is_none_or(|matter| matter.as_str() == key) {
            each(&facts_of(row, key)?);
        }
    }
    Ok(())
}

fn facts_of<'a>(row: &'a Row<'_>, matter: &'a str) -> rusqlite::Result<IncidentFacts<'a>> {
    let decision = match row.get_ref(4)?.as_str()? {
        "waiting" => None,
        "confirmed" => Some(Decision::Confirmed),
        "duplicate" => Some(Decision::Duplicate),
        "rejected" => Some(Decision::Rejected(reason(row.get_ref(6)?.as_str()?)?)),
        _ => return Err(impossible("an incident in no known state of review")),
    };
    let decided = match decision {
        Some(decision) => Some((decision, row.get::<_, WallTime>(5)?)),
        None => None,
    };
    Ok(IncidentFacts {
        opened_at: row.get(0)?,
        view: row.get(1)?,
        matter,
        area: row.get_ref(3)?.as_str_or_null()?,
        decided,
        recurrences: row.get(7)?,
        limit_due_at: row.get(8)?,
        handled_at: row.get(9)?,
    })
}

fn reason(word: &str) -> rusqlite::Result<RejectReason> {
    let plain = value::StrDeserializer::<value::Error>::new(word);
    RejectReason::deserialize(plain).map_err(|_| impossible("an incident rejected for no known reason"))
}

/// How many there are of what [`found`] lists.
pub(super) fn counted(tx: &Transaction<'_>, span: TimeSpan, filter: &IncidentFilter) -> Result<u64, StoreError> {
    let admitted = admitted(filter)?;
    let areas = named(filter);
    let mut query = tx.prepare(&format!("SELECT count(*) FROM incidents WHERE {admitted}"))?;
    let rows: i64 = query.query_row(&*values(&span, filter, &areas), |row| row.get(0))?;
    Ok(rows.unsigned_abs())
}

/// Walks the index of the newest, so that all pages together walk the span once.
pub(super) fn found(
    tx: &Transaction<'_>,
    span: TimeSpan,
    filter: &IncidentFilter,
    after: Option<(WallTime, IncidentId)>,
    limit: u32,
) -> Result<Vec<(Incident, Option<CaseFacts>)>, StoreError> {
    let admitted = admitted(filter)?;
    let areas = named(filter);
    let (mut span, mut onward) = (span, "");
    if let Some((at, _)) = &after {
        span.until = span.until.min(at.plus(Duration::from_millis(1)));
        onward = " AND (incidents.opened_at < :at OR incidents.id < :id)";
    }
    let mut query = tx.prepare(&format!(
        "SELECT incidents.*, cases.id AS case_id, cases.stage AS case_stage, cases.platform_number AS case_number,
             cases.limit_due_at AS case_due, cases.handled_at AS case_handled
         FROM incidents INDEXED BY incidents_newest LEFT JOIN cases ON cases.incident = incidents.id
         WHERE {admitted}{onward}
         ORDER BY incidents.opened_at DESC, incidents.id DESC LIMIT :limit"
    ))?;
    let mut values = values(&span, filter, &areas);
    values.push((":limit", &limit));
    if let Some((at, id)) = &after {
        values.extend([(":at", at as &dyn ToSql), (":id", id)]);
    }
    let rows = query.query_map(&*values, |row| Ok((incidents::incident_of(row)?, case_facts(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names under which the areas of a filter are bound.
fn named(filter: &IncidentFilter) -> Vec<(String, &Area)> {
    match &filter.areas {
        Areas::All => Vec::new(),
        Areas::Only(areas) => areas.iter().enumerate().map(|(i, area)| (format!(":area{i}"), area)).collect(),
    }
}

/// Which incidents a filter admits.
fn admitted(filter: &IncidentFilter) -> Result<String, StoreError> {
    let reviews = incidents::reviews(filter.review.as_deref())?;
    let reviews: Vec<String> = reviews.iter().map(|review| format!("'{review}'")).collect();
    let mut admitted = format!(
        "incidents.opened_at >= :from AND incidents.opened_at < :until AND incidents.review IN ({})",
        reviews.join(", ")
    );
    if filter.matter.is_some() {
        admitted.push_str(" AND incidents.matter = :matter");
    }
    if filter.view.is_some() {
        admitted.push_str(" AND incidents.view = :view");
    }
    if filter.areas != Areas::All {
        let names: Vec<String> = named(filter).into_iter().map(|(name, _)| name).collect();
        admitted.push_str(&format!(" AND incidents.area IN ({})", names.join(", ")));
    }
    match filter.open {
        None => {}
        Some(true) => admitted.push_str(" AND incidents.presence = 'open'"),
        Some(false) => admitted.push_str(" AND incidents.presence = 'closed'"),
    }
    Ok(admitted)
}

fn values<'a>(
    span: &'a TimeSpan,
    filter: &'a IncidentFilter,
    areas: &'a [(String, &'a Area)],
) -> Vec<(&'a str, &'a dyn ToSql)> {
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":from", &span.from), (":until", &span.until)];
    values.extend(filter.matter.as_ref().map(|matter| (":matter", matter as &dyn ToSql)));
    values.extend(filter.view.as_ref().map(|view| (":view", view as &dyn ToSql)));
    values.extend(areas.iter().map(|(name, area)| (name.as_str(), *area as &dyn ToSql)));
    values
}

fn case_facts(row: &Row<'_>) -> rusqlite::Result<Option<CaseFacts>> {
    let Some(id) = row.get("case_id")? else { return Ok(None) };
    Ok(Some(CaseFacts {
        id,
        stage: row.get::<_, Word<_>>("case_stage")?.0,
        platform_number: row.get("case_number")?,
        limit_due_at: row.get("case_due")?,
        handled_at: row.get("case_handled")?,
    }))
}
