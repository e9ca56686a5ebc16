//! The pool's promises, kept with an engine whose every run the test holds in its hand.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crossbeam_channel::Receiver;

use super::*;
use crate::domain::{BBox, Score};

/// Waits for a token before each run; panics on pictures 13 pixels wide; answers with the picture's width.
struct Gate {
    tokens: Receiver<()>,
    batches: Arc<Mutex<Vec<usize>>>,
}

impl Engine for Gate {
    fn run(&mut self, pictures: &[Picture]) -> Result<Vec<Inspection>, InferError> {
        self.batches.lock().unwrap().push(pictures.len());
        let _ = self.tokens.recv();
        panic_at_thirteen(pictures);
        let found = |p: &Picture| {
            let side = p.width() as f32;
            let whole =
                Detection { class: "car".into(), score: Score::ONE, bbox: BBox::new(0.0, 0.0, side, side), text: None };
            Inspection { detections: vec![whole], ..Inspection::default() }
        };
        Ok(pictures.iter().map(found).collect())
    }
}

fn panic_at_thirteen(pictures: &[Picture]) {
    assert!(pictures.iter().all(|p| p.width() != 13), "thirteen");
}

struct Bench {
    pool: Arc<DetectorPool>,
    tokens: Sender<()>,
    batches: Arc<Mutex<Vec<usize>>>,
    made: Arc<AtomicUsize>,
}

fn settings(threads: usize, waiting_max: usize, batch_max: usize) -> PoolSettings {
    let some = |n| NonZeroUsize::new(n).unwrap();
    PoolSettings {
        threads: some(threads),
        waiting_max: some(waiting_max),
        batch_max: some(batch_max),
        device: Device::Cpu,
        nice: 0,
    }
}

fn model() -> ModelRef {
    ModelRef { name: "m".into(), sha256: "00".into() }
}

fn bench(settings: PoolSettings) -> Bench {
    let (tokens, gate) = crossbeam_channel::unbounded();
    let (batches, made) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (batches_in, made_in) = (Arc::clone(&batches), Arc::clone(&made));
    let maker: EngineMaker = Arc::new(move || {
        made_in.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Gate { tokens: gate.clone(), batches: Arc::clone(&batches_in) }))
    });
    let pool = Arc::new(DetectorPool::start(model(), settings, &maker).unwrap());
    Bench { pool, tokens, batches, made }
}

impl Bench {
    /// Asks on a thread of its own and returns once the request has left for the pool.
    fn ask(&self, width: u32, waiting_after: usize) -> JoinHandle<Answer> {
        self.ask_in(Lane::Visit, width, waiting_after)
    }
    fn ask_in(&self, lane: Lane, width: u32, waiting_after: usize) -> JoinHandle<Answer> {
        let pool = Arc::clone(&self.pool);
        let picture = Picture::from_rgb(width, 1, vec![0; width as usize * 3]).unwrap();
        let asked = thread::spawn(move || pool.inspect_in(lane, &picture));
        self.until(|queue| queue.len() == waiting_after);
        asked
    }
    fn until(&self, reached: impl Fn(&Queue<Picture, Inspection>) -> bool) {
        for _ in 0..2000 {
            if reached(&self.pool.shared.queue()) {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("the queue never got there");
    }
    /// Occupies the only worker with a picture of `width`.
    fn occupy(&self, width: u32) -> JoinHandle<Answer> {
        let before = self.batches.lock().unwrap().len();
        let asked = self.ask(width, 0);
        for _ in 0..2000 {
            if self.batches.lock().unwrap().len() > before {
                return asked;
            }
            thread::sleep(Duration::from_millis(2));
        }
        panic!("the worker never began");
    }
}

fn width(asked: JoinHandle<Answer>) -> Result<f32, InferError> {
    asked.join().unwrap().map(|found| found.detections[0].bbox.width())
}

#[test]
fn a_full_queue_refuses_the_oldest_that_waits() {
    let bench = bench(settings(1, 2, 1));
    let running = bench.occupy(1);
    let (oldest, middle) = (bench.ask(2, 1), bench.ask(3, 2));
    let newest = bench.ask(4, 2);
    assert!(matches!(width(oldest), Err(InferError::Overloaded)));
    for _ in 0..3 {
        bench.tokens.send(()).unwrap();
    }
    assert_eq!((width(running).unwrap(), width(middle).unwrap(), width(newest).unwrap()), (1.0, 3.0, 4.0));
}

#[test]
fn pictures_of_continuous_looks_go_first_and_are_refused_last() {
    let bench = bench(settings(1, 2, 1));
    let running = bench.occupy(1);
    let watch = bench.ask_in(Lane::Watch, 2, 1);
    let visit = bench.ask(3, 2);
    let newer = bench.ask_in(Lane::Watch, 4, 2);
    assert!(matches!(width(visit), Err(InferError::Overloaded)), "the younger visit goes before the older watch");
    let last = bench.ask_in(Lane::Watch, 5, 2);
    assert!(matches!(width(watch), Err(InferError::Overloaded)), "only watches wait: the oldest goes");
    for _ in 0..3 {
        bench.tokens.send(()).unwrap();
    }
    assert_eq!((width(running).unwrap(), width(newer).unwrap(), width(last).unwrap()), (1.0, 4.0, 5.0));
    assert_eq!(bench.batches.lock().unwrap().iter().sum::<usize>(), 3);
}

#[test]
fn what_waits_is_taken_in_batches_up_to_the_limit() {
    let bench = bench(settings(1, 8, 3));
    let mut asked = vec![bench.occupy(1)];
    asked.extend((1..=4).map(|n| bench.ask(n as u32 + 1, n)));
    for _ in 0..3 {
        bench.tokens.send(()).unwrap();
    }
    let widths: Vec<f32> = asked.into_iter().map(|a| width(a).unwrap()).collect();
    assert_eq!(widths, [1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(*bench.batches.lock().unwrap(), [1, 3, 1]);
}

#[test]
fn a_panic_costs_one_picture_and_one_engine() {
    let bench = bench(settings(1, 8, 1));
    bench.tokens.send(()).unwrap();
    bench.tokens.send(()).unwrap();
    let error = width(bench.ask(13, 0)).unwrap_err();
    assert!(matches!(&error, InferError::Run(name, text) if name == "m" && text.contains("thirteen")), "{error}");
    assert_eq!(width(bench.ask(5, 0)).unwrap(), 5.0);
    assert_eq!(bench.made.load(Ordering::SeqCst), 2, "the engine that panicked was replaced");
}

#[test]
fn closing_refuses_what_waits_and_finishes_what_runs() {
    let bench = bench(settings(1, 8, 1));
    let (running, waiting) = (bench.occupy(1), bench.ask(2, 1));
    let pool = Arc::clone(&bench.pool);
    let closing = thread::spawn(move || pool.close());
    assert!(matches!(width(waiting), Err(InferError::Closed)));
    bench.tokens.send(()).unwrap();
    assert_eq!(width(running).unwrap(), 1.0);
    closing.join().unwrap();
    let picture = Picture::from_rgb(1, 1, vec![0; 3]).unwrap();
    assert!(matches!(bench.pool.detect(&picture), Err(InferError::Closed)));
}

#[test]
fn an_engine_that_cannot_be_made_is_told_at_the_start() {
    let maker: EngineMaker = Arc::new(|| Err(InferError::Library("tried nothing".into())));
    let started = DetectorPool::start(model(), settings(2, 8, 1), &maker);
    assert!(matches!(started.err(), Some(InferError::Library(_))));
}
