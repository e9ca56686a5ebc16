//! The camera's latest encoded packets: what a clip is cut from and what the decoder is fed from.
//!
//! The ring is bounded by media time and by bytes. Full-policy: the oldest group of pictures goes first;
//! when one group alone is too long, its oldest delta packets go and the group counts as holed (its key
//! frame can still be looked at, a clip or a run of deltas never starts in it). Everything that goes
//! before it was used by nobody is normal; [`Ring::evicted`] counts it. Pure: knows nothing of GStreamer.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::domain::{Pts, WallTime};

/// One access unit as the camera sent it.
#[derive(Clone, Debug)]
pub struct Packet<B> {
    /// Position in the session, counted from 0 without gaps.
    pub seq: u64,
    /// Media time.
    pub pts: Pts,
    /// Whether it can be decoded alone.
    pub key: bool,
    /// When it reached us.
    pub arrived: WallTime,
    /// The camera's own clock, in milliseconds since 1970, once a sender report told.
    pub camera_ms: Option<i64>,
    /// The process's stopwatch when it reached us.
    pub at: Instant,
    /// Its size.
    pub size_bytes: usize,
    /// The encoded bytes.
    pub body: B,
}

/// Which packets a decoder wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// Only the newest key frame.
    NewestKey,
    /// Every packet in order, beginning at a key frame.
    Everything,
}

/// A bounded run of packets, oldest first.
#[derive(Debug)]
pub struct Ring<B> {
    packets: VecDeque<Packet<B>>,
    bytes: usize,
    seen: u64,
    evicted: u64,
    span_max: Duration,
    bytes_max: usize,
    key_interval: Option<Duration>,
    last_key: Option<Pts>,
    last_at: Option<Instant>,
}

impl<B: Clone> Ring<B> {
    /// An empty ring.
    pub fn new(span_max: Duration, bytes_max: usize) -> Self {
        Self {
            packets: VecDeque::new(),
            bytes: 0,
            seen: 0,
            evicted: 0,
            span_max,
            bytes_max,
            key_interval: None,
            last_key: None,
            last_at: None,
        }
    }

    /// Takes a packet and returns the position in the session that it got.
    pub fn push(&mut self, mut packet: Packet<B>) -> u64 {
        packet.seq = self.seen;
        self.seen += 1;
        self.last_at = Some(packet.at);
        if packet.key {
            self.key_interval = self.last_key.map(|last| packet.pts.since(last)).filter(|d| !d.is_zero());
            self.last_key = Some(packet.pts);
        }
        if self.packets.is_empty() && !packet.key {
            self.evicted += 1;
            return self.seen - 1;
        }
        self.bytes += packet.size_bytes;
        self.packets.push_back(packet);
        self.evict();
        self.seen - 1
    }

    /// The packet that should be decoded next.
    ///
    /// `after` is the packet decoded last, `in_step` tells that the decoder holds the state up to it.
    /// Frames that arrived before `not_before` are never begun with, and a decoder that lags more than
    /// `lag_max` behind starts over at the newest key frame.
    pub fn next(
        &self,
        appetite: Appetite,
        after: Option<u64>,
        in_step: bool,
        not_before: WallTime,
        lag_max: Duration,
    ) -> Option<Packet<B>> {
        if let (Appetite::Everything, Some(last), true) = (appetite, after, in_step) {
            if last + 1 >= self.seen {
                return None;
            }
            if let (Some(next), Some(newest)) = (self.at(last + 1), self.packets.back()) {
                let newer_key = self.newest_key(after, not_before).is_some_and(|key| key.seq > next.seq);
                if newest.at.saturating_duration_since(next.at) <= lag_max || !newer_key {
                    return Some(next.clone());
                }
            }
        }
        self.newest_key(after, not_before).cloned()
    }

    /// Packets for a clip: a gapless run from a key frame to the newest packet. It begins at the first key
    /// frame within `span` of the end, or at the newest key frame where all of them lie before that.
    pub fn tail(&self, span: Duration) -> Vec<Packet<B>> {
        let Some(newest) = self.packets.back() else { return Vec::new() };
        let gapless = |start: usize| self.packets[start].seq + (self.packets.len() - start) as u64 == self.seen;
        let keys = || (0..self.packets.len()).filter(|&i| self.packets[i].key && gapless(i));
        let start = keys().find(|&i| newest.pts.since(self.packets[i].pts) <= span).or_else(|| keys().next_back());
        start.map_or_else(Vec::new, |start| self.packets.range(start..).cloned().collect())
    }

    /// When the latest packet came, kept or not.
    pub fn last_at(&self) -> Option<Instant> {
        self.last_at
    }
    /// Packets seen since the session began.
    pub fn seen(&self) -> u64 {
        self.seen
    }
    /// Packets that had to go.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }
    /// Media time between the two latest key frames.
    pub fn key_interval(&self) -> Option<Duration> {
        self.key_interval
    }
    /// Frames a second over the packets held; `None` with fewer than five.
    pub fn frame_rate(&self) -> Option<f32> {
        let run = self.tail(Duration::MAX);
        let (first, last) = (run.iter().map(|p| p.pts).min()?, run.iter().map(|p| p.pts).max()?);
        let span = last.since(first).as_secs_f32();
        (run.len() >= 5 && span > 0.0).then(|| (run.len() - 1) as f32 / span)
    }

    fn at(&self, seq: u64) -> Option<&Packet<B>> {
        let found = self.packets.binary_search_by_key(&seq, |packet| packet.seq).ok()?;
        self.packets.get(found)
    }

    fn newest_key(&self, after: Option<u64>, not_before: WallTime) -> Option<&Packet<B>> {
        let unseen = |packet: &&Packet<B>| after.is_none_or(|last| packet.seq > last);
        self.packets.iter().rev().take_while(unseen).find(|packet| packet.key && packet.arrived >= not_before)
    }

    fn evict(&mut self) {
        while self.is_over() {
            let next_key = self.packets.iter().skip(1).position(|packet| packet.key);
            let (from, count) = match next_key {
                Some(deltas) => (0, deltas + 1),
                None if self.packets.len() > 2 => (1, 1),
                None => return,
            };
            for gone in self.packets.drain(from..from + count) {
                self.bytes -= gone.size_bytes;
                self.evicted += 1;
            }
        }
    }

    fn is_over(&self) -> bool {
        let single = self.packets.iter().skip(1).all(|packet| !packet.key);
        // The front of a holed group is old for ever, so it does not count.
        let oldest = self.packets.get(usize::from(single));
        let span = match (oldest, self.packets.back()) {
            (Some(oldest), Some(newest)) => newest.pts.since(oldest.pts),
            _ => Duration::ZERO,
        };
        span > self.span_max || self.bytes > self.bytes_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAG: Duration = Duration::from_secs(1);

    fn packet(ms: u64, key: bool, start: Instant) -> Packet<()> {
        Packet {
            seq: 0,
            pts: Pts(ms * 1_000_000),
            key,
            arrived: WallTime::from_millis(ms as i64),
            camera_ms: None,
            at: start + Duration::from_millis(ms),
            size_bytes: 10,
            body: (),
        }
    }

    /// `groups` groups of `deltas + 1` packets, 100 ms apart.
    fn filled(span_s: u64, bytes: usize, groups: u64, deltas: u64) -> Ring<()> {
        let mut ring = Ring::new(Duration::from_secs(span_s), bytes);
        let start = Instant::now();
        for i in 0..groups * (deltas + 1) {
            ring.push(packet(i * 100, i % (deltas + 1) == 0, start));
        }
        ring
    }

    #[test]
    fn whole_groups_go_first_and_are_counted() {
        let ring = filled(3, 1000, 10, 9);
        assert!(ring.packets[0].key);
        assert_eq!(ring.packets.len() as u64 + ring.evicted(), 100);
        assert_eq!((ring.packets.len(), ring.key_interval()), (30, Some(Duration::from_secs(1))));
        assert_eq!(ring.frame_rate().unwrap().round() as u32, 10);
        let narrow = filled(60, 150, 10, 9);
        assert_eq!((narrow.packets.len(), narrow.bytes), (10, 100));
    }

    #[test]
    fn a_group_longer_than_the_ring_keeps_its_key_but_makes_no_clip() {
        let ring = filled(2, 1000, 1, 99);
        assert!(ring.packets[0].key && ring.packets.len() <= 23, "{}", ring.packets.len());
        assert!(ring.tail(Duration::from_secs(60)).is_empty());
        let next = ring.next(Appetite::Everything, Some(97), true, WallTime::from_millis(0), LAG);
        assert_eq!(next.unwrap().seq, 98);
    }

    #[test]
    fn a_clip_begins_at_the_first_key_frame_within_its_span() {
        let ring = filled(10, 10_000, 4, 9);
        let firsts = [500, 1500, 2950, 60_000].map(|ms| ring.tail(Duration::from_millis(ms))[0].seq);
        assert_eq!(firsts, [30, 30, 10, 0]);
    }

    #[test]
    fn looks_at_key_frames_take_the_newest_one_once() {
        let ring = filled(10, 10_000, 4, 9);
        let next = |after, not_before| {
            ring.next(Appetite::NewestKey, after, false, WallTime::from_millis(not_before), LAG).map(|p| p.seq)
        };
        assert_eq!(next(None, 0), Some(30));
        assert_eq!(next(Some(30), 0), None);
        assert_eq!(next(None, 3000), Some(30));
        assert_eq!(next(None, 3001), None);
    }

    #[test]
    fn everything_begins_at_a_key_and_skips_to_a_newer_one_when_late() {
        let ring = filled(10, 10_000, 4, 9);
        let next = |after, in_step| {
            ring.next(Appetite::Everything, after, in_step, WallTime::from_millis(0), LAG).map(|p| p.seq)
        };
        assert_eq!(next(None, false), Some(30));
        assert_eq!(next(Some(12), false), Some(30));
        assert_eq!(next(Some(12), true), Some(30), "more than a second behind");
        assert_eq!(next(Some(33), true), Some(34), "nothing newer to skip to");
        assert_eq!(next(Some(30), false), None, "deltas alone cannot be decoded");
        assert_eq!(next(Some(39), true), None);
    }
}
