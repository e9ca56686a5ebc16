//! Statistics, hot spots, reports and exports over real incidents, verdicts, cases and callbacks.

use std::{io::Read, time::Duration};

use serde_json::{Value, json};
use xunjie::domain::{Case, IncidentId, Stage};

use crate::house::{House, pictures};

/// Six incidents on one Monday morning, one a second from 09:00:01 on: three confirmed, of which one is handled in
/// time, one too late and one is open; one rejected, one duplicate, one waiting.
fn busy() -> (House, Vec<IncidentId>) {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    let ids: Vec<IncidentId> = (0..6).map(|n| house.incident(view, zone, n, &pictures())).collect();
    house.clock.advance_to(house.now().plus(Duration::from_secs(60)));
    let api = crate::review::reviewer(&house, "王敏");
    let decide = |i: usize, verdict: Value| {
        let answer = api.post(&format!("/api/v1/incidents/{}/verdict", ids[i]), &verdict);
        assert_eq!(answer.status, 200, "{}", answer.text);
    };
    for i in 0..3 {
        decide(i, json!({"verdict": "confirmed", "note": ""}));
    }
    decide(3, json!({"verdict": "rejected", "reason": "passing", "note": ""}));
    decide(4, json!({"verdict": "duplicate", "of": ids[0].to_string(), "note": ""}));
    let handled = |i: usize, after: Duration| {
        house.clock.advance_to(house.now().plus(after));
        let (case, now) = (Case::id_of(ids[i]), house.now());
        let callback = xunjie::domain::Callback {
            callback_id: format!("cb-{i}"),
            case_id: case,
            stage: Stage::Handled,
            platform_number: None,
            at: now,
            note: String::new(),
        };
        house.service.callback(&callback).unwrap();
    };
    handled(0, Duration::from_secs(600));
    handled(1, Duration::from_secs(5 * 86_400));
    (house, ids)
}

#[test]
fn figures_are_those_of_the_incidents() {
    let (house, _) = busy();
    let api = house.client();
    let by = |by: &str| {
        let answer = api.get(&format!("/api/v1/statistics?by={by}&from=2026-11-23T00:00:00%2B08:00"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json
    };
    let matter = by("matter");
    let row = &matter["rows"][0];
    assert_eq!((&row["key"], &row["name"]), (&json!("motor_vehicle_parking"), &json!("机动车乱停放")));
    for (figure, value) in [
        ("found", 6),
        ("waiting", 1),
        ("confirmed", 3),
        ("rejected", 1),
        ("duplicate", 1),
        ("limit_kept", 1),
        ("recurrences", 0),
    ] {
        assert_eq!(row[figure], value, "{figure}: {row}");
        assert_eq!(matter["total"][figure], value, "{figure} of the total");
    }
    // The third is not handled after five days: late as well, by any limit of the city's table.
    assert_eq!((&row["limit_missed"], &row["limit_running"]), (&json!(2), &json!(0)));
    assert_eq!(row["rejected_by"]["passing"], 1);
    assert_eq!(row["rejected_by"].as_object().unwrap().len(), 6, "every reason is told");
    assert_eq!(row["precision"]["value"], 0.75);
    assert!(row["precision"]["low"].as_f64().unwrap() < 0.75 && row["precision"]["high"].as_f64().unwrap() > 0.75);
    // Opened a second apart, decided together a minute after the last.
    assert_eq!((&row["review_ms_p50"], &row["review_ms_p90"]), (&json!(63_000), &json!(65_000)), "{row}");

    assert_eq!(by("day")["rows"][0]["key"], "2026-11-23");
    assert_eq!((&by("hour")["rows"][0]["key"], &by("hour")["rows"][0]["name"]), (&json!("09"), &json!("09:00")));
    assert_eq!(by("stream")["rows"][0]["name"], "东门");
    for (word, rows) in [("street", 1), ("grid_cell", 1), ("area", 1)] {
        assert_eq!(by(word)["rows"].as_array().unwrap().len(), rows, "{word}");
        assert_eq!(by(word)["rows"][0]["found"], 6, "{word}");
    }
    let narrow = api.get("/api/v1/statistics?from=2026-11-23T09:00:02%2B08:00&until=2026-11-23T09:00:04%2B08:00").json;
    assert_eq!(narrow["total"]["found"], 2, "from is in, until is out");
    assert_eq!(api.get("/api/v1/statistics?matter=stall").json["total"]["found"], 0);
    assert_eq!(api.get("/api/v1/statistics?area=%E8%A5%BF%E5%9F%8E%E5%8C%BA").json["total"]["found"], 0);
    let backwards = "/api/v1/statistics?from=2026-11-24T00:00:00Z&until=2026-11-23T00:00:00Z";
    assert_eq!(api.get(backwards).json["faults"][0]["field"], "until");

    let spots = api.get("/api/v1/statistics/hot_spots?from=2026-11-23T00:00:00Z").json;
    assert_eq!(spots["hours"][0][9], 6, "Monday, nine o'clock");
    assert_eq!(spots["hours"].as_array().unwrap().len(), 7);
    assert_eq!((&spots["places"][0]["found"], &spots["places"][0]["stream_name"]), (&json!(6), &json!("东门")));
}

#[test]
fn a_month_is_reported_with_the_one_before() {
    let (house, _) = busy();
    let api = house.client();
    let report = api.get("/api/v1/reports/2026-11").json;
    assert_eq!((&report["month"], &report["total"]["found"]), (&json!("2026-11"), &json!(6)), "{report}");
    assert_eq!(report["by_matter"][0]["found"], 6);
    assert_eq!(report["by_stream_top"][0]["name"], "东门");
    assert_eq!((&report["previous"], &report["coverage"]["views"]), (&Value::Null, &json!(1)));
    assert_eq!(report["hours"][0][9], 6);
    assert_eq!(report["coverage"]["covered_share"], 0.0, "as things stand: nobody has looked for days");
    assert_eq!(report["agreement"], json!({"reviewed": 0, "agreed": 0, "kappa": null}));
    let next = api.get("/api/v1/reports/2026-12").json;
    assert_eq!((&next["total"]["found"], &next["previous"]["found"]), (&json!(0), &json!(6)));
    assert_eq!(next["coverage"]["covered_share"], Value::Null, "it has not begun");
    for wrong in ["2026-13", "2026", "november", "2026-1", "99999-01"] {
        assert_eq!(api.get(&format!("/api/v1/reports/{wrong}")).status, 422, "{wrong}");
    }
}

#[test]
fn exports_are_files_that_calculate_nothing_and_are_audited() {
    let (house, ids) = busy();
    let api = house.client();
    let stream = api.get("/api/v1/streams").json["items"][0]["id"].as_str().unwrap().to_owned();
    let hostile = json!({"name": "=HYPERLINK(\"http://evil/\")"}).to_string();
    let renamed = api.send("PATCH", &format!("/api/v1/streams/{stream}"), Some(("application/json", hostile.into())));
    assert_eq!(renamed.status, 200);

    let csv = api.get("/api/v1/statistics/export?by=stream&format=csv&from=2026-11-23T00:00:00Z");
    assert!(csv.header("content-type").starts_with("text/csv") && csv.bytes.starts_with(b"\xef\xbb\xbf"));
    assert!(csv.header("content-disposition").contains("attachment; filename=\"statistics-20261123-2026"));
    assert!(csv.text.contains("'=HYPERLINK") && !csv.text.contains(",=HYPERLINK"), "{}", csv.text);
    let book = api.get("/api/v1/statistics/export?by=stream&format=xlsx&from=2026-11-23T00:00:00Z");
    assert!(book.bytes.starts_with(b"PK") && book.header("content-disposition").ends_with(".xlsx\""));

    let by_matter = api.get("/api/v1/statistics/export?by=matter&format=csv&from=2026-11-23T00:00:00Z").text;
    let lines: Vec<&str> = by_matter.trim_start_matches('\u{feff}').lines().collect();
    assert!(lines[0].starts_with("键,名称,依据,发现,"), "{by_matter}");
    assert!(lines[1].contains(",通用模型组合,6,"), "a precision says on what finding rests: {by_matter}");
    assert!(!csv.text.contains("通用模型组合"), "a camera's row has many matters: {}", csv.text);

    let list = api.get("/api/v1/incidents/export?from=2026-11-23T00:00:00Z");
    let lines: Vec<&str> = list.text.lines().collect();
    assert_eq!(lines.len(), 7, "{}", list.text);
    assert!(lines[1].starts_with(&ids[5].to_string()) && lines[1].contains(",通用模型组合,"), "newest first");
    assert!(lines[6].contains("处置完成") && lines[6].contains("2026-11-23 09:00:01"), "{}", lines[6]);
    let rejected = api.get("/api/v1/incidents/export?review=rejected&from=2026-11-23T00:00:00Z");
    assert_eq!(rejected.text.lines().count(), 2);
    assert!(rejected.text.contains("临时停留"));
    assert_eq!(api.get("/api/v1/incidents/export?review=maybe").status, 422);
    assert!(api.get("/api/v1/incidents/export?format=xlsx&from=2026-11-23T00:00:00Z").bytes.starts_with(b"PK"));

    let audit = house.service.store.audit_rows(None, 0, 500).unwrap();
    let count = |action: &str| audit.iter().filter(|row| row.action == action).count();
    assert_eq!((count("statistics.exported"), count("incidents.exported")), (3, 3));
}

/// Fills the house by SQL: through the spine it would take minutes.
fn many(house: &House, of: IncidentId, rows: u32) {
    let store = rusqlite::Connection::open(house.folder().join("data/xunjie.db")).unwrap();
    store
        .execute_batch(&format!(
            "CREATE TEMP TABLE one AS SELECT * FROM incidents WHERE id = '{of}';
             CREATE TEMP TABLE many AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                 SELECT one.*, i FROM one, n;
             UPDATE many SET id = printf('%08x-0000-8000-8000-%012x', 3, i), place = id, opened_at = opened_at - i / 7;
             ALTER TABLE many DROP COLUMN i;
             INSERT INTO incidents SELECT * FROM many;"
        ))
        .unwrap();
}

#[test]
fn exports_flow_page_by_page() {
    let (house, ids) = busy();
    let api = house.client();
    many(&house, ids[5], 2_500);
    let all = "/api/v1/incidents/export?from=2026-11-22T00:00:00Z";
    let list = api.get(all);
    assert_eq!(list.header("content-length"), "", "it is sent as it is read");
    let named: std::collections::HashSet<&str> =
        list.text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!((list.text.lines().count(), named.len()), (2_507, 2_506), "each once");
    let book = api.get(&format!("{all}&review=waiting&format=xlsx")).bytes;
    let mut book = zip::ZipArchive::new(std::io::Cursor::new(book)).unwrap();
    let mut sheet = String::new();
    book.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    assert_eq!(sheet.matches("<row ").count(), 2_502);
    let audit = house.service.store.audit_rows(None, 0, 500).unwrap();
    let told: Vec<u64> = audit.iter().filter_map(|row| row.detail["rows"].as_u64()).collect();
    assert_eq!(told, [2_506, 2_501], "who took how much is known before a byte of it leaves");
}

#[test]
fn a_month_that_is_over_keeps_its_coverage() {
    let house = House::start(true);
    let (view, zone) = house.camera("C1", "东门");
    house.service.note_coverage().unwrap();
    house.incident(view, zone, 0, &pictures());
    house.service.note_coverage().unwrap();
    let api = house.client();
    let share = |month: &str| api.get(&format!("/api/v1/reports/{month}")).json["coverage"]["covered_share"].clone();
    assert_eq!(share("2026-11"), 0.5, "unseen once, covered once");
    house.clock.advance_to(house.now().plus(Duration::from_secs(9 * 86_400)));
    assert_eq!(share("2026-11"), 0.5, "it is December");
    assert_eq!((share("2026-12"), share("2026-10")), (json!(0.0), Value::Null), "overdue now, and never counted");
}
