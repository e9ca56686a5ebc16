//! Runs the built program on a folder of its own and compares what it prints. Ids, times and folders are
//! replaced before comparing; nothing here opens a camera, a model or a socket.

mod recorded;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use insta::assert_snapshot;
use tempfile::TempDir;
use xunjie::store::{Store as _, sqlite::SqliteStore};

const CAMERA: &str = "31011500001320000001";

/// A data folder, and the program that works on it.
struct Program {
    data: TempDir,
}

/// What a run left behind.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Program {
    fn new() -> Self {
        Self { data: tempfile::tempdir().expect("the machine has a folder for temporary files") }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with_input(arguments, "")
    }

    fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_xunjie"))
            .args(["--root", env!("CARGO_MANIFEST_DIR"), "--data"])
            .arg(self.data.path())
            .args(arguments)
            .env_remove("XUNJIE_CONFIG")
            .env_remove("XUNJIE_ROOT")
            .env_remove("XUNJIE_DATA")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo built the program");
        let mut pipe = child.stdin.take().expect("standard input is piped");
        // A program that does not read its input may be gone already.
        let _ = pipe.write_all(input.as_bytes());
        drop(pipe);
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| self.normal(&String::from_utf8(bytes).expect("the program prints UTF-8"));
        Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs and expects success; returns what was printed.
    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{arguments:?}: {}", ran.out);
        ran.out
    }

    /// Puts `<id>`, `<time>`, `<data>` and `<root>` where every run has something else.
    fn normal(&self, text: &str) -> String {
        let text = text.replace(&self.data.path().display().to_string(), "<data>");
        let text = text.replace(env!("CARGO_MANIFEST_DIR"), "<root>");
        let shapes = [("01234567-89ab-cdef-0123-456789abcdef", "<id>"), ("2026-11-23T16:36:12.758Z", "<time>")];
        let mut out = String::new();
        let mut rest = text.chars();
        loop {
            match shapes.iter().find(|(shape, _)| has_shape(rest.as_str(), shape)) {
                Some((shape, word)) => {
                    out.push_str(word);
                    rest.nth(shape.len() - 1);
                }
                None => match rest.next() {
                    Some(c) => out.push(c),
                    None => return out,
                },
            }
        }
    }

    fn add_camera(&self) {
        self.done(&[
            "stream",
            "add",
            "--code",
            CAMERA,
            "--name",
            "东门",
            "--url",
            "rtsp://admin:s3cr3t@10.0.0.8:554/ch1?password=als0",
            "--matter",
            "motor_vehicle_parking",
        ]);
    }

    fn zone(&self, polygon: &str) -> Ran {
        let fixed = ["--name", "禁停", "--kind", "strict", "--matter", "motor_vehicle_parking", "--polygon", polygon];
        self.run(&[&["zone", "add", CAMERA], &fixed[..]].concat())
    }
}

/// Whether `text` begins like `shape`: a digit or a letter a-f where it has one, the same character elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let mut chars = text.chars();
    shape.chars().all(|wanted| {
        chars.next().is_some_and(
            |found| {
                if wanted.is_ascii_hexdigit() { found.is_ascii_hexdigit() } else { found == wanted }
            },
        )
    })
}

#[test]
fn a_stream_is_registered_and_its_password_never_comes_out() {
    let program = Program::new();
    program.add_camera();
    let listed = program.done(&["stream", "list"]);
    assert_snapshot!(listed, @r"
    编码                  名称  地址                                  口令  启用  画面
    31011500001320000001  东门  rtsp://10.0.0.8:554/ch1?password=***  已存  是    1
    ");
    let shown = program.done(&["--json", "stream", "show", CAMERA]);
    assert_snapshot!(shown, @r#"{"id":"<id>","code":"31011500001320000001","name":"东门","url":"rtsp://10.0.0.8:554/ch1?password=***","transport":"auto","location":null,"area":null,"enabled":true,"has_credential":true,"registered_at":"<time>","views":[{"id":"<id>","stream":"<id>","name":"默认画面","matters":["motor_vehicle_parking"],"revisit_s":null,"weight":1.0,"reference":null}]}"#);
    for text in [listed, shown, program.done(&["stream", "disable", CAMERA]), program.done(&["view", "show", CAMERA])] {
        assert!(!text.contains("s3cr3t") && !text.contains("als0"), "{text}");
    }
    assert_snapshot!(program.done(&["stream", "remove", CAMERA]), @"已删除视频源 31011500001320000001；它的事件、证据和案件保留");
    assert_snapshot!(program.done(&["stream", "list"]), @"还没有视频源；用 xunjie stream add 登记");
}

#[test]
fn a_taken_code_is_refused() {
    let program = Program::new();
    program.add_camera();
    let again = program.run(&["stream", "add", "--code", CAMERA, "--name", "西门", "--url", "rtsp://10.0.0.9/ch1"]);
    assert_eq!((again.code, again.out.as_str()), (1, ""));
    assert_snapshot!(again.err, @"xunjie: code 31011500001320000001 belongs to another stream already; use another code or change that stream");
}

#[test]
fn a_password_comes_from_standard_input_or_a_file_and_never_from_an_argument() {
    let program = Program::new();
    let login = ["--username", "admin", "--password-file", "-"];
    let address = ["stream", "add", "--code", CAMERA, "--name", "东门", "--url", "rtsp://10.0.0.8/ch1"];
    let added = program.run_with_input(&[&address[..], &login].concat(), "s3cr3t\n");
    assert_eq!((added.code, added.err.as_str()), (0, ""));
    assert!(program.done(&["--json", "stream", "list"]).contains(r#""has_credential":true"#));

    let empty = program.run_with_input(&[&address[..], &login].concat(), "\n");
    assert_eq!(empty.code, 1);
    assert_snapshot!(empty.err, @"xunjie: password file - is empty");
    let argument = program.run(&[&address[..], &["--username", "admin", "--password", "s3cr3t"]].concat());
    assert_eq!(argument.code, 2);
}

#[test]
fn a_zone_is_drawn_and_a_crossing_outline_is_refused_in_words() {
    let program = Program::new();
    program.add_camera();
    let crossing = program.zone("0.1,0.1 0.9,0.9 0.9,0.1 0.1,0.9");
    assert_eq!(crossing.code, 1);
    assert_snapshot!(crossing.err, @"xunjie: polygon: the edge after point 0 crosses or touches the edge after point 2; draw the outline in order, each corner once");
    let unreadable = program.zone("0.1,0.1 0.9;0.9 0.9,0.1");
    assert_eq!(unreadable.code, 2);
    assert!(unreadable.err.contains("0.9;0.9"), "{}", unreadable.err);
    assert_eq!(program.zone("0.1,0.1 0.9,0.1 0.9,0.9 0.1,0.9").code, 0);
    assert_snapshot!(program.done(&["zone", "list", CAMERA]).replace("<id>                                ", "<id>"), @r"
    区域                                  名称  类别  事项                   顶点  占画面  版本
    <id>  禁停  严禁  motor_vehicle_parking  4     64%     1
    ");
}

/// A camera, a zone and one incident on it.
fn with_incident() -> (Program, String) {
    let program = Program::new();
    program.add_camera();
    assert_eq!(program.zone("0.1,0.1 0.9,0.1 0.9,0.9 0.1,0.9").code, 0);
    let incident = recorded::opened_incident(program.data.path()).to_string();
    (program, incident)
}

#[test]
fn an_incident_is_shown_confirmed_once_and_becomes_one_case() {
    let (program, incident) = with_incident();
    assert_snapshot!(program.done(&["review", "list"]), @r#"
    事件                                  事项          首次看到             最近看到             现状  复核            反复
    <id>  机动车乱停放  2026-11-23 08:25:00  2026-11-23 08:30:00  仍在  待复核（疑似）  0
    "#);
    assert_snapshot!(program.done(&["review", "show", &incident]), @r#"
    事件    <id>
    事项    机动车乱停放
    视频源  31011500001320000001
    画面    默认画面
    区域    禁停
    看到    2026-11-23 08:25:00 至 2026-11-23 08:30:00
    现状    仍在
    复核    待复核（疑似）
    可信度  0.88
    证据    <id>（发现）
    "#);
    let confirm = ["review", "confirm", &incident, "--reviewer", "李敏", "--note", "现场属实"];
    assert_snapshot!(program.done(&confirm), @"事件 <id>：确认，已立案 <id>");
    let again = program.run(&confirm);
    assert_eq!(again.code, 1);
    assert_snapshot!(again.err, @"xunjie: the verdict was not taken: incident <id> was already decided by 李敏 at <time>");
    assert_eq!(program.done(&["review", "list"]).trim(), "没有事件");
    let cases = program.done(&["--json", "case", "list"]);
    assert_eq!(cases.lines().count(), 1);
    let deliveries = program.done(&["delivery", "list", "--state", "pending"]);
    assert_eq!(deliveries.lines().count(), 2, "a head and one duty: {deliveries}");
    let timeline = program.done(&["incident", "timeline", &incident]);
    let without_times: Vec<String> = timeline.lines().skip(1).map(|line| line.chars().skip(21).collect()).collect();
    assert_snapshot!(without_times.join("\n"), @r#"
    看到  首次看到
    看到  最近看到，本次停留看到 10 次
    事件  疑似机动车乱停放，待复核
    取证  发现取证，2 个文件
    复核  复核确认（李敏）：现场属实
    案件  立案（李敏）
    上报  上报，待送达
    "#);
}

#[test]
fn decided_incidents_leave_as_labelled_pictures_of_both_kinds_and_that_is_audited() {
    let verdicts = [
        ("confirm", &["--note", "属实"][..], "confirmed", "rejected"),
        ("reject", &["--reason", "wrong_object"][..], "rejected", "confirmed"),
    ];
    for (verdict, more, filled, empty) in verdicts {
        let (program, incident) = with_incident();
        let out = program.data.path().join("labels");
        let shown = out.display().to_string();
        let export = ["evidence", "export-labels", "--out", &shown];
        program.done(&[&["review", verdict, &incident, "--reviewer", "李敏"][..], more].concat());
        assert!(program.done(&export).contains("1 张"));

        let names = |folder: &str| {
            let entries = fs::read_dir(out.join(folder)).expect("the folder was made");
            let mut names: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
            names.sort();
            names
        };
        assert_eq!((names(filled).len(), names(empty).len()), (2, 0), "{verdict}: a picture and its label");
        let classes = fs::read_to_string(out.join("classes.txt")).expect("the classes were written");
        let car = classes.lines().position(|class| class == "car").expect("a matter looks for cars");
        let label = fs::read_to_string(&names(filled)[1]).expect("the label was written");
        assert_eq!(label, format!("{car} 0.500000 0.500000 0.500000 0.500000\n"));
        let coco = fs::read_to_string(out.join(format!("{filled}.json"))).expect("the list was written");
        let coco: serde_json::Value = serde_json::from_str(&coco).expect("it is JSON");
        assert_eq!(coco["annotations"][0]["bbox"], serde_json::json!([16.0, 12.0, 32.0, 24.0]));
        assert_eq!(
            (&coco["images"][0]["width"], &coco["annotations"][0]["category_id"]),
            (&64.into(), &(car + 1).into())
        );

        assert_eq!(program.run(&export).code, 1, "a folder that is there is not written into");
        let store = SqliteStore::open(&program.data.path().join("xunjie.db")).expect("the program made the store");
        let audited = store.audit_rows(Some("labels"), 0, 10).expect("the store can be read");
        assert_eq!(audited.iter().map(|row| &*row.action).collect::<Vec<_>>(), ["labels.exported"]);
    }
}

#[test]
fn a_touched_file_of_evidence_is_named_and_fails() {
    let (program, incident) = with_incident();
    assert!(program.done(&["evidence", "verify"]).starts_with("完好 1 份（2 个文件，"));
    program.done(&["evidence", "hold", &incident]);
    assert_eq!(program.done(&["evidence", "reconcile"]).trim(), "目录与记录一致");
    let listed: serde_json::Value = serde_json::from_str(&program.done(&["--json", "evidence", "list"])).unwrap();
    assert_eq!(listed["legal_hold"], true);
    let masked = masked_picture_below(program.data.path());
    fs::write(&masked, "other bytes of it").unwrap();
    let touched = program.run(&["evidence", "verify"]);
    assert_eq!(touched.code, 1);
    assert!(touched.out.contains("masked.jpg") && !touched.out.contains("first.jpg"), "{}", touched.out);
    let alone = program.run(&["evidence", "verify", "--folder", &masked.parent().unwrap().display().to_string()]);
    assert!(alone.code == 1 && alone.out.contains("masked.jpg"), "{}", alone.out);
    let named = program.run(&["evidence", "verify", "--incident", &incident]);
    assert!(named.code == 1 && named.out.contains("masked.jpg"), "{}", named.out);
    fs::remove_dir_all(masked.parent().unwrap()).unwrap();
    let missing = program.run(&["evidence", "reconcile"]);
    assert!(missing.code == 1 && missing.out.starts_with("缺失"), "{}", missing.out);
}

fn masked_picture_below(data: &Path) -> PathBuf {
    let mut folders = vec![data.join("evidence")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder was just found") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("masked.jpg") {
                return path;
            }
        }
    }
    panic!("there is no masked.jpg")
}

#[test]
fn check_names_every_fault_at_once() {
    let program = Program::new();
    let settings = program.data.path().join("xunjie.toml");
    fs::write(&settings, "listen = \"here\"\ncolour = \"red\"\n[patrol]\nlook_workers = 0\n").unwrap();
    let checked = program.run(&["--config", &settings.display().to_string(), "check"]);
    assert_eq!(checked.code, 1);
    assert_snapshot!(checked.out, @r#"
    配置有 3 处错误
    <data>/xunjie.toml  colour
      现在是 the unknown key "colour"
      应当是 one of `listen`, `tls`, `folders`, `patrol`, `cameras`, `desk`, `limits`, `platform`, `oidc`, `retention`, `networks`, `log`, `matters`
    <data>/xunjie.toml  listen
      现在是 "here"
      应当是 an address and a port, like 127.0.0.1:8686
    <data>/xunjie.toml  patrol.look_workers
      现在是 0
      应当是 looks from 1 to 256
    "#);
    let json = program.run(&["--config", &settings.display().to_string(), "--json", "check"]);
    let keys: Vec<String> = json
        .out
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["colour", "listen", "patrol.look_workers"]);

    let used = program.run(&["--config", &settings.display().to_string(), "stream", "list"]);
    assert_eq!((used.code, used.out.as_str()), (1, ""), "faulty settings are never used");
    assert!(used.err.contains("xunjie check"), "{}", used.err);
}

#[test]
fn the_committed_configuration_is_sound() {
    let program = Program::new();
    assert!(program.done(&["check"]).starts_with("配置无误"));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").is_dir());
}

#[test]
fn what_is_not_understood_ends_with_2_and_what_is_not_there_with_1() {
    let program = Program::new();
    assert_eq!(program.run(&["watch"]).code, 2);
    assert_eq!(program.run(&["review", "confirm", "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52"]).code, 2, "no reviewer");
    let missing = program.run(&["incident", "timeline", "0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52"]);
    assert_eq!(missing.code, 1);
    assert_snapshot!(missing.err, @"xunjie: there is no incident <id>");
    assert_eq!(program.run(&["--help"]).code, 0);
    assert!(program.run(&["--version"]).out.starts_with("xunjie "));
}

#[test]
fn a_sheet_of_streams_is_tried_first_and_then_registered_whole() {
    let program = Program::new();
    let sheet = program.data.path().join("cameras.csv");
    let path = sheet.to_str().expect("the folder's name is text").to_owned();
    let write = |rows: &str| {
        fs::write(&sheet, format!("code,name,url,username,password\n{rows}")).expect("the sheet can be written");
    };
    write("N1,西门,rtsp://10.0.0.11/ch1,viewer,pl4nted\nN2,南门,nonsense,,\n");
    let refused = program.run(&["stream", "import", &path]);
    assert_eq!(refused.code, 1, "{}", refused.err);
    assert!(refused.out.contains("一行也未登记：新增 1，修改 0，不变 0，错误 1（UTF-8）"), "{}", refused.out);
    assert!(refused.out.contains("not an address"), "{}", refused.out);
    write("N1,西门,rtsp://10.0.0.11/ch1,viewer,pl4nted\nN2,南门,rtsp://10.0.0.12/ch1,,\n");
    let tried = program.run(&["stream", "import", "--dry-run", &path]);
    assert_eq!(tried.code, 0, "{}", tried.err);
    assert!(tried.out.contains("检查通过，未登记：新增 2"), "{}", tried.out);
    assert!(!program.run(&["stream", "list"]).out.contains("N1"));
    let done = program.run(&["stream", "import", &path]);
    assert!(done.out.contains("已登记：新增 2"), "{}{}", done.out, done.err);
    let again = program.run(&["--json", "stream", "import", &path]);
    assert_eq!(again.out.matches("\"same\"").count(), 2, "{}", again.out);
    let all = [refused.out, tried.out, done.out, again.out, program.run(&["stream", "list"]).out].concat();
    assert!(!all.contains("pl4nted") && all.contains("N2"), "{all}");
}
