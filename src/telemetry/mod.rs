//! L1: how the house tells what it does. Rooms emit a typed [`Signal`]; here, and only here, a signal becomes metrics
//! and one log line. A signal never carries a credential, a picture or an address with a credential inside.

mod door;
mod label;
mod metric;
mod review;
mod second_look;
mod signal;

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub use door::Budget;
pub use label::state_label;
pub use metric::{METRICS, Metric, MetricKind, describe};
pub use second_look::{Scanned, Second, SecondLook, Shade};
pub use signal::{Change, Direction, Outcome, PacketFate, Signal, SkipReason, emit};

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter does not parse.
    #[error("log level {level:?} cannot be read: {why}; write error, warn, info, debug, or xunjie::patrol=debug")]
    Level {
        /// What was given.
        level: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something else in the process logs already.
    #[error("logging was started twice in one process")]
    Twice,
}

/// Starts logging to standard error, as text or as one JSON object a line, and the metrics recorder.
///
/// `level` is a filter such as `info` or `info,xunjie::patrol=debug`. ONNX Runtime is held at `warn` unless the
/// filter names it, because it logs every allocation.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(json: bool, level: &str) -> Result<(), TelemetryError> {
    let directives = if level.contains("ort=") { level.to_owned() } else { format!("{level},ort=warn") };
    let filter = EnvFilter::try_new(&directives)
        .map_err(|e| TelemetryError::Level { level: level.to_owned(), why: e.to_string() })?;
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(true);
    let begun = if json {
        registry.with(lines.json().flatten_event(true).with_current_span(true)).try_init()
    } else {
        registry.with(lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))).try_init()
    };
    begun.map_err(|_| TelemetryError::Twice)?;
    start_metrics();
    Ok(())
}

/// Starts counting. What is counted before goes unheard; further calls do nothing.
pub fn start_metrics() {
    recorder();
}

/// All metrics in Prometheus' text format, for `/metrics`.
pub fn metrics_text() -> String {
    let recorder = recorder();
    recorder.run_upkeep();
    recorder.render()
}

/// The process's recorder; installed at first use. Where another library owns the process's recorder, ours stays empty.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            describe();
        }
        handle
    })
}

fn builder() -> PrometheusBuilder {
    METRICS.iter().filter(|m| !m.buckets.is_empty()).fold(PrometheusBuilder::new(), |builder, metric| {
        builder
            .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), metric.buckets)
            .expect("the list holds no metric with an empty bucket list here")
    })
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use super::*;
    use crate::domain::*;

    fn one_of_each(incident: IncidentId, delivery: DeliveryId, plan: &PlanStatus) -> Vec<Signal<'_>> {
        let (stream, view) = (StreamId::derived(&[b"s"]), ViewId::derived(&[b"v"]));
        let took = Duration::from_millis(120);
        vec![
            Signal::LookFinished {
                look: LookId::derived(&[b"l"]),
                view,
                purpose: &Purpose::Patrol,
                state: ViewState::Dark,
                reason: Some("too dark"),
                lateness: took,
                took,
                frames: 3,
            },
            Signal::LookSkipped { view, reason: SkipReason::Overload },
            Signal::Packets { fate: PacketFate::Decoded, count: 2 },
            Signal::KeptFrameLost { view, why: "disk full" },
            Signal::Second(SecondLook::Verified { model: "m", second: Second::Refused(RefusedWhy::NotNew), took }),
            Signal::Second(SecondLook::LookVerified),
            Signal::Second(SecondLook::Scanned { model: "m", scanned: Scanned::Late }),
            Signal::Second(SecondLook::Shadowed { model: "m", shade: Shade::Judged { took } }),
            Signal::PictureRefused { model: "m" },
            Signal::SessionOpened { stream, took, again: false },
            Signal::SessionEvicted,
            Signal::SessionsOpen { open: 3 },
            Signal::Planned(plan),
            Signal::PartThinned { view },
            Signal::ChangeStored { took },
            Signal::SessionLost { stream, why: "it went away", retry_in: took },
            Signal::Inferred { model: "m", took },
            Signal::IncidentChanged { incident, change: Change::Opened },
            Signal::EvidenceWritten { incident, files: 6, size_bytes: 1000, took },
            Signal::Recorded { took },
            Signal::RecordRetried { why: "disk full" },
            Signal::VerdictGiven { incident, verdict: &Verdict::Confirmed, by: "张三" },
            Signal::VerdictRefused { incident, by: "李四" },
            Signal::VerdictUndone { incident, by: "张三" },
            Signal::CallbackHeard { case: CaseId::derived(&[b"c"]), stage: Stage::Handled, moved: true },
            Signal::DeliveryTried { delivery, sink: "http", outcome: Outcome::Later, took, why: "503" },
            Signal::PlatformPaused { why: "401" },
            Signal::PlatformResumed { after: took },
            Signal::ConnectionRefused { open: 512 },
            Signal::RequestLimited { budget: Budget::Calls },
            Signal::RequestServed { method: "GET", route: "/", status: 200, took },
            Signal::FollowerLagged { missed: 4 },
            Signal::Waiting { looks: 1, deliveries: 2 },
            Signal::Coverage { state: ViewState::Lost, views: 2 },
            Signal::RetentionPurged { bundles: 1, direction: Direction::Expired },
        ]
    }

    #[test]
    fn every_signal_moves_only_metrics_of_the_list_and_each_of_the_list_moves() {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            let plan = PlanStatus {
                at: WallTime::from_millis(0),
                views: 4,
                waiting: 1,
                late_max_ms: 1500,
                late_view: None,
                stretch: 1.5,
                thinned: true,
                skipped: 1,
                watched: 0,
                refused: Vec::new(),
                unable: Vec::new(),
            };
            for signal in one_of_each(IncidentId::derived(&[b"i"]), DeliveryId::derived(&[b"d"]), &plan) {
                emit(signal);
            }
        });
        let text = handle.render();
        let named: BTreeSet<&str> = METRICS.iter().map(|m| m.name).collect();
        let told: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(told, named, "{text}");
        assert!(text.contains("xunjie_packets_total{fate=\"decoded\"} 2"), "{text}");
        assert!(text.contains("xunjie_look_seconds_bucket"), "{text}");
    }
}
