//! A session of a recording (a file): frames in order, as fast as they are asked for, at the wall times
//! that the recording's start gives them. Nothing is dropped: the file waits for its reader.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::{
    GstConfig,
    choice::Codec,
    decode::DecodeError,
    decoders::Decoders,
    fault,
    intake::{self, Intake},
    ring::Packet,
    session::{self, Bench},
};
use crate::{
    clock::Clock,
    domain::{ClockOffset, Frame, FrameMeta, StreamId, WallSource, WallTime},
    media::{Clip, MediaError, MediaSession, SourceFacts, SourceSpec, Want},
};

/// Packets of one group of pictures that may wait for the news whether any of them is wanted. When
/// full, they are decoded without that news.
const HELD_MAX: usize = 600;

/// An open recording.
pub struct Recording {
    stream: StreamId,
    name: String,
    session: u64,
    offset: ClockOffset,
    clock: Arc<dyn Clock>,
    intake: Intake,
    bench: Bench,
    held: VecDeque<Packet<gst::Buffer>>,
    in_step: bool,
    ended: bool,
    failed: Option<MediaError>,
}

impl Recording {
    /// Opens the file.
    ///
    /// # Errors
    /// [`MediaError::Framework`].
    pub fn open(
        spec: &SourceSpec,
        session: u64,
        origin: WallTime,
        config: &GstConfig,
        clock: Arc<dyn Clock>,
        decoders: Arc<Decoders>,
    ) -> Result<Self, MediaError> {
        let name = fault::name_of(&spec.stream);
        let intake = intake::container(&spec.stream.source, None, None, config, Arc::clone(&clock))
            .map_err(|why| MediaError::Framework(format!("{name}: {why}")))?;
        let offset = ClockOffset { origin, source: WallSource::Recording };
        let stream = spec.stream.id;
        let (bench, held) = (Bench::new(decoders), VecDeque::new());
        Ok(Self {
            stream,
            name,
            session,
            offset,
            clock,
            intake,
            bench,
            held,
            in_step: false,
            ended: false,
            failed: None,
        })
    }

    fn look(&mut self, want: &Want) -> Result<Frame, MediaError> {
        self.bench.follow(want.decode);
        let begun = Instant::now();
        loop {
            if let Some(frame) = self.bench.next(|meta| meta.wall >= want.not_before) {
                return Ok(frame);
            }
            if self.ended {
                if self.intake.shelf.ring().seen() == 0 {
                    return Err(MediaError::Unsupported(self.name.clone(), "no video".into()));
                }
                return Err(MediaError::Ended(self.name.clone()));
            }
            if Instant::now() >= want.until {
                return Err(MediaError::Timeout(self.name.clone(), begun.elapsed()));
            }
            match self.pull()? {
                Some(packet) => self.consider(packet, want)?,
                None if self.ended => self.bench.finish(),
                None => {}
            }
        }
    }

    fn pull(&mut self) -> Result<Option<Packet<gst::Buffer>>, MediaError> {
        if let Some(sample) = self.intake.sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
            return Ok(self.intake.shelf.take(&sample));
        }
        let kinds = [gst::MessageType::Error, gst::MessageType::Eos];
        let played = self.intake.shelf.ring().seen() > 0;
        if let Some(message) = self.intake.bus.pop_filtered(&kinds)
            && let gst::MessageView::Error(error) = message.view()
        {
            return Err(fault::explain(&self.name, &error.error(), error.debug().as_deref(), played, None));
        }
        if let Some(why) = self.intake.shelf.unsupported() {
            return Err(MediaError::Unsupported(self.name.clone(), why));
        }
        self.ended = self.intake.sink.is_eos();
        Ok(None)
    }

    /// Decodes what the look needs of the packet: a key frame alone, or the group from its key frame on
    /// once one of its packets is wanted.
    fn consider(&mut self, packet: Packet<gst::Buffer>, want: &Want) -> Result<(), MediaError> {
        let wanted = self.offset.wall(packet.pts) >= want.not_before;
        let Some(caps) = self.intake.shelf.caps() else { return Ok(()) };
        let key_interval = self.intake.shelf.ring().key_interval();
        if session::keys_suffice(want, key_interval) && session::codec_of(&caps) != Codec::Other {
            (self.in_step, _) = (false, self.held.clear());
            return if packet.key && wanted { self.decode(&caps, &packet, true) } else { Ok(()) };
        }
        if packet.key && !self.in_step {
            self.held.clear();
        }
        if packet.key && !wanted {
            self.in_step = false;
            self.held.clear();
        }
        if self.in_step {
            return self.decode(&caps, &packet, false);
        }
        if packet.key || !self.held.is_empty() {
            self.held.push_back(packet);
        }
        if wanted && !self.held.is_empty() || self.held.len() >= HELD_MAX {
            self.in_step = true;
            for packet in std::mem::take(&mut self.held) {
                self.decode(&caps, &packet, false)?;
            }
        }
        Ok(())
    }

    fn decode(&mut self, caps: &gst::Caps, packet: &Packet<gst::Buffer>, alone: bool) -> Result<(), MediaError> {
        let meta = FrameMeta {
            stream: self.stream,
            session: self.session,
            pts: packet.pts,
            wall: self.offset.wall(packet.pts),
            wall_source: self.offset.source,
            arrived: self.clock.now(),
            skew_ms: None,
            key: packet.key,
        };
        match self.bench.decode(caps, packet, meta, alone) {
            Err(error @ DecodeError::NoDecoder(_)) => Err(MediaError::Unsupported(self.name.clone(), error.what())),
            Err(error) => {
                // A damaged packet costs the frames up to the next key frame, not the recording.
                tracing::warn!(stream = %self.stream, %error, "a packet was not decoded");
                self.in_step = false;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }
}

impl MediaSession for Recording {
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
        session::clip_of(&self.intake.shelf, &self.name, span, |packet| self.offset.wall(packet.pts))
    }

    fn facts(&self) -> SourceFacts {
        let mut facts = session::facts_of(&self.intake.shelf);
        self.bench.tell(&mut facts);
        facts
    }
}
