//! The process killed at any moment, stopped in order, or told twice to stop.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::street::{Deployment, Running, VAN_ONLY, camera, json_lines, start, until};

const LONG: Duration = Duration::from_secs(300);

/// Vans and cars come, stand, leave and come back at five spots of Debian's surveillance clip: cut from its kerb and laid
/// over its lawn, where walkers pass. Made once.
fn busy_clip() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = folder.join("busy.mp4");
    if !path.exists() {
        let part = folder.join(format!("busy-{}.mp4", std::process::id()));
        let spots = "[0:v]split=2[b][p];[p]crop=128:85:640:30,split=4[p1][p2][p3][p4];\
            [b][p1]overlay=40:300:enable='between(t,4,60)'[q];\
            [q][p2]overlay=220:440:enable='between(t,12,28)+between(t,44,62)'[r];\
            [r][p3]overlay=460:330:enable='between(t,20,36)+between(t,52,79)'[s];\
            [s][p4]overlay=560:470:enable='between(t,30,70)'[o]";
        let made = Command::new("ffmpeg")
            .args([
                "-hide_banner",
                "-loglevel",
                "error",
                "-y",
                "-i",
                "/usr/share/doc/opencv-doc/examples/data/vtest.avi",
            ])
            .args(["-filter_complex", spots, "-map", "[o]", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"])
            .args(["-g", "10", "-bf", "0"])
            .arg(&part)
            .status();
        assert!(made.is_ok_and(|status| status.success()), "ffmpeg composes the scene; run script/setup");
        std::fs::rename(&part, &path).expect("the clip can be renamed");
    }
    path
}

/// The scene under a camera code of its own. Zones lie where the thing in them is seen beyond doubt.
fn scene(folder: &Path, code: &str) -> PathBuf {
    let spots =
        [(655, 80, 768, 109), (50, 350, 120, 386), (230, 490, 300, 526), (535, 380, 600, 412), (570, 520, 700, 556)];
    let zones: String = spots
        .iter()
        .enumerate()
        .map(|(n, &(x0, y0, x1, y1))| {
            let x = |x: i32| f64::from(x) / 768.0;
            let y = |y: i32| f64::from(y) / 576.0;
            format!(
                "[[zones]]\nname = \"{n}\"\nkind = \"strict\"\npolygon = [[{0}, {1}], [{2}, {1}], [{2}, {3}], [{0}, {3}]]\n",
                x(x0), y(y0), x(x1), y(y1)
            )
        })
        .collect();
    let path = folder.join(format!("{code}.toml"));
    let text = format!(
        "start = \"2026-11-23T09:00:00+08:00\"\ncode = \"{code}\"\nmatters = [\"motor_vehicle_parking\"]\nrevisit_s = 1\n{zones}"
    );
    std::fs::write(&path, text).expect("the folder can be written");
    path
}

fn replay(deployment: &Deployment, code: &str) -> Command {
    let mut command = deployment.xunjie();
    command.arg("--data").arg(deployment.folder.join("data"));
    command.args(["--json", "replay", "--clip"]).arg(busy_clip()).arg("--scene").arg(scene(&deployment.folder, code));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A place of an incident, coarse enough for two runs and fine enough for two vehicles side by side.
fn spot(incident: &Value) -> [f64; 4] {
    std::array::from_fn(|i| incident["bbox"][i].as_f64().unwrap_or(-1.0))
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> f64 {
    let area = |c: [f64; 4]| (c[2] - c[0]).max(0.0) * (c[3] - c[1]).max(0.0);
    let both = area([a[0].max(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].min(b[3])]);
    both / (area(a) + area(b) - both)
}

/// Decides about everything that waits, through the service's API; whatever the dying service does not answer is asked again.
fn review(deployment: &Deployment, web: &str) {
    let text = deployment.get(web, "/api/v1/incidents?review=waiting&limit=100").unwrap_or_default();
    let Ok(page) = serde_json::from_str::<Value>(&text) else { return };
    for incident in page["items"].as_array().or(page["rows"].as_array()).into_iter().flatten() {
        let id = incident["id"].as_str().unwrap_or_default();
        // Every seventh is turned down, always the same ones.
        let no = id.bytes().map(u32::from).sum::<u32>() % 7 == 0;
        let verdict =
            if no { json!({"verdict": "rejected", "reason": "passing"}) } else { json!({"verdict": "confirmed"}) };
        let _ = ureq::post(format!("{web}/api/v1/incidents/{id}/verdict"))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", deployment.token()))
            .send(verdict.to_string());
    }
}

/// Kills a replay over a busy scene and the service that reviews and delivers, in turn, at random moments; then lets both
/// end and counts.
fn killed_at_random(name: &str, kills: u32, seed: u64) {
    let began = Instant::now();
    let whole = Deployment::new(&format!("{name}_whole"), "");
    assert!(replay(&whole, "whole").status().is_ok_and(|status| status.success()), "the scene replays");
    let expected: Vec<[f64; 4]> = whole.incidents().iter().map(spot).collect();
    assert!(expected.len() >= 5, "a busy scene: {expected:?}");

    let port = super::street_port();
    let secret = Deployment::new(name, "").folder.join("secret");
    let deployment = Deployment::new(
        name,
        &format!(
            "[platform]\nurl = \"http://127.0.0.1:{port}\"\nkey_id = \"city\"\nsecret_file = \"{}\"\ntimeout_s = 5\nbackoff_base_s = 0.2\nbackoff_max_s = 1.0\n",
            secret.display()
        ),
    );
    let mut command = deployment.xunjie();
    command.args(["platform-sim", "--listen", &format!("127.0.0.1:{port}"), "--key-id", "city", "--secret-file"]);
    let (_platform, sim) = start(command.arg(&secret).stderr(Stdio::null()), "platform-sim ");

    let mut dice = fastrand::Rng::with_seed(seed);
    let (mut service, mut web) = deployment.serve();
    let (mut scenes, mut killed, mut services) = (0, 0, 0);
    while killed < kills {
        let code = format!("busy{scenes}");
        let mut looking = Running(replay(&deployment, &code).spawn().expect("xunjie runs"));
        let until = Instant::now() + Duration::from_millis(dice.u64(200..2500));
        let mut ended = false;
        while Instant::now() < until && !ended {
            review(&deployment, &web);
            thread::sleep(Duration::from_millis(dice.u64(1..60)));
            ended = looking.0.try_wait().ok().flatten().is_some_and(|status| status.success());
        }
        if ended {
            scenes += 1;
        } else {
            looking.kill();
            killed += 1;
        }
        if dice.u32(0..3) == 0 && killed < kills {
            service.kill();
            (killed, services) = (killed + 1, services + 1);
            (service, web) = deployment.serve();
        }
    }
    let last = format!("busy{scenes}");
    assert!(
        replay(&deployment, &last).status().is_ok_and(|status| status.success()),
        "what was killed goes on to its end"
    );
    let recovering = Instant::now();
    until("everything is decided and delivered", &deployment, LONG, || {
        review(&deployment, &web);
        let waiting = deployment.ask(&["review", "list", "--state", "waiting", "--limit", "0"]);
        let pending = deployment.ask(&["delivery", "list", "--state", "pending", "--limit", "0"]);
        (waiting.is_empty() && pending.is_empty()).then_some(())
    });
    let (incidents, recovered) = (deployment.incidents(), recovering.elapsed());
    drop(service);

    // Every incident of the replay without kills, once, in each scene.
    let of_views: BTreeSet<&str> = incidents.iter().filter_map(|incident| incident["view"].as_str()).collect();
    assert_eq!(of_views.len(), scenes + 1, "every scene was looked at");
    for view in of_views {
        let found: Vec<[f64; 4]> = incidents.iter().filter(|one| one["view"] == view).map(spot).collect();
        for place in &expected {
            let same = found.iter().filter(|other| overlap(*place, **other) > 0.4).count();
            assert_eq!(same, 1, "{view}: {place:?} in {found:?}");
        }
        assert_eq!(found.len(), expected.len(), "{view}: {found:?}");
    }
    let (confirmed, messages, again) = told_once(&deployment, &sim, &incidents);
    // And every bundle is as it was written.
    let verified = deployment.xunjie().args(["--json", "evidence", "verify"]).output().expect("xunjie runs");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let bundles = json_lines(&verified)[0]["bundles"].as_u64().unwrap_or(0);
    println!(
        "recovered: process.killed_at_random: {:.1} s ({killed} kills, {services} of them of the service; {} scenes, {} incidents, {confirmed} cases, {messages} messages, {again} sent again and known, {bundles} bundles whole; {:.0} s in all)",
        recovered.as_secs_f64(),
        scenes + 1,
        incidents.len(),
        began.elapsed().as_secs_f64()
    );
}

/// Every confirmed incident is one case with one report at the platform, and every message of ours is there once.
/// Returns the cases, the messages, and how often one was sent again.
fn told_once(deployment: &Deployment, sim: &str, incidents: &[Value]) -> (usize, usize, u64) {
    let text =
        ureq::get(format!("{sim}/sim/report")).call().expect("it reports").body_mut().read_to_string().expect("text");
    let held: Value = serde_json::from_str(&text).expect("the simulator speaks JSON");
    let cases = held["cases"].as_array().expect("cases");
    let confirmed = incidents.iter().filter(|one| one["review"].to_string().contains("confirmed")).count();
    assert_eq!(cases.len(), confirmed, "{held:#}");
    let messages: Vec<&Value> =
        cases.iter().flat_map(|case| case["messages"].as_array().into_iter().flatten()).collect();
    let keys: BTreeSet<&str> = messages.iter().filter_map(|message| message["idempotency_key"].as_str()).collect();
    let ours = deployment.ask(&["delivery", "list", "--limit", "0"]);
    let delivered: BTreeSet<&str> = ours.iter().filter_map(|delivery| delivery["id"].as_str()).collect();
    assert_eq!((keys.len(), &keys), (messages.len(), &delivered), "each message once, and none that we do not know");
    let reports =
        |case: &Value| case["messages"].as_array().map_or(0, |all| all.iter().filter(|m| m["ordinal"] == 0).count());
    assert!(cases.iter().all(|case| reports(case) == 1), "{held:#}");
    let again: u64 = messages.iter().filter_map(|m| m["times_heard"].as_u64()).map(|times| times - 1).sum();
    (confirmed, messages.len(), again)
}

#[test]
fn killed_at_random_moments_nothing_is_lost_or_doubled() {
    killed_at_random("killed", 25, 1);
}

#[test]
#[ignore = "takes many minutes: run by script/soak"]
fn killed_two_hundred_times_nothing_is_lost_or_doubled() {
    killed_at_random("killed_200", 200, 2);
}

fn ended(service: &mut Running, deployment: &Deployment) -> (f64, Option<i32>) {
    let began = Instant::now();
    let status = until("the service ends", deployment, Duration::from_secs(60), || service.0.try_wait().ok().flatten());
    (began.elapsed().as_secs_f64(), status.code())
}

/// A camera that is frozen in the middle of a look, and a platform that takes a message and does not answer.
#[test]
fn a_graceful_stop_waits_for_neither_camera_nor_platform() {
    let port = super::street_port();
    let secret = Deployment::new("stop", "").folder.join("secret");
    let deployment = Deployment::new(
        "stop",
        &format!(
            "[platform]\nurl = \"http://127.0.0.1:{port}\"\nkey_id = \"city\"\nsecret_file = \"{}\"\ntimeout_s = 60\n",
            secret.display()
        ),
    );
    let mut command = deployment.xunjie();
    command.args(["platform-sim", "--listen", &format!("127.0.0.1:{port}"), "--key-id", "city", "--secret-file"]);
    let (_platform, sim) =
        start(command.arg(&secret).args(["--accept-then-hang", "9"]).stderr(Stdio::null()), "platform-sim ");
    let (eye, address) = camera("127.0.0.1:0");
    deployment.register("cam", &address, VAN_ONLY);
    let (mut service, _) = deployment.serve();
    let incident = until("the van", &deployment, LONG, || deployment.incidents().into_iter().next());
    deployment.ask(&["review", "confirm", incident["id"].as_str().expect("an id"), "--reviewer", "张三"]);
    until("the platform hangs", &deployment, LONG, || {
        let text = ureq::get(format!("{sim}/sim/report")).call().ok()?.body_mut().read_to_string().ok()?;
        text.contains("idempotency_key").then_some(())
    });
    eye.signal("STOP");
    thread::sleep(Duration::from_secs(2));
    service.signal("TERM");
    let (seconds, code) = ended(&mut service, &deployment);
    assert_eq!(code, Some(0), "{}", deployment.log());
    // Five seconds is what it takes on a free machine; the message on its way alone would take sixty.
    assert!(seconds < 20.0, "a stop took {seconds} s");
    println!("recovered: process.graceful_stop: {seconds:.1} s (a frozen camera and a platform that does not answer)");

    // And told twice, it goes at once.
    let (mut service, _) = deployment.serve();
    thread::sleep(Duration::from_secs(2));
    service.signal("TERM");
    service.signal("INT");
    let (seconds, code) = ended(&mut service, &deployment);
    assert!(code == Some(130) || code == Some(0), "{code:?}");
    println!("recovered: process.second_signal: {seconds:.2} s (exit code {})", code.unwrap_or(-1));
    eye.signal("CONT");
}
