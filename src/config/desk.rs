//! `[desk]` of the settings: how long a verdict may be taken back, how soon one is wanted, how many are judged twice.

use std::time::Duration;

use serde::Deserialize;

use super::fault::Checker;

/// How reviewers work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Desk {
    /// Within this time after its opening an incident should be decided; the queue is ordered by it.
    pub review_target: Duration,
    /// For so long a verdict may be undone, and its case stays in the house.
    pub undo: Duration,
    /// Share of the decided incidents that a second reviewer judges blind, 0 to 1.
    pub second_review_share: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDesk {
    /// Default 600.
    review_target_s: Option<u64>,
    /// Default 10.
    undo_s: Option<u64>,
    /// Default 0.05.
    second_review_share: Option<f64>,
}

pub(super) fn check(raw: &RawDesk, check: &mut Checker<'_>) -> Desk {
    let mut seconds = |key: &str, value: Option<u64>, default: u64, range| {
        Duration::from_secs(check.number(&format!("desk.{key}"), value.or(Some(default)), range, "seconds"))
    };
    let review_target = seconds("review_target_s", raw.review_target_s, 600, 60..=604_800);
    let undo = seconds("undo_s", raw.undo_s, 10, 0..=300);
    let share = raw.second_review_share.or(Some(0.05));
    Desk {
        review_target,
        undo,
        second_review_share: check.number("desk.second_review_share", share, 0.0..=1.0, "a share"),
    }
}
