//! `/api/v1/session`: coming in with name and password, who one is, and going out. The secret of a session is in a
//! cookie that no script reads and no other site sends, and nowhere else.

use std::net::IpAddr;

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::Body,
    guard::{Peer, session_cookie, session_of},
    problem::Problem,
};
use crate::{
    domain::{AccountId, Area, Areas, Caller, Role, Secret, WallTime},
    service::{Entered, ServiceError},
};

/// How long a browser keeps the cookie, in seconds; the server ends a session earlier where nobody uses it.
const COOKIE_S: u64 = 7 * 24 * 3600;

/// Name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionIn {
    /// Name of the account.
    name: String,
    /// Its password.
    password: String,
}

/// Who one is.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAccountOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: AccountId,
    /// With which one comes in.
    name: String,
    /// How people call one.
    display_name: String,
    /// What one may do.
    roles: Vec<Role>,
    /// What one may see; `null`: everything.
    #[schema(value_type = Option<Vec<String>>)]
    areas: Option<Vec<Area>>,
    /// Whether one may see what is not masked.
    may_unmask: bool,
    /// Whether one must choose a new password first.
    must_change_password: bool,
}

/// A session, and what a browser needs to know of this house.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionOut {
    /// Who.
    account: SessionAccountOut,
    /// The server's time.
    #[schema(value_type = String, format = DateTime)]
    server_time: WallTime,
    /// The city's civil time against UTC.
    utc_offset: String,
    /// Name of the city.
    city: String,
    /// Version of this program.
    version: &'static str,
    /// How long a verdict can be taken back, in milliseconds.
    undo_ms: u64,
}

impl SessionOut {
    fn of(app: &App, caller: Caller) -> Self {
        let Caller { id, name, display_name, roles, areas, may_unmask, must_change_password } = caller;
        let city = &app.service.config.city;
        Self {
            account: SessionAccountOut {
                id,
                name,
                display_name,
                roles: roles.into_iter().collect(),
                areas: areas_out(areas),
                may_unmask,
                must_change_password,
            },
            server_time: app.service.now(),
            utc_offset: city.utc_offset().to_string(),
            city: city.name().to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            undo_ms: u64::try_from(app.service.config.settings.desk.undo.as_millis()).expect("five minutes at most"),
        }
    }
}

/// `null` for all of them.
pub(super) fn areas_out(areas: Areas) -> Option<Vec<Area>> {
    match areas {
        Areas::All => None,
        Areas::Only(areas) => Some(areas.into_iter().collect()),
    }
}

/// One's own new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordIn {
    /// The present one.
    current: String,
    /// The new one: 12 to 256 characters.
    new: String,
}

/// Comes in.
#[utoipa::path(post, operation_id = "session_begin", path = "/api/v1/session", tag = "door", request_body = SessionIn, security(()),
    responses((status = OK, body = SessionOut), (status = UNAUTHORIZED, body = Problem), (status = TOO_MANY_REQUESTS, body = Problem)))]
pub(super) async fn begin(
    State(app): State<App>,
    Peer(from): Peer,
    headers: HeaderMap,
    Body(SessionIn { name, password }): Body<SessionIn>,
) -> Result<Response, Problem> {
    let password = Secret::new(password);
    let (by, tried) = (name.clone(), guarded(&app, &name, from).await?);
    let entered = app.run_for_all(move |service| service.log_in(&by, &password, from)).await;
    tried.end(&entered).await?;
    Ok(entered_with(&app, &headers, entered?))
}

/// Who one is.
#[utoipa::path(get, operation_id = "session_show", path = "/api/v1/session", tag = "door",
    responses((status = OK, body = SessionOut), (status = UNAUTHORIZED, body = Problem)))]
pub(super) async fn show(State(app): State<App>, caller: Caller) -> Result<Json<SessionOut>, Problem> {
    Ok(Json(SessionOut::of(&app, caller)))
}

/// Goes out.
#[utoipa::path(delete, operation_id = "session_end", path = "/api/v1/session", tag = "door", responses((status = NO_CONTENT)))]
pub(super) async fn end(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(session) = session_of(&app, &headers) {
        app.run_for_all(move |service| service.log_out(&session)).await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &session_cookie(&app, &headers, "", 0));
    Ok(response)
}

/// Chooses a new password; every other session of the account ends.
#[utoipa::path(put, operation_id = "session_password", path = "/api/v1/session/password", tag = "door", request_body = PasswordIn,
    responses((status = NO_CONTENT), (status = UNAUTHORIZED, body = Problem), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = TOO_MANY_REQUESTS, body = Problem)))]
pub(super) async fn password(
    State(app): State<App>,
    caller: Caller,
    Peer(from): Peer,
    headers: HeaderMap,
    Body(PasswordIn { current, new }): Body<PasswordIn>,
) -> Result<StatusCode, Problem> {
    let (current, new, session) = (Secret::new(current), Secret::new(new), session_of(&app, &headers));
    let tried = guarded(&app, &caller.name, from).await?;
    let changed =
        app.run_for_all(move |service| service.change_password(caller.id, &current, &new, session.as_ref())).await;
    tried.end(&changed).await?;
    // Not 401: the session is a good one, only the password is not.
    let wrong = |problem: Problem| match problem.status {
        401 => Problem::invalid(crate::service::Faults::one("current", "", crate::service::Want::PasswordPresent)),
        _ => problem,
    };
    changed.map_err(wrong)?;
    Ok(StatusCode::NO_CONTENT)
}

/// One try to prove oneself: refused at once while name or address must wait.
pub(super) struct Try<'a> {
    app: &'a App,
    name: String,
    from: IpAddr,
}

pub(super) async fn guarded<'a>(app: &'a App, name: &str, from: IpAddr) -> Result<Try<'a>, Problem> {
    let asked = name.to_owned();
    match app.run_for_all(move |service| service.locked_out(&asked, from)).await? {
        Some(wait) => Err(Problem::locked_out(wait)),
        None => Ok(Try { app, name: name.to_owned(), from }),
    }
}

impl Try<'_> {
    /// Counts how it ended. What failed for another reason than what was given counts for nothing.
    pub(super) async fn end<T>(self, outcome: &Result<T, Problem>) -> Result<(), Problem> {
        let Self { app, name, from } = self;
        match outcome {
            Ok(_) => app.run_for_all(move |service| service.forgive(&name)).await,
            Err(problem) if matches!(problem.status, 401 | 410) => {
                app.run_for_all(move |service| service.count_refusal(&name, from)).await
            }
            Err(_) => Ok(()),
        }
    }
}

/// The session as an answer with its cookie.
pub(super) fn entered_with(app: &App, headers: &HeaderMap, entered: Entered) -> Response {
    let Entered { account, session } = entered;
    let shown = SessionOut::of(app, account.caller());
    let mut response = Json(shown).into_response();
    give_session(app, headers, &session, &mut response);
    response
}

/// Gives the browser the cookie of a session that began.
pub(super) fn give_session(app: &App, headers: &HeaderMap, session: &Secret, response: &mut Response) {
    set_cookie(response, &session_cookie(app, headers, session.reveal(), COOKIE_S));
}

pub(super) fn set_cookie(response: &mut Response, line: &str) {
    let value = HeaderValue::from_str(line).expect("letters, digits and plain words");
    response.headers_mut().append(header::SET_COOKIE, value);
}

/// A secret of a link, if it can be one.
pub(super) fn link_secret(text: String) -> Result<Secret, Problem> {
    if text.len() > crate::service::SECRET_CHARS_MAX {
        return Err(ServiceError::DeadLink.into());
    }
    Ok(Secret::new(text))
}
