//! Signals of the door: connections, requests and followers as metrics and log lines.

use metrics::{counter, histogram};
use tracing::{debug, error, warn};

use super::signal::{Signal, millis};

/// What a caller may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Requests of a session or a token.
    Calls,
    /// Pictures, clips and the desk's own files.
    Files,
    /// What costs the service much.
    Heavy,
    /// Requests of an address that prove nobody.
    Strangers,
}

impl Budget {
    /// The word for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Files => "files",
            Self::Heavy => "heavy",
            Self::Strangers => "strangers",
        }
    }
}

pub(super) fn emit_door(signal: Signal<'_>) {
    match signal {
        Signal::ConnectionRefused { open } => {
            counter!("xunjie_connections_refused_total").increment(1);
            warn!(open, "a connection was refused, too many are open");
        }
        Signal::RequestLimited { budget } => {
            counter!("xunjie_requests_limited_total", "budget" => budget.label()).increment(1);
            debug!(budget = budget.label(), "a request was refused, its caller sent too many");
        }
        Signal::RequestServed { method, route, status, took } => {
            counter!("xunjie_requests_total", "method" => method, "route" => route.to_owned(), "status" => status.to_string())
                .increment(1);
            histogram!("xunjie_request_seconds", "route" => route.to_owned()).record(took);
            match status {
                500.. => error!(method, route, status, took_ms = millis(took), "request failed"),
                _ => debug!(method, route, status, took_ms = millis(took), "request served"),
            }
        }
        Signal::FollowerLagged { missed } => {
            counter!("xunjie_follower_changes_missed_total").increment(missed);
            warn!(missed, "a follower was too slow and was told to reload");
        }
        _ => unreachable!("emit sends what the door tells alone here"),
    }
}
