//! Which packets make a decoder forget all that it saw before. Pure.

/// More than parameter sets and messages before a picture usually take; a picture behind more is not looked for.
const LEAD_MAX: usize = 8192;
/// IDR pictures of H.265, with and without leading pictures. Cameras send them; open groups of pictures begin with CRA
/// pictures, which go on counting, so that those of two cameras may have the same number in a decoder.
const IDR: std::ops::RangeInclusive<u8> = 19..=20;
/// NAL unit types below this are slices of pictures.
const PICTURES: u8 = 32;

/// Whether an H.265 access unit in the byte-stream format is an IDR picture: neither it nor what follows refers to an earlier one.
pub fn is_idr(unit: &[u8]) -> bool {
    let lead = &unit[..unit.len().min(LEAD_MAX)];
    let mut kinds = lead.windows(4).filter(|four| four[..3] == [0, 0, 1]).map(|four| (four[3] >> 1) & 0x3f);
    kinds.find(|kind| *kind < PICTURES).is_some_and(|kind| IDR.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_idr_pictures_of_the_byte_stream_are_taken_for_such() {
        let sets: &[u8] = &[0, 0, 0, 1, 0x40, 1, 12, 0, 0, 0, 1, 0x42, 1, 1, 0, 0, 1, 0x44, 1, 0xc0];
        let unit = |kind: u8| [sets, &[0, 0, 1, kind << 1, 1, 0xaf]].concat();
        for (kind, expected) in [(0, false), (1, false), (9, false), (16, false), (19, true), (20, true), (21, false)] {
            assert_eq!(is_idr(&unit(kind)), expected, "{kind}");
        }
        let far = [sets, &vec![0xff; LEAD_MAX][..], &unit(19)].concat();
        let sized = [&[0, 0, 0, 3][..], &[19 << 1, 1, 0xaf]].concat();
        for unit in [&[][..], &[0, 0, 1], sets, &far, &sized] {
            assert!(!is_idr(unit), "{} bytes", unit.len());
        }
        assert!(is_idr(&[&unit(20)[..], &unit(1)].concat()), "the first picture decides");
    }
}
