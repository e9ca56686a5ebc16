//! Rows of evidence: a chain in which each bundle names the hash of the one before. Files live elsewhere.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas::Arms,
    columns::Word,
    incidents,
    journal::{audit, audit_and_tell},
    page::bad_cursor,
};
use crate::{
    domain::{Areas, EvidenceId, EvidenceRow, IncidentId, Thing, WallTime},
    store::{Conflict, Page, Rows, StoreError},
};

pub(super) fn head(tx: &Transaction<'_>) -> Result<Option<String>, StoreError> {
    let mut query = tx.prepare_cached("SELECT manifest_sha256 FROM evidence ORDER BY seq DESC LIMIT 1")?;
    Ok(query.query_row([], |row| row.get(0)).optional()?)
}

/// Appends a bundle to the chain. A bundle of an incident under legal hold is held too.
pub(super) fn append(tx: &Transaction<'_>, bundle: &EvidenceRow) -> Result<(), StoreError> {
    let EvidenceRow { id, incident, kind, made_at, folder, manifest_sha256, previous, legal_hold, purged_at } = bundle;
    let head = head(tx)?;
    if *previous != head {
        let named = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "none".to_owned());
        return Err(Conflict::Chain { evidence: *id, previous: named(previous), head: named(&head) }.into());
    }
    tx.prepare_cached(
        "INSERT INTO evidence (id, incident, kind, made_at, folder, manifest_sha256, previous, legal_hold, purged_at,
             area)
         VALUES (:id, :incident, :kind, :made_at, :folder, :manifest_sha256, :previous,
             :legal_hold OR EXISTS (SELECT 1 FROM evidence WHERE incident = :incident AND legal_hold), :purged_at,
             (SELECT area FROM incidents WHERE id = :incident))",
    )?
    .execute(named_params! {
        ":id": id, ":incident": incident, ":kind": Word(kind), ":made_at": made_at, ":folder": folder,
        ":manifest_sha256": manifest_sha256, ":previous": previous, ":legal_hold": legal_hold,
        ":purged_at": purged_at,
    })?;
    Ok(())
}

pub(super) fn of_incident(tx: &Transaction<'_>, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM evidence WHERE incident = ?1 ORDER BY seq")?;
    Ok(query.query_map([incident], evidence_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn one(tx: &Transaction<'_>, id: EvidenceId) -> Result<EvidenceRow, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM evidence WHERE id = ?1")?;
    query
        .query_row([id], evidence_of)
        .optional()?
        .ok_or_else(|| StoreError::Missing { what: Thing::Evidence, id: id.to_string() })
}

pub(super) fn after(
    tx: &Transaction<'_>,
    after: Option<EvidenceId>,
    limit: u32,
) -> Result<Vec<EvidenceRow>, StoreError> {
    let seq = after.map_or(Ok(Some(0)), |id| place_of(tx, id))?;
    let seq = seq.ok_or_else(|| StoreError::Missing {
        what: Thing::Evidence,
        id: after.map_or(String::new(), |id| id.to_string()),
    })?;
    let mut query = tx.prepare_cached("SELECT * FROM evidence WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    Ok(query.query_map(params![seq, limit], evidence_of)?.collect::<Result<_, _>>()?)
}

/// The query of a page of those areas.
pub(super) fn page_sql(areas: &Arms) -> String {
    let arms = areas.union(|area| format!("SELECT * FROM evidence WHERE {area}seq < :before"));
    format!("{arms} ORDER BY seq DESC LIMIT :limit")
}

/// The bundle recorded last first; a page's cursor is the id of its last bundle.
pub(super) fn page(tx: &Transaction<'_>, areas: &Areas, page: &Page) -> Result<Rows<EvidenceRow>, StoreError> {
    let before = match &page.after {
        None => i64::MAX,
        Some(cursor) => {
            let found = cursor.parse().ok().map_or(Ok(None), |id| place_of(tx, id))?;
            found.ok_or_else(|| bad_cursor(cursor))?
        }
    };
    let limit = page.limit.clamp(1, 500);
    let (arms, one_more) = (Arms::of(areas), limit + 1);
    let mut values: Vec<(&str, &dyn ToSql)> = vec![(":before", &before), (":limit", &one_more)];
    values.extend(arms.values());
    let mut query = tx.prepare_cached(&page_sql(&arms))?;
    let mut rows: Vec<EvidenceRow> = query.query_map(&*values, evidence_of)?.collect::<Result<_, _>>()?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Rows { rows, next })
}

/// Where a bundle stands in the order of recording.
fn place_of(tx: &Transaction<'_>, id: EvidenceId) -> Result<Option<i64>, StoreError> {
    Ok(tx.prepare_cached("SELECT seq FROM evidence WHERE id = ?1")?.query_row([id], |row| row.get(0)).optional()?)
}

pub(super) fn hold(
    tx: &Transaction<'_>,
    incident: IncidentId,
    hold: bool,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    incidents::one(tx, incident)?;
    let bundles = tx.execute("UPDATE evidence SET legal_hold = ?2 WHERE incident = ?1", params![incident, hold])?;
    let action = if hold { "evidence.held" } else { "evidence.released" };
    audit_and_tell(tx, at, actor, action, &incident.to_string(), &json!({"bundles": bundles}))
}

pub(super) fn purge(tx: &Transaction<'_>, id: EvidenceId, at: WallTime) -> Result<(), StoreError> {
    let bundle = one(tx, id)?;
    if bundle.legal_hold {
        return Err(Conflict::Held(id).into());
    }
    if bundle.purged_at.is_some() {
        return Ok(());
    }
    tx.execute("UPDATE evidence SET purged_at = ?2 WHERE id = ?1", params![id, at])?;
    let detail = json!({"incident": bundle.incident, "folder": bundle.folder, "sha256": bundle.manifest_sha256});
    audit(tx, at, "system", "evidence.purged", &id.to_string(), &detail)
}

fn evidence_of(row: &Row<'_>) -> rusqlite::Result<EvidenceRow> {
    Ok(EvidenceRow {
        id: row.get("id")?,
        incident: row.get("incident")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        made_at: row.get("made_at")?,
        folder: row.get("folder")?,
        manifest_sha256: row.get("manifest_sha256")?,
        previous: row.get("previous")?,
        legal_hold: row.get("legal_hold")?,
        purged_at: row.get("purged_at")?,
    })
}
