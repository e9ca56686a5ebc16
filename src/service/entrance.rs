//! How people come in: by name and password, by an invitation, and, the very first, by the link of the first start.

use std::{net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Faults, Service, ServiceError, passwords};
use crate::{
    domain::{Account, AccountId, AccountName, Areas, Caller, Rights, Role, Secret, Token, Vouched},
    store::{
        StoreError,
        accounts::{Invitation, SecretHash},
    },
};

/// How long the link of the first start works.
const SETUP: Duration = Duration::from_secs(3600);
/// Longer texts than this are no secrets of ours.
pub const SECRET_CHARS_MAX: usize = 128;

/// Somebody came in.
#[derive(Clone, Debug)]
pub struct Entered {
    /// Who.
    pub account: Account,
    /// The secret of the session, for the cookie alone.
    pub session: Secret,
}

/// 256 random bits of the system, 43 characters that every address can carry.
pub(super) fn fresh_secret() -> Secret {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the system's random source works once the process runs");
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// The name under which somebody vouched for is known here: the provider's suggestion as far as it can be a name.
fn account_name(vouched: &Vouched) -> AccountName {
    let suggested = vouched.name.as_deref().unwrap_or("");
    let fit = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
    let name: String = suggested.chars().filter(fit).take(64).collect();
    name.parse().unwrap_or_else(|_| {
        let hash = Sha256::digest(format!("{} {}", vouched.issuer, vouched.subject));
        format!("id-{}", hex::encode(&hash[..6])).parse().expect("letters and digits are a name")
    })
}

impl Service {
    /// Comes in with name and password. An unknown name, a wrong password, a disabled account and one without a password
    /// are told apart by nobody, neither by words nor by time; the audit log tells.
    ///
    /// # Errors
    /// [`ServiceError::WrongLogin`], [`ServiceError::Crowded`], [`ServiceError::Store`].
    pub fn log_in(&self, name: &str, password: &Secret, from: IpAddr) -> Result<Entered, ServiceError> {
        let login = self.accounts.login(name.trim())?;
        let kept = login.as_ref().and_then(|login| login.password.as_ref());
        let fits = self.passwords.fits(password, kept)?;
        match login {
            Some(login) if fits && !login.account.disabled => self.enter(login.account, from),
            login => {
                // Not the name that was typed: a password typed into the wrong field must not be written down.
                let subject = login.map_or_else(|| "unknown".to_owned(), |login| login.account.id.to_string());
                let detail = json!({ "address": from });
                self.store.audit(self.now(), "door", "session.refused", &subject, &detail)?;
                Err(ServiceError::WrongLogin)
            }
        }
    }

    /// Comes in as somebody for whom the identity provider vouches; the first time an account is made.
    ///
    /// # Errors
    /// [`ServiceError::WrongLogin`] for a disabled account; [`ServiceError::Store`].
    pub fn enter_vouched(&self, vouched: &Vouched, from: IpAddr) -> Result<Entered, ServiceError> {
        let name = account_name(vouched);
        let display_name = vouched.display_name.clone().unwrap_or_else(|| name.as_str().to_owned());
        let fresh = Account {
            id: AccountId::fresh(),
            name,
            display_name,
            rights: vouched.rights.clone(),
            disabled: false,
            must_change_password: false,
            created_at: self.now(),
            last_seen_at: None,
        };
        let account = self.accounts.vouched(vouched, &fresh, self.now())?;
        if account.disabled {
            self.refused(&account.id.to_string(), "disabled", from)?;
            return Err(ServiceError::WrongLogin);
        }
        self.enter(account, from)
    }

    /// 256 random bits for a cookie.
    pub fn fresh_secret(&self) -> Secret {
        fresh_secret()
    }

    /// Notes that somebody was not let in.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn refused(&self, subject: &str, why: &str, from: IpAddr) -> Result<(), ServiceError> {
        let detail = json!({ "address": from, "why": why });
        Ok(self.store.audit(self.now(), "door", "session.refused", subject, &detail)?)
    }

    fn enter(&self, account: Account, from: IpAddr) -> Result<Entered, ServiceError> {
        let session = fresh_secret();
        self.accounts.begin_session(account.id, &SecretHash::of(&session), self.now(), from)?;
        Ok(Entered { account, session })
    }

    /// Who comes in with this session; `None` for one that has ended.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn caller_of_session(&self, session: &Secret) -> Result<Option<Caller>, ServiceError> {
        Ok(self.accounts.session(&SecretHash::of(session), self.now())?.map(|account| account.caller()))
    }

    /// Whether the account or token is still let in, with the same rights.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn is_current(&self, caller: &Caller) -> Result<bool, ServiceError> {
        match self.accounts.account(caller.id) {
            Ok(account) => Ok(!account.disabled && account.caller() == *caller),
            Err(StoreError::Missing { .. }) => {
                let token = self.accounts.tokens()?.into_iter().find(|token| token.id == caller.id);
                let lives = |token: &Token| token.expires_at.is_none_or(|at| at > self.now());
                Ok(token.is_some_and(|token| lives(&token) && token.caller() == *caller))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a session.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn log_out(&self, session: &Secret) -> Result<(), ServiceError> {
        Ok(self.accounts.end_session(&SecretHash::of(session), self.now())?)
    }

    /// The person's own new password; every other session of theirs ends.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a weak password or a wrong present one; [`ServiceError::Crowded`];
    /// [`ServiceError::Store`].
    pub fn change_password(
        &self,
        account: AccountId,
        current: &Secret,
        new: &Secret,
        session: Option<&Secret>,
    ) -> Result<(), ServiceError> {
        let account = self.accounts.account(account)?;
        let login = self.accounts.login(account.name.as_str())?;
        let kept = login.as_ref().and_then(|login| login.password.as_ref());
        if !self.passwords.fits(current, kept)? {
            return Err(ServiceError::WrongLogin);
        }
        let mut faults = Faults::default();
        passwords::check(&mut faults, new, account.name.as_str());
        faults.none()?;
        let hash = self.passwords.hash(new)?;
        let kept = session.map(SecretHash::of);
        Ok(self.accounts.set_password(account.id, &hash, kept.as_ref(), self.now(), account.name.as_str())?)
    }

    /// Accepts an invitation: the person sets a password and is in.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a weak password; [`ServiceError::DeadLink`]; [`ServiceError::Crowded`];
    /// [`ServiceError::Store`].
    pub fn accept_invitation(&self, secret: &Secret, password: &Secret, from: IpAddr) -> Result<Entered, ServiceError> {
        let mut faults = Faults::default();
        passwords::check(&mut faults, password, "");
        faults.none()?;
        let hash = self.passwords.hash(password)?;
        let account = self.accounts.accept(&SecretHash::of(secret), &hash, self.now())?;
        self.enter(account.ok_or(ServiceError::DeadLink)?, from)
    }

    /// The secret of a link that makes the first administrator; `None` when somebody has an account already. A link
    /// that was given out before works no more.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn offer_setup(&self) -> Result<Option<Secret>, ServiceError> {
        let secret = fresh_secret();
        let setup = Invitation { key: SecretHash::of(&secret), until: self.now().plus(SETUP) };
        Ok(self.accounts.offer_setup(&setup)?.then_some(secret))
    }

    /// Makes the first administrator.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::DeadLink`]; [`ServiceError::Crowded`];
    /// [`ServiceError::Store`].
    pub fn set_up(
        &self,
        secret: &Secret,
        name: &str,
        display_name: &str,
        password: &Secret,
        from: IpAddr,
    ) -> Result<Entered, ServiceError> {
        let mut faults = Faults::default();
        let display_name = faults.name("display_name", display_name, 64);
        passwords::check(&mut faults, password, name);
        let name = faults.take("name", name, name.trim().parse());
        faults.none()?;
        let account = Account {
            id: AccountId::fresh(),
            name: name.expect("without a fault there is a name"),
            display_name,
            rights: Rights { roles: [Role::Administrator].into(), areas: Areas::All, may_unmask: false },
            disabled: false,
            must_change_password: false,
            created_at: self.now(),
            last_seen_at: None,
        };
        let hash = self.passwords.hash(password)?;
        if !self.accounts.set_up(&SecretHash::of(secret), &account, &hash)? {
            return Err(ServiceError::DeadLink);
        }
        self.enter(account, from)
    }
}
