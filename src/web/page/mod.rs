//! The plain review page: server-rendered, works without scripts, escapes everything (maud does). It shows what the
//! service says and decides through it; it holds no rule of its own.

mod coverage;
mod incident;
mod layout;
mod platform;
mod waiting;
mod words;

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{Markup, html};

pub(super) use coverage::coverage;
pub(super) use incident::{decide, incident, picture};
pub(super) use waiting::waiting;

use super::problem::Problem;

/// An error as a page.
pub(super) struct Sorry(Problem);

impl From<Problem> for Sorry {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Sorry {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = layout::bare(
            words::problem(self.0.status),
            &html! {
                div.sorry {
                    h1 { (words::problem(self.0.status)) }
                    p.dim { (self.0.detail) }
                    p { a.button href="/" { "返回待复核" } }
                }
            },
        );
        let mut response = (status, body).into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

/// A page, or an error as a page.
type Page = Result<Markup, Sorry>;

/// The style sheet.
pub(super) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("style.css"))
}

/// The script: refreshes what changed and listens for keys. Everything works without it.
pub(super) async fn script() -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", include_str!("page.js"))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text)
}
