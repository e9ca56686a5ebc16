//! How domain values stand in columns: ids and keys as text, times as milliseconds, plain enums as
//! the words that the API uses, nested values as JSON. Must never hold SQL.

use rusqlite::{
    Row, ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef},
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, value},
};

use crate::domain::{Appearance, Area, Id, Location, MatterKey, Score, WallTime};

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> FromSqlError {
    FromSqlError::Other(Box::new(error))
}

fn unwritable(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

impl<T> ToSql for Id<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Text(self.to_string())))
    }
}
impl<T> FromSql for Id<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(unreadable)
    }
}

impl ToSql for WallTime {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Integer(self.millis())))
    }
}
impl FromSql for WallTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_millis)
    }
}

impl ToSql for MatterKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}
impl FromSql for MatterKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(unreadable)
    }
}

impl ToSql for Area {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.as_str()))
    }
}
impl FromSql for Area {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map_err(unreadable)
    }
}

impl ToSql for Score {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Real(f64::from(self.value()))))
    }
}
impl FromSql for Score {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(f32::column_result(value)?).map_err(unreadable)
    }
}

/// Little-endian `f32`s, exactly as they were.
impl ToSql for Appearance {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Blob(self.as_slice().iter().flat_map(|value| value.to_le_bytes()).collect())))
    }
}
impl FromSql for Appearance {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let (chunks, rest) = value.as_blob()?.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(FromSqlError::InvalidType);
        }
        let values = chunks.iter().map(|chunk| f32::from_le_bytes(*chunk));
        // Not `Appearance::new`, which would scale the vector again and move its last bits.
        Self::deserialize(value::SeqDeserializer::<_, value::Error>::new(values)).map_err(unreadable)
    }
}

/// A plain enum as the word by which serde calls it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0).map_err(unwritable)? {
            serde_json::Value::String(word) => Ok(ToSqlOutput::Owned(Value::Text(word))),
            other => Err(unwritable(std::io::Error::other(format!("{other} is not a word")))),
        }
    }
}
impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = serde_json::Value::String(value.as_str()?.to_owned());
        serde_json::from_value(word).map(Self).map_err(unreadable)
    }
}

/// A nested value as JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0).map(|text| ToSqlOutput::Owned(Value::Text(text))).map_err(unwritable)
    }
}
impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map(Self).map_err(unreadable)
    }
}

/// The five columns of a [`Location`]. Not JSON: coordinates keep their last bit in a REAL.
pub(super) fn location(row: &Row<'_>) -> rusqlite::Result<Option<Location>> {
    let Some(crs) = row.get::<_, Option<Word<_>>>("crs")? else { return Ok(None) };
    Ok(Some(Location {
        longitude: row.get("longitude")?,
        latitude: row.get("latitude")?,
        crs: crs.0,
        address: row.get("address")?,
        grid_cell: row.get("grid_cell")?,
    }))
}

/// A state in columns says something that no state of the domain can.
pub(super) fn impossible(what: &str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, what.to_owned().into())
}
