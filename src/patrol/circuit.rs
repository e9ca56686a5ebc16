//! The circuit breaker before the platform: closed while it takes messages, open while it takes none. An outage, or
//! a secret that no longer fits, then costs one probe at a time and no delivery its tries. Pure: the courier tells
//! it what happened and writes down what it decides.

use std::time::Duration;

use crate::domain::{PlatformPause, WallTime};

/// Failures in a row, of whichever deliveries, that say that the platform is at fault and not a message.
const FAILURES_MAX: u32 = 5;
/// The longest wait between two probes: one small request costs a platform nothing, a late drain costs a city.
const PROBE_WAIT_MAX: Duration = Duration::from_secs(60);

/// Whether messages may travel, and how many at once.
#[derive(Debug)]
pub(super) struct Circuit {
    pause: Option<PlatformPause>,
    /// Failures in a row while it is closed, probes in a row while it is open.
    failures: u32,
    /// Messages that may travel at once: one after a pause, doubled by every round that went well.
    width: usize,
    base: Duration,
    wait_max: Duration,
}

/// What a try leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// The message is at fault, or may be: the try counts.
    Counts,
    /// The platform is at fault: the try does not count, and the message waits until then.
    Waits(WallTime),
}

impl Circuit {
    /// A circuit that waits from `base` up to `max` between probes. `pause`: what was written down before a restart;
    /// what caused it may have been mended meanwhile, so the first probe is due at once.
    pub(super) fn new(base: Duration, max: Duration, width: usize, pause: Option<PlatformPause>) -> Self {
        let width = if pause.is_some() { 1 } else { width };
        let pause = pause.map(|pause| PlatformPause { probe_at: pause.since, ..pause });
        Self { pause, failures: 0, width, base, wait_max: max.min(PROBE_WAIT_MAX) }
    }

    /// The pause, while it is open.
    pub(super) fn pause(&self) -> Option<&PlatformPause> {
        self.pause.as_ref()
    }

    /// How many messages may travel at `now`, at most `parallel_max`.
    pub(super) fn room(&self, now: WallTime, parallel_max: usize) -> usize {
        match &self.pause {
            // A clock that was set back must not hold the next probe up for longer than any wait.
            Some(pause) if now < pause.probe_at && pause.probe_at.since(now) <= self.wait_max => 0,
            Some(_) => 1,
            None => self.width.min(parallel_max),
        }
    }

    /// A message was taken. Returns the pause that ended with it.
    pub(super) fn taken(&mut self) -> Option<PlatformPause> {
        self.failures = 0;
        let ended = self.pause.take();
        if ended.is_some() {
            self.width = 1;
        }
        ended
    }

    /// A round of as many as may travel ended without a failure.
    pub(super) fn went_well(&mut self, parallel_max: usize) {
        self.width = self.width.saturating_mul(2).min(parallel_max).max(1);
    }

    /// A try failed that may be the message's fault as well as the platform's. `probe`: it was made while it was open.
    pub(super) fn failed(&mut self, now: WallTime, why: &str, probe: bool, roll: f64) -> Ruling {
        if self.pause.is_none() {
            self.failures += 1;
            if self.failures < FAILURES_MAX {
                return Ruling::Counts;
            }
            // This one counts still; it has told us that the others are not to blame.
            self.open(now, why, roll);
            return Ruling::Counts;
        }
        self.refused(now, why, probe, roll)
    }

    /// The platform takes nothing from us at all.
    pub(super) fn refused(&mut self, now: WallTime, why: &str, probe: bool, roll: f64) -> Ruling {
        match &mut self.pause {
            None => self.open(now, why, roll),
            Some(pause) if probe => {
                self.failures = self.failures.saturating_add(1);
                let wait = probe_wait(self.failures, self.base, self.wait_max, roll);
                (pause.probe_at, pause.why) = (now.plus(wait), why.to_owned());
            }
            // Sent before a companion of the same round found out.
            Some(_) => {}
        }
        Ruling::Waits(self.pause.as_ref().map_or(now, |pause| pause.probe_at))
    }

    fn open(&mut self, now: WallTime, why: &str, roll: f64) {
        self.failures = 1;
        let wait = probe_wait(1, self.base, self.wait_max, roll);
        self.pause = Some(PlatformPause { since: now, why: why.to_owned(), probe_at: now.plus(wait) });
    }
}

/// Doubles from `base` to `max`, the second half of it by chance.
fn probe_wait(failures: u32, base: Duration, max: Duration, roll: f64) -> Duration {
    let doubled = base.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
    doubled.min(max).mul_f64(0.5 + 0.5 * roll.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(5);

    fn at(seconds: u64) -> WallTime {
        WallTime::from_millis(1_800_000_000_000).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn a_platform_that_takes_nothing_gets_one_probe_at_a_time_and_then_a_slow_start() {
        let mut circuit = Circuit::new(BASE, Duration::from_secs(1800), 4, None);
        assert_eq!(circuit.room(at(0), 4), 4);
        assert_eq!(circuit.refused(at(0), "refused with 401", false, 1.0), Ruling::Waits(at(5)));
        assert_eq!(circuit.refused(at(0), "refused with 401", false, 1.0), Ruling::Waits(at(5)), "a companion");
        assert_eq!((circuit.room(at(4), 4), circuit.room(at(5), 4)), (0, 1));
        let set_back = WallTime::from_millis(0);
        assert_eq!(circuit.room(set_back, 4), 1, "the clock was set back");
        let waits: Vec<Ruling> = (0..6).map(|_| circuit.refused(at(10), "no answer", true, 1.0)).collect();
        let until = |seconds: u64| Ruling::Waits(at(10 + seconds));
        assert_eq!(waits, [10, 20, 40, 60, 60, 60].map(until), "never more than a minute apart");
        assert_eq!(circuit.taken().map(|pause| (pause.since, pause.why)), Some((at(0), "no answer".to_owned())));
        assert_eq!(circuit.taken(), None);
        let mut widths = Vec::new();
        for _ in 0..4 {
            widths.push(circuit.room(at(99), 4));
            circuit.went_well(4);
        }
        assert_eq!(widths, [1, 2, 4, 4]);
    }

    #[test]
    fn failures_that_may_be_a_messages_own_count_until_too_many_come_in_a_row() {
        let mut circuit = Circuit::new(BASE, BASE, 4, None);
        for _ in 0..4 {
            assert_eq!(circuit.failed(at(0), "503", false, 0.0), Ruling::Counts);
        }
        assert_eq!(circuit.taken(), None);
        for _ in 0..5 {
            assert!(circuit.pause().is_none());
            assert_eq!(circuit.failed(at(0), "503", false, 1.0), Ruling::Counts);
        }
        assert_eq!(circuit.failed(at(5), "503", true, 1.0), Ruling::Waits(at(10)), "an outage costs nobody its tries");
    }

    #[test]
    fn a_pause_outlives_a_restart_and_is_probed_at_once() {
        let written = PlatformPause { since: at(0), why: "401".into(), probe_at: at(60) };
        let circuit = Circuit::new(BASE, BASE, 4, Some(written));
        assert_eq!(circuit.room(at(1), 4), 1);
    }
}
