//! Tries a camera and says in plain words, Chinese and English, whether it can be used and if not, why.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{FrameSource, MediaError, MediaSession, SourceFacts, SourceSpec, Want, jpeg};
use crate::domain::{DecodeMode, Explanation, Frame, FrameMeta, Transport, WallTime};

/// A key-frame interval above this makes looks slow.
const KEY_INTERVAL_LONG: Duration = Duration::from_secs(10);
/// A camera's clock that is off by more than this makes evidence doubtful.
const SKEW_LARGE_MS: u64 = 5_000;
/// Width of the picture that goes with a report: enough to know the street by, too little to know a face by.
const PICTURE_WIDTH_MAX: u32 = 320;
/// How long the test without a credential may take.
const OPEN_TEST_MAX: Duration = Duration::from_secs(5);

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeReport {
    /// Whether a frame was received and decoded.
    pub usable: bool,
    /// How RTP travelled.
    pub transport: Option<Transport>,
    /// Media type of the packets, as `video/x-h264`.
    pub codec: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// Frames a second.
    pub fps: Option<f32>,
    /// Milliseconds between key frames.
    pub key_interval_ms: Option<u64>,
    /// Milliseconds from opening to the first decoded frame.
    pub first_frame_ms: Option<u64>,
    /// The camera's clock minus ours in milliseconds.
    pub skew_ms: Option<i64>,
    /// Whether it asks for a user name and a password.
    pub auth_needed: Option<bool>,
    /// What was tried, in order.
    pub attempts: Vec<Attempt>,
    /// The outcome for people.
    pub explanation: Explanation,
    /// The first frame as a small JPEG file, to see that it is the right camera.
    #[serde(skip)]
    pub picture: Option<Vec<u8>>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// How RTP was to travel; `auto` where there is no choice.
    pub transport: Transport,
    /// Why it failed; `None` when it did not.
    pub failure: Option<String>,
}

/// What a working try showed.
struct Seen {
    first: FrameMeta,
    picture: Option<Vec<u8>>,
    first_frame: Duration,
    skew_ms: Option<i64>,
    facts: SourceFacts,
}

/// Opens the source as asked (with `Auto`: over TCP, then over UDP), takes key frames until their interval is
/// known, and reports. Takes at most about `time_limit`.
pub fn probe(spec: &SourceSpec, source: &dyn FrameSource, time_limit: Duration) -> ProbeReport {
    let until = Instant::now() + time_limit;
    let is_rtsp = spec.stream.source.url().scheme().starts_with("rtsp");
    let transports: &[Transport] = match spec.stream.transport {
        Transport::Auto if is_rtsp => &[Transport::Tcp, Transport::Udp],
        Transport::Tcp => &[Transport::Tcp],
        Transport::Udp => &[Transport::Udp],
        Transport::Auto => &[Transport::Auto],
    };
    let (mut attempts, mut failures) = (Vec::new(), Vec::new());
    for (tried, &transport) in transports.iter().enumerate() {
        // The time left is shared among the tries left.
        let tries_left = u32::try_from(transports.len() - tried).unwrap_or(1);
        let share = until.saturating_duration_since(Instant::now()) / tries_left;
        match attempt(&over(spec, transport), source, Instant::now() + share) {
            Ok(seen) => {
                attempts.push(Attempt { transport, failure: None });
                let auth_needed = is_auth_needed(&over(spec, transport), source);
                return success(&seen, auth_needed, attempts);
            }
            Err(error) => {
                attempts.push(Attempt { transport, failure: Some(error.to_string()) });
                let is_final = another_way_is_useless(&error);
                failures.push(error);
                if is_final {
                    break;
                }
            }
        }
    }
    // The first failure tells more than that of the way that was tried for want of a better one.
    let decisive = failures.iter().position(another_way_is_useless).unwrap_or(0);
    failure(&failures[decisive], attempts)
}

fn over(spec: &SourceSpec, transport: Transport) -> SourceSpec {
    let mut spec = spec.clone();
    spec.stream.transport = transport;
    spec
}

fn another_way_is_useless(error: &MediaError) -> bool {
    matches!(
        error,
        MediaError::Forbidden(..) | MediaError::Unauthorised(_) | MediaError::NotFound(_) | MediaError::Unsupported(..)
    )
}

fn attempt(spec: &SourceSpec, source: &dyn FrameSource, until: Instant) -> Result<Seen, MediaError> {
    let begun = Instant::now();
    let want = Want { decode: DecodeMode::KeyFrames, not_before: WallTime::from_millis(i64::MIN), until };
    let mut session = source.open(spec)?;
    let Frame { meta: first, picture } = session.frame(&want)?;
    let first_frame = begun.elapsed();
    // A picture that cannot be drawn small is left out: the report says all else.
    let picture = jpeg::thumbnail(&picture, PICTURE_WIDTH_MAX).ok();
    let mut skew_ms = first.skew_ms;
    // A second key frame tells the interval, a later one the skew once a sender report came.
    while Instant::now() < until && (session.facts().key_interval.is_none() || skew_ms.is_none()) {
        match session.frame(&want) {
            Ok(frame) => skew_ms = frame.meta.skew_ms,
            Err(_) => break,
        }
        if begun.elapsed() > KEY_INTERVAL_LONG {
            break;
        }
    }
    Ok(Seen { first, picture, first_frame, skew_ms, facts: session.facts() })
}

fn is_auth_needed(spec: &SourceSpec, source: &dyn FrameSource) -> Option<bool> {
    if spec.credential.is_none() {
        return Some(false);
    }
    let bare = SourceSpec { credential: None, ..spec.clone() };
    let want = Want {
        decode: DecodeMode::KeyFrames,
        not_before: WallTime::from_millis(i64::MIN),
        until: Instant::now() + OPEN_TEST_MAX,
    };
    match source.open(&bare).and_then(|mut session: Box<dyn MediaSession>| session.frame(&want)) {
        Ok(_) => Some(false),
        Err(MediaError::Unauthorised(_)) => Some(true),
        Err(_) => None,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn success(seen: &Seen, auth_needed: Option<bool>, attempts: Vec<Attempt>) -> ProbeReport {
    let facts = &seen.facts;
    ProbeReport {
        usable: true,
        transport: facts.transport,
        codec: facts.codec.clone(),
        width: facts.size.map(|(width, _)| width),
        height: facts.size.map(|(_, height)| height),
        fps: facts.fps,
        key_interval_ms: facts.key_interval.map(millis),
        first_frame_ms: Some(millis(seen.first_frame)),
        skew_ms: seen.skew_ms.or(seen.first.skew_ms),
        auth_needed,
        attempts,
        explanation: praise(facts, seen.skew_ms),
        picture: seen.picture.clone(),
    }
}

fn failure(error: &MediaError, attempts: Vec<Attempt>) -> ProbeReport {
    ProbeReport {
        usable: false,
        transport: None,
        codec: None,
        width: None,
        height: None,
        fps: None,
        key_interval_ms: None,
        first_frame_ms: None,
        skew_ms: None,
        auth_needed: matches!(error, MediaError::Unauthorised(_)).then_some(true),
        attempts,
        explanation: error.explained(),
        picture: None,
    }
}

/// The camera works; what could be better is said with it.
fn praise(facts: &SourceFacts, skew_ms: Option<i64>) -> Explanation {
    let (mut zh, mut en) = ("可以使用。".to_owned(), "The camera can be used.".to_owned());
    if facts.key_interval.is_some_and(|interval| interval > KEY_INTERVAL_LONG) {
        zh += "关键帧间隔过长，单次查看会变慢，建议在摄像机上设为 2 秒以内。";
        en += " Its key frames come rarely, which makes looks slow; set the interval to 2 s or less on the camera.";
    }
    if let Some(skew_ms) = skew_ms.filter(|skew_ms| skew_ms.unsigned_abs() > SKEW_LARGE_MS) {
        let seconds = skew_ms / 1000;
        zh += &format!("摄像机时钟与服务器相差 {seconds} 秒，请为摄像机设置 NTP 校时。");
        en += &format!(" Its clock differs from the server's by {seconds} s; set up NTP on the camera.");
    }
    Explanation { zh, en }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_explained_in_both_languages() {
        let name = || "东门".to_owned();
        let failures = [
            MediaError::Unreachable(name(), "refused".into()),
            MediaError::Forbidden(name(), "8.8.8.8 lies in no network of cameras".into()),
            MediaError::Unauthorised(name()),
            MediaError::NotFound(name()),
            MediaError::Unsupported(name(), "VP8".into()),
            MediaError::Stalled(name(), "silence".into()),
            MediaError::Timeout(name(), Duration::from_secs(9)),
            MediaError::Ended(name()),
            MediaError::Framework("x".into()),
        ];
        for error in failures {
            let report = failure(&error, Vec::new());
            assert!(!report.usable && report.explanation.zh.contains("请"), "{report:?}");
            assert_eq!(report.explanation.en, error.to_string());
        }
    }

    #[test]
    fn a_working_camera_hears_what_could_be_better() {
        let facts = SourceFacts { key_interval: Some(Duration::from_secs(20)), ..SourceFacts::default() };
        let said = praise(&facts, Some(-61_000));
        assert!(said.zh.contains("关键帧") && said.zh.contains("-61 秒") && said.en.contains("NTP"), "{said:?}");
        assert_eq!(praise(&SourceFacts::default(), Some(3)).zh, "可以使用。");
    }
}
