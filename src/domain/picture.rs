//! Pixels in memory. A decoder's planar output is kept as it came (no conversion, no copy); what a
//! stage needs (a small luma picture, a tensor, RGB for a JPEG) is sampled from it on demand.

use std::{fmt, sync::Arc};

/// Bytes that somebody else owns: a mapped media buffer or a `Vec`.
pub type SharedBytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// How the bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelLayout {
    /// Interleaved RGB, 8 bits, `stride` bytes a row.
    Rgb {
        /// Bytes from one row to the next.
        stride: usize,
    },
    /// Planar Y, U, V with U and V at half width and half height.
    I420 {
        /// Byte offset of each plane.
        offsets: [usize; 3],
        /// Bytes from one row to the next, by plane.
        strides: [usize; 3],
        /// BT.709 instead of BT.601 coefficients.
        bt709: bool,
        /// Y in 0..=255 instead of 16..=235.
        full_range: bool,
    },
}

/// The bytes do not hold a picture of that size.
#[derive(Debug, thiserror::Error)]
#[error("{bytes} bytes cannot hold a {width}x{height} picture in the layout {layout:?}")]
pub struct BadPicture {
    bytes: usize,
    width: u32,
    height: u32,
    layout: PixelLayout,
}

/// A picture. Cloning shares the bytes.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    layout: PixelLayout,
    bytes: SharedBytes,
}

impl Picture {
    /// Takes bytes in a layout.
    ///
    /// # Errors
    /// [`BadPicture`] when a plane would reach beyond the bytes or a side is zero.
    pub fn new(width: u32, height: u32, layout: PixelLayout, bytes: SharedBytes) -> Result<Self, BadPicture> {
        let size = (*bytes).as_ref().len();
        let (w, h) = (width as usize, height as usize);
        let reach = |offset: usize, stride: usize, row_bytes: usize, rows: usize| {
            let last_row = (stride >= row_bytes).then(|| stride.checked_mul(rows.checked_sub(1)?)).flatten();
            last_row.and_then(|last| last.checked_add(offset)?.checked_add(row_bytes)).unwrap_or(usize::MAX)
        };
        let needed = match layout {
            PixelLayout::Rgb { stride } => reach(0, stride, w * 3, h),
            PixelLayout::I420 { offsets, strides, .. } => {
                let (cw, ch) = (w.div_ceil(2), h.div_ceil(2));
                reach(offsets[0], strides[0], w, h)
                    .max(reach(offsets[1], strides[1], cw, ch))
                    .max(reach(offsets[2], strides[2], cw, ch))
            }
        };
        if w == 0 || h == 0 || needed > size {
            return Err(BadPicture { bytes: size, width, height, layout });
        }
        Ok(Self { width, height, layout, bytes })
    }

    /// Tightly packed RGB.
    ///
    /// # Errors
    /// [`BadPicture`] when the length is not `width * height * 3` or more.
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self, BadPicture> {
        Self::new(width, height, PixelLayout::Rgb { stride: width as usize * 3 }, Arc::new(rgb))
    }

    /// Width in pixels.
    pub fn width(&self) -> u32 {
        self.width
    }
    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.height
    }
    /// The layout of the bytes.
    pub fn layout(&self) -> PixelLayout {
        self.layout
    }

    /// The bytes, as [`Picture::layout`] describes them; for stages that walk whole rows.
    pub fn bytes(&self) -> &[u8] {
        (*self.bytes).as_ref()
    }

    /// RGB of a pixel; coordinates beyond the border give the border's pixel.
    pub fn rgb_at(&self, x: u32, y: u32) -> [u8; 3] {
        let (x, y) = (x.min(self.width - 1) as usize, y.min(self.height - 1) as usize);
        let bytes = (*self.bytes).as_ref();
        match self.layout {
            PixelLayout::Rgb { stride } => {
                let at = y * stride + x * 3;
                [bytes[at], bytes[at + 1], bytes[at + 2]]
            }
            PixelLayout::I420 { offsets, strides, bt709, full_range } => yuv_to_rgb(
                bytes[offsets[0] + y * strides[0] + x],
                bytes[offsets[1] + (y / 2) * strides[1] + x / 2],
                bytes[offsets[2] + (y / 2) * strides[2] + x / 2],
                bt709,
                full_range,
            ),
        }
    }

    /// Luma of a pixel, 0..=255 as stored; coordinates beyond the border give the border's pixel.
    pub fn luma_at(&self, x: u32, y: u32) -> u8 {
        let (x, y) = (x.min(self.width - 1) as usize, y.min(self.height - 1) as usize);
        let bytes = (*self.bytes).as_ref();
        match self.layout {
            PixelLayout::Rgb { stride } => {
                let at = y * stride + x * 3;
                let [r, g, b] = [bytes[at], bytes[at + 1], bytes[at + 2]].map(u32::from);
                ((r * 77 + g * 150 + b * 29) >> 8) as u8
            }
            PixelLayout::I420 { offsets, strides, .. } => bytes[offsets[0] + y * strides[0] + x],
        }
    }

    /// The whole picture as tightly packed RGB.
    pub fn to_rgb(&self) -> Vec<u8> {
        let mut rgb = Vec::with_capacity(self.width as usize * self.height as usize * 3);
        for y in 0..self.height {
            for x in 0..self.width {
                rgb.extend_from_slice(&self.rgb_at(x, y));
            }
        }
        rgb
    }

    /// A grey picture of `width` x `height`, tightly packed, each pixel the mean of the area it stands for
    /// (at most 4x4 samples of it).
    pub fn luma_scaled(&self, width: u32, height: u32) -> Vec<u8> {
        let mut grey = Vec::with_capacity(width as usize * height as usize);
        for y in 0..height {
            let (y0, y1) = span(y, height, self.height);
            for x in 0..width {
                let (x0, x1) = span(x, width, self.width);
                let (step_y, step_x) = ((y1 - y0).div_ceil(4), (x1 - x0).div_ceil(4));
                let (mut sum, mut n) = (0_u32, 0_u32);
                for sy in (y0..y1).step_by(step_y as usize) {
                    for sx in (x0..x1).step_by(step_x as usize) {
                        sum += u32::from(self.luma_at(sx, sy));
                        n += 1;
                    }
                }
                grey.push((sum / n.max(1)) as u8);
            }
        }
        grey
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{}, {:?})", self.width, self.height, self.layout)
    }
}

/// Source rows (or columns) `[from, to)` that target row `i` of `n` stands for.
fn span(i: u32, n: u32, source: u32) -> (u32, u32) {
    let from = (u64::from(i) * u64::from(source) / u64::from(n)) as u32;
    let to = (u64::from(i + 1) * u64::from(source) / u64::from(n)) as u32;
    (from.min(source - 1), to.clamp(from.min(source - 1) + 1, source))
}

/// Integer conversion with 8 fractional bits (ITU-R BT.601 and BT.709 matrices).
fn yuv_to_rgb(y: u8, u: u8, v: u8, bt709: bool, full_range: bool) -> [u8; 3] {
    let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
    let (luma, chroma) = if full_range { (i32::from(y) * 256, 256) } else { ((i32::from(y) - 16) * 298, 291) };
    let (rv, gu, gv, bu) = if bt709 { (403, 48, 120, 475) } else { (359, 88, 183, 454) };
    let scale = |k: i32| k * chroma / 256;
    let clamp = |value: i32| ((value + 128) >> 8).clamp(0, 255) as u8;
    [clamp(luma + scale(rv) * v), clamp(luma - scale(gu) * u - scale(gv) * v), clamp(luma + scale(bu) * u)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limited_range_yuv_reaches_black_white_and_red() {
        assert_eq!(yuv_to_rgb(16, 128, 128, false, false), [0, 0, 0]);
        assert_eq!(yuv_to_rgb(235, 128, 128, false, false), [255, 255, 255]);
        let [r, g, b] = yuv_to_rgb(81, 90, 240, false, false);
        assert!(r > 250 && g < 6 && b < 6, "{r} {g} {b}");
    }

    #[test]
    fn a_picture_that_its_bytes_cannot_hold_is_refused() {
        assert!(Picture::from_rgb(4, 4, vec![0; 47]).is_err());
        assert!(Picture::from_rgb(0, 4, vec![]).is_err());
        let odd = PixelLayout::I420 { offsets: [0, 9, 13], strides: [3, 2, 2], bt709: false, full_range: true };
        assert!(Picture::new(3, 3, odd, Arc::new(vec![0_u8; 17])).is_ok());
        assert!(Picture::new(3, 3, odd, Arc::new(vec![0_u8; 16])).is_err());
    }

    #[test]
    fn scaled_luma_is_the_mean_of_the_area() {
        let picture = Picture::from_rgb(2, 2, vec![0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]).unwrap();
        assert_eq!(picture.luma_scaled(1, 1), [127]);
        assert_eq!(picture.luma_scaled(4, 1), [0, 0, 255, 255]);
    }
}
