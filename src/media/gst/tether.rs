//! Keeps a source where it was opened. `rtspsrc` follows every redirect by itself, and would hand the credential to
//! whoever it is sent to; it says so on the bus before it connects, in the very thread that is about to. That thread
//! is held here until its session is closed, which cancels the connection. HTTP redirects are switched off at the
//! source; here they only get their name. A redirect is never followed, not even to an address that may be called:
//! the camera is registered by the address at which it is.

use std::{
    sync::{Arc, OnceLock},
    thread,
    time::Duration,
};

use gstreamer as gst;
use gstreamer::prelude::*;
use url::Url;

/// How often a held thread looks whether its session was closed.
const CLOSED_EVERY: Duration = Duration::from_millis(5);

/// Where a source belongs, and where it wanted to lead us.
#[derive(Debug, Default)]
pub struct Tether {
    home: Option<(String, Option<u16>)>,
    led_away: OnceLock<String>,
}

impl Tether {
    /// A source that stays at `home`; `None` for files.
    pub fn new(home: Option<&Url>) -> Self {
        Self { home: home.and_then(place), led_away: OnceLock::new() }
    }

    /// Where the source wanted to lead us, without path and query.
    pub fn led_away(&self) -> Option<&str> {
        self.led_away.get().map(String::as_str)
    }

    /// Notes where the source wanted to lead us; the first one is told.
    pub fn lead_away(&self, to: impl Into<String>) {
        let _ = self.led_away.set(to.into());
    }

    /// Watches what the source's pipeline says, and keeps its errors and its end.
    pub fn watch(self: &Arc<Self>, bus: &gst::Bus) {
        let tether = Arc::clone(self);
        bus.set_sync_handler(move |_, message| tether.judge(message));
    }

    /// Sends receipts (RTCP) and the first packets through a firewall to where the source is, whatever address it
    /// names for them: a camera must not be able to make us send packets to others.
    pub fn keep_receipts(self: &Arc<Self>, source: &gst::Element) {
        let Some(bin) = source.downcast_ref::<gst::Bin>() else { return };
        let tether = Arc::clone(self);
        bin.connect_element_added(move |_, added| {
            let sends = added.factory().is_some_and(|factory| factory.name() == "udpsink");
            let Some((home, _)) = tether.home.as_ref().filter(|_| sends) else { return };
            let home = home.trim_matches(['[', ']']);
            if added.property::<String>("host") != home {
                added.set_property("host", home);
            }
        });
    }

    fn judge(&self, message: &gst::MessageRef) -> gst::BusSyncReply {
        match message.view() {
            gst::MessageView::Progress(progress) => {
                let (_, _, text) = progress.get();
                if let Some(to) = text.split_whitespace().find_map(|word| Url::parse(word).ok().filter(has_host)) {
                    self.hold(&to, message);
                }
            }
            gst::MessageView::Element(element) => self.note_http(element.structure()),
            _ => {}
        }
        keep_fault(message)
    }

    /// Returns at once for an address at home. For any other it returns when the session was closed.
    fn hold(&self, to: &Url, message: &gst::MessageRef) {
        let Some(away) = place(to) else { return };
        if self.home.as_ref() == Some(&away) {
            return;
        }
        let (host, port) = away;
        self.lead_away(port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")));
        let source = message.src().and_then(|source| source.downcast_ref::<gst::Element>());
        while source.is_some_and(|source| source.current_state() > gst::State::Ready) {
            thread::sleep(CLOSED_EVERY);
        }
    }

    fn note_http(&self, told: Option<&gst::StructureRef>) {
        let Some(told) = told.filter(|told| told.name() == "http-headers") else { return };
        if told.get::<u32>("http-status-code").is_ok_and(|status| (300..400).contains(&status)) {
            let location = told.get::<gst::Structure>("response-headers").ok();
            let location = location.and_then(|headers| headers.get::<String>("Location").ok());
            let place = location.and_then(|text| Url::parse(&text).ok()).and_then(|url| place(&url));
            self.lead_away(place.map_or_else(|| "another address".to_owned(), |(host, _)| host));
        }
    }
}

/// Errors and ends are kept on a bus, nobody reads the rest.
pub fn keep_fault(message: &gst::MessageRef) -> gst::BusSyncReply {
    match message.type_() {
        gst::MessageType::Error | gst::MessageType::Eos => gst::BusSyncReply::Pass,
        _ => gst::BusSyncReply::Drop,
    }
}

fn has_host(url: &Url) -> bool {
    url.has_host()
}

/// Host and port, the scheme's own where none is written.
fn place(url: &Url) -> Option<(String, Option<u16>)> {
    let usual = match url.scheme() {
        "rtsp" => Some(554),
        "rtsps" => Some(322),
        _ => url.port_or_known_default(),
    };
    Some((url.host_str()?.to_ascii_lowercase(), url.port().or(usual)))
}
