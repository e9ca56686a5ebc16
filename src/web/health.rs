//! `/healthz`, `/api/v1/health` and `/metrics`.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, problem::Problem};
use crate::{
    domain::{Caller, PlatformPause, WallTime},
    service::Health,
    telemetry,
};

/// How the house stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthOut {
    /// Whether nothing needs a person.
    ok: bool,
    /// Whether the store answers.
    store_ok: bool,
    /// Why it does not; empty when it does.
    store_reason: String,
    /// How views stand.
    coverage: CoverageCounts,
    /// Deliveries that the platform does not have yet, counted up to 500.
    deliveries_pending: usize,
    /// Deliveries that were given up, counted up to 500.
    deliveries_dead: usize,
    /// Milliseconds since the oldest pending delivery arose.
    delivery_oldest_ms: Option<u64>,
    /// Set while the platform takes nothing from us; deliveries wait.
    platform_pause: Option<PauseOut>,
    /// Free bytes on the disk of the data folder.
    disk_free_bytes: Option<u64>,
    /// Version of this program.
    version: &'static str,
}

/// Why deliveries wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct PauseOut {
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    since: WallTime,
    /// What the latest probe met.
    why: String,
    /// When it is probed again.
    #[schema(value_type = String, format = DateTime)]
    probe_at: WallTime,
}

impl PauseOut {
    pub(super) fn of(pause: PlatformPause) -> Self {
        let PlatformPause { since, why, probe_at } = pause;
        Self { since, why, probe_at }
    }
}

/// How views stand.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageCounts {
    /// Registered views.
    views: usize,
    /// Looked at in time and judged.
    covered: usize,
    /// In want of a look, or blind.
    uncovered: usize,
    /// Idle or disabled on purpose.
    resting: usize,
}

/// Whether the process lives. Says nothing about its work.
#[utoipa::path(get, operation_id = "health_live", path = "/healthz", tag = "health", security(()), responses((status = OK, content_type = "text/plain")))]
pub(super) async fn live() -> &'static str {
    "ok\n"
}

/// How the house stands.
#[utoipa::path(get, operation_id = "health_show", path = "/api/v1/health", tag = "health", responses((status = OK, body = HealthOut)))]
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<HealthOut>, Problem> {
    let health = app.run(&caller, |service| Ok(service.health())).await?;
    let ok = health.ok();
    let Health {
        store_ok,
        store_reason,
        views,
        covered,
        uncovered,
        resting,
        deliveries_pending,
        deliveries_dead,
        delivery_oldest_ms,
        platform_pause,
        disk_free_bytes,
    } = health;
    Ok(Json(HealthOut {
        ok,
        store_ok,
        store_reason,
        coverage: CoverageCounts { views, covered, uncovered, resting },
        deliveries_pending,
        deliveries_dead,
        delivery_oldest_ms,
        platform_pause: platform_pause.map(PauseOut::of),
        disk_free_bytes,
        version: env!("CARGO_PKG_VERSION"),
    }))
}

/// Metrics in Prometheus' text format.
#[utoipa::path(get, operation_id = "health_metrics", path = "/metrics", tag = "health", responses((status = OK, content_type = "text/plain")))]
pub(super) async fn metrics() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry::metrics_text())
}
