//! `xunjie eval text`: measures the reader of text on pictures with known lines, and on clean ones; writes `text.json`.
//! A picture that cannot be used is listed and the rest goes on.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use anyhow::Context;

use super::{
    Done,
    desk::Desk,
    eval::{bar, threads},
    print::table,
};
use crate::{
    eval::{
        LeftOut, labels,
        side_by_side::side_by_side,
        text::{Read, TextLabel, TextReport},
    },
    infer::{Catalogue, text::TextReader},
    media::jpeg,
};

#[derive(clap::Args)]
pub(super) struct Args {
    /// 图片目录，里面的 labels.json 写明每张图上有哪些文字（training/compose_text.py 生成）
    #[arg(value_name = "DIR")]
    data: Option<PathBuf>,
    /// 文字检测模型
    #[arg(long, value_name = "NAME", default_value = "ppocr_v6_det_small")]
    model: String,
    /// 把标注为 sign 的文字当作已准许的文字：在原处读到的不算小广告或横幅
    #[arg(long, requires = "data")]
    permit: bool,
    /// 另一个目录，里面的图片没有小广告：数凭空读出的电话号码
    #[arg(long, value_name = "DIR", required_unless_present = "data")]
    clean: Option<PathBuf>,
    /// 干净图片每隔几张取一张
    #[arg(long, value_name = "N", default_value_t = 1)]
    every: usize,
    /// 线程数，0 表示每核一个；每个线程有自己的模型
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// 写入 text.json 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: &Args, desk: &Desk) -> Done {
    let config = desk.checked_config()?;
    let rules =
        config.ads.context("the city's folder has no ads.toml; add one, or name another city in the settings")?;
    let catalogue = Catalogue::load(&config.settings.folders.models)?;
    let readers =
        || (0..threads(args.threads)).map(|_| catalogue.text_reader(&args.model)).collect::<Result<Vec<_>, _>>();
    let permitted = args.permit.then(BTreeMap::new);
    let mut report = TextReport { model: args.model.clone(), permitted, ..TextReport::default() };
    if let Some(folder) = &args.data {
        let file = folder.join("labels.json");
        let text = fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let labelled: BTreeMap<String, Vec<TextLabel>> = serde_json::from_slice(&text)
            .with_context(|| format!("{} is no list of texts by picture", file.display()))?;
        let paths: Vec<PathBuf> = labelled.keys().map(|name| folder.join(name)).collect();
        for ((name, labels), judged) in labelled.iter().zip(read(&paths, readers()?)) {
            match judged {
                Ok(read) => report.labelled(name, &read, labels, &rules),
                Err(reason) => report.left_out.push(left_out(name, reason)),
            }
        }
    }
    if let Some(folder) = &args.clean {
        let pictures: Vec<_> = labels::unlabelled(folder)?.pictures.into_iter().step_by(args.every.max(1)).collect();
        let paths: Vec<PathBuf> = pictures.iter().map(|picture| picture.path.clone()).collect();
        for (picture, judged) in pictures.iter().zip(read(&paths, readers()?)) {
            match judged {
                Ok(read) => report.clean(&picture.name, &read, &rules),
                Err(reason) => report.left_out.push(left_out(&picture.name, reason)),
            }
        }
    }
    report.finish();
    fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be made", args.out.display()))?;
    let path = args.out.join("text.json");
    fs::write(&path, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| format!("{} cannot be written", path.display()))?;
    desk.print.one(&report, || text_of(&report));
    Ok(ExitCode::SUCCESS)
}

/// What stands in the pictures, or why it cannot be said.
fn read(paths: &[PathBuf], readers: Vec<TextReader>) -> Vec<Result<Read, String>> {
    let bar = bar(paths.len());
    let ask = |reader: &mut TextReader, path: &PathBuf| {
        let picture = jpeg::open_whole(path).map_err(|error| error.to_string())?;
        let lines = reader.read(&picture).map_err(|error| error.to_string())?;
        Ok(Read { size: [picture.width(), picture.height()], lines })
    };
    let answers = side_by_side(paths, readers, ask, || bar.inc(1));
    bar.finish_and_clear();
    answers
}

fn left_out(name: &str, reason: String) -> LeftOut {
    LeftOut { file: name.to_owned(), line: None, reason }
}

fn text_of(report: &TextReport) -> String {
    let mut rows = Vec::new();
    for (kind, heights) in &report.lines {
        for (px, of) in heights {
            let counts = [of.lines, of.found, of.exact, of.told].map(|count| count.to_string());
            let shares = [of.exact_share, of.told_share].map(|share| format!("{share:.3}"));
            rows.push([vec![kind.clone(), px.to_string()], counts.to_vec(), shares.to_vec()].concat());
        }
    }
    let head = ["文字", "字高", "行数", "找到", "全对", "归类对", "全对率", "归类率"];
    let wrong = format!("读出而图上没有的号码：{}", report.wrong_numbers.len());
    let clean = report.clean.as_ref().map_or_else(String::new, |clean| {
        let (pictures, lines, numbers) = (clean.pictures, clean.lines, clean.numbers.len());
        format!(
            "\n干净图 {pictures} 张：文字 {lines} 行，号码 {numbers} 个，小广告 {} 张，横幅 {} 张",
            clean.small_ads, clean.banners
        )
    });
    let called = report.called.iter().map(|(kind, classes)| {
        let classes = classes.iter().map(|(class, lines)| format!("{class} {lines}"));
        format!("\n{kind} 归为：{}", classes.collect::<Vec<_>>().join("，"))
    });
    let permitted = match &report.permitted {
        None => "\n未用准许的文字".to_owned(),
        Some(counts) => {
            let counts = counts.iter().map(|(class, things)| format!("{class} {things}")).collect::<Vec<_>>();
            format!("\n因准许而不计：{}", if counts.is_empty() { "无".to_owned() } else { counts.join("，") })
        }
    };
    let clean = called.chain([permitted, clean]).collect::<String>();
    format!("{}\n{wrong}{clean}\n未计入 {} 张图片", table(&head, &rows), report.left_out.len())
}
