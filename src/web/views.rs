//! `/api/v1/views`: what is looked for, how each view stands, and its reference picture.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, Body, PageOf, Params, given},
    looks::{LookAsked, LookOut, LookWish},
    problem::Problem,
    thumbnails::ThumbnailWidth,
};
use crate::{
    domain::{Caller, Reference, StreamId, View, ViewId, ViewState, WallTime},
    service::{ChangeView, Coverage, Service, ViewCoverage},
};

/// A reference picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferenceOut {
    /// Counts up with each new reference.
    version: u32,
    /// Lower-case hexadecimal SHA-256 of the picture.
    sha256: String,
    /// Width in pixels.
    width: u32,
    /// Height in pixels.
    height: u32,
    /// When the camera saw it.
    #[schema(value_type = String, format = DateTime)]
    taken_at: WallTime,
}

/// One fixed framing of a stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: ViewId,
    /// Its stream.
    #[schema(value_type = String, format = "uuid")]
    stream: StreamId,
    /// Name for people.
    name: String,
    /// What is looked for.
    matters: Vec<String>,
    /// Overrides the matters' revisit target, in seconds.
    revisit_s: Option<u32>,
    /// Share of a short budget.
    weight: f32,
    /// What zones are drawn on, once it was taken.
    reference: Option<ReferenceOut>,
}

impl ViewOut {
    pub(super) fn of(view: View) -> Self {
        let View { id, stream, name, matters, revisit_s, weight, reference } = view;
        let reference = reference.map(|reference| {
            let Reference { version, file: _, sha256, width, height, taken_at } = reference;
            ReferenceOut { version, sha256, width, height, taken_at }
        });
        Self {
            id,
            stream,
            name,
            matters: matters.into_iter().map(String::from).collect(),
            revisit_s,
            weight,
            reference,
        }
    }
}

/// The word for how a view stands.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageOut {
    /// Looked at in time and judged.
    Covered,
    /// Looked at in time, but it could not be judged.
    Blind,
    /// Its latest look is too old.
    Overdue,
    /// Never looked at.
    Unseen,
    /// A hard limit leaves no room for it.
    Refused,
    /// Nothing is looked for on it.
    Idle,
    /// Its stream is disabled.
    Disabled,
}

/// How a view stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewCoverageOut {
    /// The view.
    view: ViewOut,
    /// Code of its stream.
    stream_code: String,
    /// Name of its stream.
    stream_name: String,
    /// How it stands.
    coverage: CoverageOut,
    /// How the latest look found the view.
    state: Option<ViewState>,
    /// Why it is not covered, in Chinese; empty when it is.
    reason: String,
    /// The same in English.
    reason_en: String,
    /// Its latest look.
    latest_look: Option<LookOut>,
    /// How late that look began, in milliseconds.
    lateness_ms: Option<u64>,
    /// The camera's clock minus ours in milliseconds.
    skew_ms: Option<i64>,
    /// How often it should be looked at, in seconds.
    revisit_s: Option<u64>,
    /// How many zones are drawn on it.
    zones: usize,
}

impl ViewCoverageOut {
    fn of(row: ViewCoverage) -> Self {
        let ViewCoverage { stream, view, coverage, reason, latest, lateness, revisit, zones } = row;
        Self {
            view: ViewOut::of(view),
            stream_code: stream.code,
            stream_name: stream.name,
            coverage: match coverage {
                Coverage::Covered => CoverageOut::Covered,
                Coverage::Blind(_) => CoverageOut::Blind,
                Coverage::Overdue => CoverageOut::Overdue,
                Coverage::Unseen => CoverageOut::Unseen,
                Coverage::Refused(_) => CoverageOut::Refused,
                Coverage::Idle => CoverageOut::Idle,
                Coverage::Disabled => CoverageOut::Disabled,
            },
            state: latest.as_ref().map(|look| look.state),
            reason: reason.zh,
            reason_en: reason.en,
            skew_ms: latest.as_ref().and_then(|look| look.skew_ms),
            latest_look: latest.map(LookOut::of),
            lateness_ms: lateness.map(|late| u64::try_from(late.as_millis()).unwrap_or(u64::MAX)),
            revisit_s: revisit.map(|revisit| revisit.as_secs()),
            zones,
        }
    }
}

/// What changes about a view; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ViewChange {
    /// Name for people.
    name: Option<String>,
    /// What is looked for.
    matters: Option<Vec<String>>,
    /// Overrides the matters' revisit target, in seconds; `null` takes the override away.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>)]
    revisit_s: Option<Option<u32>>,
    /// Share of a short budget, 1 is normal.
    weight: Option<f32>,
}

/// Every view with its latest look, those that are not covered first.
#[utoipa::path(get, operation_id = "views_list", path = "/api/v1/views", tag = "views", responses((status = OK, body = PageOf<ViewCoverageOut>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<ViewCoverageOut>>, Problem> {
    let rows = app.run(&caller, Service::coverage).await?;
    Ok(PageOf::whole(rows.into_iter().map(ViewCoverageOut::of).collect()))
}

/// One view with its latest look.
#[utoipa::path(get, operation_id = "views_show", path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)),
    responses((status = OK, body = ViewCoverageOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
) -> Result<Json<ViewCoverageOut>, Problem> {
    Ok(Json(ViewCoverageOut::of(app.run(&caller, move |service| service.coverage_of(id)).await?)))
}

/// Changes a view.
#[utoipa::path(patch, operation_id = "views_change", path = "/api/v1/views/{id}", tag = "views", params(("id" = String, Path)), request_body = ViewChange,
    responses((status = OK, body = ViewOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Body(change): Body<ViewChange>,
) -> Result<Json<ViewOut>, Problem> {
    let by = caller.name.clone();
    let ViewChange { name, matters, revisit_s, weight } = change;
    let change = ChangeView { name, matters, revisit_s, weight };
    Ok(Json(ViewOut::of(app.run(&caller, move |service| service.change_view(id, &change, &by)).await?)))
}

/// Which copy of the reference picture.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReferenceQuery {
    /// The picture as it was taken, for whoever may see what is not masked; that is audited. Default: the masked copy.
    #[serde(default)]
    original: bool,
    /// Its version, so that another picture has another address.
    #[serde(default, rename = "version")]
    _version: Option<u32>,
    /// A small copy of so many pixels' width: 320 or 640.
    #[param(value_type = Option<String>)]
    width: Option<ThumbnailWidth>,
}

/// The reference picture with heads and plates unreadable. Where the patrol has not made that copy yet, whoever may see
/// what is not masked gets the original; that is audited.
#[utoipa::path(get, operation_id = "views_reference", path = "/api/v1/views/{id}/reference", tag = "views", params(("id" = String, Path), ReferenceQuery),
    responses((status = OK, content_type = "image/jpeg"), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn reference(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Params(query): Params<ReferenceQuery>,
) -> Result<impl IntoResponse, Problem> {
    let (by, thumbnails, port) = (caller.clone(), app.thumbnails.clone(), app.ports.thumbnail.clone());
    let asked = app.run(&caller, move |service| {
        let (kind, bytes) = service.reference_picture(id, query.original, &by)?;
        let small = query.width.zip(port).and_then(|(width, port)| thumbnails.of(&bytes, width, &port));
        Ok(small.map_or((kind, bytes), |small| ("image/jpeg", small.to_vec())))
    });
    let (kind, bytes) = asked.await?;
    Ok(([(header::CONTENT_TYPE, kind)], bytes))
}

/// Asks for a new reference picture; it is taken by a look soon.
#[utoipa::path(post, operation_id = "views_ask_reference", path = "/api/v1/views/{id}/reference", tag = "views", params(("id" = String, Path)),
    responses((status = ACCEPTED, body = LookAsked), (status = NOT_FOUND, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn ask_reference(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
) -> Result<(StatusCode, Json<LookAsked>), Problem> {
    super::looks::ask_patrol(&app, &caller, id, LookWish::Reference).await
}
