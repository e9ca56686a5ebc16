//! What GStreamer has on this machine: for people who set one up. Opens nothing.

use gstreamer as gst;

use super::choice::{Codec, decoders};
use crate::media::MediaError;

/// Elements that receiving, decoding and writing clips cannot do without.
const NEEDED: [&str; 12] = [
    "rtspsrc",
    "rtph264depay",
    "rtph265depay",
    "h264parse",
    "h265parse",
    "parsebin",
    "souphttpsrc",
    "videoconvert",
    "videoscale",
    "appsink",
    "appsrc",
    "mp4mux",
];

/// What there is and what is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Equipment {
    /// GStreamer's own version.
    pub version: String,
    /// The decoder that H.264 gets.
    pub h264: Option<&'static str>,
    /// The decoder that H.265 gets.
    pub h265: Option<&'static str>,
    /// Elements that are needed and not there.
    pub missing: Vec<&'static str>,
}

/// Asks GStreamer's registry.
///
/// # Errors
/// [`MediaError::Framework`] when GStreamer cannot be started.
pub fn equipment() -> Result<Equipment, MediaError> {
    gst::init().map_err(|error| MediaError::Framework(error.to_string()))?;
    let there = |name: &str| gst::ElementFactory::find(name).is_some();
    Ok(Equipment {
        version: gst::version_string().to_string(),
        h264: decoders(Codec::H264, there).first().copied(),
        h265: decoders(Codec::H265, there).first().copied(),
        missing: NEEDED.into_iter().filter(|name| !there(name)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_was_set_up_lacks_nothing() {
        let equipment = equipment().unwrap();
        assert!(equipment.missing.is_empty(), "{:?}; run script/setup", equipment.missing);
        assert!(equipment.h264.is_some() && equipment.h265.is_some());
    }
}
