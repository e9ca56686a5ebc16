//! `[platform]` of the settings: where cases go, how pictures travel, how patient we are.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use url::Url;

use super::fault::Checker;

/// How the platform is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Platform {
    /// By which outlet.
    pub outlet: Outlet,
    /// How pictures travel.
    pub media: MediaMode,
    /// Our own address as the platform sees it; links begin with it.
    pub public_url: Option<Url>,
    /// How long one try may take.
    pub timeout: Duration,
    /// Tries before a delivery is given up.
    pub attempts_max: u32,
    /// Longest wait after the first failed try; doubles with each further one.
    pub backoff_base: Duration,
    /// The wait never grows beyond.
    pub backoff_max: Duration,
    /// Deliveries on their way at the same time.
    pub parallel_max: usize,
}

/// By which outlet cases leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlet {
    /// Signed HTTP.
    Http {
        /// Base address: `/cases` is appended.
        url: Url,
        /// Which key signs, ours and the platform's messages alike.
        key_id: String,
        /// The file that holds the HMAC secret, at least 16 bytes.
        secret_file: PathBuf,
        /// A PEM file with the city's own certificate authority; its certificates alone are believed then.
        ca_file: Option<PathBuf>,
    },
    /// One JSON file a delivery, for cities without an interface.
    Folder {
        /// Where the files are put.
        folder: PathBuf,
    },
}

/// How pictures travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaMode {
    /// Base64 in the message.
    Inline,
    /// A signed link that the platform fetches.
    Link,
}

/// `[platform]` as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPlatform {
    /// Base address of the platform.
    url: Option<String>,
    /// Name of the key, given by the platform.
    key_id: Option<String>,
    /// File with the HMAC secret.
    secret_file: Option<PathBuf>,
    /// PEM file with the city's own certificate authority; the public ones when left out.
    ca_file: Option<PathBuf>,
    /// Instead of `url`: a folder that gets one JSON file a delivery.
    folder: Option<PathBuf>,
    /// `inline` (default) or `link`.
    media: Option<String>,
    /// Our own address as the platform sees it; needed for `link`.
    public_url: Option<String>,
    /// Default 15.
    timeout_s: Option<u64>,
    /// Default 30.
    attempts_max: Option<u32>,
    /// Default 5; may be a fraction.
    backoff_base_s: Option<f64>,
    /// Default 1800; may be a fraction.
    backoff_max_s: Option<f64>,
    /// Default 4.
    parallel_max: Option<usize>,
}

/// Checks `[platform]`; `None` after a fault without which there is no outlet.
pub(super) fn check(root: &Path, raw: RawPlatform, check: &mut Checker<'_>) -> Option<Platform> {
    let media = match raw.media.as_deref() {
        None | Some("inline") => MediaMode::Inline,
        Some("link") => MediaMode::Link,
        Some(other) => {
            check.fault("platform.media", format!("{other:?}"), "\"inline\" or \"link\"");
            MediaMode::Inline
        }
    };
    let outlet = match (raw.url, raw.folder) {
        (None, Some(folder)) => Some(Outlet::Folder { folder: root.join(folder) }),
        (Some(_), Some(_)) => {
            check.fault("platform.folder", "a folder beside platform.url", "one of the two");
            None
        }
        (url, None) => {
            let url = check.text("platform.url", url, WEB_ADDRESS);
            let url = check.parsed("platform.url", &url, WEB_ADDRESS, web_address);
            let key_id = check.text("platform.key_id", raw.key_id, "the name of the key");
            let want = "the path of the file that holds the HMAC secret";
            let file = check.need("platform.secret_file", raw.secret_file, want);
            let ca_file = raw.ca_file.map(|file| root.join(file));
            url.zip(file).map(|(url, file)| Outlet::Http { url, key_id, secret_file: root.join(file), ca_file })
        }
    };
    let public_url =
        raw.public_url.and_then(|text| check.parsed("platform.public_url", &text, WEB_ADDRESS, web_address));
    if media == MediaMode::Link && (public_url.is_none() || matches!(outlet, Some(Outlet::Folder { .. }))) {
        check.fault("platform.media", "\"link\"", "platform.public_url and platform.url beside it, or \"inline\"");
    }
    let mut wait = |key: &str, value: Option<f64>, default: f64| {
        Duration::from_secs_f64(check.number(key, value.or(Some(default)), 0.001..=86_400.0, "seconds"))
    };
    let backoff_base = wait("platform.backoff_base_s", raw.backoff_base_s, 5.0);
    let backoff_max = wait("platform.backoff_max_s", raw.backoff_max_s, 1800.0);
    if backoff_max < backoff_base {
        check.fault("platform.backoff_max_s", backoff_max.as_secs_f64(), "no less than platform.backoff_base_s");
    }
    let seconds = check.number("platform.timeout_s", raw.timeout_s.or(Some(15)), 1..=300, "seconds");
    let attempts_max = check.number("platform.attempts_max", raw.attempts_max.or(Some(30)), 1..=1000, "tries");
    let parallel_max = check.number("platform.parallel_max", raw.parallel_max.or(Some(4)), 1..=64, "deliveries");
    outlet.map(|outlet| Platform {
        outlet,
        media,
        public_url,
        timeout: Duration::from_secs(seconds),
        attempts_max,
        backoff_base,
        backoff_max,
        parallel_max,
    })
}

const WEB_ADDRESS: &str = "an http or https address without a password, query or fragment";

/// Takes an address whose path can be appended to.
fn web_address(text: &str) -> Result<Url, ()> {
    let url = Url::parse(text).map_err(|_| ())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let web = matches!(url.scheme(), "http" | "https") && url.fragment().is_none();
    if plain && web { Ok(url) } else { Err(()) }
}
