//! Cuts an MP4 out of encoded packets, in memory and without re-encoding.

use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::{choice::Codec, ring::Packet};

/// How long muxing may take; it is a memory copy, so this only guards against a framework that hangs.
const MUX_TIME_MAX: Duration = Duration::from_secs(10);

/// Muxes `packets` (a gapless run from a key frame on) into an MP4 file.
///
/// # Errors
/// A sentence, when the muxer refuses the codec or gives no file.
pub fn mux(packets: &[Packet<gst::Buffer>], caps: &gst::Caps) -> Result<Vec<u8>, String> {
    let media_type = caps.structure(0).map_or("", |s| s.name().as_str());
    let parser = match Codec::of_media_type(media_type) {
        Codec::H264 => "h264parse",
        Codec::H265 => "h265parse",
        Codec::Other => "identity",
    };
    let source = gst_app::AppSrc::builder().caps(caps).format(gst::Format::Time).max_bytes(u64::MAX).build();
    let sink = gst_app::AppSink::builder().sync(false).async_(false).build();
    claim_seekable(&sink);
    let fault = |error: gst::glib::BoolError| error.message.to_string();
    let parse = gst::ElementFactory::make(parser).build().map_err(fault)?;
    let muxer = gst::ElementFactory::make("mp4mux").build().map_err(fault)?;
    let pipeline = gst::Pipeline::new();
    let chain = [source.upcast_ref(), &parse, &muxer, sink.upcast_ref::<gst::Element>()];
    pipeline.add_many(chain).map_err(fault)?;
    gst::Element::link_many(chain).map_err(fault)?;
    let file = run(&pipeline, &source, &sink, packets);
    // The pipeline is done with either way; a failing stop changes nothing about the file.
    let _ = pipeline.set_state(gst::State::Null);
    file
}

fn run(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    sink: &gst_app::AppSink,
    packets: &[Packet<gst::Buffer>],
) -> Result<Vec<u8>, String> {
    pipeline.set_state(gst::State::Playing).map_err(|_| "the muxer does not start".to_owned())?;
    let earliest = |packet: &Packet<gst::Buffer>| packet.body.dts().or(packet.body.pts());
    let base = packets.iter().filter_map(earliest).min().unwrap_or_default();
    for packet in packets {
        let mut buffer = packet.body.copy();
        {
            let buffer = buffer.make_mut();
            let rebased = |time: Option<gst::ClockTime>| time.map(|time| time.saturating_sub(base));
            let (pts, dts) = (rebased(buffer.pts()), rebased(buffer.dts()));
            buffer.set_pts(pts);
            buffer.set_dts(dts);
        }
        source.push_buffer(buffer).map_err(|flow| format!("the muxer refused a packet: {flow:?}"))?;
    }
    source.end_of_stream().map_err(|flow| format!("the muxer refused the end: {flow:?}"))?;
    collect(pipeline, sink)
}

/// Writes the muxer's output as a file: it goes back to patch sizes, which it says with a new segment.
fn collect(pipeline: &gst::Pipeline, sink: &gst_app::AppSink) -> Result<Vec<u8>, String> {
    let until = Instant::now() + MUX_TIME_MAX;
    let (mut file, mut at, mut segment_start) = (Vec::new(), 0, 0);
    while Instant::now() < until {
        match sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
            Some(sample) => {
                let buffer = sample.buffer().ok_or("the muxer gave an empty sample")?;
                let bytes = buffer.map_readable().map_err(|_| "the muxer's output cannot be read")?;
                let start = sample.segment().and_then(|segment| segment.downcast_ref::<gst::format::Bytes>()?.start());
                let start = start.map_or(segment_start, |start| usize::try_from(*start).unwrap_or(segment_start));
                if start != segment_start {
                    (segment_start, at) = (start, start);
                }
                write_at(&mut file, at, &bytes);
                at += bytes.len();
            }
            None if sink.is_eos() => break,
            None => {
                let bus = pipeline.bus().and_then(|bus| bus.pop_filtered(&[gst::MessageType::Error]));
                if let Some(gst::MessageView::Error(error)) = bus.as_ref().map(|message| message.view()) {
                    return Err(format!("the muxer failed: {}", error.error()));
                }
            }
        }
    }
    if file.len() > 32 && sink.is_eos() { Ok(file) } else { Err("the muxer gave no file".into()) }
}

/// The muxer only finishes a file whose beginning it may patch at the end.
fn claim_seekable(sink: &gst_app::AppSink) {
    let pad = sink.static_pad("sink").expect("an appsink has a sink pad");
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        if let Some(query) = info.query_mut()
            && let gst::QueryViewMut::Seeking(seeking) = query.view_mut()
        {
            seeking.set(true, gst::format::Bytes::ZERO, gst::format::Bytes::NONE);
            return gst::PadProbeReturn::Handled;
        }
        gst::PadProbeReturn::Ok
    });
}

fn write_at(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_land_where_the_muxer_said() {
        let mut file = Vec::new();
        write_at(&mut file, 0, b"abcdef");
        write_at(&mut file, 6, b"gh");
        write_at(&mut file, 2, b"XY");
        assert_eq!(file, b"abXYefgh");
    }
}
