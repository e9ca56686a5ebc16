//! A small provider of OpenID Connect on a free loopback port: discovery, keys, a page that lets everybody in at once, and
//! an endpoint that exchanges codes for tokens that are really signed. Tests tell it what to get wrong.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::oneshot};
use xunjie::clock::{Clock, SimulatedClock};

/// A key of the tests alone; it opens nothing.
const RSA_KEY: &[u8] = include_bytes!("rs256.der");
pub const CLIENT: &str = "xunjie";
pub const SECRET: &str = "the client's own secret";

/// What a token says and how it is signed; what is not told is as it should be.
#[derive(Clone)]
pub struct Wishes {
    pub subject: String,
    pub name: String,
    pub roles: Value,
    pub areas: Value,
    pub nonce: Option<String>,
    pub audience: Value,
    pub issuer: Option<String>,
    /// Seconds from now.
    pub expires_in_s: i64,
    pub issued_in_s: i64,
    /// `RS256`, `ES256`, `HS256` or `none`.
    pub algorithm: &'static str,
    /// The name of the key in the token.
    pub key: &'static str,
    /// Another access token than the token was made for.
    pub foreign_access: bool,
    /// The text of the payload is changed after it was signed.
    pub touched: bool,
}

impl Default for Wishes {
    fn default() -> Self {
        Self {
            subject: "subject-1".into(),
            name: "wang.min".into(),
            roles: json!(["xunjie-review", "other"]),
            areas: json!(["东城区"]),
            nonce: None,
            audience: json!(CLIENT),
            issuer: None,
            expires_in_s: 300,
            issued_in_s: 0,
            algorithm: "ES256",
            key: "ec-1",
            foreign_access: false,
            touched: false,
        }
    }
}

/// Somebody who was let in and has not exchanged the code yet.
struct Grant {
    nonce: String,
    challenge: String,
    redirect: String,
}

struct Inner {
    base: Mutex<String>,
    clock: Arc<SimulatedClock>,
    wishes: Mutex<Wishes>,
    /// Which keys the provider names.
    named: Mutex<Vec<&'static str>>,
    grants: Mutex<HashMap<String, Grant>>,
    ec: EcdsaKeyPair,
    rsa: rsa::KeyPair,
    random: SystemRandom,
    asked_for_keys: Mutex<u32>,
}

/// A running provider.
pub struct Provider {
    inner: Arc<Inner>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Provider {
    pub fn start(clock: Arc<SimulatedClock>) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let inner = Arc::new(Inner {
            base: Mutex::default(),
            clock,
            wishes: Mutex::default(),
            named: Mutex::new(vec!["ec-1", "rsa-1"]),
            grants: Mutex::default(),
            ec,
            rsa: rsa::KeyPair::from_der(RSA_KEY).unwrap(),
            random,
            asked_for_keys: Mutex::new(0),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = std::sync::mpsc::channel();
        let app = Router::new()
            .route("/city/.well-known/openid-configuration", get(discovery))
            .route("/city/keys", get(keys))
            .route("/city/authorize", get(authorize))
            .route("/city/token", post(token))
            .with_state(inner.clone());
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async { stopped.await.unwrap_or(()) };
                axum::serve(listener, app).with_graceful_shutdown(stopped).await.unwrap();
            });
        });
        let base = format!("http://{}/city", told.recv_timeout(Duration::from_secs(5)).unwrap());
        *inner.base.lock().unwrap() = base;
        Self { inner, stop: Some(stop), thread: Some(thread) }
    }

    pub fn issuer(&self) -> String {
        self.inner.base.lock().unwrap().clone()
    }

    /// What the next tokens are.
    pub fn wish(&self, wishes: Wishes) {
        *self.inner.wishes.lock().unwrap() = wishes;
    }

    /// Which keys are named from now on.
    pub fn name_keys(&self, named: &[&'static str]) {
        *self.inner.named.lock().unwrap() = named.to_vec();
    }

    /// How often somebody asked for the keys.
    pub fn asked_for_keys(&self) -> u32 {
        *self.inner.asked_for_keys.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn discovery(State(inner): State<Arc<Inner>>) -> Json<Value> {
    let base = inner.base.lock().unwrap().clone();
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(inner): State<Arc<Inner>>) -> Json<Value> {
    *inner.asked_for_keys.lock().unwrap() += 1;
    let point = inner.ec.public_key().as_ref();
    let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let components: rsa::PublicKeyComponents<Vec<u8>> = rsa::PublicKeyComponents::from(inner.rsa.public());
    let named = inner.named.lock().unwrap().clone();
    let keys = named.into_iter().map(|key| match key {
        "rsa-1" => json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": key, "n": text(&components.n), "e": text(&components.e)}),
        _ => json!({"kty": "EC", "use": "sig", "alg": "ES256", "kid": key, "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])}),
    });
    Json(json!({ "keys": keys.collect::<Vec<_>>() }))
}

async fn authorize(State(inner): State<Arc<Inner>>, Query(query): Query<HashMap<String, String>>) -> Response {
    let of = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_well = of("client_id") == CLIENT
        && of("response_type") == "code"
        && of("code_challenge_method") == "S256"
        && of("scope").split(' ').any(|scope| scope == "openid");
    if !is_well {
        return (StatusCode::BAD_REQUEST, format!("{query:?}")).into_response();
    }
    let redirect = of("redirect_uri");
    let mut grants = inner.grants.lock().unwrap();
    let code = format!("code-{}", URL_SAFE_NO_PAD.encode(Sha256::digest(of("nonce"))));
    let back = url::Url::parse_with_params(&redirect, [("code", &code), ("state", &of("state"))]).unwrap();
    grants.insert(code, Grant { nonce: of("nonce"), challenge: of("code_challenge"), redirect });
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    State(inner): State<Arc<Inner>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let refuse = |word: &str| (StatusCode::BAD_REQUEST, Json(json!({ "error": word }))).into_response();
    let escaped: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{escaped}")));
    if headers.get(header::AUTHORIZATION).is_none_or(|given| given.to_str().unwrap() != basic) {
        return refuse("invalid_client");
    }
    let of = |name: &str| form.get(name).cloned().unwrap_or_default();
    let Some(grant) = inner.grants.lock().unwrap().remove(&of("code")) else { return refuse("invalid_grant") };
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(of("code_verifier")));
    if proof != grant.challenge || of("redirect_uri") != grant.redirect || of("grant_type") != "authorization_code" {
        return refuse("invalid_grant");
    }
    let access = "an access token";
    let id_token = inner.sign(&grant.nonce, access);
    let wishes = inner.wishes.lock().unwrap().clone();
    let access = if wishes.foreign_access { "another access token" } else { access };
    Json(json!({"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": id_token}))
        .into_response()
}

impl Inner {
    fn sign(&self, nonce: &str, access: &str) -> String {
        let wishes = self.wishes.lock().unwrap().clone();
        let now = self.clock.now();
        let at = |seconds: i64| (now.millis() / 1000) + seconds;
        let half = &Sha256::digest(access)[..16];
        let claims = json!({
            "iss": wishes.issuer.unwrap_or_else(|| self.base.lock().unwrap().clone()),
            "sub": wishes.subject,
            "aud": wishes.audience,
            "exp": at(wishes.expires_in_s),
            "iat": at(wishes.issued_in_s),
            "nonce": wishes.nonce.unwrap_or_else(|| nonce.to_owned()),
            "at_hash": URL_SAFE_NO_PAD.encode(half),
            "preferred_username": wishes.name,
            "name": "王敏",
            "email": "shared@example.org",
            "email_verified": true,
            "city": {"roles": wishes.roles, "areas": wishes.areas},
        });
        let header = json!({"alg": wishes.algorithm, "kid": wishes.key, "typ": "JWT"});
        let text = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", text(&header), text(&claims));
        let signature = match wishes.algorithm {
            "ES256" => self.ec.sign(&self.random, message.as_bytes()).unwrap().as_ref().to_vec(),
            "RS256" => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, message.as_bytes(), &mut signature).unwrap();
                signature
            }
            "HS256" => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
                ring::hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            _ => Vec::new(),
        };
        let message = if wishes.touched {
            let mut claims = claims;
            claims["sub"] = "somebody else".into();
            format!("{}.{}", text(&header), text(&claims))
        } else {
            message
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
