//! TLS in the box: the certificate and its key out of two PEM files, read again when they change. A renewed pair that
//! does not fit is told in the log, and the one before goes on. Must never log a key.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// How often the files are looked at.
pub(super) const LOOKED_AT_EACH: Duration = Duration::from_secs(10);

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTls {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}; tls.certificate and tls.key name PEM files that this user may read")]
    Unreadable(PathBuf, io::Error),
    /// There is no certificate inside.
    #[error("{0} holds no certificate; tls.certificate names a PEM file that begins with BEGIN CERTIFICATE")]
    NoCertificate(PathBuf),
    /// There is no key inside.
    #[error("{0} holds no private key; tls.key names a PEM file with BEGIN PRIVATE KEY")]
    NoKey(PathBuf),
    /// They do not belong together, or are of a kind that nobody uses any more.
    #[error("certificate {0} and its key do not fit: {1}; name the two files of one pair")]
    Unfit(PathBuf, rustls::Error),
}

/// What the server proves itself with.
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    written: [Option<SystemTime>; 2],
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`BadTls`], naming the file.
    pub fn open(files: TlsFiles) -> Result<Self, BadTls> {
        let current = Current { written: written(&files), acceptor: read(&files)? };
        Ok(Self { files, current: Mutex::new(current) })
    }

    /// What takes the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).acceptor.clone()
    }

    /// Reads the files again where one was written since. Touches the disk.
    pub(super) fn look_again(&self) {
        let written = written(&self.files);
        if self.current.lock().unwrap_or_else(PoisonError::into_inner).written == written {
            return;
        }
        let read = read(&self.files);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(acceptor) => {
                *current = Current { acceptor, written };
                tracing::info!(certificate = %self.files.certificate.display(), "the certificate was renewed");
            }
            // Half a pair may have been written; the other half changes the time again.
            Err(error) => {
                current.written = written;
                tracing::error!(%error, "the renewed certificate cannot be used; the one before goes on");
            }
        }
    }
}

fn written(files: &TlsFiles) -> [Option<SystemTime>; 2] {
    [&files.certificate, &files.key].map(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok())
}

fn read(files: &TlsFiles) -> Result<TlsAcceptor, BadTls> {
    let TlsFiles { certificate, key } = files;
    let pem = |file: &Path| fs::read(file).map_err(|error| BadTls::Unreadable(file.to_owned(), error));
    let chain = CertificateDer::pem_slice_iter(&pem(certificate)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| BadTls::NoCertificate(certificate.clone()))?;
    let private = PrivateKeyDer::from_pem_slice(&pem(key)?).map_err(|_| BadTls::NoKey(key.clone()))?;
    let unfit = |error| BadTls::Unfit(certificate.clone(), error);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
