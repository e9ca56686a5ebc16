//! How people are called. Rows name who did something by the name of their account; people read names of people.

use std::collections::BTreeMap;

use super::{Service, ServiceError};

/// Names of accounts and how their people are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People(BTreeMap<String, String>);

impl People {
    /// How the account's person is called; what is no account (a program, the house) goes by its own name.
    pub fn called(&self, account: &str) -> String {
        self.0.get(account).cloned().unwrap_or_else(|| account.to_owned())
    }
}

impl Service {
    /// Everybody who has an account, disabled ones too: what they did stays theirs.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn people(&self) -> Result<People, ServiceError> {
        let accounts = self.accounts.accounts()?.into_iter();
        Ok(People(accounts.map(|account| (account.name.into(), account.display_name)).collect()))
    }
}
