//! Frames of the clip, and what a camera could make of them: moved, lit, blurred, covered.

use std::{io::Write, process::Command, sync::OnceLock};

use xunjie::domain::{Homography, Picture};

const CLIP: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
/// Size of the clip's frames.
const CLIP_SIZE: (u32, u32) = (768, 576);
/// Every so many frames are kept (the clip has 795 at 10 a second).
pub const EVERY: usize = 20;
/// Size of a shot, cut from the middle of a frame so that a camera can turn a little without running out of scene.
pub const SHOT: (u32, u32) = (640, 480);

/// Frame `number * EVERY` of the clip, whole.
pub fn frame(number: usize) -> Picture {
    static FRAMES: OnceLock<Vec<Picture>> = OnceLock::new();
    let frames = FRAMES.get_or_init(|| {
        let select = format!("select=not(mod(n\\,{EVERY}))");
        let arguments =
            ["-v", "error", "-i", CLIP, "-vf", &select, "-vsync", "0", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
        let output = Command::new("ffmpeg").args(arguments).output().expect("ffmpeg is installed");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "ffmpeg and opencv-doc are needed: {said}");
        let bytes = (CLIP_SIZE.0 * CLIP_SIZE.1 * 3) as usize;
        output
            .stdout
            .chunks_exact(bytes)
            .map(|rgb| Picture::from_rgb(CLIP_SIZE.0, CLIP_SIZE.1, rgb.to_vec()).unwrap())
            .collect()
    });
    frames[number].clone()
}

/// Chance that is the same in every run (xorshift), -1..1.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

/// What happened to the camera. Pixels are those of a shot.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    pub frame: usize,
    pub shift: [f64; 2],
    pub turn_deg: f64,
    pub zoom: f64,
    pub gain: f32,
    pub gamma: f32,
    pub noise: f32,
    pub blur_px: usize,
    pub jpeg: Option<u8>,
}

pub const PLAIN: Shot = Shot {
    frame: 0,
    shift: [0.0, 0.0],
    turn_deg: 0.0,
    zoom: 1.0,
    gain: 1.0,
    gamma: 1.0,
    noise: 0.0,
    blur_px: 0,
    jpeg: None,
};

impl Shot {
    /// Where a point of this shot lies in the plain shot, in fractions.
    pub fn truth(&self) -> Homography {
        let (w, h) = (f64::from(SHOT.0), f64::from(SHOT.1));
        let (s, c) = self.turn_deg.to_radians().sin_cos();
        let (c, s) = (c / self.zoom, s / self.zoom);
        let (cx, cy) = (w / 2.0, h / 2.0);
        let (tx, ty) = (cx - c * cx + s * cy - self.shift[0], cy - s * cx - c * cy - self.shift[1]);
        Homography([[c, -s * h / w, tx / w], [s * w / h, c, ty / h], [0.0, 0.0, 1.0]])
    }

    pub fn take(&self) -> Picture {
        let source = frame(self.frame);
        let (w, h) = (f64::from(SHOT.0), f64::from(SHOT.1));
        let (left, top) = ((CLIP_SIZE.0 - SHOT.0) / 2, (CLIP_SIZE.1 - SHOT.1) / 2);
        let truth = self.truth();
        let whole = self.shift.iter().all(|v| v.fract() == 0.0);
        let straight = self.turn_deg == 0.0 && self.zoom == 1.0 && whole;
        let (right, down) = (self.shift[0] as i64, self.shift[1] as i64);
        let mut rgb = Vec::with_capacity((SHOT.0 * SHOT.1 * 3) as usize);
        for y in 0..SHOT.1 {
            for x in 0..SHOT.0 {
                if straight {
                    let back = |v: u32, by: i64| (i64::from(v) - by).max(0) as u32;
                    rgb.extend(source.rgb_at(back(x + left, right), back(y + top, down)));
                    continue;
                }
                let (u, v) = truth.apply((f64::from(x) + 0.5) / w, (f64::from(y) + 0.5) / h);
                rgb.extend(bilinear(&source, u * w - 0.5 + f64::from(left), v * h - 0.5 + f64::from(top)));
            }
        }
        self.expose(&mut rgb);
        for _ in 0..if self.blur_px > 0 { 3 } else { 0 } {
            box_blur(&mut rgb, self.blur_px);
        }
        let picture = Picture::from_rgb(SHOT.0, SHOT.1, rgb).unwrap();
        match self.jpeg {
            Some(quality) => through_jpeg(&picture, quality),
            None => picture,
        }
    }

    fn expose(&self, rgb: &mut [u8]) {
        if self.gain == 1.0 && self.gamma == 1.0 && self.noise == 0.0 {
            return;
        }
        let mut chance = Chance::new(self.frame as u64 + 7);
        let lit: Vec<f32> = (0..=255_u8).map(|v| 255.0 * (f32::from(v) / 255.0).powf(self.gamma) * self.gain).collect();
        for value in rgb {
            let noise = if self.noise > 0.0 { self.noise * 1.7 * chance.next() } else { 0.0 };
            *value = (lit[*value as usize] + noise).round().clamp(0.0, 255.0) as u8;
        }
    }
}

fn bilinear(picture: &Picture, x: f64, y: f64) -> [u8; 3] {
    let (x, y) = (x.max(0.0), y.max(0.0));
    let (x0, y0) = (x.floor() as u32, y.floor() as u32);
    let (u, v) = (x.fract() as f32, y.fract() as f32);
    let corner = |dx, dy| picture.rgb_at(x0 + dx, y0 + dy).map(f32::from);
    let (a, b, c, d) = (corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1));
    std::array::from_fn(|i| {
        ((a[i] * (1.0 - u) + b[i] * u) * (1.0 - v) + (c[i] * (1.0 - u) + d[i] * u) * v).round() as u8
    })
}

/// A moving mean of `2 * reach + 1` pixels in both directions; three of them are nearly a Gaussian.
fn box_blur(rgb: &mut [u8], reach: usize) {
    let (w, h) = (SHOT.0 as usize, SHOT.1 as usize);
    let mut lines = |count: usize, length: usize, at: &dyn Fn(usize, usize) -> usize| {
        for line in 0..count {
            let before: Vec<u32> = (0..length).map(|i| u32::from(rgb[at(line, i)])).collect();
            for i in 0..length {
                let near = &before[i.saturating_sub(reach)..(i + reach + 1).min(length)];
                rgb[at(line, i)] = (near.iter().sum::<u32>() / near.len() as u32) as u8;
            }
        }
    };
    lines(h * 3, w, &|line, i| (line / 3 * w + i) * 3 + line % 3);
    lines(w * 3, h, &|line, i| (i * w + line / 3) * 3 + line % 3);
}

/// The picture after lossy compression at this quality.
pub fn through_jpeg(picture: &Picture, quality: u8) -> Picture {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode(&picture.to_rgb(), picture.width(), picture.height(), image::ExtendedColorType::Rgb8)
        .unwrap();
    xunjie::media::jpeg::decode(&bytes).unwrap()
}

/// The picture with a rectangle (in pixels: x0, y0, x1, y1) painted by `colour_at`.
pub fn painted(picture: &Picture, rect: [u32; 4], mut colour_at: impl FnMut(u32, u32) -> [u8; 3]) -> Picture {
    let mut rgb = picture.to_rgb();
    for y in rect[1]..rect[3].min(picture.height()) {
        for x in rect[0]..rect[2].min(picture.width()) {
            let at = ((y * picture.width() + x) * 3) as usize;
            rgb[at..at + 3].copy_from_slice(&colour_at(x, y));
        }
    }
    Picture::from_rgb(picture.width(), picture.height(), rgb).unwrap()
}

/// Writes the picture as PNG into the folder named by `XUNJIE_TEST_PICTURES`, for eyes; does nothing without it.
pub fn keep_for_eyes(name: &str, picture: &Picture) {
    if let Some(folder) = std::env::var_os("XUNJIE_TEST_PICTURES") {
        let path = std::path::Path::new(&folder).join(name);
        let rgb = image::RgbImage::from_raw(picture.width(), picture.height(), picture.to_rgb()).unwrap();
        let mut png = std::io::Cursor::new(Vec::new());
        rgb.write_to(&mut png, image::ImageFormat::Png).unwrap();
        std::fs::File::create(path).unwrap().write_all(png.get_ref()).unwrap();
    }
}
