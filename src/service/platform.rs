//! The platform as its people see it: how it is reached, whether it listens, how much it has heard and said.

use super::{Moment, MomentKind, Service, ServiceError, words};
use crate::{
    config::Outlet,
    deliver::CaseDay,
    domain::{Callback, CaseId, PlatformPause, WallTime},
    store::PlatformCounts,
};

/// How the platform is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// By signed HTTP.
    Http {
        /// Host and port.
        host: String,
        /// Which key signs.
        key_id: String,
    },
    /// By a folder.
    Folder,
}

/// How the conversation with the platform stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformStatus {
    /// How it is reached; `None` without one.
    pub reached: Option<Reached>,
    /// Set while it takes nothing from us.
    pub pause: Option<PlatformPause>,
    /// Messages and callbacks; delivered ones are counted from midnight on.
    pub counts: PlatformCounts,
}

impl Service {
    /// How the conversation with the platform stands.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn platform(&self) -> Result<PlatformStatus, ServiceError> {
        let reached = self.config.settings.platform.as_ref().map(|platform| match &platform.outlet {
            Outlet::Http { url, key_id, .. } => {
                let host = url.host_str().unwrap_or_default();
                let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
                Reached::Http { host, key_id: key_id.clone() }
            }
            Outlet::Folder { .. } => Reached::Folder,
        });
        let offset = self.config.city.utc_offset();
        let midnight = CaseDay::of(self.now().civil(offset).date_naive(), offset).from;
        let (pause, counts) = (self.store.platform_pause()?, self.store.platform_counts(midnight)?);
        Ok(PlatformStatus { reached, pause, counts })
    }

    /// The whole life of a case, oldest first: sightings, evidence, verdicts, messages, receipts, what the platform
    /// said, re-checks, recurrences.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn case_timeline(&self, id: CaseId) -> Result<Vec<Moment>, ServiceError> {
        let case = self.case(id)?.case;
        let detail = self.incident(case.incident)?;
        let mut moments = detail.timeline();
        // Callbacks that moved the case are in its audit log; those that changed nothing are told here.
        let moved = |callback: &Callback| {
            detail
                .audit
                .iter()
                .any(|row| row.detail.get("callback").and_then(|id| id.as_str()) == Some(&callback.callback_id))
        };
        for (callback, heard_at) in self.store.callbacks_of(id)?.into_iter().filter(|(callback, _)| !moved(callback)) {
            moments.push(unmoved(&callback, heard_at));
        }
        moments.sort_by_key(|moment| (moment.at, moment.what));
        Ok(moments)
    }
}

fn unmoved(callback: &Callback, heard_at: WallTime) -> Moment {
    let mut words = format!("平台回调 {}，阶段未变", words::stage(callback.stage));
    let mut words_en = format!("The platform said {}, the stage stays", words::stage_en(callback.stage));
    if !callback.note.is_empty() {
        words.push_str(&format!("：{}", callback.note));
        words_en.push_str(&format!(": {}", callback.note));
    }
    Moment::of(heard_at, MomentKind::Case, words, words_en)
}
