//! `xunjie eval clips`: every clip of a folder through the whole spine, judged together.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Done,
    desk::Desk,
    eval::{threads, write},
    eval_clip::{Files, measured},
    print::table,
};
use crate::eval::{
    LeftOut,
    clips::{ClipsReport, Counts, together},
    page,
    side_by_side::side_by_side,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 目录，每个子目录有 clip.mp4、scene.toml、timeline.toml
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// 各事项都改用这个模型
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// 线程数，0 表示每核一个；每段录像用一个
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// 写入 report.json 和 page.html 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let folders = folders(&args.folder)?;
    let template = "{bar:30} {pos}/{len} 段录像，已用 {elapsed}，约剩 {eta}";
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    let bar = ProgressBar::new(folders.len() as u64).with_style(style);
    let judge = |(): &mut (), (_, folder): &(String, PathBuf)| {
        measured(&Files::of(folder), args.model.as_deref(), desk, |_| bar.tick())
    };
    let judged = side_by_side(&folders, vec![(); threads(args.threads)], judge, || bar.inc(1));
    bar.finish_and_clear();
    let (mut reports, mut left_out) = (Vec::new(), Vec::new());
    for ((name, _), judged) in folders.into_iter().zip(judged) {
        match judged {
            Ok((report, _)) => reports.push((name, report)),
            Err(error) => left_out.push(LeftOut { file: name, line: None, reason: format!("{error:#}") }),
        }
    }
    let report = together(&reports, left_out);
    write(&args.out, &report, &page::of_clips(&report))?;
    desk.print.one(&report, || text_of(&report));
    for one in &report.left_out {
        eprintln!("未测 {}：{}", one.file, one.reason);
    }
    eprintln!("{} 段录像，见 {}", report.clips.len(), args.out.display());
    Ok(if report.clips.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Folders below `folder` that hold a clip, by name.
pub(super) fn folders(folder: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        if path.join("clip.mp4").is_file()
            && let Some(name) = path.file_name()
        {
            found.push((name.to_string_lossy().into_owned(), path));
        }
    }
    if found.is_empty() {
        bail!("{} has no folder with a clip.mp4; training/compose.py makes them", folder.display());
    }
    found.sort();
    Ok(found)
}

fn text_of(report: &ClipsReport) -> String {
    let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let row = |name: &str, counts: &Counts| {
        let numbers = [counts.truths, counts.found, counts.single, counts.opened, counts.duplicates, counts.wrong];
        std::iter::once(name.to_owned()).chain(numbers.map(|number| number.to_string())).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = report.by_matter.iter().map(|(name, counts)| row(name, counts)).collect();
    format!(
        "{:.1} 摄像机小时  查准率 {}  查全率 {}  恰为一件 {}  每摄像机小时误报 {}  复核占巡看 {}\n{}",
        report.camera_hours,
        shown(report.precision),
        shown(report.recall),
        shown(report.single_share),
        shown(report.wrong_per_camera_hour),
        shown(report.second_share),
        table(&["事项", "真实", "找到", "恰为一件", "开立", "重复", "误报"], &rows)
    )
}
