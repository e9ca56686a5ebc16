//! Every metric of the house in one list. A metric that is not here must not exist; a test compares the two.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// What a metric measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only goes up.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution, with buckets.
    Histogram,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name, unit last.
    pub name: &'static str,
    /// Kind.
    pub kind: MetricKind,
    /// Unit.
    pub unit: Unit,
    /// What it tells, with its labels.
    pub help: &'static str,
    /// Upper bounds of a histogram's buckets; empty for the other kinds.
    pub buckets: &'static [f64],
}

/// From a millisecond to a minute.
const SECONDS: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Around the second within which a change must be stored.
const CHANGE: &[f64] = &[0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 10.0];
/// From on time to hours behind.
const LATENESS: &[f64] = &[0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0];

const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Counter, unit: Unit::Count, help, buckets: &[] }
}
const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric { name, kind: MetricKind::Gauge, unit: Unit::Count, help, buckets: &[] }
}
const fn seconds(name: &'static str, help: &'static str, buckets: &'static [f64]) -> Metric {
    Metric { name, kind: MetricKind::Histogram, unit: Unit::Seconds, help, buckets }
}

/// The list.
pub const METRICS: &[Metric] = &[
    counter("xunjie_looks_total", "looks that ended, by purpose and state of the view"),
    seconds("xunjie_look_seconds", "how long a look took, by purpose", SECONDS),
    seconds("xunjie_look_lateness_seconds", "how late a look began, by purpose", LATENESS),
    counter("xunjie_looks_skipped_total", "looks that were given up before they began, by reason"),
    counter("xunjie_frames_judged_total", "frames that were judged"),
    counter("xunjie_packets_total", "encoded packets of cameras, by fate: decoded, skipped, evicted, damaged"),
    counter("xunjie_kept_frames_lost_total", "frames of candidates that could not be kept"),
    counter("xunjie_pictures_refused_total", "pictures that inference refused because too many waited, by model"),
    counter(
        "xunjie_sessions_opened_total",
        "connections to sources that were opened, by whether they had failed before",
    ),
    seconds("xunjie_session_open_seconds", "how long it took to open a source", SECONDS),
    counter("xunjie_sessions_lost_total", "connections to sources that broke or could not be opened"),
    counter("xunjie_sessions_evicted_total", "idle connections that were closed to make room"),
    gauge("xunjie_sessions_open", "connections to sources that are open now"),
    seconds("xunjie_inference_seconds", "how long a model took for one picture, by model", SECONDS),
    counter("xunjie_verifications_total", "places that a verifier was asked about, by model and ruling"),
    seconds("xunjie_verification_seconds", "how long it took to ask a verifier about a place, by model", SECONDS),
    counter("xunjie_looks_verified_total", "looks in which a verifier was asked about a place or more"),
    counter("xunjie_scans_total", "scans of whole views that were due, by model and fate: done, late, failed"),
    counter(
        "xunjie_shadow_frames_total",
        "frames that were due to be shown to a new model, by model and fate: judged, late, crowded, failed",
    ),
    seconds("xunjie_shadow_seconds", "how long a new model took for a frame at the lowest priority, by model", SECONDS),
    counter("xunjie_incident_changes_total", "changes of incidents, by change"),
    counter("xunjie_evidence_written_total", "bundles of evidence that were written"),
    Metric {
        name: "xunjie_evidence_written_bytes_total",
        kind: MetricKind::Counter,
        unit: Unit::Bytes,
        help: "bytes of evidence that were written",
        buckets: &[],
    },
    seconds("xunjie_evidence_seconds", "how long it took to write a bundle of evidence", SECONDS),
    counter("xunjie_evidence_purged_total", "bundles whose files were removed, by direction"),
    seconds("xunjie_record_seconds", "how long the transaction of a look took", SECONDS),
    counter("xunjie_record_retries_total", "transactions of looks that failed and are tried again"),
    counter("xunjie_verdicts_total", "verdicts of reviewers, by verdict"),
    counter("xunjie_verdicts_refused_total", "verdicts on incidents that were decided before"),
    counter("xunjie_verdicts_undone_total", "verdicts that their reviewer took back"),
    counter("xunjie_callbacks_total", "callbacks of the platform, by stage and whether the case moved"),
    counter("xunjie_deliveries_total", "tries to tell the platform, by sink and outcome"),
    seconds("xunjie_delivery_seconds", "how long a try to tell the platform took, by sink", SECONDS),
    gauge("xunjie_platform_paused", "1 while the platform takes nothing from us, else 0"),
    counter("xunjie_connections_refused_total", "connections that were refused because too many were open"),
    counter(
        "xunjie_requests_limited_total",
        "requests that were refused because their caller sent too many, by budget",
    ),
    counter("xunjie_requests_total", "HTTP requests, by method, route and status"),
    seconds("xunjie_request_seconds", "how long an HTTP request took, by route", SECONDS),
    counter("xunjie_follower_changes_missed_total", "changes that a slow follower was not told"),
    gauge("xunjie_looks_waiting", "looks that are due and have not begun"),
    gauge("xunjie_deliveries_waiting", "deliveries that the platform does not have yet"),
    gauge("xunjie_views_planned", "views that are looked at"),
    Metric {
        name: "xunjie_plan_stretch_ratio",
        kind: MetricKind::Gauge,
        unit: Unit::Count,
        help: "how far revisit targets are stretched because looks begin late, 1 when not at all",
        buckets: &[],
    },
    gauge("xunjie_plan_thinned", "1 while continuous looks are held to key frames because the budget is short"),
    gauge("xunjie_plan_lateness_seconds", "how late the most late of the waiting patrol looks is now"),
    gauge("xunjie_views_refused", "views for which a hard limit leaves no room, by limit"),
    counter("xunjie_watch_parts_thinned_total", "parts of continuous looks that were held to key frames"),
    counter("xunjie_visits_skipped_total", "visits left out because the next one was due already"),
    seconds(
        "xunjie_change_seconds",
        "from a frame's arrival to the stored change of an incident that it shows",
        CHANGE,
    ),
    gauge("xunjie_views", "views by the state that their latest look found"),
];

/// Tells the recorder what each metric means.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, metric.unit, metric.help),
            MetricKind::Gauge => describe_gauge!(metric.name, metric.unit, metric.help),
            MetricKind::Histogram => describe_histogram!(metric.name, metric.unit, metric.help),
        }
    }
}
