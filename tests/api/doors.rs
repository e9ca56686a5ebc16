//! Every operation of the document, times every role, times an object of one's own area and of another's. A route that
//! is added without a row here fails, and so does one without a row in the server's own table.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    sync::Arc,
};

use serde_json::{Value, json};
use xunjie::{
    domain::{
        BBox, Disagreement, IncidentId, LookId, ModelRef, Rivals, Role, Role::*, Score, SeenBy, Shadowed, Verdict,
        ViewId, ZoneId,
    },
    web::{DescribePort, LookPort, Ports, ProbePort, Probed, ROLES, callers_of},
};

use crate::house::{House, pictures, token};

/// Whose the thing is that an operation names, and how its id is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// It names nothing.
    Nothing,
    /// It lists things of streams: one's own are in, others are not.
    List(&'static str),
    /// `{id}` in path or body names one of these.
    One(&'static str),
    /// Anybody may, and a signature proves it.
    Signed,
    /// The stream of changes: only its status is looked at here.
    Changes,
}
use Of::{Changes, List, Nothing, One, Signed};

const ALL: &[Role] = &Role::ALL;
const OPERATOR: &[Role] = &[Operator];
const REVIEWER: &[Role] = &[Reviewer];
const SUPERVISOR: &[Role] = &[Supervisor];
const PLATFORM: &[Role] = &[Platform];
const VIEWERS: &[Role] = &[Reviewer, Supervisor, Platform];
const CASES: &[Role] = &[Platform, Supervisor];
const WATCHERS: &[Role] = &[Operator, Supervisor];
const NONE: &[Role] = &[];

/// What a new zone looks like; `{id}` is its view.
const ZONE: &str =
    r#"{"view":"{id}","name":"z","kind":"strict","matters":["stall"],"polygon":[[0.1,0.1],[0.9,0.1],[0.9,0.9]]}"#;
/// A box drawn on a view by hand.
const MARK: &str = r#"{"matter":"stall","polarity":"suppress","bbox":[0.2,0.2,0.6,0.6]}"#;
const STREAM: &str = r#"{"code":"NEW","name":"n","url":"rtsp://127.0.0.1/a","area":"东城区"}"#;

/// Operation, the roles that may call it beside the administrator (`None`: anybody at all), what it names, its body.
type Row = (&'static str, Option<&'static [Role]>, Of, &'static str);

const ROWS: &[Row] = &[
    ("accounts_add", Some(NONE), Nothing, "{}"),
    ("accounts_change", Some(NONE), One("account"), "{}"),
    ("accounts_invite", Some(NONE), One("account"), ""),
    ("accounts_list", Some(NONE), Nothing, ""),
    ("accounts_show", Some(NONE), One("account"), ""),
    ("agreement_show", Some(SUPERVISOR), Nothing, ""),
    ("areas_list", Some(ALL), List("area"), ""),
    ("audit_list", Some(NONE), Nothing, ""),
    ("calendar_show", Some(ALL), Nothing, ""),
    ("callbacks_hear", None, Signed, "{}"),
    ("cases_list", Some(CASES), List("case"), ""),
    ("cases_show", Some(CASES), One("case"), ""),
    ("cases_timeline", Some(VIEWERS), One("case"), ""),
    ("changes_follow", Some(ALL), Changes, ""),
    ("clusters_list", Some(REVIEWER), Nothing, ""),
    ("deliveries_list", Some(CASES), List("delivery"), ""),
    ("deliveries_replay", Some(PLATFORM), One("delivery"), ""),
    ("deliveries_show", Some(CASES), One("delivery"), ""),
    ("door_accept", None, Nothing, "{}"),
    ("door_set_up", None, Nothing, "{}"),
    ("door_show", None, Nothing, ""),
    ("evidence_file", Some(VIEWERS), One("evidence"), ""),
    ("evidence_hold", Some(&[Reviewer, Supervisor]), One("incident"), r#"{"hold":true}"#),
    ("evidence_list", Some(VIEWERS), List("evidence"), ""),
    ("evidence_manifest", Some(VIEWERS), One("evidence"), ""),
    ("evidence_prove", Some(VIEWERS), One("evidence"), ""),
    ("evidence_show", Some(VIEWERS), One("evidence"), ""),
    ("exemplars_change", Some(OPERATOR), One("exemplar"), r#"{"scope":"zone"}"#),
    ("exemplars_list", Some(&[Operator, Reviewer, Supervisor]), List("exemplar"), ""),
    ("exemplars_mark", Some(OPERATOR), One("view"), MARK),
    ("exemplars_picture", Some(&[Operator, Reviewer, Supervisor]), One("exemplar"), ""),
    ("exemplars_preview", Some(WATCHERS), One("exemplar"), ""),
    ("exemplars_undo", Some(OPERATOR), One("exemplar"), ""),
    ("health_live", None, Nothing, ""),
    ("health_metrics", Some(WATCHERS), Nothing, ""),
    ("health_show", Some(ALL), Nothing, ""),
    ("incidents_decide", Some(REVIEWER), One("incident"), r#"{"verdict":"confirmed"}"#),
    ("incidents_export", Some(SUPERVISOR), Nothing, ""),
    ("incidents_list", Some(&[Reviewer, Supervisor]), List("incident"), ""),
    ("incidents_lock", Some(REVIEWER), One("incident"), ""),
    ("incidents_reading", Some(VIEWERS), One("incident"), ""),
    ("incidents_show", Some(VIEWERS), One("incident"), ""),
    ("incidents_similar", Some(&[Reviewer, Supervisor]), One("incident"), ""),
    ("incidents_undo", Some(REVIEWER), One("incident"), ""),
    ("incidents_unlock", Some(REVIEWER), One("incident"), ""),
    ("looks_ask", Some(OPERATOR), One("view"), ""),
    ("looks_list", Some(WATCHERS), One("view"), ""),
    ("matters_list", Some(ALL), Nothing, ""),
    ("media_links_show", None, Signed, ""),
    ("oidc_callback", None, Nothing, ""),
    ("oidc_start", None, Nothing, ""),
    ("plan_show", Some(ALL), Nothing, ""),
    ("platform_show", Some(PLATFORM), Nothing, ""),
    ("queue_list", Some(&[Reviewer, Supervisor]), Nothing, ""),
    ("queue_next", Some(REVIEWER), Nothing, "{}"),
    ("reconciliations_list", Some(CASES), Nothing, ""),
    ("reconciliations_run", Some(PLATFORM), Nothing, ""),
    ("reports_show", Some(SUPERVISOR), Nothing, ""),
    ("second_reviews_give", Some(&[Reviewer, Supervisor]), One("incident"), r#"{"verdict":"confirmed"}"#),
    ("second_reviews_next", Some(&[Reviewer, Supervisor]), Nothing, ""),
    ("session_begin", None, Nothing, "{}"),
    ("session_end", Some(ALL), Nothing, ""),
    ("session_password", Some(ALL), Nothing, "{}"),
    ("session_show", Some(ALL), Nothing, ""),
    ("shadow_judge", Some(WATCHERS), One("disagreement"), r#"{"truth":"something"}"#),
    ("shadow_picture", Some(WATCHERS), One("disagreement"), ""),
    ("shadow_show", Some(WATCHERS), List("disagreement"), ""),
    ("shadow_withdraw", Some(WATCHERS), One("disagreement"), ""),
    ("statistics_export", Some(SUPERVISOR), Nothing, ""),
    ("statistics_hot_spots", Some(SUPERVISOR), Nothing, ""),
    ("statistics_show", Some(SUPERVISOR), Nothing, ""),
    ("streams_add", Some(OPERATOR), Nothing, STREAM),
    ("streams_change", Some(OPERATOR), One("stream"), "{}"),
    ("streams_import", Some(OPERATOR), Nothing, "{}"),
    ("streams_import_template", Some(OPERATOR), Nothing, ""),
    ("streams_list", Some(ALL), List("stream"), ""),
    ("streams_probe", Some(OPERATOR), Nothing, STREAM),
    ("streams_probe_known", Some(OPERATOR), One("stream"), ""),
    ("streams_remove", Some(OPERATOR), One("stream"), ""),
    ("streams_show", Some(ALL), One("stream"), ""),
    ("tokens_add", Some(NONE), Nothing, "{}"),
    ("tokens_list", Some(NONE), Nothing, ""),
    ("tokens_revoke", Some(NONE), One("token"), ""),
    ("verdicts_give", Some(REVIEWER), Nothing, "{}"),
    ("views_ask_reference", Some(OPERATOR), One("view"), ""),
    ("views_change", Some(OPERATOR), One("view"), "{}"),
    ("views_detections", Some(OPERATOR), One("view"), ""),
    ("views_list", Some(ALL), List("view"), ""),
    ("views_permit_signs", Some(OPERATOR), One("view"), r#"{"signs":[],"permitted":true}"#),
    ("views_reference", Some(&[Operator, Reviewer, Supervisor]), One("view"), ""),
    ("views_show", Some(ALL), One("view"), ""),
    ("views_signs", Some(&[Operator, Reviewer, Supervisor]), One("view"), ""),
    ("views_what_if", Some(OPERATOR), One("view"), r#"{"zones":[]}"#),
    ("zones_add", Some(OPERATOR), One("view"), ZONE),
    ("zones_change", Some(OPERATOR), One("zone"), ZONE),
    ("zones_list", Some(ALL), List("zone"), ""),
    ("zones_remove", Some(OPERATOR), One("zone"), ""),
    ("zones_show", Some(ALL), One("zone"), ""),
    ("zones_versions", Some(ALL), One("zone"), ""),
];

/// What stands in a path beside `{id}`.
const WORDS: [(&str, &str); 3] = [("{name}", "masked.jpg"), ("{month}", "2026-11"), ("{day}", "2026-11-23")];

/// The ids of one of everything in an area, by what they name.
type Things = BTreeMap<&'static str, String>;

fn things(house: &House, code: &str, area: &str) -> Things {
    let admin = house.with_token(&house.token);
    let (view, zone) = house.camera(code, code);
    let view_row = admin.get(&format!("/api/v1/views/{view}")).json;
    let stream = view_row["view"]["stream"].as_str().unwrap().to_owned();
    let body = json!({ "area": area }).to_string();
    let moved = admin.send("PATCH", &format!("/api/v1/streams/{stream}"), Some(("application/json", body.into())));
    assert_eq!((moved.status, &moved.json["area"]), (200, &area.into()), "{}", moved.text);
    picture_of(house, &view.to_string());
    let incident = house.incident(view, zone, 1, &pictures());
    let service = &house.service;
    let signed = service.sign(incident, Verdict::Confirmed, "张三", "");
    let case = service.decide(&signed).unwrap().case.unwrap();
    let delivery = service.store.deliveries_of(case.id).unwrap().remove(0);
    let evidence = service.store.evidence_of(incident).unwrap().remove(0);
    let account = json!({"name": format!("of-{code}"), "display_name": "x", "roles": ["reviewer"]});
    let account = admin.post("/api/v1/accounts", &account).json["account"]["id"].clone();
    let made = json!({"name": format!("of-{code}"), "roles": ["reviewer"]});
    let made = admin.post("/api/v1/tokens", &made).json["token"]["id"].clone();
    let text = |value: Value| value.as_str().unwrap().to_owned();
    Things::from([
        ("stream", stream),
        ("view", view.to_string()),
        ("zone", zone.to_string()),
        ("incident", incident.to_string()),
        ("evidence", evidence.id.to_string()),
        ("exemplar", xunjie::domain::Exemplar::of_verdict(incident).to_string()),
        ("disagreement", disagreement(house, view, zone)),
        ("case", case.id.to_string()),
        ("delivery", delivery.id.to_string()),
        ("area", area.to_owned()),
        ("account", text(account)),
        ("token", text(made)),
    ])
}

/// What a new model saw and the old one did not, with its picture.
pub(crate) fn disagreement(house: &House, view: ViewId, zone: ZoneId) -> String {
    let model = |name: &str| ModelRef { name: name.into(), sha256: "00".repeat(32) };
    let what = Disagreement {
        seen_by: SeenBy::Shadow,
        class: "car".into(),
        zone,
        bbox: BBox::new(0.1, 0.2, 0.3, 0.4),
        score: Score::ONE,
        other: None,
    };
    let shadowed = Shadowed {
        view,
        matter: "stall".parse().unwrap(),
        at: house.now(),
        rivals: Rivals { own: model("old"), shadow: model("new") },
        both: 1,
        disagreements: vec![what],
    };
    let noted = house.service.store.note_shadowed(&shadowed, 1).unwrap();
    let id = noted.fresh[0].1;
    let file = house.service.disagreement_file(id);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, &pictures()[0].1).unwrap();
    id.to_string()
}

/// A reference picture, as the first look would take it.
pub(crate) fn picture_of(house: &House, view: &str) {
    let folder = house.service.data().join("references");
    std::fs::create_dir_all(&folder).unwrap();
    let bytes = &pictures()[0].1;
    std::fs::write(folder.join(format!("{view}.jpg")), bytes).unwrap();
    let reference = xunjie::domain::Reference {
        version: 1,
        file: format!("references/{view}.jpg"),
        sha256: "00".repeat(32),
        width: 32,
        height: 18,
        taken_at: house.now(),
    };
    house.service.store.put_reference(view.parse().unwrap(), &reference, "tests").unwrap();
}

/// Method and path of each operation.
fn operations() -> BTreeMap<String, (String, String)> {
    let document = serde_json::to_value(xunjie::web::openapi()).unwrap();
    let mut operations = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            operations.insert(id, (method.to_uppercase(), path.clone()));
        }
    }
    operations
}

#[test]
fn no_operation_is_without_a_row() {
    let rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
    let ids: Vec<String> = operations().into_keys().collect();
    assert_eq!(rows, ids, "one row each, in order");
    let unknown: Vec<&String> = ids.iter().filter(|id| callers_of(id).is_none()).collect();
    assert!(unknown.is_empty(), "without a row in src/web/roles.rs: {unknown:?}");
    let beside = ["openapi", "page", "page_public"];
    let stale: Vec<&str> = ROLES
        .iter()
        .map(|row| row.0)
        .filter(|id| !ids.iter().any(|known| known == id) && !beside.contains(id))
        .collect();
    assert!(stale.is_empty(), "no operation is called so: {stale:?}");
}

/// One request; for the stream of changes its status alone.
fn ask(house: &House, token: &str, (method, path): (&str, &str), body: &str, of: Of) -> (u16, String) {
    if of == Changes {
        let mut socket = TcpStream::connect(house.base.trim_start_matches("http://")).unwrap();
        let bearer = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n").unwrap();
        let mut head = [0; 12];
        socket.read_exact(&mut head).unwrap();
        return (String::from_utf8_lossy(&head[9..]).parse().unwrap(), String::new());
    }
    let client = if token.is_empty() { house.stranger() } else { house.with_token(token) };
    let body = (!body.is_empty()).then(|| ("application/json", body.as_bytes().to_vec()));
    let answer = client.send(method, path, body);
    (answer.status, answer.text)
}

#[test]
fn every_route_times_every_role_times_a_foreign_object() {
    let operations = operations();
    let look: LookPort = Arc::new(|_, _| Ok(LookId::fresh()));
    let probe: ProbePort =
        Arc::new(|_, _| Probed { usable: false, summary: "断开".to_owned(), picture: None, details: json!({}) });
    let describe: DescribePort = Arc::new(|_, _, _| Err("nothing looks here".to_owned()));
    let ports = Ports { look: Some(look), probe: Some(probe), describe: Some(describe), ..Ports::default() };
    let house = House::start_with(false, ports);
    for (operation, may, of, body) in ROWS {
        let (method, path) = &operations[*operation];
        // Each operation finds things of its own: some are removed, and a verdict is given once.
        let east = things(&house, &format!("E-{operation}"), "东城区");
        let west = things(&house, &format!("W-{operation}"), "西城区");
        let filled = |text: &str, things: &Things| {
            let id = match of {
                One(what) => things[what].as_str(),
                Signed => things["evidence"].as_str(),
                Nothing | List(_) | Changes => "",
            };
            WORDS
                .iter()
                .fold(text.replace("{id}", id).replace("{incident}", id), |text, (word, with)| text.replace(word, with))
        };
        let (own, foreign) = (filled(path, &east), filled(path, &west));
        let nobody = ask(&house, "", (method, &own), &filled(body, &east), *of);
        match (may, of) {
            (Some(_), _) => assert_eq!(nobody.0, 401, "{operation} asked by nobody: {}", nobody.1),
            (None, Signed) => assert!(matches!(nobody.0, 401 | 403), "{operation} without a signature: {}", nobody.1),
            (None, _) => assert!(!matches!(nobody.0, 401 | 403 | 404), "{operation} is for all: {}", nobody.1),
        }
        let Some(may) = may else { continue };
        let mut is_removed = false;
        for role in Role::ALL {
            let name = format!("{operation}-{role:?}");
            let token = token(&house.service, &name, &[role], Some(&["东城区"]));
            let (status, text) = ask(&house, &token, (method, &own), &filled(body, &east), *of);
            if role != Administrator && !may.contains(&role) {
                assert_eq!(status, 403, "{operation} by {role:?}: {text}");
                continue;
            }
            let is_in = !matches!(status, 401 | 403) && (status != 404 || is_removed);
            assert!(is_in, "{operation} by {role:?} on their own: {status} {text}");
            is_removed |= method == "DELETE" && status == 204;
            match of {
                One("account" | "token") | Nothing | Signed | Changes => {}
                One(what) => {
                    let (status, text) = ask(&house, &token, (method, &foreign), &filled(body, &west), *of);
                    assert_eq!(status, 404, "{operation} by {role:?} on another's: {text}");
                    let elsewhere: Vec<_> = west.iter().filter(|(key, _)| *key != what).map(|(_, id)| id).collect();
                    assert!(!elsewhere.iter().any(|id| text.contains(*id)), "{operation} tells of another's: {text}");
                }
                List(what) => {
                    assert!(text.contains(&east[what]), "{operation} by {role:?} lacks their own: {text}");
                    for (what, id) in &west {
                        assert!(!text.contains(id), "{operation} by {role:?} shows another's {what}: {text}");
                    }
                }
            }
        }
    }
}

#[test]
fn who_must_choose_a_new_password_may_do_nothing_else() {
    let house = House::start(true);
    let admin = house.client();
    let person = house.person("wang", &Role::ALL, None);
    let id = house.service.account_named("wang").unwrap().id;
    let change = |body: Value| {
        let body = ("application/json", body.to_string().into());
        admin.send("PATCH", &format!("/api/v1/accounts/{id}"), Some(body))
    };
    let none = change(json!({"must_change_password": true}));
    assert_eq!(none.status, 409, "there is no password that could be changed: {}", none.text);
    let (old, new) = ("correct horse battery", "another horse battery");
    let secret = house.service.invite(id, "tests").unwrap();
    let body = json!({"secret": secret.reveal(), "password": old});
    let accepted = house.stranger().post("/api/v1/invitation", &body);
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    assert_eq!(person.get("/api/v1/session").status, 401, "an invitation ends what was open");
    let person = house.person("wang", &Role::ALL, None);
    assert_eq!(change(json!({"must_change_password": true})).json["must_change_password"], true);
    assert_eq!(person.get("/api/v1/session").json["account"]["must_change_password"], true);
    let oneself = ["session_show", "session_password", "session_end"];
    for (operation, (method, path)) in operations() {
        if ROWS.iter().any(|row| row.0 == operation && row.1.is_none()) || oneself.contains(&operation.as_str()) {
            continue;
        }
        let answer = person.send(&method, &path, None);
        let told = (answer.status, answer.json["type"].as_str());
        assert_eq!(told, (403, Some("urn:xunjie:problem:must-change-password")), "{operation}: {}", answer.text);
    }
    let body = json!({"current": old, "new": new}).to_string();
    let changed = person.send("PUT", "/api/v1/session/password", Some(("application/json", body.into())));
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert_eq!(person.get("/api/v1/session").json["account"]["must_change_password"], false);
    assert_eq!(person.get("/api/v1/queue").status, 200);
}

#[test]
fn counts_and_the_feed_keep_to_the_areas_of_whoever_asks() {
    let house = House::start(false);
    let east = things(&house, "E", "东城区");
    things(&house, "W", "西城区");
    let token = token(&house.service, "east", &[Reviewer], Some(&["东城区"]));
    let api = house.with_token(&token);
    let health = api.get("/api/v1/health").json;
    assert_eq!((&health["coverage"]["views"], &health["deliveries_pending"]), (&1.into(), &1.into()), "{health}");
    assert_eq!(house.with_token(&house.token).get("/api/v1/health").json["coverage"]["views"], 2);
    let elsewhere = api.get("/api/v1/incidents?area=%E8%A5%BF%E5%9F%8E%E5%8C%BA").json;
    assert_eq!(elsewhere["items"], json!([]), "asking for another area shows nothing of it");

    let head = house.service.store.feed_head().unwrap();
    let mut socket = TcpStream::connect(house.base.trim_start_matches("http://")).unwrap();
    let last = format!("Authorization: Bearer {token}\r\nLast-Event-ID: {head}\r\n");
    write!(socket, "GET /api/v1/changes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{last}\r\n").unwrap();
    let told = |id: &str| house.service.store.feed(head, 500).unwrap().iter().any(|row| row.subject == id);
    let west = things(&house, "W2", "西城区");
    let newer = things(&house, "E2", "东城区");
    assert!(told(&west["incident"]) && told(&newer["incident"]));
    let mut heard = String::new();
    let mut lines = BufReader::new(socket).lines();
    for line in lines.by_ref().map_while(Result::ok) {
        heard.push_str(&line);
        if line.contains(&newer["delivery"]) || line.contains("case.opened") {
            break;
        }
    }
    let found = house.service.accounts.tokens().unwrap().into_iter().find(|token| token.name.as_str() == "east");
    house.service.revoke_token(found.unwrap().id, "tests").unwrap();
    let began = std::time::Instant::now();
    lines.by_ref().map_while(Result::ok).for_each(drop);
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "whose token is revoked follows no longer");
    assert!(heard.contains(&newer["incident"]), "{heard}");
    assert!(!west.values().any(|id| heard.contains(id)), "{heard}");
    assert!(east["incident"].parse::<IncidentId>().is_ok());
}

#[test]
fn what_is_not_masked_needs_a_right_and_is_written_down() {
    let house = House::start(false);
    let east = things(&house, "E", "东城区");
    let reviewer = house.person("张三", &[Reviewer], Some(&["东城区"]));
    let file = |name: &str| format!("/api/v1/evidence/{}/files/{name}", east["evidence"]);
    assert_eq!(reviewer.get(&file("masked.jpg")).status, 200);
    let incident = format!("/api/v1/incidents/{}", east["incident"]);
    let (shown, reading) = (reviewer.get(&incident), format!("{incident}/reading"));
    assert_eq!(
        shown.json["reading"],
        json!({"text": "上门开锁 / 138-****-**78", "masked": true, "whole": null}),
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("5678") && reviewer.get(&reading).status == 403, "{}", shown.text);
    for name in ["first.jpg", "middle.jpg", "latest.jpg", "annotated.jpg"] {
        assert_eq!(reviewer.get(&file(name)).status, 403, "{name}");
    }
    let admin = house.with_token(&house.token);
    let audit = |action: &str| admin.get(&format!("/api/v1/audit?action={action}")).json["items"].clone();
    assert_eq!(audit("evidence.unmasked"), json!([]));
    let incident = format!("/api/v1/incidents/{}", east["incident"]);
    for _ in 0..2 {
        let seen = reviewer.get(&incident).json;
        assert!(!seen["audit"].to_string().contains("viewed"), "who looked is the administrator's to know");
    }
    let views = |action: &str| audit(action).as_array().unwrap().len();
    assert_eq!(views("incident.viewed"), 1, "the page reads it anew: one view");
    house.clock.advance_to(house.now().plus(std::time::Duration::from_secs(601)));
    reviewer.get(&incident);
    assert_eq!((views("incident.viewed"), views("case.viewed")), (2, 0));
    assert_eq!(audit("incident.viewed")[0]["actor"], "张三");
    let accounts = admin.get("/api/v1/accounts").json;
    let account = accounts["items"].as_array().unwrap().iter().find(|account| account["name"] == "张三").unwrap();
    let path = format!("/api/v1/accounts/{}", account["id"].as_str().unwrap());
    admin.send("PATCH", &path, Some(("application/json", br#"{"may_unmask":true}"#.to_vec())));
    let read = reviewer.get(&reading);
    assert_eq!(read.json, json!({"text": "上门开锁 / 138-1234-5678", "masked": false, "whole": null}), "{}", read.text);
    let rows = audit("incident.reading.unmasked");
    assert_eq!((&rows[0]["actor"], &rows[0]["subject"]), (&"张三".into(), &east["incident"].as_str().into()), "{rows}");
    assert_eq!(reviewer.get(&file("first.jpg")).status, 200);
    let rows = audit("evidence.unmasked");
    assert_eq!((&rows[0]["actor"], &rows[0]["subject"]), (&"张三".into(), &east["evidence"].as_str().into()), "{rows}");
}
