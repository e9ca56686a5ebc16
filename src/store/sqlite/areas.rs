//! Areas in rows: what belongs to a stream carries the stream's area, so that nobody's list walks over what is not
//! shown to them. Must never let a copy differ from its stream.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, ToSql, Transaction, params};

use super::columns::Json;
use crate::{
    domain::{Area, Areas, IncidentId, StreamId, Thing, ViewId},
    store::StoreError,
};

/// The area of whatever an id names: a look, incident, case, delivery, stream, view or zone. Ids are unique over all.
const OF_ANY: &str = "coalesce(
    (SELECT streams.area FROM looks JOIN views ON views.id = looks.view JOIN streams ON streams.id = views.stream
        WHERE looks.id = ?1),
    (SELECT area FROM incidents WHERE id = ?1),
    (SELECT area FROM cases WHERE id = ?1),
    (SELECT area FROM deliveries WHERE id = ?1),
    (SELECT area FROM streams WHERE id = ?1),
    (SELECT streams.area FROM views JOIN streams ON streams.id = views.stream WHERE views.id = ?1),
    (SELECT streams.area FROM zones JOIN views ON views.id = zones.view JOIN streams ON streams.id = views.stream
        WHERE zones.id = ?1))";

/// The area of whatever `subject` names; `None` too where it names nothing.
pub(super) fn of_any(tx: &Transaction<'_>, subject: &str) -> Result<Option<Area>, StoreError> {
    Ok(tx.prepare_cached(&format!("SELECT {OF_ANY}"))?.query_row([subject], |row| row.get(0))?)
}

pub(super) fn of_incident(tx: &Transaction<'_>, incident: IncidentId) -> Result<Option<Area>, StoreError> {
    let found = tx
        .prepare_cached("SELECT area FROM incidents WHERE id = ?1")?
        .query_row([incident], |row| row.get(0))
        .optional()?;
    found.ok_or_else(|| StoreError::Missing { what: Thing::Incident, id: incident.to_string() })
}

/// The area of a view's incidents: all of them have the same one.
pub(super) fn of_incidents_of(tx: &Transaction<'_>, view: ViewId) -> Result<Option<Area>, StoreError> {
    let mut query = tx.prepare_cached("SELECT area FROM incidents WHERE view = ?1 LIMIT 1")?;
    Ok(query.query_row([view], |row| row.get(0)).optional()?.flatten())
}

/// All that belongs to the stream follows it into its area.
pub(super) fn follow(tx: &Transaction<'_>, stream: StreamId, area: Option<&Area>) -> Result<(), StoreError> {
    let incidents = "SELECT id FROM incidents WHERE view IN (SELECT id FROM views WHERE stream = ?1)";
    for sql in [
        "UPDATE incidents SET area = ?2 WHERE view IN (SELECT id FROM views WHERE stream = ?1)",
        &format!("UPDATE evidence SET area = ?2 WHERE incident IN ({incidents})"),
        &format!("UPDATE cases SET area = ?2 WHERE incident IN ({incidents})"),
        &format!(
            "UPDATE deliveries SET area = ?2 WHERE case_id IN (SELECT id FROM cases WHERE incident IN ({incidents}))"
        ),
    ] {
        tx.execute(sql, params![stream, area])?;
    }
    Ok(())
}

/// The condition of a query that an index's own column answers: `:areas` is what [`named`] gives.
pub(super) fn among(areas: &Areas) -> &'static str {
    match areas {
        Areas::All => "",
        Areas::Only(_) => " AND area IN (SELECT value FROM json_each(:areas))",
    }
}

/// The areas as one value; `None` where all are seen.
pub(super) fn named(areas: &Areas) -> Option<Json<&BTreeSet<Area>>> {
    match areas {
        Areas::All => None,
        Areas::Only(areas) => Some(Json(areas)),
    }
}

/// The arms of a list: one for each area that is seen, or one without a condition where all are. SQLite merges them in
/// their order and stops at the limit.
#[derive(Debug)]
pub(super) struct Arms {
    conditions: Vec<String>,
    areas: Vec<(String, Area)>,
}

impl Arms {
    pub(super) fn of(areas: &Areas) -> Self {
        let named: Vec<(String, Area)> = match areas {
            Areas::All => return Self { conditions: vec![String::new()], areas: Vec::new() },
            Areas::Only(areas) => {
                areas.iter().enumerate().map(|(i, area)| (format!(":area{i}"), area.clone())).collect()
            }
        };
        let mut conditions: Vec<String> = named.iter().map(|(name, _)| format!("area = {name} AND ")).collect();
        if conditions.is_empty() {
            conditions.push("0 AND ".to_owned());
        }
        Self { conditions, areas: named }
    }

    /// One condition for each arm, to stand behind `WHERE`; it ends with `AND` or is empty.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(String::as_str)
    }

    /// The arms that `arm` makes of each condition, as one query without an order.
    pub(super) fn union(&self, arm: impl Fn(&str) -> String) -> String {
        self.conditions().map(arm).collect::<Vec<_>>().join(" UNION ALL ")
    }

    /// The values that the conditions name.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &dyn ToSql)> {
        self.areas.iter().map(|(name, area)| (name.as_str(), area as &dyn ToSql))
    }
}
