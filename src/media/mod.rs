//! L2: where frames come from and what is drawn from them. Only this room names GStreamer and OpenCV.

pub mod address;
pub mod draw;
#[cfg(feature = "gstreamer")]
pub mod gst;
pub mod jpeg;
pub mod pictures;
pub mod probe;
pub mod rhythm;
#[cfg(feature = "rtsp")]
pub mod rtsp;
pub mod sessions;
pub mod sources;
pub mod view_match;

use std::time::{Duration, Instant};

use crate::domain::{Credential, DecodeMode, Explanation, Frame, Stream, Transport, WallTime};

/// Everything needed to open a stream.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// The stream.
    pub stream: Stream,
    /// Its credential, if it asks for one.
    pub credential: Option<Credential>,
}

/// Why media could not be had. Named by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Nothing answers there: the address, the network or the camera's power.
    #[error("{0} cannot be reached: {1}; check address, port and network")]
    Unreachable(String, String),
    /// The address is none that may be called, or the source wants to send us on to one.
    #[error("{0} is not called: {1}")]
    Forbidden(String, String),
    /// The camera wants another user name or password.
    #[error("{0} refused the user name or the password; set the credential again")]
    Unauthorised(String),
    /// The camera has no such path.
    #[error("{0} has no such stream; check the path of the address")]
    NotFound(String),
    /// A codec or a container that is not supported.
    #[error("{0} sends {1}, which is not supported; set the camera to H.264 or H.265")]
    Unsupported(String, String),
    /// It played and then went silent or away.
    #[error("{0} stopped sending: {1}")]
    Stalled(String, String),
    /// Asked for no frame in time.
    #[error("{0} gave no frame within {1:?}; check its key-frame interval")]
    Timeout(String, Duration),
    /// A recording came to its end.
    #[error("{0} is at its end")]
    Ended(String),
    /// The media framework itself failed.
    #[error("the media framework failed: {0}")]
    Framework(String),
}

impl MediaError {
    /// The same for people, in both languages.
    pub fn explained(&self) -> Explanation {
        Explanation::new(self.in_chinese(), self.to_string())
    }

    /// What is wrong and what helps, in Chinese.
    fn in_chinese(&self) -> String {
        match self {
            Self::Unreachable(name, why) => format!("无法连接 {name}：{}。", unreachable_in_chinese(why)),
            Self::Forbidden(name, why) if why.starts_with("it sends us on") => {
                format!("{name} 要求转到另一个地址，系统不跟随：请直接登记最终地址。")
            }
            Self::Forbidden(name, _) => {
                format!("{name} 的地址不在允许的摄像机网段内：请检查地址和设置里的 networks.cameras。")
            }
            Self::Unauthorised(name) => format!("{name} 拒绝了用户名或密码：请重新填写。"),
            Self::NotFound(name) => format!("{name} 没有这个码流：请检查地址中的路径（通道号、主/子码流）。"),
            Self::Unsupported(name, what) => {
                format!("{name} 的编码（{what}）不受支持：请在摄像机上改为 H.264 或 H.265。")
            }
            Self::Stalled(name, _) => format!("{name} 接通后停止发送：请检查网络质量和摄像机负载。"),
            Self::Timeout(name, waited) => {
                let seconds = waited.as_secs();
                format!("{name} 在 {seconds} 秒内没有给出画面：请缩短关键帧间隔，或检查网络是否丢包。")
            }
            Self::Ended(name) => format!("{name} 没有任何画面就结束了：请检查文件。"),
            Self::Framework(_) => "媒体组件出错：请查看日志并检查安装。".to_owned(),
        }
    }
}

/// The beginnings of why a source cannot be reached, and what an operator should read instead.
const UNREACHABLE: [(&str, &str); 9] = [
    ("its name is not known", "域名无法解析，请检查地址拼写和 DNS"),
    ("the name server", "域名服务器没有应答，请检查 DNS，或直接登记 IP 地址"),
    ("the name ", "域名无法解析，请检查地址拼写和 DNS"),
    ("it takes no connection", "对方拒绝连接或无法到达，请检查地址、端口和网络"),
    ("it refused the connection", "对方拒绝连接，请检查端口，或摄像机是否正在重启"),
    ("it has no room", "它的连接数已满，请断开多余的客户端或改用子码流"),
    ("it refuses RTP", "它不接受这种传输方式，请改用另一种（TCP/UDP）"),
    ("it did not answer", "没有应答，请检查网络、摄像机电源和负载"),
    ("no packet within", "没有应答或没有视频，请检查网络、摄像机电源和负载"),
];

fn unreachable_in_chinese(why: &str) -> &'static str {
    let known = UNREACHABLE.iter().find(|(begins, _)| why.starts_with(begins));
    known.map_or("请检查地址、端口、网络和摄像机电源", |(_, words)| words)
}

/// What a look wants from a session.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// Which frames are decoded.
    pub decode: DecodeMode,
    /// The oldest acceptable frame: nothing seen before this moment is handed out.
    pub not_before: WallTime,
    /// Give up at this moment of the process's stopwatch.
    pub until: Instant,
}

/// An encoded clip, ready to be written to a file.
#[derive(Clone, Debug)]
pub struct Clip {
    /// An MP4 file's bytes.
    pub mp4: Vec<u8>,
    /// Wall time of its first frame.
    pub from: WallTime,
    /// Wall time of its last frame.
    pub to: WallTime,
}

/// What a session has learnt about its source so far; `None` and 0 where it does not know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceFacts {
    /// Media type of the packets, as `video/x-h264`.
    pub codec: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// Frames a second.
    pub fps: Option<f32>,
    /// Media time between the two latest key frames.
    pub key_interval: Option<Duration>,
    /// How RTP travels, for RTSP.
    pub transport: Option<Transport>,
    /// Element that decodes.
    pub decoder: Option<String>,
    /// Packets received.
    pub packets: u64,
    /// Packets handed to the decoder: what the session has cost.
    pub decoded: u64,
    /// Time spent in the decoder.
    pub decode_time: Duration,
    /// Packets that were too late to be decoded and were left out.
    pub skipped: u64,
}

/// An open stream. Decodes nothing until a frame is wanted; keeps the camera's latest packets for a clip.
pub trait MediaSession: Send {
    /// The next frame that satisfies `want`, the newest where several wait.
    ///
    /// # Errors
    /// [`MediaError`]; after any but `Timeout` the session is of no more use.
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError>;
    /// Muxes the packets that the session still holds (at most the latest `span`), from a key frame on.
    ///
    /// Returns `None` where there are none (a source without packets, or too short a session).
    ///
    /// # Errors
    /// [`MediaError::Framework`].
    fn clip(&mut self, span: Duration) -> Result<Option<Clip>, MediaError>;
    /// The look has ended and the session stays open: lets go of what only a look needs, as the decoder
    /// and its pictures. The next [`MediaSession::frame`] takes it up again by itself.
    fn rest(&mut self) {}
    /// What is known about the source by now.
    fn facts(&self) -> SourceFacts {
        SourceFacts::default()
    }
}

/// The seam: opens streams.
pub trait FrameSource: Send + Sync {
    /// Opens a stream. Returns at once or within the source's connect time-out; frames are awaited by [`MediaSession::frame`].
    ///
    /// # Errors
    /// [`MediaError`].
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError>;
}
