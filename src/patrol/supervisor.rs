//! Starts the patrol's threads, names them, and joins them. One thread plans, some take looks, each
//! continuous look has its own. A panic in a look is contained: the look counts as failed and its view is
//! loaded again from the store.

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
    domain::{Look, LookId, Purpose, ViewId, WallTime},
    telemetry::{Signal, SkipReason, emit},
};

use super::{
    planner::{Budget, Planner},
    queue::{Finished, LocalQueue, LookQueue},
    scenes::lock,
    spine::{LookError, Spine},
};

/// How often the planner looks around.
const TICK: Duration = Duration::from_millis(50);
/// How often it asks the store whether the registry changed and which cases wait for a re-check.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// Idle sessions are closed after this time.
const IDLE_SESSION_MAX: Duration = Duration::from_secs(120);
/// Requests for looks out of turn that may wait; further ones are refused.
const ASKS_MAX: usize = 256;

/// The running patrol.
pub struct Patrol {
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
            let (spine, queue, stop) = (spine.clone(), queue.clone(), stop.clone());
            let work = move || work(&spine, &*queue, &stop);
            threads.push(thread::Builder::new().name(format!("look-{number}")).spawn(work)?);
        }
        let (spine, stopped) = (spine.clone(), stop.clone());
        let plan = move || Planning::new(spine, queue, budget, asked, stopped).run();
        threads.push(thread::Builder::new().name("plan".to_owned()).spawn(plan)?);
        Ok(Self { stop, threads, asker })
    }

    /// A handle that asks for looks out of turn.
    pub fn asker(&self) -> Asker {
        self.asker.clone()
    }

    /// Ends: no new looks, running ones end by themselves or at their time limit; then all threads are joined.
    pub fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the patrol had panicked");
            }
        }
    }
}

/// A worker: takes looks until the end.
fn work(spine: &Spine, queue: &dyn LookQueue, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Some(look) = queue.take(Duration::from_millis(200)) else { continue };
        let recorded = contained(spine, &look, || spine.look(&look).map(|_| ()));
        queue.finish(Finished { look, recorded });
    }
}

/// Runs one look; a failure is told once, here. Returns whether it was recorded.
fn contained(spine: &Spine, look: &Look, run: impl FnOnce() -> Result<(), LookError>) -> bool {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(())) => true,
        Ok(Err(LookError::Crowded(error))) => {
            tracing::debug!(look = %look.id, view = %look.view, %error, "a look found no session");
            emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Overload });
            false
        }
        Ok(Err(error)) => {
            emit(Signal::RecordRetried { why: &error.to_string() });
            false
        }
        Err(_) => {
            tracing::error!(look = %look.id, view = %look.view, "a look panicked; its view is loaded again");
            *lock(&spine.scenes.slot(look.view)) = None;
            false
        }
    }
}

/// The planning thread's belongings.
struct Planning {
    spine: Arc<Spine>,
    queue: Arc<dyn LookQueue>,
    planner: Planner,
    asked: Receiver<Ask>,
    stop: Arc<AtomicBool>,
    watches: HashMap<LookId, (Arc<AtomicBool>, JoinHandle<()>)>,
    revision: Option<u64>,
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
        Self { spine, queue, planner, asked, stop, watches: HashMap::new(), revision: None }
    }

    fn run(mut self) {
        let mut synced: Option<Instant> = None;
        while !self.stop.load(Ordering::Relaxed) {
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
            self.hand_out();
            thread::sleep(TICK);
        }
        for (flag, watch) in std::mem::take(&mut self.watches).into_values() {
            flag.store(true, Ordering::SeqCst);
            let _ = watch.join();
        }
    }

    /// Takes in a changed registry and the cases that wait for a re-check.
    fn sync(&mut self) -> Result<(), crate::store::StoreError> {
        let (store, now) = (&self.spine.store, self.spine.clock.now());
        let revision = store.revision()?;
        if self.revision != Some(revision) {
            let registry = Arc::new(store.registry()?);
            for gone in self.spine.scenes.registry().streams.iter().filter(|s| !registry.streams.contains(s)) {
                self.spine.sessions.forget(gone.id);
            }
            self.planner.sync(&registry, &self.spine.config.matters, now);
            self.spine.scenes.sync(registry);
            self.revision = Some(revision);
        }
        self.planner.recheck(&store.rechecks()?, now);
        let counts = self.planner.counts(now);
        emit(Signal::Planned { views: counts.views, stretch: counts.stretch, skipped: counts.skipped });
        emit(Signal::Waiting { looks: counts.waiting, deliveries: store.waiting_deliveries()? });
        Ok(())
    }

    /// Takes in looks that ended and looks that were asked for.
    fn settle(&mut self) {
        for finished in self.queue.finished() {
            self.planner.finished(&finished.look);
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
                self.begin_watch(look);
            } else if let Err(look) = self.queue.put(look) {
                emit(Signal::LookSkipped { view: look.view, reason: SkipReason::Overload });
                self.planner.put_back(&look);
                return;
            }
        }
    }

    /// A continuous look runs on a thread of its own.
    fn begin_watch(&mut self, look: Look) {
        let flag = Arc::new(AtomicBool::new(false));
        let (spine, queue, stop, begun) = (self.spine.clone(), self.queue.clone(), flag.clone(), look.clone());
        let watch = move || {
            let recorded = contained(&spine, &look, || spine.watch(&look, &stop, |_| ()));
            // A stream that cannot be opened must not be tried again in a tight loop.
            thread::sleep(Duration::from_secs(1));
            queue.finish(Finished { look, recorded });
        };
        match thread::Builder::new().name("watch".to_owned()).spawn(watch) {
            Ok(thread) => {
                self.watches.insert(begun.id, (flag, thread));
            }
            Err(error) => {
                tracing::error!(%error, view = %begun.view, "no thread for a continuous look");
                self.planner.put_back(&begun);
            }
        }
    }
}
