//! `[limits]` of the settings: how many requests one caller may send. Each number is a budget that is full after a minute
//! without requests and fills up evenly meanwhile.

use std::num::NonZeroU32;

use serde::Deserialize;

use super::fault::Checker;

/// Budgets of one caller; the first three are of a session or a token, the last of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests a minute, those of the next two left out.
    pub calls: NonZeroU32,
    /// Pictures, clips and the desk's own files a minute.
    pub files: NonZeroU32,
    /// What costs the service much: exports, reports, trials of zones, probes of cameras.
    pub heavy: NonZeroU32,
    /// Requests of an address that prove nobody: log-ins, links, wrong tokens.
    pub strangers: NonZeroU32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    /// Default 6000.
    calls_per_minute: Option<u32>,
    /// Default 20000.
    files_per_minute: Option<u32>,
    /// Default 300.
    heavy_per_minute: Option<u32>,
    /// Default 600.
    strangers_per_minute: Option<u32>,
}

pub(super) fn check(raw: &RawLimits, check: &mut Checker<'_>) -> Limits {
    let mut a_minute = |key: &str, value: Option<u32>, default: u32| {
        let number = check.number(&format!("limits.{key}"), value.or(Some(default)), 1..=10_000_000, "requests");
        NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
    };
    Limits {
        calls: a_minute("calls_per_minute", raw.calls_per_minute, 6_000),
        files: a_minute("files_per_minute", raw.files_per_minute, 20_000),
        heavy: a_minute("heavy_per_minute", raw.heavy_per_minute, 300),
        strangers: a_minute("strangers_per_minute", raw.strangers_per_minute, 600),
    }
}
