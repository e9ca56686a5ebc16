//! `/api/v1/door`, `/setup`, `/invitation`: what somebody may ask who is not in yet. Tells nothing about accounts.

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::Body,
    guard::Peer,
    problem::Problem,
    sessions::{SessionOut, entered_with, guarded, link_secret},
};
use crate::domain::Secret;

/// How one may come in.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoorOut {
    /// Nobody has an account yet: the link of the first start makes the first.
    setup_needed: bool,
    /// Name of the provider that also lets people in; `null` without one.
    oidc: Option<String>,
    /// Whether the connection is encrypted by this server.
    tls: bool,
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupIn {
    /// What stands behind `#` in the link that `xunjie serve` printed.
    secret: String,
    /// Name of the account.
    name: String,
    /// How people call them.
    display_name: String,
    /// 12 to 256 characters.
    password: String,
}

/// An invitation that is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationIn {
    /// What stands behind `#` in the link.
    secret: String,
    /// 12 to 256 characters.
    password: String,
}

/// How one may come in.
#[utoipa::path(get, operation_id = "door_show", path = "/api/v1/door", tag = "door", security(()), responses((status = OK, body = DoorOut)))]
pub(super) async fn show(State(app): State<App>) -> Result<Json<DoorOut>, Problem> {
    let setup_needed = app.run_for_all(|service| Ok(service.accounts.setup_needed()?)).await?;
    Ok(Json(DoorOut {
        setup_needed,
        oidc: app.ports.identity.as_ref().map(|provider| provider.name().to_owned()),
        tls: app.tls.is_some(),
    }))
}

/// Makes the first administrator, once, and comes in.
#[utoipa::path(post, operation_id = "door_set_up", path = "/api/v1/setup", tag = "door", request_body = SetupIn, security(()),
    responses((status = OK, body = SessionOut), (status = GONE, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = TOO_MANY_REQUESTS, body = Problem)))]
pub(super) async fn set_up(
    State(app): State<App>,
    Peer(from): Peer,
    headers: HeaderMap,
    Body(SetupIn { secret, name, display_name, password }): Body<SetupIn>,
) -> Result<Response, Problem> {
    let (secret, password) = (link_secret(secret)?, Secret::new(password));
    let tried = guarded(&app, "", from).await?;
    let entered = app.run_for_all(move |service| service.set_up(&secret, &name, &display_name, &password, from)).await;
    tried.end(&entered).await?;
    Ok(entered_with(&app, &headers, entered?))
}

/// Accepts an invitation, once: sets the password and comes in.
#[utoipa::path(post, operation_id = "door_accept", path = "/api/v1/invitation", tag = "door", request_body = InvitationIn, security(()),
    responses((status = OK, body = SessionOut), (status = GONE, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = TOO_MANY_REQUESTS, body = Problem)))]
pub(super) async fn accept(
    State(app): State<App>,
    Peer(from): Peer,
    headers: HeaderMap,
    Body(InvitationIn { secret, password }): Body<InvitationIn>,
) -> Result<Response, Problem> {
    let (secret, password) = (link_secret(secret)?, Secret::new(password));
    let tried = guarded(&app, "", from).await?;
    let entered = app.run_for_all(move |service| service.accept_invitation(&secret, &password, from)).await;
    tried.end(&entered).await?;
    Ok(entered_with(&app, &headers, entered?))
}
