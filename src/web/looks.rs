//! `/api/v1/views/{id}/looks`: what looks found, and asking for one out of turn.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, PageOf, Params},
    problem::Problem,
    refusal::{Port, Refusal},
};
use crate::domain::{Caller, CaseId, Explanation, LookId, LookReport, Purpose, ViewId, ViewState, WallTime};

/// Asks the patrol for a look out of turn; returns at once.
pub type LookPort = Arc<dyn Fn(ViewId, LookWish) -> Result<LookId, LooksFull> + Send + Sync>;

/// The look will not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many looks wait already; try again in a minute")]
pub struct LooksFull;

/// What the look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookWish {
    /// How the view stands now.
    Snapshot,
    /// A new reference picture.
    Reference,
}

/// One finished look.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: LookId,
    /// Its view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// `patrol`, `recheck`, `snapshot` or `continuous`.
    purpose: &'static str,
    /// The case that a re-check was for.
    #[schema(value_type = Option<String>, format = "uuid")]
    case: Option<CaseId>,
    /// When it should have begun.
    #[schema(value_type = String, format = DateTime)]
    due: WallTime,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started: WallTime,
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    ended: WallTime,
    /// Frames judged.
    frames: u32,
    /// How the view stood.
    state: ViewState,
    /// Why, when the view could not be judged, in Chinese.
    reason: Option<String>,
    /// The same in English.
    reason_en: Option<String>,
    /// The camera's clock minus ours in milliseconds.
    skew_ms: Option<i64>,
}

impl LookOut {
    pub(super) fn of(look: LookReport) -> Self {
        let LookReport { id, view, purpose, due, started, ended, frames, state, reason, skew_ms } = look;
        let (purpose, case) = match purpose {
            Purpose::Patrol => ("patrol", None),
            Purpose::Recheck { case } => ("recheck", Some(case)),
            Purpose::Snapshot => ("snapshot", None),
            Purpose::Reference => ("reference", None),
            Purpose::Continuous => ("continuous", None),
        };
        let (reason, reason_en) = reason.map(|Explanation { zh, en }| (zh, en)).unzip();
        Self { id, view, purpose, case, due, started, ended, frames, state, reason, reason_en, skew_ms }
    }
}

/// A look that will be made.
#[derive(Debug, Serialize, ToSchema)]
pub struct LookAsked {
    /// Its identity; it appears among the view's looks when it is finished.
    #[schema(value_type = String, format = "uuid")]
    look: LookId,
}

/// How many looks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Latest {
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// The latest looks at a view, newest first.
#[utoipa::path(get, operation_id = "looks_list", path = "/api/v1/views/{id}/looks", tag = "looks", params(("id" = String, Path), Latest),
    responses((status = OK, body = PageOf<LookOut>), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Params(latest): Params<Latest>,
) -> Result<Json<PageOf<LookOut>>, Problem> {
    let limit = super::extract::page(None, latest.limit)?.limit;
    let looks = app.run(&caller, move |service| service.looks(id, limit)).await?;
    Ok(PageOf::whole(looks.into_iter().map(LookOut::of).collect()))
}

/// Asks for a look at a view out of turn.
#[utoipa::path(post, operation_id = "looks_ask", path = "/api/v1/views/{id}/looks", tag = "looks", params(("id" = String, Path)),
    responses((status = ACCEPTED, body = LookAsked), (status = NOT_FOUND, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn ask(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
) -> Result<(StatusCode, Json<LookAsked>), Problem> {
    ask_patrol(&app, &caller, id, LookWish::Snapshot).await
}

pub(super) async fn ask_patrol(
    app: &App,
    caller: &Caller,
    view: ViewId,
    wish: LookWish,
) -> Result<(StatusCode, Json<LookAsked>), Problem> {
    let port = app.ports.look.clone().ok_or_else(|| Problem::unavailable(Port::Looking))?;
    let asked = app
        .run(caller, move |service| {
            service.view(view)?;
            Ok(port(view, wish))
        })
        .await?;
    let look = asked.map_err(|full: LooksFull| Problem::later(Refusal::LooksFull, full.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(LookAsked { look })))
}
