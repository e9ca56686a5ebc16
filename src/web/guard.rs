//! The door: every request passes here before its handler. It checks host, token or session, and that what changes
//! something was meant by the page itself; on the way out it sets the headers that browsers obey and tells telemetry.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    App,
    problem::Problem,
    roles::{Asked, Routes},
};
use crate::{
    domain::{AccountId, Areas, Caller, Role},
    telemetry::{Signal, emit},
};

/// Name of the session's cookie.
pub(super) const SESSION_COOKIE: &str = "xunjie_session";
/// Name of the cookie that remembers the reviewer's name.
pub(super) const REVIEWER_COOKIE: &str = "xunjie_reviewer";

/// What the door needs to know.
#[derive(Clone)]
pub(super) struct Door {
    /// The token and the sessions.
    pub app: App,
    /// Whether the listener is a loopback one that asks for no login.
    pub open: bool,
    /// Who may call what.
    pub routes: Arc<Routes>,
}

/// How a caller proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// With the token: a program.
    Bearer,
    /// With a session: the page.
    Session,
    /// By being on this machine.
    Loopback,
    /// Not at all.
    None,
}

/// Lets a request in, or answers it at the door.
pub(super) async fn enter(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    match admit(&door, request.method(), request.uri().path(), request.headers()) {
        Ok(()) => {
            let caller = caller(request.headers());
            if let Err(refused) = may_call(&door.routes, &request, &caller) {
                return refused;
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) if problem.status == 401 && wants_page(&request) => Redirect::to("/login").into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// What no route answers is told as such further in; a route without a row is nobody's.
#[expect(clippy::result_large_err, reason = "an answer is made at once and handed on")]
fn may_call(routes: &Routes, request: &Request, caller: &Caller) -> Result<(), Response> {
    let Some(route) = request.extensions().get::<MatchedPath>() else { return Ok(()) };
    match routes.asked(request.method(), route.as_str()) {
        Asked::Of(callers) if callers.admit(caller) => Ok(()),
        Asked::Of(_) | Asked::Nobody => {
            let told = "your roles do not allow this; ask an administrator for the right one";
            Err(Problem::forbidden(told).into_response())
        }
        Asked::Methods(allowed) => {
            let mut response = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
            response.headers_mut().extend(HeaderValue::from_str(&allowed).map(|allowed| (header::ALLOW, allowed)));
            Err(response)
        }
    }
}

fn admit(door: &Door, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let proof = prove(door, headers);
    // A proxy in front means that the caller is not on this machine, whatever the socket says.
    let open_here = door.open && !is_forwarded(headers);
    if proof == Proof::None || proof == Proof::Loopback {
        if open_here && !is_local_host(host(headers)) {
            return Err(Problem::misdirected());
        }
        if proof == Proof::None && !is_public(path) {
            return Err(Problem::unauthorised());
        }
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && proof != Proof::Bearer && !is_same_site(headers) {
        return Err(Problem::forbidden("another site sent this request; open the page itself and try there"));
    }
    Ok(())
}

/// The one key of the house opens everything.
fn caller(headers: &HeaderMap) -> Caller {
    let name = actor(headers);
    Caller {
        id: AccountId::derived(&[b"account", name.as_bytes()]),
        name,
        roles: Role::ALL.into(),
        areas: Areas::All,
        may_unmask: true,
    }
}

fn prove(door: &Door, headers: &HeaderMap) -> Proof {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
    if bearer.is_some_and(|(_, token)| door.app.access.is_token(token.trim())) {
        return Proof::Bearer;
    }
    if cookie(headers, SESSION_COOKIE).is_some_and(|id| door.app.access.is_session(&id)) {
        return Proof::Session;
    }
    if door.open && !is_forwarded(headers) { Proof::Loopback } else { Proof::None }
}

/// What anybody may ask for: the login itself, what the page is drawn with, and whether the process lives.
fn is_public(path: &str) -> bool {
    matches!(path, "/login" | "/healthz" | "/assets/style.css" | "/assets/page.js")
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// Only these names, so that a name that an attacker points to this machine (DNS rebinding) is refused.
fn is_local_host(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]"
}

/// Whether the browser says that our own page sent it, or no browser did.
fn is_same_site(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("null")) {
        None => true,
        Some(origin) => origin.split_once("://").is_some_and(|(_, of)| !of.is_empty() && of == host(headers)),
    }
}

fn wants_page(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("");
    request.method() == Method::GET && !request.uri().path().starts_with("/api/") && accepts.contains("text/html")
}

/// A cookie's value, percent-decoded.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .and_then(|value| {
            url::form_urlencoded::parse(format!("v={value}").as_bytes()).next().map(|(_, v)| v.into_owned())
        })
}

/// Who does it, for the audit log: the reviewer that the page remembers, else `api`.
pub(super) fn actor(headers: &HeaderMap) -> String {
    let name = cookie(headers, REVIEWER_COOKIE).map(|name| name.trim().chars().take(64).collect::<String>());
    name.filter(|name| !name.is_empty() && !name.chars().any(char::is_control)).unwrap_or_else(|| "api".to_owned())
}

/// Headers on every answer; nothing from elsewhere runs, frames us or learns where we were.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Sets the headers, gives bare errors the shape of a problem and tells telemetry.
pub(super) async fn leave(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = known_method(request.method());
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "(none)".to_owned(), |m| m.as_str().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    let bare = response.extensions().get::<Problem>().is_none() && is_bare(&response);
    if bare && (status.is_client_error() || status.is_server_error()) {
        let allow = response.headers().get(header::ALLOW).cloned();
        response = Problem::of_status(status).into_response();
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    emit(Signal::RequestServed { method, route: &route, status: status.as_u16(), took: begun.elapsed() });
    response
}

fn is_bare(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    response.status() != StatusCode::OK && (kind.is_empty() || kind.starts_with("text/plain"))
}

/// A fixed set of words for metrics: a caller can invent methods.
fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for yes in ["localhost", "LOCALHOST:8686", "127.0.0.1:1", "[::1]:8686", "[::1]"] {
            assert!(is_local_host(yes), "{yes}");
        }
        for no in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "127.0.0.1:x",
            "10.0.0.1",
            "::1",
        ] {
            assert!(!is_local_host(no), "{no}");
        }
    }

    #[test]
    fn another_site_is_told_apart() {
        for (pairs, same) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "http://127.0.0.1:8686"), ("host", "127.0.0.1:8686")], true),
            (&[("origin", "http://127.0.0.1:9999"), ("host", "127.0.0.1:8686")], false),
            (&[("origin", "null"), ("host", "127.0.0.1:8686")], false),
        ] {
            assert_eq!(is_same_site(&headers(pairs)), same, "{pairs:?}");
        }
    }

    #[test]
    fn cookies_are_found_among_others_and_decoded() {
        let headers = headers(&[("cookie", "a=1; xunjie_reviewer=%E5%BC%A0%E4%B8%89; b=2")]);
        assert_eq!(cookie(&headers, REVIEWER_COOKIE).as_deref(), Some("张三"));
        assert_eq!(cookie(&headers, "xunjie"), None);
        assert_eq!(actor(&headers), "张三");
    }
}
