//! Copies of the store: made while it is in use, whole or absent, readable for their owner alone. Beside the store a
//! note tells where the latest lies, so that whoever finds it damaged knows. Must never overwrite anything.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{Offset, Utc};

use super::{SqliteStore, connections::Connections};
use crate::{domain::WallTime, store::StoreError};

/// Lies beside the store and holds the path of the latest copy.
const NOTE: &str = "last-backup";

pub(super) fn backup(
    connections: &Connections,
    store: &Path,
    into: &Path,
    now: WallTime,
) -> Result<PathBuf, StoreError> {
    let unwritable = |error: io::Error| StoreError::Unwritable(format!("{}: {error}", into.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(into).map_err(unwritable)?;
    let into = into.canonicalize().map_err(unwritable)?;
    let copy = into.join(format!("xunjie-{}.db", now.civil(Utc.fix()).format("%Y%m%dT%H%M%S%3fZ")));
    let part = copy.with_extension("part");
    let made = connections.copy_into(&part).and_then(|()| {
        let settled =
            fs::set_permissions(&part, Permissions::from_mode(0o600)).and_then(|()| File::open(&part)?.sync_all());
        settled.map_err(unwritable)?;
        SqliteStore::open(&part)?.check()?;
        fs::rename(&part, &copy).and_then(|()| File::open(&into)?.sync_all()).map_err(unwritable)
    });
    for side in ["part", "part-wal", "part-shm"] {
        let _ = fs::remove_file(copy.with_extension(side));
    }
    made?;
    fs::write(store.with_file_name(NOTE), copy.display().to_string()).map_err(unwritable)?;
    Ok(copy)
}

/// What to do about a store that is damaged, for people.
pub(super) fn how_to_restore(store: &Path) -> String {
    let name = store.display();
    let known = fs::read_to_string(store.with_file_name(NOTE)).map_or_else(
        |_| "no backup is known here; `xunjie backup FOLDER` would have made one".to_owned(),
        |copy| format!("the latest backup is {}", copy.trim()),
    );
    format!(
        "to restore one: stop xunjie, move {name}, {name}-wal and {name}-shm away, copy the backup to {name}; {known}"
    )
}
