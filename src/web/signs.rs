//! `/api/v1/views/{id}/signs`: what text a view's reference picture shows, and what of it may stay. Telephone numbers are masked.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageOf},
    problem::Problem,
};
use crate::{
    domain::{Caller, Sign, SignId, ViewId, WallTime},
    service::People,
};

/// A text that was read on the reference picture.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: SignId,
    /// What it says; telephone numbers are masked.
    text: String,
    /// Where, `[x0, y0, x1, y1]` as fractions of the reference picture.
    bbox: [f32; 4],
    /// Version of the reference picture that shows it.
    reference: u32,
    /// When it was read.
    #[schema(value_type = String, format = DateTime)]
    read_at: WallTime,
    /// Who said that it may stay, by the name of their account; `null` while nobody did.
    permitted_by: Option<String>,
    /// How that person is called.
    permitted_by_name: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    permitted_at: Option<WallTime>,
}

impl SignOut {
    fn of(sign: Sign, people: &People) -> Self {
        let Sign { id, view: _, reference, text, bbox, read_at, permitted } = sign;
        let (permitted_by, permitted_at) = permitted.unzip();
        Self {
            id,
            text: text.masked(),
            bbox: bbox.to_array(),
            reference,
            read_at,
            permitted_by_name: permitted_by.as_deref().map(|by| people.called(by)),
            permitted_by,
            permitted_at,
        }
    }
}

/// Which signs may stay, or no more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PermitIn {
    /// These: all of them or, where one is not of this view, none.
    #[schema(value_type = Vec<String>)]
    signs: Vec<SignId>,
    /// Whether they may stay.
    permitted: bool,
}

fn listed((signs, people): (Vec<Sign>, People)) -> Json<PageOf<SignOut>> {
    PageOf::whole(signs.into_iter().map(|sign| SignOut::of(sign, &people)).collect())
}

/// Signs of a view, from top to bottom; none before a look read its reference picture.
#[utoipa::path(get, operation_id = "views_signs", path = "/api/v1/views/{id}/signs", tag = "views", params(("id" = String, Path)),
    responses((status = OK, body = PageOf<SignOut>), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
) -> Result<Json<PageOf<SignOut>>, Problem> {
    Ok(listed(app.run(&caller, move |service| Ok((service.signs(id)?, service.people()?))).await?))
}

/// Lets signs stay, or takes that back. What is permitted is not reported, and an incident that is open about it ends.
#[utoipa::path(put, operation_id = "views_permit_signs", path = "/api/v1/views/{id}/signs", tag = "views", params(("id" = String, Path)),
    request_body = PermitIn, responses((status = OK, body = PageOf<SignOut>), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn permit(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Body(PermitIn { signs, permitted }): Body<PermitIn>,
) -> Result<Json<PageOf<SignOut>>, Problem> {
    let by = caller.name.clone();
    let changed =
        app.run(&caller, move |service| Ok((service.permit_signs(id, &signs, permitted, &by)?, service.people()?)));
    Ok(listed(changed.await?))
}
