//! The outlet that speaks signed HTTP. Follows no redirect, sends no unmasked picture, and repeats a message only
//! under the same idempotency key: after a time-out the platform may well have it.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use ureq::Agent;
use url::Url;

use super::{CaseSink, Packer, Parcel, Signed, SigningKey, SinkError};
use crate::{
    clock::Clock,
    domain::{Message, Receipt},
};

/// Longest answer that is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// How much of the platform's own words is kept.
const WORDS_CHARS_MAX: usize = 500;

/// Signed HTTP to the platform.
pub struct HttpSink {
    base: Url,
    key: SigningKey,
    packer: Packer,
    clock: Arc<dyn Clock>,
    agent: Agent,
}

/// What the platform answers. Anything more in it is left alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    platform_number: Option<String>,
    repeated: bool,
}

impl HttpSink {
    /// An outlet to the platform at `base`. `timeout` bounds a whole try.
    pub fn new(base: Url, key: SigningKey, packer: Packer, timeout: Duration, clock: Arc<dyn Clock>) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(timeout))
            .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("xunjie/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { base, key, packer, clock, agent }
    }

    fn address(&self, parcel: &Parcel) -> Result<Url, SinkError> {
        let case = parcel.case.id.to_string();
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| never("platform.url cannot carry a path; use http"))?;
        path.pop_if_empty().push("cases");
        match parcel.delivery.message {
            Message::Report { .. } => {}
            Message::Recurrence { .. } => {
                path.extend([case.as_str(), "recurrences"]);
            }
            Message::Recheck { .. } => {
                path.extend([case.as_str(), "rechecks"]);
            }
        }
        drop(path);
        Ok(url)
    }
}

impl CaseSink for HttpSink {
    fn name(&self) -> &str {
        "http"
    }

    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, SinkError> {
        let now = self.clock.now();
        let payload = self.packer.pack(parcel, now)?;
        let body = serde_json::to_vec(&payload).map_err(|error| never(&error.to_string()))?;
        let url = self.address(parcel)?;
        let idempotency_key = parcel.delivery.id.to_string();
        let message = Signed { method: "POST", path: url.path(), idempotency_key: &idempotency_key, body: &body };
        let mut request = self.agent.post(url.as_str()).content_type("application/json");
        for (name, value) in self.key.headers(&message, now) {
            request = request.header(name, value);
        }
        let mut response = request
            .send(&body[..])
            .map_err(|error| SinkError::Later(format!("the platform did not answer: {error}")))?;
        let status = response.status().as_u16();
        let answer = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true).read_to_string();
        match status {
            200..=299 => {
                let answer = answer.map_err(|error| {
                    SinkError::Later(format!("the platform answered {status} and broke off: {error}"))
                })?;
                let Answer { platform_number, repeated } = read_answer(status, &answer)?;
                Ok(Receipt { at: self.clock.now(), platform_number, repeated })
            }
            _ => Err(refusal(status, answer.as_deref().unwrap_or(""))),
        }
    }
}

/// An empty answer is a receipt without a number. One that cannot be read proves nothing: it may come from a proxy.
fn read_answer(status: u16, text: &str) -> Result<Answer, SinkError> {
    if text.trim().is_empty() {
        return Ok(Answer::default());
    }
    let unreadable = |why: &str| {
        SinkError::Later(format!("the platform answered {status} with something else than a receipt: {why}"))
    };
    let answer: Answer = serde_json::from_str(text).map_err(|error| unreadable(&error.to_string()))?;
    if answer.platform_number.as_ref().is_some_and(|number| number.is_empty() || number.len() > 128) {
        return Err(unreadable("platform_number has 1 to 128 bytes"));
    }
    Ok(answer)
}

/// A redirect is not followed, because a signed message must not travel to another host; it may be mended in the
/// settings meanwhile, so the message waits.
fn refusal(status: u16, words: &str) -> SinkError {
    let words: String = words.trim().chars().take(WORDS_CHARS_MAX).collect();
    match status {
        300..=399 => {
            SinkError::Later(format!("the platform answered {status}, a redirect; put its address into platform.url"))
        }
        408 | 425 | 429 | 500.. => SinkError::Later(format!("the platform answered {status}: {words}")),
        _ => SinkError::Never(format!("the platform refused with {status}: {words}")),
    }
}

fn never(why: &str) -> SinkError {
    SinkError::Never(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_part_into_later_and_never() {
        for (status, later) in
            [(302, true), (400, false), (401, false), (404, false), (408, true), (422, false), (425, true), (429, true)]
        {
            assert_eq!(matches!(refusal(status, ""), SinkError::Later(_)), later, "{status}");
        }
        assert!(matches!(refusal(500, ""), SinkError::Later(_)) && matches!(refusal(503, ""), SinkError::Later(_)));
        let SinkError::Never(words) = refusal(422, &"错".repeat(900)) else { panic!("422 may be tried again") };
        assert_eq!(words.matches('错').count(), WORDS_CHARS_MAX);
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_a_receipt_or_waits_or_is_refused(status in 100_u16..1000, text: String, number: String) {
            let receipt = serde_json::json!({ "platform_number": number, "repeated": true }).to_string();
            for text in [&text, &receipt] {
                match read_answer(status, text) {
                    Ok(answer) => {
                        let number = answer.platform_number.unwrap_or_else(|| "none".to_owned());
                        proptest::prop_assert!((1..=128).contains(&number.len()));
                    }
                    Err(error) => proptest::prop_assert!(matches!(error, SinkError::Later(_))),
                }
                let (SinkError::Later(words) | SinkError::Never(words)) = refusal(status, text);
                proptest::prop_assert!(words.chars().count() < WORDS_CHARS_MAX + 100);
            }
        }
    }

    #[test]
    fn only_a_receipt_is_a_receipt() {
        assert_eq!(read_answer(200, r#"{"platform_number":"7","more":1}"#).unwrap().platform_number.unwrap(), "7");
        assert!(read_answer(204, " ").unwrap().platform_number.is_none());
        for text in ["<html>", "[]x", "7", r#"{"platform_number":7}"#, r#"{"platform_number":""}"#] {
            assert!(matches!(read_answer(200, text), Err(SinkError::Later(_))), "{text}");
        }
    }
}
