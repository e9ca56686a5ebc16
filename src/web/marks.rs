//! `POST /api/v1/views/{id}/exemplars` and `GET /api/v1/exemplars/{id}/picture`: a box drawn by hand, and what it or a
//! verdict was about. A picture that leaves here is always the masked one.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    App,
    exemplars::{Called, ExemplarOut},
    extract::{At, Body},
    problem::Problem,
    refusal::Port,
};
use crate::{
    domain::{Appearance, BBox, Caller, ExemplarId, Polarity, ReferenceSpace, Verify, ViewId},
    service::NewMark,
};

/// How a box of a picture looks to a verifier, and the SHA-256 of its weights: blocking, up to a second.
pub type DescribePort =
    Arc<dyn Fn(&Verify, &[u8], BBox<ReferenceSpace>) -> Result<(Appearance, String), String> + Send + Sync>;

/// Cuts the piece of a picture around a box, given as fractions, that a verifier looks at: a JPEG.
pub type CropPort = Arc<dyn Fn(&[u8], [f32; 4]) -> Result<Vec<u8>, String> + Send + Sync>;

/// A box on the view's reference picture.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkIn {
    /// Key of the matter that it is said about.
    matter: String,
    /// `raise`: this is one; `suppress`: this never is one.
    polarity: Polarity,
    /// `[x0, y0, x1, y1]`, fractions of the picture.
    bbox: [f32; 4],
}

/// Teaches by a box that is drawn on the view's reference picture. It counts in the view from the next look on.
#[utoipa::path(post, operation_id = "exemplars_mark", path = "/api/v1/views/{id}/exemplars", tag = "exemplars", params(("id" = String, Path)),
    request_body = MarkIn,
    responses((status = CREATED, body = ExemplarOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem),
        (status = NOT_IMPLEMENTED, body = Problem), (status = SERVICE_UNAVAILABLE, body = Problem)))]
pub(super) async fn draw(
    State(app): State<App>,
    caller: Caller,
    At(view): At<ViewId>,
    Body(mark): Body<MarkIn>,
) -> Result<(StatusCode, Json<ExemplarOut>), Problem> {
    let port = app.ports.describe.clone().ok_or_else(|| Problem::unavailable(Port::Teaching))?;
    let by = caller.name.clone();
    let MarkIn { matter, polarity, bbox } = mark;
    let made = app.run(&caller, move |service| {
        let exemplar = service.mark_by_hand(view, &NewMark { matter, polarity, bbox }, &by, &*port)?;
        Ok(ExemplarOut::of(exemplar, &Called::of(service)?))
    });
    Ok((StatusCode::CREATED, Json(made.await?)))
}

/// What an exemplar is of, masked: the piece of the picture that a verifier looks at.
#[utoipa::path(get, operation_id = "exemplars_picture", path = "/api/v1/exemplars/{id}/picture", tag = "exemplars", params(("id" = String, Path)),
    responses((status = OK, content_type = "image/jpeg"), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn picture(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ExemplarId>,
) -> Result<impl IntoResponse, Problem> {
    let port = app.ports.crop.clone();
    let asked = app.run(&caller, move |service| {
        let (bytes, bbox) = service.exemplar_picture(id)?;
        let cut = port.map(|cut| cut(&bytes, bbox));
        Ok(match cut {
            Some(Ok(cut)) => cut,
            Some(Err(why)) => {
                tracing::debug!(why, "no piece could be cut of an exemplar's picture");
                bytes
            }
            None => bytes,
        })
    });
    let bytes = asked.await?;
    let kind = if bytes.starts_with(b"\x89PNG") { "image/png" } else { "image/jpeg" };
    Ok(([(header::CONTENT_TYPE, kind)], bytes))
}
