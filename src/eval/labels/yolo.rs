//! YOLO labels: beside each picture (or in `labels/` for one of `images/`) a text file with `class cx cy w h` a line,
//! in fractions of the picture. A line of more numbers is an outline, of which the box around it is taken.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Label, LabelledPicture, LabelledSet, LeftOut, name_below, names, pictures_below};
use crate::eval::EvalError;

/// Reads a folder. `classes` are the class names; without any the folder's names file says them.
///
/// # Errors
/// [`EvalError`] when the folder or its names cannot be read.
pub fn yolo(folder: &Path, classes: &[String]) -> Result<LabelledSet, EvalError> {
    let classes = if classes.is_empty() { named(folder)? } else { classes.to_vec() };
    let mut set = LabelledSet { form: "yolo", classes, ..LabelledSet::default() };
    for (name, path) in pictures_below(folder)? {
        let from = label_path(folder, &path);
        let shown = name_below(folder, &from);
        let labels = match fs::read_to_string(&from) {
            Ok(text) => lines(&text, &shown, set.classes.len(), &mut set.left_out),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                set.unlabelled += 1;
                Vec::new()
            }
            Err(error) => {
                // Its labels are unknown: the picture must not count as a clean one.
                set.left_out.push(LeftOut { file: shown, line: None, reason: format!("cannot be read: {error}") });
                continue;
            }
        };
        set.pictures.push(LabelledPicture { name, path, labels, size: None });
    }
    Ok(set)
}

fn named(folder: &Path) -> Result<Vec<String>, EvalError> {
    let help = "has no data.yaml or classes.txt; name the classes with --names";
    let file = names::beside(folder).ok_or_else(|| EvalError::Bad(folder.display().to_string(), help.into()))?;
    names::read(&file)
}

fn label_path(folder: &Path, picture: &Path) -> PathBuf {
    let beside = picture.with_extension("txt");
    let below = picture.strip_prefix(folder).unwrap_or(picture);
    let parts: Vec<_> = below.components().collect();
    let Some(at) = parts.iter().rposition(|part| part.as_os_str() == "images") else { return beside };
    let swapped: PathBuf =
        parts.iter().enumerate().map(|(i, p)| if i == at { "labels".as_ref() } else { p.as_os_str() }).collect();
    let swapped = folder.join(swapped).with_extension("txt");
    if swapped.is_file() { swapped } else { beside }
}

fn lines(text: &str, file: &str, classes: usize, left_out: &mut Vec<LeftOut>) -> Vec<Label> {
    let mut labels = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match label(line, classes) {
            Ok((class, sides)) => {
                let from = (file.to_owned(), index + 1);
                labels.push(Label { class, sides, fractions: true, ignored: false, from });
            }
            Err(reason) => left_out.push(LeftOut { file: file.to_owned(), line: Some(index + 1), reason }),
        }
    }
    labels
}

fn label(line: &str, classes: usize) -> Result<(usize, [f64; 4]), String> {
    let mut words = line.split_whitespace();
    let class = words.next().unwrap_or_default();
    let class = class.parse::<usize>().map_err(|_| format!("{class:?} is no class number"))?;
    if class >= classes {
        return Err(format!("class {class} has no name; there are {classes}"));
    }
    let numbers: Vec<f64> =
        words.map(|word| word.parse().map_err(|_| format!("{word:?} is no number"))).collect::<Result<_, String>>()?;
    match numbers[..] {
        [cx, cy, w, h] => Ok((class, [cx - w / 2.0, cy - h / 2.0, w, h])),
        ref outline if outline.len() >= 6 && outline.len() % 2 == 0 => {
            let of = |odd: usize| outline.iter().skip(odd).step_by(2).copied();
            let span = |odd| (of(odd).fold(f64::INFINITY, f64::min), of(odd).fold(f64::NEG_INFINITY, f64::max));
            let ((x0, x1), (y0, y1)) = (span(0), span(1));
            Ok((class, [x0, y0, x1 - x0, y1 - y0]))
        }
        _ => Err(format!("has {} numbers behind the class; want 4 (a box) or 6 and more (an outline)", numbers.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_box_an_outline_or_a_fault() {
        assert_eq!(label("1 0.5 0.5 0.25 0.5", 2), Ok((1, [0.375, 0.25, 0.25, 0.5])));
        assert_eq!(label("0 0.25 0.25 0.75 0.25 0.5 0.5", 1), Ok((0, [0.25, 0.25, 0.5, 0.25])));
        for (line, says) in [
            ("2 0.5 0.5 0.1 0.1", "no name"),
            ("-1 0.5 0.5 0.1 0.1", "no class number"),
            ("0 0.5 x 0.1 0.1", "no number"),
            ("0 0.5 0.5 0.1", "3 numbers"),
        ] {
            assert!(label(line, 2).unwrap_err().contains(says), "{line}");
        }
    }

    #[test]
    fn labels_lie_beside_the_picture_or_in_a_folder_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["images/val", "labels/val"] {
            fs::create_dir_all(at(name)).unwrap();
        }
        for name in ["a.jpg", "images/val/b.jpg", "images/val/c.png"] {
            fs::write(at(name), "").unwrap();
        }
        fs::write(at("a.txt"), "0 0.5 0.5 0.1 0.1\n\n9 0.5 0.5 0.1 0.1\n").unwrap();
        fs::write(at("labels/val/b.txt"), "1 0.5 0.5 0.1 0.1\n").unwrap();
        fs::write(at("classes.txt"), "garbage\nbin\n").unwrap();
        let set = yolo(folder.path(), &[]).unwrap();
        let counts: Vec<_> = set.pictures.iter().map(|p| (p.name.as_str(), p.labels.len())).collect();
        assert_eq!(counts, [("a.jpg", 1), ("images/val/b.jpg", 1), ("images/val/c.png", 0)]);
        assert_eq!((set.unlabelled, set.left_out.len(), set.left_out[0].line), (1, 1, Some(3)));
        assert!(yolo(&at("images/val"), &[]).unwrap_err().to_string().contains("--names"));
    }
}
