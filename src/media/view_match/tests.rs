//! The parts of the view match on made-up pictures; the whole of it is tried on real frames in `tests/vision`.

use super::{plane::Tile, *};

/// A picture of random smooth blobs, always the same.
fn scene() -> Plane {
    let mut state = 7_u32;
    let mut coarse = vec![0.0; 45 * 33];
    for value in &mut coarse {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = (state >> 24) as f32;
    }
    let data = (0..240).flat_map(|y| (0..320).map(move |x| (x, y))).map(|(x, y)| {
        let (u, v) = (x as f32 / 8.0, y as f32 / 8.0);
        let at = |i: usize, j: usize| coarse[(v as usize + j) * 45 + u as usize + i];
        let (s, t) = (u.fract(), v.fract());
        (at(0, 0) * (1.0 - s) + at(1, 0) * s) * (1.0 - t) + (at(0, 1) * (1.0 - s) + at(1, 1) * s) * t
    });
    Plane::new(320, 240, data.collect())
}

fn all_tiles(plane: &Plane) -> Vec<Tile> {
    (0..TILES.0 * TILES.1).map(|index| Tile::new(index, plane)).collect()
}

#[test]
fn fractions_and_pixels_say_the_same() {
    let map = Homography([[1.1, 0.2, 3.0], [-0.1, 0.9, 5.0], [1e-4, 2e-4, 1.0]]);
    let (x, y) = map.apply(120.0, 80.0);
    let (u, v) = in_fractions(&map, 320.0, 240.0).apply(120.0 / 320.0, 80.0 / 240.0);
    assert!((u * 320.0 - x).abs() < 1e-9 && (v * 240.0 - y).abs() < 1e-9);
}

#[test]
fn the_plain_operations_find_a_map_of_their_own() {
    let contrast = plain::contrast(&scene());
    let truth = Homography([[1.0, -0.01, 5.0], [0.01, 1.0, -3.0], [0.0, 0.0, 1.0]]);
    let frame = plain::warped(&contrast, &truth.inverse().unwrap());
    let ([dx, dy], _) = plain::coarse_shift(&contrast, &frame);
    assert!((dx + 4.0).abs() <= 4.0 && (dy - 4.0).abs() <= 4.0, "{dx} {dy}");
    let aligner = Aligner::new(contrast.clone(), all_tiles(&contrast));
    let found = aligner.align(&frame, None).unwrap();
    for [x, y] in [[0.0, 0.0], [320.0, 0.0], [320.0, 240.0], [0.0, 240.0]] {
        let ((a, b), (c, d)) = (found.map.apply(x, y), truth.apply(x, y));
        assert!((a - c).hypot(b - d) < 1.0, "{x},{y}: {a} {b}, not {c} {d}");
    }
}

#[cfg(feature = "opencv")]
#[test]
fn opencv_and_plain_code_agree() {
    let luma = scene();
    let (ours, theirs) = (plain::contrast(&luma), cv::contrast(&luma).unwrap());
    let inner = |plane: &Plane| -> Vec<f32> {
        (8..232).flat_map(|y| (8..312).map(move |x| (x, y))).map(|(x, y)| plane.at(x, y)).collect()
    };
    let worst = inner(&ours).iter().zip(inner(&theirs)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(worst < 1e-3, "they differ at the border only, not by {worst} inside");
    let map = Homography([[0.99, -0.03, 4.0], [0.03, 0.99, -2.5], [0.0, 0.0, 1.0]]);
    let (plain_warp, cv_warp) = (plain::warped(&ours, &map), cv::warped(&ours, &map).unwrap());
    assert!(correlation(&plain_warp.data, &cv_warp.data) > 0.995);
    let range = align::ShiftRange { x0: -4, x1: 4, y0: -3, y1: 5 };
    let tile = Tile::new(20, &ours);
    let a = plain::correlations(&ours, &plain_warp, &tile, &range);
    let b = cv::correlations(&ours, &plain_warp, &tile, &range).unwrap();
    assert_eq!(a.len(), 81);
    assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{a:?} {b:?}");
    let shifted = plain::warped(&ours, &Homography([[1.0, 0.0, 8.0], [0.0, 1.0, -4.0], [0.0, 0.0, 1.0]]));
    let ([ax, ay], _) = plain::coarse_shift(&ours, &shifted);
    let ([bx, by], _) = cv::coarse_shift(&ours, &shifted).unwrap();
    assert_eq!([ax, ay], [8.0, -4.0]);
    assert!((bx - 8.0).abs() < 0.2 && (by + 4.0).abs() < 0.2, "{bx} {by}");
}
