//! Streams, views and zones.

use std::sync::{Arc, Mutex};

use serde_json::json;
use xunjie::{
    domain::{LookId, Reference, Role, ViewId},
    web::{LookWish, LooksFull, Ports, Probed},
};

use crate::house::{House, logged, zone};

#[test]
fn a_credential_goes_in_and_never_comes_out() {
    let tried = Arc::new(Mutex::new(String::new()));
    let seen = tried.clone();
    let ports = Ports {
        probe: Some(Arc::new(move |stream, credential| {
            *seen.lock().unwrap() = credential.unwrap().password.reveal().to_owned();
            Probed { usable: true, summary: format!("{} 可用", stream.source), details: json!({}), picture: None }
        })),
        look: None,
        ..Ports::default()
    };
    let house = House::start_with(true, ports);
    let api = house.client();
    let inside =
        json!({"code": "C1", "name": "东门", "url": "rtsp://admin:pl4nted-a@10.0.0.8/ch1", "matters": ["stall"]});
    let added = api.post("/api/v1/streams", &inside);
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(added.json["url"], "rtsp://10.0.0.8/ch1");
    assert_eq!(added.json["has_credential"], true);
    let id = added.json["id"].as_str().unwrap().to_owned();
    let kept = |house: &House| house.service.store.credential(id.parse().unwrap()).unwrap().unwrap();
    assert_eq!(kept(&house).password.reveal(), "pl4nted-a");

    let beside = json!({"username": "admin", "password": "pl4nted-b"});
    assert_eq!(
        api.send("PATCH", &format!("/api/v1/streams/{id}"), Some(("application/json", beside.to_string().into())))
            .status,
        200
    );
    assert_eq!(kept(&house).password.reveal(), "pl4nted-b");
    let elsewhere = json!({"url": "rtsp://10.0.0.9/ch1"});
    let refused =
        api.send("PATCH", &format!("/api/v1/streams/{id}"), Some(("application/json", elsewhere.to_string().into())));
    assert_eq!(refused.status, 422, "another host must not be sent the old password: {}", refused.text);

    assert_eq!(api.post("/api/v1/streams/probe", &inside).json["usable"], true);
    assert_eq!(*tried.lock().unwrap(), "pl4nted-a");
    // What is faulty is not repeated either, wherever the password stands.
    for wrong in [
        json!({"code": "", "name": "x", "url": "gopher://u:pl4nted-c@h/"}),
        json!({"code": "C9", "name": "x", "url": "rtsp://u:pl4nted-c@"}),
        json!({"code": "C9", "name": "x", "url": "rtsp://8.8.8.8/", "password": "pl4nted-c"}),
        json!({"code": "C9", "name": "x", "url": "rtsp://10.0.0.8/", "enabled": "pl4nted-c"}),
        json!({"code": "C9", "name": "x", "url": "rtsp://10.0.0.8/", "transport": "pl4nted-c"}),
    ] {
        assert_eq!(api.post("/api/v1/streams", &wrong).status, 422, "{wrong}");
    }
    let in_query =
        json!({"code": "C2", "name": "西门", "url": "rtsp://10.0.0.7/user=admin&password=pl4nted-d&channel=1"});
    assert_eq!(api.post("/api/v1/streams", &in_query).status, 201);
    for path in [
        "/api/v1/streams",
        &format!("/api/v1/streams/{id}"),
        "/api/v1/views",
        "/coverage",
        "/metrics",
        "/api/v1/health",
    ] {
        assert_eq!(api.get(path).status, 200, "{path}");
    }
    let audit = house.service.store.audit_rows(None, 0, 500).unwrap();
    assert!(!audit.is_empty() && !format!("{audit:?}").contains("pl4nted"));
    // The lines alone are shown when it fails, not megabytes.
    let leaks =
        |text: &str| text.lines().filter(|line| line.contains("pl4nted")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(leaks(&api.heard()), [] as [&str; 0]);
    assert_eq!(leaks(&logged()), [] as [&str; 0]);
}

#[test]
fn all_faults_of_a_stream_are_told_at_once() {
    let house = House::start(true);
    let api = house.client();
    let faulty = json!({
        "code": "a b", "name": "  ", "url": "nonsense", "matters": ["stall", "no_such"], "revisit_s": 0,
        "location": {"longitude": 200.0, "latitude": 0.0, "crs": "wgs84", "address": "x", "grid_cell": "1"},
    });
    let answer = api.post("/api/v1/streams", &faulty);
    assert_eq!(answer.status, 422);
    let fields: Vec<_> =
        answer.json["faults"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    let all = ["code", "name", "url", "location.longitude", "location.grid_cell", "matters[1]", "revisit_s"];
    assert_eq!(fields, all, "{}", answer.text);
    let outside =
        api.post("/api/v1/streams", &json!({"code": "C1", "name": "x", "url": "rtsp://169.254.169.254/latest"}));
    assert_eq!(outside.json["faults"][0]["field"], "url", "no camera lives there");

    house.camera("C1", "东门");
    let again = api.post("/api/v1/streams", &json!({"code": "C1", "name": "东门", "url": "rtsp://10.0.0.8/"}));
    assert_eq!(again.status, 409, "{}", again.text);
}

#[test]
fn a_stream_is_changed_rested_and_removed() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let api = house.client();
    let id = api.get("/api/v1/streams").json["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/streams/{id}");
    let change = |body: &str| api.send("PATCH", &path, Some(("application/json", body.into())));
    let rested = change(r#"{"enabled": false, "name": "东门二"}"#);
    assert_eq!((&rested.json["enabled"], &rested.json["name"]), (&false.into(), &"东门二".into()));
    assert_eq!(api.get(&format!("/api/v1/views/{view}")).json["coverage"], "disabled");

    let path = format!("/api/v1/views/{view}");
    let change = |body: &str| api.send("PATCH", &path, Some(("application/json", body.into()))).json;
    assert_eq!(change(r#"{"revisit_s": 15, "matters": ["stall"]}"#)["revisit_s"], 15);
    assert_eq!(change(r#"{"name": "路口"}"#)["revisit_s"], 15, "what is left out stays");
    assert_eq!(change(r#"{"revisit_s": null}"#)["revisit_s"], serde_json::Value::Null, "null takes it away");
    assert_eq!(change(r#"{"weight": 0, "matters": ["x"]}"#)["faults"].as_array().unwrap().len(), 2);

    assert_eq!(api.send("DELETE", &format!("/api/v1/streams/{id}"), None).status, 204);
    assert_eq!(api.get(&format!("/api/v1/zones/{zone}")).status, 404);
    assert_eq!(api.get("/api/v1/views").json["items"], json!([]));
}

#[test]
fn a_zone_is_checked_drawn_and_versioned() {
    let house = House::start(true);
    let (view, id) = house.camera("C1", "东门");
    let api = house.client();
    let mut crossed = zone(view, "no_such");
    crossed["polygon"] = json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]);
    crossed["kind"] = json!("permitted");
    crossed["name"] = json!("");
    let answer = api.post("/api/v1/zones", &crossed);
    let fields: Vec<_> =
        answer.json["faults"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!((answer.status, fields), (422, vec!["name", "matters[0]", "polygon", "hours"]));

    let mut market = zone(view, "stall");
    market["kind"] = json!("permitted");
    let night = json!([{"from": "18:00", "to": "02:00"}]);
    market["hours"] = json!({"weekly": [night, [], [], [], night, night, night], "on_holidays": night});
    let drawn = api.post("/api/v1/zones", &market);
    assert_eq!((drawn.status, &drawn.json["hours"]), (201, &market["hours"]), "{}", drawn.text);
    market["hours"]["weekly"] = json!([[{"from": "25:00", "to": "2"}]]);
    let wrong = api.post("/api/v1/zones", &market).json["faults"].as_array().unwrap().len();
    assert_eq!(wrong, 3, "two times and a week of one day");

    let put = |body: &serde_json::Value| {
        api.send("PUT", &format!("/api/v1/zones/{id}"), Some(("application/json", body.to_string().into())))
    };
    let mut moved = zone(view, "motor_vehicle_parking");
    moved["polygon"] = json!([[0.2, 0.2], [0.9, 0.2], [0.9, 0.9]]);
    assert_eq!(put(&moved).json["version"], 2);
    let versions = api.get(&format!("/api/v1/zones/{id}/versions")).json;
    let told: Vec<_> = versions["items"].as_array().unwrap().iter().map(|v| &v["zone"]["polygon"]).collect();
    assert_eq!((told.len(), told[0]), (2, &moved["polygon"]), "newest first: {versions}");
    assert_ne!(told[1], told[0]);
    assert_eq!(api.get(&format!("/api/v1/zones/{}/versions", ViewId::fresh())).status, 404);
    assert_eq!(api.get(&format!("/api/v1/zones?view={view}")).json["items"].as_array().unwrap().len(), 2);
    assert_eq!(api.send("DELETE", &format!("/api/v1/zones/{id}"), None).status, 204);
    let nowhere = zone(ViewId::fresh(), "stall");
    assert_eq!(api.post("/api/v1/zones", &nowhere).status, 404);
}

#[test]
fn the_catalogue_tells_what_is_looked_for_and_the_holidays() {
    let house = House::start(true);
    let api = house.client();
    let matters = api.get("/api/v1/matters").json;
    let parking = matters["items"].as_array().unwrap().iter().find(|m| m["key"] == "motor_vehicle_parking").unwrap();
    assert_eq!((&parking["name"], &parking["zone_test"]), (&json!("机动车乱停放"), &json!("bottom_centre")));
    assert_eq!(parking["code_2026"], "09009");
    let calendar = api.get("/api/v1/calendar").json;
    let offset = house.service.config.city.utc_offset().to_string();
    assert_eq!(calendar["utc_offset"], offset.as_str());
    let holidays = calendar["holidays"].as_array().unwrap();
    let is_holiday =
        |day: &serde_json::Value| house.service.config.city.is_holiday(day.as_str().unwrap().parse().unwrap());
    assert!(holidays.iter().all(is_holiday), "{holidays:?}");
}

#[test]
fn a_look_can_be_asked_for_where_the_patrol_runs() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let ports = Ports {
        look: Some(Arc::new(move |view, wish| {
            noted.lock().unwrap().push((view, wish));
            if wish == LookWish::Reference { Ok(LookId::derived(&[b"l"])) } else { Err(LooksFull) }
        })),
        ..Ports::default()
    };
    let house = House::start_with(true, ports);
    let (view, _) = house.camera("C1", "东门");
    let api = house.client();
    let reference = api.post(&format!("/api/v1/views/{view}/reference"), &json!({}));
    assert_eq!((reference.status, &reference.json["look"]), (202, &LookId::derived(&[b"l"]).to_string().into()));
    let snapshot = api.post(&format!("/api/v1/views/{view}/looks"), &json!({}));
    assert_eq!((snapshot.status, &snapshot.json["code"]), (503, &"looks_full".into()));
    assert_eq!(*asked.lock().unwrap(), [(view, LookWish::Reference), (view, LookWish::Snapshot)]);
    assert_eq!(api.post(&format!("/api/v1/views/{}/looks", ViewId::fresh()), &json!({})).status, 404);
    assert_eq!(api.get(&format!("/api/v1/views/{view}/reference")).status, 404, "no reference was taken yet");
}

#[test]
fn a_reference_picture_is_masked_for_everybody_but_who_may_see_more_and_asks() {
    let house = House::start(true);
    let (view, _) = house.camera("C1", "东门");
    let reference = Reference {
        version: 1,
        file: format!("references/{view}/1.jpg"),
        sha256: "00".repeat(32),
        width: 64,
        height: 36,
        taken_at: house.now(),
    };
    let data = &house.service.config.settings.folders.data;
    std::fs::create_dir_all(data.join(&reference.file).parent().unwrap()).unwrap();
    std::fs::write(data.join(&reference.file), b"\xff\xd8 as it was taken").unwrap();
    house.service.store.put_reference(view, &reference, "tests").unwrap();
    let (plain, trusted) = (
        house.person_with("张三", &[Role::Operator], None, false),
        house.person_with("李四", &[Role::Operator], None, true),
    );
    let (path, original) = (
        format!("/api/v1/views/{view}/reference?version=1"),
        format!("/api/v1/views/{view}/reference?version=1&original=true"),
    );
    let audited = || {
        let rows = house.service.store.audit_rows(Some(&view.to_string()), 0, 50).unwrap();
        rows.into_iter().filter(|row| row.action == "reference.unmasked").map(|row| row.actor).collect::<Vec<_>>()
    };
    assert_eq!(plain.get(&path).status, 404, "the masked copy was not made yet");

    std::fs::write(data.join(reference.masked_file()), b"\xff\xd8 masked").unwrap();
    for api in [&plain, &trusted] {
        assert_eq!(api.get(&path).bytes, b"\xff\xd8 masked");
    }
    assert_eq!(plain.get(&original).status, 403);
    assert_eq!(audited(), [""; 0], "nobody was shown more");
    assert_eq!(trusted.get(&original).bytes, b"\xff\xd8 as it was taken");
    assert_eq!(audited(), ["李四"]);
}
