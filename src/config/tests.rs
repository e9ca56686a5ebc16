//! The shipped files load, faults are reported all at once, and limits follow the calendar.

use std::{collections::BTreeSet, fs, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::domain::{DecodeMode, MatterCodes, WallTime};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shipped() -> Config {
    Config::load(copied("").path(), None).expect("the shipped files are right")
}

/// A root of its own with the shipped pipelines and city and these settings.
fn copied(settings: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["pipelines", "city/example"] {
        fs::create_dir_all(folder.path().join(part)).unwrap();
        for entry in fs::read_dir(root().join(part)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join(part).join(entry.file_name())).unwrap();
        }
    }
    fs::write(folder.path().join("xunjie.toml"), settings).unwrap();
    folder
}

fn at(text: &str) -> WallTime {
    text.parse().unwrap()
}

#[test]
fn the_shipped_matters_and_city_load_without_a_settings_file() {
    let folder = copied("");
    fs::remove_file(folder.path().join("xunjie.toml")).unwrap();
    let config = Config::load(folder.path(), None).unwrap();
    let keys: Vec<&str> = config.matters.keys().map(MatterKey::as_str).collect();
    assert_eq!(
        keys,
        [
            "banner",
            "bin_overflow",
            "exposed_garbage",
            "illegal_small_ad",
            "motor_vehicle_parking",
            "muck_truck",
            "non_motor_vehicle_parking",
            "outdoor_ad",
            "shop_spill",
            "stall"
        ]
    );
    let parking = &config.matters[&"motor_vehicle_parking".parse().unwrap()];
    assert_eq!(parking.dwell.time, Duration::from_secs(300));
    let bytes = fs::read(root().join("pipelines/motor_vehicle_parking.toml")).unwrap();
    assert_eq!(parking.sha256, sha256_of(&bytes), "an unchanged matter is named by its file");
    assert_eq!(config.city.catalogue().len(), 98);
    assert_eq!(config.city.full_code(&parking.codes), "99000009009");
    assert_eq!(config.settings.folders.data, folder.path().join("data"));
    assert_eq!(config.city.grid_cell("990000001001001").unwrap().street, "示例街道");
}

#[test]
fn a_deployment_shortens_dwell_and_the_hash_says_so() {
    let folder = copied("[matters.motor_vehicle_parking]\ndwell_s = 20\nrevisit_s = 2\nclear_over_s = 9\n");
    let config = Config::load(folder.path(), None).unwrap();
    let key: MatterKey = "motor_vehicle_parking".parse().unwrap();
    let (here, usual) = (config.matter(&key).unwrap(), &shipped().matters[&key]);
    assert_eq!(here.dwell.time, Duration::from_secs(20));
    assert_eq!(here.revisit, Duration::from_secs(2));
    assert_eq!(here.clearing.over, Duration::from_secs(9));
    assert_eq!(here.dwell.sightings_min, usual.dwell.sightings_min);
    assert_ne!(here.sha256, usual.sha256);
}

/// The pipeline of stalls as far as it compares nothing.
fn without_newness(folder: &Path) -> (PathBuf, String) {
    let pipeline = folder.join("pipelines/stall.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    let (before, rest) = text.split_once("[newness]").unwrap();
    let rest = rest.split_once("[companion]").unwrap().1.replace("stays = true\n", "").replace("every_s = 40\n", "");
    (pipeline, format!("{}[companion]{rest}", before.replace("\"new_thing\", ", "")))
}

#[test]
fn who_stays_is_known_only_where_looks_are_compared() {
    let folder = copied("");
    let (pipeline, text) = without_newness(folder.path());
    let asked = text.replace("distance_max_heights", "stays = true\ndistance_max_heights");
    let keys = |text: String| {
        fs::write(&pipeline, text).unwrap();
        Config::load(folder.path(), None).err().map(|Faults(faults)| faults.into_iter().map(|one| one.key).collect())
    };
    assert_eq!(keys(asked.clone()), Some(vec!["companion.stays".to_owned()]));
    assert_eq!(keys(asked + "every_s = 40\n[newness]\nmodel = \"w\"\nfrom = 0.4\n"), None);
}

/// The pipeline on trial is taken, and what cannot be beside its trail is named.
#[test]
fn a_trail_needs_newness_and_stands_alone() {
    let folder = copied("");
    let trial = fs::read_to_string(root().join("fixtures/scenes/spill/pipelines/muck_spill.toml")).unwrap();
    let load = |text: &str| {
        fs::write(folder.path().join("pipelines/muck_spill.toml"), text).unwrap();
        let faults = |Faults(faults): Faults| faults.into_iter().map(|one| one.key).collect::<Vec<_>>();
        Config::load(folder.path(), None).map_err(faults)
    };
    let spill = load(&trial).unwrap().matters[&"muck_spill".parse().unwrap()].clone();
    let trail = spill.trail.unwrap();
    assert_eq!(
        (trail.within, trail.share_min, &trail.part.classes[..]),
        (Duration::from_secs(600), 0.5, &["truck".to_owned()][..])
    );
    assert!(spill.every.is_some() && spill.decode != DecodeMode::KeyFrames, "followed in motion, judged seldom");

    let (before, rest) = trial.split_once("[newness]").unwrap();
    let without_newness = format!("{before}[trail]{}", rest.split_once("[trail]").unwrap().1);
    let companion = "[companion]\nclasses = [\"person\"]\nscore_min = 0.3\ndistance_max_heights = 1\nshare_min = 0.3\n";
    let plate = "[plate]\nmodel = \"p\"\nframes_min = 3\nagreement_min = 0.6\n";
    for (text, faults) in [
        (without_newness, &["trail"][..]),
        (format!("{trial}{companion}"), &["companion"]),
        (format!("{trial}{plate}"), &["plate"]),
        (trial.replace("within_s = 600", "within_s = 60"), &["trail.within_s"]),
        (trial.replace("within_s = 600", "within_s = 99999"), &["trail.within_s"]),
        (trial.replace("classes = [\"truck\"]", "classes = []"), &["trail.classes"]),
    ] {
        assert_eq!(load(&text).unwrap_err(), faults, "{text}");
    }
}

#[test]
fn a_head_that_says_what_is_new_is_asked_for_classes_and_the_cosine_for_none() {
    let newness = |section: &str| {
        let folder = copied("");
        let (pipeline, text) = without_newness(folder.path());
        fs::write(&pipeline, text + "every_s = 40\n[newness]\nmodel = \"w\"\n" + section).unwrap();
        let config = Config::load(folder.path(), None)
            .map_err(|faults| faults.0.into_iter().map(|fault| fault.key).collect::<Vec<_>>())?;
        Ok::<_, Vec<String>>(config.matters[&"stall".parse().unwrap()].newness.clone().unwrap())
    };
    let asked = newness("head = \"h\"\nclasses = [\"thing\", \"spill\"]\npasses = [\"person\"]\nfrom = 0.5\n").unwrap();
    let head = asked.head.unwrap();
    assert_eq!((&*head.model, head.classes.len(), &*head.passes[0]), ("h", 2, "person"));
    assert_eq!(newness("from = 1.5\n").unwrap().head, None);
    for (section, keys) in [
        ("head = \"h\"\nfrom = 0.5\n", vec!["newness.classes"]),
        ("head = \"h\"\nclasses = [\"thing\", \"\"]\nfrom = 0.5\n", vec!["newness.classes"]),
        ("head = \"h\"\nclasses = [\"thing\"]\nfrom = 1.5\n", vec!["newness.from"]),
        ("head = \"h\"\nclasses = [\"thing\"]\npasses = [\"thing\"]\nfrom = 0.5\n", vec!["newness.passes"]),
        ("head = \"\"\nclasses = [\"thing\"]\nfrom = 0.5\n", vec!["newness.head"]),
        ("classes = [\"thing\"]\npasses = [\"person\"]\nfrom = 0.5\n", vec!["newness.classes", "newness.passes"]),
        ("class = [\"thing\"]\nfrom = 0.5\n", vec!["newness.class"]),
    ] {
        assert_eq!(newness(section).unwrap_err(), keys, "{section}");
    }
}

#[test]
fn second_models_of_a_matter_are_taken_and_their_faults_named() {
    let level = |text: &str, sections: &str| {
        let folder = copied("");
        let (pipeline, before) = without_newness(folder.path());
        fs::write(&pipeline, before.replace("level = \"composed\"", text) + sections).unwrap();
        let config = Config::load(folder.path(), None)
            .map_err(|faults| faults.0.into_iter().map(|fault| fault.key).collect::<Vec<_>>())?;
        Ok::<_, Vec<String>>(config.matters[&"stall".parse().unwrap()].clone())
    };
    assert_eq!(level("", "").unwrap_err(), ["level"], "a matter says what it rests on");
    let newness = "[newness]\nmodel = \"w\"\nfrom = 0.3\n";
    assert_eq!(
        level("level = \"composed\"", newness).unwrap_err(),
        ["look.every_s"],
        "comparing is not for every look"
    );
    let sections = "[verify]\nmodel = \"v\"\nclasses = [\"a\"]\naccept_min = 0.5\nnewness_min = 0.2\n\
                    [scan]\nmodel = \"w\"\nevery_s = 600\nsquare = 0.5\n[exemplars]\nlikeness_min = 0.8\nlikeness_here_min = 0.7\n";
    let stall = level("level = \"few_shot\"", sections).unwrap();
    let verify = stall.verify.unwrap();
    assert_eq!(stall.grounds, crate::domain::Grounds::FewShot);
    assert_eq!(
        (verify.again_after, verify.newness_min, verify.likeness.min, verify.likeness.here_min),
        (Duration::from_secs(3600), Some(0.2), 0.8, 0.7)
    );
    let scan = stall.scan.unwrap();
    assert_eq!((scan.every, scan.square), (Duration::from_secs(600), Some(0.5)));
    let broken = "[verify]\nmodel = \"v\"\naccept_min = 5\nnewness_min = 3\n[scan]\nmodel = \"w\"\nsquare = 1.5\n[exemplars]\nlikeness_min = 0.1\nlikeness_here_min = 0.9\n";
    let found = level("level = \"sure\"", broken).unwrap_err();
    let wanted = [
        "level",
        "verify.classes",
        "verify.accept_min",
        "verify.newness_min",
        "exemplars.likeness_min",
        "exemplars.likeness_here_min",
        "scan.every_s",
        "scan.square",
    ];
    assert_eq!(found, wanted);
    let place = "[verify]\nmodel = \"v\"\nclasses = [\"a\"]\naccept_min = 0.5\n[verify.newness]\nmodel = \"w\"\n";
    let asked = format!("{place}head = \"h\"\nclasses = [\"rubbish\"]\nfrom = 0.4\n");
    let newness = level("level = \"composed\"", &asked).unwrap().verify.unwrap().newness.unwrap();
    let head = newness.head.unwrap();
    assert_eq!((&*newness.model, &*head.model, &*head.classes[0], newness.from), ("w", "h", "rubbish", 0.4));
    let broken = format!("{place}known = [\"bin\"]\nfrom = 2.5\n");
    assert_eq!(
        level("level = \"composed\"", &broken).unwrap_err(),
        ["verify.newness.head", "verify.newness.known", "verify.newness.from"]
    );
    let shadow = |section: &str| level("level = \"composed\"", section);
    let tried = shadow("[shadow]\nmodel = \"street_640\"\n").unwrap().shadow.unwrap();
    assert_eq!((tried.model.as_deref(), tried.every), (Some("street_640"), Duration::from_secs(60)));
    assert_eq!(
        shadow("[shadow]\nmodel = \"nanodet_g_416\"\nevery_s = 0\n").unwrap_err(),
        ["shadow.every_s", "shadow.model"]
    );
    assert_eq!(shadow("[shadow]\nverifier = \"v\"\n").unwrap_err(), ["shadow.verifier"], "without [verify]");
    assert_eq!(shadow("[shadow]\nevery_s = 5\n").unwrap_err(), ["shadow.model"], "of nothing");
    assert_eq!(level("level = \"trained\"", "[exemplars]\nlikeness_min = 0.8\n").unwrap_err(), ["exemplars"]);
}

#[test]
fn every_fault_of_every_file_is_reported_at_once() {
    let folder = copied(
        "listen = \"everywhere\"\ntypo = 1\n[patrol]\nlook_workers = 0\nlook_timeout_s = \"long\"\n\
         [tls]\nkey = \"a.key\"\n[platform]\nurl = \"ftp://x\"\nmedia = \"pigeon\"\nbackoff_max_s = 1\n\
         [networks]\ncameras = [\"10.0.0.1/8\"]\n[matters.ghost]\ndwell_s = 5\n[matters.stall]\ndwell_s = 0\n",
    );
    let pipeline = folder.path().join("pipelines/stall.toml");
    let text = fs::read_to_string(&pipeline).unwrap();
    let text = text.replace("score_min = 0.35", "score_min = 35").replace("kind = \"overlap\"", "kind = \"touch\"");
    fs::write(&pipeline, text.replace("looks = 3", "loks = 3").replace("09006", "09007")).unwrap();
    fs::write(folder.path().join("city/example/holidays.tsv"), "date\tkind\n2026-13-01\tholiday\n2026-01-01\tfeast\n")
        .unwrap();
    fs::remove_file(folder.path().join("city/example/limits.tsv")).unwrap();

    let Faults(faults) = Config::load(folder.path(), None).unwrap_err();
    let found: BTreeSet<String> = faults.iter().map(|f| format!("{} {}", f.file, f.key)).collect();
    let wanted = [
        "city/example/holidays.tsv line 2, date",
        "city/example/holidays.tsv line 3, kind",
        "city/example/limits.tsv ",
        "pipelines/stall.toml anchor.score_min",
        "pipelines/stall.toml clearing.loks",
        "pipelines/stall.toml clearing.looks",
        "pipelines/stall.toml code_2026",
        "pipelines/stall.toml zone_test.kind",
        "xunjie.toml listen",
        "xunjie.toml matters.ghost",
        "xunjie.toml matters.stall.dwell_s",
        "xunjie.toml networks.cameras[0]",
        "xunjie.toml patrol.look_timeout_s",
        "xunjie.toml patrol.look_workers",
        "xunjie.toml platform.backoff_max_s",
        "xunjie.toml platform.key_id",
        "xunjie.toml platform.media",
        "xunjie.toml platform.secret_file",
        "xunjie.toml platform.url",
        "xunjie.toml tls.certificate",
        "xunjie.toml typo",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
    assert_eq!(faults.len(), wanted.len(), "each fault once");
    let lines = Faults(faults).to_string();
    assert!(lines.contains("xunjie.toml: patrol.look_workers: got 0, want looks from 1 to 256"), "{lines}");
}

#[test]
fn a_platform_is_http_with_a_key_or_a_folder() {
    let http = "[platform]\nurl = \"https://p.example/api\"\nkey_id = \"k1\"\nsecret_file = \"secret\"\n";
    let folder = copied(http);
    let platform = Config::load(folder.path(), None).unwrap().settings.platform.unwrap();
    let Outlet::Http { secret_file, .. } = platform.outlet else { panic!("not HTTP") };
    assert_eq!(secret_file, folder.path().join("secret"));
    assert_eq!((platform.media, platform.attempts_max), (MediaMode::Inline, 30));

    let folder = copied("[platform]\nfolder = \"out\"\n");
    let platform = Config::load(folder.path(), None).unwrap().settings.platform.unwrap();
    assert_eq!(platform.outlet, Outlet::Folder { folder: folder.path().join("out") });

    let Faults(faults) = Config::load(copied(&format!("{http}media = \"link\"\n")).path(), None).unwrap_err();
    assert_eq!(faults[0].key, "platform.media");
}

/// The example promises the defaults; a commented key promises that it is one.
#[test]
fn the_example_settings_are_the_defaults_and_name_only_keys_that_exist() {
    let example = fs::read_to_string(root().join("xunjie.example.toml")).unwrap();
    let load = |text: &str| {
        let mut faults = Vec::new();
        let settings = settings::check(Path::new("/x"), "xunjie.toml", Some(text), &mut faults);
        assert_eq!(Faults(faults).0, []);
        settings
    };
    assert_eq!(load(&example), load(""));
    let uncommented = |line: &str| {
        let code = line.strip_prefix("# ").filter(|code| code.starts_with('[') || code.contains(" = "));
        code.unwrap_or(line).to_owned()
    };
    let all: Vec<String> = example.lines().map(uncommented).filter(|line| !line.starts_with("folder = ")).collect();
    let full = load(&all.join("\n"));
    let platform = full.platform.unwrap();
    assert_eq!((platform.attempts_max, platform.timeout), (30, Duration::from_secs(15)));
    assert_eq!(platform.backoff_max, Duration::from_secs(1800));
    assert_eq!(full.matters.len(), 1);
    assert_eq!(full.tls.unwrap().key, Path::new("/etc/xunjie/xunjie.key"), "no root before an absolute path");
}

/// start, n, unit, due: civil time of the example city.
const DUE: &str = "
2026-11-20T17:00 2 work_hour   2026-11-23T09:00 Friday evening runs on on Monday morning
2026-11-20T10:00 2 work_hour   2026-11-20T12:00 ends with the morning, not after lunch
2026-11-20T11:30 2 work_hour   2026-11-20T15:30 lunch does not count
2026-11-21T10:00 2 work_hour   2026-11-23T10:00 a Saturday counts from Monday
2026-11-23T07:00 9 work_hour   2026-11-24T09:00 a day has eight
2026-09-30T17:00 2 work_hour   2026-10-08T09:00 the National Day week is skipped
2026-10-09T17:00 2 work_hour   2026-10-10T09:00 a Saturday that is worked counts
2026-11-20T17:00 2 urgent_hour 2026-11-20T19:00 the clock runs on after work
2026-11-20T23:00 2 urgent_hour 2026-11-21T01:00 and at night
2026-11-20T17:00 1 work_day    2026-11-23T18:00 the first day is not counted
2026-11-21T10:00 1 work_day    2026-11-23T18:00 nor is a Saturday
2026-11-20T17:00 5 work_day    2026-11-27T18:00 a week
2026-11-20T17:00 1 urgent_day  2026-11-21T17:00 24 hours
2026-11-20T17:00 15 natural_day 2026-12-05T17:00 15 times 24 hours
";

#[test]
fn limits_follow_the_calendar() {
    let config = shipped();
    let calendar = config.city.calendar();
    for line in DUE.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let moment = |text: &str| at(&format!("{text}:00+08:00"));
        let unit = LimitUnit::parse(words[2]).unwrap();
        let due = calendar.due(moment(words[0]), words[1].parse().unwrap(), unit);
        assert_eq!(due, Some(moment(words[3])), "{line}");
    }
    let codes = MatterCodes { code_2026: "09009".into(), code_2013: Some("04-09".into()) };
    let limit = config.city.limit(&codes, at("2026-11-20T17:00:00+08:00")).unwrap();
    assert_eq!((limit.text.as_str(), limit.due_at), ("2 工作时", at("2026-11-23T09:00:00+08:00")));
    let unknown = MatterCodes { code_2026: "06001".into(), code_2013: None };
    assert_eq!(config.city.limit(&unknown, at("2026-11-20T17:00:00+08:00")), None);
    assert!(config.city.is_holiday("2026-02-17".parse().unwrap()));
    assert!(!config.city.is_holiday("2026-02-14".parse().unwrap()));
}

proptest! {
    #[test]
    fn later_starts_never_give_earlier_ends_and_work_ends_in_working_time(
        start in 0_i64..400 * 24 * 60, step in 0_i64..10_000, n in 1_u32..60,
    ) {
        let config = CALENDAR.with(Calendar::clone);
        let base = at("2026-01-01T00:00:00+08:00").millis();
        let moment = |minute: i64| WallTime::from_millis(base + minute * 60_000 + 17);
        for unit in ["urgent_hour", "work_hour", "work_day", "urgent_day", "natural_day"] {
            let kind = LimitUnit::parse(unit).unwrap();
            let due = config.due(moment(start), n, kind).unwrap();
            prop_assert!(due > moment(start));
            prop_assert!(config.due(moment(start + step), n, kind).unwrap() >= due, "{unit}");
            prop_assert!(config.due(moment(start), n + 1, kind).unwrap() > due, "{unit}");
            prop_assert!(!unit.starts_with("work") || config.is_working_time(due), "{unit}");
        }
    }
}

/// Statements of a pipeline that stand on one line: the line's number and the dotted key.
fn statements(text: &str) -> Vec<(usize, String)> {
    let (mut table, mut found) = (String::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| !line.starts_with(['#', ' ']))
            && !value.ends_with('[')
        {
            found.push((number, format!("{table}{key}")));
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whichever_statements_are_broken_each_is_named_and_nothing_else(picks in prop::collection::vec(any::<usize>(), 1..8)) {
        let read = |name: &str| {
            TextFile { name: name.to_owned(), text: fs::read_to_string(root().join(name)).unwrap() }
        };
        let city = CityFiles {
            city: Some(read("city/example/city.toml")),
            holidays: Some(read("city/example/holidays.tsv")),
            matters: Some(read("city/example/matters.tsv")),
            limits: Some(read("city/example/limits.tsv")),
            grid_cells: None,
            ads: None,
            vehicles: None,
        };
        let mut pipeline = read("pipelines/stall.toml");
        let statements = statements(&pipeline.text);
        prop_assert!(statements.len() > 20, "{statements:?}");
        let mut lines: Vec<String> = pipeline.text.lines().map(str::to_owned).collect();
        let mut broken = BTreeSet::new();
        for pick in picks {
            let (number, key) = &statements[pick % statements.len()];
            let name = key.rsplit('.').next().unwrap();
            lines[*number] = format!("{name} = {{ odd = 1 }}");
            broken.insert(key.clone());
        }
        pipeline.text = lines.join("\n");
        let settings = TextFile { name: "xunjie.toml".into(), text: String::new() };
        let Faults(faults) = Config::check(Path::new("/x"), &settings, &[pipeline], &city).unwrap_err();
        let named: BTreeSet<String> = faults.iter().map(|fault| fault.key.clone()).collect();
        prop_assert_eq!(named, broken);
        prop_assert!(faults.iter().all(|fault| fault.file == "pipelines/stall.toml"));
    }
}

thread_local! {
    static CALENDAR: Calendar = shipped().city.calendar().clone();
}
