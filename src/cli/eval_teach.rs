//! `xunjie eval teach`: replays clips in which look-alikes come again and again, untaught and with a reviewer who knows what
//! stands there; writes `teach.json`.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Done,
    desk::{Desk, Globals},
    eval::{bytes_of, threads},
    eval_clip::{Files, input, judged_something},
    eval_clips::folders,
    print::table,
    replay::{rehearse, scene_of},
};
use crate::{
    config::Config,
    domain::{IncidentChange, IncidentId, Likeness, RejectReason, Verdict},
    eval::{
        LeftOut,
        clip::{ClipInput, ClipSettings, Timeline},
        side_by_side::side_by_side,
        teach::{Course, Interval, Shown, TeachReport, ViewRow, What, together},
    },
    patrol::replay::SceneFile,
    service::Service,
};

/// Who decides.
const REVIEWER: &str = "eval";

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录，每个子目录有 clip.mp4、scene.toml、timeline.toml（training/compose_again.py 生成）
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 每个画面给出的复核结论数
    #[arg(long, value_name = "N", default_value_t = 20)]
    verdicts: usize,
    /// 样例的相似度下限，代替各事项的 exemplars.likeness_min
    #[arg(long, value_name = "COSINE", value_parser = likeness)]
    likeness: Option<f32>,
    /// 样例原处的相似度下限，代替各事项的 exemplars.likeness_here_min
    #[arg(long, value_name = "COSINE", value_parser = likeness)]
    likeness_here: Option<f32>,
    /// 线程数，0 表示每核一个；每个画面用一个
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// 写入 teach.json 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn likeness(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().map_err(|error| error.to_string())?;
    if (0.5..=1.0).contains(&number) { Ok(number) } else { Err("a cosine from 0.5 to 1".to_owned()) }
}

impl Args {
    fn likeness_of(&self, usual: Likeness) -> Likeness {
        let min = self.likeness.unwrap_or(usual.min);
        Likeness { min, here_min: self.likeness_here.unwrap_or(usual.here_min).min(min) }
    }
}

/// A clip with what stands in it.
struct Clip {
    files: Files,
    scene: SceneFile,
    timeline: Timeline,
    input: ClipInput,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let folders = folders(&args.folder)?;
    let template = "{bar:30} {pos}/{len} 个画面，已用 {elapsed}，约剩 {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    let bar = ProgressBar::new(folders.len() as u64).with_style(style);
    // What an earlier run left in a data folder would be judged as this one's.
    let fresh = Desk::new(Globals { data: None, ..desk.globals.clone() });
    let judge = |(): &mut (), (name, folder): &(String, PathBuf)| {
        let clip = opened(Files::of(folder), &fresh)?;
        let untaught = replayed(&clip, args, &fresh, false)?;
        let taught = replayed(&clip, args, &fresh, true)?;
        anyhow::Ok((ViewRow::of(name, &clip.input, &clip.timeline, &untaught, &taught), clip.input))
    };
    let judged = side_by_side(&folders, vec![(); threads(args.threads)], judge, || bar.inc(1));
    bar.finish_and_clear();
    let (mut views, mut left_out) = (Vec::new(), Vec::new());
    let (mut models, mut pipelines) = (Vec::new(), BTreeMap::new());
    for ((name, _), judged) in folders.into_iter().zip(judged) {
        match judged {
            Ok((view, input)) => {
                pipelines.extend(input.pipelines_sha256);
                models.extend(input.models.into_iter().filter(|one| !models.contains(one)).collect::<Vec<_>>());
                views.push(view);
            }
            Err(error) => left_out.push(LeftOut { file: name, line: None, reason: format!("{error:#}") }),
        }
    }
    let config = desk.checked_config()?;
    let verified = config.matters.values().filter(|matter| pipelines.contains_key(matter.key.as_str()));
    let floors = verified.filter_map(|matter| {
        let verify = matter.verify.as_ref()?;
        Some((matter.key.to_string(), args.likeness_of(verify.likeness)))
    });
    let floors: BTreeMap<String, Likeness> = floors.collect();
    let report = together(views, models, pipelines, floors, args.verdicts, left_out);
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let path = args.out.join("teach.json");
    fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    desk.print.one(&report, || text_of(&report));
    for one in &report.left_out {
        eprintln!("未测 {}：{}", one.file, one.reason);
    }
    Ok(if report.views.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn opened(files: Files, desk: &Desk) -> anyhow::Result<Clip> {
    let scene = scene_of(&files.scene)?;
    let keys: Vec<String> = scene.matters.iter().map(ToString::to_string).collect();
    let text = bytes_of(&files.timeline)?;
    let text = String::from_utf8(text).with_context(|| format!("{} is not UTF-8 text", files.timeline.display()))?;
    let timeline = Timeline::parse(&files.timeline, &text, &keys)?;
    for (what, things) in [("look_alikes", &timeline.look_alikes), ("incidents", &timeline.incidents)] {
        if things.is_empty() {
            bail!("{} has no [[{what}]]: half of what teaching does cannot be seen there", files.timeline.display());
        }
    }
    let input = input(&files, None, desk, &scene.matters, text.as_bytes())?;
    Ok(Clip { files, scene, timeline, input })
}

/// One replay of a clip; with a lesson, a reviewer decides about each new incident at once until enough is said or half of
/// the clip is over.
fn replayed(clip: &Clip, args: &Args, desk: &Desk, with_lesson: bool) -> anyhow::Result<Course> {
    let scene = &clip.scene;
    let seconds = |at: crate::domain::WallTime| at.since(scene.start).as_secs_f64();
    let adjust = |config: &mut Config| {
        config.matters.retain(|key, _| scene.matters.contains(key));
        for matter in config.matters.values_mut() {
            matter.shadow = None;
            if let Some(verify) = &mut matter.verify {
                verify.likeness = args.likeness_of(verify.likeness);
            }
        }
    };
    let ends_s = clip.timeline.look_alikes.iter().filter_map(|one| one.until_s).fold(0.0, f64::max);
    let mut course = Course::default();
    let mut known = BTreeMap::new();
    let mut failed: Option<anyhow::Error> = None;
    let summary = rehearse(
        desk,
        &clip.files.clip,
        scene,
        adjust,
        |_| {},
        |done, service| {
            course.clip_s = seconds(done.report.ended);
            for change in &done.changes {
                let (id, at) = match change {
                    IncidentChange::Opened { incident } => {
                        known.insert(incident.id, (incident.matter.clone(), incident.bbox));
                        (incident.id, incident.opened_at)
                    }
                    IncidentChange::Reopened { incident, at, .. } => (*incident, *at),
                    IncidentChange::Extended { .. } | IncidentChange::Closed { .. } => continue,
                };
                let Some((matter, bbox)) = known.get(&id) else { continue };
                let what = clip.timeline.what(matter.as_str(), bbox, seconds(at), ClipSettings::default());
                course.reported.push((seconds(at), what));
                let is_lesson = with_lesson && course.verdicts_s.len() < args.verdicts && seconds(at) < ends_s / 2.0;
                if is_lesson && matches!(change, IncidentChange::Opened { .. }) {
                    match decide(service, id, what) {
                        Ok(()) => course.verdicts_s.push(seconds(at)),
                        Err(error) => failed = Some(error),
                    }
                }
            }
        },
    )?;
    judged_something(&clip.files.clip, &summary)?;
    course.looks = summary.looks;
    failed.map_or(Ok(course), Err)
}

fn decide(service: &Service, incident: IncidentId, what: What) -> anyhow::Result<()> {
    let verdict = match what {
        What::Truth(_) => Verdict::Confirmed,
        What::LookAlike(_) | What::Nothing => Verdict::Rejected { reason: RejectReason::WrongObject },
    };
    service.decide(&service.sign(incident, verdict, REVIEWER, ""))?;
    Ok(())
}

fn text_of(report: &TeachReport) -> String {
    let row = |name: &str, shown: &Shown| {
        vec![name.to_owned(), shown.shown.to_string(), shown.untaught.to_string(), shown.taught.to_string()]
    };
    let rows = [row("同一样东西", &report.same), row("同类的另一样", &report.akin), row("真实的", &report.truths)];
    let percent = |interval: Option<Interval>| match interval {
        Some(Interval { share, from, until }) => {
            format!("{:.1} %（95 %：{:.1} 至 {:.1}）", share * 100.0, from * 100.0, until * 100.0)
        }
        None => "–".to_owned(),
    };
    let verdicts: usize = report.views.iter().map(|view| view.verdicts).sum();
    format!(
        "{} 个画面，共 {verdicts} 个复核结论，其后：\n{}\n同一样东西的误报下降 {}\n两类误报合计下降 {}\n查全率损失 {}\n时间表之外的误报 {} → {}",
        report.views.len(),
        table(&["", "出现", "未教时上报", "教后上报"], &rows),
        percent(report.drop_same),
        percent(report.drop),
        percent(report.loss),
        report.beside[0],
        report.beside[1],
    )
}
