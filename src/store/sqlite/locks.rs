//! Locks: which reviewer has which incident open. Kept here and not in memory, so that a restart and a second
//! process see them.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{incidents, journal};
use crate::{
    domain::{IncidentId, IncidentLock, WallTime},
    store::StoreError,
};

/// Locks that a list shows; an office has fewer reviewers.
const LOCKS_MAX: u32 = 2000;

/// Takes or renews. Only a lock that is new is told.
pub(super) fn take(tx: &Transaction<'_>, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError> {
    incidents::one(tx, lock.incident)?;
    let held = on(tx, lock.incident, now)?;
    if let Some(IncidentLock { incident, name, until, .. }) =
        held.as_ref().filter(|held| held.holder != lock.holder).cloned()
    {
        return Err(StoreError::Locked { incident, by: name, until });
    }
    let IncidentLock { incident, holder, name, until } = lock;
    tx.prepare_cached("DELETE FROM incident_locks WHERE until <= ?1")?.execute([now])?;
    tx.prepare_cached("INSERT OR REPLACE INTO incident_locks (incident, holder, name, until) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![incident, holder, name, until])?;
    if held.is_none() {
        journal::tell(tx, now, "incident.locked", &incident.to_string())?;
    }
    Ok(())
}

/// Gives back.
pub(super) fn release(tx: &Transaction<'_>, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError> {
    let gone = tx
        .prepare_cached("DELETE FROM incident_locks WHERE incident = ?1 AND holder = ?2")?
        .execute(params![lock.incident, lock.holder])?;
    if gone > 0 { journal::tell(tx, now, "incident.unlocked", &lock.incident.to_string()) } else { Ok(()) }
}

/// A verdict ends the lock, whoever has it.
pub(super) fn end(tx: &Transaction<'_>, incident: IncidentId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM incident_locks WHERE incident = ?1")?.execute([incident])?;
    Ok(())
}

pub(super) fn on(
    tx: &Transaction<'_>,
    incident: IncidentId,
    now: WallTime,
) -> Result<Option<IncidentLock>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM incident_locks WHERE incident = ?1 AND until > ?2")?;
    Ok(query.query_row(params![incident, now], lock_of).optional()?)
}

pub(super) fn all(tx: &Transaction<'_>, now: WallTime) -> Result<Vec<IncidentLock>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM incident_locks WHERE until > ?1 LIMIT ?2")?;
    Ok(query.query_map(params![now, LOCKS_MAX], lock_of)?.collect::<Result<_, _>>()?)
}

fn lock_of(row: &Row<'_>) -> rusqlite::Result<IncidentLock> {
    Ok(IncidentLock {
        incident: row.get("incident")?,
        holder: row.get("holder")?,
        name: row.get("name")?,
        until: row.get("until")?,
    })
}
