//! Health: whether the house can do its work now, in numbers.

use super::{Coverage, Service, ServiceError};
use crate::{
    domain::{Areas, DeliveryState, PlatformPause},
    store::Page,
    telemetry::{Signal, emit},
};

/// How the house stands.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether the store answers.
    pub store_ok: bool,
    /// Why it does not; empty when it does.
    pub store_reason: String,
    /// Registered views.
    pub views: usize,
    /// Of them covered.
    pub covered: usize,
    /// Of them in want of a look, or blind.
    pub uncovered: usize,
    /// Of them idle or disabled on purpose.
    pub resting: usize,
    /// Deliveries that the platform does not have yet, counted up to 500.
    pub deliveries_pending: usize,
    /// Deliveries that were given up, counted up to 500.
    pub deliveries_dead: usize,
    /// Milliseconds since the oldest pending delivery arose.
    pub delivery_oldest_ms: Option<u64>,
    /// The platform takes nothing from us at present; deliveries wait.
    pub platform_pause: Option<PlatformPause>,
    /// Free bytes on the disk of the data folder; `None` where the system does not say.
    pub disk_free_bytes: Option<u64>,
}

/// Below this the house warns: a day of evidence of a busy camera.
pub const DISK_FREE_BYTES_MIN: u64 = 1 << 30;

impl Health {
    /// Whether nothing needs a person.
    pub fn ok(&self) -> bool {
        self.store_ok
            && self.uncovered == 0
            && self.deliveries_dead == 0
            && self.platform_pause.is_none()
            && self.disk_free_bytes.is_none_or(|free| free >= DISK_FREE_BYTES_MIN)
    }
}

impl Service {
    /// How the house stands. Never fails: a store that does not answer is part of the answer.
    pub fn health(&self) -> Health {
        let mut health = Health {
            store_ok: true,
            store_reason: String::new(),
            views: 0,
            covered: 0,
            uncovered: 0,
            resting: 0,
            deliveries_pending: 0,
            deliveries_dead: 0,
            delivery_oldest_ms: None,
            platform_pause: None,
            disk_free_bytes: disk_free(self),
        };
        if let Err(error) = self.count(&mut health) {
            health.store_ok = false;
            health.store_reason = error.to_string();
        }
        health
    }

    fn count(&self, health: &mut Health) -> Result<(), ServiceError> {
        let areas = self.seen_areas(&Areas::All);
        let mut by_state = std::collections::HashMap::new();
        for row in self.coverage()? {
            health.views += 1;
            match row.coverage {
                Coverage::Covered => health.covered += 1,
                Coverage::Blind(_) | Coverage::Overdue | Coverage::Unseen | Coverage::Refused(_) => {
                    health.uncovered += 1;
                }
                Coverage::Idle | Coverage::Disabled => health.resting += 1,
            }
            if let Some(look) = &row.latest {
                *by_state.entry(look.state).or_insert(0_u64) += 1;
            }
        }
        // Only who sees all counts the whole house.
        for (state, views) in by_state.into_iter().filter(|_| areas == Areas::All) {
            emit(Signal::Coverage { state, views });
        }
        let page = Page { after: None, limit: 500 };
        let pending = self.store.deliveries(&areas, Some("pending"), &page)?.rows;
        let oldest =
            pending.iter().filter(|d| matches!(d.state, DeliveryState::Pending { .. })).map(|d| d.created_at).min();
        health.deliveries_pending = pending.len();
        health.delivery_oldest_ms =
            oldest.map(|at| u64::try_from(self.now().since(at).as_millis()).unwrap_or(u64::MAX));
        health.platform_pause = self.platform_pause()?;
        health.deliveries_dead = self.store.deliveries(&areas, Some("dead"), &page)?.rows.len();
        Ok(())
    }
}

fn disk_free(service: &Service) -> Option<u64> {
    let stat = rustix::fs::statvfs(service.data()).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
