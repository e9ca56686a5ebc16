//! L1: wall time as a seam. The service reads the system's clock; replay and tests set their own.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::domain::WallTime;

/// Tells wall time.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> WallTime;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system's time")]
    fn now(&self) -> WallTime {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        WallTime::from_millis(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands still until it is set; it never runs backwards.
#[derive(Debug)]
pub struct SimulatedClock(AtomicI64);

impl SimulatedClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: WallTime) -> Self {
        Self(AtomicI64::new(start.millis()))
    }
    /// Moves the clock to `to`, unless it is past that already.
    pub fn advance_to(&self, to: WallTime) {
        self.0.fetch_max(to.millis(), Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> WallTime {
        WallTime::from_millis(self.0.load(Ordering::SeqCst))
    }
}
