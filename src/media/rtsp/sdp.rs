//! Which video a camera describes in its SDP, and how it is asked for. Pure.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Refusal, Video};

/// Parameter sets in a description at most; real ones have two or three.
const SETS_MAX: usize = 16;

/// The video that is taken.
#[derive(Debug, PartialEq, Eq)]
pub struct Track {
    /// Codec.
    pub video: Video,
    /// RTP payload type.
    pub payload_type: u8,
    /// Ticks of the RTP clock a second.
    pub clock_hz: u32,
    /// Parameter sets that the description tells, without start codes.
    pub sets: Vec<Vec<u8>>,
    /// Address for SETUP.
    pub control: String,
    /// Address for PLAY and all later requests.
    pub aggregate: String,
}

/// One `m=` section.
#[derive(Default)]
struct Media<'a> {
    kind: &'a str,
    payload_type: Option<u8>,
    encoding: String,
    clock_hz: Option<u32>,
    format: &'a str,
    control: Option<&'a str>,
}

/// The first video of the description that is received here. `base` is what relative addresses begin with.
///
/// # Errors
/// [`Refusal::Codec`], or [`Refusal::Foreign`] for a codec that the framework may know.
pub fn video_track(sdp: &[u8], base: &str) -> Result<Track, Refusal> {
    let text = String::from_utf8_lossy(sdp);
    let (session_control, medias) = sections(&text);
    let aggregate = resolve(base, session_control);
    let videos = || medias.iter().filter(|media| media.kind == "video");
    for media in videos() {
        let video = match media.encoding.as_str() {
            "H264" => Video::H264,
            "H265" => Video::H265,
            _ => continue,
        };
        let Some(payload_type) = media.payload_type else { continue };
        if video == Video::H265 && parameter(media.format, "sprop-max-don-diff").is_some_and(|diff| diff != "0") {
            return Err(Refusal::Foreign("it sends H.265 out of order".into()));
        }
        return Ok(Track {
            video,
            payload_type,
            clock_hz: media.clock_hz.filter(|hz| *hz > 0).unwrap_or(90_000),
            sets: parameter_sets(video, media.format),
            control: media.control.map_or_else(|| aggregate.clone(), |control| resolve(base, Some(control))),
            aggregate,
        });
    }
    if videos().any(|media| media.encoding == "JPEG" || media.payload_type == Some(26)) {
        return Err(Refusal::Foreign("it sends JPEG".into()));
    }
    Err(Refusal::Codec(videos().find(|media| !media.encoding.is_empty()).map(|media| media.encoding.clone())))
}

fn sections(text: &str) -> (Option<&str>, Vec<Media<'_>>) {
    let (mut session_control, mut medias) = (None, Vec::<Media<'_>>::new());
    for line in text.lines().map(str::trim_end) {
        if let Some(rest) = line.strip_prefix("m=") {
            let mut words = rest.split_whitespace();
            let kind = words.next().unwrap_or_default();
            let payload_type = words.nth(2).and_then(|number| number.parse().ok());
            medias.push(Media { kind, payload_type, ..Media::default() });
        } else if let Some(control) = line.strip_prefix("a=control:") {
            match medias.last_mut() {
                Some(media) => media.control = Some(control.trim()),
                None => session_control = Some(control.trim()),
            }
        } else if let Some(media) = medias.last_mut() {
            attribute(media, line);
        }
    }
    (session_control, medias)
}

fn attribute<'a>(media: &mut Media<'a>, line: &'a str) {
    let of_this = |text: &'a str| {
        let (number, rest) = text.trim_start().split_once(' ')?;
        (number.parse().ok() == media.payload_type).then_some(rest.trim())
    };
    if let Some(map) = line.strip_prefix("a=rtpmap:").and_then(of_this) {
        let mut parts = map.split('/');
        media.encoding = parts.next().unwrap_or_default().to_ascii_uppercase();
        media.clock_hz = parts.next().and_then(|hz| hz.parse().ok());
    } else if let Some(format) = line.strip_prefix("a=fmtp:").and_then(of_this) {
        media.format = format;
    }
}

fn parameter<'a>(format: &'a str, name: &str) -> Option<&'a str> {
    let pairs = format.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn parameter_sets(video: Video, format: &str) -> Vec<Vec<u8>> {
    let names: &[&str] = match video {
        Video::H264 => &["sprop-parameter-sets"],
        Video::H265 => &["sprop-vps", "sprop-sps", "sprop-pps"],
    };
    let values = names.iter().filter_map(|name| parameter(format, name)).flat_map(|value| value.split(','));
    // A set that cannot be read is left out: cameras send them in band too.
    values.filter_map(|set| STANDARD.decode(set.trim()).ok()).filter(|set| !set.is_empty()).take(SETS_MAX).collect()
}

/// Cameras mean "below the base", whether or not it ends with a slash. The address stays one word on the line of a request.
fn resolve(base: &str, control: Option<&str>) -> String {
    let joined = match control {
        None | Some("*" | "") => base.to_owned(),
        Some(whole) if whole.to_ascii_lowercase().starts_with("rtsp://") => whole.to_owned(),
        Some(part) if base.ends_with('/') || part.starts_with('/') => {
            format!("{}/{}", base.trim_end_matches('/'), part.trim_start_matches('/'))
        }
        Some(part) => format!("{base}/{part}"),
    };
    joined.chars().filter(|c| !c.is_control()).collect::<String>().replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CAMERA: &str = "v=0\r\ns=Media\r\na=control:*\r\nm=audio 0 RTP/AVP 8\r\na=control:trackID=2\r\n\
        m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z2Q=,aOs=;x\r\n\
        a=control:trackID=1\r\n";

    #[test]
    fn the_video_is_found_with_its_sets_and_addresses() {
        let track = video_track(CAMERA.as_bytes(), "rtsp://h/ch1/").unwrap();
        assert_eq!((track.video, track.payload_type, track.clock_hz), (Video::H264, 96, 90_000));
        assert_eq!(track.sets, [vec![0x67, 0x64], vec![0x68, 0xeb]]);
        assert_eq!((track.control.as_str(), track.aggregate.as_str()), ("rtsp://h/ch1/trackID=1", "rtsp://h/ch1/"));
        let hevc =
            "m=video 0 RTP/AVP 98\na=rtpmap:98 h265/90000\na=fmtp:98 sprop-vps=QAE=;sprop-sps=QgE=;sprop-pps=RAE=\n";
        let track = video_track(hevc.as_bytes(), "rtsp://h/ch1?a=b").unwrap();
        assert_eq!((track.video, track.sets.len(), track.control.as_str()), (Video::H265, 3, "rtsp://h/ch1?a=b"));
    }

    #[test]
    fn what_is_not_received_is_named() {
        let told = |media: &str| video_track(media.as_bytes(), "rtsp://h/").unwrap_err();
        assert_eq!(told("m=video 0 RTP/AVP 96\na=rtpmap:96 vp8/90000\n"), Refusal::Codec(Some("VP8".into())));
        assert_eq!(told("m=audio 0 RTP/AVP 0\n"), Refusal::Codec(None));
        assert!(matches!(told("m=video 0 RTP/AVP 26\n"), Refusal::Foreign(_)));
    }

    #[test]
    fn addresses_are_joined_as_cameras_mean_them() {
        for (base, control, whole) in [
            ("rtsp://h/a", "trackID=1", "rtsp://h/a/trackID=1"),
            ("rtsp://h/a/", "/trackID=1", "rtsp://h/a/trackID=1"),
            ("rtsp://h/a", "RTSP://h:554/a/t", "RTSP://h:554/a/t"),
            ("rtsp://h/a", "*", "rtsp://h/a"),
            ("rtsp://h/a", "track 1\rRTSP/1.0\0", "rtsp://h/a/track%201RTSP/1.0"),
        ] {
            assert_eq!(resolve(base, Some(control)), whole);
        }
    }

    proptest! {
        #[test]
        fn no_description_breaks_it(text in "(m=video 0 RTP/AVP [0-9]{1,3}\n|a=rtpmap:[0-9]{0,3} ?H26[45]?/?[0-9]{0,12}\n|a=fmtp:96 .{0,40}\n|\\PC{0,40}\n){0,8}") {
            let _ = video_track(text.as_bytes(), "rtsp://h/");
        }
    }
}
