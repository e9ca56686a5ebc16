//! Sessions of the page: random ids in memory, gone at a restart. Only hashes are kept, so that looking one up
//! tells nothing by its time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use sha2::{Digest, Sha256};

use super::access::random_hex;

/// Sessions at the same time; when full, the one that ends first makes room.
const SESSIONS_MAX: usize = 1000;

/// Living sessions.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<[u8; 32], Instant>>);

impl Sessions {
    /// A new session that lives until `until`.
    pub(super) fn begin(&self, until: Instant) -> String {
        let id = random_hex();
        let mut sessions = self.lock();
        if sessions.len() >= SESSIONS_MAX {
            let first = sessions.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            first.and_then(|key| sessions.remove(&key));
        }
        sessions.insert(key(&id), until);
        id
    }

    /// Whether the session lives at `now`.
    pub(super) fn lives(&self, id: &str, now: Instant) -> bool {
        let mut sessions = self.lock();
        match sessions.get(&key(id)) {
            Some(until) if *until > now => true,
            Some(_) => {
                sessions.remove(&key(id));
                false
            }
            None => false,
        }
    }

    /// Ends a session.
    pub(super) fn end(&self, id: &str) {
        self.lock().remove(&key(id));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(id: &str) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn sessions_end_and_never_grow_beyond_their_number() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        let first = sessions.begin(now + Duration::from_secs(1));
        assert!(sessions.lives(&first, now) && !sessions.lives(&first, now + Duration::from_secs(1)));
        let early = sessions.begin(now + Duration::from_secs(1));
        for _ in 0..SESSIONS_MAX {
            sessions.begin(now + Duration::from_secs(9));
        }
        assert!(!sessions.lives(&early, now), "the one that ends first made room");
        assert_eq!(sessions.lock().len(), SESSIONS_MAX);
    }
}
