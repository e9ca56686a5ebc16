//! Bundles, files, legal hold, and what leaves the review circle.

use std::{
    fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;
use url::Url;
use xunjie::{
    domain::{EvidenceId, FileRole, Role},
    media::jpeg,
    web::{Ports, ThumbnailPort},
};

use crate::house::{House, pictures};

fn with_bundle(house: &House) -> (String, EvidenceId) {
    let (view, zone) = house.camera("C1", "东门");
    let id = house.incident(view, zone, 1, &pictures());
    let row = house.service.store.evidence_of(id).unwrap().remove(0);
    (id.to_string(), row.id)
}

#[test]
fn files_come_with_their_type_and_only_by_the_names_of_the_manifest() {
    let house = House::start(true);
    let (_, bundle) = with_bundle(&house);
    let api = house.client();
    let files = api.get(&format!("/api/v1/evidence/{bundle}")).json["files"].clone();
    assert_eq!(files.as_array().unwrap().len(), 5);
    assert!(api.get(&format!("/api/v1/evidence/{bundle}/manifest")).json["rule"]["dwell_s"].is_number());
    let picture = api.get(&format!("/api/v1/evidence/{bundle}/files/first.jpg"));
    assert_eq!((picture.status, picture.bytes.as_slice()), (200, pictures()[0].1.as_slice()));
    assert_eq!((picture.header("content-type"), picture.header("x-content-type-options")), ("image/jpeg", "nosniff"));
    assert_eq!(picture.header("cross-origin-resource-policy"), "same-origin");
    let known = house.client().with("if-none-match", picture.header("etag"));
    assert_eq!(known.get(&format!("/api/v1/evidence/{bundle}/files/first.jpg")).status, 304);
    let part = house.client().with("range", "bytes=0-3").get(&format!("/api/v1/evidence/{bundle}/files/first.jpg"));
    assert_eq!((part.status, part.bytes.as_slice()), (206, &pictures()[0].1[..4]));

    for name in [
        "..%2f..%2f..%2fxunjie.db",
        "%2e%2e%2fmanifest.json",
        "..%5c..%5cxunjie.db",
        "manifest.json",
        "first.jpg%00",
        "%2fetc%2fpasswd",
        "FIRST.JPG",
        "no.jpg",
    ] {
        let answer = api.get(&format!("/api/v1/evidence/{bundle}/files/{name}"));
        assert_eq!((answer.status, answer.json["status"].as_u64()), (404, Some(404)), "{name}: {}", answer.text);
    }
    assert_eq!(api.get(&format!("/api/v1/evidence/{bundle}/files/../../../../xunjie.db")).status, 404);
}

#[test]
fn a_touched_file_is_named_and_not_given_out() {
    let house = House::start(true);
    let (_, bundle) = with_bundle(&house);
    let api = house.client();
    let proof = format!("/api/v1/evidence/{bundle}/proof");
    assert_eq!(api.get(&proof).json, json!({"intact": true, "reason": null}));
    assert!(house.service.verify_all_evidence().unwrap().whole());
    let row = house.service.store.evidence(bundle).unwrap();
    fs::write(house.service.evidence.path(&row, "middle.jpg").unwrap(), b"\xff\xd8 another picture").unwrap();
    let found = api.get(&proof).json;
    assert_eq!(found["intact"], false);
    assert!(found["reason"].as_str().unwrap().contains("middle.jpg"), "{found}");
    let touched = api.get(&format!("/api/v1/evidence/{bundle}/files/middle.jpg"));
    assert_eq!((touched.status, &touched.json["type"]), (500, &"urn:xunjie:problem:damaged".into()));
}

#[test]
fn legal_hold_is_set_and_lifted_and_purged_files_are_gone() {
    let house = House::start(true);
    let (incident, bundle) = with_bundle(&house);
    let api = house.client();
    let hold = |hold: bool| {
        let body = json!({"hold": hold}).to_string();
        api.send("PUT", &format!("/api/v1/incidents/{incident}/hold"), Some(("application/json", body.into())))
    };
    assert_eq!(hold(true).json["items"][0]["legal_hold"], true);
    assert!(house.service.store.purge_evidence(bundle, house.now()).is_err());
    assert_eq!(hold(false).json["items"][0]["legal_hold"], false);
    house.service.store.purge_evidence(bundle, house.now()).unwrap();
    for path in ["", "/manifest", "/proof", "/files/first.jpg"] {
        assert_eq!(api.get(&format!("/api/v1/evidence/{bundle}{path}")).status, 410, "{path}");
    }
    assert_eq!(api.get(&format!("/api/v1/incidents/{incident}")).status, 200, "the record stays");
}

#[test]
fn a_signed_link_opens_the_masked_picture_alone() {
    let house = House::start(false);
    let trusted = house.client().with("authorization", &format!("Bearer {}", house.token));
    let stream =
        json!({"code": "C1", "name": "东门", "url": "rtsp://127.0.0.1/a", "matters": ["motor_vehicle_parking"]});
    let view = trusted.post("/api/v1/streams", &stream).json["views"][0]["id"].as_str().unwrap().parse().unwrap();
    let zone = trusted.post("/api/v1/zones", &crate::house::zone(view, "motor_vehicle_parking")).json;
    let id = house.incident(view, zone["id"].as_str().unwrap().parse().unwrap(), 1, &pictures());
    let bundle = house.service.store.evidence_of(id).unwrap()[0].id;
    let base = Url::parse(&house.base).unwrap();
    let link = |name: &str, seconds: u64| {
        let url = house.key.media_link(&base, bundle, name, house.now().plus(Duration::from_secs(seconds)));
        format!("{}?{}", url.path(), url.query().unwrap())
    };
    let platform = house.client();
    let masked = platform.get(&link("masked.jpg", 60));
    let picture = pictures().into_iter().find(|(role, _)| *role == FileRole::Masked).unwrap().1;
    assert_eq!((masked.status, masked.bytes), (200, picture));
    for original in ["first.jpg", "middle.jpg", "latest.jpg", "annotated.jpg"] {
        let refused = platform.get(&link(original, 60));
        assert_eq!(
            (refused.status, refused.json["status"].as_u64()),
            (403, Some(403)),
            "{original} with a good signature"
        );
    }
    assert_eq!(platform.get(&link("masked.jpg", 60).replace("signature=", "signature=0")).status, 403);
    assert_eq!(platform.get(&format!("/media/{bundle}/masked.jpg")).status, 403);
    let link = link("masked.jpg", 60);
    house.clock.advance_to(house.now().plus(Duration::from_secs(62)));
    assert_eq!(platform.get(&link).status, 403, "its time is over");
    assert_eq!(platform.get(&format!("/api/v1/evidence/{bundle}/files/masked.jpg")).status, 401);
}

#[test]
fn a_reference_picture_comes_small_in_two_widths() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let thumbnail: ThumbnailPort = Arc::new(move |picture, width| {
        noted.lock().unwrap().push(width);
        let small = jpeg::decode(picture).and_then(|picture| jpeg::thumbnail(&picture, width / 20));
        small.map_err(|error| error.to_string())
    });
    let house = House::start_with(true, Ports { thumbnail: Some(thumbnail), ..Ports::default() });
    let (view, _) = house.camera("C1", "东门");
    crate::doors::picture_of(&house, &view.to_string());
    let path = format!("/api/v1/views/{view}/reference?version=1");
    let width = |query: &str| {
        let answer = house.person_with("chen", &[Role::Operator], None, true).get(&format!("{path}{query}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, "image/jpeg"), "{}", answer.text);
        jpeg::decode(&answer.bytes).unwrap().width()
    };
    assert_eq!((width(""), width("&width=320"), width("&width=320"), width("&width=640")), (32, 16, 16, 32));
    assert_eq!(*asked.lock().unwrap(), [320, 640], "made once each");
    let odd = house.client().get(&format!("{path}&width=100000"));
    assert_eq!(odd.status, 400, "{}", odd.text);
    let other = house.person("li", &[Role::Operator], Some(&["西城区"]));
    assert_eq!(other.get(&format!("{path}&width=320")).status, 404, "what is kept is shown to nobody else");
}
