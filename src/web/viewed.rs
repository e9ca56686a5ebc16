//! Who was shown what: written down once for a while for each person and thing, because pages read anew what they show. An
//! incident or a picture that cannot be written down is not shown; the line of a list may follow (`shown.rs`).

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::{
    domain::{Caller, IncidentId, WallTime},
    service::{Service, ServiceError},
};

/// A further look at an incident or a case within this time is the same view.
pub(super) const SAME_VIEW: Duration = Duration::from_secs(600);
/// A further look at a list, or at a picture outside of its incident, within this time is the same view.
pub(super) const SAME_LIST: Duration = Duration::from_secs(3600);
/// Views that are remembered; beyond that all are forgotten, and some are written down once more.
const KNOWN_MAX: usize = 50_000;

/// The action of a whole incident with all that belongs to it.
pub(super) const INCIDENT: &str = "incident.viewed";
/// The action of a masked picture that was fetched beside its incident.
const PICTURE: &str = "picture.viewed";

/// What was shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    /// The action that is written down: `incident.viewed`.
    pub action: &'static str,
    /// Whose: an id, or nothing for a list.
    pub subject: String,
    /// How a list was narrowed; nothing for one thing.
    pub filter: String,
}

impl View {
    /// One thing.
    pub(super) fn of(action: &'static str, subject: &impl ToString) -> Self {
        Self { action, subject: subject.to_string(), filter: String::new() }
    }
}

/// Views of the last hour, by who and what.
#[derive(Default)]
pub(super) struct Viewed(Mutex<HashMap<(String, View), WallTime>>);

impl Viewed {
    /// Writes the view down where it is a new one.
    ///
    /// # Errors
    /// [`ServiceError::Store`]: what cannot be written down is not shown.
    pub(super) fn note(
        &self,
        service: &Service,
        by: &Caller,
        view: View,
        same_within: Duration,
    ) -> Result<(), ServiceError> {
        if self.knows(service, by, &view, same_within) {
            return Ok(());
        }
        service.note_viewed(view.action, &view.subject, &view.filter, &by.name)?;
        self.remember(service, by, view);
        Ok(())
    }

    /// Writes down that a masked picture was fetched, unless its incident or a list that shows it was.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub(super) fn note_picture(&self, service: &Service, by: &Caller, of: IncidentId) -> Result<(), ServiceError> {
        if self.knows(service, by, &View::of(INCIDENT, &of), SAME_LIST) {
            return Ok(());
        }
        self.note(service, by, View::of(PICTURE, &of), SAME_LIST)
    }

    /// A list or a case that was written down shows pictures of these: they are not written down one by one.
    pub(super) fn covers(&self, service: &Service, by: &Caller, incidents: impl IntoIterator<Item = IncidentId>) {
        incidents.into_iter().for_each(|id| self.remember(service, by, View::of(PICTURE, &id)));
    }

    /// Those of them that the caller has not seen within the hour; from now on they have, and their pictures are written down
    /// together.
    pub(super) fn fresh(&self, service: &Service, by: &Caller, mut incidents: Vec<IncidentId>) -> Vec<IncidentId> {
        incidents.retain(|id| {
            let known = [INCIDENT, PICTURE].map(|action| self.knows(service, by, &View::of(action, id), SAME_LIST));
            known == [false, false]
        });
        self.covers(service, by, incidents.iter().copied());
        incidents
    }

    /// Whether it is the same view as one that is written down.
    pub(super) fn knows(&self, service: &Service, by: &Caller, view: &View, within: Duration) -> bool {
        let now = service.now();
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(by.name.clone(), view.clone())).is_some_and(|seen| *seen <= now && now.since(*seen) < within)
    }

    /// From now on it is the same view.
    pub(super) fn remember(&self, service: &Service, by: &Caller, view: View) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert((by.name.clone(), view), service.now());
    }

    /// It was not written down after all.
    pub(super) fn forget(&self, by: &Caller, view: &View) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&(by.name.clone(), view.clone()));
    }
}
