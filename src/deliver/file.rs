//! The outlet for cities without an interface: one JSON file a delivery, the same JSON as over HTTP with the
//! pictures inside. A file that is there is never written again, whoever may have moved or read it meanwhile.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use serde::Deserialize;

use super::{CaseDay, CaseSink, Confirmed, HeldCase, Packer, Parcel, SinkError};
use crate::{clock::Clock, domain::Receipt};

/// A folder that gets one JSON file a delivery.
pub struct FolderSink {
    folder: PathBuf,
    packer: Packer,
    clock: Arc<dyn Clock>,
}

/// What a comparison needs of a report.
#[derive(Deserialize)]
struct Report {
    case_id: String,
    confirmed: Confirmed,
}

impl FolderSink {
    /// An outlet into `folder`, which is made when it is first needed.
    pub fn new(folder: PathBuf, packer: Packer, clock: Arc<dyn Clock>) -> Self {
        Self { folder, packer, clock }
    }

    /// Writes beside and renames, so that a reader never sees half a file and a crash leaves none.
    fn write(&self, path: &Path, body: &[u8]) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.folder.join(format!(".{name}.{}", std::process::id()));
        let mut file = File::create(&beside)?;
        file.write_all(body)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(&self.folder)?.sync_all()
    }
}

impl CaseSink for FolderSink {
    fn name(&self) -> &str {
        "folder"
    }

    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, SinkError> {
        let now = self.clock.now();
        let later = |error: io::Error| {
            SinkError::Later(format!("{} cannot be written: {error}; mend the folder", self.folder.display()))
        };
        fs::create_dir_all(&self.folder).map_err(later)?;
        let name = format!("{}-{:04}.json", parcel.case.id, parcel.delivery.ordinal);
        let path = self.folder.join(name);
        if path.try_exists().map_err(later)? {
            return Ok(Receipt { at: now, platform_number: None, repeated: true });
        }
        let payload = self.packer.pack(parcel, now)?;
        let body = serde_json::to_vec_pretty(&payload).map_err(|error| SinkError::Never(error.to_string()))?;
        self.write(&path, &body).map_err(later)?;
        Ok(Receipt { at: now, platform_number: None, repeated: false })
    }

    /// What lies in the folder: a report that its reader took away is no longer held.
    fn held(&self, day: &CaseDay) -> Result<Vec<HeldCase>, SinkError> {
        let later = |error: io::Error| {
            SinkError::Later(format!("{} cannot be read: {error}; mend the folder", self.folder.display()))
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(later(error)),
        };
        let mut held = Vec::new();
        for entry in entries {
            let entry = entry.map_err(later)?;
            let is_report = entry.file_name().to_str().is_some_and(|name| name.ends_with("-0000.json"));
            // Reports are written after the case was confirmed; older files cannot be of the day.
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let is_older =
                written.is_ok_and(|at| at < UNIX_EPOCH + Duration::from_millis(day.from.millis().unsigned_abs()));
            if !is_report || is_older {
                continue;
            }
            let bytes = fs::read(entry.path()).map_err(later)?;
            // A file that is none of ours is not a case.
            let Ok(report) = serde_json::from_slice::<Report>(&bytes) else { continue };
            if day.holds(report.confirmed.at) {
                held.push(HeldCase { case_id: report.case_id, platform_number: None, stage: None });
            }
        }
        Ok(held)
    }
}
