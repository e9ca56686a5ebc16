//! Pictures: files that cameras, folders and disks give us, and what is done with pixels of any size. The first byte
//! says which. A picture that is accepted holds what its header said; nothing reads beyond its bytes.

use std::sync::Arc;

use xunjie::{
    analysis::{
        appearance,
        letterbox::{ColourOrder, Letterbox, Placement, TensorFormat, TensorLayout},
    },
    domain::{BBox, Detection, Homography, Picture, PixelLayout, PlatePolicy, Polygon, Score, WallTime},
    media::{
        draw::{Overlay, annotated, masked},
        jpeg,
        view_match::ViewMatcher,
    },
};

/// Larger files and pictures are left to the tests: one of them takes as long as ten thousand small ones.
const PIXELS_MAX: u64 = 256 * 256;

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    match which {
        b'f' => file(rest),
        b'l' => layout(rest),
        b'p' => pixels(rest),
        _ => {}
    }
}

fn file(bytes: &[u8]) {
    let promised = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok();
    let promised = promised.and_then(|reader| reader.into_dimensions().ok());
    if promised.is_some_and(|(w, h)| u64::from(w) * u64::from(h) > PIXELS_MAX) {
        return;
    }
    match jpeg::decode(bytes) {
        Ok(picture) => {
            assert_eq!(Some((picture.width(), picture.height())), promised);
            let written = jpeg::encode(&picture).expect("a small picture can be written");
            let again = jpeg::decode(&written).expect("what we write we can read");
            assert_eq!((again.width(), again.height()), (picture.width(), picture.height()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Little-endian numbers out of the input, zero when it is used up.
fn number(bytes: &mut &[u8]) -> u64 {
    let (head, rest) = bytes.split_at(bytes.len().min(8));
    *bytes = rest;
    let mut eight = [0; 8];
    eight[..head.len()].copy_from_slice(head);
    u64::from_le_bytes(eight)
}

/// Any layout over any number of bytes: it is refused, or every pixel can be read.
fn layout(mut bytes: &[u8]) {
    let size = (number(&mut bytes) % 4096) as usize;
    let (width, height) = (number(&mut bytes) as u32, number(&mut bytes) as u32);
    let mut next = || number(&mut bytes) as usize;
    let layout = if next().is_multiple_of(2) {
        PixelLayout::Rgb { stride: next() }
    } else {
        let (offsets, strides) = ([next(), next(), next()], [next(), next(), next()]);
        PixelLayout::I420 { offsets, strides, bt709: false, full_range: true }
    };
    if let Ok(picture) = Picture::new(width, height, layout, Arc::new(vec![7_u8; size])) {
        for (x, y) in [(0, 0), (width - 1, height - 1), (u32::MAX, u32::MAX)] {
            picture.rgb_at(x, y);
            picture.luma_at(x, y);
        }
    }
}

/// A small picture of any pixels goes through everything that looks at pixels.
fn pixels(bytes: &[u8]) {
    let [width, height, tensor_width, tensor_height, flags, rest @ ..] = bytes else { return };
    let side = |byte: &u8| u32::from(*byte % 64) + 1;
    let (width, height) = (side(width), side(height));
    let Some(picture) = picture(width, height, *flags, rest) else { return };
    let format = TensorFormat {
        width: side(tensor_width),
        height: side(tensor_height),
        layout: if flags & 8 == 0 { TensorLayout::Nchw } else { TensorLayout::Nhwc },
        colour: ColourOrder::Bgr,
        scale: 1.0,
        mean: [0.0; 3],
        std: [1.0; 3],
        pad: 114.0,
        placement: if flags & 16 == 0 { Placement::Centre } else { Placement::TopLeft },
    };
    let mut tensor = vec![-1.0];
    Letterbox::new(width, height, &format).append(&picture, &format, &mut tensor);
    assert_eq!(tensor.len(), 1 + format.len());
    assert!(tensor[1..].iter().all(|value| (-0.01..=255.01).contains(value)));
    assert_eq!(picture.to_rgb().len(), (width * height * 3) as usize);
    assert_eq!(picture.luma_scaled(format.width, format.height).len(), (format.width * format.height) as usize);
    boxes(&picture, rest);
    // A match takes as long as a hundred of the others: one picture in two.
    if flags & 128 != 0
        && let Ok(mut matcher) = ViewMatcher::new(&picture)
    {
        for millis in [0, 40_000] {
            let (seen, _) = matcher.compare(&picture, WallTime::from_millis(millis));
            assert!(seen.homography.0.iter().flatten().all(|value| value.is_finite()), "{seen:?}");
        }
    }
}

fn picture(width: u32, height: u32, flags: u8, bytes: &[u8]) -> Option<Picture> {
    let (w, h) = (width as usize, height as usize);
    let pad = usize::from(flags & 3);
    let (half_w, half_h) = (w.div_ceil(2), h.div_ceil(2));
    let (layout, size) = if flags & 4 == 0 {
        (PixelLayout::Rgb { stride: w * 3 + pad }, (w * 3 + pad) * h)
    } else {
        let (luma, chroma) = ((w + pad) * h, (half_w + pad) * half_h);
        let strides = [w + pad, half_w + pad, half_w + pad];
        let (bt709, full_range) = (flags & 32 != 0, flags & 64 != 0);
        (PixelLayout::I420 { offsets: [0, luma, luma + chroma], strides, bt709, full_range }, luma + 2 * chroma)
    };
    let pixels = bytes.iter().copied().chain([0]).cycle().take(size).collect::<Vec<_>>();
    Some(Picture::new(width, height, layout, Arc::new(pixels)).expect("the bytes were counted"))
}

/// Boxes of any numbers are described, drawn and hidden without leaving the picture.
fn boxes(picture: &Picture, bytes: &[u8]) {
    let mut bytes = bytes;
    let mut edge = || match number(&mut bytes) {
        any if any % 4 == 0 => f32::from_bits((any >> 8) as u32),
        near => ((near >> 8) % 97) as f32 - 16.0,
    };
    let bbox = BBox::new(edge(), edge(), edge(), edge());
    let looks = appearance::describe(picture, &bbox);
    assert!(looks.as_slice().iter().all(|value| value.is_finite()));
    let detections = ["person", "car"].map(|class| Detection {
        class: Arc::from(class),
        score: Score::ONE,
        bbox: BBox::new(edge(), edge(), edge(), edge()),
        text: None,
    });
    let zone = Polygon::try_from(vec![[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]).expect("a triangle");
    let homography = Homography([[f64::from(edge()), 0.1, 0.0], [0.0, f64::from(edge()), 0.0], [0.0, 0.01, 1.0]]);
    let drawn = annotated(picture, &Overlay { bbox, zone: Some(&zone), homography });
    let hidden = masked(picture, &detections, Some(&bbox), PlatePolicy::ShowAnchor);
    for copy in [drawn, hidden] {
        assert_eq!((copy.width(), copy.height()), (picture.width(), picture.height()));
    }
}
