//! What is new in a view: the patches of a frame beside those of the view's reference picture, in the space of an encoder.
//! Pure; knows no matter: what stays, who stands with it and where it is forbidden are for the scene and the place book.
//!
//! Either the cosine of two patches says it, or a head that reads all patches of both pictures. Light changes every patch a
//! little. So the cosine's newness of the middle patch of the frame is taken off that of all: what is left is what changed
//! here and not everywhere. A head knows light.

mod asked;
mod grid;
mod map;
mod raster;
mod said;

pub use asked::Asked;
pub use grid::PatchGrid;
pub use map::{CLOSE_OVERLAP, CLOSE_SHARE, NewnessMap};
pub use said::{Likelihoods, Recent};

use crate::domain::{BBox, Detection, FrameSpace, VEHICLE_CLASSES};

/// Who and what passes through a view: where one is seen, now or in the reference picture, nothing is said about newness.
pub fn passes(detection: &Detection) -> bool {
    const OTHERS: [&str; 4] = ["person", "bicycle", "dog", "cat"];
    let class = &*detection.class;
    detection.score.value() >= PASSING_SCORE_MIN && (OTHERS.contains(&class) || VEHICLE_CLASSES.contains(&class))
}

/// A detection below this score passes nowhere.
const PASSING_SCORE_MIN: f32 = 0.25;
/// A patch of which more than this lies in the box of who passes is theirs: an encoder's patch knows its neighbours.
const PASSING_SHARE_MIN: f32 = 0.25;

/// Whether the patch shows one of those who pass.
fn taken(patch: &BBox<FrameSpace>, by: &[BBox<FrameSpace>]) -> bool {
    by.iter().any(|bbox| patch.covered_by(bbox) > PASSING_SHARE_MIN)
}

/// Whether the middle of the patch lies in the box.
fn holds(bbox: &BBox<FrameSpace>, patch: &BBox<FrameSpace>) -> bool {
    let centre = patch.centre();
    bbox.x0() <= centre.x && centre.x <= bbox.x1() && bbox.y0() <= centre.y && centre.y <= bbox.y1()
}

#[cfg(test)]
mod tests;
