//! Hands the next incident of the queue out. Picking and locking are one writing transaction, so two who ask at once never
//! get the same one. Must never hand out what a colleague has open.

use rusqlite::{ToSql, Transaction};

use super::{areas, columns::Json, incidents, locks, queue};
use crate::{
    domain::{IncidentId, IncidentLock, WallTime},
    store::{HandOut, HandedOut, QueueFilter, StoreError},
};

/// Somebody else has the incident open.
const HELD: &str = " AND EXISTS (SELECT 1 FROM incident_locks
    WHERE incident_locks.incident = incidents.id AND until > :now AND holder <> :holder)";
/// Nobody else has it open, and it is none that is not wanted.
pub(super) const FREE: &str = " AND NOT EXISTS (SELECT 1 FROM incident_locks
    WHERE incident_locks.incident = incidents.id AND until > :now AND holder <> :holder)
    AND id NOT IN (SELECT value FROM json_each(:but))";

pub(super) fn hand_out(tx: &Transaction<'_>, wish: &HandOut, now: WallTime) -> Result<HandedOut, StoreError> {
    let HandOut { filter, after, but, holder, name, until } = wish;
    let but = Json(but);
    let own: [(&str, &dyn ToSql); 3] = [(":now", &now), (":holder", holder), (":but", &but)];
    let first_behind = |after: &queue::After| -> Result<Option<IncidentId>, StoreError> {
        let rows = queue::ordered(tx, filter, after, 1, (FREE, &own))?;
        rows.first().map(queue::id_of).transpose()
    };
    let mut found = None;
    if let Some(after) = after {
        found = first_behind(&queue::After::incident(tx, filter, *after)?)?;
    }
    if found.is_none() {
        found = first_behind(&queue::After::nothing())?;
    }
    let incident = found.map(|id| incidents::one(tx, id)).transpose()?;
    if let Some(incident) = &incident {
        let lock = IncidentLock { incident: incident.id, holder: *holder, name: name.clone(), until: *until };
        locks::take(tx, &lock, now)?;
    }
    Ok(HandedOut { incident, waiting: queue::waiting(tx, filter)?, held: held(tx, filter, &own[..2])? })
}

/// How many of the waiting ones somebody else has open.
fn held(tx: &Transaction<'_>, filter: &QueueFilter, own: &[(&str, &dyn ToSql)]) -> Result<u64, StoreError> {
    let named = areas::named(&filter.areas);
    let mut values: Vec<(&str, &dyn ToSql)> = queue::parameters(filter, &named);
    values.extend_from_slice(own);
    let sql = format!("{}{HELD}", queue::count_sql(filter));
    let count: i64 = tx.prepare_cached(&sql)?.query_row(&*values, |row| row.get(0))?;
    Ok(count.unsigned_abs())
}
