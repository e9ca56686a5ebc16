//! L2: the city's identity provider, at which people may log in beside their password (OpenID Connect, code flow with
//! PKCE). Vouches for people and decides nothing. Must never believe a token whose signature, issuer, audience, time or
//! nonce does not fit, and never call an address outside of its networks.

#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod http;
#[cfg(feature = "oidc")]
mod provider;

use std::sync::Arc;

use subtle::ConstantTimeEq;
use url::Url;

use crate::{
    clock::Clock,
    config::{Networks, Oidc},
    domain::{Secret, Vouched},
};

/// Who vouches for people. Synchronous: callers own their threads.
pub trait IdentityProvider: Send + Sync {
    /// What the page calls it.
    fn name(&self) -> &str;
    /// Where the browser goes, and what it must bring back.
    ///
    /// # Errors
    /// [`IdentityError::Unreachable`].
    fn begin(&self) -> Result<Started, IdentityError>;
    /// Exchanges the code that the browser brought and checks the token.
    ///
    /// # Errors
    /// [`IdentityError`].
    fn finish(&self, pending: &Pending, code: &Secret) -> Result<Vouched, IdentityError>;
}

/// Somebody is on the way to the provider.
#[derive(Debug)]
pub struct Started {
    /// The provider's page.
    pub url: Url,
    /// What is remembered of them meanwhile.
    pub pending: Pending,
}

/// What only the browser that began, the provider and we know.
#[derive(Debug)]
pub struct Pending {
    /// Comes back beside the code.
    pub(crate) state: Secret,
    /// Comes back inside of the token.
    #[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "only a provider reads it"))]
    pub(crate) nonce: Secret,
    /// Proves to the provider that whoever brings the code began.
    #[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "only a provider reads it"))]
    pub(crate) verifier: Secret,
}

impl Pending {
    /// Whether this is the state that was sent along. The time that it takes tells nothing of it.
    pub fn is_state(&self, state: &str) -> bool {
        self.state.reveal().as_bytes().ct_eq(state.as_bytes()).into()
    }
}

/// Why somebody is not let in. Never holds a code, a token or a claim's value.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It does not answer, or not as a provider would.
    #[error("the identity provider cannot be used: {0}; check oidc.issuer, and that it runs")]
    Unreachable(String),
    /// The provider or the check of its token says no.
    #[error("the identity provider's answer is refused: {0}")]
    Refused(String),
    /// Nobody here knows what they may.
    #[error("the identity provider gives them no role of ours; check oidc.role_claim, oidc.roles and oidc.area_claim")]
    NoRole,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadProvider {
    /// A file that is named there cannot be used.
    #[error("{0}")]
    File(String),
    /// The feature is not built in.
    #[error("this build knows no identity provider; leave [oidc] out, or build with the feature oidc")]
    NotBuilt,
}

/// The provider of the settings. Calls nobody yet: it may start later than we do.
///
/// # Errors
/// [`BadProvider`].
pub fn open(oidc: &Oidc, networks: &Networks, clock: Arc<dyn Clock>) -> Result<Arc<dyn IdentityProvider>, BadProvider> {
    #[cfg(feature = "oidc")]
    return Ok(Arc::new(provider::OidcProvider::open(oidc.clone(), networks.clone(), clock)?));
    #[cfg(not(feature = "oidc"))]
    {
        let _unused = (oidc, networks, clock);
        Err(BadProvider::NotBuilt)
    }
}
