//! Writes a bundle: files first, the manifest last, everything synced, then one rename into place. Whatever
//! fails leaves no part of it behind. Only the manifest names the bundle before it: files of many bundles can be
//! written at the same time, and sealing them one after the other is short.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use chrono::{Offset, Utc};

use super::{
    EvidenceError, EvidenceFolder, MAKING, MANIFEST, check_name, make_folder, sha256, sync_folder, unwritable,
    write_synced,
};
use crate::domain::{
    BBox, EvidenceFile, EvidenceId, EvidenceKind, EvidenceRow, FileRole, FrameSpace, IncidentId, Location, Manifest,
    ModelRef, Pts, RuleRef, WallSource, WallTime,
};

/// A bundle before it is written.
#[derive(Clone, Debug)]
pub struct BundleDraft {
    /// Identity.
    pub id: EvidenceId,
    /// The incident.
    pub incident: IncidentId,
    /// Why it is made.
    pub kind: EvidenceKind,
    /// When it is made.
    pub made_at: WallTime,
    /// The camera's code.
    pub stream_code: String,
    /// Where it looks.
    pub location: Option<Location>,
    /// Name of the view.
    pub view_name: String,
    /// The weights that judged.
    pub model: ModelRef,
    /// The weights that looked again at a crop, where a second model did.
    pub verifier: Option<ModelRef>,
    /// The weights that compared the view with its reference picture.
    pub compared: Vec<ModelRef>,
    /// What was read on the thing, masked.
    pub read: Option<String>,
    /// The rule.
    pub rule: RuleRef,
    /// The files, at least one, each with a name of its own.
    pub files: Vec<DraftFile>,
}

/// A file of a bundle before it is written.
#[derive(Clone, Debug)]
pub struct DraftFile {
    /// 1 to 80 of `a-z 0-9 _ . -`, no leading dot, not `manifest.json`.
    pub name: String,
    /// What it is.
    pub role: FileRole,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// When the camera saw the frame.
    pub wall: Option<WallTime>,
    /// How that is known.
    pub wall_source: Option<WallSource>,
    /// When it reached us.
    pub arrived: Option<WallTime>,
    /// The camera's clock minus ours in milliseconds.
    pub skew_ms: Option<i64>,
    /// Media time in the session.
    pub pts: Option<Pts>,
    /// Where the thing is in the frame, in pixels.
    pub bbox: Option<BBox<FrameSpace>>,
}

impl EvidenceFolder {
    /// Writes a bundle that follows the manifest with the hash `previous`. When it returns, the disk has all of it.
    ///
    /// The row is to be recorded after that; until then nothing refers to the folder. Only call this for a bundle
    /// that is not recorded: what a killed or refused recording left in its place is replaced.
    ///
    /// # Errors
    /// [`EvidenceError::Refused`] for a draft without files or with a bad name; [`EvidenceError::Unwritable`] for a
    /// full disk or missing rights, with nothing left behind.
    pub fn write(&self, draft: BundleDraft, previous: Option<&str>) -> Result<(EvidenceRow, Manifest), EvidenceError> {
        self.prepare(draft)?.seal(previous)
    }

    /// The first and longer part of [`Self::write`]: when it returns, the disk has all files of the bundle.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn prepare(&self, draft: BundleDraft) -> Result<Prepared, EvidenceError> {
        check(&draft)?;
        let month = draft.made_at.civil(Utc.fix()).format("%Y%m");
        let folder = format!("{month}/{}/{}", draft.incident, draft.id);
        let making = Making::begin(&self.root, draft.id)?;
        let manifest = making.fill(draft)?;
        Ok(Prepared { making, manifest, root: self.root.clone(), folder })
    }
}

/// A bundle whose files lie on the disk and whose place in the chain is open. Dropped unsealed, it leaves nothing behind.
#[derive(Debug)]
pub struct Prepared {
    making: Making,
    manifest: Manifest,
    root: PathBuf,
    folder: String,
}

impl Prepared {
    /// Chains the bundle behind the manifest with the hash `previous` and moves it into place. When it returns, the disk
    /// has all of it. A bundle whose record was refused can be sealed again, behind another one.
    ///
    /// # Errors
    /// [`EvidenceError::Unwritable`]; nothing is left behind.
    pub fn seal(&mut self, previous: Option<&str>) -> Result<(EvidenceRow, Manifest), EvidenceError> {
        self.making.take_back()?;
        self.manifest.previous = previous.map(str::to_owned);
        let bytes = manifest_bytes(&self.manifest);
        self.making.file(MANIFEST, &bytes)?;
        self.making.finish(&self.root, &self.folder)?;
        let manifest = self.manifest.clone();
        let row = EvidenceRow {
            id: manifest.evidence,
            incident: manifest.incident,
            kind: manifest.kind,
            made_at: manifest.made_at,
            folder: self.folder.clone(),
            manifest_sha256: sha256(&bytes),
            previous: manifest.previous.clone(),
            legal_hold: false,
            purged_at: None,
        };
        Ok((row, manifest))
    }
}

/// The bytes of `manifest.json`: fields in the order of the type, two spaces a level, one newline at the end.
/// The hash in the row is over exactly these.
fn manifest_bytes(manifest: &Manifest) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(manifest).expect("a manifest has string keys and finite numbers only");
    bytes.push(b'\n');
    bytes
}

fn check(draft: &BundleDraft) -> Result<(), EvidenceError> {
    if draft.files.is_empty() {
        return Err(EvidenceError::Refused("a bundle without files proves nothing".to_owned()));
    }
    // JSON has no word for these; the manifest could never be read again.
    if draft.location.as_ref().is_some_and(|at| !at.longitude.is_finite() || !at.latitude.is_finite()) {
        return Err(EvidenceError::Refused("the camera's coordinates are no numbers; correct its location".to_owned()));
    }
    for (i, file) in draft.files.iter().enumerate() {
        check_name(&file.name)?;
        if file.name == MANIFEST || draft.files[..i].iter().any(|other| other.name == file.name) {
            return Err(EvidenceError::Refused(format!("the name {} is taken; give each file its own", file.name)));
        }
    }
    Ok(())
}

/// A bundle in the making: a folder of its own that is removed unless it is finished.
#[derive(Debug)]
struct Making {
    name: String,
    folder: PathBuf,
    /// Where it was moved to.
    placed: Option<PathBuf>,
}

impl Making {
    fn begin(root: &Path, id: EvidenceId) -> Result<Self, EvidenceError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{id}.{}.{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = root.join(MAKING).join(&name);
        // A killed process with the same number may have left one; it is no part of anything.
        let cleared = if folder.exists() { fs::remove_dir_all(&folder) } else { Ok(()) };
        cleared.and_then(|()| make_folder(&folder)).map_err(|error| unwritable(&folder, &error))?;
        Ok(Self { name, folder, placed: None })
    }

    fn file(&self, name: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
        let path = self.folder.join(name);
        write_synced(&path, bytes).map_err(|error| unwritable(&path, &error))
    }

    /// Writes the files and returns the manifest that names them, and no bundle before it.
    fn fill(&self, draft: BundleDraft) -> Result<Manifest, EvidenceError> {
        let BundleDraft {
            id,
            incident,
            kind,
            made_at,
            stream_code,
            location,
            view_name,
            model,
            verifier,
            compared,
            read,
            rule,
            files,
        } = draft;
        let mut listed = Vec::with_capacity(files.len());
        for DraftFile { name, role, bytes, wall, wall_source, arrived, skew_ms, pts, bbox } in files {
            self.file(&name, &bytes)?;
            let (sha256, size_bytes) = (sha256(&bytes), bytes.len() as u64);
            listed.push(EvidenceFile {
                name,
                role,
                sha256,
                size_bytes,
                wall,
                wall_source,
                arrived,
                skew_ms,
                pts,
                bbox,
            });
        }
        Ok(Manifest {
            format: 1,
            evidence: id,
            incident,
            kind,
            made_at,
            stream_code,
            location,
            view_name,
            model,
            verifier,
            compared,
            read,
            rule,
            files: listed,
            previous: None,
        })
    }

    /// Undoes [`Self::finish`], for a bundle that no row came to name.
    fn take_back(&mut self) -> Result<(), EvidenceError> {
        let Some(placed) = self.placed.take() else { return Ok(()) };
        let moved = fs::rename(&placed, &self.folder).and_then(|()| fs::remove_file(self.folder.join(MANIFEST)));
        moved.map_err(|error| unwritable(&placed, &error))
    }

    /// Moves the bundle into place and waits until the disk has every name on the way to it.
    fn finish(&mut self, root: &Path, folder: &str) -> Result<(), EvidenceError> {
        let target = root.join(folder);
        let moved = || -> io::Result<()> {
            sync_folder(&self.folder)?;
            let parent = target.parent().unwrap_or(root);
            make_folder(parent)?;
            let aside = self.folder.with_file_name(format!("{}.replaced", self.name));
            let replaces = target.exists();
            if replaces {
                fs::rename(&target, &aside)?;
            }
            // Retention may remove an incident's empty folder at the very moment; then it is made again.
            fs::rename(&self.folder, &target).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => make_folder(parent).and_then(|()| fs::rename(&self.folder, &target)),
                _ => Err(error),
            })?;
            if replaces {
                fs::remove_dir_all(&aside)?;
            }
            for above in parent.ancestors().take_while(|above| above.starts_with(root)) {
                sync_folder(above)?;
            }
            Ok(())
        };
        moved().map_err(|error| unwritable(&target, &error))?;
        self.placed = Some(target);
        Ok(())
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        // Gone already when the bundle was finished. Anything that cannot be removed now, the reconciler removes.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
