//! Caps of packets that come without any: the framework's own parser reads them from one key frame. Done once for
//! each change of the parameter sets.

use gstreamer as gst;
use gstreamer::prelude::*;

use super::choice::Codec;

/// What a key frame says about itself: at least its media type, and size and rate where the parser can read them.
pub fn caps_of(codec: Codec, key_frame: &gst::BufferRef) -> gst::Caps {
    let plain = plain(codec);
    parsed(codec, key_frame, &plain).unwrap_or(plain)
}

fn plain(codec: Codec) -> gst::Caps {
    let media_type = if codec == Codec::H265 { "video/x-h265" } else { "video/x-h264" };
    gst::Caps::builder(media_type).field("stream-format", "byte-stream").field("alignment", "au").build()
}

fn parsed(codec: Codec, key_frame: &gst::BufferRef, plain: &gst::Caps) -> Option<gst::Caps> {
    let name = if codec == Codec::H265 { "h265parse" } else { "h264parse" };
    let parser = gst::ElementFactory::make(name).build().ok()?;
    // An appsink would wait at the end until somebody takes what it holds.
    let sink = gst::ElementFactory::make("fakesink").property("sync", false).property("async", false).build().ok()?;
    let pipeline = gst::Pipeline::new();
    pipeline.add_many([&parser, &sink]).ok()?;
    parser.link(&sink).ok()?;
    if let Some(bus) = pipeline.bus() {
        super::keep_faults_only(&bus);
    }
    pipeline.set_state(gst::State::Playing).ok()?;
    let entry = parser.static_pad("sink")?;
    let begun = entry.send_event(gst::event::StreamStart::new("packets"))
        && entry.send_event(gst::event::Caps::new(plain))
        && entry.send_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
    // A key frame that the parser refuses leaves the caps as they were; the decoder will say more.
    let _ = begun.then(|| entry.chain(key_frame.to_owned()));
    entry.send_event(gst::event::Eos::new());
    let caps = parser.static_pad("src").and_then(|pad| pad.current_caps());
    // The parser is done with either way.
    let _ = pipeline.set_state(gst::State::Null);
    caps
}
