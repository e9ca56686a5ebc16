//! Cases (案件): confirmed incidents as the platform knows them, and the duty to tell it.

use serde::{Deserialize, Serialize};

use super::{CaseId, Confirmation, DeliveryId, EvidenceId, IncidentId, Location, MatterCodes, WallTime};

/// Where a case stands at the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 已立: opened here, the platform has not answered yet.
    Filed,
    /// 受理
    Accepted,
    /// 派遣
    Dispatched,
    /// 处置完成: waits for the re-check.
    Handled,
    /// 结案
    Closed,
    /// 不予受理: the platform sent it back.
    Rejected,
    /// 作废
    Cancelled,
}

impl Stage {
    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Rejected | Self::Cancelled)
    }
}

/// By when a case should be handled, from the city's own table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// In words: `2 工作时`.
    pub text: String,
    /// The moment.
    pub due_at: WallTime,
}

/// A confirmed incident as the platform knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Identity: derived from the incident, so that one incident has one case.
    pub id: CaseId,
    /// The incident.
    pub incident: IncidentId,
    /// Name of the matter.
    pub matter_name: String,
    /// Codes of the matter.
    pub codes: MatterCodes,
    /// Where.
    pub location: Option<Location>,
    /// Who confirmed.
    pub confirmed_by: String,
    /// When it was opened.
    pub opened_at: WallTime,
    /// By when it should be handled; `None` where the city's table does not say.
    pub limit: Option<Limit>,
    /// Where it stands.
    pub stage: Stage,
    /// The platform's own number, once it told us.
    pub platform_number: Option<String>,
}

impl Case {
    /// The case of an incident.
    pub fn id_of(incident: IncidentId) -> CaseId {
        CaseId::derived(&[b"case", incident.as_bytes()])
    }

    /// Opens the case; only a reviewer's confirmation can.
    #[expect(clippy::needless_pass_by_value, reason = "opening a case uses the confirmation up")]
    pub fn open(
        confirmation: Confirmation,
        matter_name: String,
        codes: MatterCodes,
        location: Option<Location>,
        limit: Option<Limit>,
    ) -> Self {
        let incident = confirmation.incident().id;
        Self {
            id: Self::id_of(incident),
            incident,
            matter_name,
            codes,
            location,
            confirmed_by: confirmation.by().to_owned(),
            opened_at: confirmation.at(),
            limit,
            stage: Stage::Filed,
            platform_number: None,
        }
    }
}

/// What the platform has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Message {
    /// 上报: the case.
    Report {
        /// The bundle that goes with it, the opening's.
        evidence: Option<EvidenceId>,
    },
    /// 反复: the cleared thing is back.
    Recurrence {
        /// Which time.
        count: u32,
        /// The bundle of the return.
        evidence: Option<EvidenceId>,
    },
    /// 核查: what the look after handling saw.
    Recheck {
        /// Whether the spot is clear; `None` when it could not be seen.
        cleared: Option<bool>,
        /// The before/after pair.
        evidence: Option<EvidenceId>,
    },
}

/// Proof that the platform heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// When it answered.
    pub at: WallTime,
    /// The number that it gave the case.
    pub platform_number: Option<String>,
    /// It said that it knew the message already.
    pub repeated: bool,
}

/// Where a delivery stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DeliveryState {
    /// To be tried.
    Pending {
        /// Tries so far.
        attempts: u32,
        /// Not before.
        next_at: WallTime,
        /// What the latest try met.
        last_error: Option<String>,
    },
    /// The platform has it.
    Delivered {
        /// Tries, the successful one counted.
        attempts: u32,
        /// Proof.
        receipt: Receipt,
    },
    /// 死信: given up; a person may replay it.
    Dead {
        /// Tries.
        attempts: u32,
        /// When.
        at: WallTime,
        /// Why.
        reason: String,
    },
}

/// The duty to tell the platform one message about one case. Deliveries of a case go out in order of `ordinal`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Identity: derived from case and ordinal; also the idempotency key.
    pub id: DeliveryId,
    /// About which case.
    pub case: CaseId,
    /// 0 for the report, counting up.
    pub ordinal: u32,
    /// What.
    pub message: Message,
    /// When the duty arose.
    pub created_at: WallTime,
    /// Where it stands.
    pub state: DeliveryState,
}

impl Delivery {
    /// A new duty, to be tried at once.
    pub fn new(case: CaseId, ordinal: u32, message: Message, at: WallTime) -> Self {
        Self {
            id: DeliveryId::derived(&[b"delivery", case.as_bytes(), &ordinal.to_be_bytes()]),
            case,
            ordinal,
            message,
            created_at: at,
            state: DeliveryState::Pending { attempts: 0, next_at: at, last_error: None },
        }
    }
}

/// The platform takes no message from us at present: it does not answer, or does not believe us. Deliveries wait.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformPause {
    /// Since when.
    pub since: WallTime,
    /// What the latest probe met; never a secret.
    pub why: String,
    /// When it is probed again.
    pub probe_at: WallTime,
}

/// What the platform tells us about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The platform's id of this message; a repeat is answered and changes nothing.
    pub callback_id: String,
    /// Our case.
    #[schema(value_type = String)]
    pub case_id: CaseId,
    /// The stage that it reached.
    pub stage: Stage,
    /// The platform's own number.
    #[serde(default)]
    pub platform_number: Option<String>,
    /// When that was, on the platform's clock.
    #[schema(value_type = String)]
    pub at: WallTime,
    /// In words.
    #[serde(default)]
    pub note: String,
}
