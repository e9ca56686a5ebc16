//! `/api/v1/areas`: the areas that the caller sees.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, extract::PageOf, problem::Problem};
use crate::{
    domain::{Area, Caller},
    service::{AreaStreams, Service},
};

/// An area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaOut {
    /// Name, as the city calls it.
    #[schema(value_type = String)]
    name: Area,
    /// How many streams belong to it.
    streams: usize,
}

/// The areas of the registered streams, as far as the caller sees them, by name.
#[utoipa::path(get, operation_id = "areas_list", path = "/api/v1/areas", tag = "streams", responses((status = OK, body = PageOf<AreaOut>)))]
pub(super) async fn list(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<AreaOut>>, Problem> {
    let areas = app.run(&caller, Service::areas).await?;
    Ok(PageOf::whole(areas.into_iter().map(|AreaStreams { area, streams }| AreaOut { name: area, streams }).collect()))
}
