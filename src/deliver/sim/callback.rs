//! Callbacks that the simulator sends: signed, repeated, late, or wrongly signed, as ordered.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use ureq::Agent;
use url::Url;

use crate::{
    deliver::{SIGNATURE_HEADER, Signed, SigningKey},
    domain::{Callback, CaseId, Stage, WallTime},
};

/// What to tell about a case, and how badly.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackOrder {
    /// The stage to tell.
    pub stage: Stage,
    /// How often the same callback is sent; 1 when left out.
    #[serde(default = "once")]
    pub repeat: u32,
    /// Milliseconds before the first.
    #[serde(default)]
    pub delay_ms: u64,
    /// Sign wrongly.
    #[serde(default)]
    pub wrong_signature: bool,
    /// Send under this id; a fresh one when left out.
    #[serde(default)]
    pub callback_id: Option<String>,
    /// In words.
    #[serde(default)]
    pub note: String,
}

fn once() -> u32 {
    1
}

/// A callback that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackSent {
    /// Its id, the same for every repetition.
    pub callback_id: String,
    /// About which case.
    pub case_id: String,
    /// What it told.
    pub stage: Stage,
    /// The answers' status codes; 0 where nobody answered.
    pub statuses: Vec<u16>,
}

/// Longest wait and most repetitions that an order may ask for.
const DELAY_MS_MAX: u64 = 60_000;
const REPEAT_MAX: u32 = 100;

/// Carries an order out and waits for the answers. Blocks.
pub(super) fn send(
    order: &CallbackOrder,
    case: CaseId,
    platform_number: &str,
    url: &Url,
    key: &SigningKey,
    agent: &Agent,
    now: &dyn Fn() -> WallTime,
) -> CallbackSent {
    std::thread::sleep(Duration::from_millis(order.delay_ms.min(DELAY_MS_MAX)));
    let callback_id = order.callback_id.clone().unwrap_or_else(|| format!("cb-{:016x}", fastrand::u64(..)));
    let callback = Callback {
        callback_id: callback_id.clone(),
        case_id: case,
        stage: order.stage,
        platform_number: Some(platform_number.to_owned()),
        at: now(),
        note: order.note.clone(),
    };
    let body = serde_json::to_vec(&callback).expect("a callback is made of texts and always serialises");
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut statuses = Vec::new();
    for _ in 0..order.repeat.min(REPEAT_MAX) {
        let message = Signed { method: "POST", path: &path, idempotency_key: &callback_id, body: &body };
        let mut request = agent.post(url.as_str()).content_type("application/json");
        for (name, value) in key.headers(&message, now()) {
            let value = if order.wrong_signature && name == SIGNATURE_HEADER { "00".repeat(32) } else { value };
            request = request.header(name, value);
        }
        statuses.push(request.send(&body[..]).map_or(0, |response| response.status().as_u16()));
    }
    CallbackSent { callback_id, case_id: case.to_string(), stage: order.stage, statuses }
}
