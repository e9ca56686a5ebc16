//! The outlet that speaks signed HTTP. Follows no redirect, sends no unmasked picture, and repeats a message only
//! under the same idempotency key: after a time-out the platform may well have it.

use std::{io, sync::Arc, time::Duration};

use serde::Deserialize;
use ureq::Agent;
use url::{Position, Url};

use super::{
    CaseDay, CaseSink, HeldCase, HeldCases, Packer, Parcel, Signed, SigningKey, SinkError, Trust, held::HELD_BYTES_MAX,
    trust,
};
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
    timeout: Duration,
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
        let agent = agent(timeout, &Trust::Public);
        Self { base, key, packer, clock, timeout, agent }
    }

    /// The same outlet, believing those certificates instead.
    #[must_use]
    pub fn trusting(self, trust: &Trust) -> Self {
        Self { agent: agent(self.timeout, trust), ..self }
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

fn agent(timeout: Duration, trust: &Trust) -> Agent {
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .timeout_connect(Some(timeout.min(Duration::from_secs(10))))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .tls_config(trust.tls())
        .user_agent(concat!("xunjie/", env!("CARGO_PKG_VERSION")))
        .build()
        .new_agent()
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
        let mut response = request.send(&body[..]).map_err(|error| no_answer(&error))?;
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
            _ => {
                let is_report = matches!(parcel.delivery.message, Message::Report { .. });
                Err(refusal(status, answer.as_deref().unwrap_or(""), is_report))
            }
        }
    }

    fn held(&self, day: &CaseDay) -> Result<Vec<HeldCase>, SinkError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| never("platform.url cannot carry a path; use http"))?
            .pop_if_empty()
            .push("cases");
        url.set_query(Some(&format!("day={}", day.date)));
        let path = &url[Position::BeforePath..Position::AfterQuery];
        let idempotency_key = format!("reconciliation-{}", day.date);
        let message = Signed { method: "GET", path, idempotency_key: &idempotency_key, body: b"" };
        let mut request = self.agent.get(url.as_str());
        for (name, value) in self.key.headers(&message, self.clock.now()) {
            request = request.header(name, value);
        }
        let mut response = request.call().map_err(|error| no_answer(&error))?;
        let status = response.status().as_u16();
        let answer = response.body_mut().with_config().limit(HELD_BYTES_MAX).lossy_utf8(true).read_to_string();
        let answer = answer
            .map_err(|error| SinkError::Later(format!("the platform answered {status} and broke off: {error}")))?;
        match status {
            200..=299 => serde_json::from_str::<HeldCases>(&answer).map(|held| held.cases).map_err(|error| {
                SinkError::Later(format!("the platform answered {status} with no list of cases: {error}"))
            }),
            404 | 405 | 501 => Err(never(&format!(
                "the platform does not say which cases it holds ({status}); it has to answer GET {{url}}/cases?day="
            ))),
            _ => Err(refusal(status, &answer, false)),
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

/// Nobody there, or nobody whom we believe, is the platform's fault; silence after the message was sent may be the
/// message's own.
fn no_answer(error: &ureq::Error) -> SinkError {
    use ureq::{Error, Timeout};
    if let Some(why) = trust::refused(error) {
        return SinkError::Unavailable(format!("the platform is not trusted: {why}"));
    }
    let why = format!("the platform did not answer: {error}");
    match error {
        Error::HostNotFound | Error::ConnectionFailed | Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            SinkError::Unavailable(why)
        }
        Error::Io(error) if never_reached(error.kind()) => SinkError::Unavailable(why),
        _ => SinkError::Later(why),
    }
}

fn never_reached(kind: io::ErrorKind) -> bool {
    use io::ErrorKind as Kind;
    matches!(kind, Kind::ConnectionRefused | Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown)
}

/// What a refusal is about. A redirect is not followed, because a signed message must not travel to another host.
/// Like a secret that is not believed, or an address under which nobody takes cases, it says nothing about the
/// message: a person mends it, and the messages wait.
fn refusal(status: u16, words: &str, is_report: bool) -> SinkError {
    let words: String = words.trim().chars().take(WORDS_CHARS_MAX).collect();
    match status {
        300..=399 => SinkError::Unavailable(format!(
            "the platform answered {status}, a redirect; put its address into platform.url"
        )),
        401 | 403 | 407 => SinkError::Unavailable(format!(
            "the platform does not believe us ({status}): {words}; compare key_id and the secret on both sides"
        )),
        // Every report goes to the same address; further messages name their case in it.
        404 | 405 | 410 if is_report => SinkError::Unavailable(format!(
            "the platform takes no cases at this address ({status}): {words}; correct platform.url"
        )),
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
    fn statuses_say_whether_the_message_the_try_or_the_platform_is_at_fault() {
        let about = |status, is_report| match refusal(status, "", is_report) {
            SinkError::Later(_) => "try",
            SinkError::Unavailable(_) => "platform",
            SinkError::Never(_) => "message",
        };
        for (status, is_report, expected) in [
            (302, true, "platform"),
            (400, true, "message"),
            (401, true, "platform"),
            (403, false, "platform"),
            (404, true, "platform"),
            (404, false, "message"),
            (408, true, "try"),
            (422, true, "message"),
            (425, true, "try"),
            (429, true, "try"),
            (500, true, "try"),
            (503, true, "try"),
        ] {
            assert_eq!(about(status, is_report), expected, "{status}");
        }
        let words = "错".repeat(900);
        let SinkError::Never(words) = refusal(422, &words, true) else { panic!("422 may be tried again") };
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
                for is_report in [true, false] {
                    let told = refusal(status, text, is_report).to_string().chars().count();
                    proptest::prop_assert!(told < WORDS_CHARS_MAX + 150);
                }
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
