//! The queue of incidents that wait for a reviewer, and what each item of it shows.

use std::collections::{BTreeSet, HashMap};

use super::{Service, ServiceError, pictures::PictureRef};
use crate::{
    domain::{
        Area, Areas, Caller, Incident, IncidentId, IncidentLock, Level, Location, MatterKey, Stream, StreamId, View,
        ViewId, WallTime,
    },
    store::{HandOut, HandedOut, Page, QueueFilter},
};

/// A lock ends by itself after this time, unless it is renewed.
const LOCK_TIME: std::time::Duration = std::time::Duration::from_secs(60);
/// Incidents are due a fixed time after the minute in which they opened.
const MINUTE_MS: i64 = 60_000;

/// Which part of the queue is asked for.
#[derive(Clone, Debug, Default)]
pub struct QueueAsk {
    /// Only of this matter.
    pub matter: Option<MatterKey>,
    /// Only of these areas.
    pub areas: Areas,
    /// Only of this view.
    pub view: Option<ViewId>,
}

/// An incident with what a list shows of it.
#[derive(Clone, Debug)]
pub struct QueueItem {
    /// The incident.
    pub incident: Incident,
    /// Name of its matter.
    pub matter_name: String,
    /// Its stream, while it is registered.
    pub stream: Option<Stream>,
    /// Its view, while it is registered.
    pub view: Option<View>,
    /// By when it should be decided.
    pub review_due_at: WallTime,
    /// How soon its matter wants a person.
    pub level: Level,
    /// Its latest masked picture.
    pub picture: Option<PictureRef>,
    /// Who has it open.
    pub lock: Option<IncidentLock>,
}

impl QueueItem {
    /// Where its stream looks.
    pub fn location(&self) -> Option<&Location> {
        self.stream.as_ref()?.location.as_ref()
    }
    /// The area of its stream.
    pub fn area(&self) -> Option<&Area> {
        self.stream.as_ref()?.area.as_ref()
    }
}

/// A page of the queue.
#[derive(Clone, Debug)]
pub struct QueuePage {
    /// The most urgent first.
    pub items: Vec<QueueItem>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// How many wait under the same filter.
    pub waiting: u64,
}

/// What was handed out to a reviewer.
#[derive(Clone, Debug)]
pub struct NextInQueue {
    /// The incident; `None` where colleagues have all that is left.
    pub item: Option<QueueItem>,
    /// How many wait under the same filter.
    pub waiting: u64,
    /// How many of them colleagues have open.
    pub held: u64,
}

impl Service {
    /// Incidents that wait for a reviewer, the most urgent first: due first, then the higher level, then the better
    /// score.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Cursor`].
    pub fn queue(&self, ask: &QueueAsk, page: &Page) -> Result<QueuePage, ServiceError> {
        let queue = self.store.queue(&self.queue_filter(ask), page);
        let queue = queue.map_err(|error| ServiceError::of_list(error, page))?;
        Ok(QueuePage { items: self.queue_items(queue.rows)?, next: queue.next, waiting: queue.waiting })
    }

    /// Hands out the next incident that nobody else has open, locked for a minute for whoever asks: the next one behind
    /// `after`, none of `but`.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn hand_out(
        &self,
        ask: &QueueAsk,
        after: Option<IncidentId>,
        but: BTreeSet<IncidentId>,
        by: &Caller,
    ) -> Result<NextInQueue, ServiceError> {
        let now = self.now();
        let (filter, name, until) = (self.queue_filter(ask), by.display_name.clone(), now.plus(LOCK_TIME));
        let wish = HandOut { filter, after, but, holder: by.id, name, until };
        let HandedOut { incident, waiting, held } = self.store.hand_out(&wish, now)?;
        let item = self.queue_items(incident.into_iter().collect())?.pop();
        Ok(NextInQueue { item, waiting, held })
    }

    pub(super) fn queue_filter(&self, ask: &QueueAsk) -> QueueFilter {
        QueueFilter {
            matter: ask.matter.clone(),
            view: ask.view,
            areas: self.seen_areas(&ask.areas),
            levels: self.config.matters.values().map(|matter| (matter.key.clone(), matter.level())).collect(),
        }
    }

    /// Incidents that are seen, with what a list shows of them.
    pub(super) fn queue_items(&self, incidents: Vec<Incident>) -> Result<Vec<QueueItem>, ServiceError> {
        let registry = self.registry()?;
        let streams: HashMap<StreamId, Stream> = registry.streams.into_iter().map(|one| (one.id, one)).collect();
        let views: HashMap<ViewId, View> = registry.views.into_iter().map(|one| (one.id, one)).collect();
        let locks = self.store.locks(self.now())?;
        let mut locks: HashMap<IncidentId, IncidentLock> = locks.into_iter().map(|one| (one.incident, one)).collect();
        incidents
            .into_iter()
            .map(|incident| {
                let view = views.get(&incident.view).cloned();
                Ok(QueueItem {
                    matter_name: self.matter_name(&incident.matter),
                    stream: view.as_ref().and_then(|view| streams.get(&view.stream)).cloned(),
                    view,
                    review_due_at: self.review_due(&incident),
                    level: self.level(&incident.matter),
                    picture: self.latest_masked(incident.id)?,
                    lock: locks.remove(&incident.id),
                    incident,
                })
            })
            .collect()
    }

    /// By when an incident should be decided.
    pub fn review_due(&self, incident: &Incident) -> WallTime {
        let minute = incident.opened_at.millis().div_euclid(MINUTE_MS) * MINUTE_MS;
        WallTime::from_millis(minute).plus(self.config.settings.desk.review_target)
    }

    /// How soon a matter wants a person.
    pub fn level(&self, key: &MatterKey) -> Level {
        self.config.matter(key).map_or(Level::NORMAL, crate::domain::Matter::level)
    }

    /// Takes or renews the lock on an incident, for a minute.
    ///
    /// # Errors
    /// [`ServiceError::Store`] names the colleague who has it.
    pub fn lock(&self, incident: IncidentId, by: &Caller) -> Result<IncidentLock, ServiceError> {
        self.seen_incident(incident)?;
        let now = self.now();
        let lock = lock_of(incident, by, now);
        self.store.lock(&lock, now)?;
        Ok(lock)
    }

    /// Gives the lock back. A colleague's stays.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn unlock(&self, incident: IncidentId, by: &Caller) -> Result<(), ServiceError> {
        self.seen_incident(incident)?;
        let now = self.now();
        Ok(self.store.unlock(&lock_of(incident, by, now), now)?)
    }
}

/// A lock of whoever asks, from now on.
fn lock_of(incident: IncidentId, by: &Caller, now: WallTime) -> IncidentLock {
    IncidentLock { incident, holder: by.id, name: by.display_name.clone(), until: now.plus(LOCK_TIME) }
}
