//! Replay: the same spine on a recorded file under a simulated clock, as fast as it can. The clock shows
//! the time of the latest frame, so dwell, hours and revisit targets are those of the recording.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Deserialize;

use crate::{
    clock::{Clock, SimulatedClock},
    config::{Checker, Faults},
    domain::{
        BBox, Frame, Hours, IncidentChange, Location, MatterKey, Polygon, Purpose, ReadText, Sign, SourceUrl, Stream,
        StreamId, Transport, View, ViewId, WallTime, Zone, ZoneId, ZoneKind,
    },
    media::{Clip, FrameSource, MediaError, MediaSession, SourceSpec, Want},
    store::{Registry, Store, StoreError},
};

use super::{
    planner::{Budget, Planner},
    spine::{LookDone, LookError, Spine},
};

/// What a recording shows: a scene file (TOML).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneFile {
    /// Wall time of the first frame.
    pub start: WallTime,
    /// Code of the camera in evidence.
    #[serde(default = "default_code")]
    pub code: String,
    /// Name of the camera.
    #[serde(default = "default_code")]
    pub name: String,
    /// Where it looks.
    pub location: Option<Location>,
    /// What is looked for.
    pub matters: Vec<MatterKey>,
    /// Seconds between looks, instead of the matters' own.
    pub revisit_s: Option<u32>,
    /// Where it is forbidden.
    #[serde(default)]
    pub zones: Vec<SceneZone>,
    /// What text may stay, as if a person had permitted it.
    #[serde(default)]
    pub signs: Vec<SceneSign>,
}

/// A permitted sign of a scene file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneSign {
    /// What it says.
    pub text: String,
    /// Where, `[x0, y0, x1, y1]` in fractions of the picture.
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
}

/// A zone of a scene file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneZone {
    /// Name for people.
    pub name: String,
    /// What it says.
    pub kind: ZoneKind,
    /// About which matters; all of the scene's when empty.
    #[serde(default)]
    pub matters: Vec<MatterKey>,
    /// Corners in fractions of the picture.
    pub polygon: Polygon,
    /// When.
    pub hours: Option<Hours>,
}

fn default_code() -> String {
    "replay".to_owned()
}

impl SceneFile {
    /// Reads and checks a scene; `shown` names the file in faults. Pure.
    ///
    /// # Errors
    /// [`Faults`]: where the text is no scene, or everything in it that is out of its limits.
    pub fn parse(shown: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Vec::new();
        let mut check = Checker::new(shown, &mut faults);
        let scene = match toml::from_str::<Self>(text) {
            Ok(scene) => scene,
            Err(error) => {
                let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                check.fault(
                    &format!("line {line}"),
                    error.message().replace('\n', " "),
                    "a scene, as fixtures/scenes shows",
                );
                return Err(Faults(faults));
            }
        };
        for (key, text) in [("code", &scene.code), ("name", &scene.name)] {
            if text.trim().is_empty() {
                check.fault(key, "an empty text", "a name, or nothing at all");
            }
        }
        if scene.matters.is_empty() {
            check.fault("matters", "nothing", "at least one matter");
        }
        check.number("revisit_s", Some(scene.revisit_s.unwrap_or(1)), 1..=86_400, "seconds");
        for (number, sign) in scene.signs.iter().enumerate() {
            let [x0, y0, x1, y1] = sign.bbox;
            if sign.text.trim().is_empty() {
                check.fault(&format!("signs[{number}].text"), "an empty text", "what the sign says");
            }
            if !(sign.bbox.iter().all(|edge| (0.0..=1.0).contains(edge)) && x0 < x1 && y0 < y1) {
                let want = "[left, top, right, bottom] in fractions of the picture";
                check.fault(&format!("signs[{number}].box"), format!("{:?}", sign.bbox), want);
            }
        }
        if let Some(location) = &scene.location {
            check.number("location.longitude", Some(location.longitude), -180.0..=180.0, "degrees");
            check.number("location.latitude", Some(location.latitude), -90.0..=90.0, "degrees");
        }
        if faults.is_empty() { Ok(scene) } else { Err(Faults(faults)) }
    }

    /// Registers the recording at `source` as a stream with one view and the scene's zones.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn register(&self, store: &dyn Store, source: SourceUrl) -> Result<ViewId, StoreError> {
        let stream_id = StreamId::derived(&[b"replay", self.code.as_bytes()]);
        let view = ViewId::derived(&[b"replay", self.code.as_bytes()]);
        let stream = Stream {
            id: stream_id,
            code: self.code.clone(),
            name: self.name.clone(),
            source,
            transport: Transport::Auto,
            location: self.location.clone(),
            area: None,
            // No camera: a service that runs beside on the same store leaves it alone.
            enabled: false,
            registered_at: self.start,
        };
        store.put_stream(&stream, None, "replay")?;
        let view_row = View {
            id: view,
            stream: stream_id,
            name: self.name.clone(),
            matters: self.matters.clone(),
            revisit_s: self.revisit_s,
            weight: 1.0,
            reference: None,
        };
        store.put_view(&view_row, self.start, "replay")?;
        for (number, zone) in self.zones.iter().enumerate() {
            let row = Zone {
                id: ZoneId::derived(&[b"replay", view.as_bytes(), &number.to_be_bytes()]),
                view,
                version: 1,
                name: zone.name.clone(),
                kind: zone.kind,
                matters: if zone.matters.is_empty() { self.matters.clone() } else { zone.matters.clone() },
                polygon: zone.polygon.clone(),
                hours: zone.hours.clone(),
                valid_from: None,
                valid_until: None,
            };
            store.put_zone(&row, self.start, "replay")?;
        }
        self.permit(store, view)?;
        Ok(view)
    }
}

impl SceneFile {
    /// Notes the scene's signs as permitted ones: of no reference picture, so that the view's own is read all the same.
    fn permit(&self, store: &dyn Store, view: ViewId) -> Result<(), StoreError> {
        if self.signs.is_empty() {
            return Ok(());
        }
        let row = |sign: &SceneSign| {
            let (text, bbox) = (ReadText::new(&sign.text), BBox::from(sign.bbox));
            let id = Sign::id_of(view, NO_REFERENCE, &text, &bbox);
            Sign { id, view, reference: NO_REFERENCE, text, bbox, read_at: self.start, permitted: None }
        };
        let signs: Vec<Sign> = self.signs.iter().map(row).collect();
        store.propose_signs(view, NO_REFERENCE, &signs)?;
        store.permit_signs(view, &signs.iter().map(|sign| sign.id).collect::<Vec<_>>(), true, self.start, "replay")
    }
}

/// Reference pictures count from 1.
const NO_REFERENCE: u32 = 0;

/// A source whose frames move a simulated clock, and that tells when the recording is over.
pub struct ReplaySource {
    inner: Box<dyn FrameSource>,
    clock: Arc<SimulatedClock>,
    ended: Arc<AtomicBool>,
}

impl ReplaySource {
    /// Wraps the source of a recording. The flag is set at the recording's end.
    pub fn new(inner: Box<dyn FrameSource>, clock: Arc<SimulatedClock>) -> (Self, Arc<AtomicBool>) {
        let ended = Arc::new(AtomicBool::new(false));
        (Self { inner, clock, ended: ended.clone() }, ended)
    }
}

impl FrameSource for ReplaySource {
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        let session = self.inner.open(spec)?;
        Ok(Box::new(ReplaySession { session, clock: self.clock.clone(), ended: self.ended.clone() }))
    }
}

/// A recording that gives no frame within this time is at its end.
const READ_TIME_MAX: Duration = Duration::from_secs(60);

struct ReplaySession {
    session: Box<dyn MediaSession>,
    clock: Arc<SimulatedClock>,
    ended: Arc<AtomicBool>,
}

impl MediaSession for ReplaySession {
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError> {
        // A recording is read as fast as the machine can, and nobody waits for it in steps.
        let frame = self.session.frame(&Want { until: Instant::now() + READ_TIME_MAX, ..*want });
        match &frame {
            Ok(frame) => self.clock.advance_to(frame.meta.wall),
            Err(_) => self.ended.store(true, Ordering::SeqCst),
        }
        frame
    }
    fn clip(&mut self, span: Duration) -> Result<Option<Clip>, MediaError> {
        self.session.clip(span)
    }
}

/// A change and when it happened, as a replay prints it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ReplayedChange {
    /// In the recording's time.
    pub at: WallTime,
    /// What changed.
    #[serde(flatten)]
    pub change: IncidentChange,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReplaySummary {
    /// Looks taken.
    pub looks: u64,
    /// Frames judged.
    pub frames: u64,
    /// Looks that could not be judged.
    pub blind: u64,
}

/// What is registered, as far as the recording's view goes: cameras of the same store are none of its business.
fn only(mut registry: Registry, view: ViewId) -> Registry {
    registry.views.retain(|one| one.id == view);
    registry.streams.retain(|stream| registry.views.iter().any(|one| one.stream == stream.id));
    registry.streams.iter_mut().for_each(|stream| stream.enabled = true);
    registry
}

/// Runs the plan of one view over the recording until it ends. `heard` is told of every look.
///
/// # Errors
/// [`LookError`] of the look that failed; what was recorded before stays.
pub fn replay(
    spine: &Spine,
    view: ViewId,
    clock: &SimulatedClock,
    ended: &AtomicBool,
    mut heard: impl FnMut(&LookDone),
) -> Result<ReplaySummary, LookError> {
    let budget = Budget {
        looks_max: 1,
        continuous_max: 1,
        sessions_max: usize::MAX,
        decode_cores_max: f64::INFINITY,
        look_time_max: READ_TIME_MAX,
    };
    let mut planner = Planner::new(budget, 0);
    let registry = Arc::new(only(spine.store.registry()?, view));
    planner.sync(&registry, &spine.config.matters, clock.now());
    spine.scenes.sync(registry);
    let mut summary = ReplaySummary::default();
    let mut count = |done: &LookDone| {
        summary.looks += 1;
        summary.frames += u64::from(done.report.frames);
        summary.blind += u64::from(!done.report.state.judges());
        heard(done);
    };
    while !ended.load(Ordering::SeqCst) {
        let Some(look) = planner.next(clock.now()) else {
            let Some(due) = planner.next_due() else { break };
            clock.advance_to(due.plus(Duration::from_millis(1)));
            continue;
        };
        if look.purpose == Purpose::Continuous {
            spine.watch(&look, ended, |done| count(&done))?;
        } else {
            let done = spine.look(&look)?;
            if !ended.load(Ordering::SeqCst) {
                count(&done);
            }
        }
        planner.finished(&look, clock.now());
    }
    Ok(summary)
}
