//! Errors as RFC 9457 problem details: one shape for all of them. A detail never repeats a secret.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::VerdictRefused,
    service::{Fault, Faults, ServiceError},
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
    /// Every fault of what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FaultOut>)]
    pub faults: Vec<Fault>,
    /// When to try again, as a header.
    #[serde(skip)]
    pub(super) retry_after_s: Option<u64>,
}

/// One fault of what was sent.
#[derive(ToSchema)]
#[schema(as = Fault)]
#[expect(dead_code, reason = "describes `service::Fault` in the OpenAPI document; the service knows no OpenAPI")]
pub struct FaultOut {
    /// Which field.
    field: String,
    /// What came; empty for secrets.
    got: String,
    /// What is wanted.
    want: String,
}

impl Problem {
    fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:xunjie:problem:{kind}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            faults: Vec::new(),
            retry_after_s: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(2),
        }
    }

    /// 400: cannot be read at all.
    pub(super) fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable", "the request cannot be read", detail)
    }
    /// 401: who are you.
    pub(super) fn unauthorised() -> Self {
        let detail = "log in on the page, or send `Authorization: Bearer <token>` with a token of `xunjie token add`";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorised", "nobody is known to ask", detail)
    }
    /// 429: too many refused logins.
    pub(super) fn locked_out(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let detail = format!("too many refused logins; try again in {seconds} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "locked-out", "locked out for a while", detail);
        Self { retry_after_s: Some(seconds), ..problem }
    }
    /// 429: more requests than one caller may send.
    pub(super) fn limited(wait: Duration) -> Self {
        let seconds = wait.as_secs() + 1;
        let detail = format!("too many requests; try again in {seconds} s");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "limited", "too many requests", detail);
        Self { retry_after_s: Some(seconds), ..problem }
    }
    /// 403: known, and not allowed.
    pub(super) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "not allowed", detail)
    }
    /// 403: a new password first.
    pub(super) fn must_change_password() -> Self {
        let detail = "choose a new password first: `PUT /api/v1/session/password`";
        Self::new(StatusCode::FORBIDDEN, "must-change-password", "a new password is wanted", detail)
    }
    /// 404.
    pub(super) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "missing", "not found", detail)
    }
    /// 422 with every fault.
    pub(super) fn invalid(faults: Faults) -> Self {
        let mut problem =
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request has faults", faults.to_string());
        problem.faults = faults.0;
        problem
    }
    /// 501: nobody lent that port.
    pub(super) fn unavailable(what: &str) -> Self {
        let detail = format!("{what} is not available in this process; run it where the patrol runs");
        Self::new(StatusCode::NOT_IMPLEMENTED, "unavailable", "not available here", detail)
    }
    /// 503: later.
    pub(super) fn later(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "later", "try again", detail)
    }
    pub(super) fn stopping() -> Self {
        Self::later("the service is stopping")
    }
    /// 500: the reason goes to the log, not to the caller.
    pub(super) fn internal(reason: &str) -> Self {
        tracing::error!(reason, "a request failed");
        let detail = "the service failed; its log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the service failed", detail)
    }
    /// Any other status that a layer below produced.
    pub(super) fn of_status(status: StatusCode) -> Self {
        let title = status.canonical_reason().unwrap_or("error");
        match status {
            StatusCode::NOT_FOUND => Self::missing("there is nothing at this address; see /api/v1/openapi.json"),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "method", title, "this address does not take this method; see /api/v1/openapi.json")
            }
            StatusCode::BAD_REQUEST => {
                Self::unreadable("it broke off, or its body did not come in time; send it again")
            }
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(status, "too-large", title, "the request is too large"),
            StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                Self::new(status, "timeout", title, "the answer took too long; try again")
            }
            _ => Self::new(status, "other", title, title),
        }
    }
    fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "it collides with what is there", detail)
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        let told = error.to_string();
        match error {
            ServiceError::Invalid(faults) => Self::invalid(faults),
            ServiceError::Cursor(_) => Self::unreadable(told),
            ServiceError::Store(StoreError::Missing { .. }) | ServiceError::Evidence(EvidenceError::Refused(_)) => {
                Self::missing(told)
            }
            ServiceError::Store(StoreError::Conflict(_)) => Self::conflict(told),
            ServiceError::Store(StoreError::Verdict(VerdictRefused::Decided { .. })) => {
                Self::new(StatusCode::CONFLICT, "decided", "somebody decided before", told)
            }
            ServiceError::Store(StoreError::Undo(_)) => {
                Self::new(StatusCode::CONFLICT, "too-late", "the verdict stays", told)
            }
            ServiceError::Store(StoreError::Locked { .. }) => {
                Self::new(StatusCode::CONFLICT, "locked", "a colleague has it open", told)
            }
            ServiceError::Store(StoreError::Verdict(VerdictRefused::Nameless)) => {
                Self::invalid(Faults::one("reviewer", "", told))
            }
            ServiceError::Store(StoreError::Verdict(VerdictRefused::OwnDuplicate(_))) => {
                Self::invalid(Faults::one("of", "", told))
            }
            ServiceError::Crowded | ServiceError::Unseen(_) | ServiceError::Store(StoreError::Busy(_)) => {
                Self::later(told)
            }
            ServiceError::Store(StoreError::Unwritable(_))
            | ServiceError::Evidence(EvidenceError::Unwritable { .. }) => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "unwritable", "nothing can be written", told)
            }
            ServiceError::Purged(_) | ServiceError::Evidence(EvidenceError::Purged(_)) => {
                Self::new(StatusCode::GONE, "purged", "removed by retention", told)
            }
            ServiceError::Evidence(EvidenceError::Touched { .. } | EvidenceError::Missing { .. }) => {
                tracing::error!(reason = told, "evidence is damaged");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "the evidence is damaged", told)
            }
            ServiceError::WrongLogin => {
                Self::new(StatusCode::UNAUTHORIZED, "wrong-login", "name or password is wrong", told)
            }
            ServiceError::DeadLink => Self::new(StatusCode::GONE, "dead-link", "the link works no more", told),
            ServiceError::Unmasked(_) => Self::forbidden(told),
            ServiceError::Export(_)
            | ServiceError::Store(StoreError::Unusable(_) | StoreError::Failed(_))
            | ServiceError::Evidence(EvidenceError::Unreadable { .. })
            | ServiceError::Folder { .. } => Self::internal(&told),
        }
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
