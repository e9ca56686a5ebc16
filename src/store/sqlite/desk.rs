//! What the reviewers' desk asks of the store, answered by SQLite.

use super::{SqliteStore, hand_out, locks, queue, second_reviews, undo};
use crate::{
    domain::{Appearance, Areas, Delivery, Incident, IncidentId, IncidentLock, SecondReview, Undoable, WallTime},
    store::{HandOut, HandedOut, Judged, Page, Queue, QueueFilter, ReviewStore, StoreError},
};

impl ReviewStore for SqliteStore {
    fn queue(&self, filter: &QueueFilter, page: &Page) -> Result<Queue, StoreError> {
        self.connections.read(|tx| queue::page(tx, filter, page))
    }
    fn waiting_looks(&self, filter: &QueueFilter, limit: u32) -> Result<Vec<(Incident, Appearance)>, StoreError> {
        self.connections.read(|tx| queue::looks(tx, filter, limit))
    }

    fn undoable(&self, incident: IncidentId, now: WallTime) -> Result<Option<Undoable>, StoreError> {
        self.connections.read(|tx| undo::undoable(tx, incident, now))
    }
    fn undo(&self, incident: IncidentId, reviewer: &str, at: WallTime) -> Result<Incident, StoreError> {
        self.connections.write(|tx| undo::undo(tx, incident, reviewer, at))
    }
    fn begin_delivery(&self, delivery: &Delivery, at: WallTime) -> Result<bool, StoreError> {
        // What has begun stays so: a further try needs no write.
        match self.connections.read(|tx| undo::has_begun_before(tx, delivery))? {
            Some(true) => Ok(true),
            None => Ok(false),
            Some(false) => self.connections.write(|tx| undo::begin(tx, delivery, at)),
        }
    }

    fn hand_out(&self, wish: &HandOut, now: WallTime) -> Result<HandedOut, StoreError> {
        self.connections.write(|tx| hand_out::hand_out(tx, wish, now))
    }
    fn lock(&self, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| locks::take(tx, lock, now))
    }
    fn unlock(&self, lock: &IncidentLock, now: WallTime) -> Result<(), StoreError> {
        self.connections.write(|tx| locks::release(tx, lock, now))
    }
    fn locks(&self, now: WallTime) -> Result<Vec<IncidentLock>, StoreError> {
        self.connections.read(|tx| locks::all(tx, now))
    }
    fn lock_on(&self, incident: IncidentId, now: WallTime) -> Result<Option<IncidentLock>, StoreError> {
        self.connections.read(|tx| locks::on(tx, incident, now))
    }

    fn judged(&self, areas: &Areas, but: &str, before: WallTime, limit: u32) -> Result<Vec<Judged>, StoreError> {
        self.connections.read(|tx| second_reviews::judged(tx, areas, but, before, limit))
    }
    fn put_second_review(&self, review: &SecondReview) -> Result<(), StoreError> {
        self.connections.write(|tx| second_reviews::put(tx, review))
    }
    fn second_reviews(
        &self,
        areas: &Areas,
        from: WallTime,
        until: WallTime,
        limit: u32,
    ) -> Result<Vec<SecondReview>, StoreError> {
        self.connections.read(|tx| second_reviews::list(tx, areas, from, until, limit))
    }
}
