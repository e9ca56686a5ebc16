//! Hands outlets the files of evidence bundles. Outlets do not know the store; here the two meet. The bytes are
//! handed on as they lie on disk: the packer compares them with their hashes before anything leaves.

use crate::{
    deliver::{BundleError, ReadBundle},
    store::evidence::{EvidenceError, EvidenceFolder},
};

/// The reader of a folder of bundles, for [`crate::deliver::open`].
pub fn bundle_reader(folder: EvidenceFolder) -> ReadBundle {
    std::sync::Arc::new(move |row, name| {
        folder.bytes(row, name).map_err(|error| match error {
            EvidenceError::Unwritable { .. } | EvidenceError::Unreadable { .. } => {
                BundleError::Failed(error.to_string())
            }
            EvidenceError::Refused(_)
            | EvidenceError::Missing { .. }
            | EvidenceError::Touched { .. }
            | EvidenceError::Purged(_) => BundleError::Gone(name.to_owned()),
        })
    })
}
