//! Passwords: what a new one must be, and argon2id. Few are checked at the same time, so that a flood of logins cannot
//! take the cores that the patrol needs. Must never keep, log or print one.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use crossbeam_channel::{Receiver, Sender, bounded};

use super::{Faults, ServiceError, Want};
use crate::domain::Secret;

/// Length of a password in characters; longer ones than a line are a mistake or an attack.
const CHARS_MIN: usize = 12;
const CHARS_MAX: usize = 256;
/// Passwords that are hashed at the same time: each takes a core and 19 MiB for some 20 ms.
const AT_ONCE: usize = 2;
/// Those that may wait for their turn, and how long.
const WAITING_MAX: usize = 16;
const TURN_TIME: Duration = Duration::from_secs(5);

/// Hashes and checks passwords, a few at a time.
pub(super) struct Passwords {
    turns: (Sender<()>, Receiver<()>),
    waiting: AtomicUsize,
}

impl Default for Passwords {
    fn default() -> Self {
        let turns = bounded(AT_ONCE);
        for _ in 0..AT_ONCE {
            turns.0.try_send(()).expect("the channel has room for every turn");
        }
        Self { turns, waiting: AtomicUsize::new(0) }
    }
}

impl Passwords {
    /// The hash of a new password, in PHC form with a salt of its own.
    pub(super) fn hash(&self, password: &Secret) -> Result<Secret, ServiceError> {
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).expect("the system's random source works once the process runs");
        let salt = SaltString::encode_b64(&salt).expect("16 bytes are a salt");
        self.in_turn(|| {
            let hash = Argon2::default().hash_password(password.reveal().as_bytes(), &salt);
            Secret::new(hash.expect("the default parameters hash any password").to_string())
        })
    }

    /// Whether this is the password. Where there is none to compare with, as much work is done for nothing: the time
    /// that it takes does not tell whether there is such an account.
    pub(super) fn fits(&self, password: &Secret, kept: Option<&Secret>) -> Result<bool, ServiceError> {
        static NOBODYS: LazyLock<String> = LazyLock::new(|| {
            let salt = SaltString::encode_b64(&[0; 16]).expect("16 bytes are a salt");
            let hash = Argon2::default().hash_password(b"", &salt);
            hash.expect("the default parameters hash any password").to_string()
        });
        let known = kept.is_some();
        // No honest password is longer; hashing a megabyte of it would be work for an attacker.
        let given: String = password.reveal().chars().take(CHARS_MAX + 1).collect();
        self.in_turn(|| {
            let kept = kept.map_or(NOBODYS.as_str(), Secret::reveal);
            let hash = PasswordHash::new(kept);
            known & hash.is_ok_and(|hash| Argon2::default().verify_password(given.as_bytes(), &hash).is_ok())
        })
    }

    fn in_turn<T>(&self, work: impl FnOnce() -> T) -> Result<T, ServiceError> {
        let waited = self.waiting.fetch_add(1, Ordering::Relaxed) < WAITING_MAX;
        let turn = if waited { self.turns.1.recv_timeout(TURN_TIME).ok() } else { None };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        turn.ok_or(ServiceError::Crowded)?;
        let done = work();
        self.turns.0.try_send(()).expect("a turn goes back to where it was taken");
        Ok(done)
    }
}

/// Notes what is wrong with a new password; its text is never repeated.
pub(super) fn check(faults: &mut Faults, password: &Secret, name: &str) {
    let (text, name) = (password.reveal().to_lowercase(), name.to_lowercase());
    let length = text.chars().count();
    let distinct = text.chars().collect::<std::collections::HashSet<_>>().len();
    if !(CHARS_MIN..=CHARS_MAX).contains(&length) {
        faults.add("password", "", Want::PasswordLength { least: CHARS_MIN, most: CHARS_MAX });
    } else if distinct < 5 || (name.chars().count() >= 4 && text.contains(&name)) {
        faults.add("password", "", Want::PasswordStrong);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::default();
        let (right, wrong) = (Secret::new("一把很长的钥匙 1234"), Secret::new("一把很长的钥匙 1235"));
        let kept = passwords.hash(&right).unwrap();
        assert!(kept.reveal().starts_with("$argon2id$") && kept != passwords.hash(&right).unwrap(), "salted");
        assert!(passwords.fits(&right, Some(&kept)).unwrap());
        assert!(!passwords.fits(&wrong, Some(&kept)).unwrap());
        assert!(!passwords.fits(&Secret::new(""), None).unwrap(), "nobody has the password of nobody");
    }

    #[test]
    fn more_than_can_wait_are_sent_away() {
        let passwords = Passwords::default();
        let taken: Vec<()> = passwords.turns.1.try_iter().collect();
        passwords.waiting.store(WAITING_MAX, Ordering::Relaxed);
        assert!(matches!(passwords.hash(&Secret::new("x")), Err(ServiceError::Crowded)));
        assert_eq!((taken.len(), passwords.waiting.load(Ordering::Relaxed)), (AT_ONCE, WAITING_MAX));
    }

    #[test]
    fn weak_passwords_are_refused_and_never_repeated() {
        for (password, name, good) in [
            ("short", "zhang", false),
            ("aaaaaaaaaaaaaaab", "zhang", false),
            ("zhangsan-2026-x", "zhangsan", false),
            ("correct horse battery", "zhangsan", true),
        ] {
            let mut faults = Faults::default();
            check(&mut faults, &Secret::new(password), name);
            assert_eq!(faults.0.is_empty(), good, "{password}");
            assert!(!faults.to_string().contains(password));
        }
    }
}
