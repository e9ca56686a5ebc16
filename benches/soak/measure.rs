//! What a long run is measured by: memory, handles and threads over time, how late looks began, what was lost and why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    time::Duration,
};

use super::{
    city::{CAMERAS, City},
    trouble::Trouble,
};

/// Share of the run that counts as warming up.
const WARM_UP: f64 = 0.25;
/// The time after it is cut into so many blocks; their means are what a line is laid through, because neighbouring
/// samples are not independent.
const BLOCKS: usize = 10;
/// How many standard errors a slope may lie above none. One line through ten blocks leaves eight degrees of freedom, and
/// four series are looked at: by Student's distribution a run without any slope fails by chance in 1 of 20 at this many
/// (each series in 1 of 80). At two it was 1 of 8.
const STANDARD_ERRORS: f64 = 2.75;

/// One sample of the process.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    rss_mb: f64,
    /// The part of it that no file stands behind.
    own_mb: f64,
    handles: f64,
    threads: f64,
}

/// What is followed over time.
type Kind = (&'static str, fn(&Sample) -> f64);

/// All that was seen.
#[derive(Default)]
pub struct Record {
    samples: Vec<Sample>,
    looks_known: BTreeSet<String>,
    healthy_late_s: Vec<f64>,
    others_late_s: Vec<f64>,
    metrics: BTreeMap<String, f64>,
}

/// A slope with its uncertainty.
struct Slope {
    an_hour: f64,
    error: f64,
}

impl Slope {
    /// Whether it cannot be told from none: within its uncertainty, or below half a per cent of `mean` an hour.
    fn is_level(&self, mean: f64) -> bool {
        self.an_hour <= self.uncertain() || self.an_hour <= 0.005 * mean
    }

    fn uncertain(&self) -> f64 {
        STANDARD_ERRORS * self.error
    }
}

impl Record {
    /// Looks at the process and at what the service tells of itself.
    pub fn sample(&mut self, city: &City, at: Duration) {
        let pid = city.pid();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |name: &str| -> f64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0.0)
        };
        let handles = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count) as f64;
        let [rss_mb, own_mb] = ["VmRSS:", "RssAnon:"].map(|name| field(name) / 1024.0);
        self.samples.push(Sample { at, rss_mb, own_mb, handles, threads: field("Threads:") });
        self.read_looks(city);
        self.read_metrics(city);
    }

    fn read_looks(&mut self, city: &City) {
        let views = city.ask("/api/v1/views").unwrap_or_default();
        for view in views["items"].as_array().into_iter().flatten() {
            let Some(id) = view["view"]["id"].as_str() else { continue };
            let healthy = view["stream_code"] == city.eyes[0].code.as_str();
            let looks = city.ask(&format!("/api/v1/views/{id}/looks?limit=30")).unwrap_or_default();
            for look in looks["items"].as_array().into_iter().flatten() {
                let time = |name: &str| chrono::DateTime::parse_from_rfc3339(look[name].as_str()?).ok();
                let (Some(look_id), Some(due), Some(began)) = (look["id"].as_str(), time("due"), time("started"))
                else {
                    continue;
                };
                if look["purpose"] == "patrol" && self.looks_known.insert(look_id.to_owned()) {
                    let late_s = (began - due).num_milliseconds().max(0) as f64 / 1000.0;
                    if healthy { self.healthy_late_s.push(late_s) } else { self.others_late_s.push(late_s) }
                }
            }
        }
    }

    fn read_metrics(&mut self, city: &City) {
        let text = city.text("/metrics").unwrap_or_default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.contains("_bucket")) {
            if let Some((name, value)) = line.rsplit_once(' ')
                && let Ok(value) = value.parse()
            {
                self.metrics.insert(name.to_owned(), value);
            }
        }
    }

    /// The latest sample in words.
    pub fn line(&self) -> String {
        let Some(last) = self.samples.last() else { return "nothing sampled yet".to_owned() };
        format!(
            "{:>6.1} min: RSS {:.1} MB, {} handles, {} threads, {} looks, {} incidents opened, {} sessions lost",
            last.at.as_secs_f64() / 60.0,
            last.rss_mb,
            last.handles,
            last.threads,
            self.sum("xunjie_looks_total"),
            self.metrics.get("xunjie_incident_changes_total{change=\"opened\"}").copied().unwrap_or(0.0),
            self.sum("xunjie_sessions_lost_total"),
        )
    }

    /// Whether memory, handles and threads stay level.
    pub fn is_level(&self) -> bool {
        let warm = self.warm();
        self.kinds().iter().all(|&(_, pick)| slope(&warm, pick).is_none_or(|slope| slope.is_level(mean(&warm, pick))))
    }

    /// The tables of the end.
    pub fn table(&self, trouble: &Trouble, length: Duration) -> String {
        let mut out = String::new();
        let warm = self.warm();
        let _ = writeln!(out, "\n| after warming up | mean | slope an hour | uncertain by |\n|---|---|---|---|");
        for (name, pick) in self.kinds() {
            let mean = mean(&warm, pick);
            match slope(&warm, pick) {
                Some(slope) => {
                    let _ = writeln!(out, "| {name} | {mean:.1} | {:+.2} | {:.2} |", slope.an_hour, slope.uncertain());
                }
                None => {
                    let _ = writeln!(out, "| {name} | {mean:.1} | too few samples | |");
                }
            }
        }
        let _ = writeln!(
            out,
            "\n| lateness of patrol looks, s | looks | p50 | p95 | p99 | worst |\n|---|---|---|---|---|---|"
        );
        for (name, all) in [("the healthy neighbour", &self.healthy_late_s), ("the others", &self.others_late_s)] {
            let _ = writeln!(
                out,
                "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
                all.len(),
                quantile(all, 0.5),
                quantile(all, 0.95),
                quantile(all, 0.99),
                quantile(all, 1.0)
            );
        }
        let _ = writeln!(out, "\n| fault | made |\n|---|---|");
        for (name, made) in &trouble.made {
            let _ = writeln!(out, "| {name} | {made} |");
        }
        let _ = writeln!(
            out,
            "\n| what the service counted in {:.0} min, {CAMERAS} cameras | |\n|---|---|",
            length.as_secs_f64() / 60.0
        );
        const TOLD: [&str; 14] = [
            "xunjie_looks_total",
            "xunjie_looks_skipped_total",
            "xunjie_visits_skipped_total",
            "xunjie_packets_total",
            "xunjie_sessions_opened_total",
            "xunjie_sessions_lost_total",
            "xunjie_sessions_evicted_total",
            "xunjie_kept_frames_lost_total",
            "xunjie_pictures_refused_total",
            "xunjie_record_retries_total",
            "xunjie_incident_changes_total",
            "xunjie_deliveries_total",
            "xunjie_callbacks_total",
            "xunjie_verdicts_total",
        ];
        for (name, value) in &self.metrics {
            if TOLD.iter().any(|told| name.starts_with(told)) {
                let _ = writeln!(out, "| `{name}` | {value} |");
            }
        }
        out
    }

    fn kinds(&self) -> [Kind; 4] {
        [
            ("RSS, MB", |s| s.rss_mb),
            ("of it not of files, MB", |s| s.own_mb),
            ("handles", |s| s.handles),
            ("threads", |s| s.threads),
        ]
    }

    fn warm(&self) -> Vec<Sample> {
        let end = self.samples.last().map_or(Duration::ZERO, |last| last.at);
        self.samples.iter().filter(|sample| sample.at >= end.mul_f64(WARM_UP)).copied().collect()
    }

    fn sum(&self, name: &str) -> f64 {
        self.metrics.iter().filter(|(key, _)| key.split('{').next() == Some(name)).map(|(_, value)| value).sum::<f64>()
            + 0.0
    }
}

fn mean(samples: &[Sample], pick: fn(&Sample) -> f64) -> f64 {
    samples.iter().map(pick).sum::<f64>() / samples.len().max(1) as f64
}

/// Least squares through the means of the blocks.
fn slope(samples: &[Sample], pick: fn(&Sample) -> f64) -> Option<Slope> {
    if samples.len() < BLOCKS * 2 {
        return None;
    }
    let points: Vec<(f64, f64)> = (0..BLOCKS)
        .map(|block| {
            let part = &samples[samples.len() * block / BLOCKS..samples.len() * (block + 1) / BLOCKS];
            (mean(part, |s| s.at.as_secs_f64() / 3600.0), mean(part, pick))
        })
        .collect();
    let n = points.len() as f64;
    let (mean_x, mean_y) = (points.iter().map(|p| p.0).sum::<f64>() / n, points.iter().map(|p| p.1).sum::<f64>() / n);
    let spread: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let an_hour = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum::<f64>() / spread;
    let rest: f64 = points.iter().map(|p| (p.1 - mean_y - an_hour * (p.0 - mean_x)).powi(2)).sum();
    Some(Slope { an_hour, error: (rest / (n - 2.0) / spread).sqrt() })
}

fn quantile(all: &[f64], share: f64) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}
