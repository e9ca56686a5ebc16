//! Opens the outlet that the settings name.

use std::sync::Arc;

use super::{BadKey, BadTrust, CaseSink, FolderSink, HttpSink, Media, Packer, ReadBundle, SigningKey, Trust};
use crate::{
    clock::Clock,
    config::{City, MediaMode, Outlet, Platform},
};

/// Why the outlet cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OutletError {
    /// There is no key to sign with.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// The city's own authority cannot be read.
    #[error(transparent)]
    Trust(#[from] BadTrust),
    /// Links need our own address and a key.
    #[error("platform.media = \"link\" needs platform.url and platform.public_url; set them, or \"inline\"")]
    Links,
}

/// The key that signs deliveries, media links and the platform's callbacks; `None` where the outlet is a folder.
///
/// # Errors
/// [`BadKey`] when the secret file is missing or its secret too short.
pub fn signing_key(platform: &Platform) -> Result<Option<SigningKey>, BadKey> {
    match &platform.outlet {
        Outlet::Http { key_id, secret_file, .. } => SigningKey::read(key_id, secret_file).map(Some),
        Outlet::Folder { .. } => Ok(None),
    }
}

/// The outlet that the settings name. `read` reads files of evidence bundles.
///
/// # Errors
/// [`OutletError`].
pub fn open(
    platform: &Platform,
    city: &City,
    read: ReadBundle,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn CaseSink>, OutletError> {
    let key = signing_key(platform)?;
    let media = match (platform.media, &platform.public_url, &key) {
        (MediaMode::Inline, ..) => Media::Inline,
        (MediaMode::Link, Some(url), Some(key)) => Media::Link { public_url: url.clone(), key: key.clone() },
        (MediaMode::Link, ..) => return Err(OutletError::Links),
    };
    let packer = Packer { division_code: city.division_code().to_owned(), media, read };
    Ok(match (&platform.outlet, key) {
        (Outlet::Http { url, ca_file, .. }, Some(key)) => {
            let trust = ca_file.as_deref().map(Trust::read).transpose()?.unwrap_or_default();
            Arc::new(HttpSink::new(url.clone(), key, packer, platform.timeout, clock).trusting(&trust))
        }
        (Outlet::Folder { folder }, _) => Arc::new(FolderSink::new(folder.clone(), packer, clock)),
        (Outlet::Http { .. }, None) => return Err(OutletError::Links),
    })
}
