//! The picture operations that alignment needs, by OpenCV. Never keeps an OpenCV object between calls, and never lets
//! OpenCV start threads of its own: looks are many, and each has its thread already.

use std::sync::Once;

use opencv::{
    core::{self, BORDER_CONSTANT, BORDER_REPLICATE, CV_32F, Mat, Point, Rect, Scalar, Size},
    imgproc,
    prelude::*,
};

use super::{
    align::ShiftRange,
    plain::{NOISE, WINDOW},
    plane::{Plane, Tile},
};
use crate::domain::Homography;

type Result<T> = opencv::Result<T>;

fn single_threaded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if let Err(error) = core::set_num_threads(1) {
            tracing::warn!(%error, "opencv keeps its own number of threads");
        }
    });
}

fn borrowed(plane: &Plane) -> Result<opencv::boxed_ref::BoxedRef<'_, Mat>> {
    single_threaded();
    Mat::new_rows_cols_with_data(plane.height as i32, plane.width as i32, &plane.data)
}

fn taken(mat: &Mat) -> Result<Plane> {
    Ok(Plane::new(mat.cols() as usize, mat.rows() as usize, mat.data_typed::<f32>()?.to_vec()))
}

/// See [`super::plain::contrast`].
pub(super) fn contrast(luma: &Plane) -> Result<Plane> {
    let source = borrowed(luma)?;
    let (mut smooth, mut mean, mut mean_square) = (Mat::default(), Mat::default(), Mat::default());
    imgproc::gaussian_blur(&source, &mut smooth, Size::new(3, 3), 0.0, 0.0, BORDER_REPLICATE)?;
    let window = Size::new(WINDOW as i32, WINDOW as i32);
    let anchor = Point::new(-1, -1);
    imgproc::box_filter(&smooth, &mut mean, CV_32F, window, anchor, true, BORDER_REPLICATE)?;
    imgproc::sqr_box_filter(&smooth, &mut mean_square, CV_32F, window, anchor, true, BORDER_REPLICATE)?;
    let (smooth, mean, mean_square) =
        (smooth.data_typed::<f32>()?, mean.data_typed::<f32>()?, mean_square.data_typed::<f32>()?);
    let values = smooth.iter().zip(mean).zip(mean_square);
    let data = values.map(|((v, m), q)| (v - m) / ((q - m * m).max(0.0).sqrt() + NOISE)).collect();
    Ok(Plane::new(luma.width, luma.height, data))
}

/// By how many pixels the content of `frame` lies right of and below that of `reference`, and how clear that is, 0..=1.
/// Phase correlation under a Hann window, so that the border of the pictures is no edge that never moves.
pub(super) fn coarse_shift(reference: &Plane, frame: &Plane) -> Result<([f64; 2], f64)> {
    let (first, second) = (borrowed(reference)?, borrowed(frame)?);
    let mut window = Mat::default();
    imgproc::create_hanning_window(&mut window, first.size()?, CV_32F)?;
    let mut clear = 0.0;
    let shift = imgproc::phase_correlate(&first, &second, &window, Some(&mut clear))?;
    Ok(([shift.x, shift.y], clear))
}

/// See [`super::plain::correlations`].
pub(super) fn correlations(reference: &Plane, frame: &Plane, tile: &Tile, range: &ShiftRange) -> Result<Vec<f32>> {
    let (reference, frame) = (borrowed(reference)?, borrowed(frame)?);
    let (x, y, width, height) = (tile.x as i32, tile.y as i32, tile.width as i32, tile.height as i32);
    let template = Mat::roi(&reference, Rect::new(x, y, width, height))?;
    let (more_x, more_y) = ((range.x1 - range.x0) as i32, (range.y1 - range.y0) as i32);
    let window =
        Mat::roi(&frame, Rect::new(x + range.x0 as i32, y + range.y0 as i32, width + more_x, height + more_y))?;
    let mut scores = Mat::default();
    imgproc::match_template_def(&window, &template, &mut scores, imgproc::TM_CCOEFF_NORMED)?;
    Ok(scores.data_typed::<f32>()?.to_vec())
}

/// See [`super::plain::warped`].
pub(super) fn warped(plane: &Plane, map: &Homography) -> Result<Plane> {
    // OpenCV counts from the middle of the first pixel, we from its corner.
    let half = |by: f64| Homography([[1.0, 0.0, by], [0.0, 1.0, by], [0.0, 0.0, 1.0]]);
    let centred = super::fit::product(&half(-0.5), &super::fit::product(map, &half(0.5)));
    let matrix = Mat::from_slice_2d(&centred.0)?;
    let mut out = Mat::default();
    let size = Size::new(plane.width as i32, plane.height as i32);
    imgproc::warp_perspective(
        &borrowed(plane)?,
        &mut out,
        &matrix,
        size,
        imgproc::INTER_LINEAR,
        BORDER_CONSTANT,
        Scalar::all(0.0),
    )?;
    taken(&out)
}
