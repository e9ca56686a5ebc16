//! Whom we believe to be the platform or the identity provider: certificates that the public authorities vouch for, or those that the city's
//! own authority signed, and then only those. Verification is never switched off; a refusal says what helps.

use std::{fs, path::Path, sync::Arc};

use rustls::CertificateError;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Whose certificates are believed.
#[derive(Clone, Debug, Default)]
pub enum Trust {
    /// The authorities of Mozilla's list.
    #[default]
    Public,
    /// These authorities alone.
    Own(Arc<Vec<Certificate<'static>>>),
}

/// Why `platform.ca_file` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    /// The file cannot be read.
    #[error("the authority's file {0} cannot be read: {1}; name one in platform.ca_file")]
    Unreadable(String, String),
    /// There is no certificate inside.
    #[error("{0} holds no certificate; platform.ca_file names a PEM file that begins with BEGIN CERTIFICATE")]
    Empty(String),
}

impl Trust {
    /// Reads the city's own authorities from a PEM file.
    ///
    /// # Errors
    /// [`BadTrust`], naming the file.
    pub fn read(file: &Path) -> Result<Self, BadTrust> {
        let shown = file.display().to_string();
        let pem = fs::read(file).map_err(|error| BadTrust::Unreadable(shown.clone(), error.to_string()))?;
        let certificates: Vec<_> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        if certificates.is_empty() { Err(BadTrust::Empty(shown)) } else { Ok(Self::Own(Arc::new(certificates))) }
    }

    /// The same for an agent.
    pub fn tls(&self) -> TlsConfig {
        let roots = match self {
            Self::Public => RootCerts::WebPki,
            Self::Own(certificates) => RootCerts::Specific(Arc::clone(certificates)),
        };
        TlsConfig::builder().root_certs(roots).build()
    }
}

/// What was wrong between us and the platform before HTTP began; `None` where TLS was not the reason.
pub(super) fn refused(error: &ureq::Error) -> Option<String> {
    let error = match error {
        ureq::Error::Rustls(error) => error,
        ureq::Error::Io(error) => error.get_ref()?.downcast_ref::<rustls::Error>()?,
        _ => return None,
    };
    Some(match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => "its certificate is signed by nobody who is trusted here; if it is the \
                 city's own authority, name its certificate in platform.ca_file"
                .to_owned(),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired; the platform must renew it, or this machine's clock is wrong".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet; compare the clocks on both sides".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is made out for another name; put that name into platform.url".to_owned()
            }
            other => format!("its certificate is refused ({other}); the platform must mend it"),
        },
        other => format!("it does not speak TLS with us ({other}); check https and the port in platform.url"),
    })
}
