//! The platform as we hear it: its callbacks, how the conversation stands, and each day's comparison.

use chrono::NaiveDate;
use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{
    cases,
    columns::{Json, Word, impossible},
    deliveries,
    journal::audit_and_tell,
    page::bad_cursor,
};
use crate::{
    domain::{Callback, Case, CaseId, WallTime},
    store::{Page, PlatformCounts, Reconciliation, Rows, StoreError, TimeSpan},
};

pub(super) fn cases_opened(tx: &Transaction<'_>, span: TimeSpan) -> Result<Vec<(Case, bool)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT cases.*, EXISTS (SELECT 1 FROM deliveries
             WHERE case_id = cases.id AND ordinal = 0 AND state = 'pending') AS on_the_way
         FROM cases WHERE opened_at >= ?1 AND opened_at < ?2 ORDER BY opened_at, id",
    )?;
    let rows =
        query.query_map(params![span.from, span.until], |row| Ok((cases::case_of(row)?, row.get("on_the_way")?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn callbacks_of(tx: &Transaction<'_>, case: CaseId) -> Result<Vec<(Callback, WallTime)>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT * FROM callbacks WHERE case_id = ?1 ORDER BY heard_at, callback_id LIMIT 500")?;
    let rows = query.query_map([case], |row| {
        let callback = Callback {
            callback_id: row.get("callback_id")?,
            case_id: row.get("case_id")?,
            stage: row.get::<_, Word<_>>("stage")?.0,
            platform_number: row.get("platform_number")?,
            at: row.get("at")?,
            note: row.get("note")?,
        };
        Ok((callback, row.get("heard_at")?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn counts(tx: &Transaction<'_>, since: WallTime) -> Result<PlatformCounts, StoreError> {
    let count = |sql: &str| -> Result<u64, StoreError> {
        Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    let latest = |sql: &str| -> Result<Option<WallTime>, StoreError> {
        Ok(tx.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let delivered: i64 = tx
        .prepare_cached("SELECT count(*) FROM deliveries INDEXED BY deliveries_received WHERE receipt_at >= ?1")?
        .query_row([since], |row| row.get(0))?;
    Ok(PlatformCounts {
        pending: deliveries::waiting(tx)?,
        dead: count("SELECT count(*) FROM deliveries WHERE state = 'dead'")?,
        delivered_since: delivered.cast_unsigned(),
        last_delivered_at: latest("SELECT max(receipt_at) FROM deliveries WHERE receipt_at IS NOT NULL")?,
        last_callback_at: latest("SELECT max(heard_at) FROM callbacks")?,
        callbacks: count("SELECT count(*) FROM callbacks")?,
    })
}

pub(super) fn put(tx: &Transaction<'_>, reconciliation: &Reconciliation, actor: &str) -> Result<(), StoreError> {
    let Reconciliation { day, ran_at, error, ours, on_the_way, theirs, differences } = reconciliation;
    let (ours, on_the_way) = (ours.cast_signed(), on_the_way.cast_signed());
    let theirs = theirs.map(u64::cast_signed);
    let day = day.to_string();
    tx.prepare_cached(
        "INSERT OR REPLACE INTO reconciliations (day, ran_at, error, ours, on_the_way, theirs, differences)
         VALUES (:day, :ran_at, :error, :ours, :on_the_way, :theirs, :differences)",
    )?
    .execute(named_params! {
        ":day": day, ":ran_at": ran_at, ":error": error, ":ours": ours, ":on_the_way": on_the_way,
        ":theirs": theirs, ":differences": Json(differences),
    })?;
    let detail = json!({
        "error": error, "ours": ours, "theirs": theirs, "missing_there": differences.missing_there.len(),
        "unknown_here": differences.unknown_here.len(), "stage_differs": differences.stage_differs.len(),
    });
    audit_and_tell(tx, *ran_at, actor, "platform.reconciled", &day, &detail)
}

pub(super) fn one(tx: &Transaction<'_>, day: NaiveDate) -> Result<Option<Reconciliation>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM reconciliations WHERE day = ?1")?;
    Ok(query.query_row([day.to_string()], reconciliation_of).optional()?)
}

/// The cursor is the day: days are written so that their order is that of their text.
pub(super) fn list(tx: &Transaction<'_>, page: &Page) -> Result<Rows<Reconciliation>, StoreError> {
    let after = match &page.after {
        None => NaiveDate::MAX,
        Some(cursor) => cursor.parse().map_err(|_| bad_cursor(cursor))?,
    };
    let after = if after == NaiveDate::MAX { "~".to_owned() } else { after.to_string() };
    let asked = page.limit.clamp(1, 500);
    let mut query = tx.prepare_cached("SELECT * FROM reconciliations WHERE day < ?1 ORDER BY day DESC LIMIT ?2")?;
    let rows = query.query_map(params![after, asked + 1], reconciliation_of)?;
    let mut rows: Vec<Reconciliation> = rows.collect::<Result<_, _>>()?;
    let more = rows.len() > asked as usize;
    rows.truncate(asked as usize);
    let next = rows.last().filter(|_| more).map(|row| row.day.to_string());
    Ok(Rows { rows, next })
}

fn reconciliation_of(row: &Row<'_>) -> rusqlite::Result<Reconciliation> {
    let day = row.get_ref("day")?.as_str()?.parse().map_err(|_| impossible("a reconciliation of no day"))?;
    let count = |name: &str| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(name)?.map(i64::cast_unsigned));
    Ok(Reconciliation {
        day,
        ran_at: row.get("ran_at")?,
        error: row.get("error")?,
        ours: count("ours")?.unwrap_or(0),
        on_the_way: count("on_the_way")?.unwrap_or(0),
        theirs: count("theirs")?,
        differences: row.get::<_, Json<_>>("differences")?.0,
    })
}
