//! Puts RTP payloads together to access units (RFC 6184, RFC 7798). Pure. A unit that lost a part or grew too large
//! is left out whole; what follows it is taken as usual.

use super::Video;

const START_CODE: [u8; 4] = [0, 0, 0, 1];
/// Bytes of parameter sets that are kept at most; real ones have some dozens.
const SETS_MAX: usize = 16 << 10;
/// Parameter sets go in front of a picture only before so many bytes of it have come.
const FRONT_MAX: usize = 64 << 10;

/// A whole access unit, as it comes out.
#[derive(Debug, PartialEq, Eq)]
pub struct Assembled {
    /// Annex B.
    pub data: Vec<u8>,
    /// Whether it can be decoded alone.
    pub key: bool,
    /// RTP ticks.
    pub ticks: u32,
    /// Parameter sets came that differ from those before.
    pub sets_changed: bool,
}

/// What one NAL unit is to an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nal {
    /// A parameter set: VPS 0, SPS 1, PPS 2.
    Set(usize),
    /// A part of the picture.
    Picture { key: bool, first: bool },
    /// Beginning of a unit.
    Delimiter,
    /// The picture can be decoded alone although it is no IDR picture.
    RecoveryPoint,
    /// Anything else, as messages to a decoder.
    Other,
}

/// Assembles the units of one stream.
pub struct Assembler {
    video: Video,
    payload_type: u8,
    unit_max: usize,
    sets: [Vec<u8>; 3],
    sets_changed: bool,
    source: Option<u32>,
    next_number: Option<u16>,
    unit: Vec<u8>,
    ticks: u32,
    has_sets: [bool; 3],
    has_picture: bool,
    key: bool,
    in_fragment: bool,
    damaged: bool,
    /// The camera marks parts as ends, so only a change of ticks ends a unit.
    marks_lie: bool,
    ended_at: Option<u32>,
    usual: [usize; 2],
    left_out: u64,
}

impl Assembler {
    /// For a stream; `sets` are the parameter sets that its description told.
    pub fn new(video: Video, payload_type: u8, sets: &[Vec<u8>], unit_max: usize) -> Self {
        let mut assembler = Self {
            video,
            payload_type,
            unit_max,
            sets: Default::default(),
            sets_changed: true,
            source: None,
            next_number: None,
            unit: Vec::new(),
            ticks: 0,
            has_sets: [false; 3],
            has_picture: false,
            key: false,
            in_fragment: false,
            damaged: false,
            marks_lie: false,
            ended_at: None,
            usual: [0; 2],
            left_out: 0,
        };
        for set in sets {
            if let Nal::Set(kind) = kind_of(video, set) {
                assembler.keep_set(kind, set);
            }
        }
        assembler
    }

    /// Units that were left out because a part was missing or they were too large.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Takes one RTP packet and hands out the units that it completes.
    pub fn take(&mut self, packet: &[u8], mut out: impl FnMut(Assembled)) {
        let Some(rtp) = Rtp::parse(packet).filter(|rtp| rtp.payload_type == self.payload_type) else { return };
        if self.source != Some(rtp.source) {
            // Another source is another beginning: nothing of the old one goes on.
            (self.source, self.next_number) = (Some(rtp.source), None);
            self.begin(rtp.ticks);
        }
        let lost = self.next_number.is_some_and(|next| next != rtp.number);
        self.next_number = Some(rtp.number.wrapping_add(1));
        if rtp.ticks != self.ticks {
            if self.has_picture {
                self.end(&mut out);
            } else if self.unit.len() > FRONT_MAX {
                self.begin(rtp.ticks);
            }
            self.ticks = rtp.ticks;
        }
        if lost {
            // Whether the gap lies before this unit or in it is known only where the unit has begun.
            self.damaged |= self.has_picture || self.in_fragment;
            self.in_fragment = false;
        }
        self.payload(rtp.payload);
        if self.unit.len() > self.unit_max {
            self.unit = Vec::new();
            self.damaged = true;
        }
        if rtp.is_marked && self.has_picture && !self.marks_lie && !self.in_fragment {
            self.end(&mut out);
        }
    }

    fn payload(&mut self, payload: &[u8]) {
        let Some(&head) = payload.first() else { return };
        let (kind, header_size) = match self.video {
            Video::H264 => (head & 0x1f, 1),
            Video::H265 => ((head >> 1) & 0x3f, 2),
        };
        if payload.len() <= header_size {
            return;
        }
        match (self.video, kind) {
            (Video::H264, 1..=23) | (Video::H265, 0..=47) => self.nal(payload),
            (Video::H264, 24) | (Video::H265, 48) => self.aggregate(&payload[header_size..]),
            (Video::H264, 28) => {
                let (what, rest) = (payload[1], &payload[2..]);
                self.fragment(what, rest, |kind| vec![(head & 0xe0) | (kind & 0x1f)]);
            }
            (Video::H265, 49) if payload.len() > 2 => {
                let (second, what, rest) = (payload[1], payload[2], &payload[3..]);
                self.fragment(what, rest, |kind| vec![(head & 0x81) | ((kind & 0x3f) << 1), second]);
            }
            // Packets of the interleaved mode and extensions, which no camera offers.
            _ => {}
        }
    }

    fn aggregate(&mut self, mut rest: &[u8]) {
        while let [high, low, more @ ..] = rest {
            let size = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((nal, after)) = more.split_at_checked(size) else {
                self.damaged = true;
                return;
            };
            self.nal(nal);
            rest = after;
        }
    }

    fn fragment(&mut self, what: u8, rest: &[u8], header: impl Fn(u8) -> Vec<u8>) {
        let (begins, ends) = (what & 0x80 != 0, what & 0x40 != 0);
        if begins {
            let mut beginning = header(what);
            let size = beginning.len();
            beginning.extend(rest.first());
            self.begin_nal(kind_of(self.video, &beginning));
            self.unit.extend_from_slice(&START_CODE);
            self.unit.extend_from_slice(&beginning[..size]);
            self.in_fragment = true;
        } else if !self.in_fragment {
            // Its beginning was lost.
            self.damaged = true;
            return;
        }
        self.unit.extend_from_slice(rest);
        self.in_fragment = !ends;
    }

    fn nal(&mut self, nal: &[u8]) {
        if nal.is_empty() {
            return;
        }
        if self.in_fragment {
            self.damaged = true;
            self.in_fragment = false;
        }
        let kind = kind_of(self.video, nal);
        self.begin_nal(kind);
        if let Nal::Set(which) = kind {
            self.keep_set(which, nal);
        }
        self.unit.extend_from_slice(&START_CODE);
        self.unit.extend_from_slice(nal);
    }

    fn begin_nal(&mut self, kind: Nal) {
        match kind {
            Nal::Set(which) => self.has_sets[which] = true,
            Nal::RecoveryPoint => self.key = true,
            Nal::Picture { key, first } => {
                // A further part of a picture that ended already by its mark.
                self.marks_lie |= !first && !self.has_picture && self.ended_at == Some(self.ticks);
                self.key |= key;
                if !self.has_picture {
                    self.has_picture = true;
                    self.make_room();
                    if self.key && self.lacks_sets() {
                        self.put_sets_in_front();
                    }
                }
            }
            Nal::Delimiter | Nal::Other => {}
        }
    }

    /// Takes memory for the whole unit at once, as the last one of its kind needed.
    fn make_room(&mut self) {
        let usual = self.usual[usize::from(self.key)];
        self.unit.reserve((usual + usual / 8).saturating_sub(self.unit.len()));
    }

    fn lacks_sets(&self) -> bool {
        self.sets.iter().zip(self.has_sets).any(|(set, has)| !set.is_empty() && !has)
    }

    /// Each key frame can be decoded and cut alone. A delimiter stays the first.
    fn put_sets_in_front(&mut self) {
        if self.unit.len() > FRONT_MAX {
            return;
        }
        let delimiter_size = match self.unit.get(4..) {
            Some(nal) if !nal.is_empty() && kind_of(self.video, nal) == Nal::Delimiter => {
                let next = nal.windows(4).position(|four| four == START_CODE);
                next.map_or(self.unit.len(), |at| at + 4)
            }
            _ => 0,
        };
        let sets = self.sets.iter().filter(|set| !set.is_empty());
        let front: Vec<u8> = sets.flat_map(|set| START_CODE.iter().chain(set)).copied().collect();
        self.unit.splice(delimiter_size..delimiter_size, front);
    }

    fn keep_set(&mut self, which: usize, set: &[u8]) {
        if set.len() <= SETS_MAX && self.sets[which] != set {
            self.sets[which] = set.to_vec();
            self.sets_changed = true;
        }
    }

    fn end(&mut self, out: &mut impl FnMut(Assembled)) {
        let ticks = self.ticks;
        if self.damaged || self.in_fragment {
            self.left_out += 1;
            self.begin(ticks);
        } else {
            let mut data = std::mem::take(&mut self.unit);
            self.usual[usize::from(self.key)] = data.len();
            // A guess that was far too large would be kept as long as the unit.
            if data.capacity() > data.len() + data.len() / 2 {
                data.shrink_to_fit();
            }
            let sets_changed = self.key && std::mem::take(&mut self.sets_changed);
            let key = self.key;
            self.begin(ticks);
            out(Assembled { data, key, ticks, sets_changed });
        }
        self.ended_at = Some(ticks);
    }

    fn begin(&mut self, ticks: u32) {
        self.unit.clear();
        self.ticks = ticks;
        (self.has_sets, self.has_picture, self.key) = ([false; 3], false, false);
        (self.in_fragment, self.damaged) = (false, false);
    }
}

fn kind_of(video: Video, nal: &[u8]) -> Nal {
    let Some(&head) = nal.first() else { return Nal::Other };
    let bit = |at: usize| nal.get(at).is_some_and(|byte| byte & 0x80 != 0);
    match video {
        Video::H264 => match head & 0x1f {
            kind @ 1..=5 => Nal::Picture { key: kind == 5, first: bit(1) },
            6 if has_recovery_point(&nal[1..]) => Nal::RecoveryPoint,
            7 => Nal::Set(1),
            8 => Nal::Set(2),
            9 => Nal::Delimiter,
            _ => Nal::Other,
        },
        Video::H265 => match (head >> 1) & 0x3f {
            kind @ 0..=31 => Nal::Picture { key: (16..=23).contains(&kind), first: bit(2) },
            32 => Nal::Set(0),
            33 => Nal::Set(1),
            34 => Nal::Set(2),
            35 => Nal::Delimiter,
            _ => Nal::Other,
        },
    }
}

/// Whether a message to an H.264 decoder says that decoding can begin here.
fn has_recovery_point(mut messages: &[u8]) -> bool {
    let number = |bytes: &mut &[u8]| {
        let mut sum = 0_usize;
        loop {
            let (&byte, rest) = bytes.split_first()?;
            *bytes = rest;
            sum += usize::from(byte);
            if byte != 0xff {
                return Some(sum);
            }
        }
    };
    while messages.len() > 2 {
        let (Some(kind), Some(size)) = (number(&mut messages), number(&mut messages)) else { return false };
        if kind == 6 {
            return true;
        }
        let Some(rest) = messages.get(size..) else { return false };
        messages = rest;
    }
    false
}

/// An RTP packet's fields (RFC 3550).
struct Rtp<'a> {
    is_marked: bool,
    payload_type: u8,
    number: u16,
    ticks: u32,
    source: u32,
    payload: &'a [u8],
}

impl<'a> Rtp<'a> {
    fn parse(packet: &'a [u8]) -> Option<Self> {
        let head = packet.get(..12)?;
        if head[0] >> 6 != 2 {
            return None;
        }
        let mut start = 12 + 4 * usize::from(head[0] & 0x0f);
        if head[0] & 0x10 != 0 {
            let words = packet.get(start + 2..start + 4)?;
            start += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let padding = if head[0] & 0x20 != 0 { usize::from(*packet.last()?) } else { 0 };
        let word = |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Some(Self {
            is_marked: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7f,
            number: u16::from_be_bytes([head[2], head[3]]),
            ticks: word(4),
            source: word(8),
            payload: packet.get(start..packet.len().checked_sub(padding)?)?,
        })
    }
}

#[cfg(test)]
mod tests;
