//! What lists and counts cost in a store of a million incidents: every list that the page and the API ask for, with every
//! combination of filters, on first and on deep pages. The store is made once below the target folder (some minutes).

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::Connection;
use xunjie::{
    clock::SystemClock,
    config::Config,
    domain::{Area, Areas, Level, Look, LookReport, Message, Purpose, Stage, ViewId, ViewState, WallTime},
    service::{By, Service, StatisticsQuery},
    store::{IncidentFilter, LookOutcome, Page, QueueFilter, ReviewStore, Store, TimeSpan, sqlite::SqliteStore},
};

const INCIDENTS: i64 = 1_000_000;
const VIEWS: i64 = 1000;
const MATTERS: i64 = 12;
const SAMPLES: usize = 40;
/// One incident each 30 s.
const BEGAN: i64 = 1_770_000_000_000;
const STEP_MS: i64 = 30_000;

fn main() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("queries/xunjie.db");
    if !file.exists() {
        let part = file.with_file_name("part.db");
        for side in ["part.db", "part.db-wal", "part.db-shm"] {
            let _ = std::fs::remove_file(file.with_file_name(side));
        }
        let began = Instant::now();
        generate(&part);
        std::fs::rename(&part, &file).expect("the store can be renamed");
        println!("made {INCIDENTS} incidents in {:.0} s", began.elapsed().as_secs_f64());
    }
    let size = std::fs::metadata(&file).map_or(0, |metadata| metadata.len()) / 1_000_000;
    let began = Instant::now();
    let store = SqliteStore::open(&file).expect("the store opens");
    println!("{INCIDENTS} incidents, {size} MB; opened in {:.0} ms\n", began.elapsed().as_secs_f64() * 1000.0);
    println!("| list | queries | p50 ms | p95 ms | worst ms |\n|---|---|---|---|---|");
    let mut dice = fastrand::Rng::with_seed(7);
    incident_lists(&store, &mut dice);
    queues(&store, &mut dice);
    other_lists(&store, &mut dice);
    looks(&store);
    drop(store);
    statistics(&file);
}

/// Prints a row of the table.
fn row(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    println!("| {name} | {} | {:.2} | {:.2} | {:.2} |", times.len(), at(0.5), at(0.95), at(1.0));
}

fn timed<T>(ask: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    std::hint::black_box(ask());
    began.elapsed()
}

fn uuid(kind: i64, number: i64) -> String {
    format!("{kind:08x}-0000-8000-8000-{number:012x}")
}

fn cursor(list: &str, at: i64) -> Option<String> {
    Some(URL_SAFE_NO_PAD.encode(format!("{list}|{at}|{}", uuid(9, 0))))
}

fn incident_lists(store: &SqliteStore, dice: &mut fastrand::Rng) {
    for deep in [false, true] {
        for (has_view, has_matter) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut times = Vec::new();
            for review in
                [None, Some("waiting"), Some("confirmed"), Some("rejected"), Some("duplicate"), Some("decided")]
            {
                for open in [None, Some(true), Some(false)] {
                    for _ in 0..SAMPLES {
                        // Every tenth incident is of the first view.
                        let view = if dice.bool() { 0 } else { dice.i64(0..VIEWS) };
                        let filter = IncidentFilter {
                            areas: Areas::All,
                            review: review.map(str::to_owned),
                            open,
                            view: has_view.then(|| uuid(2, view).parse().expect("a view id")),
                            matter: has_matter
                                .then(|| format!("matter_{}", dice.i64(0..MATTERS)).parse().expect("a key")),
                        };
                        let at = BEGAN + dice.i64(0..INCIDENTS) * STEP_MS;
                        let page = Page { after: if deep { cursor("incidents", at) } else { None }, limit: 50 };
                        times.push(timed(|| store.incidents(&filter, &page).expect("a list")));
                    }
                }
            }
            let with = match (has_view, has_matter) {
                (false, false) => "",
                (true, false) => " + view",
                (false, true) => " + matter",
                (true, true) => " + view + matter",
            };
            let depth = if deep { "any page" } else { "first page" };
            row(&format!("incidents by review x presence{with}, 18 combinations, {depth}"), times);
        }
    }
}

/// The reviewers' queue with its count. Five of a hundred incidents wait: 50,000, five times what a city may have.
fn queues(store: &SqliteStore, dice: &mut fastrand::Rng) {
    let levels =
        vec![("matter_1".parse().expect("a key"), Level::HIGH), ("matter_2".parse().expect("a key"), Level::LOW)];
    for (name, has_view, has_matter, has_areas) in [
        ("queue, any page, and its count", false, false, false),
        ("queue + matter, any page, and its count", false, true, false),
        ("queue + view + matter, any page, and its count", true, true, false),
        ("queue of two areas, any page, and its count", false, false, true),
    ] {
        let times = (0..SAMPLES * 5)
            .map(|_| {
                let areas = ["area_1", "area_2"].map(|area| area.parse::<Area>().expect("an area"));
                let filter = QueueFilter {
                    matter: has_matter.then(|| format!("matter_{}", dice.i64(0..MATTERS)).parse().expect("a key")),
                    view: has_view.then(|| uuid(2, dice.i64(0..VIEWS)).parse().expect("a view id")),
                    areas: if has_areas { Areas::Only(areas.into()) } else { Areas::All },
                    levels: levels.clone(),
                };
                let minute = (BEGAN + dice.i64(0..INCIDENTS) * STEP_MS) / 60_000;
                let after = URL_SAFE_NO_PAD.encode(format!("queue|{minute}|2|{}|{}", 0.8_f32.to_bits(), uuid(1, 0)));
                let page = Page { after: dice.bool().then_some(after), limit: 50 };
                timed(|| store.queue(&filter, &page).expect("a page"))
            })
            .collect();
        row(name, times);
    }
    let looks = |_| timed(|| store.waiting_looks(&QueueFilter::default(), 10_000).expect("looks"));
    row("the 10,000 most urgent with their appearance (clusters)", (0..SAMPLES).map(looks).collect());
}

fn other_lists(store: &SqliteStore, dice: &mut fastrand::Rng) {
    let first = Page { after: None, limit: 50 };
    let most = Page { after: None, limit: 500 };
    let mut each = |name: &str, ask: &mut dyn FnMut(i64)| {
        let times = (0..SAMPLES * 5)
            .map(|_| {
                let number = dice.i64(0..INCIDENTS);
                timed(|| ask(number))
            })
            .collect();
        row(name, times);
    };
    let at = |list, n: i64| Page { after: cursor(list, BEGAN + n * STEP_MS), limit: 50 };
    each("cases, first page", &mut |_| drop(store.cases(&Areas::All, None, &first).expect("rows")));
    each("cases by stage, any page", &mut |n| {
        drop(store.cases(&Areas::All, Some(Stage::Closed), &at("cases", n)).expect("rows"));
    });
    each("deliveries, any page", &mut |n| {
        drop(store.deliveries(&Areas::All, None, &at("deliveries", n)).expect("rows"));
    });
    each("deliveries by state, any page", &mut |n| {
        drop(store.deliveries(&Areas::All, Some("delivered"), &at("deliveries", n)).expect("rows"));
    });
    each("deliveries pending, 500 (health)", &mut |_| {
        drop(store.deliveries(&Areas::All, Some("pending"), &most).expect("rows"));
    });
    each("deliveries waiting, count of 10,000", &mut |_| {
        store.waiting_deliveries().expect("a count");
    });
    let now = WallTime::from_millis(BEGAN + INCIDENTS * STEP_MS);
    each("deliveries due, 16 of 10,000", &mut |_| drop(store.due_deliveries(now, 16).expect("rows")));
    each("evidence, first page", &mut |_| drop(store.evidence_page(&Areas::All, &first).expect("rows")));
    each("evidence, any page", &mut |n| {
        let page = Page { after: Some(uuid(5, n)), limit: 50 };
        drop(store.evidence_page(&Areas::All, &page).expect("rows"));
    });
    each("evidence of an incident", &mut |n| drop(store.evidence_of(uuid(1, n).parse().expect("id")).expect("rows")));
    each("audit of an incident", &mut |n| drop(store.audit_rows(Some(&uuid(1, n)), 0, 500).expect("rows")));
    each("latest looks of 1,000 views", &mut |_| drop(store.latest_looks().expect("rows")));
    each("looks of a view, 500", &mut |n| {
        drop(store.looks(uuid(2, n % VIEWS).parse().expect("id"), 500).expect("rows"));
    });
    each("registry of 1,000 streams", &mut |_| drop(store.registry().expect("rows")));
}

/// What the supervisor's figures cost: each of them reads every incident of its span.
fn statistics(file: &Path) {
    let settings = file.with_file_name("xunjie.toml");
    let data = file.parent().expect("the store lies in a folder");
    std::fs::write(&settings, format!("[folders]\ndata = {data:?}\n")).expect("settings are written");
    let config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), Some(&settings)).expect("a configuration");
    let service = Service::open(Arc::new(config), Arc::new(SystemClock)).expect("the service opens");
    let at = |incident: i64| WallTime::from_millis(BEGAN + incident * STEP_MS);
    let query = |incidents: i64| StatisticsQuery {
        span: TimeSpan { from: at(INCIDENTS - incidents), until: at(INCIDENTS) },
        matter: None,
        areas: Areas::All,
    };
    for incidents in [INCIDENTS, 86_400] {
        let asked = query(incidents);
        for by in [By::Matter, By::Stream, By::Day] {
            let times = (0..5).map(|_| timed(|| service.statistics(by, &asked).expect("figures"))).collect();
            row(&format!("statistics of {incidents} incidents by {by:?}"), times);
        }
        let times = (0..5).map(|_| timed(|| service.hot_spots(&asked).expect("hot spots"))).collect();
        row(&format!("hot spots of {incidents} incidents"), times);
    }
    let counted = service.statistics(By::Matter, &query(INCIDENTS)).expect("figures").total.figures;
    assert_eq!(counted.found, INCIDENTS.unsigned_abs());
    let limits = counted.limit_kept + counted.limit_missed + counted.limit_running;
    assert_eq!(counted.confirmed, limits, "each case has a limit");
    println!("\n{counted:?}");
}

/// What a look costs that changed nothing: one transaction, synced.
fn looks(store: &SqliteStore) {
    let views: Vec<ViewId> = (0..VIEWS).map(|n| uuid(2, n).parse().expect("id")).collect();
    let times = (0..1000)
        .map(|n| {
            let view = views[n % views.len()];
            let at = WallTime::from_millis(BEGAN + INCIDENTS * STEP_MS + n as i64 * 100);
            let outcome = LookOutcome {
                report: LookReport {
                    id: Look::id_of(view, &Purpose::Patrol, at),
                    view,
                    purpose: Purpose::Patrol,
                    due: at,
                    started: at,
                    ended: at,
                    frames: 1,
                    state: ViewState::Same,
                    reason: None,
                    skew_ms: None,
                },
                places: vec![],
                forgotten: vec![],
                changes: vec![],
                evidence: vec![],
                recheck: None,
                verifications: vec![],
                observed: None,
            };
            timed(|| store.record(&outcome).expect("recorded"))
        })
        .collect();
    row("record of a look that changed nothing (a write, synced)", times);
}

/// Fills a fresh store by SQL: going through the spine would take days.
fn generate(file: &Path) {
    drop(SqliteStore::open(file).expect("a store is made"));
    let rows = Connection::open(file).expect("it opens");
    let report = serde_json::to_string(&Message::Report { evidence: None }).expect("a message");
    let patrol = serde_json::to_string(&Purpose::Patrol).expect("a purpose");
    rows.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; PRAGMA temp_store = MEMORY; BEGIN;
         CREATE TEMP TABLE n (i INTEGER PRIMARY KEY);
         WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i < {INCIDENTS} - 1) INSERT INTO n SELECT i FROM c;
         CREATE TEMP TABLE made AS SELECT i, {BEGAN} + i * {STEP_MS} AS at, (i * 7919) % 100 AS d,
             CASE WHEN (i * 31) % 10 = 0 THEN 0 ELSE (i * 104729) % {VIEWS} END AS view FROM n;
         INSERT INTO streams (id, code, name, source, transport, longitude, latitude, crs, address, grid_cell, enabled,
                 registered_at)
             SELECT printf('%08x-0000-8000-8000-%012x', 3, i), printf('%020d', i), '路口 ' || i,
             'rtsp://10.0.0.8/ch1', 'tcp', NULL, NULL, NULL, NULL, NULL, 1, {BEGAN} FROM n WHERE i < {VIEWS};
         INSERT INTO views SELECT printf('%08x-0000-8000-8000-%012x', 2, i), printf('%08x-0000-8000-8000-%012x', 3, i),
             '默认画面', '[\"matter_1\"]', 300, 1.0, NULL FROM n WHERE i < {VIEWS};
         INSERT INTO incidents (id, place, view, matter, bbox, score, zone, zone_version, first_seen, last_seen,
                 opened_at, presence, presence_at, close_cause, review, reviewed_by, reviewed_at, reject_reason,
                 duplicate_of, recurrences, opened_minute)
             SELECT printf('%08x-0000-8000-8000-%012x', 1, i), printf('%08x-0000-8000-8000-%012x', 4, i),
             printf('%08x-0000-8000-8000-%012x', 2, view), 'matter_' || (i * 13 % {MATTERS}), '[0.1,0.2,0.3,0.4]', 0.8,
             printf('%08x-0000-8000-8000-%012x', 6, view), 1, at - 600000, at, at,
             CASE WHEN d % 20 = 3 THEN 'open' ELSE 'closed' END, at,
             CASE WHEN d % 20 = 3 THEN NULL ELSE 'cleared' END,
             CASE WHEN d < 55 THEN 'confirmed' WHEN d < 90 THEN 'rejected' WHEN d < 95 THEN 'duplicate' ELSE 'waiting' END,
             CASE WHEN d < 95 THEN '王敏' END, CASE WHEN d < 95 THEN at + i * 7919 % 600000 END,
             CASE WHEN d >= 55 AND d < 90 THEN 'passing' END,
             CASE WHEN d >= 90 AND d < 95 THEN printf('%08x-0000-8000-8000-%012x', 1, 0) END, 0, at / 60000 FROM made;
         INSERT INTO places SELECT printf('%08x-0000-8000-8000-%012x', 4, i), printf('%08x-0000-8000-8000-%012x', 2, view),
             'matter_' || (i * 13 % {MATTERS}), 'car', '[0.1,0.2,0.3,0.4]', randomblob(640),
             printf('%08x-0000-8000-8000-%012x', 6, view), 1, at - 600000, at, 5, 5, 0, 0, NULL, 0.8, 'reported',
             printf('%08x-0000-8000-8000-%012x', 1, i), NULL, NULL FROM made WHERE d >= 95;
         INSERT INTO evidence (id, incident, kind, made_at, folder, manifest_sha256, previous, legal_hold, purged_at)
             SELECT printf('%08x-0000-8000-8000-%012x', 5, i), printf('%08x-0000-8000-8000-%012x', 1, i), 'opening', at,
             '202601/' || i || '/x', printf('%064x', i + 1), CASE WHEN i > 0 THEN printf('%064x', i) END, 0, NULL FROM made;
         INSERT INTO cases (id, incident, matter_name, code_2026, confirmed_by, opened_at, stage, limit_text, limit_due_at, handled_at)
             SELECT printf('%08x-0000-8000-8000-%012x', 7, i), printf('%08x-0000-8000-8000-%012x', 1, i), '违法停车', '09006',
             '王敏', at, CASE WHEN d < 50 THEN 'closed' ELSE 'filed' END, '2 工作时', at + 7200000,
             CASE WHEN d < 50 THEN at + i % 11000 * 1000 END FROM made WHERE d < 55;
         INSERT INTO deliveries (id, case_id, ordinal, message, created_at, state, attempts, next_at, receipt_at,
             receipt_number, receipt_repeated, set_at)
             SELECT printf('%08x-0000-8000-8000-%012x', 8, i), printf('%08x-0000-8000-8000-%012x', 7, i), 0, '{report}', at,
             CASE WHEN i < {INCIDENTS} - 18182 THEN 'delivered' ELSE 'pending' END, 1,
             CASE WHEN i < {INCIDENTS} - 18182 THEN NULL ELSE at END,
             CASE WHEN i < {INCIDENTS} - 18182 THEN at END, NULL, CASE WHEN i < {INCIDENTS} - 18182 THEN 0 END, at
             FROM made WHERE d < 55;
         INSERT INTO audit (at, actor, action, subject, detail) SELECT at, '王敏', 'incident.confirmed',
             printf('%08x-0000-8000-8000-%012x', 1, i), '{{}}' FROM made;
         INSERT INTO looks (id, view, purpose, due, started, ended, frames, state, reason, skew_ms) SELECT printf('%08x-0000-8000-8000-%012x', 10, i), printf('%08x-0000-8000-8000-%012x', 2, i % {VIEWS}),
             '{patrol}', {BEGAN} + i * 1000, {BEGAN} + i * 1000, {BEGAN} + i * 1000, 1, 'same', NULL, NULL FROM n WHERE i < 200 * {VIEWS};
         INSERT INTO latest_looks SELECT view, id, max(ended) FROM looks GROUP BY view;
         COMMIT; PRAGMA wal_checkpoint(TRUNCATE);"
    ))
    .expect("the store is filled");
}
