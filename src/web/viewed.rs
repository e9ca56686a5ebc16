//! Who was shown what: written down before the answer, once in ten minutes for each person and thing, because pages read
//! anew what they show.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    domain::{Caller, WallTime},
    service::{Service, ServiceError},
};

/// A further look within this time is the same view.
const SAME_VIEW: Duration = Duration::from_secs(600);
/// Views that are remembered; beyond that all are forgotten, and some are written down once more.
const KNOWN_MAX: usize = 20_000;

/// Views of the last minutes, by who and what.
#[derive(Default)]
pub(super) struct Viewed(Mutex<HashMap<(String, String), WallTime>>);

impl Viewed {
    /// Writes the view down where it is a new one.
    ///
    /// # Errors
    /// [`ServiceError::Store`]: what cannot be written down is not shown.
    pub(super) fn note(&self, service: &Service, by: &Caller, action: &str, subject: &str) -> Result<(), ServiceError> {
        let (key, now) = ((by.name.clone(), subject.to_owned()), service.now());
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known().get(&key).is_some_and(|seen| *seen <= now && now.since(*seen) < SAME_VIEW) {
            return Ok(());
        }
        service.note_viewed(action, subject, &by.name)?;
        let mut known = known();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key, now);
        Ok(())
    }
}
