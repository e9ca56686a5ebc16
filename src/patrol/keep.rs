//! Frames kept while a place is a candidate: when its incident opens, the first and the middle frame of
//! the stay are long past, possibly before a restart. A few JPEG files a place below `kept/`; loss here
//! is allowed and counted (it lies left of the durability line).

use std::{fs, io, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    analysis::scene::Registered,
    domain::{BBox, Detection, FrameMeta, FrameSpace, Homography, PlaceId, Score, WallTime},
};

/// At most so many frames a place.
const FRAMES_MAX: usize = 10;

/// A frame as it was when the place was seen in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptFrame {
    /// Facts of the frame.
    pub meta: FrameMeta,
    /// Where the place was in it.
    pub bbox: BBox<FrameSpace>,
    /// How it was registered.
    pub homography: Homography,
    /// All that the model saw in it, for masking.
    pub detections: Vec<KeptDetection>,
}

impl KeptFrame {
    /// A registered frame, for the thing at `bbox`.
    pub fn of(seen: Registered<'_>, bbox: BBox<FrameSpace>) -> Self {
        let detections = seen.everything().map(Into::into).collect();
        Self { meta: seen.frame.meta, bbox, homography: *seen.homography, detections }
    }
}

/// A detection as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptDetection {
    class: String,
    score: Score,
    bbox: BBox<FrameSpace>,
}

impl From<&Detection> for KeptDetection {
    fn from(detection: &Detection) -> Self {
        Self { class: detection.class.to_string(), score: detection.score, bbox: detection.bbox }
    }
}
impl From<KeptDetection> for Detection {
    fn from(kept: KeptDetection) -> Self {
        Self { class: kept.class.into(), score: kept.score, bbox: kept.bbox, text: None }
    }
}

/// A kept frame with its file's bytes.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Facts.
    pub frame: KeptFrame,
    /// A JPEG file.
    pub jpeg: Vec<u8>,
}

/// The folder of kept frames.
#[derive(Clone, Debug)]
pub struct Keep {
    root: PathBuf,
}

impl Keep {
    /// Below `root`, which is made when the first frame is kept.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Whether a frame at `at` is worth keeping: the first two are, then one each `spacing`.
    pub fn wants(&self, place: PlaceId, at: WallTime, spacing: Duration) -> bool {
        // Frames of later than this one are from before the clock was set back.
        let times: Vec<WallTime> = self.times(place).into_iter().filter(|time| *time <= at).collect();
        times.len() < 2 || (times.len() < FRAMES_MAX && times.last().is_none_or(|last| at.since(*last) >= spacing))
    }

    /// Keeps a frame of a place.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, place: PlaceId, frame: &KeptFrame, jpeg: &[u8]) -> io::Result<()> {
        let folder = self.folder(place);
        fs::create_dir_all(&folder)?;
        let name = frame.meta.judged_at().millis();
        fs::write(folder.join(format!("{name}.jpg")), jpeg)?;
        // The facts come last: a picture without them is ignored.
        fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(frame)?)
    }

    /// All readable frames of a place, oldest first.
    pub fn frames(&self, place: PlaceId) -> Vec<Kept> {
        let folder = self.folder(place);
        let read = |at: &WallTime| {
            let frame = serde_json::from_slice(&fs::read(folder.join(format!("{}.json", at.millis()))).ok()?).ok()?;
            Some(Kept { frame, jpeg: fs::read(folder.join(format!("{}.jpg", at.millis()))).ok()? })
        };
        self.times(place).iter().filter_map(read).collect()
    }

    /// Forgets the frames of a place.
    pub fn forget(&self, place: PlaceId) {
        if let Err(error) = fs::remove_dir_all(self.folder(place))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%place, %error, "kept frames could not be removed");
        }
    }

    fn times(&self, place: PlaceId) -> Vec<WallTime> {
        let Ok(entries) = fs::read_dir(self.folder(place)) else { return Vec::new() };
        let time = |name: &str| name.strip_suffix(".json")?.parse().ok().map(WallTime::from_millis);
        let mut times: Vec<WallTime> = entries.filter_map(|entry| time(entry.ok()?.file_name().to_str()?)).collect();
        times.sort_unstable();
        times
    }

    fn folder(&self, place: PlaceId) -> PathBuf {
        self.root.join(place.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixtures::meta;

    #[test]
    fn keeps_the_first_two_then_one_a_spacing_and_forgets() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::new(folder.path().join("kept"));
        let place = PlaceId::derived(&[b"place"]);
        for second in 0..100 {
            let at = WallTime::from_millis(second * 1000);
            if keep.wants(place, at, Duration::from_secs(20)) {
                let frame = KeptFrame {
                    meta: meta(second),
                    bbox: BBox::new(1.0, 2.0, 3.0, 4.0),
                    homography: Homography::IDENTITY,
                    detections: vec![],
                };
                keep.keep(place, &frame, b"jpeg").unwrap();
            }
        }
        let seconds =
            |kept: Vec<Kept>| kept.iter().map(|k| k.frame.meta.judged_at().millis() / 1000).collect::<Vec<_>>();
        assert_eq!(seconds(keep.frames(place)), [0, 1, 21, 41, 61, 81]);
        fs::remove_file(folder.path().join(format!("kept/{place}/1000.jpg"))).unwrap();
        assert_eq!(seconds(keep.frames(place)), [0, 21, 41, 61, 81], "a damaged frame is left out");
        keep.forget(place);
        assert!(keep.frames(place).is_empty() && keep.wants(place, WallTime::from_millis(0), Duration::ZERO));
    }
}
