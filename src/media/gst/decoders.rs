//! Decoders that wait for the next key frame, whichever camera sends it. A key frame that was decoded alone leaves a
//! decoder as if it were new, and opening one costs an eighth (H.265) to a quarter (H.264) of decoding a 1080p key frame. Never keeps a
//! decoder that failed or that holds references, and never more than a few: each holds some 15 MB at 1080p.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use gstreamer as gst;

use super::decode::{DecodeError, Decoder};

/// A decoder keeps room for as many pictures as were ever out of it at once; after so many packets it is let go, and
/// that room with it.
const PACKETS_MAX: u32 = 128;
/// Decoders that wait for each core: two kinds of cameras find theirs.
const IDLE_A_CORE: usize = 2;

/// The waiting decoders of a process. When full the one that waited longest goes.
pub struct Decoders {
    idle: Mutex<VecDeque<Decoder>>,
    idle_max: usize,
}

impl Decoders {
    /// None yet.
    pub fn new() -> Arc<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Arc::new(Self { idle: Mutex::default(), idle_max: cores * IDLE_A_CORE })
    }

    /// A shelf on which nothing waits, for a camera whose packets can be lost: where slices of an H.265 picture are missing the
    /// decoder says nothing and leaves the buffer as it was, and that must not be another camera's picture.
    pub fn unshared() -> Arc<Self> {
        Arc::new(Self { idle: Mutex::default(), idle_max: 0 })
    }

    /// A decoder that takes packets of `caps` from a key frame on: one that waits, or a new one.
    ///
    /// # Errors
    /// [`DecodeError::NoDecoder`].
    pub fn lend(&self, caps: &gst::Caps) -> Result<Decoder, DecodeError> {
        let found = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let fits = idle.iter().rposition(|decoder| decoder.caps() == caps);
            fits.and_then(|at| idle.remove(at))
        };
        found.map_or_else(|| Decoder::open(caps), Ok)
    }

    /// Takes back a decoder whose latest packet was decoded alone and well.
    pub fn take_back(&self, decoder: Decoder) {
        if decoder.packets() >= PACKETS_MAX {
            return;
        }
        let gone = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push_back(decoder);
            (idle.len() > self.idle_max).then(|| idle.pop_front())
        };
        // Closing one takes a while, so it happens outside of the lock.
        drop(gone);
    }
}
