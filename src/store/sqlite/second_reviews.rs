//! Second reviews: from which incidents they are drawn, and what came of them.

use rusqlite::{Row, Transaction, params};

use super::{columns::Word, incidents, journal};
use crate::{
    domain::{SecondReview, WallTime},
    store::{Judged, StoreError},
};

/// Rows of the index are read until enough were found; `INDEXED BY` says which.
pub(super) const JUDGED_SQL: &str = "SELECT id, view, reviewed_by FROM incidents INDEXED BY incidents_judged
     WHERE review IN ('confirmed', 'rejected') AND reviewed_at <= ?1 AND reviewed_by <> ?2
         AND NOT EXISTS (SELECT 1 FROM second_reviews WHERE incident = incidents.id)
     ORDER BY reviewed_at DESC LIMIT ?3";
pub(super) const NEWEST_SQL: &str =
    "SELECT * FROM second_reviews WHERE at >= ?1 AND at < ?2 ORDER BY at DESC, incident DESC LIMIT ?3";

pub(super) fn judged(tx: &Transaction<'_>, but: &str, before: WallTime, limit: u32) -> Result<Vec<Judged>, StoreError> {
    let read = |row: &Row<'_>| Ok(Judged { incident: row.get(0)?, view: row.get(1)?, by: row.get(2)? });
    Ok(tx.prepare_cached(JUDGED_SQL)?.query_map(params![before, but, limit], read)?.collect::<Result<_, _>>()?)
}

pub(super) fn put(tx: &Transaction<'_>, review: &SecondReview) -> Result<(), StoreError> {
    let SecondReview { incident, view, first_by, first, second_by, second, reason, note, at } = review;
    let stands = incidents::one(tx, *incident)?;
    if stands.review.opinion() != Some((first_by, *first)) || first_by == second_by {
        return Err(StoreError::Conflict(format!(
            "incident {incident} has no verdict of somebody else to be judged again; ask for the next one"
        )));
    }
    let written = tx
        .prepare_cached(
            "INSERT INTO second_reviews (incident, view, first_by, first, second_by, second, reason, note, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (incident) DO NOTHING",
        )?
        .execute(params![incident, view, first_by, Word(first), second_by, Word(second), reason.map(Word), note, at])?;
    if written == 0 {
        return Err(StoreError::Conflict(format!(
            "incident {incident} was judged twice already; ask for the next one"
        )));
    }
    let detail = serde_json::json!({"verdict": second, "reason": reason, "note": note});
    journal::audit(tx, *at, second_by, "incident.second_review", &incident.to_string(), &detail)
}

pub(super) fn list(
    tx: &Transaction<'_>,
    from: WallTime,
    until: WallTime,
    limit: u32,
) -> Result<Vec<SecondReview>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(SecondReview {
            incident: row.get("incident")?,
            view: row.get("view")?,
            first_by: row.get("first_by")?,
            first: row.get::<_, Word<_>>("first")?.0,
            second_by: row.get("second_by")?,
            second: row.get::<_, Word<_>>("second")?.0,
            reason: row.get::<_, Option<Word<_>>>("reason")?.map(|word| word.0),
            note: row.get("note")?,
            at: row.get("at")?,
        })
    };
    Ok(tx.prepare_cached(NEWEST_SQL)?.query_map(params![from, until, limit], read)?.collect::<Result<_, _>>()?)
}
