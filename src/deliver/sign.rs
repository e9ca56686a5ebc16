//! Signatures between us and the platform, in both directions, and signed links to masked pictures.
//! HMAC-SHA256 over everything that matters of a message; compared in constant time; no older or newer than
//! five minutes. The secret never appears in a message, an error or a log. docs/delivery.md is the contract.

use std::{fs, path::Path, time::Duration};

use axum::http::HeaderMap;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use url::{Url, form_urlencoded};

use crate::domain::{EvidenceId, Secret, WallTime};

/// Which key signed.
pub const KEY_HEADER: &str = "X-Xunjie-Key";
/// When it was signed: whole seconds since 1970, UTC.
pub const TIMESTAMP_HEADER: &str = "X-Xunjie-Timestamp";
/// Lower-case hexadecimal HMAC-SHA256.
pub const SIGNATURE_HEADER: &str = "X-Xunjie-Signature";
/// The delivery's id, or the platform's id of a callback: the same in every repetition.
pub const IDEMPOTENCY_HEADER: &str = "Idempotency-Key";

/// How far the two clocks may be apart.
pub const CLOCK_WINDOW: Duration = Duration::from_secs(300);
/// Shorter secrets are refused.
pub const SECRET_BYTES_MIN: usize = 16;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// The file cannot be read.
    #[error("the secret file {0} cannot be read: {1}; name one in platform.secret_file")]
    Unreadable(String, String),
    /// Too short to be a secret.
    #[error("the secret in {0} is shorter than {SECRET_BYTES_MIN} bytes; ask the platform for a longer one")]
    Short(String),
}

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// A header is missing or unreadable.
    #[error("the header {0} is missing or cannot be read")]
    Header(&'static str),
    /// Signed with another key than ours.
    #[error("the message is signed with a key that is not known here; compare key_id on both sides")]
    UnknownKey,
    /// Too old, or from the future.
    #[error("the message was signed {0} s away from this clock, 300 s are allowed; set the clocks by NTP")]
    OutsideWindow(u64),
    /// The signature does not fit.
    #[error("the signature does not fit the message; compare the secret, and whether a proxy changed path or body")]
    Wrong,
    /// The link's time is over.
    #[error("the link is no longer valid; the next try of the delivery brings a new one")]
    Expired,
}

/// A named HMAC secret that both sides hold.
#[derive(Clone, Debug)]
pub struct SigningKey {
    id: String,
    secret: Secret,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `POST`
    pub method: &'a str,
    /// Path with query, as the receiver sees it.
    pub path: &'a str,
    /// Value of [`IDEMPOTENCY_HEADER`].
    pub idempotency_key: &'a str,
    /// The body's bytes.
    pub body: &'a [u8],
}

impl SigningKey {
    /// Takes a key.
    ///
    /// # Errors
    /// [`BadKey::Short`].
    pub fn new(id: impl Into<String>, secret: Secret) -> Result<Self, BadKey> {
        let id = id.into();
        if secret.reveal().len() < SECRET_BYTES_MIN { Err(BadKey::Short(id)) } else { Ok(Self { id, secret }) }
    }

    /// Reads the secret from a file; white space at both ends does not belong to it.
    ///
    /// # Errors
    /// [`BadKey`], naming the file.
    pub fn read(id: &str, file: &Path) -> Result<Self, BadKey> {
        let shown = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| BadKey::Unreadable(shown.clone(), error.to_string()))?;
        Self::new(id, Secret::new(text.trim())).map_err(|_| BadKey::Short(shown))
    }

    /// The four headers of a message that is signed at `at`.
    pub fn headers(&self, message: &Signed<'_>, at: WallTime) -> [(&'static str, String); 4] {
        let timestamp = at.millis().div_euclid(1000).to_string();
        let signature = hex::encode(self.mac(&canonical(message, &timestamp)).finalize().into_bytes());
        [
            (KEY_HEADER, self.id.clone()),
            (TIMESTAMP_HEADER, timestamp),
            (SIGNATURE_HEADER, signature),
            (IDEMPOTENCY_HEADER, message.idempotency_key.to_owned()),
        ]
    }

    /// Checks a message that was heard at `now`. Returns its idempotency key.
    ///
    /// # Errors
    /// [`SignatureRefused`].
    pub fn verify(
        &self,
        method: &str,
        path: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: WallTime,
    ) -> Result<String, SignatureRefused> {
        let idempotency_key = header(headers, IDEMPOTENCY_HEADER)?;
        let timestamp = header(headers, TIMESTAMP_HEADER)?;
        let signature = header(headers, SIGNATURE_HEADER)?;
        if header(headers, KEY_HEADER)? != self.id {
            return Err(SignatureRefused::UnknownKey);
        }
        let message = Signed { method, path, idempotency_key, body };
        self.fits(&canonical(&message, timestamp), signature)?;
        let signed_s: i64 = timestamp.parse().map_err(|_| SignatureRefused::Header(TIMESTAMP_HEADER))?;
        let apart_s = now.millis().div_euclid(1000).abs_diff(signed_s);
        if apart_s > CLOCK_WINDOW.as_secs() {
            return Err(SignatureRefused::OutsideWindow(apart_s));
        }
        Ok(idempotency_key.to_owned())
    }

    /// A link below `base` to a masked picture, valid until `until`: whoever holds it may fetch that one file.
    pub fn media_link(&self, base: &Url, evidence: EvidenceId, name: &str, until: WallTime) -> Url {
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["media", &evidence.to_string(), name]);
        }
        let until_s = until.millis().div_euclid(1000);
        let own_path = media_path(evidence, name);
        let signature = hex::encode(self.mac(&link_text(&own_path, until_s)).finalize().into_bytes());
        url.set_query(Some(&format!("until={until_s}&signature={signature}")));
        url
    }

    /// Checks the query of a media link that is followed at `now`.
    ///
    /// # Errors
    /// [`SignatureRefused::Wrong`] or [`SignatureRefused::Expired`].
    pub fn verify_media_link(
        &self,
        evidence: EvidenceId,
        name: &str,
        query: &str,
        now: WallTime,
    ) -> Result<(), SignatureRefused> {
        let value = |key: &str| {
            form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
        };
        let until_s: i64 = value("until").and_then(|text| text.parse().ok()).ok_or(SignatureRefused::Wrong)?;
        let signature = value("signature").ok_or(SignatureRefused::Wrong)?;
        self.fits(&link_text(&media_path(evidence, name), until_s), &signature)?;
        if now.millis().div_euclid(1000) > until_s { Err(SignatureRefused::Expired) } else { Ok(()) }
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::new_from_slice(self.secret.reveal().as_bytes()).expect("HMAC takes keys of any length");
        mac.update(text.as_bytes());
        mac
    }

    /// Compares in constant time.
    fn fits(&self, text: &str, signature: &str) -> Result<(), SignatureRefused> {
        let signature = hex::decode(signature).map_err(|_| SignatureRefused::Wrong)?;
        self.mac(text).verify_slice(&signature).map_err(|_| SignatureRefused::Wrong)
    }
}

/// What is signed of a message: no part can be moved into another, because no part but the last holds a line feed.
fn canonical(message: &Signed<'_>, timestamp: &str) -> String {
    let Signed { method, path, idempotency_key, body } = message;
    let body = hex::encode(Sha256::digest(body));
    format!("XUNJIE-HMAC-SHA256\n{method}\n{path}\n{timestamp}\n{idempotency_key}\n{body}")
}

/// What is signed of a link. Not the host and not the prefix, which a proxy may change.
fn link_text(path: &str, until_s: i64) -> String {
    format!("XUNJIE-LINK\n{path}\n{until_s}")
}

fn media_path(evidence: EvidenceId, name: &str) -> String {
    format!("/media/{evidence}/{name}")
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, SignatureRefused> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureRefused::Header(name))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn key(secret: &str) -> SigningKey {
        SigningKey::new("city", Secret::new(secret)).unwrap()
    }

    fn signed(key: &SigningKey, at: WallTime) -> HeaderMap {
        let message = Signed { method: "POST", path: "/cases?x=1", idempotency_key: "d1", body: b"{}" };
        let pairs = key.headers(&message, at);
        pairs
            .into_iter()
            .map(|(name, value)| {
                (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(&value).unwrap())
            })
            .collect()
    }

    #[test]
    fn a_signature_binds_every_part_and_the_time() {
        let (ours, now) = (key("0123456789abcdef"), WallTime::from_millis(1_800_000_000_000));
        let headers = signed(&ours, now);
        let verify =
            |method: &str, path: &str, body: &[u8], at: WallTime| ours.verify(method, path, &headers, body, at);
        assert_eq!(verify("POST", "/cases?x=1", b"{}", now), Ok("d1".to_owned()));
        assert_eq!(verify("PUT", "/cases?x=1", b"{}", now), Err(SignatureRefused::Wrong));
        assert_eq!(verify("POST", "/cases", b"{}", now), Err(SignatureRefused::Wrong));
        assert_eq!(verify("POST", "/cases?x=1", b"{ }", now), Err(SignatureRefused::Wrong));
        let (late, early) = (now.plus(Duration::from_secs(301)), now.minus(Duration::from_secs(301)));
        assert_eq!(verify("POST", "/cases?x=1", b"{}", late), Err(SignatureRefused::OutsideWindow(301)));
        assert_eq!(verify("POST", "/cases?x=1", b"{}", early), Err(SignatureRefused::OutsideWindow(301)));
        assert!(verify("POST", "/cases?x=1", b"{}", now.plus(CLOCK_WINDOW)).is_ok());

        let mut other = headers.clone();
        other.insert(IDEMPOTENCY_HEADER, HeaderValue::from_static("d2"));
        assert_eq!(ours.verify("POST", "/cases?x=1", &other, b"{}", now), Err(SignatureRefused::Wrong));
        other.remove(SIGNATURE_HEADER);
        let refused = ours.verify("POST", "/cases?x=1", &other, b"{}", now);
        assert_eq!(refused, Err(SignatureRefused::Header(SIGNATURE_HEADER)));
        let wrong = key("another secret, long");
        assert_eq!(wrong.verify("POST", "/cases?x=1", &headers, b"{}", now), Err(SignatureRefused::Wrong));
        assert!(!format!("{ours:?}").contains("0123456789abcdef"));
        assert!(SigningKey::new("k", Secret::new("short")).is_err());
    }

    #[test]
    fn a_link_opens_one_file_until_its_time() {
        let (ours, now) = (key("0123456789abcdef"), WallTime::from_millis(1_800_000_000_000));
        let (evidence, base) = (EvidenceId::derived(&[b"e"]), Url::parse("https://us.example/xunjie/").unwrap());
        let url = ours.media_link(&base, evidence, "masked 1.jpg", now.plus(Duration::from_secs(60)));
        assert_eq!(url.path(), format!("/xunjie/media/{evidence}/masked%201.jpg"));
        let query = url.query().unwrap();
        assert_eq!(ours.verify_media_link(evidence, "masked 1.jpg", query, now), Ok(()));
        let refused = |name: &str, query: &str, at| ours.verify_media_link(evidence, name, query, at);
        assert_eq!(refused("first.jpg", query, now), Err(SignatureRefused::Wrong));
        assert_eq!(refused("masked 1.jpg", "until=9&signature=00", now), Err(SignatureRefused::Wrong));
        let late = now.plus(Duration::from_secs(61));
        assert_eq!(refused("masked 1.jpg", query, late), Err(SignatureRefused::Expired));
    }
}
