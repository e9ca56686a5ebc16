//! The audit log (append-only, kept for ever) and the feed (what changed, for those who follow; kept
//! bounded). Must never hold a secret.

use rusqlite::{Row, Transaction, named_params, params};

use super::{areas, columns::Json};
use crate::{
    domain::{Area, WallTime},
    store::{AuditRow, FeedRow, StoreError},
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
    let read = |row: &Row<'_>| -> rusqlite::Result<AuditRow> {
        Ok(AuditRow {
            seq: row.get("seq")?,
            at: row.get("at")?,
            actor: row.get("actor")?,
            action: row.get("action")?,
            subject: row.get("subject")?,
            detail: row.get::<_, Json<_>>("detail")?.0,
        })
    };
    let rows = match subject {
        Some(subject) => tx
            .prepare_cached("SELECT * FROM audit WHERE subject = :s AND seq > :after ORDER BY seq LIMIT :limit")?
            .query_map(named_params! {":s": subject, ":after": after, ":limit": limit}, read)?
            .collect::<Result<_, _>>(),
        None => tx
            .prepare_cached("SELECT * FROM audit WHERE seq > :after ORDER BY seq LIMIT :limit")?
            .query_map(named_params! {":after": after, ":limit": limit}, read)?
            .collect(),
    };
    Ok(rows?)
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
