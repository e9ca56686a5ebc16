//! What `xunjie serve` does once a day: compares the cases of the day before with the platform. On a task of its own,
//! so that a platform that answers slowly holds nothing up.

use std::{sync::Arc, time::Duration};

use crate::{deliver::CaseSink, service::Service};

/// How often it is asked whether something is due.
const TICK: Duration = Duration::from_secs(60);

/// Runs until it is aborted.
pub(super) async fn reconcile_daily(service: Arc<Service>, sink: Arc<dyn CaseSink>) {
    let mut tick = tokio::time::interval(TICK);
    loop {
        tick.tick().await;
        let (service, sink) = (service.clone(), sink.clone());
        match tokio::task::spawn_blocking(move || service.reconcile_if_due(&*sink)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "the day cannot be reconciled; it is tried again in a minute"),
            Err(error) => tracing::error!(%error, "the reconciliation panicked; it is tried again in a minute"),
        }
    }
}
