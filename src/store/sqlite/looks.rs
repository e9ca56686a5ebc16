//! Looks: the durability line is crossed here. [`record`] takes all that a look left behind, or nothing.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::{Row, Transaction, named_params, params};

use super::{
    cases,
    columns::{Json, Word},
    evidence, incidents,
    journal::tell,
    observed::Packed,
    places, registry, verifications,
};
use crate::{
    domain::{Explanation, LookReport, Observed, ViewId},
    store::{LookOutcome, StoreError},
};

/// The columns of a report: what the look saw is wider and asked for by itself.
const REPORT: &str =
    "looks.id, looks.view, purpose, due, started, looks.ended, frames, state, reason, reason_en, skew_ms";
/// Reports kept of a view, newest first.
const REPORTS_KEPT: u32 = 200;
/// Looks of one view end one after another; one that ended this long before another that was recorded earlier tells
/// that the clock was set back. Two processes that look at the same view differ by less than a look takes.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(300);

/// Records what a look left behind. A look that is recorded already changes nothing.
pub(super) fn record(tx: &Transaction<'_>, outcome: &LookOutcome) -> Result<(), StoreError> {
    let LookOutcome { report, places, forgotten, changes, evidence, recheck, observed, verifications } = outcome;
    let is_removed = registry::view_removed(tx, report.view)?;
    if !insert(tx, report, observed.as_ref().filter(|_| !is_removed))? {
        return Ok(());
    }
    let at = report.ended;
    // A look may end after its view was removed: what it proved stays, what it would remember is forgotten.
    if is_removed {
        forget_view(tx, report.view)?;
    } else {
        keep_latest(tx, report)?;
        places.iter().try_for_each(|place| places::put(tx, place))?;
        forgotten.iter().try_for_each(|place| places::forget(tx, *place))?;
        verifications::put(tx, verifications)?;
    }
    for change in changes {
        incidents::change(tx, change, evidence, at)?;
    }
    for bundle in evidence {
        evidence::append(tx, bundle)?;
    }
    if let Some(recheck) = recheck {
        cases::recheck_done(tx, recheck, at)?;
    }
    tell(tx, at, "look.finished", &report.id.to_string())
}

pub(super) fn latest(tx: &Transaction<'_>) -> Result<BTreeMap<ViewId, LookReport>, StoreError> {
    let mut query =
        tx.prepare_cached(&format!("SELECT {REPORT} FROM latest_looks JOIN looks ON looks.id = latest_looks.look"))?;
    let rows = query.query_map([], |row| report_of(row).map(|report| (report.view, report)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn of_view(tx: &Transaction<'_>, view: ViewId, limit: u32) -> Result<Vec<LookReport>, StoreError> {
    let mut query = tx
        .prepare_cached(&format!("SELECT {REPORT} FROM looks WHERE view = ?1 ORDER BY ended DESC, id DESC LIMIT ?2"))?;
    Ok(query.query_map(params![view, limit], report_of)?.collect::<Result<_, _>>()?)
}

/// `false` when the look is recorded already.
fn insert(tx: &Transaction<'_>, report: &LookReport, observed: Option<&Observed>) -> Result<bool, StoreError> {
    let LookReport { id, view, purpose, due, started, ended, frames, state, reason, skew_ms } = report;
    let inserted = tx
        .prepare_cached(
            "INSERT INTO looks (id, view, purpose, due, started, ended, frames, state, reason, reason_en, skew_ms,
                 observed)
             VALUES (:id, :view, :purpose, :due, :started, :ended, :frames, :state, :reason, :reason_en, :skew_ms,
                 :observed)
             ON CONFLICT (id) DO NOTHING",
        )?
        .execute(named_params! {
            ":id": id, ":view": view, ":purpose": Json(purpose), ":due": due, ":started": started, ":ended": ended,
            ":frames": frames, ":state": Word(state), ":reason": reason.as_ref().map(|said| &said.zh),
            ":reason_en": reason.as_ref().map(|said| &said.en), ":skew_ms": skew_ms,
            ":observed": observed.cloned().map(Packed),
        })?;
    Ok(inserted == 1)
}

/// Notes the view's newest report and drops those beyond [`REPORTS_KEPT`]; both walk one index. Reports of well after
/// this one are from before the clock was set back: they would hide for so long how the view stands, so they go.
fn keep_latest(tx: &Transaction<'_>, report: &LookReport) -> Result<(), StoreError> {
    let ahead = report.ended.plus(CLOCK_STEP_MIN);
    let forget = tx
        .prepare_cached("DELETE FROM latest_looks WHERE view = ?1 AND ended > ?2")?
        .execute(params![report.view, ahead])?;
    if forget > 0 {
        tx.prepare_cached("DELETE FROM looks WHERE view = ?1 AND ended > ?2")?.execute(params![report.view, ahead])?;
    }
    tx.prepare_cached(
        "INSERT INTO latest_looks (view, look, ended) VALUES (?1, ?2, ?3)
         ON CONFLICT (view) DO UPDATE SET look = excluded.look, ended = excluded.ended
         WHERE (excluded.ended, excluded.look) > (latest_looks.ended, latest_looks.look)",
    )?
    .execute(params![report.view, report.id, report.ended])?;
    tx.prepare_cached(
        "DELETE FROM looks WHERE id IN
             (SELECT id FROM looks WHERE view = ?1 ORDER BY ended DESC, id DESC LIMIT -1 OFFSET ?2)",
    )?
    .execute(params![report.view, REPORTS_KEPT])?;
    Ok(())
}

/// Keeps only the ids by which late looks of a removed view are known, within the same bound.
fn forget_view(tx: &Transaction<'_>, view: ViewId) -> Result<(), StoreError> {
    tx.execute(
        "DELETE FROM looks WHERE id IN
             (SELECT id FROM looks WHERE view = ?1 ORDER BY ended DESC, id DESC LIMIT -1 OFFSET ?2)",
        params![view, REPORTS_KEPT],
    )?;
    Ok(())
}

fn report_of(row: &Row<'_>) -> rusqlite::Result<LookReport> {
    let (reason, reason_en): (Option<String>, Option<String>) = (row.get("reason")?, row.get("reason_en")?);
    Ok(LookReport {
        id: row.get("id")?,
        view: row.get("view")?,
        purpose: row.get::<_, Json<_>>("purpose")?.0,
        due: row.get("due")?,
        started: row.get("started")?,
        ended: row.get("ended")?,
        frames: row.get("frames")?,
        state: row.get::<_, Word<_>>("state")?.0,
        // Reports of before the English words have the Chinese ones alone.
        reason: reason.map(|zh| Explanation { en: reason_en.unwrap_or_else(|| zh.clone()), zh }),
        skew_ms: row.get("skew_ms")?,
    })
}
