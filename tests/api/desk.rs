//! The reviewer's desk over HTTP: the queue, locks, undoing, many at once, likeness, second reviews, pictures.

use std::time::Duration;

use serde_json::{Value, json};
use xunjie::{
    domain::{AccountId, Areas, Caller, EvidenceId, FileRole, IncidentId, Role},
    service::{Circle, ServiceError},
};

use crate::{
    house::{Client, House, pictures},
    review::reviewer,
};

fn ids(items: &Value) -> Vec<&str> {
    let id = |item: &'_ Value| item["incident"]["id"].as_str().map(str::len);
    assert!(items.as_array().unwrap().iter().all(|item| id(item) == Some(36)), "{items}");
    items.as_array().unwrap().iter().map(|item| item["incident"]["id"].as_str().unwrap()).collect()
}

fn later(house: &House, seconds: u64) {
    house.clock.advance_to(house.now().plus(Duration::from_secs(seconds)));
}

fn confirm(api: &Client, id: impl std::fmt::Display) -> Value {
    let answer = api.post(&format!("/api/v1/incidents/{id}/verdict"), &json!({"verdict": "confirmed"}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

#[test]
fn the_queue_shows_what_waits_and_who_has_it_open() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let (first, second) = (house.incident(view, zone, 1, &pictures()), {
        later(&house, 120);
        house.incident(view, zone, 2, &pictures())
    });
    let (zhang, li) = (reviewer(&house, "张三"), reviewer(&house, "李四"));
    let queue = zhang.get("/api/v1/queue").json;
    assert_eq!((ids(&queue["items"]), &queue["waiting"]), (vec![&*first.to_string(), &*second.to_string()], &2.into()));
    let item = &queue["items"][0];
    assert_eq!((&item["stream_name"], &item["address"]), (&"东门".into(), &"长安街 1 号".into()));
    assert_eq!((&item["level"], &item["lock"]), (&2.into(), &Value::Null));
    assert_eq!(item["review_due_at"], "2026-11-23T01:10:00.000Z", "ten minutes after the minute of its opening");
    let picture = zhang.get(item["picture"].as_str().unwrap());
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
    assert!(item["picture"].as_str().unwrap().ends_with("masked.jpg"), "{item}");

    let page = zhang.get("/api/v1/queue?limit=1").json;
    let rest = zhang.get(&format!("/api/v1/queue?limit=1&after={}", page["next"].as_str().unwrap())).json;
    assert_eq!((ids(&rest["items"]), &rest["next"]), (vec![&*second.to_string()], &Value::Null));
    assert_eq!(zhang.get("/api/v1/queue?matter=stall").json["waiting"], 0);
    assert_eq!(zhang.get(&format!("/api/v1/queue?view={view}")).json["waiting"], 2);
    assert_eq!(zhang.get("/api/v1/queue?area=%E5%A4%A9").json["waiting"], 0);
    assert_eq!(zhang.get("/api/v1/queue?after=x").status, 400);

    let lock = format!("/api/v1/incidents/{first}/lock");
    let mine = zhang.send("PUT", &lock, None);
    assert_eq!((mine.status, &mine.json["mine"], &mine.json["by"]), (200, &true.into(), &"张三".into()));
    let refused = li.send("PUT", &lock, None);
    assert_eq!((refused.status, &refused.json["type"]), (409, &"urn:xunjie:problem:locked".into()));
    assert!(refused.json["detail"].as_str().unwrap().contains("张三"), "{}", refused.text);
    let seen = li.get("/api/v1/queue").json["items"][0]["lock"].clone();
    assert_eq!((&seen["by"], &seen["mine"]), (&"张三".into(), &false.into()));
    assert_eq!(li.get(&format!("/api/v1/incidents/{first}")).json["lock"], seen);
    assert_eq!(li.send("DELETE", &lock, None).status, 204);
    assert_eq!(li.send("PUT", &lock, None).status, 409, "nobody gives a colleague's lock back");
    later(&house, 60);
    assert_eq!(li.send("PUT", &lock, None).status, 200, "it ended by itself");
    assert_eq!(li.send("DELETE", &lock, None).status, 204);
    assert_eq!(zhang.get("/api/v1/queue").json["items"][0]["lock"], Value::Null);
}

#[test]
fn a_verdict_is_taken_back_in_time_and_only_then() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let id = house.incident(view, zone, 1, &pictures());
    let (zhang, li) = (reviewer(&house, "张三"), reviewer(&house, "李四"));
    let path = format!("/api/v1/incidents/{id}/verdict");
    let nothing = zhang.send("DELETE", &path, None);
    assert_eq!((nothing.status, &nothing.json["type"]), (409, &"urn:xunjie:problem:too-late".into()));

    let decided = confirm(&zhang, id);
    let until = house.now().plus(Duration::from_secs(10));
    assert_eq!(decided["undo_until"], until.to_string());
    let detail = |api: &Client| api.get(&format!("/api/v1/incidents/{id}")).json;
    assert_eq!((&detail(&zhang)["undo_until"], &detail(&li)["undo_until"]), (&decided["undo_until"], &Value::Null));
    assert!(house.service.store.due_deliveries(house.now(), 9).unwrap().is_empty());
    assert_eq!(li.send("DELETE", &path, None).status, 409, "only who gave it takes it back");
    later(&house, 9);
    let back = zhang.send("DELETE", &path, None);
    assert_eq!((back.status, &back.json["review"]["state"]), (200, &"waiting".into()), "{}", back.text);
    let after = detail(&zhang);
    assert_eq!((&after["case"], &after["deliveries"]), (&Value::Null, &json!([])));
    let told: Vec<_> = after["audit"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["incident.confirmed", "incident.verdict_undone"]);
    assert!(after["timeline"].to_string().contains("撤回复核"));
    assert_eq!(zhang.get("/api/v1/queue").json["waiting"], 1);

    confirm(&li, id);
    later(&house, 10);
    let late = li.send("DELETE", &path, None);
    assert_eq!(late.status, 409);
    assert!(late.json["detail"].as_str().unwrap().contains("until"), "{}", late.text);
    assert_eq!(house.service.store.due_deliveries(house.now(), 9).unwrap().len(), 1);
}

#[test]
fn many_are_decided_at_once_and_each_by_itself() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let all: Vec<String> = (0..4).map(|n| house.incident(view, zone, n, &pictures()).to_string()).collect();
    let (zhang, li) = (reviewer(&house, "张三"), reviewer(&house, "李四"));
    confirm(&li, &all[1]);
    let stranger = "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52";
    let body = json!({"incidents": [all[0], all[1], all[2], all[0], stranger], "verdict": "rejected",
        "reason": "passing", "note": "装卸"});
    let answer = zhang.post("/api/v1/verdicts", &body);
    assert_eq!(answer.status, 200, "{}", answer.text);
    let items = answer.json["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|item| (item["decided"].as_bool().unwrap(), &item["problem"]["status"])).collect();
    let nothing = &Value::Null;
    assert_eq!(told, [(true, nothing), (false, &json!(409)), (true, nothing), (false, &json!(404))]);
    assert!(items[0]["undo_until"].is_string() && items[1]["undo_until"].is_null());
    assert_eq!(ids(&zhang.get("/api/v1/queue").json["items"]), [&*all[3]]);
    assert_eq!(zhang.send("DELETE", &format!("/api/v1/incidents/{}/verdict", all[2]), None).status, 200);
    for (incidents, field) in [(vec![], "incidents"), (vec![all[3].clone(); 1], "reason")] {
        let refused = zhang.post("/api/v1/verdicts", &json!({"incidents": incidents, "verdict": "rejected"}));
        let reasoned = zhang.post("/api/v1/verdicts", &json!({"incidents": incidents, "verdict": "confirmed"}));
        assert_eq!((refused.status, &refused.json["faults"][0]["field"]), (422, &"reason".into()));
        assert_eq!(reasoned.status, if field == "incidents" { 422 } else { 200 });
    }
}

#[test]
fn what_is_alike_is_shown_together() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let (other, other_zone) = house.camera("C2", "东门二");
    let here = [1, 2].map(|n| house.incident(view, zone, n, &pictures()).to_string());
    let near = house.incident(other, other_zone, 3, &pictures()).to_string();
    let api = reviewer(&house, "张三");
    let similar = api.get(&format!("/api/v1/incidents/{}/similar", here[0])).json;
    assert_eq!((ids(&similar["here"]), ids(&similar["nearby"])), (vec![&*here[1]], vec![&*near]));
    let clusters = api.get("/api/v1/clusters").json;
    let cluster = &clusters["items"][0];
    let (mut found, mut wanted) = (ids(&cluster["incidents"]), vec![&*here[0], &*here[1], &*near]);
    assert_eq!(cluster["id"], found[0], "the most urgent gives it its name");
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "same looks, same spot or the next camera");
    assert_eq!(cluster["matter_name"], "机动车乱停放");
    assert!((cluster["likeness"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    assert_eq!(api.get("/api/v1/clusters?matter=stall").json["items"], json!([]));
    house.clock.advance_to(house.now().plus(Duration::from_secs(8 * 86_400)));
    let api = reviewer(&house, "张三"); // the session ended meanwhile
    let similar = api.get(&format!("/api/v1/incidents/{}/similar", here[0])).json;
    assert_eq!((ids(&similar["here"]).len(), ids(&similar["nearby"]).len()), (1, 0), "nearby is of a week");
}

#[test]
fn one_incident_has_its_rule_its_pictures_and_its_limit() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let mut files = pictures();
    files.push((FileRole::MaskedPlain, files[4].1.clone()));
    let id = house.incident(view, zone, 1, &files);
    let old = house.incident(view, zone, 2, &pictures());
    let api = reviewer(&house, "张三");
    let narrower = json!({"view": view.to_string(), "name": "改了", "kind": "strict",
        "matters": ["motor_vehicle_parking"], "polygon": [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]]});
    let put = Some(("application/json", narrower.to_string().into_bytes()));
    assert_eq!(api.send("PUT", &format!("/api/v1/zones/{zone}"), put).json["version"], 2);

    let detail = api.get(&format!("/api/v1/incidents/{id}")).json;
    assert_eq!((&detail["zone"]["version"], &detail["zone"]["name"]), (&1.into(), &"禁停区".into()));
    assert_eq!(detail["zone_name"], "改了", "as it is called now");
    assert_eq!((&detail["matter_code_2026"], &detail["level"]), (&"09009".into(), &2.into()));
    assert!(detail["limit_preview"]["text"].is_string() && detail["limit_preview"]["due_at"].is_string());
    assert_eq!((&detail["dwell_s"], &detail["reference"]), (&300.into(), &Value::Null));
    let shown = detail["pictures"].as_array().unwrap();
    assert_eq!(
        shown.iter().map(|one| one["role"].as_str().unwrap()).collect::<Vec<_>>(),
        ["first", "middle", "latest"]
    );
    let latest = &shown[2];
    assert_eq!((&latest["boxed"], &latest["width"], &latest["height"]), (&false.into(), &32.into(), &18.into()));
    assert!(latest["masked"].as_str().unwrap().ends_with("/files/masked_plain.jpg"), "{latest}");
    assert!(latest["original"].as_str().unwrap().ends_with("/files/latest.jpg"));
    assert_eq!(latest["bbox"], json!([1.0, 1.0, 1.0, 1.0]), "a box beyond the picture is cut to it");
    let boxed = &api.get(&format!("/api/v1/incidents/{old}")).json["pictures"][2];
    assert_eq!(boxed["boxed"], true, "an older bundle has the box drawn into its masked copy");
    assert_eq!(api.get(latest["masked"].as_str().unwrap()).status, 200);
    let asked = |subject: &str| house.service.store.audit_rows(Some(subject), 0, 99).unwrap().len();
    let bundle = detail["evidence"][0]["id"].as_str().unwrap();
    assert_eq!(asked(bundle), 0, "a masked picture is no unmasking");
    assert_eq!(api.get(latest["original"].as_str().unwrap()).status, 200);
    let row = house.service.store.audit_rows(Some(bundle), 0, 9).unwrap().remove(0);
    assert_eq!((row.action.as_str(), row.actor.as_str()), ("evidence.unmasked", "张三"));
    confirm(&api, id);
    assert_eq!(api.get(&format!("/api/v1/incidents/{id}")).json["limit_preview"], Value::Null, "it does not wait");
}

#[test]
fn a_second_reviewer_sees_no_verdict_and_agreement_is_counted() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let both = [1, 2].map(|n| house.incident(view, zone, n, &pictures()).to_string());
    let (zhang, li) = (reviewer(&house, "张三"), reviewer(&house, "李四"));
    both.iter().for_each(|id| drop(confirm(&zhang, id)));
    assert_eq!(li.get("/api/v1/second_reviews/next").json, Value::Null, "it may still be undone");
    later(&house, 11);
    assert_eq!(zhang.get("/api/v1/second_reviews/next").json, Value::Null, "nobody judges the own verdict");
    let next = li.get("/api/v1/second_reviews/next").json["incident"].clone();
    let id = next["incident"]["id"].as_str().unwrap().to_owned();
    assert_eq!(next["incident"]["review"], json!({"state": "waiting"}));
    assert_eq!((&next["case"], &next["audit"], &next["deliveries"]), (&Value::Null, &json!([]), &json!([])));
    for secret in ["张三", "confirmed", "立案", "上报"] {
        assert!(!next.to_string().contains(secret), "{secret} is told: {next}");
    }
    let path = format!("/api/v1/second_reviews/{id}");
    assert_eq!(li.post(&path, &json!({"verdict": "rejected"})).json["faults"][0]["field"], "reason");
    let no = json!({"verdict": "rejected", "reason": "unclear", "note": "看不清"});
    assert_eq!(zhang.post(&path, &no).status, 409);
    assert_eq!(li.post(&path, &no).status, 204);
    assert_eq!(li.post(&path, &no).status, 409, "once");
    let other = li.get("/api/v1/second_reviews/next").json["incident"]["incident"]["id"].as_str().unwrap().to_owned();
    assert!(other != id && both.contains(&other));
    assert_eq!(li.post(&format!("/api/v1/second_reviews/{other}"), &json!({"verdict": "confirmed"})).status, 204);
    let stands = house.client().get(&format!("/api/v1/incidents/{id}")).json;
    assert_eq!(stands["incident"]["review"]["state"], "confirmed", "a second opinion changes nothing");

    let agreement = li.get("/api/v1/agreement").json;
    assert_eq!(
        (&agreement["reviewed"], &agreement["agreed"], &agreement["kappa"]),
        (&2.into(), &1.into(), &json!(0.0))
    );
    assert_eq!(agreement["pairs"], json!([{"first": "张三", "second": "李四", "reviewed": 2, "agreed": 1}]));
    assert_eq!(
        (&agreement["disagreements"][0]["incident"], &agreement["disagreements"][0]["second"]),
        (&id.into(), &"rejected".into())
    );
    let from = house.now().plus(Duration::from_secs(1));
    let none = li.get(&format!("/api/v1/agreement?from={from}")).json;
    assert_eq!((&none["reviewed"], &none["kappa"]), (&0.into(), &Value::Null));
}

/// Somebody with these roles, who may not see what is not masked.
fn caller(name: &str, roles: &[Role]) -> Caller {
    let roles = roles.iter().copied().collect();
    let id = AccountId::derived(&[name.as_bytes()]);
    Caller {
        id,
        name: name.to_owned(),
        display_name: name.to_owned(),
        roles,
        areas: Areas::All,
        may_unmask: false,
        must_change_password: false,
    }
}

#[test]
fn what_somebody_may_not_see_is_not_there() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let id: IncidentId = house.incident(view, zone, 1, &pictures());
    let (platform, reviewer) = (caller("平台", &[Role::Platform]), caller("李四", &[Role::Reviewer, Role::Platform]));
    let service = &house.service;
    assert!(service.on_desk(id, &reviewer).is_ok());
    assert!(service.on_desk(id, &platform).is_err(), "the platform's people see what was confirmed");
    confirm(&crate::review::reviewer(&house, "张三"), id);
    assert!(service.on_desk(id, &platform).is_ok());

    let elsewhere = service.seen_by(&Areas::Only(["西城区".parse().unwrap()].into()));
    assert!(elsewhere.on_desk(id, &reviewer).is_err() && elsewhere.similar(id).is_err());
    assert!(elsewhere.lock(id, &reviewer).is_err() && elsewhere.undo(id, "张三").is_err());
    assert_eq!(elsewhere.queue(&Default::default(), &page()).unwrap().waiting, 0);

    let bundle: EvidenceId = service.store.evidence_of(id).unwrap()[0].id;
    for (name, seen) in [("masked.jpg", true), ("first.jpg", false), ("annotated.jpg", false)] {
        assert_eq!(service.evidence_file(bundle, name, Circle::Outside).is_ok(), seen, "{name}");
    }
    assert!(matches!(service.reference_picture(view, true, &reviewer), Err(ServiceError::Store(_))), "none was taken");
}

fn page() -> xunjie::store::Page {
    xunjie::store::Page { after: None, limit: 9 }
}
