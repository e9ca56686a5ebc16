//! What people write down: settings, pipelines, the city's tables. The first byte says which file the rest replaces
//! among the shipped ones. What is accepted stands in its limits and can be counted with; what is refused names file
//! and place, and never shows a password that somebody put into an address.

use std::{path::Path, time::Duration};

use xunjie::{
    config::{CityFiles, Config, Faults, LimitUnit, TextFile},
    domain::WallTime,
};

/// Stands for a password: no fault may show it.
const PLANTED: &str = "S3CRET";

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let mut settings = file("xunjie.toml", include_str!("../../xunjie.example.toml"));
    let mut pipelines = vec![
        file("pipelines/motor_vehicle_parking.toml", include_str!("../../pipelines/motor_vehicle_parking.toml")),
        file("pipelines/stall.toml", include_str!("../../pipelines/stall.toml")),
    ];
    let mut city = CityFiles {
        city: Some(file("city.toml", include_str!("../../city/example/city.toml"))),
        holidays: Some(file("holidays.tsv", include_str!("../../city/example/holidays.tsv"))),
        matters: Some(file("matters.tsv", include_str!("../../city/example/matters.tsv"))),
        limits: Some(file("limits.tsv", include_str!("../../city/example/limits.tsv"))),
        grid_cells: Some(file("grid_cells.tsv", include_str!("../../city/example/grid_cells.tsv"))),
        ads: Some(file("ads.toml", include_str!("../../city/example/ads.toml"))),
        vehicles: Some(file("vehicles.tsv", include_str!("../../city/example/vehicles.tsv"))),
    };
    let given = |name: &str| Some(file(name, text));
    match which {
        b's' => settings = file("xunjie.toml", text),
        b'p' => pipelines[1] = file("pipelines/stall.toml", text),
        b'c' => city.city = given("city.toml"),
        b'h' => city.holidays = given("holidays.tsv"),
        b'm' => city.matters = given("matters.tsv"),
        b'l' => city.limits = given("limits.tsv"),
        b'a' => city.ads = given("ads.toml"),
        b'v' => city.vehicles = given("vehicles.tsv"),
        b'g' => city.grid_cells = given("grid_cells.tsv"),
        _ => return,
    }
    match Config::check(Path::new("/srv/xunjie"), &settings, &pipelines, &city) {
        Ok(config) => stands(&config),
        Err(faults) => tells(&faults),
    }
}

fn file(name: &str, text: &str) -> TextFile {
    TextFile { name: name.to_owned(), text: text.to_owned() }
}

/// Whatever was accepted can be worked with.
fn stands(config: &Config) {
    let days_30 = Duration::from_secs(30 * 86_400);
    for (key, matter) in &config.matters {
        assert_eq!(&matter.key, key);
        assert!(matter.sha256.len() == 64 && !matter.model.is_empty() && !matter.name.is_empty());
        assert!((1..=10_000).contains(&matter.dwell.sightings_min) && (1..=100).contains(&matter.frames));
        for time in [matter.dwell.time, matter.clearing.over, matter.matching.gap_max, matter.revisit] {
            assert!(time >= Duration::from_secs(1) && time <= days_30, "{key}: {time:?}");
        }
        for share in [matter.dwell.seen_share_min, matter.matching.iou_min] {
            assert!((0.0..=1.0).contains(&share), "{key}: {share}");
        }
        assert!((0.0..=1.0).contains(&matter.composition.anchor.score_min.value()));
        assert_eq!(config.city.full_code(&matter.codes).len(), 11);
    }
    if let Some(platform) = &config.settings.platform {
        assert!(platform.backoff_base <= platform.backoff_max && platform.parallel_max > 0);
        assert!(platform.public_url.as_ref().is_none_or(|url| url.password().is_none()));
    }
    counts(config);
}

/// Limits are counted from any moment, the impossible ones included, without an end before the start.
fn counts(config: &Config) {
    let calendar = config.city.calendar();
    let moments = ["0000-01-01T00:00:00Z", "2026-09-30T17:00:00+08:00", "9999-12-31T23:59:59Z"];
    let moments = moments.map(|text| text.parse::<WallTime>().expect("a time").millis());
    for millis in moments.into_iter().chain([i64::MIN, i64::MAX]) {
        let start = WallTime::from_millis(millis);
        calendar.is_working_time(start);
        calendar.is_working_day(start.civil(calendar.offset).date_naive());
        for unit in ["urgent_hour", "work_hour", "work_day", "urgent_day", "natural_day"] {
            let unit = LimitUnit::parse(unit).expect("a unit");
            for n in [1, 1000] {
                if let Some(due) = calendar.due(start, n, unit)
                    && !matches!(millis, i64::MIN | i64::MAX)
                {
                    assert!(due >= start, "{start} + {n} {unit} = {due}");
                }
            }
        }
        for matter in config.matters.values() {
            config.city.limit(&matter.codes, start);
        }
    }
}

/// Every fault names its file and what would be right.
fn tells(faults: &Faults) {
    assert!(!faults.0.is_empty());
    for fault in &faults.0 {
        assert!(!fault.file.is_empty() && !fault.want.is_empty(), "{fault:?}");
        assert!(fault.got.chars().count() <= 80 && !fault.got.contains('\n'), "{fault:?}");
    }
    // An address with a password is refused, and what tells so is logged and printed.
    let told = faults.to_string();
    assert!(!told.contains(&format!("{PLANTED}@")), "{told}");
}
