//! Streams: register, change, enable, remove. A credential goes in and never comes out again.

use std::{net::IpAddr, time::Duration};

use url::Url;

use super::{Faults, Service, ServiceError, Want};
use crate::config::NotAdmitted;
use crate::domain::{Credential, Location, Secret, SourceUrl, Stream, StreamId, Thing, Transport, View, ViewId};

/// The longest address.
const URL_BYTES_MAX: usize = 2000;
/// How long a person waits for the name server.
pub(super) const RESOLVE_TIME: Duration = Duration::from_secs(3);

/// What a person says about a new stream. The address may carry `user:password@`; it is split off at once.
#[derive(Clone, Debug)]
pub struct NewStream {
    /// The city's own code of the camera, unique.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Address; secret because a credential may be in it.
    pub url: Secret,
    /// User name, when it is not in the address.
    pub username: Option<String>,
    /// Password, when it is not in the address.
    pub password: Option<Secret>,
    /// How RTP travels.
    pub transport: Transport,
    /// Where it looks.
    pub location: Option<Location>,
    /// 区域; `None`: the street of its grid cell.
    pub area: Option<String>,
    /// What its one view looks for.
    pub matters: Vec<String>,
    /// Overrides the matters' revisit target, in seconds.
    pub revisit_s: Option<u32>,
    /// Whether it is looked at from now on.
    pub enabled: bool,
}

/// What a person changes about a stream; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct ChangeStream {
    /// The city's own code.
    pub code: Option<String>,
    /// Name for people.
    pub name: Option<String>,
    /// Address; a credential inside replaces the one that is kept.
    pub url: Option<Secret>,
    /// User name; needs the password beside it.
    pub username: Option<String>,
    /// Password; needs the user name beside it.
    pub password: Option<Secret>,
    /// How RTP travels.
    pub transport: Option<Transport>,
    /// Where it looks.
    pub location: Option<Location>,
    /// 区域; `Some(None)` takes it out of every one.
    pub area: Option<Option<String>>,
    /// Whether it is looked at.
    pub enabled: Option<bool>,
}

/// What a registration made.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The stream.
    pub stream: Stream,
    /// Its one view, to begin with.
    pub view: View,
}

/// A stream that may be registered.
pub(super) struct Drafted {
    pub stream: Stream,
    pub credential: Option<Credential>,
    pub view: View,
}

/// A stream with its views.
#[derive(Clone, Debug)]
pub struct StreamDetail {
    /// The stream.
    pub stream: Stream,
    /// Whether a credential is kept for it.
    pub has_credential: bool,
    /// Its views.
    pub views: Vec<View>,
}

impl Service {
    /// Registers a stream with one view.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where the code is taken.
    pub fn register_stream(&self, new: &NewStream, actor: &str) -> Result<Registered, ServiceError> {
        let mut faults = Faults::default();
        let drafted = self.draft_stream(new, RESOLVE_TIME, &mut faults);
        faults.none()?;
        let Drafted { stream, credential, view } = drafted.expect("without a fault there is a stream");
        self.store.register(&stream, credential.as_ref(), &view, actor)?;
        Ok(Registered { stream, view })
    }

    /// The stream that a person would register, with its one view; `None` only with a fault. `within` bounds the
    /// question to the name server.
    pub(super) fn draft_stream(&self, new: &NewStream, within: Duration, faults: &mut Faults) -> Option<Drafted> {
        let faults_before = faults.0.len();
        let code = code(faults, &new.code);
        let name = faults.name("name", &new.name, 200);
        let source = source(faults, &new.url, new.username.as_deref(), new.password.as_ref());
        self.check_network(faults, source.as_ref().map(|(source, _)| source), within);
        check_location(faults, new.location.as_ref());
        let area = match &new.area {
            Some(name) => self.given_area(faults, name),
            None => self.area_at(faults, new.location.as_ref()),
        };
        let matters = faults.matters("matters", &new.matters, |key| self.config.matters.contains_key(key));
        check_revisit(faults, new.revisit_s);
        let (source, credential) = source.filter(|_| faults.0.len() == faults_before)?;
        let stream = Stream {
            id: StreamId::fresh(),
            code,
            name,
            source,
            transport: new.transport,
            location: new.location.clone(),
            area,
            enabled: new.enabled,
            registered_at: self.now(),
        };
        let view = View {
            id: ViewId::fresh(),
            stream: stream.id,
            name: "默认画面".to_owned(),
            matters,
            revisit_s: new.revisit_s,
            weight: 1.0,
            reference: None,
        };
        Some(Drafted { stream, credential, view })
    }

    /// The source that a person would register, checked like one, to be tried first. Nothing is stored.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault of the address.
    pub fn source_to_probe(&self, new: &NewStream) -> Result<(Stream, Option<Credential>), ServiceError> {
        let mut faults = Faults::default();
        let source = source(&mut faults, &new.url, new.username.as_deref(), new.password.as_ref());
        self.check_network(&mut faults, source.as_ref().map(|(source, _)| source), RESOLVE_TIME);
        faults.none()?;
        let (source, credential) = source.expect("without a fault there is an address");
        let stream = Stream {
            id: StreamId::fresh(),
            code: new.code.clone(),
            name: new.name.clone(),
            source,
            transport: new.transport,
            location: None,
            area: None,
            enabled: true,
            registered_at: self.now(),
        };
        Ok((stream, credential))
    }

    /// All streams with their views, by code.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn streams(&self) -> Result<Vec<StreamDetail>, ServiceError> {
        let registry = self.registry()?;
        let mut details = Vec::with_capacity(registry.streams.len());
        for stream in registry.streams {
            let has_credential = self.store.credential(stream.id)?.is_some();
            let views = registry.views.iter().filter(|view| view.stream == stream.id).cloned().collect();
            details.push(StreamDetail { stream, has_credential, views });
        }
        details.sort_by(|a, b| a.stream.code.cmp(&b.stream.code));
        Ok(details)
    }

    /// One stream with its views.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn stream(&self, id: StreamId) -> Result<StreamDetail, ServiceError> {
        let registry = self.registry()?;
        let stream = registry
            .streams
            .into_iter()
            .find(|s| s.id == id)
            .ok_or_else(|| ServiceError::missing(Thing::Stream, id))?;
        let views = registry.views.into_iter().filter(|view| view.stream == id).collect();
        let has_credential = self.store.credential(id)?.is_some();
        Ok(StreamDetail { stream, has_credential, views })
    }

    /// The stream that an id or a code names.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn stream_by_code(&self, code_or_id: &str) -> Result<StreamDetail, ServiceError> {
        let id = match code_or_id.parse::<StreamId>() {
            Ok(id) => id,
            Err(_) => {
                let registry = self.registry()?;
                let found = registry.streams.iter().find(|s| s.code == code_or_id).map(|s| s.id);
                found.ok_or_else(|| ServiceError::missing(Thing::Stream, code_or_id))?
            }
        };
        self.stream(id)
    }

    /// Changes a stream.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with every fault; [`ServiceError::Store`] where there is none or the code is taken.
    pub fn change_stream(
        &self,
        id: StreamId,
        change: &ChangeStream,
        actor: &str,
    ) -> Result<StreamDetail, ServiceError> {
        let before = self.stream(id)?;
        let mut faults = Faults::default();
        let (stream, credential) = self.changed_stream(&before, change, RESOLVE_TIME, &mut faults);
        faults.none()?;
        self.store.put_stream(&stream, credential.as_ref(), actor)?;
        self.stream(id)
    }

    /// A stream as a person would have it, and the credential that they give. `within` bounds the question to the name
    /// server.
    pub(super) fn changed_stream(
        &self,
        before: &StreamDetail,
        change: &ChangeStream,
        within: Duration,
        faults: &mut Faults,
    ) -> (Stream, Option<Credential>) {
        let mut stream = before.stream.clone();
        if let Some(text) = &change.code {
            stream.code = code(faults, text);
        }
        if let Some(text) = &change.name {
            stream.name = faults.name("name", text, 200);
        }
        check_location(faults, change.location.as_ref());
        match &change.area {
            None => {}
            Some(Some(name)) => stream.area = self.given_area(faults, name),
            Some(None) if self.sees(None) => stream.area = None,
            Some(None) => faults.add("area", "", Want::AreaSeen),
        }
        let mut credential = None;
        let url = change.url.clone().unwrap_or_else(|| Secret::new(stream.source.url().as_str()));
        if let Some((source, found)) = source(faults, &url, change.username.as_deref(), change.password.as_ref()) {
            self.check_network(faults, Some(&source), within);
            // A credential stays with the address that it was given for: a new host must not be sent the old one.
            if found.is_none() && moved_host(stream.source.url(), source.url()) && before.has_credential {
                faults.add("url", "", Want::CredentialAgain);
            }
            stream.source = source;
            credential = found;
        }
        stream.transport = change.transport.unwrap_or(stream.transport);
        stream.location = change.location.clone().or(stream.location);
        stream.enabled = change.enabled.unwrap_or(stream.enabled);
        (stream, credential)
    }

    /// Looks at a stream again, or stops looking at it. Its memory stays.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn enable_stream(&self, id: StreamId, enabled: bool, actor: &str) -> Result<StreamDetail, ServiceError> {
        self.change_stream(id, &ChangeStream { enabled: Some(enabled), ..ChangeStream::default() }, actor)
    }

    /// Removes a stream with its views and zones; its incidents and cases stay.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn remove_stream(&self, id: StreamId, actor: &str) -> Result<(), ServiceError> {
        self.stream(id)?;
        Ok(self.store.remove_stream(id, self.now(), actor)?)
    }

    /// Refuses addresses in networks where no camera may live, and names that lead there. A name that nobody knows now
    /// is taken: it is resolved and checked again whenever the stream is opened, by the media room.
    fn check_network(&self, faults: &mut Faults, source: Option<&SourceUrl>, within: Duration) {
        let Some(url) = source.map(SourceUrl::url).filter(|url| url.scheme() != "file") else { return };
        let is_name = url.host_str().is_some_and(|host| host.parse::<IpAddr>().is_err() && !host.starts_with('['));
        if within.is_zero() && is_name {
            return;
        }
        match self.config.settings.networks.admit(url, within) {
            Ok(_) | Err(NotAdmitted::Unknown(_) | NotAdmitted::Silent(_)) => {}
            Err(NotAdmitted::Outside(ip) | NotAdmitted::LeadsOutside(_, ip)) => {
                faults.add("url", &ip.to_string(), Want::CameraNetwork);
            }
            Err(NotAdmitted::NoHost) => faults.add("url", "", Want::Host),
        }
    }
}

fn code(faults: &mut Faults, text: &str) -> String {
    let trimmed = text.trim();
    let sane = (1..=64).contains(&trimmed.len())
        && trimmed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !sane {
        faults.add("code", trimmed, Want::Code);
    }
    trimmed.to_owned()
}

/// Parts address and credential; fields beside the address win over what is inside it. Faults never repeat either.
fn source(
    faults: &mut Faults,
    url: &Secret,
    username: Option<&str>,
    password: Option<&Secret>,
) -> Option<(SourceUrl, Option<Credential>)> {
    if url.reveal().len() > URL_BYTES_MAX {
        faults.add("url", "", Want::AddressLength { most: URL_BYTES_MAX });
        return None;
    }
    let (source, inside) = faults.take("url", "", SourceUrl::split(url.reveal()))?;
    let beside = match (username.map(str::trim).filter(|name| !name.is_empty()), password) {
        (Some(username), password) => Some(Credential {
            username: username.to_owned(),
            password: password.cloned().unwrap_or_else(|| Secret::new("")),
        }),
        (None, Some(password)) if !password.reveal().is_empty() => {
            faults.add("username", "", Want::UserBeside);
            None
        }
        (None, _) => None,
    };
    Some((source, beside.or(inside)))
}

fn moved_host(before: &Url, after: &Url) -> bool {
    (before.scheme(), before.host_str(), before.port()) != (after.scheme(), after.host_str(), after.port())
}

pub(super) fn check_revisit(faults: &mut Faults, revisit_s: Option<u32>) {
    if let Some(seconds) = revisit_s.filter(|seconds| !(1..=86_400).contains(seconds)) {
        faults.add("revisit_s", &seconds.to_string(), Want::RevisitS);
    }
}

fn check_location(faults: &mut Faults, location: Option<&Location>) {
    let Some(location) = location else { return };
    if !(-180.0..=180.0).contains(&location.longitude) {
        faults.add("location.longitude", &location.longitude.to_string(), Want::Longitude);
    }
    if !(-90.0..=90.0).contains(&location.latitude) {
        faults.add("location.latitude", &location.latitude.to_string(), Want::Latitude);
    }
    faults.words("location.address", &location.address, 200);
    if let Some(cell) = &location.grid_cell
        && (cell.len() != 15 || !cell.bytes().all(|b| b.is_ascii_digit()))
    {
        faults.add("location.grid_cell", cell, Want::GridCell);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_beside_the_address_wins_and_a_lone_password_is_a_fault() {
        let mut faults = Faults::default();
        let url = Secret::new("rtsp://a:inside@h/x");
        let (_, credential) = source(&mut faults, &url, Some("b"), Some(&Secret::new("beside"))).unwrap();
        assert_eq!(credential.unwrap().password.reveal(), "beside");
        source(&mut faults, &url, None, Some(&Secret::new("beside")));
        assert_eq!(faults.0.len(), 1);
        source(&mut faults, &Secret::new("rtsp://u:planted@"), None, None);
        assert!(!faults.to_string().contains("planted"), "{faults}");
    }
}
