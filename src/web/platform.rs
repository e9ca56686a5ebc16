//! `/api/v1/platform`, `/api/v1/reconciliations` and a case's whole life: what the platform's people ask.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, PageIn, PageOf, Params},
    health::PauseOut,
    incident_detail::MomentOut,
    problem::Problem,
    refusal::Port,
};
use crate::{
    domain::{Caller, CaseId, Stage, WallTime},
    service::{Faults, PlatformStatus, Reached, Service, Want},
    store::{Differences, MissingThere, PlatformCounts, Reconciliation, StageDiffers},
};

/// By what the platform is reached.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutletOut {
    /// Signed HTTP.
    Http,
    /// A folder.
    Folder,
}

/// How the conversation with the platform stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformOut {
    /// Whether there is one.
    configured: bool,
    /// By what it is reached.
    kind: Option<OutletOut>,
    /// Host and port.
    host: Option<String>,
    /// Which key signs.
    key_id: Option<String>,
    /// Set while it takes nothing from us; deliveries wait.
    pause: Option<PauseOut>,
    /// Messages that it does not have yet.
    pending: u64,
    /// Messages that were given up.
    dead: u64,
    /// Messages that it took since midnight of the city's civil time.
    delivered_today: u64,
    /// When it took the latest.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_delivered_at: Option<WallTime>,
    /// When it told us something latest.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_callback_at: Option<WallTime>,
    /// How often it told us something.
    callbacks: u64,
}

impl PlatformOut {
    fn of(status: PlatformStatus) -> Self {
        let PlatformStatus { reached, pause, counts } = status;
        let PlatformCounts { pending, dead, delivered_since, last_delivered_at, last_callback_at, callbacks } = counts;
        let configured = reached.is_some();
        let (kind, host, key_id) = match reached {
            None => (None, None, None),
            Some(Reached::Folder) => (Some(OutletOut::Folder), None, None),
            Some(Reached::Http { host, key_id }) => (Some(OutletOut::Http), Some(host), Some(key_id)),
        };
        Self {
            configured,
            kind,
            host,
            key_id,
            pause: pause.map(PauseOut::of),
            pending,
            dead,
            delivered_today: delivered_since,
            last_delivered_at,
            last_callback_at,
            callbacks,
        }
    }
}

/// A case of ours that the platform does not hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct MissingThereOut {
    /// The case.
    #[schema(value_type = String, format = "uuid")]
    case: CaseId,
    /// Name of its matter.
    matter_name: String,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: WallTime,
}

/// A case that stands elsewhere at the platform.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageDiffersOut {
    /// The case.
    #[schema(value_type = String, format = "uuid")]
    case: CaseId,
    /// Where it stands here.
    ours: Stage,
    /// Where it stands there, in the platform's word.
    theirs: String,
}

/// The cases of one day, ours against the platform's.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReconciliationOut {
    /// The day, in the city's civil time.
    #[schema(value_type = String, format = Date)]
    day: NaiveDate,
    /// When they were compared.
    #[schema(value_type = String, format = DateTime)]
    ran_at: WallTime,
    /// Whether they could be compared and are the same.
    ok: bool,
    /// Why they could not be compared.
    error: Option<String>,
    /// Cases of ours.
    ours: u64,
    /// Of them those whose report is still on its way; they are not missing.
    on_the_way: u64,
    /// Cases of theirs.
    theirs: Option<u64>,
    /// Ours that the platform does not hold.
    missing_there: Vec<MissingThereOut>,
    /// Theirs that we never had, as the platform calls them.
    unknown_here: Vec<String>,
    /// Those that stand elsewhere.
    stage_differs: Vec<StageDiffersOut>,
}

impl ReconciliationOut {
    fn of(reconciliation: Reconciliation) -> Self {
        let Reconciliation { day, ran_at, error, ours, on_the_way, theirs, differences } = reconciliation;
        let ok = error.is_none() && differences.is_none();
        let Differences { missing_there, unknown_here, stage_differs } = differences;
        let missing = |MissingThere { case, matter_name, opened_at }| MissingThereOut { case, matter_name, opened_at };
        let differs = |StageDiffers { case, ours, theirs }| StageDiffersOut { case, ours, theirs };
        Self {
            day,
            ran_at,
            ok,
            error,
            ours,
            on_the_way,
            theirs,
            missing_there: missing_there.into_iter().map(missing).collect(),
            unknown_here,
            stage_differs: stage_differs.into_iter().map(differs).collect(),
        }
    }
}

/// The whole life of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineOut {
    /// Oldest first.
    items: Vec<MomentOut>,
}

/// How the conversation with the platform stands.
#[utoipa::path(get, operation_id = "platform_show", path = "/api/v1/platform", tag = "platform", responses((status = OK, body = PlatformOut)))]
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<PlatformOut>, Problem> {
    Ok(Json(PlatformOut::of(app.run(&caller, Service::platform).await?)))
}

/// Comparisons with the platform, the latest day first.
#[utoipa::path(get, operation_id = "reconciliations_list", path = "/api/v1/reconciliations", tag = "platform", params(PageIn),
    responses((status = OK, body = PageOf<ReconciliationOut>), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn reconciliations(
    State(app): State<App>,
    caller: Caller,
    Params(page): Params<PageIn>,
) -> Result<Json<PageOf<ReconciliationOut>>, Problem> {
    let page = page.checked()?;
    let rows = app.run(&caller, move |service| service.reconciliations(&page)).await?;
    Ok(PageOf::of(rows, ReconciliationOut::of))
}

/// Compares the cases of a day, `YYYY-MM-DD`, with the platform now.
#[utoipa::path(post, operation_id = "reconciliations_run", path = "/api/v1/reconciliations/{day}", tag = "platform", params(("day" = String, Path)),
    responses((status = OK, body = ReconciliationOut), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = NOT_IMPLEMENTED, body = Problem)))]
pub(super) async fn reconcile(
    State(app): State<App>,
    caller: Caller,
    At(day): At<String>,
) -> Result<Json<ReconciliationOut>, Problem> {
    let wrong = || Problem::invalid(Faults::one("day", &day, Want::Day));
    let day: NaiveDate = day.parse().map_err(|_| wrong())?;
    let sink = app.ports.sink.clone().ok_or_else(|| Problem::unavailable(Port::Platform))?;
    let by = caller.name.clone();
    let done = app
        .run(&caller, move |service| service.reconcile(day, &*sink, &by).and_then(|done| service.as_seen(done)))
        .await?;
    Ok(Json(ReconciliationOut::of(done)))
}

/// The whole life of a case: sightings, evidence, verdicts, messages, receipts, callbacks, re-checks, recurrences.
#[utoipa::path(get, operation_id = "cases_timeline", path = "/api/v1/cases/{id}/timeline", tag = "cases", params(("id" = String, Path)),
    responses((status = OK, body = TimelineOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn timeline(
    State(app): State<App>,
    caller: Caller,
    At(id): At<CaseId>,
) -> Result<Json<TimelineOut>, Problem> {
    let moments = app.run(&caller, move |service| service.case_timeline(id)).await?;
    Ok(Json(TimelineOut { items: moments.into_iter().map(MomentOut::of).collect() }))
}
