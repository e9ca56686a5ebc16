//! A four-cornered part of a picture, made upright: what a reader of lines or plates is shown. Pure.

use crate::domain::{FrameSpace, Picture, Quad};

/// The projective map from the unit square to a quad, top left to its first corner.
///
/// Closed form: P. Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), section 2.2.3.
#[derive(Clone, Copy, Debug)]
struct Unit {
    x: [f64; 3],
    y: [f64; 3],
    w: [f64; 2],
}

impl Unit {
    fn onto(quad: &Quad<FrameSpace>) -> Self {
        let [a, b, c, d] = quad.0.map(|p| (f64::from(p.x), f64::from(p.y)));
        let (sx, sy) = (a.0 - b.0 + c.0 - d.0, a.1 - b.1 + c.1 - d.1);
        let (dx1, dy1, dx2, dy2) = (b.0 - c.0, b.1 - c.1, d.0 - c.0, d.1 - c.1);
        let det = dx1 * dy2 - dx2 * dy1;
        let (g, h) =
            if det.abs() < 1e-9 { (0.0, 0.0) } else { ((sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det) };
        Self {
            x: [b.0 - a.0 + g * b.0, d.0 - a.0 + h * d.0, a.0],
            y: [b.1 - a.1 + g * b.1, d.1 - a.1 + h * d.1, a.1],
            w: [g, h],
        }
    }

    fn at(&self, u: f64, v: f64) -> (f32, f32) {
        let w = self.w[0] * u + self.w[1] * v + 1.0;
        let w = if w.abs() < 1e-9 { 1e-9 } else { w };
        let along = |k: &[f64; 3]| ((k[0] * u + k[1] * v + k[2]) / w) as f32;
        (along(&self.x), along(&self.y))
    }
}

/// Target pixels are at most the mean of so many samples along each side.
const SAMPLES_MAX: u32 = 4;

/// The part of `picture` inside `quad` as `width` x `height` pixels of RGB, row-major. What lies outside of the picture
/// repeats its border. Shrinking takes means, enlarging interpolates.
pub fn upright(picture: &Picture, quad: &Quad<FrameSpace>, width: u32, height: u32) -> Vec<[f32; 3]> {
    let map = Unit::onto(quad);
    let samples = |side_px: f32, target: u32| ((side_px / target.max(1) as f32).ceil() as u32).clamp(1, SAMPLES_MAX);
    let (across, down) = (samples(quad.width(), width), samples(quad.height(), height));
    let share = 1.0 / (across * down) as f32;
    let mut pixels = Vec::with_capacity(width as usize * height as usize);
    for y in 0..height {
        for x in 0..width {
            let mut sum = [0.0_f32; 3];
            for j in 0..down {
                for i in 0..across {
                    let u = (f64::from(x) + (f64::from(i) + 0.5) / f64::from(across)) / f64::from(width);
                    let v = (f64::from(y) + (f64::from(j) + 0.5) / f64::from(down)) / f64::from(height);
                    let (sx, sy) = map.at(u, v);
                    for (sum, value) in sum.iter_mut().zip(between(picture, sx - 0.5, sy - 0.5)) {
                        *sum += value * share;
                    }
                }
            }
            pixels.push(sum);
        }
    }
    pixels
}

/// Linear between the centres of four pixels.
fn between(picture: &Picture, x: f32, y: f32) -> [f32; 3] {
    let inside = |value: f32, side: u32| if value.is_finite() { value.clamp(0.0, (side - 1) as f32) } else { 0.0 };
    let (x, y) = (inside(x, picture.width()), inside(y, picture.height()));
    let (left, top) = (x as u32, y as u32);
    let (fx, fy) = (x - left as f32, y - top as f32);
    let [a, b, c, d] = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(i, j)| picture.rgb_at(left + i, top + j).map(f32::from));
    std::array::from_fn(|k| {
        let (upper, lower) = (a[k] + (b[k] - a[k]) * fx, c[k] + (d[k] - c[k]) * fx);
        upper + (lower - upper) * fy
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BBox, Point};

    /// Red grows with x, green with y.
    fn slope() -> Picture {
        let pixels = (0..60_u32).flat_map(|y| (0..100_u32).flat_map(move |x| [x as u8 * 2, y as u8 * 4, 7]));
        Picture::from_rgb(100, 60, pixels.collect()).unwrap()
    }

    #[test]
    fn an_upright_box_of_the_same_size_is_the_crop() {
        let quad = Quad(BBox::new(10.0, 20.0, 30.0, 28.0).corners());
        let pixels = upright(&slope(), &quad, 20, 8);
        for (i, pixel) in pixels.iter().enumerate() {
            let want = slope().rgb_at(10 + i as u32 % 20, 20 + i as u32 / 20).map(f32::from);
            assert!(pixel.iter().zip(want).all(|(p, w)| (p - w).abs() < 1e-2), "{i}: {pixel:?} {want:?}");
        }
    }

    #[test]
    fn corners_go_to_corners_whatever_the_outline_and_turning_turns() {
        let quad = Quad([[20.0, 10.0], [80.0, 18.0], [74.0, 50.0], [14.0, 36.0]].map(Point::from));
        for quarters in 0..4 {
            let turned = quad.turned(quarters);
            let pixels = upright(&slope(), &turned, 200, 100);
            for (corner, at) in turned.0.iter().zip([0, 199, 199 + 99 * 200, 99 * 200]) {
                let (red, green) = (pixels[at][0] / 2.0 + 0.5, pixels[at][1] / 4.0 + 0.5);
                assert!((red - corner.x).abs() < 0.8 && (green - corner.y).abs() < 0.8, "{corner:?} {red} {green}");
            }
        }
    }

    #[test]
    fn a_shrunk_pattern_is_its_mean_and_a_quad_outside_or_without_area_does_no_harm() {
        let pixels = (0..64 * 64_u32).flat_map(|i| if (i % 64 + i / 64) % 2 == 0 { [255; 3] } else { [0; 3] });
        let checker = Picture::from_rgb(64, 64, pixels.collect()).unwrap();
        let small = upright(&checker, &Quad(BBox::new(0.0, 0.0, 64.0, 64.0).corners()), 16, 16);
        assert!(small.iter().all(|p| (p[0] - 127.5).abs() < 1.0), "{:?}", small[0]);
        for corners in [
            [[500.0, 500.0]; 4],
            [[-9.0, -9.0]; 4],
            [[f32::NAN; 2]; 4],
            [[0.0, 0.0], [9.0, 0.0], [0.0, 0.0], [9.0, 0.0]],
        ] {
            assert!(upright(&slope(), &Quad(corners.map(Point::from)), 8, 8).iter().flatten().all(|v| v.is_finite()));
        }
    }
}
