//! Time. Three kinds that never mix: [`Pts`] (media time inside one session), [`WallTime`] (UTC) and
//! `std::time::Instant` (the process's own stopwatch). Only a [`ClockOffset`] leads from one to another.

use std::{fmt, time::Duration};

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// UTC in milliseconds since 1970, as text RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(i64);

/// First and last moment that RFC 3339 can write, in milliseconds: the years 0000 to 9999.
const WRITTEN: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

impl WallTime {
    /// From milliseconds since 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0
    }
    /// Time from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
    /// This moment plus a duration, saturating.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
    /// This moment minus a duration, saturating.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }
    /// The moment half way to `later`.
    pub fn midpoint(self, later: Self) -> Self {
        Self(self.0 + (later.0 - self.0) / 2)
    }
    /// The civil time at `offset` from UTC. What lies outside of the years 0000 to 9999 counts as their border.
    pub fn civil(self, offset: FixedOffset) -> DateTime<FixedOffset> {
        let written = self.0.clamp(WRITTEN.0, WRITTEN.1);
        DateTime::<Utc>::from_timestamp_millis(written).unwrap_or_default().with_timezone(&offset)
    }
    /// The moment of a civil time at any offset.
    pub fn from_civil<Z: TimeZone>(civil: &DateTime<Z>) -> Self {
        Self(civil.timestamp_millis())
    }
}

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => write!(f, "{} ms", self.0),
        }
    }
}
impl fmt::Debug for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an RFC 3339 time, or one whose moment falls outside of the years 0000 to 9999 in UTC.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a time; write it like 2026-11-23T08:30:00+08:00")]
pub struct BadTime(String);

impl std::str::FromStr for WallTime {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        // An offset may carry a time out of the years that can be written: it could never be read again.
        let at = DateTime::parse_from_rfc3339(text).ok().map(|at| Self::from_civil(&at));
        at.filter(|at| (WRITTEN.0..=WRITTEN.1).contains(&at.0)).ok_or_else(|| BadTime(text.chars().take(64).collect()))
    }
}
impl Serialize for WallTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for WallTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Media time of one session in nanoseconds. Meaningless outside of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pts(pub u64);

impl Pts {
    /// Time from `earlier` to this; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Where wall time of a frame came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WallSource {
    /// The camera's own clock, from an RTCP sender report.
    SenderReport,
    /// Our clock when the frame arrived.
    Arrival,
    /// A recording: its declared start plus media time.
    Recording,
}

/// Maps media time of one session to wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockOffset {
    /// Wall time at media time zero.
    pub origin: WallTime,
    /// Where `origin` came from.
    pub source: WallSource,
}

impl ClockOffset {
    /// Wall time of a frame.
    pub fn wall(&self, pts: Pts) -> WallTime {
        self.origin.plus(Duration::from_nanos(pts.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_round_trip_as_rfc_3339_and_never_go_negative() {
        let at: WallTime = "2026-11-23T08:30:00.250+08:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-23T00:30:00.250Z");
        assert_eq!(at.minus(Duration::from_secs(5)).since(at), Duration::ZERO);
        assert!("yesterday".parse::<WallTime>().is_err());
        assert!("0000-01-01T00:00:00+08:00".parse::<WallTime>().is_err(), "it would be written as the year -1");
        let never = WallTime::from_millis(i64::MAX).civil(FixedOffset::east_opt(8 * 3600).unwrap());
        assert_eq!(never.to_rfc3339(), "+10000-01-01T07:59:59.999+08:00");
    }
}
