//! L2: outlets to the platform. One file an outlet. What leaves here is documented in docs/delivery.md; of pictures
//! only masked copies ever leave. Nothing here decides when to try again: that is the courier's, in `patrol`.

mod callback;
mod file;
mod held;
mod http;
mod open;
mod payload;
mod sign;
pub mod sim;
mod trust;

use std::sync::Arc;

use crate::domain::{Case, Delivery, EvidenceRow, Incident, Receipt};

pub use callback::{CALLBACK_BYTES_MAX, CallbackRefused, read_callback};
pub use file::FolderSink;
pub use held::{CaseDay, HeldCase, HeldCases};
pub use http::HttpSink;
pub use open::{OutletError, open, signing_key};
pub use payload::{
    Confirmed, MANIFEST_NAME, Media, Packer, Payload, PayloadEvidence, PayloadFile, PayloadMatter, Told,
};
pub use sign::{
    BadKey, CLOCK_WINDOW, IDEMPOTENCY_HEADER, KEY_HEADER, SECRET_BYTES_MIN, SIGNATURE_HEADER, SignatureRefused, Signed,
    SigningKey, TIMESTAMP_HEADER,
};
pub use trust::{BadTrust, Trust};

/// Why a file of a bundle cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// It is gone for good: removed by retention, or never written.
    #[error("{0} is gone")]
    Gone(String),
    /// It may be read later.
    #[error("{0}")]
    Failed(String),
}

/// Reads one file of a bundle, by its name; [`MANIFEST_NAME`] is the manifest. A function, not a trait: the store's
/// evidence folder is the only real one, and outlets must not know the store.
pub type ReadBundle = Arc<dyn Fn(&EvidenceRow, &str) -> Result<Vec<u8>, BundleError> + Send + Sync>;

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
    /// It may work later: time-out, 408, 425, 429, 5xx. The platform may nevertheless have it.
    #[error("{0}")]
    Later(String),
    /// The platform takes nothing from us at present, whatever the message: nobody listens, a certificate that is not
    /// trusted, a redirect, a secret that is not believed.
    #[error("{0}")]
    Unavailable(String),
    /// It will never work as it is: other 4xx, a bundle that is gone.
    #[error("{0}")]
    Never(String),
}

/// The seam: tells a platform. Called again with the same parcel after [`SinkError::Later`] and
/// [`SinkError::Unavailable`]; must be idempotent by delivery id.
pub trait CaseSink: Send + Sync {
    /// Name for logs and metrics.
    fn name(&self) -> &str;
    /// Tells one message and waits for the answer.
    ///
    /// # Errors
    /// [`SinkError`].
    fn deliver(&self, parcel: &Parcel) -> Result<Receipt, SinkError>;
    /// Asks which cases of a day the platform holds. Changes nothing on either side.
    ///
    /// # Errors
    /// [`SinkError`].
    fn held(&self, day: &CaseDay) -> Result<Vec<HeldCase>, SinkError>;
}
