//! The seam of the door: accounts, what proves them, sessions, tokens, and the audit log as an administrator reads it.
//! Passwords come in as argon2id hashes and secrets as SHA-256; neither can be read back as it was.

use std::{fmt, net::IpAddr};

use sha2::{Digest, Sha256};

use super::{AuditRow, Page, Rows, StoreError};
use crate::domain::{Account, AccountId, AccountName, Secret, Token, WallTime};

/// SHA-256 of a random secret of 256 bits: looking it up tells nothing by its time, reading it opens nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(String);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &Secret) -> Self {
        Self(hex::encode(Sha256::digest(secret.reveal().as_bytes())))
    }
    /// Lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// An account and what its password must match.
#[derive(Clone, Debug)]
pub struct Login {
    /// The account.
    pub account: Account,
    /// argon2id in PHC form; `None` until its invitation was accepted.
    pub password: Option<Secret>,
}

/// Which lines of the audit log.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only of this actor.
    pub actor: Option<String>,
    /// Only of this action.
    pub action: Option<String>,
    /// Only about this subject.
    pub subject: Option<String>,
    /// Not before.
    pub from: Option<WallTime>,
    /// Before.
    pub until: Option<WallTime>,
}

/// Who may come in and how they prove it. Synchronous; every method is one transaction.
pub trait AccountStore: Send + Sync {
    /// All accounts, by name.
    fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// One account.
    fn account(&self, id: AccountId) -> Result<Account, StoreError>;
    /// The account of that name, with what its password must match.
    fn login(&self, name: &str) -> Result<Option<Login>, StoreError>;
    /// Adds an account without a password, and the invitation with which the person sets one.
    fn add_account(&self, account: &Account, invitation: &Invitation, actor: &str) -> Result<(), StoreError>;
    /// Changes an account; a disabled one loses its sessions and its invitation. The last administrator who can come in
    /// stays one.
    fn change_account(&self, account: &Account, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Sets the password and ends all sessions of the account but `kept`.
    fn set_password(
        &self,
        id: AccountId,
        password: &Secret,
        kept: Option<&SecretHash>,
        at: WallTime,
        actor: &str,
    ) -> Result<(), StoreError>;
    /// Takes password and sessions away and makes a new invitation instead of an earlier one.
    fn invite(&self, id: AccountId, invitation: &Invitation, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// Accepts an invitation: it works once. Returns the account.
    fn accept(&self, secret: &SecretHash, password: &Secret, at: WallTime) -> Result<Option<Account>, StoreError>;

    /// Whether nobody has an account yet.
    fn setup_needed(&self) -> Result<bool, StoreError>;
    /// The secret with which the first administrator comes in, instead of an earlier one. `false` when somebody has an
    /// account already.
    fn offer_setup(&self, setup: &Invitation) -> Result<bool, StoreError>;
    /// Makes the first account, once. `false` for another secret, one that ended, or when somebody has an account.
    fn set_up(&self, secret: &SecretHash, account: &Account, password: &Secret) -> Result<bool, StoreError>;

    /// Begins a session.
    fn begin_session(&self, account: AccountId, key: &SecretHash, at: WallTime, from: IpAddr)
    -> Result<(), StoreError>;
    /// The account of a session that lives, and notes its use.
    fn session(&self, key: &SecretHash, now: WallTime) -> Result<Option<Account>, StoreError>;
    /// Ends a session.
    fn end_session(&self, key: &SecretHash, at: WallTime) -> Result<(), StoreError>;

    /// All tokens, by name.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;
    /// Adds a token.
    fn add_token(&self, token: &Token, key: &SecretHash, actor: &str) -> Result<(), StoreError>;
    /// Ends a token at once.
    fn revoke_token(&self, id: AccountId, at: WallTime, actor: &str) -> Result<(), StoreError>;
    /// The token of a secret, while it opens anything, and notes its use.
    fn token(&self, key: &SecretHash, now: WallTime) -> Result<Option<Token>, StoreError>;

    /// The audit log, newest first.
    fn audit_page(&self, filter: &AuditFilter, page: &Page) -> Result<Rows<AuditRow>, StoreError>;
}

/// A link that works once.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Hash of its secret.
    pub key: SecretHash,
    /// Until when it works.
    pub until: WallTime,
}

/// A name that is taken.
pub(super) fn taken(what: &str, name: &AccountName) -> StoreError {
    StoreError::Conflict(format!("{what} {} exists already; choose another name", name.as_str()))
}
