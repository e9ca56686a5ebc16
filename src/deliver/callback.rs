//! Callbacks of the platform: believed only when signed with our key, bounded in size, and of the documented form.
//! Nothing is applied here; the store applies a callback once.

use axum::http::HeaderMap;

use super::{SignatureRefused, SigningKey};
use crate::domain::{Callback, WallTime};

/// Longer bodies are refused unread.
pub const CALLBACK_BYTES_MAX: usize = 64 * 1024;
/// Longest id and platform number, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 2000;

/// Why a callback was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallbackRefused {
    /// More than [`CALLBACK_BYTES_MAX`]: answer 413.
    #[error("a callback has at most {CALLBACK_BYTES_MAX} bytes")]
    TooLarge,
    /// Not signed by the platform: answer 401.
    #[error(transparent)]
    Unsigned(#[from] SignatureRefused),
    /// Signed, and not of the documented form: answer 422.
    #[error("the callback cannot be read: {0}; docs/delivery.md shows the form")]
    Malformed(String),
}

/// Verifies and reads a callback that was heard at `now`. `path` is path and query as the request named them.
///
/// # Errors
/// [`CallbackRefused`].
pub fn read_callback(
    key: &SigningKey,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: WallTime,
) -> Result<Callback, CallbackRefused> {
    if body.len() > CALLBACK_BYTES_MAX {
        return Err(CallbackRefused::TooLarge);
    }
    let idempotency_key = key.verify("POST", path, headers, body, now)?;
    let callback: Callback =
        serde_json::from_slice(body).map_err(|error| CallbackRefused::Malformed(error.to_string()))?;
    let malformed = |why: &str| Err(CallbackRefused::Malformed(why.to_owned()));
    if callback.callback_id.is_empty() || callback.callback_id.len() > NAME_BYTES_MAX {
        return malformed("callback_id has 1 to 128 bytes");
    }
    if callback.callback_id != idempotency_key {
        return malformed("callback_id and the header Idempotency-Key differ");
    }
    if callback.platform_number.as_ref().is_some_and(|number| number.is_empty() || number.len() > NAME_BYTES_MAX) {
        return malformed("platform_number has 1 to 128 bytes");
    }
    if callback.note.chars().count() > NOTE_CHARS_MAX {
        return malformed("note has at most 2000 characters");
    }
    Ok(callback)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;
    use crate::{
        deliver::Signed,
        domain::{CaseId, Secret, Stage},
    };

    fn read(body: &[u8], idempotency_key: &str) -> Result<Callback, CallbackRefused> {
        let now = WallTime::from_millis(1_800_000_000_000);
        let key = SigningKey::new("city", Secret::new("0123456789abcdef")).unwrap();
        let message = Signed { method: "POST", path: "/cb", idempotency_key, body };
        let headers: HeaderMap = key
            .headers(&message, now)
            .into_iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(&value).unwrap())
            })
            .collect();
        read_callback(&key, "/cb", &headers, body, now)
    }

    #[test]
    fn a_callback_is_signed_bounded_and_of_the_form() {
        let case = CaseId::derived(&[b"c"]);
        let body = format!(
            r#"{{"callback_id":"cb-1","case_id":"{case}","stage":"handled","platform_number":"2026-1","at":"2026-11-23T10:00:00+08:00"}}"#
        );
        let callback = read(body.as_bytes(), "cb-1").unwrap();
        assert_eq!((callback.stage, callback.case_id), (Stage::Handled, case));
        let malformed =
            |body: &str, key: &str| matches!(read(body.as_bytes(), key), Err(CallbackRefused::Malformed(_)));
        assert!(malformed(&body, "cb-2"), "the header names another callback");
        assert!(malformed(&body.replace("handled", "eaten"), "cb-1"));
        assert!(malformed(&body.replace("\"stage\"", "\"extra\":1,\"stage\""), "cb-1"));
        assert!(malformed(&body.replace("2026-1\"", "\""), "cb-1"));
        assert_eq!(read(&vec![b' '; CALLBACK_BYTES_MAX + 1], "x"), Err(CallbackRefused::TooLarge));
    }
}
