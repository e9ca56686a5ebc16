//! How the simulator misbehaves: each fault is a count of messages that it will still meet.

use serde::{Deserialize, Serialize};

/// Faults to commit. Counts run down by one with each message; `u32::MAX` is as good as for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Answer 503 and keep nothing.
    pub refuse: u32,
    /// Answer 422 and keep nothing.
    pub reject: u32,
    /// Keep the message and then say nothing for `hang_ms`.
    pub accept_then_hang: u32,
    /// How long such an answer takes, in milliseconds; 0 is a minute.
    pub hang_ms: u64,
    /// Keep the message and answer 200 with something that is no receipt.
    pub wrong_json: u32,
    /// Answer every message so many milliseconds late.
    pub late_ms: u64,
}

/// What the next message meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Heard,
    Refused,
    Rejected,
    Hung,
    Garbled,
}

/// The behaviour, running down.
#[derive(Clone, Debug, Default)]
pub(super) struct Mood(Behaviour);

impl From<Behaviour> for Mood {
    fn from(behaviour: Behaviour) -> Self {
        Self(behaviour)
    }
}

impl Mood {
    /// What is still to come.
    pub(super) fn behaviour(&self) -> &Behaviour {
        &self.0
    }

    /// Milliseconds by which an answer that meets `fate` is late.
    pub(super) fn delay_ms(&self, fate: Fate) -> u64 {
        match (fate, self.0.hang_ms) {
            (Fate::Hung, 0) => 60_000,
            (Fate::Hung, hang_ms) => hang_ms,
            _ => self.0.late_ms,
        }
    }

    /// What the next message meets; in this order, so that a refused message comes again to meet the next fault.
    pub(super) fn next(&mut self) -> Fate {
        let Behaviour { refuse, reject, accept_then_hang, wrong_json, .. } = &mut self.0;
        for (left, fate) in [
            (refuse, Fate::Refused),
            (reject, Fate::Rejected),
            (accept_then_hang, Fate::Hung),
            (wrong_json, Fate::Garbled),
        ] {
            if *left > 0 {
                *left -= 1;
                return fate;
            }
        }
        Fate::Heard
    }
}
