//! Which decoder decodes a codec: hardware first, where the machine registers one. Pure.

/// A codec that gets its own path: parsed, kept in the ring, muxed into clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264 / AVC.
    H264,
    /// H.265 / HEVC.
    H265,
    /// Anything else; decoded by whatever the registry offers for its caps.
    Other,
}

impl Codec {
    /// The codec that a media type names.
    pub fn of_media_type(media_type: &str) -> Self {
        match media_type {
            "video/x-h264" => Self::H264,
            "video/x-h265" => Self::H265,
            _ => Self::Other,
        }
    }

    /// Decoders by preference: NVIDIA, VA-API, Intel QSV, V4L2 stateless, older VA-API, then software.
    fn preference(self) -> &'static [&'static str] {
        match self {
            Self::H264 => &[
                "nvh264dec",
                "nvv4l2decoder",
                "vah264dec",
                "qsvh264dec",
                "v4l2slh264dec",
                "vaapih264dec",
                "avdec_h264",
                "openh264dec",
            ],
            Self::H265 => &[
                "nvh265dec",
                "nvv4l2decoder",
                "vah265dec",
                "qsvh265dec",
                "v4l2slh265dec",
                "vaapih265dec",
                "avdec_h265",
                "libde265dec",
            ],
            Self::Other => &[],
        }
    }
}

/// The decoders of `codec` that `is_registered` knows, best first.
pub fn decoders(codec: Codec, is_registered: impl Fn(&str) -> bool) -> Vec<&'static str> {
    codec.preference().iter().copied().filter(|name| is_registered(name)).collect()
}

/// The depayloader of an RTP encoding name, and the codec that comes out of it.
pub fn depayloader(encoding_name: &str) -> Option<(&'static str, Codec)> {
    match encoding_name.to_ascii_uppercase().as_str() {
        "H264" => Some(("rtph264depay", Codec::H264)),
        "H265" => Some(("rtph265depay", Codec::H265)),
        "JPEG" => Some(("rtpjpegdepay", Codec::Other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_comes_before_software_and_only_what_is_there() {
        let cases: [(Codec, &[&str], &[&str]); 4] = [
            (Codec::H264, &["openh264dec", "avdec_h264", "vah264dec"], &["vah264dec", "avdec_h264", "openh264dec"]),
            (Codec::H264, &["avdec_h265"], &[]),
            (Codec::H265, &["avdec_h265", "nvh265dec", "nvh264dec"], &["nvh265dec", "avdec_h265"]),
            (Codec::Other, &["avdec_h264"], &[]),
        ];
        for (codec, registry, expected) in cases {
            assert_eq!(decoders(codec, |name| registry.contains(&name)), expected);
        }
    }

    #[test]
    fn only_known_encodings_are_taken() {
        assert_eq!(depayloader("h265"), Some(("rtph265depay", Codec::H265)));
        assert_eq!(depayloader("VP8"), None);
        assert_eq!(depayloader("MPEG4-GENERIC"), None);
    }
}
