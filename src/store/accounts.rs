//! The seam of the door: accounts, what proves them, sessions, tokens, and the audit log as an administrator reads it.
//! Passwords come in as argon2id hashes and secrets as SHA-256; neither can be read back as it was.

use std::{fmt, net::IpAddr, time::Duration};

use sha2::{Digest, Sha256};

use super::{AuditRow, Conflict, Page, Rows, StoreError};
use crate::domain::{Account, AccountId, AccountName, Secret, Thing, Token, Vouched, WallTime};

/// SHA-256 of a random secret of 256 bits: looking it up tells nothing by its time, reading it opens nothing.
#[derive(Clone, PartialEq, Eq, Hash)]
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

/// Refused logins of a name or an address. A restart forgives nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// How many, since there were none for long.
    pub count: u32,
    /// When the latest came.
    pub latest: WallTime,
    /// Until when no further try is looked at.
    pub locked_until: WallTime,
}

impl Refusals {
    /// The first wait; each further refusal doubles it.
    pub const WAIT_FIRST: Duration = Duration::from_secs(30);
    /// The longest.
    pub const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
    /// They are forgotten when none came for so long.
    pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
    /// So many names and addresses are counted.
    pub const COUNTED_MAX: u32 = 10_000;

    /// None yet.
    pub fn none(now: WallTime) -> Self {
        Self { count: 0, latest: now, locked_until: now }
    }

    /// One more at `now`; the first `free` cost nothing.
    #[must_use]
    pub fn and_one(self, free: u32, now: WallTime) -> Self {
        let is_forgotten = self.latest.plus(Self::FORGOTTEN_AFTER) <= now;
        let count = if is_forgotten { 1 } else { self.count.saturating_add(1) };
        let wait = count.checked_sub(free).map(|over| (Self::WAIT_FIRST * 2_u32.pow(over.min(8))).min(Self::WAIT_MAX));
        Self { count, latest: now, locked_until: wait.map_or(self.locked_until, |wait| now.plus(wait)) }
    }

    /// How long nothing is looked at; `None` when it is. A clock that was set back locks nobody out for longer.
    pub fn wait(self, now: WallTime) -> Option<Duration> {
        let left = self.locked_until.millis().saturating_sub(now.millis());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        (!left.is_zero()).then(|| left.min(Self::WAIT_MAX))
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

    /// The account of somebody who is vouched for: found by issuer and subject alone and brought up to date, or made as
    /// `fresh`, under another name where that one is taken. What is vouched for takes no last administrator away.
    fn vouched(&self, vouched: &Vouched, fresh: &Account, at: WallTime) -> Result<Account, StoreError>;

    /// What was counted for each of them, in their order; nothing for those that were never refused.
    fn refusals(&self, who: &[SecretHash]) -> Result<Vec<Refusals>, StoreError>;
    /// Counts one more refusal for each, by its number of free ones. Those heard of least lately make room.
    fn refuse(&self, who: &[(SecretHash, u32)], at: WallTime) -> Result<(), StoreError>;
    /// Forgets what was counted.
    fn forgive(&self, who: &SecretHash) -> Result<(), StoreError>;

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
pub(super) fn taken(what: Thing, name: &AccountName) -> StoreError {
    Conflict::NameTaken { what, name: name.as_str().to_owned() }.into()
}
