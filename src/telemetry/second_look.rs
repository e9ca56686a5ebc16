//! Signals of second models: verifiers, scans and shadows.

use std::time::Duration;

use metrics::{counter, histogram};
use tracing::debug;

use crate::domain::RefusedWhy;

/// What a verifier said about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Second {
    /// It is reported.
    Passed,
    /// It is not, and asked about again later.
    Refused(RefusedWhy),
    /// Nobody could look; the next look asks again.
    Unasked,
}

/// What became of a scan that was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// The view was scanned.
    Done,
    /// The look was late, so it went without.
    Late,
    /// The model could not look; the next look tries again.
    Failed,
}

/// What became of a frame whose turn it was to be shown to a new model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shade {
    /// Both models judged it.
    Judged {
        /// So long did the new one take.
        took: Duration,
    },
    /// The look was late, or the plan gives way, so it went without.
    Late,
    /// Too many frames waited, so it went without.
    Crowded,
    /// The model could not look, or what it saw could not be kept.
    Failed,
}

/// What a second model did.
#[derive(Clone, Copy, Debug)]
pub enum SecondLook<'a> {
    /// A verifier was asked about a place that was about to be reported.
    Verified {
        /// Which model.
        model: &'a str,
        /// What it said.
        second: Second,
        /// With cutting out the crop, and the reference's where it was needed.
        took: Duration,
    },
    /// A look asked a verifier about one place or more.
    LookVerified,
    /// A scan of a whole view was due.
    Scanned {
        /// Which model.
        model: &'a str,
        /// What became of it.
        scanned: Scanned,
    },
    /// A frame was due to be shown to a new model.
    Shadowed {
        /// Which model.
        model: &'a str,
        /// What became of it.
        shade: Shade,
    },
}

pub(super) fn emit_second_look(signal: SecondLook<'_>) {
    match signal {
        SecondLook::Verified { model, second, took } => {
            let word = match second {
                Second::Passed => "passed",
                Second::Refused(RefusedWhy::Score) => "refused_score",
                Second::Refused(RefusedWhy::NotNew) => "refused_not_new",
                Second::Refused(RefusedWhy::Exemplar) => "refused_exemplar",
                Second::Unasked => "unasked",
            };
            counter!("xunjie_verifications_total", "model" => model.to_owned(), "ruling" => word).increment(1);
            histogram!("xunjie_verification_seconds", "model" => model.to_owned()).record(took);
            debug!(model, ruling = word, took_ms = took.as_millis() as u64, "place verified");
        }
        SecondLook::LookVerified => counter!("xunjie_looks_verified_total").increment(1),
        SecondLook::Scanned { model, scanned } => {
            let word = match scanned {
                Scanned::Done => "done",
                Scanned::Late => "late",
                Scanned::Failed => "failed",
            };
            counter!("xunjie_scans_total", "model" => model.to_owned(), "fate" => word).increment(1);
            debug!(model, fate = word, "scan due");
        }
        SecondLook::Shadowed { model, shade } => {
            let word = match shade {
                Shade::Judged { took } => {
                    histogram!("xunjie_shadow_seconds", "model" => model.to_owned()).record(took);
                    "judged"
                }
                Shade::Late => "late",
                Shade::Crowded => "crowded",
                Shade::Failed => "failed",
            };
            counter!("xunjie_shadow_frames_total", "model" => model.to_owned(), "fate" => word).increment(1);
            debug!(model, fate = word, "shadow due");
        }
    }
}
