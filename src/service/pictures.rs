//! What a reviewer is shown of an incident: first, middle and latest picture of its stay, masked, and where the thing
//! is on them. Names files and never opens one that is not masked.

use super::{Service, ServiceError};
use crate::domain::{EvidenceFile, EvidenceId, EvidenceKind, EvidenceRow, FileRole, IncidentId, Manifest, WallTime};

/// Names a file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureRef {
    /// The bundle.
    pub evidence: EvidenceId,
    /// The file.
    pub name: String,
}

/// One picture of the stay.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownPicture {
    /// First, middle or latest.
    pub role: FileRole,
    /// The masked copy.
    pub masked: Option<PictureRef>,
    /// Whether the box is drawn into the masked copy; bundles from before 0.2 have no other.
    pub boxed: bool,
    /// The frame as decoded.
    pub original: PictureRef,
    /// Where the thing is, `[x0, y0, x1, y1]` as fractions of the picture.
    pub bbox: Option<[f32; 4]>,
    /// Width and height in pixels; 0 where the picture cannot be read.
    pub size_px: (u32, u32),
    /// When the camera saw it.
    pub wall: Option<WallTime>,
    /// The camera's clock minus ours in milliseconds.
    pub skew_ms: Option<i64>,
}

/// The pictures of the latest stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShownPictures {
    /// In order of time.
    pub pictures: Vec<ShownPicture>,
    /// The clip, and how long it is in seconds where that can be told.
    pub clip: Option<(PictureRef, Option<f64>)>,
}

impl Service {
    /// Pictures of the latest bundle of an opening or a reopening that is still there.
    pub(super) fn shown_pictures(&self, evidence: &[(EvidenceRow, Option<Manifest>)]) -> ShownPictures {
        let stays = |kind| matches!(kind, EvidenceKind::Opening | EvidenceKind::Reopening);
        let latest = evidence
            .iter()
            .rev()
            .find_map(|(row, manifest)| manifest.as_ref().filter(|_| stays(row.kind)).map(|manifest| (row, manifest)));
        let Some((row, manifest)) = latest else { return ShownPictures::default() };
        let named = |file: &EvidenceFile| PictureRef { evidence: row.id, name: file.name.clone() };
        let roles = [FileRole::First, FileRole::Middle, FileRole::Latest];
        let pictures = roles.iter().filter_map(|role| {
            let original = manifest.files.iter().find(|file| file.role == *role)?;
            let masked = masked_of(manifest, original);
            // The masked copy is as large as its original.
            let size_px = self.evidence.picture_size(row, &masked.unwrap_or(original).name).unwrap_or((0, 0));
            Some(ShownPicture {
                role: *role,
                masked: masked.map(named),
                boxed: masked.is_some_and(|masked| masked.role == FileRole::Masked),
                original: named(original),
                bbox: fractions(original, size_px),
                size_px,
                wall: original.wall,
                skew_ms: original.skew_ms,
            })
        });
        let clip = manifest.files.iter().find(|file| file.role == FileRole::Clip);
        let clip = clip.map(|file| (named(file), self.evidence.clip_seconds(row, &file.name)));
        ShownPictures { pictures: pictures.collect(), clip }
    }

    /// The latest masked picture of an incident's latest stay on which the thing's box is known, and the box.
    pub(super) fn latest_masked_with_box(
        &self,
        incident: IncidentId,
    ) -> Result<Option<(PictureRef, [f32; 4])>, ServiceError> {
        let rows = self.store.evidence_of(incident)?.into_iter().filter(|row| row.purged_at.is_none());
        let evidence: Vec<_> =
            rows.map(|row| (self.evidence.manifest(&row).ok(), row)).map(|(m, row)| (row, m)).collect();
        let shown = self.shown_pictures(&evidence).pictures;
        Ok(shown.into_iter().rev().find_map(|one| one.masked.zip(one.bbox)))
    }

    /// The latest masked picture of an incident: of its latest stay, not of its clearing.
    pub(super) fn latest_masked(&self, incident: IncidentId) -> Result<Option<PictureRef>, ServiceError> {
        let rows = self.store.evidence_of(incident)?;
        Ok(rows.iter().rev().filter(|row| row.purged_at.is_none()).find_map(|row| {
            let stays = matches!(row.kind, EvidenceKind::Opening | EvidenceKind::Reopening);
            let manifest = self.evidence.manifest(row).ok().filter(|_| stays)?;
            let original = manifest.files.iter().find(|file| file.role == FileRole::Latest);
            let masked = original.and_then(|original| masked_of(&manifest, original));
            let masked = masked.or_else(|| manifest.files.iter().rfind(|file| file.role.is_masked()))?;
            Some(PictureRef { evidence: row.id, name: masked.name.clone() })
        }))
    }
}

/// The masked copy of an original: without a box where there is one. Names tell; where a bundle calls them otherwise,
/// the moment of the frame does.
fn masked_of<'a>(manifest: &'a Manifest, original: &EvidenceFile) -> Option<&'a EvidenceFile> {
    let called = |role, prefix: &str| {
        manifest.files.iter().find(|file| file.role == role && file.name.strip_prefix(prefix) == Some(&original.name))
    };
    let same_frame = |role| {
        let moment = |file: &EvidenceFile| (file.wall, file.arrived, file.pts);
        manifest.files.iter().find(|file| file.role == role && moment(file) == moment(original))
    };
    called(FileRole::MaskedPlain, "plain_")
        .or_else(|| called(FileRole::Masked, "masked_"))
        .or_else(|| same_frame(FileRole::MaskedPlain))
        .or_else(|| same_frame(FileRole::Masked))
}

fn fractions(file: &EvidenceFile, (width, height): (u32, u32)) -> Option<[f32; 4]> {
    let bbox = file.bbox.filter(|_| width > 0 && height > 0)?.to_array();
    let (w, h) = (width as f32, height as f32);
    Some([bbox[0] / w, bbox[1] / h, bbox[2] / w, bbox[3] / h].map(|fraction| fraction.clamp(0.0, 1.0)))
}
