//! Hop 1, plan: orders looks by due time within the budget. Keeps no thread and reads no clock.
//!
//! Each view has a revisit target for each of its matters; the shortest counts. Matters whose pipeline asks
//! for motion (decode `rate` or `all`) get one look without an end, which judges the view's other matters too
//! and ends early when a look out of turn is asked for; where there is no room for one, the heaviest views have it
//! and the others are refused by name and patrolled. How the plan gives way when the budget is short stands in
//! `relief.rs`; re-checks, snapshots and continuous looks are never stretched. Nothing starves: of the due
//! looks the one with the most lateness in revisit targets, times its weight, goes first, lateness grows, and no
//! account holds a view back for longer than the longest stretch of its target.
//!
//! Views lie in the order of their due times, so that a moment at which little is due costs little, however many
//! views there are.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::relief::Relief;
use crate::domain::{
    CaseId, DecodeMode, HardLimit, Look, LookId, Matter, MatterKey, PlanStatus, Purpose, Refused, StreamId, ViewId,
    WallTime,
};
use crate::store::Registry;

/// What the planner may have out at once.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Patrol, re-check and snapshot looks under way.
    pub looks_max: usize,
    /// Continuous looks under way.
    pub continuous_max: usize,
    /// Streams open at once: the limit that a look names which found no session.
    pub sessions_max: usize,
    /// Cores that decoding may use in the long run.
    pub decode_cores_max: f64,
    /// Longest time for one look, opening the stream included.
    pub look_time_max: Duration,
}

/// Share of the revisit target by which due times are spread.
const JITTER: f64 = 0.05;
/// Revisit of a view on which no matter is looked for.
const IDLE_REVISIT: Duration = Duration::from_secs(300);
/// A case that waits for its re-check is looked at at least this often.
const RECHECK_EVERY: Duration = Duration::from_secs(30);
/// First looks follow each other at this distance ...
const FIRST_EVERY: Duration = Duration::from_millis(250);
/// ... or closer, so that all views are seen within this share of their revisit target.
const FIRST_SPREAD: f64 = 0.9;
/// A look that found no session is tried again after this time.
const CROWDED_WAIT: Duration = Duration::from_secs(1);

/// A view that gave no frame is tried again after this time, which doubles with each further failure until it is longer
/// than the revisit target: a hiccup must not cost a whole visit, and a dead camera not much.
const LOST_WAIT: Duration = Duration::from_secs(15);

/// What the matters of a view ask for; views with the same list share it.
#[derive(Debug)]
struct Wanted {
    matters: Vec<MatterKey>,
    is_continuous: bool,
    decode: DecodeMode,
    frames: u32,
    revisit: Duration,
    weight: f64,
}

#[derive(Debug)]
struct Planned {
    stream: StreamId,
    wanted: Arc<Wanted>,
    revisit: Duration,
    weight: f64,
    due: WallTime,
    /// When its latest look began; before the first one, when it was planned.
    begun: WallTime,
    /// Looks in a row that got no frame.
    lost: u32,
}

impl Planned {
    /// Lateness in revisit targets, times the weight.
    fn urgency(&self, now: WallTime) -> f64 {
        now.since(self.due).as_secs_f64() / self.revisit.as_secs_f64().max(0.001) * self.weight
    }
}

/// Plans the looks of all views.
#[derive(Debug)]
pub struct Planner {
    budget: Budget,
    views: HashMap<ViewId, Planned>,
    /// Views by due time, but for those that are watched without an end.
    by_due: BTreeSet<(WallTime, ViewId)>,
    /// Views with matters that ask for a look without an end, the heaviest first.
    watchable: Vec<ViewId>,
    /// The due views of a moment, the most urgent last.
    ranked: (WallTime, Vec<ViewId>),
    asked: VecDeque<(ViewId, Purpose, WallTime)>,
    out: BTreeMap<ViewId, Look>,
    watched: BTreeMap<ViewId, Look>,
    rechecked: BTreeMap<CaseId, WallTime>,
    crowded: BTreeSet<ViewId>,
    /// When the next view without a look may have its first one.
    first: WallTime,
    seen: BTreeMap<ViewId, WallTime>,
    relief: Relief,
    skipped: u64,
    jitter: fastrand::Rng,
}

impl Planner {
    /// A planner without views. `seed` makes the jitter repeatable.
    pub fn new(budget: Budget, seed: u64) -> Self {
        Self {
            budget,
            views: HashMap::new(),
            by_due: BTreeSet::new(),
            watchable: Vec::new(),
            ranked: (WallTime::from_millis(i64::MIN), Vec::new()),
            asked: VecDeque::new(),
            out: BTreeMap::new(),
            watched: BTreeMap::new(),
            rechecked: BTreeMap::new(),
            crowded: BTreeSet::new(),
            first: WallTime::from_millis(i64::MIN),
            seen: BTreeMap::new(),
            relief: Relief::new(budget.decode_cores_max),
            skipped: 0,
            jitter: fastrand::Rng::with_seed(seed),
        }
    }

    /// The clock was set back by so much: everything that is planned keeps its distance from now.
    pub fn set_back(&mut self, by: Duration) {
        for planned in self.views.values_mut() {
            (planned.due, planned.begun) = (planned.due.minus(by), planned.begun.minus(by));
        }
        self.by_due = std::mem::take(&mut self.by_due).into_iter().map(|(due, view)| (due.minus(by), view)).collect();
        self.ranked = (WallTime::from_millis(i64::MIN), Vec::new());
        self.asked.iter_mut().for_each(|(_, _, since)| *since = since.minus(by));
        self.rechecked.values_mut().chain(self.seen.values_mut()).for_each(|at| *at = at.minus(by));
        self.first = self.first.minus(by);
        self.relief.set_back();
    }

    /// Takes in when views were last looked at, before the process began: they keep their rhythm, and those that
    /// waited longest go first.
    pub fn remember(&mut self, seen: BTreeMap<ViewId, WallTime>) {
        self.seen = seen;
    }

    /// Takes in what is registered. Views that stay keep their due time; new ones follow each other at a distance.
    pub fn sync(&mut self, registry: &Registry, matters: &BTreeMap<MatterKey, Matter>, now: WallTime) {
        let enabled: HashSet<StreamId> = registry.streams.iter().filter(|s| s.enabled).map(|s| s.id).collect();
        let mut lists: HashMap<&[MatterKey], Arc<Wanted>> = HashMap::new();
        let mut fresh: Vec<(Option<WallTime>, ViewId)> = Vec::new();
        let mut views = HashMap::with_capacity(registry.views.len());
        for view in registry.views.iter().filter(|view| enabled.contains(&view.stream)) {
            let wanted = lists.entry(&view.matters).or_insert_with(|| Arc::new(wanted(&view.matters, matters))).clone();
            let revisit = view.revisit_s.map_or(wanted.revisit, |s| Duration::from_secs(u64::from(s.max(1))));
            let known = self.views.get(&view.id);
            let (due, begun) = match (known, self.seen.remove(&view.id)) {
                (Some(known), _) if known.revisit == revisit => (known.due, known.begun),
                (Some(known), _) => (known.due.min(now.plus(revisit)), known.begun),
                (None, Some(seen)) if seen <= now && seen.plus(revisit) > now => (seen.plus(revisit), seen),
                (None, seen) => {
                    fresh.push((seen, view.id));
                    (now, now)
                }
            };
            let weight = f64::from(view.weight).clamp(0.01, 100.0) * wanted.weight;
            let lost = known.map_or(0, |known| known.lost);
            views.insert(view.id, Planned { stream: view.stream, wanted, revisit, weight, due, begun, lost });
        }
        self.views = views;
        self.spread(fresh, now);
        self.watchable = self.views.iter().filter(|(_, v)| v.wanted.is_continuous).map(|(id, _)| *id).collect();
        let heavier = |a: &ViewId, b: &ViewId| self.views[b].weight.total_cmp(&self.views[a].weight).then(a.cmp(b));
        self.watchable.sort_by(heavier);
        let waits = |id: &ViewId| !self.watched.contains_key(id);
        self.by_due = self.views.iter().filter(|(id, _)| waits(id)).map(|(id, v)| (v.due, *id)).collect();
        self.ranked.1.clear();
        self.asked.retain(|(view, _, _)| self.views.contains_key(view));
        self.crowded.retain(|view| self.views.contains_key(view));
    }

    /// Gives views without a look their first due times, those that were never seen and those unseen for longest first.
    fn spread(&mut self, mut fresh: Vec<(Option<WallTime>, ViewId)>, now: WallTime) {
        fresh.sort_unstable();
        let count = u32::try_from(fresh.len()).unwrap_or(u32::MAX).max(1);
        self.first = self.first.max(now);
        for (_, id) in fresh {
            let Some(planned) = self.views.get_mut(&id) else { continue };
            let within = planned.revisit.mul_f64(FIRST_SPREAD);
            planned.due = self.first.min(now.plus(within));
            self.first = self.first.plus(FIRST_EVERY.min(within / count)).min(now.plus(within));
        }
    }

    /// Asks for a look out of turn: it goes before every patrol look.
    pub fn ask(&mut self, view: ViewId, purpose: Purpose, now: WallTime) {
        if !self.asked.iter().any(|(v, p, _)| *v == view && *p == purpose) {
            self.asked.push_back((view, purpose, now));
        }
    }

    /// Takes in the cases that wait for a re-check; each is looked at again and again until it leaves the list.
    pub fn recheck(&mut self, waiting: &[(CaseId, ViewId, WallTime)], now: WallTime) {
        let cases: HashSet<CaseId> = waiting.iter().map(|(case, _, _)| *case).collect();
        self.rechecked.retain(|case, _| cases.contains(case));
        let mut asked: HashSet<(ViewId, Purpose)> = self.asked.iter().map(|(v, p, _)| (*v, *p)).collect();
        for &(case, view, _) in waiting {
            let Some(planned) = self.views.get(&view) else { continue };
            let (again, purpose) = (planned.revisit.min(RECHECK_EVERY), Purpose::Recheck { case });
            if self.rechecked.get(&case).is_none_or(|last| now.since(*last) >= again) {
                self.rechecked.insert(case, now);
                if asked.insert((view, purpose)) {
                    self.asked.push_back((view, purpose, now));
                }
            }
        }
    }

    /// Takes in how long all looks together have decoded since the start.
    pub fn decoded(&mut self, total: Duration, now: WallTime) {
        self.relief.decoded(total, now);
    }

    /// The next look that may begin now.
    pub fn next(&mut self, now: WallTime) -> Option<Look> {
        if let Some(look) = self.watch(now) {
            return Some(look);
        }
        if self.out.len() >= self.budget.looks_max {
            return None;
        }
        let busy = self.busy();
        let free = |view: &ViewId| self.views.get(view).is_some_and(|planned| !busy.contains(&planned.stream));
        if let Some(index) = self.asked.iter().position(|(view, _, _)| free(view)) {
            let (view, purpose, since) = self.asked.remove(index)?;
            return Some(self.send(view, purpose, since));
        }
        let view = self.most_urgent(&busy, now)?;
        let planned = &self.views[&view];
        let (since, revisit) = (planned.due, planned.revisit);
        self.relief.begun(now.since(since), revisit);
        let look = self.send(view, Purpose::Patrol, since);
        self.reschedule(view, now);
        Some(look)
    }

    /// The due view that should be looked at first. Ranked once a moment, and taken from the top.
    fn most_urgent(&mut self, busy: &HashSet<StreamId>, now: WallTime) -> Option<ViewId> {
        if self.ranked.0 != now || self.ranked.1.is_empty() {
            let due = self.by_due.iter().take_while(|(due, _)| *due <= now).map(|(_, view)| *view);
            let mut ranked: Vec<(f64, WallTime, ViewId)> =
                due.map(|view| (self.views[&view].urgency(now), self.views[&view].due, view)).collect();
            ranked.sort_unstable_by(|(a, a_due, a_id), (b, b_due, b_id)| {
                a.total_cmp(b).then(b_due.cmp(a_due)).then(b_id.cmp(a_id))
            });
            self.ranked = (now, ranked.into_iter().map(|(_, _, view)| view).collect());
        }
        while let Some(view) = self.ranked.1.pop() {
            let Some(planned) = self.views.get(&view).filter(|planned| planned.due <= now) else { continue };
            // Decoder time that is spent holds patrol looks back, but none beyond the longest stretch: nothing starves.
            let held_max = planned.revisit.mul_f64(Relief::longest_of(planned.weight));
            let may = !self.relief.is_overdrawn() || now.since(planned.begun) >= held_max;
            if may && !busy.contains(&planned.stream) && !self.watched.contains_key(&view) {
                return Some(view);
            }
        }
        None
    }

    /// Streams that somebody looks at.
    fn busy(&self) -> HashSet<StreamId> {
        self.out.values().chain(self.watched.values()).map(|look| look.stream).collect()
    }

    /// Continuous looks that should end now: a look out of turn waits for their stream, or their view asks for
    /// something else.
    pub fn yielding(&self) -> Vec<LookId> {
        let waited: HashSet<StreamId> =
            self.asked.iter().filter_map(|(view, _, _)| self.views.get(view)).map(|planned| planned.stream).collect();
        let is_wanted = |look: &Look| {
            let wanted = self.views.get(&look.view).map(|planned| &planned.wanted);
            wanted.is_some_and(|wanted| wanted.is_continuous && wanted.matters == look.matters)
        };
        let ends = |look: &&Look| waited.contains(&look.stream) || !is_wanted(look);
        self.watched.values().filter(ends).map(|look| look.id).collect()
    }

    /// The next look without an end: on a view that has such matters, is not watched, and has no other look waiting.
    fn watch(&mut self, now: WallTime) -> Option<Look> {
        if self.watched.len() >= self.budget.continuous_max || self.watched.len() >= self.watchable.len() {
            return None;
        }
        let busy = self.busy();
        let asked: HashSet<ViewId> = self.asked.iter().map(|(view, _, _)| *view).collect();
        let free = |id: &&ViewId| !asked.contains(id) && !busy.contains(&self.views[*id].stream);
        let view = *self.watchable.iter().find(free)?;
        let planned = self.views.get_mut(&view)?;
        planned.begun = now;
        self.by_due.remove(&(planned.due, view));
        let look = look_of(view, planned, Purpose::Continuous, now, self.budget.look_time_max);
        self.watched.insert(view, look.clone());
        Some(look)
    }

    /// Takes back a look that could not be handed out; it stays due.
    pub fn put_back(&mut self, look: &Look, now: WallTime) {
        self.finished(look, now);
        match look.purpose {
            Purpose::Patrol => self.move_due(look.view, look.due),
            Purpose::Continuous => {}
            purpose => self.asked.push_back((look.view, purpose, look.due)),
        }
    }

    /// Takes back a look that found no session; its view is refused by name until a look finds one.
    pub fn crowded_out(&mut self, look: &Look, now: WallTime) {
        self.put_back(look, now);
        self.crowded.insert(look.view);
        if look.purpose == Purpose::Patrol {
            self.move_due(look.view, now.plus(CROWDED_WAIT));
        }
    }

    /// Takes in whether a look got a frame; where it did not, its view is due again soon.
    pub fn saw(&mut self, view: ViewId, is_lost: bool, now: WallTime) {
        let Some(planned) = self.views.get_mut(&view) else { return };
        if !is_lost {
            planned.lost = 0;
            return;
        }
        let again = now.plus(LOST_WAIT * 2_u32.saturating_pow(planned.lost.min(16)));
        planned.lost += 1;
        let due = planned.due.min(again);
        self.move_due(view, due);
    }

    /// Takes in that a look has ended.
    pub fn finished(&mut self, look: &Look, now: WallTime) {
        self.crowded.remove(&look.view);
        if look.purpose != Purpose::Continuous {
            self.out.retain(|_, out| out.id != look.id);
        } else if self.watched.get(&look.view).is_some_and(|watched| watched.id == look.id) {
            self.watched.remove(&look.view);
            if let Some(revisit) = self.views.get(&look.view).map(|planned| planned.revisit) {
                self.move_due(look.view, now.plus(revisit));
            }
        }
    }

    /// When the next patrol look comes due, whether or not there is budget for it.
    pub fn next_due(&self) -> Option<WallTime> {
        let asked = self.asked.iter().map(|(_, _, since)| *since).min();
        let patrol = self.by_due.iter().find(|(_, view)| !self.out.contains_key(view)).map(|(due, _)| *due);
        patrol.into_iter().chain(asked).min()
    }

    /// Whether continuous looks are held to key frames now.
    pub fn thins(&self) -> bool {
        self.relief.is_thinned()
    }

    /// How the plan stands.
    pub fn status(&self, now: WallTime) -> PlanStatus {
        let mut late = self.by_due.iter().take_while(|(due, _)| *due <= now);
        let first = late.next();
        let sessions = self.crowded.iter().map(|view| (*view, HardLimit::OpenSessionsMax, self.budget.sessions_max));
        let is_full = self.watched.len() >= self.budget.continuous_max;
        let unwatched = self.watchable.iter().filter(|view| is_full && !self.watched.contains_key(view));
        let continuous = unwatched.map(|view| (*view, HardLimit::ContinuousMax, self.budget.continuous_max));
        PlanStatus {
            at: now,
            views: self.views.len(),
            waiting: usize::from(first.is_some()) + late.count() + self.asked.len(),
            late_max_ms: first.map_or(0, |(due, _)| u64::try_from(now.since(*due).as_millis()).unwrap_or(u64::MAX)),
            late_view: first.map(|(_, view)| *view),
            stretch: self.relief.stretch(),
            thinned: self.relief.is_thinned(),
            skipped: self.skipped,
            watched: self.watched.len(),
            refused: sessions.chain(continuous).map(|(view, limit, max)| Refused { view, limit, max }).collect(),
            unable: Vec::new(),
        }
    }

    fn send(&mut self, view: ViewId, purpose: Purpose, due: WallTime) -> Look {
        let look = look_of(view, &self.views[&view], purpose, due, self.budget.look_time_max);
        self.out.insert(view, look.clone());
        look
    }

    fn reschedule(&mut self, view: ViewId, now: WallTime) {
        let jitter = 1.0 + JITTER * (self.jitter.f64() * 2.0 - 1.0);
        let Some(planned) = self.views.get_mut(&view) else { return };
        planned.begun = now;
        let step = planned.revisit.mul_f64(jitter * self.relief.stretch_of(planned.weight));
        let mut due = planned.due.plus(step);
        if due <= now {
            self.skipped += 1;
            due = now.plus(step);
        }
        self.move_due(view, due);
    }

    fn move_due(&mut self, view: ViewId, due: WallTime) {
        let Some(planned) = self.views.get_mut(&view) else { return };
        self.by_due.remove(&(planned.due, view));
        planned.due = due;
        if !self.watched.contains_key(&view) {
            self.by_due.insert((due, view));
        }
    }
}

/// What a list of matters asks for. A view without matters is still looked at now and then: its coverage must be known.
fn wanted(keys: &[MatterKey], matters: &BTreeMap<MatterKey, Matter>) -> Wanted {
    let known: Vec<(&MatterKey, &Matter)> = keys.iter().filter_map(|key| Some((key, matters.get(key)?))).collect();
    Wanted {
        matters: known.iter().map(|(key, _)| (*key).clone()).collect(),
        is_continuous: known.iter().any(|(_, matter)| matter.decode != DecodeMode::KeyFrames),
        decode: known.iter().map(|(_, matter)| matter.decode).fold(DecodeMode::KeyFrames, denser),
        frames: known.iter().map(|(_, matter)| matter.frames).max().unwrap_or(1).max(1),
        revisit: known.iter().map(|(_, matter)| matter.revisit).min().unwrap_or(IDLE_REVISIT),
        weight: known.iter().map(|(_, matter)| f64::from(matter.weight)).reduce(f64::max).unwrap_or(1.0),
    }
}

fn look_of(view: ViewId, planned: &Planned, purpose: Purpose, due: WallTime, time_max: Duration) -> Look {
    let wanted = &planned.wanted;
    let continuous = purpose == Purpose::Continuous;
    Look {
        id: Look::id_of(view, &purpose, due),
        stream: planned.stream,
        view,
        purpose,
        due,
        decode: if continuous { wanted.decode } else { DecodeMode::KeyFrames },
        frames_max: (!continuous).then_some(wanted.frames),
        time_max,
        matters: wanted.matters.clone(),
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
