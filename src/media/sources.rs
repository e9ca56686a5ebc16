//! Sends each address to the source that speaks it: folders of pictures here, all else to the media framework.

use std::sync::Arc;

use super::{FrameSource, MediaError, MediaSession, SourceSpec, pictures::PictureSource};

/// Every source that this build has.
pub struct Sources {
    pictures: PictureSource,
    streams: Option<Arc<dyn FrameSource>>,
}

impl Sources {
    /// Folders go to `pictures`, streams and files to `streams` (`None` in a build without the framework).
    pub fn new(pictures: PictureSource, streams: Option<Arc<dyn FrameSource>>) -> Self {
        Self { pictures, streams }
    }
}

impl FrameSource for Sources {
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        if PictureSource::takes(&spec.stream.source) {
            return self.pictures.open(spec);
        }
        let scheme = spec.stream.source.url().scheme();
        match &self.streams {
            Some(streams) => streams.open(spec),
            None => Err(MediaError::Framework(format!(
                "this build has no GStreamer, so {} cannot be opened over {scheme}; build with the feature `gstreamer`",
                spec.stream.name
            ))),
        }
    }
}
