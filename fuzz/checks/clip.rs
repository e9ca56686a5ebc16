//! Heads of MP4 files, which tell how long a clip is. What is told is a length of time; a file is never read through,
//! whatever it promises.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use xunjie::store::evidence::clip_seconds;

/// Bytes that may be read: two levels of boxes, each with a head of 16 bytes at most, and the movie header.
const READ_MAX: usize = 2 * 64 * 16 + 64;

pub fn check(data: &[u8]) {
    let mut file = Counted { file: Cursor::new(data), read: 0 };
    if let Some(seconds) = clip_seconds(&mut file) {
        assert!(seconds.is_finite() && seconds > 0.0, "{seconds}");
        assert!(data.windows(4).any(|kind| kind == b"moov") && data.windows(4).any(|kind| kind == b"mvhd"));
    }
    assert!(file.read <= READ_MAX, "{} bytes were read", file.read);
}

struct Counted<'a> {
    file: Cursor<&'a [u8]>,
    read: usize,
}

impl Read for Counted<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(into)?;
        self.read += read;
        Ok(read)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
