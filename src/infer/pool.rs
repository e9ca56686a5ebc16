//! The pool of inference threads: each owns one engine (one ONNX Runtime session), all share one bounded queue.
//! Pictures of continuous looks go first. When the queue is full the oldest waiting picture of a visit is refused and
//! counted, because its frame is the stalest; one of a continuous look only where no visit waits. A
//! panic costs one batch and one engine, never the pool.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Instant,
};

use crossbeam_channel::{Sender, bounded};

use super::{Detector, InferError, Inspection, Lane};
use crate::{
    domain::{Detection, ModelRef, Picture},
    telemetry::{Signal, emit},
};

/// Where the numbers are crunched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The processor: one single-threaded session a core.
    #[default]
    Cpu,
    /// An NVIDIA card.
    Cuda,
}

/// How a pool is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSettings {
    /// Threads, each with a session of its own.
    pub threads: NonZeroUsize,
    /// At most so many pictures wait.
    pub waiting_max: NonZeroUsize,
    /// At most so many waiting pictures go into one run. On a processor batches gain nothing, so 1.
    pub batch_max: NonZeroUsize,
    /// Where it runs.
    pub device: Device,
    /// By how much its threads stand behind all others of the process, 0 to 19.
    pub nice: i32,
}

impl PoolSettings {
    /// For a processor; `threads = 0` means one a core.
    pub fn cpu(threads: usize) -> Self {
        let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let threads = NonZeroUsize::new(threads).unwrap_or_else(cores);
        let waiting_max = threads.saturating_mul(NonZeroUsize::MIN.saturating_add(WAITING_A_THREAD - 1));
        Self { threads, waiting_max, batch_max: NonZeroUsize::MIN, device: Device::Cpu, nice: 0 }
    }

    /// One thread that runs when nobody else wants the processor.
    pub fn lowest() -> Self {
        Self { nice: LOWEST_NICE, ..Self::cpu(1) }
    }
}

/// Pictures that may wait for each thread. Askers wait for their answer, so this is never reached while fewer looks
/// run; at 25 ms a picture it is a wait of 1.6 s.
const WAITING_A_THREAD: usize = 64;

/// The least that a thread can ask for.
const LOWEST_NICE: i32 = 19;

/// What a worker thread runs; made on its thread and never leaves it. `Q` is what it is asked about and `A` what it says.
pub trait Engine<Q = Picture, A = Inspection> {
    /// What is said of each one, in the order of `asked`, which is not empty.
    ///
    /// # Errors
    /// [`InferError`] for the whole batch.
    fn run(&mut self, asked: &[Q]) -> Result<Vec<A>, InferError>;
}

/// Makes engines: one a thread at the start, and another one for an engine that panicked.
pub type EngineMaker<Q = Picture, A = Inspection> =
    Arc<dyn Fn() -> Result<Box<dyn Engine<Q, A>>, InferError> + Send + Sync>;

type Answer<A = Inspection> = Result<A, InferError>;

struct Request<Q, A> {
    about: Q,
    reply: Sender<Answer<A>>,
}

struct Queue<Q, A> {
    watches: VecDeque<Request<Q, A>>,
    visits: VecDeque<Request<Q, A>>,
    closed: bool,
}

impl<Q, A> Default for Queue<Q, A> {
    fn default() -> Self {
        Self { watches: VecDeque::new(), visits: VecDeque::new(), closed: false }
    }
}

impl<Q, A> Queue<Q, A> {
    fn len(&self) -> usize {
        self.watches.len() + self.visits.len()
    }
    fn lane(&mut self, lane: Lane) -> &mut VecDeque<Request<Q, A>> {
        match lane {
            Lane::Watch => &mut self.watches,
            Lane::Visit => &mut self.visits,
        }
    }
    fn refuse_oldest(&mut self) -> Option<Request<Q, A>> {
        self.visits.pop_front().or_else(|| self.watches.pop_front())
    }
    fn drain(&mut self, count: usize) -> Vec<Request<Q, A>> {
        let first = count.min(self.watches.len());
        let then = (count - first).min(self.visits.len());
        self.watches.drain(..first).chain(self.visits.drain(..then)).collect()
    }
}

struct Shared<Q, A> {
    model: ModelRef,
    settings: PoolSettings,
    queue: Mutex<Queue<Q, A>>,
    /// Rung when a request arrives and when the pool closes.
    bell: Condvar,
}

impl<Q, A> Shared<Q, A> {
    /// Nothing panics while the lock is held, so a poisoned queue is still whole.
    fn queue(&self) -> MutexGuard<'_, Queue<Q, A>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for work; `None` when the pool is closed.
    fn next_batch(&self) -> Option<Vec<Request<Q, A>>> {
        let idle = |queue: &mut Queue<Q, A>| queue.len() == 0 && !queue.closed;
        let mut queue = self.bell.wait_while(self.queue(), idle).unwrap_or_else(PoisonError::into_inner);
        if queue.closed {
            return None;
        }
        Some(queue.drain(self.settings.batch_max.get()))
    }
}

/// Threads that run a model. Dropping it refuses what waits, lets what runs finish and joins the threads.
pub struct Pool<Q, A> {
    shared: Arc<Shared<Q, A>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Threads that detect.
pub type DetectorPool = Pool<Picture, Inspection>;

impl<Q: Clone + Send + 'static, A: Send + 'static> Pool<Q, A> {
    /// Starts the threads and waits until each has its engine.
    ///
    /// # Errors
    /// The first engine's error; no thread is left behind.
    pub fn start(model: ModelRef, settings: PoolSettings, maker: &EngineMaker<Q, A>) -> Result<Self, InferError> {
        let shared = Arc::new(Shared { model, settings, queue: Mutex::default(), bell: Condvar::new() });
        let (ready_in, ready) = bounded(settings.threads.get());
        let pool = Self { shared: Arc::clone(&shared), threads: Mutex::default() };
        for number in 0..settings.threads.get() {
            let (shared, maker, ready_in) = (Arc::clone(&shared), Arc::clone(maker), ready_in.clone());
            let work = move || Worker { shared, maker, engine: None }.run(&ready_in);
            let spawned = thread::Builder::new().name(format!("infer-{number}")).spawn(work);
            let thread = spawned.map_err(|error| {
                InferError::Model(pool.shared.model.name.clone(), format!("no thread can be started: {error}"))
            })?;
            pool.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        }
        drop(ready_in);
        for _ in 0..settings.threads.get() {
            ready.recv().unwrap_or(Err(InferError::Closed))?;
        }
        Ok(pool)
    }

    /// Which weights answer.
    pub fn model(&self) -> ModelRef {
        self.shared.model.clone()
    }

    /// Waits in a lane for what a thread says.
    ///
    /// # Errors
    /// [`InferError`].
    pub fn ask(&self, lane: Lane, about: Q) -> Result<A, InferError> {
        let (reply, answered) = bounded(1);
        let refused = {
            let mut queue = self.shared.queue();
            if queue.closed {
                return Err(InferError::Closed);
            }
            let full = queue.len() >= self.shared.settings.waiting_max.get();
            let refused = if full { queue.refuse_oldest() } else { None };
            queue.lane(lane).push_back(Request { about, reply });
            refused
        };
        self.shared.bell.notify_one();
        if let Some(oldest) = refused {
            emit(Signal::PictureRefused { model: &self.shared.model.name });
            answer(&oldest, Err(InferError::Overloaded));
        }
        answered.recv().unwrap_or(Err(InferError::Closed))
    }
}

impl<Q, A> Pool<Q, A> {
    /// Refuses what waits with [`InferError::Closed`], lets what runs finish, and joins the threads. A second call does
    /// nothing.
    pub fn close(&self) {
        let waiting: Vec<Request<Q, A>> = {
            let mut queue = self.shared.queue();
            queue.closed = true;
            queue.drain(usize::MAX)
        };
        self.shared.bell.notify_all();
        for request in waiting {
            answer(&request, Err(InferError::Closed));
        }
        let threads: Vec<JoinHandle<()>> =
            self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for thread in threads {
            // A worker contains its panics; one that died all the same has nothing left to join.
            let _ = thread.join();
        }
    }
}

impl<Q, A> Drop for Pool<Q, A> {
    fn drop(&mut self) {
        self.close();
    }
}

impl Detector for DetectorPool {
    fn model(&self) -> ModelRef {
        Self::model(self)
    }

    fn detect(&self, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        self.detect_in(Lane::Visit, picture)
    }

    fn detect_in(&self, lane: Lane, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        Ok(self.inspect_in(lane, picture)?.detections)
    }

    fn inspect_in(&self, lane: Lane, picture: &Picture) -> Answer {
        self.ask(lane, picture.clone())
    }
}

/// The asker may have gone; then nobody misses the answer.
fn answer<Q, A>(request: &Request<Q, A>, answer: Answer<A>) {
    let _ = request.reply.send(answer);
}

/// One thread of the pool.
struct Worker<Q, A> {
    shared: Arc<Shared<Q, A>>,
    maker: EngineMaker<Q, A>,
    /// `None` after a panic, until the next batch.
    engine: Option<Box<dyn Engine<Q, A>>>,
}

impl<Q: Clone, A> Worker<Q, A> {
    fn run(mut self, ready: &Sender<Result<(), InferError>>) {
        if self.shared.settings.nice > 0 {
            // Where the system refuses, it shares alike with the others.
            let _ = rustix::process::nice(self.shared.settings.nice);
        }
        let made = self.make_engine();
        let failed = made.is_err();
        let _ = ready.send(made);
        if failed {
            return;
        }
        while let Some(batch) = self.shared.next_batch() {
            self.serve(&batch);
        }
    }

    fn make_engine(&mut self) -> Result<(), InferError> {
        if self.engine.is_none() {
            let made = catch_unwind(AssertUnwindSafe(|| (self.maker)()));
            self.engine = Some(made.unwrap_or_else(|panic| Err(self.panicked(&*panic)))?);
        }
        Ok(())
    }

    /// Runs a batch and answers every request of it, whatever happens.
    fn serve(&mut self, batch: &[Request<Q, A>]) {
        let began = Instant::now();
        let asked: Vec<Q> = batch.iter().map(|request| request.about.clone()).collect();
        let found = match self.run_engine(&asked) {
            Ok(found) if found.len() == batch.len() => found,
            Ok(found) => {
                let text = format!("{} answers came for {} pictures", found.len(), batch.len());
                return refuse(batch, &InferError::Run(self.shared.model.name.clone(), text));
            }
            Err(error) => return refuse(batch, &error),
        };
        let took = began.elapsed() / u32::try_from(batch.len()).unwrap_or(u32::MAX).max(1);
        for (request, said) in batch.iter().zip(found) {
            emit(Signal::Inferred { model: &self.shared.model.name, took });
            answer(request, Ok(said));
        }
    }

    /// Runs the engine, a new one where the last one panicked.
    fn run_engine(&mut self, asked: &[Q]) -> Result<Vec<A>, InferError> {
        self.make_engine()?;
        let Some(engine) = self.engine.as_mut() else { return Err(InferError::Closed) };
        // The engine is thrown away after a panic, so nobody sees it half changed.
        match catch_unwind(AssertUnwindSafe(|| engine.run(asked))) {
            Ok(result) => result,
            Err(panic) => {
                self.engine = None;
                Err(self.panicked(&*panic))
            }
        }
    }

    fn panicked(&self, panic: &(dyn std::any::Any + Send)) -> InferError {
        let text = (panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no reason given".to_owned());
        InferError::Run(self.shared.model.name.clone(), format!("it panicked ({text}); its session is replaced"))
    }
}

fn refuse<Q, A>(batch: &[Request<Q, A>], error: &InferError) {
    for request in batch {
        answer(request, Err(error.clone()));
    }
}

#[cfg(test)]
mod tests;
