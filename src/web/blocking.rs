//! The one way from an async handler into the synchronous service.

use super::{App, problem::Problem};
use crate::service::{Service, ServiceError};

impl App {
    /// Runs a use case on a blocking thread. When all of them are taken the request waits in line.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.blocking.clone().acquire_owned().await.map_err(|_| Problem::stopping())?;
        let service = self.service.clone();
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
