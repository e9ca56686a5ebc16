//! `/api/v1/incidents`: lists of incidents, and how one is told.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{PageOf, Params, page},
    problem::Problem,
};
use crate::{
    domain::{
        Area, Areas, Caller, CloseCause, Incident, IncidentId, MatterKey, PlaceId, Presence, RejectReason, Review,
        Score, ViewId, WallTime, ZoneId,
    },
    service::People,
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
        /// Who, by the name of their account.
        by: String,
        /// How that person is called.
        by_name: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
    },
    /// A reviewer rejected it.
    Rejected {
        /// Who, by the name of their account.
        by: String,
        /// How that person is called.
        by_name: String,
        /// When.
        #[schema(value_type = String, format = DateTime)]
        at: WallTime,
        /// Why.
        reason: RejectReason,
    },
    /// A reviewer found it to be another incident.
    Duplicate {
        /// Who, by the name of their account.
        by: String,
        /// How that person is called.
        by_name: String,
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
    pub(super) fn of(incident: Incident, matter_name: String, people: &People) -> Self {
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
            read: _,
            weights: _,
        } = incident;
        let (open, since, closed_because) = match presence {
            Presence::Open { since } => (true, since, None),
            Presence::Closed { at, cause } => (false, at, Some(cause)),
        };
        let review = match review {
            Review::Waiting => ReviewOut::Waiting,
            Review::Confirmed { by, at } => ReviewOut::Confirmed { by_name: people.called(&by), by, at },
            Review::Rejected { by, at, reason } => ReviewOut::Rejected { by_name: people.called(&by), by, at, reason },
            Review::Duplicate { by, at, of } => ReviewOut::Duplicate { by_name: people.called(&by), by, at, of },
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
    let found = app.run(&caller, move |service| Ok((service.incidents(&filter, &page)?, service.people()?)));
    let (rows, people) = found.await?;
    Ok(PageOf::of(rows, |incident| {
        let name = app.service.matter_name(&incident.matter);
        IncidentOut::of(incident, name, &people)
    }))
}
