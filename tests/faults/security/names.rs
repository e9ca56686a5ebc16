//! Names that lead out of the evidence folder, files that are none, and words that could mean something to a pipeline
//! or a shell.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use xunjie::{
    deliver::SigningKey,
    domain::{EvidenceKind, IncidentChange},
    store::Store,
};

use super::serve;
use crate::{
    street::{Deployment, made_token},
    world::{World, key},
};

const OUTSIDE: &str = "what lies outside of the evidence folder";

/// One GET, byte for byte as it is given: no client may tidy the path up. Returns status and everything.
fn raw_get(web: &str, token: &str, path: &str) -> (u16, String) {
    let host = web.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    (status, answer)
}

#[test]
fn no_name_leads_out_of_the_evidence_folder_over_http() {
    let world = World::new();
    let incident = world.confirmed_case("car").incident;
    let row = world.store.evidence_of(incident).unwrap().remove(0);
    fs::write(world.folder.path().join("outside.txt"), OUTSIDE).unwrap();
    let bundle = world.file_of(&row, "masked.jpg").parent().unwrap().to_owned();
    fs::write(bundle.join("unlisted.jpg"), OUTSIDE).unwrap();
    let settings = format!(
        "[platform]\nurl = \"http://127.0.0.1:9\"\nkey_id = \"city\"\nsecret_file = \"{}/key\"\n",
        world.folder.path().display()
    );
    fs::write(world.folder.path().join("key"), crate::world::SECRET).unwrap();
    let deployment = Deployment::new("names", &settings);
    let (_service, web) = serve(&deployment, |command| {
        command.arg("--data").arg(world.folder.path());
    });
    let token = made_token(deployment.xunjie().arg("--data").arg(world.folder.path()));
    let good = raw_get(&web, &token, &format!("/api/v1/evidence/{}/files/masked.jpg", row.id));
    assert_eq!(good.0, 200, "{}", good.1);
    let mut tried = 0;
    for name in [
        "../../../outside.txt",
        "..%2f..%2f..%2f..%2foutside.txt",
        "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2foutside.txt",
        "..%252f..%252f..%252foutside.txt",
        "..%5c..%5c..%5coutside.txt",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "//etc/passwd",
        "....//....//outside.txt",
        "masked.jpg%00.txt",
        "masked.jpg/../../../../outside.txt",
        "%c0%ae%c0%ae%c0%afoutside.txt",
        "unlisted.jpg",
        "manifest.json",
        ".",
        "..",
    ] {
        for place in ["api/v1/evidence", "media"] {
            let path = match place {
                "media" => {
                    let key: SigningKey = key();
                    let until = world.clock.now().plus(Duration::from_secs(60));
                    let link = key.media_link(&url::Url::parse(&web).unwrap(), row.id, "x", until);
                    format!("/media/{}/{name}?{}", row.id, link.query().unwrap())
                }
                _ => format!("/api/v1/evidence/{}/files/{name}", row.id),
            };
            let (status, answer) = raw_get(&web, &token, &path);
            assert!((400..500).contains(&status), "{path}: {answer}");
            assert!(!answer.contains(OUTSIDE) && !answer.contains("root:"), "{path}: {answer}");
            tried += 1;
        }
    }
    // A link that we signed ourselves for such a name opens nothing either.
    for name in ["../../../outside.txt", "/etc/passwd", "first.jpg", "unlisted.jpg"] {
        let until = world.clock.now().plus(Duration::from_secs(60));
        let link = key().media_link(&url::Url::parse(&web).unwrap(), row.id, name, until);
        let (status, answer) = raw_get(&web, &token, &format!("{}?{}", link.path(), link.query().unwrap()));
        assert!((400..500).contains(&status) && !answer.contains(OUTSIDE), "{name}: {answer}");
        tried += 1;
    }

    // The file itself is replaced: by a link out, by a pipe without an end, by a device.
    let masked = bundle.join("masked.jpg");
    for what in ["link", "pipe", "device"] {
        fs::remove_file(&masked).unwrap();
        match what {
            "link" => symlink(world.folder.path().join("outside.txt"), &masked).unwrap(),
            "pipe" => assert!(Command::new("mkfifo").arg(&masked).status().unwrap().success()),
            _ => symlink("/dev/zero", &masked).unwrap(),
        }
        let began = Instant::now();
        let (status, answer) = raw_get(&web, &token, &format!("/api/v1/evidence/{}/files/masked.jpg", row.id));
        assert!(status >= 400 && !answer.contains(OUTSIDE), "{what}: {answer}");
        let proof = raw_get(&web, &token, &format!("/api/v1/evidence/{}/proof", row.id)).1;
        assert!(proof.contains("\"intact\":false"), "{what}: {proof}");
        println!("refused: evidence replaced by a {what}: {:.2} s", began.elapsed().as_secs_f64());
    }
    println!("refused: {tried} names that lead out of a bundle");
}

/// A bundle somebody else hands in, to be verified: its manifest and its files are hostile.
#[test]
fn a_hostile_bundle_is_refused_and_nothing_outside_is_read_or_moved() {
    let world = World::new();
    let incident = world.confirmed_case("car").incident;
    let row = world.store.evidence_of(incident).unwrap().remove(0);
    let honest = world.file_of(&row, "masked.jpg").parent().unwrap().to_owned();
    let deployment = Deployment::new("hostile", "");
    let outside = deployment.folder.join("outside");
    fs::create_dir_all(&outside).unwrap();
    fs::write(outside.join("masked.jpg"), OUTSIDE).unwrap();
    let copy = |name: &str| {
        let folder = deployment.folder.join(name);
        fs::create_dir_all(&folder).unwrap();
        for file in ["manifest.json", "first.jpg", "masked.jpg"] {
            fs::copy(honest.join(file), folder.join(file)).unwrap();
        }
        folder
    };
    let renamed = |name: &str, to: &str| {
        let folder = copy(name);
        let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
        fs::write(folder.join("manifest.json"), manifest.replace("masked.jpg", to)).unwrap();
        folder
    };
    let relinked = |name: &str, file: &str, to: &Path| {
        let folder = copy(name);
        fs::remove_file(folder.join(file)).unwrap();
        symlink(to, folder.join(file)).unwrap();
        folder
    };
    let pipe = copy("pipe");
    fs::remove_file(pipe.join("masked.jpg")).unwrap();
    assert!(Command::new("mkfifo").arg(pipe.join("masked.jpg")).status().unwrap().success());
    let folders: Vec<PathBuf> = vec![
        renamed("parent", "../outside/masked.jpg"),
        renamed("absolute", "/etc/passwd"),
        renamed("hidden", ".masked.jpg"),
        relinked("link", "masked.jpg", &honest.join("masked.jpg")),
        relinked("device", "masked.jpg", Path::new("/dev/zero")),
        relinked("manifest", "manifest.json", Path::new("/dev/zero")),
        pipe,
    ];
    let verify =
        |folder: &Path| deployment.xunjie().args(["evidence", "verify", "--folder"]).arg(folder).output().unwrap();
    assert!(verify(&copy("honest")).status.success(), "the honest one verifies");
    for folder in folders {
        let began = Instant::now();
        let output = verify(&folder);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && !said.contains(OUTSIDE) && !said.contains("root:"), "{said}");
        assert!(began.elapsed() < Duration::from_secs(60), "{} held the verifier up", folder.display());
    }

    // Links in the evidence folder are neither followed, moved nor emptied by the reconciler.
    let evidence = world.folder.path().join("evidence");
    symlink(&outside, evidence.join("202601")).unwrap();
    symlink(&outside, honest.parent().unwrap().join("linked")).unwrap();
    symlink(&outside, evidence.join("making").join("linked"))
        .or_else(|_| {
            fs::create_dir_all(evidence.join("making"))?;
            symlink(&outside, evidence.join("making").join("linked"))
        })
        .unwrap();
    let mut repair = deployment.xunjie();
    repair.arg("--data").arg(world.folder.path()).args(["evidence", "reconcile", "--repair"]);
    assert!(repair.stdout(Stdio::null()).status().unwrap().success());
    assert_eq!(fs::read_to_string(outside.join("masked.jpg")).unwrap(), OUTSIDE);

    // A row whose folder leads out, as a hand in the database could write it.
    let db = rusqlite::Connection::open(world.folder.path().join("xunjie.db")).unwrap();
    db.execute("UPDATE evidence SET folder = '../../outside'", []).unwrap();
    drop(db);
    assert!(world.evidence.read(&world.store.evidence(row.id).unwrap(), "masked.jpg").is_err());
    let incident = world.incident("another", world.clock.now());
    let head = world.store.evidence_head().unwrap();
    let whole = world.bundle(&incident, EvidenceKind::Opening, world.clock.now(), head.as_deref());
    world.record("another", world.clock.now(), vec![IncidentChange::Opened { incident }], vec![whole.clone()]);
    assert!(world.evidence.read(&whole, "masked.jpg").is_ok(), "honest rows are read as before");
}

/// Pipelines are put together from elements and nothing is handed to a shell: there is no text in which an argument
/// could become a command.
#[test]
fn no_source_builds_a_pipeline_or_a_command_from_text() {
    let mut faults = Vec::new();
    let mut seen = 0;
    for file in crate::street::files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let is_source = file.extension().is_some_and(|kind| kind == "rs") && !file.ends_with("tests.rs");
        let text = if is_source { fs::read_to_string(&file).unwrap() } else { String::new() };
        seen += usize::from(is_source);
        for word in [
            "parse_launch",
            "parse::launch",
            "bin_from_description",
            "parse_bin",
            "process::Command",
            "Command::new",
            "execvp",
        ] {
            if text.contains(word) {
                faults.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(seen > 100 && faults.is_empty(), "{seen} sources; {faults:#?}");
}

#[test]
fn words_that_mean_something_to_a_pipeline_or_a_shell_stay_words() {
    let deployment = Deployment::new("words", "");
    let owned = deployment.folder.join("owned");
    let shown = owned.display().to_string();
    let hostile = [
        format!("x\" ! filesink location={shown}"),
        format!("x ! filesink location={shown} "),
        format!("$(touch {shown})"),
        format!("`touch {shown}`"),
        format!("x; touch {shown}"),
        format!("--output={shown}"),
        "%s%n%p".to_owned(),
    ];
    let mut taken = 0;
    for (n, words) in hostile.iter().enumerate() {
        let (code, by_path) = (format!("C{n}"), format!("rtsp://127.0.0.1:9/{words}"));
        let mut add = deployment.xunjie();
        let name = format!("--name={words}");
        let url = format!("--url={by_path}");
        add.args(["stream", "add", "--code", &code, &name, &url, "--matter", "motor_vehicle_parking"]);
        taken += usize::from(add.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
        let mut probe = deployment.xunjie();
        probe.args(["stream", "probe", "--time-max-s", "2", &url]);
        assert!(!probe.stdout(Stdio::null()).status().unwrap().success());
        let file = format!("--url=file:///nowhere/{words}");
        let mut probe = deployment.xunjie();
        probe.args(["stream", "probe", "--time-max-s", "2", &file]);
        assert!(!probe.stdout(Stdio::null()).status().unwrap().success());
    }
    assert!(taken >= 5, "{taken}: names are words, and words may be odd");
    let listed = deployment.ask(&["stream", "list"]);
    assert_eq!(listed.len(), taken);
    let (_service, web) = serve(&deployment, |_| {});
    std::thread::sleep(Duration::from_secs(3));
    let views = raw_get(&web, &deployment.token(), "/api/v1/views").1;
    assert!(views.contains("200 OK") && views.contains("application/json"), "{views}");
    assert!(!owned.exists(), "a word became a command");
}
