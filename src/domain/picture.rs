//! Pixels in memory. A decoder's planar output is kept as it came (no conversion, no copy); what a
//! stage needs (a small luma picture, a tensor, RGB for a JPEG) is sampled from it on demand.

use std::{borrow::Cow, fmt, sync::Arc};

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
            PixelLayout::I420 { offsets, strides, bt709, full_range } => Conversion::of(bt709, full_range).rgb(
                bytes[offsets[0] + y * strides[0] + x],
                bytes[offsets[1] + (y / 2) * strides[1] + x / 2],
                bytes[offsets[2] + (y / 2) * strides[2] + x / 2],
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

    /// The whole picture as tightly packed RGB; without a copy where it is kept so.
    pub fn rgb(&self) -> Cow<'_, [u8]> {
        let (width, height) = (self.width as usize, self.height as usize);
        match self.layout {
            PixelLayout::Rgb { stride } if stride == width * 3 => Cow::Borrowed(&self.bytes()[..stride * height]),
            _ => Cow::Owned(self.to_rgb()),
        }
    }

    /// The whole picture as tightly packed RGB.
    pub fn to_rgb(&self) -> Vec<u8> {
        self.part_rgb(0, 0, self.width, self.height)
    }

    /// A part as tightly packed RGB. What reaches beyond the picture is left out; at least the border's pixel stays.
    #[must_use]
    pub fn cropped(&self, x: u32, y: u32, width: u32, height: u32) -> Self {
        let (x, y) = (x.min(self.width - 1), y.min(self.height - 1));
        let (width, height) = (width.clamp(1, self.width - x), height.clamp(1, self.height - y));
        let layout = PixelLayout::Rgb { stride: width as usize * 3 };
        Self { width, height, layout, bytes: Arc::new(self.part_rgb(x, y, width, height)) }
    }

    /// Row by row and in plain loops: tests wait for this, and they are not optimised.
    fn part_rgb(&self, x: u32, y: u32, width: u32, height: u32) -> Vec<u8> {
        let [x, y, width, height] = [x, y, width, height].map(|side| side as usize);
        let bytes = self.bytes();
        let mut rgb = vec![0; width * height * 3];
        for row in 0..height {
            let out = &mut rgb[row * width * 3..(row + 1) * width * 3];
            match self.layout {
                PixelLayout::Rgb { stride } => {
                    let from = (y + row) * stride + x * 3;
                    out.copy_from_slice(&bytes[from..from + width * 3]);
                }
                PixelLayout::I420 { offsets, strides, bt709, full_range } => {
                    let conversion = Conversion::of(bt709, full_range);
                    let of = |plane: usize, row: usize| &bytes[offsets[plane] + row * strides[plane]..];
                    let (luma, u, v) = (of(0, y + row), of(1, (y + row) / 2), of(2, (y + row) / 2));
                    let mut at = 0;
                    for column in x..x + width {
                        let [r, g, b] = conversion.rgb(luma[column], u[column / 2], v[column / 2]);
                        (out[at], out[at + 1], out[at + 2]) = (r, g, b);
                        at += 3;
                    }
                }
            }
        }
        rgb
    }

    /// A grey picture of `width` x `height`, tightly packed, each pixel the mean of the area it stands for
    /// (at most 4x4 samples of it).
    pub fn luma_scaled(&self, width: u32, height: u32) -> Vec<u8> {
        match self.layout {
            PixelLayout::Rgb { stride } => self.scaled(width, height, 0, stride, |row, x| {
                let [r, g, b] = [row[x * 3], row[x * 3 + 1], row[x * 3 + 2]].map(u32::from);
                (r * 77 + g * 150 + b * 29) >> 8
            }),
            PixelLayout::I420 { offsets, strides, .. } => {
                self.scaled(width, height, offsets[0], strides[0], |row, x| u32::from(row[x]))
            }
        }
    }

    /// Row by row, because the bytes are asked for once: a call for each sample made this a third of a view match.
    fn scaled(
        &self,
        width: u32,
        height: u32,
        offset: usize,
        stride: usize,
        luma: impl Fn(&[u8], usize) -> u32,
    ) -> Vec<u8> {
        let bytes = self.bytes();
        let columns: Vec<Samples> = (0..width).map(|x| Samples::new(x, width, self.width)).collect();
        let mut grey = Vec::with_capacity(width as usize * height as usize);
        let mut sums = vec![0_u32; width as usize];
        for y in 0..height {
            let rows = Samples::new(y, height, self.height);
            sums.fill(0);
            for sy in rows.each() {
                let row = &bytes[offset + sy * stride..];
                for (sum, samples) in sums.iter_mut().zip(&columns) {
                    *sum += samples.each().map(|sx| luma(row, sx)).sum::<u32>();
                }
            }
            grey.extend(sums.iter().zip(&columns).map(|(sum, samples)| (sum / (rows.count * samples.count)) as u8));
        }
        grey
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{}, {:?})", self.width, self.height, self.layout)
    }
}

/// The source rows (or columns) that target row `i` of `n` is the mean of.
struct Samples {
    from: usize,
    to: usize,
    step: usize,
    count: u32,
}

impl Samples {
    fn new(i: u32, n: u32, source: u32) -> Self {
        let from = ((u64::from(i) * u64::from(source) / u64::from(n)) as u32).min(source - 1);
        let to = ((u64::from(i + 1) * u64::from(source) / u64::from(n)) as u32).clamp(from + 1, source);
        let step = (to - from).div_ceil(4);
        Self { from: from as usize, to: to as usize, step: step as usize, count: (to - from).div_ceil(step) }
    }

    fn each(&self) -> impl Iterator<Item = usize> {
        (self.from..self.to).step_by(self.step)
    }
}

/// Integer conversion with 8 fractional bits (ITU-R BT.601 and BT.709 matrices).
struct Conversion {
    black: i32,
    luma: i32,
    rv: i32,
    gu: i32,
    gv: i32,
    bu: i32,
}

impl Conversion {
    fn of(bt709: bool, full_range: bool) -> Self {
        let (black, luma, chroma) = if full_range { (0, 256, 256) } else { (16, 298, 291) };
        let (rv, gu, gv, bu) = if bt709 { (403, 48, 120, 475) } else { (359, 88, 183, 454) };
        let scale = |k: i32| k * chroma / 256;
        Self { black, luma, rv: scale(rv), gu: scale(gu), gv: scale(gv), bu: scale(bu) }
    }

    fn rgb(&self, y: u8, u: u8, v: u8) -> [u8; 3] {
        let (luma, u, v) = ((i32::from(y) - self.black) * self.luma + 128, i32::from(u) - 128, i32::from(v) - 128);
        [within(luma + self.rv * v), within(luma - self.gu * u - self.gv * v), within(luma + self.bu * u)]
    }
}

fn within(value: i32) -> u8 {
    (value >> 8).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limited_range_yuv_reaches_black_white_and_red() {
        let conversion = Conversion::of(false, false);
        assert_eq!(conversion.rgb(16, 128, 128), [0, 0, 0]);
        assert_eq!(conversion.rgb(235, 128, 128), [255, 255, 255]);
        let [r, g, b] = conversion.rgb(81, 90, 240);
        assert!(r > 250 && g < 6 && b < 6, "{r} {g} {b}");
    }

    #[test]
    fn a_part_is_the_same_pixels() {
        let bytes: Vec<u8> = (0..9 * 7 * 2).map(|at| (at * 37 % 251) as u8).collect();
        let layout = PixelLayout::I420 { offsets: [0, 63, 83], strides: [9, 5, 5], bt709: true, full_range: false };
        let picture = Picture::new(9, 7, layout, Arc::new(bytes)).unwrap();
        for picture in [picture.clone(), Picture::from_rgb(9, 7, picture.to_rgb()).unwrap()] {
            let part = picture.cropped(3, 1, 5, 40);
            assert_eq!((part.width(), part.height()), (5, 6));
            let whole = picture.to_rgb();
            for (x, y) in (0..5).flat_map(|x| (0..6).map(move |y| (x, y))) {
                let at = ((y + 1) * 9 + x + 3) as usize * 3;
                assert_eq!(
                    (part.rgb_at(x, y), &picture.rgb_at(x + 3, y + 1)[..]),
                    (picture.rgb_at(x + 3, y + 1), &whole[at..at + 3])
                );
            }
        }
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
    fn rows_give_what_single_pixels_give() {
        let bytes: Vec<u8> = (0..400_u32).map(|i| (i * 37 % 251) as u8).collect();
        // Odd sides, padded rows.
        let layout = PixelLayout::I420 { offsets: [0, 104, 140], strides: [9, 6, 6], bt709: true, full_range: false };
        let planar = Picture::new(7, 11, layout, Arc::new(bytes.clone())).unwrap();
        let rgb = Picture::new(7, 11, PixelLayout::Rgb { stride: 23 }, Arc::new(bytes)).unwrap();
        for picture in [planar, rgb] {
            let pixels = (0..11).flat_map(|y| (0..7).map(move |x| (x, y)));
            let single: Vec<u8> = pixels.clone().flat_map(|(x, y)| picture.rgb_at(x, y)).collect();
            assert_eq!(picture.to_rgb(), single);
            let grey: Vec<u8> = pixels.map(|(x, y)| picture.luma_at(x, y)).collect();
            assert_eq!(picture.luma_scaled(7, 11), grey);
        }
    }

    #[test]
    fn scaled_luma_is_the_mean_of_the_area() {
        let picture = Picture::from_rgb(2, 2, vec![0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255]).unwrap();
        assert_eq!(picture.luma_scaled(1, 1), [127]);
        assert_eq!(picture.luma_scaled(4, 1), [0, 0, 255, 255]);
    }
}
