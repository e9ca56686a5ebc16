//! More to look at than the budget can bear, on real streams: what gives way does so in the declared order and is
//! shown, nothing starves, and what a hard limit leaves out is refused by name.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::street::{Deployment, camera, until};

const LONG: Duration = Duration::from_secs(600);
const PARKING: &str = "motor_vehicle_parking";
const BICYCLES: &str = "non_motor_vehicle_parking";
/// Patrolled views; each is due every second.
const VIEWS: usize = 10;

fn register(deployment: &Deployment, code: &str, address: &str, matter: &str) {
    deployment.ask(&["stream", "add", "--code", code, "--name", code, "--url", address, "--matter", matter]);
}

/// A deployment whose service answers at an address.
struct Asked<'a>(&'a Deployment, &'a str);

fn text_of(asked: &Asked<'_>, path: &str) -> String {
    asked.0.get(asked.1, path).expect("the service answers")
}

fn json_of(asked: &Asked<'_>, path: &str) -> Value {
    serde_json::from_str(&text_of(asked, path)).expect("it is JSON")
}

/// A metric without labels.
fn metric(address: &Asked<'_>, name: &str) -> f64 {
    let text = text_of(address, "/metrics");
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or(0.0)
}

fn looks(deployment: &Deployment, code: &str) -> Vec<Value> {
    let shown = deployment.ask(&["view", "show", code]);
    shown[0]["looks"].as_array().cloned().unwrap_or_default()
}

/// How often the patrol came to each of these views since `mark` (RFC 3339, as the service writes it).
fn visits(address: &Asked<'_>, codes: &[String], mark: &str) -> Vec<usize> {
    let views = json_of(address, "/api/v1/views");
    let views = views["items"].as_array().expect("a page has items");
    let visits = |code: &String| {
        let view = views.iter().find(|view| view["stream_code"] == **code).expect("it is registered");
        let id = view["view"]["id"].as_str().expect("a view has an id");
        let looks = json_of(address, &format!("/api/v1/views/{id}/looks?limit=200"));
        let looks = looks["items"].as_array().expect("a page has items");
        let is_new = |look: &&Value| look["purpose"] == "patrol" && look["started"].as_str() > Some(mark);
        looks.iter().filter(is_new).count()
    };
    codes.iter().map(visits).collect()
}

/// Frames a second that the continuous look of a view judged in its latest part.
fn watched_rate(deployment: &Deployment, code: &str) -> Option<f64> {
    let part = looks(deployment, code).into_iter().find(|look| look["purpose"]["kind"] == "continuous")?;
    let moment = |at: &str| part[at].as_str()?.parse::<xunjie::domain::WallTime>().ok();
    let span = moment("ended")?.since(moment("started")?).as_secs_f64();
    Some(part["frames"].as_f64()? / span.max(1.0))
}

/// Ten views a second and a continuous look on a hundredth of a core of decoding.
#[test]
fn static_matters_stretch_before_continuous_looks_drop_frames_and_nothing_starves() {
    let deployment = Deployment::new("overload", "")
        .pipelines(&[(PARKING, "decode = \"key_frames\""), (BICYCLES, "decode = \"rate\"\nfps = 5.0")])
        .setting("[patrol]", "decode_cores_max = 0.01\nlook_workers = 2");
    let (_eye, address) = camera("127.0.0.1:0");
    let codes: Vec<String> = (0..VIEWS).map(|number| format!("view{number}")).collect();
    codes.iter().for_each(|code| register(&deployment, code, &address, PARKING));
    register(&deployment, "watched", &address, BICYCLES);
    deployment.ask(&["view", "set", "view0", "--weight", "10"]);
    let (_service, web) = deployment.serve();
    let web = Asked(&deployment, &web);
    let began = Instant::now();

    // First the static matters stretch, and the continuous look keeps its frames for as long as they can.
    let mut before: Option<f64> = None;
    let stretched_after = until("stretching", &deployment, LONG, || {
        let plan = json_of(&web, "/api/v1/plan");
        (plan["policy"] == "stretched").then(|| began.elapsed())
    });
    assert!(text_of(&web, "/api/v1/plan").contains("静态事项的间隔放宽到"), "the plan names the rule");
    let status = deployment.ask(&["status"]);
    assert!(status[0]["policy"] == "stretched" && status[0]["plan"]["waiting"].is_u64(), "{status:?}");
    let thinned_after = until("the end of stretching", &deployment, LONG, || {
        // The two are told by one status: it names what was true at one moment.
        let plan = json_of(&web, "/api/v1/plan");
        let (stretch, is_thinned) = (plan["stretch"].as_f64()?, plan["policy"] == "thinned");
        assert!(!is_thinned || stretch > 3.0, "frames were dropped before the stretch was at its end: {plan}");
        if !is_thinned && metric(&web, "xunjie_watch_parts_thinned_total") == 0.0 {
            let rate = watched_rate(&deployment, "watched");
            before = rate.into_iter().chain(before).reduce(f64::max);
        }
        is_thinned.then(|| began.elapsed())
    });

    // Now it is held to key frames, which this camera sends once a second.
    let thinned = metric(&web, "xunjie_watch_parts_thinned_total");
    until("parts that were held to key frames", &deployment, LONG, || {
        (metric(&web, "xunjie_watch_parts_thinned_total") >= thinned + 4.0).then_some(())
    });
    let (before, after) = (before.expect("a part ended before"), watched_rate(&deployment, "watched"));
    let after = after.expect("parts ended");
    // A busy machine may keep it from its five frames a second; the one that it has left must be fewer all the same.
    assert!(before > after * 1.2, "{before:.1} frames a second at first, then {after:.1}");
    assert!(text_of(&web, "/api/v1/plan").contains("连续巡看暂时只看关键帧"), "the plan names the rule");
    assert!(metric(&web, "xunjie_plan_stretch_ratio") > 3.0 && metric(&web, "xunjie_plan_lateness_seconds") > 0.0);

    // Nothing starves: from here on every view is looked at again and again, the heavy one more often than the others.
    let mark = json_of(&web, "/api/v1/plan")["at"].as_str().expect("a plan has a time").to_owned();
    let gained = until("looks at every view", &deployment, LONG, || {
        thread::sleep(Duration::from_secs(1));
        let gained = visits(&web, &codes, &mark);
        gained.iter().all(|looks| *looks >= 3).then_some(gained)
    });
    let most = gained[1..].iter().max().expect("there are others");
    assert!(gained[0] > *most, "the view of weight 10 is looked at more often: {gained:?}");
    assert!(metric(&web, "xunjie_visits_skipped_total") > 0.0, "visits were left out, and counted");
    println!(
        "recovered: overload: {:.0} s (stretched after {:.0} s, key frames alone after {:.0} s: {before:.1} then {after:.1} frames a second; then looks by view {gained:?})",
        began.elapsed().as_secs_f64(),
        stretched_after.as_secs_f64(),
        thinned_after.as_secs_f64(),
    );
}

/// Three views ask for a continuous look where there are sessions for one.
#[test]
fn what_a_hard_limit_leaves_out_is_refused_by_name_and_patrolled() {
    let deployment = Deployment::new("refused", "")
        .pipelines(&[(PARKING, "decode = \"rate\"\nfps = 2.0")])
        .setting("[patrol]", "look_workers = 2\nopen_sessions_max = 3");
    let (_eye, address) = camera("127.0.0.1:0");
    for code in ["a", "b", "c"] {
        register(&deployment, code, &address, PARKING);
    }
    deployment.ask(&["view", "set", "b", "--weight", "2"]);
    let (_service, web) = deployment.serve();
    let web = Asked(&deployment, &web);
    let began = Instant::now();
    let rows = until("the refusals", &deployment, LONG, || {
        let rows = json_of(&web, "/api/v1/views")["items"].as_array().cloned()?;
        (rows.iter().filter(|row| row["coverage"] == "refused").count() == 2).then_some(rows)
    });
    let took = began.elapsed();
    for row in &rows {
        let (code, reason) = (row["stream_code"].as_str().unwrap_or(""), row["reason"].as_str().unwrap_or(""));
        let is_refused = row["coverage"] == "refused";
        assert_eq!(is_refused, code != "b", "the heaviest view has the room: {row}");
        assert!(!is_refused || reason.contains("上限 1 路") && reason.contains("open_sessions_max"), "{reason}");
    }
    let refused = json_of(&web, "/api/v1/plan")["refused"].clone();
    assert_eq!(refused.as_array().map(Vec::len), Some(2), "{refused}");
    assert!(refused.to_string().contains("continuous_max"), "{refused}");
    assert!(deployment.log().contains("refused because"), "the log says so once");
    until("patrol looks at the refused views", &deployment, LONG, || {
        let visits = visits(&web, &["a".to_owned(), "c".to_owned()], "");
        visits.iter().all(|visits| *visits >= 2).then_some(())
    });
    println!(
        "recovered: a hard limit: {:.1} s (two of three continuous views are refused by name and patrolled at key frames)",
        took.as_secs_f64()
    );
}
