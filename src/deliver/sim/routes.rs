//! The simulator's routes: four that a platform would have, and `/sim` to steer and to ask.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Behaviour, CallbackOrder, CallbackSent, Sim, SimReport,
    behaviour::Fate,
    callback, evidence,
    ledger::{Hearing, beijing},
};
use crate::deliver::{
    CaseDay,
    payload::{Payload, Told},
};

/// Largest message: a bundle's masked pictures as base64.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Every route.
pub(super) fn router(sim: Arc<Sim>) -> Router {
    Router::new()
        .route("/cases", post(report_case).get(held_cases))
        .route("/cases/{case_id}/recurrences", post(tell_recurrence))
        .route("/cases/{case_id}/rechecks", post(tell_recheck))
        .route("/sim/report", get(report))
        .route("/sim/behaviour", get(behaviour).post(set_behaviour))
        .route("/sim/cases/{case_id}/stage", post(tell_stage))
        .layer(DefaultBodyLimit::max(MESSAGE_BYTES_MAX))
        .with_state(sim)
}

type Answer = (StatusCode, Json<serde_json::Value>);

fn answer(status: StatusCode, words: &str) -> Answer {
    (status, Json(json!({ "error": words })))
}

async fn report_case(State(sim): State<Arc<Sim>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    hear(sim, uri, headers, body, None, |told| matches!(told, Told::Report)).await
}

async fn tell_recurrence(
    State(sim): State<Arc<Sim>>,
    Path(case_id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    hear(sim, uri, headers, body, Some(case_id), |told| matches!(told, Told::Recurrence { .. })).await
}

async fn tell_recheck(
    State(sim): State<Arc<Sim>>,
    Path(case_id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    hear(sim, uri, headers, body, Some(case_id), |told| matches!(told, Told::Recheck { .. })).await
}

/// Hears a message: fault on demand, signature, form, key, evidence, ledger, in that order.
async fn hear(
    sim: Arc<Sim>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    case_id: Option<String>,
    belongs: fn(&Told) -> bool,
) -> Response {
    let (fate, delay_ms) = {
        let mut mood = sim.mood();
        let fate = mood.next();
        (fate, mood.delay_ms(fate))
    };
    let heard = match fate {
        Fate::Refused | Fate::Rejected => {
            sim.ledger().turned_away();
            match fate {
                Fate::Refused => answer(StatusCode::SERVICE_UNAVAILABLE, "系统维护中，请稍后再试"),
                _ => answer(StatusCode::UNPROCESSABLE_ENTITY, "不符合立案条件，退回"),
            }
        }
        Fate::Heard | Fate::Hung | Fate::Garbled => {
            let taken = Arc::clone(&sim);
            let taking =
                tokio::task::spawn_blocking(move || take(&taken, &uri, &headers, &body, case_id.as_deref(), belongs));
            taking.await.unwrap_or_else(|_| answer(StatusCode::INTERNAL_SERVER_ERROR, "the simulator panicked"))
        }
    };
    tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    match fate {
        Fate::Garbled if heard.0.is_success() => "<html>欢迎使用</html>".into_response(),
        _ => heard.into_response(),
    }
}

/// Which day is asked about.
#[derive(Deserialize)]
struct OfDay {
    day: chrono::NaiveDate,
}

/// Says which cases of a day are held, to whoever signs the question.
async fn held_cases(State(sim): State<Arc<Sim>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path_and_query().map_or_else(|| uri.path(), |both| both.as_str());
    if let Err(error) = sim.settings.key.verify("GET", path, &headers, b"", sim.settings.clock.now()) {
        sim.ledger().refused(&error.to_string());
        return answer(StatusCode::UNAUTHORIZED, &error.to_string()).into_response();
    }
    match Query::<OfDay>::try_from_uri(&uri) {
        Ok(Query(OfDay { day })) => Json(sim.ledger().of_day(&CaseDay::of(day, beijing()))).into_response(),
        Err(_) => answer(StatusCode::BAD_REQUEST, "day is a date like 2026-11-23").into_response(),
    }
}

fn take(
    sim: &Sim,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    case_id: Option<&str>,
    belongs: fn(&Told) -> bool,
) -> Answer {
    let refuse = |status: StatusCode, words: &str| {
        sim.ledger().refused(words);
        answer(status, words)
    };
    let path = uri.path_and_query().map_or_else(|| uri.path(), |both| both.as_str());
    let now = sim.settings.clock.now();
    let idempotency_key = match sim.settings.key.verify("POST", path, headers, body, now) {
        Ok(key) => key,
        Err(error) => return refuse(StatusCode::UNAUTHORIZED, &error.to_string()),
    };
    let payload: Payload = match serde_json::from_slice(body) {
        Ok(payload) => payload,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &format!("the message cannot be read: {error}")),
    };
    let fits = payload.format == 1
        && payload.delivery_id == idempotency_key
        && belongs(&payload.told)
        && case_id.is_none_or(|id| id == payload.case_id);
    if !fits {
        let words = "format, delivery_id, kind or case_id do not fit the address and the header Idempotency-Key";
        return refuse(StatusCode::BAD_REQUEST, words);
    }
    let known = sim.ledger().heard_before(&idempotency_key);
    let hearing = match known {
        Some(known) => known,
        None => {
            // Links are fetched without holding the ledger; a repetition that overtakes is caught by `keep`.
            let finding = evidence::examine(&payload, &sim.agent);
            sim.ledger().keep(&payload, finding, now)
        }
    };
    if let Err(error) = persist(sim) {
        return answer(StatusCode::INSUFFICIENT_STORAGE, &error);
    }
    match hearing {
        Hearing::Kept { platform_number, repeated } => {
            let status = if repeated { StatusCode::OK } else { StatusCode::CREATED };
            (status, Json(json!({ "platform_number": platform_number, "repeated": repeated })))
        }
        Hearing::UnknownCase => refuse(StatusCode::NOT_FOUND, "nobody reported this case"),
        Hearing::SecondReport { platform_number } => {
            refuse(StatusCode::CONFLICT, &format!("the case is known as {platform_number} under another delivery_id"))
        }
    }
}

fn persist(sim: &Sim) -> Result<(), String> {
    match &sim.settings.state_file {
        Some(file) => sim.ledger().write(file).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

async fn report(State(sim): State<Arc<Sim>>) -> Json<SimReport> {
    Json(sim.ledger().report().clone())
}

async fn behaviour(State(sim): State<Arc<Sim>>) -> Json<Behaviour> {
    Json(sim.mood().behaviour().clone())
}

async fn set_behaviour(State(sim): State<Arc<Sim>>, Json(behaviour): Json<Behaviour>) -> Json<Behaviour> {
    *sim.mood() = behaviour.clone().into();
    Json(behaviour)
}

async fn tell_stage(
    State(sim): State<Arc<Sim>>,
    Path(case_id): Path<String>,
    Json(order): Json<CallbackOrder>,
) -> Result<Json<CallbackSent>, Answer> {
    let known = sim.ledger().case(&case_id).map(|case| case.platform_number.clone());
    let platform_number = known.ok_or_else(|| answer(StatusCode::NOT_FOUND, "nobody reported this case"))?;
    let case = case_id.parse().map_err(|_| answer(StatusCode::NOT_FOUND, "nobody reported this case"))?;
    let words = "no callback address; start the simulator with --callback-url";
    let url = sim.settings.callback_url.clone().ok_or_else(|| answer(StatusCode::CONFLICT, words))?;
    let sender = Arc::clone(&sim);
    let sending = tokio::task::spawn_blocking(move || {
        let now = || sender.settings.clock.now();
        callback::send(&order, case, &platform_number, &url, &sender.settings.key, &sender.agent, &now)
    });
    let sent = sending.await.map_err(|_| answer(StatusCode::INTERNAL_SERVER_ERROR, "the simulator panicked"))?;
    {
        let mut ledger = sim.ledger();
        if sent.statuses.iter().any(|status| (200..300).contains(status)) {
            ledger.set_stage(&case_id, sent.stage);
        }
        ledger.sent(sent.clone());
    }
    persist(&sim).map_err(|error| answer(StatusCode::INSUFFICIENT_STORAGE, &error))?;
    Ok(Json(sent))
}
