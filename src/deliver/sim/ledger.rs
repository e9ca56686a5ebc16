//! What the simulator holds: cases with its own numbers, messages once per idempotency key, how often each was heard.

use std::{collections::BTreeMap, fs, path::Path};

use chrono::{Datelike, FixedOffset};
use serde::{Deserialize, Serialize};

use super::{SimError, callback::CallbackSent, evidence::EvidenceFinding};
use crate::{
    deliver::{
        CaseDay, HeldCase, HeldCases,
        payload::{Payload, Told},
    },
    domain::{Stage, WallTime},
};

/// A message as the simulator holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimMessage {
    /// The key under which it came.
    pub idempotency_key: String,
    /// Its place among the messages of its case.
    pub ordinal: u32,
    /// What it told.
    pub told: Told,
    /// In words.
    pub description: String,
    /// How often it came.
    pub times_heard: u32,
    /// When it first came.
    pub first_heard: WallTime,
    /// What became of its evidence.
    pub evidence: EvidenceFinding,
}

/// A case as the simulator holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimCase {
    /// Our id of the case.
    pub case_id: String,
    /// The simulator's own number.
    pub platform_number: String,
    /// Full code of the matter.
    pub matter_code: String,
    /// Name of the matter.
    pub matter_name: String,
    /// The stage that a callback told last.
    pub stage: Stage,
    /// When our reviewer confirmed it; ledgers of before have none.
    #[serde(default)]
    pub confirmed_at: Option<WallTime>,
    /// Messages in the order in which they came.
    pub messages: Vec<SimMessage>,
}

/// What `/sim/report` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimReport {
    /// Cases in the order of their numbers.
    pub cases: Vec<SimCase>,
    /// Callbacks that were sent.
    pub callbacks: Vec<CallbackSent>,
    /// Messages that met a fault on demand and were not kept.
    pub turned_away: u32,
    /// Messages that were not believed or not of the form, by the first reason.
    pub refused: BTreeMap<String, u32>,
}

/// What the simulator makes of a message.
pub(super) enum Hearing {
    /// Kept, or known: the case's number, and whether it was known.
    Kept { platform_number: String, repeated: bool },
    /// A case that nobody reported.
    UnknownCase,
    /// A second report of the same case under another key.
    SecondReport { platform_number: String },
}

/// The truth of the simulator.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ledger(SimReport);

impl Ledger {
    /// Reads a ledger, empty where there is no file yet.
    pub(super) fn read(file: &Path) -> Result<Self, SimError> {
        let bad = |why: String| SimError::State(file.display().to_string(), why);
        match fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(bad(error.to_string())),
        }
    }

    /// Writes the ledger beside and renames it.
    pub(super) fn write(&self, file: &Path) -> Result<(), SimError> {
        let bad = |why: String| SimError::State(file.display().to_string(), why);
        let bytes = serde_json::to_vec_pretty(self).map_err(|error| bad(error.to_string()))?;
        let beside = file.with_extension("new");
        fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, file)).map_err(|error| bad(error.to_string()))
    }

    pub(super) fn report(&self) -> &SimReport {
        &self.0
    }

    pub(super) fn turned_away(&mut self) {
        self.0.turned_away += 1;
    }

    pub(super) fn refused(&mut self, reason: &str) {
        *self.0.refused.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn case(&self, case_id: &str) -> Option<&SimCase> {
        self.0.cases.iter().find(|case| case.case_id == case_id)
    }

    pub(super) fn set_stage(&mut self, case_id: &str, stage: Stage) {
        if let Some(case) = self.0.cases.iter_mut().find(|case| case.case_id == case_id) {
            case.stage = stage;
        }
    }

    pub(super) fn sent(&mut self, callback: CallbackSent) {
        self.0.callbacks.push(callback);
    }

    /// Whether a message was heard under this key before; counts it if so.
    pub(super) fn heard_before(&mut self, idempotency_key: &str) -> Option<Hearing> {
        let case = self
            .0
            .cases
            .iter_mut()
            .find(|case| case.messages.iter().any(|message| message.idempotency_key == idempotency_key))?;
        for message in case.messages.iter_mut().filter(|message| message.idempotency_key == idempotency_key) {
            message.times_heard += 1;
        }
        Some(Hearing::Kept { platform_number: case.platform_number.clone(), repeated: true })
    }

    /// Keeps a message that was not heard before.
    pub(super) fn keep(&mut self, payload: &Payload, evidence: EvidenceFinding, at: WallTime) -> Hearing {
        if let Some(known) = self.heard_before(&payload.delivery_id) {
            return known;
        }
        let message = SimMessage {
            idempotency_key: payload.delivery_id.clone(),
            ordinal: payload.ordinal,
            told: payload.told.clone(),
            description: payload.description.clone(),
            times_heard: 1,
            first_heard: at,
            evidence,
        };
        let known = self.0.cases.iter_mut().find(|case| case.case_id == payload.case_id);
        let (case, is_report) = (known, payload.told == Told::Report);
        match (case, is_report) {
            (Some(case), true) => Hearing::SecondReport { platform_number: case.platform_number.clone() },
            (None, false) => Hearing::UnknownCase,
            (Some(case), false) => {
                case.messages.push(message);
                Hearing::Kept { platform_number: case.platform_number.clone(), repeated: false }
            }
            (None, true) => {
                let platform_number = self.next_number(at);
                self.0.cases.push(SimCase {
                    case_id: payload.case_id.clone(),
                    platform_number: platform_number.clone(),
                    matter_code: payload.matter.full_code.clone(),
                    matter_name: payload.matter.name.clone(),
                    stage: Stage::Filed,
                    confirmed_at: Some(payload.confirmed.at),
                    messages: vec![message],
                });
                Hearing::Kept { platform_number, repeated: false }
            }
        }
    }

    /// The cases of a day.
    pub(super) fn of_day(&self, day: &CaseDay) -> HeldCases {
        let cases = self.0.cases.iter().filter(|case| case.confirmed_at.is_some_and(|at| day.holds(at)));
        let held = |case: &SimCase| HeldCase {
            case_id: case.case_id.clone(),
            platform_number: Some(case.platform_number.clone()),
            stage: serde_json::to_value(case.stage).ok().and_then(|word| word.as_str().map(str::to_owned)),
        };
        HeldCases { cases: cases.map(held).collect() }
    }

    fn next_number(&self, at: WallTime) -> String {
        format!("{}-{:06}", at.civil(beijing()).year(), self.0.cases.len() + 1)
    }
}

/// The simulator's civil time.
pub(super) fn beijing() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("eight hours are an offset")
}
