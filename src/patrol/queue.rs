//! The queue of looks: the one small interface between the planner and whoever takes looks. In-process
//! here; a distributed work queue with acknowledgement and redelivery later, which is why a look carries
//! all that a worker needs and why its recording is idempotent.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::domain::Look;

/// A look and how it ended, as told back to the planner.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The look.
    pub look: Look,
    /// How it ended.
    pub end: End,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was recorded.
    Recorded,
    /// It was recorded, and no frame came: the view is looked at again before its next visit.
    Lost,
    /// It failed and left nothing behind; its view is looked at again when it is next due.
    Failed,
    /// It found no session: our own limit. The same look comes again soon.
    Crowded,
    /// It was given up because the service is stopping.
    Stopped,
}

/// Hands looks from the planner to workers and the news of their end back.
pub trait LookQueue: Send + Sync {
    /// Puts a look in; gives it back when the queue is full (the planner keeps it due).
    ///
    /// # Errors
    /// The look.
    fn put(&self, look: Look) -> Result<(), Box<Look>>;
    /// Takes the next look, waiting at most `timeout`.
    fn take(&self, timeout: Duration) -> Option<Look>;
    /// Tells that a look has ended.
    fn finish(&self, finished: Finished);
    /// All ends that were told since the last call.
    fn finished(&self) -> Vec<Finished>;
}

/// A queue inside one process. Full policy: refuse; the planner counts it and tries again.
#[derive(Debug)]
pub struct LocalQueue {
    looks: (Sender<Look>, Receiver<Look>),
    ends: (Sender<Finished>, Receiver<Finished>),
}

impl LocalQueue {
    /// A queue for at most `capacity` waiting looks.
    pub fn new(capacity: usize) -> Self {
        Self { looks: bounded(capacity.max(1)), ends: bounded(capacity.max(1) * 4 + 64) }
    }
}

impl LookQueue for LocalQueue {
    fn put(&self, look: Look) -> Result<(), Box<Look>> {
        self.looks.0.try_send(look).map_err(|refused| match refused {
            TrySendError::Full(look) | TrySendError::Disconnected(look) => Box::new(look),
        })
    }
    fn take(&self, timeout: Duration) -> Option<Look> {
        self.looks.1.recv_timeout(timeout).ok()
    }
    fn finish(&self, finished: Finished) {
        // Blocks while the planner is behind: an end must never be lost, or its view would wait for ever.
        let _ = self.ends.0.send(finished);
    }
    fn finished(&self) -> Vec<Finished> {
        self.ends.1.try_iter().collect()
    }
}
