//! A provider of OpenID Connect: what its document says is kept for an hour; keys are fetched anew when one is unknown.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, HttpRequest,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm,
        CoreProviderMetadata, CoreTokenResponse,
    },
};
use serde_json::Value;

use super::{BadProvider, IdentityError, IdentityProvider, Pending, Started, claims, http::Caller};
use crate::{
    clock::Clock,
    config::{Networks, Oidc},
    deliver::Trust,
    domain::{Secret, Vouched, WallTime},
};

/// How long the provider's document is believed.
const KNOWN_TIME: Duration = Duration::from_secs(3600);
/// Unknown keys make us ask again, but not more often than this.
const AGAIN_TIME: Duration = Duration::from_secs(10);
/// So much may the provider's clock differ from ours.
const SKEW: Duration = Duration::from_secs(30);
/// Signatures by keys that the provider alone has; never `none`, never one by the client's own secret.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The provider of the settings.
pub(super) struct OidcProvider {
    oidc: Oidc,
    secret: Option<Secret>,
    caller: Caller,
    clock: Arc<dyn Clock>,
    known: Mutex<Option<(WallTime, CoreProviderMetadata)>>,
}

impl OidcProvider {
    pub(super) fn open(oidc: Oidc, networks: Networks, clock: Arc<dyn Clock>) -> Result<Self, BadProvider> {
        let read = |file: &std::path::PathBuf| {
            let text = fs::read_to_string(file).map_err(|error| {
                BadProvider::File(format!("{} cannot be read: {error}; name one in oidc.secret_file", file.display()))
            })?;
            match text.trim() {
                "" => Err(BadProvider::File(format!("{} is empty; put the client's secret there", file.display()))),
                secret => Ok(Secret::new(secret)),
            }
        };
        let secret = oidc.secret_file.as_ref().map(read).transpose()?;
        let trust = oidc.ca_file.as_deref().map(Trust::read).transpose();
        let trust = trust.map_err(|error| BadProvider::File(error.to_string()))?.unwrap_or_default();
        let caller = Caller::new(&trust, networks);
        Ok(Self { oidc, secret, caller, clock, known: Mutex::new(None) })
    }

    /// What the provider says about itself, fetched anew where what is known is older than `age`.
    fn metadata(&self, age: Duration) -> Result<CoreProviderMetadata, IdentityError> {
        let now = self.clock.now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, metadata)) = &*known
            && now < at.plus(age)
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(self.oidc.issuer.clone()).map_err(|error| unreachable_for(&error))?;
        let call = |request: HttpRequest| self.caller.call(request);
        let metadata = CoreProviderMetadata::discover(&issuer, &call).map_err(|error| unreachable_for(&error))?;
        *known = Some((now, metadata.clone()));
        Ok(metadata)
    }

    fn client_id(&self) -> ClientId {
        ClientId::new(self.oidc.client_id.clone())
    }

    fn client_secret(&self) -> Option<ClientSecret> {
        self.secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().to_owned()))
    }

    fn exchange(&self, pending: &Pending, code: &Secret) -> Result<CoreTokenResponse, IdentityError> {
        let client =
            CoreClient::from_provider_metadata(self.metadata(KNOWN_TIME)?, self.client_id(), self.client_secret())
                .set_redirect_uri(RedirectUrl::from_url(self.oidc.redirect.clone()));
        let call = |request: HttpRequest| self.caller.call(request);
        let request = client.exchange_code(AuthorizationCode::new(code.reveal().to_owned()));
        let request = request.map_err(|error| unreachable_for(&error))?;
        let verifier = PkceCodeVerifier::new(pending.verifier.reveal().to_owned());
        request.set_pkce_verifier(verifier).request(&call).map_err(|error| match error {
            // Its description may repeat the code; the word alone is told.
            RequestTokenError::ServerResponse(refusal) => {
                IdentityError::Refused(format!("it does not take the code ({})", refusal.error()))
            }
            RequestTokenError::Request(error) => unreachable_for(&error),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
                IdentityError::Unreachable("its token is none".to_owned())
            }
        })
    }

    /// Checks the token; a key that is unknown is asked for once more, as keys change.
    fn check(&self, answer: &CoreTokenResponse, nonce: &Nonce) -> Result<Claims, IdentityError> {
        let token = answer.id_token().ok_or_else(|| IdentityError::Refused("it sent no token".to_owned()))?;
        match self.check_by(&self.metadata(KNOWN_TIME)?, answer, token, nonce) {
            Err(Unfit::UnknownKey) => {
                let checked = self.check_by(&self.metadata(AGAIN_TIME)?, answer, token, nonce);
                checked.map_err(|_| {
                    IdentityError::Refused("its token is signed by a key that it does not name".to_owned())
                })
            }
            Err(Unfit::For(why)) => Err(IdentityError::Refused(why)),
            Ok(claims) => Ok(claims),
        }
    }

    fn check_by(
        &self,
        metadata: &CoreProviderMetadata,
        answer: &CoreTokenResponse,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<Claims, Unfit> {
        let (issuer, keys) = (metadata.issuer().clone(), metadata.jwks().clone());
        let verifier = match self.client_secret() {
            Some(secret) => CoreIdTokenVerifier::new_confidential_client(self.client_id(), secret, issuer, keys),
            None => CoreIdTokenVerifier::new_public_client(self.client_id(), issuer, keys),
        };
        let now = self.clock.now();
        let (behind, ahead) = (time(now.minus(SKEW)), time(now.plus(SKEW)));
        let verifier =
            verifier.set_allowed_algs(SIGNED_BY).set_time_fn(move || behind).set_issue_time_verifier_fn(move |at| {
                if at <= ahead { Ok(()) } else { Err("it is from the future; compare the clocks".to_owned()) }
            });
        let claims = token.claims(&verifier, nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let unfit = |_| Unfit::For("its tokens do not belong together".to_owned());
            let signed_by = token.signing_alg().map_err(|error| Unfit::For(error.to_string()))?;
            let key = token.signing_key(&verifier).map_err(|error| Unfit::For(error.to_string()))?;
            let actual = AccessTokenHash::from_token(answer.access_token(), signed_by, key).map_err(unfit)?;
            if actual != *expected {
                return Err(Unfit::For("its tokens do not belong together".to_owned()));
            }
        }
        let text = |text: Option<&String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Claims {
            subject: claims.subject().to_string(),
            name: text(claims.preferred_username().map(|name| &**name)),
            display_name: text(claims.name().and_then(|name| name.get(None)).map(|name| &**name)),
            all: payload(token).ok_or_else(|| Unfit::For("its token cannot be read".to_owned()))?,
        })
    }
}

/// Why a token does not count.
enum Unfit {
    UnknownKey,
    For(String),
}

impl From<ClaimsVerificationError> for Unfit {
    fn from(error: ClaimsVerificationError) -> Self {
        let why = match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                return Self::UnknownKey;
            }
            ClaimsVerificationError::SignatureVerification(_) => "its signature does not fit",
            ClaimsVerificationError::Expired(_) => "its token has expired; compare the clocks",
            ClaimsVerificationError::InvalidAudience(_) => "its token is for somebody else; check oidc.client_id",
            ClaimsVerificationError::InvalidIssuer(_) => "its token is by somebody else; check oidc.issuer",
            ClaimsVerificationError::InvalidNonce(_) => "its token belongs to another login",
            _ => "its token does not fit",
        };
        Self::For(why.to_owned())
    }
}

/// What a token that was checked says.
struct Claims {
    subject: String,
    name: Option<String>,
    display_name: Option<String>,
    all: Value,
}

/// All claims of a token, its own ones too. Only of one that was checked before.
fn payload(token: &CoreIdToken) -> Option<Value> {
    let text = token.to_string();
    let bytes = URL_SAFE_NO_PAD.decode(text.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn time(at: WallTime) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp_millis(at.millis()).unwrap_or_default()
}

/// Errors of the library nest; what went wrong is innermost.
fn unreachable_for(error: &(dyn std::error::Error + 'static)) -> IdentityError {
    let innermost = std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error);
    IdentityError::Unreachable(innermost.to_string().chars().take(200).collect())
}

impl IdentityProvider for OidcProvider {
    fn name(&self) -> &str {
        &self.oidc.name
    }

    fn begin(&self) -> Result<Started, IdentityError> {
        let client =
            CoreClient::from_provider_metadata(self.metadata(KNOWN_TIME)?, self.client_id(), self.client_secret())
                .set_redirect_uri(RedirectUrl::from_url(self.oidc.redirect.clone()));
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(self.oidc.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .url();
        let pending = Pending {
            state: Secret::new(state.secret().clone()),
            nonce: Secret::new(nonce.secret().clone()),
            verifier: Secret::new(verifier.secret().clone()),
        };
        Ok(Started { url, pending })
    }

    fn finish(&self, pending: &Pending, code: &Secret) -> Result<Vouched, IdentityError> {
        let answer = self.exchange(pending, code)?;
        let claims = self.check(&answer, &Nonce::new(pending.nonce.reveal().to_owned()))?;
        let rights = claims::rights(&self.oidc, &claims.all)?;
        let shown = |name: String| name.chars().filter(|c| !c.is_control()).take(64).collect();
        Ok(Vouched {
            issuer: self.oidc.issuer.clone(),
            subject: claims.subject,
            name: claims.name,
            display_name: claims.display_name.map(shown),
            rights,
        })
    }
}
