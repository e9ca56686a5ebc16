//! Tokens: how programs come in. The secret is shown once, to whoever makes the token.

use super::{Faults, Service, ServiceError, Want, accounts::rights, entrance};
use crate::{
    domain::{AccountId, Caller, Role, Secret, Token, WallTime},
    store::accounts::SecretHash,
};

/// Marks our secrets, so that one in the wrong place is known for what it is.
const MARK: &str = "xj_";

/// What somebody says about a new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// What it may see; `None`: everything.
    pub areas: Option<Vec<String>>,
    /// Whether it may see what is not masked.
    pub may_unmask: bool,
    /// From when on it opens nothing more.
    pub expires_at: Option<WallTime>,
}

impl Service {
    /// Makes a token. Returns it with its secret, which is kept nowhere.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where the name is taken.
    pub fn add_token(&self, new: &NewToken, actor: &str) -> Result<(Token, Secret), ServiceError> {
        let mut faults = Faults::default();
        let name = faults.take("name", &new.name, new.name.trim().parse());
        let rights = rights(&mut faults, &new.roles, new.areas.as_deref(), new.may_unmask);
        if let Some(at) = new.expires_at.filter(|at| *at <= self.now()) {
            faults.add("expires_at", &at.to_string(), Want::Future);
        }
        faults.none()?;
        let secret = Secret::new(format!("{MARK}{}", entrance::fresh_secret().reveal()));
        let token = Token {
            id: AccountId::fresh(),
            name: name.expect("without a fault there is a name"),
            rights,
            created_by: actor.to_owned(),
            created_at: self.now(),
            expires_at: new.expires_at,
            last_used_at: None,
        };
        self.accounts.add_token(&token, &SecretHash::of(&secret), actor)?;
        Ok((token, secret))
    }

    /// Who comes in with this token's secret; `None` for one that opens nothing.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn caller_with_token(&self, secret: &Secret) -> Result<Option<Caller>, ServiceError> {
        Ok(self.accounts.token(&SecretHash::of(secret), self.now())?.map(|token| token.caller()))
    }

    /// Ends a token at once.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn revoke_token(&self, id: AccountId, actor: &str) -> Result<(), ServiceError> {
        Ok(self.accounts.revoke_token(id, self.now(), actor)?)
    }
}
