//! The HTTP surface against a real server, a real SQLite store and real evidence files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod desk;
mod doors;
mod encrypted;
mod evidence;
mod house;
mod imports;
mod limits;
mod oidc;
mod platform;
mod review;
mod shadow;
mod shown;
mod statistics;
mod streams;
mod what_if;

use std::time::Duration;

use house::{House, pictures};

#[test]
fn the_openapi_document_is_the_one_that_was_agreed() {
    let document = serde_json::to_value(xunjie::web::openapi()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].to_string()), "{method} {path} shares its operation id");
        }
    }
    insta::assert_json_snapshot!("openapi", document);
}

#[test]
fn what_cannot_be_answered_is_a_problem() {
    let house = House::start(true);
    let api = house.client();
    let unknown = "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52";
    for (method, path, status, kind) in [
        ("GET", format!("/api/v1/incidents/{unknown}"), 404, "missing"),
        ("GET", "/api/v1/incidents/7".to_owned(), 404, "missing"),
        ("GET", format!("/api/v1/streams/{unknown}"), 404, "missing"),
        ("DELETE", format!("/api/v1/zones/{unknown}"), 404, "missing"),
        ("GET", format!("/api/v1/cases/{unknown}"), 404, "missing"),
        ("POST", format!("/api/v1/deliveries/{unknown}/replay"), 404, "missing"),
        ("GET", format!("/api/v1/views/{unknown}/looks"), 404, "missing"),
        ("GET", "/api/v1/nothing".to_owned(), 404, "missing"),
        ("PUT", "/api/v1/streams".to_owned(), 405, "method"),
        ("GET", "/api/v1/incidents?after=nonsense".to_owned(), 400, "unreadable"),
        ("GET", "/api/v1/cases?after=%00".to_owned(), 400, "unreadable"),
        ("GET", "/api/v1/evidence?after=x".to_owned(), 400, "unreadable"),
        ("GET", "/api/v1/deliveries?limit=501".to_owned(), 400, "unreadable"),
        ("GET", "/api/v1/incidents?limit=many".to_owned(), 400, "unreadable"),
        ("GET", "/api/v1/incidents?review=maybe".to_owned(), 422, "invalid"),
        ("POST", format!("/api/v1/views/{unknown}/reference"), 501, "unavailable"),
    ] {
        let answer = api.send(method, &path, None);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert_eq!(answer.json["status"], status, "{method} {path}");
        assert_eq!(answer.json["type"], format!("urn:xunjie:problem:{kind}"), "{method} {path}");
        assert!(
            !answer.json["title"].as_str().unwrap().is_empty() && !answer.json["detail"].as_str().unwrap().is_empty()
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let broken = api.send("POST", "/api/v1/streams", Some(("application/json", b"{".to_vec())));
    assert_eq!((broken.status, broken.json["status"].as_u64()), (400, Some(400)));
    let large = api.send("POST", "/api/v1/streams", Some(("application/json", vec![b' '; 300 * 1024])));
    assert_eq!((large.status, large.json["status"].as_u64()), (413, Some(413)), "{}", large.text);
}

#[test]
fn lists_are_pages_with_a_cursor() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let ids: Vec<_> = (0..5)
        .map(|n| {
            house.clock.advance_to(house.now().plus(Duration::from_secs(1)));
            house.incident(view, zone, n, &pictures()).to_string()
        })
        .collect();
    let api = house.client();
    for list in ["incidents?review=waiting&", "evidence?"] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/api/v1/{list}limit=2{after}"));
            assert_eq!(page.status, 200, "{}", page.text);
            let key = if list.starts_with('i') { "id" } else { "incident" };
            seen.extend(page.json["items"].as_array().unwrap().iter().map(|row| row[key].as_str().unwrap().to_owned()));
            match page.json["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ids.iter().rev().cloned().collect::<Vec<_>>(), "newest first, each once: {list}");
    }
}

#[test]
fn health_tells_what_needs_a_person_and_metrics_are_told() {
    let house = House::start(true);
    let (view, _) = house.camera("C1", "东门");
    let api = house.client();
    assert_eq!(api.get("/healthz").text, "ok\n");
    let health = api.get("/api/v1/health").json;
    assert_eq!((&health["ok"], &health["coverage"]["uncovered"]), (&false.into(), &1.into()), "never looked at");
    let mut outcome = xunjie::store::LookOutcome {
        report: house.look(view, xunjie::domain::ViewState::Same, None),
        places: vec![],
        forgotten: vec![],
        changes: vec![],
        evidence: vec![],
        recheck: None,
        verifications: vec![],
        observed: None,
    };
    house.service.store.record(&outcome).unwrap();
    let health = api.get("/api/v1/health").json;
    assert_eq!((&health["store_ok"], &health["coverage"]["covered"]), (&true.into(), &1.into()));
    assert!(health["disk_free_bytes"].as_u64().unwrap() > 0);

    house.clock.advance_to(house.now().plus(Duration::from_secs(60)));
    outcome.report = house.look(view, xunjie::domain::ViewState::Dark, Some("平均亮度 4"));
    house.service.store.record(&outcome).unwrap();
    let row = api.get(&format!("/api/v1/views/{view}")).json;
    assert_eq!(
        (&row["coverage"], &row["state"], &row["reason"]),
        (&"blind".into(), &"dark".into(), &"平均亮度 4".into())
    );
    assert_eq!((&row["lateness_ms"], &row["skew_ms"]), (&400.into(), &(-120).into()));
    house.clock.advance_to(house.now().plus(Duration::from_secs(600)));
    assert_eq!(api.get(&format!("/api/v1/views/{view}")).json["coverage"], "overdue");
    assert_eq!(api.get(&format!("/api/v1/views/{view}/looks?limit=1")).json["items"].as_array().unwrap().len(), 1);

    let metrics = api.get("/metrics").text;
    assert!(
        metrics.contains("xunjie_requests_total{method=\"GET\",route=\"/api/v1/health\",status=\"200\"}"),
        "{metrics}"
    );
    assert!(!metrics.contains(&view.to_string()), "a metric's label is never an id");
}
