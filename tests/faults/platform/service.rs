//! The whole service beside the whole simulator: what people see while the platform takes nothing, and callbacks that
//! are repeated, late, wrongly signed or about somebody else's case.

use std::{cell::OnceCell, fs, process::Stdio, time::Duration};

use serde_json::{Value, json};
use xunjie::{
    deliver::{SIGNATURE_HEADER, Signed, SigningKey},
    domain::{Case, Secret, WallTime},
    store::Store,
};

use crate::{
    street::{Deployment, Running, made_token, start, until},
    world::World,
};

const LONG: Duration = Duration::from_secs(90);
const OLD: &str = "the secret of last year, long enough";
const NEW: &str = "the secret of this year, long enough";

/// A deployment over a world's store, and a simulator that holds `secret`.
struct Two {
    deployment: Deployment,
    world: World,
    cases: Vec<Case>,
    sim: String,
    token: OnceCell<String>,
    _platform: Running,
}

impl Two {
    fn new(name: &str, platform_secret: &str) -> Self {
        let world = World::new();
        let cases = (0..6).map(|n| world.confirmed_case(&format!("car {n}"))).collect();
        let held = world.folder.path().join("their-secret");
        fs::write(&held, platform_secret).unwrap();
        let mut sim = std::process::Command::new(env!("CARGO_BIN_EXE_xunjie"));
        sim.args(["platform-sim", "--listen", "127.0.0.1:0", "--key-id", "city", "--secret-file"]).arg(held);
        let (running, sim) = start(sim.stderr(Stdio::null()), "platform-sim ");
        let settings = format!(
            "[platform]\nurl = \"{sim}\"\nkey_id = \"city\"\nsecret_file = \"{}\"\nbackoff_base_s = 0.2\nbackoff_max_s = 1.0\n",
            world.folder.path().join("our-secret").display()
        );
        Self {
            deployment: Deployment::new(name, &settings),
            world,
            cases,
            sim,
            token: OnceCell::new(),
            _platform: running,
        }
    }

    fn hold(&self, secret: &str) {
        fs::write(self.world.folder.path().join("our-secret"), secret).unwrap();
    }

    fn xunjie(&self) -> std::process::Command {
        let mut command = self.deployment.xunjie();
        command.arg("--data").arg(self.world.folder.path());
        command
    }

    /// What the service answers whoever may ask everything.
    fn text(&self, web: &str, path: &str) -> String {
        let token = self.token.get_or_init(|| made_token(&mut self.xunjie()));
        let request = ureq::get(format!("{web}{path}")).header("authorization", format!("Bearer {token}"));
        request.call().unwrap().body_mut().read_to_string().unwrap()
    }

    fn told(&self, web: &str, path: &str) -> Value {
        serde_json::from_str(&self.text(web, path)).unwrap()
    }

    fn serve(&self) -> (Running, String) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.deployment.folder.join("serve.log"));
        start(self.xunjie().args(["serve", "--listen", "127.0.0.1:0"]).stderr(log.unwrap()), "巡街 ")
    }
}

fn text(address: &str) -> String {
    ureq::get(address).call().unwrap().body_mut().read_to_string().unwrap()
}

fn json(address: &str) -> Value {
    serde_json::from_str(&text(address)).unwrap()
}

#[test]
fn a_rotated_secret_pauses_the_platform_and_loses_nothing() {
    let two = Two::new("rotated", NEW);
    two.hold(OLD);
    let (mut service, web) = two.serve();
    let pause = until("the pause is told", &two.deployment, LONG, || {
        let health = two.told(&web, "/api/v1/health");
        health["platform_pause"]["why"].as_str().map(str::to_owned)
    });
    assert!(pause.contains("401") && pause.contains("key_id"), "{pause}");
    std::thread::sleep(Duration::from_secs(4));
    let health = two.told(&web, "/api/v1/health");
    assert_eq!(
        (&health["ok"], &health["deliveries_dead"], &health["deliveries_pending"]),
        (&json!(false), &json!(0), &json!(6))
    );
    assert!(two.text(&web, "/metrics").contains("xunjie_platform_paused 1"));
    let doctor = two.xunjie().arg("doctor").output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert!(!doctor.status.success() && said.contains("暂停接收") && said.contains("401"), "{said}");
    let refused = json(&format!("{}/sim/report", two.sim))["refused"].clone();
    let tries: u64 = refused.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    // One probe at a time, half a second to a second apart; the start-up of this test is generous.
    assert!((2..=60).contains(&tries), "{refused}");
    for secret in [OLD, NEW] {
        assert!(!two.deployment.log().contains(secret) && !said.contains(secret));
    }

    two.hold(NEW);
    service.signal("TERM");
    until("the service ends", &two.deployment, LONG, || service.0.try_wait().ok().flatten());
    let began = std::time::Instant::now();
    let (_service, web) = two.serve();
    until("all are delivered", &two.deployment, LONG, || {
        two.cases.iter().all(|case| two.world.states(case) == ["delivered"]).then_some(())
    });
    assert_eq!(two.told(&web, "/api/v1/health")["platform_pause"], Value::Null);
    assert_eq!(json(&format!("{}/sim/report", two.sim))["cases"].as_array().unwrap().len(), 6);
    println!(
        "recovered: secret rotated: {:.1} s (service started with the new secret, 6 of 6 delivered, {tries} tries before)",
        began.elapsed().as_secs_f64()
    );
}

/// Sends a callback as the platform would; returns the answer's status and body.
fn tell(web: &str, secret: &str, body: &Value, path: &str, change: impl Fn(&str, String) -> String) -> (u16, Value) {
    let key = SigningKey::new("city", Secret::new(secret)).unwrap();
    let (id, text) = (body["callback_id"].as_str().unwrap(), body.to_string());
    let message = Signed { method: "POST", path, idempotency_key: id, body: text.as_bytes() };
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.post(format!("{web}{path}")).content_type("application/json");
    for (name, value) in key.headers(&message, system_now()) {
        request = request.header(name, change(name, value));
    }
    let mut response = request.send(text.as_bytes()).unwrap();
    let answer = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&answer).unwrap_or(Value::Null))
}

fn system_now() -> WallTime {
    use xunjie::clock::Clock;
    xunjie::clock::SystemClock.now()
}

#[test]
fn callbacks_move_a_case_forward_once_and_nobody_elses() {
    let two = Two::new("callbacks", NEW);
    two.hold(NEW);
    let (_service, web) = two.serve();
    let case = &two.cases[0];
    until("the case is delivered", &two.deployment, LONG, || (two.world.states(case) == ["delivered"]).then_some(()));
    let began = std::time::Instant::now();
    let number = two.world.store.case(case.id).unwrap().platform_number.unwrap();
    let body = |id: &str, case: &str, stage: &str, number: &str| json!({"callback_id": id, "case_id": case, "stage": stage, "platform_number": number, "at": "2026-11-24T10:00:00+08:00"});
    let (path, id, plain) = ("/api/v1/callbacks", case.id.to_string(), |_: &str, value: String| value);
    let stage = || serde_json::to_value(two.world.store.case(case.id).unwrap().stage).unwrap();

    // Out of order, then repeated, then late: the case goes forward and never back.
    assert_eq!(tell(&web, NEW, &body("cb-3", &id, "handled", &number), path, plain).1["moved"], true);
    for _ in 0..3 {
        assert_eq!(tell(&web, NEW, &body("cb-3", &id, "handled", &number), path, plain).1["moved"], false);
    }
    assert_eq!(tell(&web, NEW, &body("cb-1", &id, "accepted", &number), path, plain).1["moved"], false);
    assert_eq!((stage(), two.world.store.rechecks().unwrap().len()), (json!("handled"), 1));

    // Not believed: another secret, a flipped signature, another path, an old signature sent again.
    let closing = body("cb-4", &id, "closed", &number);
    let flipped = |name: &str, value: String| if name == SIGNATURE_HEADER { "00".repeat(32) } else { value };
    assert_eq!(tell(&web, OLD, &closing, path, plain).0, 401);
    assert_eq!(tell(&web, NEW, &closing, path, flipped).0, 401);
    let stale = |name: &str, value: String| if name == "X-Xunjie-Timestamp" { "1700000000".to_owned() } else { value };
    assert_eq!(tell(&web, NEW, &closing, path, stale).0, 401);

    // About nobody's case, and about another case of the platform's.
    let unknown = "0c7a2c36-3f5f-8a44-8a60-9d5f2f1b7e10";
    assert_eq!(tell(&web, NEW, &body("cb-5", unknown, "closed", &number), path, plain).0, 404);
    let (status, problem) = tell(&web, NEW, &body("cb-6", &id, "closed", "2026-999999"), path, plain);
    assert_eq!(status, 409, "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(&number), "{problem}");
    assert_eq!(stage(), "handled");
    assert_eq!(two.world.store.case(case.id).unwrap().platform_number.unwrap(), number, "the number stays");

    assert_eq!(tell(&web, NEW, &body("cb-7", &id, "closed", &number), path, plain).1["moved"], true);
    assert_eq!(stage(), "closed");
    println!(
        "recovered: callbacks repeated, out of order, wrongly signed, unknown, foreign: {:.1} s (13 callbacks, 2 moved the case)",
        began.elapsed().as_secs_f64()
    );
}
