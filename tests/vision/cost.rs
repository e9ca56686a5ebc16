//! What the pixel rooms cost on a 1080p frame. A measurement, not a judgement: run it optimised with
//! `cargo test --release --test vision cost -- --ignored --nocapture`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use xunjie::{
    analysis::appearance::describe,
    domain::{BBox, Picture, PixelLayout, WallTime},
    media::view_match::ViewMatcher,
};

use super::frames::{PLAIN, Shot, painted};

/// A shot as a decoder gives it: 1920x1080 I420, limited range.
fn full_hd(shot: &Shot) -> Picture {
    let small = shot.take();
    let (w, h) = (1920_u32, 1080_u32);
    let at = |x: u32, y: u32| u32::from(small.luma_at(x * small.width() / w, y * small.height() / h));
    let mut bytes: Vec<u8> =
        (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| (16 + at(x, y) * 219 / 255) as u8).collect();
    bytes.resize((w * h * 3 / 2) as usize, 128);
    let (luma, chroma) = ((w * h) as usize, (w * h / 4) as usize);
    let layout = PixelLayout::I420 {
        offsets: [0, luma, luma + chroma],
        strides: [1920, 960, 960],
        bt709: true,
        full_range: false,
    };
    Picture::new(w, h, layout, Arc::new(bytes)).unwrap()
}

/// The least of several runs, which is what the work itself takes on a busy machine.
fn least(mut work: impl FnMut()) -> Duration {
    (0..60)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
#[ignore = "a measurement, meaningful only when optimised"]
fn what_a_look_costs() {
    let reference = full_hd(&PLAIN);
    let mut matcher = ViewMatcher::new(&reference).unwrap();
    let unmoved = full_hd(&Shot { frame: 9, ..PLAIN });
    let lorry = painted(&Shot { frame: 9, ..PLAIN }.take(), [0, 0, 640, 480], |x, y| [(x * y % 251) as u8; 3]);
    let cases = [
        ("luma_scaled 320x180", None),
        ("unmoved", Some(unmoved.clone())),
        ("shaken", Some(full_hd(&Shot { frame: 9, shift: [5.0, 3.0], turn_deg: 0.8, ..PLAIN }))),
        ("turned by 10 degrees", Some(full_hd(&Shot { frame: 9, turn_deg: 10.0, ..PLAIN }))),
        ("another scene", Some(lorry)),
    ];
    for (name, picture) in cases {
        let took = least(|| match &picture {
            None => drop(unmoved.luma_scaled(320, 180)),
            Some(picture) => drop(matcher.compare(picture, WallTime::from_millis(0))),
        });
        println!("{name:24} {took:?}");
    }
    for side in [40.0, 200.0, 900.0] {
        let bbox = BBox::new(100.0, 100.0, 100.0 + side, 100.0 + side);
        println!("describe {side:4} px         {:?}", least(|| drop(describe(&unmoved, &bbox))));
    }
}
