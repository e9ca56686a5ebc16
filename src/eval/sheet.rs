//! The contact sheet: the worst failures as small annotated crops. Made of pixels only here; whoever leaves pictures
//! out never opens one.

use std::path::Path;

use base64::Engine as _;
use image::{RgbImage, imageops};

use super::{labels::LabelledSet, report::IOU, run::Measured};
use crate::{
    analysis::score::matching::matched,
    domain::{BBox, FrameSpace, Homography, Picture},
    media::{
        draw::{Overlay, annotated},
        jpeg,
    },
};

/// At most so many crops of a kind.
const CROPS_MAX: usize = 24;
/// Longer side of a crop on the page, in pixels.
const CROP_PX: u32 = 200;
/// How far a crop reaches beyond its box, in sides of the box.
const AROUND: f32 = 0.8;
/// Shortest side of the cut-out part of the picture.
const CUT_MIN_PX: f32 = 64.0;

/// One failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Index of the picture.
    pub picture: usize,
    /// Index of the class.
    pub class: usize,
    /// Score of a false alarm; `None` for a miss.
    pub score: Option<f32>,
    /// Where.
    pub bbox: BBox<FrameSpace>,
}

/// The surest false alarms and the largest misses at the threshold.
pub fn failures(measured: &Measured, classes: usize, threshold: f32) -> (Vec<Failure>, Vec<Failure>) {
    let (mut alarms, mut misses) = (Vec::new(), Vec::new());
    for (picture, scene) in measured.scenes.iter().enumerate() {
        for class in 0..classes {
            let matched = matched(scene, class, IOU);
            let counted: Vec<_> = matched.iter().filter(|one| one.score >= threshold).collect();
            for one in counted.iter().filter(|one| one.truth.is_none()) {
                let bbox = scene.found[one.found].bbox;
                alarms.push(Failure { picture, class, score: Some(one.score), bbox });
            }
            for (number, truth) in scene.truths.iter().enumerate().filter(|(_, t)| t.class == class && !t.ignored) {
                if !counted.iter().any(|one| one.truth == Some(number)) {
                    misses.push(Failure { picture, class, score: None, bbox: truth.bbox });
                }
            }
        }
    }
    alarms.sort_by(|a, b| b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)));
    misses.sort_by(|a, b| b.bbox.area().total_cmp(&a.bbox.area()));
    alarms.truncate(CROPS_MAX);
    misses.truncate(CROPS_MAX);
    (alarms, misses)
}

/// The failure's crop as a `data:` address; `None` where the picture is gone by now.
pub fn crop(failure: &Failure, set: &LabelledSet, measured: &Measured) -> Option<String> {
    let name = &measured.names[failure.picture];
    let path: &Path = &set.pictures.iter().find(|picture| &picture.name == name)?.path;
    let picture = jpeg::open(path).ok()?;
    let overlay = Overlay { bbox: failure.bbox, zone: None, homography: Homography::IDENTITY };
    let drawn = annotated(&picture, &overlay);
    let bytes = jpeg::encode(&cut(&drawn, &failure.bbox)?).ok()?;
    Some(format!("data:image/jpeg;base64,{}", base64::engine::general_purpose::STANDARD.encode(bytes)))
}

fn cut(picture: &Picture, bbox: &BBox<FrameSpace>) -> Option<Picture> {
    let (width, height) = (picture.width(), picture.height());
    let (centre, side) = (bbox.centre(), bbox.width().max(bbox.height()) * (1.0 + 2.0 * AROUND));
    let half = side.max(CUT_MIN_PX) / 2.0;
    let around = BBox::<FrameSpace>::new(centre.x - half, centre.y - half, centre.x + half, centre.y + half);
    let around = around.clipped(width as f32, height as f32);
    let whole = RgbImage::from_raw(width, height, picture.to_rgb())?;
    let (w, h) = ((around.width() as u32).max(1), (around.height() as u32).max(1));
    let part = imageops::crop_imm(&whole, around.x0() as u32, around.y0() as u32, w, h).to_image();
    let scale = f64::from(CROP_PX) / f64::from(part.width().max(part.height()));
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let small = imageops::resize(&part, scaled(part.width()), scaled(part.height()), imageops::FilterType::Triangle);
    Picture::from_rgb(small.width(), small.height(), small.into_raw()).ok()
}
