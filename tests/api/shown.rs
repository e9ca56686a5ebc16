//! Who was shown what is written down: every operation that reads says how, and the log tells it once and not a hundred times.

use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;
use xunjie::{
    domain::*,
    web::{SHOWN, Shown, shown_by},
};

use crate::house::{Client, House, pictures};

#[test]
fn every_operation_that_reads_says_how_it_is_written_down() {
    let document = serde_json::to_value(xunjie::web::openapi()).unwrap();
    let (mut all, mut silent) = (BTreeSet::new(), Vec::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            if method == "get" && shown_by(&id).is_none() {
                silent.push(format!("{method} {path} ({id})"));
            }
            all.insert(id);
        }
    }
    assert!(silent.is_empty(), "without a row in src/web/shown.rs: {silent:?}");
    let stale: Vec<_> = SHOWN.iter().filter(|(id, _)| !all.contains(*id)).collect();
    assert!(stale.is_empty(), "no operation is called so: {stale:?}");
    assert!(SHOWN.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order, each once");
    for (id, shown) in SHOWN {
        match shown {
            Shown::Noted(action) => assert!(action.ends_with(".viewed"), "{id}: {action}"),
            Shown::Unnoted(why) => assert!(why.len() > 10, "{id} needs a reason"),
            Shown::ByHandler => {}
        }
    }
}

/// Rows of the log that say what this person was shown, the oldest first, as `action subject filter`.
fn seen_by(admin: &Client, actor: &str) -> Vec<String> {
    let audit = admin.get(&format!("/api/v1/audit?actor={actor}&limit=500")).json;
    let rows = audit["items"].as_array().unwrap().iter().rev();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.filter(|row| text(&row["action"]).ends_with(".viewed"))
        .map(|row| format!("{} {} {}", text(&row["action"]), text(&row["subject"]), text(&row["detail"]["filter"])))
        .map(|line| line.trim().to_owned())
        .collect()
}

#[test]
fn a_list_is_written_down_once_an_hour_for_each_person_and_filter() {
    let house = House::start(false);
    let (view, zone) = house.camera("S1", "东门");
    house.incident(view, zone, 1, &pictures());
    let admin = house.with_token(&house.token);
    let li = house.person("li", &[Role::Reviewer, Role::Supervisor], None);
    for path in [
        "/api/v1/incidents?limit=1",
        "/api/v1/incidents?limit=2&after=",
        "/api/v1/incidents?matter=motor_vehicle_parking&review=waiting",
        "/api/v1/incidents?review=waiting&matter=motor_vehicle_parking&limit=7",
        "/api/v1/matters",
    ] {
        assert_eq!(li.get(path).status, 200, "{path}");
    }
    let listed = ["incidents.viewed", "incidents.viewed  matter=motor_vehicle_parking review=waiting"];
    assert_eq!(seen_by(&admin, "li"), listed, "paging, order and names of the city's matters add nothing");
    let zhang = house.person("zhang", &[Role::Supervisor], None);
    zhang.get("/api/v1/incidents");
    assert_eq!(seen_by(&admin, "zhang"), ["incidents.viewed"], "another person's view is another one");

    house.clock.advance_to(house.now().plus(Duration::from_secs(3_601)));
    li.get("/api/v1/incidents");
    assert_eq!(seen_by(&admin, "li").len(), 3, "and so is that of the next hour");
    assert_eq!(li.get(&format!("/api/v1/views/{}", AccountId::fresh())).status, 404);
    assert_eq!(li.get("/api/v1/accounts").status, 403);
    assert_eq!(seen_by(&admin, "li").len(), 3, "what was not shown is not written down");
    assert!(
        seen_by(&admin, "token:tests").contains(&"audit.viewed  actor=li".to_owned()),
        "nor is the reader of the log left out"
    );
}

#[test]
fn a_masked_picture_is_written_down_where_its_incident_is_not() {
    let house = House::start(false);
    let (view, zone) = house.camera("S2", "东门");
    let incident = house.incident(view, zone, 1, &pictures());
    let admin = house.with_token(&house.token);
    let path = format!("/api/v1/incidents/{incident}");
    let shown = admin.get(&path).json;
    let masked: Vec<&str> =
        shown["pictures"].as_array().unwrap().iter().filter_map(|picture| picture["masked"].as_str()).collect();
    assert!(!masked.is_empty());

    let li = house.person("li", &[Role::Reviewer], None);
    for picture in masked.iter().chain(&masked) {
        assert_eq!(li.get(picture).status, 200);
    }
    assert_eq!(seen_by(&admin, "li"), [format!("picture.viewed {incident}")], "all its pictures are one view");

    let zhang = house.person("zhang", &[Role::Reviewer], None);
    zhang.get(&path);
    zhang.get(masked[0]);
    zhang.get(&format!("{path}/similar"));
    assert_eq!(seen_by(&admin, "zhang"), [format!("incident.viewed {incident}")], "its pictures are part of that");

    let wang = house.person("wang", &[Role::Reviewer], None);
    wang.get("/api/v1/clusters");
    wang.get(masked[0]);
    let alone = ["clusters.viewed".to_owned(), format!("picture.viewed {incident}")];
    assert_eq!(seen_by(&admin, "wang"), alone, "one incident alone is in no group that would show it");
}

#[test]
fn neighbours_are_written_down_at_once_and_together() {
    let house = House::start(false);
    let (view, zone) = house.camera("S4", "东门");
    let ids: Vec<String> = (1..=4).map(|n| house.incident(view, zone, n, &pictures()).to_string()).collect();
    let admin = house.with_token(&house.token);
    let li = house.person("li", &[Role::Reviewer], None);
    let beside = |id: &str| li.get(&format!("/api/v1/incidents/{id}/similar")).json;
    let lines = || -> Vec<BTreeSet<String>> {
        let seen = seen_by(&admin, "li").into_iter().filter(|line| line.starts_with("neighbours.viewed"));
        seen.map(|line| line.split(' ').skip(1).filter(|id| !id.is_empty()).map(str::to_owned).collect()).collect()
    };
    let named = |of: &[usize]| of.iter().map(|n| ids[*n].clone()).collect::<BTreeSet<String>>();

    li.get(&format!("/api/v1/incidents/{}", ids[0]));
    let tiles = beside(&ids[0]);
    let expected: Vec<BTreeSet<String>> = vec![named(&[1, 2, 3])];
    assert_eq!(lines(), expected, "each that was shown is named, in one line");
    let pictures: Vec<&str> =
        tiles["here"].as_array().unwrap().iter().map(|tile| tile["picture"].as_str().unwrap()).collect();
    assert_eq!(pictures.len(), 3);
    assert!(pictures.iter().all(|picture| li.get(picture).status == 200));
    (0..3).for_each(|_| drop(beside(&ids[0])));
    assert_eq!(lines(), expected, "and not again within the hour, nor are their pictures");
    assert!(!seen_by(&admin, "li").iter().any(|line| line.starts_with("picture.viewed")));

    let fresh: Vec<String> =
        (5..=6).map(|n| house.incident(view, zone, n, &crate::house::pictures()).to_string()).collect();
    beside(&ids[1]);
    let last = house.incident(view, zone, 7, &crate::house::pictures()).to_string();
    beside(&ids[2]);
    let told = lines();
    assert_eq!(told[1..], [fresh.into_iter().collect(), BTreeSet::from([last])], "only what is new, at once: {told:?}");
}

#[test]
fn whoever_judges_a_second_time_is_written_down_too() {
    let house = House::start(false);
    let (view, zone) = house.camera("S3", "东门");
    let incident = house.incident(view, zone, 1, &pictures());
    let admin = house.with_token(&house.token);
    let li = house.person("li", &[Role::Reviewer], None);
    let confirmed = serde_json::json!({"verdict": "confirmed", "note": ""});
    assert_eq!(li.post(&format!("/api/v1/incidents/{incident}/verdict"), &confirmed).status, 200);
    house.clock.advance_to(house.now().plus(Duration::from_secs(60)));
    let zhang = house.person("zhang", &[Role::Reviewer], None);
    let drawn = zhang.get("/api/v1/second_reviews/next");
    assert_eq!(drawn.json["incident"]["incident"]["id"], incident.to_string(), "{}", drawn.text);
    assert_eq!(seen_by(&admin, "zhang"), [format!("incident.viewed {incident}")]);
}
