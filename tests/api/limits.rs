//! What one caller may send before it is told to wait, on the real server, and that others do not notice.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use xunjie::{clock::SimulatedClock, domain::*, web::Ports};

use crate::house::{Answer, House, START, pictures, token};

const LIMITED: &str = "urn:xunjie:problem:limited";

fn house(limits: &str) -> House {
    let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
    House::start_at(clock, Ports::default(), &format!("[limits]\n{limits}\n"))
}

/// How many of `tries` are let through, and the first answer that is not.
fn let_through(tries: usize, mut ask: impl FnMut() -> Answer) -> (usize, Option<Answer>) {
    for tried in 0..tries {
        let answer = ask();
        if answer.status == 429 {
            return (tried, Some(answer));
        }
    }
    (tries, None)
}

#[test]
fn a_caller_that_sends_too_much_is_told_when_to_come_back_and_others_go_on() {
    let house = house("calls_per_minute = 30\nfiles_per_minute = 60\nheavy_per_minute = 3");
    let (view, zone) = house.camera("L1", "东门");
    let incident = house.incident(view, zone, 1, &pictures());
    let li = house.with_token(&token(&house.service, "li", &[Role::Supervisor, Role::Reviewer], None));
    let zhang = house.with_token(&token(&house.service, "zhang", &[Role::Reviewer], None));

    let detail = li.get(&format!("/api/v1/incidents/{incident}"));
    let picture = detail.json["pictures"][0]["masked"].as_str().unwrap().to_owned();
    let (calls, refused) = let_through(60, || li.get("/api/v1/matters"));
    // Coming in cost one, the incident one; a few come back while these are sent.
    assert!((27..=40).contains(&calls), "{calls}");
    let refused = refused.expect("a budget of thirty");
    assert_eq!(refused.json["type"], LIMITED);
    assert_eq!(refused.json["status"], 429);
    assert!(refused.json["detail"].as_str().unwrap().contains("try again in"), "{}", refused.text);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=3).contains(&wait), "one call comes back every two seconds: {wait}");

    assert_eq!(li.get(&picture).status, 200, "pictures are another budget");
    assert_eq!(zhang.get("/api/v1/matters").status, 200, "and a colleague's calls another one");
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(li.get("/api/v1/matters").status, 200, "after the wait it goes on");

    let admin = house.with_token(&house.token);
    let export = "/api/v1/statistics/export?by=matter&format=csv&from=2026-11-23T00:00:00Z";
    let (exports, refused) = let_through(10, || admin.get(export));
    assert_eq!((exports, refused.map(|answer| answer.json["type"].clone())), (3, Some(LIMITED.into())));
    let metrics = admin.get("/metrics").text;
    for budget in ["calls", "heavy"] {
        let line = format!("xunjie_requests_limited_total{{budget=\"{budget}\"}}");
        assert!(metrics.contains(&line), "{line} in {metrics}");
    }
}

#[test]
fn who_proves_nobody_shares_an_address_and_keeps_nobody_else_out() {
    let house = house("strangers_per_minute = 20");
    let known = house.with_token(&token(&house.service, "li", &[Role::Reviewer], None));
    assert_eq!(known.get("/api/v1/session").status, 200);
    let mut n = 0;
    let (guessed, refused) = let_through(60, || {
        n += 1;
        // A new token each time: inventing them must not buy a new budget.
        house.stranger().with("authorization", &format!("Bearer invented-{n}")).get("/api/v1/incidents")
    });
    assert!((17..=25).contains(&guessed), "{guessed}");
    assert_eq!(refused.unwrap().json["type"], LIMITED);
    let log_in = json!({"name": "li", "password": "wrong horse battery"});
    assert_eq!(
        house.stranger().post("/api/v1/session", &log_in).json["type"],
        LIMITED,
        "log-ins are of the same budget"
    );
    assert_eq!(known.get("/api/v1/session").status, 200, "who is known is not met at the address");
    let elsewhere = house.stranger().with("x-forwarded-for", "10.9.8.7");
    assert_eq!(elsewhere.post("/api/v1/session", &log_in).status, 401, "and another address has its own");
}
