//! Calls to the provider: to admitted addresses alone, never followed elsewhere, with an end in size and time.

use std::time::Duration;

use openidconnect::{HttpRequest, HttpResponse, http};
use ureq::Agent;
use url::Url;

use crate::{
    config::{Networks, NotAdmitted},
    deliver::Trust,
};

/// How long one call may take.
const CALL_TIME: Duration = Duration::from_secs(8);
/// How long its name may take.
const NAME_TIME: Duration = Duration::from_secs(3);
/// Longest answer that is read; sets of keys and tokens take some kilobytes.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// How the provider is called.
pub(super) struct Caller {
    agent: Agent,
    networks: Networks,
}

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallFailed {
    #[error("{0}; see [networks] identity in xunjie.toml")]
    Outside(String),
    #[error("{0} is not encrypted and not of this machine")]
    Open(String),
    #[error("{0}")]
    NoAnswer(String),
}

impl Caller {
    pub(super) fn new(trust: &Trust, networks: Networks) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(CALL_TIME))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(trust.tls())
            .user_agent(concat!("xunjie/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, networks }
    }

    /// The provider's document names further addresses; each is checked anew.
    pub(super) fn call(&self, mut request: HttpRequest) -> Result<HttpResponse, CallFailed> {
        let url = Url::parse(&request.uri().to_string()).map_err(|error| CallFailed::NoAnswer(error.to_string()))?;
        let host = url.host_str().unwrap_or("").to_owned();
        let ip = self.networks.admit(&url, NAME_TIME).map_err(|refused| match refused {
            NotAdmitted::Outside(ip) | NotAdmitted::LeadsOutside(_, ip) => {
                CallFailed::Outside(format!("{host} leads to {ip}, which lies in no network of identity providers"))
            }
            NotAdmitted::Unknown(_) | NotAdmitted::Silent(_) | NotAdmitted::NoHost => {
                CallFailed::NoAnswer(format!("nobody knows where {host} is"))
            }
        })?;
        match url.scheme() {
            // The certificate proves the name: a number behind it that is another's fails the handshake.
            "https" => {}
            "http" if ip.is_loopback() => {
                let mut numbered = url.clone();
                let open = || CallFailed::Open(host.clone());
                numbered.set_ip_host(ip).map_err(|()| open())?;
                let named = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
                let named = http::HeaderValue::from_str(&named).map_err(|_| open())?;
                *request.uri_mut() = numbered.as_str().parse().map_err(|_| open())?;
                request.headers_mut().insert(http::header::HOST, named);
            }
            _ => return Err(CallFailed::Open(host)),
        }
        let no_answer = |error: ureq::Error| CallFailed::NoAnswer(format!("{host}: {error}"));
        let mut response = self.agent.run(request).map_err(no_answer)?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(no_answer)?;
        let (parts, _) = response.into_parts();
        Ok(HttpResponse::from_parts(parts, body))
    }
}
