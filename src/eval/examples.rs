//! Folders of examples: one folder a class, in it frames with YOLO labels of the thing that is in that state. Frames in a
//! folder of their own below are of one thing; else each frame is of another. Labels say where the thing is, and their class
//! numbers nothing.

use std::{fs, path::Path, sync::Arc};

use super::{EvalError, LeftOut, labels, run};
use crate::{
    analysis::{few_shot::Example, verify::Square},
    domain::Picture,
    infer::{Detector, Lane},
};

/// Class numbers that labels may have.
const NUMBERS_MAX: usize = 1000;

/// Labelled frames by class.
#[derive(Debug)]
pub struct ExampleSet {
    /// Names of the folders, in their order.
    pub classes: Vec<Arc<str>>,
    frames: Vec<(usize, labels::LabelledPicture)>,
    left_out: Vec<LeftOut>,
}

impl ExampleSet {
    /// Lists a folder; no picture is read.
    ///
    /// # Errors
    /// [`EvalError`] when it cannot be read or has no folders.
    pub fn list(folder: &Path) -> Result<Self, EvalError> {
        let unreadable = |error| EvalError::Unreadable(folder.display().to_string(), error);
        let mut classes: Vec<Arc<str>> = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            if entry.file_type().map_err(unreadable)?.is_dir() {
                classes.push(entry.file_name().to_string_lossy().into());
            }
        }
        classes.sort();
        if classes.is_empty() {
            let help = "has no folder of examples; make one for each class";
            return Err(EvalError::Bad(folder.display().to_string(), help.to_owned()));
        }
        let numbers: Vec<String> = (0..NUMBERS_MAX).map(|number| number.to_string()).collect();
        let (mut frames, mut left_out) = (Vec::new(), Vec::new());
        for (class, name) in classes.iter().enumerate() {
            let below = |file: String| format!("{name}/{file}");
            let set = labels::yolo(&folder.join(&**name), &numbers)?;
            left_out.extend(set.left_out.into_iter().map(|one| LeftOut { file: below(one.file), ..one }));
            for mut frame in set.pictures {
                frame.name = below(frame.name);
                if frame.labels.is_empty() {
                    let reason = "has no label that says where the thing is".to_owned();
                    left_out.push(LeftOut { file: frame.name, line: None, reason });
                } else {
                    frames.push((class, frame));
                }
            }
        }
        Ok(Self { classes, frames, left_out })
    }

    /// How many frames there are to describe.
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// How every thing looks to `encoder`, and what had to be left out; `heard` is told how many frames are done.
    pub fn describe(self, encoder: &dyn Detector, mut heard: impl FnMut(usize)) -> (Vec<Example>, Vec<LeftOut>) {
        let Self { classes: _, frames, mut left_out } = self;
        let mut examples = Vec::new();
        for (done, (class, frame)) in frames.into_iter().enumerate() {
            match run::picture_of(&frame) {
                Ok(picture) => {
                    let thing = thing_of(&frame.name);
                    for label in &frame.labels {
                        match looks(encoder, &picture, label) {
                            Ok(look) => examples.push(Example { class, thing: thing.clone(), look }),
                            Err(reason) => {
                                let (file, line) = (frame.name.clone(), Some(label.from.1));
                                left_out.push(LeftOut { file, line, reason });
                            }
                        }
                    }
                }
                Err(reason) => left_out.push(LeftOut { file: frame.name, line: None, reason }),
            }
            heard(done + 1);
        }
        left_out.sort();
        (examples, left_out)
    }
}

/// The folder below the class's own, or the file itself.
fn thing_of(name: &str) -> String {
    name.split('/').nth(1).unwrap_or(name).to_owned()
}

fn looks(
    encoder: &dyn Detector,
    picture: &Picture,
    label: &labels::Label,
) -> Result<crate::domain::Appearance, String> {
    let (bbox, _) = label.in_picture(picture.width(), picture.height())?;
    let square = Square::around(&bbox, picture.width(), picture.height()).ok_or("the box shows nothing")?;
    let inspected = encoder.inspect_in(Lane::Visit, &square.of(picture)).map_err(|error| error.to_string())?;
    inspected.description().ok_or_else(|| format!("{} does not say how it looks", encoder.model().name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Appearance,
        infer::{Inspection, ScriptedDetector},
    };

    #[test]
    fn examples_are_listed_by_class_and_thing_and_bad_ones_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let put = |name: &str, light: u8, labels: Option<&str>| {
            fs::create_dir_all(at(name).parent().unwrap()).unwrap();
            image::GrayImage::from_pixel(80, 60, image::Luma([light])).save(at(name)).unwrap();
            if let Some(labels) = labels {
                fs::write(at(name).with_extension("txt"), labels).unwrap();
            }
        };
        put("open/lorry/1.png", 200, Some("7 0.5 0.5 0.4 0.4\n"));
        put("open/lorry/2.png", 210, Some("0 0.5 0.5 0.4 0.4\n0 0.2 0.2 0.2 0.2\n"));
        put("open/other.png", 220, Some("0 0.5 0.5 0.4 0.4\n0 1.8 0.5 0.1 0.1\n"));
        put("covered/a.png", 30, Some("0 0.5 0.5 0.4 0.4\n"));
        put("covered/b.png", 30, None);
        put("covered/c.png", 30, Some("0 0.5 0.5\n"));
        fs::write(at("covered/d.png"), "no picture").unwrap();
        fs::write(at("covered/d.txt"), "0 0.5 0.5 0.4 0.4\n").unwrap();
        fs::write(at("notes.txt"), "beside the folders").unwrap();

        let set = ExampleSet::list(folder.path()).unwrap();
        let names: Vec<&str> = set.classes.iter().map(|name| &**name).collect();
        assert_eq!((names, set.frames()), (vec!["covered", "open"], 5));
        let encoder = ScriptedDetector::by_inspection(|_, crop| {
            let look = Appearance::new(vec![f32::from(crop.luma_at(1, 1)), 1.0]);
            Ok(Inspection { appearance: Some(look), ..Inspection::default() })
        });
        let mut heard = 0;
        let (examples, left_out) = set.describe(&encoder, |done| heard = done);
        let of: Vec<_> = examples.iter().map(|one| (one.class, one.thing.as_str())).collect();
        assert_eq!(of, [(0, "a.png"), (1, "lorry"), (1, "lorry"), (1, "lorry"), (1, "other.png")]);
        let said: Vec<_> = left_out.iter().map(|one| (one.file.as_str(), one.line)).collect();
        let expected = [
            ("covered/b.png", None),
            ("covered/c.png", None),
            ("covered/c.txt", Some(1)),
            ("covered/d.png", None),
            ("open/other.png", Some(2)),
        ];
        assert_eq!((said, heard), (expected.to_vec(), 5));

        let empty = tempfile::tempdir().unwrap();
        let error = ExampleSet::list(empty.path()).unwrap_err().to_string();
        assert!(error.contains("no folder of examples"), "{error}");
        assert!(ExampleSet::list(&at("none")).is_err());
    }
}
