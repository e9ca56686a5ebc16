//! Letterbox: a frame scaled by one factor into a model's input tensor, the rest filled. It owns the only way from
//! tensor pixels back to frame pixels, so a letterbox is undone exactly once. Pure; sampling is in `resample`.

use super::{
    detected::{RawDetection, Scored},
    resample::{Channels, Plane},
};
use crate::domain::{BBox, FrameSpace, Picture, PixelLayout, TensorSpace};

/// Where the scaled frame lies in the tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the top left corner; the right or the bottom is filled.
    TopLeft,
    /// In the middle; both sides are filled.
    Centre,
}

/// Order of the tensor's axes after the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TensorLayout {
    /// Channel, row, column.
    Nchw,
    /// Row, column, channel.
    Nhwc,
}

/// Order of the tensor's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColourOrder {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// What a model wants its input tensor to be: `(value * scale - mean) / std`, value in 0..=255.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorFormat {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Order of the axes.
    pub layout: TensorLayout,
    /// Order of the channels; `mean` and `std` follow it.
    pub colour: ColourOrder,
    /// Factor on the pixel value, before the mean is taken off.
    pub scale: f32,
    /// Mean of each channel.
    pub mean: [f32; 3],
    /// Deviation of each channel, never 0.
    pub std: [f32; 3],
    /// Pixel value of the filled rest, 0..=255.
    pub pad: f32,
    /// Where the frame lies.
    pub placement: Placement,
}

impl TensorFormat {
    /// Numbers in the tensor of one picture: `3 * width * height`.
    pub fn len(&self) -> usize {
        3 * self.width as usize * self.height as usize
    }
    /// Whether the tensor holds nothing; a checked manifest never gives such a format.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How one frame size lies in one tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Letterbox {
    frame: [u32; 2],
    /// Size of the scaled frame in tensor pixels.
    scaled: [u32; 2],
    /// Its top left corner in tensor pixels.
    offset: [u32; 2],
}

impl Letterbox {
    /// Fits a frame of `width` x `height` pixels, neither 0, into the tensor.
    pub fn new(width: u32, height: u32, format: &TensorFormat) -> Self {
        let (tw, th) = (f64::from(format.width), f64::from(format.height));
        let factor = (tw / f64::from(width)).min(th / f64::from(height));
        let side = |frame: u32, tensor: u32| ((f64::from(frame) * factor).round() as u32).clamp(1, tensor.max(1));
        let scaled = [side(width, format.width), side(height, format.height)];
        let offset = match format.placement {
            Placement::TopLeft => [0, 0],
            Placement::Centre => {
                [format.width.saturating_sub(scaled[0]) / 2, format.height.saturating_sub(scaled[1]) / 2]
            }
        };
        Self { frame: [width, height], scaled, offset }
    }

    /// Width and height of the frame in pixels.
    pub fn frame(&self) -> [u32; 2] {
        self.frame
    }

    /// Width and height of the scaled frame in pixels of the tensor.
    pub fn scaled(&self) -> [u32; 2] {
        self.scaled
    }

    /// A box of the tensor in pixels of the frame, cut to the frame.
    pub fn to_frame(&self, bbox: &BBox<TensorSpace>) -> BBox<FrameSpace> {
        let [w, h] = self.frame.map(|side| side as f32);
        let x = |v: f32| (v - self.offset[0] as f32) * w / self.scaled[0] as f32;
        let y = |v: f32| (v - self.offset[1] as f32) * h / self.scaled[1] as f32;
        BBox::new(x(bbox.x0()), y(bbox.y0()), x(bbox.x1()), y(bbox.y1())).clipped(w, h)
    }

    /// A box of the frame in pixels of the tensor.
    pub fn to_tensor(&self, bbox: &BBox<FrameSpace>) -> BBox<TensorSpace> {
        let x = |v: f32| v * self.scaled[0] as f32 / self.frame[0] as f32 + self.offset[0] as f32;
        let y = |v: f32| v * self.scaled[1] as f32 / self.frame[1] as f32 + self.offset[1] as f32;
        BBox::new(x(bbox.x0()), y(bbox.y0()), x(bbox.x1()), y(bbox.y1()))
    }

    /// A decoder's answer in pixels of the frame.
    pub fn undo(&self, raw: RawDetection) -> Scored<FrameSpace> {
        raw.map(|bbox| self.to_frame(&bbox))
    }

    /// Appends the tensor of one picture ([`TensorFormat::len`] numbers) to `tensor`. The picture has the size that
    /// this letterbox was made for.
    pub fn append(&self, picture: &Picture, format: &TensorFormat, tensor: &mut Vec<f32>) {
        debug_assert_eq!([picture.width(), picture.height()], self.frame, "the letterbox is of another frame size");
        let start = tensor.len();
        let writer = Writer::new(format, self.offset);
        tensor.reserve(format.len());
        match format.layout {
            TensorLayout::Nchw => {
                for fill in writer.fill {
                    tensor.resize(tensor.len() + format.len() / 3, fill);
                }
            }
            TensorLayout::Nhwc => tensor.extend(writer.fill.iter().copied().cycle().take(format.len())),
        }
        let target = &mut tensor[start..];
        match picture.layout() {
            PixelLayout::Rgb { stride } => self.sample_rgb(picture, stride, &writer, target),
            PixelLayout::I420 { offsets, strides, bt709, full_range } => {
                self.sample_i420(picture, offsets, strides, &YuvMatrix::new(bt709, full_range), &writer, target);
            }
        }
    }

    fn sample_rgb(&self, picture: &Picture, stride: usize, writer: &Writer, tensor: &mut [f32]) {
        let [width, rows] = self.scaled.map(|side| side as usize);
        let plane = Plane {
            bytes: picture.bytes(),
            stride,
            width: picture.width() as usize,
            height: picture.height() as usize,
        };
        let mut sampler = Channels::<3>::new(plane, width, rows);
        for y in 0..rows {
            let rgb = sampler.row(y);
            writer.write(tensor, y, width, |x| [rgb[x * 3], rgb[x * 3 + 1], rgb[x * 3 + 2]]);
        }
    }

    fn sample_i420(
        &self,
        picture: &Picture,
        offsets: [usize; 3],
        strides: [usize; 3],
        matrix: &YuvMatrix,
        writer: &Writer,
        tensor: &mut [f32],
    ) {
        let [width, rows] = self.scaled.map(|side| side as usize);
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let sizes = [(w, h), (w.div_ceil(2), h.div_ceil(2)), (w.div_ceil(2), h.div_ceil(2))];
        let plane = |i: usize| Plane {
            bytes: &picture.bytes()[offsets[i]..],
            stride: strides[i],
            width: sizes[i].0,
            height: sizes[i].1,
        };
        let [mut luma, mut blue, mut red] = [0, 1, 2].map(|i| Channels::<1>::new(plane(i), width, rows));
        for y in 0..rows {
            let (luma, u, v) = (luma.row(y), blue.row(y), red.row(y));
            let (luma, u, v) = (&luma[..width], &u[..width], &v[..width]);
            writer.write(tensor, y, width, |x| matrix.rgb(luma[x], u[x], v[x]));
        }
    }
}

/// Puts rows of RGB into the tensor, normalised.
struct Writer {
    layout: TensorLayout,
    width: usize,
    height: usize,
    offset: [usize; 2],
    /// For each channel of the tensor: which of R, G, B it is.
    source: [usize; 3],
    /// For each channel of the tensor: `value * gain + bias`.
    gain: [f32; 3],
    bias: [f32; 3],
    /// What the rest is filled with.
    fill: [f32; 3],
}

impl Writer {
    fn new(format: &TensorFormat, offset: [u32; 2]) -> Self {
        let gain = format.std.map(|std| format.scale / std);
        let bias = [0, 1, 2].map(|c| -format.mean[c] / format.std[c]);
        Self {
            layout: format.layout,
            width: format.width as usize,
            height: format.height as usize,
            offset: offset.map(|o| o as usize),
            source: match format.colour {
                ColourOrder::Rgb => [0, 1, 2],
                ColourOrder::Bgr => [2, 1, 0],
            },
            gain,
            bias,
            fill: [0, 1, 2].map(|c| format.pad * gain[c] + bias[c]),
        }
    }

    /// Writes `width` pixels of the scaled frame's row `y`.
    #[inline]
    fn write(&self, tensor: &mut [f32], y: usize, width: usize, rgb: impl Fn(usize) -> [f32; 3]) {
        let at = (y + self.offset[1]) * self.width + self.offset[0];
        let ([r, g, b], gain, bias) = (self.source, self.gain, self.bias);
        match self.layout {
            TensorLayout::Nchw => {
                let plane = self.width * self.height;
                let (first, rest) = tensor.split_at_mut(plane);
                let (second, third) = rest.split_at_mut(plane);
                let rows = first[at..at + width].iter_mut().zip(&mut second[at..at + width]);
                for (x, ((c0, c1), c2)) in rows.zip(&mut third[at..at + width]).enumerate() {
                    let pixel = rgb(x);
                    *c0 = pixel[r] * gain[0] + bias[0];
                    *c1 = pixel[g] * gain[1] + bias[1];
                    *c2 = pixel[b] * gain[2] + bias[2];
                }
            }
            TensorLayout::Nhwc => {
                for (x, out) in tensor[at * 3..(at + width) * 3].chunks_exact_mut(3).enumerate() {
                    let pixel = rgb(x);
                    out[0] = pixel[r] * gain[0] + bias[0];
                    out[1] = pixel[g] * gain[1] + bias[1];
                    out[2] = pixel[b] * gain[2] + bias[2];
                }
            }
        }
    }
}

/// Y'CbCr to R'G'B' (ITU-R BT.601-7 and BT.709-6: Kr, Kb; limited range 16..=235 and 16..=240).
struct YuvMatrix {
    luma_from: f32,
    luma: f32,
    red_v: f32,
    green_u: f32,
    green_v: f32,
    blue_u: f32,
}

impl YuvMatrix {
    fn new(bt709: bool, full_range: bool) -> Self {
        let (kr, kb) = if bt709 { (0.2126_f32, 0.0722_f32) } else { (0.299, 0.114) };
        let kg = 1.0 - kr - kb;
        let (luma_from, luma, chroma) = if full_range { (0.0, 1.0, 1.0) } else { (16.0, 255.0 / 219.0, 255.0 / 224.0) };
        Self {
            luma_from,
            luma,
            red_v: 2.0 * (1.0 - kr) * chroma,
            green_u: 2.0 * kb * (1.0 - kb) / kg * chroma,
            green_v: 2.0 * kr * (1.0 - kr) / kg * chroma,
            blue_u: 2.0 * (1.0 - kb) * chroma,
        }
    }

    #[inline]
    fn rgb(&self, y: f32, u: f32, v: f32) -> [f32; 3] {
        let (y, u, v) = ((y - self.luma_from) * self.luma, u - 128.0, v - 128.0);
        [y + self.red_v * v, y - self.green_u * u - self.green_v * v, y + self.blue_u * u]
            .map(|value| value.clamp(0.0, 255.0))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn format(width: u32, height: u32, placement: Placement) -> TensorFormat {
        TensorFormat {
            width,
            height,
            layout: TensorLayout::Nchw,
            colour: ColourOrder::Rgb,
            scale: 1.0,
            mean: [0.0; 3],
            std: [1.0; 3],
            pad: 7.0,
            placement,
        }
    }

    fn tensor(picture: &Picture, format: &TensorFormat) -> Vec<f32> {
        let mut tensor = Vec::new();
        Letterbox::new(picture.width(), picture.height(), format).append(picture, format, &mut tensor);
        tensor
    }

    #[test]
    fn a_wide_frame_lies_in_the_middle_and_the_rest_is_filled() {
        let picture = Picture::from_rgb(8, 4, [200_u8, 100, 50].repeat(32)).unwrap();
        let out = tensor(&picture, &format(4, 4, Placement::Centre));
        let row = |c: usize, y: usize| &out[c * 16 + y * 4..c * 16 + y * 4 + 4];
        assert_eq!((row(0, 0), row(0, 3)), (&[7.0; 4][..], &[7.0; 4][..]));
        assert_eq!((row(0, 1), row(1, 2), row(2, 1)), (&[200.0; 4][..], &[100.0; 4][..], &[50.0; 4][..]));
        let top = tensor(&picture, &format(4, 4, Placement::TopLeft));
        assert_eq!((top[0], top[4], top[8]), (200.0, 200.0, 7.0));
    }

    #[test]
    fn channels_are_ordered_and_normalised_in_both_layouts() {
        let picture = Picture::from_rgb(2, 2, [200_u8, 100, 50].repeat(4)).unwrap();
        let mut f = format(2, 2, Placement::Centre);
        (f.colour, f.scale, f.mean, f.std) = (ColourOrder::Bgr, 0.1, [1.0, 2.0, 3.0], [2.0, 4.0, 1.0]);
        let close = |out: &[f32], want: &[f32]| out.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close(&tensor(&picture, &f), &[[2.0; 4], [2.0; 4], [17.0; 4]].concat()));
        f.layout = TensorLayout::Nhwc;
        assert!(close(&tensor(&picture, &f), &[2.0, 2.0, 17.0].repeat(4)));
    }

    #[test]
    fn planar_and_interleaved_pictures_give_the_same_tensor() {
        // A colour ramp wide enough that chroma at half resolution loses little.
        let (w, h) = (64_usize, 48_usize);
        let pixel = |x: usize, y: usize| (60 + x * 2, 90 + y, 100 + x / 2);
        let mut planes = vec![0_u8; w * h * 3 / 2];
        for y in 0..h {
            for x in 0..w {
                let (luma, u, v) = pixel(x, y);
                planes[y * w + x] = luma as u8;
                planes[w * h + (y / 2) * (w / 2) + x / 2] = u as u8;
                planes[w * h * 5 / 4 + (y / 2) * (w / 2) + x / 2] = v as u8;
            }
        }
        for (bt709, full_range) in [(false, false), (true, false), (false, true)] {
            let offsets = [0, w * h, w * h * 5 / 4];
            let layout = PixelLayout::I420 { offsets, strides: [w, w / 2, w / 2], bt709, full_range };
            let planar = Picture::new(w as u32, h as u32, layout, Arc::new(planes.clone())).unwrap();
            let rgb = Picture::from_rgb(w as u32, h as u32, planar.to_rgb()).unwrap();
            let f = format(24, 24, Placement::Centre);
            let worst =
                tensor(&planar, &f).iter().zip(tensor(&rgb, &f)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 4.0, "{worst} at bt709={bt709} full_range={full_range}");
        }
    }

    proptest! {
        #[test]
        fn a_box_returns_from_the_tensor_where_it_was(
            w in 1_u32..4000, h in 1_u32..4000, side in 8_u32..900, centre: bool, b in prop::array::uniform4(0.0_f32..1.0),
        ) {
            let placement = if centre { Placement::Centre } else { Placement::TopLeft };
            let letterbox = Letterbox::new(w, h, &format(side, side, placement));
            let (fw, fh) = (w as f32, h as f32);
            let bbox = BBox::<FrameSpace>::new(b[0] * fw, b[1] * fh, b[2] * fw, b[3] * fh);
            let inside = letterbox.to_tensor(&bbox);
            prop_assert!(inside.x0() >= 0.0 && inside.x1() <= side as f32 + 0.1 && inside.y1() <= side as f32 + 0.1);
            let back = letterbox.to_frame(&inside);
            let slack = 1e-3 * fw.max(fh) + 1e-3;
            for (a, b) in bbox.to_array().into_iter().zip(back.to_array()) {
                prop_assert!((a - b).abs() <= slack, "{bbox:?} {back:?}");
            }
        }

        #[test]
        fn any_picture_fills_any_tensor(w in 1_u32..70, h in 1_u32..70, tw in 1_u32..50, th in 1_u32..50, value: u8) {
            let picture = Picture::from_rgb(w, h, vec![value; (w * h * 3) as usize]).unwrap();
            let f = format(tw, th, Placement::Centre);
            let out = tensor(&picture, &f);
            prop_assert_eq!(out.len(), f.len());
            prop_assert!(out.iter().all(|v| (v - f32::from(value)).abs() < 0.01 || *v == 7.0));
        }
    }
}
