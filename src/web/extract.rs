//! Extractors whose refusals are problem details, and pages of lists.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::request::Parts,
};
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use utoipa::{IntoParams, ToSchema};

use super::{problem::Problem, refusal::Refusal};
use crate::{
    domain::Caller,
    service::{Faults, Want},
    store::{Page, Rows},
};

/// A JSON body.
pub(super) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            // Serde's words may quote a value: only the place is told where it quotes one.
            Err(JsonRejection::JsonDataError(error)) => {
                Err(Problem::invalid(Faults::one("body", "", Want::Body { told: without_values(&error.body_text()) })))
            }
            Err(JsonRejection::JsonSyntaxError(_)) => Err(Problem::unreadable("the body is not JSON")),
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Problem::unreadable("send the body as application/json"))
            }
            Err(other) => Err(Problem::of_status(other.status())),
        }
    }
}

/// Cuts the quoted value out of serde's message, so that a secret that was sent in the wrong place is not sent back.
/// Names of unknown fields stay: they help, and a secret is no name.
fn without_values(message: &str) -> String {
    let (told, expected) = message.rsplit_once(", expected").unwrap_or((message, ""));
    let told = match told.split_once(['"', '`']) {
        Some((before, _)) if !message.contains(" field `") => format!("{before}…"),
        _ => told.to_owned(),
    };
    let told = if expected.is_empty() { told } else { format!("{told}, expected{expected}") };
    told.chars().take(300).collect()
}

/// Whoever asks, as the door found out.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorised)
    }
}

/// An id in the path. What cannot be an id names nothing: 404.
pub(super) struct At<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(at)) => Ok(Self(at)),
            Err(_) => Err(Problem::missing(Refusal::NoId, "the address holds something that is no id")),
        }
    }
}

/// Tells `null` from nothing: `Some(None)` from `None`.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}

/// The query.
pub(super) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => Err(Problem::unreadable(without_values(&error.body_text()))),
        }
    }
}

/// A page of a list, as asked for. (Not flattened into other queries: serde_urlencoded cannot read numbers there.)
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageIn {
    /// `next` of the page before.
    pub after: Option<String>,
    /// 1 to 500, default 50.
    pub limit: Option<u32>,
}

impl PageIn {
    pub(super) fn checked(self) -> Result<Page, Problem> {
        page(self.after, self.limit)
    }
}

/// Checks cursor and limit.
pub(super) fn page(after: Option<String>, limit: Option<u32>) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(50);
    if !(1..=500).contains(&limit) {
        return Err(Problem::unreadable("limit is a number from 1 to 500"));
    }
    Ok(Page { after: after.filter(|cursor| !cursor.is_empty()), limit })
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageOf<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Cursor of the next page; `null` at the end.
    pub next: Option<String>,
}

impl<T> PageOf<T> {
    pub(super) fn of<R>(rows: Rows<R>, each: impl FnMut(R) -> T) -> Json<Self> {
        Json(Self { items: rows.rows.into_iter().map(each).collect(), next: rows.next })
    }
    pub(super) fn whole(items: Vec<T>) -> Json<Self> {
        Json(Self { items, next: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_body_makes_a_message_quote_a_value(before: String, after: String) {
            let value = serde_json::json!(format!("{before}S3CRET{after}")).to_string();
            for body in [format!("{{\"after\":[],\"limit\":{value}}}"), format!("{{\"after\":{{\"a\":{value}}}}}"), value] {
                let error = serde_json::from_str::<PageIn>(&body).err().map_or_else(String::new, |error| error.to_string());
                let told = without_values(&error);
                proptest::prop_assert!(!told.contains("S3CRET") && told.chars().count() <= 300, "{told}");
            }
        }
    }

    #[test]
    fn a_message_about_a_body_quotes_no_value() {
        for (message, told) in [
            (
                "x: invalid type: string \"s3\\\"cret\", expected u32 at line 1",
                "x: invalid type: string …, expected u32 at line 1",
            ),
            (
                "x: unknown variant `s3`cret`, expected one of `a`, `b`",
                "x: unknown variant …, expected one of `a`, `b`",
            ),
            ("invalid value: string \"s3, expected cret\", expected a", "invalid value: string …, expected a"),
            ("x: unknown field `colour`, expected `a`", "x: unknown field `colour`, expected `a`"),
            ("x: missing field `kind` at line 1", "x: missing field `kind` at line 1"),
        ] {
            assert_eq!(without_values(message), told);
        }
    }
}
