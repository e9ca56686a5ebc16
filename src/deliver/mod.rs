//! L2: outlets to the platform. One file an outlet.

use crate::domain::{Case, Delivery, EvidenceRow, Incident, Receipt};

/// All that an outlet needs to tell one message.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The duty.
    pub delivery: Delivery,
    /// The case.
    pub case: Case,
    /// The incident behind it.
    pub incident: Incident,
    /// The bundle that goes with it.
    pub evidence: Option<EvidenceRow>,
}

/// Why the platform does not have it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may work later: network, time-out, 408, 425, 429, 5xx. The platform may nevertheless have it.
    #[error("{0}")]
    Later(String),
    /// It will never work as it is: other 4xx, a bundle that is gone.
    #[error("{0}")]
    Never(String),
}

/// The seam: tells a platform. Called again with the same parcel after [`SinkError::Later`]; must be idempotent by delivery id.
pub trait CaseSink: Send + Sync {
    /// Name for logs and metrics.
    fn name(&self) -> &str;
    /// Tells one message and waits for the answer.
    ///
    /// # Errors
    /// [`SinkError`].
    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, SinkError>;
}
