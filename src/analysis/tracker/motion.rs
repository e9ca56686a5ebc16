//! Where a box will be: constant velocity, corrected by an alpha-beta filter (the steady state of a Kalman filter
//! with that motion, without its matrices). Never predicts a box without area.

use crate::domain::{BBox, FrameSpace, Pts};

/// Share of the surprise that goes into the position: detector boxes jitter by a few percent, so most is believed.
const ALPHA: f32 = 0.7;
/// Share of the surprise that goes into the velocity, per step.
const BETA: f32 = 0.3;
/// The second detection tells the velocity for the first time and is believed this much.
const BETA_FIRST: f32 = 0.8;
/// Velocity of size fades while nothing is seen: a box must not shrink to nothing behind a pillar.
const SIZE_BETA: f32 = 0.1;
/// No prediction reaches further ahead of the latest detection than this.
const AHEAD_MAX_S: f32 = 2.0;

/// Centre and size of a box with their velocities, in pixels and pixels a second.
#[derive(Debug)]
pub(super) struct Motion {
    /// Centre x, centre y, width, height at the latest correction.
    state: [f32; 4],
    velocity: [f32; 4],
    /// The same at the moment asked for.
    ahead: [f32; 4],
    /// Media time of the latest correction.
    at: Pts,
    /// Media time of `ahead`.
    ahead_at: Pts,
    corrections: u32,
}

fn parts(bbox: &BBox<FrameSpace>) -> [f32; 4] {
    let centre = bbox.centre();
    [centre.x, centre.y, bbox.width(), bbox.height()]
}

impl Motion {
    pub(super) fn new(at: Pts, bbox: &BBox<FrameSpace>) -> Self {
        let state = parts(bbox);
        Self { state, velocity: [0.0; 4], ahead: state, at, ahead_at: at, corrections: 0 }
    }

    /// Moves the prediction to `pts`.
    pub(super) fn predict(&mut self, pts: Pts) {
        self.ahead_at = pts;
        let ahead_s = pts.since(self.at).as_secs_f32().min(AHEAD_MAX_S);
        for (i, ahead) in self.ahead.iter_mut().enumerate() {
            *ahead = self.state[i] + self.velocity[i] * ahead_s;
        }
        for (ahead, state) in self.ahead[2..].iter_mut().zip(&self.state[2..]) {
            *ahead = ahead.clamp(state * 0.5, state * 2.0);
        }
    }

    /// Corrects the prediction by what was seen at the moment last predicted.
    pub(super) fn correct(&mut self, seen: &BBox<FrameSpace>) {
        let seen = parts(seen);
        let elapsed_s = self.ahead_at.since(self.at).as_secs_f32();
        for (i, seen) in seen.into_iter().enumerate() {
            let surprise = seen - self.ahead[i];
            if elapsed_s > 1e-3 {
                let beta = match (i, self.corrections) {
                    (2.., _) => SIZE_BETA,
                    (_, 0) => BETA_FIRST,
                    _ => BETA,
                };
                self.velocity[i] += beta * surprise / elapsed_s;
            }
            self.state[i] = self.ahead[i] + ALPHA * surprise;
        }
        self.ahead = self.state;
        self.at = self.ahead_at;
        self.corrections = self.corrections.saturating_add(1);
    }

    /// The box at the moment last predicted or corrected.
    pub(super) fn bbox(&self) -> BBox<FrameSpace> {
        let [x, y, w, h] = self.ahead;
        BBox::new(x - w / 2.0, y - h / 2.0, x + w / 2.0, y + h / 2.0)
    }
}
