//! The queue of looks: the one small interface between the planner and whoever takes looks. In-process
//! here; a distributed work queue with acknowledgement and redelivery later, which is why a look carries
//! all that a worker needs and why its recording is idempotent.

use std::sync::{Mutex, PoisonError};

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
    /// Waits for the next look; `None` once the queue is closed. Who waits sleeps until then: many workers that look
    /// up now and then would cost more than the looks of a quiet patrol.
    fn take(&self) -> Option<Look>;
    /// From now on nothing is put in and nobody waits; gives back the looks that nobody took.
    fn close(&self) -> Vec<Look>;
    /// Tells that a look has ended.
    fn finish(&self, finished: Finished);
    /// All ends that were told since the last call.
    fn finished(&self) -> Vec<Finished>;
}

/// A queue inside one process. Full policy: refuse; the planner counts it and tries again.
#[derive(Debug)]
pub struct LocalQueue {
    /// `None` once the queue is closed.
    entry: Mutex<Option<Sender<Look>>>,
    looks: Receiver<Look>,
    ends: (Sender<Finished>, Receiver<Finished>),
}

impl LocalQueue {
    /// A queue for at most `capacity` waiting looks.
    pub fn new(capacity: usize) -> Self {
        let (entry, looks) = bounded(capacity.max(1));
        Self { entry: Mutex::new(Some(entry)), looks, ends: bounded(capacity.max(1) * 4 + 64) }
    }
}

impl LookQueue for LocalQueue {
    fn put(&self, look: Look) -> Result<(), Box<Look>> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = entry.as_ref() else { return Err(Box::new(look)) };
        entry.try_send(look).map_err(|refused| match refused {
            TrySendError::Full(look) | TrySendError::Disconnected(look) => Box::new(look),
        })
    }
    fn take(&self) -> Option<Look> {
        self.looks.recv().ok()
    }
    fn close(&self) -> Vec<Look> {
        // Without its only sender the channel wakes everybody who waits at its other end.
        drop(self.entry.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.looks.try_iter().collect()
    }
    fn finish(&self, finished: Finished) {
        // Blocks while the planner is behind: an end must never be lost, or its view would wait for ever.
        let _ = self.ends.0.send(finished);
    }
    fn finished(&self) -> Vec<Finished> {
        self.ends.1.try_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, thread, time::Duration};

    use super::*;
    use crate::domain::{DecodeMode, Purpose, StreamId, ViewId, WallTime};

    fn look(number: i64) -> Look {
        let (view, due) = (ViewId::derived(&[b"queue"]), WallTime::from_millis(number));
        Look {
            id: Look::id_of(view, &Purpose::Patrol, due),
            stream: StreamId::derived(&[b"queue"]),
            view,
            purpose: Purpose::Patrol,
            due,
            decode: DecodeMode::KeyFrames,
            frames_max: Some(1),
            time_max: Duration::from_secs(1),
            matters: vec![],
        }
    }

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_gives_back_and_lets_nobody_wait() {
        let queue = Arc::new(LocalQueue::new(2));
        let waiting = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || std::iter::from_fn(|| queue.take()).count())
        };
        assert!(queue.put(look(1)).is_ok());
        while !queue.looks.is_empty() {
            thread::yield_now();
        }
        assert_eq!(queue.close(), []);
        assert_eq!(waiting.join().unwrap(), 1, "who waits is woken by the end");
        assert_eq!(queue.put(look(2)), Err(Box::new(look(2))));
        let queue = LocalQueue::new(2);
        assert!(queue.put(look(1)).is_ok() && queue.put(look(2)).is_ok());
        assert_eq!(queue.put(look(3)), Err(Box::new(look(3))));
        assert_eq!(queue.close(), [look(1), look(2)]);
        assert_eq!(queue.take(), None);
    }
}
