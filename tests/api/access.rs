//! Who may come in, and how.

use std::time::Duration;

use serde_json::json;
use xunjie::domain::Role;

use crate::house::{House, token};

const PASSWORD: &str = "correct horse battery";

#[test]
fn without_a_proof_nothing_is_told() {
    let house = House::start(false);
    let stranger = house.client();
    for path in ["/api/v1/streams", "/api/v1/changes", "/metrics", "/api/v1/openapi.json", "/api/v1/none", "/api"] {
        let answer = stranger.get(path);
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, "Bearer"), "{path}");
    }
    for path in ["/healthz", "/login", "/setup", "/api/v1/door"] {
        assert_eq!(stranger.get(path).status, 200, "{path}");
    }
    assert_eq!(house.with_token(&format!("{}0", house.token)).get("/api/v1/streams").status, 401);
    assert_eq!(house.with_token(&house.token).get("/api/v1/streams").status, 200);
    // A program proves itself with the token, so the origin of its request does not matter.
    let program = house.stranger().with("authorization", &format!("bearer {}", house.token)).with("origin", "http://x");
    assert_eq!(program.post("/api/v1/streams", &json!({})).status, 422);
    // A wrong token is not made good by a session beside it.
    let both = house.person("张三", &[Role::Operator], None).with("authorization", "Bearer xj_guess");
    assert_eq!(both.get("/api/v1/streams").status, 401);
}

#[test]
fn the_link_of_the_first_start_makes_one_administrator() {
    let house = House::start(false);
    let browser = house.client().with("sec-fetch-site", "same-origin");
    assert_eq!(browser.get("/api/v1/door").json, json!({"setup_needed": true, "oidc": null, "tls": false}));
    let old = house.service.offer_setup().unwrap().unwrap();
    let secret = house.service.offer_setup().unwrap().unwrap();
    let ask = |secret: &str, password: &str| {
        let body = json!({"secret": secret, "name": "管理员1", "display_name": "王敏", "password": password});
        browser.post("/api/v1/setup", &body)
    };
    assert_eq!(ask(old.reveal(), PASSWORD).status, 410, "a later link takes its place");
    let weak = ask(secret.reveal(), "short");
    assert_eq!((weak.status, &weak.json["faults"][0]["field"]), (422, &"password".into()));
    let made = ask(secret.reveal(), PASSWORD);
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(made.json["account"]["roles"], json!(["administrator"]));
    assert!(!made.text.contains(PASSWORD) && !made.text.contains(secret.reveal()));
    assert_eq!(ask(secret.reveal(), PASSWORD).status, 410, "it works once");
    assert!(
        house.service.offer_setup().unwrap().is_none() && browser.get("/api/v1/door").json["setup_needed"] == false
    );
    let session = made.header("set-cookie").split(';').next().unwrap().to_owned();
    let inside = house.client().with("cookie", &session).with("sec-fetch-site", "same-origin");
    assert_eq!(inside.get("/api/v1/accounts").json["items"][0]["name"], "管理员1");
    let late = house.service.offer_setup().unwrap();
    assert!(late.is_none());
}

#[test]
fn a_session_is_a_cookie_that_ends() {
    let house = House::start(false);
    let browser = house.client().with("sec-fetch-site", "same-origin");
    let secret = house.service.offer_setup().unwrap().unwrap();
    let body = json!({"secret": secret.reveal(), "name": "wang", "display_name": "王敏", "password": PASSWORD});
    browser.post("/api/v1/setup", &body);
    let log_in = || browser.post("/api/v1/session", &json!({"name": "wang", "password": PASSWORD}));
    let answer = log_in();
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json["account"]["display_name"], "王敏");
    assert_eq!((&answer.json["undo_ms"], &answer.json["utc_offset"]), (&10_000.into(), &"+08:00".into()));
    let cookie = answer.header("set-cookie").to_owned();
    for part in ["xunjie_session=", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let behind = house.client().with("sec-fetch-site", "same-origin").with("x-forwarded-proto", "https");
    let encrypted = behind.post("/api/v1/session", &json!({"name": "wang", "password": PASSWORD}));
    let secure = encrypted.header("set-cookie");
    assert!(secure.starts_with("__Host-xunjie_session=") && secure.contains("; Secure"), "{secure}");

    let session = cookie.split(';').next().unwrap();
    let inside = house.client().with("cookie", session).with("sec-fetch-site", "same-origin");
    assert_eq!(inside.get("/api/v1/session").json["account"]["name"], "wang");
    // Another site makes the browser send a request: the cookie alone is not enough.
    let lured = house.client().with("cookie", session).with("sec-fetch-site", "cross-site");
    assert_eq!(lured.post("/api/v1/streams", &json!({})).status, 403);
    let foreign = house.client().with("sec-fetch-site", "cross-site");
    assert_eq!(foreign.post("/api/v1/session", &json!({"name": "wang", "password": PASSWORD})).status, 403);

    let change = |current: &str, new: &str| {
        let body = json!({"current": current, "new": new}).to_string();
        inside.send("PUT", "/api/v1/session/password", Some(("application/json", body.into())))
    };
    assert_eq!(change("wrong horse battery", "another horse battery").status, 422);
    let other = log_in().header("set-cookie").split(';').next().unwrap().to_owned();
    let other = house.client().with("cookie", &other);
    assert_eq!(other.get("/api/v1/session").status, 200);
    assert_eq!(change(PASSWORD, "another horse battery").status, 204);
    assert_eq!((other.get("/api/v1/session").status, inside.get("/api/v1/session").status), (401, 200));

    let ended = inside.send("DELETE", "/api/v1/session", None);
    assert_eq!((ended.status, ended.header("set-cookie").contains("Max-Age=0")), (204, true));
    assert_eq!(inside.get("/api/v1/session").status, 401);
    let again = || {
        let body = json!({"name": "wang", "password": "another horse battery"});
        let cookie = browser.post("/api/v1/session", &body).header("set-cookie").split(';').next().unwrap().to_owned();
        house.client().with("cookie", &cookie)
    };
    let idle = again();
    house.clock.advance_to(house.now().plus(Duration::from_secs(12 * 3600 - 1)));
    assert_eq!(idle.get("/api/v1/session").status, 200);
    house.clock.advance_to(house.now().plus(Duration::from_secs(12 * 3600)));
    assert_eq!(idle.get("/api/v1/session").status, 401, "nobody used it for 12 hours");
    let busy = again();
    for _ in 0..7 * 2 {
        assert_eq!(busy.get("/api/v1/session").status, 200);
        house.clock.advance_to(house.now().plus(Duration::from_secs(12 * 3600 - 60)));
    }
    house.clock.advance_to(house.now().plus(Duration::from_secs(14 * 60)));
    assert_eq!(busy.get("/api/v1/session").status, 401, "however much it is used, it ends after a week");
}

#[test]
fn guessing_is_slowed_down_and_tells_nothing() {
    let house = House::start(false);
    let admin = house.with_token(&house.token);
    let new =
        json!({"name": "zhang", "display_name": "张三", "roles": ["reviewer"], "areas": null, "may_unmask": false});
    let made = admin.post("/api/v1/accounts", &new).json;
    let link = made["invitation"].as_str().unwrap().strip_prefix("/invitation#").unwrap().to_owned();
    let browser = house.client();
    let accepted = browser.post("/api/v1/invitation", &json!({"secret": link, "password": PASSWORD}));
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    assert_eq!(browser.post("/api/v1/invitation", &json!({"secret": link, "password": PASSWORD})).status, 410);
    let guess = |name: &str| browser.post("/api/v1/session", &json!({"name": name, "password": "wrong horse battery"}));
    for _ in 0..5 {
        let (known, unknown) = (guess("zhang"), guess("nobody"));
        assert_eq!((known.status, &known.text), (401, &unknown.text), "a known name and an unknown one look alike");
    }
    for name in ["zhang", "nobody"] {
        let locked = guess(name);
        assert_eq!((locked.status, &locked.json["type"]), (429, &"urn:xunjie:problem:locked-out".into()));
        assert!((1..=31).contains(&locked.header("retry-after").parse::<u32>().unwrap()));
    }
    let right = browser.post("/api/v1/session", &json!({"name": "zhang", "password": PASSWORD}));
    assert_eq!(right.status, 429, "not even the right password is looked at");
    // The store counts: a service that starts anew over the same data goes on where it was.
    let anew = xunjie::service::Service::open(house.service.config.clone(), house.clock.clone()).unwrap();
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    assert!(anew.locked_out("zhang", here).unwrap().is_some() && anew.locked_out("li", here).unwrap().is_none());
    house.clock.advance_to(house.now().plus(Duration::from_secs(31)));
    let body = json!({"name": "zhang", "password": PASSWORD});
    assert_eq!(browser.post("/api/v1/session", &body).status, 200, "the wait ends");
    assert_eq!(guess("zhang").status, 401, "and who came in begins anew");
    let refused = admin.get("/api/v1/audit?action=session.refused").json;
    assert_eq!(refused["items"].as_array().unwrap().len(), 11, "each try that was looked at, and no other");
    assert!(!refused.to_string().contains("nobody"), "what was typed is not written down");
}

#[test]
fn what_an_administrator_takes_away_is_gone_at_once() {
    let house = House::start(true);
    let admin = house.client();
    let person = house.person("li", &[Role::Reviewer], None);
    let account = admin.get("/api/v1/accounts").json["items"][0].clone();
    assert_eq!((&account["name"], person.get("/api/v1/incidents").status), (&"li".into(), 200));
    let change = |body: serde_json::Value| {
        let path = format!("/api/v1/accounts/{}", account["id"].as_str().unwrap());
        admin.send("PATCH", &path, Some(("application/json", body.to_string().into())))
    };
    assert_eq!(change(json!({"roles": ["platform"]})).status, 200);
    assert_eq!((person.get("/api/v1/incidents").status, person.get("/api/v1/cases").status), (403, 200));
    assert_eq!(change(json!({"areas": ["东城区"], "disabled": true})).json["areas"], json!(["东城区"]));
    assert_eq!(person.get("/api/v1/cases").status, 401);
    assert_eq!(change(json!({"disabled": false, "all_areas": true})).json["areas"], json!(null));
    assert_eq!(person.get("/api/v1/cases").status, 401, "a session that ended does not come back");

    let made = admin.post("/api/v1/tokens", &json!({"name": "bi", "roles": ["supervisor"]})).json;
    let program = house.with_token(made["secret"].as_str().unwrap());
    assert_eq!(program.get("/api/v1/incidents").status, 200);
    let listed = admin.get("/api/v1/tokens");
    assert!(!listed.text.contains(made["secret"].as_str().unwrap()) && listed.text.contains("last_used_at"));
    let path = format!("/api/v1/tokens/{}", made["token"]["id"].as_str().unwrap());
    assert_eq!(admin.send("DELETE", &path, None).status, 204);
    assert_eq!(program.get("/api/v1/incidents").status, 401);
    let soon = house.now().plus(Duration::from_secs(60)).to_string();
    let short = json!({"name": "short", "roles": ["supervisor"], "expires_at": soon});
    let short = admin.post("/api/v1/tokens", &short).json["secret"].as_str().unwrap().to_owned();
    assert_eq!(house.with_token(&short).get("/api/v1/incidents").status, 200);
    house.clock.advance_to(house.now().plus(Duration::from_secs(60)));
    assert_eq!(house.with_token(&short).get("/api/v1/incidents").status, 401);

    let audit = admin.get("/api/v1/audit?actor=token:tests&limit=500").json;
    for action in ["account.changed", "token.added", "token.revoked"] {
        assert!(audit["items"].as_array().unwrap().iter().any(|row| row["action"] == action), "{action}: {audit}");
    }
}

#[test]
fn the_last_administrator_stays_one() {
    let house = House::start(true);
    let admin = house.client();
    house.person("only", &[Role::Administrator], None);
    let id = admin.get("/api/v1/accounts").json["items"][0]["id"].as_str().unwrap().to_owned();
    let change = |body: serde_json::Value| {
        admin.send("PATCH", &format!("/api/v1/accounts/{id}"), Some(("application/json", body.to_string().into())))
    };
    for body in [json!({"disabled": true}), json!({"roles": ["reviewer"]})] {
        let refused = change(body);
        assert_eq!(refused.status, 409, "{}", refused.text);
    }
    house.person("second", &[Role::Administrator], None);
    assert_eq!(change(json!({"disabled": true})).status, 200);
    let twice = json!({"name": "second", "display_name": "x", "roles": ["reviewer"]});
    assert_eq!(admin.post("/api/v1/accounts", &twice).status, 409);
    let faulty = json!({"name": "cli", "display_name": " ", "roles": [], "areas": []});
    let fields: Vec<String> = admin.post("/api/v1/accounts", &faulty).json["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["field"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["name", "display_name", "roles", "areas"]);
    assert!(token(&house.service, "another", &[Role::Reviewer], None).starts_with("xj_"));
}
