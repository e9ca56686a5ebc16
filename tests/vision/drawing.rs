//! Drawing and masking on a real frame: what is hidden cannot be read, what is not hidden is untouched.

use std::sync::Arc;

use xunjie::{
    domain::{BBox, Detection, FrameSpace, Homography, Picture, PixelLayout, PlatePolicy, Polygon, Score},
    media::draw::{BOX_COLOUR, Overlay, ZONE_COLOUR, annotated, masked},
};

use super::frames::{frame, keep_for_eyes};

fn detection(class: &str, score: f32, [x0, y0, x1, y1]: [f32; 4]) -> Detection {
    Detection { class: class.into(), score: Score::new(score).unwrap(), bbox: BBox::new(x0, y0, x1, y1), text: None }
}

/// Persons and vehicles of the clip's first frame.
fn detections() -> Vec<Detection> {
    vec![
        detection("person", 0.9, [252.0, 220.0, 282.0, 309.0]),
        detection("person", 0.2, [638.0, 241.0, 686.0, 324.0]),
        detection("person", 0.8, [500.0, 157.0, 530.0, 233.0]),
        detection("person", 0.1, [458.0, 336.0, 526.0, 482.0]),
        detection("car", 0.9, [649.0, 44.0, 724.0, 98.0]),
        detection("truck", 0.5, [650.0, 43.0, 726.0, 99.0]),
        detection("car", 0.4, [732.0, 49.0, 768.0, 92.0]),
    ]
}

/// Share of neighbouring pixels that differ in a region: nearly all of them where anything fine can be seen, and only
/// those on the edges of blocks where it cannot.
fn fineness(picture: &Picture, region: [u32; 4]) -> f64 {
    let mut differing = 0;
    for y in region[1]..region[3] {
        for x in region[0]..region[2] {
            let here = picture.rgb_at(x, y);
            differing += u32::from(here != picture.rgb_at(x + 1, y)) + u32::from(here != picture.rgb_at(x, y + 1));
        }
    }
    f64::from(differing) / f64::from(2 * (region[2] - region[0]) * (region[3] - region[1]))
}

/// How many different colours a region shows.
fn colours(picture: &Picture, region: [u32; 4]) -> usize {
    let mut all: Vec<[u8; 3]> =
        (region[1]..region[3]).flat_map(|y| (region[0]..region[2]).map(move |x| picture.rgb_at(x, y))).collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}

#[test]
fn heads_and_plates_keep_no_detail_and_the_rest_is_untouched() {
    let before = frame(0);
    let after = masked(&before, &detections(), None, PlatePolicy::MaskAll);
    keep_for_eyes("masked-all.png", &after);
    for head in [[254, 221, 280, 244], [640, 242, 684, 263], [502, 158, 528, 177]] {
        let (was, is) = (fineness(&before, head), fineness(&after, head));
        assert!(was > 0.7 && is < 0.2, "head {head:?}: {was:.2} became {is:.2}");
        assert!(colours(&after, head) <= 36, "head {head:?} has {} colours", colours(&after, head));
    }
    for plate in [[652, 74, 722, 96], [734, 72, 766, 90]] {
        assert!(colours(&after, plate) <= 30, "plate {plate:?} has {} colours", colours(&after, plate));
    }
    let touched = |x: u32, y: u32| before.rgb_at(x, y) != after.rgb_at(x, y);
    let regions =
        [[249, 216, 286, 246], [633, 237, 692, 272], [496, 153, 534, 182], [648, 70, 727, 100], [731, 70, 768, 93]];
    let inside = |x: u32, y: u32| regions.iter().any(|r| (r[0]..r[2]).contains(&x) && (r[1]..r[3]).contains(&y));
    for y in 0..before.height() {
        for x in 0..before.width() {
            assert!(!touched(x, y) || inside(x, y), "{x},{y} was touched");
        }
    }
}

#[test]
fn the_anchors_plate_stays_only_when_the_policy_says_so() {
    let before = frame(0);
    let anchor: BBox<FrameSpace> = BBox::new(649.0, 44.0, 725.0, 98.0);
    let van = [655, 75, 720, 94];
    let shown = masked(&before, &detections(), Some(&anchor), PlatePolicy::ShowAnchor);
    keep_for_eyes("masked-anchor.png", &shown);
    assert_eq!(fineness(&shown, van), fineness(&before, van), "both reports of the van are the anchor");
    assert!(colours(&shown, [734, 72, 766, 90]) <= 30, "the other car's plate is hidden");
    let hidden = masked(&before, &detections(), Some(&anchor), PlatePolicy::MaskAll);
    assert!(colours(&hidden, van) <= 30);
    assert_eq!(hidden.rgb_at(649, 60), BOX_COLOUR);
    // Somebody stands before the van.
    let mut crowd = detections();
    crowd.push(detection("person", 0.5, [680.0, 70.0, 695.0, 120.0]));
    let crowded = masked(&before, &crowd, Some(&anchor), PlatePolicy::ShowAnchor);
    assert!(colours(&crowded, [681, 71, 694, 82]) <= 9);
}

#[test]
fn a_head_and_shoulders_at_the_border_is_hidden_whole() {
    let before = frame(0);
    let close = detection("person", 0.9, [240.0, 480.0, 336.0, 576.0]);
    let after = masked(&before, &[close], None, PlatePolicy::MaskAll);
    assert!(colours(&after, [242, 481, 334, 545]) <= 30);
}

#[test]
fn box_and_zone_are_drawn_where_the_frame_shows_them() {
    let before = frame(0);
    let zone = Polygon::try_from(vec![[0.80, 0.05], [1.0, 0.05], [1.0, 0.30], [0.78, 0.35]]).unwrap();
    let bbox = BBox::new(649.0, 44.0, 725.0, 98.0);
    // The camera shook: what the frame shows at x lies at x - 0.02 on the reference.
    let homography = Homography([[1.0, 0.0, -0.02], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
    let after = annotated(&before, &Overlay { bbox, zone: Some(&zone), homography });
    keep_for_eyes("annotated.png", &after);
    assert_eq!(after.rgb_at(690, 44), BOX_COLOUR);
    assert_eq!(after.rgb_at(690, 98), BOX_COLOUR);
    assert_eq!(after.rgb_at(700, 29), ZONE_COLOUR);
    assert_eq!(after.rgb_at(((0.80 + 0.02) * 768.0) as u32, 29), ZONE_COLOUR);
    assert_eq!(
        after.rgb_at((0.76 * 768.0) as u32, (0.3 * 576.0) as u32),
        before.rgb_at((0.76 * 768.0) as u32, (0.3 * 576.0) as u32)
    );
    assert_eq!(after.rgb_at(690, 70), before.rgb_at(690, 70), "the inside of the box stays");
}

/// Boxes beyond the border and a decoder's planar picture.
#[test]
fn odd_boxes_and_planar_pictures() {
    let layout = PixelLayout::I420 {
        offsets: [0, 64 * 48, 64 * 48 * 5 / 4],
        strides: [64, 32, 32],
        bt709: true,
        full_range: false,
    };
    let yuv: Vec<u8> = (0..64 * 48 * 3 / 2).map(|i: u32| (i * 37 % 219 + 16) as u8).collect();
    let picture = Picture::new(64, 48, layout, Arc::new(yuv)).unwrap();
    let wild = [
        detection("person", 0.9, [-30.0, -30.0, 20.0, 80.0]),
        detection("bus", 0.9, [50.0, 40.0, 900.0, 900.0]),
        detection("person", 0.9, [200.0, 200.0, 300.0, 300.0]),
        detection("person", 0.9, [10.0, 10.0, 10.0, 10.0]),
        detection("motorcycle", 0.9, [30.2, 30.7, 30.9, 31.1]),
    ];
    let keep = BBox::new(-10.0, 5.0, 63.9, 47.9);
    let after = masked(&picture, &wild, Some(&keep), PlatePolicy::ShowAnchor);
    assert_eq!((after.width(), after.height()), (64, 48));
    assert_eq!(after.rgb_at(63, 20), BOX_COLOUR, "a box at the border is drawn inside of it");
    let far = Homography([[1e-6, 0.0, 0.0], [0.0, 1e-6, 0.0], [0.0, 0.0, 1.0]]);
    let zone = Polygon::try_from(vec![[0.1, 0.1], [0.9, 0.1], [0.9, 0.9]]).unwrap();
    assert_eq!(annotated(&picture, &Overlay { bbox: keep, zone: Some(&zone), homography: far }).width(), 64);
}
