//! Coverage by day: how many views were counted on a day, and how many of them stood covered. Days stay for good: the
//! report of a month that is over reads them.

use chrono::NaiveDate;
use rusqlite::{Transaction, params};

use crate::store::{CoverageCount, StoreError};

/// Adds a count to those of its day.
pub(super) fn add(tx: &Transaction<'_>, day: NaiveDate, count: CoverageCount) -> Result<(), StoreError> {
    let CoverageCount { views, covered } = count;
    tx.prepare_cached(
        "INSERT INTO coverage_days (day, views, covered) VALUES (?1, ?2, ?3)
         ON CONFLICT (day) DO UPDATE SET views = views + excluded.views, covered = covered + excluded.covered",
    )?
    .execute(params![day.to_string(), views.cast_signed(), covered.cast_signed()])?;
    Ok(())
}

/// The sum of the days from the first up to, and without, the last.
pub(super) fn sum(tx: &Transaction<'_>, from: NaiveDate, until: NaiveDate) -> Result<CoverageCount, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT coalesce(sum(views), 0), coalesce(sum(covered), 0) FROM coverage_days WHERE day >= ?1 AND day < ?2",
    )?;
    let (views, covered): (i64, i64) =
        query.query_row([from.to_string(), until.to_string()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(CoverageCount { views: views.unsigned_abs(), covered: covered.unsigned_abs() })
}
