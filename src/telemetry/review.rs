//! Signals of the reviewers' desk as metrics and log lines.

use metrics::counter;
use tracing::info;

use super::{label::verdict_label, signal::Signal};

pub(super) fn emit_review(signal: Signal<'_>) {
    match signal {
        Signal::VerdictGiven { incident, verdict, by } => {
            counter!("xunjie_verdicts_total", "verdict" => verdict_label(verdict)).increment(1);
            info!(%incident, verdict = verdict_label(verdict), by, "verdict given");
        }
        Signal::VerdictRefused { incident, by } => {
            counter!("xunjie_verdicts_refused_total").increment(1);
            info!(%incident, by, "verdict refused, somebody decided before");
        }
        Signal::VerdictUndone { incident, by } => {
            counter!("xunjie_verdicts_undone_total").increment(1);
            info!(%incident, by, "verdict undone");
        }
        _ => unreachable!("emit sends verdicts alone here"),
    }
}
