//! Refused logins, counted by the hash of a name or an address: what somebody typed as a name may be a password.

use rusqlite::{OptionalExtension, Row, Transaction, named_params};

use crate::{
    domain::WallTime,
    store::{
        StoreError,
        accounts::{Refusals, SecretHash},
    },
};

pub(super) fn of(tx: &Transaction<'_>, who: &SecretHash) -> Result<Option<Refusals>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM refused_logins WHERE who = ?1")?;
    let read = |row: &Row<'_>| {
        let (count, latest, locked_until) = (row.get("refusals")?, row.get("latest")?, row.get("locked_until")?);
        Ok(Refusals { count, latest, locked_until })
    };
    Ok(query.query_row([who.as_str()], read).optional()?)
}

pub(super) fn one_more(tx: &Transaction<'_>, who: &SecretHash, free: u32, at: WallTime) -> Result<(), StoreError> {
    let Refusals { count, latest, locked_until } = of(tx, who)?.unwrap_or_else(|| Refusals::none(at)).and_one(free, at);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO refused_logins (who, refusals, latest, locked_until)
         VALUES (:who, :count, :latest, :locked_until)",
    )?
    .execute(named_params! {":who": who.as_str(), ":count": count, ":latest": latest, ":locked_until": locked_until})?;
    // The one just counted is never the one that makes room.
    tx.prepare_cached(
        "DELETE FROM refused_logins WHERE who IN (SELECT who FROM refused_logins WHERE who <> :who
             ORDER BY latest LIMIT max(0, (SELECT count(*) FROM refused_logins) - :most))",
    )?
    .execute(named_params! {":who": who.as_str(), ":most": Refusals::COUNTED_MAX})?;
    Ok(())
}

pub(super) fn forget(tx: &Transaction<'_>, who: &SecretHash) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM refused_logins WHERE who = ?1")?.execute([who.as_str()])?;
    Ok(())
}
