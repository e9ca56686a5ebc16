//! Proves bundles: each file against its manifest, each manifest against its row, each row against the one
//! before. Only reads.

use std::{
    convert::Infallible,
    fmt, fs,
    io::{self, Read},
    path::Path,
};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{EvidenceFolder, MANIFEST, check_name, open_plain, sha256};
use crate::domain::{EvidenceFile, EvidenceId, EvidenceRow, Manifest};

/// What was proved, and the first fault if there is one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VerifyReport {
    /// Bundles that are whole.
    pub bundles: usize,
    /// Files in them, manifests not counted.
    pub files: usize,
    /// Bytes in those.
    pub size_bytes: u64,
    /// Bundles whose files retention removed; only their place in the chain was checked.
    pub purged: usize,
    /// SHA-256 of the manifest checked last: what the next bundle names, and what a paper record can keep.
    pub head: Option<String>,
    /// The first fault; nothing after it was checked.
    pub fault: Option<Fault>,
}

impl VerifyReport {
    /// Whether everything was found whole.
    pub fn whole(&self) -> bool {
        self.fault.is_none()
    }
}

/// One thing that is not as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The bundle, where it is known.
    pub evidence: Option<EvidenceId>,
    /// Its folder.
    pub folder: String,
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Its bytes are not those that were recorded.
    Touched,
    /// It is gone.
    Missing,
    /// It does not belong to the bundle.
    Extra,
    /// It cannot be read.
    Unreadable,
    /// The manifest does not follow the one before it: a bundle was removed, added or moved.
    Unchained,
}

impl FaultKind {
    /// In words, after a file's name.
    pub fn words(self) -> &'static str {
        match self {
            Self::Touched => "已被改动",
            Self::Missing => "缺失",
            Self::Extra => "不属于该证据包",
            Self::Unreadable => "无法读取",
            Self::Unchained => "与前一份证据不衔接",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.folder, self.file, self.kind.words())
    }
}

/// No honest manifest is longer.
const MANIFEST_BYTES_MAX: u64 = 1 << 20;

/// A file and what is wrong with it.
type FileFault = (String, FaultKind);

/// Proves one bundle that stands alone: every file against the manifest in the same folder. The manifest itself
/// can only be proved by the chain; its hash is in `head`.
pub fn verify_folder(folder: &Path) -> VerifyReport {
    let mut report = VerifyReport::default();
    let mut evidence = None;
    let proved = manifest_in(folder).and_then(|(manifest, hash)| {
        evidence = Some(manifest.evidence);
        report.head = Some(hash);
        files_match(folder, &manifest.files).map(|size_bytes| (manifest.files.len(), size_bytes))
    });
    match proved {
        Ok((files, size_bytes)) => (report.bundles, report.files, report.size_bytes) = (1, files, size_bytes),
        Err((file, kind)) => {
            report.fault = Some(Fault { evidence, folder: folder.display().to_string(), file, kind });
        }
    }
    report
}

impl EvidenceFolder {
    /// Proves bundles and their chain: `rows` are all rows in the order in which they were recorded.
    pub fn verify(&self, rows: &[EvidenceRow]) -> VerifyReport {
        match self.verify_each(rows.iter().cloned().map(Ok::<_, Infallible>)) {
            Ok(report) => report,
            Err(never) => match never {},
        }
    }

    /// The same for rows that are read while they are proved.
    ///
    /// # Errors
    /// The first row that cannot be read.
    pub fn verify_each<E>(&self, rows: impl Iterator<Item = Result<EvidenceRow, E>>) -> Result<VerifyReport, E> {
        let mut report = VerifyReport::default();
        for row in rows {
            let row = row?;
            match self.verify_row(&row, report.head.as_deref()) {
                Ok(None) => report.purged += 1,
                Ok(Some((files, size_bytes))) => {
                    report.bundles += 1;
                    report.files += files;
                    report.size_bytes += size_bytes;
                }
                Err((file, kind)) => {
                    report.fault = Some(Fault { evidence: Some(row.id), folder: row.folder, file, kind });
                    return Ok(report);
                }
            }
            report.head = Some(row.manifest_sha256);
        }
        Ok(report)
    }

    /// Number and size of the files, `None` when they were purged.
    fn verify_row(&self, row: &EvidenceRow, head: Option<&str>) -> Result<Option<(usize, u64)>, FileFault> {
        let of_manifest = |kind| (MANIFEST.to_owned(), kind);
        if row.previous.as_deref() != head {
            return Err(of_manifest(FaultKind::Unchained));
        }
        if row.purged_at.is_some() {
            return Ok(None);
        }
        let folder = self.folder_of(row).map_err(|_| of_manifest(FaultKind::Unreadable))?;
        let (manifest, hash) = manifest_in(&folder)?;
        let same = manifest.evidence == row.id
            && manifest.incident == row.incident
            && manifest.kind == row.kind
            && manifest.previous == row.previous;
        if hash != row.manifest_sha256 || !same {
            return Err(of_manifest(FaultKind::Touched));
        }
        files_match(&folder, &manifest.files).map(|size_bytes| Some((manifest.files.len(), size_bytes)))
    }
}

/// The manifest in a folder and the hash of its bytes.
fn manifest_in(folder: &Path) -> Result<(Manifest, String), FileFault> {
    let mut bytes = Vec::new();
    let read =
        open_plain(&folder.join(MANIFEST)).and_then(|file| file.take(MANIFEST_BYTES_MAX).read_to_end(&mut bytes));
    read.map_err(|error| (MANIFEST.to_owned(), kind_of(&error)))?;
    let manifest = serde_json::from_slice(&bytes).map_err(|_| (MANIFEST.to_owned(), FaultKind::Touched))?;
    Ok((manifest, sha256(&bytes)))
}

/// The files in the manifest's order, then whatever else lies in the folder, by name. Returns the size in bytes.
fn files_match(folder: &Path, files: &[EvidenceFile]) -> Result<u64, FileFault> {
    let mut total = 0;
    for file in files {
        let fault = |kind| (file.name.clone(), kind);
        check_name(&file.name).map_err(|_| fault(FaultKind::Touched))?;
        let (hash, size_bytes) = hash_of(&folder.join(&file.name)).map_err(|error| fault(kind_of(&error)))?;
        if hash != file.sha256 || size_bytes != file.size_bytes {
            return Err(fault(FaultKind::Touched));
        }
        total += size_bytes;
    }
    let unreadable = |_| (".".to_owned(), FaultKind::Unreadable);
    let mut extra: Vec<String> = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()
        .map_err(unreadable)?;
    extra.retain(|name| name != MANIFEST && files.iter().all(|file| file.name != *name));
    extra.sort();
    extra.into_iter().next().map_or(Ok(total), |name| Err((name, FaultKind::Extra)))
}

fn kind_of(error: &io::Error) -> FaultKind {
    if error.kind() == io::ErrorKind::NotFound { FaultKind::Missing } else { FaultKind::Unreadable }
}

/// SHA-256 and size of a file, read piece by piece: clips may be large.
fn hash_of(path: &Path) -> io::Result<(String, u64)> {
    let (mut file, mut hash, mut size_bytes) = (open_plain(path)?, Sha256::new(), 0);
    let mut piece = vec![0; 128 * 1024];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((hex::encode(hash.finalize()), size_bytes)),
            read => {
                hash.update(&piece[..read]);
                size_bytes += read as u64;
            }
        }
    }
}
