//! `/api/v1/matters` and `/api/v1/calendar`: what this city looks for, and which days are its holidays. Read from the
//! configuration; nothing here can be changed over HTTP.

use axum::{Json, extract::State};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{App, extract::PageOf, problem::Problem};
use crate::domain::{Caller, Grounds, Matter, Unable, ZoneTest};

/// How a box is tested against a zone.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneTestOut {
    /// The middle of its bottom edge lies inside.
    BottomCentre,
    /// At least the share `overlap_min` of it lies inside.
    Overlap,
}

/// A matter that is looked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatterOut {
    /// Key, as zones and views name it.
    key: String,
    /// Name in the standard.
    name: String,
    /// Name for people who read English, where the catalogue has one.
    name_en: Option<String>,
    /// GB/T 47678.5-2026 code.
    code_2026: String,
    /// GB/T 30428.2-2013 code.
    code_2013: Option<String>,
    /// What finding it rests on: `trained` (a model was trained for it and measured), `few_shot`, or `composed` of things
    /// that a general model knows.
    level: Grounds,
    /// Whether a second model looks again before it is reported.
    verified: bool,
    /// How often a view with it is looked at, in seconds.
    revisit_s: u64,
    /// How long it must stay until it counts, in seconds.
    dwell_s: u64,
    /// How its box is tested against a zone.
    zone_test: ZoneTestOut,
    /// Share of the box that must lie inside, for `overlap`.
    overlap_min: Option<f32>,
    /// Why the running service cannot judge it here, in words; `null` where it can, and while none runs.
    unable: Option<String>,
}

impl MatterOut {
    fn of(matter: &Matter, unable: &[Unable]) -> Self {
        let (zone_test, overlap_min) = match matter.zone_test {
            ZoneTest::BottomCentre => (ZoneTestOut::BottomCentre, None),
            ZoneTest::Overlap(share) => (ZoneTestOut::Overlap, Some(share)),
        };
        Self {
            key: matter.key.as_str().to_owned(),
            name: matter.name.clone(),
            name_en: matter.name_en.clone(),
            code_2026: matter.codes.code_2026.clone(),
            code_2013: matter.codes.code_2013.clone(),
            level: matter.grounds,
            verified: matter.verify.is_some(),
            revisit_s: matter.revisit.as_secs(),
            dwell_s: matter.dwell.time.as_secs(),
            zone_test,
            overlap_min,
            unable: unable.iter().find(|one| one.matter == matter.key).map(|one| one.why.clone()),
        }
    }
}

/// The city's calendar.
#[derive(Debug, Serialize, ToSchema)]
pub struct CalendarOut {
    /// Civil time against UTC, as `+08:00`.
    utc_offset: String,
    /// Holidays by the state's notice, in order; plain weekends are none.
    #[schema(value_type = Vec<String>, format = Date)]
    holidays: Vec<NaiveDate>,
}

/// What this city looks for, by key.
#[utoipa::path(get, operation_id = "matters_list", path = "/api/v1/matters", tag = "catalogue", responses((status = OK, body = PageOf<MatterOut>)))]
pub(super) async fn matters(State(app): State<App>, caller: Caller) -> Result<Json<PageOf<MatterOut>>, Problem> {
    let unable = app.run(&caller, |service| Ok(service.unable())).await?;
    Ok(PageOf::whole(app.service.config.matters.values().map(|matter| MatterOut::of(matter, &unable)).collect()))
}

/// The city's calendar, by which hours with holidays are judged.
#[utoipa::path(get, operation_id = "calendar_show", path = "/api/v1/calendar", tag = "catalogue", responses((status = OK, body = CalendarOut)))]
pub(super) async fn calendar(State(app): State<App>) -> Json<CalendarOut> {
    let calendar = app.service.config.city.calendar();
    Json(CalendarOut { utc_offset: calendar.offset.to_string(), holidays: calendar.holidays().collect() })
}
