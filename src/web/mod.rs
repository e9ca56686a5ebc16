//! L4: the HTTP API and the desk, the browser application that the binary carries. Handlers translate; what they do lives in `service`. Nothing here
//! blocks an async thread, and no answer ever carries a credential.

mod accounts;
mod areas;
mod audit;
mod blocking;
mod callbacks;
mod cases;
mod catalogue;
mod changes;
mod deliveries;
mod desk;
mod door;
mod downloads;
mod evidence;
mod exemplars;
mod extract;
mod guard;
mod handshakes;
mod health;
mod imports;
mod incident_detail;
mod incidents;
mod limits;
mod looks;
mod marks;
mod media_links;
mod neighbours;
mod oidc;
mod plan;
mod platform;
mod problem;
mod queue;
mod refusal;
mod roles;
mod router;
mod second_looks;
mod second_reviews;
mod server;
mod sessions;
mod shadow;
mod shown;
mod signs;
mod statistics;
mod streams;
mod thumbnails;
mod tls;
mod tokens;
mod verdicts;
mod viewed;
mod views;
mod what_if;
mod zones;

use std::{future::Future, io, sync::Arc};

use tokio::{net::TcpListener, sync::Semaphore, sync::watch};

use changes::Changes;
use limits::Limits;
pub use looks::{LookPort, LookWish, LooksFull};
pub use marks::{CropPort, DescribePort};
use oidc::Logins;
pub use roles::{Callers, ROLES, callers_of};
pub use router::{openapi, router};
pub use shown::{SHOWN, Shown, shown_by};
pub use streams::{ProbePort, Probed};
pub use thumbnails::ThumbnailPort;
use thumbnails::Thumbnails;
pub use tls::{BadTls, Tls};
use viewed::Viewed;

use crate::{
    deliver::{CaseSink, SigningKey},
    identity::IdentityProvider,
    service::Service,
    telemetry,
};

/// Blocking calls into the service that run at the same time; further ones wait in line.
const BLOCKING_MAX: usize = 32;
/// Callers that are asked who they are at the same time; further ones wait in line.
const DOOR_MAX: usize = 8;

/// What other rooms lend to the web. What is `None` answers 501.
#[derive(Clone, Default)]
pub struct Ports {
    /// Tries a source and explains in words why it cannot be used.
    pub probe: Option<ProbePort>,
    /// Asks the patrol for a look out of turn.
    pub look: Option<LookPort>,
    /// The outlet to the platform, to be asked what it holds.
    pub sink: Option<Arc<dyn CaseSink>>,
    /// Makes pictures small. Without it they are sent as they are.
    pub thumbnail: Option<ThumbnailPort>,
    /// Cuts the piece of a picture that a verifier looks at. Without it the picture is sent as it is.
    pub crop: Option<CropPort>,
    /// Says how a box of a picture looks to a matter's verifier.
    pub describe: Option<DescribePort>,
    /// Who vouches for people beside their passwords.
    pub identity: Option<Arc<dyn IdentityProvider>>,
}

/// All that handlers share.
#[derive(Clone)]
pub struct App {
    /// The use cases.
    pub service: Arc<Service>,
    /// What other rooms lend.
    pub ports: Ports,
    /// What the platform signs callbacks with, and we links to masked pictures; `None` without a platform over HTTP.
    pub platform_key: Option<SigningKey>,
    /// What the listener proves itself with; `None` speaks plain HTTP.
    tls: Option<Arc<Tls>>,
    changes: Changes,
    limits: Arc<Limits>,
    logins: Arc<Logins>,
    thumbnails: Arc<Thumbnails>,
    viewed: Arc<Viewed>,
    door: Arc<Semaphore>,
    blocking: Arc<Semaphore>,
    counting: Arc<Semaphore>,
}

impl App {
    /// Puts the parts together.
    pub fn new(service: Arc<Service>, ports: Ports, platform_key: Option<SigningKey>) -> Self {
        let limits = Arc::new(Limits::of(&service.config.settings.limits));
        Self {
            service,
            ports,
            platform_key,
            tls: None,
            changes: Changes::default(),
            limits,
            logins: Arc::default(),
            thumbnails: Arc::default(),
            viewed: Arc::default(),
            door: Arc::new(Semaphore::new(DOOR_MAX)),
            blocking: Arc::new(Semaphore::new(BLOCKING_MAX)),
            counting: Arc::new(Semaphore::new(1)),
        }
    }

    /// The same over TLS.
    #[must_use]
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(Arc::new(tls)), ..self }
    }
}

/// Serves until `shutdown` ends; then followers are let go, running requests are answered, and it returns.
///
/// # Errors
/// What the system says of the listener.
pub async fn serve(
    app: App,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    telemetry::start_metrics();
    let (stop, stopping) = watch::channel(false);
    let feed = tokio::spawn(changes::poll(app.clone(), stopping));
    let tls = app.tls.clone();
    server::serve(listener, tls, router(app), async move {
        shutdown.await;
        // The poller ends, and with it every follower's stream, which would hold the server open.
        stop.send_replace(true);
    })
    .await;
    feed.abort();
    Ok(())
}
