//! `/api/v1/cases`: confirmed incidents as the platform knows them.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    deliveries::DeliveryOut,
    extract::{At, PageOf, Params, page},
    incidents::IncidentOut,
    problem::Problem,
    viewed::{SAME_VIEW, View},
};
use crate::{
    domain::{Area, Caller, Case, CaseId, IncidentId, Location, Stage, WallTime},
    service::People,
    store::AuditRow,
};

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: CaseId,
    /// The incident.
    #[schema(value_type = String, format = "uuid")]
    incident: IncidentId,
    /// Name of the matter.
    matter_name: String,
    /// GB/T 47678.5-2026 code.
    code_2026: String,
    /// GB/T 30428.2-2013 code.
    code_2013: Option<String>,
    /// Where.
    location: Option<Location>,
    /// Who confirmed: the name of the account.
    confirmed_by: String,
    /// How whoever confirmed is called.
    confirmed_by_name: String,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    opened_at: WallTime,
    /// By when it should be handled, in words.
    limit: Option<String>,
    /// By when it should be handled.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<WallTime>,
    /// Where it stands.
    stage: Stage,
    /// The platform's own number.
    platform_number: Option<String>,
}

impl CaseOut {
    pub(super) fn of(case: Case, people: &People) -> Self {
        let Case { id, incident, matter_name, codes, location, confirmed_by, opened_at, limit, stage, platform_number } =
            case;
        Self {
            id,
            incident,
            matter_name,
            code_2026: codes.code_2026,
            code_2013: codes.code_2013,
            location,
            confirmed_by_name: people.called(&confirmed_by),
            confirmed_by,
            opened_at,
            limit: limit.as_ref().map(|limit| limit.text.clone()),
            due_at: limit.map(|limit| limit.due_at),
            stage,
            platform_number,
        }
    }
}

/// One line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditOut {
    /// Counts up.
    seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// Who, by the name of their account.
    actor: String,
    /// How that person is called.
    actor_name: String,
    /// What.
    action: String,
    /// About what: an id.
    subject: String,
    /// Anything more.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

impl AuditOut {
    pub(super) fn of(row: AuditRow, people: &People) -> Self {
        let AuditRow { seq, at, actor, action, subject, detail } = row;
        Self { seq, at, actor_name: people.called(&actor), actor, action, subject, detail }
    }
}

/// A case with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseDetailOut {
    /// The case.
    case: CaseOut,
    /// The incident behind it.
    incident: IncidentOut,
    /// What the platform has to be told, in order.
    deliveries: Vec<DeliveryOut>,
    /// Its audit log, oldest first.
    audit: Vec<AuditOut>,
}

/// Which cases.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CaseQuery {
    /// Only of this area.
    #[param(value_type = Option<String>)]
    area: Option<Area>,
    /// Only in this stage.
    stage: Option<Stage>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// Cases, newest first.
#[utoipa::path(get, operation_id = "cases_list", path = "/api/v1/cases", tag = "cases", params(CaseQuery),
    responses((status = OK, body = PageOf<CaseOut>), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<CaseQuery>,
) -> Result<Json<PageOf<CaseOut>>, Problem> {
    let page = page(query.after, query.limit)?;
    let found = app
        .run(&caller, move |service| Ok((service.cases(&query.area.into(), query.stage, &page)?, service.people()?)));
    let (rows, people) = found.await?;
    Ok(PageOf::of(rows, |case| CaseOut::of(case, &people)))
}

/// One case with all that belongs to it.
#[utoipa::path(get, operation_id = "cases_show", path = "/api/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = OK, body = CaseDetailOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<CaseId>,
) -> Result<Json<CaseDetailOut>, Problem> {
    let (by, viewed) = (caller.clone(), app.viewed.clone());
    let asked = app.run(&caller, move |service| {
        let mut detail = service.case(id)?;
        detail.audit.retain(|row| row.action != "case.viewed");
        viewed.note(service, &by, View::of("case.viewed", &id), SAME_VIEW)?;
        viewed.covers(service, &by, [detail.incident.id]);
        Ok((detail, service.people()?))
    });
    let (detail, people) = asked.await?;
    let name = app.service.matter_name(&detail.incident.matter);
    Ok(Json(CaseDetailOut {
        case: CaseOut::of(detail.case, &people),
        incident: IncidentOut::of(detail.incident, name, &people),
        deliveries: detail.deliveries.into_iter().map(DeliveryOut::of).collect(),
        audit: detail.audit.into_iter().map(|row| AuditOut::of(row, &people)).collect(),
    }))
}
