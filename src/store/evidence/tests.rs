//! Bundles on a real disk: whole or absent, proved or faulted by name, kept as long as they must be.

use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};

use tempfile::TempDir;

use super::{retention::retain, *};
use crate::{
    domain::*,
    store::{Store, StoreError, conformance::*, sqlite::SqliteStore},
};

fn file(name: &str, role: FileRole, bytes: &[u8]) -> DraftFile {
    DraftFile {
        name: name.into(),
        role,
        bytes: bytes.to_vec(),
        wall: Some(at(1)),
        wall_source: Some(WallSource::SenderReport),
        arrived: Some(at(1)),
        skew_ms: Some(-40),
        pts: Some(Pts(40_000_000)),
        bbox: Some(BBox::new(10.0, 20.0, 110.5, 220.0)),
    }
}

fn draft(incident: IncidentId, kind: EvidenceKind, minutes: i64) -> BundleDraft {
    BundleDraft {
        id: crate::store::evidence_id(incident, kind, at(minutes)),
        incident,
        kind,
        made_at: at(minutes),
        stream_code: "31010100001320000001".into(),
        location: Some(location()),
        view_name: "预置位 1".into(),
        model: ModelRef { name: "coco".into(), sha256: "cd".repeat(32) },
        verifier: None,
        compared: Vec::new(),
        read: None,
        rule: RuleRef {
            matter: matter("stall"),
            pipeline_sha256: "ef".repeat(32),
            score_min: Score::new(0.4).unwrap(),
            dwell_s: 300,
            zone: ZoneId::derived(&[b"zone"]),
            zone_version: 3,
            zone_polygon: Some(polygon()),
        },
        files: vec![
            file("first.jpg", FileRole::First, b"first picture"),
            file("latest.jpg", FileRole::Latest, &[7; 300_000]),
            file("clip.mp4", FileRole::Clip, b"packets"),
        ],
    }
}

fn folder() -> (TempDir, EvidenceFolder) {
    let temp = tempfile::tempdir().unwrap();
    let folder = EvidenceFolder::open(temp.path().join("evidence")).unwrap();
    (temp, folder)
}

/// Three bundles, each after the one before.
fn chain(folder: &EvidenceFolder) -> Vec<EvidenceRow> {
    let mut rows: Vec<EvidenceRow> = Vec::new();
    for name in [b"a", b"b", b"c"] {
        let previous = rows.last().map(|row| row.manifest_sha256.clone());
        let draft = draft(IncidentId::derived(&[name]), EvidenceKind::Opening, 1);
        rows.push(folder.write(draft, previous.as_deref()).unwrap().0);
    }
    rows
}

fn age(path: &Path, by: Duration) {
    #[expect(clippy::disallowed_methods, reason = "files are dated by the system's clock")]
    let now = SystemTime::now();
    File::open(path).unwrap().set_modified(now - by).unwrap();
}

fn now() -> WallTime {
    #[expect(clippy::disallowed_methods, reason = "files are dated by the system's clock")]
    let now = SystemTime::now();
    let millis = now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    WallTime::from_millis(millis as i64)
}

fn in_making(folder: &EvidenceFolder) -> usize {
    fs::read_dir(folder.root().join(MAKING)).map_or(0, Iterator::count)
}

#[test]
fn what_was_written_is_read_back_and_proves_itself() {
    let (_temp, folder) = folder();
    let incident = IncidentId::derived(&[b"a"]);
    let (row, manifest) = folder.write(draft(incident, EvidenceKind::Opening, 1), Some("00")).unwrap();
    assert_eq!(row.folder, format!("202611/{incident}/{}", row.id));
    assert_eq!(row.previous.as_deref(), Some("00"));
    assert_eq!(folder.manifest(&row).unwrap(), manifest);
    assert_eq!(folder.read(&row, "first.jpg").unwrap(), b"first picture");
    assert_eq!(fs::read(folder.path(&row, "clip.mp4").unwrap()).unwrap(), b"packets");
    assert_eq!(in_making(&folder), 0);
    let report = verify_folder(&folder.root().join(&row.folder));
    assert_eq!((report.whole(), report.files, report.size_bytes), (true, 3, 300_020));
    assert_eq!(report.head.as_ref(), Some(&row.manifest_sha256));
    // The hash is one that anybody can make with common tools.
    assert_eq!(manifest.files[2].sha256, "6e4cadce54be0b2cc248697d0c99bfd2fabe0aeb0e712718f1b60dcfdaf70a0a");
}

#[test]
fn names_lead_nowhere_else() {
    let (_temp, folder) = folder();
    let incident = IncidentId::derived(&[b"a"]);
    let (row, _) = folder.write(draft(incident, EvidenceKind::Opening, 1), None).unwrap();
    for name in ["", "..", "../x", ".hidden", "a/b", "a\\b", "A.jpg", "图.jpg", "a\0b", &"a".repeat(81)] {
        assert!(matches!(folder.path(&row, name), Err(EvidenceError::Refused(_))), "{name:?}");
        assert!(folder.read(&row, name).is_err(), "{name:?}");
        let mut bad = draft(incident, EvidenceKind::Clearing, 2);
        bad.files[1].name = name.to_owned();
        assert!(matches!(folder.write(bad, None), Err(EvidenceError::Refused(_))), "{name:?}");
    }
    for path in ["/etc", "../../x", "a/b", "a/../b/c", ""] {
        let astray = EvidenceRow { folder: path.into(), ..row.clone() };
        assert!(matches!(folder.path(&astray, "first.jpg"), Err(EvidenceError::Refused(_))), "{path:?}");
    }
    assert!(matches!(folder.read(&row, "other.jpg"), Err(EvidenceError::Missing { .. })));
}

#[test]
fn drafts_that_prove_nothing_are_refused() {
    let (_temp, folder) = folder();
    let good = || draft(IncidentId::derived(&[b"a"]), EvidenceKind::Opening, 1);
    let mut named_as_manifest = good();
    named_as_manifest.files[0].name = MANIFEST.into();
    let mut twice = good();
    twice.files[1].name = twice.files[0].name.clone();
    let nowhere = Location { latitude: f64::NAN, ..location() };
    let bad = [
        BundleDraft { files: vec![], ..good() },
        named_as_manifest,
        twice,
        BundleDraft { location: Some(nowhere), ..good() },
    ];
    for draft in bad {
        assert!(matches!(folder.write(draft, None), Err(EvidenceError::Refused(_))));
    }
    assert_eq!(folder.reconcile(&vec![], now(), false).unwrap(), Reconciliation::default());
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let (_temp, folder) = folder();
    let draft = || draft(IncidentId::derived(&[b"a"]), EvidenceKind::Opening, 1);
    // A file where the month's folder should be: everything is written, and then it cannot be moved into place.
    fs::write(folder.root().join("202611"), "").unwrap();
    assert!(matches!(folder.write(draft(), None), Err(EvidenceError::Unwritable { .. })));
    assert_eq!(in_making(&folder), 0);
    fs::remove_file(folder.root().join("202611")).unwrap();
    let (row, _) = folder.write(draft(), None).unwrap();
    assert!(folder.verify(&[row]).whole());
    assert!(matches!(EvidenceFolder::open("/proc/xunjie"), Err(EvidenceError::Unwritable { .. })));
}

#[test]
fn a_bundle_is_sealed_again_behind_another_one_and_unsealed_leaves_nothing() {
    let (_temp, folder) = folder();
    let incident = IncidentId::derived(&[b"a"]);
    let mut bundle = folder.prepare(draft(incident, EvidenceKind::Opening, 1)).unwrap();
    let dropped = folder.prepare(draft(incident, EvidenceKind::Clearing, 2)).unwrap();
    assert_eq!(in_making(&folder), 2);
    let (refused, _) = bundle.seal(None).unwrap();
    let (row, manifest) = bundle.seal(Some("22")).unwrap();
    assert_eq!((row.id, &row.folder), (refused.id, &refused.folder));
    assert_ne!(row.manifest_sha256, refused.manifest_sha256);
    assert_eq!(row.previous.as_deref(), Some("22"));
    assert_eq!(folder.manifest(&row).unwrap(), manifest);
    drop((bundle, dropped));
    assert_eq!(in_making(&folder), 0);
    assert!(verify_folder(&folder.root().join(&row.folder)).whole(), "a sealed bundle stays");
}

#[test]
fn a_bundle_that_was_never_recorded_is_replaced() {
    let (_temp, folder) = folder();
    let incident = IncidentId::derived(&[b"a"]);
    folder.write(draft(incident, EvidenceKind::Opening, 1), None).unwrap();
    // Another process recorded a bundle first: the same one is written again, after that one.
    let mut again = draft(incident, EvidenceKind::Opening, 1);
    again.files.truncate(1);
    let (row, _) = folder.write(again, Some("11")).unwrap();
    let report = verify_folder(&folder.root().join(&row.folder));
    assert_eq!((report.files, report.head), (1, Some(row.manifest_sha256.clone())));
    assert_eq!(folder.manifest(&row).unwrap().previous.as_deref(), Some("11"));
    assert_eq!(in_making(&folder), 0);
}

#[test]
fn every_fault_is_named_by_its_first_file() {
    type Harm = fn(&Path);
    let harms: [(&str, FaultKind, Harm); 8] = [
        ("first.jpg", FaultKind::Touched, |at| fs::write(at.join("first.jpg"), "first Picture").unwrap()),
        ("latest.jpg", FaultKind::Touched, |at| {
            File::options().write(true).open(at.join("latest.jpg")).unwrap().set_len(299_999).unwrap();
        }),
        ("clip.mp4", FaultKind::Missing, |at| fs::remove_file(at.join("clip.mp4")).unwrap()),
        ("extra.jpg", FaultKind::Extra, |at| fs::write(at.join("extra.jpg"), "").unwrap()),
        (".hidden", FaultKind::Extra, |at| fs::write(at.join(".hidden"), "").unwrap()),
        ("manifest.json", FaultKind::Missing, |at| fs::remove_file(at.join(MANIFEST)).unwrap()),
        ("manifest.json", FaultKind::Touched, |at| fs::write(at.join(MANIFEST), "{}").unwrap()),
        ("first.jpg", FaultKind::Unreadable, |at| {
            fs::remove_file(at.join("first.jpg")).unwrap();
            fs::create_dir(at.join("first.jpg")).unwrap();
        }),
    ];
    for (file, kind, harm) in harms {
        let (_temp, folder) = folder();
        let rows = chain(&folder);
        harm(&folder.root().join(&rows[1].folder));
        let report = folder.verify(&rows);
        assert_eq!(report.bundles, 1, "{file}: the first bundle is whole, the third was not reached");
        let fault = report.fault.unwrap();
        assert_eq!((fault.evidence, fault.file.as_str(), fault.kind), (Some(rows[1].id), file, kind));
        assert!(fault.to_string().contains(file));
        let alone = verify_folder(&folder.root().join(&rows[1].folder)).fault.unwrap();
        assert_eq!((alone.file.as_str(), alone.kind), (file, kind));
        if file == "first.jpg" && kind == FaultKind::Touched {
            let answer = folder.read(&rows[1], file);
            assert!(matches!(answer, Err(EvidenceError::Touched { file, .. }) if file == "first.jpg"));
            assert!(folder.read(&rows[1], "clip.mp4").is_ok());
        }
    }
}

#[test]
fn the_chain_shows_what_a_bundle_alone_cannot() {
    let (_temp, folder) = folder();
    let rows = chain(&folder);
    assert_eq!(folder.verify(&rows).bundles, 3);
    let kind_at = |rows: &[EvidenceRow]| folder.verify(rows).fault.map(|fault| (fault.evidence.unwrap(), fault.kind));
    assert_eq!(kind_at(&[rows[0].clone(), rows[2].clone()]), Some((rows[2].id, FaultKind::Unchained)), "one removed");
    assert_eq!(kind_at(&rows[1..]), Some((rows[1].id, FaultKind::Unchained)), "the first removed");

    // A picture and its manifest changed together: whole by itself, and the row knows better.
    let at = folder.root().join(&rows[1].folder);
    let forged = fs::read_to_string(at.join(MANIFEST)).unwrap().replace(&sha256(b"first picture"), &sha256(b"another"));
    fs::write(at.join("first.jpg"), "another").unwrap();
    fs::write(at.join(MANIFEST), forged.replace("\"size_bytes\": 13", "\"size_bytes\": 7")).unwrap();
    assert!(verify_folder(&at).whole());
    assert_eq!(kind_at(&rows), Some((rows[1].id, FaultKind::Touched)));
    assert!(matches!(folder.manifest(&rows[1]), Err(EvidenceError::Touched { .. })));

    let mut purged = rows.clone();
    purged[1].purged_at = Some(now());
    let report = folder.verify(&purged);
    assert_eq!((report.bundles, report.purged, report.whole()), (2, 1, true), "a purged bundle keeps its link");
    assert!(matches!(folder.read(&purged[1], "first.jpg"), Err(EvidenceError::Purged(_))));
}

#[test]
fn the_reconciler_finds_both_ways_and_sets_aside_only_what_is_old() {
    let (_temp, folder) = folder();
    let rows = chain(&folder);
    let at = |row: &EvidenceRow| folder.root().join(&row.folder);
    let known = rows[..1].to_vec();
    let missing = EvidenceRow { folder: "202601/gone/gone".into(), ..rows[0].clone() };
    let hour = Duration::from_secs(3700);
    age(&at(&rows[1]), hour);
    fs::create_dir_all(folder.root().join(MAKING).join("young")).unwrap();
    fs::create_dir_all(folder.root().join(MAKING).join("killed")).unwrap();
    fs::write(folder.root().join(MAKING).join("killed/first.jpg"), "half").unwrap();
    age(&folder.root().join(MAKING).join("killed"), hour);

    let mut all = known.clone();
    all.push(missing);
    let looked = folder.reconcile(&all, now(), false).unwrap();
    let mut orphans = [rows[1].folder.clone(), rows[2].folder.clone()];
    orphans.sort();
    assert_eq!(looked.orphan_folders, orphans);
    assert_eq!(looked.missing_folders, ["202601/gone/gone"]);
    assert_eq!(looked.leftovers, ["making/killed"]);
    assert!(looked.moved.is_empty() && looked.removed.is_empty() && at(&rows[1]).exists());

    let mended = folder.reconcile(&all, now(), true).unwrap();
    assert_eq!((mended.moved, mended.removed), (vec![rows[1].folder.clone()], vec!["making/killed".to_owned()]));
    assert!(verify_folder(&folder.root().join(ORPHANS).join(&rows[1].folder)).whole(), "set aside, not deleted");
    assert!(!at(&rows[1]).exists() && at(&rows[2]).exists() && folder.root().join(MAKING).join("young").exists());
    assert!(folder.verify(&known).whole());
    assert_eq!(folder.reconcile(&known, now(), true).unwrap().orphan_folders, std::slice::from_ref(&rows[2].folder));
}

#[test]
fn retention_follows_what_became_of_the_incident() {
    let policy = RetentionPolicy { waiting_days: 30, rejected_days: 7, final_days: 90 };
    let day = |days: i64| at(days * 24 * 60);
    let row = bundle(IncidentId::derived(&[b"a"]), EvidenceKind::Opening, 0, None);
    let by = || "王敏".to_owned();
    let open = Presence::Open { since: day(0) };
    let gone = Presence::Closed { at: day(10), cause: CloseCause::Cleared };
    let rejected = Review::Rejected { by: by(), at: day(2), reason: RejectReason::Lawful };
    let duplicate = Review::Duplicate { by: by(), at: day(2), of: IncidentId::derived(&[b"b"]) };
    let confirmed = Review::Confirmed { by: by(), at: day(2) };
    // Review, presence, when the case became final, the first day on which the files may go.
    let cases = [
        (&Review::Waiting, open, None, None),
        (&Review::Waiting, gone, None, Some(40)),
        (&rejected, open, None, Some(9)),
        (&duplicate, gone, None, Some(9)),
        (&confirmed, gone, None, None),
        (&confirmed, gone, Some(day(20)), Some(110)),
    ];
    for (i, (review, presence, final_since, goes)) in cases.into_iter().enumerate() {
        let standing = Standing { review, presence, final_since };
        let goes_on = |row: &EvidenceRow, day_of: i64| expired(row, &standing, &policy, day(day_of));
        match goes {
            None => assert!(!goes_on(&row, 10_000), "{i}"),
            Some(first) => {
                assert!(!goes_on(&row, first - 1) && goes_on(&row, first), "{i}");
                assert!(!goes_on(&EvidenceRow { legal_hold: true, ..row.clone() }, 10_000), "{i}: held");
                assert!(!goes_on(&EvidenceRow { purged_at: Some(day(1)), ..row.clone() }, 10_000), "{i}: purged");
                let later = EvidenceRow { made_at: day(first), ..row.clone() };
                assert!(!goes_on(&later, first), "{i}: a later bundle has its own days");
            }
        }
    }
}

/// Opens an incident with a real bundle.
fn proved(
    store: &dyn Store,
    folder: &EvidenceFolder,
    view: &View,
    name: &str,
    minutes: i64,
) -> (Incident, EvidenceRow) {
    let incident = incident(&place(view, name), minutes);
    let head = store.evidence_head().unwrap();
    let (row, _) = folder.write(draft(incident.id, EvidenceKind::Opening, minutes), head.as_deref()).unwrap();
    let mut outcome = look(view.id, minutes);
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    outcome.evidence = vec![row.clone()];
    store.record(&outcome).unwrap();
    (incident, row)
}

#[test]
fn a_run_of_retention_removes_files_and_keeps_rows() {
    let (_temp, folder) = folder();
    let store = SqliteStore::in_memory().unwrap();
    let view = registered(&store);
    let [rejected, held, closed, running] =
        ["a", "b", "c", "d"].map(|name| proved(&store, &folder, &view, name, i64::from(name.as_bytes()[0])));
    for (incident, _) in [&rejected, &held] {
        let no = Verdict::Rejected { reason: RejectReason::Passing };
        store.decide(&verdict(incident.id, no, "王敏"), &open_case).unwrap();
    }
    store.hold_evidence(held.0.id, true, at(100), "王敏").unwrap();
    let case = confirmed(&store, closed.0.id);
    confirmed(&store, running.0.id);
    store.apply_callback(&callback("1", case.id, Stage::Closed), at(1000)).unwrap();

    let policy = RetentionPolicy { waiting_days: 0, rejected_days: 1, final_days: 2 };
    let run = |minutes| retain(&store, &folder, &policy, at(minutes)).unwrap();
    assert_eq!(run(1000), Retained { purged: vec![], kept: 4, held: 1 });
    assert_eq!(run(60 + 24 * 60).purged, []);
    assert_eq!(run(97 + 24 * 60 + 1), Retained { purged: vec![rejected.1.id], kept: 3, held: 1 });
    assert_eq!(run(1000 + 48 * 60).purged, [closed.1.id]);
    assert_eq!(run(1_000_000), Retained { purged: vec![], kept: 2, held: 1 });
    assert!(!folder.root().join(&rejected.1.folder).exists());
    assert!(matches!(folder.read(&store.evidence(rejected.1.id).unwrap(), "first.jpg"), Err(EvidenceError::Purged(_))));
    assert_eq!(actions(&store, &rejected.1.id), ["evidence.purged"]);
    let rows = every_bundle(&store);
    let report = folder.verify(&rows);
    assert_eq!((rows.len(), report.bundles, report.purged, report.whole()), (4, 2, 2, true));
    assert_eq!(folder.reconcile(&Recorded(&store), now(), false).unwrap(), Reconciliation::default());

    // The process died after the row and before the files: the reconciler finishes it.
    store.hold_evidence(held.0.id, false, at(2000), "王敏").unwrap();
    store.purge_evidence(held.1.id, at(2001)).unwrap();
    assert_eq!(folder.reconcile(&Recorded(&store), now(), true).unwrap().removed, [held.1.folder]);
    assert!(matches!(store.purge_evidence(EvidenceId::fresh(), at(0)), Err(StoreError::Missing { .. })));
}

/// `mount -t tmpfs -o size=2m tmpfs DIR && XUNJIE_TEST_SMALL_DISK=DIR cargo test -- --ignored really_full`
#[test]
#[ignore = "needs a disk of about 2 MB, named by XUNJIE_TEST_SMALL_DISK"]
fn a_disk_that_is_really_full_costs_nothing_that_was_recorded() {
    let disk =
        PathBuf::from(std::env::var_os("XUNJIE_TEST_SMALL_DISK").expect("XUNJIE_TEST_SMALL_DISK names a folder"));
    let disk = tempfile::tempdir_in(disk).unwrap();
    let folder = EvidenceFolder::open(disk.path().join("evidence")).unwrap();
    let store = SqliteStore::open(&disk.path().join("xunjie.db")).unwrap();
    let view = registered(&store);
    let kept = proved(&store, &folder, &view, "a", 1);

    let incident = IncidentId::derived(&[b"b"]);
    let mut large = draft(incident, EvidenceKind::Opening, 2);
    large.files.push(file("long.mp4", FileRole::Clip, &vec![3; 4_000_000]));
    assert!(matches!(folder.write(large, None), Err(EvidenceError::Unwritable { .. })));
    assert_eq!(in_making(&folder), 0);
    assert_eq!(folder.reconcile(&Recorded(&store), now(), false).unwrap(), Reconciliation::default());

    let filler = disk.path().join("filler");
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    let refused = (0..).find_map(|minutes| store.record(&look(view.id, minutes + 10)).err()).unwrap();
    assert!(matches!(refused, StoreError::Unwritable(_)), "{refused}");
    let recorded = store.looks(view.id, 500).unwrap().len() as i64;
    drop(file); // An open file keeps its room.
    fs::remove_file(&filler).unwrap();
    store.record(&look(view.id, recorded + 9)).unwrap();
    store.check().unwrap();
    assert_eq!(every_bundle(&store), [kept.1]);
    assert!(folder.verify(&every_bundle(&store)).whole());
}

impl Rows for Vec<EvidenceRow> {
    fn all(&self) -> Box<dyn Iterator<Item = Result<EvidenceRow, StoreError>> + '_> {
        Box::new(self.iter().cloned().map(Ok))
    }
    fn of(&self, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError> {
        Ok(self.iter().filter(|row| row.incident == incident).cloned().collect())
    }
}
