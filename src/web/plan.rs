//! `/api/v1/plan`: how the patrol's plan stands: what is late, what was left out and by which rule, what is refused.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, problem::Problem, refusal::Port};
use crate::{
    domain::{Caller, HardLimit, PlanStatus, Policy, Unable, ViewId, WallTime},
    service::policy_in_words,
};

/// How the plan stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanOut {
    /// When it stood so.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// The rule by which it gives way.
    policy: Policy,
    /// The same in words.
    policy_text: String,
    /// How far the revisit targets of patrol looks are stretched, 1 when not at all.
    stretch: f64,
    /// Views that are looked at.
    views: usize,
    /// Continuous looks under way.
    watched: usize,
    /// Looks that are due and have not begun.
    waiting: usize,
    /// How late the most late of them is, in milliseconds.
    late_max_ms: u64,
    /// The view that it is for.
    #[schema(value_type = Option<String>, format = "uuid")]
    late_view: Option<ViewId>,
    /// Visits left out since the start because the next one was due already.
    skipped: u64,
    /// Views for which a hard limit leaves no room.
    refused: Vec<RefusedOut>,
    /// Matters that cannot be judged here.
    unable: Vec<UnableOut>,
}

/// A matter that cannot be judged here.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnableOut {
    /// Its key.
    matter: String,
    /// Why, in words.
    why: String,
}

/// A view for which a hard limit leaves no room.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedOut {
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Which limit.
    limit: HardLimit,
    /// Where it stands.
    max: usize,
}

/// How the plan stands.
#[utoipa::path(get, operation_id = "plan_show", path = "/api/v1/plan", tag = "health", responses((status = OK, body = PlanOut), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<PlanOut>, Problem> {
    let plan =
        app.run(&caller, |service| Ok(service.plan())).await?.ok_or_else(|| Problem::unavailable(Port::Planning))?;
    let (policy, policy_text) = (plan.policy(), policy_in_words(&plan));
    let PlanStatus {
        at,
        views,
        waiting,
        late_max_ms,
        late_view,
        stretch,
        thinned: _,
        skipped,
        watched,
        refused,
        unable,
    } = plan;
    let refused =
        refused.into_iter().map(|one| RefusedOut { view: one.view, limit: one.limit, max: one.max }).collect();
    Ok(Json(PlanOut {
        at,
        policy,
        policy_text,
        stretch,
        views,
        watched,
        waiting,
        late_max_ms,
        late_view,
        skipped,
        refused,
        unable: unable.into_iter().map(|Unable { matter, why }| UnableOut { matter: matter.into(), why }).collect(),
    }))
}
