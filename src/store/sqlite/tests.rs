//! The conformance suite on both kinds of SQLite store, and what only a file can show: two processes,
//! damage, rights, a full disk, a kill, the plans of the list queries.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    SqliteStore,
    areas::Arms,
    cases,
    deliveries::{self, AHEAD_SQL, DUE_SQL},
    evidence,
    hand_out::FREE,
    incidents::list_sql,
    journal::audit_page_sql,
    queue, second_reviews,
};
use crate::{
    domain::*,
    store::{
        Conflict, IncidentFilter, QueueFilter, Store, StoreError,
        accounts::{AccountStore as _, AuditFilter, SecretHash},
        conformance::*,
    },
};

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/xunjie.db");
    (folder, file)
}

#[test]
fn in_memory_it_conforms() {
    run(&|| Box::new(SqliteStore::in_memory().unwrap()));
    run_door(&|| Box::new(SqliteStore::in_memory().unwrap()));
}

#[test]
fn on_file_it_conforms() {
    let folder = tempfile::tempdir().unwrap();
    let next = std::cell::Cell::new(0);
    run(&|| {
        next.set(next.get() + 1);
        Box::new(SqliteStore::open(&folder.path().join(format!("{}.db", next.get()))).unwrap())
    });
    run_door(&|| {
        next.set(next.get() + 1);
        Box::new(SqliteStore::open(&folder.path().join(format!("{}.db", next.get()))).unwrap())
    });
}

#[test]
fn a_store_that_was_closed_still_knows_everything() {
    let (_folder, file) = folder();
    let (incident, case) = {
        let store = SqliteStore::open(&file).unwrap();
        let incident = opened(&store, &registered(&store), "a", 1);
        (incident.id, confirmed(&store, incident.id))
    };
    let store = SqliteStore::open(&file).unwrap();
    assert_eq!(store.case_of(incident).unwrap(), Some(case));
    store.check().unwrap();
}

#[test]
fn two_processes_see_each_other() {
    let (_folder, file) = folder();
    let (service, cli) = (SqliteStore::open(&file).unwrap(), SqliteStore::open(&file).unwrap());
    let before = service.revision().unwrap();
    let view = registered(&cli);
    assert!(service.revision().unwrap() > before);
    assert_eq!(service.registry().unwrap(), cli.registry().unwrap());

    // Both write at once: each waits for the other instead of failing.
    let other = ViewId::fresh();
    thread::scope(|scope| {
        for (store, id) in [(&service, view.id), (&cli, other)] {
            scope.spawn(move || (0..25).for_each(|minutes| store.record(&look(id, minutes)).unwrap()));
        }
    });
    let incident = opened(&service, &view, "a", 99);
    let answers = thread::scope(|scope| {
        let decide = |store, who| {
            scope.spawn(move || SqliteStore::decide(store, &verdict(incident.id, Verdict::Confirmed, who), &open_case))
        };
        [decide(&service, "王敏"), decide(&cli, "李强")].map(|one| one.join().unwrap().is_ok())
    });
    assert_eq!(answers.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(cli.looks(other, 99).unwrap().len(), 25);
    assert_eq!(service.cases(&Areas::All, None, &first(9)).unwrap().rows.len(), 1);
}

#[test]
fn many_processes_may_make_the_file_at_once() {
    let (_folder, file) = folder();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| SqliteStore::open(&file).unwrap().revision().unwrap());
        }
    });
}

#[test]
fn the_file_is_readable_for_its_owner_alone() {
    let (folder, file) = folder();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let store = SqliteStore::open(&file).unwrap();
    registered(&store);
    for name in ["xunjie.db", "xunjie.db-wal", "xunjie.db-shm"] {
        assert_eq!(mode(&folder.path().join("data").join(name)), 0o600, "{name}");
    }
    assert_eq!(mode(&folder.path().join("data")), 0o700);
    drop(store);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    SqliteStore::open(&file).unwrap();
    assert_eq!(mode(&file), 0o600, "a file that others could read is closed to them");
}

#[test]
fn every_commit_reaches_the_disk_before_it_is_answered() {
    let (_folder, file) = folder();
    let store = SqliteStore::open(&file).unwrap();
    store
        .connections
        .write(|tx| {
            let pragma = |name| tx.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
            assert_eq!((pragma("synchronous"), pragma("foreign_keys")), (2, 1));
            let mode: String = tx.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            assert_eq!(mode, "wal");
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_store_that_another_process_holds_is_busy() {
    let (_folder, file) = folder();
    let store = SqliteStore::open(&file).unwrap();
    store.connections.write(|tx| Ok(tx.busy_timeout(Duration::from_millis(20))?)).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.record(&look(ViewId::fresh(), 1)), Err(StoreError::Busy(_))));
    assert_eq!(store.feed_head().unwrap(), 0, "reading goes on");
    other.execute_batch("COMMIT").unwrap();
    store.record(&look(ViewId::fresh(), 1)).unwrap();
}

#[test]
fn while_another_process_holds_the_store_nobody_at_the_door_waits_and_no_write_waits_for_all_others() {
    let (_folder, file) = folder();
    let store = SqliteStore::open(&file).unwrap();
    let rights = Rights { roles: [Role::Supervisor].into(), areas: Areas::All, may_unmask: false };
    let (id, key) = (AccountId::fresh(), SecretHash::of(&Secret::new("k")));
    let (created_at, name) = (WallTime::from_millis(0), "bi".parse().unwrap());
    let token = Token { id, name, rights, created_by: "cli".into(), created_at, expires_at: None, last_used_at: None };
    store.add_token(&token, &key, "cli").unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4).map(|_| scope.spawn(|| store.record(&look(ViewId::fresh(), 1)))).collect();
        let asked = Instant::now();
        assert_eq!(store.token(&key, WallTime::from_millis(9)).unwrap().map(|token| token.id), Some(id));
        assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
        for writer in writers {
            assert!(matches!(writer.join().unwrap(), Err(StoreError::Busy(_))));
        }
    });
    // Each by itself would be 20 s behind each other; a crowded machine adds to the 10.
    assert!(began.elapsed() < Duration::from_secs(16), "{:?}", began.elapsed());
    other.execute_batch("COMMIT").unwrap();
    store.token(&key, WallTime::from_millis(9)).unwrap();
    assert_eq!(store.tokens().unwrap()[0].last_used_at, Some(WallTime::from_millis(9)));
}

fn unusable(file: &Path) -> String {
    match SqliteStore::open(file).and_then(|store| store.check()) {
        Err(StoreError::Unusable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_that_are_not_ours_are_refused_and_left_alone() {
    let (folder, _) = folder();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "this is a list of things to do, long enough to be read as a head. ".repeat(20)).unwrap();
    let (before, rights) = (fs::read(&text).unwrap(), fs::metadata(&text).unwrap().permissions().mode());
    assert!(unusable(&text).contains("no database"));
    assert_eq!(fs::read(&text).unwrap(), before);
    assert_eq!(fs::metadata(&text).unwrap().permissions().mode(), rights);

    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE songs (name TEXT)").unwrap();
    let before = fs::read(&other).unwrap();
    assert!(unusable(&other).contains("another program"));
    assert_eq!(fs::read(&other).unwrap(), before);
}

#[test]
fn a_newer_schema_is_refused() {
    let (_folder, file) = folder();
    drop(SqliteStore::open(&file).unwrap());
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let text = unusable(&file);
    assert!(text.contains("newer version (schema 99") && text.contains("xunjie.db"), "{text}");
}

#[test]
fn a_damaged_file_is_told_as_such() {
    let (_folder, file) = folder();
    let store = SqliteStore::open(&file).unwrap();
    let view = registered(&store);
    (0..60).for_each(|minutes| store.record(&look(view.id, minutes)).unwrap());
    drop(store);
    let mut bytes = fs::read(&file).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&file, bytes).unwrap();
    assert!(unusable(&file).contains("damaged"));
    fs::write(&file, [0x5a; 8192]).unwrap();
    assert!(unusable(&file).contains("no database"));
}

#[test]
fn where_nothing_can_be_written_the_error_says_so() {
    let (folder, _) = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    for place in [Path::new("/proc/xunjie/store.db"), &folder.path().join("file/store.db"), folder.path()] {
        match SqliteStore::open(place) {
            Err(StoreError::Unwritable(text)) => assert!(text.contains(&place.display().to_string()), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_full_disk_records_nothing_and_goes_on_when_there_is_room() {
    let (_folder, file) = folder();
    let store = SqliteStore::open(&file).unwrap();
    let view = registered(&store);
    let pages = |count: i64| {
        let set = |tx: &rusqlite::Transaction<'_>| {
            let now: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
            tx.pragma_update_and_check(None, "max_page_count", now + count, |row| row.get::<_, i64>(0))?;
            Ok(())
        };
        store.connections.write(set).unwrap();
    };
    pages(0);
    let mut outcome = look(view.id, 1);
    outcome.places = (0..50).map(|i| place(&view, &i.to_string())).collect();
    assert!(matches!(store.record(&outcome), Err(StoreError::Unwritable(text)) if text.contains("full")));
    assert_eq!((store.places(view.id).unwrap(), store.looks(view.id, 9).unwrap()), (vec![], vec![]));
    pages(1000);
    store.record(&outcome).unwrap();
    assert_eq!(store.places(view.id).unwrap().len(), 50);
}

#[test]
fn the_audit_log_cannot_be_rewritten() {
    let store = SqliteStore::in_memory().unwrap();
    store.audit(at(0), "cli", "check.run", "x", &serde_json::Value::Null).unwrap();
    for sql in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let answer = store.connections.write(|tx| Ok(tx.execute(sql, [])?));
        assert!(matches!(answer, Err(StoreError::Conflict(Conflict::Stored(text))) if text.contains("append-only")));
    }
}

#[test]
fn the_feed_stays_bounded() {
    let store = SqliteStore::in_memory().unwrap();
    store
        .connections
        .write(|tx| {
            Ok(tx.execute(
                "INSERT INTO feed (seq, at, topic, subject) VALUES (1, 0, 'a', 'b'), (150000, 0, 'a', 'b')",
                [],
            )?)
        })
        .unwrap();
    store.record(&look(ViewId::fresh(), 1)).unwrap();
    assert_eq!(store.feed(0, 9).unwrap().iter().map(|row| row.seq).collect::<Vec<_>>(), [150_000, 150_001]);
}

/// The plan of a query, one line a step.
fn plan(store: &SqliteStore, sql: &str) -> String {
    let lines = |tx: &rusqlite::Transaction<'_>| {
        let mut query = tx.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let mut rows = query.raw_query();
        let mut text = String::new();
        while let Some(row) = rows.next()? {
            text += &row.get::<_, String>("detail")?;
            text.push('\n');
        }
        Ok(text)
    };
    store.connections.read(lines).unwrap()
}

/// Two areas, or all of them.
fn two_areas(only: bool) -> Areas {
    let two = || ["东城区", "西城区"].map(|name| name.parse().unwrap()).into();
    if only { Areas::Only(two()) } else { Areas::All }
}

#[test]
fn lists_and_the_outbox_never_scan_a_table() {
    let store = SqliteStore::in_memory().unwrap();
    let filters: Vec<_> = (0..32)
        .map(|bits: u32| IncidentFilter {
            areas: two_areas(bits & 16 > 0),
            review: (bits & 1 > 0).then(|| "waiting".into()),
            open: (bits & 2 > 0).then_some(true),
            view: (bits & 4 > 0).then(ViewId::fresh),
            matter: (bits & 8 > 0).then(|| matter("stall")),
        })
        .collect();
    let arms = [false, true].map(|only| Arms::of(&two_areas(only)));
    let of_areas = arms.iter().flat_map(|areas| {
        let each = |filtered| [cases::list_sql(areas, filtered), deliveries::list_sql(areas, filtered)];
        [false, true].into_iter().flat_map(each).chain([evidence::page_sql(areas)])
    });
    let lists = filters.iter().map(|filter| list_sql(filter).unwrap()).chain(of_areas);
    let named = |bits: u32, bit: u32| (bits & bit > 0).then(|| "x".to_owned());
    let audits = (0..8).map(|bits| {
        let (actor, action, subject) = (named(bits, 1), named(bits, 2), named(bits, 4));
        audit_page_sql(&AuditFilter { actor, action, subject, from: None, until: None })
    });
    for sql in lists.chain(audits).chain([DUE_SQL.to_owned(), AHEAD_SQL.to_owned()]) {
        let plan = plan(&store, &sql);
        assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
        assert!(plan.contains("SEARCH"), "{plan}");
    }
}

#[test]
fn the_queue_is_read_from_its_index_alone() {
    let store = SqliteStore::in_memory().unwrap();
    let levels = vec![(matter("stall"), Level::HIGH), (matter("motor_vehicle_parking"), Level::LOW)];
    let some = Areas::Only("东城区 西城区".split(' ').map(|area| area.parse().unwrap()).collect());
    for bits in 0..16_u32 {
        let filter = QueueFilter {
            matter: (bits & 1 > 0).then(|| matter("stall")),
            view: (bits & 2 > 0).then(ViewId::fresh),
            areas: if bits & 8 > 0 { some.clone() } else { Areas::All },
            levels: if bits & 4 > 0 { levels.clone() } else { Vec::new() },
        };
        for sql in [queue::page_sql(&filter, ""), queue::page_sql(&filter, FREE), queue::count_sql(&filter)] {
            let plan = plan(&store, &sql);
            assert!(plan.contains("COVERING INDEX incidents_waiting"), "{sql}\n{plan}");
            // Only the rows of one minute are sorted.
            assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{sql}\n{plan}");
        }
    }
    for areas in [Areas::All, some] {
        let plan = [second_reviews::judged_sql(&areas), second_reviews::list_sql(&areas)].map(|sql| plan(&store, &sql));
        let plan = plan.concat();
        assert!(plan.contains("COVERING INDEX incidents_judged") && plan.contains("second_reviews_newest"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

const CHILD: &str = "XUNJIE_STORE_TEST_FILE";

/// Not a test by itself: the process that [`a_killed_process_leaves_whole_looks`] kills.
#[test]
fn records_until_it_is_killed() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let store = SqliteStore::open(Path::new(&file)).unwrap();
    let view = view(&stream("31010100001320000001"), "预置位 1");
    let from = every_bundle(&store).len() as i64;
    for minutes in from.. {
        let incident = opened(&store, &view, &minutes.to_string(), minutes);
        confirmed(&store, incident.id);
    }
}

#[test]
fn a_killed_process_leaves_whole_looks() {
    let (_folder, file) = folder();
    registered(&SqliteStore::open(&file).unwrap());
    let mut incidents = 0;
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["store::sqlite::tests::records_until_it_is_killed", "--exact", "--test-threads=1"])
            .env(CHILD, &file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(300 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();

        let store = SqliteStore::open(&file).unwrap();
        store.check().unwrap();
        let chain = every_bundle(&store);
        assert!(chain.len() >= incidents, "what was there stays there");
        incidents = chain.len();
        assert!(chain.windows(2).all(|pair| pair[1].previous.as_deref() == Some(&*pair[0].manifest_sha256)));
        for bundle in &chain {
            let incident = store.incident(bundle.incident).unwrap();
            let case = store.case_of(incident.id).unwrap();
            assert_eq!(case.is_some(), matches!(incident.review, Review::Confirmed { .. }));
            if let Some(case) = case {
                assert_eq!(store.deliveries_of(case.id).unwrap().len(), 1);
            }
        }
    }
    assert!(incidents > 0, "the child never came to record anything");
}
