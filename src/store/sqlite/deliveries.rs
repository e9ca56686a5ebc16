//! Deliveries: the outbox. A row is written in the transaction that makes the duty and never goes back
//! from delivered.

use std::time::Duration;

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas::Arms,
    cases,
    columns::{Json, impossible},
    journal::audit_and_tell,
    page::Span,
};
use crate::{
    domain::{Areas, CaseId, Delivery, DeliveryId, DeliveryState, Message, PlatformPause, Receipt, Thing, WallTime},
    store::{Conflict, Page, Rows, StoreError},
};

/// A dead earlier message blocks the later ones: the platform must not hear of a re-check of a case that it never got.
pub(super) const DUE_SQL: &str = "SELECT * FROM deliveries
     WHERE state = 'pending' AND next_at <= ?1 AND NOT EXISTS
         (SELECT 1 FROM deliveries AS earlier WHERE earlier.case_id = deliveries.case_id
              AND earlier.ordinal < deliveries.ordinal AND earlier.state <> 'delivered')
     ORDER BY next_at, created_at, id LIMIT ?2";
/// The clock was set back after their next try was set: that time says nothing any more, so they are due now.
pub(super) const AHEAD_SQL: &str = "SELECT * FROM deliveries INDEXED BY deliveries_set
     WHERE state = 'pending' AND set_at > ?2 AND +next_at > ?1 AND NOT EXISTS
         (SELECT 1 FROM deliveries AS earlier WHERE earlier.case_id = deliveries.case_id
              AND earlier.ordinal < deliveries.ordinal AND earlier.state <> 'delivered')
     ORDER BY set_at LIMIT ?3";
/// A clock that differs by less between two processes, or is corrected by less, was not set back.
const CLOCK_STEP_MIN: Duration = Duration::from_secs(5);

/// Adds the next message of a case.
pub(super) fn enqueue(
    tx: &Transaction<'_>,
    case: CaseId,
    message: Message,
    at: WallTime,
) -> Result<Delivery, StoreError> {
    enqueue_from(tx, case, message, at, at)
}

/// The same, to be tried from `due` on.
pub(super) fn enqueue_from(
    tx: &Transaction<'_>,
    case: CaseId,
    message: Message,
    at: WallTime,
    due: WallTime,
) -> Result<Delivery, StoreError> {
    let ordinal = tx
        .prepare_cached("SELECT coalesce(max(ordinal) + 1, 0) FROM deliveries WHERE case_id = ?1")?
        .query_row([case], |row| row.get(0))?;
    let state = DeliveryState::Pending { attempts: 0, next_at: due.max(at), last_error: None };
    let delivery = Delivery { state, ..Delivery::new(case, ordinal, message, at) };
    let Delivery { id, case, ordinal, message, created_at, state } = &delivery;
    let StateColumns { state, attempts, next_at, last_error, .. } = StateColumns::from(state);
    tx.prepare_cached(
        "INSERT INTO deliveries (id, case_id, ordinal, message, created_at, state, attempts, next_at, last_error,
             set_at, area)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?5, (SELECT area FROM cases WHERE id = ?2))",
    )?
    .execute(params![id, case, ordinal, Json(message), created_at, state, attempts, next_at, last_error])?;
    Ok(delivery)
}

pub(super) fn due(tx: &Transaction<'_>, now: WallTime, limit: u32) -> Result<Vec<Delivery>, StoreError> {
    let mut query = tx.prepare_cached(DUE_SQL)?;
    let mut due: Vec<Delivery> = query.query_map(params![now, limit], delivery_of)?.collect::<Result<_, _>>()?;
    let room = limit.saturating_sub(u32::try_from(due.len()).unwrap_or(u32::MAX));
    if room > 0 {
        let mut query = tx.prepare_cached(AHEAD_SQL)?;
        let ahead = query.query_map(params![now, now.plus(CLOCK_STEP_MIN), room], delivery_of)?;
        due.extend(ahead.collect::<Result<Vec<_>, _>>()?);
    }
    Ok(due)
}

pub(super) fn one(tx: &Transaction<'_>, id: DeliveryId) -> Result<Delivery, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM deliveries WHERE id = ?1")?;
    query
        .query_row([id], delivery_of)
        .optional()?
        .ok_or_else(|| StoreError::Missing { what: Thing::Delivery, id: id.to_string() })
}

/// The query of a list of those areas, in one state (`:state`) or all.
pub(super) fn list_sql(areas: &Arms, stated: bool) -> String {
    let of_state = if stated { "state = :state AND " } else { "" };
    let arms = areas
        .union(|area| format!("SELECT * FROM deliveries WHERE {area}{of_state}(created_at, id) < (:millis, :after)"));
    format!("{arms} ORDER BY created_at DESC, id DESC LIMIT :limit")
}

pub(super) fn list(
    tx: &Transaction<'_>,
    areas: &Areas,
    state: Option<&str>,
    page: &Page,
) -> Result<Rows<Delivery>, StoreError> {
    if let Some(other) = state.filter(|state| !matches!(*state, "pending" | "delivered" | "dead")) {
        let want = "state of a delivery; use pending, delivered or dead";
        return Err(Conflict::Word { got: other.to_owned(), want }.into());
    }
    let span = Span::of("deliveries", page)?;
    let arms = Arms::of(areas);
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":millis", &span.after.millis), (":after", &span.after.id), (":limit", &span.limit)];
    values.extend(arms.values());
    if let Some(state) = &state {
        values.push((":state", state));
    }
    let mut query = tx.prepare_cached(&list_sql(&arms, state.is_some()))?;
    let rows = query.query_map(&*values, delivery_of)?.collect::<Result<_, _>>()?;
    Ok(span.rows(rows, |delivery: &Delivery| (delivery.created_at, delivery.id)))
}

pub(super) fn of_case(tx: &Transaction<'_>, case: CaseId) -> Result<Vec<Delivery>, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM deliveries WHERE case_id = ?1 ORDER BY ordinal")?;
    Ok(query.query_map([case], delivery_of)?.collect::<Result<_, _>>()?)
}

pub(super) fn waiting(tx: &Transaction<'_>) -> Result<u64, StoreError> {
    let count: i64 = tx
        .prepare_cached("SELECT count(*) FROM deliveries WHERE state = 'pending'")?
        .query_row([], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

/// Stores where a delivery stands after a try. What was delivered stays delivered.
pub(super) fn set(tx: &Transaction<'_>, id: DeliveryId, state: &DeliveryState, at: WallTime) -> Result<(), StoreError> {
    let before = one(tx, id)?;
    if matches!(before.state, DeliveryState::Delivered { .. }) {
        return Ok(());
    }
    write_state(tx, id, state, at)?;
    let subject = id.to_string();
    match state {
        DeliveryState::Pending { .. } => Ok(()),
        DeliveryState::Delivered { attempts, receipt } => {
            if let Some(number) = &receipt.platform_number {
                cases::set_platform_number(tx, before.case, number)?;
            }
            let detail = json!({"case": before.case, "attempts": attempts, "receipt": receipt});
            audit_and_tell(tx, at, "platform", "delivery.delivered", &subject, &detail)
        }
        DeliveryState::Dead { attempts, reason, .. } => {
            let detail = json!({"case": before.case, "attempts": attempts, "reason": reason});
            audit_and_tell(tx, at, "system", "delivery.dead", &subject, &detail)
        }
    }
}

/// Makes a delivery due at once, with a fresh count of tries; the latest error stays readable.
pub(super) fn replay(tx: &Transaction<'_>, id: DeliveryId, at: WallTime, actor: &str) -> Result<(), StoreError> {
    let before = one(tx, id)?;
    let last_error = match before.state {
        DeliveryState::Delivered { .. } => {
            return Err(Conflict::Delivered(id).into());
        }
        DeliveryState::Pending { last_error, .. } => last_error,
        DeliveryState::Dead { reason, .. } => Some(reason),
    };
    write_state(tx, id, &DeliveryState::Pending { attempts: 0, next_at: at, last_error }, at)?;
    audit_and_tell(tx, at, actor, "delivery.replayed", &id.to_string(), &json!({"case": before.case}))
}

/// The pause of the platform, if there is one.
pub(super) fn pause(tx: &Transaction<'_>) -> Result<Option<PlatformPause>, StoreError> {
    let mut query = tx.prepare_cached("SELECT since, why, probe_at FROM platform_pause")?;
    let read = |row: &Row<'_>| Ok(PlatformPause { since: row.get(0)?, why: row.get(1)?, probe_at: row.get(2)? });
    Ok(query.query_row([], read).optional()?)
}

/// Begins, goes on with or ends the pause of the platform.
pub(super) fn set_pause(tx: &Transaction<'_>, pause: Option<&PlatformPause>, at: WallTime) -> Result<(), StoreError> {
    let before = self::pause(tx)?;
    match pause {
        Some(PlatformPause { since, why, probe_at }) => {
            tx.prepare_cached(
                "INSERT OR REPLACE INTO platform_pause (one, since, why, probe_at) VALUES (1, ?1, ?2, ?3)",
            )?
            .execute(params![since, why, probe_at])?;
        }
        None => {
            tx.prepare_cached("DELETE FROM platform_pause")?.execute([])?;
        }
    }
    match (before, pause) {
        (None, Some(pause)) => {
            audit_and_tell(tx, at, "system", "platform.paused", "platform", &json!({"why": pause.why}))
        }
        (Some(before), None) => {
            audit_and_tell(tx, at, "system", "platform.resumed", "platform", &json!({"since": before.since}))
        }
        (None, None) | (Some(_), Some(_)) => Ok(()),
    }
}

/// [`DeliveryState`] in columns.
#[derive(Debug, Default)]
struct StateColumns<'a> {
    state: &'static str,
    attempts: u32,
    next_at: Option<WallTime>,
    last_error: Option<&'a str>,
    receipt_at: Option<WallTime>,
    receipt_number: Option<&'a str>,
    receipt_repeated: Option<bool>,
    dead_at: Option<WallTime>,
    dead_reason: Option<&'a str>,
}

impl<'a> From<&'a DeliveryState> for StateColumns<'a> {
    fn from(state: &'a DeliveryState) -> Self {
        match state {
            DeliveryState::Pending { attempts, next_at, last_error } => Self {
                state: "pending",
                attempts: *attempts,
                next_at: Some(*next_at),
                last_error: last_error.as_deref(),
                ..Self::default()
            },
            DeliveryState::Delivered { attempts, receipt: Receipt { at, platform_number, repeated } } => Self {
                state: "delivered",
                attempts: *attempts,
                receipt_at: Some(*at),
                receipt_number: platform_number.as_deref(),
                receipt_repeated: Some(*repeated),
                ..Self::default()
            },
            DeliveryState::Dead { attempts, at, reason } => Self {
                state: "dead",
                attempts: *attempts,
                dead_at: Some(*at),
                dead_reason: Some(reason),
                ..Self::default()
            },
        }
    }
}

fn write_state(tx: &Transaction<'_>, id: DeliveryId, state: &DeliveryState, at: WallTime) -> Result<(), StoreError> {
    let columns = StateColumns::from(state);
    let StateColumns { state, attempts, next_at, last_error, .. } = columns;
    let StateColumns { receipt_at, receipt_number, receipt_repeated, dead_at, dead_reason, .. } = columns;
    tx.prepare_cached(
        "UPDATE deliveries SET state = :state, attempts = :attempts, next_at = :next_at, last_error = :last_error,
             receipt_at = :receipt_at, receipt_number = :receipt_number, receipt_repeated = :receipt_repeated,
             dead_at = :dead_at, dead_reason = :dead_reason, set_at = :at
         WHERE id = :id",
    )?
    .execute(named_params! {
        ":id": id, ":state": state, ":attempts": attempts, ":next_at": next_at, ":last_error": last_error, ":at": at,
        ":receipt_at": receipt_at, ":receipt_number": receipt_number, ":receipt_repeated": receipt_repeated,
        ":dead_at": dead_at, ":dead_reason": dead_reason,
    })?;
    Ok(())
}

fn state_of(row: &Row<'_>) -> rusqlite::Result<DeliveryState> {
    let attempts = row.get("attempts")?;
    match row.get_ref("state")?.as_str()? {
        "pending" => {
            Ok(DeliveryState::Pending { attempts, next_at: row.get("next_at")?, last_error: row.get("last_error")? })
        }
        "delivered" => Ok(DeliveryState::Delivered {
            attempts,
            receipt: Receipt {
                at: row.get("receipt_at")?,
                platform_number: row.get("receipt_number")?,
                repeated: row.get("receipt_repeated")?,
            },
        }),
        "dead" => Ok(DeliveryState::Dead { attempts, at: row.get("dead_at")?, reason: row.get("dead_reason")? }),
        _ => Err(impossible("a delivery in no known state")),
    }
}

fn delivery_of(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get("id")?,
        case: row.get("case_id")?,
        ordinal: row.get("ordinal")?,
        message: row.get::<_, Json<_>>("message")?.0,
        created_at: row.get("created_at")?,
        state: state_of(row)?,
    })
}
