//! A session of a live source: RTSP or HTTP. Looks take what is newest; what nobody looked at is lost
//! by policy. A source that falls silent, ends or fails ends the session; reconnecting is the pool's.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::{
    GstConfig,
    decode::DecodeError,
    decoders::Decoders,
    fault,
    receive::{Reception, Trouble},
    ring::{Appetite, Packet},
    session::{self, Bench},
};
use crate::{
    clock::Clock,
    domain::{Frame, FrameMeta, StreamId, Transport, WallSource},
    media::{Clip, MediaError, MediaSession, SourceFacts, SourceSpec, Want, address::Admitted, rtsp::Receiver},
    telemetry::{PacketFate, Signal, emit},
};

/// How often a waiting look checks the source's messages and the watchdog.
const CHECK_EVERY: Duration = Duration::from_millis(50);
/// Packets in a row that a decoder may refuse before the source counts as unsupported.
const REFUSED_MAX: u32 = 5;

/// An open live source.
pub struct Live {
    spec: SourceSpec,
    at: Admitted,
    name: String,
    session: u64,
    config: GstConfig,
    clock: Arc<dyn Clock>,
    receiver: Arc<Receiver>,
    reception: Option<Reception>,
    transport: Option<Transport>,
    bench: Bench,
    last: Option<u64>,
    in_step: bool,
    refused: u32,
    skipped: u64,
    failed: Option<MediaError>,
}

impl Live {
    /// Starts receiving from where the source may be called.
    ///
    /// # Errors
    /// [`MediaError::Framework`].
    pub fn open(
        spec: SourceSpec,
        at: Admitted,
        session: u64,
        config: GstConfig,
        clock: Arc<dyn Clock>,
        receiver: Arc<Receiver>,
        decoders: Arc<Decoders>,
    ) -> Result<Self, MediaError> {
        let name = fault::name_of(&spec.stream);
        let is_rtsp = spec.stream.source.url().scheme().starts_with("rtsp");
        let transport = is_rtsp.then_some(match spec.stream.transport {
            Transport::Udp => Transport::Udp,
            Transport::Auto | Transport::Tcp => Transport::Tcp,
        });
        let decoders = if transport == Some(Transport::Udp) { Decoders::unshared() } else { decoders };
        let mut live = Self {
            spec,
            at,
            name,
            session,
            config,
            clock,
            receiver,
            reception: None,
            transport,
            bench: Bench::new(decoders),
            last: None,
            in_step: false,
            refused: 0,
            skipped: 0,
            failed: None,
        };
        live.connect()?;
        Ok(live)
    }

    fn connect(&mut self) -> Result<(), MediaError> {
        // The old connection is closed before a new one asks the same camera.
        self.reception = None;
        let credential = self.spec.credential.as_ref();
        let opened = Reception::open(
            &self.name,
            &self.at,
            credential,
            self.transport,
            &self.config,
            &self.clock,
            &self.receiver,
        );
        self.reception = Some(opened.map_err(|why| MediaError::Framework(format!("{}: {why}", self.name)))?);
        (self.last, self.in_step) = (None, false);
        Ok(())
    }

    fn look(&mut self, want: &Want) -> Result<Frame, MediaError> {
        self.bench.follow(want.decode);
        let begun = Instant::now();
        loop {
            if let Some(frame) = self.bench.next(|meta| meta.arrived >= want.not_before) {
                return Ok(frame);
            }
            self.check()?;
            match self.next_packet(want) {
                Some((packet, alone)) => self.decode(&packet, alone)?,
                None if Instant::now() >= want.until => {
                    return Err(MediaError::Timeout(self.name.clone(), begun.elapsed()));
                }
                None => self.wait(want.until),
            }
        }
    }

    fn next_packet(&mut self, want: &Want) -> Option<(Packet<gst::Buffer>, bool)> {
        let ring = self.reception.as_ref()?.shelf().ring();
        let alone = session::keys_suffice(want, ring.key_interval());
        let appetite = if alone { Appetite::NewestKey } else { Appetite::Everything };
        let in_step = self.in_step && !alone;
        let packet = ring.next(appetite, self.last, in_step, want.not_before, self.config.lag_max)?;
        let jumped = packet.seq.saturating_sub(self.last.map_or(packet.seq, |last| last + 1));
        if in_step && jumped > 0 {
            self.skipped += jumped;
            emit(Signal::Packets { fate: PacketFate::Skipped, count: jumped });
        }
        Some((packet, alone))
    }

    fn decode(&mut self, packet: &Packet<gst::Buffer>, alone: bool) -> Result<(), MediaError> {
        let Some(caps) = self.reception.as_ref().and_then(|reception| reception.shelf().caps()) else { return Ok(()) };
        let meta = meta_of(self.spec.stream.id, self.session, packet);
        (self.last, self.in_step) = (Some(packet.seq), !alone);
        match self.bench.decode(&caps, packet, meta, alone) {
            Ok(()) => self.refused = 0,
            Err(error) => {
                self.in_step = false;
                self.refused += 1;
                tracing::warn!(stream = %self.spec.stream.id, %error, "a packet was not decoded");
                if self.refused >= REFUSED_MAX || matches!(error, DecodeError::NoDecoder(_)) {
                    return Err(MediaError::Unsupported(self.name.clone(), error.what()));
                }
            }
        }
        Ok(())
    }

    fn wait(&self, until: Instant) {
        let Some(reception) = &self.reception else { return };
        let ring = reception.shelf().ring();
        if ring.seen() == 0 || self.last.is_none_or(|last| last + 1 >= ring.seen()) || !self.in_step {
            let left = until.saturating_duration_since(Instant::now());
            reception.shelf().wait(ring, CHECK_EVERY.min(left));
        }
    }

    /// Whether the source still lives: what its receiver says, then the watchdog.
    fn check(&mut self) -> Result<(), MediaError> {
        let Some(reception) = &mut self.reception else { return Ok(()) };
        match reception.trouble() {
            None => {}
            Some(Trouble::Failed(error)) => return Err(error),
            Some(Trouble::Closed) => {
                return Err(match self.transport {
                    None => MediaError::Ended(self.name.clone()),
                    Some(_) => MediaError::Stalled(self.name.clone(), "it closed the connection".into()),
                });
            }
            Some(Trouble::Transport) => return self.refused_over(),
        }
        let played = reception.shelf().ring().last_at();
        let silent = played.unwrap_or(reception.started()).elapsed();
        match played {
            _ if reception.shelf().went_silent() => {
                Err(MediaError::Stalled(self.name.clone(), "it had fallen silent and sends its backlog".into()))
            }
            Some(_) if silent > self.config.stall_after => {
                Err(MediaError::Stalled(self.name.clone(), format!("no packet for {} s", silent.as_secs())))
            }
            None if silent > self.config.connect_within => {
                Err(MediaError::Unreachable(self.name.clone(), format!("no packet within {} s", silent.as_secs())))
            }
            _ => Ok(()),
        }
    }

    /// The camera sends no video this way; the other one is tried where it was left to us.
    fn refused_over(&mut self) -> Result<(), MediaError> {
        if self.transport == Some(Transport::Tcp) && self.spec.stream.transport == Transport::Auto {
            tracing::info!(stream = %self.spec.stream.id, "the camera refuses RTP over TCP; trying UDP");
            self.transport = Some(Transport::Udp);
            return self.connect();
        }
        let way = if self.transport == Some(Transport::Udp) { "UDP" } else { "TCP" };
        let why = format!("it refuses RTP over {way}, so choose the other transport");
        Err(MediaError::Unreachable(self.name.clone(), why))
    }
}

impl MediaSession for Live {
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let result = self.look(want);
        if let Err(error) = &result
            && !matches!(error, MediaError::Timeout(..))
        {
            self.failed = Some(error.clone());
        }
        result
    }

    fn clip(&mut self, span: Duration) -> Result<Option<Clip>, MediaError> {
        let Some(reception) = &self.reception else { return Ok(None) };
        let (stream, session) = (self.spec.stream.id, self.session);
        session::clip_of(reception.shelf(), &self.name, span, |packet| meta_of(stream, session, packet).wall)
    }

    fn rest(&mut self) {
        self.bench.rest();
        self.in_step = false;
    }

    fn facts(&self) -> SourceFacts {
        let mut facts =
            self.reception.as_ref().map(|reception| session::facts_of(reception.shelf())).unwrap_or_default();
        self.bench.tell(&mut facts);
        (facts.transport, facts.skipped) = (self.transport, self.skipped);
        facts
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(reception) = &self.reception {
            emit(Signal::Packets { fate: PacketFate::Evicted, count: reception.shelf().ring().evicted() });
        }
    }
}

fn meta_of(stream: StreamId, session: u64, packet: &Packet<gst::Buffer>) -> FrameMeta {
    let arrived = packet.arrived;
    let (wall, wall_source, skew_ms) = match packet.camera_ms {
        Some(ms) => (
            crate::domain::WallTime::from_millis(ms),
            WallSource::SenderReport,
            Some(ms.saturating_sub(arrived.millis())),
        ),
        None => (arrived, WallSource::Arrival, None),
    };
    FrameMeta { stream, session, pts: packet.pts, wall, wall_source, arrived, skew_ms, key: packet.key }
}
