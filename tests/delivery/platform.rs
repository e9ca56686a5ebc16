//! The real simulator on loopback, and a small receiver of its callbacks.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, Uri},
    routing::{get, post},
};
use tokio::{net::TcpListener, runtime::Runtime, sync::oneshot};
use url::Url;
use xunjie::{
    clock::{Clock, SystemClock},
    deliver::{
        CallbackRefused, HttpSink, Media, ReadBundle, read_callback,
        sim::{self, Behaviour, CallbackSent, SimReport, SimSettings},
    },
    domain::{EvidenceId, WallTime},
    store::{Store, sqlite::SqliteStore},
};

use crate::world::{World, key};

pub struct Platform {
    pub url: Url,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
}

impl Platform {
    pub fn start() -> Self {
        Self::start_with("127.0.0.1:0".parse().unwrap(), None, None)
    }

    pub fn start_with(listen: SocketAddr, callback_url: Option<Url>, state_file: Option<PathBuf>) -> Self {
        Self::start_by(Arc::new(SystemClock), listen, callback_url, state_file)
    }

    /// The same under another clock.
    pub fn start_by(
        clock: Arc<dyn Clock>,
        listen: SocketAddr,
        callback_url: Option<Url>,
        state_file: Option<PathBuf>,
    ) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind(listen)).unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let settings = SimSettings { key: key(), callback_url, state_file, behaviour: Behaviour::default(), clock };
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(sim::serve(listener, settings, async {
            let _ = stopped.await;
        }));
        Self { url, stop: Some(stop), runtime: Some(runtime) }
    }

    pub fn behave(&self, behaviour: &Behaviour) {
        let body = serde_json::to_vec(behaviour).unwrap();
        let address = self.url.join("sim/behaviour").unwrap();
        ureq::post(address.as_str()).content_type("application/json").send(&body[..]).unwrap();
    }

    pub fn report(&self) -> SimReport {
        let address = self.url.join("sim/report").unwrap();
        let text = ureq::get(address.as_str()).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub fn tell_stage(&self, case: impl std::fmt::Display, order: &str) -> CallbackSent {
        let address = self.url.join(&format!("sim/cases/{case}/stage")).unwrap();
        let mut response =
            ureq::post(address.as_str()).content_type("application/json").send(order.as_bytes()).unwrap();
        serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
    }

    pub fn sink(&self, world: &World, media: Media, timeout: Duration) -> Arc<HttpSink> {
        sink_to(self.url.clone(), world, media, timeout)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

pub fn sink_to(url: Url, world: &World, media: Media, timeout: Duration) -> Arc<HttpSink> {
    Arc::new(HttpSink::new(url, key(), world.packer(media), timeout, world.clock.clone()))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// What the callback receiver and the media server of our own side know.
pub struct Ours {
    store: Arc<SqliteStore>,
    read: ReadBundle,
    pub refused: Mutex<Vec<CallbackRefused>>,
}

/// Our own side of the contract, as the service's routes do it: callbacks in, media links out.
pub struct OurSide {
    pub url: Url,
    pub ours: Arc<Ours>,
    runtime: Option<Runtime>,
}

impl OurSide {
    pub fn start(world: &World) -> Self {
        let runtime = runtime();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let ours = Arc::new(Ours { store: world.store.clone(), read: world.read_bundle(), refused: Mutex::default() });
        let router = Router::new()
            .route("/callbacks", post(hear_callback))
            .route("/media/{evidence}/{name}", get(give_media))
            .with_state(ours.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { url, ours, runtime: Some(runtime) }
    }
}

impl Drop for OurSide {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

fn now() -> WallTime {
    SystemClock.now()
}

async fn hear_callback(State(ours): State<Arc<Ours>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    match read_callback(&key(), uri.path(), &headers, &body, now()) {
        Ok(callback) => {
            ours.store.apply_callback(&callback, now()).unwrap();
            StatusCode::OK
        }
        Err(refused) => {
            ours.refused.lock().unwrap().push(refused);
            StatusCode::UNAUTHORIZED
        }
    }
}

async fn give_media(
    State(ours): State<Arc<Ours>>,
    Path((evidence, name)): Path<(EvidenceId, String)>,
    RawQuery(query): RawQuery,
) -> Result<Vec<u8>, StatusCode> {
    key()
        .verify_media_link(evidence, &name, query.as_deref().unwrap_or(""), now())
        .map_err(|_| StatusCode::FORBIDDEN)?;
    let row = ours.store.evidence(evidence).map_err(|_| StatusCode::NOT_FOUND)?;
    (ours.read)(&row, &name).map_err(|_| StatusCode::NOT_FOUND)
}
