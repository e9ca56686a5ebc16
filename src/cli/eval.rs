//! `xunjie eval`: measures a model on labelled pictures, or the whole chain on a clip with a timeline; writes
//! `report.json` and `page.html`. A picture or label that cannot be used is counted and the rest goes on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::{Done, desk::Desk, print::table};
#[cfg(feature = "gstreamer")]
use super::{eval_clip, eval_clips, eval_teach};
#[cfg(feature = "onnx")]
use super::{eval_plates, eval_text};
use crate::{
    analysis::verify::Fusion,
    domain::Score,
    eval::{
        EvalError,
        cascade::Verifier,
        classes::ClassMap,
        cost::{Stopwatch, Timed},
        labels::{self, LabelledSet},
        page,
        report::{self, Data, IOU, Models, Report, Settings, Took, sha256_of},
        run::{Eye, Measured, Teacher, run as measure},
    },
    infer::{
        catalogue::{Catalogue, detector_of},
        manifest::{DetectorSpec, FILE_NAME, Manifest, ModelKind},
        pool::PoolSettings,
    },
};

/// What to measure.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 在标注图片（YOLO 或 COCO）上测一个检测模型
    Pictures(Box<Args>),
    #[cfg(feature = "onnx")]
    /// 在写明文字的图片上测文字的检测与识别，在干净图片上数误读的号码
    Text(eval_text::Args),
    #[cfg(feature = "onnx")]
    /// 在画出的号牌上测检测、单帧识别和多帧投票
    Plates(eval_plates::Args),
    #[cfg(feature = "gstreamer")]
    /// 重放录像，按真实事件的时间表测整条流程
    Clip(eval_clip::Args),
    #[cfg(feature = "gstreamer")]
    /// 重放一个目录里的全部录像，合在一起测
    Clips(eval_clips::Args),
    #[cfg(feature = "gstreamer")]
    /// 重放有重复误报的录像，测复核结论教会了多少：误报降了几成，查全率丢了几点
    Teach(eval_teach::Args),
}

#[derive(clap::Args)]
pub(super) struct Args {
    /// 图片所在目录；YOLO 标注在图片旁边，或在与 images 并列的 labels 里
    #[arg(value_name = "DIR")]
    data: PathBuf,
    /// 被测模型
    #[arg(long, value_name = "NAME")]
    model: String,
    /// 模型目录，代替设置文件里的 folders.models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// COCO 标注文件，代替 YOLO 标注
    #[arg(long, value_name = "FILE", conflicts_with_all = ["names", "teacher"])]
    coco: Option<PathBuf>,
    /// 第二级模型：对每个候选框截图复核，以融合后的分数计；模型清单里要有 [verify]
    #[arg(long, value_name = "NAME", conflicts_with = "teacher")]
    verifier: Option<String>,
    /// 第二级模型的类别对应，可重复，如 garbage=waste（默认：同名的类别）
    #[arg(long, value_name = "LABEL=MODEL,..", requires = "verifier")]
    verifier_map: Vec<String>,
    /// 候选框从此分数起复核，更低的不算检出
    #[arg(long, value_name = "SCORE", default_value = "0.05", value_parser = score, requires = "verifier")]
    verify_floor: Score,
    /// 另一个目录，里面都是干净的图片：在找出九成问题图片的阈值上数误报
    #[arg(long, value_name = "DIR", conflicts_with = "teacher")]
    clean: Option<PathBuf>,
    /// YOLO 类别名，按编号、以逗号分隔（默认读 data.yaml 或 classes.txt）
    #[arg(long, value_name = "NAME,..", value_delimiter = ',')]
    names: Vec<String>,
    /// 标注类别由哪些模型类别代表，可重复，如 dump_truck=truck,car（默认：同名的类别）
    #[arg(long, value_name = "LABEL=MODEL,..")]
    map: Vec<String>,
    /// 判定阈值，0 到 1
    #[arg(long, value_name = "SCORE", default_value = "0.35", value_parser = score)]
    threshold: Score,
    /// 检出下限，代替模型清单里的 score_floor；太高会截断曲线
    #[arg(long, value_name = "SCORE", default_value = "0.01", value_parser = score)]
    floor: Score,
    /// 不用标注，与这个模型的结果比较：测的是一致程度，不是准确率
    #[arg(long, value_name = "NAME", conflicts_with = "names")]
    teacher: Option<String>,
    /// 上述模型所在目录（默认同 --models）
    #[arg(long, value_name = "DIR", requires = "teacher")]
    teacher_models: Option<PathBuf>,
    /// 上述模型的结果从此分数起算数
    #[arg(long, value_name = "SCORE", default_value = "0.35", value_parser = score)]
    teacher_threshold: Score,
    /// 页面里不放任何图片（数据的权利不允许转发时）
    #[arg(long)]
    no_pictures: bool,
    /// 线程数，0 表示每核一个
    #[arg(long, value_name = "N", default_value_t = 0)]
    threads: usize,
    /// 写入 report.json 和 page.html 的目录
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

fn score(text: &str) -> Result<Score, String> {
    let number = text.parse::<f32>().map_err(|error| error.to_string())?;
    Score::new(number).map_err(|error| error.to_string())
}

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    match command {
        Command::Pictures(args) => pictures(args, desk),
        #[cfg(feature = "onnx")]
        Command::Text(args) => eval_text::run(args, desk),
        #[cfg(feature = "onnx")]
        Command::Plates(args) => eval_plates::run(args, desk),
        #[cfg(feature = "gstreamer")]
        Command::Clip(args) => eval_clip::run(args, desk),
        #[cfg(feature = "gstreamer")]
        Command::Clips(args) => eval_clips::run(args, desk),
        #[cfg(feature = "gstreamer")]
        Command::Teach(args) => eval_teach::run(args, desk),
    }
}

/// 0 is one a core.
pub(super) fn threads(asked: usize) -> usize {
    match asked {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

/// A model that is ready to be asked.
struct Ready {
    took: Took,
    spec: DetectorSpec,
    detector: Timed,
}

fn pictures(args: &Args, desk: &Desk) -> Done {
    let threads = threads(args.threads);
    let models = match &args.models {
        Some(folder) => folder.clone(),
        None => desk.checked_config()?.settings.folders.models,
    };
    let set = labelled(args)?;
    if set.pictures.is_empty() {
        return Err(EvalError::Nothing(
            args.data.display().to_string(),
            "it has no picture; name the right folder".into(),
        )
        .into());
    }
    let student = ready(&models, &args.model, args.floor, threads)?;
    let teacher = match &args.teacher {
        Some(name) => {
            let folder = args.teacher_models.as_ref().unwrap_or(&models);
            Some(ready(folder, name, args.teacher_threshold, threads)?)
        }
        None => None,
    };
    let labels = teacher.as_ref().map_or_else(|| set.classes.clone(), |teacher| taught(&args.map, &teacher.spec));
    let classes = ClassMap::new(&args.map, &labels, &names(&student.spec))?;
    let paired: Vec<String> = classes.pairings.iter().map(|pairing| pairing.label.clone()).collect();
    let teacher_classes = match &teacher {
        Some(teacher) => ClassMap::new(&args.map, &paired, &names(&teacher.spec))?,
        None => classes.clone(),
    };
    let second = args.verifier.as_ref().map(|name| second(&models, name, threads)).transpose()?;
    let verifier = second.as_ref().map(|second| verifier(args, second, &paired)).transpose()?;
    let eye = Eye {
        detector: &student.detector,
        classes: &classes,
        nms_iou: student.spec.nms_iou,
        verifier: verifier.as_ref(),
    };
    let teaching = teacher.as_ref().map(|teacher| Teacher {
        eye: Eye {
            detector: &teacher.detector,
            classes: &teacher_classes,
            nms_iou: teacher.spec.nms_iou,
            verifier: None,
        },
        score_min: args.teacher_threshold,
    });
    let watched = |set: &LabelledSet| {
        let bar = bar(set.pictures.len());
        let measured = measure(set, &eye, teaching.as_ref(), threads, |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        measured
    };
    let measured = watched(&set);
    if measured.scenes.is_empty() {
        let first = measured.pictures_left_out.first().map(|one| format!("{}: {}", one.file, one.reason));
        let text = format!("every picture was left out; the first: {}", first.unwrap_or_default());
        return Err(EvalError::Nothing(args.data.display().to_string(), text).into());
    }
    let data = data(&set, &measured, &classes, teacher.is_some());
    let settings = settings(args, &classes, teacher.is_some());
    let clean = args.clean.as_ref().map(|folder| clean_of(folder, watched)).transpose()?;
    let judged = (measured.scenes.len() + clean.as_ref().map_or(0, |clean| clean.scenes.len())) as u64;
    let costs = [Some(&student.detector), second.as_ref().map(|(ready, _)| &ready.detector)];
    let costs =
        costs.into_iter().flatten().map(|timed| cost_line(timed.watch(), judged)).collect::<Vec<_>>().join("\n");
    let models = Models {
        model: student.took.clone(),
        verifier: second.as_ref().map(|(ready, _)| ready.took.clone()),
        teacher: teacher.as_ref().map(|teacher| teacher.took.clone()),
    };
    let report = report::report(models, data, settings, &measured, clean.as_ref());
    write(&args.out, &report, &page::of_pictures(&report, &set, &measured, !args.no_pictures))?;
    desk.print.one(&report, || text_of(&report));
    let (pictures, labels) = (report.left_out.pictures, report.left_out.labels);
    eprintln!(
        "{} 张图片已测，未计入 {pictures} 张图片、{labels} 条标注；见 {}",
        report.data.judged,
        args.out.display()
    );
    eprintln!("{costs}");
    Ok(ExitCode::SUCCESS)
}

/// A folder of clean pictures, judged like the labelled one.
fn clean_of(folder: &Path, watched: impl Fn(&LabelledSet) -> Measured) -> anyhow::Result<Measured> {
    let measured = watched(&labels::unlabelled(folder)?);
    if measured.scenes.is_empty() {
        let text = "none of its pictures could be judged; name a folder of clean pictures".to_owned();
        return Err(EvalError::Nothing(folder.display().to_string(), text).into());
    }
    Ok(measured)
}

/// What a model cost in this run, for people: times are no figures of a report.
pub(super) fn cost_line(watch: &Stopwatch, units: u64) -> String {
    let (name, cost) = (watch.model(), watch.cost());
    let ms = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |ms| format!("{ms:.1}"));
    format!(
        "{name}：看了 {} 张，每张 {} 毫秒，摊到每次 {} 毫秒",
        cost.pictures,
        ms(cost.ms_each()),
        ms(cost.ms_over(units))
    )
}

/// The second stage for the classes that are measured.
fn verifier<'a>(args: &Args, (ready, fusion): &'a (Ready, Fusion), labels: &[String]) -> anyhow::Result<Verifier<'a>> {
    let map = ClassMap::new(&args.verifier_map, labels, &names(&ready.spec))?;
    if !map.unmeasured.is_empty() {
        let (verifier, lacking) = (&ready.took.model.name, map.unmeasured.join(", "));
        bail!("verifier {verifier} has no class for {lacking}; pair it with --verifier-map LABEL=MODEL");
    }
    // In the order of the measured classes, whatever the order of the mapping.
    let order = |label: &String| map.of_label(label).map(|index| map.pairings[index].clone());
    let map = ClassMap { pairings: labels.iter().filter_map(order).collect(), unmeasured: Vec::new() };
    Ok(Verifier::new(&ready.detector, &ready.spec, *fusion, &map, args.verify_floor))
}

/// The second stage, with its own floor.
fn second(models: &Path, name: &str, threads: usize) -> anyhow::Result<(Ready, Fusion)> {
    let manifest = Catalogue::load(models)?.manifest(name)?.clone();
    let spec = manifest.detector()?.clone();
    let fusion = spec.fusion.with_context(|| {
        format!(
            "model {name} cannot verify: its {FILE_NAME} has no section [verify] with w_detector, w_verifier and bias"
        )
    })?;
    let detector = detector_of(&manifest, PoolSettings::cpu(threads))
        .with_context(|| format!("{} cannot be measured", manifest.weight_path().display()))?;
    Ok((Ready { took: took(&manifest)?, spec, detector: Timed::new(detector) }, fusion))
}

fn data(set: &LabelledSet, measured: &Measured, classes: &ClassMap, taught: bool) -> Data {
    Data {
        labels: set.form,
        listed: set.pictures.len(),
        judged: measured.scenes.len(),
        unlabelled: if taught { 0 } else { set.unlabelled },
        repeated: measured.repeated.len(),
        sha256: measured.data_sha256.clone(),
        unmeasured_classes: classes.unmeasured.clone(),
    }
}

fn settings(args: &Args, classes: &ClassMap, taught: bool) -> Settings {
    Settings {
        iou: IOU,
        threshold: args.threshold.value(),
        floor: args.floor.value(),
        classes: classes.pairings.clone(),
        verify_floor: args.verifier.as_ref().map(|_| args.verify_floor.value()),
        teacher_threshold: taught.then(|| args.teacher_threshold.value()),
        matching: "COCO greedy match by class, best score first, at most 100 detections a class and picture; \
                   detections in ignored regions do not count",
        average_precision: "COCO 101-point interpolation; means over the classes that have labelled boxes",
    }
}

fn labelled(args: &Args) -> anyhow::Result<LabelledSet> {
    Ok(match (&args.teacher, &args.coco) {
        (Some(_), _) => labels::unlabelled(&args.data)?,
        (None, Some(file)) => labels::coco(&args.data, file)?,
        (None, None) => labels::yolo(&args.data, &args.names)?,
    })
}

/// What a teacher's answers are called: the left sides of the mapping, or its own classes.
fn taught(map: &[String], spec: &DetectorSpec) -> Vec<String> {
    let lefts = map.iter().filter_map(|text| text.split_once('=')).map(|(label, _)| label.trim().to_owned());
    let lefts: Vec<String> = lefts.collect();
    if lefts.is_empty() { names(spec) } else { lefts }
}

fn names(spec: &DetectorSpec) -> Vec<String> {
    spec.classes.iter().map(|name| (**name).to_owned()).collect()
}

/// The model with another floor score: a curve wants the weak answers too.
fn ready(models: &Path, name: &str, floor: Score, threads: usize) -> anyhow::Result<Ready> {
    let mut manifest = Catalogue::load(models)?.manifest(name)?.clone();
    let took = took(&manifest)?;
    let spec = match &mut manifest.kind {
        ModelKind::Detector(spec) => {
            spec.score_floor = floor;
            spec.clone()
        }
        other => bail!("model {name} is of kind {}, which finds no boxes; name a detector", other.word()),
    };
    let detector = detector_of(&manifest, PoolSettings::cpu(threads))
        .with_context(|| format!("{} cannot be measured", manifest.weight_path().display()))?;
    Ok(Ready { took, spec, detector: Timed::new(detector) })
}

pub(super) fn took(manifest: &Manifest) -> anyhow::Result<Took> {
    Ok(Took { model: manifest.model(), manifest_sha256: sha256_of(&bytes_of(&manifest.folder.join(FILE_NAME))?) })
}

pub(super) fn bytes_of(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// Shown on a terminal alone; nothing of it gets into a log.
pub(super) fn bar(pictures: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{bar:40} {pos}/{len} 张  剩余 {eta}").expect("the template is well formed");
    ProgressBar::new(pictures as u64).with_style(style)
}

/// Writes both files, each first beside its place and then into it.
pub(super) fn write(out: &Path, report: &impl Serialize, page: &str) -> anyhow::Result<()> {
    fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let mut json = serde_json::to_string_pretty(report)?;
    json.push('\n');
    for (name, text) in [("report.json", json.as_str()), ("page.html", page)] {
        let (path, part) = (out.join(name), out.join(format!("{name}.part")));
        fs::write(&part, text)
            .and_then(|()| fs::rename(&part, &path))
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn text_of(report: &Report) -> String {
    let three = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"));
    let row = |class: &report::OfClass| {
        let figures = [class.ap50, class.ap50_95, class.ap_image, class.precision, class.recall, class.ece].map(three);
        [vec![class.name.clone(), class.truths.to_string()], figures.to_vec()].concat()
    };
    let mut rows: Vec<Vec<String>> = report.classes.iter().map(row).collect();
    let mean = &report.mean;
    let means = [mean.ap50, mean.ap50_95, mean.ap_image].map(three);
    rows.push([vec![format!("平均（{} 类）", mean.classes), String::new()], means.to_vec()].concat());
    let head = ["类别", "标注", "AP50", "AP50-95", "整图AP", "查准率", "查全率", "ECE"];
    let clean = &report.clean;
    let alarms = clean.alarms_per_100.map_or_else(|| "–".to_owned(), |alarms| format!("{alarms:.1}"));
    let note = if report.teacher.is_some() { "\n这是两个模型的一致程度，不是准确率" } else { "" };
    let touched = report.cascade.as_ref().map_or_else(String::new, |cascade| {
        let touched = cascade.touched;
        format!(
            "\n第二级 {} 看了 {} 张截图，涉及 {} 张图片",
            cascade.verifier.model.name, touched.crops, touched.pictures
        )
    });
    let strict = report.clean_set.as_ref().map_or_else(String::new, |set| {
        let of = |class: &report::CleanClass| {
            format!("{} {}（阈值 {}）", class.name, three(class.alarmed_per_100), three(class.threshold))
        };
        let classes: Vec<String> = set.classes.iter().map(of).collect();
        format!("\n找出九成问题图片时，每百张干净图（另 {} 张）误报的图片：{}", set.pictures, classes.join("，"))
    });
    let table = table(&head, &rows);
    format!("{table}\n每百张干净图误报 {alarms}（{} 张干净图）{touched}{strict}{note}", clean.pictures)
}
