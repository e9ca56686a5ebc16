//! What a model costs: one that is asked through this counts pictures and the time that each took where it was
//! asked. Sessions have one thread each, so it is the time of one thread as long as no more ask than there are sessions.
//! Times belong to a machine and a moment: they are printed and never enter a report.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    analysis::newness::Likelihoods,
    domain::{Detection, ModelRef, Picture},
    infer::{ComparisonHead, Detector, InferError, Inspection, Lane, comparison::Pair},
};

/// A model with a stopwatch.
pub struct Timed<T: ?Sized = dyn Detector> {
    inner: Arc<T>,
    watch: Arc<Stopwatch>,
}

/// What a model was asked, and how long it took.
pub struct Stopwatch {
    model: String,
    asked: AtomicU64,
    spent_ns: AtomicU64,
}

/// What it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Pictures, or pairs of them, that it was shown.
    pub pictures: u64,
    /// All of them together.
    pub spent: Duration,
}

impl Cost {
    /// Milliseconds a picture that was shown; `None` where none was.
    pub fn ms_each(&self) -> Option<f64> {
        (self.pictures > 0).then(|| self.spent.as_secs_f64() * 1000.0 / self.pictures as f64)
    }
    /// Milliseconds spread over `units` (pictures of the set, looks of a clip); `None` without any.
    pub fn ms_over(&self, units: u64) -> Option<f64> {
        (units > 0).then(|| self.spent.as_secs_f64() * 1000.0 / units as f64)
    }
}

impl Stopwatch {
    fn of(model: ModelRef) -> Arc<Self> {
        Arc::new(Self { model: model.name, asked: AtomicU64::new(0), spent_ns: AtomicU64::new(0) })
    }

    /// Name of the model.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What it cost so far.
    pub fn cost(&self) -> Cost {
        let spent = Duration::from_nanos(self.spent_ns.load(Ordering::Relaxed));
        Cost { pictures: self.asked.load(Ordering::Relaxed), spent }
    }

    fn timed<T>(&self, ask: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let answer = ask();
        self.asked.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.spent_ns.fetch_add(took, Ordering::Relaxed);
        answer
    }
}

impl Timed {
    /// Puts a stopwatch on a detector.
    pub fn new(inner: Arc<dyn Detector>) -> Self {
        Self { watch: Stopwatch::of(inner.model()), inner }
    }
}

impl Timed<dyn ComparisonHead> {
    /// Puts a stopwatch on a head.
    pub fn head(inner: Arc<dyn ComparisonHead>) -> Self {
        Self { watch: Stopwatch::of(inner.model()), inner }
    }
}

impl<T: ?Sized> Timed<T> {
    /// The stopwatch.
    pub fn watch(&self) -> &Arc<Stopwatch> {
        &self.watch
    }
}

impl ComparisonHead for Timed<dyn ComparisonHead> {
    fn model(&self) -> ModelRef {
        self.inner.model()
    }
    fn compare(&self, lane: Lane, pair: Pair) -> Result<Likelihoods, InferError> {
        self.watch.timed(|| self.inner.compare(lane, pair))
    }
}

impl Detector for Timed {
    fn model(&self) -> ModelRef {
        self.inner.model()
    }
    fn detect(&self, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        self.watch.timed(|| self.inner.detect(picture))
    }
    fn detect_in(&self, lane: Lane, picture: &Picture) -> Result<Vec<Detection>, InferError> {
        self.watch.timed(|| self.inner.detect_in(lane, picture))
    }
    fn inspect_in(&self, lane: Lane, picture: &Picture) -> Result<Inspection, InferError> {
        self.watch.timed(|| self.inner.inspect_in(lane, picture))
    }
}
