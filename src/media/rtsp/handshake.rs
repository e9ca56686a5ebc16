//! From an address to a camera that plays: DESCRIBE, SETUP, PLAY, with a login where it is asked for. Runs on a thread
//! of its own that may wait; everything together ends within the time that the request gives.

use std::{
    io::{ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use http_auth::{PasswordClient, PasswordParams};
use url::Url;

use super::{
    Refusal, Request,
    sdp::{self, Track},
    wire::{self, Message, Reply},
};
use crate::domain::Credential;

/// RTSP's port where the address names none.
const PORT: u16 = 554;
/// How long a camera keeps a session without a word from us, where it does not say (RFC 2326).
const SESSION_KEPT: Duration = Duration::from_secs(60);
/// RTP that comes before the answer to PLAY is kept up to so many bytes.
const EARLY_MAX: usize = 1 << 20;

/// A camera that plays.
pub struct Playing {
    /// Its socket.
    pub socket: TcpStream,
    /// What it sends.
    pub track: Track,
    /// Interleaved channel of RTP; RTCP comes on the next one.
    pub channel: u8,
    /// Bytes that came already and are not read yet.
    pub unread: Vec<u8>,
    /// How to speak to it.
    pub speaker: Speaker,
}

/// Writes requests: numbers them, names the session, signs them.
pub struct Speaker {
    credential: Option<Credential>,
    login: Option<PasswordClient>,
    refused: bool,
    knows_get: bool,
    number: u32,
    session: Option<String>,
    /// How often it must hear from us.
    pub keep_alive: Duration,
    address: String,
}

impl Speaker {
    /// The bytes of a request that keeps the session open: OPTIONS, which every camera answers, until it says that it
    /// knows GET_PARAMETER.
    pub fn keep_alive_request(&mut self) -> Vec<u8> {
        let address = self.address.clone();
        self.request(if self.knows_get { "GET_PARAMETER" } else { "OPTIONS" }, &address, &[])
    }

    /// The bytes of the request that ends the session.
    pub fn goodbye(&mut self) -> Vec<u8> {
        let address = self.address.clone();
        self.request("TEARDOWN", &address, &[])
    }

    /// Learns from an answer: a camera changes what it wants signed from time to time. Returns whether the request
    /// should be made again.
    pub fn learn(&mut self, reply: &Reply) -> bool {
        self.knows_get |= reply.header("Public").is_some_and(|methods| methods.contains("GET_PARAMETER"));
        let was_refused = std::mem::replace(&mut self.refused, reply.status == 401);
        if self.refused {
            self.login = challenge(reply);
        }
        self.refused && !was_refused
    }

    fn request(&mut self, method: &str, address: &str, more: &[(&str, &str)]) -> Vec<u8> {
        self.number += 1;
        let mut text = format!("{method} {address} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: xunjie\r\n", self.number);
        let mut add = |name: &str, value: &str| {
            text.push_str(name);
            text.push_str(": ");
            text.extend(value.chars().filter(|c| !c.is_control()));
            text.push_str("\r\n");
        };
        if let Some(session) = &self.session {
            add("Session", session);
        }
        if let (Some(login), Some(credential)) = (&mut self.login, &self.credential) {
            let signed = login.respond(&PasswordParams {
                username: &credential.username,
                password: credential.password.reveal(),
                uri: address,
                method,
                body: Some(&[]),
            });
            // A challenge that cannot be answered is answered by none; the camera then refuses.
            if let Ok(signed) = signed {
                add("Authorization", &signed);
            }
        }
        for (name, value) in more {
            add(name, value);
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// Opens the stream that the request names.
///
/// # Errors
/// [`Refusal`].
pub fn open(request: &Request) -> Result<Playing, Refusal> {
    let until = Instant::now() + request.within;
    let socket = connect(request, until)?;
    let address = request.url.url().as_str().to_owned();
    let speaker = Speaker {
        credential: request.credential.clone(),
        login: None,
        refused: false,
        knows_get: false,
        number: 0,
        session: None,
        keep_alive: SESSION_KEPT / 2,
        address: address.clone(),
    };
    let mut talk = Talk { socket, speaker, unread: Vec::new(), early: Vec::new(), until };
    let described = talk.ask("DESCRIBE", &address, &[("Accept", "application/sdp")])?;
    let base = ["Content-Base", "Content-Location"].iter().find_map(|name| described.header(name));
    let base = base.filter(|base| base.to_ascii_lowercase().starts_with("rtsp://")).unwrap_or(&address);
    let track = sdp::video_track(&described.body, base)?;
    let channel = talk.set_up(&track)?;
    talk.speaker.address.clone_from(&track.aggregate);
    talk.ask("PLAY", &track.aggregate, &[("Range", "npt=0.000-")])?;
    let Talk { socket, speaker, unread, mut early, .. } = talk;
    early.extend(unread);
    Ok(Playing { socket, track, channel, unread: early, speaker })
}

fn connect(request: &Request, until: Instant) -> Result<TcpStream, Refusal> {
    let unreachable = |why: &str| Refusal::Unreachable(why.to_owned());
    let url = request.url.url();
    let host = url.host_str().ok_or_else(|| unreachable("the address names no host"))?;
    // An IPv6 address stands in brackets in a URL.
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses = (host, url.port().unwrap_or(PORT)).to_socket_addrs();
    let addresses: Vec<_> = addresses.map_err(|_| unreachable("its name is not known to the network"))?.collect();
    let mut why = unreachable("it did not answer in time");
    for (tried, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        if share.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(address, share) {
            Ok(socket) => {
                // Requests are small and waited for; without it they would still arrive.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
            Err(error) => why = Refusal::Unreachable(in_words(&error)),
        }
    }
    Err(why)
}

/// An I/O error in the words of an operator.
pub fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => "it refused the connection".into(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "it did not answer in time".into(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
            "it closed the connection".into()
        }
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => "no way leads to its address".into(),
        kind => format!("the connection failed ({kind})"),
    }
}

/// The conversation before playing.
struct Talk {
    socket: TcpStream,
    speaker: Speaker,
    unread: Vec<u8>,
    /// Frames that came before the answer to PLAY.
    early: Vec<u8>,
    until: Instant,
}

impl Talk {
    /// Asks and returns the answer of status 2xx; answers a challenge once, and once more where a nonce went stale.
    fn ask(&mut self, method: &str, address: &str, more: &[(&str, &str)]) -> Result<Reply, Refusal> {
        let mut challenges = 0;
        loop {
            let bytes = self.speaker.request(method, address, more);
            self.socket.write_all(&bytes).map_err(|error| Refusal::Unreachable(in_words(&error)))?;
            let reply = self.reply()?;
            if reply.status != 401 {
                return if (200..300).contains(&reply.status) { Ok(reply) } else { Err(refused(&reply)) };
            }
            let again = challenge(&reply);
            let is_stale = matches!(&again, Some(PasswordClient::Digest(digest)) if digest.stale());
            if self.speaker.credential.is_none() || again.is_none() || challenges == 2 {
                return Err(Refusal::Login);
            }
            if self.speaker.login.is_some() && !is_stale {
                return Err(Refusal::Login);
            }
            self.speaker.login = again;
            challenges += 1;
        }
    }

    fn set_up(&mut self, track: &Track) -> Result<u8, Refusal> {
        let asked = self.ask("SETUP", &track.control, &[("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")]);
        let reply = asked.map_err(|refusal| match refusal {
            // Whatever else it dislikes about SETUP is the one thing that was asked for.
            Refusal::Foreign(_) => Refusal::Transport,
            other => other,
        })?;
        let session = reply.header("Session").ok_or_else(|| Refusal::Foreign("it opened no session".into()))?;
        let (id, rest) = session.split_once(';').unwrap_or((session, ""));
        self.speaker.session = Some(id.trim().to_owned());
        let kept_s = rest.split(';').find_map(|part| part.trim().strip_prefix("timeout=")?.trim().parse::<u64>().ok());
        if let Some(seconds) = kept_s {
            self.speaker.keep_alive = Duration::from_secs(seconds.clamp(4, 240)) / 2;
        }
        let transport = reply.header("Transport").unwrap_or_default();
        if transport.to_ascii_uppercase().contains("UDP") {
            return Err(Refusal::Transport);
        }
        let channels = transport.split(';').find_map(|part| part.trim().strip_prefix("interleaved="));
        Ok(channels.and_then(|range| range.split('-').next()?.trim().parse().ok()).unwrap_or(0))
    }

    /// Waits for the answer to the last request.
    fn reply(&mut self) -> Result<Reply, Refusal> {
        let wanted = self.speaker.number.to_string();
        loop {
            let (reply, used) = match wire::first(&self.unread) {
                Err(wire::Nonsense(what)) => return Err(Refusal::Foreign(format!("it sends {what}"))),
                Ok(None) => {
                    self.read()?;
                    continue;
                }
                Ok(Some((Message::Reply(reply), used))) => (Some(reply), used),
                Ok(Some((Message::Frame { .. }, used))) => {
                    if self.early.len() + used <= EARLY_MAX {
                        self.early.extend_from_slice(&self.unread[..used]);
                    }
                    (None, used)
                }
                Ok(Some((Message::Asked(_) | Message::Blank, used))) => (None, used),
            };
            self.unread.drain(..used);
            // An answer to an earlier request is left out; one without a number is meant for this one.
            if let Some(reply) = reply
                && reply.header("CSeq").is_none_or(|number| number == wanted)
            {
                return Ok(reply);
            }
        }
    }

    fn read(&mut self) -> Result<(), Refusal> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refusal::Unreachable("it did not answer in time".into()));
        }
        let failed = |error: std::io::Error| Refusal::Unreachable(in_words(&error));
        self.socket.set_read_timeout(Some(left)).map_err(failed)?;
        let mut piece = [0; 4096];
        match self.socket.read(&mut piece) {
            Ok(0) => Err(Refusal::Unreachable("it closed the connection".into())),
            Ok(size) => {
                self.unread.extend_from_slice(&piece[..size]);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }
}

fn challenge(reply: &Reply) -> Option<PasswordClient> {
    let all = reply.all("WWW-Authenticate");
    all.fold(PasswordClient::builder(), |builder, value| builder.challenges(value)).build().ok()
}

fn refused(reply: &Reply) -> Refusal {
    match reply.status {
        300..400 => {
            // Path and query may carry a password.
            let to = reply.header("Location").and_then(|to| Url::parse(to).ok());
            let host = to.as_ref().and_then(Url::host_str).unwrap_or("another address");
            Refusal::Elsewhere(match to.as_ref().and_then(Url::port) {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            })
        }
        403 => Refusal::Login,
        404 | 410 => Refusal::Missing,
        453 | 503 => Refusal::Unreachable(format!("it has no room for another viewer ({})", reply.status)),
        461 => Refusal::Transport,
        status @ 500..600 => Refusal::Unreachable(format!("it answered with the error {status}")),
        other => Refusal::Foreign(format!("it answered with the status {other}")),
    }
}
