//! Streams (registered camera sources), their views and where they stand.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{Area, MatterKey, StreamId, ViewId, WallTime};

/// A text that must never be printed: it shows as `***` and cannot be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// User name and password of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// The address of a source, never with `user:password@` inside. Some models want the password in the path or the query
/// instead, so what is printed hides the values there; [`SourceUrl::url`] has them, for whoever connects.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceUrl(Url);

/// So much of a scheme that nobody speaks is told back.
const SCHEME_SHOWN_MAX: usize = 32;

/// Why an address cannot be a source.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSource {
    /// Not an address.
    #[error("not an address; write rtsp://host/path, http://host/path or file:///path")]
    Unreadable,
    /// A scheme that no source speaks.
    #[error("scheme {0:?} is not supported; use rtsp, rtsps, http, https or file")]
    Scheme(String),
    /// A credential inside the address.
    #[error("put the user name and the password into their own fields, not into the address")]
    CredentialInside,
    /// No host.
    #[error("the address names no host")]
    NoHost,
}

impl SourceUrl {
    /// Checks an address that carries no credential.
    ///
    /// # Errors
    /// [`BadSource`].
    pub fn parse(text: &str) -> Result<Self, BadSource> {
        match Self::split(text)? {
            (source, None) => Ok(source),
            (_, Some(_)) => Err(BadSource::CredentialInside),
        }
    }

    /// Takes an address that may carry `user:password@` and parts the two.
    ///
    /// # Errors
    /// [`BadSource`], without the credential in its text.
    pub fn split(text: &str) -> Result<(Self, Option<Credential>), BadSource> {
        let mut url = Url::parse(text.trim()).map_err(|_| BadSource::Unreadable)?;
        if !Self::is_stable(&url) {
            return Err(BadSource::Unreadable);
        }
        match url.scheme() {
            "rtsp" | "rtsps" | "http" | "https" => {
                if url.host_str().is_none_or(str::is_empty) {
                    return Err(BadSource::NoHost);
                }
            }
            // A file lies on this machine; behind a host the address would not even be read the same twice.
            "file" if url.host().is_none() => return Ok((Self(url), None)),
            "file" => return Err(BadSource::Unreadable),
            other => return Err(BadSource::Scheme(other.chars().take(SCHEME_SHOWN_MAX).collect())),
        }
        let decode = |text: &str| percent_decode(text);
        let credential = (!url.username().is_empty() || url.password().is_some()).then(|| Credential {
            username: decode(url.username()),
            password: Secret::new(decode(url.password().unwrap_or(""))),
        });
        url.set_username("").map_err(|()| BadSource::Unreadable)?;
        url.set_password(None).map_err(|()| BadSource::Unreadable)?;
        Ok((Self(url), credential))
    }

    /// What is stored as text must be read again as the same: `file:/A:.` with blanks between would not be.
    fn is_stable(url: &Url) -> bool {
        Url::parse(url.as_str()).as_ref() == Ok(url)
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}
impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.0.as_str()))
    }
}
impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self.0.as_str()).fmt(f)
    }
}

/// Words whose values say which picture is wanted and are no secrets; every other `word=value` hides its value, as
/// in `/user=admin&password=***&channel=1`.
const SHOWN_WORDS: [&str; 17] = [
    "user",
    "username",
    "channel",
    "chn",
    "ch",
    "sub",
    "stream",
    "streamid",
    "subtype",
    "type",
    "profile",
    "proto",
    "transport",
    "unicast",
    "tcp",
    "id",
    "video",
];

fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut word, mut hidden) = (String::new(), false);
    for c in text.chars() {
        let separates = matches!(c, '&' | '/' | '?' | ';' | '#');
        if hidden && !separates {
            continue;
        }
        shown.push(c);
        hidden = c == '=' && !SHOWN_WORDS.contains(&word.as_str());
        if hidden {
            shown.push_str("***");
        }
        if separates || c == '=' {
            word.clear();
        } else {
            word.extend(c.to_lowercase());
        }
    }
    shown
}
impl TryFrom<String> for SourceUrl {
    type Error = BadSource;
    fn try_from(text: String) -> Result<Self, BadSource> {
        Self::parse(&text)
    }
}
impl From<SourceUrl> for String {
    fn from(source: SourceUrl) -> Self {
        source.0.into()
    }
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        // Digits only: `from_str_radix` takes a sign as well.
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        let hex = hex.filter(|hex| hex.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                i += 3;
            }
            None => {
                out.push(bytes[i]);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// How RTP travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP first, UDP when the camera refuses TCP.
    #[default]
    Auto,
    /// Interleaved in the RTSP connection.
    Tcp,
    /// RTP over UDP.
    Udp,
}

/// Coordinate reference system of a point. An unlabelled point is never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Crs {
    /// China Geodetic Coordinate System 2000, what the platforms exchange.
    Cgcs2000,
    /// WGS 84, what GB/T 28181 catalogues carry.
    Wgs84,
    /// GCJ-02, of map tiles.
    Gcj02,
    /// BD-09, of Baidu's map.
    Bd09,
}

/// Where a camera looks, as the platform names places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// Longitude in degrees.
    pub longitude: f64,
    /// Latitude in degrees.
    pub latitude: f64,
    /// System of the two.
    pub crs: Crs,
    /// Address in words.
    pub address: String,
    /// 单元网格 code: 15 digits (GB/T 47678.3), when known.
    #[serde(default)]
    pub grid_cell: Option<String>,
}

/// Mean radius of the earth (IUGG).
const EARTH_M: f64 = 6_371_008.8;

impl Location {
    /// How far apart two places are in metres, on the sphere (haversine). `None` where their systems differ by more
    /// than a camera's surroundings: GCJ-02 and BD-09 are moved by hundreds of metres.
    pub fn distance_m(&self, other: &Self) -> Option<f64> {
        let frame = |crs| match crs {
            Crs::Cgcs2000 | Crs::Wgs84 => 0, // Centimetres apart.
            Crs::Gcj02 => 1,
            Crs::Bd09 => 2,
        };
        if frame(self.crs) != frame(other.crs) {
            return None;
        }
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half = |radians: f64| (radians / 2.0).sin().powi(2);
        let chord = half(to - from) + from.cos() * to.cos() * half((other.longitude - self.longitude).to_radians());
        Some(2.0 * EARTH_M * chord.sqrt().min(1.0).asin())
    }
}

/// A registered camera source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    /// Identity.
    pub id: StreamId,
    /// The city's own code of the camera (GB/T 28181: 20 digits); unique.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Where the media comes from.
    pub source: SourceUrl,
    /// How RTP travels.
    pub transport: Transport,
    /// Where it looks.
    pub location: Option<Location>,
    /// 区域: who may see it; one that belongs to none is seen by those who see all.
    pub area: Option<Area>,
    /// A disabled stream keeps its memory and is not looked at.
    pub enabled: bool,
    /// When it was registered.
    pub registered_at: WallTime,
}

/// The reference picture of a view: what zones are drawn on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Counts up with each new reference.
    pub version: u32,
    /// File below the data folder.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of the file.
    pub sha256: String,
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
    /// When the camera saw it.
    pub taken_at: WallTime,
}

impl Reference {
    /// File of the copy in which heads and plates are unreadable, beside the picture.
    pub fn masked_file(&self) -> String {
        Self::masked(&self.file)
    }

    /// The same of a file of any version.
    pub fn masked(file: &str) -> String {
        format!("{}.masked.jpg", file.strip_suffix(".jpg").unwrap_or(file))
    }
}

/// One fixed framing of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// Identity.
    pub id: ViewId,
    /// The stream that shows it.
    pub stream: StreamId,
    /// Name for people.
    pub name: String,
    /// What is looked for.
    pub matters: Vec<MatterKey>,
    /// Overrides every matter's revisit target, in seconds.
    pub revisit_s: Option<u32>,
    /// Share of a short budget, 1 is normal.
    pub weight: f32,
    /// The reference picture, once one was taken.
    pub reference: Option<Reference>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_map() {
        let at =
            |longitude, latitude, crs| Location { longitude, latitude, crs, address: String::new(), grid_cell: None };
        let tower = at(121.4998, 31.2397, Crs::Cgcs2000);
        for (other, metres) in [
            (at(121.4998, 31.2397, Crs::Wgs84), Some(0.0)),
            (at(121.4998, 31.2407, Crs::Cgcs2000), Some(111.2)), // A thousandth of a degree of a meridian.
            (at(121.5008, 31.2397, Crs::Cgcs2000), Some(95.1)),  // Of a parallel: times cos 31.24 degrees.
            (at(121.4998, 31.2397, Crs::Gcj02), None),
        ] {
            let apart = tower.distance_m(&other);
            assert_eq!(apart.map(|apart| (apart * 10.0).round() / 10.0), metres, "{other:?}");
        }
    }

    #[test]
    fn an_address_shows_no_password_wherever_the_camera_wants_it() {
        for (address, shown) in [
            ("rtsp://10.0.0.8:554/Streaming/Channels/101", "rtsp://10.0.0.8:554/Streaming/Channels/101"),
            (
                "rtsp://10.0.0.8/user=admin&password=S3&channel=1&stream=0.sdp",
                "rtsp://10.0.0.8/user=admin&password=***&channel=1&stream=0.sdp",
            ),
            ("http://h/cgi?user=a&PWD=S3", "http://h/cgi?user=a&PWD=***"),
            ("http://h/live?k=S3&ticket=a=b;x#y=z", "http://h/live?k=***&ticket=***;x#y=***"),
        ] {
            let source = SourceUrl::parse(address).unwrap();
            assert_eq!((source.to_string(), format!("{source:?}")), (shown.to_owned(), format!("{shown:?}")));
            assert_eq!(source.url().as_str(), address);
        }
    }

    #[test]
    fn credentials_leave_the_address_and_never_show() {
        let (source, credential) = SourceUrl::split("rtsp://ad%40min:p%3Aw@10.0.0.8:554/ch1?sub=0").unwrap();
        let credential = credential.unwrap();
        assert_eq!(source.to_string(), "rtsp://10.0.0.8:554/ch1?sub=0");
        assert_eq!((credential.username.as_str(), credential.password.reveal()), ("ad@min", "p:w"));
        assert!(!format!("{credential:?}").contains("p:w"));
        let (_, odd) = SourceUrl::split("rtsp://u:100%+1%41@h/").unwrap();
        assert_eq!(odd.unwrap().password.reveal(), "100%+1A", "a percent sign without two digits stands for itself");
        assert_eq!(SourceUrl::parse("rtsp://a:b@h/x"), Err(BadSource::CredentialInside));
        assert_eq!(SourceUrl::parse("gopher://h/x"), Err(BadSource::Scheme("gopher".into())));
        assert_eq!(SourceUrl::parse("nonsense"), Err(BadSource::Unreadable));
        assert_eq!(SourceUrl::parse("file://server/clip.mp4"), Err(BadSource::Unreadable));
        assert!(SourceUrl::parse("file:///clip.mp4").is_ok() && SourceUrl::parse("file://localhost/clip.mp4").is_ok());
    }
}
