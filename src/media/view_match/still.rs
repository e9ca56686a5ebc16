//! Notices a picture that repeats exactly while time runs. Never compares with tolerance: a quiet street at night
//! is nearly still, and only a machine repeats itself to the last bit.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use super::{FROZEN_PICTURES_MIN, FROZEN_TIME_MIN, plane::Plane};
use crate::domain::{Picture, WallTime};

/// Single pixels that are looked at beside the small picture, whose means hide noise: columns and rows.
const PROBES: (u32, u32) = (160, 90);

/// The picture that is being repeated.
#[derive(Debug, Default)]
pub(super) struct Still {
    seen: Option<Repeated>,
}

#[derive(Debug)]
struct Repeated {
    fingerprint: u64,
    since: WallTime,
    pictures: u32,
}

impl Still {
    /// Takes the next picture; returns for how long it has repeated, once that is frozen.
    pub(super) fn frozen_for(&mut self, picture: &Picture, luma: &Plane, at: WallTime) -> Option<Duration> {
        let fingerprint = fingerprint(picture, luma);
        match &mut self.seen {
            Some(seen) if seen.fingerprint == fingerprint && seen.since <= at => {
                seen.pictures = seen.pictures.saturating_add(1);
                let time = at.since(seen.since);
                (seen.pictures >= FROZEN_PICTURES_MIN && time >= FROZEN_TIME_MIN).then_some(time)
            }
            seen => {
                *seen = Some(Repeated { fingerprint, since: at, pictures: 1 });
                None
            }
        }
    }
}

fn fingerprint(picture: &Picture, luma: &Plane) -> u64 {
    let mut hash = DefaultHasher::new();
    let (columns, rows) = (PROBES.0.min(picture.width()), PROBES.1.min(picture.height()));
    let mut probes = Vec::with_capacity((columns * rows) as usize);
    for row in 0..rows {
        let y = row * picture.height() / rows;
        probes.extend((0..columns).map(|column| picture.luma_at(column * picture.width() / columns, y)));
    }
    let small: Vec<u8> = luma.data.iter().map(|value| *value as u8).collect();
    (picture.width(), picture.height(), probes, small).hash(&mut hash);
    hash.finish()
}
