//! The audit log (append-only, kept for ever) and the feed (what changed, for those who follow; kept
//! bounded). Must never hold a secret.

use rusqlite::{Row, ToSql, Transaction, named_params, params};

use super::{areas, columns::Json, page::bad_cursor};
use crate::{
    domain::{Area, WallTime},
    store::{AuditRow, FeedRow, Page, Rows, StoreError, accounts::AuditFilter},
};

/// Followers that lag behind by more rows than this must read the lists again; the audit log keeps all.
const FEED_ROWS_MAX: i64 = 100_000;

/// Appends to the audit log.
pub(super) fn audit(
    tx: &Transaction<'_>,
    at: WallTime,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO audit (at, actor, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![at, actor, action, subject, Json(detail)])?;
    Ok(())
}

/// Tells followers that something changed: those who see the area of what `subject` names.
pub(super) fn tell(tx: &Transaction<'_>, at: WallTime, topic: &str, subject: &str) -> Result<(), StoreError> {
    let area = areas::of_any(tx, subject)?;
    tell_in(tx, at, topic, subject, area.as_ref())
}

/// Tells those who see the area, of what is gone itself.
pub(super) fn tell_in(
    tx: &Transaction<'_>,
    at: WallTime,
    topic: &str,
    subject: &str,
    area: Option<&Area>,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO feed (at, topic, subject, area) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![at, topic, subject, area])?;
    tx.prepare_cached("DELETE FROM feed WHERE seq <= ?1")?.execute([tx.last_insert_rowid() - FEED_ROWS_MAX])?;
    Ok(())
}

/// Both: most changes that a person made.
pub(super) fn audit_and_tell(
    tx: &Transaction<'_>,
    at: WallTime,
    actor: &str,
    action: &str,
    subject: &str,
    detail: &serde_json::Value,
) -> Result<(), StoreError> {
    audit(tx, at, actor, action, subject, detail)?;
    tell(tx, at, action, subject)
}

pub(super) fn audit_rows(
    tx: &Transaction<'_>,
    subject: Option<&str>,
    after: i64,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = match subject {
        Some(subject) => tx
            .prepare_cached("SELECT * FROM audit WHERE subject = :s AND seq > :after ORDER BY seq LIMIT :limit")?
            .query_map(named_params! {":s": subject, ":after": after, ":limit": limit}, audit_of)?
            .collect::<Result<_, _>>(),
        None => tx
            .prepare_cached("SELECT * FROM audit WHERE seq > :after ORDER BY seq LIMIT :limit")?
            .query_map(named_params! {":after": after, ":limit": limit}, audit_of)?
            .collect(),
    };
    Ok(rows?)
}

/// The query of a page of the audit log: one range of the index of what is asked for first.
pub(super) fn audit_page_sql(filter: &AuditFilter) -> String {
    let AuditFilter { actor, action, subject, from: _, until: _ } = filter;
    let asked = [("actor", actor), ("action", action), ("subject", subject)];
    let of: String =
        asked.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| format!("{name} = :{name} AND ")).collect();
    format!(
        "SELECT * FROM audit WHERE {of}at >= :from AND (at, seq) < (:before, :seq) ORDER BY at DESC, seq DESC LIMIT :limit"
    )
}

/// The audit log, newest first; a page's cursor is time and number of its last line.
pub(super) fn audit_page(
    tx: &Transaction<'_>,
    filter: &AuditFilter,
    page: &Page,
) -> Result<Rows<AuditRow>, StoreError> {
    let AuditFilter { actor, action, subject, from, until } = filter;
    let cursor = page.after.as_deref().map(|cursor| {
        let parts = cursor.split_once('.').and_then(|(at, seq)| Some((at.parse().ok()?, seq.parse().ok()?)));
        parts.ok_or_else(|| bad_cursor(cursor))
    });
    let last = until.map_or(i64::MAX, WallTime::millis);
    let (at, seq): (i64, i64) = cursor.transpose()?.unwrap_or((i64::MAX, i64::MAX));
    let (before, seq) = if last < at { (last, i64::MIN) } else { (at, seq) };
    let (from, limit) = (from.map_or(i64::MIN, WallTime::millis), page.limit.clamp(1, 500));
    let one_more = limit + 1;
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":from", &from), (":before", &before), (":seq", &seq), (":limit", &one_more)];
    for (name, value) in [(":actor", actor), (":action", action), (":subject", subject)] {
        if let Some(value) = value {
            values.push((name, value));
        }
    }
    let mut query = tx.prepare_cached(&audit_page_sql(filter))?;
    let mut rows: Vec<AuditRow> = query.query_map(&*values, audit_of)?.collect::<Result<_, _>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| format!("{}.{}", row.at.millis(), row.seq));
    Ok(Rows { rows, next })
}

fn audit_of(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        seq: row.get("seq")?,
        at: row.get("at")?,
        actor: row.get("actor")?,
        action: row.get("action")?,
        subject: row.get("subject")?,
        detail: row.get::<_, Json<_>>("detail")?.0,
    })
}

pub(super) fn feed(tx: &Transaction<'_>, after: i64, limit: u32) -> Result<Vec<FeedRow>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT seq, at, topic, subject, area FROM feed WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let rows = query.query_map(params![after, limit], |row| {
        Ok(FeedRow { seq: row.get(0)?, at: row.get(1)?, topic: row.get(2)?, subject: row.get(3)?, area: row.get(4)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn feed_head(tx: &Transaction<'_>) -> Result<i64, StoreError> {
    Ok(tx.prepare_cached("SELECT coalesce(max(seq), 0) FROM feed")?.query_row([], |row| row.get(0))?)
}
