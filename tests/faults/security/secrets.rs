//! Plants secrets wherever the product takes one, lets it work, fail and answer at its most talkative, and then looks
//! for them everywhere: log, metrics, every answer of the API, the page, files, output of commands, process arguments.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{LONG, Server, serve};
use crate::street::{Deployment, KERB, Running, clip, files_below, start, until};

/// Digits that stand nowhere else.
const PASSWORD: &str = "s3cr3t-7f1d9a-password";
const IN_URL: &str = "s3cr3t-82c4e1-in-url";
const IN_PATH: &str = "s3cr3t-93d5f2-in-path";
const IN_QUERY: &str = "s3cr3t-a4e603-in-query";
const IN_FILE: &str = "s3cr3t-b5f714-in-file";
const PLATFORM: &str = "s3cr3t-c60825-platform, long enough";
const PROBED: &str = "s3cr3t-d71936-probed";

/// All that was planted, in the forms in which it could show.
fn needles(token: &str) -> Vec<String> {
    let plain = [PASSWORD, IN_URL, IN_PATH, IN_QUERY, IN_FILE, PLATFORM, PROBED, token];
    let mut all: Vec<String> = plain.iter().map(|&secret| secret.to_owned()).collect();
    for secret in plain {
        all.push(BASE64_STANDARD.encode(secret));
        all.push(BASE64_STANDARD.encode(format!("admin:{secret}")));
        all.push(secret.bytes().map(|b| format!("%{b:02X}")).collect());
        all.push(hex::encode(secret));
    }
    all
}

/// Text by the place where it was found.
#[derive(Default)]
struct Haystack(BTreeMap<String, String>);

impl Haystack {
    fn add(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.0.insert(place.into(), text.into());
    }

    fn search(&self, needles: &[String]) -> Vec<String> {
        let mut found = Vec::new();
        for (place, text) in &self.0 {
            for needle in needles.iter().filter(|needle| text.contains(needle.as_str())) {
                let line = text.lines().find(|line| line.contains(needle.as_str())).unwrap_or("");
                found.push(format!("{place}: {needle}: {}", line.chars().take(300).collect::<String>()));
            }
        }
        found
    }
}

fn guarded_camera() -> (Running, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_xunjie")).parent().unwrap().join("examples/street_camera");
    let mut command = Command::new(program);
    command.args([
        "--listen",
        "127.0.0.1:0",
        "--path",
        "/cam",
        "--fps",
        "10",
        "--user",
        "admin",
        "--password",
        PASSWORD,
    ]);
    start(command.arg("--clip").arg(clip()), "ready ")
}

/// Every GET of the document, with ids that exist where there are any.
fn walk_the_api(web: &str, token: &str, found: &mut Haystack) -> usize {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .max_redirects(0)
        .build()
        .into();
    let ask = |path: &str| {
        let mut answer =
            agent.get(format!("{web}{path}")).header("authorization", format!("Bearer {token}")).call().unwrap();
        let headers = format!("{:?}", answer.headers());
        let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap_or_default();
        format!("{} {headers}\n{}", answer.status(), String::from_utf8_lossy(&body))
    };
    let document: Value = serde_json::from_str(ask("/api/v1/openapi.json").split_once('\n').unwrap().1).unwrap();
    let ids = |path: &str| -> Vec<String> {
        let told = ask(path);
        let rows: Value = serde_json::from_str(told.split_once('\n').unwrap().1).unwrap_or(Value::Null);
        let items = rows["items"].as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect()
    };
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if methods.get("get").is_none() || path == "/api/v1/changes" {
            continue;
        }
        let list = path.split("/{").next().unwrap();
        let mut some = if path.contains('{') { ids(list) } else { vec![String::new()] };
        some.push("0c7a2c36-3f5f-8a44-8a60-9d5f2f1b7e10".to_owned());
        for id in some {
            let path = path.replace("{id}", &id).replace("{name}", "masked.jpg").replace("{version}", "1");
            found.add(format!("GET {path}"), ask(&path));
            asked += 1;
        }
    }
    for page in ["/", "/login", "/setup", "/nothing", "/assets/nothing.js", "/metrics"] {
        found.add(format!("page {page}"), ask(page));
    }
    asked
}

/// What people send wrongly: the secret comes back in no answer.
fn send_wrongly(web: &str, token: &str, rtsp: &str, found: &mut Haystack) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let host = rtsp.trim_start_matches("rtsp://");
    for (n, (path, body)) in [
        (
            "/api/v1/streams",
            json!({"code": "cam1", "name": "twice", "url": format!("rtsp://admin:{PROBED}@127.0.0.1/x")}),
        ),
        ("/api/v1/streams", json!({"code": {"password": PROBED}, "name": "x", "url": "rtsp://127.0.0.1/"})),
        (
            "/api/v1/streams",
            json!({"code": "x y", "name": "", "url": format!("gopher://admin:{PROBED}@h/"), "password": PROBED}),
        ),
        ("/api/v1/streams", json!({"code": "x", "name": "x", "url": "rtsp://127.0.0.1/", "password": [PROBED]})),
        ("/api/v1/streams", json!({"code": "x", "name": "x", "url": "rtsp://127.0.0.1/", "transport": PROBED})),
        (
            "/api/v1/streams",
            json!({"code": "x", "name": "x", "url": format!("rtsp://admin:{PROBED}@8.8.8.8/{PROBED}?token={PROBED}")}),
        ),
        ("/api/v1/streams/probe", json!({"url": format!("rtsp://admin:{PROBED}@{host}")})),
        ("/api/v1/streams/probe", json!({"url": format!("http://127.0.0.1:9/live?token={PROBED}")})),
        ("/api/v1/streams/probe", json!({"url": format!("rtsp://127.0.0.1:9/user=admin&password={PROBED}&channel=1")})),
        ("/api/v1/session", json!({"name": PROBED, "password": PROBED})),
        ("/api/v1/setup", json!({"secret": PROBED, "name": "a", "display_name": "a", "password": PROBED})),
        ("/api/v1/invitation", json!({"secret": PROBED, "password": [PROBED]})),
        ("/api/v1/callbacks", json!({"secret": PROBED})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut answer = agent
            .post(format!("{web}{path}"))
            .header("authorization", format!("Bearer {token}"))
            .content_type("application/json")
            .send(body.to_string())
            .unwrap();
        found.add(format!("POST {n} {path}"), answer.body_mut().read_to_string().unwrap_or_default());
    }
    let mut answer =
        agent.get(format!("{web}/api/v1/streams")).header("authorization", format!("Bearer {PROBED}")).call().unwrap();
    found.add("GET with a wrong token", answer.body_mut().read_to_string().unwrap_or_default());
}

/// Every command that lists, shows or fails.
fn ask_the_command_line(deployment: &Deployment, http: &str, found: &mut Haystack) {
    for args in [
        vec!["stream", "list"],
        vec!["stream", "show", "cam1"],
        vec!["stream", "show", "cam2"],
        vec!["stream", "show", "cam3"],
        vec!["stream", "probe", "cam4", "--time-max-s", "6"],
        vec!["stream", "probe", "cam3", "--time-max-s", "6"],
        vec!["stream", "probe", "cam2", "--time-max-s", "6"],
        vec!["view", "list"],
        vec!["zone", "list"],
        vec!["review", "list", "--state", "all"],
        vec!["case", "list"],
        vec!["delivery", "list"],
        vec!["evidence", "list"],
        vec!["evidence", "verify"],
        vec!["evidence", "reconcile"],
        vec!["model", "list"],
        vec!["check"],
        vec!["doctor"],
        vec!["stream", "show", "nobody"],
        vec!["stream", "disable", "cam4"],
        vec!["stream", "enable", "cam4"],
        vec!["stream", "set", "cam4", "--url", http],
        vec!["stream", "set", "cam4", "--code", "cam1"],
    ] {
        for json in [true, false] {
            let mut command = deployment.xunjie();
            if json {
                command.arg("--json");
            }
            let output = command.args(&args).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            found.add(format!("xunjie {} json={json}", args.join(" ")), said);
        }
    }
    // A secret that is given wrongly is not quoted either.
    let bad = format!("nonsense://admin:{PROBED}@h/?token={PROBED}");
    let output =
        deployment.xunjie().args(["stream", "add", "--code", "x", "--name", "x", "--url", &bad]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    found.add("xunjie stream add nonsense", said);
}

/// Registers cameras in every way in which a secret comes in.
fn plant(deployment: &Deployment, web: &str, rtsp: &str, http: &str) {
    let host = rtsp.trim_start_matches("rtsp://").to_owned();
    let port = host.split('/').next().unwrap().to_owned();
    let add = |body: Value| {
        let sent = ureq::post(format!("{web}/api/v1/streams"))
            .header("authorization", format!("Bearer {}", deployment.token()))
            .content_type("application/json")
            .send(body.to_string());
        assert_eq!(sent.unwrap().status(), 201, "{body}");
    };
    let matters = ["motor_vehicle_parking"];
    add(
        json!({"code": "cam1", "name": "登录", "url": rtsp, "username": "admin", "password": PASSWORD, "matters": matters}),
    );
    add(
        json!({"code": "cam2", "name": "地址", "url": format!("rtsp://admin:{IN_URL}@{port}/user=admin&password={IN_PATH}&channel=1"), "matters": matters}),
    );
    add(
        json!({"code": "cam3", "name": "参数", "url": format!("http://{}/live.ts?k={IN_QUERY}&channel=2", http), "matters": matters}),
    );
    fs::write(deployment.folder.join("password"), IN_FILE).unwrap();
    let file = deployment.folder.join("password").display().to_string();
    deployment.ask(&[
        "stream",
        "add",
        "--code",
        "cam4",
        "--name",
        "文件",
        "--url",
        rtsp,
        "--username",
        "admin",
        "--password-file",
        &file,
        "--matter",
        "motor_vehicle_parking",
    ]);
}

/// All files but those that must hold a secret, which are for their owner alone. Returns how many.
fn read_the_disk(data: &Path, found: &mut Haystack) -> usize {
    let mut files = 0;
    for path in files_below(data) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("xunjie.db") {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name} is for its owner alone");
            continue;
        }
        found.add(format!("file {}", path.display()), String::from_utf8_lossy(&fs::read(&path).unwrap()));
        files += 1;
    }
    files
}

#[test]
fn planted_secrets_show_nowhere() {
    let (_camera, rtsp) = guarded_camera();
    let http = Server::start(|_| "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned());
    let platform = Server::start(|_| "HTTP/1.1 503 Gone\r\nContent-Length: 0\r\n\r\n".to_owned());
    let settings = format!(
        "[platform]\nurl = \"http://{}\"\nkey_id = \"city\"\nsecret_file = \"{}/platform.secret\"\nbackoff_base_s = 0.2\n",
        platform.address,
        Deployment::new("secrets", "").folder.display()
    );
    let deployment = Deployment::new("secrets", &settings);
    let config = deployment.folder.join("xunjie.toml");
    let text = fs::read_to_string(&config).unwrap().replace("level = \"info\"", "level = \"debug,gstreamer=trace\"");
    fs::write(&config, text).unwrap();
    fs::write(deployment.folder.join("platform.secret"), PLATFORM).unwrap();
    let (service, web) = serve(&deployment, |command| {
        command.env("GST_DEBUG", "2,rtspsrc:6,rtsp*:6,souphttpsrc:6,uri*:6,GST_PARAMS:5");
    });
    let token = deployment.token();

    plant(&deployment, &web, &rtsp, &http.address);
    let began = Instant::now();
    until("the guarded camera is seen and the others are lost", &deployment, LONG, || {
        let views = deployment.get(&web, "/api/v1/views")?;
        (views.contains("cam4") && !views.contains("\"unseen\"")).then_some(())
    });

    // A case with evidence, and a platform that is told of it.
    let zone = ["--kind", "strict", "--matter", "motor_vehicle_parking", "--polygon", KERB];
    deployment.ask(&[&["zone", "add", "cam1", "--name", "禁停"][..], &zone[..]].concat());
    let incident = until("an incident", &deployment, LONG, || deployment.incidents().into_iter().next());
    deployment.ask(&["review", "confirm", incident["id"].as_str().unwrap(), "--reviewer", "张三"]);
    until("the platform is told", &deployment, LONG, || platform.heard().contains("manifest_sha256").then_some(()));

    let mut found = Haystack::default();
    send_wrongly(&web, &token, &rtsp, &mut found);
    let asked = walk_the_api(&web, &token, &mut found);
    ask_the_command_line(&deployment, &format!("http://admin:x@{}/", http.address), &mut found);
    let arguments = fs::read(format!("/proc/{}/cmdline", service.0.id())).unwrap();
    found.add("process arguments", String::from_utf8_lossy(&arguments));
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.0.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "a core dump would hold every password: {core}");
    let data = deployment.folder.join("data");
    let files = read_the_disk(&data, &mut found);
    let log = deployment.log();
    assert!(log.contains("gstreamer") && log.contains("rtspsrc"), "GStreamer's own log is there to be searched");
    found.add("serve.log", log.clone());
    found.add("what the platform was sent", platform.heard());

    let leaks = found.search(&needles(&token));
    assert!(files > 3, "there is evidence to be searched");
    assert!(leaks.is_empty(), "{} leaks\n{}", leaks.len(), leaks.join("\n"));

    // The search can find: the database has to hold what cameras are opened with, and does.
    let mut database = Vec::new();
    for name in ["xunjie.db", "xunjie.db-wal"] {
        database.extend(fs::read(data.join(name)).unwrap_or_default());
    }
    let mut control = Haystack::default();
    control.add("the database", String::from_utf8_lossy(&database));
    // (The password from a file was replaced by one of the commands above.)
    for secret in [PASSWORD, IN_URL, IN_PATH, IN_QUERY] {
        assert!(!control.search(&[secret.to_owned()]).is_empty(), "{secret} was planted");
    }
    println!(
        "searched: 8 secrets in {} places ({asked} answers of the API, {files} files, {} KiB of log) after {:.0} s of work",
        found.0.len(),
        log.len() / 1024,
        began.elapsed().as_secs_f64()
    );
}
