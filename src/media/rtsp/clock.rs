//! From RTP's 32-bit ticks to media time that never stands still or leaps, and to the camera's own clock. Pure.

use std::time::Duration;

use crate::domain::Pts;

/// Seconds from 1900 (NTP) to 1970 (Unix).
const NTP_TO_UNIX_S: i64 = 2_208_988_800;
/// A step of the camera's ticks that differs from the time that passed here by more than this is no step: the camera
/// began to count anew. Larger than any stall that the watchdog lets live.
const LEAP_S: f64 = 10.0;
/// A sender report further than this from a picture does not date it.
const REPORT_REACH_S: i64 = 600;

/// Media time of one session.
#[derive(Debug)]
pub struct Timeline {
    clock_hz: u32,
    last: Option<Last>,
    report: Option<Report>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    ticks: u32,
    seconds: f64,
    arrived: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    ticks: u32,
    camera_ms: i64,
}

impl Timeline {
    /// Before the first picture.
    pub fn new(clock_hz: u32) -> Self {
        Self { clock_hz: clock_hz.max(1), last: None, report: None }
    }

    /// Media time of a picture with these ticks, arrived at this moment of a stopwatch.
    pub fn media_time(&mut self, ticks: u32, arrived: Duration) -> Pts {
        let Some(last) = self.last else {
            self.last = Some(Last { ticks, seconds: 0.0, arrived });
            return Pts(0);
        };
        let step = self.seconds_between(last.ticks, ticks);
        let passed = arrived.saturating_sub(last.arrived).as_secs_f64();
        let leapt = (step - passed).abs() > LEAP_S;
        if leapt {
            self.report = None;
        }
        let seconds = (last.seconds + if leapt { passed } else { step }).max(0.0);
        self.last = Some(Last { ticks, seconds, arrived });
        Pts((seconds * 1e9) as u64)
    }

    /// The camera's clock at these ticks, in milliseconds since 1970, once a sender report told.
    pub fn camera_ms(&self, ticks: u32) -> Option<i64> {
        let report = self.report?;
        let away_ms = (self.seconds_between(report.ticks, ticks) * 1000.0).round() as i64;
        (away_ms.abs() <= REPORT_REACH_S * 1000).then(|| report.camera_ms.saturating_add(away_ms))
    }

    /// Reads the sender report of a compound RTCP packet, if it holds one.
    pub fn learn(&mut self, rtcp: &[u8]) {
        let [first, 200, _, _, _, _, _, _, ntp @ ..] = rtcp else { return };
        let (Some(whole), Some(part), Some(ticks)) = (word(ntp, 0), word(ntp, 4), word(ntp, 8)) else { return };
        if first >> 6 != 2 || whole == 0 {
            return;
        }
        let camera_ms = (i64::from(whole) - NTP_TO_UNIX_S) * 1000 + ((i64::from(part) * 1000) >> 32);
        self.report = Some(Report { ticks, camera_ms });
    }

    /// Ticks wrap: the shorter way round is meant.
    fn seconds_between(&self, from: u32, to: u32) -> f64 {
        f64::from(to.wrapping_sub(from).cast_signed()) / f64::from(self.clock_hz)
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(pts: Pts) -> u64 {
        (pts.0 + 500_000) / 1_000_000
    }

    #[test]
    fn media_time_runs_on_over_a_wrap_and_over_leaps() {
        let mut line = Timeline::new(90_000);
        let mut arrived = 0;
        let mut next = |ticks: u32, passed_ms: u64| {
            arrived += passed_ms;
            ms(line.media_time(ticks, Duration::from_millis(arrived)))
        };
        assert_eq!(next(u32::MAX - 3599, 0), 0);
        assert_eq!(next(0, 35), 40, "over the wrap, by the camera's ticks");
        assert_eq!(next(900_000, 10_100), 10_040, "a long key-frame interval");
        assert_eq!(next(2_000_000_000, 40), 10_080, "the camera counts anew: by our stopwatch");
        assert_eq!(next(2_000_003_600, 40), 10_120);
        assert_eq!(next(2_000_001_800, 40), 10_100, "a B picture");
        assert_eq!(next(5, 1000), 11_100, "and back");
    }

    #[test]
    fn sender_reports_date_pictures() {
        let mut line = Timeline::new(90_000);
        line.media_time(1000, Duration::ZERO);
        assert_eq!(line.camera_ms(1000), None);
        let mut report = vec![0x80, 200, 0, 6, 1, 2, 3, 4];
        report.extend((2_208_988_800_u32 + 1_700_000_000).to_be_bytes());
        report.extend(0x8000_0000_u32.to_be_bytes());
        report.extend(1000_u32.to_be_bytes());
        line.learn(&report[..15]);
        assert_eq!(line.camera_ms(1000), None, "cut short");
        line.learn(&report);
        assert_eq!(line.camera_ms(1000), Some(1_700_000_000_500));
        assert_eq!(line.camera_ms(91_000), Some(1_700_000_001_500));
        assert_eq!(line.camera_ms(1000_u32.wrapping_sub(90_000)), Some(1_699_999_999_500));
        assert_eq!(line.camera_ms(1_000_000_000), None, "too far from the report");
    }
}
