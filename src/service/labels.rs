//! Decided incidents as labelled pictures, so that a city trains and measures on its own cameras.
//!
//! `confirmed/` and `rejected/` of a new folder get the frames of each stay as decoded, beside each its label (`NAME.txt`, YOLO: class, centre
//! and size as fractions), and `confirmed.json`, `rejected.json` say the same in COCO's form. `classes.txt` names the classes. A picture
//! carries the label of its own incident and no other; in `rejected/` it is what was taken for that class and is not.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{Service, ServiceError};
use crate::{
    domain::{EvidenceKind, EvidenceRow, FileRole, Incident, Matter, MatterKey, RejectReason, Review, WallTime},
    service::{Faults, Want},
    store::{DECIDED, IncidentFilter, Page, evidence::EvidenceError},
};

/// Which incidents are exported.
#[derive(Clone, Debug, Default)]
pub struct LabelAsk {
    /// Only of this matter.
    pub matter: Option<MatterKey>,
    /// Only those decided then or later.
    pub since: Option<WallTime>,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LabelExport {
    /// Classes in the order of their numbers.
    pub classes: Vec<String>,
    /// Pictures of confirmed incidents.
    pub confirmed: usize,
    /// Pictures of what was rejected as 识别错误.
    pub rejected: usize,
    /// Bundles that gave nothing, and why.
    pub left_out: Vec<String>,
}

/// One of the two folders while it is filled.
struct Side {
    folder: PathBuf,
    images: Vec<Value>,
    annotations: Vec<Value>,
}

impl Side {
    fn new(out: &Path, name: &str) -> Result<Self, ServiceError> {
        let folder = out.join(name);
        fs::create_dir(&folder).map_err(|error| unwritten(&folder, &error))?;
        Ok(Self { folder, images: Vec::new(), annotations: Vec::new() })
    }

    fn add(
        &mut self,
        name: &str,
        bytes: &[u8],
        class: usize,
        (w, h): (u32, u32),
        bbox: [f32; 4],
    ) -> Result<(), ServiceError> {
        let [x0, y0, x1, y1] = bbox;
        let (width, height) = (w as f32, h as f32);
        let centre = ((x0 + x1) / 2.0 / width, (y0 + y1) / 2.0 / height);
        let size = ((x1 - x0) / width, (y1 - y0) / height);
        let label = format!("{class} {:.6} {:.6} {:.6} {:.6}\n", centre.0, centre.1, size.0, size.1);
        let picture = self.folder.join(format!("{name}.jpg"));
        fs::write(&picture, bytes).map_err(|error| unwritten(&picture, &error))?;
        let text = self.folder.join(format!("{name}.txt"));
        fs::write(&text, label).map_err(|error| unwritten(&text, &error))?;
        let id = self.images.len() + 1;
        self.images.push(json!({ "id": id, "file_name": format!("{name}.jpg"), "width": w, "height": h }));
        let (box_w, box_h) = (x1 - x0, y1 - y0);
        self.annotations.push(json!({
            "id": id, "image_id": id, "category_id": class + 1, "bbox": [x0, y0, box_w, box_h], "area": box_w * box_h, "iscrowd": 0,
        }));
        Ok(())
    }

    fn finish(self, out: &Path, classes: &[String]) -> Result<usize, ServiceError> {
        let categories: Vec<Value> =
            classes.iter().enumerate().map(|(id, name)| json!({ "id": id + 1, "name": name })).collect();
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = out.join(format!("{name}.json"));
        let (images, annotations) = (&self.images, &self.annotations);
        let coco = json!({ "images": images, "annotations": annotations, "categories": categories });
        fs::write(&file, coco.to_string()).map_err(|error| unwritten(&file, &error))?;
        Ok(self.images.len())
    }
}

impl Service {
    /// Writes decided incidents to a folder that does not exist yet; audited, because its pictures are not masked.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] where the folder is there already; [`ServiceError::Evidence`] where it cannot be written;
    /// [`ServiceError::Store`].
    pub fn export_labels(&self, out: &Path, ask: &LabelAsk, actor: &str) -> Result<LabelExport, ServiceError> {
        if out.exists() {
            Faults::one("out", &out.display().to_string(), Want::FolderNew).none()?;
        }
        fs::create_dir(out).map_err(|error| unwritten(out, &error))?;
        let (mut confirmed, mut rejected) = (Side::new(out, "confirmed")?, Side::new(out, "rejected")?);
        let mut done = LabelExport { classes: self.label_classes(), ..LabelExport::default() };
        let numbers: BTreeMap<&str, usize> = done.classes.iter().enumerate().map(|(n, name)| (&**name, n)).collect();
        let filter = IncidentFilter {
            review: Some(DECIDED.to_owned()),
            matter: ask.matter.clone(),
            ..IncidentFilter::default()
        };
        let mut page = Page { after: None, limit: 500 };
        loop {
            let rows = self.incidents(&filter, &page)?;
            for incident in &rows.rows {
                let side = match side_of(incident, ask.since) {
                    Some(true) => &mut confirmed,
                    Some(false) => &mut rejected,
                    None => continue,
                };
                let named = self.label_class(incident)?;
                let Some(&class) = named.as_deref().and_then(|class| numbers.get(class)) else {
                    done.left_out.push(format!("incident {}: which class it was is forgotten", incident.id));
                    continue;
                };
                for row in self.store.evidence_of(incident.id)? {
                    if matches!(row.kind, EvidenceKind::Opening | EvidenceKind::Reopening)
                        && let Err(why) = self.label_bundle(&row, class, side)?
                    {
                        done.left_out.push(why);
                    }
                }
            }
            page.after = rows.next;
            if page.after.is_none() {
                break;
            }
        }
        let classes = out.join("classes.txt");
        fs::write(&classes, done.classes.join("\n") + "\n").map_err(|error| unwritten(&classes, &error))?;
        done.confirmed = confirmed.finish(out, &done.classes)?;
        done.rejected = rejected.finish(out, &done.classes)?;
        let detail =
            json!({ "confirmed": done.confirmed, "rejected": done.rejected, "folder": out.display().to_string() });
        self.store.audit(self.now(), actor, "labels.exported", "labels", &detail)?;
        Ok(done)
    }

    /// Every frame of a bundle on which the box is known. A bundle that is gone or was touched is left out, in words.
    fn label_bundle(
        &self,
        row: &EvidenceRow,
        class: usize,
        side: &mut Side,
    ) -> Result<Result<(), String>, ServiceError> {
        if row.purged_at.is_some() {
            return Ok(Err(format!("evidence {}: its files were removed by retention", row.id)));
        }
        if let Some(fault) = self.verify_evidence(row.id)?.fault {
            return Ok(Err(fault.to_string()));
        }
        let manifest = self.evidence.manifest(row)?;
        for file in manifest.files {
            let original = matches!(file.role, FileRole::First | FileRole::Middle | FileRole::Latest);
            let Some(bbox) = file.bbox.filter(|_| original) else { continue };
            let (width, height) = self.evidence.picture_size(row, &file.name)?;
            let bbox = bbox.clipped(width as f32, height as f32).to_array();
            if bbox[2] > bbox[0] && bbox[3] > bbox[1] {
                let stem = file.name.split('.').next().unwrap_or(&file.name);
                let bytes = self.evidence.read(row, &file.name)?;
                side.add(&format!("{}_{stem}", row.id), &bytes, class, (width, height), bbox)?;
            }
        }
        Ok(Ok(()))
    }

    /// The class that its place was seen as; where the place is forgotten, the matter's, if it has one alone.
    fn label_class(&self, incident: &Incident) -> Result<Option<String>, ServiceError> {
        if let Some(place) = self.store.place(incident.place)? {
            return Ok(Some(place.class));
        }
        let classes = self.config.matter(&incident.matter).map_or(&[][..], |matter| &matter.composition.anchor.classes);
        Ok(if let [only] = classes { Some(only.clone()) } else { None })
    }

    fn label_classes(&self) -> Vec<String> {
        let of = |matter: &Matter| matter.composition.anchor.classes.clone();
        let classes: BTreeSet<String> = self.config.matters.values().flat_map(of).collect();
        classes.into_iter().collect()
    }
}

/// Whether an incident teaches what its class is (`true`) or is not (`false`); `None` where its verdict says neither.
fn side_of(incident: &Incident, since: Option<WallTime>) -> Option<bool> {
    let (at, side) = match &incident.review {
        Review::Confirmed { at, .. } => (*at, true),
        Review::Rejected { at, reason: RejectReason::WrongObject, .. } => (*at, false),
        Review::Rejected { .. } | Review::Duplicate { .. } | Review::Waiting => return None,
    };
    since.is_none_or(|since| at >= since).then_some(side)
}

fn unwritten(path: &Path, error: &std::io::Error) -> ServiceError {
    ServiceError::Evidence(EvidenceError::Unwritable { path: path.to_owned(), reason: error.to_string() })
}
