//! The door: every request passes here before its handler. It finds out who asks, by token or session, whether they may
//! call this at all, and that what changes something was meant by our own page; on the way out it sets the headers that
//! browsers obey and tells telemetry.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Instant,
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{
    App, desk,
    limits::Payer,
    problem::Problem,
    refusal::Refusal,
    roles::{Asked, Callers, Routes},
};
use crate::{
    domain::{Caller, Secret},
    service::{SECRET_CHARS_MAX, ServiceError},
    store::accounts::SecretHash,
    telemetry::{Budget, Signal, emit},
};

/// Name of the session's cookie.
const SESSION_COOKIE: &str = "xunjie_session";
/// Its name where the connection is encrypted: browsers then take it from this very host and over TLS alone.
const HOST_SESSION_COOKIE: &str = "__Host-xunjie_session";

/// What the door needs to know.
#[derive(Clone)]
pub(super) struct Door {
    /// Accounts, tokens and sessions.
    pub app: App,
    /// Who may call what.
    pub routes: Arc<Routes>,
}

/// The address at the other end of the connection, or the one that a proxy on this machine saw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let Self(socket) = parts.extensions.get().copied().unwrap_or(Self(Ipv4Addr::UNSPECIFIED.into()));
        // Only what a proxy of our own appended is believed; anybody can write the rest.
        let forwarded = socket.is_loopback().then(|| parts.headers.get_all("x-forwarded-for").iter().next_back());
        let seen = forwarded.flatten().and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
        Ok(Self(seen.unwrap_or(socket)))
    }
}

/// Lets a request in, or answers it at the door.
pub(super) async fn enter(State(door): State<Door>, Peer(from): Peer, mut request: Request, next: Next) -> Response {
    let knocked = knock(&door, &request).and_then(|knock| pay(&door, &knock, from).map(|fresh| (knock, fresh)));
    let (knock, fresh) = match knocked {
        Ok(knocked) => knocked,
        Err(refused) => return refused.into_response(),
    };
    let budget = knock.budget;
    let caller = match admit(&door, knock).await {
        Ok(caller) => caller,
        Err(refused) => return refused,
    };
    if let Some(fresh) = fresh
        && caller.is_some()
        && let Err(refused) = pay_as_known(&door, budget, &fresh)
    {
        return refused.into_response();
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    next.run(request).await
}

/// Lets in what proves itself by a signature of its own, as much of it as an address may send.
pub(super) async fn meet(State(door): State<Door>, Peer(from): Peer, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let budget = route.map_or(Budget::Strangers, |route| door.routes.budget(request.method(), route.as_str()));
    match door.app.limits.take(budget, &Payer::at(from)) {
        Ok(()) => next.run(request).await,
        Err(wait) => Problem::limited(wait).into_response(),
    }
}

/// Takes what a request costs from the budget of who asks or, while that is not proved, of the address. A proof that is
/// not known yet comes back: it pays when it was believed.
fn pay(door: &Door, knock: &Knock, from: IpAddr) -> Result<Option<Payer>, Problem> {
    let limits = &door.app.limits;
    let proof = knock.proof.as_ref().filter(|_| !knock.is_anybodys);
    let proof = proof.map(|(Proof::Token(secret) | Proof::Session(secret))| Payer::Proof(SecretHash::of(secret)));
    let (budget, payer, fresh) = match proof {
        Some(proof) if limits.knows(&proof) => (knock.budget, proof, None),
        None if knock.asked.is_none() && knock.is_anybodys => (Budget::Files, Payer::at(from), None),
        fresh => (Budget::Strangers, Payer::at(from), fresh),
    };
    limits.take(budget, &payer).map_err(Problem::limited)?;
    Ok(fresh)
}

/// The first request of a session or a token: coming in is a call of its own.
fn pay_as_known(door: &Door, budget: Budget, payer: &Payer) -> Result<(), Problem> {
    let limits = &door.app.limits;
    limits.take(Budget::Calls, payer).and_then(|()| limits.take(budget, payer)).map_err(Problem::limited)
}

/// What is known of a request before anybody is asked.
struct Knock {
    /// Who may call the route; `None` where none answers.
    asked: Option<Asked>,
    /// Whether the answer is the same for all.
    is_anybodys: bool,
    proof: Option<Proof>,
    /// What it is paid from when its caller is known.
    budget: Budget,
}

fn knock(door: &Door, request: &Request) -> Result<Knock, Problem> {
    let (method, path, headers) = (request.method(), request.uri().path(), request.headers());
    let bearer = bearer(headers);
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && bearer.is_none() && !is_same_site(headers) {
        return Err(Problem::forbidden(
            Refusal::ForeignSite,
            "another site sent this request; open the page itself and try there",
        ));
    }
    let route = request.extensions().get::<MatchedPath>();
    let budget = route.map_or(Budget::Calls, |route| door.routes.budget(method, route.as_str()));
    let asked = route.map(|route| door.routes.asked(method, route.as_str()));
    let is_anybodys = match &asked {
        Some(asked) => *asked == Asked::Of(Callers::Anybody),
        None => desk::is_of_desk(method, path),
    };
    let proof = bearer.map(Proof::Token).or_else(|| session_of(&door.app, headers).map(Proof::Session));
    Ok(Knock { asked, is_anybodys, proof, budget })
}

/// Who asks; `None` where anybody may.
async fn admit(door: &Door, knock: Knock) -> Result<Option<Caller>, Response> {
    let Knock { asked, is_anybodys, proof, budget: _ } = knock;
    if is_anybodys {
        return Ok(None);
    }
    let caller = match proof {
        Some(proof) => door.app.caller(proof).await.map_err(IntoResponse::into_response)?,
        None => None,
    };
    let Some(caller) = caller else {
        return Err(Problem::unauthorised().into_response());
    };
    match asked {
        // No route answers; further in it is told as such.
        None => Ok(Some(caller)),
        Some(Asked::Of(callers)) if caller.must_change_password && callers != Callers::Oneself => {
            Err(Problem::must_change_password().into_response())
        }
        Some(Asked::Of(callers)) if callers.admit(&caller) => Ok(Some(caller)),
        Some(Asked::Of(_) | Asked::Nobody) => {
            let told = "your roles do not allow this; ask an administrator for the right one";
            Err(Problem::forbidden(Refusal::Role, told).into_response())
        }
        Some(Asked::Methods(allowed)) => {
            let mut response = Problem::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
            response.headers_mut().extend(HeaderValue::from_str(&allowed).map(|allowed| (header::ALLOW, allowed)));
            Err(response)
        }
    }
}

/// What a caller brings to prove itself.
enum Proof {
    /// The secret of a token: a program.
    Token(Secret),
    /// The secret of a session: the page.
    Session(Secret),
}

impl App {
    /// Who that is; `None` when it proves nobody. Beside the other calls, so that slow ones keep nobody out.
    async fn caller(&self, proof: Proof) -> Result<Option<Caller>, Problem> {
        let permit = self.door.clone().acquire_owned().await.map_err(|_| Problem::stopping())?;
        let service = self.service.clone();
        let found = tokio::task::spawn_blocking(move || {
            let _held_while_asking = permit;
            match proof {
                Proof::Token(secret) => service.caller_with_token(&secret),
                Proof::Session(secret) => service.caller_of_session(&secret),
            }
        });
        found.await.unwrap_or(Err(ServiceError::Crowded)).map_err(Problem::from)
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (kind, secret) = value.split_once(' ')?;
    let secret = secret.trim();
    let is_ours = kind.eq_ignore_ascii_case("bearer") && secret.len() <= SECRET_CHARS_MAX;
    is_ours.then(|| Secret::new(secret))
}

/// Whether this answer reaches the browser over TLS: ours, or that of a proxy in front.
pub(super) fn is_encrypted(app: &App, headers: &HeaderMap) -> bool {
    app.tls.is_some() || headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
}

/// The session that the browser shows.
pub(super) fn session_of(app: &App, headers: &HeaderMap) -> Option<Secret> {
    let name = if is_encrypted(app, headers) { HOST_SESSION_COOKIE } else { SESSION_COOKIE };
    cookie(headers, name).filter(|secret| secret.len() <= SECRET_CHARS_MAX && !secret.is_empty()).map(Secret::new)
}

/// The line that gives the browser a session to keep for so long.
pub(super) fn session_cookie(app: &App, headers: &HeaderMap, session: &str, seconds: u64) -> String {
    let encrypted = is_encrypted(app, headers);
    let (name, secure) = if encrypted { (HOST_SESSION_COOKIE, "; Secure") } else { (SESSION_COOKIE, "") };
    format!("{name}={session}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or("")
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

/// What a browser may load: our own files, and nothing that is written into a page.
pub(super) const CSP: &str = "default-src 'none'; img-src 'self' blob:; media-src 'self' blob:; style-src 'self'; \
     script-src 'self'; connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Headers on every answer; nothing from elsewhere runs, frames us or learns where we were.
const HEADERS: [(&str, &str); 5] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Over TLS a browser then comes over TLS alone, for a year. Browsers obey it only where they believe the certificate.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Sets the headers, gives bare errors the shape of a problem and tells telemetry.
pub(super) async fn leave(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let encrypted = is_encrypted(&app, request.headers());
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
    if encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP));
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
        let headers = headers(&[("cookie", "a=1; xunjie_name=%E5%BC%A0%E4%B8%89; b=2")]);
        assert_eq!(cookie(&headers, "xunjie_name").as_deref(), Some("张三"));
        assert_eq!(cookie(&headers, "xunjie"), None);
    }
}
