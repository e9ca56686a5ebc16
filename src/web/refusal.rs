//! Why something was refused, as a closed list of codes with what belongs into the words: the desk makes its own from them,
//! in both languages (`web/src/i18n/refusals`). A code keeps its meaning; no parameter holds a secret.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{Thing, UndoRefused, VerdictRefused, WallTime},
    store::Conflict,
};

/// What this process lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// A platform that could call back.
    Callbacks,
    /// The patrol, to be asked for looks.
    Looking,
    /// The patrol's plan.
    Planning,
    /// The platform.
    Platform,
    /// Trying cameras.
    Probing,
    /// A second model that compares.
    Teaching,
}

impl Port {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Callbacks => "hearing callbacks (no platform over HTTP is set)",
            Self::Looking => "looking",
            Self::Planning => "planning",
            Self::Platform => "the platform",
            Self::Probing => "probing",
            Self::Teaching => "teaching by hand",
        }
    }
}

/// Why it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "code", content = "params", rename_all = "snake_case")]
pub enum Refusal {
    // --- the request itself ---
    /// A body, a query or a header that means nothing: a page of another version, or a program's mistake.
    Unreadable,
    /// It broke off, or its body did not come in time.
    BrokenOff,
    /// The place in a list is none any more.
    Cursor,
    /// `faults` say what is wrong.
    Faults,
    /// The address takes no such method.
    Method,
    /// Nothing is at the address.
    NoAddress,
    /// What stands in the address cannot be an id.
    NoId,
    /// More than may be sent.
    TooLarge,
    /// Whatever else a layer below said.
    Other,

    // --- who asks ---
    /// Nobody is known.
    Unauthorised,
    /// Name or password.
    WrongLogin,
    /// A one-time link that works no more.
    DeadLink,
    /// Too many refused logins.
    LockedOut {
        /// How long to wait.
        seconds: u64,
    },
    /// More requests than one caller may send.
    Limited {
        /// How long to wait.
        seconds: u64,
    },
    /// A new password first.
    MustChangePassword,
    /// Another site sent it.
    ForeignSite,
    /// No role that may.
    Role,
    /// It does not leave the review circle.
    Unmasked,
    /// A signed link whose time is over.
    LinkExpired,
    /// A link that we did not sign.
    LinkForeign,

    // --- what is asked for ---
    /// It is not there, or it is not seen.
    Missing {
        /// What kind of thing.
        what: Thing,
    },
    /// Retention removed its files.
    Purged,
    /// Its files are not what was recorded.
    Damaged,

    // --- collisions ---
    /// Another stream has the code.
    CodeTaken {
        /// The code.
        taken: String,
    },
    /// An account or a token has the name.
    NameTaken {
        /// Which of the two.
        what: Thing,
        /// The name.
        name: String,
    },
    /// Every name of the kind is taken.
    NamesSpent {
        /// What they begin with.
        name: String,
    },
    /// An account without a password.
    NoPassword {
        /// Whose.
        name: String,
    },
    /// The last administrator stays one.
    LastAdministrator {
        /// Who.
        name: String,
    },
    /// The account is disabled.
    AccountDisabled {
        /// Whose.
        name: String,
    },
    /// The platform has it already.
    Delivered,
    /// Not drawn for a second review.
    NotDrawn,
    /// No verdict of somebody else.
    NoOtherVerdict,
    /// Judged twice already.
    JudgedTwice,
    /// Judged by somebody else already.
    JudgedAlready,
    /// The original is itself a duplicate of this one.
    Circle,
    /// Under legal hold.
    Held,
    /// The platform's number is another one.
    OtherNumber {
        /// The one that is known.
        ours: String,
        /// The one that came.
        theirs: String,
    },
    /// Anything else that is stored.
    Collides,

    // --- review ---
    /// Somebody decided before.
    Decided {
        /// Who.
        by: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
    },
    /// A colleague has it open.
    Locked {
        /// Who.
        by: String,
        /// Until when, unless they renew it.
        #[schema(value_type = String, format = DateTime)]
        until: WallTime,
    },
    /// No verdict that could be undone.
    UndoNothing,
    /// Somebody else's verdict.
    UndoForeign {
        /// Whose.
        by: String,
    },
    /// The time to undo is over.
    UndoLate {
        /// Since when.
        #[schema(value_type = String, format = DateTime)]
        until: WallTime,
    },
    /// The platform is hearing of it.
    UndoOnItsWay,

    // --- this service ---
    /// Nobody lent that port.
    Unavailable {
        /// What.
        what: Port,
    },
    /// It is stopping.
    Stopping,
    /// It is at work on too much.
    Busy,
    /// Too many prove themselves at once.
    LoginsFull,
    /// Too many follow what changes.
    FollowersFull,
    /// Too many looks wait.
    LooksFull,
    /// The second model could not look.
    Unseen,
    /// The answer took too long.
    TimedOut,
    /// The disk is full or its rights are wrong.
    Unwritable,
    /// It failed; its log says why.
    Internal,
}

impl From<Conflict> for Refusal {
    fn from(conflict: Conflict) -> Self {
        match conflict {
            Conflict::CodeTaken(taken) => Self::CodeTaken { taken },
            Conflict::NameTaken { what, name } => Self::NameTaken { what, name },
            Conflict::NoPassword(name) => Self::NoPassword { name },
            Conflict::LastAdministrator(name) => Self::LastAdministrator { name },
            Conflict::Disabled(name) => Self::AccountDisabled { name },
            Conflict::NamesSpent { stem, names: _ } => Self::NamesSpent { name: stem },
            Conflict::Delivered(_) => Self::Delivered,
            Conflict::NotDrawn(_) => Self::NotDrawn,
            Conflict::NoOtherVerdict(_) => Self::NoOtherVerdict,
            Conflict::JudgedTwice(_) => Self::JudgedTwice,
            Conflict::JudgedAlready(_) => Self::JudgedAlready,
            Conflict::Circle { .. } => Self::Circle,
            Conflict::Held(_) => Self::Held,
            Conflict::OtherNumber { case: _, ours, theirs } => Self::OtherNumber { ours, theirs },
            Conflict::Cursor(_) => Self::Cursor,
            Conflict::Chain { .. } | Conflict::Word { .. } | Conflict::Stored(_) => Self::Collides,
        }
    }
}

impl From<UndoRefused> for Refusal {
    fn from(refused: UndoRefused) -> Self {
        match refused {
            UndoRefused::Nothing(_) => Self::UndoNothing,
            UndoRefused::Foreign { incident: _, by } => Self::UndoForeign { by },
            UndoRefused::Late { incident: _, until } => Self::UndoLate { until },
            UndoRefused::OnItsWay(_) => Self::UndoOnItsWay,
        }
    }
}

impl From<VerdictRefused> for Refusal {
    fn from(refused: VerdictRefused) -> Self {
        match refused {
            VerdictRefused::Decided { incident: _, by, at } => Self::Decided { by, at },
            VerdictRefused::OwnDuplicate(_) | VerdictRefused::Nameless => Self::Faults,
        }
    }
}
