//! Streams, their credentials and views. Each change counts the revision up, so that every process sees it.

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas, cases,
    columns::{Json, Word, location},
    journal::{audit, audit_and_tell, tell_in},
    zones,
};
use crate::{
    domain::{Area, Credential, Reference, Secret, SourceUrl, Stream, StreamId, Thing, View, ViewId, WallTime},
    store::{Conflict, Registry, StoreError},
};

pub(super) fn revision(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    let mut query = tx.prepare_cached("SELECT revision FROM registry_revision")?;
    Ok(query.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

pub(super) fn count_up(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("UPDATE registry_revision SET revision = revision + 1", [])?;
    Ok(())
}

pub(super) fn registry(tx: &Transaction<'_>) -> Result<Registry, StoreError> {
    let mut streams = tx.prepare_cached("SELECT * FROM streams ORDER BY code")?;
    let mut views = tx.prepare_cached("SELECT * FROM views ORDER BY stream, name, id")?;
    Ok(Registry {
        revision: revision(tx)?,
        streams: streams.query_map([], stream_of)?.collect::<Result<_, _>>()?,
        views: views.query_map([], view_of)?.collect::<Result<_, _>>()?,
        zones: zones::all(tx)?,
    })
}

pub(super) fn put_stream(
    tx: &Transaction<'_>,
    stream: &Stream,
    credential: Option<&Credential>,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    let Stream { id, code, name, source, transport, location, area, enabled, registered_at } = stream;
    if tx.prepare("SELECT 1 FROM streams WHERE code = ?1 AND id <> ?2")?.exists(params![code, id])? {
        return Err(Conflict::CodeTaken(code.clone()).into());
    }
    let before: Option<Option<Area>> =
        tx.query_row("SELECT area FROM streams WHERE id = ?1", [id], |row| row.get(0)).optional()?;
    tx.execute(
        "INSERT INTO streams (id, code, name, source, transport, longitude, latitude, crs, address, grid_cell,
             area, enabled, registered_at)
         VALUES (:id, :code, :name, :source, :transport, :longitude, :latitude, :crs, :address, :grid_cell,
             :area, :enabled, :registered_at)
         ON CONFLICT (id) DO UPDATE SET code = :code, name = :name, source = :source, transport = :transport,
             longitude = :longitude, latitude = :latitude, crs = :crs, address = :address, grid_cell = :grid_cell,
             area = :area, enabled = :enabled, registered_at = :registered_at",
        named_params! {
            ":id": id, ":code": code, ":name": name, ":source": source.url().as_str(), ":transport": Word(transport),
            ":longitude": location.as_ref().map(|l| l.longitude), ":latitude": location.as_ref().map(|l| l.latitude),
            ":crs": location.as_ref().map(|l| Word(l.crs)), ":address": location.as_ref().map(|l| &l.address),
            ":grid_cell": location.as_ref().and_then(|l| l.grid_cell.as_ref()),
            ":area": area, ":enabled": enabled, ":registered_at": registered_at,
        },
    )?;
    if let Some(Credential { username, password }) = credential {
        tx.execute(
            "INSERT OR REPLACE INTO credentials (stream, username, password) VALUES (?1, ?2, ?3)",
            params![id, username, password.reveal()],
        )?;
    }
    if before.as_ref().is_some_and(|before| before != area) {
        areas::follow(tx, *id, area.as_ref())?;
    }
    count_up(tx)?;
    let action = if before.is_some() { "stream.changed" } else { "stream.added" };
    let detail =
        json!({"code": code, "name": name, "area": area, "enabled": enabled, "credential_set": credential.is_some()});
    audit_and_tell(tx, at, actor, action, &id.to_string(), &detail)
}

pub(super) fn credential(tx: &Transaction<'_>, stream: StreamId) -> Result<Option<Credential>, StoreError> {
    let mut query = tx.prepare_cached("SELECT username, password FROM credentials WHERE stream = ?1")?;
    let found = query.query_row([stream], |row| {
        Ok(Credential { username: row.get(0)?, password: Secret::new(row.get::<_, String>(1)?) })
    });
    Ok(found.optional()?)
}

/// Removes the stream, its views and zones, and what the views remember. Cases that wait for a re-check look
/// of a removed view tell the platform that the spot cannot be seen.
pub(super) fn remove_stream(
    tx: &Transaction<'_>,
    stream: StreamId,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    let found: Option<(String, Option<Area>)> = tx
        .query_row("SELECT code, area FROM streams WHERE id = ?1", [stream], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (code, area) = found.ok_or_else(|| StoreError::Missing { what: Thing::Stream, id: stream.to_string() })?;
    let views: Vec<ViewId> = tx
        .prepare("SELECT id FROM views WHERE stream = ?1")?
        .query_map([stream], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for view in &views {
        tx.execute(
            "INSERT OR REPLACE INTO removed_views (view, at, area) VALUES (?1, ?2, ?3)",
            params![view, at, area],
        )?;
        for table in ["places", "looks", "latest_looks"] {
            tx.execute(&format!("DELETE FROM {table} WHERE view = ?1"), [view])?;
        }
        cases::give_up_rechecks_of(tx, *view, at)?;
    }
    tx.execute("DELETE FROM streams WHERE id = ?1", [stream])?;
    count_up(tx)?;
    let detail = json!({"code": code, "views": views});
    audit(tx, at, actor, "stream.removed", &stream.to_string(), &detail)?;
    tell_in(tx, at, "stream.removed", &stream.to_string(), area.as_ref())
}

/// Adds or changes a view. A reference picture older than the one it has is left aside: pictures are set
/// by [`put_reference`], maybe at the same time.
pub(super) fn put_view(tx: &Transaction<'_>, view: &View, at: WallTime, actor: &str) -> Result<(), StoreError> {
    let View { id, stream, name, matters, revisit_s, weight, reference } = view;
    if tx.query_row("SELECT 1 FROM streams WHERE id = ?1", [stream], |_| Ok(())).optional()?.is_none() {
        return Err(StoreError::Missing { what: Thing::Stream, id: stream.to_string() });
    }
    let present = one_view(tx, *id)?;
    let action = if present.is_some() { "view.changed" } else { "view.added" };
    let kept = present.and_then(|present| present.reference);
    let reference = match (reference, &kept) {
        (Some(new), Some(old)) if new.version < old.version => kept.as_ref(),
        (None, _) => kept.as_ref(),
        (new, _) => new.as_ref(),
    };
    tx.execute(
        "INSERT INTO views (id, stream, name, matters, revisit_s, weight, reference)
         VALUES (:id, :stream, :name, :matters, :revisit_s, :weight, :reference)
         ON CONFLICT (id) DO UPDATE SET stream = :stream, name = :name, matters = :matters, revisit_s = :revisit_s,
             weight = :weight, reference = :reference",
        named_params! {
            ":id": id, ":stream": stream, ":name": name, ":matters": Json(matters), ":revisit_s": revisit_s,
            ":weight": weight, ":reference": reference.map(Json),
        },
    )?;
    tx.execute("DELETE FROM removed_views WHERE view = ?1", [id])?;
    count_up(tx)?;
    let detail = json!({"stream": stream, "name": name, "matters": matters, "revisit_s": revisit_s, "weight": weight});
    audit_and_tell(tx, at, actor, action, &id.to_string(), &detail)
}

pub(super) fn put_reference(
    tx: &Transaction<'_>,
    view: ViewId,
    reference: &Reference,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    if tx.execute("UPDATE views SET reference = ?2 WHERE id = ?1", params![view, Json(reference)])? == 0 {
        return Err(StoreError::Missing { what: Thing::View, id: view.to_string() });
    }
    count_up(tx)?;
    let detail = json!({"version": reference.version, "sha256": reference.sha256});
    audit_and_tell(tx, at, actor, "view.referenced", &view.to_string(), &detail)
}

pub(super) fn one_view(tx: &Transaction<'_>, view: ViewId) -> Result<Option<View>, StoreError> {
    Ok(tx.prepare_cached("SELECT * FROM views WHERE id = ?1")?.query_row([view], view_of).optional()?)
}

/// Whether the view was there once and was removed.
pub(super) fn view_removed(tx: &Transaction<'_>, view: ViewId) -> Result<bool, StoreError> {
    let mut query = tx.prepare_cached("SELECT 1 FROM removed_views WHERE view = ?1")?;
    Ok(query.query_row([view], |_| Ok(())).optional()?.is_some())
}

fn stream_of(row: &Row<'_>) -> rusqlite::Result<Stream> {
    let source = SourceUrl::parse(&row.get::<_, String>("source")?)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error)))?;
    Ok(Stream {
        id: row.get("id")?,
        code: row.get("code")?,
        name: row.get("name")?,
        source,
        transport: row.get::<_, Word<_>>("transport")?.0,
        location: location(row)?,
        area: row.get("area")?,
        enabled: row.get("enabled")?,
        registered_at: row.get("registered_at")?,
    })
}

fn view_of(row: &Row<'_>) -> rusqlite::Result<View> {
    Ok(View {
        id: row.get("id")?,
        stream: row.get("stream")?,
        name: row.get("name")?,
        matters: row.get::<_, Json<_>>("matters")?.0,
        revisit_s: row.get("revisit_s")?,
        weight: row.get("weight")?,
        reference: row.get::<_, Option<Json<_>>>("reference")?.map(|json| json.0),
    })
}
