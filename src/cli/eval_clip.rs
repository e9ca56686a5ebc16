//! `xunjie eval clip`: replays a clip through the whole spine and judges the incidents by a timeline.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Done,
    desk::{Desk, Globals},
    eval::{bytes_of, cost_line, took, write},
    print::table,
    replay::{rehearse, scene_of},
};
use crate::{
    analysis::score::incidents::OpenedIncident,
    domain::{Incident, IncidentChange, MatterKey, Ruling},
    eval::{
        clip::{ClipInput, ClipReport, ClipSettings, Replayed, Timeline, report},
        cost::{Stopwatch, Timed},
        page,
        report::sha256_of,
    },
    infer::{Detector, catalogue::Catalogue},
    patrol::{replay::ReplaySummary, spine::Spine},
};

/// What is replayed.
#[derive(clap::Args)]
pub(super) struct Files {
    /// 录像文件
    #[arg(long, value_name = "FILE")]
    pub(super) clip: PathBuf,
    /// 场景文件（TOML），同 replay
    #[arg(long, value_name = "FILE")]
    pub(super) scene: PathBuf,
    /// 真实事件的时间表（TOML）
    #[arg(long, value_name = "FILE")]
    pub(super) timeline: PathBuf,
}

impl Files {
    /// Those of a folder as training/compose.py writes it.
    pub(super) fn of(folder: &Path) -> Self {
        let file = |name| folder.join(name);
        Self { clip: file("clip.mp4"), scene: file("scene.toml"), timeline: file("timeline.toml") }
    }
}

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    files: Files,
    /// 各事项都改用这个模型
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// 写入 report.json 和 page.html 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} 录像第 {pos} 秒，已用 {elapsed}").expect("the template is well formed"),
    );
    let (report, timed) = measured(&args.files, args.model.as_deref(), desk, |second| bar.set_position(second))?;
    bar.finish_and_clear();
    write(&args.out, &report, &page::of_clip(&report))?;
    desk.print.one(&report, || text_of(&report));
    eprintln!("{} 次巡看，{} 帧，{} 次无法判断；见 {}", report.looks, report.frames, report.blind, args.out.display());
    timed.iter().for_each(|timed| eprintln!("{}", cost_line(timed, report.looks)));
    Ok(ExitCode::SUCCESS)
}

/// Replays one clip and judges it; `heard` is told the second that was reached.
pub(super) fn measured(
    args: &Files,
    model: Option<&str>,
    desk: &Desk,
    heard: impl Fn(u64),
) -> anyhow::Result<(ClipReport, Vec<Arc<Stopwatch>>)> {
    let scene = scene_of(&args.scene)?;
    let keys: Vec<String> = scene.matters.iter().map(ToString::to_string).collect();
    let text = bytes_of(&args.timeline)?;
    let text = String::from_utf8(text).with_context(|| format!("{} is not UTF-8 text", args.timeline.display()))?;
    let timeline = Timeline::parse(&args.timeline, &text, &keys)?;
    // What an earlier run left in a data folder would be judged as this one's.
    let fresh = Desk::new(Globals { data: None, ..desk.globals.clone() });
    let input = input(args, model, &fresh, &scene.matters, text.as_bytes())?;
    let mut replayed = Replayed::default();
    let mut incidents: Vec<Incident> = Vec::new();
    let use_model = |config: &mut crate::config::Config| {
        // Only what the scene asks for is loaded: another matter's model may be absent.
        config.matters.retain(|key, _| scene.matters.contains(key));
        config.matters.values_mut().for_each(|matter| matter.shadow = None);
        if let Some(model) = model {
            config.matters.values_mut().for_each(|matter| model.clone_into(&mut matter.model));
        }
    };
    let mut timed: Vec<Arc<Stopwatch>> = Vec::new();
    let summary = rehearse(
        &fresh,
        &args.clip,
        &scene,
        use_model,
        |spine| timed = with_stopwatches(spine),
        |done, _| {
            let seconds = |at: crate::domain::WallTime| at.since(scene.start).as_secs_f64();
            replayed.clip_s = seconds(done.report.ended);
            heard(replayed.clip_s as u64);
            let said = &done.verifications;
            replayed.second.looks += u64::from(!said.is_empty());
            replayed.second.asked += said.len() as u64;
            replayed.second.refused += said.iter().filter(|one| one.ruling != Ruling::Passed).count() as u64;
            for change in &done.changes {
                let again = match change {
                    IncidentChange::Opened { incident } => {
                        incidents.push(incident.clone());
                        Some((incident, incident.opened_at))
                    }
                    IncidentChange::Reopened { incident, at, .. } => {
                        incidents.iter().find(|known| known.id == *incident).map(|known| (known, *at))
                    }
                    IncidentChange::Extended { .. } | IncidentChange::Closed { .. } => None,
                };
                if let Some((incident, at)) = again {
                    let matter = incident.matter.to_string();
                    replayed.opened.push(OpenedIncident { matter, bbox: incident.bbox, at_s: seconds(at) });
                }
            }
        },
    )?;
    judged_something(&args.clip, &summary)?;
    (replayed.looks, replayed.frames, replayed.blind) = (summary.looks, summary.frames, summary.blind);
    Ok((report(input, &timeline, &replayed, ClipSettings::default()), timed))
}

/// A clip of which nothing was judged is no clip in which nothing was found.
pub(super) fn judged_something(clip: &Path, summary: &ReplaySummary) -> anyhow::Result<()> {
    if summary.looks == summary.blind {
        bail!(
            "{}: none of {} looks could be judged; it must be a video whose first sharp picture is its view",
            clip.display(),
            summary.looks
        );
    }
    Ok(())
}

/// Puts a stopwatch on every model of the spine, one thread each.
fn with_stopwatches(spine: &mut Spine) -> Vec<Arc<Stopwatch>> {
    let mut watches = Vec::new();
    let mut watched = |detector: &mut Arc<dyn Detector>| {
        let timed = Timed::new(detector.clone());
        watches.push(timed.watch().clone());
        *detector = Arc::new(timed);
    };
    spine.detectors.values_mut().for_each(&mut watched);
    spine.verifiers.values_mut().for_each(|verifier| watched(&mut verifier.detector));
    for head in spine.heads.values_mut() {
        let timed = Timed::head(head.clone());
        watches.push(timed.watch().clone());
        *head = Arc::new(timed);
    }
    watches
}

pub(super) fn input(
    args: &Files,
    model: Option<&str>,
    desk: &Desk,
    matters: &[MatterKey],
    timeline: &[u8],
) -> anyhow::Result<ClipInput> {
    let config = desk.checked_config()?;
    let catalogue = Catalogue::load(&config.settings.folders.models)?.with_ads(config.ads.clone());
    let mut input = ClipInput {
        clip: args.clip.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        sha256: [sha256_of(&bytes_of(&args.clip)?), sha256_of(&bytes_of(&args.scene)?), sha256_of(timeline)],
        pipelines_sha256: std::collections::BTreeMap::new(),
        dwell_s: std::collections::BTreeMap::new(),
        models: Vec::new(),
        verified: matters.iter().filter_map(|key| config.matters.get(key)).any(|matter| matter.verify.is_some()),
    };
    for key in matters {
        let matter = config.matters.get(key).with_context(|| format!("matter {key} of the scene has no pipeline"))?;
        input.pipelines_sha256.insert(key.to_string(), matter.sha256.clone());
        input.dwell_s.insert(key.to_string(), matter.dwell.time.as_secs_f64());
        for name in matter.models().map(|name| if name == matter.model { model.unwrap_or(name) } else { name }) {
            let model = took(catalogue.manifest(name)?)?;
            if !input.models.iter().any(|known| known.model == model.model) {
                input.models.push(model);
            }
        }
    }
    Ok(input)
}

fn text_of(report: &ClipReport) -> String {
    let score = &report.score;
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let delays =
        report.truths.iter().map(|truth| vec![truth.name.clone(), shown(truth.delay_s), shown(truth.after_dwell_s)]);
    let second = report.second.map_or_else(String::new, |second| {
        let share = shown(report.second_share);
        format!("\n复核 {} 处，其中 {} 处未上报；占巡看次数 {share}", second.asked, second.refused)
    });
    format!(
        "查准率 {}  查全率 {}  平均延迟 {} 秒  每事件重复 {}  每摄像机小时误报 {}\n{}{second}",
        shown(score.precision),
        shown(score.recall),
        shown(score.delay_mean_s),
        shown(score.duplicates_per_found),
        shown(score.wrong_per_camera_hour),
        table(&["真实事件", "延迟（秒）", "超出停留时限（秒）"], &delays.collect::<Vec<_>>())
    )
}
