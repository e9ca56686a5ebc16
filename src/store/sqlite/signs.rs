//! Signs: rows of what reference pictures say. A permission is a name and a time on the row; the audit log has every one
//! that was given or taken back.

use rusqlite::{OptionalExtension, Row, Transaction, params};
use serde_json::json;

use super::{SqliteStore, columns::Json, journal, registry::one_view};
use crate::{
    domain::{ReadText, Sign, SignId, Thing, ViewId, WallTime},
    store::{SignStore, StoreError},
};

impl SignStore for SqliteStore {
    fn signs(&self, view: ViewId) -> Result<Vec<Sign>, StoreError> {
        self.connections.read(|tx| {
            let mut query = tx.prepare_cached("SELECT * FROM signs WHERE view = ?1 ORDER BY reference, id")?;
            let mut signs: Vec<Sign> = query.query_map([view], sign_of)?.collect::<Result<_, _>>()?;
            signs.sort_by(|a, b| a.bbox.y0().total_cmp(&b.bbox.y0()));
            Ok(signs)
        })
    }
    fn signs_read(&self, view: ViewId) -> Result<Option<u32>, StoreError> {
        self.connections.read(|tx| {
            let mut query = tx.prepare_cached("SELECT reference FROM signs_read WHERE view = ?1")?;
            Ok(query.query_row([view], |row| row.get(0)).optional()?)
        })
    }
    fn propose_signs(&self, view: ViewId, reference: u32, signs: &[Sign]) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            // The stream may have been removed while its picture was read.
            if one_view(tx, view)?.is_none() {
                return Err(StoreError::Missing { what: Thing::View, id: view.to_string() });
            }
            tx.prepare_cached("DELETE FROM signs WHERE view = ?1 AND reference < ?2 AND permitted_at IS NULL")?
                .execute(params![view, reference])?;
            for sign in signs {
                put(tx, sign)?;
            }
            tx.prepare_cached("INSERT OR REPLACE INTO signs_read (view, reference) VALUES (?1, ?2)")?
                .execute(params![view, reference])?;
            Ok(())
        })
    }
    fn permit_signs(
        &self,
        view: ViewId,
        signs: &[SignId],
        permitted: bool,
        at: WallTime,
        actor: &str,
    ) -> Result<(), StoreError> {
        self.connections.write(|tx| {
            for sign in signs {
                let changed = tx
                    .prepare_cached(
                        "UPDATE signs SET permitted_by = ?3, permitted_at = ?4 WHERE id = ?1 AND view = ?2",
                    )?
                    .execute(params![sign, view, permitted.then_some(actor), permitted.then_some(at)])?;
                if changed == 0 {
                    return Err(StoreError::Missing { what: Thing::Sign, id: sign.to_string() });
                }
            }
            let action = if permitted { "signs.permitted" } else { "signs.withdrawn" };
            journal::audit(tx, at, actor, action, &view.to_string(), &json!({ "signs": signs }))
        })
    }
}

fn put(tx: &Transaction<'_>, sign: &Sign) -> Result<(), StoreError> {
    let Sign { id, view, reference, text, bbox, read_at, permitted } = sign;
    let (by, at) = permitted.as_ref().map(|(by, at)| (by, at)).unzip();
    tx.prepare_cached(
        "INSERT INTO signs (id, view, reference, text, bbox, read_at, permitted_by, permitted_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (id) DO NOTHING",
    )?
    .execute(params![id, view, reference, text.reveal(), Json(bbox), read_at, by, at])?;
    Ok(())
}

fn sign_of(row: &Row<'_>) -> rusqlite::Result<Sign> {
    let (by, at): (Option<String>, Option<WallTime>) = (row.get("permitted_by")?, row.get("permitted_at")?);
    Ok(Sign {
        id: row.get("id")?,
        view: row.get("view")?,
        reference: row.get("reference")?,
        text: ReadText::new(&row.get::<_, String>("text")?),
        bbox: row.get::<_, Json<_>>("bbox")?.0,
        read_at: row.get("read_at")?,
        permitted: by.zip(at),
    })
}
