//! Finds what the store and the folder do not agree on, both ways. Mends only what cannot cost evidence:
//! folders that no row names are set aside, never deleted.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use serde::Serialize;

use super::{EvidenceError, EvidenceFolder, MAKING, ORPHANS, UpkeepError, make_folder, sync_folder, unwritable};
use crate::{
    domain::{EvidenceRow, IncidentId, WallTime},
    store::{Store, StoreError, evidence_rows},
};

/// A younger folder may be a bundle whose row is just being recorded.
const SETTLED: Duration = Duration::from_secs(3600);

/// What was found, as folders below the root, and what was done about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// On the disk and in no row.
    pub orphan_folders: Vec<String>,
    /// In a row, not purged, and not on the disk.
    pub missing_folders: Vec<String>,
    /// On the disk though retention purged them (the process died in between), and bundles that were never finished.
    pub leftovers: Vec<String>,
    /// Orphans that were moved to `orphans/`.
    pub moved: Vec<String>,
    /// Leftovers that were deleted.
    pub removed: Vec<String>,
}

/// The rows that the folder is compared with, read piece by piece: neither all rows nor all folders are ever held.
pub trait Rows {
    /// Every row in the order of recording.
    fn all(&self) -> Box<dyn Iterator<Item = Result<EvidenceRow, StoreError>> + '_>;
    /// Rows of one incident.
    fn of(&self, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError>;
}

/// The rows that a store recorded.
pub struct Recorded<'a>(pub &'a dyn Store);

impl Rows for Recorded<'_> {
    fn all(&self) -> Box<dyn Iterator<Item = Result<EvidenceRow, StoreError>> + '_> {
        Box::new(evidence_rows(self.0))
    }
    fn of(&self, incident: IncidentId) -> Result<Vec<EvidenceRow>, StoreError> {
        self.0.evidence_of(incident)
    }
}

impl EvidenceFolder {
    /// Compares the folder with the rows, both ways. With `repair`, orphans older than an hour move to `orphans/` and
    /// leftovers are deleted.
    ///
    /// # Errors
    /// [`UpkeepError`]; what was done until then stays done.
    pub fn reconcile(&self, rows: &dyn Rows, now: WallTime, repair: bool) -> Result<Reconciliation, UpkeepError> {
        let mut found = Reconciliation::default();
        self.compare_folders(rows, &mut found)?;
        for row in rows.all() {
            let row = row?;
            if row.purged_at.is_none() && !self.folder_of(&row).is_ok_and(|folder| folder.is_dir()) {
                found.missing_folders.push(row.folder);
            }
        }
        for name in folders_in(&self.root.join(MAKING))? {
            let folder = format!("{MAKING}/{name}");
            if self.settled(&folder, now)? {
                found.leftovers.push(folder);
            }
        }
        if repair {
            self.repair(&mut found, now)?;
        }
        Ok(found)
    }

    fn repair(&self, found: &mut Reconciliation, now: WallTime) -> Result<(), EvidenceError> {
        for folder in &found.leftovers {
            self.remove(folder)?;
            found.removed.push(folder.clone());
        }
        for folder in &found.orphan_folders {
            if self.settled(folder, now)? {
                self.set_aside(folder)?;
                found.moved.push(folder.clone());
            }
        }
        Ok(())
    }

    /// Deletes a folder below the root, and the folders above it that are empty then.
    pub(super) fn remove(&self, folder: &str) -> Result<(), EvidenceError> {
        let path = self.root.join(folder);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(&path, &error)),
            _ => {
                self.drop_empty_parents(&path);
                Ok(())
            }
        }
    }

    fn set_aside(&self, folder: &str) -> Result<(), EvidenceError> {
        let (from, to) = (self.root.join(folder), self.root.join(ORPHANS).join(folder));
        let moved = || -> io::Result<()> {
            make_folder(to.parent().unwrap_or(&self.root))?;
            fs::rename(&from, &to)?;
            sync_folder(to.parent().unwrap_or(&self.root))
        };
        moved().map_err(|error| unwritable(&to, &error))?;
        self.drop_empty_parents(&from);
        Ok(())
    }

    fn drop_empty_parents(&self, path: &Path) {
        let below_root = path.ancestors().skip(1).take_while(|above| *above != self.root);
        for above in below_root.filter(|above| above.starts_with(&self.root)) {
            // Refused by the system as long as something is in it, which is what is wanted.
            if fs::remove_dir(above).is_err() {
                return;
            }
        }
    }

    /// Looks up every `month/incident/bundle`: the folders of an incident are listed before its rows are read, so that
    /// one that is recorded in between is known.
    fn compare_folders(&self, rows: &dyn Rows, found: &mut Reconciliation) -> Result<(), UpkeepError> {
        for month in folders_in(&self.root)?.into_iter().filter(|name| name != MAKING && name != ORPHANS) {
            for incident in folders_in(&self.root.join(&month))? {
                let bundles = folders_in(&self.root.join(&month).join(&incident))?;
                let known = incident.parse().map_or_else(|_| Ok(Vec::new()), |id| rows.of(id))?;
                for bundle in bundles {
                    let folder = format!("{month}/{incident}/{bundle}");
                    match known.iter().find(|row| row.folder == folder) {
                        Some(row) if row.purged_at.is_none() => {}
                        Some(_) => found.leftovers.push(folder),
                        None => found.orphan_folders.push(folder),
                    }
                }
            }
        }
        Ok(())
    }

    fn settled(&self, folder: &str, now: WallTime) -> Result<bool, EvidenceError> {
        let path = self.root.join(folder);
        let changed = match fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            Ok(changed) => changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(unreadable(path, &error)),
        };
        let changed = WallTime::from_millis(i64::try_from(changed).unwrap_or(i64::MAX));
        Ok(now.since(changed) > SETTLED)
    }
}

/// Names of the folders in a folder, sorted; none when it is not there.
fn folders_in(path: &Path) -> Result<Vec<String>, EvidenceError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(path.to_owned(), &error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(path.to_owned(), &error))?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable(path: PathBuf, error: &io::Error) -> EvidenceError {
    EvidenceError::Unreadable { path, reason: error.to_string() }
}
