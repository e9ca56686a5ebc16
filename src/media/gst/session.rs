//! What live and recorded sessions share: the packets that a decoder works on, the frames that come out,
//! and which of them a look gets.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use gstreamer as gst;

use super::{
    choice::Codec,
    clip,
    decode::{DecodeError, Decoded, Decoder},
    decoders::Decoders,
    ring::Packet,
    shelf::Shelf,
};
use crate::{
    domain::{DecodeMode, Frame, FrameMeta, WallTime},
    media::{Clip, MediaError, SourceFacts, Want, rhythm::Rhythm},
    telemetry::{PacketFate, Signal, emit},
};

/// Packets in the decoder at once, at most; a decoder that keeps more has lost them.
const PENDING_MAX: usize = 64;

/// Decoder, frames that wait and the rhythm at which they are handed out.
pub struct Bench {
    decoders: Arc<Decoders>,
    /// Lent while deltas follow each other; a key frame alone has it for no longer than it takes.
    decoder: Option<Decoder>,
    decoder_name: Option<String>,
    pending: VecDeque<FrameMeta>,
    ready: VecDeque<Frame>,
    rhythm: Rhythm,
    decoded: u64,
    decode_time: Duration,
}

impl Bench {
    /// An empty bench that borrows from `decoders`.
    pub fn new(decoders: Arc<Decoders>) -> Self {
        Self {
            decoders,
            decoder: None,
            decoder_name: None,
            pending: VecDeque::new(),
            ready: VecDeque::new(),
            rhythm: Rhythm::default(),
            decoded: 0,
            decode_time: Duration::ZERO,
        }
    }

    /// Decodes one packet. `alone`: nothing of it is kept in the decoder.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(
        &mut self,
        caps: &gst::Caps,
        packet: &Packet<gst::Buffer>,
        meta: FrameMeta,
        alone: bool,
    ) -> Result<(), DecodeError> {
        if self.decoder.as_ref().is_none_or(|decoder| decoder.caps() != caps) {
            self.decoder = None;
            self.pending.clear();
            self.decoder = Some(self.decoders.lend(caps)?);
        }
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        if self.decoder_name.as_deref() != Some(decoder.name()) {
            tracing::debug!(decoder = decoder.name(), stream = %meta.stream, "decoder chosen");
            self.decoder_name = Some(decoder.name().to_owned());
        }
        if self.pending.len() == PENDING_MAX {
            self.pending.pop_front();
        }
        self.pending.push_back(meta);
        self.decoded += 1;
        emit(Signal::Packets { fate: PacketFate::Decoded, count: 1 });
        let asked = Instant::now();
        let out = decoder.decode(packet.body.clone(), alone);
        self.decode_time += asked.elapsed();
        let out = out.inspect_err(|_| self.decoder = None)?;
        // Only a decoder that gave the picture of this packet and no other goes on to the next camera.
        let is_clean = alone && out.len() == 1 && out[0].pts == Some(packet.pts);
        self.shelve(out);
        if alone {
            self.pending.clear();
            if let Some(decoder) = self.decoder.take().filter(|_| is_clean) {
                self.decoders.take_back(decoder);
            }
        }
        Ok(())
    }

    /// Takes out what the decoder still holds.
    pub fn finish(&mut self) {
        if let Some(decoder) = &mut self.decoder {
            let out = decoder.finish();
            self.shelve(out);
        }
    }

    /// Lets the decoder and all frames go.
    pub fn rest(&mut self) {
        self.decoder = None;
        self.pending = VecDeque::new();
        self.ready = VecDeque::new();
    }

    /// Takes on the rhythm that the look asks for.
    pub fn follow(&mut self, decode: DecodeMode) {
        self.rhythm.follow(decode);
    }

    /// The next frame that `accepts`; those before it are let go.
    pub fn next(&mut self, accepts: impl Fn(&FrameMeta) -> bool) -> Option<Frame> {
        while let Some(frame) = self.ready.pop_front() {
            if accepts(&frame.meta) && self.rhythm.is_due(frame.meta.pts) {
                return Some(frame);
            }
        }
        None
    }

    fn shelve(&mut self, out: VecDeque<Decoded>) {
        for decoded in out {
            // A decoder that lost the time gives frames in order; a time that nobody waits for is a leftover.
            let known = decoded.pts.map_or(Some(0), |pts| self.pending.iter().position(|meta| meta.pts == pts));
            let Some(meta) = known.and_then(|known| self.pending.remove(known)) else { continue };
            self.ready.push_back(Frame { meta, picture: decoded.picture });
        }
    }

    /// Fills in what the decoder's side knows.
    pub fn tell(&self, facts: &mut SourceFacts) {
        (facts.decoded, facts.decode_time) = (self.decoded, self.decode_time);
        facts.decoder.clone_from(&self.decoder_name);
    }
}

/// Whether a look gets along with key frames alone: asked for, or slower than the key frames come.
pub fn keys_suffice(want: &Want, key_interval: Option<Duration>) -> bool {
    match want.decode {
        DecodeMode::KeyFrames => true,
        DecodeMode::Rate { fps } => key_interval.is_some_and(|keys| keys.as_secs_f32() * fps <= 1.05),
        DecodeMode::All => false,
    }
}

/// A clip of the shelf's latest packets. `wall` tells a packet's wall time.
///
/// # Errors
/// [`MediaError::Framework`].
pub fn clip_of(
    shelf: &Shelf,
    name: &str,
    span: Duration,
    wall: impl Fn(&Packet<gst::Buffer>) -> WallTime,
) -> Result<Option<Clip>, MediaError> {
    let packets = shelf.ring().tail(span);
    let (Some(first), Some(caps)) = (packets.first(), shelf.caps()) else { return Ok(None) };
    if packets.len() < 2 {
        return Ok(None);
    }
    let from = wall(first);
    let to = packets.iter().map(&wall).max().unwrap_or(from);
    let mp4 = clip::mux(&packets, &caps).map_err(|why| MediaError::Framework(format!("clip of {name}: {why}")))?;
    Ok(Some(Clip { mp4, from, to }))
}

/// What the shelf knows about the source.
pub fn facts_of(shelf: &Shelf) -> SourceFacts {
    let mut facts = SourceFacts::default();
    if let Some(caps) = shelf.caps()
        && let Some(structure) = caps.structure(0)
    {
        facts.codec = Some(structure.name().to_string());
        let side = |field| structure.get::<i32>(field).ok().and_then(|side| u32::try_from(side).ok());
        facts.size = side("width").zip(side("height"));
        facts.fps = structure
            .get::<gst::Fraction>("framerate")
            .ok()
            .filter(|rate| rate.numer() > 0 && rate.denom() > 0)
            .map(|rate| rate.numer() as f32 / rate.denom() as f32);
    }
    let ring = shelf.ring();
    facts.fps = facts.fps.or_else(|| ring.frame_rate());
    facts.key_interval = ring.key_interval();
    facts.packets = ring.seen();
    facts
}

/// The codec of the packets on the shelf.
pub fn codec_of(caps: &gst::Caps) -> Codec {
    Codec::of_media_type(caps.structure(0).map_or("", |s| s.name().as_str()))
}
