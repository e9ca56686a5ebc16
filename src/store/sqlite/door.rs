//! The store of the door on SQLite: one method a transaction.

use std::net::IpAddr;

use super::{SqliteStore, accounts, doorkeys, journal, refusals, vouched};
use crate::{
    domain::{Account, AccountId, Secret, Token, Vouched, WallTime},
    store::{
        AuditRow, Page, Rows, StoreError,
        accounts::{AccountStore, AuditFilter, Invitation, Login, Refusals, SecretHash},
    },
};

impl AccountStore for SqliteStore {
    fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.connections.read(accounts::all)
    }
    fn account(&self, id: AccountId) -> Result<Account, StoreError> {
        self.connections.read(|tx| accounts::one(tx, id))
    }
    fn login(&self, name: &str) -> Result<Option<Login>, StoreError> {
        self.connections.read(|tx| accounts::login(tx, name))
    }
    fn add_account(&self, account: &Account, invitation: &Invitation, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| accounts::add(tx, account, invitation, actor))
    }
    fn change_account(&self, account: &Account, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| accounts::change(tx, account, at, actor))
    }
    fn set_password(
        &self,
        id: AccountId,
        password: &Secret,
        kept: Option<&SecretHash>,
        at: WallTime,
        actor: &str,
    ) -> Result<(), StoreError> {
        self.connections.write(|tx| accounts::set_password(tx, id, password, kept, at, actor))
    }
    fn invite(&self, id: AccountId, invitation: &Invitation, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| accounts::invite(tx, id, invitation, at, actor))
    }
    fn accept(&self, secret: &SecretHash, password: &Secret, at: WallTime) -> Result<Option<Account>, StoreError> {
        self.connections.write(|tx| accounts::accept(tx, secret, password, at))
    }

    fn setup_needed(&self) -> Result<bool, StoreError> {
        self.connections.read(accounts::setup_needed)
    }
    fn offer_setup(&self, setup: &Invitation) -> Result<bool, StoreError> {
        self.connections.write(|tx| accounts::offer_setup(tx, setup))
    }
    fn set_up(&self, secret: &SecretHash, account: &Account, password: &Secret) -> Result<bool, StoreError> {
        self.connections.write(|tx| accounts::set_up(tx, secret, account, password))
    }

    fn vouched(&self, vouched: &Vouched, fresh: &Account, at: WallTime) -> Result<Account, StoreError> {
        self.connections.write(|tx| vouched::account(tx, vouched, fresh, at))
    }

    fn refusals(&self, who: &[SecretHash]) -> Result<Vec<Refusals>, StoreError> {
        self.connections.read(|tx| who.iter().filter_map(|who| refusals::of(tx, who).transpose()).collect())
    }
    fn refuse(&self, who: &[(SecretHash, u32)], at: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| who.iter().try_for_each(|(who, free)| refusals::one_more(tx, who, *free, at)))
    }
    fn forgive(&self, who: &SecretHash) -> Result<(), StoreError> {
        if self.connections.read(|tx| refusals::of(tx, who))?.is_none() {
            return Ok(());
        }
        self.connections.write(|tx| refusals::forget(tx, who))
    }

    fn begin_session(
        &self,
        account: AccountId,
        key: &SecretHash,
        at: WallTime,
        from: IpAddr,
    ) -> Result<(), StoreError> {
        self.connections.write(|tx| doorkeys::begin(tx, account, key, at, from))
    }
    fn session(&self, key: &SecretHash, now: WallTime) -> Result<Option<Account>, StoreError> {
        let Some((account, noted)) = self.connections.read(|tx| doorkeys::session(tx, key, now))? else {
            return Ok(None);
        };
        if doorkeys::is_news(Some(noted), now) {
            go_on(self.connections.write_soon(|tx| doorkeys::note_session(tx, key, account.id, now)));
        }
        Ok(Some(account))
    }
    fn end_session(&self, key: &SecretHash, at: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| doorkeys::end(tx, key, at))
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.connections.read(doorkeys::tokens)
    }
    fn add_token(&self, token: &Token, key: &SecretHash, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| doorkeys::add_token(tx, token, key, actor))
    }
    fn revoke_token(&self, id: AccountId, at: WallTime, actor: &str) -> Result<(), StoreError> {
        self.connections.write(|tx| doorkeys::revoke_token(tx, id, at, actor))
    }
    fn token(&self, key: &SecretHash, now: WallTime) -> Result<Option<Token>, StoreError> {
        let Some(token) = self.connections.read(|tx| doorkeys::token(tx, key, now))? else { return Ok(None) };
        if doorkeys::is_news(token.last_used_at, now) {
            go_on(self.connections.write_soon(|tx| doorkeys::note_token(tx, token.id, now)));
        }
        Ok(Some(token))
    }

    fn audit_page(&self, filter: &AuditFilter, page: &Page) -> Result<Rows<AuditRow>, StoreError> {
        self.connections.read(|tx| journal::audit_page(tx, filter, page))
    }
}

/// When somebody was here last is no reason to keep them out or waiting: a full disk must not hide what it holds, and a store that is
/// held would have every request wait.
fn go_on(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        tracing::debug!(%error, "the time of a visit was not noted");
    }
}
