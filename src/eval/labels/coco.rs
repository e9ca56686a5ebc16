//! COCO labels: one JSON file with pictures, categories and annotations. `iscrowd` and `ignore` make a region in which
//! a detection is neither right nor wrong.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path},
};

use serde::Deserialize;

use super::{Label, LabelledPicture, LabelledSet, LeftOut};
use crate::eval::EvalError;

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: Option<u32>,
    height: Option<u32>,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: u64,
    category_id: u64,
    bbox: Vec<f64>,
    #[serde(default)]
    iscrowd: u8,
    #[serde(default)]
    ignore: u8,
}

#[derive(Deserialize)]
struct Category {
    id: u64,
    name: String,
}

/// Reads a COCO file whose pictures lie below `folder`.
///
/// # Errors
/// [`EvalError`] when the file is none.
pub fn coco(folder: &Path, file: &Path) -> Result<LabelledSet, EvalError> {
    let shown = file.display().to_string();
    let bytes = fs::read(file).map_err(|error| EvalError::Unreadable(shown.clone(), error))?;
    let mut read: File = serde_json::from_slice(&bytes)
        .map_err(|error| EvalError::Bad(shown, format!("is no COCO file: {error}; export it again")))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    read.categories.sort_by_key(|category| category.id);
    let class_of: BTreeMap<u64, usize> = read.categories.iter().enumerate().map(|(i, c)| (c.id, i)).collect();
    let mut set = LabelledSet { form: "coco", ..LabelledSet::default() };
    set.classes = read.categories.into_iter().map(|category| category.name).collect();
    let mut labels: BTreeMap<u64, Vec<Label>> = read.images.iter().map(|image| (image.id, Vec::new())).collect();
    for (index, annotation) in read.annotations.into_iter().enumerate() {
        let mut leave = |reason: String| {
            set.left_out.push(LeftOut { file: name.clone(), line: Some(index), reason });
        };
        let Some(&class) = class_of.get(&annotation.category_id) else {
            leave(format!("category {} does not exist", annotation.category_id));
            continue;
        };
        let Ok(sides) = <[f64; 4]>::try_from(annotation.bbox) else {
            leave("bbox has not four numbers".into());
            continue;
        };
        let Some(of_picture) = labels.get_mut(&annotation.image_id) else {
            leave(format!("picture {} does not exist", annotation.image_id));
            continue;
        };
        let ignored = annotation.iscrowd != 0 || annotation.ignore != 0;
        of_picture.push(Label { class, sides, fractions: false, ignored, from: (name.clone(), index) });
    }
    for image in read.images {
        let below = Path::new(&image.file_name);
        if !below.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir)) {
            set.left_out.push(LeftOut { file: image.file_name, line: None, reason: "leads out of the folder".into() });
            continue;
        }
        let labels = labels.remove(&image.id).unwrap_or_default();
        set.unlabelled += usize::from(labels.is_empty());
        let size = image.width.zip(image.height);
        set.pictures.push(LabelledPicture { path: folder.join(below), name: image.file_name, labels, size });
    }
    set.pictures.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowds_are_regions_and_loose_ends_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("val.json");
        let text = r#"{"images":[{"id":7,"file_name":"b.jpg","width":64,"height":48},{"id":8,"file_name":"../a.jpg"},
            {"id":9,"file_name":"a.jpg"}],
            "categories":[{"id":3,"name":"truck"},{"id":1,"name":"person"}],
            "annotations":[{"image_id":7,"category_id":3,"bbox":[1,2,3,4]},
            {"image_id":7,"category_id":1,"bbox":[0,0,60,40],"iscrowd":1},
            {"image_id":7,"category_id":2,"bbox":[0,0,1,1]},{"image_id":1,"category_id":1,"bbox":[0,0,1,1]},
            {"image_id":7,"category_id":1,"bbox":[0,0,1]}]}"#;
        fs::write(&file, text).unwrap();
        let set = coco(folder.path(), &file).unwrap();
        assert_eq!(set.classes, ["person", "truck"]);
        assert_eq!(set.pictures.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["a.jpg", "b.jpg"]);
        let boxes: Vec<_> = set.pictures[1].labels.iter().map(|l| (l.class, l.ignored)).collect();
        assert_eq!(boxes, [(1, false), (0, true)]);
        assert_eq!((set.left_out.len(), set.unlabelled), (4, 1));
        fs::write(&file, "{}").unwrap();
        let error = coco(folder.path(), &file).unwrap_err().to_string();
        assert!(error.contains("val.json: is no COCO file"), "{error}");
    }
}
