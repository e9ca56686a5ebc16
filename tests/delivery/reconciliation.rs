//! 对账: ours against the platform's, with the real simulator that lost one case and knows one too many, and the daily
//! comparison over the real folder outlet.

use std::{fs, path::Path, sync::Arc};

use xunjie::{
    clock::{Clock, SimulatedClock},
    config::Config,
    deliver::{CaseSink, FolderSink, Media},
    domain::{Case, WallTime},
    service::Service,
};

use crate::{
    PATIENT,
    platform::Platform,
    world::{World, run_until},
};

/// The service over the world's store, under a clock.
fn service(world: &World, clock: Arc<dyn Clock>) -> Service {
    let settings = world.folder.path().join("xunjie.toml");
    fs::write(&settings, format!("[folders]\ndata = {:?}\n", world.folder.path())).unwrap();
    let config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), Some(&settings)).unwrap();
    Service::open(Arc::new(config), clock).unwrap()
}

fn day_of(service: &Service, at: WallTime) -> chrono::NaiveDate {
    at.civil(service.config.city.utc_offset()).date_naive()
}

#[test]
fn a_case_that_the_platform_lost_and_one_that_is_not_ours_are_told() {
    let world = World::new();
    let ledger = world.folder.path().join("ledger.json");
    let first = Platform::start_with("127.0.0.1:0".parse().unwrap(), None, Some(ledger.clone()));
    let cases: Vec<Case> = ["lost", "kept", "moved"].iter().map(|name| world.confirmed_case(name)).collect();
    let courier = world.courier(first.sink(&world, Media::Inline, PATIENT), 5);
    run_until(&courier, &*world.clock, || cases.iter().all(|case| world.states(case) == ["delivered"]));
    let waiting = world.confirmed_case("waiting");
    let service = service(&world, world.clock.clone());
    let day = day_of(&service, cases[0].opened_at);
    let same = service.reconcile(day, &*first.sink(&world, Media::Inline, PATIENT), "王敏").unwrap();
    assert!(same.error.is_none() && same.differences.is_none(), "{same:?}");
    assert_eq!((same.ours, same.on_the_way, same.theirs), (4, 1, Some(3)), "a report on its way is not missing");
    drop(first);

    let mut held: serde_json::Value = serde_json::from_slice(&fs::read(&ledger).unwrap()).unwrap();
    let theirs = held["cases"].as_array_mut().unwrap();
    theirs.retain(|case| case["case_id"] != cases[0].id.to_string());
    let moved = theirs.iter_mut().find(|case| case["case_id"] == cases[2].id.to_string()).unwrap();
    moved["stage"] = "dispatched".into();
    let mut foreign = theirs[0].clone();
    (foreign["case_id"], foreign["platform_number"]) = ("city-4711".into(), "2026-000099".into());
    theirs.push(foreign);
    fs::write(&ledger, held.to_string()).unwrap();
    let second = Platform::start_with("127.0.0.1:0".parse().unwrap(), None, Some(ledger));
    let sink = second.sink(&world, Media::Inline, PATIENT);
    let differs = service.reconcile(day, &*sink, "王敏").unwrap();
    assert_eq!((differs.ours, differs.theirs), (4, Some(3)));
    let found = &differs.differences;
    assert_eq!(found.missing_there.iter().map(|row| row.case).collect::<Vec<_>>(), [cases[0].id]);
    assert_eq!(found.unknown_here, ["city-4711 (2026-000099)"]);
    assert_eq!(found.stage_differs.len(), 1);
    assert_eq!((found.stage_differs[0].case, found.stage_differs[0].theirs.as_str()), (cases[2].id, "dispatched"));
    assert_eq!(world.states(&waiting), ["pending"], "a comparison sends nothing");

    drop(second);
    let silent = service.reconcile(day, &*sink, "王敏").unwrap();
    assert!(silent.error.as_ref().unwrap().contains("did not answer"), "{silent:?}");
    assert_eq!(silent.theirs, None);
    assert_eq!(service.store.reconciliation(day).unwrap(), Some(silent));
    assert!(service.store.platform_pause().unwrap().is_none(), "a question that fails pauses no delivery");
}

#[test]
fn the_day_before_is_compared_once_from_one_oclock_on() {
    let world = World::new();
    let clock = Arc::new(SimulatedClock::starting_at("2026-11-23T00:30:00+08:00".parse().unwrap()));
    let service = service(&world, clock.clone());
    let folder = world.folder.path().join("out");
    let sink = FolderSink::new(folder.clone(), world.packer(Media::Inline), clock.clone());
    let due = || service.reconcile_if_due(&sink).unwrap().map(|done| (done.day.to_string(), done.error.is_none()));
    let to = |time: &str| clock.advance_to(time.parse().unwrap());
    assert_eq!(due(), Some(("2026-11-21".into(), true)), "at half past twelve the day before yesterday is due");
    assert_eq!(due(), None);
    to("2026-11-23T01:00:00+08:00");
    fs::write(&folder, "a file where the folder should be").unwrap();
    assert_eq!(due(), Some(("2026-11-22".into(), false)));
    to("2026-11-23T01:59:00+08:00");
    assert_eq!(due(), None, "it is tried again after an hour");
    to("2026-11-23T02:00:00+08:00");
    assert_eq!(due(), Some(("2026-11-22".into(), false)));
    fs::remove_file(&folder).unwrap();
    to("2026-11-23T03:00:00+08:00");
    assert_eq!(due(), Some(("2026-11-22".into(), true)));
    assert_eq!(due(), None);
    // A person asks while the day runs: its end is compared all the same.
    service.reconcile("2026-11-23".parse().unwrap(), &sink, "王敏").unwrap();
    to("2026-11-24T01:00:00+08:00");
    assert_eq!(due(), Some(("2026-11-23".into(), true)));
    to("2026-11-24T23:59:00+08:00");
    assert_eq!(due(), None);
    assert_eq!(sink.name(), "folder");
}
