//! Cases, what the platform says about them, and the re-check looks that they wait for.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas::Arms,
    columns::{Word, location},
    deliveries, incidents,
    journal::audit_and_tell,
    page::Span,
    registry,
};
use crate::{
    domain::{Areas, Callback, Case, CaseId, IncidentId, Limit, MatterCodes, Message, Stage, Thing, ViewId, WallTime},
    store::{CallbackApplied, Conflict, Page, RecheckOutcome, Rows, StoreError},
};

pub(super) fn one(tx: &Transaction<'_>, id: CaseId) -> Result<Case, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM cases WHERE id = ?1")?;
    query
        .query_row([id], case_of)
        .optional()?
        .ok_or_else(|| StoreError::Missing { what: Thing::Case, id: id.to_string() })
}

pub(super) fn of_incident(tx: &Transaction<'_>, incident: IncidentId) -> Result<Option<Case>, StoreError> {
    Ok(tx.prepare_cached("SELECT * FROM cases WHERE incident = ?1")?.query_row([incident], case_of).optional()?)
}

/// The query of a list of those areas, of one stage (`:stage`) or all.
pub(super) fn list_sql(areas: &Arms, staged: bool) -> String {
    let of_stage = if staged { "stage = :stage AND " } else { "" };
    let arms =
        areas.union(|area| format!("SELECT * FROM cases WHERE {area}{of_stage}(opened_at, id) < (:millis, :after)"));
    format!("{arms} ORDER BY opened_at DESC, id DESC LIMIT :limit")
}

pub(super) fn list(
    tx: &Transaction<'_>,
    areas: &Areas,
    stage: Option<Stage>,
    page: &Page,
) -> Result<Rows<Case>, StoreError> {
    let span = Span::of("cases", page)?;
    let (arms, stage) = (Arms::of(areas), stage.map(Word));
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":millis", &span.after.millis), (":after", &span.after.id), (":limit", &span.limit)];
    values.extend(arms.values());
    if let Some(stage) = &stage {
        values.push((":stage", stage));
    }
    let mut query = tx.prepare_cached(&list_sql(&arms, stage.is_some()))?;
    let rows = query.query_map(&*values, case_of)?.collect::<Result<_, _>>()?;
    Ok(span.rows(rows, |case: &Case| (case.opened_at, case.id)))
}

pub(super) fn insert(tx: &Transaction<'_>, case: &Case) -> Result<(), StoreError> {
    let Case {
        id,
        incident,
        matter_name,
        codes: MatterCodes { code_2026, code_2013 },
        location,
        confirmed_by,
        opened_at,
        limit,
        stage,
        platform_number,
    } = case;
    tx.prepare_cached(
        "INSERT INTO cases (id, incident, matter_name, code_2026, code_2013, longitude, latitude, crs, address,
             grid_cell, confirmed_by, opened_at, limit_text, limit_due_at, stage, platform_number, area)
         VALUES (:id, :incident, :matter_name, :code_2026, :code_2013, :longitude, :latitude, :crs, :address,
             :grid_cell, :confirmed_by, :opened_at, :limit_text, :limit_due_at, :stage, :platform_number,
             (SELECT area FROM incidents WHERE id = :incident))",
    )?
    .execute(named_params! {
        ":id": id, ":incident": incident, ":matter_name": matter_name, ":code_2026": code_2026,
        ":code_2013": code_2013, ":longitude": location.as_ref().map(|l| l.longitude),
        ":latitude": location.as_ref().map(|l| l.latitude), ":crs": location.as_ref().map(|l| Word(l.crs)),
        ":address": location.as_ref().map(|l| &l.address),
        ":grid_cell": location.as_ref().and_then(|l| l.grid_cell.as_ref()), ":confirmed_by": confirmed_by,
        ":opened_at": opened_at, ":limit_text": limit.as_ref().map(|limit| &limit.text),
        ":limit_due_at": limit.as_ref().map(|limit| limit.due_at), ":stage": Word(stage),
        ":platform_number": platform_number,
    })?;
    Ok(())
}

pub(super) fn set_platform_number(tx: &Transaction<'_>, case: CaseId, number: &str) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE cases SET platform_number = ?2 WHERE id = ?1")?.execute(params![case, number])?;
    Ok(())
}

/// Applies a callback once. Stages only move forward and a final one never moves. A case that stands at
/// `Handled` and is reported as handled again (返工) waits for another re-check once the one before was answered.
pub(super) fn apply_callback(
    tx: &Transaction<'_>,
    callback: &Callback,
    at: WallTime,
) -> Result<CallbackApplied, StoreError> {
    let Callback { callback_id, case_id, stage, platform_number, at: said_at, note } = callback;
    let before = one(tx, *case_id)?;
    if let (Some(ours), Some(theirs)) = (&before.platform_number, platform_number)
        && ours != theirs
    {
        // It means another case of the platform's; believing it would close the wrong one.
        return Err(Conflict::OtherNumber { case: *case_id, ours: ours.clone(), theirs: theirs.clone() }.into());
    }
    let heard = tx
        .prepare_cached(
            "INSERT INTO callbacks (callback_id, case_id, stage, platform_number, at, note, heard_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (callback_id) DO NOTHING",
        )?
        .execute(params![callback_id, case_id, Word(stage), platform_number, said_at, note, at])?;
    let forward = !before.stage.is_final() && *stage > before.stage;
    let handled_again = *stage == Stage::Handled && before.stage == Stage::Handled && !waits_for_recheck(tx, *case_id)?;
    let names = platform_number.is_some() && before.platform_number.is_none();
    if heard == 0 || !(forward || handled_again || names) {
        return Ok(CallbackApplied::Ignored(before));
    }
    if let Some(number) = platform_number {
        set_platform_number(tx, *case_id, number)?;
    }
    if forward {
        tx.prepare_cached("UPDATE cases SET stage = ?2 WHERE id = ?1")?.execute(params![case_id, Word(stage)])?;
    }
    if matches!(stage, Stage::Handled | Stage::Closed) {
        note_handled(tx, &before, *stage, (*said_at).min(at))?;
    }
    match stage {
        Stage::Handled if forward || handled_again => wait_for_recheck(tx, &before, at)?,
        Stage::Rejected | Stage::Cancelled if forward => forget_recheck(tx, *case_id)?,
        _ => {}
    }
    let detail = json!({
        "callback": callback_id, "from": before.stage, "to": stage, "platform_number": platform_number,
        "platform_at": said_at, "note": note,
    });
    audit_and_tell(tx, at, "platform", "case.stage", &case_id.to_string(), &detail)?;
    Ok(CallbackApplied::Moved(one(tx, *case_id)?))
}

/// When the case was handled, which its limit is measured by: the latest time that the platform said so, or the
/// closing where it never did.
fn note_handled(tx: &Transaction<'_>, case: &Case, stage: Stage, at: WallTime) -> Result<(), StoreError> {
    let sql = match stage {
        Stage::Closed => "UPDATE cases SET handled_at = coalesce(handled_at, ?2) WHERE id = ?1",
        _ => "UPDATE cases SET handled_at = ?2 WHERE id = ?1",
    };
    tx.prepare_cached(sql)?.execute(params![case.id, at.max(case.opened_at)])?;
    Ok(())
}

fn waits_for_recheck(tx: &Transaction<'_>, case: CaseId) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached("SELECT 1 FROM rechecks WHERE case_id = ?1")?;
    Ok(query.query_row([case], |_| Ok(())).optional()?.is_some())
}

fn forget_recheck(tx: &Transaction<'_>, case: CaseId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM rechecks WHERE case_id = ?1")?.execute([case])?;
    Ok(())
}

fn wait_for_recheck(tx: &Transaction<'_>, case: &Case, since: WallTime) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT OR IGNORE INTO rechecks (case_id, since) VALUES (?1, ?2)")?
        .execute(params![case.id, since])?;
    let view = incidents::one(tx, case.incident)?.view;
    if registry::view_removed(tx, view)? { give_up_rechecks_of(tx, view, since) } else { Ok(()) }
}

/// Cases that wait for a re-check look, longest first.
pub(super) fn rechecks(tx: &Transaction<'_>) -> Result<Vec<(CaseId, ViewId, WallTime)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT rechecks.case_id, incidents.view, rechecks.since FROM rechecks
         JOIN cases ON cases.id = rechecks.case_id JOIN incidents ON incidents.id = cases.incident
         ORDER BY rechecks.since, rechecks.case_id",
    )?;
    Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?)
}

/// The look after handling ended: the platform is told what it saw, once for each time the case was handled.
pub(super) fn recheck_done(tx: &Transaction<'_>, outcome: &RecheckOutcome, at: WallTime) -> Result<(), StoreError> {
    let RecheckOutcome { case, cleared, evidence } = *outcome;
    one(tx, case)?;
    if !waits_for_recheck(tx, case)? {
        return Ok(());
    }
    forget_recheck(tx, case)?;
    let delivery = deliveries::enqueue(tx, case, Message::Recheck { cleared, evidence }, at)?;
    let detail = json!({"cleared": cleared, "evidence": evidence, "delivery": delivery.id});
    audit_and_tell(tx, at, "system", "case.rechecked", &case.to_string(), &detail)
}

/// A removed view cannot be looked at again: its waiting cases answer that the spot could not be seen.
pub(super) fn give_up_rechecks_of(tx: &Transaction<'_>, view: ViewId, at: WallTime) -> Result<(), StoreError> {
    let waiting = rechecks(tx)?;
    for (case, _, _) in waiting.into_iter().filter(|(_, of, _)| *of == view) {
        recheck_done(tx, &RecheckOutcome { case, cleared: None, evidence: None }, at)?;
    }
    Ok(())
}

pub(super) fn case_of(row: &Row<'_>) -> rusqlite::Result<Case> {
    let limit_text: Option<String> = row.get("limit_text")?;
    let limit_due_at: Option<WallTime> = row.get("limit_due_at")?;
    Ok(Case {
        id: row.get("id")?,
        incident: row.get("incident")?,
        matter_name: row.get("matter_name")?,
        codes: MatterCodes { code_2026: row.get("code_2026")?, code_2013: row.get("code_2013")? },
        location: location(row)?,
        confirmed_by: row.get("confirmed_by")?,
        opened_at: row.get("opened_at")?,
        limit: limit_text.zip(limit_due_at).map(|(text, due_at)| Limit { text, due_at }),
        stage: row.get::<_, Word<_>>("stage")?.0,
        platform_number: row.get("platform_number")?,
    })
}
