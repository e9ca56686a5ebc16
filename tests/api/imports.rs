//! Streams from sheets: each file of `fixtures/imports` is one case, what is told of it one snapshot.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    path::Path,
};

use serde_json::{Value, json};
use xunjie::service::{ImportTerms, RowAction};

use crate::house::{Answer, Client, House, logged};

fn import(api: &Client, query: &str, sheet: Vec<u8>) -> Answer {
    api.send("POST", &format!("/api/v1/streams/import{query}"), Some(("text/csv", sheet)))
}

/// A house with three streams, of which the second has a credential.
fn house() -> House {
    let house = House::start(true);
    house.camera("C1", "东门");
    let api = house.client();
    for stream in [
        json!({"code": "C2", "name": "二号", "url": "rtsp://admin:kept@10.0.0.8/ch1", "matters": ["stall"]}),
        json!({"code": "C3", "name": "三号", "url": "rtsp://10.0.0.9/ch1"}),
    ] {
        assert_eq!(api.post("/api/v1/streams", &stream).status, 201);
    }
    house
}

fn streams(api: &Client) -> Value {
    api.get("/api/v1/streams").json["items"].clone()
}

/// What is told, short enough to be read.
fn told(answer: &Answer) -> String {
    let json = &answer.json;
    let mut text = format!("{}\n", answer.status);
    let faults = |text: &mut String, faults: &Value| {
        for fault in faults.as_array().into_iter().flatten() {
            writeln!(text, "    {}: {} {}", fault["field"], fault["got"], fault["want"]).unwrap();
        }
    };
    faults(&mut text, &json["faults"]);
    if answer.status == 200 {
        let count = |what: &str| format!("{what} {}, ", json[what]);
        let counts: String = ["add", "change", "same", "refused"].map(count).concat();
        writeln!(text, "{counts}{}, applied {}", json["encoding"], json["applied"]).unwrap();
    }
    for row in json["rows"].as_array().into_iter().flatten() {
        let name: String = row["name"].as_str().unwrap().chars().take(30).collect();
        writeln!(text, "line {} {} {:?} {}", row["line"], row["code"], name, row["action"]).unwrap();
        faults(&mut text, &row["faults"]);
    }
    text
}

#[test]
fn every_sheet_is_told_row_by_row_and_applied_whole_or_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/imports");
    let mut sheets: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    sheets.sort();
    for path in sheets.iter().filter(|path| path.extension().is_some_and(|ending| ending == "csv")) {
        let house = house();
        let (api, sheet) = (house.client(), std::fs::read(path).unwrap());
        let before = streams(&api);
        let dry = import(&api, "?dry_run=true", sheet.clone());
        assert_eq!(streams(&api), before, "a dry run changes nothing: {path:?}");
        let real = import(&api, "", sheet.clone());
        assert_eq!(told(&dry), told(&real).replace("applied true", "applied false"), "{path:?}");
        insta::assert_snapshot!(format!("import_{}", path.file_stem().unwrap().to_str().unwrap()), told(&real));
        let applied = real.json["applied"] == true;
        let changes = applied && (real.json["add"] != 0 || real.json["change"] != 0);
        assert_eq!(streams(&api) != before, changes, "{path:?}");
        if applied {
            let again = import(&api, "", sheet);
            assert_eq!((&again.json["add"], &again.json["change"]), (&json!(0), &json!(0)), "{path:?}: {}", again.text);
        }
        let audit = format!("{:?}", house.service.store.audit_rows(None, 0, 500).unwrap());
        for heard in [api.heard(), logged(), audit] {
            let leaks: Vec<_> = heard.lines().filter(|line| line.contains("pl4nted")).collect();
            assert!(leaks.is_empty(), "{path:?}: {leaks:?}");
        }
    }
    assert!(sheets.len() > 20);
}

#[test]
fn what_a_sheet_says_is_what_is_registered() {
    let house = house();
    let api = house.client();
    let sheet = include_bytes!("../../fixtures/imports/plain.csv");
    assert_eq!(import(&api, "", sheet.to_vec()).json["applied"], true);
    let all = streams(&api);
    let west = all.as_array().unwrap().iter().find(|stream| stream["code"] == "N1").unwrap().clone();
    assert_eq!((&west["url"], &west["has_credential"]), (&json!("rtsp://10.0.0.11/ch1"), &json!(true)));
    assert_eq!((&west["transport"], &west["area"], &west["name"]), (&json!("tcp"), &json!("东城区"), &json!("西门")));
    assert_eq!(west["location"]["grid_cell"], "990000001001001");
    assert_eq!(west["views"][0]["matters"], json!(["motor_vehicle_parking", "stall"]));
    assert_eq!(west["views"][0]["revisit_s"], 60);
    let kept = house.service.store.credential(west["id"].as_str().unwrap().parse().unwrap()).unwrap().unwrap();
    assert_eq!((kept.username.as_str(), kept.password.reveal()), ("admin", "pl4nted"));

    let moved = "code,url,username,password,address\nN1,rtsp://10.0.0.12/ch1,admin,new,\n";
    assert_eq!(import(&api, "", moved.into()).json["change"], 1);
    let all = streams(&api);
    let west = all.as_array().unwrap().iter().find(|stream| stream["code"] == "N1").unwrap().clone();
    assert_eq!((&west["url"], &west["name"]), (&json!("rtsp://10.0.0.12/ch1"), &json!("西门")));
    assert_eq!(west["location"]["address"], "示例路2号", "an empty cell leaves what is there");
}

#[test]
fn ten_thousand_rows_are_applied_at_once_and_one_fault_refuses_all() {
    let house = house();
    let mut sheet = String::from("code,name,url,username,password,matters\n");
    for n in 0..10_000 {
        writeln!(
            sheet,
            "51010601001320{n:06},路口 {n},rtsp://10.1.{}.{}/ch1,viewer,secret,stall",
            n / 250,
            n % 250 + 1
        )
        .unwrap();
    }
    let import = |sheet: &str| {
        let terms = ImportTerms { dry_run: false, files_allowed: false, actor: "张三" };
        house.service.import_streams(sheet.as_bytes(), terms).unwrap()
    };
    let faulty = format!("{sheet}X,x,rtsp://8.8.8.8/,,,\n");
    let refused = import(&faulty);
    assert_eq!((refused.count(RowAction::Add), refused.count(RowAction::Refused)), (10_000, 1));
    assert_eq!((refused.applied, house.service.registry().unwrap().streams.len()), (false, 3));
    let began = std::time::Instant::now();
    let applied = import(&sheet);
    println!("10,000 rows applied in {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!((applied.count(RowAction::Add), applied.applied), (10_000, true));
    assert_eq!(house.service.registry().unwrap().streams.len(), 10_003);
}

#[test]
fn what_is_no_sheet_is_refused() {
    let house = house();
    let api = house.client();
    let as_json = api.send("POST", "/api/v1/streams/import", Some(("application/json", b"code\nN1\n".to_vec())));
    assert_eq!(as_json.status, 400, "{}", as_json.text);
    // Refused by its length, before any of it is read.
    let mut large = std::net::TcpStream::connect(house.base.trim_start_matches("http://")).unwrap();
    let head = "POST /api/v1/streams/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\ncontent-length: 8388609\r\n\r\n";
    large.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    large.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    let template = api.get("/api/v1/streams/import/template");
    assert!(template.header("content-type").starts_with("text/csv"));
    assert!(template.bytes.starts_with(b"\xef\xbb\xbfcode,name,url,username,password,transport,"), "{}", template.text);
    let again = import(&api, "?dry_run=true", [template.bytes, b"C3,,,,,,,,,,,,,\n".to_vec()].concat());
    assert_eq!(again.json["same"], 1, "the template is a sheet: {}", again.text);
}
