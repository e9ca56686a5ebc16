//! Labelled folders: YOLO text files or one COCO file. A label that cannot be right is left out with its file and
//! line; the rest goes on.

mod coco;
mod names;
mod yolo;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use coco::coco;
pub use yolo::yolo;

use super::{EvalError, LeftOut};
use crate::domain::{BBox, FrameSpace};

/// File endings of pictures. Those that are neither JPEG nor PNG are met and counted, not passed over.
const PICTURE_ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp"];
/// A label may reach so far beyond the picture before it counts as clipped: rounding of the tool that drew it.
const OUTSIDE_SLACK_PX: f32 = 1.0;

/// Pictures with their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelledSet {
    /// `yolo`, `coco` or `none`.
    pub form: &'static str,
    /// Class names by number.
    pub classes: Vec<String>,
    /// In the order of their names.
    pub pictures: Vec<LabelledPicture>,
    /// Labels that could not be read.
    pub left_out: Vec<LeftOut>,
    /// Pictures without any label file or annotation: taken as showing nothing.
    pub unlabelled: usize,
}

/// One picture.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledPicture {
    /// Path below the folder, with `/`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Its boxes.
    pub labels: Vec<Label>,
    /// Width and height that the labels promise.
    pub size: Option<(u32, u32)>,
}

/// One labelled box, before the picture's size is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Index into the set's classes.
    pub class: usize,
    /// Left, top, width, height.
    pub sides: [f64; 4],
    /// The sides are fractions of the picture, not pixels.
    pub fractions: bool,
    /// Neither right nor wrong there.
    pub ignored: bool,
    /// File and line, for reports.
    pub from: (String, usize),
}

impl Label {
    /// The box in a picture, and whether it had to be cut at the border.
    ///
    /// # Errors
    /// Why it cannot be right: reversed, without area or outside of the picture.
    pub fn in_picture(&self, width: u32, height: u32) -> Result<(BBox<FrameSpace>, bool), String> {
        let [x, y, w, h] = self.sides;
        if !self.sides.iter().all(|side| side.is_finite()) {
            return Err("the box has a side that is no number".into());
        }
        if w <= 0.0 || h <= 0.0 {
            return Err(format!("the box is reversed or without area ({w} wide, {h} high)"));
        }
        let (by_x, by_y) = if self.fractions { (f64::from(width), f64::from(height)) } else { (1.0, 1.0) };
        let corner = |at: f64, by: f64| (at * by) as f32;
        let whole = BBox::new(corner(x, by_x), corner(y, by_y), corner(x + w, by_x), corner(y + h, by_y));
        let cut = whole.clipped(width as f32, height as f32);
        if cut.area() <= 0.0 {
            return Err(format!("the box lies outside of the picture ({width}x{height})"));
        }
        let moved = whole.to_array().into_iter().zip(cut.to_array()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        Ok((cut, moved > OUTSIDE_SLACK_PX))
    }
}

/// All pictures below a folder without any label.
///
/// # Errors
/// [`EvalError::Unreadable`].
pub fn unlabelled(folder: &Path) -> Result<LabelledSet, EvalError> {
    let pictures: Vec<LabelledPicture> = pictures_below(folder)?
        .into_iter()
        .map(|(name, path)| LabelledPicture { name, path, labels: Vec::new(), size: None })
        .collect();
    Ok(LabelledSet { form: "none", unlabelled: pictures.len(), pictures, ..LabelledSet::default() })
}

/// Name and path of every picture below a folder, in the order of the names.
fn pictures_below(folder: &Path) -> Result<Vec<(String, PathBuf)>, EvalError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let unreadable = |error| EvalError::Unreadable(at.display().to_string(), error);
        for entry in fs::read_dir(&at).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            // Links are not followed into folders: a loop would never end.
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(path);
            } else if has_ending(&path, &PICTURE_ENDINGS) {
                found.push((name_below(folder, &path), path));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| endings.contains(&ending.as_str()))
}

fn name_below(folder: &Path, path: &Path) -> String {
    let below = path.strip_prefix(folder).unwrap_or(path);
    below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_that_cannot_be_right_say_why() {
        let label = |sides, fractions| Label { class: 0, sides, fractions, ignored: false, from: ("a".into(), 1) };
        let of = |sides, fractions| label(sides, fractions).in_picture(200, 100);
        assert_eq!(of([0.25, 0.5, 0.5, 0.5], true), Ok((BBox::from([50.0, 50.0, 150.0, 100.0]), false)));
        assert_eq!(of([150.0, 50.0, 100.0, 10.0], false), Ok((BBox::from([150.0, 50.0, 200.0, 60.0]), true)));
        assert!(of([50.0, 50.0, -10.0, 10.0], false).unwrap_err().contains("reversed"));
        assert!(of([250.0, 50.0, 10.0, 10.0], false).unwrap_err().contains("outside"));
        assert!(of([f64::NAN, 0.0, 1.0, 1.0], false).unwrap_err().contains("no number"));
    }
}
