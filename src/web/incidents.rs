//! `/api/v1/incidents`: lists for reviewers, one with all that belongs to it, and the verdict.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    cases::{AuditOut, CaseOut},
    deliveries::DeliveryOut,
    evidence::BundleOut,
    extract::{At, Body, PageOf, Params, page},
    problem::Problem,
};
use crate::{
    domain::{
        Area, Areas, Caller, CloseCause, Incident, IncidentId, Location, MatterKey, PlaceId, Presence, RejectReason,
        Review, Score, Verdict, ViewId, WallTime, ZoneId,
    },
    service::{Faults, IncidentDetail, Moment, MomentKind},
    store::IncidentFilter,
};

/// What reviewers said.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ReviewOut {
    /// Nobody decided yet.
    Waiting,
    /// A reviewer confirmed it.
    Confirmed {
        /// Who.
        by: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
    },
    /// A reviewer rejected it.
    Rejected {
        /// Who.
        by: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
        /// Why.
        reason: RejectReason,
    },
    /// A reviewer found it to be another incident.
    Duplicate {
        /// Who.
        by: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
        /// The other incident.
        #[schema(value_type = String, format = "uuid")]
        of: IncidentId,
    },
}

/// An incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: IncidentId,
    /// Its place.
    #[schema(value_type = String, format = "uuid")]
    place: PlaceId,
    /// Its view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Key of its matter.
    #[schema(value_type = String)]
    matter: MatterKey,
    /// Name of its matter.
    matter_name: String,
    /// `[x0, y0, x1, y1]` on the reference picture, fractions of its width and height.
    bbox: [f32; 4],
    /// Best score so far, 0 to 1.
    #[schema(value_type = f32)]
    score: Score,
    /// The zone that forbade it.
    #[schema(value_type = String, format = "uuid")]
    zone: ZoneId,
    /// The version of that zone.
    zone_version: u32,
    /// First sighting of the first stay.
    #[schema(value_type = String, format = DateTime)]
    first_seen: WallTime,
    /// Latest sighting.
    #[schema(value_type = String, format = DateTime)]
    last_seen: WallTime,
    /// When it was first opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: WallTime,
    /// Whether it is still there.
    open: bool,
    /// Since when it is there, or when it was found gone.
    #[schema(value_type = String, format = DateTime)]
    since: WallTime,
    /// Why it is over.
    closed_because: Option<CloseCause>,
    /// What reviewers said.
    review: ReviewOut,
    /// 反复: how often it came back.
    recurrences: u32,
}

impl IncidentOut {
    pub(super) fn of(incident: Incident, matter_name: String) -> Self {
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
        } = incident;
        let (open, since, closed_because) = match presence {
            Presence::Open { since } => (true, since, None),
            Presence::Closed { at, cause } => (false, at, Some(cause)),
        };
        let review = match review {
            Review::Waiting => ReviewOut::Waiting,
            Review::Confirmed { by, at } => ReviewOut::Confirmed { by, at },
            Review::Rejected { by, at, reason } => ReviewOut::Rejected { by, at, reason },
            Review::Duplicate { by, at, of } => ReviewOut::Duplicate { by, at, of },
        };
        Self {
            id,
            place,
            view,
            matter,
            matter_name,
            bbox: bbox.to_array(),
            score,
            zone,
            zone_version,
            first_seen,
            last_seen,
            opened_at,
            open,
            since,
            closed_because,
            review,
            recurrences,
        }
    }
}

/// One moment of an incident's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct MomentOut {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// `look`, `sighting`, `incident`, `evidence`, `verdict`, `case`, `delivery`, `receipt`.
    #[schema(value_type = String)]
    what: MomentKind,
    /// In words.
    detail: String,
}

/// An incident with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentDetailOut {
    /// The incident.
    incident: IncidentOut,
    /// Code of its stream, while it is registered.
    stream_code: Option<String>,
    /// Name of its stream, while it is registered.
    stream_name: Option<String>,
    /// Name of its view, while it is registered.
    view_name: Option<String>,
    /// Name of its zone, while it is registered.
    zone_name: Option<String>,
    /// Where.
    location: Option<Location>,
    /// Sightings in the present stay, while the place is remembered.
    looks_seen: Option<u32>,
    /// Its bundles, oldest first.
    evidence: Vec<BundleOut>,
    /// Its case, once it was confirmed.
    case: Option<CaseOut>,
    /// What the platform has to be told.
    deliveries: Vec<DeliveryOut>,
    /// What happened, oldest first.
    timeline: Vec<MomentOut>,
    /// Audit log of incident and case.
    audit: Vec<AuditOut>,
}

impl IncidentDetailOut {
    fn of(detail: IncidentDetail) -> Self {
        let timeline = detail.timeline().into_iter().map(|Moment { at, what, detail }| MomentOut { at, what, detail });
        let timeline = timeline.collect();
        let IncidentDetail {
            incident,
            matter_name,
            view,
            stream,
            zone,
            place,
            evidence,
            case,
            deliveries,
            audit,
            first_look: _,
            touched: _,
        } = detail;
        Self {
            incident: IncidentOut::of(incident, matter_name),
            stream_code: stream.as_ref().map(|stream| stream.code.clone()),
            stream_name: stream.as_ref().map(|stream| stream.name.clone()),
            view_name: view.map(|view| view.name),
            zone_name: zone.map(|zone| zone.name),
            location: stream.and_then(|stream| stream.location),
            looks_seen: place.map(|place| place.looks_seen),
            evidence: evidence.into_iter().map(|(row, manifest)| BundleOut::of(row, manifest)).collect(),
            case: case.map(CaseOut::of),
            deliveries: deliveries.into_iter().map(DeliveryOut::of).collect(),
            timeline,
            audit: audit.into_iter().map(AuditOut::of).collect(),
        }
    }
}

/// Which incidents.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IncidentQuery {
    /// `waiting`, `confirmed`, `rejected` or `duplicate`.
    review: Option<String>,
    /// Only those that are still there (`true`) or gone (`false`).
    open: Option<bool>,
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
    /// Only of this view.
    #[param(value_type = Option<String>)]
    view: Option<ViewId>,
    /// Only of this matter.
    #[param(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// A verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictIn {
    /// What.
    verdict: VerdictWord,
    /// Who; never empty.
    #[serde(default)]
    reviewer: String,
    /// In the reviewer's words.
    #[serde(default)]
    note: String,
    /// Why; for `rejected`.
    reason: Option<RejectReason>,
    /// The other incident; for `duplicate`.
    #[schema(value_type = Option<String>, format = "uuid")]
    of: Option<IncidentId>,
    /// The right matter; for `reclassified`.
    #[schema(value_type = Option<String>)]
    matter: Option<MatterKey>,
}

/// The word for a verdict.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// It is a violation.
    Confirmed,
    /// It is none.
    Rejected,
    /// It is one that is known already.
    Duplicate,
    /// It is another matter.
    Reclassified,
}

impl VerdictIn {
    fn verdict(&self) -> Result<Verdict, Problem> {
        let needs = |field, want| Problem::invalid(Faults::one(field, "", want));
        Ok(match self.verdict {
            VerdictWord::Confirmed => Verdict::Confirmed,
            VerdictWord::Rejected => Verdict::Rejected {
                reason: self
                    .reason
                    .ok_or_else(|| needs("reason", "wrong_object, lawful, passing, wrong_zone, unclear or other"))?,
            },
            VerdictWord::Duplicate => {
                Verdict::Duplicate { of: self.of.ok_or_else(|| needs("of", "the id of the other incident"))? }
            }
            VerdictWord::Reclassified => Verdict::Reclassified {
                matter: self.matter.clone().ok_or_else(|| needs("matter", "the key of the right matter"))?,
            },
        })
    }
}

/// What a verdict led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedOut {
    /// The incident after the verdict.
    incident: IncidentOut,
    /// The case, when the verdict confirmed.
    case: Option<CaseOut>,
}

/// Incidents, newest first.
#[utoipa::path(get, operation_id = "incidents_list", path = "/api/v1/incidents", tag = "incidents", params(IncidentQuery),
    responses((status = OK, body = PageOf<IncidentOut>), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<IncidentQuery>,
) -> Result<Json<PageOf<IncidentOut>>, Problem> {
    let page = page(query.after, query.limit)?;
    let areas = Areas::from(query.area);
    let filter =
        IncidentFilter { areas, review: query.review, open: query.open, view: query.view, matter: query.matter };
    let rows = app.run(&caller, move |service| service.incidents(&filter, &page)).await?;
    Ok(PageOf::of(rows, |incident| {
        let name = app.service.matter_name(&incident.matter);
        IncidentOut::of(incident, name)
    }))
}

/// One incident with all that belongs to it.
#[utoipa::path(get, operation_id = "incidents_show", path = "/api/v1/incidents/{id}", tag = "incidents", params(("id" = String, Path)),
    responses((status = OK, body = IncidentDetailOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<IncidentDetailOut>, Problem> {
    Ok(Json(IncidentDetailOut::of(app.run(&caller, move |service| service.incident(id)).await?)))
}

/// Decides about an incident. Only `confirmed` opens a case; the first of two reviewers is heard.
#[utoipa::path(post, operation_id = "incidents_decide", path = "/api/v1/incidents/{id}/verdict", tag = "incidents", params(("id" = String, Path)), request_body = VerdictIn,
    responses((status = OK, body = DecidedOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem),
        (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn decide(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    Body(given): Body<VerdictIn>,
) -> Result<Json<DecidedOut>, Problem> {
    let verdict = given.verdict()?;
    let decided = app
        .run(&caller, move |service| service.decide(&service.sign(id, verdict, &given.reviewer, &given.note)))
        .await?;
    let name = app.service.matter_name(&decided.incident.matter);
    Ok(Json(DecidedOut { incident: IncidentOut::of(decided.incident, name), case: decided.case.map(CaseOut::of) }))
}
