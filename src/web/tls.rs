//! TLS in the box: the certificate and its key out of two PEM files, read again when they change. A renewed pair that
//! does not fit is told in the log, and the one before goes on. Must never log a key.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::time::interval;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOKED_AT_EACH: Duration = Duration::from_secs(2);

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
    #[error("certificate {0} and key {1} do not fit: {2}; name the two files of one pair")]
    Unfit(PathBuf, PathBuf, rustls::Error),
}

/// What the server proves itself with.
pub struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    stamps: [Option<Stamp>; 2],
}

/// By what a file that was written again is told apart.
type Stamp = (SystemTime, u64);

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// [`BadTls`], naming the file.
    pub fn open(files: TlsFiles) -> Result<Self, BadTls> {
        // The stamps first: what is written meanwhile is then found later.
        let current = Current { stamps: stamps(&files), acceptor: read(&files)? };
        Ok(Self { files, current: Mutex::new(current) })
    }

    /// What takes the next connection.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.current().acceptor.clone()
    }

    /// Looks at the files again and again; never ends.
    pub(super) async fn renew(self: Arc<Self>) {
        let mut again = interval(LOOKED_AT_EACH);
        let mut told = None;
        loop {
            again.tick().await;
            let tls = self.clone();
            // The runtime ends before the program does, and then nobody looks any more.
            let Ok(looked) = tokio::task::spawn_blocking(move || tls.look_again()).await else { return };
            let trouble = looked.err().map(|error| error.to_string());
            // Half a pair may lie there for a moment; it is tried each time and told once.
            if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
                tracing::error!(%trouble, "the renewed certificate cannot be used; the one before goes on");
            }
            told = trouble;
        }
    }

    /// Reads the files again where one was written since. Touches the disk.
    fn look_again(&self) -> Result<(), BadTls> {
        let stamps = stamps(&self.files);
        if self.current().stamps == stamps {
            return Ok(());
        }
        let acceptor = read(&self.files)?;
        *self.current() = Current { acceptor, stamps };
        tracing::info!(certificate = %self.files.certificate.display(), "the certificate was renewed");
        Ok(())
    }

    fn current(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [&files.certificate, &files.key].map(|file| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn read(files: &TlsFiles) -> Result<TlsAcceptor, BadTls> {
    let TlsFiles { certificate, key } = files;
    let pem = |file: &Path| fs::read(file).map_err(|error| BadTls::Unreadable(file.to_owned(), error));
    let chain = CertificateDer::pem_slice_iter(&pem(certificate)?).collect::<Result<Vec<_>, _>>();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| BadTls::NoCertificate(certificate.clone()))?;
    let private = PrivateKeyDer::from_pem_slice(&pem(key)?).map_err(|_| BadTls::NoKey(key.clone()))?;
    let unfit = |error| BadTls::Unfit(certificate.clone(), key.clone(), error);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unfit)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
