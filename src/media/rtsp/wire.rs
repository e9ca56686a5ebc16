//! RTSP messages and interleaved frames out of a run of bytes. Pure; every message has a bound.

/// Bytes of a message's head at most.
const HEAD_MAX: usize = 16 << 10;
/// Bytes of a message's body at most.
const BODY_MAX: usize = 256 << 10;

/// What stood at the front of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// An interleaved frame: RTP or RTCP.
    Frame {
        /// Interleaved channel.
        channel: u8,
        /// The packet.
        payload: &'a [u8],
    },
    /// A reply.
    Reply(Reply),
    /// The camera asks something of us; its `CSeq`.
    Asked(String),
    /// Blanks between messages.
    Blank,
}

/// A reply to one of our requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Values of a header, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The bytes are no RTSP; what is wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonsense(pub &'static str);

/// The message at the front of `bytes` and its length; `None` when more bytes are needed.
///
/// # Errors
/// [`Nonsense`]: nothing that comes later can make a message of it.
pub fn first(bytes: &[u8]) -> Result<Option<(Message<'_>, usize)>, Nonsense> {
    match *bytes {
        [] => Ok(None),
        [b'$', channel, high, low, ref rest @ ..] => {
            let size = usize::from(u16::from_be_bytes([high, low]));
            Ok(rest.get(..size).map(|payload| (Message::Frame { channel, payload }, size + 4)))
        }
        [b'$', ..] => Ok(None),
        [b'\r' | b'\n', ..] => Ok(Some((Message::Blank, 1))),
        [letter, ..] if letter.is_ascii_alphabetic() => text(bytes),
        _ => Err(Nonsense("bytes that are neither RTP nor RTSP")),
    }
}

fn text(bytes: &[u8]) -> Result<Option<(Message<'_>, usize)>, Nonsense> {
    let window = &bytes[..bytes.len().min(HEAD_MAX)];
    let Some(head_size) = head_end(window) else {
        return if bytes.len() >= HEAD_MAX { Err(Nonsense("a message without an end")) } else { Ok(None) };
    };
    let head = String::from_utf8_lossy(&bytes[..head_size]);
    let mut lines = head.lines();
    let start = lines.next().unwrap_or_default();
    let pair = |line: &str| line.split_once(':').map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(pair).collect();
    let mut reply = Reply { status: 0, headers, body: Vec::new() };
    let body_size = reply.header("Content-Length").map_or(Ok(0), str::parse::<usize>);
    let body_size = body_size.ok().filter(|size| *size <= BODY_MAX).ok_or(Nonsense("a message of no or huge size"))?;
    let Some(body) = bytes.get(head_size..head_size + body_size) else { return Ok(None) };
    let message = match start.strip_prefix("RTSP/") {
        Some(rest) => {
            let status = rest.split_whitespace().nth(1).and_then(|code| code.parse().ok());
            reply.status = status.ok_or(Nonsense("a reply without a status"))?;
            reply.body = body.to_vec();
            Message::Reply(reply)
        }
        None => Message::Asked(reply.header("CSeq").unwrap_or("0").to_owned()),
    };
    Ok(Some((message, head_size + body_size)))
}

/// Where the empty line after a head ends.
fn head_end(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let bare = bytes.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    match (crlf, bare) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_and_replies_are_taken_apart_in_any_pieces() {
        let mut bytes = b"$\x00\x00\x03abc".to_vec();
        bytes.extend(
            b"RTSP/1.0 200 OK\r\ncseq: 7\r\nContent-length: 2\r\nWWW-Authenticate: a\r\nWWW-authenticate: b\r\n\r\nhi",
        );
        bytes.extend(b"OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n");
        let (message, size) = first(&bytes).unwrap().unwrap();
        assert_eq!((message, size), (Message::Frame { channel: 0, payload: b"abc" }, 7));
        let (message, used) = first(&bytes[7..]).unwrap().unwrap();
        let Message::Reply(reply) = message else { panic!("{message:?}") };
        assert_eq!((reply.status, reply.header("CSeq"), reply.body.as_slice()), (200, Some("7"), &b"hi"[..]));
        assert_eq!(reply.all("www-authenticate").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(first(&bytes[7 + used..]).unwrap().unwrap().0, Message::Asked("9".into()));
        for end in 0..7 {
            assert_eq!(first(&bytes[..end]), Ok(None));
        }
        for end in 8..7 + used {
            assert_eq!(first(&bytes[7..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_has_no_bound_is_refused() {
        let endless = vec![b'A'; HEAD_MAX];
        assert!(first(&endless).is_err());
        for head in ["Content-Length: 99999999999999999999", "Content-Length: -1", "Content-Length: 300000"] {
            assert!(first(format!("RTSP/1.0 200 OK\r\n{head}\r\n\r\n").as_bytes()).is_err(), "{head}");
        }
        assert!(first(b"\x00\x01").is_err() && first(b"RTSP/1.0 nonsense\r\n\r\n").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300), head in "(RTSP/1.0 200 OK\r\n|\\$)?") {
            let mut all = head.into_bytes();
            all.extend(bytes);
            if let Ok(Some((_, size))) = first(&all) {
                prop_assert!(size > 0 && size <= all.len());
            }
        }
    }
}
