//! The rhythm at which frames are handed out when a look asks for so many a second. Pure.

use std::time::Duration;

use crate::domain::{DecodeMode, Pts};

/// Thins frames to a rate by their media time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rhythm {
    step: Option<Duration>,
    due: Option<Pts>,
}

impl Rhythm {
    /// Takes on the rhythm of a decode mode; a rhythm that stays the same goes on undisturbed.
    pub fn follow(&mut self, decode: DecodeMode) {
        let step = match decode {
            DecodeMode::Rate { fps } if fps > 0.0 => Duration::try_from_secs_f32(1.0 / fps).ok(),
            _ => None,
        };
        if step != self.step {
            *self = Self { step, due: None };
        }
    }

    /// Whether a frame at `pts` is due. A frame up to an eighth of a step early counts, so that a
    /// camera's jitter costs no frame; media time that jumps back starts the rhythm anew.
    pub fn is_due(&mut self, pts: Pts) -> bool {
        let Some(step) = self.step else { return true };
        let step = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
        let due = self.due.filter(|due| due.0 <= pts.0.saturating_add(step.saturating_mul(2)));
        if due.is_some_and(|due| pts.0.saturating_add(step / 8) < due.0) {
            return false;
        }
        let on_beat = due.map_or(0, |due| due.0.saturating_add(step));
        self.due = Some(Pts(if on_beat > pts.0 { on_beat } else { pts.0.saturating_add(step) }));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(fps: f32, times_ms: impl IntoIterator<Item = u64>) -> Vec<u64> {
        let mut rhythm = Rhythm::default();
        rhythm.follow(DecodeMode::Rate { fps });
        times_ms.into_iter().filter(|ms| rhythm.is_due(Pts(ms * 1_000_000))).collect()
    }

    #[test]
    fn frames_are_thinned_evenly_and_gaps_are_survived() {
        assert_eq!(kept(5.0, (0..25).map(|i| i * 40)), [0, 200, 400, 600, 800]);
        assert_eq!(kept(2.0, [0, 490, 700, 1010, 5000, 5100, 5510]), [0, 490, 1010, 5000, 5510]);
        assert_eq!(kept(1.0, [9000, 9500, 0, 500, 1000]), [9000, 0, 1000]);
        assert_eq!(kept(50.0, [0, 40, 80]), [0, 40, 80]);
    }
}
