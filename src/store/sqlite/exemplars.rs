//! Exemplars: what people said about how things look. A verdict makes one in its own transaction, its undo takes it away
//! in another whole one; a box drawn by hand makes one by itself.

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params, types::Type};
use serde_json::json;

use super::{SqliteStore, columns::Json, columns::Word, journal, verifications};
use crate::{
    domain::{
        Areas, EXEMPLAR_KEPT, EXEMPLARS_A_VIEW, Exemplar, ExemplarId, Incident, IncidentId, Mark, MatterKey, Origin,
        Polarity, Scope, SignedVerdict, Thing, Verification, ViewId, WallTime, ZoneId,
    },
    store::{ExemplarFilter, ExemplarStore, StoreError},
};

impl ExemplarStore for SqliteStore {
    fn verifications(&self, incident: IncidentId) -> Result<Vec<Verification>, StoreError> {
        self.connections.read(|tx| verifications::of_incident(tx, incident))
    }
    fn verifications_since(
        &self,
        view: Option<ViewId>,
        from: WallTime,
        limit: u32,
    ) -> Result<Vec<Verification>, StoreError> {
        self.connections.read(|tx| verifications::since(tx, view, from, limit))
    }
    fn exemplar(&self, id: ExemplarId) -> Result<Exemplar, StoreError> {
        self.connections.read(|tx| one(tx, id))
    }
    fn exemplars(&self, filter: &ExemplarFilter, limit: u32) -> Result<Vec<Exemplar>, StoreError> {
        self.connections.read(|tx| list(tx, filter, limit))
    }
    fn teaching(
        &self,
        view: ViewId,
        zone: ZoneId,
        matter: &MatterKey,
        now: WallTime,
    ) -> Result<Vec<Exemplar>, StoreError> {
        self.connections.read(|tx| teaching(tx, view, zone, matter, now))
    }
    fn put_exemplar(&self, exemplar: &Exemplar) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            put(tx, exemplar)?;
            let detail = json!({"polarity": exemplar.polarity, "matter": exemplar.matter, "view": exemplar.view});
            journal::audit(tx, exemplar.at, &exemplar.by, "exemplar.marked", &exemplar.id.to_string(), &detail)
        })
    }
    fn rescope_exemplar(&self, id: ExemplarId, scope: Scope, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            one(tx, id)?;
            let word = scope_word(scope);
            tx.prepare_cached("UPDATE exemplars SET scope = ?2 WHERE id = ?1")?.execute(params![id, word])?;
            journal::audit(tx, at, actor, "exemplar.scoped", &id.to_string(), &json!({"scope": word}))
        })
    }
    fn undo_exemplar(&self, id: ExemplarId, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            if one(tx, id)?.undone.is_some() {
                return Ok(());
            }
            tx.prepare_cached("UPDATE exemplars SET undone_by = ?2, undone_at = ?3 WHERE id = ?1")?
                .execute(params![id, actor, at])?;
            journal::audit(tx, at, actor, "exemplar.undone", &id.to_string(), &json!({}))
        })
    }
}

/// Exemplars that are compared with one look at most, the newest.
const TEACHING_MAX: u32 = 2000;

fn scope_word(scope: Scope) -> &'static str {
    match scope {
        Scope::View { .. } => "view",
        Scope::Zone { .. } => "zone",
        Scope::City => "city",
    }
}

/// What the verdict teaches, where a verifier saw the thing. The oldest of the view make room.
pub(super) fn learn(tx: &Transaction<'_>, incident: &Incident, verdict: &SignedVerdict) -> Result<(), StoreError> {
    let Some(polarity) = Polarity::taught_by(&verdict.verdict) else { return Ok(()) };
    let Some(seen) = verifications::passed(tx, incident.id)?.filter(|seen| !seen.look.as_slice().is_empty()) else {
        return Ok(());
    };
    let Some(verifier) = &seen.weights.verifier else { return Ok(()) };
    let exemplar = Exemplar {
        id: Exemplar::of_verdict(incident.id),
        // A confirmation is about the matter that the incident has now: it may have been reclassified.
        matter: incident.matter.clone(),
        polarity,
        scope: Scope::View { view: seen.view },
        view: seen.view,
        zone: seen.zone,
        bbox: seen.bbox.unwrap_or(incident.bbox),
        weights: verifier.sha256.clone(),
        look: seen.look,
        origin: Origin::Verdict(incident.id),
        by: verdict.reviewer.clone(),
        at: verdict.at,
        expires: verdict.at.plus(EXEMPLAR_KEPT),
        undone: None,
    };
    put(tx, &exemplar)?;
    let detail = json!({"polarity": polarity, "matter": incident.matter, "incident": incident.id});
    journal::audit(tx, verdict.at, &verdict.reviewer, "exemplar.learnt", &exemplar.id.to_string(), &detail)
}

/// Writes an exemplar over one of the same id. The oldest of the view make room.
fn put(tx: &Transaction<'_>, exemplar: &Exemplar) -> Result<(), StoreError> {
    let Exemplar { id, matter, polarity, scope, view, zone, bbox, look, weights, origin, by, at, expires, undone } =
        exemplar;
    let (incident, mark) = match origin {
        Origin::Verdict(incident) => (Some(incident), None),
        Origin::Mark(mark) => (None, Some(Json(mark))),
    };
    let (undone_by, undone_at) = (undone.as_ref().map(|(by, _)| by), undone.as_ref().map(|(_, at)| at));
    tx.prepare_cached(
        "INSERT OR REPLACE INTO exemplars (id, matter, polarity, scope, view, zone, bbox, look, weights, incident,
             mark, by_name, at, expires, undone_by, undone_at)
         VALUES (:id, :matter, :polarity, :scope, :view, :zone, :bbox, :look, :weights, :incident, :mark, :by, :at,
             :expires, :undone_by, :undone_at)",
    )?
    .execute(named_params! {
        ":id": id, ":matter": matter, ":polarity": Word(polarity), ":scope": scope_word(*scope), ":view": view,
        ":zone": zone, ":bbox": Json(bbox), ":look": look, ":weights": weights, ":incident": incident, ":mark": mark, ":by": by, ":at": at,
        ":expires": expires, ":undone_by": undone_by, ":undone_at": undone_at,
    })?;
    let displaced = tx
        .prepare_cached(
            "DELETE FROM exemplars WHERE id IN
                 (SELECT id FROM exemplars WHERE view = ?1 ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![view, EXEMPLARS_A_VIEW])?;
    if displaced > 0 {
        let detail = json!({"count": displaced, "view": view});
        journal::audit(tx, *at, "system", "exemplar.displaced", &view.to_string(), &detail)?;
    }
    Ok(())
}

/// Takes back what the incident's verdict taught.
pub(super) fn unlearn(tx: &Transaction<'_>, incident: IncidentId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM exemplars WHERE id = ?1")?.execute([Exemplar::of_verdict(incident)])?;
    Ok(())
}

fn one(tx: &Transaction<'_>, id: ExemplarId) -> Result<Exemplar, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM exemplars WHERE id = ?1")?;
    let found = query.query_row([id], exemplar_of).optional()?;
    found.ok_or_else(|| StoreError::Missing { what: Thing::Exemplar, id: id.to_string() })
}

fn list(tx: &Transaction<'_>, filter: &ExemplarFilter, limit: u32) -> Result<Vec<Exemplar>, StoreError> {
    let ExemplarFilter { areas, view, matter, counting_at } = filter;
    let (sees_all, areas) = match areas {
        Areas::All => (true, Vec::new()),
        Areas::Only(areas) => (false, areas.iter().map(ToString::to_string).collect::<Vec<String>>()),
    };
    let mut query = tx.prepare_cached(
        "SELECT * FROM exemplars WHERE (:view IS NULL OR view = :view) AND (:matter IS NULL OR matter = :matter)
             AND (:now IS NULL OR (undone_at IS NULL AND expires > :now))
             AND (:sees_all OR view IN (SELECT views.id FROM views JOIN streams ON streams.id = views.stream
                 WHERE streams.area IN (SELECT value FROM json_each(:areas))))
         ORDER BY at DESC, id DESC LIMIT :limit",
    )?;
    let rows = query.query_map(
        named_params! {
            ":view": view, ":matter": matter, ":now": counting_at, ":sees_all": sees_all, ":areas": Json(areas),
            ":limit": limit,
        },
        exemplar_of,
    )?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn teaching(
    tx: &Transaction<'_>,
    view: ViewId,
    zone: ZoneId,
    matter: &MatterKey,
    now: WallTime,
) -> Result<Vec<Exemplar>, StoreError> {
    let arm = |held: &str| {
        format!("SELECT * FROM exemplars WHERE {held} AND matter = :matter AND undone_at IS NULL AND expires > :now")
    };
    let arms = ["view = :view AND scope = 'view'", "zone = :zone AND scope = 'zone'", "scope = 'city'"].map(arm);
    let sql = format!("{} ORDER BY at DESC, id DESC LIMIT :limit", arms.join(" UNION ALL "));
    let mut query = tx.prepare_cached(&sql)?;
    let values = named_params! {
        ":view": view, ":zone": zone, ":matter": matter, ":now": now, ":limit": TEACHING_MAX,
    };
    Ok(query.query_map(values, exemplar_of)?.collect::<Result<_, _>>()?)
}

fn exemplar_of(row: &Row<'_>) -> rusqlite::Result<Exemplar> {
    let (view, zone) = (row.get("view")?, row.get("zone")?);
    let (by, at): (Option<String>, Option<WallTime>) = (row.get("undone_by")?, row.get("undone_at")?);
    let mark: Option<Json<Mark>> = row.get("mark")?;
    let origin = match (row.get("incident")?, mark) {
        (Some(incident), None) => Origin::Verdict(incident),
        (None, Some(Json(mark))) => Origin::Mark(mark),
        _ => return Err(rusqlite::Error::InvalidColumnType(0, "incident".to_owned(), Type::Null)),
    };
    Ok(Exemplar {
        id: row.get("id")?,
        matter: row.get("matter")?,
        polarity: row.get::<_, Word<_>>("polarity")?.0,
        scope: match row.get_ref("scope")?.as_str()? {
            "zone" => Scope::Zone { zone },
            "city" => Scope::City,
            _ => Scope::View { view },
        },
        view,
        zone,
        bbox: row.get::<_, Json<_>>("bbox")?.0,
        look: row.get("look")?,
        weights: row.get("weights")?,
        origin,
        by: row.get("by_name")?,
        at: row.get("at")?,
        expires: row.get("expires")?,
        undone: by.zip(at),
    })
}
