//! The physical floor: the same clip decoded and the same model run, and nothing else. No network, no pipeline around
//! the decoder, no letterbox, no rules, no store. Runs in a process of its own, so that it is measured like the service.

use std::{
    fs,
    path::Path,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

/// What the floor does, over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A key frame decoded and judged, as often as so many cameras at one look per 10 s ask for it.
    Keys { cameras: usize },
    /// 25 frames a second decoded, five of them judged.
    All,
}

/// Works for ever, and writes into `count` how many pictures it has judged.
pub fn run(work: Work, clip: &Path, model: &Path, library: &Path, count: &Path) -> ! {
    gst::init().expect("GStreamer starts");
    let units = units(clip);
    let keys: Vec<gst::Sample> = units.iter().filter(|unit| is_key(unit)).cloned().collect();
    let decoder = Decoder::open(units[0].caps().expect("the parser tells caps"), clip, 1);
    let mut model = Model::open(model, library, 1);
    let (units, pace, judged_each) = match work {
        Work::Keys { cameras } => (keys, Duration::from_secs(10) / cameras as u32, 1),
        Work::All => (units, Duration::from_millis(40), 5),
    };
    fs::write(count, "0").expect("the target folder can be written");
    super::say_ready();
    let (mut due, mut judged) = (Instant::now(), 0_u64);
    loop {
        for (number, unit) in units.iter().enumerate() {
            decoder.decode(unit.buffer_owned().expect("a sample holds a packet"));
            if number % judged_each == 0 {
                model.judge();
                judged += 1;
                fs::write(count, judged.to_string()).expect("the target folder can be written");
            }
            due += pace;
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    }
}

fn is_key(unit: &gst::Sample) -> bool {
    unit.buffer().is_some_and(|packet| !packet.flags().contains(gst::BufferFlags::DELTA_UNIT))
}

fn codec_of(clip: &Path) -> &'static str {
    if clip.extension().is_some_and(|extension| extension == "h265") { "h265" } else { "h264" }
}

/// All access units of the clip.
pub fn units(clip: &Path) -> Vec<gst::Sample> {
    let (path, codec) = (clip.display(), codec_of(clip));
    let text = format!(
        "filesrc location=\"{path}\" ! {codec}parse config-interval=-1 \
         ! video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=out sync=false"
    );
    let pipeline = gst::parse::launch(&text).expect("the parser is installed").downcast::<gst::Pipeline>().expect("it");
    let sink = pipeline.by_name("out").and_then(|sink| sink.downcast::<gst_app::AppSink>().ok()).expect("named above");
    pipeline.set_state(gst::State::Playing).expect("the clip can be read");
    let units = std::iter::from_fn(|| sink.pull_sample().ok()).collect();
    pipeline.set_state(gst::State::Null).expect("it stops");
    units
}

/// A bare decoder.
pub struct Decoder {
    entry: gst::Pad,
    sink: gst_app::AppSink,
    _pipeline: gst::Pipeline,
}

impl Decoder {
    /// With so many threads of its own; 0 leaves it to the library.
    pub fn open(caps: &gst::CapsRef, clip: &Path, threads: i32) -> Self {
        let decoder = gst::ElementFactory::make(&format!("avdec_{}", codec_of(clip)))
            .property("max-threads", threads)
            .build()
            .expect("libav's decoders are installed");
        let i420 = gst_video::VideoCapsBuilder::new().format(gst_video::VideoFormat::I420).build();
        let sink = gst_app::AppSink::builder().caps(&i420).sync(false).async_(false).build();
        let pipeline = gst::Pipeline::new();
        pipeline.add_many([&decoder, sink.upcast_ref()]).expect("new elements");
        decoder.link(&sink).expect("it decodes to I420");
        // With both the decoder draws into the buffers that come out; without them each picture is copied once more.
        let pad = sink.static_pad("sink").expect("an appsink has one");
        pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
            if let Some(query) = info.query_mut()
                && let gst::QueryViewMut::Allocation(allocation) = query.view_mut()
            {
                let info = allocation.caps().and_then(|caps| gst_video::VideoInfo::from_caps(caps).ok());
                if let Some(size) = info.and_then(|info| u32::try_from(info.size()).ok()) {
                    allocation.add_allocation_pool(Some(&gst_video::VideoBufferPool::new()), size, 0, 0);
                }
                allocation.add_allocation_meta::<gst_video::VideoMeta>(None);
                return gst::PadProbeReturn::Handled;
            }
            gst::PadProbeReturn::Ok
        });
        pipeline.set_state(gst::State::Playing).expect("it starts");
        let entry = decoder.static_pad("sink").expect("a decoder has one");
        entry.send_event(gst::event::StreamStart::new("floor"));
        entry.send_event(gst::event::Caps::new(&caps.to_owned()));
        entry.send_event(gst::event::Segment::new(&gst::FormattedSegment::<gst::ClockTime>::new()));
        Self { entry, sink, _pipeline: pipeline }
    }

    /// Decodes one packet and lets the pictures go.
    pub fn decode(&self, packet: gst::Buffer) {
        self.entry.chain(packet).expect("the clip is sound");
        while self.sink.try_pull_sample(gst::ClockTime::ZERO).is_some() {}
    }
}

/// A process has one.
fn environment(library: &Path) -> &'static ort::environment::Environment {
    static HELD: OnceLock<ort::environment::Environment> = OnceLock::new();
    HELD.get_or_init(|| {
        ort::init_from(library).expect("ONNX Runtime is there").build().expect("its environment can be made")
    })
}

/// A bare model.
pub struct Model {
    session: ort::session::Session,
    input: String,
    tensor: Vec<f32>,
    shape: [usize; 4],
}

impl Model {
    /// One session of so many threads.
    pub fn open(model: &Path, library: &Path, threads: usize) -> Self {
        let session = ort::session::Session::builder(environment(library))
            .and_then(|b| Ok(b.with_optimization_level(ort::session::builder::GraphOptimizationLevel::All)?))
            .and_then(|b| Ok(b.with_intra_threads(threads)?))
            .and_then(|b| Ok(b.with_intra_op_spinning(false)?))
            .and_then(|mut b| b.commit_from_file(model))
            .expect("the model loads");
        let input = session.inputs()[0].name().to_owned();
        let shape = [1, 3, 416, 416];
        // Grey with some texture; the cost does not depend on what is seen.
        let tensor = (0..3 * 416 * 416).map(|i| ((i % 251) as f32 - 125.0) / 60.0).collect();
        Self { session, input, tensor, shape }
    }

    /// One run.
    pub fn judge(&mut self) {
        let view = ort::value::TensorRef::from_array_view((self.shape, self.tensor.as_slice())).expect("it fits");
        self.session.run(ort::inputs![self.input.as_str() => view]).expect("the model runs");
    }
}
