//! Where a stream may be fetched from. Whoever opens a connection to a source asks here first and connects to the
//! answer: a name is resolved once, checked against the networks of cameras, and replaced by the checked number, so
//! that a name that changes its mind (DNS rebinding) or a wish to be sent elsewhere (a redirect) leads nowhere.

use std::time::Duration;

use rustix::fs::FileType;

use crate::{
    config::{Networks, NotAdmitted},
    domain::SourceUrl,
    media::MediaError,
};

/// An address that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// The source with the checked number in place of its name. Over TLS the name stays, because the certificate
    /// proves that name: a number behind it that is not the camera's fails the handshake.
    pub source: SourceUrl,
    /// What HTTP's `Host` says, where the name was replaced.
    pub host: Option<String>,
}

/// Resolves and checks an address, for at most `within`. `name` is what errors call the stream. A file has no address.
///
/// # Errors
/// [`MediaError::Forbidden`] outside of the networks; [`MediaError::Unreachable`] for a name that nobody knows.
pub fn admit(name: &str, source: &SourceUrl, networks: &Networks, within: Duration) -> Result<Admitted, MediaError> {
    let url = source.url();
    let untouched = || Admitted { source: source.clone(), host: None };
    if url.scheme() == "file" {
        return plain(name, source).map(|()| untouched());
    }
    let ip = networks.admit(url, within).map_err(|refused| match refused {
        NotAdmitted::Outside(_) | NotAdmitted::LeadsOutside(..) | NotAdmitted::NoHost => {
            MediaError::Forbidden(name.to_owned(), refused.to_string())
        }
        NotAdmitted::Unknown(_) | NotAdmitted::Silent(_) => {
            MediaError::Unreachable(name.to_owned(), refused.to_string())
        }
    })?;
    if matches!(url.scheme(), "rtsps" | "https") {
        return Ok(untouched());
    }
    let mut numbered = url.clone();
    let host = url.host_str().map(|host| match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    let unusable = || MediaError::Framework(format!("the address of {name} cannot carry a number"));
    numbered.set_ip_host(ip).map_err(|()| unusable())?;
    let source = SourceUrl::parse(numbered.as_str()).map_err(|_| unusable())?;
    Ok(Admitted { source, host })
}

/// A file or a folder of pictures; a pipe or a device would hold whoever opens it. What is not there is told when it
/// is opened.
fn plain(name: &str, source: &SourceUrl) -> Result<(), MediaError> {
    let there = source.url().to_file_path().ok().and_then(|path| rustix::fs::stat(&path).ok());
    match there.map(|there| FileType::from_raw_mode(there.st_mode)) {
        None | Some(FileType::RegularFile | FileType::Directory) => Ok(()),
        Some(_) => Err(MediaError::Forbidden(name.to_owned(), "it is neither a file nor a folder".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(text: &str) -> Result<(String, Option<String>), MediaError> {
        let source = SourceUrl::parse(text).unwrap();
        let within = Duration::from_secs(20);
        admit("东门", &source, &Networks::default(), within).map(|at| (at.source.url().to_string(), at.host))
    }

    #[test]
    fn a_name_is_resolved_once_and_replaced_by_the_number_that_was_checked() {
        let host = |text: &str| Some(text.to_owned());
        let number = |text: &str| {
            let (url, host) = admitted(text).unwrap();
            (url.replace("[::1]", "127.0.0.1"), host)
        };
        assert_eq!(
            number("rtsp://localhost:8554/a?b=1"),
            ("rtsp://127.0.0.1:8554/a?b=1".into(), host("localhost:8554"))
        );
        assert_eq!(number("http://localhost/a"), ("http://127.0.0.1/a".into(), host("localhost")));
        assert_eq!(number("rtsps://localhost/a"), ("rtsps://localhost/a".into(), None), "the certificate names it");
        assert!(matches!(admitted("file:///dev/zero"), Err(MediaError::Forbidden(..))));
        assert_eq!(admitted("file:///a/b.mp4").unwrap(), ("file:///a/b.mp4".into(), None));
        for outside in ["rtsp://169.254.169.254/", "http://[::ffff:8.8.8.8]/", "rtsp://134744072/a", "rtsps://8.8.8.8/"]
        {
            let refused = admitted(outside).unwrap_err();
            assert!(matches!(refused, MediaError::Forbidden(..)), "{outside}: {refused}");
        }
        assert!(matches!(admitted("rtsp://no-such.invalid/"), Err(MediaError::Unreachable(..))));
    }
}
