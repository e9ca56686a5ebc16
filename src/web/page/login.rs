//! `/login`: trades the token for a session. The token is not kept by the browser.

use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::bare;
use crate::web::{
    App,
    access::SESSION,
    guard::{SESSION_COOKIE, cookie},
};

/// The form.
#[derive(Deserialize)]
pub(in crate::web) struct LoginForm {
    token: String,
}

/// The login.
pub(in crate::web) async fn login() -> Markup {
    draw(false)
}

/// Logs in, and goes to what waits.
pub(in crate::web) async fn log_in(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<LoginForm>, FormRejection>,
) -> Response {
    let session = form.ok().and_then(|Form(form)| app.access.log_in(&form.token));
    match session {
        Some(session) => {
            let mut response = Redirect::to("/").into_response();
            let seconds = SESSION.as_secs();
            set_session(&mut response, &headers, &session, seconds);
            response
        }
        None => {
            tracing::warn!("a login was refused");
            (StatusCode::UNAUTHORIZED, draw(true)).into_response()
        }
    }
}

/// Logs out.
pub(in crate::web) async fn log_out(State(app): State<App>, headers: HeaderMap) -> Response {
    if let Some(session) = cookie(&headers, SESSION_COOKIE) {
        app.access.log_out(&session);
    }
    let mut response = Redirect::to("/login").into_response();
    set_session(&mut response, &headers, "", 0);
    response
}

fn set_session(response: &mut Response, headers: &HeaderMap, session: &str, seconds: u64) {
    let secure = if headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https") { "; Secure" } else { "" };
    let line = format!("{SESSION_COOKIE}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    response
        .headers_mut()
        .append(header::SET_COOKIE, HeaderValue::from_str(&line).expect("hexadecimal digits and plain words"));
}

fn draw(refused: bool) -> Markup {
    bare(
        "登录",
        &html! {
            form.panel.login method="post" action="/login" {
                h1 { "登录" }
                @if refused { p.notice.bad role="alert" { "令牌不对" } }
                label { span { "令牌" } input type="password" name="token" required autofocus autocomplete="current-password"; }
                button.primary type="submit" { "进入" }
                p.dim { "令牌在服务器数据目录的 " code { "access.token" } " 文件里。" }
            }
        },
    )
}
