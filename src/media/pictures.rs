//! A folder of pictures as a recording: each file (JPEG or PNG, by name) is one frame, at an even interval.
//! Needs no media framework; replay and tests run on it. Packets it has none, so it gives no clips.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::{Clip, FrameSource, MediaError, MediaSession, SourceFacts, SourceSpec, Want, jpeg, rhythm::Rhythm};
use crate::{
    clock::Clock,
    domain::{ClockOffset, Frame, FrameMeta, Picture, Pts, SourceUrl, StreamId, WallSource, WallTime},
};

/// Opens folders of pictures, `file:///folder/`.
pub struct PictureSource {
    interval: Duration,
    origin: Option<WallTime>,
    clock: Arc<dyn Clock>,
    opened: AtomicU64,
}

impl PictureSource {
    /// Pictures that were taken `interval` apart.
    pub fn new(interval: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { interval, origin: None, clock, opened: AtomicU64::new(0) }
    }

    /// Gives the first picture this wall time, instead of the moment of opening.
    #[must_use]
    pub fn recording_from(self, origin: WallTime) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// Whether an address names a folder that this source would open.
    pub fn takes(source: &SourceUrl) -> bool {
        source.url().scheme() == "file" && source.url().to_file_path().is_ok_and(|path| path.is_dir())
    }
}

impl FrameSource for PictureSource {
    fn open(&self, spec: &SourceSpec) -> Result<Box<dyn MediaSession>, MediaError> {
        let name = spec.stream.name.clone();
        let folder = spec.stream.source.url().to_file_path().ok().filter(|path| path.is_dir());
        let files = folder.as_deref().and_then(pictures_in).ok_or_else(|| MediaError::NotFound(name.clone()))?;
        let origin = self.origin.unwrap_or_else(|| self.clock.now());
        Ok(Box::new(PictureSession {
            stream: spec.stream.id,
            name,
            session: self.opened.fetch_add(1, Ordering::Relaxed) + 1,
            offset: ClockOffset { origin, source: WallSource::Recording },
            interval: self.interval,
            clock: Arc::clone(&self.clock),
            files: files.into_iter().enumerate().collect(),
            rhythm: Rhythm::default(),
            decoded: 0,
            size: None,
        }))
    }
}

fn pictures_in(folder: &Path) -> Option<Vec<PathBuf>> {
    let is_picture = |path: &PathBuf| {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        path.is_file() && matches!(extension.as_str(), "jpg" | "jpeg" | "png")
    };
    let entries = std::fs::read_dir(folder).ok()?;
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).filter(is_picture).collect();
    files.sort();
    Some(files)
}

struct PictureSession {
    stream: StreamId,
    name: String,
    session: u64,
    offset: ClockOffset,
    interval: Duration,
    clock: Arc<dyn Clock>,
    files: VecDeque<(usize, PathBuf)>,
    rhythm: Rhythm,
    decoded: u64,
    size: Option<(u32, u32)>,
}

impl PictureSession {
    fn pts(&self, index: usize) -> Pts {
        Pts(u64::try_from(self.interval.as_nanos()).unwrap_or(u64::MAX).saturating_mul(index as u64))
    }
}

impl MediaSession for PictureSession {
    fn frame(&mut self, want: &Want) -> Result<Frame, MediaError> {
        self.rhythm.follow(want.decode);
        while let Some((index, file)) = self.files.pop_front() {
            let pts = self.pts(index);
            let wall = self.offset.wall(pts);
            if wall < want.not_before || !self.rhythm.is_due(pts) {
                continue;
            }
            if Instant::now() >= want.until {
                self.files.push_front((index, file));
                return Err(MediaError::Timeout(self.name.clone(), Duration::ZERO));
            }
            let picture = read(&file).map_err(|why| {
                let file = file.file_name().unwrap_or_default().to_string_lossy();
                MediaError::Framework(format!("{} holds {file}, which is no picture: {why}", self.name))
            })?;
            self.decoded += 1;
            self.size = Some((picture.width(), picture.height()));
            let (stream, session, arrived) = (self.stream, self.session, self.clock.now());
            let wall_source = self.offset.source;
            let meta = FrameMeta { stream, session, pts, wall, wall_source, arrived, skew_ms: None, key: true };
            return Ok(Frame { meta, picture });
        }
        Err(MediaError::Ended(self.name.clone()))
    }

    fn clip(&mut self, _span: Duration) -> Result<Option<Clip>, MediaError> {
        Ok(None)
    }

    fn facts(&self) -> SourceFacts {
        let fps = (!self.interval.is_zero()).then(|| 1.0 / self.interval.as_secs_f32());
        let (size, decoded) = (self.size, self.decoded);
        SourceFacts {
            size,
            fps,
            key_interval: Some(self.interval),
            packets: decoded,
            decoded,
            ..SourceFacts::default()
        }
    }
}

fn read(file: &Path) -> Result<Picture, String> {
    jpeg::open(file).map_err(|error| error.to_string())
}
