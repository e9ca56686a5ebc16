//! The evidence folder: `YYYYMM/<incident>/<bundle>/{manifest.json, files}`. A bundle appears whole or
//! not at all. Nothing here ever changes a bundle that was recorded, or reaches outside of the folder.

mod bundle;
mod clip;
mod reconcile;
mod retention;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    fs::{DirBuilder, File},
    io::{self, BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Component, Path, PathBuf},
};

use rustix::fs::{FileType, Mode, OFlags};
use sha2::{Digest, Sha256};

pub use self::{
    bundle::{BundleDraft, DraftFile, Prepared},
    clip::seconds as clip_seconds,
    reconcile::{Reconciliation, Recorded, Rows},
    retention::{Retained, RetentionPolicy, Standing, expired, retain},
    verify::{Fault, FaultKind, VerifyReport, verify_folder},
};
use super::StoreError;
use crate::domain::{EvidenceId, EvidenceRow, Manifest};

/// Name of the manifest in each bundle.
pub const MANIFEST: &str = "manifest.json";
/// Bundles in the making, on the same file system as the finished ones.
const MAKING: &str = "making";
/// Where the reconciler puts what no row names.
const ORPHANS: &str = "orphans";

/// Why evidence cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The draft or the name cannot be taken.
    #[error("evidence refused: {0}")]
    Refused(String),
    /// The disk is full or the folder cannot be written; nothing was left behind.
    #[error("evidence cannot be written to {path}: {reason}; free disk space or mend the folder's rights")]
    Unwritable {
        /// Which file or folder.
        path: PathBuf,
        /// In the system's words.
        reason: String,
    },
    /// A file is not there.
    #[error("evidence {evidence} has no file {file}; run `evidence verify`")]
    Missing {
        /// The bundle.
        evidence: EvidenceId,
        /// The file.
        file: String,
    },
    /// A file is not what the manifest says.
    #[error("evidence {evidence}: {file} was changed after it was made; do not use it and run `evidence verify`")]
    Touched {
        /// The bundle.
        evidence: EvidenceId,
        /// The file.
        file: String,
    },
    /// Retention removed the files.
    #[error("the files of evidence {0} were removed when their time was over")]
    Purged(EvidenceId),
    /// It is there and cannot be read.
    #[error("evidence cannot be read from {path}: {reason}; mend the folder's rights or the disk")]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// In the system's words.
        reason: String,
    },
}

/// Why keeping folder and rows in step stopped. What was done until then is done; the next run goes on.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The folder refused.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// The folder that holds all bundles.
#[derive(Clone, Debug)]
pub struct EvidenceFolder {
    root: PathBuf,
}

impl EvidenceFolder {
    /// Opens the folder and makes it (0700) where it is missing.
    ///
    /// # Errors
    /// [`EvidenceError::Unwritable`] when it cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, EvidenceError> {
        let root = root.into();
        make_folder(&root).map_err(|error| unwritable(&root, &error))?;
        Ok(Self { root })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The manifest of a recorded bundle, checked against the row's hash.
    ///
    /// # Errors
    /// [`EvidenceError::Touched`] when it is not the manifest that was recorded, `Missing`, `Purged`, `Unreadable`.
    pub fn manifest(&self, row: &EvidenceRow) -> Result<Manifest, EvidenceError> {
        let bytes = self.bytes(row, MANIFEST)?;
        let touched = || EvidenceError::Touched { evidence: row.id, file: MANIFEST.to_owned() };
        if sha256(&bytes) != row.manifest_sha256 {
            return Err(touched());
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|_| touched())?;
        if manifest.evidence == row.id && manifest.incident == row.incident { Ok(manifest) } else { Err(touched()) }
    }

    /// A file of a recorded bundle, checked against the manifest.
    ///
    /// # Errors
    /// As [`Self::manifest`]; `Touched` names the file when its bytes are not those that were recorded.
    pub fn read(&self, row: &EvidenceRow, name: &str) -> Result<Vec<u8>, EvidenceError> {
        let manifest = self.manifest(row)?;
        let missing = || EvidenceError::Missing { evidence: row.id, file: name.chars().take(80).collect() };
        let file = manifest.files.iter().find(|file| file.name == name).ok_or_else(missing)?;
        let bytes = self.bytes(row, name)?;
        if sha256(&bytes) == file.sha256 {
            Ok(bytes)
        } else {
            Err(EvidenceError::Touched { evidence: row.id, file: name.to_owned() })
        }
    }

    /// Where a file of a recorded bundle lies, for those who send it piece by piece. Not checked against its hash.
    ///
    /// # Errors
    /// [`EvidenceError::Refused`] for a name that no file of a bundle can have, `Purged` when the files are gone.
    pub fn path(&self, row: &EvidenceRow, name: &str) -> Result<PathBuf, EvidenceError> {
        if row.purged_at.is_some() {
            return Err(EvidenceError::Purged(row.id));
        }
        check_name(name)?;
        Ok(self.folder_of(row)?.join(name))
    }

    /// Width and height of a picture of a recorded bundle, from its head alone.
    ///
    /// # Errors
    /// As [`Self::path`]; `Missing`, and `Unreadable` where it is no picture.
    pub fn picture_size(&self, row: &EvidenceRow, name: &str) -> Result<(u32, u32), EvidenceError> {
        let path = self.path(row, name)?;
        let failed = |reason: String| EvidenceError::Unreadable { path: path.clone(), reason };
        let file = open_plain(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => EvidenceError::Missing { evidence: row.id, file: name.to_owned() },
            _ => failed(error.to_string()),
        })?;
        let reader = image::ImageReader::new(file).with_guessed_format().map_err(|error| failed(error.to_string()))?;
        reader.into_dimensions().map_err(|error| failed(error.to_string()))
    }

    /// How long a clip of a bundle is, in seconds; `None` where its file is gone or does not tell.
    pub fn clip_seconds(&self, row: &EvidenceRow, name: &str) -> Option<f64> {
        clip::seconds(open_plain(&self.path(row, name).ok()?).ok()?)
    }

    /// The folder of a bundle. The row's text must lead to below the root, whatever wrote it.
    fn folder_of(&self, row: &EvidenceRow) -> Result<PathBuf, EvidenceError> {
        let relative = Path::new(&row.folder);
        let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
        if plain && relative.components().count() == 3 {
            Ok(self.root.join(relative))
        } else {
            Err(EvidenceError::Refused(format!("{:?} is no folder of a bundle", row.folder)))
        }
    }

    /// The bytes of a file as they lie on the disk, not checked against their hash.
    ///
    /// # Errors
    /// As [`Self::path`]; `Missing` and `Unreadable`.
    pub fn bytes(&self, row: &EvidenceRow, name: &str) -> Result<Vec<u8>, EvidenceError> {
        let path = self.path(row, name)?;
        let mut bytes = Vec::new();
        let read = open_plain(&path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map(|_| bytes).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => EvidenceError::Missing { evidence: row.id, file: name.to_owned() },
            _ => EvidenceError::Unreadable { reason: error.to_string(), path },
        })
    }
}

/// Opens a file of a bundle. A link in its place leads out of the bundle, and a pipe or a device has no end: neither
/// is ever opened, whoever put it there.
fn open_plain(path: &Path) -> io::Result<BufReader<File>> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, OFlags::RDONLY | flags, Mode::empty())?);
    let is_plain = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) == FileType::RegularFile;
    if is_plain { Ok(BufReader::new(file)) } else { Err(io::Error::other("it is no plain file")) }
}

/// Names are 1 to 80 of `a-z 0-9 _ . -` and begin with no dot, so none leads out of the bundle or hides in it.
fn check_name(name: &str) -> Result<(), EvidenceError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
    if (1..=80).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(allowed) {
        return Ok(());
    }
    let shown: String = name.chars().take(80).collect();
    Err(EvidenceError::Refused(format!("{shown:?} is no file name; names are 1 to 80 of a-z, 0-9, '_', '.' and '-'")))
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn unwritable(path: &Path, error: &io::Error) -> EvidenceError {
    EvidenceError::Unwritable { path: path.to_owned(), reason: error.to_string() }
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a new file and waits until the disk has it.
fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the disk has a folder's names.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
