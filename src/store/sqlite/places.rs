//! Places: what each view remembers between looks.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use super::columns::{Json, impossible};
use crate::{
    domain::{Appearance, IncidentId, Phase, Place, PlaceId, ReadText, ViewId, WallTime},
    store::StoreError,
};

pub(super) fn of_view(tx: &Transaction<'_>, view: ViewId) -> Result<Vec<Place>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM places WHERE view = ?1 ORDER BY first_seen, id")?;
    Ok(query.query_map([view], place_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn one(tx: &Transaction<'_>, id: PlaceId) -> Result<Option<Place>, StoreError> {
    Ok(tx.prepare_cached("SELECT * FROM places WHERE id = ?1")?.query_row([id], place_of).optional()?)
}

/// How a place looked latest, while it is remembered.
pub(super) fn appearance(tx: &Transaction<'_>, id: PlaceId) -> Result<Option<Appearance>, StoreError> {
    let mut query = tx.prepare_cached("SELECT appearance FROM places WHERE id = ?1")?;
    Ok(query.query_row([id], |row| row.get(0)).optional()?)
}

pub(super) fn forget(tx: &Transaction<'_>, id: PlaceId) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM places WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// [`Phase`] in columns.
#[derive(Debug)]
struct PhaseColumns {
    phase: &'static str,
    incident: Option<IncidentId>,
    cleared_at: Option<WallTime>,
    returned: Option<WallTime>,
}

impl From<Phase> for PhaseColumns {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Candidate => Self { phase: "candidate", incident: None, cleared_at: None, returned: None },
            Phase::Reported { incident } => {
                Self { phase: "reported", incident: Some(incident), cleared_at: None, returned: None }
            }
            Phase::Cleared { incident, at, returned } => {
                Self { phase: "cleared", incident: Some(incident), cleared_at: Some(at), returned }
            }
        }
    }
}

fn phase_of(row: &Row<'_>) -> rusqlite::Result<Phase> {
    match row.get_ref("phase")?.as_str()? {
        "candidate" => Ok(Phase::Candidate),
        "reported" => Ok(Phase::Reported { incident: row.get("incident")? }),
        "cleared" => Ok(Phase::Cleared {
            incident: row.get("incident")?,
            at: row.get("cleared_at")?,
            returned: row.get("returned")?,
        }),
        _ => Err(impossible("a place in no known phase")),
    }
}

pub(super) fn put(tx: &Transaction<'_>, place: &Place) -> Result<(), StoreError> {
    let Place {
        id,
        view,
        matter,
        class,
        bbox,
        appearance,
        zone: (zone, zone_version),
        first_seen,
        last_seen,
        looks_seen,
        looks_visible,
        looks_accompanied,
        clean_looks,
        clean_since,
        score,
        read,
        refused,
        phase,
    } = place;
    let PhaseColumns { phase, incident, cleared_at, returned } = PhaseColumns::from(*phase);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO places (id, view, matter, class, bbox, appearance, zone, zone_version, first_seen,
             last_seen, looks_seen, looks_visible, looks_accompanied, clean_looks, clean_since, score, read, refused,
             phase, incident, cleared_at, returned)
         VALUES (:id, :view, :matter, :class, :bbox, :appearance, :zone, :zone_version, :first_seen,
             :last_seen, :looks_seen, :looks_visible, :looks_accompanied, :clean_looks, :clean_since, :score, :read, :refused,
             :phase, :incident, :cleared_at, :returned)",
    )?
    .execute(named_params! {
        ":id": id, ":view": view, ":matter": matter, ":class": class, ":bbox": Json(bbox),
        ":appearance": appearance, ":zone": zone, ":zone_version": zone_version, ":first_seen": first_seen,
        ":last_seen": last_seen, ":looks_seen": looks_seen, ":looks_visible": looks_visible,
        ":looks_accompanied": looks_accompanied, ":clean_looks": clean_looks, ":clean_since": clean_since,
        ":score": score, ":read": read.as_ref().map(ReadText::reveal), ":refused": refused.as_ref().map(Json), ":phase": phase, ":incident": incident, ":cleared_at": cleared_at, ":returned": returned,
    })?;
    Ok(())
}

fn place_of(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        id: row.get("id")?,
        view: row.get("view")?,
        matter: row.get("matter")?,
        class: row.get("class")?,
        bbox: row.get::<_, Json<_>>("bbox")?.0,
        appearance: row.get("appearance")?,
        zone: (row.get("zone")?, row.get("zone_version")?),
        first_seen: row.get("first_seen")?,
        last_seen: row.get("last_seen")?,
        looks_seen: row.get("looks_seen")?,
        looks_visible: row.get("looks_visible")?,
        looks_accompanied: row.get("looks_accompanied")?,
        clean_looks: row.get("clean_looks")?,
        clean_since: row.get("clean_since")?,
        score: row.get("score")?,
        read: row.get::<_, Option<String>>("read")?.map(|text| ReadText::new(&text)),
        refused: row.get::<_, Option<Json<_>>>("refused")?.map(|json| json.0),
        phase: phase_of(row)?,
    })
}
