//! `xunjie.toml`: how this deployment runs. Every key has a default, so that no file at all is a good file.
//! A secret is never a key: `secret_file` names the file that holds it. Checking does no I/O.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{
    cameras::{self, Cameras, RawCameras},
    desk::{self, Desk, RawDesk},
    fault::{Checker, Fault},
    limits::{self, Limits, RawLimits},
    matters::TIME_S_MAX,
    networks::{Cidr, Networks},
    oidc::{self, Oidc, RawOidc},
    platform::{self, Platform, RawPlatform},
    tls::{self, RawTls, TlsFiles},
};
use crate::domain::{Matter, MatterKey};

/// How this deployment runs. Folders are absolute or relative to the process, the root already joined.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where the desk and the HTTP API listen.
    pub listen: SocketAddr,
    /// What the server proves itself with; `None` speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// Folders.
    pub folders: Folders,
    /// Budgets of the patrol.
    pub patrol: Patrol,
    /// Patience with cameras.
    pub cameras: Cameras,
    /// How reviewers work.
    pub desk: Desk,
    /// How many requests one caller may send.
    pub limits: Limits,
    /// The platform that cases go to; `None` keeps deliveries waiting.
    pub platform: Option<Platform>,
    /// The identity provider at which people may log in beside their password; `None` without one.
    pub oidc: Option<Oidc>,
    /// When files of evidence are removed.
    pub retention: Retention,
    /// Networks in which cameras may live.
    pub networks: Networks,
    /// Networks in which the identity provider may live.
    pub identity_networks: Networks,
    /// What is logged.
    pub log: Log,
    /// Changes to matters for this deployment.
    pub matters: BTreeMap<MatterKey, MatterOverride>,
}

/// Folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folders {
    /// Database, evidence, reference pictures.
    pub data: PathBuf,
    /// One folder a model.
    pub models: PathBuf,
    /// One TOML file a matter.
    pub pipelines: PathBuf,
    /// The city's data files.
    pub city: PathBuf,
}

impl Folders {
    /// Where the running patrol writes down how its plan stands.
    pub fn plan_file(&self) -> PathBuf {
        self.data.join("plan.json")
    }
}

/// Budgets of the patrol.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patrol {
    /// Looks that run at the same time.
    pub look_workers: usize,
    /// Streams that are open at the same time.
    pub open_sessions_max: usize,
    /// Inference threads; one a core is best on a CPU.
    pub infer_threads: usize,
    /// Cores that decoding may use in the long run; patrol looks wait when it is spent.
    pub decode_cores_max: f64,
    /// How long a look may take, opening the stream included.
    pub look_timeout: Duration,
}

/// When files of evidence are removed, in days. Legal hold overrules; rows and manifests' hashes stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// After the latest sighting, of incidents that nobody reviewed.
    pub waiting_days: u32,
    /// After the verdict, of incidents that were rejected or duplicates.
    pub rejected_days: u32,
    /// After the case was closed at the platform.
    pub after_case_closed_days: u32,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// One JSON object a line.
    pub json: bool,
    /// A `tracing` filter: `info`, `xunjie=debug,warn`.
    pub level: String,
}

/// Changes to one matter for this deployment; what is `None` stays as the pipeline says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MatterOverride {
    /// `dwell.time_s`.
    pub dwell_s: Option<u64>,
    /// `dwell.sightings_min`.
    pub sightings_min: Option<u32>,
    /// `look.revisit_s`.
    pub revisit_s: Option<u64>,
    /// `look.frames`.
    pub frames: Option<u32>,
    /// `clearing.looks`.
    pub clear_looks: Option<u32>,
    /// `clearing.over_s`.
    pub clear_over_s: Option<u64>,
    /// `recurrence.reopen_within_s`.
    pub reopen_within_s: Option<u64>,
    /// `matching.gap_max_s`.
    pub gap_max_s: Option<u64>,
}

impl MatterOverride {
    /// Changes the matter. Its hash then covers the changes too, because evidence names thresholds by it.
    pub(super) fn apply(&self, matter: &mut Matter) {
        if *self == Self::default() {
            return;
        }
        let Self { dwell_s, sightings_min, revisit_s, frames, clear_looks, clear_over_s, reopen_within_s, gap_max_s } =
            *self;
        let set = |target: &mut Duration, seconds: Option<u64>| {
            if let Some(seconds) = seconds {
                *target = Duration::from_secs(seconds);
            }
        };
        set(&mut matter.dwell.time, dwell_s);
        set(&mut matter.revisit, revisit_s);
        set(&mut matter.clearing.over, clear_over_s);
        set(&mut matter.reopen_within, reopen_within_s);
        set(&mut matter.matching.gap_max, gap_max_s);
        matter.dwell.sightings_min = sightings_min.unwrap_or(matter.dwell.sightings_min);
        matter.clearing.looks = clear_looks.unwrap_or(matter.clearing.looks);
        matter.frames = frames.unwrap_or(matter.frames);
        let numbers = [
            dwell_s,
            sightings_min.map(u64::from),
            revisit_s,
            frames.map(u64::from),
            clear_looks.map(u64::from),
            clear_over_s,
            reopen_within_s,
            gap_max_s,
        ];
        matter.sha256 = super::sha256_of(format!("{} {numbers:?}", matter.sha256).as_bytes());
    }

    fn check(&self, at: &str, check: &mut Checker<'_>) {
        let mut within = |key: &str, value: Option<u64>, range: std::ops::RangeInclusive<u64>, unit: &str| {
            if let Some(value) = value {
                check.number(&format!("{at}.{key}"), Some(value), range, unit);
            }
        };
        within("dwell_s", self.dwell_s, 1..=TIME_S_MAX, "seconds");
        within("sightings_min", self.sightings_min.map(u64::from), 1..=10_000, "looks");
        within("revisit_s", self.revisit_s, 1..=86_400, "seconds");
        within("frames", self.frames.map(u64::from), 1..=100, "frames");
        within("clear_looks", self.clear_looks.map(u64::from), 1..=1000, "looks");
        within("clear_over_s", self.clear_over_s, 1..=TIME_S_MAX, "seconds");
        within("reopen_within_s", self.reopen_within_s, 0..=TIME_S_MAX, "seconds");
        within("gap_max_s", self.gap_max_s, 1..=TIME_S_MAX, "seconds");
    }
}

/// `xunjie.toml` as written. Every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSettings {
    /// `host:port`, default `127.0.0.1:8686`.
    listen: Option<String>,
    /// Certificate and key.
    tls: Option<RawTls>,
    /// Folders, relative to the root.
    folders: RawFolders,
    /// Budgets.
    patrol: RawPatrol,
    /// Patience with cameras.
    cameras: RawCameras,
    /// The reviewers' desk.
    desk: RawDesk,
    /// Requests of one caller.
    limits: RawLimits,
    /// The platform; without this table deliveries wait.
    platform: Option<RawPlatform>,
    /// The identity provider.
    oidc: Option<RawOidc>,
    /// Days.
    retention: RawRetention,
    /// Networks of cameras.
    networks: RawNetworks,
    /// Logs.
    log: RawLog,
    /// Changes to matters, by key.
    matters: BTreeMap<String, MatterOverride>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawFolders {
    /// Default `data`.
    data: Option<PathBuf>,
    /// Default `models`.
    models: Option<PathBuf>,
    /// Default `pipelines`.
    pipelines: Option<PathBuf>,
    /// Default `city/example`.
    city: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawPatrol {
    /// Default 32.
    look_workers: Option<usize>,
    /// Default 64.
    open_sessions_max: Option<usize>,
    /// Default 0: one a core.
    infer_threads: Option<usize>,
    /// Default 0: all cores.
    decode_cores_max: Option<f64>,
    /// Default 20.
    look_timeout_s: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawRetention {
    /// Default 30.
    waiting_days: Option<u32>,
    /// Default 7.
    rejected_days: Option<u32>,
    /// Default 180.
    after_case_closed_days: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawNetworks {
    /// Blocks of addresses; default: the private ranges and loopback.
    cameras: Option<Vec<String>>,
    /// The same of the identity provider.
    identity: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLog {
    /// Default false.
    json: Option<bool>,
    /// Default `info`.
    level: Option<String>,
}

/// Checks the settings. `text` is `None` where there is no file. What is wrong is noted and stands at its default.
pub(super) fn check(root: &Path, file: &str, text: Option<&str>, faults: &mut Vec<Fault>) -> Settings {
    let mut check = Checker::new(file, faults);
    let raw: RawSettings = text.map(|text| check.toml(text)).unwrap_or_default();
    let listen = raw.listen.unwrap_or_else(|| "127.0.0.1:8686".to_owned());
    let listen = check
        .parsed("listen", &listen, "an address and a port, like 127.0.0.1:8686", str::parse)
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8686)));
    let folder = |given: Option<PathBuf>, default: &str| root.join(given.unwrap_or_else(|| default.into()));
    let folders = Folders {
        data: folder(raw.folders.data, "data"),
        models: folder(raw.folders.models, "models"),
        pipelines: folder(raw.folders.pipelines, "pipelines"),
        city: folder(raw.folders.city, "city/example"),
    };
    Settings {
        listen,
        tls: raw.tls.and_then(|raw| tls::check(root, raw, &mut check)),
        folders,
        patrol: patrol(&raw.patrol, &mut check),
        cameras: cameras::check(&raw.cameras, &mut check),
        desk: desk::check(&raw.desk, &mut check),
        limits: limits::check(&raw.limits, &mut check),
        platform: raw.platform.and_then(|raw| platform::check(root, raw, &mut check)),
        oidc: raw.oidc.and_then(|raw| oidc::check(root, raw, &mut check)),
        retention: retention(&raw.retention, &mut check),
        networks: networks("cameras", raw.networks.cameras, &mut check),
        identity_networks: networks("identity", raw.networks.identity, &mut check),
        log: Log { json: raw.log.json.unwrap_or(false), level: raw.log.level.unwrap_or_else(|| "info".to_owned()) },
        matters: overrides(&raw.matters, &mut check),
    }
}

fn patrol(raw: &RawPatrol, check: &mut Checker<'_>) -> Patrol {
    let infer_threads = check.number("patrol.infer_threads", raw.infer_threads.or(Some(0)), 0..=256, "threads");
    let decode_cores =
        check.number("patrol.decode_cores_max", raw.decode_cores_max.or(Some(0.0)), 0.0..=256.0, "cores");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seconds = check.number("patrol.look_timeout_s", raw.look_timeout_s.or(Some(20)), 1..=600, "seconds");
    Patrol {
        look_workers: check.number("patrol.look_workers", raw.look_workers.or(Some(32)), 1..=256, "looks"),
        open_sessions_max: check.number(
            "patrol.open_sessions_max",
            raw.open_sessions_max.or(Some(64)),
            1..=10_000,
            "streams",
        ),
        infer_threads: if infer_threads == 0 { cores } else { infer_threads },
        decode_cores_max: if decode_cores > 0.0 { decode_cores } else { cores as f64 },
        look_timeout: Duration::from_secs(seconds),
    }
}

fn retention(raw: &RawRetention, check: &mut Checker<'_>) -> Retention {
    let mut days = |key: &str, value: Option<u32>, default: u32| {
        check.number(&format!("retention.{key}"), value.or(Some(default)), 1..=36_500, "days")
    };
    Retention {
        waiting_days: days("waiting_days", raw.waiting_days, 30),
        rejected_days: days("rejected_days", raw.rejected_days, 7),
        after_case_closed_days: days("after_case_closed_days", raw.after_case_closed_days, 180),
    }
}

fn networks(of: &str, raw: Option<Vec<String>>, check: &mut Checker<'_>) -> Networks {
    let Some(blocks) = raw else { return Networks::default() };
    let want = "blocks of addresses like 10.0.0.0/8, with no bit set behind the prefix";
    let block =
        |(i, text): (usize, &String)| check.parsed(&format!("networks.{of}[{i}]"), text, want, str::parse::<Cidr>);
    Networks(blocks.iter().enumerate().filter_map(block).collect())
}

fn overrides(raw: &BTreeMap<String, MatterOverride>, check: &mut Checker<'_>) -> BTreeMap<MatterKey, MatterOverride> {
    let mut checked = BTreeMap::new();
    for (key, change) in raw {
        let at = format!("matters.{key}");
        change.check(&at, check);
        if let Some(key) = check.parsed(&at, key, "a matter's key", str::parse::<MatterKey>) {
            checked.insert(key, *change);
        }
    }
    checked
}
