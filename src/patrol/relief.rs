//! How the plan gives way when the budget is short, mildest first: patrol looks wait and their revisit targets
//! stretch; when that is at its end, continuous looks are held to key frames. Reads no clock.
//!
//! The budget is decoder time, an account that the clock fills and every decoded packet empties. Neither what was
//! saved nor what is owed piles up beyond [`DECODE_BURST`]: an overload that has ended is forgotten soon.

use std::time::Duration;

use crate::domain::WallTime;

/// How far revisit targets stretch when looks begin late.
pub const STRETCH_MAX: f64 = 4.0;
/// Continuous looks get their frames back when the stretch has come down to this.
const STRETCH_EASED: f64 = 3.0;
/// A look that begins later than this share of its revisit target speaks for stretching.
const LATE_SHARE: f64 = 0.5;
/// How much one look moves the stretch.
const STRETCH_STEP: f64 = 1.02;
/// Decoding that was not used may be made up for within this time, and so may what was too much.
const DECODE_BURST: Duration = Duration::from_secs(10);

/// The account of decoder time and the two ways of giving way.
#[derive(Debug)]
pub struct Relief {
    cores_max: f64,
    counted: Option<(WallTime, Duration)>,
    /// Seconds of decoding that may still be spent; below zero patrol looks wait.
    left_s: f64,
    stretch: f64,
    is_thinned: bool,
}

impl Relief {
    /// Nothing gives way yet. `cores_max`: cores that decoding may use in the long run.
    pub fn new(cores_max: f64) -> Self {
        Self { cores_max, counted: None, left_s: 0.0, stretch: 1.0, is_thinned: false }
    }

    /// Takes in how long all looks together have decoded since the start.
    pub fn decoded(&mut self, total: Duration, now: WallTime) {
        if let Some((at, before)) = self.counted {
            let burst = DECODE_BURST.as_secs_f64() * self.cores_max;
            let filled = (self.left_s + now.since(at).as_secs_f64() * self.cores_max).min(burst);
            self.left_s = (filled - total.saturating_sub(before).as_secs_f64()).max(-burst);
        }
        self.counted = Some((now, total));
        self.is_thinned = match self.is_thinned {
            true => self.stretch > STRETCH_EASED,
            false => self.stretch >= STRETCH_MAX && self.is_overdrawn(),
        };
    }

    /// The clock was set back: the account is filled by the new time from now on.
    pub fn set_back(&mut self) {
        self.counted = None;
    }

    /// Takes in how late a patrol look begins.
    pub fn begun(&mut self, late: Duration, revisit: Duration) {
        let is_late = late.as_secs_f64() > revisit.as_secs_f64() * LATE_SHARE;
        let moved = if is_late { self.stretch * STRETCH_STEP } else { self.stretch / STRETCH_STEP };
        self.stretch = moved.clamp(1.0, STRETCH_MAX);
    }

    /// Whether more was decoded than the budget allows.
    pub fn is_overdrawn(&self) -> bool {
        self.left_s < 0.0
    }

    /// How far revisit targets are stretched, 1 when not at all.
    pub fn stretch(&self) -> f64 {
        self.stretch
    }

    /// How far the target of a view of this weight is stretched: less for a heavy one, sooner for a light one.
    pub fn stretch_of(&self, weight: f64) -> f64 {
        weighed(self.stretch, weight)
    }

    /// The furthest that the target of a view of this weight is ever stretched.
    pub fn longest_of(weight: f64) -> f64 {
        weighed(STRETCH_MAX, weight)
    }

    /// Whether continuous looks are held to key frames.
    pub fn is_thinned(&self) -> bool {
        self.is_thinned
    }
}

fn weighed(stretch: f64, weight: f64) -> f64 {
    (1.0 + (stretch - 1.0) / weight).clamp(1.0, STRETCH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: i64) -> WallTime {
        WallTime::from_millis(n * 1000)
    }

    #[test]
    fn continuous_looks_give_way_only_when_stretching_is_at_its_end() {
        let mut relief = Relief::new(0.5);
        let revisit = Duration::from_secs(10);
        let mut total = Duration::ZERO;
        for n in 0..200 {
            total += Duration::from_secs(1);
            relief.decoded(total, second(n));
            assert!(!relief.is_thinned() || relief.stretch() >= STRETCH_MAX, "after {n} looks: {relief:?}");
            relief.begun(revisit, revisit);
        }
        assert!(relief.is_thinned() && relief.is_overdrawn(), "{relief:?}");
        assert!(relief.stretch_of(3.0) < 2.1 && relief.stretch_of(0.1) <= STRETCH_MAX);
        // The overload ends: what is owed is forgotten within some bursts, however long it lasted.
        for n in 200..240 {
            relief.decoded(total, second(n));
        }
        assert!(!relief.is_overdrawn() && relief.is_thinned(), "frames come back when looks are on time: {relief:?}");
        for n in 240..300 {
            relief.begun(Duration::ZERO, revisit);
            relief.decoded(total, second(n));
        }
        assert!(!relief.is_thinned(), "{relief:?}");
    }

    #[test]
    fn looks_that_wait_for_something_else_than_the_decoder_take_no_frames_away() {
        let mut relief = Relief::new(1.0);
        for n in 0..300 {
            relief.decoded(Duration::ZERO, second(n));
            relief.begun(Duration::from_secs(60), Duration::from_secs(10));
        }
        assert!(relief.stretch() >= STRETCH_MAX && !relief.is_thinned(), "{relief:?}");
    }
}
