//! Accounts of people whom the identity provider vouches for. Issuer and subject alone say whose account it is: a name
//! that is taken belongs to somebody else.

use rusqlite::{OptionalExtension, Transaction, params};

use super::{accounts, journal::audit};
use crate::{
    domain::{Account, AccountId, AccountName, Vouched, WallTime},
    store::{Conflict, StoreError},
};

/// Who the audit log says did it.
const ACTOR: &str = "door";
/// Names that are tried one after the other: `wang`, `wang-2`, `wang-3`.
const NAMES_MAX: u32 = 1000;

pub(super) fn account(
    tx: &Transaction<'_>,
    vouched: &Vouched,
    fresh: &Account,
    at: WallTime,
) -> Result<Account, StoreError> {
    let Vouched { issuer, subject, name: _, display_name, rights } = vouched;
    let known: Option<AccountId> = tx
        .prepare_cached("SELECT account FROM account_identities WHERE issuer = ?1 AND subject = ?2")?
        .query_row([issuer, subject], |row| row.get(0))
        .optional()?;
    let Some(known) = known else { return make(tx, vouched, fresh, at) };
    let before = accounts::one(tx, known)?;
    let display_name = display_name.clone().unwrap_or_else(|| before.display_name.clone());
    let after = Account { display_name, rights: rights.clone(), ..before.clone() };
    if before.disabled || after == before {
        return Ok(before);
    }
    tx.execute_batch("SAVEPOINT vouched")?;
    match accounts::change(tx, &after, at, ACTOR) {
        Ok(()) => {
            tx.execute_batch("RELEASE vouched")?;
            Ok(after)
        }
        // The last administrator stays one, whatever the provider says.
        Err(StoreError::Conflict(_)) => {
            tx.execute_batch("ROLLBACK TO vouched; RELEASE vouched")?;
            Ok(before)
        }
        Err(error) => Err(error),
    }
}

fn make(tx: &Transaction<'_>, vouched: &Vouched, fresh: &Account, at: WallTime) -> Result<Account, StoreError> {
    let account = Account { name: free_name(tx, &fresh.name)?, ..fresh.clone() };
    accounts::insert(tx, &account, None)?;
    tx.execute(
        "INSERT INTO account_identities (issuer, subject, account) VALUES (?1, ?2, ?3)",
        params![vouched.issuer, vouched.subject, account.id],
    )?;
    audit(tx, at, ACTOR, "account.added", &account.id.to_string(), &accounts::told(&account))?;
    Ok(account)
}

fn free_name(tx: &Transaction<'_>, wanted: &AccountName) -> Result<AccountName, StoreError> {
    let mut taken = tx.prepare_cached("SELECT 1 FROM accounts WHERE name = ?1")?;
    let stem: String = wanted.as_str().chars().take(58).collect();
    for n in 1..=NAMES_MAX {
        let name = if n == 1 { wanted.as_str().to_owned() } else { format!("{stem}-{n}") };
        if !taken.exists([&name])? {
            return name.parse().map_err(|_| StoreError::Failed(format!("{name:?} is no name")));
        }
    }
    Err(Conflict::NamesSpent { stem, names: NAMES_MAX }.into())
}
