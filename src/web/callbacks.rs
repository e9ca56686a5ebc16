//! `POST /api/v1/callbacks`: what the platform says about a case. No token: the message's own signature is the proof.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Uri},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, cases::CaseOut, problem::Problem, refusal::Port};
use crate::{
    deliver::{CallbackRefused, read_callback},
    domain::Callback,
    service::{Faults, People, Want},
    store::CallbackApplied,
};

/// What a callback led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallbackOut {
    /// Whether the case moved; `false` for a repeat and for news that lie behind where it stands.
    moved: bool,
    /// The case as it stands.
    case: CaseOut,
}

/// Hears what the platform says about a case, once. Signed as docs/delivery.md says.
#[utoipa::path(post, operation_id = "callbacks_hear", path = "/api/v1/callbacks", tag = "callbacks", request_body = Callback, security(()),
    responses((status = OK, body = CallbackOut), (status = UNAUTHORIZED, body = Problem), (status = NOT_FOUND, body = Problem),
        (status = UNPROCESSABLE_ENTITY, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn hear(
    State(app): State<App>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<CallbackOut>, Problem> {
    let Some(key) = &app.platform_key else {
        return Err(Problem::unavailable(Port::Callbacks));
    };
    let path = uri.path_and_query().map_or(uri.path(), |path| path.as_str());
    let callback = read_callback(key, path, &headers, &body, app.service.now()).map_err(|refused| match refused {
        CallbackRefused::Unsigned(why) => {
            tracing::warn!(%why, "a callback was refused");
            Problem { detail: why.to_string(), ..Problem::unauthorised() }
        }
        CallbackRefused::TooLarge => Problem::of_status(axum::http::StatusCode::PAYLOAD_TOO_LARGE),
        CallbackRefused::Malformed(why) => Problem::invalid(Faults::one("body", "", Want::Body { told: why })),
    })?;
    let applied = app.run_for_all(move |service| service.callback(&callback)).await?;
    let (moved, case) = match applied {
        CallbackApplied::Moved(case) => (true, case),
        CallbackApplied::Ignored(case) => (false, case),
    };
    Ok(Json(CallbackOut { moved, case: CaseOut::of(case, &People::default()) }))
}
