//! GStreamer's own log, which `GST_DEBUG` switches on: into ours, with addresses cut behind the host and without the
//! headers that sign in. Its default writer, which knows no secrets, is taken away.

use std::sync::Once;

use gstreamer as gst;

use super::fault::redact;

/// Takes the log over, once in a process.
pub fn take_over() {
    static TAKEN: Once = Once::new();
    TAKEN.call_once(|| {
        gst::log::remove_default_log_function();
        gst::log::add_log_function(|category, level, _, function, line, _, message| {
            let Some(text) = message.get() else { return };
            if SIGN_IN.iter().any(|word| text.contains(word)) {
                return;
            }
            let (text, category) = (redact(&text, None), category.name());
            match level {
                gst::DebugLevel::Error | gst::DebugLevel::Warning => {
                    tracing::warn!(target: "gstreamer", category, %function, line, "{text}");
                }
                gst::DebugLevel::Fixme | gst::DebugLevel::Info | gst::DebugLevel::Debug => {
                    tracing::debug!(target: "gstreamer", category, %function, line, "{text}");
                }
                _ => tracing::trace!(target: "gstreamer", category, %function, line, "{text}"),
            }
        });
    });
}

/// Lines with one of these are left out whole.
const SIGN_IN: [&str; 6] = ["uthorization", "user-pw", "user-id", "proxy-pw", "assword", "uthenticate"];
