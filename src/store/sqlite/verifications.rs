//! Verifications: rows of what a verifier said about places. Bounded by age and by view; the oldest go first.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};

use super::columns::{Json, Word};
use crate::{
    domain::{IncidentId, Likened, RefusedWhy, Ruling, Verification, ViewId, WallTime},
    store::StoreError,
};

/// Rows of a view that are kept at most.
const KEPT_A_VIEW: u32 = 500;
/// Rows are kept so long: an incident is decided within days.
const KEPT_FOR: Duration = Duration::from_secs(45 * 86_400);

/// Adds those of a look; one that is there stays as it is.
pub(super) fn put(tx: &Transaction<'_>, verifications: &[Verification]) -> Result<(), StoreError> {
    for verification in verifications {
        insert(tx, verification)?;
    }
    if let Some(latest) = verifications.iter().max_by_key(|one| one.at) {
        tx.prepare_cached("DELETE FROM verifications WHERE view = ?1 AND at < ?2")?
            .execute(params![latest.view, latest.at.minus(KEPT_FOR)])?;
        tx.prepare_cached(
            "DELETE FROM verifications WHERE id IN
                 (SELECT id FROM verifications WHERE view = ?1 ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![latest.view, KEPT_A_VIEW])?;
    }
    Ok(())
}

fn insert(tx: &Transaction<'_>, verification: &Verification) -> Result<(), StoreError> {
    let Verification {
        id,
        place,
        incident,
        view,
        zone,
        matter,
        bbox,
        at,
        ruling,
        proposed,
        verified,
        fused,
        newness,
        likened,
        look,
        weights,
    } = verification;
    let refused = match ruling {
        Ruling::Passed => None,
        Ruling::Refused { why } => Some(Word(*why)),
    };
    tx.prepare_cached(
        "INSERT INTO verifications (id, place, incident, view, zone, matter, bbox, at, refused, proposed, verified,
             fused, newness, exemplar, likeness, look, weights)
         VALUES (:id, :place, :incident, :view, :zone, :matter, :bbox, :at, :refused, :proposed, :verified,
             :fused, :newness, :exemplar, :likeness, :look, :weights)
         ON CONFLICT (id) DO NOTHING",
    )?
    .execute(named_params! {
        ":id": id, ":place": place, ":incident": incident, ":view": view, ":zone": zone, ":matter": matter,
        ":bbox": bbox.as_ref().map(Json), ":at": at,
        ":refused": refused, ":proposed": proposed, ":verified": verified, ":fused": fused, ":newness": newness,
        ":exemplar": likened.map(|one| one.exemplar), ":likeness": likened.map(|one| one.likeness),
        ":look": look, ":weights": Json(weights),
    })?;
    Ok(())
}

/// Those of an incident, newest first.
pub(super) fn of_incident(tx: &Transaction<'_>, incident: IncidentId) -> Result<Vec<Verification>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM verifications WHERE incident = ?1 ORDER BY at DESC, id DESC")?;
    Ok(query.query_map([incident], verification_of)?.collect::<Result<_, _>>()?)
}

/// The one that passed the incident latest.
pub(super) fn passed(tx: &Transaction<'_>, incident: IncidentId) -> Result<Option<Verification>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT * FROM verifications WHERE incident = ?1 AND refused IS NULL ORDER BY at DESC, id DESC LIMIT 1",
    )?;
    Ok(query.query_row([incident], verification_of).optional()?)
}

/// Those since `from`, newest first, of one view or of all.
pub(super) fn since(
    tx: &Transaction<'_>,
    view: Option<ViewId>,
    from: WallTime,
    limit: u32,
) -> Result<Vec<Verification>, StoreError> {
    let rows = match view {
        Some(view) => tx
            .prepare_cached(
                "SELECT * FROM verifications WHERE view = ?1 AND at >= ?2 ORDER BY at DESC, id DESC LIMIT ?3",
            )?
            .query_map(params![view, from, limit], verification_of)?
            .collect::<Result<_, _>>()?,
        None => tx
            .prepare_cached("SELECT * FROM verifications WHERE at >= ?1 ORDER BY at DESC, id DESC LIMIT ?2")?
            .query_map(params![from, limit], verification_of)?
            .collect::<Result<_, _>>()?,
    };
    Ok(rows)
}

fn verification_of(row: &Row<'_>) -> rusqlite::Result<Verification> {
    let refused: Option<Word<RefusedWhy>> = row.get("refused")?;
    let (exemplar, likeness): (Option<_>, Option<f32>) = (row.get("exemplar")?, row.get("likeness")?);
    Ok(Verification {
        id: row.get("id")?,
        place: row.get("place")?,
        incident: row.get("incident")?,
        view: row.get("view")?,
        zone: row.get("zone")?,
        matter: row.get("matter")?,
        bbox: row.get::<_, Option<Json<_>>>("bbox")?.map(|Json(bbox)| bbox),
        at: row.get("at")?,
        ruling: refused.map_or(Ruling::Passed, |Word(why)| Ruling::Refused { why }),
        proposed: row.get("proposed")?,
        verified: row.get("verified")?,
        fused: row.get("fused")?,
        newness: row.get("newness")?,
        likened: exemplar.zip(likeness).map(|(exemplar, likeness)| Likened { exemplar, likeness }),
        look: row.get("look")?,
        weights: row.get::<_, Json<_>>("weights")?.0,
    })
}
