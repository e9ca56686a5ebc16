//! Small copies of reference pictures: hundreds stand on one page. Two widths alone, made once and kept in memory, and never
//! of a picture that the caller was not shown whole.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Copies that are kept; each takes some 15 kB.
const KEPT_MAX: usize = 1000;

/// Makes a JPEG of at most so many pixels' width of a picture's bytes.
pub type ThumbnailPort = Arc<dyn Fn(&[u8], u32) -> Result<Vec<u8>, String> + Send + Sync>;

/// How wide a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, ToSchema)]
pub enum ThumbnailWidth {
    /// For a tile.
    #[serde(rename = "320")]
    Tile,
    /// For a tile on a dense screen.
    #[serde(rename = "640")]
    Dense,
}

impl ThumbnailWidth {
    fn pixels(self) -> u32 {
        match self {
            Self::Tile => 320,
            Self::Dense => 640,
        }
    }
}

type Key = ([u8; 32], ThumbnailWidth);

/// Copies by the hash of their original.
#[derive(Default)]
pub(super) struct Thumbnails(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    copies: HashMap<Key, Arc<[u8]>>,
    oldest_first: VecDeque<Key>,
}

impl Thumbnails {
    /// The copy of these bytes; `None` where none can be made, and the original must do.
    pub(super) fn of(&self, picture: &[u8], width: ThumbnailWidth, port: &ThumbnailPort) -> Option<Arc<[u8]>> {
        let key = (Sha256::digest(picture).into(), width);
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(copy) = kept().copies.get(&key) {
            return Some(copy.clone());
        }
        let made = port(picture, width.pixels());
        let copy: Arc<[u8]> = made.inspect_err(|why| tracing::debug!(why, "no small copy of a picture")).ok()?.into();
        let mut kept = kept();
        if kept.copies.insert(key, copy.clone()).is_none() {
            kept.oldest_first.push_back(key);
        }
        while kept.copies.len() > KEPT_MAX
            && let Some(oldest) = kept.oldest_first.pop_front()
        {
            kept.copies.remove(&oldest);
        }
        Some(copy)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_copy_is_made_once_and_the_oldest_makes_room() {
        let (thumbnails, times) = (Thumbnails::default(), Arc::new(AtomicUsize::new(0)));
        let counted = times.clone();
        let port: ThumbnailPort = Arc::new(move |picture, width| {
            counted.fetch_add(1, Ordering::Relaxed);
            if picture.is_empty() { Err("empty".into()) } else { Ok(format!("{width} {picture:?}").into_bytes()) }
        });
        let of = |n: usize| thumbnails.of(&n.to_be_bytes(), ThumbnailWidth::Tile, &port).unwrap();
        assert_eq!((of(0), of(0)), (of(0), of(0)));
        assert_eq!(times.load(Ordering::Relaxed), 1);
        assert_ne!(thumbnails.of(&0_usize.to_be_bytes(), ThumbnailWidth::Dense, &port), Some(of(0)));
        assert_eq!(thumbnails.of(b"", ThumbnailWidth::Tile, &port), None);
        (1..=KEPT_MAX).for_each(|n| drop(of(n)));
        assert_eq!(thumbnails.0.lock().unwrap().copies.len(), KEPT_MAX);
        let before = times.load(Ordering::Relaxed);
        of(0);
        assert_eq!(times.load(Ordering::Relaxed), before + 1, "the first one was forgotten");
    }
}
