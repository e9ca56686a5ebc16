//! The one seam between a live session and what receives for it: our own receiver for RTSP over TCP, or a pipeline of
//! the framework for everything else and for cameras that ours does not understand. A session knows neither.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gstreamer as gst;

use super::{
    GstConfig,
    choice::Codec,
    fault,
    intake::{self, Intake},
    shelf::Shelf,
};
use crate::{
    clock::Clock,
    domain::{Credential, SourceUrl, Transport},
    media::{
        MediaError,
        address::Admitted,
        rtsp::{Connection, Receiver, Refusal, Request, Taker, Unit, Video},
    },
};

/// Why receiving ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The source closed the connection or came to its end.
    Closed,
    /// The camera has a video that we take and refuses this way of sending it.
    Transport,
    /// Anything else, explained.
    Failed(MediaError),
}

/// A live source that is being received.
pub struct Reception {
    name: String,
    at: Admitted,
    credential: Option<Credential>,
    transport: Option<Transport>,
    config: GstConfig,
    clock: Arc<dyn Clock>,
    how: How,
}

enum How {
    Ours(Ours),
    Pipeline(Intake),
}

impl Reception {
    /// Begins to receive. `transport`: how RTP travels; `None` for what is no RTSP.
    ///
    /// # Errors
    /// A sentence, when the means to receive are missing.
    pub fn open(
        name: &str,
        at: &Admitted,
        credential: Option<&Credential>,
        transport: Option<Transport>,
        config: &GstConfig,
        clock: &Arc<dyn Clock>,
        receiver: &Receiver,
    ) -> Result<Self, String> {
        let how = if transport == Some(Transport::Tcp) && at.source.url().scheme() == "rtsp" {
            How::Ours(Ours::open(&at.source, credential, config, clock, receiver)?)
        } else {
            How::Pipeline(pipeline(at, credential, transport, config, clock)?)
        };
        let (name, at, credential) = (name.to_owned(), at.clone(), credential.cloned());
        Ok(Self { name, at, credential, transport, config: config.clone(), clock: Arc::clone(clock), how })
    }

    /// What has come in.
    pub fn shelf(&self) -> &Arc<Shelf> {
        match &self.how {
            How::Ours(ours) => &ours.inlet.shelf,
            How::Pipeline(intake) => &intake.shelf,
        }
    }

    /// When it began.
    pub fn started(&self) -> Instant {
        match &self.how {
            How::Ours(ours) => ours.started,
            How::Pipeline(intake) => intake.started,
        }
    }

    /// Whether and why nothing more will come. A camera that our receiver does not understand is tried again with the
    /// framework's here, so nothing is said of it yet.
    pub fn trouble(&mut self) -> Option<Trouble> {
        match &self.how {
            How::Pipeline(intake) => self.pipeline_trouble(intake),
            How::Ours(ours) => {
                let refusal = ours.inlet.ended.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
                let name = self.name.clone();
                Some(match refusal {
                    Refusal::Closed => Trouble::Closed,
                    Refusal::Transport => Trouble::Transport,
                    Refusal::Unreachable(why) => Trouble::Failed(MediaError::Unreachable(name, why)),
                    Refusal::Login => Trouble::Failed(MediaError::Unauthorised(name)),
                    Refusal::Missing => Trouble::Failed(MediaError::NotFound(name)),
                    Refusal::Codec(codec) => {
                        Trouble::Failed(MediaError::Unsupported(name, codec.unwrap_or_else(|| "no video".into())))
                    }
                    Refusal::Elsewhere(to) => Trouble::Failed(led_away(name, &to)),
                    Refusal::Broken(why) => Trouble::Failed(MediaError::Stalled(name, why)),
                    Refusal::Foreign(what) => return self.leave_to_the_framework(&what),
                })
            }
        }
    }

    fn leave_to_the_framework(&mut self, what: &str) -> Option<Trouble> {
        tracing::info!(camera = self.name, what, "the camera is left to the framework's receiver");
        match pipeline(&self.at, self.credential.as_ref(), self.transport, &self.config, &self.clock) {
            Ok(intake) => {
                self.how = How::Pipeline(intake);
                None
            }
            Err(why) => Some(Trouble::Failed(MediaError::Framework(format!("{}: {why}", self.name)))),
        }
    }

    fn pipeline_trouble(&self, intake: &Intake) -> Option<Trouble> {
        if let Some(to) = intake.tether.led_away() {
            return Some(Trouble::Failed(led_away(self.name.clone(), to)));
        }
        let message = intake.bus.pop_filtered(&[gst::MessageType::Error, gst::MessageType::Eos])?;
        let gst::MessageView::Error(error) = message.view() else { return Some(Trouble::Closed) };
        let (reason, debug) = (error.error(), error.debug());
        let played = intake.shelf.ring().last_at().is_some();
        let credential = self.credential.as_ref();
        let text = fault::redact(&format!("{reason} {}", debug.as_deref().unwrap_or("")), credential);
        tracing::debug!(camera = self.name, error = text, "the source failed");
        if self.transport.is_some() && !played && fault::sets_up_nothing(&reason) {
            if intake.shelf.has_video() {
                return Some(Trouble::Transport);
            }
            let codec = intake.shelf.unsupported().unwrap_or_else(|| "no video".into());
            return Some(Trouble::Failed(MediaError::Unsupported(self.name.clone(), codec)));
        }
        Some(Trouble::Failed(fault::explain(&self.name, &reason, debug.as_deref(), played, credential)))
    }
}

fn led_away(name: String, to: &str) -> MediaError {
    MediaError::Forbidden(
        name,
        format!("it sends us on to {to}, which is never followed; register the camera where it is"),
    )
}

fn pipeline(
    at: &Admitted,
    credential: Option<&Credential>,
    transport: Option<Transport>,
    config: &GstConfig,
    clock: &Arc<dyn Clock>,
) -> Result<Intake, String> {
    match transport {
        Some(transport) => intake::rtsp(&at.source, credential, transport, config, Arc::clone(clock)),
        None => intake::container(&at.source, at.host.as_deref(), credential, config, Arc::clone(clock)),
    }
}

/// A session of our own receiver.
struct Ours {
    inlet: Arc<Inlet>,
    started: Instant,
    /// Ends the session when it goes.
    _connection: Connection,
}

impl Ours {
    fn open(
        url: &SourceUrl,
        credential: Option<&Credential>,
        config: &GstConfig,
        clock: &Arc<dyn Clock>,
        receiver: &Receiver,
    ) -> Result<Self, String> {
        let inlet = Arc::new(Inlet {
            shelf: Arc::new(Shelf::new(config, Arc::clone(clock))),
            codec: Mutex::new(Codec::H264),
            decode_time: AtomicU64::new(0),
            ended: Mutex::new(None),
        });
        let request = Request {
            url: url.clone(),
            credential: credential.cloned(),
            within: config.connect_within,
            unit_max: config.ring_bytes / 2,
        };
        let taker: Arc<dyn Taker> = Arc::<Inlet>::clone(&inlet);
        let connection = receiver.open(request, taker).map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(Self { inlet, started: Instant::now(), _connection: connection })
    }
}

/// Where our receiver's thread puts what comes.
struct Inlet {
    shelf: Arc<Shelf>,
    codec: Mutex<Codec>,
    /// The latest decode time in nanoseconds: it never goes back.
    decode_time: AtomicU64,
    ended: Mutex<Option<Refusal>>,
}

impl Taker for Inlet {
    fn offered(&self, video: Video) {
        let codec = match video {
            Video::H264 => Codec::H264,
            Video::H265 => Codec::H265,
        };
        *self.codec.lock().unwrap_or_else(PoisonError::into_inner) = codec;
    }

    fn unit(&self, unit: Unit) {
        let pts = unit.pts;
        // The framework's buffer takes the bytes over: no copy.
        let mut body = gst::Buffer::from_mut_slice(unit.data);
        if let Some(body) = body.get_mut() {
            let decode_time = self.decode_time.fetch_max(pts.0, Ordering::Relaxed).max(pts.0);
            body.set_pts(gst::ClockTime::from_nseconds(pts.0));
            body.set_dts(gst::ClockTime::from_nseconds(decode_time));
            if !unit.key {
                body.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        if unit.sets_changed {
            let codec = *self.codec.lock().unwrap_or_else(PoisonError::into_inner);
            self.shelf.describe_by(codec, body.clone());
        }
        self.shelf.put(body, pts, unit.key, unit.camera_ms);
    }

    fn ended(&self, why: Refusal) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
        self.shelf.wake();
    }
}
