//! `xunjie eval plates`: measures the reader of plates on drawn frames; writes `plates.json`. A frame that cannot be used
//! is listed and the rest goes on.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;

use super::{Done, desk::Desk, eval::bar, print::table};
use crate::{
    domain::Picture,
    eval::plates::{PlateLabel, PlateReport},
    infer::Catalogue,
    media::jpeg,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 图片目录，里面的 labels.json 写明每块号牌和它的几帧（training/draw_plates.py 生成）
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// 号牌检测模型
    #[arg(long, value_name = "NAME", default_value = "plate_clp")]
    model: String,
    /// 写入 plates.json 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let config = desk.checked_config()?;
    let mut reader = Catalogue::load(&config.settings.folders.models)?.plate_reader(&args.model)?;
    let file = args.data.join("labels.json");
    let text = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let labels: Vec<PlateLabel> = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no list of plates with their frames", file.display()))?;
    let mut report = PlateReport { model: args.model.clone(), ..PlateReport::default() };
    let bar = bar(labels.len());
    for label in &labels {
        let mut open = |name: &str| jpeg::open_whole(&args.data.join(name)).map_err(|error| error.to_string());
        report.judge(label, &mut open, &mut |picture: &Picture| reader.read(picture, None));
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.finish();
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let path = args.out.join("plates.json");
    fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    desk.print.one(&report, || text_of(&report));
    Ok(ExitCode::SUCCESS)
}

fn text_of(report: &PlateReport) -> String {
    let rows: Vec<Vec<String>> = (report.plates.iter())
        .map(|(kind, of)| {
            let counts = [of.plates, of.frames].map(|count| count.to_string());
            let shares = [of.found_share, of.single_share, of.exact_share].map(|share| format!("{share:.3}"));
            [vec![kind.clone()], counts.to_vec(), shares.to_vec()].concat()
        })
        .collect();
    let head = ["号牌", "块数", "帧数", "找到率", "单帧全对率", "投票全对率"];
    let (elsewhere, left_out) = (report.false_plates, report.left_out.len());
    format!("{}\n别处误检的帧 {elsewhere}，未计入 {left_out} 帧", table(&head, &rows))
}
