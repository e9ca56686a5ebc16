//! Incidents: rows, lists, and what looks change about them. Changes only ever move an incident forward.

use rusqlite::{OptionalExtension, Row, ToSql, Transaction, named_params, params};
use serde_json::json;

use super::{
    areas::{self, Arms},
    cases,
    columns::{Json, Word, impossible},
    deliveries,
    journal::{audit, tell},
    page::Span,
};
use crate::{
    domain::{
        Areas, CloseCause, EvidenceId, EvidenceKind, EvidenceRow, Incident, IncidentChange, IncidentId, Message,
        Presence, ReadText, RejectReason, Review, Thing, WallTime,
    },
    store::{Conflict, DECIDED, IncidentFilter, Page, Rows, StoreError},
};

pub(super) fn one(tx: &Transaction<'_>, id: IncidentId) -> Result<Incident, StoreError> {
    let mut query = tx.prepare_cached("SELECT * FROM incidents WHERE id = ?1")?;
    query
        .query_row([id], incident_of)
        .optional()?
        .ok_or_else(|| StoreError::Missing { what: Thing::Incident, id: id.to_string() })
}

/// The states of review that a word of a filter admits.
pub(super) fn reviews(word: Option<&str>) -> Result<&'static [&'static str], StoreError> {
    Ok(match word {
        None => &["waiting", "confirmed", "rejected", "duplicate"],
        Some("waiting") => &["waiting"],
        Some("confirmed") => &["confirmed"],
        Some("rejected") => &["rejected"],
        Some("duplicate") => &["duplicate"],
        Some(DECIDED) => &["confirmed", "rejected", "duplicate"],
        Some(other) => {
            let want = "state of review; use waiting, confirmed, rejected, duplicate or decided";
            return Err(Conflict::Word { got: other.to_owned(), want }.into());
        }
    })
}

/// The query of a list: one arm for each state that the filter admits, each read from one range of an index. SQLite
/// merges the arms in their order and stops at the limit, so that a rare state costs no more than a common one.
pub(super) fn list_sql(filter: &IncidentFilter) -> Result<String, StoreError> {
    let IncidentFilter { areas, review, open, view, matter } = filter;
    let of_view = view.map_or("", |_| "view = :view AND ");
    let of_matter = matter.as_ref().map_or("", |_| "matter = :matter AND ");
    let states = reviews(review.as_deref())?;
    let presences: &[&str] = match open {
        None => &["open", "closed"],
        Some(true) => &["open"],
        Some(false) => &["closed"],
    };
    let arm = |state: &str, of_area: &str| {
        format!("SELECT * FROM incidents WHERE {of_view}{of_matter}{of_area}{state}(opened_at, id) < (:millis, :after)")
    };
    let unfiltered = *areas == Areas::All && review.is_none() && open.is_none() && view.is_none() && matter.is_none();
    if unfiltered {
        return Ok(format!("{} ORDER BY opened_at DESC, id DESC LIMIT :limit", arm("", "")));
    }
    let states: Vec<String> = states
        .iter()
        .flat_map(|review| presences.iter().map(move |at| format!("review = '{review}' AND presence = '{at}' AND ")))
        .collect();
    let areas = Arms::of(areas);
    let arms: Vec<String> =
        areas.conditions().flat_map(|area| states.iter().map(move |state| arm(state, area))).collect();
    Ok(format!("{} ORDER BY opened_at DESC, id DESC LIMIT :limit", arms.join(" UNION ALL ")))
}

pub(super) fn list(tx: &Transaction<'_>, filter: &IncidentFilter, page: &Page) -> Result<Rows<Incident>, StoreError> {
    let span = Span::of("incidents", page)?;
    // A view lies in one area: it is asked once and not for each row.
    let of_view = match filter.view {
        Some(view) if filter.areas != Areas::All => {
            if !filter.areas.admit(areas::of_incidents_of(tx, view)?.as_ref()) {
                return Ok(Rows { rows: Vec::new(), next: None });
            }
            Some(IncidentFilter { areas: Areas::All, ..filter.clone() })
        }
        _ => None,
    };
    let filter = of_view.as_ref().unwrap_or(filter);
    let arms = Arms::of(&filter.areas);
    let mut values: Vec<(&str, &dyn ToSql)> =
        vec![(":millis", &span.after.millis), (":after", &span.after.id), (":limit", &span.limit)];
    if let Some(view) = &filter.view {
        values.push((":view", view));
    }
    if let Some(matter) = &filter.matter {
        values.push((":matter", matter));
    }
    values.extend(arms.values());
    let mut query = tx.prepare_cached(&list_sql(filter)?)?;
    let rows = query.query_map(&*values, incident_of)?.collect::<Result<_, _>>()?;
    Ok(span.rows(rows, |incident: &Incident| (incident.opened_at, incident.id)))
}

/// Applies one change of a look that ended at `at` and brings `bundles`.
pub(super) fn change(
    tx: &Transaction<'_>,
    change: &IncidentChange,
    bundles: &[EvidenceRow],
    at: WallTime,
) -> Result<(), StoreError> {
    match change {
        IncidentChange::Opened { incident } => {
            if insert(tx, incident)? {
                tell(tx, at, "incident.opened", &incident.id.to_string())?;
            }
            Ok(())
        }
        IncidentChange::Extended { incident, last_seen, score } => {
            let mut after = one(tx, *incident)?;
            after.last_seen = after.last_seen.max(*last_seen);
            after.score = after.score.max(*score);
            update(tx, &after)
        }
        IncidentChange::Closed { incident, at: closed_at, cause } => {
            let mut after = one(tx, *incident)?;
            if matches!(after.presence, Presence::Closed { .. }) {
                return Ok(());
            }
            after.presence = Presence::Closed { at: *closed_at, cause: *cause };
            update(tx, &after)?;
            tell(tx, at, "incident.closed", &incident.to_string())
        }
        IncidentChange::Reopened { incident, since, at: certain_at } => {
            let mut after = one(tx, *incident)?;
            if matches!(after.presence, Presence::Open { .. }) {
                return Ok(());
            }
            after.presence = Presence::Open { since: *since };
            after.last_seen = after.last_seen.max(*certain_at);
            after.recurrences += 1;
            update(tx, &after)?;
            tell(tx, at, "incident.reopened", &incident.to_string())?;
            let bundle = bundles
                .iter()
                .find(|bundle| bundle.incident == *incident && bundle.kind == EvidenceKind::Reopening)
                .map(|bundle| bundle.id);
            tell_platform_of_return(tx, &after, bundle, at)
        }
    }
}

/// 反复: a case that the platform has (or will have) learns that its thing is back.
fn tell_platform_of_return(
    tx: &Transaction<'_>,
    incident: &Incident,
    evidence: Option<EvidenceId>,
    at: WallTime,
) -> Result<(), StoreError> {
    let Some(case) = cases::of_incident(tx, incident.id)? else { return Ok(()) };
    let message = Message::Recurrence { count: incident.recurrences, evidence };
    let delivery = deliveries::enqueue(tx, case.id, message, at)?;
    let detail = json!({"incident": incident.id, "count": incident.recurrences, "delivery": delivery.id});
    audit(tx, at, "system", "case.recurrence", &case.id.to_string(), &detail)?;
    tell(tx, at, "case.recurrence", &case.id.to_string())
}

/// `false` when the incident is there already.
fn insert(tx: &Transaction<'_>, incident: &Incident) -> Result<bool, StoreError> {
    write(tx, incident, "ON CONFLICT (id) DO NOTHING")
}

/// Stores an incident that is there as it stands now.
pub(super) fn update(tx: &Transaction<'_>, incident: &Incident) -> Result<(), StoreError> {
    write(
        tx,
        incident,
        "ON CONFLICT (id) DO UPDATE SET matter = :matter, score = :score, last_seen = :last_seen,
             presence = :presence, presence_at = :presence_at, close_cause = :close_cause, review = :review,
             reviewed_by = :reviewed_by, reviewed_at = :reviewed_at, reject_reason = :reject_reason,
             duplicate_of = :duplicate_of, recurrences = :recurrences",
    )
    .map(|_| ())
}

fn write(tx: &Transaction<'_>, incident: &Incident, on_conflict: &str) -> Result<bool, StoreError> {
    let Incident {
        id,
        place,
        view,
        matter,
        bbox,
        score,
        zone: (zone, zone_version),
        first_seen,
        last_seen,
        opened_at,
        presence,
        review,
        recurrences,
        read,
        weights,
    } = incident;
    let PresenceColumns { presence, presence_at, close_cause } = PresenceColumns::from(*presence);
    let ReviewColumns { review, reviewed_by, reviewed_at, reject_reason, duplicate_of } = ReviewColumns::from(review);
    let written = tx
        .prepare_cached(&format!(
            "INSERT INTO incidents (id, place, view, matter, bbox, score, zone, zone_version, first_seen, last_seen,
                 opened_at, presence, presence_at, close_cause, review, reviewed_by, reviewed_at, reject_reason,
                 duplicate_of, recurrences, read, weights, opened_minute, area)
             VALUES (:id, :place, :view, :matter, :bbox, :score, :zone, :zone_version, :first_seen, :last_seen,
                 :opened_at, :presence, :presence_at, :close_cause, :review, :reviewed_by, :reviewed_at,
                 :reject_reason, :duplicate_of, :recurrences, :read, :weights, :opened_at / 60000,
                 coalesce((SELECT streams.area FROM views JOIN streams ON streams.id = views.stream WHERE views.id = :view),
                     (SELECT area FROM removed_views WHERE view = :view)))
             {on_conflict}"
        ))?
        .execute(named_params! {
            ":id": id, ":place": place, ":view": view, ":matter": matter, ":bbox": Json(bbox), ":score": score,
            ":zone": zone, ":zone_version": zone_version, ":first_seen": first_seen, ":last_seen": last_seen,
            ":opened_at": opened_at, ":presence": presence, ":presence_at": presence_at,
            ":close_cause": close_cause.map(Word), ":review": review, ":reviewed_by": reviewed_by,
            ":reviewed_at": reviewed_at, ":reject_reason": reject_reason.map(Word), ":duplicate_of": duplicate_of,
            ":recurrences": recurrences, ":read": read.as_ref().map(ReadText::reveal), ":weights": weights.as_ref().map(Json),
        })?;
    Ok(written == 1)
}

/// [`Presence`] in columns.
#[derive(Debug)]
struct PresenceColumns {
    presence: &'static str,
    presence_at: WallTime,
    close_cause: Option<CloseCause>,
}

impl From<Presence> for PresenceColumns {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Open { since } => Self { presence: "open", presence_at: since, close_cause: None },
            Presence::Closed { at, cause } => Self { presence: "closed", presence_at: at, close_cause: Some(cause) },
        }
    }
}

/// [`Review`] in columns.
#[derive(Debug)]
struct ReviewColumns<'a> {
    review: &'static str,
    reviewed_by: Option<&'a str>,
    reviewed_at: Option<WallTime>,
    reject_reason: Option<RejectReason>,
    duplicate_of: Option<IncidentId>,
}

impl<'a> From<&'a Review> for ReviewColumns<'a> {
    fn from(review: &'a Review) -> Self {
        let decided = |review, by: &'a str, at, reject_reason, duplicate_of| Self {
            review,
            reviewed_by: Some(by),
            reviewed_at: Some(at),
            reject_reason,
            duplicate_of,
        };
        match review {
            Review::Waiting => Self {
                review: "waiting",
                reviewed_by: None,
                reviewed_at: None,
                reject_reason: None,
                duplicate_of: None,
            },
            Review::Confirmed { by, at } => decided("confirmed", by, *at, None, None),
            Review::Rejected { by, at, reason } => decided("rejected", by, *at, Some(*reason), None),
            Review::Duplicate { by, at, of } => decided("duplicate", by, *at, None, Some(*of)),
        }
    }
}

fn presence_of(row: &Row<'_>) -> rusqlite::Result<Presence> {
    match row.get_ref("presence")?.as_str()? {
        "open" => Ok(Presence::Open { since: row.get("presence_at")? }),
        "closed" => {
            Ok(Presence::Closed { at: row.get("presence_at")?, cause: row.get::<_, Word<_>>("close_cause")?.0 })
        }
        _ => Err(impossible("an incident in no known presence")),
    }
}

fn review_of(row: &Row<'_>) -> rusqlite::Result<Review> {
    let review = row.get_ref("review")?.as_str()?;
    if review == "waiting" {
        return Ok(Review::Waiting);
    }
    let (by, at) = (row.get("reviewed_by")?, row.get("reviewed_at")?);
    match review {
        "confirmed" => Ok(Review::Confirmed { by, at }),
        "rejected" => Ok(Review::Rejected { by, at, reason: row.get::<_, Word<_>>("reject_reason")?.0 }),
        "duplicate" => Ok(Review::Duplicate { by, at, of: row.get("duplicate_of")? }),
        _ => Err(impossible("an incident in no known state of review")),
    }
}

pub(super) fn incident_of(row: &Row<'_>) -> rusqlite::Result<Incident> {
    Ok(Incident {
        id: row.get("id")?,
        place: row.get("place")?,
        view: row.get("view")?,
        matter: row.get("matter")?,
        bbox: row.get::<_, Json<_>>("bbox")?.0,
        score: row.get("score")?,
        zone: (row.get("zone")?, row.get("zone_version")?),
        first_seen: row.get("first_seen")?,
        last_seen: row.get("last_seen")?,
        opened_at: row.get("opened_at")?,
        presence: presence_of(row)?,
        review: review_of(row)?,
        recurrences: row.get("recurrences")?,
        read: row.get::<_, Option<String>>("read")?.map(|text| ReadText::new(&text)),
        weights: row.get::<_, Option<Json<_>>>("weights")?.map(|json| json.0),
    })
}

/// The incident that `id` was found to be a duplicate of, if it was.
pub(super) fn duplicate_of(tx: &Transaction<'_>, id: IncidentId) -> Result<Option<IncidentId>, StoreError> {
    let mut query = tx.prepare_cached("SELECT duplicate_of FROM incidents WHERE id = ?1")?;
    Ok(query.query_row(params![id], |row| row.get(0)).optional()?.flatten())
}
