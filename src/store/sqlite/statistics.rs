//! What statistics read: every incident of a span of time from one index, and incidents with their cases for exports.

use rusqlite::{Row, ToSql, Transaction, named_params};
use serde::{Deserialize, de::value};

use super::{
    columns::{Word, impossible},
    incidents,
};
use crate::{
    domain::{Area, Areas, Decision, Incident, IncidentFacts, MatterKey, RejectReason, WallTime},
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

pub(super) fn found(
    tx: &Transaction<'_>,
    span: TimeSpan,
    filter: &IncidentFilter,
    limit: u32,
) -> Result<Vec<(Incident, Option<CaseFacts>)>, StoreError> {
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":from", &span.from), (":until", &span.until), (":limit", &limit)];
    let mut conditions = String::new();
    if let Some(matter) = &filter.matter {
        conditions.push_str(" AND incidents.matter = :matter");
        values.push((":matter", matter));
    }
    if let Some(view) = &filter.view {
        conditions.push_str(" AND incidents.view = :view");
        values.push((":view", view));
    }
    let named: Vec<(String, &Area)> = match &filter.areas {
        Areas::All => Vec::new(),
        Areas::Only(areas) => areas.iter().enumerate().map(|(i, area)| (format!(":area{i}"), area)).collect(),
    };
    if filter.areas != Areas::All {
        let names: Vec<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
        conditions.push_str(&format!(" AND incidents.area IN ({})", names.join(", ")));
    }
    values.extend(named.iter().map(|(name, area)| (name.as_str(), *area as &dyn ToSql)));
    let reviews = incidents::reviews(filter.review.as_deref())?;
    let reviews: Vec<String> = reviews.iter().map(|review| format!("'{review}'")).collect();
    let open = match filter.open {
        None => "",
        Some(true) => " AND incidents.presence = 'open'",
        Some(false) => " AND incidents.presence = 'closed'",
    };
    let mut query = tx.prepare(&format!(
        "SELECT incidents.*, cases.id AS case_id, cases.stage AS case_stage, cases.platform_number AS case_number,
             cases.limit_due_at AS case_due, cases.handled_at AS case_handled
         FROM incidents LEFT JOIN cases ON cases.incident = incidents.id
         WHERE incidents.opened_at >= :from AND incidents.opened_at < :until
             AND incidents.review IN ({}){open}{conditions}
         ORDER BY incidents.opened_at DESC, incidents.id DESC LIMIT :limit",
        reviews.join(", ")
    ))?;
    let rows = query.query_map(&*values, |row| Ok((incidents::incident_of(row)?, case_facts(row)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
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
