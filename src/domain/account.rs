//! Accounts: who somebody is, what they may do and which areas they may see. Passwords and tokens are not here.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{AccountId, WallTime};

/// What somebody may do. An account may hold several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 操作员: registers streams, draws zones.
    Operator,
    /// 复核员: confirms and rejects incidents.
    Reviewer,
    /// 主管: statistics, reports, second reviews.
    Supervisor,
    /// 平台: cases, deliveries, callbacks.
    Platform,
    /// 管理员: accounts, tokens, the audit log.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Operator, Self::Reviewer, Self::Supervisor, Self::Platform, Self::Administrator];
}

/// Name of an area (区域): a district or a street to which streams belong, as the city names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Area(String);

/// The text cannot name an area.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("an area's name is 1 to 64 characters without control characters and without blanks at its ends")]
pub struct BadArea;

impl Area {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for Area {
    type Error = BadArea;
    fn try_from(name: String) -> Result<Self, BadArea> {
        let sane = (1..=64).contains(&name.chars().count())
            && name.trim() == name
            && !name.chars().any(|c| c.is_control() || is_bidi_mark(c));
        if sane { Ok(Self(name)) } else { Err(BadArea) }
    }
}
impl FromStr for Area {
    type Err = BadArea;
    fn from_str(name: &str) -> Result<Self, BadArea> {
        Self::try_from(name.to_owned())
    }
}
impl From<Area> for String {
    fn from(area: Area) -> Self {
        area.0
    }
}
impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Marks that turn the direction of writing around can make one name look like another.
fn is_bidi_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Areas at once on one account or token: lists read one range of an index for each.
pub const AREAS_MAX: usize = 50;

/// Which areas somebody sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Areas {
    /// All, and streams that belong to none.
    #[default]
    All,
    /// These alone; a stream that belongs to no area is not among them.
    Only(BTreeSet<Area>),
}

impl Areas {
    /// Whether what belongs to `area` is seen.
    pub fn admit(&self, area: Option<&Area>) -> bool {
        match self {
            Self::All => true,
            Self::Only(areas) => area.is_some_and(|area| areas.contains(area)),
        }
    }

    /// What both see.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, areas) | (areas, Self::All) => areas.clone(),
            (Self::Only(a), Self::Only(b)) => Self::Only(a.intersection(b).cloned().collect()),
        }
    }
}

/// The one area, or all where none is named.
impl From<Option<Area>> for Areas {
    fn from(area: Option<Area>) -> Self {
        area.map_or(Self::All, |area| Self::Only(BTreeSet::from([area])))
    }
}

/// Actors of the audit log that are nobody's account.
const HOUSE_ACTORS: [&str; 7] = ["api", "cli", "door", "platform", "replay", "system", "xunjie"];

/// The name with which a person comes in: unique, 1 to 64 letters, digits and `-_.@`, none of the house's own actors.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// The text cannot name an account or a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 64 letters, digits and `-_.@`, and none that the house uses itself, like cli or system")]
pub struct BadName;

impl AccountName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for AccountName {
    type Error = BadName;
    fn try_from(name: String) -> Result<Self, BadName> {
        let sane = (1..=64).contains(&name.chars().count())
            && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@'))
            && !HOUSE_ACTORS.contains(&name.to_lowercase().as_str());
        if sane { Ok(Self(name)) } else { Err(BadName) }
    }
}
impl FromStr for AccountName {
    type Err = BadName;
    fn from_str(name: &str) -> Result<Self, BadName> {
        Self::try_from(name.to_owned())
    }
}
impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

/// What an account or a token may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// What they may see.
    pub areas: Areas,
    /// Whether they may see pictures and clips that are not masked.
    pub may_unmask: bool,
}

/// A person who may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// With which they come in, and which stands on their verdicts.
    pub name: AccountName,
    /// How people call them.
    pub display_name: String,
    /// What they may.
    pub rights: Rights,
    /// A disabled account comes in no more; what it did stays.
    pub disabled: bool,
    /// The person must choose a new password before anything else.
    pub must_change_password: bool,
    /// When it was made.
    pub created_at: WallTime,
    /// When it last came in or asked for something, to the minute.
    pub last_seen_at: Option<WallTime>,
}

impl Account {
    /// The person as whoever asks.
    pub fn caller(&self) -> Caller {
        let caller = Caller::with(self.id, self.name.as_str().to_owned(), self.display_name.clone(), &self.rights);
        Caller { must_change_password: self.must_change_password, ..caller }
    }
}

/// Somebody for whom the city's identity provider vouches. Only issuer and subject say who it is; names and addresses of
/// mail may be given to another person later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who vouches.
    pub issuer: String,
    /// The provider's word for the person, which never changes.
    pub subject: String,
    /// The name that the provider suggests for an account.
    pub name: Option<String>,
    /// How people call them.
    pub display_name: Option<String>,
    /// What they may.
    pub rights: Rights,
}

/// A program that may come in. Its secret was shown once and is nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Identity.
    pub id: AccountId,
    /// What it is for; unique among tokens.
    pub name: AccountName,
    /// What it may.
    pub rights: Rights,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: WallTime,
    /// From when on it opens nothing more.
    pub expires_at: Option<WallTime>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<WallTime>,
}

impl Token {
    /// The program as whoever asks. No account can have such a name.
    pub fn caller(&self) -> Caller {
        let name = format!("token:{}", self.name.as_str());
        Caller::with(self.id, name.clone(), name, &self.rights)
    }
}

/// Whoever asks, as the door found out. Handlers and services decide by this alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account or the token.
    pub id: AccountId,
    /// The name that goes into the audit log and onto verdicts.
    pub name: String,
    /// How people call them; a program has its name alone.
    pub display_name: String,
    /// What they may do.
    pub roles: BTreeSet<Role>,
    /// What they may see.
    pub areas: Areas,
    /// Whether they may see pictures and clips that are not masked.
    pub may_unmask: bool,
    /// They may choose a new password and nothing else.
    pub must_change_password: bool,
}

impl Caller {
    fn with(id: AccountId, name: String, display_name: String, rights: &Rights) -> Self {
        let Rights { roles, areas, may_unmask } = rights.clone();
        Self { id, name, display_name, roles, areas, may_unmask, must_change_password: false }
    }

    /// Whether the caller holds one of these roles.
    pub fn is_any(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_without_an_area_is_seen_by_those_who_see_all() {
        let east: Area = "东城区".parse().unwrap();
        let only = Areas::Only(BTreeSet::from([east.clone()]));
        assert!(Areas::All.admit(None) && Areas::All.admit(Some(&east)));
        assert_eq!((only.and(&Areas::All), Areas::All.and(&only)), (only.clone(), only.clone()));
        assert_eq!(only.and(&Some("西城区".parse::<Area>().unwrap()).into()), Areas::Only(BTreeSet::new()));
        assert!(only.admit(Some(&east)) && !only.admit(None) && !only.admit(Some(&"西城区".parse().unwrap())));
    }

    #[test]
    fn an_account_passes_for_nobody_else() {
        for good in ["zhang.san", "张三", "a@b-c_1"] {
            assert_eq!(good.parse::<AccountName>().unwrap().as_str(), good);
        }
        for bad in ["", "cli", "System", "token:x", "张 三", "a\u{202e}b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<AccountName>(), Err(BadName), "{bad:?}");
        }
    }

    #[test]
    fn names_that_could_pass_for_others_are_refused() {
        for bad in ["", " 东", "东\u{202e}西", "东\n西", &"东".repeat(65)] {
            assert_eq!(bad.parse::<Area>(), Err(BadArea), "{bad:?}");
        }
    }
}
