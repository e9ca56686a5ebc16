//! `[cameras]`: how long a camera is waited for, and how soon one that failed is tried again.

use std::time::Duration;

use serde::Deserialize;

use super::fault::Checker;

/// Patience with cameras.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cameras {
    /// A camera that sends no video within this time after it was called cannot be reached.
    pub connect_timeout: Duration,
    /// A camera that played and then sends nothing for so long has stopped.
    pub stall_after: Duration,
    /// How long a camera is left alone after its first failure; doubled with each further one.
    pub retry_first: Duration,
    /// How long a camera is left alone at most.
    pub retry_max: Duration,
    /// How long a camera that refused the password is left alone, unless somebody writes another one.
    pub retry_refused: Duration,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawCameras {
    /// Default 8.
    connect_timeout_s: Option<u64>,
    /// Default 8.
    stall_after_s: Option<u64>,
    /// Default 1.
    retry_first_s: Option<u64>,
    /// Default 60.
    retry_max_s: Option<u64>,
    /// Default 300.
    retry_refused_s: Option<u64>,
}

pub(super) fn check(raw: &RawCameras, check: &mut Checker<'_>) -> Cameras {
    let mut seconds = |key: &str, value: Option<u64>, default: u64, max: u64| {
        let at = format!("cameras.{key}");
        Duration::from_secs(check.number(&at, value.or(Some(default)), 1..=max, "seconds"))
    };
    Cameras {
        connect_timeout: seconds("connect_timeout_s", raw.connect_timeout_s, 8, 60),
        stall_after: seconds("stall_after_s", raw.stall_after_s, 8, 60),
        retry_first: seconds("retry_first_s", raw.retry_first_s, 1, 600),
        retry_max: seconds("retry_max_s", raw.retry_max_s, 60, 3600),
        retry_refused: seconds("retry_refused_s", raw.retry_refused_s, 300, 86_400),
    }
}
