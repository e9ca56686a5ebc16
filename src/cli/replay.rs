//! `xunjie replay`: the whole spine on a recorded file under a simulated clock; prints every incident change.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;

use super::{Done, desk::Desk, engine};
use crate::{
    clock::SimulatedClock,
    config::Config,
    domain::{IncidentChange, SourceUrl},
    media::{
        FrameSource,
        gst::{GstConfig, GstSource},
        pictures::PictureSource,
    },
    patrol::{
        replay::{ReplaySource, ReplaySummary, ReplayedChange, SceneFile, replay},
        shadow::WhenFull,
        spine::{LookDone, Spine},
    },
    service::Service,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 录像文件，或存放图片的目录
    #[arg(long, value_name = "FILE")]
    clip: PathBuf,
    /// 场景文件（TOML）：开始时间、事项、区域
    #[arg(long, value_name = "FILE")]
    scene: PathBuf,
    /// 文字输出也列“仍在”的变化；JSON 总是列出
    #[arg(long)]
    extended: bool,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let scene = scene_of(&args.scene)?;
    let summary = rehearse(
        desk,
        &args.clip,
        &scene,
        |_| {},
        |_| {},
        |done, service| {
            for change in &done.changes {
                if desk.print.json || args.extended || !matches!(change, IncidentChange::Extended { .. }) {
                    let replayed = ReplayedChange { at: done.report.ended, change: change.clone() };
                    desk.print.one(&replayed, || line_of(&replayed, service));
                }
            }
        },
    )?;
    eprintln!("{} 次巡看，{} 帧，{} 次无法判断", summary.looks, summary.frames, summary.blind);
    Ok(ExitCode::SUCCESS)
}

pub(super) fn scene_of(path: &Path) -> anyhow::Result<SceneFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(SceneFile::parse(&path.display().to_string(), &text)?)
}

/// Plays the recording through the whole spine. `adjust` may change the configuration first and `ready` the spine;
/// `heard` is told of every look.
pub(super) fn rehearse(
    desk: &Desk,
    clip: &Path,
    scene: &SceneFile,
    adjust: impl FnOnce(&mut Config),
    ready: impl FnOnce(&mut Spine),
    mut heard: impl FnMut(&LookDone, &Service),
) -> anyhow::Result<ReplaySummary> {
    let clock = Arc::new(SimulatedClock::starting_at(scene.start));
    let scratch = tempfile_below(desk)?;
    let mut config = desk.checked_config()?;
    if desk.globals.data.is_none() {
        config.settings.folders.data.clone_from(&scratch.0);
    }
    adjust(&mut config);
    let service = Service::open(Arc::new(config), clock.clone())?;
    let view = scene.register(&*service.store, source_of(clip)?)?;
    // A replay into a data folder that holds part of it goes on where that part ended.
    if let Some(latest) = service.store.looks(view, 1)?.first() {
        clock.advance_to(latest.ended);
    }
    let (source, ended) = ReplaySource::new(recording(clip, scene, clock.clone())?, clock.clone());
    let mut spine = engine::spine(&service, Arc::new(source), Duration::MAX, WhenFull::Wait)?;
    if let Some(one) = spine.unable.iter().find(|one| scene.matters.contains(&one.matter)) {
        anyhow::bail!("matter {} cannot be judged: {}", one.matter, one.why);
    }
    ready(&mut spine);
    Ok(replay(&spine, view, &clock, &ended, |done| heard(done, &service))?)
}

fn source_of(clip: &Path) -> anyhow::Result<SourceUrl> {
    let path = clip.canonicalize().with_context(|| format!("{} cannot be opened", clip.display()))?;
    let url = if path.is_dir() { url::Url::from_directory_path(&path) } else { url::Url::from_file_path(&path) };
    let url = url.ok().with_context(|| format!("{} cannot be written as an address", path.display()))?;
    Ok(SourceUrl::parse(url.as_str())?)
}

fn recording(clip: &Path, scene: &SceneFile, clock: Arc<SimulatedClock>) -> anyhow::Result<Box<dyn FrameSource>> {
    Ok(if clip.is_dir() {
        Box::new(PictureSource::new(PICTURE_EVERY, clock).recording_from(scene.start))
    } else {
        Box::new(GstSource::new(GstConfig::default(), clock)?.recording_from(scene.start))
    })
}

fn line_of(replayed: &ReplayedChange, service: &Service) -> String {
    let (at, id) = (replayed.at, replayed.change.incident());
    match &replayed.change {
        IncidentChange::Opened { incident } => format!("{at} 出现 疑似{} {id}", service.matter_name(&incident.matter)),
        IncidentChange::Extended { .. } => format!("{at} 仍在 {id}"),
        IncidentChange::Closed { .. } => format!("{at} 消失 {id}"),
        IncidentChange::Reopened { .. } => format!("{at} 反复 {id}"),
    }
}

/// Media time from one picture of a folder to the next.
const PICTURE_EVERY: Duration = Duration::from_secs(1);

/// A data folder that goes away with the replay, unless the caller named one.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %self.0.display(), %error, "the replay's folder could not be removed");
        }
    }
}

fn tempfile_below(desk: &Desk) -> anyhow::Result<Scratch> {
    let name = format!("xunjie-replay-{}", uuid::Uuid::now_v7());
    let folder = std::env::temp_dir().join(name);
    if desk.globals.data.is_none() {
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    Ok(Scratch(folder))
}
