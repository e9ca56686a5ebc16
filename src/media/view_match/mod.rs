//! Compares a frame with the view's reference picture: does the camera still look where it looked, and can anything
//! be seen? Zone rules hold only while the answer is `Same`, so a wrong `Same` files nonsense and a wrong anything else
//! loses coverage. Never guesses: what cannot be aligned is reported as moved, with the identity as its map.
//!
//! An unmoved 1080p frame costs 3.7 to 4.7 ms on one core of a busy machine (1.5 ms of it to make the small picture), a
//! shaken one 4 to 7, one that fits nowhere 37 to 78; measured at optimisation level 3, least of 60 compares, three times; to repeat:
//! `cargo test --release --test vision cost -- --ignored --nocapture`.
//!
//! The order of the questions: dark, frozen, covered or blurred, moved, same. Everything but brightness is asked of a
//! local-contrast picture, 320 pixels wide, tile by tile; the documents of the submodules say how.

mod align;
#[cfg(feature = "opencv")]
mod cv;
mod fit;
mod plain;
mod plane;
mod still;

use std::time::Duration;

use self::{
    align::{Aligner, Alignment, ops},
    plane::{Plane, Small, TILES, Tile, WIDTH, correlation},
    still::Still,
};
use crate::domain::{Explanation, Homography, Picture, ViewMatch, ViewState, WallTime};

/// Dark: mean luma below this, in grey levels ...
pub const DARK_MEAN_MAX: f32 = 24.0;
/// ... and less than this from the 10th to the 90th percentile. A lit street at night has a low mean and a large spread.
pub const DARK_SPREAD_MAX: f32 = 24.0;
/// A tile has texture when its local contrast is at least this (root mean square; 0.5 is a deviation of 4 grey levels).
pub const TEXTURE_MIN: f32 = 0.45;
/// A tile below this shows no more than noise (a deviation of 1.3 grey levels after smoothing).
pub const EMPTY_MAX: f32 = 0.25;
/// A reference picture with fewer textured tiles (of 48) cannot be told from any other.
pub const TEXTURED_TILES_MIN: usize = 8;
/// A tile whose fine detail is below this share of the reference's has lost it.
pub const DETAIL_LOST_SHARE: f32 = 0.15;
/// Covered or blurred: this share of the textured tiles lost their detail. A lorry before the lens stays below.
pub const TILES_LOST_SHARE: f32 = 0.7;
/// Blurred and not covered: light and dark still lie where the reference has them (correlation of 16x12 means).
pub const BLURRED_LAYOUT_MIN: f32 = 0.5;
/// Moved: a corner of the picture lies further off than this share of the width. Zones drawn on the reference are
/// corrected by the map below that, and a person should look above.
pub const MOVED_SHARE_MIN: f64 = 0.06;
/// Frozen: so many identical pictures in a row ...
pub const FROZEN_PICTURES_MIN: u32 = 4;
/// ... over this much wall time. A real camera's noise changes every key frame; inside one group of pictures an
/// encoder may repeat a still picture exactly, and "smart" encoders make groups of up to about 20 s.
pub const FROZEN_TIME_MIN: Duration = Duration::from_secs(30);

/// The picture cannot serve as a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableReference {
    /// Too dark.
    #[error("the picture is too dark for a reference; take one in daylight")]
    Dark,
    /// Nothing to hold on to.
    #[error(
        "only {0} of 48 parts of the picture show any structure; take a sharp reference that shows more than sky and ground"
    )]
    Featureless(usize),
}

/// Compares the frames of one view with its reference picture.
#[derive(Debug)]
pub struct ViewMatcher {
    height: usize,
    reference: Small,
    /// `None` while the matcher rests.
    aligner: Option<Aligner>,
    textured: Vec<usize>,
    detail: Vec<f32>,
    layout: Vec<f32>,
    /// The latest map, in pixels of the small picture.
    hint: Option<Homography>,
    still: Still,
}

impl ViewMatcher {
    /// A matcher for a reference picture.
    ///
    /// # Errors
    /// [`UnusableReference`] when nothing could be compared with it.
    pub fn new(reference: &Picture) -> Result<Self, UnusableReference> {
        let height = Plane::height_for(reference);
        let small = Small::of(reference, height);
        let luma = small.plane();
        if is_dark(&luma) {
            return Err(UnusableReference::Dark);
        }
        let contrast = ops::contrast(&luma);
        let strength = contrast.strength();
        let textured: Vec<usize> = (0..TILES.0 * TILES.1).filter(|&i| strength[i] >= TEXTURE_MIN).collect();
        if textured.len() < TEXTURED_TILES_MIN {
            return Err(UnusableReference::Featureless(textured.len()));
        }
        let (detail, layout) = (contrast.detail(), layout_of(&luma));
        Ok(Self {
            height,
            reference: small,
            aligner: Some(aligner(contrast, &textured)),
            textured,
            detail,
            layout,
            hint: None,
            still: Still::default(),
        })
    }

    /// Lets go of what can be made again from the small reference (some 0.3 MB of 0.36); the next comparison does so.
    pub fn rest(&mut self) {
        self.aligner = None;
    }

    /// Compares the frame that was seen at `at`. Frames are handed in in the order of their time; the second part says
    /// why, when the state is not `Same`.
    pub fn compare(&mut self, picture: &Picture, at: WallTime) -> (ViewMatch, Option<Explanation>) {
        let luma = Plane::of(picture, self.height);
        let frozen_for = self.still.frozen_for(picture, &luma, at);
        if is_dark(&luma) {
            let mean = luma.light().mean;
            return blind(
                ViewState::Dark,
                0.0,
                Explanation::new(
                    format!("画面过暗（平均亮度 {mean:.0}/255）"),
                    format!("the picture is too dark (mean {mean:.0} of 255)"),
                ),
            );
        }
        if let Some(time) = frozen_for {
            let seconds = time.as_secs();
            let zh = format!("画面冻结：{seconds} 秒内逐像素相同");
            let en = format!("the picture is frozen: every pixel is the same for {seconds} s");
            return blind(ViewState::Frozen, 0.0, Explanation::new(zh, en));
        }
        let contrast = ops::contrast(&luma);
        if let Some(reply) = self.lost_detail(&luma, &contrast) {
            return reply;
        }
        let awake = || aligner(ops::contrast(&self.reference.plane()), &self.textured);
        match self.aligner.get_or_insert_with(awake).align(&contrast, self.hint.as_ref()) {
            Some(alignment) => {
                self.hint = Some(alignment.map);
                self.placed(&alignment)
            }
            None if is_empty(&contrast) => {
                let (zh, en) = ("镜头被遮挡：画面几乎没有任何景物", "the lens is covered: next to nothing can be seen");
                blind(ViewState::Covered, 0.0, Explanation::new(zh, en))
            }
            None => {
                let zh = "画面与参考图对不上：摄像机可能已转动，或近处有大面积遮挡";
                let en =
                    "the picture does not fit the reference: the camera was turned, or something near hides much of it";
                blind(ViewState::Moved, 0.0, Explanation::new(zh, en))
            }
        }
    }

    /// Covered or blurred, when most of the textured tiles lost their fine detail.
    fn lost_detail(&self, luma: &Plane, contrast: &Plane) -> Option<(ViewMatch, Option<Explanation>)> {
        let detail = contrast.detail();
        let lost = self.textured.iter().filter(|&&i| detail[i] < DETAIL_LOST_SHARE * self.detail[i]).count();
        let share = lost as f32 / self.textured.len() as f32;
        if share < TILES_LOST_SHARE {
            return None;
        }
        let layout = correlation(&self.layout, &layout_of(luma));
        let percent = (share * 100.0).round();
        Some(if layout >= BLURRED_LAYOUT_MIN {
            let zh = format!("画面模糊：{percent}% 的区域失去细节，可能失焦、起雾或镜头脏污");
            let en =
                format!("the picture is blurred: {percent} % of it lost its detail; out of focus, fogged or dirty");
            blind(ViewState::Blurred, layout, Explanation::new(zh, en))
        } else {
            let zh = format!("镜头被遮挡：{percent}% 的区域看不到原有景物");
            let en = format!("the lens is covered: {percent} % of the scene cannot be seen");
            blind(ViewState::Covered, layout.max(0.0), Explanation::new(zh, en))
        })
    }

    /// Same or moved, by how far the corners lie off.
    fn placed(&self, alignment: &Alignment) -> (ViewMatch, Option<Explanation>) {
        let (w, h) = (WIDTH as f64, self.height as f64);
        let homography = in_fractions(&alignment.map, w, h);
        let corners = [[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]];
        let off = corners.map(|[x, y]| {
            let (u, v) = alignment.map.apply(x, y);
            (u - x).hypot(v - y) / w
        });
        let furthest = off.into_iter().fold(0.0, f64::max);
        let likeness = alignment.correlation * (alignment.support * 2.0).min(1.0);
        let moved = furthest > MOVED_SHARE_MIN;
        let state = if moved { ViewState::Moved } else { ViewState::Same };
        let reason = moved.then(|| {
            let percent = (furthest * 100.0).round();
            let zh = format!("画面偏移：边角移动了画面宽度的 {percent}%");
            Explanation::new(zh, format!("the picture is shifted: its corners moved by {percent} % of its width"))
        });
        (ViewMatch { state, homography, likeness }, reason)
    }
}

fn aligner(contrast: Plane, textured: &[usize]) -> Aligner {
    let tiles = textured.iter().map(|&index| Tile::new(index, &contrast)).collect();
    Aligner::new(contrast, tiles)
}

fn is_dark(luma: &Plane) -> bool {
    let light = luma.light();
    light.mean < DARK_MEAN_MAX && light.spread < DARK_SPREAD_MAX
}

/// Whether most tiles show no more than noise.
fn is_empty(contrast: &Plane) -> bool {
    let strength = contrast.strength();
    let empty = strength.iter().filter(|strength| **strength < EMPTY_MAX).count();
    empty as f32 >= TILES_LOST_SHARE * strength.len() as f32
}

/// Where light and dark lie, roughly.
fn layout_of(luma: &Plane) -> Vec<f32> {
    luma.cells(16, 12)
}

fn blind(state: ViewState, likeness: f32, reason: Explanation) -> (ViewMatch, Option<Explanation>) {
    (ViewMatch { state, homography: Homography::IDENTITY, likeness }, Some(reason))
}

/// A map of pixels as a map of fractions.
fn in_fractions(map: &Homography, width: f64, height: f64) -> Homography {
    let m = &map.0;
    Homography([
        [m[0][0], m[0][1] * height / width, m[0][2] / width],
        [m[1][0] * width / height, m[1][1], m[1][2] / height],
        [m[2][0] * width, m[2][1] * height, m[2][2]],
    ])
}

#[cfg(test)]
mod tests;
