//! How long a clip is, out of the head of its MP4 file (ISO 14496-12). Reads box headers alone, skips what they hold, and
//! must never take more than a few dozen steps, whatever a file promises.

use std::io::{Read, Seek, SeekFrom};

/// Boxes that are stepped over; a clip of ours has a handful.
const BOXES_MAX: usize = 64;

/// Seconds that an MP4 file's movie header tells; `None` where it has none, or is no such file.
pub fn seconds(mut file: impl Read + Seek) -> Option<f64> {
    let length = file.seek(SeekFrom::End(0)).ok()?;
    let movie = inside(&mut file, *b"moov", 0, length)?;
    let (begin, _) = inside(&mut file, *b"mvhd", movie.0, movie.1)?;
    file.seek(SeekFrom::Start(begin)).ok()?;
    // Version and flags; then two times, the time scale and the duration, all of them longer in version 1.
    let version = number(&mut file, 4)? >> 24;
    let wide = match version {
        0 => 4,
        1 => 8,
        _ => return None,
    };
    number(&mut file, wide)?;
    number(&mut file, wide)?;
    let (scale, duration) = (number(&mut file, 4)?, number(&mut file, wide)?);
    let unknown = if wide == 4 { u64::from(u32::MAX) } else { u64::MAX };
    (scale > 0 && duration > 0 && duration != unknown).then(|| duration as f64 / scale as f64)
}

/// Where what the first box of that kind holds begins and ends, among the boxes from `at` to `end`.
fn inside(file: &mut (impl Read + Seek), kind: [u8; 4], mut at: u64, end: u64) -> Option<(u64, u64)> {
    for _ in 0..BOXES_MAX {
        if at >= end {
            return None;
        }
        file.seek(SeekFrom::Start(at)).ok()?;
        let size = number(file, 4)?;
        let mut found = [0; 4];
        file.read_exact(&mut found).ok()?;
        let (head, size) = match size {
            0 => (8, end - at),
            1 => (16, number(file, 8)?),
            size => (8, size),
        };
        let after = at.checked_add(size).filter(|after| *after <= end && size >= head)?;
        if found == kind {
            return Some((at + head, after));
        }
        at = after;
    }
    None
}

/// A number of so many bytes, the highest first.
fn number(file: &mut impl Read, bytes: usize) -> Option<u64> {
    let mut whole = [0; 8];
    file.read_exact(whole.get_mut(8 - bytes..)?).ok()?;
    Some(u64::from_be_bytes(whole))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        let size = u32::try_from(inside.len() + 8).unwrap().to_be_bytes();
        [&size[..], kind, inside].concat()
    }

    /// A movie header of version 0 or 1.
    fn header(version: u8, scale: u32, duration: u64) -> Vec<u8> {
        let wide = |value: u64| match version {
            0 => u32::try_from(value).unwrap().to_be_bytes().to_vec(),
            _ => value.to_be_bytes().to_vec(),
        };
        let fields =
            [vec![version, 0, 0, 0], wide(1), wide(2), scale.to_be_bytes().to_vec(), wide(duration), vec![0; 80]];
        boxed(b"mvhd", &fields.concat())
    }

    fn film(head: &[u8]) -> Vec<u8> {
        [boxed(b"ftyp", b"isom"), boxed(b"mdat", &[7; 100]), boxed(b"moov", head)].concat()
    }

    #[test]
    fn a_clip_tells_how_long_it_is() {
        assert_eq!(seconds(Cursor::new(film(&header(0, 1000, 12_500)))), Some(12.5));
        assert_eq!(seconds(Cursor::new(film(&header(1, 90_000, 900_000)))), Some(10.0));
        let behind = [boxed(b"udta", b"x"), header(0, 10, 25)].concat();
        assert_eq!(seconds(Cursor::new(film(&behind))), Some(2.5));
    }

    #[test]
    fn what_cannot_be_told_is_not_made_up() {
        for file in [
            Vec::new(),
            b"no film at all".to_vec(),
            film(&header(0, 0, 5)),
            film(&header(0, 1000, 0)),
            film(&header(0, 1000, u64::from(u32::MAX))),
            film(&header(1, 1000, u64::MAX)),
            film(b""),
            boxed(b"mdat", &[0; 9]).repeat(BOXES_MAX + 1),
            [&1_u32.to_be_bytes()[..], b"moov", &u64::MAX.to_be_bytes()].concat(),
        ] {
            assert_eq!(seconds(Cursor::new(&file)), None, "{file:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_file_breaks_it(bytes: Vec<u8>, at in 0_usize..300, byte: u8) {
            let _ = seconds(Cursor::new(&bytes));
            let mut film = film(&header(0, 1000, 12_500));
            let at = at % film.len();
            film[at] = byte;
            if let Some(told) = seconds(Cursor::new(film)) {
                proptest::prop_assert!(told > 0.0 && told.is_finite());
            }
        }
    }
}
