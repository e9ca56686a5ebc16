//! The notice that the platform takes nothing from us: why, since when, what waits. Shown where people look first.

use maud::{Markup, html};

use super::words;
use crate::{
    domain::PlatformPause,
    service::{Service, ServiceError},
};

/// The platform's pause and how many deliveries wait for its end.
pub(super) type Paused = Option<(PlatformPause, u64)>;

/// Asks whether there is something to tell.
pub(super) fn paused(service: &Service) -> Result<Paused, ServiceError> {
    match service.platform_pause()? {
        Some(pause) => Ok(Some((pause, service.store.waiting_deliveries()?))),
        None => Ok(None),
    }
}

/// Nothing while all is well.
pub(super) fn notice(service: &Service, paused: &Paused) -> Markup {
    let offset = service.config.city.utc_offset();
    html! {
        @if let Some((pause, waiting)) = paused {
            p.notice #platform {
                b { "平台暂停接收" } "，自 " (words::moment(pause.since, offset)) "；" (waiting) " 条上报等待，恢复后自动按序补报。"
                br; span.dim { (pause.why) }
            }
        }
    }
}
