//! The main job, whole and real: a camera process, the service, the model, a reviewer's verdict, the platform's
//! simulator. What is killed, frozen or away must cost neither an incident nor a case, and must double none.

#[expect(clippy::allow_attributes, reason = "an expectation would fail in the targets that use all of it")]
#[allow(dead_code, reason = "each target that shares the street uses its part of it")]
#[path = "../street/mod.rs"]
mod street;
mod trial;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use street::{Deployment, KERB, VAN_ONLY, camera, files_below, json_lines, recording, start, until};

const LONG: Duration = Duration::from_secs(60);

fn platform(listen: &str, deployment: &Deployment, more: &[&str]) -> (street::Running, String) {
    let mut command = deployment.xunjie();
    command.args(["platform-sim", "--listen", listen, "--key-id", "city", "--secret-file"]);
    command
        .arg(deployment.folder.join("secret"))
        .arg("--state")
        .arg(deployment.folder.join("platform.json"))
        .args(more);
    start(command.stderr(Stdio::null()), "platform-sim ")
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("it is bound").port()
}

fn report(address: &str) -> Option<Value> {
    let text = ureq::get(format!("{address}/sim/report")).call().ok()?.body_mut().read_to_string().ok()?;
    serde_json::from_str(&text).ok()
}

/// Look -> sighting -> incident -> verdict -> case -> delivery -> callback -> re-check; with the service killed in the
/// dwell, between proving and recording, between verdict and delivery, and between the platform's acceptance and the
/// receipt; the camera killed and back; and a platform that is away, then accepts and hangs.
#[test]
fn one_parked_van_is_one_case_at_the_platform_whatever_dies() {
    let port = free_port();
    let settings = format!(
        "[platform]\nurl = \"http://127.0.0.1:{port}\"\nkey_id = \"city\"\nsecret_file = \"{}/secret\"\ntimeout_s = 3\nbackoff_base_s = 0.2\nbackoff_max_s = 1.0\n",
        Deployment::new("one_case", "").folder.display()
    );
    let deployment = Deployment::new("one_case", &settings);
    let (mut eye, address) = camera("127.0.0.1:0");
    deployment.register("cam", &address, VAN_ONLY);

    // Killed in the dwell: the first sightings are recorded, the incident is not yet.
    let (mut service, _) = deployment.serve();
    until("a first look", &deployment, LONG, || {
        let views = deployment.ask(&["view", "list"]);
        views.iter().any(|view| view.to_string().contains("\"same\"")).then_some(())
    });
    service.kill();
    let (mut service, _) = deployment.serve();

    // The camera dies in mid-stream and comes back at the same address.
    eye.kill();
    std::thread::sleep(Duration::from_millis(500));
    let host = address.trim_start_matches("rtsp://").trim_end_matches("/cam").to_owned();
    let (_eye, _) = camera(&host);

    // Killed between proving and recording: the bundle is on the disk, and no row knows of it.
    deployment.refuse_evidence();
    let proved =
        || files_below(&deployment.folder.join("data/evidence")).into_iter().any(|f| f.ends_with("manifest.json"));
    until("a bundle on the disk", &deployment, LONG, || proved().then_some(()));
    service.kill();
    assert!(deployment.incidents().is_empty(), "what was not recorded did not happen");
    deployment.take_evidence();
    let (mut service, _) = deployment.serve();
    let incident = until("the van as an incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    let id = incident["id"].as_str().expect("an incident has an id").to_owned();

    // Killed between the verdict and the delivery: nobody listens at the platform's port yet.
    deployment.ask(&["review", "confirm", &id, "--reviewer", "张三"]);
    service.kill();
    let again =
        deployment.xunjie().args(["review", "confirm", &id, "--reviewer", "李四"]).output().expect("xunjie runs");
    assert!(
        !again.status.success() && String::from_utf8_lossy(&again.stderr).contains("张三"),
        "the second verdict names the first"
    );
    let web_port = free_port();
    let (mut service, web) = deployment.serve_on(web_port);

    // The platform comes up, accepts the first message and hangs before it answers.
    let callbacks = format!("{web}/api/v1/callbacks");
    let listen = format!("127.0.0.1:{port}");
    let (_platform, sim) =
        platform(&listen, &deployment, &["--accept-then-hang", "1", "--hang-ms", "6000", "--callback-url", &callbacks]);
    // Killed between the platform's acceptance and the receipt: the same message goes out again under the same key.
    until("the platform has it", &deployment, LONG, || {
        let held = report(&sim)?;
        held["cases"].as_array().is_some_and(|cases| !cases.is_empty()).then_some(())
    });
    service.kill();
    let pending = deployment.ask(&["delivery", "list", "--state", "delivered"]);
    assert!(pending.is_empty(), "no receipt was stored: {pending:?}");
    let (service, _) = deployment.serve_on(web_port);
    let delivered = until("the receipt", &deployment, LONG, || {
        deployment
            .ask(&["delivery", "list"])
            .into_iter()
            .find(|delivery| delivery.to_string().contains("platform_number"))
    });
    let held = report(&sim).expect("the simulator reports");
    assert_eq!(held["cases"].as_array().map(Vec::len), Some(1), "{held:#}");
    assert!(held.to_string().contains("\"verified\":true"), "{held:#}");
    let case =
        delivered["case"].as_str().or(delivered["case_id"].as_str()).expect("a delivery names its case").to_owned();

    // Handled: the view is looked at again, and the platform hears that the van still stands there.
    let stage = ureq::post(format!("{sim}/sim/cases/{case}/stage"))
        .header("content-type", "application/json")
        .send(json!({"stage": "handled", "repeat": 2}).to_string());
    assert!(stage.is_ok(), "{stage:?}");
    until("the answer of the re-check", &deployment, LONG, || {
        let held = report(&sim)?;
        held.to_string().contains("recheck").then_some(())
    });
    assert_eq!(deployment.incidents().len(), 1, "one place, one incident");
    let verified = deployment.xunjie().args(["evidence", "verify"]).output().expect("xunjie runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));

    // A graceful end: a signal, and the process is gone within seconds.
    service.signal("TERM");
    let mut service = service;
    until("the service ends", &deployment, Duration::from_secs(15), || service.0.try_wait().ok().flatten());
}

/// A frozen camera is lost coverage with its reason, and the one beside it does not notice. Cameras come, change and go
/// while the service runs.
#[test]
fn a_frozen_camera_is_shown_and_troubles_nobody() {
    let deployment = Deployment::new("frozen", "");
    let (frozen, frozen_address) = camera("127.0.0.1:0");
    let (_other, other_address) = camera("127.0.0.1:0");
    deployment.register("frozen", &frozen_address, KERB);
    let (_service, _) = deployment.serve();
    deployment.register("other", &other_address, KERB);
    let state = |code: &str| {
        let views = deployment.ask(&["view", "list"]);
        let of = |view: &&Value| view.to_string().contains(&format!("\"{code}\""));
        views.iter().find(of).map(Value::to_string).unwrap_or_default()
    };
    until("both are seen", &deployment, LONG, || {
        (state("frozen").contains("\"same\"") && state("other").contains("\"same\"")).then_some(())
    });
    frozen.signal("STOP");
    until("the frozen one is lost", &deployment, LONG, || state("frozen").contains("\"lost\"").then_some(()));
    assert!(state("other").contains("\"same\""), "{}", state("other"));
    frozen.signal("CONT");
    until("it is back by itself", &deployment, LONG, || state("frozen").contains("\"same\"").then_some(()));

    deployment.ask(&["stream", "set", "other", "--url", "rtsp://127.0.0.1:1/cam"]);
    until("the changed address is noticed", &deployment, LONG, || state("other").contains("\"lost\"").then_some(()));
    deployment.ask(&["stream", "set", "other", "--url", &other_address]);
    until("and the mended one", &deployment, LONG, || state("other").contains("\"same\"").then_some(()));
    deployment.ask(&["stream", "remove", "other"]);
    assert!(state("other").is_empty() && state("frozen").contains("\"same\""));
}

/// A folder below the deployment's with the same entries as one of the project's, but for those named.
fn all_but(deployment: &Deployment, folder: &str, left_out: &[&str]) -> PathBuf {
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), deployment.folder.join(folder));
    fs::create_dir_all(&to).expect("the target folder can be written");
    for entry in fs::read_dir(from).expect("it is committed").filter_map(Result::ok) {
        if !left_out.iter().any(|name| entry.file_name() == *name) {
            std::os::unix::fs::symlink(entry.path(), to.join(entry.file_name())).expect("linked");
        }
    }
    to
}

/// What a machine lacks silences the matters that need it, in words, and no other.
#[test]
fn without_a_model_or_the_words_of_ads_the_rest_is_judged() {
    let reader = "ppocr_v6_det_small";
    let poor = Deployment::new("no_weights", "");
    let models = all_but(&poor, "models", &[reader]);
    fs::create_dir(models.join(reader)).expect("made");
    let manifest = format!("models/{reader}/model.toml");
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(&manifest), poor.folder.join(&manifest)).expect("copied");
    let poor = poor.setting("[folders]", &format!("models = \"{}\"", models.display()));
    let silent = Deployment::new("no_ads", "");
    let city = all_but(&silent, "city/example", &["ads.toml"]);
    let silent = silent.setting("[folders]", &format!("city = \"{}\"", city.display()));
    for (deployment, why) in [(poor, "缺少模型 ppocr_v6_det_small 的权重文件"), (silent, "没有 ads.toml")] {
        let (_eye, address) = camera("127.0.0.1:0");
        deployment.register("kerb", &address, VAN_ONLY);
        deployment.ask(&[
            "stream",
            "add",
            "--code",
            "wall",
            "--name",
            "wall",
            "--url",
            &address,
            "--matter",
            "illegal_small_ad",
        ]);
        let (_service, web) = deployment.serve();
        until("the van as an incident", &deployment, LONG, || deployment.incidents().into_iter().next());
        let told = |path: &str| -> Value {
            let text = deployment.get(&web, path).unwrap_or_default();
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}: {text}"))
        };
        let plan = told("/api/v1/plan");
        let unable: Vec<&str> =
            plan["unable"].as_array().unwrap().iter().filter_map(|one| one["matter"].as_str()).collect();
        assert_eq!(unable, ["banner", "illegal_small_ad"], "{plan:#}");
        assert!(plan["unable"][1]["why"].as_str().is_some_and(|said| said.contains(why)), "{plan:#}");
        let matters = told("/api/v1/matters");
        for matter in matters["items"].as_array().unwrap() {
            let is_unable = matter["unable"].as_str().is_some_and(|said| said.contains(why));
            assert_eq!(is_unable, unable.contains(&matter["key"].as_str().unwrap()), "{matter:#}");
        }
        let views = told("/api/v1/views");
        let wall = views["items"].as_array().unwrap().iter().find(|view| view["stream_code"] == "wall").unwrap();
        assert_eq!(wall["coverage"], "blind", "{wall:#}");
        assert!(wall["reason"].as_str().is_some_and(|said| said.contains(why)), "{wall:#}");
    }
}

/// A replay into the deployment's own data folder.
fn replay(deployment: &Deployment, recording: &Path) -> Command {
    let mut command = deployment.xunjie();
    command.arg("--json").arg("--data").arg(deployment.folder.join("data")).arg("replay").arg("--clip").arg(recording);
    command.args(["--scene", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/scenes/vtest/scene.toml")]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A pipeline that asks for frames at a rate is watched without an end, through the tracker, and finds the same.
#[test]
fn a_watch_without_an_end_finds_what_looks_find() {
    let deployment = Deployment::new("watch", "").decoding("decode = \"rate\"\nfps = 2.0");
    let output = replay(&deployment, &recording(12)).output().expect("xunjie runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let opened = json_lines(&output).into_iter().filter(|change| change["change"] == "opened").count();
    assert_eq!(opened, 2, "the van and the car");
    assert_eq!(deployment.incidents().len(), 2);
}

/// The drawn wall of the fixtures as so many pictures with a little noise: a camera that sends the very same one is frozen.
fn wall(folder: &Path, pictures: u32) -> PathBuf {
    let drawn = image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/text/street_text.png")).expect("committed");
    let folder = folder.join(format!("wall-{pictures}"));
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let mut dice = fastrand::Rng::with_seed(11);
    for n in 0..pictures {
        let mut picture = drawn.to_rgb8();
        picture.pixels_mut().flat_map(|pixel| &mut pixel.0).for_each(|v| *v = v.saturating_sub(dice.u8(0..9)));
        picture.save(folder.join(format!("{n:03}.png"))).expect("written");
    }
    folder
}

/// What is read on a wall goes with the incident, masked for all but who asks by name; a person lets one of the texts stay,
/// and its incident alone ends.
#[test]
fn what_is_read_is_shown_masked_and_a_permitted_text_is_reported_no_more() {
    let deployment = Deployment::new(
        "reading",
        "[matters.illegal_small_ad]\ndwell_s = 3\nsightings_min = 3\nrevisit_s = 1\nclear_looks = 2\nclear_over_s = 2\n",
    )
    .pipelines(&[("illegal_small_ad", "decode = \"key_frames\""), ("motor_vehicle_parking", "decode = \"key_frames\"")]);
    let pipeline = deployment.folder.join("pipelines/illegal_small_ad.toml");
    let often = fs::read_to_string(&pipeline).expect("written").replace("every_s = 1800", "every_s = 1");
    fs::write(&pipeline, often).expect("written");
    let scene = deployment.folder.join("scene.toml");
    let text = "start = \"2026-11-23T09:00:00+08:00\"\ncode = \"wall\"\nname = \"wall\"\nmatters = [\"illegal_small_ad\"]\nrevisit_s = 1\n\
                [[zones]]\nname = \"墙\"\nkind = \"strict\"\npolygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]\n";
    fs::write(&scene, text).expect("written");
    let replay = |pictures: u32| {
        let mut command = deployment.xunjie();
        command.arg("--json").arg("--data").arg(deployment.folder.join("data")).args(["replay", "--clip"]);
        let output = command.arg(wall(&deployment.folder, pictures)).arg("--scene").arg(&scene).output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        json_lines(&output)
    };
    let opened: Vec<Value> = replay(7).into_iter().filter(|change| change["change"] == "opened").collect();
    let read = |part: &str| {
        let of = |incident: &&Value| incident["read"].as_str().is_some_and(|read| read.contains(part));
        let incidents = deployment.incidents();
        let found = incidents.iter().find(of).unwrap_or_else(|| panic!("{part} in {incidents:#?}"));
        (found["id"].as_str().unwrap().to_owned(), found["read"].as_str().unwrap().to_owned())
    };
    let ((locks, masked), (drains, _)) = (read("开锁"), read("疏通"));
    assert_eq!(opened.len(), 2, "{opened:#?}");
    assert!(masked.contains("138-****-**78") && !format!("{opened:?}").contains("1234"), "{masked}");
    let whole = deployment.ask(&["review", "reading", &locks]);
    assert!(whole[0]["text"].as_str().is_some_and(|text| text.contains("138-1234-5678")), "{whole:?}");
    let manifests =
        files_below(&deployment.folder.join("data/evidence")).into_iter().filter(|f| f.ends_with("manifest.json"));
    let manifests: Vec<String> = manifests.map(|file| fs::read_to_string(file).expect("readable")).collect();
    assert!(manifests.len() == 2 && manifests.iter().any(|text| text.contains("138-****-**78")), "{manifests:?}");
    assert!(manifests.iter().all(|text| !text.contains("1234")), "a manifest is shown with the masked pictures");

    let signs = deployment.ask(&["sign", "list", "wall"]);
    let sign = signs.iter().find(|sign| sign["text"].as_str().is_some_and(|text| text.contains("疏通"))).unwrap();
    assert!(signs.len() >= 3 && signs.iter().all(|sign| sign["permitted_by"].is_null()), "{signs:#?}");
    deployment.ask(&["sign", "permit", "wall", sign["id"].as_str().unwrap()]);
    let changes = replay(11);
    let ended: Vec<&Value> = changes.iter().filter(|change| change["change"] == "closed").collect();
    assert_eq!(ended.len(), 1, "{changes:#?}");
    assert_eq!((&ended[0]["incident"], &ended[0]["cause"]), (&json!(drains), &json!("rule_changed")));

    deployment.ask(&["sign", "withdraw", "wall", sign["id"].as_str().unwrap()]);
    let again: Vec<Value> = replay(17).into_iter().filter(|change| change["change"] == "reopened").collect();
    assert_eq!(again.len(), 1, "what was taken back is reported again");
}

/// kill -9 at many moments of a replay, each time resumed: the same incidents as without, once each, all proven.
#[test]
fn killed_at_any_moment_a_replay_files_the_same_incidents() {
    let recording = recording(40);
    let places = |deployment: &Deployment| {
        let mut places: Vec<String> = deployment
            .incidents()
            .iter()
            .map(|incident| {
                let corner = |i: usize| (incident["bbox"][i].as_f64().unwrap_or(-1.0) * 20.0).round();
                format!("{} {} {}", incident["matter"], corner(0), corner(1))
            })
            .collect();
        places.sort();
        places
    };
    let whole = Deployment::new("replay_whole", "");
    let output = replay(&whole, &recording).output().expect("xunjie runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(!json_lines(&output).is_empty(), "the replay finds the parked vehicles");

    let killed = Deployment::new("replay_killed", "");
    let mut ended = false;
    for kill in 0..40_u64 {
        let mut child = street::Running(replay(&killed, &recording).spawn().expect("xunjie runs"));
        // Moments spread over start-up and looks, the same in every run of the test.
        std::thread::sleep(Duration::from_millis(300 + (kill * 7_919) % 1_300));
        if child.0.try_wait().ok().flatten().is_some_and(|status| status.success()) {
            ended = true;
            break;
        }
    }
    if !ended {
        let output = replay(&killed, &recording).output().expect("xunjie runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(places(&killed), places(&whole));
    let verified = killed.xunjie().args(["evidence", "verify"]).output().expect("xunjie runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    assert!(files_below(&killed.folder.join("data")).iter().any(|file| file.ends_with("manifest.json")));
}
