//! Picture to JPEG bytes, and JPEG or PNG bytes or files to a picture. Never decodes a file whose header
//! promises more pixels than [`PIXELS_MAX`], and never trusts a file's name for its kind.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};

use image::{ImageError, ImageFormat, ImageReader, Limits, RgbImage, imageops};
use jpeg_encoder::{ColorType, Encoder, EncodingError, SamplingFactor};

use crate::domain::Picture;

/// JPEG quality of everything that is written: at 88 the quantisation of luma stays below the noise of a camera,
/// at about a third of the size of 95.
pub const QUALITY: u8 = 88;
/// Largest picture that is decoded, in pixels (64 megapixels, 192 MB as RGB): above any camera sold for streets.
pub const PIXELS_MAX: u64 = 64_000_000;
/// Largest file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why bytes are no picture for us, or a picture could not be written.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// The file cannot be opened or read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// Too many bytes or pixels.
    #[error("the picture is too large: {0}; make it smaller than 64 megapixels and 64 MiB")]
    TooLarge(String),
    /// Neither JPEG nor PNG.
    #[error("the bytes are neither JPEG nor PNG; convert the picture")]
    UnknownFormat,
    /// Damaged or cut short.
    #[error("the picture is damaged: {0}; take it again")]
    Damaged(#[source] ImageError),
    /// A side is longer than JPEG can say.
    #[error("a picture of {width}x{height} cannot be written as JPEG: its sides may be at most 65535 pixels")]
    Oversized {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// A JPEG without its end.
    #[error("the picture is cut short; take or copy it again")]
    CutShort,
    /// The encoder refused the picture.
    #[error("the picture cannot be written as JPEG: {0}")]
    Unwritable(#[source] EncodingError),
}

/// The picture as a JPEG file's bytes, at [`QUALITY`], with colour at half the width and height as in the video it comes from.
///
/// # Errors
/// [`JpegError::Oversized`], [`JpegError::Unwritable`].
pub fn encode(picture: &Picture) -> Result<Vec<u8>, JpegError> {
    encode_rgb(&picture.rgb(), picture.width(), picture.height())
}

/// The picture as a JPEG file's bytes, made smaller where it is wider than `width_max`.
///
/// # Errors
/// [`JpegError::Oversized`], [`JpegError::Unwritable`].
pub fn thumbnail(picture: &Picture, width_max: u32) -> Result<Vec<u8>, JpegError> {
    let (width, height) = (picture.width(), picture.height());
    let whole = RgbImage::from_raw(width, height, picture.to_rgb()).filter(|_| width > width_max);
    let Some(whole) = whole else { return encode(picture) };
    let small = imageops::thumbnail(&whole, width_max, (height * width_max / width).max(1));
    encode_rgb(&small, small.width(), small.height())
}

fn encode_rgb(rgb: &[u8], width: u32, height: u32) -> Result<Vec<u8>, JpegError> {
    let side = |pixels: u32| u16::try_from(pixels).map_err(|_| JpegError::Oversized { width, height });
    let (columns, rows) = (side(width)?, side(height)?);
    let mut jpeg = Vec::with_capacity(rgb.len() / 12);
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(rgb, columns, rows, ColorType::Rgb).map_err(JpegError::Unwritable)?;
    Ok(jpeg)
}

/// The picture in a JPEG or PNG file's bytes. Transparency is dropped; orientation tags are not applied.
///
/// # Errors
/// [`JpegError::TooLarge`] (told from the header, before pixels are decoded), [`JpegError::UnknownFormat`],
/// [`JpegError::Damaged`].
pub fn decode(bytes: &[u8]) -> Result<Picture, JpegError> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(JpegError::TooLarge(format!("{} bytes", bytes.len())));
    }
    let Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) = image::guess_format(bytes) else {
        return Err(JpegError::UnknownFormat);
    };
    let (width, height) =
        ImageReader::with_format(Cursor::new(bytes), format).into_dimensions().map_err(JpegError::Damaged)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(JpegError::TooLarge(format!("{width}x{height} pixels")));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    // A 16-bit PNG with alpha takes 8 bytes a pixel while it is decoded.
    limits.max_alloc = Some(PIXELS_MAX * 8);
    reader.limits(limits);
    let rgb = reader.decode().map_err(JpegError::Damaged)?.into_rgb8();
    Picture::from_rgb(width, height, rgb.into_raw())
        .map_err(|error| JpegError::TooLarge(format!("{width}x{height} pixels ({error})")))
}

/// Whether a JPEG's bytes reach its end mark. A decoder fills what is missing with grey and says nothing, which does
/// for a camera's snapshot but not for measuring. Bytes of another kind are taken as whole: their decoders complain.
pub fn is_whole(bytes: &[u8]) -> bool {
    const SCAN: u8 = 0xDA;
    const END: [u8; 2] = [0xFF, 0xD9];
    if !bytes.starts_with(&[0xFF, 0xD8]) {
        return true;
    }
    let mut at = 2;
    // Segments say their length, so an embedded thumbnail's end mark is stepped over.
    while let Some(&[0xFF, mark, high, low]) = bytes.get(at..at + 4) {
        if mark == SCAN {
            return bytes[at..].windows(2).any(|pair| pair == END);
        }
        at += if mark == 0xFF { 1 } else { 2 + usize::from(u16::from_be_bytes([high, low])) };
    }
    false
}

/// The picture in a JPEG or PNG file, whatever the file's name ends with.
///
/// # Errors
/// [`JpegError::Unreadable`] and those of [`decode`].
pub fn open(path: &Path) -> Result<Picture, JpegError> {
    decode(&read(path)?)
}

/// The same, for measuring and judging: a JPEG without its end is refused instead of being filled up with grey.
///
/// # Errors
/// [`JpegError::CutShort`], and those of [`open`].
pub fn open_whole(path: &Path) -> Result<Picture, JpegError> {
    let bytes = read(path)?;
    if is_whole(&bytes) { decode(&bytes) } else { Err(JpegError::CutShort) }
}

fn read(path: &Path) -> Result<Vec<u8>, JpegError> {
    let unreadable = |error| JpegError::Unreadable(path.to_owned(), error);
    let mut bytes = Vec::new();
    File::open(path).map_err(unreadable)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: u32, height: u32) -> Picture {
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, (x + y) as u8])).collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    }

    /// A PNG that promises `width` x `height` and holds nothing.
    fn empty_png(width: u32, height: u32) -> Vec<u8> {
        let crc = |bytes: &[u8]| {
            !bytes.iter().fold(!0_u32, |crc, &byte| {
                (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
            })
        };
        let chunk = |name: &[u8], data: &[u8]| {
            let body = [name, data].concat();
            [&(data.len() as u32).to_be_bytes()[..], &body, &crc(&body).to_be_bytes()].concat()
        };
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &[]), chunk(b"IEND", &[])].concat()
    }

    #[test]
    fn a_thumbnail_is_smaller_in_proportion_and_never_larger() {
        let size = |width, height| {
            let small = decode(&thumbnail(&ramp(width, height), 32).unwrap()).unwrap();
            (small.width(), small.height())
        };
        assert_eq!((size(96, 54), size(20, 60), size(400, 1)), ((32, 18), (20, 60), (32, 1)));
    }

    #[test]
    fn a_picture_survives_the_round_trip() {
        let before = ramp(97, 61);
        let after = decode(&encode(&before).unwrap()).unwrap();
        assert_eq!((after.width(), after.height()), (97, 61));
        let off = (0..61).flat_map(|y| (0..97).map(move |x| (x, y))).map(|(x, y)| {
            let (a, b) = (before.rgb_at(x, y), after.rgb_at(x, y));
            a.iter().zip(b).map(|(a, b)| a.abs_diff(b)).max().unwrap()
        });
        assert!(off.max().unwrap() < 40);
    }

    #[test]
    fn what_cannot_be_decoded_says_why() {
        assert!(matches!(decode(b"GIF89a......"), Err(JpegError::UnknownFormat)));
        assert!(matches!(decode(b""), Err(JpegError::UnknownFormat)));
        assert!(
            matches!(decode(&empty_png(40_000, 40_000)), Err(JpegError::TooLarge(text)) if text.contains("40000x40000"))
        );
        assert!(matches!(decode(&empty_png(40, 40)), Err(JpegError::Damaged(_))));
        let mut cut = encode(&ramp(64, 64)).unwrap();
        cut.truncate(20);
        assert!(matches!(decode(&cut), Err(JpegError::Damaged(_))));
        assert!(matches!(open(Path::new("no/such/file.jpg")), Err(JpegError::Unreadable(..))));
    }

    #[test]
    fn a_jpeg_that_stops_in_its_middle_is_not_whole() {
        let mut jpeg = encode(&ramp(256, 256)).unwrap();
        assert!(is_whole(&jpeg) && is_whole(&empty_png(4, 4)));
        jpeg.truncate(jpeg.len() - jpeg.len() / 3);
        assert!(!is_whole(&jpeg));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.jpg");
        std::fs::write(&path, &jpeg).unwrap();
        assert!(open(&path).is_ok() && matches!(open_whole(&path), Err(JpegError::CutShort)));
        // An end mark inside of a segment, as that of a thumbnail, is not the picture's.
        jpeg.splice(2..2, [0xFF, 0xE1, 0, 4, 0xFF, 0xD9]);
        assert!(!is_whole(&jpeg));
    }

    #[test]
    fn a_file_is_known_by_its_bytes_not_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("snapshot.png");
        std::fs::write(&path, encode(&ramp(32, 16)).unwrap()).unwrap();
        assert_eq!(open(&path).unwrap().width(), 32);
    }
}
