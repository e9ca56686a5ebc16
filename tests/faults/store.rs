//! A disk that is full or read-only, a store that is locked or damaged, evidence that was touched, a clock set back.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::street::{Deployment, KERB, Running, VAN_ONLY, camera, files_below, until};

const LONG: Duration = Duration::from_secs(120);

/// The state of a camera's view, as the command line tells it.
fn sees(deployment: &Deployment, code: &str) -> bool {
    let views = deployment.ask(&["view", "list"]);
    views.iter().any(|view| view.to_string().contains(&format!("\"{code}\"")) && view.to_string().contains("\"same\""))
}

fn looks(deployment: &Deployment) -> i64 {
    let store = rusqlite::Connection::open(deployment.folder.join("data/xunjie.db")).expect("the store is there");
    store.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'feed'", [], |row| row.get(0)).unwrap_or(0)
}

fn recovered(name: &str, since: Instant, what: &str) {
    println!("recovered: store.{name}: {:.1} s ({what})", since.elapsed().as_secs_f64());
}

/// How long a reviewer's list takes.
fn list(deployment: &Deployment, web: &str) -> Duration {
    let began = Instant::now();
    let answer = deployment.get(web, "/api/v1/incidents?review=waiting");
    assert!(answer.is_some(), "the list answers");
    began.elapsed()
}

fn refusal(deployment: &Deployment, args: &[&str]) -> String {
    let output = deployment.xunjie().args(args).output().expect("xunjie runs");
    assert!(!output.status.success(), "{args:?} is refused");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the test called `name` again inside mount and user namespaces of its own, where it may mount small disks.
/// `true` where this is the run inside. Where the system allows neither, the test is skipped and says so.
fn on_disks_of_its_own(name: &str) -> bool {
    if env::var_os("XUNJIE_TEST_OWN_DISKS").is_some() {
        return true;
    }
    let inside = |flags: &str| {
        let mut command = Command::new("unshare");
        command.arg(flags);
        command
    };
    let works = |flags: &&&str| {
        inside(flags)
            .args(["mount", "-t", "tmpfs", "none", "/mnt"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|s| s.success())
    };
    let Some(flags) = ["-m", "-rm"].iter().find(works) else {
        println!("SKIPPED: {name}: neither root nor user namespaces may mount here; nothing was tested");
        return false;
    };
    let status = inside(flags)
        .arg(env::current_exe().expect("the test knows its program"))
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env("XUNJIE_TEST_OWN_DISKS", "1")
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{name} inside its own mounts");
    false
}

fn mount(args: &[&str], at: &Path) {
    let done = Command::new("mount").args(args).arg(at).status();
    assert!(done.is_ok_and(|status| status.success()), "mount {args:?} {}", at.display());
}

/// Fills the disk to its last byte; the file that does it.
fn fill(disk: &Path) -> PathBuf {
    let ballast = disk.join("ballast");
    let _ = Command::new("dd")
        .args(["if=/dev/zero", "bs=4k"])
        .arg(format!("of={}", ballast.display()))
        .stderr(Stdio::null())
        .status();
    ballast
}

#[test]
fn a_disk_full_of_evidence_costs_no_incident_and_no_other_look() {
    if !on_disks_of_its_own("store::a_disk_full_of_evidence_costs_no_incident_and_no_other_look") {
        return;
    }
    let deployment = Deployment::new("evidence_full", "");
    let evidence = deployment.folder.join("data/evidence");
    fs::create_dir_all(&evidence).expect("made");
    mount(&["-t", "tmpfs", "-o", "size=8m", "none"], &evidence);
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    deployment.register("lawn", &address, "0.1,0.9 0.2,0.9 0.2,0.95 0.1,0.95");
    let ballast = fill(&evidence);
    let (_service, web) = deployment.serve();
    deployment.token();
    until("evidence that cannot be written", &deployment, LONG, || {
        deployment.log().contains("evidence cannot be written").then_some(())
    });
    assert!(deployment.incidents().is_empty(), "what is not proved is not recorded");
    let before = looks(&deployment);
    until("the other camera's looks", &deployment, LONG, || {
        (sees(&deployment, "lawn") && looks(&deployment) > before + 2).then_some(())
    });
    let answered = list(&deployment, &web);
    assert!(!files_below(&evidence).iter().any(|file| file.ends_with("manifest.json")), "no half of a bundle stays");
    let since = Instant::now();
    fs::remove_file(ballast).expect("removed");
    until("the incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    recovered(
        "evidence_disk_full",
        since,
        &format!("incident opened with its evidence; page answered in {} ms meanwhile", answered.as_millis()),
    );
    deployment.ask(&["evidence", "verify"]);
    assert_eq!(deployment.incidents().len(), 1);
}

#[test]
fn a_disk_full_of_everything_costs_no_incident() {
    if !on_disks_of_its_own("store::a_disk_full_of_everything_costs_no_incident") {
        return;
    }
    let deployment = Deployment::new("store_full", "");
    let data = deployment.folder.join("data");
    fs::create_dir_all(&data).expect("made");
    mount(&["-t", "tmpfs", "-o", "size=32m,mode=700", "none"], &data);
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    let (_service, web) = deployment.serve();
    deployment.token(); // nobody gets a new one while nothing can be written
    let ballast = fill(&data);
    until("a look that cannot be recorded", &deployment, LONG, || {
        deployment.log().contains("free disk space").then_some(())
    });
    let answered = list(&deployment, &web);
    thread::sleep(Duration::from_secs(8));
    let full = deployment.incidents().len();
    let since = Instant::now();
    fs::remove_file(ballast).expect("removed");
    until("the incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    recovered(
        "database_disk_full",
        since,
        &format!("{full} incidents while full, 1 after; page answered in {} ms meanwhile", answered.as_millis()),
    );
    deployment.ask(&["evidence", "verify"]);
}

#[test]
fn a_read_only_folder_is_refused_by_name_and_waited_for() {
    if !on_disks_of_its_own("store::a_read_only_folder_is_refused_by_name_and_waited_for") {
        return;
    }
    let deployment = Deployment::new("read_only", "");
    let data = deployment.folder.join("data");
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    mount(&["--bind", data.to_str().expect("text")], &data);
    mount(&["-o", "remount,bind,ro"], &data);
    let told = refusal(&deployment, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(told.contains("cannot write") && told.contains("rights") && told.contains("xunjie.db"), "{told}");
    assert!(Command::new("umount").arg(&data).status().is_ok_and(|status| status.success()));

    // While it runs, the evidence's disk alone turns read-only, as a file system does that finds an error.
    let evidence = data.join("evidence");
    fs::create_dir_all(&evidence).expect("made");
    mount(&["--bind", evidence.to_str().expect("text")], &evidence);
    mount(&["-o", "remount,bind,ro"], &evidence);
    let (_service, _) = deployment.serve();
    until("evidence that cannot be written", &deployment, LONG, || {
        deployment.log().contains("evidence cannot be written").then_some(())
    });
    assert!(deployment.incidents().is_empty());
    let since = Instant::now();
    mount(&["-o", "remount,bind,rw"], &evidence);
    until("the incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    recovered(
        "read_only",
        since,
        "refused at the start by name; evidence's disk read-only while running, incident opened after",
    );
}

#[test]
fn a_damaged_store_is_refused_with_the_way_back_and_left_alone() {
    let deployment = Deployment::new("damaged", "");
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    let copies = deployment.folder.join("copies");
    deployment.ask(&["backup", copies.to_str().expect("text")]);
    let file = deployment.folder.join("data/xunjie.db");
    for harm in [&b"rubbish "[..], b"SQLite format 3\0"] {
        let bytes: Vec<u8> = harm.iter().copied().cycle().take(16 * 4096).collect();
        fs::write(&file, &bytes).expect("written");
        let told = refusal(&deployment, &["serve", "--listen", "127.0.0.1:0"]);
        for word in ["xunjie.db", "backup", copies.to_str().expect("text"), "move"] {
            assert!(told.contains(word), "{word}: {told}");
        }
        assert_eq!(fs::read(&file).expect("read"), bytes, "a damaged file is evidence too: it is left as it is");
    }
    // What the refusal says, done.
    let since = Instant::now();
    let copy =
        fs::read_dir(&copies).expect("listed").map_while(Result::ok).map(|entry| entry.path()).next().expect("one");
    for side in ["", "-wal", "-shm"] {
        let _ = fs::rename(format!("{}{side}", file.display()), format!("{}{side}.bad", file.display()));
    }
    fs::copy(copy, &file).expect("copied");
    let (_service, _) = deployment.serve();
    until("the incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    recovered(
        "damaged",
        since,
        "refused twice by name with the backup's place, file untouched; restored, started, incident opened",
    );
}

#[test]
fn a_store_that_another_process_holds_loses_nothing() {
    let deployment = Deployment::new("locked", "");
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    let (_service, web) = deployment.serve();
    until("a first look", &deployment, LONG, || sees(&deployment, "van").then_some(()));
    deployment.token();
    let other = rusqlite::Connection::open(deployment.folder.join("data/xunjie.db")).expect("opened");
    other.busy_timeout(LONG).expect("set");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let (held, mut slowest) = (Instant::now(), Duration::ZERO);
    while held.elapsed() < Duration::from_secs(15) {
        slowest = slowest.max(list(&deployment, &web));
        thread::sleep(Duration::from_millis(500));
    }
    other.execute_batch("COMMIT").expect("released");
    let (since, before) = (Instant::now(), looks(&deployment));
    until("looks again", &deployment, LONG, || (looks(&deployment) > before).then_some(()));
    recovered(
        "locked",
        since,
        &format!("held for 15 s; slowest page meanwhile {} ms; first look recorded", slowest.as_millis()),
    );
    until("the incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    assert_eq!(deployment.incidents().len(), 1);
}

#[test]
fn evidence_that_was_touched_is_named_and_the_rest_goes_on() {
    let deployment = Deployment::new("touched", "");
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("kerb", &address, KERB);
    let (_service, web) = deployment.serve();
    let both = until("both vehicles", &deployment, LONG, || Some(deployment.incidents()).filter(|all| all.len() == 2));
    let bundle = |incident: &Value| {
        let id = incident["id"].as_str().expect("an id").to_owned();
        let shown = deployment.ask(&["review", "show", &id]);
        let folder = shown[0]["evidence"][0]["folder"].as_str().expect("a folder").to_owned();
        (id, deployment.folder.join("data/evidence").join(folder))
    };
    let since = Instant::now();
    let ((altered, folder), (deleted, gone)) = (bundle(&both[0]), bundle(&both[1]));
    let mut bytes = fs::read(folder.join("masked_latest.jpg")).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(folder.join("masked_latest.jpg"), bytes).expect("written");
    fs::remove_file(gone.join("manifest.json")).expect("removed");
    for (id, file) in [(&altered, "masked_latest.jpg"), (&deleted, "manifest.json")] {
        let output = deployment.xunjie().args(["evidence", "verify", "--incident", id]).output().expect("xunjie runs");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success() && told.contains(file), "{told}");
    }
    let seconds = since.elapsed().as_secs_f64();
    for (id, told) in [(&altered, "masked_latest.jpg 已被改动"), (&deleted, "manifest.json 缺失")] {
        let text = deployment.get(&web, &format!("/api/v1/incidents/{id}")).expect("the incident is told");
        assert!(text.contains(told), "{told}: the timeline names it");
    }
    // Deciding, delivering and looking go on.
    deployment.ask(&["review", "confirm", &altered, "--reviewer", "张三"]);
    let before = looks(&deployment);
    until("looks", &deployment, LONG, || (looks(&deployment) > before + 2).then_some(()));
    println!(
        "recovered: store.touched: {seconds:.1} s (one bit altered and one manifest deleted, both named; verdicts and looks go on)"
    );
}

/// The service under a clock that a file sets; `None` where libfaketime is not installed.
fn serve_by(deployment: &Deployment, clock: &Path) -> Option<(Running, String)> {
    let library = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    ];
    let library = library.iter().find(|path| Path::new(path).exists())?;
    let log =
        fs::OpenOptions::new().create(true).append(true).open(deployment.folder.join("serve.log")).expect("opened");
    let mut command = deployment.xunjie();
    command.args(["serve", "--listen", "127.0.0.1:0"]).stderr(log);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock).env("FAKETIME_CACHE_DURATION", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    Some(super::street::start(&mut command, "巡街 "))
}

#[test]
fn a_clock_set_back_an_hour_doubles_nothing_and_holds_nothing_up() {
    let deployment = Deployment::new("set_back", "");
    let (_eye, address) = camera("127.0.0.1:0");
    deployment.register("van", &address, VAN_ONLY);
    let clock = deployment.folder.join("clock");
    fs::write(&clock, "+0").expect("written");
    let Some((_service, _)) = serve_by(&deployment, &clock) else {
        println!(
            "SKIPPED: a clock set back: libfaketime is not installed (apt-get install faketime); nothing was tested"
        );
        return;
    };
    // In the dwell: a candidate is remembered, its incident is not open yet.
    until("a first look", &deployment, LONG, || sees(&deployment, "van").then_some(()));
    let before = looks(&deployment);
    let since = Instant::now();
    fs::write(&clock, "-3600").expect("written");
    until("looks under the new time", &deployment, LONG, || {
        (deployment.log().contains("the clock was set back") && looks(&deployment) > before + 2).then_some(())
    });
    let looked = since.elapsed().as_secs_f64();
    until("the van in spite of it", &deployment, LONG, || deployment.incidents().into_iter().next());
    recovered(
        "clock_set_back",
        since,
        &format!("three looks after {looked:.1} s, the dwell went on and the incident opened"),
    );
    let before = looks(&deployment);
    until("more looks", &deployment, LONG, || (looks(&deployment) > before + 5).then_some(()));
    assert_eq!(deployment.incidents().len(), 1, "one van, one incident");
    let verified = deployment.xunjie().args(["evidence", "verify"]).output().expect("xunjie runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
