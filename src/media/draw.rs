//! Draws on evidence pictures: the incident's box and the zone's outline, and the masked copy in which
//! heads, plates and telephone numbers cannot be read. Never writes a name, a time or any other text into a picture, and never hides
//! anything in a way that can be undone: a hidden block keeps its mean colour and nothing else.

use crate::domain::{
    BBox, Detection, FrameSpace, Homography, PERSON_CLASS, PHONE_NUMBER, Picture, PlatePolicy, Polygon, VEHICLE_CLASSES,
};

/// Colour of the incident's box.
pub const BOX_COLOUR: [u8; 3] = [255, 48, 32];
/// Colour of the zone's outline.
pub const ZONE_COLOUR: [u8; 3] = [255, 208, 0];
/// A person or vehicle counts for masking from this score on: a face hidden for nothing costs less than one shown.
pub const MASK_SCORE_MIN: f32 = 0.15;

/// Share of a standing person's box, from the top, that holds the head and neck (a head is 1/8 to 1/6 of a body;
/// the rest allows for a loose box and a bent neck).
const HEAD_SHARE: f32 = 0.28;
/// Width over height up to which a person stands in full view; a squatter box shows a sitting, riding or cut-off
/// person, whose head takes a larger share of it.
const STANDING_ASPECT_MAX: f32 = 0.5;
/// How far the head's region reaches beyond the box on each side, in widths of the box.
const HEAD_SIDE_SHARE: f32 = 0.1;
/// How far it reaches above the box, in heights of the box.
const HEAD_ABOVE_SHARE: f32 = 0.04;
/// Share of a vehicle's box, from the bottom, in which plates are mounted.
const PLATE_SHARE: f32 = 0.5;
/// Blocks along the longer side of a hidden region: a face 5 blocks wide is not recognisable.
const BLOCKS_MAX: u32 = 5;
/// Least side of a block in pixels.
const BLOCK_MIN_PX: u32 = 8;
/// A vehicle's box that overlaps the anchor's by this IoU is the anchor (models may report one vehicle as car and truck).
const ANCHOR_IOU_MIN: f32 = 0.5;
/// A number that lies this far inside of the anchor's box stands on it.
const ANCHOR_COVER_MIN: f32 = 0.5;
/// A read number's box is grown by this share before it is hidden: finders cut the outer digits now and then.
const NUMBER_GROWN_SHARE: f32 = 0.05;

/// What is drawn on the annotated copy.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a> {
    /// The incident's box, in pixels of the frame.
    pub bbox: BBox<FrameSpace>,
    /// The zone's outline on the reference picture.
    pub zone: Option<&'a Polygon>,
    /// Frame fractions to reference fractions, from the view match of this frame.
    pub homography: Homography,
}

/// A copy (RGB) with the zone's outline and the incident's box drawn on it.
pub fn annotated(picture: &Picture, overlay: &Overlay<'_>) -> Picture {
    let mut canvas = Canvas::of(picture);
    if let Some(zone) = overlay.zone {
        let back = overlay.homography.inverse().unwrap_or(Homography::IDENTITY);
        let (w, h) = (f64::from(canvas.width), f64::from(canvas.height));
        let corners = zone.points().iter().map(|p| {
            let (x, y) = back.apply(f64::from(p.x), f64::from(p.y));
            ((x * w) as f32, (y * h) as f32)
        });
        canvas.outline(&corners.collect::<Vec<_>>(), ZONE_COLOUR);
    }
    canvas.frame(&overlay.bbox);
    canvas.into_picture()
}

/// A copy (RGB) in which heads of persons, plates and telephone numbers are unreadable, with nothing drawn on it. `detections` must be all
/// that the model reported, weak ones included.
///
/// There is no plate detector: the lower half of every vehicle's box is hidden, but for the vehicle in `keep` when the
/// policy is [`PlatePolicy::ShowAnchor`]. A head before that vehicle is hidden all the same. Lines with a telephone number
/// are hidden likewise, where a reader of text was asked.
pub fn hidden(
    picture: &Picture,
    detections: &[Detection],
    keep: Option<&BBox<FrameSpace>>,
    plates: PlatePolicy,
) -> Picture {
    let mut canvas = Canvas::of(picture);
    for region in hidden_regions(detections, keep, plates) {
        canvas.pixelate(&region);
    }
    canvas.into_picture()
}

/// The same for eyes outside of the review circle, with the incident's box `keep` drawn on it.
pub fn masked(
    picture: &Picture,
    detections: &[Detection],
    keep: Option<&BBox<FrameSpace>>,
    plates: PlatePolicy,
) -> Picture {
    let hidden = hidden(picture, detections, keep, plates);
    keep.map_or_else(|| hidden.clone(), |bbox| framed(&hidden, bbox))
}

/// A copy (RGB) with the incident's box drawn on it.
pub fn framed(picture: &Picture, bbox: &BBox<FrameSpace>) -> Picture {
    let mut canvas = Canvas::of(picture);
    canvas.frame(bbox);
    canvas.into_picture()
}

/// Where heads and plates may be, in pixels of the frame.
fn hidden_regions(
    detections: &[Detection],
    keep: Option<&BBox<FrameSpace>>,
    plates: PlatePolicy,
) -> Vec<BBox<FrameSpace>> {
    let shown = |bbox: &BBox<FrameSpace>| {
        plates == PlatePolicy::ShowAnchor && keep.is_some_and(|anchor| anchor.iou(bbox) >= ANCHOR_IOU_MIN)
    };
    // A number is a small part of the thing that it stands on.
    let shown_on = |bbox: &BBox<FrameSpace>| {
        plates == PlatePolicy::ShowAnchor && keep.is_some_and(|anchor| bbox.covered_by(anchor) >= ANCHOR_COVER_MIN)
    };
    let counted = detections.iter().filter(|d| d.score.value() >= MASK_SCORE_MIN);
    counted
        .filter_map(|detection| match &*detection.class {
            PERSON_CLASS => Some(head_of(&detection.bbox)),
            PHONE_NUMBER if !shown_on(&detection.bbox) => Some(detection.bbox.grown(NUMBER_GROWN_SHARE)),
            class if VEHICLE_CLASSES.contains(&class) && !shown(&detection.bbox) => Some(plates_of(&detection.bbox)),
            _ => None,
        })
        .collect()
}

/// The part of a person's box that may show the head. 28 % of a standing person, growing to the whole of a box that
/// is wider than high by a fifth (a lying person, or a head and shoulders at the border).
fn head_of(person: &BBox<FrameSpace>) -> BBox<FrameSpace> {
    let (w, h) = (person.width(), person.height());
    let squat = if h > 0.0 { (w / h - STANDING_ASPECT_MAX).max(0.0) } else { 1.0 };
    let share = (HEAD_SHARE + squat).min(1.0);
    BBox::new(
        person.x0() - w * HEAD_SIDE_SHARE,
        person.y0() - h * HEAD_ABOVE_SHARE,
        person.x1() + w * HEAD_SIDE_SHARE,
        person.y0() + h * share,
    )
}

/// The part of a vehicle's box that may show a plate.
fn plates_of(vehicle: &BBox<FrameSpace>) -> BBox<FrameSpace> {
    BBox::new(vehicle.x0(), vehicle.y1() - vehicle.height() * PLATE_SHARE, vehicle.x1(), vehicle.y1())
}

/// Tightly packed RGB that is drawn on.
struct Canvas {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Canvas {
    fn of(picture: &Picture) -> Self {
        Self { width: picture.width(), height: picture.height(), rgb: picture.to_rgb() }
    }

    fn into_picture(self) -> Picture {
        Picture::from_rgb(self.width, self.height, self.rgb).expect("the size is the picture's own")
    }

    /// Replaces every block of the region by its mean colour. The region is rounded outwards to whole pixels.
    fn pixelate(&mut self, region: &BBox<FrameSpace>) {
        let cut = region.clipped(self.width as f32, self.height as f32);
        let (x0, y0) = (cut.x0().floor() as u32, cut.y0().floor() as u32);
        let (x1, y1) = ((cut.x1().ceil() as u32).min(self.width), (cut.y1().ceil() as u32).min(self.height));
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let block = (x1 - x0).max(y1 - y0).div_ceil(BLOCKS_MAX).max(BLOCK_MIN_PX);
        for by in (y0..y1).step_by(block as usize) {
            for bx in (x0..x1).step_by(block as usize) {
                self.level(bx, by, (bx + block).min(x1), (by + block).min(y1));
            }
        }
    }

    /// Gives the pixels `x0..x1` by `y0..y1` their mean colour.
    fn level(&mut self, x0: u32, y0: u32, x1: u32, y1: u32) {
        let mut sum = [0_u64; 3];
        for y in y0..y1 {
            for x in x0..x1 {
                let at = self.at(x, y);
                for (sum, &value) in sum.iter_mut().zip(&self.rgb[at..at + 3]) {
                    *sum += u64::from(value);
                }
            }
        }
        let n = u64::from(x1 - x0) * u64::from(y1 - y0);
        let mean = sum.map(|sum| (sum / n.max(1)) as u8);
        for y in y0..y1 {
            for x in x0..x1 {
                let at = self.at(x, y);
                self.rgb[at..at + 3].copy_from_slice(&mean);
            }
        }
    }

    /// Draws the incident's box.
    fn frame(&mut self, bbox: &BBox<FrameSpace>) {
        let corners = bbox.corners().map(|p| (p.x, p.y));
        self.outline(&corners, BOX_COLOUR);
    }

    /// Draws a closed outline: 2 pixels wide up to 720 lines, 3 at 1080, 6 at 2160.
    fn outline(&mut self, corners: &[(f32, f32)], colour: [u8; 3]) {
        let thickness = self.height.div_ceil(360).max(2);
        for (i, &from) in corners.iter().enumerate() {
            self.line(from, corners[(i + 1) % corners.len()], thickness, colour);
        }
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), thickness: u32, colour: [u8; 3]) {
        // A corner far outside (an extreme homography) must not make an endless line; nearby ones keep their angle.
        let far = (self.width.max(self.height) * 4) as f32;
        let near = |(x, y): (f32, f32)| (x.clamp(-far, far), y.clamp(-far, far));
        let (from, to) = (near(from), near(to));
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let steps = dx.abs().max(dy.abs()).ceil().max(1.0);
        for step in 0..=steps as u32 {
            let t = step as f32 / steps;
            self.dot(from.0 + dx * t, from.1 + dy * t, thickness, colour);
        }
    }

    /// A square of `side` pixels around a point; what lies outside of the picture is dropped, and a point on the
    /// border is drawn inside of it.
    fn dot(&mut self, x: f32, y: f32, side: u32, colour: [u8; 3]) {
        let (w, h, side) = (self.width as i32, self.height as i32, side as i32);
        let inwards = |v: f32, size: i32| {
            let from = v.round() as i32 - side / 2;
            let on_border = v >= 0.0 && v.round() as i32 <= size;
            if on_border { from.clamp(0, (size - side).max(0)) } else { from }
        };
        let (x0, y0) = (inwards(x, w), inwards(y, h));
        for py in y0.max(0)..(y0 + side).min(h) {
            for px in x0.max(0)..(x0 + side).min(w) {
                let at = self.at(px as u32, py as u32);
                self.rgb[at..at + 3].copy_from_slice(&colour);
            }
        }
    }

    fn at(&self, x: u32, y: u32) -> usize {
        (y as usize * self.width as usize + x as usize) * 3
    }
}
