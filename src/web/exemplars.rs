//! `/api/v1/exemplars`: what verdicts and boxes drawn by hand taught about how things look. Here they are listed, widened,
//! tried out and taken back; `marks` draws them.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageOf, Params},
    problem::Problem,
};
use crate::{
    domain::{
        Caller, Exemplar, ExemplarId, IncidentId, Origin, Polarity, RefusedWhy, Review, Ruling, ScopeKind, ViewId,
        WallTime, ZoneId,
    },
    service::{Changed, People, Preview, Service, ServiceError},
    store::{ExemplarFilter, Registry},
};

/// How a thing looked about which a person said yes or no.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExemplarOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: ExemplarId,
    /// Key of its matter.
    matter: String,
    /// `raise`: look-alikes are surer to be reported; `suppress`: they are not.
    polarity: Polarity,
    /// Where it counts.
    scope: ScopeKind,
    /// The view that it was seen in.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// The zone that it was seen in.
    #[schema(value_type = String, format = "uuid")]
    zone: ZoneId,
    /// Name of the view's stream; empty once that was removed.
    stream_name: String,
    /// Name of the view; empty once that was removed.
    view_name: String,
    /// Name of the zone; empty once that was removed.
    zone_name: String,
    /// The incident whose verdict made it; `null` where it was drawn by hand.
    #[schema(value_type = Option<String>, format = "uuid")]
    incident: Option<IncidentId>,
    /// The box on the view's reference picture, `[x0, y0, x1, y1]` as fractions, where it was drawn by hand.
    bbox: Option<[f32; 4]>,
    /// Version of the reference picture that it was drawn on.
    reference_version: Option<u32>,
    /// Who said so.
    by: String,
    /// How they are called.
    by_name: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// Until when it counts.
    #[schema(value_type = String, format = DateTime)]
    expires: WallTime,
    /// How whoever took it back is called.
    undone_by: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    undone_at: Option<WallTime>,
}

/// What things and people are called.
pub(super) struct Called {
    registry: Registry,
    people: People,
}

impl Called {
    pub(super) fn of(service: &Service) -> Result<Self, ServiceError> {
        Ok(Self { registry: service.registry()?, people: service.people()? })
    }
}

impl ExemplarOut {
    pub(super) fn of(exemplar: Exemplar, called: &Called) -> Self {
        let Exemplar {
            id,
            matter,
            polarity,
            scope,
            view,
            zone,
            bbox: _,
            look: _,
            weights: _,
            origin,
            by,
            at,
            expires,
            undone,
        } = exemplar;
        let Registry { streams, views, zones, .. } = &called.registry;
        let known = views.iter().find(|known| known.id == view);
        let stream = known.and_then(|known| streams.iter().find(|stream| stream.id == known.stream));
        let zone_name = zones.iter().find(|known| known.id == zone).map(|known| known.name.clone());
        let (incident, mark) = match origin {
            Origin::Verdict(incident) => (Some(incident), None),
            Origin::Mark(mark) => (None, Some(mark)),
        };
        let (undone_by, undone_at) = undone.unzip();
        Self {
            id,
            matter: matter.to_string(),
            polarity,
            scope: scope.into(),
            view,
            zone,
            stream_name: stream.map(|stream| stream.name.clone()).unwrap_or_default(),
            view_name: known.map(|known| known.name.clone()).unwrap_or_default(),
            zone_name: zone_name.unwrap_or_default(),
            incident,
            bbox: mark.as_ref().map(|mark| mark.bbox.to_array()),
            reference_version: mark.map(|mark| mark.version),
            by_name: called.people.called(&by),
            by,
            at,
            expires,
            undone_by: undone_by.map(|by| called.people.called(&by)),
            undone_at,
        }
    }
}

/// Which exemplars.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only those seen in this view.
    #[param(value_type = Option<String>)]
    view: Option<ViewId>,
    /// Only of this matter.
    matter: Option<String>,
    /// Only those that count now (`true`).
    counting: Option<bool>,
}

/// The newest 500 exemplars, newest first.
#[utoipa::path(get, operation_id = "exemplars_list", path = "/api/v1/exemplars", tag = "exemplars", params(Which),
    responses((status = OK, body = PageOf<ExemplarOut>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(which): Params<Which>,
) -> Result<Json<PageOf<ExemplarOut>>, Problem> {
    let matter =
        which.matter.map(|key| key.parse().map_err(|_| Problem::unreadable("matter is no key"))).transpose()?;
    let exemplars = app
        .run(&caller, move |service| {
            let counting_at = which.counting.unwrap_or(false).then(|| service.now());
            let filter = ExemplarFilter { view: which.view, matter, counting_at, ..ExemplarFilter::default() };
            let called = Called::of(service)?;
            Ok(service.exemplars(&filter)?.into_iter().map(|one| ExemplarOut::of(one, &called)).collect())
        })
        .await?;
    Ok(PageOf::whole(exemplars))
}

/// Where an exemplar is to count.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExemplarChange {
    /// `view`, `zone` or `city`; the city is for those who see all areas.
    scope: ScopeKind,
}

/// Makes an exemplar count in its view, in its zone or everywhere.
#[utoipa::path(patch, operation_id = "exemplars_change", path = "/api/v1/exemplars/{id}", tag = "exemplars", params(("id" = String, Path)),
    request_body = ExemplarChange,
    responses((status = OK, body = ExemplarOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ExemplarId>,
    Body(change): Body<ExemplarChange>,
) -> Result<Json<ExemplarOut>, Problem> {
    let by = caller.name.clone();
    let changed = app.run(&caller, move |service| {
        let changed = service.rescope_exemplar(id, change.scope, &by)?;
        Ok(ExemplarOut::of(changed, &Called::of(service)?))
    });
    Ok(Json(changed.await?))
}

/// Takes an exemplar back; the verdict that made it stays.
#[utoipa::path(delete, operation_id = "exemplars_undo", path = "/api/v1/exemplars/{id}", tag = "exemplars", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn undo(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ExemplarId>,
) -> Result<StatusCode, Problem> {
    let by = caller.name.clone();
    app.run(&caller, move |service| service.undo_exemplar(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One ruling that is another one by an exemplar.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedOut {
    /// When the verifier looked.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// The incident, where one was reported.
    #[schema(value_type = Option<String>, format = "uuid")]
    incident: Option<IncidentId>,
    /// Why it was refused; `null` where it was reported.
    before: Option<RefusedWhy>,
    /// Why it is refused with the exemplar; `null` where it is reported. Under `held_back`: what it is without.
    after: Option<RefusedWhy>,
    /// How alike, as a cosine.
    likeness: f32,
    /// `waiting`, `confirmed`, `rejected` or `duplicate`, where an incident was reported.
    review: Option<&'static str>,
}

/// What an exemplar would have changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreviewOut {
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    from: WallTime,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: WallTime,
    /// Rulings that were weighed.
    weighed: usize,
    /// What would have been another one, newest first.
    changed: Vec<ChangedOut>,
    /// What it has held back already, newest first.
    held_back: Vec<ChangedOut>,
}

fn why(ruling: Ruling) -> Option<RefusedWhy> {
    match ruling {
        Ruling::Passed => None,
        Ruling::Refused { why } => Some(why),
    }
}

impl ChangedOut {
    fn of(changed: Changed) -> Self {
        let Changed { at, view, incident, before, after, likeness, review } = changed;
        let word = |review: &Review| match review {
            Review::Waiting => "waiting",
            Review::Confirmed { .. } => "confirmed",
            Review::Rejected { .. } => "rejected",
            Review::Duplicate { .. } => "duplicate",
        };
        let review = review.as_ref().map(word);
        let incident = review.map(|_| incident);
        Self { at, view, incident, before: why(before), after: why(after), likeness, review }
    }
}

/// In which scope an exemplar is tried out.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Tried {
    /// `view`, `zone` or `city`; its own when left out.
    #[param(value_type = Option<String>)]
    scope: Option<ScopeKind>,
}

/// What an exemplar would have changed over the last week.
#[utoipa::path(get, operation_id = "exemplars_preview", path = "/api/v1/exemplars/{id}/preview", tag = "exemplars",
    params(("id" = String, Path), Tried),
    responses((status = OK, body = PreviewOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn preview(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ExemplarId>,
    Params(tried): Params<Tried>,
) -> Result<Json<PreviewOut>, Problem> {
    let preview = app.run(&caller, move |service| service.preview_exemplar(id, tried.scope)).await?;
    let Preview { from, until, weighed, changed, held_back } = preview;
    let out = |rows: Vec<Changed>| rows.into_iter().map(ChangedOut::of).collect();
    Ok(Json(PreviewOut { from, until, weighed, changed: out(changed), held_back: out(held_back) }))
}
