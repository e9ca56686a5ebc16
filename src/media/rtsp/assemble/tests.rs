use proptest::prelude::*;

use super::*;

const SPS: &[u8] = &[0x67, 1, 2];
const PPS: &[u8] = &[0x68, 3];

/// Packets of one camera, numbered on.
struct Sender {
    number: u16,
    assembler: Assembler,
}

impl Sender {
    fn new(video: Video) -> Self {
        Self { number: 65_530, assembler: Assembler::new(video, 96, &[SPS.to_vec(), PPS.to_vec()], 1000) }
    }

    fn send(&mut self, ticks: u32, is_marked: bool, payload: &[u8]) -> Vec<Assembled> {
        let mut packet = vec![0x80, 96 | (u8::from(is_marked) << 7)];
        packet.extend(self.number.to_be_bytes());
        packet.extend(ticks.to_be_bytes());
        packet.extend([1, 2, 3, 4]);
        packet.extend(payload);
        self.number = self.number.wrapping_add(1);
        let mut units = Vec::new();
        self.assembler.take(&packet, |unit| units.push(unit));
        units
    }

    fn lose_one(&mut self) {
        self.number = self.number.wrapping_add(1);
    }
}

fn annex_b(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter().flat_map(|nal| START_CODE.iter().chain(*nal)).copied().collect()
}

#[test]
fn a_fragmented_key_frame_gets_the_sets_of_the_description_in_front() {
    let mut sender = Sender::new(Video::H264);
    assert!(sender.send(0, false, &[9, 0xf0]).is_empty());
    assert!(sender.send(0, false, &[0x7c, 0x85, 0x88, 1]).is_empty());
    assert!(sender.send(0, false, &[0x7c, 0x05, 2]).is_empty());
    let units = sender.send(0, true, &[0x7c, 0x45, 3]);
    let data = annex_b(&[&[9, 0xf0], SPS, PPS, &[0x65, 0x88, 1, 2, 3]]);
    assert_eq!(units, [Assembled { data, key: true, ticks: 0, sets_changed: true }]);
    let units = sender.send(3600, true, &[0x41, 0x9a, 7]);
    assert_eq!(units, [Assembled { data: annex_b(&[&[0x41, 0x9a, 7]]), key: false, ticks: 3600, sets_changed: false }]);
}

#[test]
fn sets_in_band_are_kept_for_later_key_frames_and_their_change_is_told_once() {
    let mut sender = Sender::new(Video::H264);
    let (sps, idr): (&[u8], &[u8]) = (&[0x67, 9, 9], &[0x65, 0x88]);
    assert!(sender.send(0, true, sps).is_empty(), "a mark on a parameter set ends nothing");
    let first = sender.send(0, true, idr);
    assert_eq!((first[0].data.clone(), first[0].sets_changed), (annex_b(&[sps, PPS, sps, idr]), true));
    let second = sender.send(3600, true, idr);
    assert_eq!((second[0].data.clone(), second[0].sets_changed), (annex_b(&[sps, PPS, idr]), false));
    let together = [&[24, 0, 3][..], sps, &[0, 2], PPS, &[0, 2], idr].concat();
    assert_eq!(sender.send(7200, true, &together)[0].data, annex_b(&[sps, PPS, idr]));
}

#[test]
fn hevc_fragments_and_aggregates_are_put_together() {
    let mut assembler = Sender::new(Video::H265);
    let (vps, sps, pps): (&[u8], &[u8], &[u8]) = (&[0x40, 1, 5], &[0x42, 1, 6], &[0x44, 1, 7]);
    let sets = [&[0x60, 1, 0, 3][..], vps, &[0, 3], sps, &[0, 3], pps].concat();
    assert!(assembler.send(0, false, &sets).is_empty());
    assert!(assembler.send(0, false, &[0x62, 1, 0x93, 0x80, 1]).is_empty());
    let units = assembler.send(0, true, &[0x62, 1, 0x53, 2]);
    assert_eq!(units[0].data, annex_b(&[vps, sps, pps, &[0x26, 1, 0x80, 1, 2]]));
    assert!(units[0].key && units[0].sets_changed);
    assert!(!assembler.send(1, true, &[0x02, 1, 0x80, 9])[0].key);
}

#[test]
fn a_unit_that_lost_a_part_is_left_out_and_the_next_one_is_whole() {
    let mut sender = Sender::new(Video::H264);
    sender.send(0, false, &[0x7c, 0x85, 0x88]);
    sender.lose_one();
    assert!(sender.send(0, true, &[0x7c, 0x45, 3]).is_empty());
    assert_eq!(sender.send(3600, true, &[0x41, 0x9a]).len(), 1);
    sender.lose_one();
    assert_eq!(sender.send(7200, true, &[0x41, 0x9a]).len(), 1, "the lost packet was another unit's");
    assert_eq!(sender.assembler.left_out(), 1);
}

#[test]
fn without_marks_the_next_ticks_end_a_unit_and_lying_marks_are_found_out() {
    let mut sender = Sender::new(Video::H264);
    assert!(sender.send(0, false, &[0x65, 0x88]).is_empty());
    assert_eq!(sender.send(3600, false, &[0x41, 0x9a]).len(), 1);
    assert_eq!(sender.send(7200, true, &[0x41, 0x9a, 1]).len(), 2);
    sender.send(7200, true, &[0x41, 0x1a, 2]);
    assert!(sender.assembler.marks_lie, "a second slice after the end");
    assert_eq!(sender.send(10_800, true, &[0x41, 0x9a, 1]).len(), 1, "the end of the one before");
    assert!(sender.send(10_800, true, &[0x41, 0x1a, 2]).is_empty());
    let whole = sender.send(14_400, true, &[0x41, 0x9a]);
    assert_eq!(whole[0].data, annex_b(&[&[0x41, 0x9a, 1], &[0x41, 0x1a, 2]]));
}

#[test]
fn a_recovery_point_makes_a_key_frame() {
    let mut sender = Sender::new(Video::H264);
    sender.send(0, false, &[6, 5, 1, 0, 6, 1, 0x80, 0x80]);
    assert!(sender.send(0, true, &[0x61, 0x88])[0].key);
    sender.send(1, false, &[6, 5, 1, 0, 0x80]);
    assert!(!sender.send(1, true, &[0x61, 0x88])[0].key);
}

#[test]
fn a_unit_without_an_end_is_bounded() {
    let mut sender = Sender::new(Video::H264);
    sender.send(0, false, &[0x7c, 0x85, 0x88]);
    for _ in 0..10_000 {
        assert!(sender.send(0, false, &[[0x7c, 0x05].as_slice(), &[7; 500]].concat()).is_empty());
        assert!(sender.assembler.unit.capacity() < 10_000);
    }
    assert!(sender.send(0, true, &[0x7c, 0x45]).is_empty());
    assert_eq!(sender.send(1, true, &[0x41, 0x9a]).len(), 1);
}

proptest! {
    #[test]
    fn no_packets_break_it(hevc: bool, packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..40)) {
        let mut assembler = Assembler::new(if hevc { Video::H265 } else { Video::H264 }, 96, &[], 500);
        for mut packet in packets {
            if let [version, kind, ..] = packet.as_mut_slice() {
                (*version, *kind) = ((*version & 0x3f) | 0x80, (*kind & 0x80) | 96);
            }
            let mut largest = 0;
            assembler.take(&packet, |unit| largest = largest.max(unit.data.len()));
            prop_assert!(largest <= 500 + 60);
        }
    }
}
