//! RTSP cameras over TCP, received without a framework: one thread reads every camera's socket a few times a second
//! and puts RTP payloads together to access units. No packet costs a thread switch, a queue or a buffer of its own.
//!
//! What a camera sends is foreign input: every message, unit and time has a bound, and what is not understood ends
//! the session with a [`Refusal`] or is left out and counted. It connects to the address that it is given, which whoever
//! gives it has checked, and to no other: redirects are refused. Never decodes, never logs
//! or returns a credential.

pub mod assemble;
pub mod clock;
mod handshake;
mod receiver;
pub mod sdp;
pub mod wire;

use std::time::Duration;

pub use receiver::{Connection, Receiver};

use crate::domain::{Credential, Pts, SourceUrl};

/// A codec that is received here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Video {
    /// H.264 / AVC (RFC 6184).
    H264,
    /// H.265 / HEVC (RFC 7798).
    H265,
}

/// What is asked of a camera, and how long that may take.
pub struct Request {
    /// Its address, scheme `rtsp`, checked.
    pub url: SourceUrl,
    /// User name and password.
    pub credential: Option<Credential>,
    /// The handshake may take so long.
    pub within: Duration,
    /// Bytes of one access unit at most; a larger one is left out.
    pub unit_max: usize,
}

/// One access unit: annex B, parameter sets before each key frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Bytes.
    pub data: Vec<u8>,
    /// Whether it can be decoded alone.
    pub key: bool,
    /// Media time since the first unit.
    pub pts: Pts,
    /// The camera's own clock, in milliseconds since 1970, once a sender report told.
    pub camera_ms: Option<i64>,
    /// Parameter sets came that differ from those before.
    pub sets_changed: bool,
}

/// Why a session did not begin or did not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing answers at the address, or not in time: why.
    Unreachable(String),
    /// It wants another user name or password.
    Login,
    /// It sends us on to another address: which, without path and query.
    Elsewhere(String),
    /// It has no such stream.
    Missing,
    /// It offers this codec and none that is received here; `None`: no video at all.
    Codec(Option<String>),
    /// It does not send RTP over TCP.
    Transport,
    /// It speaks in a way that is not understood here: what.
    Foreign(String),
    /// It closed the connection while playing.
    Closed,
    /// The connection broke while playing: why.
    Broken(String),
}

/// Who takes what a camera sends. Called by the one receiving thread: never waits.
pub trait Taker: Send + Sync {
    /// The camera offers this video.
    fn offered(&self, video: Video);
    /// An access unit came.
    fn unit(&self, unit: Unit);
    /// Nothing more comes.
    fn ended(&self, why: Refusal);
}
