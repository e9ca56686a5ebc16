//! `GET /media/{evidence}/{file}`: masked pictures for whoever holds a signed link that has not ended. Nothing else
//! of a bundle is given out here, whatever the link says.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

use super::{App, evidence::serve, extract::At, problem::Problem, refusal::Refusal};
use crate::{
    deliver::SignatureRefused,
    domain::{EvidenceId, Thing},
    service::Circle,
};

/// A masked picture by a signed link.
#[utoipa::path(get, operation_id = "media_links_show", path = "/media/{id}/{name}", tag = "media", security(()),
    params(("id" = String, Path), ("name" = String, Path), ("until" = i64, Query), ("signature" = String, Query)),
    responses((status = OK, content_type = "image/jpeg"), (status = FORBIDDEN, body = Problem), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    At((id, name)): At<(EvidenceId, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Without a platform there is no key, and nobody was given a link.
    let key = app
        .platform_key
        .as_ref()
        .ok_or_else(|| Problem::missing(Refusal::Missing { what: Thing::Picture }, "there is no such picture"))?;
    key.verify_media_link(id, &name, query.as_deref().unwrap_or(""), app.service.now()).map_err(|why| match why {
        SignatureRefused::Expired => Problem::forbidden(Refusal::LinkExpired, why.to_string()),
        _ => Problem::forbidden(Refusal::LinkForeign, "the link is not one of ours"),
    })?;
    let mut response =
        serve(app.run_for_all(move |service| service.evidence_file(id, &name, Circle::Outside)).await?, &headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}
