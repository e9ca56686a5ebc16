//! What the platform's people ask: how the conversation stands, a case's whole life, each day's comparison.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use xunjie::{
    clock::SystemClock,
    deliver::{BundleError, FolderSink, Media, Packer},
    domain::{Areas, Callback, Case, Stage},
    service::{By, ImportTerms, StatisticsQuery},
    store::TimeSpan,
    web::{Ports, Probed},
};

use crate::house::{House, pictures};

fn callback(id: &str, case: &Case, stage: Stage, house: &House, note: &str) -> Callback {
    let (case_id, at) = (case.id, house.now());
    Callback { callback_id: id.into(), case_id, stage, platform_number: None, at, note: note.into() }
}

/// A house with one confirmed case that the platform has accepted.
fn with_a_case(house: &House) -> Case {
    let (view, zone) = house.camera("C1", "东门");
    let incident = house.incident(view, zone, 1, &pictures());
    let verdict = json!({"verdict": "confirmed", "note": "占了车道"});
    let decided =
        crate::review::reviewer(house, "王敏").post(&format!("/api/v1/incidents/{incident}/verdict"), &verdict);
    assert_eq!(decided.status, 200, "{}", decided.text);
    house.service.store.case_of(incident).unwrap().unwrap()
}

#[test]
fn the_conversation_with_the_platform_is_told() {
    let house = House::start(true);
    let case = with_a_case(&house);
    let api = house.client();
    let told = api.get("/api/v1/platform").json;
    assert_eq!(
        (&told["configured"], &told["kind"], &told["host"]),
        (&json!(true), &json!("http"), &json!("127.0.0.1:9"))
    );
    assert_eq!((&told["key_id"], &told["pending"], &told["callbacks"]), (&json!("city"), &json!(1), &json!(0)));
    assert_eq!((&told["pause"], &told["last_delivered_at"]), (&Value::Null, &Value::Null));
    house.service.callback(&callback("cb-1", &case, Stage::Accepted, &house, "")).unwrap();
    assert_eq!(api.get("/api/v1/platform").json["callbacks"], 1);
    assert!(!api.heard().contains(crate::house::SECRET));
}

#[test]
fn a_case_tells_its_whole_life_callbacks_that_changed_nothing_included() {
    let house = House::start(true);
    let case = with_a_case(&house);
    for (id, stage, note) in
        [("cb-1", Stage::Dispatched, "已派"), ("cb-2", Stage::Accepted, "迟到"), ("cb-3", Stage::Handled, "已劝离")]
    {
        house.clock.advance_to(house.now().plus(Duration::from_secs(60)));
        house.service.callback(&callback(id, &case, stage, &house, note)).unwrap();
    }
    let api = house.client();
    let life = api.get(&format!("/api/v1/cases/{}/timeline", case.id));
    assert_eq!(life.status, 200, "{}", life.text);
    let moments = life.json["items"].as_array().unwrap();
    let times: Vec<&str> = moments.iter().map(|moment| moment["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
    let told: Vec<&str> = moments.iter().map(|moment| moment["detail"].as_str().unwrap()).collect();
    for wanted in [
        "首次看到",
        "复核确认（王敏）：占了车道",
        "立案",
        "上报，待送达",
        "平台派遣",
        "阶段未变：迟到",
        "处置完成，待核查",
    ] {
        assert!(told.iter().any(|detail| detail.contains(wanted)), "{wanted} in {told:?}");
    }
    let evidence = moments.iter().find(|moment| moment["what"] == "evidence").unwrap();
    let bundle = evidence["evidence"].as_str().unwrap();
    assert_eq!(api.get(&format!("/api/v1/evidence/{bundle}")).status, 200, "the pictures of a moment can be shown");
    let unknown = "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52";
    assert_eq!(api.get(&format!("/api/v1/cases/{unknown}/timeline")).status, 404);
}

#[test]
fn a_day_is_compared_when_a_person_asks_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let read = Arc::new(|_: &_, name: &str| Err(BundleError::Gone(name.to_owned())));
    let packer = Packer { division_code: "990000".into(), media: Media::Inline, read };
    let sink = FolderSink::new(folder.path().join("out"), packer, Arc::new(SystemClock));
    let house = House::start_with(true, Ports { sink: Some(Arc::new(sink)), ..Ports::default() });
    with_a_case(&house);
    let api = house.client();
    let done = api.post("/api/v1/reconciliations/2026-11-23", &json!({}));
    assert_eq!((done.status, &done.json["ok"], &done.json["ours"]), (200, &json!(true), &json!(1)), "{}", done.text);
    assert_eq!((&done.json["on_the_way"], &done.json["theirs"]), (&json!(1), &json!(0)), "its report waits");
    assert_eq!(api.post("/api/v1/reconciliations/2026-11-22", &json!({})).json["ours"], 0);
    let first = api.get("/api/v1/reconciliations?limit=1").json;
    assert_eq!((&first["items"][0]["day"], &first["next"]), (&json!("2026-11-23"), &json!("2026-11-23")));
    let rest = api.get("/api/v1/reconciliations?limit=1&after=2026-11-23").json;
    assert_eq!((&rest["items"][0]["day"], &rest["next"]), (&json!("2026-11-22"), &Value::Null));
    for (path, status) in [("2026-02-30", 422), ("yesterday", 422)] {
        assert_eq!(api.post(&format!("/api/v1/reconciliations/{path}"), &json!({})).status, status, "{path}");
    }
    assert_eq!(api.get("/api/v1/reconciliations?after=x").status, 400);
    let without = House::start(true);
    assert_eq!(without.client().post("/api/v1/reconciliations/2026-11-23", &json!({})).status, 501);
}

#[test]
fn a_registered_stream_is_tried_with_what_is_kept_for_it() {
    let probe = Arc::new(|stream: xunjie::domain::Stream, credential: Option<xunjie::domain::Credential>| {
        let kept = credential.map_or(String::new(), |credential| credential.username);
        Probed { usable: true, summary: format!("{} {kept}", stream.code), details: json!({}), picture: None }
    });
    let house = House::start_with(true, Ports { probe: Some(probe), ..Ports::default() });
    let api = house.client();
    let stream = json!({"code": "C2", "name": "二号", "url": "rtsp://admin:kept@10.0.0.8/ch1"});
    let id = api.post("/api/v1/streams", &stream).json["id"].as_str().unwrap().to_owned();
    assert_eq!(api.post(&format!("/api/v1/streams/{id}/probe"), &json!({})).json["summary"], "C2 admin");
    let unknown = "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52";
    assert_eq!(api.post(&format!("/api/v1/streams/{unknown}/probe"), &json!({})).status, 404);
}

/// Whoever sees one area alone: nothing of another is counted, judged, changed or told.
#[test]
fn what_lies_in_another_area_is_not_there() {
    let house = House::start(true);
    let case = with_a_case(&house);
    let view = house.service.registry().unwrap().views[0].id;
    let api = house.client();
    let stream = api.get("/api/v1/streams").json["items"][0]["id"].as_str().unwrap().to_owned();
    let east = json!({"area": "东城区"}).to_string();
    let put = api.send("PATCH", &format!("/api/v1/streams/{stream}"), Some(("application/json", east.into())));
    assert_eq!(put.status, 200, "{}", put.text);
    let span =
        TimeSpan { from: "2026-11-23T00:00:00Z".parse().unwrap(), until: "2026-11-24T00:00:00Z".parse().unwrap() };
    let query = StatisticsQuery { span, matter: None, areas: Areas::All };
    for (area, seen) in [("东城区", true), ("西城区", false)] {
        let service = house.service.seen_by(&Some(area.parse().unwrap()).into());
        let figures = service.statistics(By::Area, &query).unwrap();
        assert_eq!(figures.total.figures.found, u64::from(seen), "{area}");
        assert_eq!(service.hot_spots(&query).unwrap().places.len(), usize::from(seen));
        assert_eq!(service.observed(view, 1).is_ok(), seen);
        assert_eq!(service.case_timeline(case.id).is_ok(), seen);
        let terms = ImportTerms { dry_run: true, files_allowed: false, actor: "张三" };
        let sheet = |line: &str| service.import_streams(format!("code,name,area\n{line}\n").as_bytes(), terms).unwrap();
        let known = sheet("C1,新名,").rows.remove(0);
        assert_eq!(known.faults.0.is_empty(), seen, "{:?}", known.faults);
        let moved = sheet("C1,,南城区").rows.remove(0);
        assert!(!moved.faults.0.is_empty(), "nobody puts a stream where they cannot see it");
    }
    house.clock.advance_to(house.now().plus(Duration::from_secs(1)));
    assert_eq!(api.get("/api/v1/statistics?by=area&from=2026-11-23T00:00:00Z").json["rows"][0]["key"], "东城区");
}
