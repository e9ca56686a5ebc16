//! The examples of docs/delivery.md are true.

use std::{collections::BTreeMap, fs};

use axum::http::HeaderMap;
use url::Url;
use xunjie::{
    deliver::{HeldCases, Payload, SIGNATURE_HEADER, Signed, SigningKey, Told},
    domain::{Callback, EvidenceId, Secret, Stage, WallTime},
};

/// The code blocks of a language, in order.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/delivery.md")).unwrap();
    let opening = format!("```{language}\n");
    text.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A block of `name value` lines.
fn named(block: &str) -> BTreeMap<String, String> {
    let pairs = block.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn key(secret: &str) -> SigningKey {
    SigningKey::new("city", Secret::new(secret)).unwrap()
}

fn at(seconds: &str) -> WallTime {
    WallTime::from_millis(seconds.parse::<i64>().unwrap() * 1000)
}

#[test]
fn the_documented_messages_are_of_the_form_and_say_all_that_is_sent() {
    let json = blocks("json");
    let payload: Payload = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(payload.told, Told::Report);
    let documented: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(serde_json::to_value(&payload).unwrap(), documented, "a key is undocumented or was renamed");

    let callback: Callback = serde_json::from_str(&json[1]).unwrap();
    assert_eq!((callback.stage, callback.case_id.to_string()), (Stage::Handled, payload.case_id.clone()));

    let held: HeldCases = serde_json::from_str(&json[2]).unwrap();
    assert_eq!((held.cases.len(), &held.cases[0].case_id), (1, &payload.case_id));
}

#[test]
fn the_documented_signatures_are_what_the_code_computes() {
    let text = blocks("text");
    let message = named(&text[1]);
    let signed = Signed {
        method: &message["method"],
        path: &message["path"],
        idempotency_key: &message["key"],
        body: message["body"].as_bytes(),
    };
    let now = at(&message["timestamp"]);
    let headers = key(&message["secret"]).headers(&signed, now);
    let signature = headers.iter().find(|(name, _)| *name == SIGNATURE_HEADER).unwrap();
    assert_eq!(signature.1, message["signature"]);
    let mut heard = HeaderMap::new();
    for (name, value) in headers {
        heard.insert(name, value.parse().unwrap());
    }
    let verified =
        key(&message["secret"]).verify(signed.method, signed.path, &heard, signed.body, now.plus(super::PATIENT));
    assert_eq!(verified.as_ref(), Ok(&message["key"]));

    let link = named(&text[2]);
    let mut parts = link["path"].split('/').skip(2);
    let evidence: EvidenceId = parts.next().unwrap().parse().unwrap();
    let base = Url::parse("https://xunjie.example").unwrap();
    let url = key(&link["secret"]).media_link(&base, evidence, parts.next().unwrap(), at(&link["until"]));
    assert_eq!(url.path(), link["path"]);
    assert_eq!(url.query().unwrap(), format!("until={}&signature={}", link["until"], link["signature"]));
}
