//! Coming in through the identity provider: a real small provider signs real tokens, and gets each thing wrong once.

mod provider;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use xunjie::{
    clock::SimulatedClock,
    domain::{Role, Secret},
    web::Ports,
};

use crate::house::{Answer, Client, House, START};
use provider::{CLIENT, Provider, SECRET, Wishes};

/// A house and the provider that it trusts, under one clock.
fn open() -> (House, Provider) {
    let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
    let provider = Provider::start(clock.clone());
    let house = House::start_at(clock, Ports::default(), &settings(&provider.issuer()));
    (house, provider)
}

fn settings(issuer: &str) -> String {
    format!(
        "[oidc]\nissuer = {issuer:?}\nclient_id = {CLIENT:?}\nsecret_file = \"{{folder}}/oidc.secret\"\nname = \"城管统一认证\"\n\
         public_url = \"http://127.0.0.1:1/\"\nrole_claim = \"city.roles\"\narea_claim = \"city.areas\"\nunmask = \"xunjie-see\"\n\
         [oidc.roles]\nxunjie-review = \"reviewer\"\nxunjie-boss = \"supervisor\"\nxunjie-admin = \"administrator\"\n"
    )
}

/// Where an answer leads.
fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

/// The cookie that an answer sets.
fn cookie(answer: &Answer, name: &str) -> String {
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let line = lines.into_iter().find(|line| line.starts_with(&format!("{name}="))).expect("the cookie is set");
    assert!(line.contains("HttpOnly"), "{line}");
    line.split(';').next().unwrap().to_owned()
}

/// Leaves for the provider and is let in there: the browser, and the path to which it is sent back.
fn leave(house: &House) -> (Client, String) {
    let began = house.stranger().get("/api/v1/oidc/start");
    let (to, kept) = (location(&began), cookie(&began, "xunjie_oidc"));
    let mut abroad = house.stranger();
    let url = url::Url::parse(&to).unwrap();
    abroad.base = url.origin().ascii_serialization();
    let back = location(&abroad.get(to.strip_prefix(&abroad.base).unwrap()));
    let back = back.strip_prefix("http://127.0.0.1:1").expect("back to our own address").to_owned();
    (house.stranger().with("cookie", &kept), back)
}

/// The whole way: where it ended, and the session where there is one.
fn come(house: &House) -> (String, Option<Value>) {
    let (browser, back) = leave(house);
    let answer = browser.get(&back);
    let to = location(&answer);
    let session = (to == "/").then(|| {
        let session = cookie(&answer, "xunjie_session");
        house.stranger().with("cookie", &session).get("/api/v1/session").json["account"].clone()
    });
    (to, session)
}

#[test]
fn somebody_comes_in_and_is_known_by_the_subject_alone() {
    let (house, provider) = open();
    let door = house.stranger().get("/api/v1/door").json;
    assert_eq!(door["oidc"], "城管统一认证");
    // The same name belongs to somebody with a password already, and is not theirs.
    house.person("wang.min", &[Role::Administrator], None);
    for algorithm in [("ES256", "ec-1"), ("RS256", "rsa-1")] {
        provider.wish(Wishes { algorithm: algorithm.0, key: algorithm.1, ..Wishes::default() });
        let (_, account) = come(&house);
        let account = account.unwrap_or_else(|| panic!("{algorithm:?}"));
        assert_eq!((&account["name"], &account["display_name"]), (&"wang.min-2".into(), &"王敏".into()));
        assert_eq!((&account["roles"], &account["areas"]), (&json!(["reviewer"]), &json!(["东城区"])));
        assert_eq!(account["may_unmask"], false);
    }
    // Another subject with the same name and the same address of mail is another person.
    provider.wish(Wishes { subject: "subject-2".into(), ..Wishes::default() });
    assert_eq!(come(&house).1.unwrap()["name"], "wang.min-3");
    // What the provider says counts at the next login; a name that changed leads to the same account.
    provider.wish(Wishes {
        name: "wang.new".into(),
        roles: json!(["xunjie-boss", "xunjie-see"]),
        areas: json!("西城区"),
        ..Wishes::default()
    });
    let account = come(&house).1.unwrap();
    assert_eq!((&account["name"], &account["roles"]), (&"wang.min-2".into(), &json!(["supervisor"])));
    assert_eq!((&account["areas"], &account["may_unmask"]), (&json!(["西城区"]), &true.into()));
    let all = house.service.accounts.accounts().unwrap();
    assert_eq!(all.len(), 3, "{all:?}");

    let id = account["id"].as_str().unwrap().parse().unwrap();
    let disabled = xunjie::service::AccountChange { disabled: Some(true), ..Default::default() };
    house.service.change_account(id, &disabled, "tests").unwrap();
    assert_eq!(come(&house).0, "/login?oidc=disabled");
}

#[test]
fn a_token_that_does_not_fit_lets_nobody_in() {
    let (house, provider) = open();
    let good = Wishes::default;
    let cases: Vec<(&str, Wishes)> = vec![
        ("another nonce", Wishes { nonce: Some("a nonce of another login".into()), ..good() }),
        ("another audience", Wishes { audience: json!("somebody"), ..good() }),
        ("a further audience", Wishes { audience: json!([CLIENT, "somebody"]), ..good() }),
        ("another issuer", Wishes { issuer: Some("http://127.0.0.1:2/city".into()), ..good() }),
        ("expired", Wishes { expires_in_s: -31, ..good() }),
        ("from the future", Wishes { issued_in_s: 90, ..good() }),
        ("an unknown key", Wishes { key: "ec-9", ..good() }),
        ("another key's name", Wishes { key: "rsa-1", ..good() }),
        ("signed by the client's secret", Wishes { algorithm: "HS256", key: "x", ..good() }),
        ("not signed", Wishes { algorithm: "none", ..good() }),
        ("changed on the way", Wishes { touched: true, ..good() }),
        ("another access token", Wishes { foreign_access: true, ..good() }),
    ];
    for (what, wishes) in cases {
        provider.wish(wishes);
        assert_eq!(come(&house).0, "/login?oidc=refused", "{what}");
        // Each of them counts; here the count is not what is looked at.
        house.clock.advance_to(house.now().plus(Duration::from_secs(7200)));
    }
    provider.wish(Wishes { roles: json!(["other"]), ..good() });
    assert_eq!(come(&house).0, "/login?oidc=no-role");
    provider.wish(Wishes { areas: Value::Null, ..good() });
    assert_eq!(come(&house).0, "/login?oidc=no-role", "a claim that is missing opens no area");
    assert_eq!(house.service.accounts.accounts().unwrap(), [], "nobody got an account");
    let told = house.service.store.audit_rows(Some("oidc"), 0, 99).unwrap();
    assert!(told.len() == 14 && told.iter().all(|row| row.action == "session.refused"), "{told:?}");
    for secret in [SECRET, "an access token", "shared@example.org"] {
        assert!(!format!("{told:?}").contains(secret));
        assert!(!crate::house::logged().contains(secret), "{secret:?} is in the log");
    }
}

#[test]
fn what_began_elsewhere_or_ended_once_does_not_count() {
    let (house, provider) = open();
    let (browser, back) = leave(&house);
    assert_eq!(location(&house.stranger().get(&back)), "/login?oidc=stale", "without the cookie");
    let (other, _) = leave(&house);
    assert_eq!(location(&other.get(&back)), "/login?oidc=stale", "another browser's");
    let forged = back.replace("state=", "state=x");
    assert_eq!(location(&browser.get(&forged)), "/login?oidc=stale", "another state");
    assert_eq!(location(&browser.get(&back)), "/login?oidc=stale", "a wrong state ends it");

    let (browser, back) = leave(&house);
    assert_eq!(location(&browser.get(&back)), "/");
    assert_eq!(location(&browser.get(&back)), "/login?oidc=stale", "replayed");
    let (browser, back) = leave(&house);
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    assert_eq!(location(&browser.get(&back.replace(&code, "code-of-another"))), "/login?oidc=refused");
    let (browser, back) = leave(&house);
    let said = back.replace(
        &format!("code={}", back.split("code=").nth(1).unwrap().split('&').next().unwrap()),
        "error=access_denied",
    );
    assert_eq!(location(&browser.get(&said)), "/login?oidc=refused", "the provider said no");

    // Keys change: a token by a new one is taken, and the keys were asked for once more.
    provider.name_keys(&["rsa-1"]);
    house.clock.advance_to(house.now().plus(Duration::from_secs(3700)));
    assert_eq!(come(&house).0, "/login?oidc=refused");
    let before = provider.asked_for_keys();
    provider.name_keys(&["rsa-1", "ec-1"]);
    house.clock.advance_to(house.now().plus(Duration::from_secs(20)));
    assert_eq!(come(&house).0, "/");
    assert_eq!(provider.asked_for_keys(), before + 1);
}

#[test]
fn without_the_provider_passwords_still_work() {
    let clock = Arc::new(SimulatedClock::starting_at(START.parse().unwrap()));
    let provider = Provider::start(clock.clone());
    let house = House::start_at(clock, Ports::default(), &settings(&provider.issuer()));
    drop(provider);
    assert_eq!(location(&house.stranger().get("/api/v1/oidc/start")), "/login?oidc=unreachable");
    let secret = house.service.offer_setup().unwrap().unwrap();
    let password = Secret::new("一把很长的钥匙 1234");
    house.service.set_up(&secret, "zhao", "赵明", &password, std::net::Ipv4Addr::LOCALHOST.into()).unwrap();
    let entered = house.stranger().post("/api/v1/session", &json!({"name": "zhao", "password": password.reveal()}));
    assert_eq!(entered.status, 200, "{}", entered.text);

    // An address outside of the networks of identity providers is never called.
    let outside = settings("https://8.8.8.8/city");
    let house =
        House::start_at(Arc::new(SimulatedClock::starting_at(START.parse().unwrap())), Ports::default(), &outside);
    assert_eq!(location(&house.stranger().get("/api/v1/oidc/start")), "/login?oidc=unreachable");
    assert!(
        crate::house::logged().contains("8.8.8.8 leads to 8.8.8.8, which lies in no network of identity providers")
    );
}
