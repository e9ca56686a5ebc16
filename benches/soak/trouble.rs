//! Faults at random: made, and mended after a while. Each kind is counted.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;

use super::city::{CAMERAS, City};

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A camera's process stops in mid-air: sockets stay open, nothing is said.
    CameraFrozen(usize),
    /// A camera's process dies.
    CameraKilled(usize),
    /// An operator disables a camera and enables it again.
    CameraDisabled(usize),
    /// The platform's process dies.
    PlatformKilled,
    /// The platform answers 503, hangs after accepting, answers nonsense, or is slow.
    PlatformUpset,
    /// Somebody else holds the store's write lock.
    StoreLocked,
    /// A crowd of readers asks for every list at once.
    Crowd,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::CameraFrozen(_) => "camera frozen",
            Self::CameraKilled(_) => "camera killed",
            Self::CameraDisabled(_) => "camera disabled",
            Self::PlatformKilled => "platform killed",
            Self::PlatformUpset => "platform upset",
            Self::StoreLocked => "store locked",
            Self::Crowd => "crowd of readers",
        }
    }
}

/// Faults that stand now, and how many there were.
#[derive(Default)]
pub struct Trouble {
    standing: Vec<(Fault, Instant)>,
    lock: Option<rusqlite::Connection>,
    /// How often each was made.
    pub made: BTreeMap<&'static str, u32>,
}

impl Trouble {
    /// Makes one fault, if its victim is well now.
    pub fn make(&mut self, city: &mut City, chance: &mut fastrand::Rng) {
        // The first camera is the healthy neighbour.
        let eye = chance.usize(1..CAMERAS);
        let fault = match chance.u8(0..10) {
            0..=2 => Fault::CameraFrozen(eye),
            3..=4 => Fault::CameraKilled(eye),
            5 => Fault::CameraDisabled(eye),
            6 => Fault::PlatformKilled,
            7 => Fault::PlatformUpset,
            8 => Fault::StoreLocked,
            _ => Fault::Crowd,
        };
        if self.standing.iter().any(|(standing, _)| is_same_victim(*standing, fault)) {
            return;
        }
        let lasts = match fault {
            Fault::StoreLocked => Duration::from_millis(chance.u64(500..8000)),
            Fault::Crowd => Duration::ZERO,
            _ => Duration::from_secs(chance.u64(2..40)),
        };
        *self.made.entry(fault.name()).or_default() += 1;
        self.begin(fault, city, chance);
        self.standing.push((fault, Instant::now() + lasts));
    }

    fn begin(&mut self, fault: Fault, city: &mut City, chance: &mut fastrand::Rng) {
        match fault {
            Fault::CameraFrozen(eye) => {
                if let Some(process) = &city.eyes[eye].process {
                    process.signal("STOP");
                }
            }
            Fault::CameraKilled(eye) => drop(city.eyes[eye].process.take()),
            Fault::CameraDisabled(eye) => city.enable(eye, false),
            Fault::PlatformKilled => drop(city.platform.take()),
            Fault::PlatformUpset => {
                let mut behaviour = json!({ "refuse": 0, "reject": 0, "accept_then_hang": 0, "hang_ms": 8000, "wrong_json": 0, "late_ms": 0 });
                let kind = ["refuse", "accept_then_hang", "wrong_json", "late_ms"][chance.usize(0..4)];
                behaviour[kind] = json!(if kind == "late_ms" { 1500 } else { chance.u32(1..6) });
                city.upset_platform(&behaviour);
            }
            Fault::StoreLocked => {
                let store = rusqlite::Connection::open(city.store()).expect("the store is there");
                store.busy_timeout(Duration::from_secs(5)).expect("a time-out can be set");
                if store.execute_batch("BEGIN IMMEDIATE").is_ok() {
                    self.lock = Some(store);
                }
            }
            Fault::Crowd => {
                for path in
                    ["/", "/api/v1/incidents", "/api/v1/views", "/api/v1/evidence", "/api/v1/deliveries", "/metrics"]
                {
                    for _ in 0..20 {
                        let _ = city.text(path);
                    }
                }
            }
        }
    }

    /// Mends what has lasted long enough.
    pub fn mend(&mut self, city: &mut City, now: Instant) {
        while let Some(index) = self.standing.iter().position(|(_, until)| *until <= now) {
            let (fault, _) = self.standing.swap_remove(index);
            self.end(fault, city);
        }
    }

    /// Mends everything.
    pub fn mend_all(&mut self, city: &mut City) {
        for (fault, _) in std::mem::take(&mut self.standing) {
            self.end(fault, city);
        }
    }

    fn end(&mut self, fault: Fault, city: &mut City) {
        match fault {
            Fault::CameraFrozen(eye) => {
                if let Some(process) = &city.eyes[eye].process {
                    process.signal("CONT");
                }
            }
            Fault::CameraKilled(eye) => city.raise_eye(eye),
            Fault::CameraDisabled(eye) => city.enable(eye, true),
            Fault::PlatformKilled => city.raise_platform(),
            Fault::PlatformUpset => city.upset_platform(
                &json!({ "refuse": 0, "reject": 0, "accept_then_hang": 0, "hang_ms": 0, "wrong_json": 0, "late_ms": 0 }),
            ),
            Fault::StoreLocked => drop(self.lock.take()),
            Fault::Crowd => {}
        }
    }
}

fn is_same_victim(a: Fault, b: Fault) -> bool {
    let eye = |fault| match fault {
        Fault::CameraFrozen(eye) | Fault::CameraKilled(eye) | Fault::CameraDisabled(eye) => Some(eye),
        _ => None,
    };
    let is_platform = |fault| matches!(fault, Fault::PlatformKilled | Fault::PlatformUpset);
    match (eye(a), eye(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b || (is_platform(a) && is_platform(b)),
    }
}
