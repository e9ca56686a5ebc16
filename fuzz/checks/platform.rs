//! What the platform sends: callbacks and links, believed only with our signature. The first byte says which. A `!` in
//! the place of the signature has the check sign as the platform would; any other signature must be refused.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use xunjie::{
    deliver::{CallbackRefused, SignatureRefused, Signed, SigningKey, read_callback},
    domain::{EvidenceId, Secret, WallTime},
};

const PATH: &str = "/api/v1/callbacks";

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which {
        b'c' => callback(rest),
        b'l' => link(rest),
        _ => {}
    }
}

fn key() -> SigningKey {
    SigningKey::new("city", Secret::new("a secret of tests, 32 bytes long")).expect("it is long enough")
}

fn now() -> WallTime {
    WallTime::from_millis(1_800_000_000_000)
}

/// Key id, time, signature, idempotency key, then the body: one a line.
fn callback(bytes: &[u8]) {
    let mut parts = bytes.splitn(5, |byte| *byte == b'\n');
    let [Some(id), Some(time), Some(signature), Some(idempotency_key), Some(body)] =
        std::array::from_fn(|_| parts.next())
    else {
        return;
    };
    let signed = signature == b"!";
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-xunjie-key", id),
        ("x-xunjie-timestamp", time),
        ("x-xunjie-signature", signature),
        ("idempotency-key", idempotency_key),
    ] {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        headers.insert(HeaderName::from_static(name), value);
    }
    if signed {
        let Ok(idempotency_key) = std::str::from_utf8(idempotency_key) else { return };
        let message = Signed { method: "POST", path: PATH, idempotency_key, body };
        for (name, value) in key().headers(&message, now()) {
            let Ok(value) = HeaderValue::from_str(&value) else { return };
            headers.insert(HeaderName::from_bytes(name.as_bytes()).expect("a name"), value);
        }
    }
    match read_callback(&key(), PATH, &headers, body, now()) {
        Ok(callback) => {
            assert!(signed, "believed without a signature");
            assert_eq!(callback.callback_id.as_bytes(), idempotency_key);
            let written = serde_json::to_vec(&callback).expect("a callback is plain");
            assert_eq!(serde_json::from_slice(&written).ok().as_ref(), Some(&callback));
            tampered(headers, body);
        }
        Err(CallbackRefused::Malformed(why)) => assert!(signed && !why.is_empty()),
        // A header of other letters than ASCII cannot be read, signed or not.
        Err(CallbackRefused::TooLarge | CallbackRefused::Unsigned(SignatureRefused::Header(_))) => {}
        Err(refused) => assert!(!signed, "{refused}"),
    }
}

/// One bit of any part, and nothing is believed any more.
fn tampered(headers: HeaderMap, body: &[u8]) {
    let refused = |path: &str, headers: &HeaderMap, body: &[u8], now: WallTime| {
        let answer = read_callback(&key(), path, headers, body, now);
        assert!(matches!(answer, Err(CallbackRefused::Unsigned(_))), "{answer:?}");
    };
    let mut other = body.to_vec();
    other[body.len() / 2] ^= 1;
    refused(PATH, &headers, &other, now());
    refused("/api/v1/callbacks?", &headers, body, now());
    refused(PATH, &headers, body, WallTime::from_millis(i64::MAX));
    refused(PATH, &headers, body, WallTime::from_millis(i64::MIN));
    for name in ["x-xunjie-key", "x-xunjie-timestamp", "x-xunjie-signature", "idempotency-key"] {
        let mut other = headers.clone();
        other.insert(name, HeaderValue::from_static("0"));
        refused(PATH, &other, body, now());
        other.remove(name);
        refused(PATH, &other, body, now());
    }
}

/// Base address, file name, then the query that somebody follows a link with: one a line.
fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut parts = text.splitn(3, '\n');
    let [Some(base), Some(name), Some(query)] = std::array::from_fn(|_| parts.next()) else { return };
    let evidence = EvidenceId::derived(&[b"e"]);
    assert!(key().verify_media_link(evidence, name, query, now()).is_err(), "nobody was given {query}");
    let Ok(base) = url::Url::parse(base) else { return };
    let ours = key().media_link(&base, evidence, name, now());
    let signed = ours.query().expect("a link carries its proof");
    assert_eq!(key().verify_media_link(evidence, name, signed, now()), Ok(()));
    assert!(key().verify_media_link(evidence, &format!("{name}0"), signed, now()).is_err());
    assert!(key().verify_media_link(EvidenceId::derived(&[b"f"]), name, signed, now()).is_err());
    assert!(key().verify_media_link(evidence, name, signed, WallTime::from_millis(1_800_000_001_000)).is_err());
}
