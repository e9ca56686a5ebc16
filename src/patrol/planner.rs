//! Hop 1, plan: orders looks by due time within the budget. Keeps no thread and reads no clock.
//!
//! Each view has a revisit target for each of its matters; the shortest counts. Matters whose pipeline asks
//! for motion (decode `rate` or `all`) get one look without an end, which judges the view's other matters too
//! and ends early when a look out of turn is asked for. Degradation is declared: when looks
//! begin late, revisit targets of patrol looks stretch up to [`STRETCH_MAX`] times, less for a view with a
//! larger weight; re-checks, snapshots and continuous looks are never stretched. Nothing starves: of the due
//! looks the one with the most lateness in revisit targets, times its weight, goes first, and lateness grows.
//! Decoder time is an account that the clock fills: while it is overdrawn patrol looks wait, the others go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::domain::{CaseId, DecodeMode, Look, LookId, Matter, MatterKey, Purpose, StreamId, ViewId, WallTime};
use crate::store::Registry;

/// What the planner may have out at once.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Patrol, re-check and snapshot looks under way.
    pub looks_max: usize,
    /// Continuous looks under way.
    pub continuous_max: usize,
    /// Cores that decoding may use in the long run.
    pub decode_cores_max: f64,
    /// Longest time for one look, opening the stream included.
    pub look_time_max: Duration,
}

/// How far revisit targets stretch when looks begin late.
pub const STRETCH_MAX: f64 = 4.0;
/// A look that begins later than this share of its revisit target speaks for stretching.
const LATE_SHARE: f64 = 0.5;
/// How much one look moves the stretch.
const STRETCH_STEP: f64 = 1.02;
/// Decoding that was not used may be made up for within this time.
const DECODE_BURST: Duration = Duration::from_secs(10);
/// Share of the revisit target by which due times are spread.
const JITTER: f64 = 0.05;

#[derive(Clone, Debug)]
struct Planned {
    stream: StreamId,
    patrol: Vec<MatterKey>,
    continuous: Vec<MatterKey>,
    decode: DecodeMode,
    frames: u32,
    revisit: Duration,
    weight: f64,
    due: WallTime,
}

impl Planned {
    /// Lateness in revisit targets, times the weight.
    fn urgency(&self, now: WallTime) -> f64 {
        now.since(self.due).as_secs_f64() / self.revisit.as_secs_f64().max(0.001) * self.weight
    }
}

/// Counts for the operator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PlanCounts {
    /// Views that are looked at.
    pub views: usize,
    /// Looks that are due and have not begun.
    pub waiting: usize,
    /// Visits that were left out because the next one was due already.
    pub skipped: u64,
    /// How far revisit targets are stretched now, 1 when not at all.
    pub stretch: f64,
}

/// Plans the looks of all views.
#[derive(Debug)]
pub struct Planner {
    budget: Budget,
    views: BTreeMap<ViewId, Planned>,
    asked: Vec<(ViewId, Purpose, WallTime)>,
    out: BTreeMap<ViewId, Look>,
    watched: BTreeMap<ViewId, Look>,
    rechecked: BTreeMap<CaseId, WallTime>,
    stretch: f64,
    skipped: u64,
    decoding: Decoding,
    jitter: fastrand::Rng,
}

/// The account of decoder time: filled by the clock, emptied by what looks decode.
#[derive(Debug, Default)]
struct Decoding {
    counted: Option<(WallTime, Duration)>,
    /// Seconds of decoding that may still be spent; below zero patrol looks wait.
    left_s: f64,
}

impl Planner {
    /// A planner without views. `seed` makes the jitter repeatable.
    pub fn new(budget: Budget, seed: u64) -> Self {
        Self {
            budget,
            views: BTreeMap::new(),
            asked: Vec::new(),
            out: BTreeMap::new(),
            watched: BTreeMap::new(),
            rechecked: BTreeMap::new(),
            stretch: 1.0,
            skipped: 0,
            decoding: Decoding::default(),
            jitter: fastrand::Rng::with_seed(seed),
        }
    }

    /// Takes in what is registered. Views that stay keep their due time; new ones are spread over their first revisit.
    pub fn sync(&mut self, registry: &Registry, matters: &BTreeMap<MatterKey, Matter>, now: WallTime) {
        let enabled: BTreeSet<StreamId> = registry.streams.iter().filter(|s| s.enabled).map(|s| s.id).collect();
        let mut views = BTreeMap::new();
        for view in registry.views.iter().filter(|view| enabled.contains(&view.stream)) {
            let of = |key: &MatterKey| matters.get(key).map(|matter| (key.clone(), matter));
            let (patrol, continuous): (Vec<_>, Vec<_>) =
                view.matters.iter().filter_map(of).partition(|(_, matter)| matter.decode == DecodeMode::KeyFrames);
            let shortest = patrol.iter().map(|(_, matter)| matter.revisit).min();
            // A view without matters is still looked at now and then: its coverage must be known.
            let revisit =
                view.revisit_s.map(|s| Duration::from_secs(u64::from(s.max(1)))).or(shortest).unwrap_or(IDLE_REVISIT);
            let known = self.views.get(&view.id).map(|planned| planned.due.min(now.plus(revisit)));
            let due = known.unwrap_or_else(|| now.plus(revisit.mul_f64(self.jitter.f64() * FIRST_SPREAD)));
            let fastest =
                continuous.iter().map(|(_, matter)| matter.decode).reduce(denser).unwrap_or(DecodeMode::KeyFrames);
            let planned = Planned {
                stream: view.stream,
                frames: patrol.iter().map(|(_, matter)| matter.frames).max().unwrap_or(1),
                patrol: patrol.into_iter().map(|(key, _)| key).collect(),
                continuous: continuous.into_iter().map(|(key, _)| key).collect(),
                decode: fastest,
                revisit,
                weight: f64::from(view.weight.clamp(0.1, 10.0)),
                due,
            };
            views.insert(view.id, planned);
        }
        self.views = views;
        self.asked.retain(|(view, _, _)| self.views.contains_key(view));
    }

    /// Asks for a look out of turn: it goes before every patrol look.
    pub fn ask(&mut self, view: ViewId, purpose: Purpose, now: WallTime) {
        if !self.asked.iter().any(|(v, p, _)| *v == view && *p == purpose) {
            self.asked.push((view, purpose, now));
        }
    }

    /// Takes in the cases that wait for a re-check; each is looked at again and again until it leaves the list.
    pub fn recheck(&mut self, waiting: &[(CaseId, ViewId, WallTime)], now: WallTime) {
        self.rechecked.retain(|case, _| waiting.iter().any(|(waiting, _, _)| waiting == case));
        for &(case, view, _) in waiting {
            let Some(planned) = self.views.get(&view) else { continue };
            let again = planned.revisit.min(RECHECK_EVERY);
            if self.rechecked.get(&case).is_none_or(|last| now.since(*last) >= again) {
                self.rechecked.insert(case, now);
                self.ask(view, Purpose::Recheck { case }, now);
            }
        }
    }

    /// Takes in how long all looks together have decoded since the start. What is left of the budget does not pile up
    /// beyond [`DECODE_BURST`].
    pub fn decoded(&mut self, total: Duration, now: WallTime) {
        let cores = self.budget.decode_cores_max;
        if let Some((at, before)) = self.decoding.counted {
            let filled = self.decoding.left_s + now.since(at).as_secs_f64() * cores;
            self.decoding.left_s =
                filled.min(DECODE_BURST.as_secs_f64() * cores) - total.saturating_sub(before).as_secs_f64();
        }
        self.decoding.counted = Some((now, total));
    }

    /// The next look that may begin now.
    pub fn next(&mut self, now: WallTime) -> Option<Look> {
        if let Some(look) = self.watch(now) {
            return Some(look);
        }
        if self.out.len() >= self.budget.looks_max {
            return None;
        }
        let busy: BTreeSet<StreamId> = self.out.values().chain(self.watched.values()).map(|look| look.stream).collect();
        let free = |view: &ViewId| self.views.get(view).is_some_and(|planned| !busy.contains(&planned.stream));
        if let Some(index) = self.asked.iter().position(|(view, _, _)| free(view)) {
            let (view, purpose, since) = self.asked.remove(index);
            return Some(self.send(view, purpose, since));
        }
        // Decoder time that is spent holds patrol looks back, but none beyond the longest stretch: nothing starves.
        let spent = self.decoding.left_s < 0.0;
        let may = |planned: &Planned| !spent || now.since(planned.due) >= planned.revisit.mul_f64(STRETCH_MAX);
        let due = self.views.iter().filter(|(view, planned)| planned.due <= now && free(view) && may(planned));
        let (&view, planned) = due.max_by(|(a_id, a), (b_id, b)| {
            a.urgency(now).total_cmp(&b.urgency(now)).then(b.due.cmp(&a.due)).then(b_id.cmp(a_id))
        })?;
        let (since, late) = (planned.due, now.since(planned.due));
        let is_late = late.as_secs_f64() > planned.revisit.as_secs_f64() * LATE_SHARE;
        self.stretch =
            (if is_late { self.stretch * STRETCH_STEP } else { self.stretch / STRETCH_STEP }).clamp(1.0, STRETCH_MAX);
        let look = self.send(view, Purpose::Patrol, since);
        self.reschedule(view, now);
        Some(look)
    }

    /// Continuous looks that should end now, because a look out of turn waits for their stream.
    pub fn yielding(&self) -> Vec<LookId> {
        let waits = |stream: StreamId| {
            self.asked.iter().any(|(view, _, _)| self.views.get(view).is_some_and(|planned| planned.stream == stream))
        };
        self.watched.values().filter(|look| waits(look.stream)).map(|look| look.id).collect()
    }

    /// The next look without an end: on a view that has such matters, is not watched, and has no other look waiting.
    fn watch(&mut self, now: WallTime) -> Option<Look> {
        if self.watched.len() >= self.budget.continuous_max {
            return None;
        }
        let busy: BTreeSet<StreamId> = self.out.values().chain(self.watched.values()).map(|look| look.stream).collect();
        let asked = |view: &ViewId| self.asked.iter().any(|(asked, _, _)| asked == view);
        let (&view, planned) = self
            .views
            .iter()
            .find(|(id, planned)| !planned.continuous.is_empty() && !busy.contains(&planned.stream) && !asked(id))?;
        let look = look_of(view, planned, Purpose::Continuous, now, self.budget.look_time_max);
        self.watched.insert(view, look.clone());
        Some(look)
    }

    /// Takes back a look that could not be handed out; it stays due.
    pub fn put_back(&mut self, look: &Look) {
        self.out.remove(&look.view);
        self.watched.retain(|_, watched| watched.id != look.id);
        match look.purpose {
            Purpose::Patrol => {
                if let Some(planned) = self.views.get_mut(&look.view) {
                    planned.due = look.due;
                }
            }
            Purpose::Continuous => {}
            purpose => self.asked.push((look.view, purpose, look.due)),
        }
    }

    /// Takes in that a look has ended.
    pub fn finished(&mut self, look: &Look) {
        if look.purpose == Purpose::Continuous {
            self.watched.retain(|_, watched| watched.id != look.id);
        } else {
            self.out.retain(|_, out| out.id != look.id);
        }
    }

    /// When the next patrol look comes due, whether or not there is budget for it.
    pub fn next_due(&self) -> Option<WallTime> {
        let asked = self.asked.iter().map(|(_, _, since)| *since);
        self.views.iter().filter(|(id, _)| !self.out.contains_key(id)).map(|(_, v)| v.due).chain(asked).min()
    }

    /// How the plan stands.
    pub fn counts(&self, now: WallTime) -> PlanCounts {
        let waiting = self.views.values().filter(|planned| planned.due <= now).count() + self.asked.len();
        PlanCounts { views: self.views.len(), waiting, skipped: self.skipped, stretch: self.stretch }
    }

    fn send(&mut self, view: ViewId, purpose: Purpose, due: WallTime) -> Look {
        let look = look_of(view, &self.views[&view], purpose, due, self.budget.look_time_max);
        self.out.insert(view, look.clone());
        look
    }

    fn reschedule(&mut self, view: ViewId, now: WallTime) {
        let jitter = 1.0 + JITTER * (self.jitter.f64() * 2.0 - 1.0);
        let Some(planned) = self.views.get_mut(&view) else { return };
        let stretch = 1.0 + (self.stretch - 1.0) / planned.weight.max(1.0);
        let step = planned.revisit.mul_f64(jitter * stretch);
        let mut due = planned.due.plus(step);
        if due <= now {
            self.skipped += 1;
            due = now.plus(step);
        }
        planned.due = due;
    }
}

/// Revisit of a view on which no matter is looked for.
const IDLE_REVISIT: Duration = Duration::from_secs(300);
/// A case that waits for its re-check is looked at at least this often.
const RECHECK_EVERY: Duration = Duration::from_secs(30);
/// The first looks at new views are spread over this share of their revisit target.
const FIRST_SPREAD: f64 = 0.25;

fn look_of(view: ViewId, planned: &Planned, purpose: Purpose, due: WallTime, time_max: Duration) -> Look {
    let continuous = purpose == Purpose::Continuous;
    Look {
        id: Look::id_of(view, &purpose, due),
        stream: planned.stream,
        view,
        purpose,
        due,
        decode: if continuous { planned.decode } else { DecodeMode::KeyFrames },
        frames_max: (!continuous).then_some(planned.frames.max(1)),
        time_max,
        matters: if continuous {
            [&planned.continuous[..], &planned.patrol[..]].concat()
        } else {
            planned.patrol.clone()
        },
    }
}

/// The mode of two that decodes more.
fn denser(a: DecodeMode, b: DecodeMode) -> DecodeMode {
    let rate = |mode: &DecodeMode| match mode {
        DecodeMode::KeyFrames => 0.0,
        DecodeMode::Rate { fps } => *fps,
        DecodeMode::All => f32::INFINITY,
    };
    if rate(&b) > rate(&a) { b } else { a }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
