//! What the last looks saw, and what a draft of zones, hours and matters would have made of it.

use serde_json::{Value, json};
use xunjie::{
    domain::{BBox, Observed, ReferenceDetection, Score, ViewId, ViewState},
    store::LookOutcome,
};

use crate::house::{House, zone};

/// Records a look a minute, each of which saw a car inside the zone of the house's camera and one outside.
fn looks(house: &House, view: ViewId, count: usize) {
    let car = |bbox: [f32; 4], score| ReferenceDetection {
        permitted: false,
        class: "car".into(),
        score: Score::new(score).unwrap(),
        bbox: BBox::from(bbox),
    };
    for _ in 0..count {
        house.clock.advance_to(house.now().plus(std::time::Duration::from_secs(60)));
        let seen = vec![car([0.4, 0.4, 0.6, 0.6], 0.9), car([0.91, 0.4, 0.99, 0.6], 0.8)];
        let outcome = LookOutcome {
            report: house.look(view, ViewState::Same, None),
            places: vec![],
            forgotten: vec![],
            changes: vec![],
            evidence: vec![],
            recheck: None,
            verifications: vec![],
            observed: Some(Observed::new(house.now(), seen)),
        };
        house.service.store.record(&outcome).unwrap();
    }
}

fn told(answer: &Value) -> Vec<(f64, &str, &str)> {
    let differences = answer["differences"].as_array().unwrap().iter();
    differences
        .map(|d| {
            let side = |side: &str| d[side]["why"].as_str().unwrap();
            ((d["bbox"][0].as_f64().unwrap() * 100.0).round() / 100.0, side("before"), side("after"))
        })
        .collect()
}

#[test]
fn a_draft_is_tried_on_what_the_last_looks_saw() {
    let house = House::start(true);
    let (view, id) = house.camera("C1", "东门");
    let api = house.client();
    let ask = |draft: &Value| api.post(&format!("/api/v1/views/{view}/what_if"), draft);
    let mut present = zone(view, "motor_vehicle_parking");
    present["id"] = json!(id.to_string());
    assert_eq!(ask(&json!({"zones": [present]})).json["looks"], 0);
    looks(&house, view, 3);

    let seen = api.get(&format!("/api/v1/views/{view}/detections?limit=2")).json;
    let items = seen["items"].as_array().unwrap();
    assert_eq!((items.len(), items[0]["detections"].as_array().unwrap().len()), (2, 2));
    assert!(items[0]["at"].as_str().unwrap() > items[1]["at"].as_str().unwrap(), "newest first");
    assert_eq!(items[0]["detections"][0]["class"], "car");

    let same = ask(&json!({"zones": [present]}));
    assert_eq!((same.status, &same.json["looks"], told(&same.json)), (200, &json!(3), vec![]), "{}", same.text);
    let gone = ask(&json!({"zones": []}));
    assert_eq!(told(&gone.json), [(0.4, "counts", "no_zone"); 3]);
    assert_eq!(gone.json["differences"][0]["before"], json!({"counts": true, "zone": "禁停区", "why": "counts"}));
    assert_eq!(gone.json["differences"][0]["matter_name"], "机动车乱停放");

    let mut wide = present.clone();
    wide["polygon"] = json!([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
    assert_eq!(told(&ask(&json!({"zones": [wide]})).json), [(0.91, "no_zone", "counts"); 3]);
    // The looks were on a Monday morning.
    let mut market = wide.clone();
    (market["kind"], market["id"], market["name"]) = (json!("permitted"), Value::Null, json!("早市"));
    market["hours"] = json!({"weekly": [[{"from": "06:00", "to": "12:00"}], [], [], [], [], [], []]});
    let both = ask(&json!({"zones": [present, market]}));
    assert_eq!(told(&both.json), [(0.4, "counts", "lawful_hours"); 3]);
    assert_eq!(both.json["differences"][0]["after"]["zone"], "早市");
    assert_eq!(told(&ask(&json!({"zones": [present], "matters": []})).json), [(0.4, "counts", "matter_off"); 3]);

    let zones = api.get(&format!("/api/v1/zones?view={view}")).json;
    assert_eq!(zones["items"].as_array().unwrap().len(), 1, "a draft is not stored");
}

#[test]
fn a_faulty_draft_names_zone_and_field() {
    let house = House::start(true);
    let (view, _) = house.camera("C1", "东门");
    let api = house.client();
    let mut crossed = zone(view, "no_such");
    crossed["polygon"] = json!([[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]);
    let draft = json!({"zones": [zone(view, "stall"), crossed], "matters": ["nonsense"]});
    let answer = api.post(&format!("/api/v1/views/{view}/what_if"), &draft);
    let fields: Vec<_> =
        answer.json["faults"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!((answer.status, fields), (422, vec!["zones[1].matters[0]", "zones[1].polygon", "matters[0]"]));
    let mut timeless = zone(view, "stall");
    timeless["hours"] = json!({"weekly": [[{"from": "25:00", "to": "2"}]]});
    let answer = api.post(&format!("/api/v1/views/{view}/what_if"), &json!({"zones": [timeless]}));
    assert_eq!(answer.json["faults"][0]["field"], "zones[0].hours.weekly[0][0].from", "{}", answer.text);
    let nowhere = ViewId::fresh();
    assert_eq!(api.post(&format!("/api/v1/views/{nowhere}/what_if"), &json!({"zones": []})).status, 404);
    assert_eq!(api.get(&format!("/api/v1/views/{nowhere}/detections")).status, 404);
    assert_eq!(api.get(&format!("/api/v1/views/{view}/detections?limit=201")).status, 400);
}
