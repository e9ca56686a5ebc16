//! From a waiting incident to a case, its delivery and the platform's callback.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use xunjie::{
    deliver::Signed,
    domain::{DeliveryId, DeliveryState, Receipt, Role},
};

use crate::house::{Client, House, pictures};

fn verdict(api: &Client, id: impl std::fmt::Display, body: &Value) -> crate::house::Answer {
    api.post(&format!("/api/v1/incidents/{id}/verdict"), body)
}

/// Somebody at the desk.
pub fn reviewer(house: &House, name: &str) -> Client {
    house.person_with(name, &[Role::Administrator], None, true)
}

#[test]
fn a_confirmed_incident_becomes_a_case_that_can_be_followed() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let id = house.incident(view, zone, 1, &pictures());
    let api = reviewer(&house, "张三");
    let waiting = api.get("/api/v1/incidents?review=waiting").json;
    assert_eq!(waiting["items"][0]["matter_name"], "机动车乱停放");
    assert_eq!(waiting["items"][0]["review"], json!({"state": "waiting"}));

    let named = verdict(&api, id, &json!({"verdict": "confirmed", "reviewer": "李四"}));
    assert_eq!((named.status, &named.json["faults"][0]["field"]), (422, &"body".into()), "the caller is the reviewer");
    assert_eq!(verdict(&api, id, &json!({"verdict": "rejected"})).json["faults"][0]["field"], "reason");
    let own = json!({"verdict": "duplicate", "of": id.to_string()});
    assert_eq!(verdict(&api, id, &own).json["faults"][0]["field"], "of");
    let same = json!({"verdict": "reclassified", "matter": "motor_vehicle_parking"});
    assert_eq!(verdict(&api, id, &same).status, 422);

    let decided = verdict(&api, id, &json!({"verdict": "confirmed", "note": "占道"}));
    assert_eq!(decided.status, 200, "{}", decided.text);
    let case = &decided.json["case"];
    assert_eq!((&case["stage"], &case["code_2026"]), (&"filed".into(), &"09009".into()));
    assert_eq!(case["location"]["address"], "长安街 1 号");
    assert!(case["due_at"].is_string(), "the city's table has a limit for it: {case}");

    let delivery = api.get("/api/v1/deliveries?state=pending").json["items"][0].clone();
    let delivery_id: DeliveryId = delivery["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((&delivery["kind"], &delivery["case"]), (&"report".into(), &case["id"]));
    let dead = DeliveryState::Dead { attempts: 3, at: house.now(), reason: "422".to_owned() };
    house.service.store.set_delivery(delivery_id, &dead, house.now()).unwrap();
    let replayed = api.post(&format!("/api/v1/deliveries/{delivery_id}/replay"), &json!({}));
    assert_eq!((replayed.status, &replayed.json["state"]), (200, &"pending".into()), "{}", replayed.text);
    let receipt = Receipt { at: house.now(), platform_number: Some("P-1".to_owned()), repeated: false };
    house
        .service
        .store
        .set_delivery(delivery_id, &DeliveryState::Delivered { attempts: 4, receipt }, house.now())
        .unwrap();
    assert_eq!(api.post(&format!("/api/v1/deliveries/{delivery_id}/replay"), &json!({})).status, 409);

    let detail = api.get(&format!("/api/v1/incidents/{id}")).json;
    let hops: Vec<_> = detail["timeline"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect();
    for hop in ["sighting", "incident", "evidence", "verdict", "case", "delivery", "receipt"] {
        assert!(hops.contains(&hop), "{hop} is missing in {hops:?}");
    }
    assert_eq!(detail["case"]["platform_number"], "P-1");
    let listed = api.get("/api/v1/cases?stage=filed").json["items"][0]["id"].clone();
    assert_eq!(&listed, &case["id"]);
    let shown = api.get(&format!("/api/v1/cases/{}", case["id"].as_str().unwrap())).json;
    assert_eq!(shown["incident"]["review"]["by"], "张三");
}

#[test]
fn of_two_reviewers_at_once_one_is_heard() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    for n in 0..5 {
        let id = house.incident(view, zone, n, &pictures());
        let barrier = std::sync::Barrier::new(2);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let people = [0, 1].map(|who| house.person(&format!("复核员{who}-{n}"), &[Role::Reviewer], None));
            let ask = |api: Client| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    verdict(&api, id, &json!({"verdict": "confirmed"}))
                })
            };
            let asked = people.map(ask);
            asked.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let refused = answers.iter().find(|answer| answer.status == 409).unwrap();
        assert_eq!(refused.json["type"], "urn:xunjie:problem:decided");
        assert_eq!(house.service.store.audit_rows(Some(&id.to_string()), 0, 9).unwrap().len(), 1);
    }
    assert_eq!(house.client().get("/api/v1/cases").json["items"].as_array().unwrap().len(), 5);
}

#[test]
fn a_verdict_that_opens_no_case_opens_none() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let ids: Vec<_> = (0..3).map(|n| house.incident(view, zone, n, &pictures())).collect();
    let api = house.client();
    let rejected = verdict(&api, ids[0], &json!({"verdict": "rejected", "reason": "lawful"})).json;
    assert_eq!(rejected["incident"]["review"]["reason"], "lawful");
    let duplicate = verdict(&api, ids[1], &json!({"verdict": "duplicate", "of": ids[2].to_string()})).json;
    assert_eq!(duplicate["incident"]["review"]["of"], ids[2].to_string());
    let other = verdict(&api, ids[2], &json!({"verdict": "reclassified", "matter": "stall"})).json;
    assert_eq!(
        (&other["incident"]["matter"], &other["incident"]["review"]["state"]),
        (&"stall".into(), &"waiting".into())
    );
    assert_eq!(api.get("/api/v1/cases").json["items"], json!([]));
    assert_eq!(api.get("/api/v1/deliveries").json["items"], json!([]));
}

#[test]
fn a_callback_is_heard_when_signed_and_only_then() {
    let house = House::start(false);
    let api = house.client();
    let trusted = house.client().with("authorization", &format!("Bearer {}", house.token));
    let stream =
        json!({"code": "C1", "name": "东门", "url": "rtsp://127.0.0.1/a", "matters": ["motor_vehicle_parking"]});
    let view = trusted.post("/api/v1/streams", &stream).json["views"][0]["id"].as_str().unwrap().parse().unwrap();
    let zone = trusted.post("/api/v1/zones", &crate::house::zone(view, "motor_vehicle_parking")).json;
    let id = house.incident(view, zone["id"].as_str().unwrap().parse().unwrap(), 1, &pictures());
    let case = verdict(&trusted, id, &json!({"verdict": "confirmed"})).json["case"]["id"].clone();

    let body = json!({"callback_id": "cb-1", "case_id": case, "stage": "accepted", "platform_number": "P-9",
        "at": "2026-11-23T10:00:00+08:00"})
    .to_string();
    let send = |key: &str, body: &str| {
        let path = "/api/v1/callbacks";
        let message = Signed { method: "POST", path, idempotency_key: key, body: body.as_bytes() };
        let client =
            house.key.headers(&message, house.now()).into_iter().fold(house.client(), |c, (k, v)| c.with(k, &v));
        client.send("POST", path, Some(("application/json", body.as_bytes().to_vec())))
    };
    let unsigned = api.send("POST", "/api/v1/callbacks", Some(("application/json", body.clone().into())));
    assert_eq!((unsigned.status, unsigned.json["status"].as_u64()), (401, Some(401)));
    let first = send("cb-1", &body);
    assert_eq!((first.status, &first.json["moved"]), (200, &true.into()), "{}", first.text);
    assert_eq!(first.json["case"]["stage"], "accepted");
    assert_eq!(send("cb-1", &body).json["moved"], false, "a repeat changes nothing");
    assert_eq!(send("cb-2", &body).status, 422, "the header names another callback");
    let unknown = body.replace("cb-1", "cb-3").replace(case.as_str().unwrap(), &id.to_string());
    assert_eq!(send("cb-3", &unknown).status, 404);
    let huge = format!("{}{}", body, " ".repeat(70 * 1024));
    assert_eq!(send("cb-1", &huge).status, 413);
    house.clock.advance_to(house.now().plus(Duration::from_secs(1)));
    let handled = body.replace("cb-1", "cb-4").replace("accepted", "handled");
    assert_eq!(send("cb-4", &handled).json["case"]["stage"], "handled");
    assert_eq!(house.service.store.rechecks().unwrap().len(), 1, "a handled case waits for a re-check");
}

/// Reads server-sent events until one satisfies `wanted`.
fn event(lines: &mut impl Iterator<Item = String>, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
    let mut event = Vec::new();
    for line in lines {
        match line.trim_end() {
            "" if wanted(&event) => return event,
            "" => event.clear(),
            field => event.push(field.to_owned()),
        }
    }
    panic!("the stream ended, the last event was {event:?}");
}

fn follow(house: &House, last: Option<&str>) -> impl Iterator<Item = String> + use<> {
    let mut socket = TcpStream::connect(house.base.trim_start_matches("http://")).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let last = last.map_or_else(String::new, |id| format!("Last-Event-ID: {id}\r\n"));
    let token = &house.token;
    write!(socket, "GET /api/v1/changes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n{last}\r\n")
        .unwrap();
    BufReader::new(socket).lines().map_while(Result::ok)
}

#[test]
fn followers_hear_of_changes_and_go_on_where_they_broke_off() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let mut live = follow(&house, None);
    let hello = event(&mut live, |e| e.contains(&"event: hello".to_owned()));
    let position = hello.iter().find_map(|field| field.strip_prefix("id: ")).unwrap().to_owned();
    let id = house.incident(view, zone, 1, &pictures());
    let is_opened = |e: &[String]| e.iter().any(|field| field.contains("incident.opened"));
    let opened = event(&mut live, is_opened);
    assert!(opened.iter().any(|field| field.contains(&id.to_string())), "{opened:?}");
    let again = event(&mut follow(&house, Some(&position)), is_opened);
    assert_eq!(again, opened, "the same event with the same id");
    let refused = house.client().with("last-event-id", "x").get("/api/v1/changes");
    assert_eq!(refused.status, 400);
    let begun = std::time::Instant::now();
    drop(house); // The server ends although a follower still listens, and the follower is let go.
    live.for_each(drop);
    assert!(begun.elapsed() < Duration::from_secs(4), "nobody waits for the follower's time-out");
}
