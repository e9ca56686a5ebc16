//! `/api/v1/queue`: incidents that wait for a reviewer, the most urgent first; what is like one of them; and locks.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, Body, Params, page},
    incident_detail::path_of,
    incidents::IncidentOut,
    neighbours,
    problem::Problem,
};
use crate::{
    domain::{Area, Areas, Caller, IncidentId, IncidentLock, MatterKey, ViewId, WallTime},
    service::{Cluster, Faults, NextInQueue, People, QueueAsk, QueueItem, QueuePage, Similar, Want},
};

/// Incidents that one may not want at once: more verdicts are never on their way from one page.
const BUT_MAX: usize = 200;

/// Who has an incident open. It binds nobody.
#[derive(Debug, Serialize, ToSchema)]
pub struct LockOut {
    /// Who.
    by: String,
    /// Whether that is the caller.
    mine: bool,
    /// It ends by itself then.
    #[schema(value_type = String, format = DateTime)]
    until: WallTime,
}

impl LockOut {
    pub(super) fn of(lock: IncidentLock, caller: &Caller) -> Self {
        Self { mine: lock.holder == caller.id, by: lock.name, until: lock.until }
    }
}

/// An incident with what a list shows of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueItemOut {
    /// The incident.
    incident: IncidentOut,
    /// Name of its stream; empty once that was removed.
    stream_name: String,
    /// Name of its view; empty once that was removed.
    view_name: String,
    /// 区域 of its stream.
    area: Option<String>,
    /// Address in words.
    address: Option<String>,
    /// 单元网格 code.
    grid_cell: Option<String>,
    /// By when it should be decided.
    #[schema(value_type = String, format = DateTime)]
    review_due_at: WallTime,
    /// How soon its matter wants a person: 1 low, 2 normal, 3 high.
    level: u8,
    /// Path of the latest masked picture.
    picture: Option<String>,
    /// Who has it open.
    lock: Option<LockOut>,
}

impl QueueItemOut {
    fn of(item: QueueItem, caller: &Caller) -> Self {
        let (area, location) = (item.area().map(ToString::to_string), item.location());
        let (address, grid_cell) =
            (location.map(|at| at.address.clone()), location.and_then(|at| at.grid_cell.clone()));
        let QueueItem { incident, matter_name, stream, view, review_due_at, level, picture, lock } = item;
        Self {
            incident: IncidentOut::of(incident, matter_name, &People::default()),
            stream_name: stream.map(|stream| stream.name).unwrap_or_default(),
            view_name: view.map(|view| view.name).unwrap_or_default(),
            area,
            address,
            grid_cell,
            review_due_at,
            level: level.number(),
            picture: picture.as_ref().map(path_of),
            lock: lock.map(|lock| LockOut::of(lock, caller)),
        }
    }

    fn all(items: Vec<QueueItem>, caller: &Caller) -> Vec<Self> {
        items.into_iter().map(|item| Self::of(item, caller)).collect()
    }
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub struct QueueOut {
    /// The most urgent first.
    items: Vec<QueueItemOut>,
    /// Cursor of the next page; `null` at the end.
    next: Option<String>,
    /// How many wait under the same filter.
    waiting: u64,
}

/// Which part of the queue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueQuery {
    /// Only of this matter.
    #[param(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
    /// Only of this view.
    #[param(value_type = Option<String>)]
    view: Option<ViewId>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// Incidents that wait for a reviewer: due first, then the higher level, then the better score.
#[utoipa::path(get, operation_id = "queue_list", path = "/api/v1/queue", tag = "review", params(QueueQuery),
    responses((status = OK, body = QueueOut), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<QueueQuery>,
) -> Result<Json<QueueOut>, Problem> {
    let page = page(query.after, query.limit)?;
    let ask = QueueAsk { matter: query.matter, areas: Areas::from(query.area), view: query.view };
    let QueuePage { items, next, waiting } = app.run(&caller, move |service| service.queue(&ask, &page)).await?;
    Ok(Json(QueueOut { items: QueueItemOut::all(items, &caller), next, waiting }))
}

/// Which incident a reviewer wants next.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NextIn {
    /// Only of this matter.
    #[schema(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// Only of this area.
    #[schema(value_type = Option<String>)]
    area: Option<Area>,
    /// Behind this incident, and from the front where none is left behind it.
    #[schema(value_type = Option<String>, format = "uuid")]
    after: Option<IncidentId>,
    /// None of these, at most 200.
    #[schema(value_type = Vec<String>, max_items = 200)]
    but: Vec<IncidentId>,
}

/// The next incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct NextOut {
    /// It is locked for the caller now; `null` where colleagues have open whatever is left.
    item: Option<QueueItemOut>,
    /// How many wait under the same filter.
    waiting: u64,
    /// How many of them colleagues have open.
    held: u64,
}

/// Hands out the next incident that nobody else has open, and locks it for a minute: taking is locking, so two reviewers
/// who ask at once get two incidents.
#[utoipa::path(post, operation_id = "queue_next", path = "/api/v1/queue/next", tag = "review", request_body = NextIn,
    responses((status = OK, body = NextOut), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn next(
    State(app): State<App>,
    caller: Caller,
    Body(NextIn { matter, area, after, but }): Body<NextIn>,
) -> Result<Json<NextOut>, Problem> {
    if but.len() > BUT_MAX {
        let want = Want::Incidents { least: 0, most: BUT_MAX };
        return Err(Problem::invalid(Faults::one("but", &but.len().to_string(), want)));
    }
    let ask = QueueAsk { matter, areas: Areas::from(area), view: None };
    let (by, but) = (caller.clone(), but.into_iter().collect());
    let next = app.run(&caller, move |service| service.hand_out(&ask, after, but, &by)).await?;
    let NextInQueue { item, waiting, held } = next;
    Ok(Json(NextOut { item: item.map(|item| QueueItemOut::of(item, &caller)), waiting, held }))
}

/// Takes or renews the lock on an incident, for a minute.
#[utoipa::path(put, operation_id = "incidents_lock", path = "/api/v1/incidents/{id}/lock", tag = "review", params(("id" = String, Path)),
    responses((status = OK, body = LockOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn lock(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<LockOut>, Problem> {
    let by = caller.clone();
    let lock = app.run(&caller, move |service| service.lock(id, &by)).await?;
    Ok(Json(LockOut::of(lock, &caller)))
}

/// Gives the caller's lock back; a colleague's stays.
#[utoipa::path(delete, operation_id = "incidents_unlock", path = "/api/v1/incidents/{id}/lock", tag = "review", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn unlock(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<StatusCode, Problem> {
    let by = caller.clone();
    app.run(&caller, move |service| service.unlock(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Incidents like one.
#[derive(Debug, Serialize, ToSchema)]
pub struct SimilarOut {
    /// Near its spot on the same view, whatever became of them: at most 12, the newest first.
    here: Vec<QueueItemOut>,
    /// Of the same matter on views within 200 m, of the last week: at most 12, the newest first.
    nearby: Vec<QueueItemOut>,
}

/// Incidents at the same spot, and those of the same matter in the neighbourhood.
#[utoipa::path(get, operation_id = "incidents_similar", path = "/api/v1/incidents/{id}/similar", tag = "review", params(("id" = String, Path)),
    responses((status = OK, body = SimilarOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn similar(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<SimilarOut>, Problem> {
    let Similar { here, nearby } = app.run(&caller, move |service| service.similar(id)).await?;
    let shown = here.iter().chain(&nearby).filter(|item| item.picture.is_some()).map(|item| item.incident.id);
    neighbours::note(&app, &caller, shown.collect()).await;
    Ok(Json(SimilarOut { here: QueueItemOut::all(here, &caller), nearby: QueueItemOut::all(nearby, &caller) }))
}

/// Waiting incidents that look alike and lie together.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClusterOut {
    /// Its most urgent incident.
    #[schema(value_type = String, format = "uuid")]
    id: IncidentId,
    /// Key of the matter of all of them.
    #[schema(value_type = String)]
    matter: MatterKey,
    /// Name of that matter.
    matter_name: String,
    /// Name of the first one's view.
    view_name: String,
    /// Name of the first one's stream.
    stream_name: String,
    /// Two or more, at most 60, the most urgent first.
    incidents: Vec<QueueItemOut>,
    /// How like the first the least like one is, 0 to 1.
    likeness: f32,
}

/// The clusters.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClustersOut {
    /// The most urgent first, at most 50, of the 10,000 most urgent incidents.
    items: Vec<ClusterOut>,
}

/// Which part of the queue is clustered.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ClusterQuery {
    /// Only of this matter.
    #[param(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
}

/// Waiting incidents that can be decided at once: alike, and at one spot of a view or on views within 50 m.
#[utoipa::path(get, operation_id = "clusters_list", path = "/api/v1/clusters", tag = "review", params(ClusterQuery),
    responses((status = OK, body = ClustersOut)))]
pub(super) async fn clusters(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<ClusterQuery>,
) -> Result<Json<ClustersOut>, Problem> {
    let ask = QueueAsk { matter: query.matter, areas: Areas::from(query.area), view: None };
    let (by, viewed) = (caller.clone(), app.viewed.clone());
    let found = app.run(&caller, move |service| {
        let clusters = service.clusters(&ask)?;
        viewed.covers(service, &by, clusters.iter().flat_map(|cluster| &cluster.items).map(|item| item.incident.id));
        Ok(clusters)
    });
    let clusters = found.await?;
    let items = clusters.into_iter().map(|Cluster { id, matter, items, likeness }| {
        let incidents = QueueItemOut::all(items, &caller);
        let named = |name: fn(&QueueItemOut) -> &String| incidents.first().map(name).cloned().unwrap_or_default();
        ClusterOut {
            id,
            matter_name: app.service.matter_name(&matter),
            matter,
            view_name: named(|item| &item.view_name),
            stream_name: named(|item| &item.stream_name),
            incidents,
            likeness,
        }
    });
    Ok(Json(ClustersOut { items: items.collect() }))
}
