//! Starts the patrol's threads, names them, and joins them. One thread plans, some take looks, each
//! continuous look has its own. A panic in a look is contained: the look counts as failed and its view is
//! loaded again from the store. Told to stop, looks that wait for a camera are given up after [`STOP_GRACE`].

use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::{
    clock::Clock,
    domain::{Look, LookId, PlanStatus, Purpose, Refused, ViewId, ViewState, WallTime},
    telemetry::{Signal, SkipReason, emit},
};

use super::{
    planner::{Budget, Planner},
    queue::{End, Finished, LocalQueue, LookQueue},
    scenes::lock,
    spine::{LookError, Spine},
    status,
};

/// How often the planner looks around.
const TICK: Duration = Duration::from_millis(50);
/// How often it asks the store whether the registry changed and which cases wait for a re-check.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Idle sessions are closed after this time.
const IDLE_SESSION_MAX: Duration = Duration::from_secs(120);
/// Reading a changed registry takes at most one part in so many of the planner's time: while references are taken it
/// changes with every look, and ten thousand views take a while to read.
const SYNC_SHARE: u32 = 20;
/// A continuous look that could not go on is not begun again before this time.
const WATCH_AGAIN: Duration = Duration::from_secs(1);
/// How long looks that run may still wait for their camera when the patrol stops.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// By how much the threads of visits stand behind those of continuous looks and the web, of 19.
const VISIT_NICE: i32 = 5;
/// Requests for looks out of turn that may wait; further ones are refused.
const ASKS_MAX: usize = 256;

/// The running patrol.
pub struct Patrol {
    spine: Arc<Spine>,
    queue: Arc<dyn LookQueue>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    asker: Asker,
}

/// Asks the running patrol for looks out of turn.
#[derive(Clone)]
pub struct Asker {
    asks: Sender<Ask>,
    clock: Arc<dyn Clock>,
}

/// A look out of turn: at what, why, since when.
type Ask = (ViewId, Purpose, WallTime);

impl Asker {
    /// Asks for a look and tells its id; `None` when too many wait already.
    pub fn ask(&self, view: ViewId, purpose: Purpose) -> Option<LookId> {
        let now = self.clock.now();
        self.asks.try_send((view, purpose, now)).ok().map(|()| Look::id_of(view, &purpose, now))
    }
}

impl Patrol {
    /// Starts planning and looking.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(spine: &Arc<Spine>, workers: usize, budget: Budget) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let queue: Arc<dyn LookQueue> = Arc::new(LocalQueue::new(budget.looks_max));
        let (asks, asked) = bounded(ASKS_MAX);
        let asker = Asker { asks, clock: spine.clock.clone() };
        let mut threads = Vec::new();
        for number in 0..workers.max(1) {
            let (spine, queue) = (spine.clone(), queue.clone());
            let work = move || work(&spine, &*queue);
            threads.push(thread::Builder::new().name(format!("look-{number}")).spawn(work)?);
        }
        let planning = Planning::new(spine.clone(), queue.clone(), budget, asked, stop.clone());
        threads.push(thread::Builder::new().name("plan".to_owned()).spawn(move || planning.run())?);
        Ok(Self { spine: spine.clone(), queue, stop, threads, asker })
    }

    /// A handle that asks for looks out of turn.
    pub fn asker(&self) -> Asker {
        self.asker.clone()
    }

    /// Ends: no new looks; running ones are recorded, or given up where a camera lets them wait; then all threads are
    /// joined.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.spine.sessions.close(STOP_GRACE);
        for look in self.queue.close() {
            emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Stopping });
        }
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the patrol had panicked");
            }
        }
    }
}

/// A worker: takes looks until the queue is closed.
fn work(spine: &Spine, queue: &dyn LookQueue) {
    // What stands still gives way to what moves on the processor too. Where the system refuses, they share alike.
    let _ = rustix::process::nice(VISIT_NICE);
    while let Some(look) = queue.take() {
        let end = contained(spine, &look, || spine.look(&look).map(|done| done.report.state == ViewState::Lost));
        queue.finish(Finished { look, end });
    }
}

/// Runs one look, which tells whether it got no frame; a failure is told once, here.
fn contained(spine: &Spine, look: &Look, run: impl FnOnce() -> Result<bool, LookError>) -> End {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(is_lost)) => {
            if is_lost {
                End::Lost
            } else {
                End::Recorded
            }
        }
        Ok(Err(LookError::Crowded(error))) => {
            tracing::debug!(look = %look.id, view = %look.view, %error, "a look found no session");
            emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Overload });
            End::Crowded
        }
        Ok(Err(LookError::Stopping)) => {
            emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Stopping });
            End::Stopped
        }
        Ok(Err(error)) => {
            emit(Signal::RecordRetried { why: &error.to_string() });
            End::Failed
        }
        Err(_) => {
            tracing::error!(look = %look.id, view = %look.view, "a look panicked; its view is loaded again");
            *lock(&spine.scenes.slot(look.view)) = None;
            End::Failed
        }
    }
}

/// A clock that is corrected by less was not set back.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(1);

/// The planning thread's belongings.
struct Planning {
    spine: Arc<Spine>,
    queue: Arc<dyn LookQueue>,
    planner: Planner,
    asked: Receiver<Ask>,
    stop: Arc<AtomicBool>,
    watches: HashMap<LookId, (Arc<AtomicBool>, JoinHandle<()>)>,
    revision: Option<u64>,
    /// The registry is not read again before.
    read_again: Instant,
    /// What was refused a second ago.
    refused: Vec<Refused>,
}

impl Planning {
    fn new(
        spine: Arc<Spine>,
        queue: Arc<dyn LookQueue>,
        budget: Budget,
        asked: Receiver<Ask>,
        stop: Arc<AtomicBool>,
    ) -> Self {
        let planner = Planner::new(budget, fastrand::u64(..));
        Self {
            spine,
            queue,
            planner,
            asked,
            stop,
            watches: HashMap::new(),
            revision: None,
            read_again: Instant::now(),
            refused: Vec::new(),
        }
    }

    fn run(mut self) {
        match self.spine.store.latest_looks() {
            Ok(latest) => {
                // A look of later than now is from before the clock was set back; its view must not wait for it.
                let now = self.spine.clock.now();
                let started = latest.into_iter().map(|(view, look)| (view, look.started.min(now)));
                self.planner.remember(started.collect());
            }
            Err(error) => tracing::error!(%error, "the latest looks cannot be read; all views are taken for new"),
        }
        let mut synced: Option<Instant> = None;
        let mut latest = self.spine.clock.now();
        while !self.stop.load(Ordering::Relaxed) {
            let back = latest.since(self.spine.clock.now());
            latest = self.spine.clock.now();
            if back >= CLOCK_STEP_MIN {
                tracing::warn!(seconds = back.as_secs(), "the clock was set back; the plan goes with it");
                self.planner.set_back(back);
            }
            if synced.is_none_or(|at| at.elapsed() >= SYNC_EVERY) {
                synced = Some(Instant::now());
                if let Err(error) = self.sync() {
                    tracing::error!(%error, "the registry cannot be read; the plan goes on as it was");
                }
                self.spine.sessions.close_idle(IDLE_SESSION_MAX);
            }
            self.settle();
            let decoded = Duration::from_nanos(self.spine.decode_ns.load(Ordering::Relaxed));
            self.planner.decoded(decoded, self.spine.clock.now());
            self.spine.thinned.store(self.planner.thins(), Ordering::Relaxed);
            self.hand_out();
            thread::sleep(TICK);
        }
        let watches: Vec<_> = std::mem::take(&mut self.watches).into_values().collect();
        watches.iter().for_each(|(flag, _)| flag.store(true, Ordering::SeqCst));
        for (_, watch) in watches {
            let _ = watch.join();
        }
        status::forget(&self.spine.config.settings.folders.plan_file());
    }

    /// Takes in a changed registry and the cases that wait for a re-check, and tells how the plan stands.
    fn sync(&mut self) -> Result<(), crate::store::StoreError> {
        let (store, now) = (&self.spine.store, self.spine.clock.now());
        let revision = store.revision()?;
        if self.revision != Some(revision) && Instant::now() >= self.read_again {
            let began = Instant::now();
            let registry = Arc::new(store.registry()?);
            for gone in self.spine.scenes.sync(registry.clone()) {
                self.spine.sessions.forget(gone);
            }
            self.planner.sync(&registry, &self.spine.config.matters, now);
            self.revision = Some(registry.revision);
            self.read_again = Instant::now() + began.elapsed() * SYNC_SHARE;
        }
        self.planner.recheck(&store.rechecks()?, now);
        let plan = PlanStatus { unable: self.spine.unable.clone(), ..self.planner.status(now) };
        for Refused { view, limit, max } in plan.refused.iter().filter(|one| !self.refused.contains(one)) {
            tracing::warn!(%view, ?limit, max, "refused because the limit is reached; coverage shows it");
        }
        self.refused.clone_from(&plan.refused);
        emit(Signal::Planned(&plan));
        emit(Signal::Waiting { looks: plan.waiting, deliveries: store.waiting_deliveries()? });
        status::write(&self.spine.config.settings.folders.plan_file(), &plan);
        Ok(())
    }

    /// Takes in looks that ended and looks that were asked for.
    fn settle(&mut self) {
        let now = self.spine.clock.now();
        for Finished { look, end } in self.queue.finished() {
            match end {
                End::Crowded => self.planner.crowded_out(&look, now),
                End::Recorded | End::Lost => {
                    self.planner.finished(&look, now);
                    self.planner.saw(look.view, end == End::Lost, now);
                }
                End::Failed | End::Stopped => self.planner.finished(&look, now),
            }
        }
        for (view, purpose, since) in self.asked.try_iter() {
            self.planner.ask(view, purpose, since);
        }
        for id in self.planner.yielding() {
            if let Some((flag, _)) = self.watches.get(&id) {
                flag.store(true, Ordering::SeqCst);
            }
        }
        self.watches.retain(|_, (_, watch)| !watch.is_finished());
    }

    fn hand_out(&mut self) {
        while let Some(look) = self.planner.next(self.spine.clock.now()) {
            if look.purpose == Purpose::Continuous {
                if !self.begin_watch(look) {
                    return;
                }
            } else if let Err(look) = self.queue.put(look) {
                emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Overload });
                self.planner.put_back(&look, self.spine.clock.now());
                return;
            }
        }
    }

    /// A continuous look runs on a thread of its own; `false` when the system gives none.
    fn begin_watch(&mut self, look: Look) -> bool {
        let flag = Arc::new(AtomicBool::new(false));
        let (spine, queue, stop, begun) = (self.spine.clone(), self.queue.clone(), flag.clone(), look.clone());
        let watch = move || {
            let end = contained(&spine, &look, || spine.watch(&look, &stop, |_| ()).map(|()| false));
            // A stream that cannot be opened must not be tried again in a tight loop.
            let ended = Instant::now();
            while ended.elapsed() < WATCH_AGAIN && !stop.load(Ordering::Relaxed) {
                thread::sleep(TICK);
            }
            queue.finish(Finished { look, end });
        };
        match thread::Builder::new().name("watch".to_owned()).spawn(watch) {
            Ok(thread) => {
                self.watches.insert(begun.id, (flag, thread));
                true
            }
            Err(error) => {
                tracing::error!(%error, view = %begun.view, "no thread for a continuous look");
                self.planner.put_back(&begun, self.spine.clock.now());
                false
            }
        }
    }
}
