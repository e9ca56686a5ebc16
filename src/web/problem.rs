//! Errors as RFC 9457 problem details: one shape for all of them. A detail never repeats a secret.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::refusal::{Port, Refusal};
use crate::{
    domain::{Thing, VerdictRefused},
    service::{Fault, Faults, ServiceError, Want},
    store::{StoreError, evidence::EvidenceError},
};

/// An error as the API tells it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Kind of problem: `urn:xunjie:problem:...`, stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// This very problem in words, with what helps.
    pub detail: String,
    /// The same for whoever makes their own words: `code`, stable, and `params`.
    #[serde(flatten)]
    pub refusal: Box<Refusal>,
    /// Every fault of what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FaultOut>)]
    pub faults: Vec<Fault>,
    /// When to try again, as a header.
    #[serde(skip)]
    pub(super) retry_after_s: Option<u64>,
}

/// One fault of what was sent: describes `service::Fault`, which writes itself, in the OpenAPI document.
#[derive(ToSchema, Serialize)]
#[schema(as = Fault, description = "One fault of what was sent.")]
pub struct FaultOut {
    /// Which field.
    field: String,
    /// What came; empty for secrets.
    got: String,
    /// What is wanted, in words.
    want: String,
    /// The same for whoever makes their own words: `code`, stable, and `params`.
    #[serde(flatten)]
    wanted: Want,
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &str,
        title: &'static str,
        refusal: impl Into<Refusal>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("urn:xunjie:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            refusal: Box::new(refusal.into()),
            faults: Vec::new(),
            retry_after_s: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(2),
        }
    }

    /// 400: cannot be read at all.
    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable", "the request cannot be read", Refusal::Unreadable, detail)
    }
    /// 401: who are you.
    pub(super) fn unauthorised() -> Self {
        let detail = "log in on the page, or send `Authorization: Bearer <token>` with a token of `xunjie token add`";
        let title = "nobody is known to ask";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", title, Refusal::Unauthorised, detail)
    }
    /// 429: too many refused logins.
    pub(super) fn locked_out(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let (title, refusal) = ("locked out for a while", Refusal::LockedOut { seconds });
        let detail = format!("too many refused logins; try again in {seconds} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "locked-out", title, refusal, detail);
        Self { retry_after_s: Some(seconds), ..problem }
    }
    /// 429: more requests than one caller may send.
    pub(super) fn limited(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let (title, refusal) = ("too many requests", Refusal::Limited { seconds });
        let detail = format!("too many requests; try again in {seconds} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", title, refusal, detail);
        Self { retry_after_s: Some(seconds), ..problem }
    }
    /// 403: known, and not allowed.
    pub(super) fn forbidden(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "not allowed", refusal, detail)
    }
    /// 403: a new password first.
    pub(super) fn must_change_password() -> Self {
        let detail = "choose a new password first: `PUT /api/v1/session/password`";
        let title = "a new password is wanted";
        Self::new(StatusCode::FORBIDDEN, "must-change-password", title, Refusal::MustChangePassword, detail)
    }
    /// 404.
    pub(super) fn missing(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", "not found", refusal, detail)
    }
    /// 422 with every fault.
    pub(super) fn invalid(faults: Faults) -> Self {
        let (status, title) = (StatusCode::UNPROCESSABLE_ENTITY, "the request has faults");
        let mut problem = Self::new(status, "invalid", title, Refusal::Faults, faults.to_string());
        problem.faults = faults.0;
        problem
    }
    /// 501: nobody lent that port.
    pub(super) fn unavailable(what: Port) -> Self {
        let detail = format!("{} is not available in this process; run it where the patrol runs", what.in_words());
        let (title, refusal) = ("not available here", Refusal::Unavailable { what });
        Self::new(StatusCode::NOT_IMPLEMENTED, "unavailable", title, refusal, detail)
    }
    /// 503: later.
    pub(super) fn later(refusal: Refusal, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", "try again", refusal, detail)
    }
    pub(super) fn stopping() -> Self {
        Self::later(Refusal::Stopping, "the service is stopping")
    }
    /// 500: the reason goes to the log, not to the caller.
    pub(super) fn internal(reason: &str) -> Self {
        tracing::error!(reason, "a request failed");
        let (title, detail) = ("the service failed", "the service failed; its log says why");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title, Refusal::Internal, detail)
    }
    /// Any other status that a layer below produced.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("error");
        let of = |kind, refusal, detail| Self::new(status, kind, title, refusal, detail);
        match status {
            StatusCode::NOT_FOUND => {
                Self::missing(Refusal::NoAddress, "there is nothing at this address; see /api/v1/openapi.json")
            }
            StatusCode::METHOD_NOT_ALLOWED => {
                let detail = "this address does not take this method; see /api/v1/openapi.json";
                of("method", Refusal::Method, detail)
            }
            StatusCode::BAD_REQUEST => {
                let detail = "it broke off, or its body did not come in time; send it again";
                Self { refusal: Box::new(Refusal::BrokenOff), ..Self::unreadable(detail) }
            }
            StatusCode::PAYLOAD_TOO_LARGE => of("too-large", Refusal::TooLarge, "the request is too large"),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                of("timeout", Refusal::TimedOut, "the answer took too long; try again")
            }
            _ => of("other", Refusal::Other, title),
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let told = error.to_string();
        match error {
            ServiceError::Invalid(faults) => Self::invalid(faults),
            ServiceError::Cursor(_) => Self { refusal: Box::new(Refusal::Cursor), ..Self::unreadable(told) },
            ServiceError::Store(error) => Self::of_store(error, told),
            ServiceError::Evidence(error) => Self::of_evidence(&error, told),
            ServiceError::Crowded => Self::later(Refusal::LoginsFull, told),
            ServiceError::Unseen(_) => Self::later(Refusal::Unseen, told),
            ServiceError::Purged(_) => Self::purged(told),
            ServiceError::WrongLogin => {
                let title = "name or password is wrong";
                Self::new(StatusCode::UNAUTHORIZED, "wrong-login", title, Refusal::WrongLogin, told)
            }
            ServiceError::DeadLink => {
                Self::new(StatusCode::GONE, "dead-link", "the link works no more", Refusal::DeadLink, told)
            }
            ServiceError::Unmasked(_) => Self::forbidden(Refusal::Unmasked, told),
            ServiceError::Export(_) | ServiceError::Folder { .. } => Self::internal(&told),
        }
    }
}

/// What the store and the evidence folder say.
impl Problem {
    fn of_store(error: StoreError, told: String) -> Self {
        let conflict = |kind, title, refusal| Self::new(StatusCode::CONFLICT, kind, title, refusal, told.clone());
        match error {
            StoreError::Missing { what, id: _ } => Self::missing(Refusal::Missing { what }, told),
            StoreError::Conflict(error) => conflict("conflict", "it collides with what is there", Refusal::from(error)),
            StoreError::Verdict(error @ VerdictRefused::Decided { .. }) => {
                conflict("decided", "somebody decided before", error.into())
            }
            StoreError::Verdict(VerdictRefused::Nameless) => Self::invalid(Faults::one("reviewer", "", Want::Reviewer)),
            StoreError::Verdict(VerdictRefused::OwnDuplicate(_)) => {
                Self::invalid(Faults::one("of", "", Want::OriginalOther))
            }
            StoreError::Undo(error) => conflict("too-late", "the verdict stays", error.into()),
            StoreError::Locked { incident: _, by, until } => {
                conflict("locked", "a colleague has it open", Refusal::Locked { by, until })
            }
            StoreError::Busy(_) => Self::later(Refusal::Busy, told),
            StoreError::Unwritable(_) => Self::unwritable(told),
            StoreError::Unusable(_) | StoreError::Failed(_) => Self::internal(&told),
        }
    }

    fn of_evidence(error: &EvidenceError, told: String) -> Self {
        match error {
            EvidenceError::Refused(_) => Self::missing(Refusal::Missing { what: Thing::EvidenceFile }, told),
            EvidenceError::Unwritable { .. } => Self::unwritable(told),
            EvidenceError::Purged(_) => Self::purged(told),
            EvidenceError::Touched { .. } | EvidenceError::Missing { .. } => {
                tracing::error!(reason = told, "evidence is damaged");
                let title = "the evidence is damaged";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", title, Refusal::Damaged, told)
            }
            EvidenceError::Unreadable { .. } => Self::internal(&told),
        }
    }

    fn unwritable(told: String) -> Self {
        let title = "nothing can be written";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "unwritable", title, Refusal::Unwritable, told)
    }

    fn purged(told: String) -> Self {
        Self::new(StatusCode::GONE, "purged", "removed by retention", Refusal::Purged, told)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(&self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
