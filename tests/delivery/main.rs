//! Delivery whole: the courier, the real outlets, the real SQLite store and the real platform simulator on loopback.
//! What must hold: the platform has each message exactly once, whatever fails between.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod platform;
mod reconciliation;
mod undo;
mod world;

use std::{fs, net::TcpListener, sync::Arc, time::Duration};

use platform::{OurSide, Platform, sink_to};
use url::Url;
use world::{UNMASKED, World, key, run_until};
use xunjie::{
    deliver::{
        CaseDay, CaseSink, FolderSink, Media, SignatureRefused, SinkError,
        sim::{Behaviour, SimMessage},
    },
    domain::{DeliveryState, Secret, Stage, WallTime},
    store::Store,
};

const PATIENT: Duration = Duration::from_secs(5);
const HASTY: Duration = Duration::from_millis(300);

fn messages(platform: &Platform) -> Vec<SimMessage> {
    platform.report().cases.into_iter().flat_map(|case| case.messages).collect()
}

#[test]
fn a_confirmed_case_reaches_the_platform_once_with_evidence_that_verifies() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    let report = run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    assert_eq!((report.delivered, report.tried()), (1, 1));
    assert_eq!(courier.run_once(world.clock.now()).unwrap().tried(), 0, "nothing is left");

    let held = platform.report();
    assert_eq!(held.cases.len(), 1);
    let (there, here) = (&held.cases[0], world.store.case(case.id).unwrap());
    assert_eq!(here.platform_number.as_ref(), Some(&there.platform_number), "the platform's own number comes back");
    assert!(there.platform_number.ends_with("-000001"));
    assert_eq!((there.matter_code.as_str(), there.matter_name.as_str()), ("99000009009", "机动车乱停放"));
    let message = &there.messages[0];
    assert_eq!((message.times_heard, message.evidence.verified, message.evidence.files), (1, true, 1));
    assert_eq!(message.description, "示例路1号：机动车乱停放，已经人工复核确认");
}

#[test]
fn links_to_masked_pictures_open_and_nothing_else_does() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    let ours = OurSide::start(&world);
    let media = Media::Link { public_url: ours.url.clone(), key: key() };
    let courier = world.courier(platform.sink(&world, media, PATIENT), 5);
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    let message = messages(&platform).remove(0);
    assert_eq!(message.evidence.fault, None);
    assert!(message.evidence.verified);

    let evidence = world.parcel(&case, 0).evidence.unwrap().id;
    let until = world.clock.now().plus(PATIENT);
    let link = key().media_link(&ours.url, evidence, "masked.jpg", until);
    let stolen = link.as_str().replace("masked.jpg", "first.jpg");
    assert!(matches!(ureq::get(&stolen).call(), Err(ureq::Error::StatusCode(403))));
}

#[test]
fn a_platform_that_was_down_gets_the_message_when_it_is_back() {
    let world = World::new();
    let case = world.confirmed_case("car");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = Url::parse(&format!("http://{free}/")).unwrap();
    let courier = world.courier(sink_to(url, &world, Media::Inline, PATIENT), 1000);
    let mut rounds = 0;
    run_until(&courier, &*world.clock, || {
        rounds += 1;
        rounds > 10
    });
    let DeliveryState::Pending { attempts, last_error, .. } = world.parcel(&case, 0).delivery.state else {
        panic!("it was given up");
    };
    assert_eq!(attempts, 0, "an outage costs no delivery its tries");
    assert!(last_error.unwrap().contains("did not answer"));

    let platform = Platform::start_with(free, None, None);
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    assert_eq!(messages(&platform).len(), 1);
}

#[test]
fn a_platform_that_accepts_and_hangs_hears_the_same_key_again_and_holds_one() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    platform.behave(&Behaviour { accept_then_hang: 1, hang_ms: 1000, ..Behaviour::default() });
    let courier = world.courier(platform.sink(&world, Media::Inline, HASTY), 50);
    let report = run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    assert!(report.later >= 1 && report.delivered == 0, "{report:?}");
    assert_eq!(report.repeated, 1);
    let held = messages(&platform);
    assert_eq!(held.len(), 1);
    assert!(held[0].times_heard >= 2);
    assert_eq!(held[0].idempotency_key, world.parcel(&case, 0).delivery.id.to_string());
    assert!(world.store.case(case.id).unwrap().platform_number.is_some());
}

#[test]
fn refusals_garbled_answers_and_late_ones_end_in_one_message() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    platform.behave(&Behaviour { refuse: 2, wrong_json: 1, late_ms: 20, ..Behaviour::default() });
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 50);
    let report = run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    assert_eq!((report.later, report.repeated), (3, 1));
    assert_eq!((messages(&platform).len(), platform.report().turned_away), (1, 2));
}

#[test]
fn what_the_platform_rejects_is_dead_with_its_words_and_a_replay_goes_out() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    world.comes_back(&case);
    platform.behave(&Behaviour { reject: 1, ..Behaviour::default() });
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    run_until(&courier, &*world.clock, || world.states(&case)[0] == "dead");
    let DeliveryState::Dead { attempts, reason, .. } = world.parcel(&case, 0).delivery.state else { panic!() };
    assert_eq!(attempts, 1);
    assert!(reason.contains("422") && reason.contains("不符合立案条件"), "{reason}");
    assert_eq!(courier.run_once(world.clock.now()).unwrap().tried(), 0, "the recurrence waits for the report");

    let dead = world.parcel(&case, 0).delivery.id;
    world.store.replay_delivery(dead, world.clock.now(), "李四").unwrap();
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered", "delivered"]);
    let told: Vec<(u32, String)> = messages(&platform).into_iter().map(|m| (m.ordinal, m.description)).collect();
    assert_eq!(told[0].0, 0);
    assert_eq!(told[1], (1, "示例路1号：机动车乱停放清除后疑似再次出现，第1次".to_owned()));
}

#[test]
fn tries_are_bounded_and_the_last_words_are_kept() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    platform.behave(&Behaviour { refuse: u32::MAX, ..Behaviour::default() });
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 3);
    let report = run_until(&courier, &*world.clock, || world.states(&case) == ["dead"]);
    assert_eq!((report.later, report.dead), (2, 1));
    let DeliveryState::Dead { attempts, reason, .. } = world.parcel(&case, 0).delivery.state else { panic!() };
    assert!(attempts == 3 && reason.contains("after 3 tries") && reason.contains("503"), "{reason}");
}

#[test]
fn a_running_courier_delivers_many_cases_in_order_and_stops() {
    let (world, platform) = (World::new(), Platform::start());
    platform.behave(&Behaviour { refuse: 5, wrong_json: 2, ..Behaviour::default() });
    let handle = world.courier(platform.sink(&world, Media::Inline, PATIENT), 100).spawn().unwrap();
    let cases: Vec<_> = (0..9).map(|i| world.confirmed_case(&format!("car {i}"))).collect();
    for case in &cases {
        world.comes_back(case);
        handle.wake();
    }
    let end = std::time::Instant::now() + Duration::from_secs(8);
    while !cases.iter().all(|case| world.states(case) == ["delivered", "delivered"]) {
        assert!(std::time::Instant::now() < end, "{:?}", cases.iter().map(|c| world.states(c)).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(10));
    }
    handle.stop();
    let held = platform.report();
    assert_eq!(held.cases.len(), 9);
    for case in held.cases {
        assert_eq!(case.messages.iter().map(|message| message.ordinal).collect::<Vec<_>>(), [0, 1]);
        assert!(case.messages.iter().all(|message| message.evidence.verified));
    }
}

#[test]
fn callbacks_are_believed_only_when_signed_and_count_once() {
    let world = World::new();
    let case = world.confirmed_case("car");
    let ours = OurSide::start(&world);
    let listen = "127.0.0.1:0".parse().unwrap();
    let platform = Platform::start_with(listen, Some(ours.url.join("callbacks").unwrap()), None);
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    let stage = || world.store.case(case.id).unwrap().stage;

    let sent = platform.tell_stage(case.id, r#"{"stage":"accepted","wrong_signature":true}"#);
    assert_eq!((sent.statuses.as_slice(), stage()), (&[401][..], Stage::Filed));
    assert_eq!(ours.ours.refused.lock().unwrap().len(), 1);

    let sent = platform.tell_stage(case.id, r#"{"stage":"handled","repeat":3}"#);
    assert_eq!((sent.statuses.as_slice(), stage()), (&[200, 200, 200][..], Stage::Handled));
    assert_eq!(world.store.rechecks().unwrap().len(), 1, "one re-check is due");
    platform.tell_stage(case.id, r#"{"stage":"dispatched"}"#);
    assert_eq!(stage(), Stage::Handled, "what lies behind changes nothing");
    platform.tell_stage(case.id, r#"{"stage":"closed","delay_ms":20,"note":"已整改"}"#);
    assert_eq!((stage(), platform.report().cases[0].stage), (Stage::Closed, Stage::Closed));
}

#[test]
fn a_simulator_keeps_its_ledger_over_a_restart() {
    let world = World::new();
    let case = world.confirmed_case("car");
    let state = world.folder.path().join("platform.json");
    let listen = "127.0.0.1:0".parse().unwrap();
    let parcel = world.parcel(&case, 0);
    let first = {
        let platform = Platform::start_with(listen, None, Some(state.clone()));
        platform.sink(&world, Media::Inline, PATIENT).deliver(&parcel).unwrap()
    };
    let platform = Platform::start_with(listen, None, Some(state));
    let again = platform.sink(&world, Media::Inline, PATIENT).deliver(&parcel).unwrap();
    assert_eq!((first.repeated, again.repeated), (false, true));
    assert_eq!(first.platform_number, again.platform_number);
    assert_eq!(platform.report().cases.len(), 1);
}

#[test]
fn a_wrong_secret_is_refused_and_named_without_being_shown() {
    let (world, platform) = (World::new(), Platform::start());
    let case = world.confirmed_case("car");
    let wrong = xunjie::deliver::SigningKey::new("city", Secret::new("some other secret, long")).unwrap();
    let packer = world.packer(Media::Inline);
    let sink = xunjie::deliver::HttpSink::new(platform.url.clone(), wrong, packer, PATIENT, world.clock.clone());
    let refused = sink.deliver(&world.parcel(&case, 0)).unwrap_err();
    let SinkError::Unavailable(words) = refused else {
        panic!("a wrong secret is mended by a person, not by giving up")
    };
    assert!(words.contains("401") && words.contains(&SignatureRefused::Wrong.to_string()), "{words}");
    assert!(!words.contains("other secret"));
    assert!(platform.report().cases.is_empty());
}

// --- one conformance suite, two outlets -----------------------------------------------------------------------

/// Every outlet keeps this contract. `texts` gives what the receiver holds, one text a message.
fn conforms(world: &World, sink: &dyn CaseSink, texts: &dyn Fn() -> Vec<String>) {
    let case = world.confirmed_case("conforming");
    world.comes_back(&case);
    let (report, recurrence) = (world.parcel(&case, 0), world.parcel(&case, 1));

    assert!(!sink.deliver(&report).unwrap().repeated);
    assert!(sink.deliver(&report).unwrap().repeated, "the same parcel is one fact");
    assert!(!sink.deliver(&recurrence).unwrap().repeated);
    assert_eq!(texts().len(), 2);
    let offset = chrono::FixedOffset::east_opt(8 * 3600).unwrap();
    let today = case.opened_at.civil(offset).date_naive();
    let held = |date| sink.held(&CaseDay::of(date, offset)).unwrap();
    let ids: Vec<String> = held(today).into_iter().map(|held| held.case_id).collect();
    assert_eq!(ids, [case.id.to_string()], "the case is held once, whatever was told of it");
    assert_eq!((held(today.pred_opt().unwrap()), held(today.succ_opt().unwrap())), (vec![], vec![]));
    assert_eq!(texts().len(), 2, "a question changes nothing");
    assert!(texts().iter().any(|text| text.contains(&report.delivery.id.to_string())));

    let touched = world.confirmed_case("touched");
    let parcel = world.parcel(&touched, 0);
    fs::write(world.file_of(parcel.evidence.as_ref().unwrap(), "masked.jpg"), b"another picture").unwrap();
    let refused = sink.deliver(&parcel).unwrap_err();
    assert!(matches!(&refused, SinkError::Never(why) if why.contains("masked.jpg was changed")), "{refused}");

    let gone = world.confirmed_case("gone");
    let mut parcel = world.parcel(&gone, 0);
    fs::remove_file(world.file_of(parcel.evidence.as_ref().unwrap(), "masked.jpg")).unwrap();
    assert!(matches!(sink.deliver(&parcel), Err(SinkError::Never(_))));
    parcel.evidence.as_mut().unwrap().purged_at = Some(WallTime::from_millis(0));
    assert!(matches!(sink.deliver(&parcel), Err(SinkError::Never(why)) if why.contains("retention")));
    assert_eq!(texts().len(), 2, "a bundle that is not what it was never leaves");
}

#[test]
fn the_http_outlet_conforms() {
    let (world, platform) = (World::new(), Platform::start());
    let sink = platform.sink(&world, Media::Inline, PATIENT);
    let texts =
        || messages(&platform).iter().map(|message| serde_json::to_string(message).unwrap()).collect::<Vec<_>>();
    conforms(&world, &*sink, &texts);
}

#[test]
fn the_folder_outlet_conforms_and_only_masked_pictures_are_inside() {
    let world = World::new();
    let folder = world.folder.path().join("out");
    let sink = FolderSink::new(folder.clone(), world.packer(Media::Inline), world.clock.clone());
    let texts = || {
        fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(".json"))
            .map(|entry| fs::read_to_string(entry.path()).unwrap())
            .collect::<Vec<_>>()
    };
    conforms(&world, &sink, &texts);
    use base64::{Engine, prelude::BASE64_STANDARD};
    for text in texts() {
        assert!(!text.contains(&BASE64_STANDARD.encode(UNMASKED)), "an original left the house");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let files = value["evidence"]["files"].as_array().unwrap();
        assert_eq!(files.iter().map(|file| file["name"].as_str().unwrap()).collect::<Vec<_>>(), ["masked.jpg"]);
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "no half file stays behind");
}

#[test]
fn a_folder_that_cannot_be_written_is_tried_again() {
    let world = World::new();
    let case = world.confirmed_case("car");
    let blocked = world.folder.path().join("blocked");
    fs::write(&blocked, "a file where the folder should be").unwrap();
    let sink = Arc::new(FolderSink::new(blocked.clone(), world.packer(Media::Inline), world.clock.clone()));
    let courier = world.courier(sink, 100);
    let mut rounds = 0;
    run_until(&courier, &*world.clock, || {
        rounds += 1;
        rounds > 3
    });
    assert_eq!(world.states(&case), ["pending"]);
    fs::remove_file(&blocked).unwrap();
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
}
