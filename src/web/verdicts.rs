//! `/api/v1/incidents/{id}/verdict` and `/api/v1/verdicts`: what reviewers decide, one by one or many alike at once, and
//! what they take back. The caller is the reviewer; no body names one.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    cases::CaseOut,
    extract::{At, Body},
    incidents::IncidentOut,
    problem::Problem,
};
use crate::{
    domain::{Caller, IncidentId, MatterKey, RejectReason, Verdict, WallTime},
    service::{Faults, Want},
};

/// Incidents that one request may decide.
const AT_ONCE_MAX: usize = 200;

/// A verdict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictIn {
    /// What.
    verdict: VerdictWord,
    /// In the reviewer's words.
    #[serde(default)]
    note: String,
    /// Why; for `rejected`.
    reason: Option<RejectReason>,
    /// The other incident; for `duplicate`.
    #[schema(value_type = Option<String>, format = "uuid")]
    of: Option<IncidentId>,
    /// The right matter; for `reclassified`.
    #[schema(value_type = Option<String>)]
    matter: Option<MatterKey>,
}

/// The word for a verdict.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// It is a violation.
    Confirmed,
    /// It is none.
    Rejected,
    /// It is one that is known already.
    Duplicate,
    /// It is another matter.
    Reclassified,
}

impl VerdictWord {
    /// The verdict, with what the word asks for.
    fn with(
        self,
        reason: Option<RejectReason>,
        of: Option<IncidentId>,
        matter: Option<MatterKey>,
    ) -> Result<Verdict, Problem> {
        let needs = |field, want| Problem::invalid(Faults::one(field, "", want));
        Ok(match self {
            VerdictWord::Confirmed => Verdict::Confirmed,
            VerdictWord::Rejected => {
                Verdict::Rejected { reason: reason.ok_or_else(|| needs("reason", Want::RejectReason))? }
            }
            VerdictWord::Duplicate => Verdict::Duplicate { of: of.ok_or_else(|| needs("of", Want::Original))? },
            VerdictWord::Reclassified => {
                Verdict::Reclassified { matter: matter.ok_or_else(|| needs("matter", Want::MatterRight))? }
            }
        })
    }
}

/// What a verdict led to.
#[derive(Debug, Serialize, ToSchema)]
pub struct DecidedOut {
    /// The incident after the verdict.
    incident: IncidentOut,
    /// The case, when the verdict confirmed.
    case: Option<CaseOut>,
    /// Until when the reviewer may undo it; the case leaves the house only then.
    #[schema(value_type = String, format = DateTime)]
    undo_until: WallTime,
}

/// Decides about an incident. Only `confirmed` opens a case; the first of two reviewers is heard.
#[utoipa::path(post, operation_id = "incidents_decide", path = "/api/v1/incidents/{id}/verdict", tag = "incidents", params(("id" = String, Path)), request_body = VerdictIn,
    responses((status = OK, body = DecidedOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem),
        (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn decide(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    Body(given): Body<VerdictIn>,
) -> Result<Json<DecidedOut>, Problem> {
    let VerdictIn { verdict, note, reason, of, matter } = given;
    let verdict = verdict.with(reason, of, matter)?;
    let by = caller.name.clone();
    let decide = app.run(&caller, move |service| {
        let signed = service.sign(id, verdict, &by, &note);
        Ok((service.decide(&signed)?, signed.undo_until, service.people()?))
    });
    let (decided, undo_until, people) = decide.await?;
    let name = app.service.matter_name(&decided.incident.matter);
    Ok(Json(DecidedOut {
        incident: IncidentOut::of(decided.incident, name, &people),
        case: decided.case.map(|case| CaseOut::of(case, &people)),
        undo_until,
    }))
}

/// Takes the caller's latest verdict back, within its time and before the platform hears of it. The incident waits again.
#[utoipa::path(delete, operation_id = "incidents_undo", path = "/api/v1/incidents/{id}/verdict", tag = "incidents", params(("id" = String, Path)),
    responses((status = OK, body = IncidentOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn undo(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<IncidentOut>, Problem> {
    let by = caller.name.clone();
    let undone = app.run(&caller, move |service| Ok((service.undo(id, &by)?, service.people()?)));
    let (incident, people) = undone.await?;
    let name = app.service.matter_name(&incident.matter);
    Ok(Json(IncidentOut::of(incident, name, &people)))
}

/// One verdict about many incidents.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkVerdictIn {
    /// 1 to 200, each once.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 200)]
    incidents: Vec<IncidentId>,
    /// What.
    verdict: VerdictWord,
    /// In the reviewer's words.
    #[serde(default)]
    note: String,
    /// Why; for `rejected`.
    reason: Option<RejectReason>,
    /// The other incident; for `duplicate`.
    #[schema(value_type = Option<String>, format = "uuid")]
    of: Option<IncidentId>,
    /// The right matter; for `reclassified`.
    #[schema(value_type = Option<String>)]
    matter: Option<MatterKey>,
}

/// What became of one of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkDecidedOut {
    /// Which.
    #[schema(value_type = String, format = "uuid")]
    incident: IncidentId,
    /// Whether the verdict was taken.
    decided: bool,
    /// Until when it may be undone.
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<WallTime>,
    /// Why it was not taken.
    problem: Option<Problem>,
}

/// What became of each.
#[derive(Debug, Serialize, ToSchema)]
pub struct BulkVerdictOut {
    /// In the order of the request.
    items: Vec<BulkDecidedOut>,
}

/// Decides many alike at once. Each incident is decided by itself: one that was decided before stops no other.
#[utoipa::path(post, operation_id = "verdicts_give", path = "/api/v1/verdicts", tag = "incidents", request_body = BulkVerdictIn,
    responses((status = OK, body = BulkVerdictOut), (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn give(
    State(app): State<App>,
    caller: Caller,
    Body(given): Body<BulkVerdictIn>,
) -> Result<Json<BulkVerdictOut>, Problem> {
    let BulkVerdictIn { mut incidents, verdict, note, reason, of, matter } = given;
    let verdict = verdict.with(reason, of, matter)?;
    let mut seen = std::collections::HashSet::new();
    incidents.retain(|id| seen.insert(*id));
    if !(1..=AT_ONCE_MAX).contains(&incidents.len()) {
        let got = incidents.len().to_string();
        return Err(Problem::invalid(Faults::one("incidents", &got, Want::Incidents { least: 1, most: AT_ONCE_MAX })));
    }
    let by = caller.name.clone();
    let decide = app.run(&caller, move |service| {
        let answers = incidents.into_iter().map(|id| {
            let signed = service.sign(id, verdict.clone(), &by, &note);
            (id, service.decide(&signed).map(|_| signed.undo_until))
        });
        Ok(answers.collect::<Vec<_>>())
    });
    let items = decide.await?.into_iter().map(|(incident, answer)| match answer {
        Ok(until) => BulkDecidedOut { incident, decided: true, undo_until: Some(until), problem: None },
        Err(error) => {
            BulkDecidedOut { incident, decided: false, undo_until: None, problem: Some(Problem::from(error)) }
        }
    });
    Ok(Json(BulkVerdictOut { items: items.collect() }))
}
