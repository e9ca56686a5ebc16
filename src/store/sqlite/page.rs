//! Cursors: where a list goes on, as an opaque text. Lists are ordered by a time and an id, both falling.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    domain::{Id, WallTime},
    store::{Conflict, Page, Rows, StoreError},
};

/// The row after which a page begins. The first page begins after everything that can be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct After {
    /// Sort time in milliseconds.
    pub millis: i64,
    /// Id as text.
    pub id: String,
}

/// A page as a query needs it: `limit` is one more than asked for, to learn whether there is a next page.
#[derive(Clone, Debug)]
pub(super) struct Span {
    list: &'static str,
    /// Begin after this.
    pub after: After,
    /// Rows to fetch.
    pub limit: u32,
}

impl Span {
    /// Reads the cursor of a page of the list called `list`.
    pub(super) fn of(list: &'static str, page: &Page) -> Result<Self, StoreError> {
        let after = match &page.after {
            None => After { millis: i64::MAX, id: String::new() },
            Some(cursor) => decode(list, cursor).ok_or_else(|| bad_cursor(cursor))?,
        };
        Ok(Self { list, after, limit: page.limit.clamp(1, 500) + 1 })
    }

    /// Cuts the row too many and makes the next cursor from the last row that stays.
    pub(super) fn rows<T, K>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> (WallTime, Id<K>)) -> Rows<T> {
        let asked = self.limit as usize - 1;
        let next = (rows.len() > asked).then(|| {
            rows.truncate(asked);
            let (at, id) = key(&rows[asked - 1]);
            URL_SAFE_NO_PAD.encode(format!("{}|{}|{id}", self.list, at.millis()))
        });
        Rows { rows, next }
    }
}

pub(super) fn bad_cursor(cursor: &str) -> StoreError {
    Conflict::Cursor(cursor.chars().take(80).collect()).into()
}

fn decode(list: &str, cursor: &str) -> Option<After> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let mut parts = text.split('|');
    let (name, millis, id) = (parts.next()?, parts.next()?, parts.next()?);
    let id: Id<()> = id.parse().ok()?;
    (name == list && parts.next().is_none()).then_some(())?;
    Some(After { millis: millis.parse().ok()?, id: id.to_string() })
}
