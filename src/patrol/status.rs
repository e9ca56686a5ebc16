//! Writes down how the plan stands, so that the page, the API and the command line can show it: one file in the data
//! folder, replaced whole once a second. It is news, not truth: nothing is decided by it, and it goes with the process.

use std::{fs, path::Path};

use crate::domain::PlanStatus;

/// Replaces what was written before. A plan that cannot be written is logged and costs the looks nothing.
pub fn write(file: &Path, plan: &PlanStatus) {
    let part = file.with_extension("part");
    let text = serde_json::to_vec(plan).map_err(std::io::Error::other);
    let written = text.and_then(|text| fs::write(&part, text)).and_then(|()| fs::rename(&part, file));
    if let Err(error) = written {
        tracing::debug!(%error, "how the plan stands cannot be written down");
    }
}

/// Takes it away: nobody plans any more.
pub fn forget(file: &Path) {
    let _ = fs::remove_file(file);
}
