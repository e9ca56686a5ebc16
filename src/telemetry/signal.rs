//! The signals. One match turns each into metrics and a log line whose fields can be searched; labels of metrics
//! are words of a fixed set, ids appear in logs alone.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use tracing::{debug, error, info, warn};

use super::{
    door::{Budget, emit_door},
    label::{
        change_label, direction_label, fate_label, limit_label, outcome_label, purpose_label, skip_label, stage_label,
        state_label,
    },
    review,
    second_look::{SecondLook, emit_second_look},
};
use crate::domain::{
    CaseId, DeliveryId, HardLimit, IncidentChange, IncidentId, LookId, PlanStatus, Purpose, Stage, StreamId, Verdict,
    ViewId, ViewState,
};

/// Why a look was given up before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipReason {
    /// More was due than the budget allows.
    Overload,
    /// The next look of the view was due as well.
    Superseded,
    /// The source is in its back-off.
    BackOff,
    /// The stream was disabled or removed meanwhile.
    Unregistered,
    /// The service is stopping.
    Stopping,
}

/// What became of an encoded packet of a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketFate {
    /// It was decoded.
    Decoded,
    /// The decoder lagged and skipped it to a newer key frame.
    Skipped,
    /// It left the ring unread; the normal end of most packets.
    Evicted,
    /// A part of it was lost on the way or it was too large, so it was left out.
    Damaged,
}

/// What happened to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It opened.
    Opened,
    /// It is still there.
    Extended,
    /// It closed.
    Closed,
    /// 反复: it came back.
    Reopened,
}

impl From<&IncidentChange> for Change {
    fn from(change: &IncidentChange) -> Self {
        match change {
            IncidentChange::Opened { .. } => Self::Opened,
            IncidentChange::Extended { .. } => Self::Extended,
            IncidentChange::Closed { .. } => Self::Closed,
            IncidentChange::Reopened { .. } => Self::Reopened,
        }
    }
}

/// How a try to tell the platform ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The platform has it.
    Delivered,
    /// It had it already.
    Repeated,
    /// To be tried again.
    Later,
    /// 死信: given up.
    Dead,
    /// Not sent: its verdict was undone before it began.
    Withdrawn,
}

/// Why files of a bundle were removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Retention: the row stays.
    Expired,
    /// A folder without a row.
    Orphan,
}

/// What happened. Emitted once, where it happened.
#[derive(Clone, Copy, Debug)]
pub enum Signal<'a> {
    /// A look ended.
    LookFinished {
        /// Which.
        look: LookId,
        /// Of which view.
        view: ViewId,
        /// Why it was made.
        purpose: &'a Purpose,
        /// How the view stood.
        state: ViewState,
        /// In words, when the view was not the same.
        reason: Option<&'a str>,
        /// How late it began.
        lateness: Duration,
        /// How long it took.
        took: Duration,
        /// Frames judged.
        frames: u32,
    },
    /// A look was given up before it began.
    LookSkipped {
        /// Of which view.
        view: ViewId,
        /// Why.
        reason: SkipReason,
    },
    /// Encoded packets met their fate.
    Packets {
        /// Which.
        fate: PacketFate,
        /// How many.
        count: u64,
    },
    /// A candidate's frame could not be kept; the evidence of its incident will lack it.
    KeptFrameLost {
        /// Of which view.
        view: ViewId,
        /// Why.
        why: &'a str,
    },
    /// A second model did something.
    Second(SecondLook<'a>),
    /// Inference refused the oldest waiting picture.
    PictureRefused {
        /// Which model.
        model: &'a str,
    },
    /// A source was opened.
    SessionOpened {
        /// Which.
        stream: StreamId,
        /// How long the source took to take it on.
        took: Duration,
        /// Whether it had failed before.
        again: bool,
    },
    /// The session that was idle longest was closed to make room.
    SessionEvicted,
    /// A source broke or could not be opened.
    SessionLost {
        /// Which.
        stream: StreamId,
        /// Why; never a credential.
        why: &'a str,
        /// The next try.
        retry_in: Duration,
    },
    /// A model judged a picture.
    Inferred {
        /// Which model.
        model: &'a str,
        /// How long it took.
        took: Duration,
    },
    /// A look changed an incident.
    IncidentChanged {
        /// Which.
        incident: IncidentId,
        /// How.
        change: Change,
    },
    /// A bundle was written.
    EvidenceWritten {
        /// Of which incident.
        incident: IncidentId,
        /// How many files.
        files: usize,
        /// Their bytes together.
        size_bytes: u64,
        /// How long it took.
        took: Duration,
    },
    /// Files of bundles were removed.
    RetentionPurged {
        /// How many.
        bundles: u64,
        /// Why.
        direction: Direction,
    },
    /// The transaction of a look was committed.
    Recorded {
        /// How long it took.
        took: Duration,
    },
    /// A change of an incident is stored.
    ChangeStored {
        /// How long after the frame that shows it had arrived.
        took: Duration,
    },
    /// The transaction of a look failed and will be tried again.
    RecordRetried {
        /// Why.
        why: &'a str,
    },
    /// A reviewer decided.
    VerdictGiven {
        /// About which incident.
        incident: IncidentId,
        /// What.
        verdict: &'a Verdict,
        /// Who.
        by: &'a str,
    },
    /// A reviewer took a verdict back.
    VerdictUndone {
        /// Which incident.
        incident: IncidentId,
        /// Whose it was.
        by: &'a str,
    },
    /// A reviewer came too late.
    VerdictRefused {
        /// About which incident.
        incident: IncidentId,
        /// Who.
        by: &'a str,
    },
    /// The platform told us about a case.
    CallbackHeard {
        /// Which case.
        case: CaseId,
        /// Where it stands now.
        stage: Stage,
        /// Whether it moved, or the callback was a repeat.
        moved: bool,
    },
    /// The platform was told, or a try was made.
    DeliveryTried {
        /// Which delivery.
        delivery: DeliveryId,
        /// Through which outlet.
        sink: &'a str,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
        /// What the platform said, when it was not delivered.
        why: &'a str,
    },
    /// The platform takes nothing from us any more; deliveries wait and one at a time is tried.
    PlatformPaused {
        /// Why; never a secret.
        why: &'a str,
    },
    /// The platform takes messages again.
    PlatformResumed {
        /// After how long.
        after: Duration,
    },
    /// A connection was refused because too many are open.
    ConnectionRefused {
        /// How many are open.
        open: usize,
    },
    /// A request was refused because its caller sent too many.
    RequestLimited {
        /// What was used up.
        budget: Budget,
    },
    /// An HTTP request was answered.
    RequestServed {
        /// Method.
        method: &'static str,
        /// The route's pattern, never the path.
        route: &'a str,
        /// Status code.
        status: u16,
        /// How long it took.
        took: Duration,
    },
    /// A slow follower of the changes missed some and was told to reload.
    FollowerLagged {
        /// How many it missed.
        missed: u64,
    },
    /// How much waits now.
    Waiting {
        /// Looks that are due.
        looks: usize,
        /// Deliveries that the platform does not have.
        deliveries: u64,
    },
    /// Sessions open now.
    SessionsOpen {
        /// How many.
        open: usize,
    },
    /// How the plan stands.
    Planned(&'a PlanStatus),
    /// A part of a continuous look was held to key frames, because the budget is short.
    PartThinned {
        /// Of which view.
        view: ViewId,
    },
    /// How many views stand so.
    Coverage {
        /// The state.
        state: ViewState,
        /// How many views.
        views: u64,
    },
}

/// Tells a signal.
pub fn emit(signal: Signal<'_>) {
    match signal {
        Signal::LookFinished { .. } | Signal::LookSkipped { .. } => emit_look(signal),
        Signal::Packets { fate, count } => {
            counter!("xunjie_packets_total", "fate" => fate_label(fate)).increment(count);
        }
        Signal::KeptFrameLost { view, why } => {
            counter!("xunjie_kept_frames_lost_total").increment(1);
            warn!(%view, why, "a candidate's frame was not kept");
        }
        Signal::Second(signal) => emit_second_look(signal),
        Signal::PictureRefused { model } => {
            counter!("xunjie_pictures_refused_total", "model" => model.to_owned()).increment(1);
            warn!(model, "inference is overloaded, the oldest waiting picture was refused");
        }
        Signal::SessionOpened { .. }
        | Signal::SessionEvicted
        | Signal::SessionLost { .. }
        | Signal::SessionsOpen { .. } => emit_session(signal),
        Signal::Inferred { model, took } => {
            histogram!("xunjie_inference_seconds", "model" => model.to_owned()).record(took);
        }
        Signal::IncidentChanged { incident, change } => {
            let change_word = change_label(change);
            counter!("xunjie_incident_changes_total", "change" => change_word).increment(1);
            match change {
                Change::Extended => debug!(%incident, change = change_word, "incident changed"),
                _ => info!(%incident, change = change_word, "incident changed"),
            }
        }
        Signal::EvidenceWritten { incident, files, size_bytes, took } => {
            counter!("xunjie_evidence_written_total").increment(1);
            counter!("xunjie_evidence_written_bytes_total").increment(size_bytes);
            histogram!("xunjie_evidence_seconds").record(took);
            info!(%incident, files, size_bytes, took_ms = millis(took), "evidence written");
        }
        Signal::RetentionPurged { bundles, direction } => {
            counter!("xunjie_evidence_purged_total", "direction" => direction_label(direction)).increment(bundles);
            info!(bundles, direction = direction_label(direction), "evidence removed");
        }
        Signal::Recorded { took } => histogram!("xunjie_record_seconds").record(took),
        Signal::ChangeStored { took } => histogram!("xunjie_change_seconds").record(took),
        Signal::RecordRetried { why } => {
            counter!("xunjie_record_retries_total").increment(1);
            error!(why, "a look could not be recorded, it will be tried again");
        }
        Signal::VerdictGiven { .. } | Signal::VerdictRefused { .. } | Signal::VerdictUndone { .. } => {
            review::emit_review(signal);
        }
        Signal::CallbackHeard { .. }
        | Signal::DeliveryTried { .. }
        | Signal::PlatformPaused { .. }
        | Signal::PlatformResumed { .. } => emit_platform(signal),
        Signal::ConnectionRefused { .. }
        | Signal::RequestLimited { .. }
        | Signal::RequestServed { .. }
        | Signal::FollowerLagged { .. } => emit_door(signal),
        Signal::Waiting { looks, deliveries } => {
            gauge!("xunjie_looks_waiting").set(looks as f64);
            gauge!("xunjie_deliveries_waiting").set(deliveries as f64);
        }
        Signal::Planned(plan) => emit_plan(plan),
        Signal::PartThinned { view } => {
            counter!("xunjie_watch_parts_thinned_total").increment(1);
            debug!(%view, "a continuous look was held to key frames");
        }
        Signal::Coverage { state, views } => gauge!("xunjie_views", "state" => state_label(state)).set(views as f64),
    }
}

fn emit_plan(plan: &PlanStatus) {
    gauge!("xunjie_views_planned").set(plan.views as f64);
    gauge!("xunjie_plan_stretch_ratio").set(plan.stretch);
    gauge!("xunjie_plan_thinned").set(f64::from(u8::from(plan.thinned)));
    gauge!("xunjie_plan_lateness_seconds").set(plan.late_max_ms as f64 / 1000.0);
    counter!("xunjie_visits_skipped_total").absolute(plan.skipped);
    for limit in [HardLimit::ContinuousMax, HardLimit::OpenSessionsMax] {
        let refused = plan.refused.iter().filter(|refused| refused.limit == limit).count();
        gauge!("xunjie_views_refused", "limit" => limit_label(limit)).set(refused as f64);
    }
}

fn emit_look(signal: Signal<'_>) {
    match signal {
        Signal::LookFinished { look, view, purpose, state, reason, lateness, took, frames } => {
            let (purpose, state_word) = (purpose_label(purpose), state_label(state));
            counter!("xunjie_looks_total", "purpose" => purpose, "state" => state_word).increment(1);
            histogram!("xunjie_look_seconds", "purpose" => purpose).record(took);
            histogram!("xunjie_look_lateness_seconds", "purpose" => purpose).record(lateness);
            counter!("xunjie_frames_judged_total").increment(u64::from(frames));
            let (took_ms, late_ms) = (millis(took), millis(lateness));
            match reason.filter(|_| !state.judges()) {
                Some(reason) => {
                    warn!(%look, %view, purpose, state = state_word, reason, frames, took_ms, late_ms, "look finished without judging");
                }
                None => debug!(%look, %view, purpose, state = state_word, frames, took_ms, late_ms, "look finished"),
            }
        }
        Signal::LookSkipped { view, reason } => {
            counter!("xunjie_looks_skipped_total", "reason" => skip_label(reason)).increment(1);
            debug!(%view, reason = skip_label(reason), "look skipped");
        }
        _ => unreachable!("emit sends looks alone here"),
    }
}

fn emit_platform(signal: Signal<'_>) {
    match signal {
        Signal::CallbackHeard { case, stage, moved } => {
            let (stage, moved_word) = (stage_label(stage), if moved { "true" } else { "false" });
            counter!("xunjie_callbacks_total", "stage" => stage, "moved" => moved_word).increment(1);
            info!(%case, stage, moved, "callback heard");
        }
        Signal::DeliveryTried { delivery, sink, outcome, took, why } => {
            let word = outcome_label(outcome);
            counter!("xunjie_deliveries_total", "sink" => sink.to_owned(), "outcome" => word).increment(1);
            histogram!("xunjie_delivery_seconds", "sink" => sink.to_owned()).record(took);
            let took_ms = millis(took);
            match outcome {
                Outcome::Delivered | Outcome::Repeated | Outcome::Withdrawn => {
                    info!(%delivery, sink, outcome = word, took_ms, "delivery tried");
                }
                Outcome::Later => warn!(%delivery, sink, outcome = word, why, took_ms, "delivery tried"),
                Outcome::Dead => error!(%delivery, sink, outcome = word, why, took_ms, "delivery given up"),
            }
        }
        Signal::PlatformPaused { why } => {
            gauge!("xunjie_platform_paused").set(1.0);
            error!(why, "the platform takes nothing, deliveries wait");
        }
        Signal::PlatformResumed { after } => {
            gauge!("xunjie_platform_paused").set(0.0);
            info!(after_s = after.as_secs(), "the platform takes messages again");
        }
        _ => unreachable!("emit sends what is between us and the platform alone here"),
    }
}

fn emit_session(signal: Signal<'_>) {
    match signal {
        Signal::SessionOpened { stream, took, again } => {
            let again = if again { "true" } else { "false" };
            counter!("xunjie_sessions_opened_total", "again" => again).increment(1);
            histogram!("xunjie_session_open_seconds").record(took);
            debug!(%stream, took_ms = millis(took), again, "source opened");
        }
        Signal::SessionEvicted => counter!("xunjie_sessions_evicted_total").increment(1),
        Signal::SessionLost { stream, why, retry_in } => {
            counter!("xunjie_sessions_lost_total").increment(1);
            warn!(%stream, why, retry_in_ms = millis(retry_in), "source lost");
        }
        Signal::SessionsOpen { open } => gauge!("xunjie_sessions_open").set(open as f64),
        _ => unreachable!("emit sends signals of sessions alone here"),
    }
}

pub(super) fn millis(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
