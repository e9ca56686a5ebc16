//! What GStreamer reports, in words an operator can act on. Never lets a credential through.

use gstreamer as gst;
use gstreamer::glib;

use crate::{
    domain::{Credential, Stream},
    media::MediaError,
};

/// What a session is called in errors: the stream's name and host, never its path or query, in which some
/// camera models carry a password.
pub fn name_of(stream: &Stream) -> String {
    let url = stream.source.url();
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{} ({}://{host}:{port})", stream.name, url.scheme()),
        (Some(host), None) => format!("{} ({}://{host})", stream.name, url.scheme()),
        _ => format!("{} (file)", stream.name),
    }
}

/// Takes credentials out of a text: of addresses only scheme, host and port are left, because some models carry the
/// password in path or query, and the password is taken out wherever else it stands.
pub fn redact(text: &str, credential: Option<&Credential>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("//") {
        let (head, tail) = rest.split_at(at + 2);
        out.push_str(head);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '|' | ')');
        let (address, after) = tail.split_at(tail.find(ends).unwrap_or(tail.len()));
        let (authority, path) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
        match authority.rfind('@') {
            Some(sign) => {
                out.push_str("***");
                out.push_str(authority.split_at(sign).1);
            }
            None => out.push_str(authority),
        }
        if path.len() > 1 {
            out.push_str("/***");
        }
        rest = after;
    }
    out.push_str(rest);
    match credential.map(|credential| credential.password.reveal()) {
        Some(password) if !password.is_empty() => out.replace(password, "***"),
        _ => out,
    }
}

/// Whether rtspsrc could set up none of the streams: with a video that we take on offer, that is the
/// camera's refusal of the way RTP should travel. By its kind, because its text comes in the system's language.
pub fn sets_up_nothing(error: &glib::Error) -> bool {
    error.matches(gst::StreamError::CodecNotFound) || error.matches(gst::ResourceError::Settings)
}

/// What a bus error means. `played`: packets had come before it.
pub fn explain(
    name: &str,
    error: &glib::Error,
    debug: Option<&str>,
    played: bool,
    credential: Option<&Credential>,
) -> MediaError {
    let name = name.to_owned();
    let text = format!("{error} {}", debug.unwrap_or("")).to_ascii_lowercase();
    let words = || redact(&error.to_string(), credential).trim_end_matches(['.', ' ']).to_owned();
    let is = |kind: gst::ResourceError| error.matches(kind);
    if is(gst::ResourceError::NotAuthorized) || text.contains("unauthorized") || text.contains("(401)") {
        return MediaError::Unauthorised(name);
    }
    if is(gst::ResourceError::NotFound) && !text.contains("resolve") || text.contains("(404)") {
        return MediaError::NotFound(name);
    }
    let codec_kinds = [gst::StreamError::CodecNotFound, gst::StreamError::TypeNotFound, gst::StreamError::WrongType];
    if codec_kinds.into_iter().any(|kind| error.matches(kind)) || error.matches(gst::CoreError::MissingPlugin) {
        return MediaError::Unsupported(name, "a format that no installed decoder knows".into());
    }
    if played {
        return MediaError::Stalled(name, words());
    }
    if error.kind::<gst::ResourceError>().is_some() || text.contains("connect") {
        let why = match () {
            () if text.contains("resolv") => "its name is not known to the network".into(),
            () if text.contains("(503)") || text.contains("(453)") => "it has no room for another client".into(),
            () if text.contains("refused") => "it refused the connection".into(),
            () if text.contains("timeout") || text.contains("timed out") => "it did not answer in time".into(),
            // By its kind, because its text comes in the system's language.
            () if is(gst::ResourceError::OpenReadWrite) => "it takes no connection".into(),
            () => words(),
        };
        return MediaError::Unreachable(name, why);
    }
    MediaError::Framework(format!("{name}: {}", words()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Secret;

    #[test]
    fn credentials_never_pass() {
        let credential = Credential { username: "admin".into(), password: Secret::new("pa/ss") };
        let text = "failed rtsp://admin:se@cret@10.0.0.8/ch1 and http://10.0.0.9?token=T (rtsp://h/user=a&pass=S) pa/ss //u:p@h";
        let clean = redact(text, Some(&credential));
        assert_eq!(clean, "failed rtsp://***@10.0.0.8/*** and http://10.0.0.9/*** (rtsp://h/***) *** //***@h");
    }

    #[test]
    fn bus_errors_become_what_a_caller_can_act_on() {
        use gst::ResourceError as R;
        let told = |kind: R, text: &str, played| explain("c", &glib::Error::new(kind, text), None, played, None);
        let c = || "c".to_owned();
        assert_eq!(told(R::NotAuthorized, "Unauthorized", false), MediaError::Unauthorised(c()));
        assert_eq!(told(R::NotFound, "Not found", false), MediaError::NotFound(c()));
        assert!(matches!(told(R::OpenReadWrite, "Could not connect", false), MediaError::Unreachable(..)));
        assert!(matches!(told(R::OpenReadWrite, "Could not connect", true), MediaError::Stalled(..)));
        assert!(matches!(told(R::NotFound, "Could not resolve host", false), MediaError::Unreachable(..)));
        let codec = glib::Error::new(gst::StreamError::CodecNotFound, "no codec");
        assert!(matches!(explain("c", &codec, None, false, None), MediaError::Unsupported(..)));
    }
}
