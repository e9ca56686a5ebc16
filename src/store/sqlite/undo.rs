//! Undoing a verdict. It races with the courier for the case: both write under the same lock, and whichever marked
//! the row first has it. A delivery that has begun is never taken back; one that was taken back never begins.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::{cases, exemplars, incidents, journal};
use crate::{
    domain::{Case, Delivery, Incident, IncidentId, MatterKey, Review, SignedVerdict, UndoRefused, Undoable, WallTime},
    store::StoreError,
};

/// What is kept of a verdict until its time is over.
struct Kept {
    reviewer: String,
    matter_before: MatterKey,
    until: WallTime,
}

/// Notes that the verdict about `before` may be undone. An earlier one about the same incident stays from now on.
pub(super) fn keep(tx: &Transaction<'_>, before: &Incident, verdict: &SignedVerdict) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM undoable_verdicts WHERE until <= ?1 OR incident = ?2")?
        .execute(params![verdict.at, before.id])?;
    if verdict.undo_until > verdict.at {
        tx.prepare_cached(
            "INSERT INTO undoable_verdicts (incident, reviewer, matter_before, until) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![before.id, verdict.reviewer, before.matter, verdict.undo_until])?;
    }
    Ok(())
}

/// The verdict that may be undone at `now`.
pub(super) fn undoable(
    tx: &Transaction<'_>,
    incident: IncidentId,
    now: WallTime,
) -> Result<Option<Undoable>, StoreError> {
    let Some(Kept { reviewer, until, .. }) = kept(tx, incident)?.filter(|kept| now < kept.until) else {
        return Ok(None);
    };
    let begun = cases::of_incident(tx, incident)?.map(|case| has_begun(tx, &case)).transpose()?.unwrap_or(false);
    Ok((!begun).then_some(Undoable { by: reviewer, until }))
}

/// Takes the latest verdict back.
pub(super) fn undo(
    tx: &Transaction<'_>,
    incident: IncidentId,
    reviewer: &str,
    at: WallTime,
) -> Result<Incident, StoreError> {
    let decided = incidents::one(tx, incident)?;
    let Kept { reviewer: by, matter_before, until } = kept(tx, incident)?.ok_or(UndoRefused::Nothing(incident))?;
    if by != reviewer {
        return Err(UndoRefused::Foreign { incident, by }.into());
    }
    if at >= until {
        return Err(UndoRefused::Late { incident, until }.into());
    }
    let subject = incident.to_string();
    let case = cases::of_incident(tx, incident)?;
    if let Some(case) = &case {
        if has_begun(tx, case)? {
            return Err(UndoRefused::OnItsWay(incident).into());
        }
        // Told while the case is there, so that those hear of it who saw it.
        let detail = json!({"incident": incident});
        journal::audit_and_tell(tx, at, reviewer, "case.withdrawn", &case.id.to_string(), &detail)?;
        withdraw(tx, case)?;
    }
    let was = json!({"review": decided.review, "matter": decided.matter, "case": case.as_ref().map(|case| case.id)});
    let after = Incident { review: Review::Waiting, matter: matter_before, ..decided };
    incidents::update(tx, &after)?;
    exemplars::unlearn(tx, incident)?;
    tx.prepare_cached("DELETE FROM undoable_verdicts WHERE incident = ?1")?.execute([incident])?;
    journal::audit(tx, at, reviewer, "incident.verdict_undone", &subject, &was)?;
    journal::tell(tx, at, "incident.reopened_for_review", &subject)?;
    Ok(after)
}

/// Whether a pending delivery has begun before; `None` where it is gone or not pending. After an undo and a second
/// confirmation the same id stands for a new duty: the time at which the duty arose tells them apart.
pub(super) fn has_begun_before(tx: &Transaction<'_>, delivery: &Delivery) -> Result<Option<bool>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT begun_at IS NOT NULL FROM deliveries WHERE id = ?1 AND created_at = ?2 AND state = 'pending'",
    )?;
    Ok(query.query_row(params![delivery.id, delivery.created_at], |row| row.get(0)).optional()?)
}

/// Marks a delivery as begun. `false` where it is gone or not pending.
pub(super) fn begin(tx: &Transaction<'_>, delivery: &Delivery, at: WallTime) -> Result<bool, StoreError> {
    if has_begun_before(tx, delivery)?.is_none() {
        return Ok(false);
    }
    tx.prepare_cached("UPDATE deliveries SET begun_at = ?2 WHERE id = ?1")?.execute(params![delivery.id, at])?;
    Ok(true)
}

/// The case and all that the platform was to be told of it. Its evidence is the incident's and stays.
fn withdraw(tx: &Transaction<'_>, case: &Case) -> Result<(), StoreError> {
    for sql in ["DELETE FROM deliveries WHERE case_id = ?1", "DELETE FROM cases WHERE id = ?1"] {
        tx.prepare_cached(sql)?.execute([case.id])?;
    }
    Ok(())
}

/// Whether the platform may know of the case: a message began or was given up, or the platform spoke of it.
fn has_begun(tx: &Transaction<'_>, case: &Case) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT 1 FROM deliveries WHERE case_id = ?1 AND (begun_at IS NOT NULL OR state <> 'pending')
         UNION ALL SELECT 1 FROM callbacks WHERE case_id = ?1",
    )?;
    Ok(query.exists([case.id])?)
}

fn kept(tx: &Transaction<'_>, incident: IncidentId) -> Result<Option<Kept>, StoreError> {
    let read = |row: &Row<'_>| Ok(Kept { reviewer: row.get(0)?, matter_before: row.get(1)?, until: row.get(2)? });
    let mut query =
        tx.prepare_cached("SELECT reviewer, matter_before, until FROM undoable_verdicts WHERE incident = ?1")?;
    Ok(query.query_row([incident], read).optional()?)
}
