//! Judging what a new model and the old one saw differently: by whom, counted for whom, taken back by whom.

use serde_json::{Value, json};
use xunjie::domain::Role;

use crate::{
    doors::disagreement,
    house::{House, token},
};

#[test]
fn a_person_says_what_is_there_and_who_was_right_is_counted() {
    let house = House::start(false);
    let (view, zone) = house.camera("S1", "东门");
    let id = disagreement(&house, view, zone);
    let li = house.person("li", &[Role::Operator], None);
    let wang = house.person("wang", &[Role::Supervisor], None);
    let path = format!("/api/v1/shadow/{id}/judgement");
    let judged = || {
        li.get(&format!("/api/v1/shadow?view={view}&matter=stall&first=latest")).json["comparisons"][0]["judged"]
            .clone()
    };
    assert_eq!(judged(), json!({"own_right": 0, "shadow_right": 0, "unclear": 0, "waiting": 1}));

    let said = li.post(&path, &json!({"truth": "nothing"}));
    let judgement = &said.json["judgement"];
    assert_eq!(said.status, 200, "{}", said.text);
    assert_eq!(
        (&judgement["truth"], &judgement["right"], &judgement["by"], &judgement["by_name"]),
        (&"nothing".into(), &"own".into(), &"li".into(), &"li".into()),
        "the new one alone saw it"
    );
    assert_eq!(judged(), json!({"own_right": 1, "shadow_right": 0, "unclear": 0, "waiting": 0}));
    let other = wang.post(&path, &json!({"truth": "something"}));
    assert_eq!((other.status, &other.json["code"]), (409, &"judged_already".into()), "{}", other.text);
    assert!(!other.text.contains("li "), "{}", other.text);

    let taken_back = wang.send("DELETE", &path, None);
    assert_eq!((taken_back.status, &taken_back.json["judgement"]), (200, &Value::Null), "{}", taken_back.text);
    assert_eq!(wang.post(&path, &json!({"truth": "something"})).json["judgement"]["right"], "shadow");
    assert_eq!(wang.post(&path, &json!({"truth": "unclear"})).json["judgement"]["right"], Value::Null);
    assert_eq!(judged(), json!({"own_right": 0, "shadow_right": 0, "unclear": 1, "waiting": 0}));

    let admin = house.with_token(&house.token);
    let rows = admin.get(&format!("/api/v1/audit?subject={id}")).json["items"].clone();
    let rows: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| (row["actor"].as_str(), row["action"].as_str())).collect();
    let row = |actor, action| (Some(actor), Some(action));
    let judged = "shadow.judged";
    assert_eq!(
        rows,
        [row("wang", judged), row("wang", judged), row("wang", "shadow.judgement_withdrawn"), row("li", judged)],
        "newest first"
    );
}

#[test]
fn a_judgement_that_means_nothing_is_refused_with_its_code() {
    let house = House::start(false);
    let (view, zone) = house.camera("S1", "东门");
    let id = disagreement(&house, view, zone);
    let api = house.person("li", &[Role::Operator], None);
    let path = format!("/api/v1/shadow/{id}/judgement");
    for (path, body, status, code) in [
        (path.as_str(), json!({"truth": "own"}), 422, "faults"),
        (path.as_str(), json!({}), 422, "faults"),
        (path.as_str(), json!({"truth": "nothing", "by": "wang"}), 422, "faults"),
        ("/api/v1/shadow/x/judgement", json!({"truth": "nothing"}), 404, "no_id"),
        ("/api/v1/shadow/00000000-0000-0000-0000-000000000000/judgement", json!({"truth": "nothing"}), 404, "missing"),
    ] {
        let refused = api.post(path, &body);
        assert_eq!((refused.status, &refused.json["code"]), (status, &code.into()), "{path} {body}: {}", refused.text);
    }
    assert_eq!(api.get("/api/v1/shadow?first=rarest").status, 400);
    let elsewhere = token(&house.service, "west", &[Role::Operator], Some(&["西城区"]));
    let refused = house.with_token(&elsewhere).post(&path, &json!({"truth": "nothing"}));
    assert_eq!((refused.status, &refused.json["params"]["what"]), (404, &"disagreement".into()), "{}", refused.text);
    assert_eq!(api.get("/api/v1/shadow").json["disagreements"][0]["judgement"], Value::Null);
}
