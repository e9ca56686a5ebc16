//! `/api/v1/second_reviews` and `/api/v1/agreement`: a sample of decided incidents is judged again, blind, and how often
//! the two agree. Changes no incident.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::{At, Body, Params},
    incident_detail::IncidentDetailOut,
    problem::Problem,
    viewed::{INCIDENT, SAME_VIEW, View},
};
use crate::{
    domain::{Caller, IncidentId, Opinion, RejectReason, SecondReview, WallTime},
    service::{Agreement, PairAgreement, People},
};

/// An incident to be judged again.
#[derive(Debug, Serialize, ToSchema)]
pub struct SecondReviewOut {
    /// As it stood before anybody decided: without verdict, case, deliveries and audit.
    incident: IncidentDetailOut,
}

/// The next decided incident that the caller may judge blind; `null` when there is none.
#[utoipa::path(get, operation_id = "second_reviews_next", path = "/api/v1/second_reviews/next", tag = "review",
    responses((status = OK, body = Option<SecondReviewOut>)))]
pub(super) async fn next(State(app): State<App>, caller: Caller) -> Result<Json<Option<SecondReviewOut>>, Problem> {
    let (by, viewed) = (caller.clone(), app.viewed.clone());
    let found = app.run(&caller, move |service| {
        let Some(id) = service.next_second_review(&by)? else { return Ok(None) };
        let desk = service.on_desk_blind(id, &by)?;
        viewed.note(service, &by, View::of(INCIDENT, &id), SAME_VIEW)?;
        Ok(Some(desk))
    });
    Ok(Json(found.await?.map(|desk| SecondReviewOut { incident: IncidentDetailOut::of(desk, &caller) })))
}

/// What a second reviewer thinks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondReviewIn {
    /// Yes or no.
    verdict: Opinion,
    /// Why not; for `rejected`.
    reason: Option<RejectReason>,
    /// In the reviewer's words.
    #[serde(default)]
    note: String,
}

/// Takes a second opinion. Changes nothing but the statistics.
#[utoipa::path(post, operation_id = "second_reviews_give", path = "/api/v1/second_reviews/{incident}", tag = "review", params(("incident" = String, Path)), request_body = SecondReviewIn,
    responses((status = NO_CONTENT), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem),
        (status = UNPROCESSABLE_ENTITY, body = Problem)))]
pub(super) async fn give(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    Body(SecondReviewIn { verdict, reason, note }): Body<SecondReviewIn>,
) -> Result<StatusCode, Problem> {
    let by = caller.clone();
    app.run(&caller, move |service| service.review_again(id, verdict, reason, &note, &by)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Of which time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AgreementQuery {
    /// From this moment; default: ever.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<WallTime>,
    /// Before this moment; default: now.
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<WallTime>,
}

/// How often two reviewers agreed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PairAgreementOut {
    /// How whoever decided is called.
    first: String,
    /// How whoever judged again is called.
    second: String,
    /// How many both judged.
    reviewed: u64,
    /// Of them, how many alike.
    agreed: u64,
}

/// An incident about which two disagree.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisagreementOut {
    /// Which.
    #[schema(value_type = String, format = "uuid")]
    incident: IncidentId,
    /// How whoever decided is called.
    first_by: String,
    /// What.
    first: Opinion,
    /// How whoever judged again is called.
    second_by: String,
    /// What.
    second: Opinion,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
}

/// How far second reviews agree with verdicts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreementOut {
    /// How many were judged twice.
    reviewed: u64,
    /// Of them, how many alike.
    agreed: u64,
    /// Cohen's kappa; `null` where it says nothing.
    kappa: Option<f64>,
    /// By pairs of reviewers.
    pairs: Vec<PairAgreementOut>,
    /// The newest first, at most 200.
    disagreements: Vec<DisagreementOut>,
}

impl AgreementOut {
    fn of(agreement: Agreement, people: &People) -> Self {
        let Agreement { reviewed, agreed, kappa, pairs, disagreements } = agreement;
        let pairs = pairs.into_iter().map(|PairAgreement { first, second, reviewed, agreed }| PairAgreementOut {
            first: people.called(&first),
            second: people.called(&second),
            reviewed,
            agreed,
        });
        let disagreements = disagreements.into_iter().map(
            |SecondReview { incident, first_by, first, second_by, second, reason: _, note: _, at }| {
                let (first_by, second_by) = (people.called(&first_by), people.called(&second_by));
                DisagreementOut { incident, first_by, first, second_by, second, at }
            },
        );
        Self { reviewed, agreed, kappa, pairs: pairs.collect(), disagreements: disagreements.collect() }
    }
}

/// How far second reviews agree with the verdicts.
#[utoipa::path(get, operation_id = "agreement_show", path = "/api/v1/agreement", tag = "review", params(AgreementQuery),
    responses((status = OK, body = AgreementOut), (status = BAD_REQUEST, body = Problem)))]
pub(super) async fn agreement(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<AgreementQuery>,
) -> Result<Json<AgreementOut>, Problem> {
    let asked = app.run(&caller, move |service| {
        let from = query.from.unwrap_or(WallTime::from_millis(0));
        let until = query.until.unwrap_or_else(|| service.now().plus(std::time::Duration::from_millis(1)));
        Ok((service.agreement(from, until)?, service.people()?))
    });
    let (agreement, people) = asked.await?;
    Ok(Json(AgreementOut::of(agreement, &people)))
}
