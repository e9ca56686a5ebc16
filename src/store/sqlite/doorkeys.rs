//! What proves a caller: sessions of people and tokens of programs, both found by the hash of their secret.

use std::{net::IpAddr, time::Duration};

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{
    accounts::{RightsColumns, account_of, name_of, one, rights_of},
    columns::Json,
    journal::audit,
};
use crate::{
    domain::{Account, AccountId, Thing, Token, WallTime},
    store::{
        StoreError,
        accounts::{SecretHash, taken},
    },
};

/// A session that nobody used for so long has ended.
const IDLE_MAX: Duration = Duration::from_secs(12 * 3600);
/// A session ends after so long, however much it is used.
const SESSION_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Sessions of one account; the one used least lately makes room.
const SESSIONS_EACH: u32 = 20;
/// Uses are noted this exactly: not every request is worth a write.
const NOTED_EACH: Duration = Duration::from_secs(60);

pub(super) fn begin(
    tx: &Transaction<'_>,
    account: AccountId,
    key: &SecretHash,
    at: WallTime,
    from: IpAddr,
) -> Result<(), StoreError> {
    let name = one(tx, account)?.name;
    tx.execute(
        "DELETE FROM sessions WHERE used_at <= ?1 OR begun_at <= ?2",
        params![at.minus(IDLE_MAX), at.minus(SESSION_MAX)],
    )?;
    tx.execute(
        "INSERT INTO sessions (key, account, begun_at, used_at) VALUES (?1, ?2, ?3, ?3)",
        params![key.as_str(), account, at],
    )?;
    tx.execute(
        "DELETE FROM sessions WHERE key IN
             (SELECT key FROM sessions WHERE account = ?1 ORDER BY used_at DESC LIMIT -1 OFFSET ?2)",
        params![account, SESSIONS_EACH],
    )?;
    tx.execute("UPDATE accounts SET last_seen_at = ?2 WHERE id = ?1", params![account, at])?;
    audit(tx, at, name.as_str(), "session.begun", &account.to_string(), &json!({"address": from}))
}

/// The account of a session that lives, and when its use was noted last.
pub(super) fn session(
    tx: &Transaction<'_>,
    key: &SecretHash,
    now: WallTime,
) -> Result<Option<(Account, WallTime)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT accounts.*, sessions.used_at FROM sessions JOIN accounts ON accounts.id = sessions.account
         WHERE key = ?1 AND used_at > ?2 AND begun_at > ?3 AND NOT disabled",
    )?;
    let values = params![key.as_str(), now.minus(IDLE_MAX), now.minus(SESSION_MAX)];
    Ok(query.query_row(values, |row| Ok((account_of(row)?, row.get("used_at")?))).optional()?)
}

/// Whether a use at `now` is worth noting.
pub(super) fn is_news(noted: Option<WallTime>, now: WallTime) -> bool {
    noted.is_none_or(|noted| now.since(noted) >= NOTED_EACH)
}

pub(super) fn note_session(
    tx: &Transaction<'_>,
    key: &SecretHash,
    account: AccountId,
    now: WallTime,
) -> Result<(), StoreError> {
    tx.execute("UPDATE sessions SET used_at = max(used_at, ?2) WHERE key = ?1", params![key.as_str(), now])?;
    tx.execute("UPDATE accounts SET last_seen_at = ?2 WHERE id = ?1", params![account, now])?;
    Ok(())
}

pub(super) fn end(tx: &Transaction<'_>, key: &SecretHash, at: WallTime) -> Result<(), StoreError> {
    let ended: Option<AccountId> = tx
        .query_row("DELETE FROM sessions WHERE key = ?1 RETURNING account", [key.as_str()], |row| row.get(0))
        .optional()?;
    let Some(account) = ended else { return Ok(()) };
    let name = one(tx, account)?.name;
    audit(tx, at, name.as_str(), "session.ended", &account.to_string(), &json!({}))
}

pub(super) fn tokens(tx: &Transaction<'_>) -> Result<Vec<Token>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM tokens ORDER BY name")?;
    Ok(query.query_map([], token_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn add_token(tx: &Transaction<'_>, token: &Token, key: &SecretHash, actor: &str) -> Result<(), StoreError> {
    let Token { id, name, rights, created_by, created_at, expires_at, last_used_at } = token;
    let RightsColumns { roles, areas, may_unmask } = RightsColumns::from(rights);
    let detail = json!({
        "name": name, "roles": roles, "areas": areas, "may_unmask": may_unmask, "expires_at": expires_at,
    });
    let added = tx.execute(
        "INSERT INTO tokens
             (id, key, name, roles, areas, may_unmask, created_by, created_at, expires_at, last_used_at)
         VALUES (:id, :key, :name, :roles, :areas, :may_unmask, :created_by, :created_at, :expires_at, :last_used_at)
         ON CONFLICT (name) DO NOTHING",
        named_params! {
            ":id": id, ":key": key.as_str(), ":name": name.as_str(), ":roles": Json(roles), ":areas": areas.map(Json),
            ":may_unmask": may_unmask, ":created_by": created_by, ":created_at": created_at,
            ":expires_at": expires_at, ":last_used_at": last_used_at,
        },
    )?;
    if added == 0 {
        return Err(taken(Thing::Token, name));
    }
    audit(tx, *created_at, actor, "token.added", &id.to_string(), &detail)
}

pub(super) fn revoke_token(tx: &Transaction<'_>, id: AccountId, at: WallTime, actor: &str) -> Result<(), StoreError> {
    let name: Option<String> =
        tx.query_row("DELETE FROM tokens WHERE id = ?1 RETURNING name", [id], |row| row.get(0)).optional()?;
    let name = name.ok_or_else(|| StoreError::Missing { what: Thing::Token, id: id.to_string() })?;
    audit(tx, at, actor, "token.revoked", &id.to_string(), &json!({"name": name}))
}

pub(super) fn token(tx: &Transaction<'_>, key: &SecretHash, now: WallTime) -> Result<Option<Token>, StoreError> {
    let mut query =
        tx.prepare_cached("SELECT * FROM tokens WHERE key = ?1 AND (expires_at IS NULL OR expires_at > ?2)")?;
    Ok(query.query_row(params![key.as_str(), now], token_of).optional()?)
}

pub(super) fn note_token(tx: &Transaction<'_>, id: AccountId, now: WallTime) -> Result<(), StoreError> {
    tx.execute("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1", params![id, now])?;
    Ok(())
}

fn token_of(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get("id")?,
        name: name_of(row)?,
        rights: rights_of(row)?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
        last_used_at: row.get("last_used_at")?,
    })
}
