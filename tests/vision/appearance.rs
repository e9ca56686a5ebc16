//! Appearance on real frames: what likeness the same spot keeps and what likeness others reach. The figures in the
//! documentation of `analysis::appearance` are what these tests print with `--nocapture`.

use xunjie::{
    analysis::appearance::{LENGTH, describe},
    domain::{Appearance, BBox, FrameSpace, Picture},
};

use super::frames::{Chance, frame, through_jpeg};

type Box4 = [f32; 4];

/// What stands still in the clip, in pixels of the whole frame.
const STANDING: [(&str, Box4); 7] = [
    ("van", [649.0, 44.0, 724.0, 98.0]),
    ("blue car", [732.0, 49.0, 767.0, 92.0]),
    ("tripod", [458.0, 336.0, 526.0, 482.0]),
    ("jacket", [68.0, 497.0, 159.0, 529.0]),
    ("sign", [411.0, 200.0, 446.0, 246.0]),
    ("stone", [160.0, 248.0, 195.0, 278.0]),
    ("notice board", [583.0, 30.0, 632.0, 118.0]),
];

fn bbox([x0, y0, x1, y1]: Box4) -> BBox<FrameSpace> {
    BBox::new(x0, y0, x1, y1)
}

fn relit(picture: &Picture, gain: f32, gamma: f32) -> Picture {
    let lit = |v: u8| (255.0 * (f32::from(v) / 255.0).powf(gamma) * gain).round().clamp(0.0, 255.0) as u8;
    let table: Vec<u8> = (0..=255).map(lit).collect();
    let rgb = picture.to_rgb().into_iter().map(|v| table[v as usize]).collect();
    Picture::from_rgb(picture.width(), picture.height(), rgb).unwrap()
}

fn likeness(a: &Appearance, b: &Appearance) -> f32 {
    a.likeness(b).expect("both have texture")
}

/// Prints how a list of likenesses is distributed; returns it sorted.
fn told(name: &str, mut values: Vec<f32>) -> Vec<f32> {
    values.sort_by(f32::total_cmp);
    let at = |share: f64| values[((values.len() - 1) as f64 * share) as usize];
    let parts = [0.0, 0.05, 0.5, 0.95, 1.0].map(|share| format!("{:5.2}", at(share)));
    println!("{name:34} n {:5}  min, 5 %, median, 95 %, max: {}", values.len(), parts.join(" "));
    values
}

fn share_below(values: &[f32], limit: f32) -> f32 {
    values.iter().filter(|v| **v < limit).count() as f32 / values.len() as f32
}

#[test]
fn the_same_thing_stays_itself() {
    let (reference, later) = (frame(0), frame(33));
    let known = STANDING.map(|(_, spot)| describe(&reference, &bbox(spot)));
    let mut values = vec![Vec::new(); STANDING.len()];
    for (gain, gamma) in [(1.0, 1.0), (0.5, 1.0), (0.7, 1.0), (1.3, 1.0), (1.6, 1.0), (1.0, 0.7), (1.0, 1.4)] {
        let lit = relit(&later, gain, gamma);
        let squeezed = through_jpeg(&lit, 40);
        for (i, (_, spot)) in STANDING.iter().enumerate() {
            assert_eq!(known[i].as_slice().len(), LENGTH);
            values[i].push(likeness(&known[i], &describe(&lit, &bbox(*spot))));
            let (dx, dy) = ((spot[2] - spot[0]) * 0.03, (spot[3] - spot[1]) * 0.03);
            for [sx, sy] in [[dx, 0.0], [-dx, 0.0], [0.0, dy], [0.0, -dy]] {
                let moved = [spot[0] + sx, spot[1] + sy, spot[2] + sx, spot[3] + sy];
                values[i].push(likeness(&known[i], &describe(&squeezed, &bbox(moved))));
            }
        }
    }
    for ((name, _), values) in STANDING.iter().zip(&values) {
        told(&format!("same: {name}"), values.clone());
    }
    let all = told("same, all", values.concat());
    assert!(share_below(&all, 0.8) < 0.05);
}

#[test]
fn another_thing_is_another() {
    let picture = frame(0);
    let known: Vec<Appearance> = STANDING.iter().map(|(_, spot)| describe(&picture, &bbox(*spot))).collect();
    let mut values = Vec::new();
    for (i, a) in known.iter().enumerate() {
        values.extend(known[i + 1..].iter().map(|b| likeness(a, b)));
    }
    let named = told("other: standing things", values);
    let mut chance = Chance::new(5);
    let mut values = Vec::new();
    for _ in 0..150 {
        let (x, y) = ((chance.next() + 1.0) * 330.0, (chance.next() + 1.0) * 230.0);
        let (w, h) = (60.0 + 30.0 * chance.next(), 60.0 + 30.0 * chance.next());
        let spot = bbox([x, y, x + w, y + h]);
        if STANDING.iter().all(|(_, thing)| spot.iou(&bbox(*thing)) < 0.05) {
            let here = describe(&picture, &spot);
            values.extend(known.iter().map(|thing| likeness(thing, &here)));
        }
    }
    let anywhere = told("other: anywhere in the picture", values);
    assert!(share_below(&named, 0.6) > 0.9 && share_below(&anywhere, 0.6) > 0.95);
}

/// Spots of a person's size on the road; somebody is there when much of it differs from the median frame.
#[test]
fn a_spot_with_a_passer_by_is_not_the_empty_spot() {
    let frames: Vec<Picture> = (0..20).map(|n| frame(2 * n)).collect();
    let median: Vec<u8> = {
        let all: Vec<Vec<u8>> = frames.iter().step_by(3).map(Picture::to_rgb).collect();
        (0..all[0].len())
            .map(|i| {
                let mut values: Vec<u8> = all.iter().map(|rgb| rgb[i]).collect();
                values.sort_unstable();
                values[values.len() / 2]
            })
            .collect()
    };
    let empty = Picture::from_rgb(768, 576, median).unwrap();
    let (mut taken, mut free) = (Vec::new(), Vec::new());
    for row in 0..4_u16 {
        for column in 0..9_u16 {
            let (x, y) = (250.0 + 45.0 * f32::from(column), 195.0 + 40.0 * f32::from(row));
            let spot = bbox([x, y, x + 34.0, y + 84.0]);
            let ground = describe(&empty, &spot);
            for picture in &frames {
                let mut differing = 0;
                for sy in (0..84).step_by(4) {
                    for sx in (0..34).step_by(4) {
                        let (px, py) = (x as u32 + sx, y as u32 + sy);
                        differing += u32::from(picture.luma_at(px, py).abs_diff(empty.luma_at(px, py)) > 35);
                    }
                }
                let share = differing as f32 / (21.0 * 9.0);
                let value = ground.likeness(&describe(picture, &spot));
                match value {
                    Some(value) if share > 0.3 => taken.push(value),
                    Some(value) if share == 0.0 => free.push(value),
                    _ => {}
                }
            }
        }
    }
    assert!(taken.len() > 20 && free.len() > 100, "{} taken, {} free", taken.len(), free.len());
    let taken = told("empty ground, somebody on it", taken);
    told("empty ground, still empty", free);
    assert!(share_below(&taken, 0.6) > 0.9);
}

#[test]
fn nothing_to_describe_is_the_empty_appearance() {
    let picture = frame(0);
    for nowhere in [[900.0, 10.0, 990.0, 90.0], [10.0, 10.0, 10.0, 90.0], [-50.0, -50.0, -5.0, -5.0]] {
        assert!(describe(&picture, &bbox(nowhere)).as_slice().is_empty());
    }
    let flat = Picture::from_rgb(64, 64, vec![120; 64 * 64 * 3]).unwrap();
    assert!(describe(&flat, &bbox([0.0, 0.0, 64.0, 64.0])).as_slice().is_empty());
    let whole = describe(&picture, &bbox([-100.0, -100.0, 2000.0, 2000.0]));
    assert!(whole.as_slice().iter().all(|v| v.is_finite()));
}
