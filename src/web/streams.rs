//! `/api/v1/streams`. A credential goes in and never comes out.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageOf, given},
    problem::Problem,
    refusal::Port,
    views::ViewOut,
};
use crate::{
    domain::{Area, Caller, Credential, Location, Secret, Stream, StreamId, Transport, WallTime},
    service::{ChangeStream, Faults, NewStream, Service, StreamDetail, Want},
};

/// Tries a source: blocking, at most about half a minute.
pub type ProbePort = Arc<dyn Fn(Stream, Option<Credential>) -> Probed + Send + Sync>;

/// What trying a source found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Probed {
    /// Whether the source can be used.
    pub usable: bool,
    /// In plain words: what was found, or why it cannot be used and what helps.
    pub summary: String,
    /// What each try found: transports, codec, size, key-frame interval, skew.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// The first frame as a small JPEG file in base64, where there was one: to see that it is the right camera.
    pub picture: Option<String>,
}

/// A stream to register.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamIn {
    /// The city's own code of the camera (GB/T 28181: 20 digits); unique.
    #[serde(default)]
    code: String,
    /// Name for people.
    #[serde(default)]
    name: String,
    /// Address; may carry `user:password@`, which is split off at once.
    #[serde(default)]
    url: String,
    /// User name.
    username: Option<String>,
    /// Password; goes in and never comes out.
    password: Option<String>,
    /// How RTP travels.
    #[serde(default)]
    transport: Transport,
    /// Where it looks.
    location: Option<Location>,
    /// 区域; left out: the street of its grid cell, where the city's table knows it.
    area: Option<String>,
    /// What its first view looks for.
    #[serde(default)]
    matters: Vec<String>,
    /// Overrides the matters' revisit target, in seconds.
    revisit_s: Option<u32>,
    /// Whether it is looked at from now on; default true.
    enabled: Option<bool>,
}

impl StreamIn {
    fn into_new(self) -> NewStream {
        NewStream {
            code: self.code,
            name: self.name,
            url: Secret::new(self.url),
            username: self.username,
            password: self.password.map(Secret::new),
            transport: self.transport,
            location: self.location,
            area: self.area,
            matters: self.matters,
            revisit_s: self.revisit_s,
            enabled: self.enabled.unwrap_or(true),
        }
    }
}

/// What changes about a stream; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamChange {
    /// The city's own code.
    code: Option<String>,
    /// Name for people.
    name: Option<String>,
    /// Address; another host needs the credential again.
    url: Option<String>,
    /// User name.
    username: Option<String>,
    /// Password; goes in and never comes out.
    password: Option<String>,
    /// How RTP travels.
    transport: Option<Transport>,
    /// Where it looks.
    location: Option<Location>,
    /// 区域; `null` takes it out of every one.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    area: Option<Option<String>>,
    /// Whether it is looked at.
    enabled: Option<bool>,
}

/// A stream.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: StreamId,
    /// The city's own code.
    code: String,
    /// Name for people.
    name: String,
    /// Address without any credential.
    url: String,
    /// Whether a credential is kept.
    has_credential: bool,
    /// How RTP travels.
    transport: Transport,
    /// Where it looks.
    location: Option<Location>,
    /// 区域: who may see it; `null`: those who see all areas.
    #[schema(value_type = Option<String>)]
    area: Option<Area>,
    /// Whether it is looked at.
    enabled: bool,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    registered_at: WallTime,
    /// Its views.
    views: Vec<ViewOut>,
}

impl StreamOut {
    pub(super) fn of(detail: StreamDetail) -> Self {
        let Stream { id, code, name, source, transport, location, area, enabled, registered_at } = detail.stream;
        Self {
            id,
            code,
            name,
            url: source.to_string(),
            has_credential: detail.has_credential,
            transport,
            location,
            area,
            enabled,
            registered_at,
            views: detail.views.into_iter().map(ViewOut::of).collect(),
        }
    }
}

/// Files of this machine are registered on this machine, by the command line: the API would hand out what they show.
fn no_file(url: &str) -> Result<(), Problem> {
    let is_file = url.trim_start().get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    if is_file { Err(Problem::invalid(Faults::one("url", "", Want::CameraAddress))) } else { Ok(()) }
}

/// All streams, by code.
#[utoipa::path(get, operation_id = "streams_list", path = "/api/v1/streams", tag = "streams", responses((status = OK, body = PageOf<StreamOut>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<StreamOut>>, Problem> {
    let streams = app.run(&caller, Service::streams).await?;
    Ok(PageOf::whole(streams.into_iter().map(StreamOut::of).collect()))
}

/// Registers a stream with one view.
#[utoipa::path(post, operation_id = "streams_add", path = "/api/v1/streams", tag = "streams", request_body = StreamIn,
    responses((status = CREATED, body = StreamOut), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(stream): Body<StreamIn>,
) -> Result<(StatusCode, Json<StreamOut>), Problem> {
    no_file(&stream.url)?;
    let by = caller.name.clone();
    let detail = app
        .run(&caller, move |service| {
            let registered = service.register_stream(&stream.into_new(), &by)?;
            service.stream(registered.stream.id)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(StreamOut::of(detail))))
}

/// One stream.
#[utoipa::path(get, operation_id = "streams_show", path = "/api/v1/streams/{id}", tag = "streams", params(("id" = String, Path)),
    responses((status = OK, body = StreamOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<StreamId>,
) -> Result<Json<StreamOut>, Problem> {
    Ok(Json(StreamOut::of(app.run(&caller, move |service| service.stream(id)).await?)))
}

/// Changes a stream.
#[utoipa::path(patch, operation_id = "streams_change", path = "/api/v1/streams/{id}", tag = "streams", params(("id" = String, Path)), request_body = StreamChange,
    responses((status = OK, body = StreamOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<StreamId>,
    Body(change): Body<StreamChange>,
) -> Result<Json<StreamOut>, Problem> {
    change.url.as_deref().map_or(Ok(()), no_file)?;
    let by = caller.name.clone();
    let change = ChangeStream {
        code: change.code,
        name: change.name,
        url: change.url.map(Secret::new),
        username: change.username,
        password: change.password.map(Secret::new),
        transport: change.transport,
        location: change.location,
        area: change.area,
        enabled: change.enabled,
    };
    Ok(Json(StreamOut::of(app.run(&caller, move |service| service.change_stream(id, &change, &by)).await?)))
}

/// Removes a stream with its views and zones; its incidents and cases stay.
#[utoipa::path(delete, operation_id = "streams_remove", path = "/api/v1/streams/{id}", tag = "streams", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    At(id): At<StreamId>,
) -> Result<StatusCode, Problem> {
    let by = caller.name.clone();
    app.run(&caller, move |service| service.remove_stream(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a source before it is registered.
#[utoipa::path(post, operation_id = "streams_probe", path = "/api/v1/streams/probe", tag = "streams", request_body = StreamIn,
    responses((status = OK, body = Probed), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn probe(
    State(app): State<App>,
    caller: Caller,
    Body(stream): Body<StreamIn>,
) -> Result<Json<Probed>, Problem> {
    no_file(&stream.url)?;
    let port = app.ports.probe.clone().ok_or_else(|| Problem::unavailable(Port::Probing))?;
    let probed = app
        .run(&caller, move |service| {
            let (stream, credential) = service.source_to_probe(&stream.into_new())?;
            Ok(port(stream, credential))
        })
        .await?;
    Ok(Json(probed))
}

/// Tries a registered stream with the credential that is kept for it.
#[utoipa::path(post, operation_id = "streams_probe_known", path = "/api/v1/streams/{id}/probe", tag = "streams", params(("id" = String, Path)),
    responses((status = OK, body = Probed), (status = NOT_FOUND, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn probe_known(
    State(app): State<App>,
    caller: Caller,
    At(id): At<StreamId>,
) -> Result<Json<Probed>, Problem> {
    let port = app.ports.probe.clone().ok_or_else(|| Problem::unavailable(Port::Probing))?;
    let probed = app
        .run(&caller, move |service| {
            let stream = service.stream(id)?.stream;
            let credential = service.store.credential(id)?;
            Ok(port(stream, credential))
        })
        .await?;
    Ok(Json(probed))
}
