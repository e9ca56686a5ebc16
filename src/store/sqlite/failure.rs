//! What SQLite says, turned into what the caller can do. Must never let an SQL text or a value through.

use rusqlite::{Error, ErrorCode, ffi};

use crate::store::{Conflict, StoreError};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::SqliteFailure(code, text) => by_code(code, text),
            Error::SqlInputError { error, msg, .. } => by_code(error, Some(msg)),
            Error::FromSqlConversionFailure(_, _, reason) => Self::Unusable(format!(
                "a row cannot be read ({reason}); the file was changed by hand or by another version: restore a backup"
            )),
            Error::InvalidColumnType(_, column, _) => Self::Unusable(format!(
                "column {column} holds another type; the file was changed by hand or by another version: restore a backup"
            )),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn by_code(error: ffi::Error, text: Option<String>) -> StoreError {
    let text = text.unwrap_or_else(|| error.to_string());
    match error.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
            StoreError::Busy("another process is writing".to_owned())
        }
        ErrorCode::DiskFull => StoreError::Unwritable("the disk is full".to_owned()),
        ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => StoreError::Unwritable(text),
        ErrorCode::SystemIoFailure => StoreError::Unwritable(format!("{text} (code {})", error.extended_code)),
        ErrorCode::DatabaseCorrupt => StoreError::Unusable(format!(
            "the file is damaged ({text}); restore a backup, or move it away to begin anew"
        )),
        ErrorCode::NotADatabase => StoreError::Unusable(
            "the file is no database, or its head is damaged; name another file, restore a backup, or move it away"
                .to_owned(),
        ),
        ErrorCode::ConstraintViolation => Conflict::Stored(text).into(),
        _ => StoreError::Failed(text),
    }
}
