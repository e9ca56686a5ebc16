//! `/api/v1/statistics`, `/api/v1/reports` and the exports: counts of what was found and what became of it.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State, response::Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    downloads::{file, flow},
    extract::{At, Params},
    problem::Problem,
};
use crate::{
    domain::{Area, Caller, MatterKey, ViewId, WallTime},
    service::{
        By, Figures, HotPlace, HotSpots, Month, REASONS, Report, Service, Share, Statistics, StatisticsQuery,
        StatisticsRow, TableFormat, reason_word,
    },
    store::{IncidentFilter, TimeSpan},
};

/// Where nothing else is asked for.
const SPAN: Duration = Duration::from_secs(30 * 86_400);

/// What rows are about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ByWord {
    /// 事项.
    Matter,
    /// 街道.
    Street,
    /// 单元网格.
    GridCell,
    /// A stream.
    Stream,
    /// 区域.
    Area,
    /// A day of the city's civil time.
    Day,
    /// An hour of the day in the city's civil time.
    Hour,
}

impl From<ByWord> for By {
    fn from(word: ByWord) -> Self {
        match word {
            ByWord::Matter => Self::Matter,
            ByWord::Street => Self::Street,
            ByWord::GridCell => Self::GridCell,
            ByWord::Stream => Self::Stream,
            ByWord::Area => Self::Area,
            ByWord::Day => Self::Day,
            ByWord::Hour => Self::Hour,
        }
    }
}

/// Form of a file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormatWord {
    /// UTF-8 with a mark.
    Csv,
    /// Office Open XML.
    Xlsx,
}

/// What is asked.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct StatisticsIn {
    /// What rows are about; default `matter`.
    by: Option<ByWord>,
    /// Found at or after; default 30 days before `until`.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<WallTime>,
    /// Found before; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<WallTime>,
    /// Only of this matter.
    #[param(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
    /// Form of the file, for an export: `csv` (default) or `xlsx`.
    #[param(value_type = Option<String>)]
    format: Option<FormatWord>,
}

/// Which incidents to export.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct IncidentsIn {
    /// Form of the file: `csv` (default) or `xlsx`.
    #[param(value_type = Option<String>)]
    format: Option<FormatWord>,
    /// Found at or after; default 30 days before `until`.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<WallTime>,
    /// Found before; default now.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<WallTime>,
    /// Only of this matter.
    #[param(value_type = Option<String>)]
    matter: Option<MatterKey>,
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
    /// `waiting`, `confirmed`, `rejected`, `duplicate` or `decided`.
    review: Option<String>,
}

fn span(app: &App, from: Option<WallTime>, until: Option<WallTime>) -> TimeSpan {
    let until = until.unwrap_or_else(|| app.service.now());
    TimeSpan { from: from.unwrap_or_else(|| until.minus(SPAN)), until }
}

/// A share with its interval of 95 % confidence (Wilson).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ShareOut {
    /// The share.
    value: f64,
    /// Lower end.
    low: f64,
    /// Upper end.
    high: f64,
}

/// Figures of one thing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StatisticsRowOut {
    /// Key of the matter, id of the stream, code of the cell, day, hour; empty where incidents belong to none.
    key: String,
    /// Name for people.
    name: String,
    /// Incidents.
    found: u64,
    /// Of them those that wait for a reviewer.
    waiting: u64,
    /// Of them confirmed ones.
    confirmed: u64,
    /// Of them rejected ones.
    rejected: u64,
    /// Rejected ones by reason; every reason is there.
    rejected_by: BTreeMap<&'static str, u64>,
    /// Of them those known already.
    duplicate: u64,
    /// Confirmed ones by those confirmed or rejected.
    precision: Option<ShareOut>,
    /// Half of the decisions took at most this long, in milliseconds.
    review_ms_p50: Option<u64>,
    /// Nine of ten decisions took at most this long, in milliseconds.
    review_ms_p90: Option<u64>,
    /// Cases handled within their limit.
    limit_kept: u64,
    /// Cases handled too late, or not yet and too late already.
    limit_missed: u64,
    /// Cases that are not handled and still have time.
    limit_running: u64,
    /// How often incidents came back.
    recurrences: u64,
}

impl StatisticsRowOut {
    fn of(row: StatisticsRow) -> Self {
        let StatisticsRow { key, name, figures } = row;
        let Figures {
            found,
            waiting,
            confirmed,
            rejected,
            rejected_by,
            duplicate,
            precision,
            review_ms_p50,
            review_ms_p90,
            limit_kept,
            limit_missed,
            limit_running,
            recurrences,
        } = figures;
        Self {
            key,
            name,
            found,
            waiting,
            confirmed,
            rejected,
            rejected_by: REASONS.iter().map(|reason| reason_word(*reason)).zip(rejected_by).collect(),
            duplicate,
            precision: precision.map(|Share { value, low, high }| ShareOut { value, low, high }),
            review_ms_p50,
            review_ms_p90,
            limit_kept,
            limit_missed,
            limit_running,
            recurrences,
        }
    }
    fn all(rows: Vec<StatisticsRow>) -> Vec<Self> {
        rows.into_iter().map(Self::of).collect()
    }
}

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct StatisticsOut {
    /// What rows are about.
    by: ByWord,
    /// Found at or after.
    #[schema(value_type = String, format = DateTime)]
    from: WallTime,
    /// Found before.
    #[schema(value_type = String, format = DateTime)]
    until: WallTime,
    /// Days and hours in their order, anything else by what was found most.
    rows: Vec<StatisticsRowOut>,
    /// All of them.
    total: StatisticsRowOut,
}

/// A view where much was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HotPlaceOut {
    /// 单元网格.
    grid_cell: Option<String>,
    /// Name of its stream; empty once it was removed.
    stream_name: String,
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Degrees, in the system that the stream is registered with.
    longitude: Option<f64>,
    /// Degrees.
    latitude: Option<f64>,
    /// Incidents.
    found: u64,
    /// How often they came back.
    recurrences: u64,
}

/// Where and when most is found.
#[derive(Debug, Serialize, ToSchema)]
pub struct HotSpotsOut {
    /// Incidents by weekday (Monday first) and hour of the city's civil time: seven lists of 24.
    hours: Vec<Vec<u64>>,
    /// Where most were found, at most 50.
    places: Vec<HotPlaceOut>,
}

impl HotSpotsOut {
    fn of(spots: HotSpots) -> Self {
        let place = |HotPlace { view, stream, found, recurrences }: HotPlace| {
            let (stream_name, location) = stream.map_or((String::new(), None), |stream| (stream.name, stream.location));
            HotPlaceOut {
                grid_cell: location.as_ref().and_then(|at| at.grid_cell.clone()),
                stream_name,
                view,
                longitude: location.as_ref().map(|at| at.longitude),
                latitude: location.as_ref().map(|at| at.latitude),
                found,
                recurrences,
            }
        };
        let hours = spots.hours.iter().map(|hours| hours.to_vec()).collect();
        Self { hours, places: spots.places.into_iter().map(place).collect() }
    }
}

/// How views stand, for a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportCoverageOut {
    /// Views that are looked at.
    views: usize,
    /// Share of the month's counts of views, one in ten minutes, that found them looked at in time; as things stand while
    /// the running month has none yet; `null` for a month in which nothing was counted.
    covered_share: Option<f64>,
}

/// How far second reviewers agreed with the first, for a report.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportAgreementOut {
    /// Incidents that were judged twice.
    reviewed: u64,
    /// Of them those judged alike.
    agreed: u64,
    /// Cohen's kappa; `null` where it says nothing.
    kappa: Option<f64>,
}

/// The report of a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportOut {
    /// `2026-11`.
    month: String,
    /// Name of the city.
    city: String,
    /// When it was counted.
    #[schema(value_type = String, format = DateTime)]
    made_at: WallTime,
    /// Everything.
    total: StatisticsRowOut,
    /// By matter.
    by_matter: Vec<StatisticsRowOut>,
    /// By street.
    by_street: Vec<StatisticsRowOut>,
    /// The 20 streams where most was found.
    by_stream_top: Vec<StatisticsRowOut>,
    /// How far second reviewers agreed with the first.
    agreement: ReportAgreementOut,
    /// How views stand.
    coverage: ReportCoverageOut,
    /// The month before; `null` where nothing was found in it.
    previous: Option<StatisticsRowOut>,
    /// Incidents by weekday (Monday first) and hour of the city's civil time.
    hours: Vec<Vec<u64>>,
    /// Where most were found, at most 50.
    places: Vec<HotPlaceOut>,
}

fn asked(app: &App, query: &StatisticsIn) -> StatisticsQuery {
    StatisticsQuery {
        span: span(app, query.from, query.until),
        matter: query.matter.clone(),
        areas: query.area.clone().into(),
    }
}

/// Counts what was found in a span of time, by something.
#[utoipa::path(get, operation_id = "statistics_show", path = "/api/v1/statistics", tag = "statistics", params(StatisticsIn),
    responses((status = OK, body = StatisticsOut), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<StatisticsIn>,
) -> Result<Json<StatisticsOut>, Problem> {
    let (asked, word) = (asked(&app, &query), query.by.unwrap_or(ByWord::Matter));
    let TimeSpan { from, until } = asked.span;
    let Statistics { rows, total, .. } =
        app.count(&caller, move |service| service.statistics(word.into(), &asked)).await?;
    let (rows, total) = (StatisticsRowOut::all(rows), StatisticsRowOut::of(total));
    Ok(Json(StatisticsOut { by: word, from, until, rows, total }))
}

/// Where and when most was found.
#[utoipa::path(get, operation_id = "statistics_hot_spots", path = "/api/v1/statistics/hot_spots", tag = "statistics", params(StatisticsIn),
    responses((status = OK, body = HotSpotsOut), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn hot_spots(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<StatisticsIn>,
) -> Result<Json<HotSpotsOut>, Problem> {
    let asked = asked(&app, &query);
    Ok(Json(HotSpotsOut::of(app.count(&caller, move |service| service.hot_spots(&asked)).await?)))
}

/// Statistics as a file for a spreadsheet; audited.
#[utoipa::path(get, operation_id = "statistics_export", path = "/api/v1/statistics/export", tag = "statistics", params(StatisticsIn),
    responses((status = OK, content_type = "text/csv", body = String), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn export(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<StatisticsIn>,
) -> Result<Response, Problem> {
    let (asked, by) = (asked(&app, &query), query.by.unwrap_or(ByWord::Matter));
    let (format, actor) = (format_of(query.format), caller.name.clone());
    let name = day_name(&app, "statistics", asked.span);
    let export = move |service: &Service| service.export_statistics(by.into(), &asked, format, &actor);
    Ok(file(&name, format, app.count(&caller, export).await?))
}

/// Incidents as a file for a spreadsheet, newest first, as many as there are (an XLSX sheet ends at 1,048,576 rows);
/// audited. An answer that breaks off is no whole file.
#[utoipa::path(get, operation_id = "incidents_export", path = "/api/v1/incidents/export", tag = "statistics", params(IncidentsIn),
    responses((status = OK, content_type = "text/csv", body = String), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn incidents(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<IncidentsIn>,
) -> Result<Response, Problem> {
    let IncidentsIn { format, from, until, matter, area, review } = query;
    let (format, span, actor) = (format_of(format), span(&app, from, until), caller.name.clone());
    let filter = IncidentFilter { areas: area.into(), review, open: None, view: None, matter };
    let name = day_name(&app, "incidents", span);
    let export = move |service: &Service| service.export_incidents(span, &filter, format, &actor);
    let begun = app.count(&caller, export).await?;
    Ok(file(&name, format, flow(app, caller, begun)))
}

/// The report of a month, `YYYY-MM`.
#[utoipa::path(get, operation_id = "reports_show", path = "/api/v1/reports/{month}", tag = "statistics", params(("month" = String, Path)),
    responses((status = OK, body = ReportOut), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn report(
    State(app): State<App>,
    caller: Caller,
    At(month): At<String>,
) -> Result<Json<ReportOut>, Problem> {
    let month = Month::parse(&month)?;
    let report = app.count(&caller, move |service| service.report(month)).await?;
    let Report { month, city, made_at, total, by_matter, by_street, by_stream_top, .. } = report;
    let HotSpotsOut { hours, places } = HotSpotsOut::of(report.hot_spots);
    Ok(Json(ReportOut {
        month: month.to_string(),
        city,
        made_at,
        total: StatisticsRowOut::of(total),
        by_matter: StatisticsRowOut::all(by_matter),
        by_street: StatisticsRowOut::all(by_street),
        by_stream_top: StatisticsRowOut::all(by_stream_top),
        agreement: ReportAgreementOut {
            reviewed: report.agreement.reviewed,
            agreed: report.agreement.agreed,
            kappa: report.agreement.kappa,
        },
        coverage: ReportCoverageOut { views: report.views, covered_share: report.covered_share },
        previous: report.previous.map(StatisticsRowOut::of),
        hours,
        places,
    }))
}

fn format_of(word: Option<FormatWord>) -> TableFormat {
    match word {
        None | Some(FormatWord::Csv) => TableFormat::Csv,
        Some(FormatWord::Xlsx) => TableFormat::Xlsx,
    }
}

/// Name of a file by its span, the last day included.
fn day_name(app: &App, what: &str, span: TimeSpan) -> String {
    let offset = app.service.config.city.utc_offset();
    let day = |at: WallTime| at.civil(offset).format("%Y%m%d").to_string();
    format!("{what}-{}-{}", day(span.from), day(span.until.minus(Duration::from_millis(1))))
}
