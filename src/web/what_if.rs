//! `/api/v1/views/{id}/detections` and `/what_if`: what the last looks saw, and what a draft of zones, hours and
//! matters would have made of it. Nothing here changes anything.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, Body, Params},
    problem::Problem,
    zones::{HoursJson, ZoneIn},
};
use crate::{
    domain::{Caller, LookId, MatterKey, Observed, Score, ViewId, WallTime, ZoneId, ZoneKind},
    service::{Difference, Draft, DraftZone, Judged, Service, WhatIf, Why},
};

/// Differences that are told at once.
const DIFFERENCES_MAX: usize = 2_000;

/// Something that the model saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct DetectionOut {
    /// The model's class.
    class: String,
    /// How sure it was, 0 to 1.
    #[schema(value_type = f32)]
    score: Score,
    /// `[x0, y0, x1, y1]` on the reference picture, fractions of its width and height.
    bbox: [f32; 4],
    /// It is text that a person let stay there: lawful whatever the zones say.
    permitted: bool,
}

/// What one look saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObservedOut {
    /// The look.
    #[schema(value_type = String, format = "uuid")]
    look: LookId,
    /// The moment by which it was judged.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// The surest 64, surest first.
    detections: Vec<DetectionOut>,
}

/// What the last looks saw.
#[derive(Debug, Serialize, ToSchema)]
pub struct ObservedListOut {
    /// Newest first.
    items: Vec<ObservedOut>,
}

impl ObservedOut {
    fn of((look, observed): (LookId, Observed)) -> Self {
        let detections = observed.detections.into_iter().map(|seen| DetectionOut {
            class: seen.class.to_string(),
            score: seen.score,
            bbox: seen.bbox.to_array(),
            permitted: seen.permitted,
        });
        Self { look, at: observed.at, detections: detections.collect() }
    }
}

/// How many looks.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ObservedQuery {
    /// 1 to 200, default 50.
    limit: Option<u32>,
}

/// A zone of a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftZoneIn {
    /// The zone that it would change; left out for a new one.
    #[schema(value_type = Option<String>, format = "uuid")]
    id: Option<ZoneId>,
    /// The view; may be left out.
    #[schema(value_type = Option<String>, format = "uuid")]
    view: Option<ViewId>,
    /// Name for people.
    #[serde(default)]
    name: String,
    /// What it says.
    kind: ZoneKind,
    /// About which matters.
    #[serde(default)]
    matters: Vec<String>,
    /// Corners on the reference picture.
    #[serde(default)]
    polygon: Vec<[f32; 2]>,
    /// When, for controlled and permitted zones.
    hours: Option<HoursJson>,
    /// Not before.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<WallTime>,
    /// Not at or after.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<WallTime>,
}

impl DraftZoneIn {
    fn into_draft(self, i: usize) -> Result<DraftZone, Problem> {
        let Self { id, view, name, kind, matters, polygon, hours, valid_from, valid_until } = self;
        let zone = ZoneIn { view, name, kind, matters, polygon, hours, valid_from, valid_until };
        let zone = zone.into_new().map_err(|mut problem| {
            problem.faults.iter_mut().for_each(|fault| fault.field = format!("zones[{i}].{}", fault.field));
            problem
        })?;
        Ok(DraftZone { id, zone })
    }
}

/// How the view would be judged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfIn {
    /// All its zones: one that is not named would be gone.
    zones: Vec<DraftZoneIn>,
    /// What would be looked for; left out, what is looked for now.
    matters: Option<Vec<String>>,
}

/// Why something counts, or why it does not.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyOut {
    /// A zone forbids it.
    Counts,
    /// No zone speaks about it.
    NoZone,
    /// Its zone lets it be at that hour.
    LawfulHours,
    /// Its zone is never judged.
    Exempt,
    /// The matter is not looked for.
    MatterOff,
}

/// How one thing is judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgedOut {
    /// Whether it counts as a sighting of something forbidden.
    counts: bool,
    /// Name of the zone that speaks.
    zone: Option<String>,
    /// Why.
    why: WhyOut,
}

impl JudgedOut {
    fn of(judged: Judged) -> Self {
        let why = match judged.why {
            Why::Counts => WhyOut::Counts,
            Why::NoZone => WhyOut::NoZone,
            Why::LawfulHours => WhyOut::LawfulHours,
            Why::Exempt => WhyOut::Exempt,
            Why::MatterOff => WhyOut::MatterOff,
        };
        Self { counts: judged.counts(), zone: judged.zone, why }
    }
}

/// One thing that would be judged differently.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceOut {
    /// The look that saw it.
    #[schema(value_type = String, format = "uuid")]
    look: LookId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// As which matter.
    #[schema(value_type = String)]
    matter: MatterKey,
    /// Name of that matter.
    matter_name: String,
    /// `[x0, y0, x1, y1]` on the reference picture.
    bbox: [f32; 4],
    /// How sure the model was.
    #[schema(value_type = f32)]
    score: Score,
    /// As things stand.
    before: JudgedOut,
    /// Under the draft.
    after: JudgedOut,
}

/// What a draft would have changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIfOut {
    /// How many looks it was tried on.
    looks: usize,
    /// The earliest of them.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<WallTime>,
    /// The latest of them.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<WallTime>,
    /// Texts in them that a person had permitted: lawful under any draft, and in no difference.
    permitted: usize,
    /// What would have been judged differently, latest look first.
    differences: Vec<DifferenceOut>,
    /// Further differences that are not told.
    left_off: usize,
}

/// What the last looks of a view saw, newest first; looks that could not be judged are left out.
#[utoipa::path(get, operation_id = "views_detections", path = "/api/v1/views/{id}/detections", tag = "views", params(("id" = String, Path), ObservedQuery),
    responses((status = OK, body = ObservedListOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn detections(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Params(query): Params<ObservedQuery>,
) -> Result<Json<ObservedListOut>, Problem> {
    let limit = query.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::unreadable("limit is a number from 1 to 200"));
    }
    let looks = app.run(&caller, move |service| service.observed(id, limit)).await?;
    Ok(Json(ObservedListOut { items: looks.into_iter().map(ObservedOut::of).collect() }))
}

/// What a draft would have changed about what the last 200 looks saw. Nothing is stored.
#[utoipa::path(post, operation_id = "views_what_if", path = "/api/v1/views/{id}/what_if", tag = "views", params(("id" = String, Path)), request_body = WhatIfIn,
    responses((status = OK, body = WhatIfOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn judge(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ViewId>,
    Body(draft): Body<WhatIfIn>,
) -> Result<Json<WhatIfOut>, Problem> {
    let zones = draft.zones.into_iter().enumerate().map(|(i, zone)| zone.into_draft(i)).collect::<Result<_, _>>()?;
    let draft = Draft { zones, matters: draft.matters };
    let WhatIf { looks, span, permitted, differences } =
        app.run(&caller, move |service: &Service| service.what_if(id, &draft)).await?;
    let left_off = differences.len().saturating_sub(DIFFERENCES_MAX);
    let differences = differences.into_iter().take(DIFFERENCES_MAX).map(|difference| {
        let Difference { look, at, matter, bbox, score, before, after } = difference;
        let matter_name = app.service.matter_name(&matter);
        let (before, after) = (JudgedOut::of(before), JudgedOut::of(after));
        DifferenceOut { look, at, matter, matter_name, bbox: bbox.to_array(), score, before, after }
    });
    Ok(Json(WhatIfOut {
        looks,
        from: span.map(|(from, _)| from),
        until: span.map(|(_, until)| until),
        permitted,
        differences: differences.collect(),
        left_off,
    }))
}
