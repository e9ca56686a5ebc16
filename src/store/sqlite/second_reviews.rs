//! Second reviews: from which incidents they are drawn, and what came of them.

use rusqlite::{Row, ToSql, Transaction, params};

use super::{
    areas::{among, named},
    columns::Word,
    incidents, journal,
};
use crate::{
    domain::{Areas, SecondReview, WallTime},
    store::{Conflict, Judged, StoreError},
};

/// The query from which second reviews are drawn; rows of the index are read until enough were found.
pub(super) fn judged_sql(areas: &Areas) -> String {
    format!(
        "SELECT id, reviewed_by FROM incidents INDEXED BY incidents_judged
         WHERE review IN ('confirmed', 'rejected') AND reviewed_at <= :before AND reviewed_by <> :but{}
             AND NOT EXISTS (SELECT 1 FROM second_reviews WHERE incident = incidents.id)
         ORDER BY reviewed_at DESC LIMIT :limit",
        among(areas)
    )
}

/// The query of second reviews of a time.
pub(super) fn list_sql(areas: &Areas) -> String {
    let of_areas = match areas {
        Areas::All => String::new(),
        Areas::Only(_) => format!(" AND EXISTS (SELECT 1 FROM incidents WHERE id = incident{})", among(areas)),
    };
    format!(
        "SELECT * FROM second_reviews WHERE at >= :from AND at < :until{of_areas}
         ORDER BY at DESC, incident DESC LIMIT :limit"
    )
}

pub(super) fn judged(
    tx: &Transaction<'_>,
    areas: &Areas,
    but: &str,
    before: WallTime,
    limit: u32,
) -> Result<Vec<Judged>, StoreError> {
    let read = |row: &Row<'_>| Ok(Judged { incident: row.get(0)?, by: row.get(1)? });
    let named = named(areas);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":before", &before), (":but", &but), (":limit", &limit)];
    values.extend(named.as_ref().map(|named| (":areas", named as &dyn ToSql)));
    let mut query = tx.prepare_cached(&judged_sql(areas))?;
    Ok(query.query_map(&*values, read)?.collect::<Result<_, _>>()?)
}

pub(super) fn put(tx: &Transaction<'_>, review: &SecondReview) -> Result<(), StoreError> {
    let SecondReview { incident, first_by, first, second_by, second, reason, note, at } = review;
    let stands = incidents::one(tx, *incident)?;
    if stands.review.opinion() != Some((first_by, *first)) || first_by == second_by {
        return Err(Conflict::NoOtherVerdict(*incident).into());
    }
    let written = tx
        .prepare_cached(
            "INSERT INTO second_reviews (incident, first_by, first, second_by, second, reason, note, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (incident) DO NOTHING",
        )?
        .execute(params![incident, first_by, Word(first), second_by, Word(second), reason.map(Word), note, at])?;
    if written == 0 {
        return Err(Conflict::JudgedTwice(*incident).into());
    }
    let detail = serde_json::json!({"verdict": second, "reason": reason, "note": note});
    journal::audit(tx, *at, second_by, "incident.second_review", &incident.to_string(), &detail)
}

pub(super) fn list(
    tx: &Transaction<'_>,
    areas: &Areas,
    from: WallTime,
    until: WallTime,
    limit: u32,
) -> Result<Vec<SecondReview>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(SecondReview {
            incident: row.get("incident")?,
            first_by: row.get("first_by")?,
            first: row.get::<_, Word<_>>("first")?.0,
            second_by: row.get("second_by")?,
            second: row.get::<_, Word<_>>("second")?.0,
            reason: row.get::<_, Option<Word<_>>>("reason")?.map(|word| word.0),
            note: row.get("note")?,
            at: row.get("at")?,
        })
    };
    let named = named(areas);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":from", &from), (":until", &until), (":limit", &limit)];
    values.extend(named.as_ref().map(|named| (":areas", named as &dyn ToSql)));
    let mut query = tx.prepare_cached(&list_sql(areas))?;
    Ok(query.query_map(&*values, read)?.collect::<Result<_, _>>()?)
}
