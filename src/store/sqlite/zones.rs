//! Zones as they stand, and every version that they ever had: incidents name a zone's version.

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas,
    columns::{Json, Word},
    journal::{audit, audit_and_tell, tell_in},
    registry::{count_up, one_view},
};
use crate::{
    domain::{Thing, WallTime, Zone, ZoneId},
    store::{StoreError, ZoneVersion},
};

pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<Zone>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM zones ORDER BY view, name, id")?;
    Ok(query.query_map([], zone_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn put(tx: &Transaction<'_>, zone: &Zone, at: WallTime, actor: &str) -> Result<Zone, StoreError> {
    if one_view(tx, zone.view)?.is_none() {
        return Err(StoreError::Missing { what: Thing::View, id: zone.view.to_string() });
    }
    let version: u32 =
        tx.query_row("SELECT coalesce(max(version), 0) + 1 FROM zone_versions WHERE zone = ?1", [zone.id], |row| {
            row.get(0)
        })?;
    let zone = Zone { version, ..zone.clone() };
    let Zone { id, view, version, name, kind, matters, polygon, hours, valid_from, valid_until } = &zone;
    tx.execute(
        "INSERT OR REPLACE INTO zones
             (id, view, version, name, kind, matters, polygon, hours, valid_from, valid_until)
         VALUES (:id, :view, :version, :name, :kind, :matters, :polygon, :hours, :valid_from, :valid_until)",
        named_params! {
            ":id": id, ":view": view, ":version": version, ":name": name, ":kind": Word(kind),
            ":matters": Json(matters), ":polygon": Json(polygon), ":hours": hours.as_ref().map(Json),
            ":valid_from": valid_from, ":valid_until": valid_until,
        },
    )?;
    tx.execute(
        "INSERT INTO zone_versions (zone, version, at, actor, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, version, at, actor, Json(&zone)],
    )?;
    count_up(tx)?;
    let action = if *version == 1 { "zone.added" } else { "zone.changed" };
    let detail = json!({"view": view, "version": version, "name": name, "kind": kind});
    audit_and_tell(tx, at, actor, action, &id.to_string(), &detail)?;
    Ok(zone)
}

pub(super) fn versions(tx: &Transaction<'_>, zone: ZoneId) -> Result<Vec<ZoneVersion>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT at, actor, body FROM zone_versions WHERE zone = ?1 ORDER BY version DESC")?;
    let version = |row: &Row<'_>| {
        Ok(ZoneVersion { at: row.get("at")?, actor: row.get("actor")?, zone: row.get::<_, Json<_>>("body")?.0 })
    };
    Ok(query.query_map([zone], version)?.collect::<Result<_, _>>()?)
}

pub(super) fn remove(tx: &Transaction<'_>, zone: ZoneId, at: WallTime, actor: &str) -> Result<(), StoreError> {
    let area = areas::of_any(tx, &zone.to_string())?;
    let removed = tx
        .query_row("DELETE FROM zones WHERE id = ?1 RETURNING version", [zone], |row| row.get::<_, u32>(0))
        .optional()?;
    let version = removed.ok_or_else(|| StoreError::Missing { what: Thing::Zone, id: zone.to_string() })?;
    count_up(tx)?;
    audit(tx, at, actor, "zone.removed", &zone.to_string(), &json!({"version": version}))?;
    tell_in(tx, at, "zone.removed", &zone.to_string(), area.as_ref())
}

fn zone_of(row: &Row<'_>) -> rusqlite::Result<Zone> {
    Ok(Zone {
        id: row.get("id")?,
        view: row.get("view")?,
        version: row.get("version")?,
        name: row.get("name")?,
        kind: row.get::<_, Word<_>>("kind")?.0,
        matters: row.get::<_, Json<_>>("matters")?.0,
        polygon: row.get::<_, Json<_>>("polygon")?.0,
        hours: row.get::<_, Option<Json<_>>>("hours")?.map(|json| json.0),
        valid_from: row.get("valid_from")?,
        valid_until: row.get("valid_until")?,
    })
}
