//! The one way from an async handler into the synchronous service.

use std::sync::Arc;

use super::{App, problem::Problem};
use crate::{
    domain::Caller,
    service::{Service, ServiceError},
};

impl App {
    /// Runs a use case for a caller, who sees their areas alone.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(Arc::new(self.service.seen_by(&caller.areas)), work).await
    }

    /// Runs a use case that reads a million rows: one at a time, so that the store's readers stay free for the others.
    pub(super) async fn count<T: Send + 'static>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        let _alone = self.counting.acquire().await.map_err(|_| Problem::stopping())?;
        self.run(caller, work).await
    }

    /// Runs a use case that is nobody's in particular: what proves itself by its own signature, and the house itself.
    pub(super) async fn run_for_all<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        self.blocking(self.service.clone(), work).await
    }

    /// Works on a blocking thread. When all of them are taken the request waits in line.
    async fn blocking<T: Send + 'static>(
        &self,
        service: Arc<Service>,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.blocking.clone().acquire_owned().await.map_err(|_| Problem::stopping())?;
        let done = tokio::task::spawn_blocking(move || {
            let _held_while_running = permit;
            work(&service)
        });
        match done.await {
            Ok(result) => Ok(result?),
            Err(join) if join.is_cancelled() => Err(Problem::stopping()),
            Err(_) => Err(Problem::internal("a use case panicked")),
        }
    }
}
