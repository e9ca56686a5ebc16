//! Accounts, their passwords as hashes, and links that work once. Must never hold a password or a secret as it is.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension, Row, Transaction, named_params, params};
use serde_json::json;

use super::{columns::Json, journal::audit};
use crate::{
    domain::{Account, AccountId, AccountName, Area, Areas, Rights, Role, Secret, Thing, WallTime},
    store::{
        Conflict, StoreError,
        accounts::{Invitation, Login, SecretHash, taken},
    },
};

pub(super) fn all(tx: &Transaction<'_>) -> Result<Vec<Account>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM accounts ORDER BY name")?;
    Ok(query.query_map([], account_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn one(tx: &Transaction<'_>, id: AccountId) -> Result<Account, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM accounts WHERE id = ?1")?;
    let found = query.query_row([id], account_of).optional()?;
    found.ok_or_else(|| StoreError::Missing { what: Thing::Account, id: id.to_string() })
}

pub(super) fn login(tx: &Transaction<'_>, name: &str) -> Result<Option<Login>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM accounts WHERE name = ?1")?;
    let login = |row: &Row<'_>| {
        let password = row.get::<_, Option<String>>("password")?.map(Secret::new);
        Ok(Login { account: account_of(row)?, password })
    };
    Ok(query.query_row([name], login).optional()?)
}

pub(super) fn add(
    tx: &Transaction<'_>,
    account: &Account,
    invitation: &Invitation,
    actor: &str,
) -> Result<(), StoreError> {
    insert(tx, account, None)?;
    invitation_of(tx, account.id, invitation)?;
    audit(tx, account.created_at, actor, "account.added", &account.id.to_string(), &told(account))
}

pub(super) fn insert(tx: &Transaction<'_>, account: &Account, password: Option<&Secret>) -> Result<(), StoreError> {
    let Account { id, name, display_name, rights, disabled, must_change_password, created_at, last_seen_at } = account;
    let RightsColumns { roles, areas, may_unmask } = RightsColumns::from(rights);
    let added = tx.execute(
        "INSERT INTO accounts
             (id, name, display_name, roles, areas, may_unmask, disabled, must_change, created_at, last_seen_at, password)
         VALUES (:id, :name, :display_name, :roles, :areas, :may_unmask, :disabled, :must_change, :created_at,
             :last_seen_at, :password)
         ON CONFLICT (name) DO NOTHING",
        named_params! {
            ":id": id, ":name": name.as_str(), ":display_name": display_name, ":roles": Json(roles),
            ":areas": areas.map(Json), ":may_unmask": may_unmask, ":disabled": disabled,
            ":must_change": must_change_password, ":created_at": created_at, ":last_seen_at": last_seen_at, ":password": password.map(Secret::reveal),
        },
    )?;
    if added == 1 { Ok(()) } else { Err(taken(Thing::Account, name)) }
}

pub(super) fn change(tx: &Transaction<'_>, account: &Account, at: WallTime, actor: &str) -> Result<(), StoreError> {
    let Account { id, name, display_name, rights, disabled, must_change_password, created_at: _, last_seen_at: _ } =
        account;
    let before = one(tx, *id)?;
    let has_password =
        || tx.prepare_cached("SELECT 1 FROM accounts WHERE id = ?1 AND password IS NOT NULL")?.exists([id]);
    if *must_change_password && !before.must_change_password && !has_password()? {
        return Err(Conflict::NoPassword(name.as_str().to_owned()).into());
    }
    let RightsColumns { roles, areas, may_unmask } = RightsColumns::from(rights);
    tx.execute(
        "UPDATE accounts SET name = :name, display_name = :display_name, roles = :roles, areas = :areas,
             may_unmask = :may_unmask, disabled = :disabled, must_change = :must_change WHERE id = :id",
        named_params! {
            ":id": id, ":name": name.as_str(), ":display_name": display_name, ":roles": Json(roles),
            ":areas": areas.map(Json), ":may_unmask": may_unmask, ":disabled": disabled,
            ":must_change": must_change_password,
        },
    )?;
    let administrator = |one: &Account| !one.disabled && one.rights.roles.contains(&Role::Administrator);
    if administrator(&before) && !all(tx)?.iter().any(administrator) {
        return Err(Conflict::LastAdministrator(name.as_str().to_owned()).into());
    }
    if *disabled {
        close(tx, *id, None)?;
    }
    audit(tx, at, actor, "account.changed", &id.to_string(), &told(account))
}

/// Ends the sessions of an account but `kept`, and its invitation.
fn close(tx: &Transaction<'_>, id: AccountId, kept: Option<&SecretHash>) -> Result<(), StoreError> {
    let kept = kept.map_or("", SecretHash::as_str);
    tx.execute("DELETE FROM sessions WHERE account = ?1 AND key <> ?2", params![id, kept])?;
    tx.execute("DELETE FROM one_time_secrets WHERE account = ?1", [id])?;
    Ok(())
}

pub(super) fn set_password(
    tx: &Transaction<'_>,
    id: AccountId,
    password: &Secret,
    kept: Option<&SecretHash>,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    one(tx, id)?;
    tx.execute("UPDATE accounts SET password = ?2, must_change = 0 WHERE id = ?1", params![id, password.reveal()])?;
    close(tx, id, kept)?;
    audit(tx, at, actor, "account.password_set", &id.to_string(), &json!({}))
}

pub(super) fn invite(
    tx: &Transaction<'_>,
    id: AccountId,
    invitation: &Invitation,
    at: WallTime,
    actor: &str,
) -> Result<(), StoreError> {
    let account = one(tx, id)?;
    if account.disabled {
        return Err(Conflict::Disabled(account.name.as_str().to_owned()).into());
    }
    tx.execute("UPDATE accounts SET password = NULL, must_change = 0 WHERE id = ?1", [id])?;
    close(tx, id, None)?;
    invitation_of(tx, id, invitation)?;
    audit(tx, at, actor, "account.invited", &id.to_string(), &json!({"until": invitation.until}))
}

fn invitation_of(tx: &Transaction<'_>, id: AccountId, invitation: &Invitation) -> Result<(), StoreError> {
    let Invitation { key, until } = invitation;
    tx.execute(
        "INSERT INTO one_time_secrets (key, account, until) VALUES (?1, ?2, ?3)",
        params![key.as_str(), id, until],
    )?;
    Ok(())
}

pub(super) fn accept(
    tx: &Transaction<'_>,
    secret: &SecretHash,
    password: &Secret,
    at: WallTime,
) -> Result<Option<Account>, StoreError> {
    let found: Option<AccountId> = tx
        .query_row(
            "DELETE FROM one_time_secrets WHERE key = ?1 AND account IS NOT NULL AND until > ?2 RETURNING account",
            params![secret.as_str(), at],
            |row| row.get(0),
        )
        .optional()?;
    let Some(account) = found.map(|id| one(tx, id)).transpose()? else { return Ok(None) };
    set_password(tx, account.id, password, None, at, account.name.as_str())?;
    Ok(Some(account))
}

pub(super) fn setup_needed(tx: &Transaction<'_>) -> Result<bool, StoreError> {
    Ok(!tx.prepare_cached("SELECT 1 FROM accounts")?.exists([])?)
}

pub(super) fn offer_setup(tx: &Transaction<'_>, setup: &Invitation) -> Result<bool, StoreError> {
    if !setup_needed(tx)? {
        return Ok(false);
    }
    tx.execute("DELETE FROM one_time_secrets WHERE account IS NULL", [])?;
    let values = params![setup.key.as_str(), setup.until];
    tx.execute("INSERT INTO one_time_secrets (key, account, until) VALUES (?1, NULL, ?2)", values)?;
    Ok(true)
}

pub(super) fn set_up(
    tx: &Transaction<'_>,
    secret: &SecretHash,
    account: &Account,
    password: &Secret,
) -> Result<bool, StoreError> {
    let at = account.created_at;
    let taken = tx.execute(
        "DELETE FROM one_time_secrets WHERE key = ?1 AND account IS NULL AND until > ?2",
        params![secret.as_str(), at],
    )?;
    if taken == 0 || !setup_needed(tx)? {
        return Ok(false);
    }
    insert(tx, account, Some(password))?;
    audit(tx, at, account.name.as_str(), "account.set_up", &account.id.to_string(), &told(account))?;
    Ok(true)
}

/// An account as the audit log tells it.
pub(super) fn told(account: &Account) -> serde_json::Value {
    let RightsColumns { roles, areas, may_unmask } = RightsColumns::from(&account.rights);
    json!({
        "name": account.name, "display_name": account.display_name, "roles": roles, "areas": areas,
        "may_unmask": may_unmask, "disabled": account.disabled,
        "must_change_password": account.must_change_password,
    })
}

/// [`Rights`] in columns; no areas are all of them.
#[derive(Debug)]
pub(super) struct RightsColumns<'a> {
    pub roles: &'a BTreeSet<Role>,
    pub areas: Option<&'a BTreeSet<Area>>,
    pub may_unmask: bool,
}

impl<'a> From<&'a Rights> for RightsColumns<'a> {
    fn from(rights: &'a Rights) -> Self {
        let areas = match &rights.areas {
            Areas::All => None,
            Areas::Only(areas) => Some(areas),
        };
        Self { roles: &rights.roles, areas, may_unmask: rights.may_unmask }
    }
}

pub(super) fn rights_of(row: &Row<'_>) -> rusqlite::Result<Rights> {
    let areas = row.get::<_, Option<Json<BTreeSet<Area>>>>("areas")?;
    Ok(Rights {
        roles: row.get::<_, Json<_>>("roles")?.0,
        areas: areas.map_or(Areas::All, |areas| Areas::Only(areas.0)),
        may_unmask: row.get("may_unmask")?,
    })
}

pub(super) fn name_of(row: &Row<'_>) -> rusqlite::Result<AccountName> {
    let unreadable = |error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error));
    row.get::<_, String>("name")?.parse().map_err(unreadable)
}

pub(super) fn account_of(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: row.get("id")?,
        name: name_of(row)?,
        display_name: row.get("display_name")?,
        rights: rights_of(row)?,
        disabled: row.get("disabled")?,
        must_change_password: row.get("must_change")?,
        created_at: row.get("created_at")?,
        last_seen_at: row.get("last_seen_at")?,
    })
}
