//! `/api/v1/zones`: polygons on views, bound to matters and hours.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State, http::StatusCode};
use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, Body, PageOf, Params},
    problem::Problem,
};
use crate::{
    domain::{Caller, Hours, Span, ViewId, WallTime, Zone, ZoneId, ZoneKind},
    service::{Faults, NewZone, Want},
    store::ZoneVersion,
};

/// A span of local time; `from` equal to `to` is the whole day, `to` before `from` runs over midnight.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanJson {
    /// `HH:MM`.
    #[schema(example = "18:00")]
    from: String,
    /// `HH:MM`.
    #[schema(example = "02:00")]
    to: String,
}

/// A weekly calendar in the city's civil time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursJson {
    /// Spans of each weekday, Monday first: seven lists.
    weekly: Vec<Vec<SpanJson>>,
    /// Spans of holidays, which replace the weekday's; left out, holidays are as any day.
    on_holidays: Option<Vec<SpanJson>>,
}

/// A zone to draw.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ZoneIn {
    /// The view that it is drawn on; needed for a new zone, and a zone never moves to another.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub(super) view: Option<ViewId>,
    /// Name for people.
    #[serde(default)]
    pub(super) name: String,
    /// What it says.
    pub(super) kind: ZoneKind,
    /// About which matters.
    #[serde(default)]
    pub(super) matters: Vec<String>,
    /// Corners on the reference picture, `[x, y]` as fractions of its width and height.
    #[serde(default)]
    pub(super) polygon: Vec<[f32; 2]>,
    /// When, for controlled and permitted zones.
    pub(super) hours: Option<HoursJson>,
    /// Not before.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) valid_from: Option<WallTime>,
    /// Not at or after.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) valid_until: Option<WallTime>,
}

/// A zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZoneOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: ZoneId,
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Counts up with each change.
    version: u32,
    /// Name for people.
    name: String,
    /// What it says.
    kind: ZoneKind,
    /// About which matters.
    matters: Vec<String>,
    /// Corners on the reference picture.
    polygon: Vec<[f32; 2]>,
    /// When.
    hours: Option<HoursJson>,
    /// Not before.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_from: Option<WallTime>,
    /// Not at or after.
    #[schema(value_type = Option<String>, format = DateTime)]
    valid_until: Option<WallTime>,
}

impl ZoneOut {
    pub(super) fn of(zone: Zone) -> Self {
        let Zone { id, view, version, name, kind, matters, polygon, hours, valid_from, valid_until } = zone;
        Self {
            id,
            view,
            version,
            name,
            kind,
            matters: matters.into_iter().map(String::from).collect(),
            polygon: polygon.into(),
            hours: hours.map(show_hours),
            valid_from,
            valid_until,
        }
    }
}

fn show_hours(hours: Hours) -> HoursJson {
    let show = |spans: Vec<Span>| {
        let time = |time: NaiveTime| time.format("%H:%M").to_string();
        spans.into_iter().map(|span| SpanJson { from: time(span.from), to: time(span.to) }).collect()
    };
    HoursJson { weekly: hours.weekly.into_iter().map(show).collect(), on_holidays: hours.on_holidays.map(show) }
}

fn read_hours(faults: &mut Faults, hours: HoursJson) -> Hours {
    let mut read = |field: String, spans: Vec<SpanJson>| {
        let mut read_spans = Vec::new();
        for (i, span) in spans.iter().enumerate() {
            let mut time = |end: &str, text: &str| {
                let parsed = NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| Want::Time);
                faults.take(&format!("{field}[{i}].{end}"), text, parsed)
            };
            if let (Some(from), Some(to)) = (time("from", &span.from), time("to", &span.to)) {
                read_spans.push(Span { from, to });
            }
        }
        read_spans
    };
    let mut weekly: [Vec<Span>; 7] = Default::default();
    let days = hours.weekly.len();
    for (i, spans) in hours.weekly.into_iter().take(7).enumerate() {
        weekly[i] = read(format!("hours.weekly[{i}]"), spans);
    }
    let on_holidays = hours.on_holidays.map(|spans| read("hours.on_holidays".to_owned(), spans));
    if days != 7 {
        faults.add("hours.weekly", &days.to_string(), Want::Week);
    }
    Hours { weekly, on_holidays }
}

impl ZoneIn {
    pub(super) fn into_new(self) -> Result<NewZone, Problem> {
        let mut faults = Faults::default();
        let hours = self.hours.map(|hours| read_hours(&mut faults, hours));
        if !faults.0.is_empty() {
            return Err(Problem::invalid(faults));
        }
        Ok(NewZone {
            name: self.name,
            kind: self.kind,
            matters: self.matters,
            polygon: self.polygon,
            hours,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        })
    }
}

/// Of which view.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OfView {
    /// Only of this view.
    #[param(value_type = Option<String>)]
    view: Option<ViewId>,
}

/// Zones.
#[utoipa::path(get, operation_id = "zones_list", path = "/api/v1/zones", tag = "zones", params(OfView), responses((status = OK, body = PageOf<ZoneOut>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(of): Params<OfView>,
) -> Result<Json<PageOf<ZoneOut>>, Problem> {
    let zones = app.run(&caller, move |service| service.zones(of.view)).await?;
    Ok(PageOf::whole(zones.into_iter().map(ZoneOut::of).collect()))
}

/// Draws a zone.
#[utoipa::path(post, operation_id = "zones_add", path = "/api/v1/zones", tag = "zones", request_body = ZoneIn,
    responses((status = CREATED, body = ZoneOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn add(
    State(app): State<App>,
    caller: Caller,
    Body(zone): Body<ZoneIn>,
) -> Result<(StatusCode, Json<ZoneOut>), Problem> {
    let view = zone.view.ok_or_else(|| Problem::invalid(Faults::one("view", "", Want::OfView)))?;
    let (by, new) = (caller.name.clone(), zone.into_new()?);
    let zone = app.run(&caller, move |service| service.add_zone(view, &new, &by)).await?;
    Ok((StatusCode::CREATED, Json(ZoneOut::of(zone))))
}

/// One zone.
#[utoipa::path(get, operation_id = "zones_show", path = "/api/v1/zones/{id}", tag = "zones", params(("id" = String, Path)),
    responses((status = OK, body = ZoneOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(State(app): State<App>, caller: Caller, At(id): At<ZoneId>) -> Result<Json<ZoneOut>, Problem> {
    Ok(Json(ZoneOut::of(app.run(&caller, move |service| service.zone(id)).await?)))
}

/// One version of a zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZoneVersionOut {
    /// When it was drawn.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// How whoever drew it is called.
    by: String,
    /// The zone as it was drawn.
    zone: ZoneOut,
}

/// Every version that a zone had, newest first; incidents name the version that they broke.
#[utoipa::path(get, operation_id = "zones_versions", path = "/api/v1/zones/{id}/versions", tag = "zones", params(("id" = String, Path)),
    responses((status = OK, body = PageOf<ZoneVersionOut>), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn versions(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ZoneId>,
) -> Result<Json<PageOf<ZoneVersionOut>>, Problem> {
    let found = app.run(&caller, move |service| Ok((service.zone_versions(id)?, service.people()?)));
    let (versions, people) = found.await?;
    let out = |ZoneVersion { at, actor, zone }: ZoneVersion| {
        let by = people.called(&actor);
        ZoneVersionOut { at, by, zone: ZoneOut::of(zone) }
    };
    Ok(PageOf::whole(versions.into_iter().map(out).collect()))
}

/// Draws a zone anew; it gets a new version.
#[utoipa::path(put, operation_id = "zones_change", path = "/api/v1/zones/{id}", tag = "zones", params(("id" = String, Path)), request_body = ZoneIn,
    responses((status = OK, body = ZoneOut), (status = NOT_FOUND, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    At(id): At<ZoneId>,
    Body(zone): Body<ZoneIn>,
) -> Result<Json<ZoneOut>, Problem> {
    let (by, new) = (caller.name.clone(), zone.into_new()?);
    Ok(Json(ZoneOut::of(app.run(&caller, move |service| service.change_zone(id, &new, &by)).await?)))
}

/// Removes a zone; incidents that name it stay.
#[utoipa::path(delete, operation_id = "zones_remove", path = "/api/v1/zones/{id}", tag = "zones", params(("id" = String, Path)),
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn remove(State(app): State<App>, caller: Caller, At(id): At<ZoneId>) -> Result<StatusCode, Problem> {
    let by = caller.name.clone();
    app.run(&caller, move |service| service.remove_zone(id, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}
