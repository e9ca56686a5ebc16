//! `/api/v1/oidc`: coming in through the city's identity provider. What the browser must bring back is remembered here and
//! bound to a cookie of its own; it works once and for ten minutes. Failing leads back to the page for names and passwords.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::{
    App,
    extract::Params,
    guard::{Peer, cookie, is_encrypted},
    problem::Problem,
    refusal::Refusal,
    sessions::{give_session, guarded, set_cookie},
};
use crate::{
    domain::Secret,
    identity::{IdentityError, Pending, Started},
    store::accounts::SecretHash,
};

/// Name of the cookie that a browser brings back from the provider.
const COOKIE: &str = "xunjie_oidc";
/// How long somebody may take at the provider.
const PENDING_TIME: Duration = Duration::from_secs(10 * 60);
/// People who are at the provider at once; the one who went first makes room.
const PENDING_MAX: usize = 1000;
/// Calls to the provider at once: a slow one must not take the threads that others need.
const CALLS_MAX: usize = 4;

/// People who are at the provider.
pub(super) struct Logins {
    pending: Mutex<HashMap<String, (Instant, Pending)>>,
    calls: Arc<Semaphore>,
}

impl Default for Logins {
    fn default() -> Self {
        Self { pending: Mutex::default(), calls: Arc::new(Semaphore::new(CALLS_MAX)) }
    }
}

impl Logins {
    /// Remembers somebody who leaves for the provider; the secret goes into their cookie.
    fn begin(&self, secret: &Secret, pending: Pending, now: Instant) {
        let mut all = self.lock();
        all.retain(|_, (begun, _)| now.saturating_duration_since(*begun) < PENDING_TIME);
        if all.len() >= PENDING_MAX {
            let first = all.iter().min_by_key(|(_, (begun, _))| *begun).map(|(key, _)| key.clone());
            first.and_then(|key| all.remove(&key));
        }
        all.insert(SecretHash::of(secret).as_str().to_owned(), (now, pending));
    }

    /// What was remembered, once.
    fn end(&self, secret: &Secret, now: Instant) -> Option<Pending> {
        let (begun, pending) = self.lock().remove(SecretHash::of(secret).as_str())?;
        (now.saturating_duration_since(begun) < PENDING_TIME).then_some(pending)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, Pending)>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the provider's answer carries. Nothing of it is believed before the token was checked.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallbackQuery {
    /// Exchanged for a token.
    code: Option<String>,
    /// What we sent along.
    state: Option<String>,
    /// Why the provider did not let the person in.
    error: Option<String>,
}

/// Why somebody stands before the page for names and passwords again: the page says it in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    /// No provider is set up.
    None,
    /// The provider cannot be reached or answers nonsense.
    Unreachable,
    /// Begun too long ago, in another browser, or used already.
    Stale,
    /// The provider or its token's check said no.
    Refused,
    /// The provider knows no role of theirs.
    NoRole,
    /// The account is disabled.
    Disabled,
    /// Too many refusals.
    Locked,
}

impl Back {
    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unreachable => "unreachable",
            Self::Stale => "stale",
            Self::Refused => "refused",
            Self::NoRole => "no-role",
            Self::Disabled => "disabled",
            Self::Locked => "locked",
        }
    }
}

impl From<&IdentityError> for Back {
    fn from(error: &IdentityError) -> Self {
        match error {
            IdentityError::Unreachable(_) => Self::Unreachable,
            IdentityError::Refused(_) => Self::Refused,
            IdentityError::NoRole => Self::NoRole,
        }
    }
}

/// Leads the browser to the provider.
#[utoipa::path(get, operation_id = "oidc_start", path = "/api/v1/oidc/start", tag = "door", security(()),
    responses((status = SEE_OTHER, description = "to the provider, or back with the reason")))]
pub(super) async fn start(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(provider) = app.ports.identity.clone() else { return Ok(back(Back::None)) };
    let started = match app.ask_provider(move || provider.begin()).await? {
        Ok(started) => started,
        Err(error) => {
            tracing::warn!(%error, "nobody can log in at the identity provider");
            return Ok(back(Back::from(&error)));
        }
    };
    let Started { url, pending } = started;
    let secret = app.service.fresh_secret();
    app.logins.begin(&secret, pending, Instant::now());
    let mut response = to(url.as_str());
    set_cookie(&mut response, &pending_cookie(&app, &headers, secret.reveal(), PENDING_TIME.as_secs()));
    Ok(response)
}

/// Where the provider sends the browser back: the person is in, or reads why not.
#[utoipa::path(get, operation_id = "oidc_callback", path = "/api/v1/oidc/callback", tag = "door", params(CallbackQuery), security(()),
    responses((status = SEE_OTHER, description = "to the desk, or back with the reason")))]
pub(super) async fn callback(
    State(app): State<App>,
    Peer(from): Peer,
    headers: HeaderMap,
    Params(query): Params<CallbackQuery>,
) -> Result<Response, Problem> {
    let Some(provider) = app.ports.identity.clone() else { return Ok(back(Back::None)) };
    let secret = cookie(&headers, COOKIE).map(Secret::new);
    let pending = secret.and_then(|secret| app.logins.end(&secret, Instant::now()));
    let is_ours = |pending: &Pending| query.state.as_deref().is_some_and(|state| pending.is_state(state));
    let Some(pending) = pending.filter(is_ours) else { return Ok(back(Back::Stale)) };
    let who = "oidc";
    let tried = match guarded(&app, &format!("{who} {from}"), from).await {
        Ok(tried) => tried,
        Err(problem) if problem.status == 429 => return Ok(back(Back::Locked)),
        Err(problem) => return Err(problem),
    };
    let vouched = match (query.error, query.code) {
        (None, Some(code)) => app.ask_provider(move || provider.finish(&pending, &Secret::new(code))).await?,
        (error, _) => Err(IdentityError::Refused(format!("the provider said {}", shortened(error.as_deref())))),
    };
    let vouched = match vouched {
        Ok(vouched) => vouched,
        Err(error) => {
            tracing::warn!(%error, "somebody was not let in by the identity provider");
            let why = Back::from(&error);
            app.run_for_all(move |service| service.refused(who, why.word(), from)).await?;
            if why != Back::Unreachable {
                tried.end::<()>(&Err(Problem::unauthorised())).await?;
            }
            return Ok(back(why));
        }
    };
    let entered = app.run_for_all(move |service| service.enter_vouched(&vouched, from)).await;
    tried.end(&entered).await?;
    match entered {
        Ok(entered) => {
            let mut response = to("/");
            give_session(&app, &headers, &entered.session, &mut response);
            set_cookie(&mut response, &pending_cookie(&app, &headers, "", 0));
            Ok(response)
        }
        Err(problem) if problem.status == 401 => Ok(back(Back::Disabled)),
        Err(problem) => Err(problem),
    }
}

impl App {
    /// Asks the provider on a thread that may wait for it.
    async fn ask_provider<T: Send + 'static>(
        &self,
        ask: impl FnOnce() -> Result<T, IdentityError> + Send + 'static,
    ) -> Result<Result<T, IdentityError>, Problem> {
        let call = self.logins.calls.clone().try_acquire_owned();
        let call = call
            .map_err(|_| Problem::later(Refusal::LoginsFull, "too many logins at once; try again in a few seconds"))?;
        let asked = tokio::task::spawn_blocking(move || {
            let _held_while_asking = call;
            ask()
        });
        asked.await.map_err(|_| Problem::internal("asking the identity provider panicked"))
    }
}

/// `Lax`, because the browser comes back from another site; it opens nothing by itself.
fn pending_cookie(app: &App, headers: &HeaderMap, secret: &str, seconds: u64) -> String {
    let secure = if is_encrypted(app, headers) { "; Secure" } else { "" };
    format!("{COOKIE}={secret}; Path=/api/v1/oidc; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn back(why: Back) -> Response {
    to(&format!("/login?oidc={}", why.word()))
}

fn to(address: &str) -> Response {
    let Ok(address) = HeaderValue::from_str(address) else {
        return Problem::internal("the provider's address is no header").into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, address);
    response
}

fn shortened(error: Option<&str>) -> String {
    error.unwrap_or("nothing").chars().filter(|c| !c.is_control()).take(80).collect()
}
