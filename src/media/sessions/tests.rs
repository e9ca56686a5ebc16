//! The pool against a scripted source: no network, no real time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::{
    clock::SimulatedClock,
    domain::{Secret, Stream},
    media::SourceSpec,
};

/// Counts sessions; refuses while `is_down`, or the credential while `refuses`.
#[derive(Default)]
struct Scripted {
    opened: AtomicUsize,
    open_now: Arc<AtomicUsize>,
    is_down: AtomicBool,
    refuses: AtomicBool,
}

struct Session(Arc<AtomicUsize>);

impl Drop for Session {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl MediaSession for Session {
    fn frame(&mut self, _want: &Want) -> Result<Frame, MediaError> {
        Err(MediaError::Stalled("cam".into(), "silence".into()))
    }
    fn clip(&mut self, _span: Duration) -> Result<Option<Clip>, MediaError> {
        Ok(None)
    }
}

impl FrameSource for Scripted {
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        if self.is_down.load(Ordering::SeqCst) {
            return Err(MediaError::Unreachable(spec.stream.name.clone(), "down".into()));
        }
        if self.refuses.load(Ordering::SeqCst) {
            return Err(MediaError::Unauthorised(spec.stream.name.clone()));
        }
        self.opened.fetch_add(1, Ordering::SeqCst);
        self.open_now.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Session(Arc::clone(&self.open_now))))
    }
}

struct Bench {
    source: Arc<Scripted>,
    clock: Arc<SimulatedClock>,
    pool: SessionPool,
}

fn bench(open_max: usize) -> Bench {
    let (source, clock) =
        (Arc::new(Scripted::default()), Arc::new(SimulatedClock::starting_at(WallTime::from_millis(0))));
    let pool = SessionPool::new(source.clone(), PoolConfig { open_max, ..PoolConfig::default() }, clock.clone());
    Bench { source, clock, pool }
}

impl Bench {
    fn open_now(&self) -> usize {
        self.source.open_now.load(Ordering::SeqCst)
    }
    fn opened(&self) -> usize {
        self.source.opened.load(Ordering::SeqCst)
    }
    fn at(&self, seconds: i64) {
        self.clock.advance_to(WallTime::from_millis(seconds * 1000));
    }
}

fn camera(name: &str) -> SourceSpec {
    let stream = Stream {
        id: StreamId::fresh(),
        code: name.into(),
        name: name.into(),
        source: SourceUrl::parse("rtsp://10.0.0.8/a").unwrap(),
        transport: Transport::Auto,
        location: None,
        area: None,
        enabled: true,
        registered_at: WallTime::from_millis(0),
    };
    SourceSpec { stream, credential: None }
}

fn want() -> Want {
    let decode = crate::domain::DecodeMode::KeyFrames;
    Want { decode, not_before: WallTime::from_millis(0), until: Instant::now() }
}

#[test]
fn a_kept_session_is_used_again_and_only_by_one_look_at_a_time() {
    let bench = bench(4);
    let cam = camera("a");
    let first = bench.pool.lease(&cam, true).unwrap();
    assert_eq!(bench.pool.lease(&cam, true).err(), Some(LeaseError::Busy("a".into())));
    drop(first);
    drop(bench.pool.lease(&cam, false).unwrap());
    assert_eq!((bench.opened(), bench.open_now(), bench.pool.open_count()), (1, 0, 0));
}

#[test]
fn the_least_recently_used_idle_session_makes_room() {
    let bench = bench(2);
    let (a, b, c) = (camera("a"), camera("b"), camera("c"));
    drop(bench.pool.lease(&a, true).unwrap());
    bench.at(1);
    drop(bench.pool.lease(&b, true).unwrap());
    bench.at(2);
    let on_c = bench.pool.lease(&c, true).unwrap();
    assert_eq!(bench.open_now(), 2);
    let on_b = bench.pool.lease(&b, true).unwrap();
    assert_eq!(bench.opened(), 3, "b was kept, a had to go");
    assert_eq!(bench.pool.lease(&a, true).err(), Some(LeaseError::Full(2)));
    drop((on_b, on_c));
    bench.at(100);
    assert_eq!((bench.pool.close_idle(Duration::from_secs(60)), bench.open_now()), (2, 0));
}

#[test]
fn a_failed_source_is_left_alone_for_longer_and_longer() {
    let bench = bench(4);
    let cam = camera("a");
    bench.source.is_down.store(true, Ordering::SeqCst);
    let mut waits = Vec::new();
    let mut now = WallTime::from_millis(0);
    for _ in 0..9 {
        assert!(matches!(bench.pool.lease(&cam, true), Err(LeaseError::Media(MediaError::Unreachable(..)))));
        let Err(LeaseError::BackingOff { retry_at, .. }) = bench.pool.lease(&cam, true) else { panic!("not held off") };
        waits.push(retry_at.since(now).as_secs_f64());
        now = retry_at;
        bench.clock.advance_to(now);
    }
    for (wait, expected) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]) {
        assert!((expected * 0.79..=expected * 1.21).contains(wait), "{waits:?}");
    }
    bench.source.is_down.store(false, Ordering::SeqCst);
    assert!(bench.pool.lease(&cam, true).is_ok());
    assert!(bench.pool.lease(&camera("b"), true).is_ok(), "others are untouched");
}

#[test]
fn a_session_that_failed_is_closed_and_a_changed_access_starts_afresh() {
    let bench = bench(4);
    let mut cam = camera("a");
    let mut lease = bench.pool.lease(&cam, true).unwrap();
    assert!(lease.frame(&want()).is_err());
    drop(lease);
    assert_eq!(bench.open_now(), 0);
    let refused = bench.pool.lease(&cam, true).err().unwrap();
    assert!(matches!(refused, LeaseError::BackingOff { .. }), "{refused}");
    cam.credential = Some(Credential { username: "u".into(), password: Secret::new("new") });
    drop(bench.pool.lease(&cam, true).unwrap());
    assert_eq!(bench.open_now(), 1);
    cam.stream.transport = Transport::Udp;
    drop(bench.pool.lease(&cam, true).unwrap());
    assert_eq!((bench.opened(), bench.open_now()), (3, 1));
    bench.pool.forget(cam.stream.id);
    assert_eq!(bench.open_now(), 0);
}

#[test]
fn of_all_that_failed_only_a_few_are_tried_at_once() {
    let bench = bench(16);
    let cams: Vec<SourceSpec> = ["a", "b", "c"].map(camera).into();
    for cam in &cams {
        assert!(bench.pool.lease(cam, true).unwrap().frame(&want()).is_err());
    }
    bench.at(5);
    let (_one, two) = (bench.pool.lease(&cams[0], true).unwrap(), bench.pool.lease(&cams[1], true).unwrap());
    let third = bench.pool.lease(&cams[2], true).err();
    assert!(matches!(&third, Some(LeaseError::BackingOff { because: MediaError::Stalled(..), .. })), "{third:?}");
    assert!(bench.pool.lease(&camera("sound"), true).is_ok(), "others do not wait for them");
    drop(two);
    assert!(bench.pool.lease(&cams[2], true).is_ok());
}

#[test]
fn a_refused_password_is_not_tried_until_it_is_changed() {
    let bench = bench(4);
    let cam = camera("a");
    bench.source.refuses.store(true, Ordering::SeqCst);
    assert!(matches!(bench.pool.lease(&cam, true), Err(LeaseError::Media(MediaError::Unauthorised(_)))));
    bench.source.refuses.store(false, Ordering::SeqCst);
    bench.at(299);
    assert!(matches!(bench.pool.lease(&cam, true), Err(LeaseError::BackingOff { .. })));
    let credential = Some(Credential { username: "u".into(), password: Secret::new("new") });
    assert!(bench.pool.lease(&SourceSpec { credential, ..cam }, true).is_ok());
}

/// A camera that accepts and never sends; it tells when it is waited for.
#[derive(Clone)]
struct Hanging(crossbeam_channel::Sender<()>);

impl FrameSource for Hanging {
    fn open(&self, _spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        Ok(Box::new(self.clone()))
    }
}

impl MediaSession for Hanging {
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError> {
        let _told_before = self.0.try_send(());
        std::thread::sleep(want.until.saturating_duration_since(Instant::now()));
        Err(MediaError::Timeout("cam".into(), Duration::ZERO))
    }
    fn clip(&mut self, _span: Duration) -> Result<Option<Clip>, MediaError> {
        Ok(None)
    }
}

#[test]
fn nobody_waits_for_a_hanging_camera_when_the_pool_closes() {
    let clock = Arc::new(SimulatedClock::starting_at(WallTime::from_millis(0)));
    let (waits, waited_for) = crossbeam_channel::bounded(1);
    let pool = SessionPool::new(Arc::new(Hanging(waits)), PoolConfig::default(), clock);
    let mut lease = pool.lease(&camera("a"), false).unwrap();
    let began = Instant::now();
    let waiting = std::thread::spawn(move || lease.frame(&Want { until: began + Duration::from_secs(600), ..want() }));
    waited_for.recv().unwrap();
    pool.close(Duration::from_millis(100));
    assert!(pool.is_closing());
    let told = waiting.join().unwrap();
    assert!(
        matches!(told, Err(MediaError::Timeout(name, waited)) if name == "cam" && waited >= Duration::from_millis(100))
    );
    assert!(began.elapsed() < Duration::from_secs(300), "{:?} of 600 s", began.elapsed());
}
