//! `platform-sim`: a small city platform for tests and demonstrations. It keeps what it hears, once per idempotency
//! key; proves the evidence; misbehaves on demand; tells of stages by signed callbacks. It is no product: it has no
//! users and its `/sim` routes no protection, so it belongs on loopback.

mod behaviour;
mod callback;
mod evidence;
mod ledger;
mod routes;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::net::TcpListener;
use url::Url;

pub use behaviour::Behaviour;
pub use callback::{CallbackOrder, CallbackSent};
pub use evidence::EvidenceFinding;
pub use ledger::{SimCase, SimMessage, SimReport};

use super::SigningKey;
use crate::clock::Clock;
use behaviour::Mood;
use ledger::Ledger;

/// How a simulator is set up.
#[derive(Clone)]
pub struct SimSettings {
    /// The key that both sides hold.
    pub key: SigningKey,
    /// Where callbacks go; `None` sends none.
    pub callback_url: Option<Url>,
    /// A JSON file that keeps the ledger over a restart.
    pub state_file: Option<PathBuf>,
    /// How it misbehaves from the start.
    pub behaviour: Behaviour,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

/// Why a simulator cannot run.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The state file is unreadable.
    #[error("the state file {0} cannot be used: {1}; remove it to begin anew")]
    State(String, String),
    /// The listener failed.
    #[error("the simulator cannot serve: {0}")]
    Serve(#[from] std::io::Error),
}

/// What the routes share.
struct Sim {
    settings: SimSettings,
    ledger: Mutex<Ledger>,
    mood: Mutex<Mood>,
    agent: ureq::Agent,
}

impl Sim {
    /// The ledger; one that a panic left behind is still whole, since every change is one assignment.
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves on `listener` until `stop` is done.
///
/// # Errors
/// [`SimError`].
pub async fn serve(
    listener: TcpListener,
    settings: SimSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), SimError> {
    let ledger = match &settings.state_file {
        Some(file) => Ledger::read(file)?,
        None => Ledger::default(),
    };
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(10)))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .new_agent();
    let mood = Mutex::new(Mood::from(settings.behaviour.clone()));
    let sim = Arc::new(Sim { settings, ledger: Mutex::new(ledger), mood, agent });
    axum::serve(listener, routes::router(sim)).with_graceful_shutdown(stop).await?;
    Ok(())
}
