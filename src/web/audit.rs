//! `/api/v1/audit`: who did what, for the administrator.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    App,
    cases::AuditOut,
    extract::{PageOf, Params, page},
    problem::Problem,
};
use crate::{
    domain::{Caller, WallTime},
    store::accounts::AuditFilter,
};

/// Which lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Only of this actor: the name of an account, `token:` and the name of a token, `cli`, `system`, `platform`, `door`.
    actor: Option<String>,
    /// Only of this action: `session.begun`, `incident.confirmed`, ...
    action: Option<String>,
    /// Only about this subject: an id.
    subject: Option<String>,
    /// Not before.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<WallTime>,
    /// Before.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<WallTime>,
    /// `next` of the page before.
    after: Option<String>,
    /// 1 to 500, default 50.
    limit: Option<u32>,
}

/// The audit log, newest first.
#[utoipa::path(get, operation_id = "audit_list", path = "/api/v1/audit", tag = "accounts", params(AuditQuery),
    responses((status = OK, body = PageOf<AuditOut>), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<AuditQuery>,
) -> Result<Json<PageOf<AuditOut>>, Problem> {
    let AuditQuery { actor, action, subject, from, until, after, limit } = query;
    let page = page(after, limit)?;
    let named = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = AuditFilter { actor: named(actor), action: named(action), subject: named(subject), from, until };
    let found = app.run(&caller, move |service| Ok((service.audit(&filter, &page)?, service.people()?)));
    let (rows, people) = found.await?;
    Ok(PageOf::of(rows, |row| AuditOut::of(row, &people)))
}
