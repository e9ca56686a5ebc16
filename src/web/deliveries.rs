//! `/api/v1/deliveries`: what the platform has to be told, and its replay.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, PageOf, Params, page},
    problem::Problem,
};
use crate::domain::{Caller, CaseId, Delivery, DeliveryId, DeliveryState, EvidenceId, Message, Receipt, WallTime};

/// A duty to tell the platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryOut {
    /// Identity; also the idempotency key.
    #[schema(value_type = String, format = "uuid")]
    id: DeliveryId,
    /// About which case.
    #[schema(value_type = String, format = "uuid")]
    case: CaseId,
    /// 0 for the report, counting up.
    ordinal: u32,
    /// `report`, `recurrence` or `recheck`.
    kind: &'static str,
    /// Which time, for `recurrence`.
    recurrence: Option<u32>,
    /// Whether the spot is clear, for `recheck`; `null` when it could not be seen.
    cleared: Option<bool>,
    /// The bundle that goes with it.
    #[schema(value_type = Option<String>, format = "uuid")]
    evidence: Option<EvidenceId>,
    /// When the duty arose.
    #[schema(value_type = String, format = DateTime)]
    created_at: WallTime,
    /// `pending`, `delivered` or `dead`.
    state: &'static str,
    /// Tries so far.
    attempts: u32,
    /// The next try, while pending.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<WallTime>,
    /// What the latest try met, or why it was given up.
    error: Option<String>,
    /// When it was delivered or given up.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<WallTime>,
    /// The number that the platform gave.
    platform_number: Option<String>,
    /// The platform said that it knew the message already.
    repeated: Option<bool>,
}

impl DeliveryOut {
    pub(super) fn of(delivery: Delivery) -> Self {
        let Delivery { id, case, ordinal, message, created_at, state } = delivery;
        let (kind, recurrence, cleared, evidence) = match message {
            Message::Report { evidence } => ("report", None, None, evidence),
            Message::Recurrence { count, evidence } => ("recurrence", Some(count), None, evidence),
            Message::Recheck { cleared, evidence } => ("recheck", None, cleared, evidence),
        };
        let mut out = Self {
            id,
            case,
            ordinal,
            kind,
            recurrence,
            cleared,
            evidence,
            created_at,
            state: "pending",
            attempts: 0,
            next_at: None,
            error: None,
            ended_at: None,
            platform_number: None,
            repeated: None,
        };
        match state {
            DeliveryState::Pending { attempts, next_at, last_error } => {
                (out.attempts, out.next_at, out.error) = (attempts, Some(next_at), last_error);
            }
            DeliveryState::Delivered { attempts, receipt: Receipt { at, platform_number, repeated } } => {
                (out.state, out.attempts, out.ended_at) = ("delivered", attempts, Some(at));
                (out.platform_number, out.repeated) = (platform_number, Some(repeated));
            }
            DeliveryState::Dead { attempts, at, reason } => {
                (out.state, out.attempts, out.ended_at, out.error) = ("dead", attempts, Some(at), Some(reason));
            }
        }
        out
    }
}

/// Which deliveries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeliveryQuery {
    /// `pending`, `delivered` or `dead`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// Deliveries, newest first.
#[utoipa::path(get, operation_id = "deliveries_list", path = "/api/v1/deliveries", tag = "deliveries", params(DeliveryQuery),
    responses((status = OK, body = PageOf<DeliveryOut>), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<DeliveryQuery>,
) -> Result<Json<PageOf<DeliveryOut>>, Problem> {
    let page = page(query.after, query.limit)?;
    let rows = app.run(&caller, move |service| service.deliveries(query.state.as_deref(), &page)).await?;
    Ok(PageOf::of(rows, DeliveryOut::of))
}

/// One delivery.
#[utoipa::path(get, operation_id = "deliveries_show", path = "/api/v1/deliveries/{id}", tag = "deliveries", params(("id" = String, Path)),
    responses((status = OK, body = DeliveryOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DeliveryId>,
) -> Result<Json<DeliveryOut>, Problem> {
    Ok(Json(DeliveryOut::of(app.run(&caller, move |service| service.delivery(id)).await?)))
}

/// Makes a dead or a waiting delivery due at once; the platform sees the same idempotency key.
#[utoipa::path(post, operation_id = "deliveries_replay", path = "/api/v1/deliveries/{id}/replay", tag = "deliveries", params(("id" = String, Path)),
    responses((status = OK, body = DeliveryOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn replay(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DeliveryId>,
) -> Result<Json<DeliveryOut>, Problem> {
    let by = caller.name.clone();
    Ok(Json(DeliveryOut::of(app.run(&caller, move |service| service.replay(id, &by)).await?)))
}
