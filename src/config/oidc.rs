//! `[oidc]` of the settings: the city's identity provider, and what its claims mean here.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use url::Url;

use super::fault::Checker;
use crate::domain::Role;

/// Where the provider answers to us; it is appended to our own address.
pub const CALLBACK_PATH: &str = "/api/v1/oidc/callback";

/// How people log in at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// Who signs, letter by letter as the provider writes it; its document is found below `/.well-known/`.
    pub issuer: String,
    /// How the provider calls us.
    pub client_id: String,
    /// The file that holds the client's secret; `None` for a public client.
    pub secret_file: Option<PathBuf>,
    /// A PEM file with the city's own certificate authority; its certificates alone are believed then.
    pub ca_file: Option<PathBuf>,
    /// What the button on the page calls it.
    pub name: String,
    /// Where the browser comes back to.
    pub redirect: Url,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// The claim that lists what somebody is: dots lead into objects.
    pub role_claim: String,
    /// Which of its values is which role.
    pub roles: BTreeMap<String, Role>,
    /// The value that lets somebody see what is not masked.
    pub unmask: Option<String>,
    /// The claim that lists the areas somebody sees; without it all are seen.
    pub area_claim: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOidc {
    /// `https://`; plain HTTP on this machine alone.
    issuer: Option<String>,
    /// Agreed with the provider.
    client_id: Option<String>,
    /// Relative to the root.
    secret_file: Option<PathBuf>,
    /// Relative to the root; the public authorities when left out.
    ca_file: Option<PathBuf>,
    /// Default `统一身份认证`.
    name: Option<String>,
    /// Our own address as browsers see it.
    public_url: Option<String>,
    /// Default `["profile"]`.
    scopes: Option<Vec<String>>,
    /// Default `roles`.
    role_claim: Option<String>,
    /// Value of the claim to role.
    roles: Option<BTreeMap<String, Role>>,
    /// Default: nobody who comes this way.
    unmask: Option<String>,
    /// Default: all areas.
    area_claim: Option<String>,
}

const ADDRESS: &str = "an https address without a password, query or fragment; http on this machine alone";

/// Checks `[oidc]`; `None` after a fault without which nobody could log in.
pub(super) fn check(root: &Path, raw: RawOidc, check: &mut Checker<'_>) -> Option<Oidc> {
    let mut address = |key: &str, text: Option<String>| {
        let text = check.text(key, text, ADDRESS);
        check.parsed(key, &text, ADDRESS, secure).map(|url| (text, url))
    };
    let issuer = address("oidc.issuer", raw.issuer);
    let public = address("oidc.public_url", raw.public_url);
    let client_id = check.text("oidc.client_id", raw.client_id, "the name by which the provider knows us");
    let roles = raw.roles.unwrap_or_default();
    if roles.is_empty() {
        let want = "which value of the claim is which role, like \"xunjie-review\" = \"reviewer\"";
        check.fault("oidc.roles", "nothing", want);
    }
    let redirect = public?.1.join(CALLBACK_PATH).ok()?;
    Some(Oidc {
        issuer: issuer?.0,
        client_id,
        secret_file: raw.secret_file.map(|file| root.join(file)),
        ca_file: raw.ca_file.map(|file| root.join(file)),
        name: raw.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "统一身份认证".to_owned()),
        redirect,
        scopes: raw.scopes.unwrap_or_else(|| vec!["profile".to_owned()]),
        role_claim: raw.role_claim.unwrap_or_else(|| "roles".to_owned()),
        roles,
        unmask: raw.unmask,
        area_claim: raw.area_claim,
    })
}

/// Tokens and codes travel on it: nobody in between may read them.
fn secure(text: &str) -> Result<Url, ()> {
    let url = Url::parse(text).map_err(|_| ())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    let is_here = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
    if plain && url.fragment().is_none() && is_safe { Ok(url) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_tokens_travel_over_tls_or_stay_on_this_machine() {
        for (address, good) in [
            ("https://id.example/realms/city", true),
            ("http://127.0.0.1:9000", true),
            ("http://localhost/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
            ("https://a:b@id.example/", false),
            ("https://id.example/?a=b", false),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(secure(address).is_ok(), good, "{address}");
        }
    }
}
