//! Opens the file: rights, pragmas, migrations; holds one writing connection and a few reading ones.
//! Must never open a file that another program or a newer version wrote.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::backup;
use crate::store::StoreError;

/// One file a schema version, in order. Files that were released never change.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/001_first.sql"),
    include_str!("schema/002_platform_pause.sql"),
    include_str!("schema/003_lists.sql"),
    include_str!("schema/004_accounts.sql"),
    include_str!("schema/005_review.sql"),
    include_str!("schema/006_statistics.sql"),
    include_str!("schema/007_second_looks.sql"),
    include_str!("schema/008_door.sql"),
    include_str!("schema/009_exemplars.sql"),
    include_str!("schema/010_coverage.sql"),
    include_str!("schema/011_marks.sql"),
    include_str!("schema/012_reading.sql"),
    include_str!("schema/013_shadow.sql"),
    include_str!("schema/014_reasons.sql"),
    include_str!("schema/015_spots.sql"),
    include_str!("schema/016_judgements.sql"),
];
/// Marks our files in SQLite's header: "XJst".
const APPLICATION_ID: i32 = 0x584a_7374;
/// Reads run beside each other and beside the one writer.
const READERS: usize = 4;
/// How long a write waits for the writes of this process, and then for those of another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long what can be left undone waits for either.
const NOTE_TIMEOUT: Duration = Duration::from_millis(50);

const OWN_WRITES: &str = "this process is writing other things";

/// One writer, a few readers. In memory the writer reads too.
#[derive(Debug)]
pub(super) struct Connections {
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
}

impl Connections {
    /// Opens or makes the file, readable for its owner alone, and brings its schema up to date.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        ready_file(path).map_err(|error| StoreError::Unwritable(format!("{}: {error}", path.display())))?;
        let connect = || -> Result<Connection, StoreError> {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            prepare(&connection)?;
            Ok(connection)
        };
        let opened = || -> Result<Self, StoreError> {
            let mut writer = connect()?;
            refuse_strangers(&writer)?;
            close_to_others(path)?;
            enter_wal(&writer)?;
            migrate(&mut writer)?;
            let readers = (0..READERS).map(|_| connect().map(Mutex::new)).collect::<Result<_, _>>()?;
            Ok(Self { writer: Mutex::new(writer), readers, next_reader: AtomicUsize::new(0) })
        };
        opened().map_err(|error| naming(path, error))
    }

    /// A store that ends with the process.
    pub(super) fn in_memory() -> Result<Self, StoreError> {
        let mut writer = Connection::open_in_memory()?;
        prepare(&writer)?;
        migrate(&mut writer)?;
        Ok(Self { writer: Mutex::new(writer), readers: Vec::new(), next_reader: AtomicUsize::new(0) })
    }

    /// Runs `work` in one writing transaction; an error (or a panic) leaves everything as it was. Waits twice
    /// [`BUSY_TIMEOUT`] at most, however many others wait: while another process holds the file each of them takes that long.
    pub(super) fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(mut connection) = self.writer.try_lock_for(BUSY_TIMEOUT) else {
            return Err(StoreError::Busy(OWN_WRITES.to_owned()));
        };
        in_transaction(&mut connection, work)
    }

    /// The same for what can be left undone: waits a moment alone.
    pub(super) fn write_soon(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let Some(mut connection) = self.writer.try_lock_for(NOTE_TIMEOUT) else {
            return Err(StoreError::Busy(OWN_WRITES.to_owned()));
        };
        connection.busy_timeout(NOTE_TIMEOUT)?;
        let done = in_transaction(&mut connection, work);
        connection.busy_timeout(BUSY_TIMEOUT)?;
        done
    }

    /// Runs `work` on one consistent state.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.reader();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        work(&tx)
    }

    /// Writes a copy of one consistent state into a new file; writing goes on meanwhile.
    pub(super) fn copy_into(&self, file: &Path) -> Result<(), StoreError> {
        let text = file.to_str().ok_or_else(|| StoreError::Unwritable("the folder's name is no text".to_owned()))?;
        self.reader().execute("VACUUM INTO ?1", [text])?;
        Ok(())
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        if self.readers.is_empty() {
            return self.writer.lock();
        }
        let first = self.next_reader.fetch_add(1, Ordering::Relaxed);
        let free = (0..self.readers.len()).find_map(|i| self.readers[(first + i) % self.readers.len()].try_lock());
        free.unwrap_or_else(|| self.readers[first % self.readers.len()].lock())
    }
}

/// A panic inside rolls the transaction back while it unwinds, so the connection stays sound.
fn in_transaction<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&tx)?;
    tx.commit()?;
    Ok(done)
}

/// Makes the folder (0700) and the file (0600) where they are missing.
fn ready_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Ok(())
}

/// Takes a file of ours, which holds credentials, away from everybody but its owner. SQLite gives its side
/// files the same rights.
fn close_to_others(path: &Path) -> Result<(), StoreError> {
    let closed = || -> io::Result<()> {
        let wide = fs::metadata(path)?.permissions().mode() & 0o077 != 0;
        if wide { fs::set_permissions(path, Permissions::from_mode(0o600)) } else { Ok(()) }
    };
    closed().map_err(|error| StoreError::Unwritable(format!("its rights cannot be set to 0600: {error}")))
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // FULL: a commit is on the disk before it is answered, also in WAL; nothing recorded may be lost on a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// SQLite does not wait by itself when two processes turn a new file to WAL at once.
fn enter_wal(connection: &Connection) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        let answer = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match answer.map_err(StoreError::from) {
            Ok(mode) if mode.eq_ignore_ascii_case("wal") => return Ok(()),
            Ok(mode) => return Err(StoreError::Unusable(format!("this file system only allows journal mode {mode}"))),
            Err(StoreError::Busy(_)) if tries < 100 => {
                tries += 1;
                thread::sleep(Duration::from_millis(50));
            }
            Err(error) => return Err(error),
        }
    }
}

fn number(connection: &Connection, pragma: &str) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, pragma, |row| row.get(0))?)
}

/// Refuses a database of another program before anything in it is changed.
fn refuse_strangers(connection: &Connection) -> Result<(), StoreError> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && number(connection, "application_id")? != i64::from(APPLICATION_ID) {
        return Err(StoreError::Unusable("it is a database of another program; name another file".to_owned()));
    }
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as i64;
    if number(connection, "user_version")? == known {
        return Ok(());
    }
    // Asked again under the lock: another process may have done it in between.
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let present = number(&tx, "user_version")?;
    if present > known {
        return Err(StoreError::Unusable(format!(
            "it was written by a newer version (schema {present}, this program knows {known}); use that version"
        )));
    }
    for sql in MIGRATIONS.iter().skip(usize::try_from(present).unwrap_or(0)) {
        tx.execute_batch(sql)?;
    }
    if present < known {
        tx.pragma_update(None, "application_id", APPLICATION_ID)?;
        tx.pragma_update(None, "user_version", known)?;
    }
    Ok(tx.commit()?)
}

/// Says which file could not be opened.
fn naming(path: &Path, error: StoreError) -> StoreError {
    let named = |text: String| format!("{}: {text}", path.display());
    match error {
        StoreError::Busy(text) => StoreError::Busy(named(text)),
        StoreError::Unwritable(text) => StoreError::Unwritable(named(text)),
        StoreError::Unusable(text) if text.contains("backup") => {
            StoreError::Unusable(format!("{}; {}", named(text), backup::how_to_restore(path)))
        }
        StoreError::Unusable(text) => StoreError::Unusable(named(text)),
        StoreError::Failed(text) => StoreError::Failed(named(text)),
        other => other,
    }
}
