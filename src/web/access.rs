//! Who may come in. One token for the whole house lies in the data folder; the page trades it for a session.
//! The token is compared in constant time and never leaves its file but in the caller's own hands.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::sessions::Sessions;
use crate::domain::Secret;

/// Name of the token's file in the data folder.
pub const TOKEN_FILE: &str = "access.token";
/// How long a session of the page lasts.
pub(super) const SESSION: Duration = Duration::from_secs(12 * 3600);

/// The token, the sessions of the page, and whether a loopback listener asks for neither.
pub struct Access {
    token: Secret,
    open_loopback: bool,
    sessions: Sessions,
}

impl Access {
    /// Reads the token from the data folder, or makes one (256 random bits, readable by its owner alone).
    ///
    /// `open_loopback`: a listener on a loopback address asks for no login.
    ///
    /// # Errors
    /// What the system says of the file.
    pub fn open(data: &Path, open_loopback: bool) -> io::Result<Self> {
        let path = data.join(TOKEN_FILE);
        let token = match fs::read_to_string(&path) {
            Ok(text) if text.trim().len() >= 32 => text.trim().to_owned(),
            Ok(_) => {
                let told = format!("{} holds no token; remove it, and the next start makes a new one", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidData, told));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => make_token(&path)?,
            Err(error) => return Err(error),
        };
        Ok(Self { token: Secret::new(token), open_loopback, sessions: Sessions::default() })
    }

    /// Whether a loopback listener asks for no login.
    pub fn open_loopback(&self) -> bool {
        self.open_loopback
    }

    /// Whether this is the token. Both are hashed first, so that neither content nor length shows in the time it takes.
    pub(super) fn is_token(&self, text: &str) -> bool {
        let (given, kept) = (Sha256::digest(text.as_bytes()), Sha256::digest(self.token.reveal().as_bytes()));
        given.as_slice().ct_eq(kept.as_slice()).into()
    }

    /// Trades the token for a session.
    pub(super) fn log_in(&self, token: &str) -> Option<String> {
        self.is_token(token.trim()).then(|| self.sessions.begin(Instant::now() + SESSION))
    }

    /// Whether the session is a living one.
    pub(super) fn is_session(&self, id: &str) -> bool {
        self.sessions.lives(id, Instant::now())
    }

    /// Ends a session.
    pub(super) fn log_out(&self, id: &str) {
        self.sessions.end(id);
    }
}

/// Writes beside and links into place: of two processes that start at once one wins, and the other reads its token.
fn make_token(path: &Path) -> io::Result<String> {
    let token = random_hex();
    let beside = path.with_extension(format!("token.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(token.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Ok(()) => Ok(token),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(fs::read_to_string(path)?.trim().to_owned()),
        Err(error) => Err(error),
    }
}

/// 256 random bits of the system as hexadecimal.
pub(super) fn random_hex() -> String {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the system's random source works once the process runs");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_token_is_made_once_for_its_owner_alone() {
        let data = tempfile::tempdir().unwrap();
        Access::open(data.path(), true).unwrap();
        let path = data.path().join(TOKEN_FILE);
        let token = fs::read_to_string(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 1, "nothing is left beside it");
        let again = Access::open(data.path(), true).unwrap();
        assert!(
            again.is_token(token.trim())
                && !again.is_token("")
                && !again.is_token(token.trim_start_matches(|c| token.starts_with(c)))
        );
        let session = again.log_in(&token).unwrap();
        assert!(again.is_session(&session) && !again.is_session(token.trim()) && again.log_in("no").is_none());
        again.log_out(&session);
        assert!(!again.is_session(&session));
        fs::write(&path, "short").unwrap();
        assert!(Access::open(data.path(), true).is_err());
    }
}
