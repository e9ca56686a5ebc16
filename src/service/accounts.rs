//! Accounts: made by an administrator, completed by the person through a link that works once.

use std::time::Duration;

use super::{Faults, Service, ServiceError, Want, entrance};
use crate::{
    domain::{AREAS_MAX, Account, AccountId, Area, Areas, Rights, Role, Secret, Thing},
    store::{
        AuditRow, Page, Rows,
        accounts::{AuditFilter, Invitation, SecretHash},
    },
};

/// How long an invitation works.
const INVITATION: Duration = Duration::from_secs(7 * 24 * 3600);

/// What somebody says about a new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// With which the person comes in.
    pub name: String,
    /// How people call them.
    pub display_name: String,
    /// What they may do.
    pub roles: Vec<Role>,
    /// What they may see; `None`: everything.
    pub areas: Option<Vec<String>>,
    /// Whether they may see what is not masked.
    pub may_unmask: bool,
}

/// What changes about an account; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// How people call them.
    pub display_name: Option<String>,
    /// What they may do.
    pub roles: Option<Vec<Role>>,
    /// What they may see; `Some(None)`: everything.
    pub areas: Option<Option<Vec<String>>>,
    /// Whether they may see what is not masked.
    pub may_unmask: Option<bool>,
    /// Whether they come in no more.
    pub disabled: Option<bool>,
    /// Whether they must choose a new password before anything else.
    pub must_change_password: Option<bool>,
}

impl Service {
    /// Makes an account. Returns it with the secret of its invitation, which is kept nowhere.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where the name is taken.
    pub fn add_account(&self, new: &NewAccount, actor: &str) -> Result<(Account, Secret), ServiceError> {
        let mut faults = Faults::default();
        let name = faults.take("name", &new.name, new.name.trim().parse());
        let display_name = faults.name("display_name", &new.display_name, 64);
        let rights = rights(&mut faults, &new.roles, new.areas.as_deref(), new.may_unmask);
        faults.none()?;
        let account = Account {
            id: AccountId::fresh(),
            name: name.expect("without a fault there is a name"),
            display_name,
            rights,
            disabled: false,
            must_change_password: false,
            created_at: self.now(),
            last_seen_at: None,
        };
        let (invitation, secret) = self.invitation();
        self.accounts.add_account(&account, &invitation, actor)?;
        Ok((account, secret))
    }

    /// Changes an account.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is none, or where it is the last
    /// administrator.
    pub fn change_account(&self, id: AccountId, change: &AccountChange, actor: &str) -> Result<Account, ServiceError> {
        let mut account = self.accounts.account(id)?;
        let mut faults = Faults::default();
        if let Some(name) = &change.display_name {
            account.display_name = faults.name("display_name", name, 64);
        }
        let before = account.rights.clone();
        let roles = change.roles.clone().unwrap_or_else(|| before.roles.into_iter().collect());
        let may_unmask = change.may_unmask.unwrap_or(before.may_unmask);
        account.rights = match &change.areas {
            Some(areas) => rights(&mut faults, &roles, areas.as_deref(), may_unmask),
            None => Rights { areas: before.areas, ..rights(&mut faults, &roles, None, may_unmask) },
        };
        account.disabled = change.disabled.unwrap_or(account.disabled);
        account.must_change_password = change.must_change_password.unwrap_or(account.must_change_password);
        faults.none()?;
        self.accounts.change_account(&account, self.now(), actor)?;
        Ok(account)
    }

    /// Takes an account's password away and returns the secret of a new invitation.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such account, or where it is disabled.
    pub fn invite(&self, id: AccountId, actor: &str) -> Result<Secret, ServiceError> {
        let (invitation, secret) = self.invitation();
        self.accounts.invite(id, &invitation, self.now(), actor)?;
        Ok(secret)
    }

    /// The account of that name.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn account_named(&self, name: &str) -> Result<Account, ServiceError> {
        let found = self.accounts.login(name)?.map(|login| login.account);
        found.ok_or_else(|| ServiceError::missing(Thing::Account, name))
    }

    /// The audit log, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Cursor`].
    pub fn audit(&self, filter: &AuditFilter, page: &Page) -> Result<Rows<AuditRow>, ServiceError> {
        self.accounts.audit_page(filter, page).map_err(|error| ServiceError::of_list(error, page))
    }

    fn invitation(&self) -> (Invitation, Secret) {
        let secret = entrance::fresh_secret();
        (Invitation { key: SecretHash::of(&secret), until: self.now().plus(INVITATION) }, secret)
    }
}

/// Checks what somebody is to be allowed.
pub(super) fn rights(faults: &mut Faults, roles: &[Role], areas: Option<&[String]>, may_unmask: bool) -> Rights {
    if roles.is_empty() {
        faults.add("roles", "", Want::Roles);
    }
    let areas = areas.map_or(Areas::All, |areas| {
        if !(1..=AREAS_MAX).contains(&areas.len()) {
            faults.add("areas", &areas.len().to_string(), Want::Areas { most: AREAS_MAX });
        }
        let each = areas.iter().enumerate().take(AREAS_MAX);
        Areas::Only(
            each.filter_map(|(i, name)| faults.take(&format!("areas[{i}]"), name, name.parse::<Area>())).collect(),
        )
    });
    Rights { roles: roles.iter().copied().collect(), areas, may_unmask }
}
