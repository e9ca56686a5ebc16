//! `[tls]`: what the server proves itself with, so that it speaks HTTPS by itself. The files are read by whoever serves.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::fault::Checker;

/// Where the certificate and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate first, then those between it and the authority.
    pub certificate: PathBuf,
    /// PEM: the private key.
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawTls {
    /// A PEM file, relative to the root.
    certificate: Option<PathBuf>,
    /// A PEM file, relative to the root.
    key: Option<PathBuf>,
}

pub(super) fn check(root: &Path, raw: RawTls, check: &mut Checker<'_>) -> Option<TlsFiles> {
    let RawTls { certificate, key } = raw;
    if let (Some(certificate), Some(key)) = (&certificate, &key) {
        return Some(TlsFiles { certificate: root.join(certificate), key: root.join(key) });
    }
    for (name, given) in [("tls.certificate", certificate), ("tls.key", key)] {
        if given.is_none() {
            check.fault(name, "nothing", "a PEM file; both of them, or no [tls] at all");
        }
    }
    None
}
