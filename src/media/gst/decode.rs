//! A decoder that is handed one packet at a time in the caller's own thread. No queue and no thread of
//! its own: when `decode` returns, the decoder has done all that the packet lets it do. A packet that is
//! never handed in costs nothing, which is the whole economy of looks at key frames.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;
use std::{collections::VecDeque, sync::Arc};

use super::{
    choice::{self, Codec},
    refresh::is_idr,
};
use crate::domain::{Picture, PixelLayout, Pts};

/// Why a decoder cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Nothing installed decodes this.
    #[error("no installed decoder takes {0}")]
    NoDecoder(String),
    /// The decoder refused a packet.
    #[error("{decoder} failed: {why}")]
    Failed {
        /// Element name.
        decoder: String,
        /// Flow result or bus error.
        why: String,
    },
}

impl DecodeError {
    /// What the source sends that cannot be used, as the object of "it sends".
    pub fn what(self) -> String {
        match self {
            Self::NoDecoder(media_type) => media_type,
            Self::Failed { decoder, why } => format!("packets that {decoder} refuses ({why})"),
        }
    }
}

/// A decoded picture and the media time it belongs to.
pub struct Decoded {
    /// Media time, where the decoder kept it.
    pub pts: Option<Pts>,
    /// Pixels, still in the decoder's own buffer.
    pub picture: Picture,
}

/// One decoder, fed by hand.
pub struct Decoder {
    pipeline: gst::Pipeline,
    entry: gst::Pad,
    sink: gst_app::AppSink,
    name: String,
    caps: gst::Caps,
    packets: u32,
    state: State,
}

/// What a decoder holds between two packets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    Drained,
    /// A picture that was given out, and that the next IDR picture makes it forget.
    Undrained,
    /// What the next deltas refer to.
    Following,
}

impl Decoder {
    /// The best decoder for `caps` that starts on this machine.
    ///
    /// # Errors
    /// [`DecodeError::NoDecoder`].
    pub fn open(caps: &gst::Caps) -> Result<Self, DecodeError> {
        for factory in candidates(caps) {
            match Self::start(&factory, caps) {
                Ok(decoder) => return Ok(decoder),
                Err(error) => {
                    tracing::debug!(decoder = %factory.name(), %error, "decoder does not start, trying the next");
                }
            }
        }
        let media_type = caps.structure(0).map_or("nothing", |s| s.name().as_str());
        Err(DecodeError::NoDecoder(media_type.to_owned()))
    }

    /// Name of the chosen decoder element.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it takes.
    pub fn caps(&self) -> &gst::Caps {
        &self.caps
    }

    /// How many packets were handed in so far.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Hands in one packet and returns what came out. `alone`: the decoder gives out all that it holds
    /// and forgets its references, so the next packet must be a key frame again.
    ///
    /// # Errors
    /// [`DecodeError::Failed`].
    pub fn decode(&mut self, mut packet: gst::Buffer, alone: bool) -> Result<VecDeque<Decoded>, DecodeError> {
        self.packets = self.packets.saturating_add(1);
        let begins_anew = alone && self.state != State::Following && self.begins_anew(&packet);
        if self.state == State::Undrained && !begins_anew {
            self.drain();
        }
        let pts = packet.pts().map(|pts| Pts(pts.nseconds()));
        let counted = Pts(gst::ClockTime::from_seconds(self.packets.into()).nseconds());
        if begins_anew {
            // Cameras' times go to and fro; a decoder that is not drained in between would alter those that go back.
            let packet = packet.make_mut();
            packet.set_pts(gst::ClockTime::from_nseconds(counted.0));
            packet.set_dts(None);
        }
        let flow = self.entry.chain(packet);
        let mut out = self.collect();
        self.state = match alone {
            false => State::Following,
            true if begins_anew && out.len() == 1 && out[0].pts == Some(counted) => State::Undrained,
            true => {
                self.drain();
                out.extend(self.collect());
                State::Drained
            }
        };
        if let Err(flow) = flow {
            return Err(self.failure(&format!("{flow:?}")));
        }
        if begins_anew {
            out.iter_mut().filter(|one| one.pts == Some(counted)).for_each(|one| one.pts = pts);
        }
        Ok(out)
    }

    /// Whether the packet makes the decoder forget all that came before. That is asked of H.265 alone, because there it pays:
    /// gst-libav's decoder makes all its tables anew after it was drained, and where the picture came out at once it need not be.
    fn begins_anew(&self, packet: &gst::Buffer) -> bool {
        let head = self.caps.structure(0).filter(|head| head.get::<&str>("stream-format") == Ok("byte-stream"));
        head.is_some_and(|head| Codec::of_media_type(head.name()) == Codec::H265)
            && packet.map_readable().is_ok_and(|unit| is_idr(&unit))
    }

    /// Has the decoder give out all that it still holds.
    pub fn finish(&mut self) -> VecDeque<Decoded> {
        self.drain();
        self.collect()
    }

    /// A decoder gives out all that it holds at the end of a segment, and is ready for a new one after it.
    fn drain(&self) {
        self.entry.send_event(gst::event::SegmentDone::new(gst::ClockTime::ZERO));
        self.entry.send_event(segment());
    }

    fn collect(&self) -> VecDeque<Decoded> {
        let mut out = VecDeque::new();
        while let Some(sample) = self.sink.try_pull_sample(gst::ClockTime::ZERO) {
            let pts = sample.buffer().and_then(gst::BufferRef::pts).map(|pts| Pts(pts.nseconds()));
            match picture_of(&sample) {
                Some(picture) => out.push_back(Decoded { pts, picture }),
                None => tracing::debug!(decoder = self.name, "decoded buffer is no I420 picture"),
            }
        }
        out
    }

    fn failure(&self, flow: &str) -> DecodeError {
        let bus = self.pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
        let why = match bus.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => error.error().to_string(),
            _ => flow.to_owned(),
        };
        DecodeError::Failed { decoder: self.name.clone(), why }
    }

    fn start(factory: &gst::ElementFactory, caps: &gst::Caps) -> Result<Self, gst::glib::BoolError> {
        let decoder = factory.create().build()?;
        // libavcodec's frame threading would hold back whole groups of pictures in looks at key frames. A picture that
        // the decoder knows to be damaged is none: what is missing may be filled with an earlier one, and it is evidence.
        for (property, value) in [
            ("max-threads", "1"),
            ("qos", "false"),
            ("automatic-request-sync-points", "false"),
            ("output-corrupt", "false"),
            ("discard-corrupted-frames", "true"),
        ] {
            if decoder.has_property(property) {
                decoder.set_property_from_str(property, value);
            }
        }
        let convert = gst::ElementFactory::make("videoconvert").property("qos", false).build()?;
        let i420 = gst_video::VideoCapsBuilder::new().format(gst_video::VideoFormat::I420).build();
        let sink = gst_app::AppSink::builder().caps(&i420).sync(false).async_(false).build();
        sink.set_enable_last_sample(false);
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&decoder, &convert, sink.upcast_ref()])?;
        gst::Element::link_many([&decoder, &convert, sink.upcast_ref()])?;
        offer_video_meta(&sink);
        if let Some(bus) = pipeline.bus() {
            super::keep_faults_only(&bus);
        }
        let guard = Self {
            entry: decoder.static_pad("sink").ok_or_else(|| gst::glib::bool_error!("decoder without a sink pad"))?,
            name: factory.name().to_string(),
            caps: caps.clone(),
            packets: 0,
            state: State::Drained,
            pipeline,
            sink,
        };
        guard.pipeline.set_state(gst::State::Playing).map_err(|_| gst::glib::bool_error!("does not start"))?;
        let begun = guard.entry.send_event(gst::event::StreamStart::new("packets"))
            && guard.entry.send_event(gst::event::Caps::new(caps))
            && guard.entry.send_event(segment());
        if begun { Ok(guard) } else { Err(gst::glib::bool_error!("does not take these caps")) }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // Nothing can be done about a decoder that does not stop; the process's end takes it.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// An open segment from zero: media time passes through as it is.
fn segment() -> gst::Event {
    gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new())
}

/// Offers what a decoder needs to draw straight into what we hand out: padded rows, and a pool of buffers that it may
/// shape. Without the pool gst-libav copies every picture whose coded height is not its own, as 1088 is not 1080.
fn offer_video_meta(sink: &gst_app::AppSink) {
    let pad = sink.static_pad("sink").expect("an appsink has a sink pad");
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Allocation(allocation) = query.view_mut()
        {
            let size = allocation.caps().and_then(|caps| gst_video::VideoInfo::from_caps(caps).ok());
            if let Some(size) = size.and_then(|info| u32::try_from(info.size()).ok()) {
                allocation.add_allocation_pool(Some(&gst_video::VideoBufferPool::new()), size, 0, 0);
            }
            allocation.add_allocation_meta::<gst_video::VideoMeta>(None);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
}

fn candidates(caps: &gst::Caps) -> Vec<gst::ElementFactory> {
    let media_type = caps.structure(0).map_or("", |s| s.name().as_str());
    match Codec::of_media_type(media_type) {
        Codec::Other => {
            let kind = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO;
            let mut all: Vec<_> = gst::ElementFactory::factories_with_type(kind, gst::Rank::MARGINAL)
                .into_iter()
                .chain(gst::ElementFactory::factories_with_type(
                    gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_IMAGE,
                    gst::Rank::MARGINAL,
                ))
                .filter(|factory| factory.can_sink_any_caps(caps))
                .collect();
            all.sort_by_key(|factory| std::cmp::Reverse(factory.rank()));
            all
        }
        codec => choice::decoders(codec, |name| gst::ElementFactory::find(name).is_some())
            .into_iter()
            .filter_map(gst::ElementFactory::find)
            .collect(),
    }
}

/// The sample's pixels as they lie in the decoder's buffer: mapped, not copied.
fn picture_of(sample: &gst::Sample) -> Option<Picture> {
    let info = gst_video::VideoInfo::from_caps(sample.caps()?).ok()?;
    let buffer = sample.buffer_owned()?;
    let (offsets, strides) = match buffer.meta::<gst_video::VideoMeta>() {
        Some(meta) => (<[usize; 3]>::try_from(meta.offset().get(..3)?).ok()?, meta.stride().get(..3)?.to_vec()),
        None => (<[usize; 3]>::try_from(info.offset().get(..3)?).ok()?, info.stride().get(..3)?.to_vec()),
    };
    let strides: Vec<usize> = strides.into_iter().filter_map(|stride| usize::try_from(stride).ok()).collect();
    let colour = info.colorimetry();
    let layout = PixelLayout::I420 {
        offsets,
        strides: <[usize; 3]>::try_from(strides).ok()?,
        bt709: colour.matrix() == gst_video::VideoColorMatrix::Bt709,
        full_range: colour.range() == gst_video::VideoColorRange::Range0_255,
    };
    let bytes = buffer.into_mapped_buffer_readable().ok()?;
    Picture::new(info.width(), info.height(), layout, Arc::new(bytes)).ok()
}
