//! `xunjie judge`: what the models and the matters say about pictures, one line a picture, in the order given. A
//! picture that cannot be read costs one line on standard error and the exit code, never the other pictures.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread,
};

use anyhow::{Context, bail};
use serde::Serialize;

use crate::{
    analysis::compose::candidates,
    config::Config,
    domain::{Detection, Matter, MatterKey, Score},
    infer::{Detector, catalogue::Catalogue},
    media::jpeg,
};

/// Arguments of `judge`.
#[derive(Clone, Debug, clap::Args)]
pub struct JudgeArgs {
    /// 只用这个模型（默认：各事项自己的模型）
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// 模型目录，代替设置文件里的 folders.models
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// 只列出不低于此分数的结果，0 到 1
    #[arg(long, value_name = "SCORE", value_parser = score)]
    score_min: Option<Score>,
    /// 只判这些事项，可重复（默认：不需与参照图比较的全部事项，并列出不属于任何事项的目标）
    #[arg(long, value_name = "KEY")]
    matter: Vec<MatterKey>,
    /// 图片（JPEG 或 PNG）
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
}

fn score(text: &str) -> Result<Score, String> {
    let number = text.parse::<f32>().map_err(|error| error.to_string())?;
    Score::new(number).map_err(|error| error.to_string())
}

/// One line of the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Judged {
    image: String,
    width: u32,
    height: u32,
    detections: Vec<Found>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Found {
    /// The matter whose composition this detection anchors.
    matter: Option<MatterKey>,
    class: String,
    score: f64,
    /// `[x0, y0, x1, y1]` in pixels of the picture as it is stored.
    #[serde(rename = "box")]
    bbox: [f64; 4],
}

/// A detector and the matters that its classes are read by.
struct Judge<'a> {
    detector: Arc<dyn Detector>,
    matters: Vec<&'a Matter>,
}

/// Judges the pictures and prints a line each; exit code 1 where a picture could not be judged.
///
/// # Errors
/// A model or a matter that does not exist, a model that cannot run, standard output that cannot be written.
pub fn run(args: &JudgeArgs, config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let judges = judges(args, config)?;
    let askers = config.settings.patrol.infer_threads.max(1);
    let mut all_judged = true;
    for images in args.images.chunks(askers) {
        let lines: Vec<anyhow::Result<Judged>> = thread::scope(|scope| {
            let asked: Vec<_> = images.iter().map(|image| scope.spawn(|| judge(image, &judges, args))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap_or_else(|_| bail!("判图线程崩溃"))).collect()
        });
        for (image, line) in images.iter().zip(lines) {
            match line {
                Ok(judged) => print(&judged, &config.matters, json).context("standard output")?,
                Err(error) => {
                    all_judged = false;
                    writeln!(io::stderr(), "{}：无法判图：{error:#}", image.display()).context("standard error")?;
                }
            }
        }
    }
    Ok(if all_judged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One judge a model that the matters name, or the one of `--model`.
fn judges<'a>(args: &JudgeArgs, config: &'a Config) -> anyhow::Result<Vec<Judge<'a>>> {
    let matters = chosen(&args.matter, &config.matters)?;
    let catalogue = Catalogue::load(args.models.as_deref().unwrap_or(&config.settings.folders.models))?
        .with_ads(config.ads.clone());
    let mut by_model: BTreeMap<&str, Vec<&Matter>> = BTreeMap::new();
    match &args.model {
        Some(name) => {
            let manifest = catalogue.manifest(name)?;
            by_model.insert(name, matters.into_iter().filter(|matter| manifest.serves(matter).is_ok()).collect());
        }
        None => {
            for matter in matters {
                catalogue.manifest(&matter.model)?.serves(matter)?;
                by_model.entry(&matter.model).or_default().push(matter);
            }
        }
    }
    let threads = config.settings.patrol.infer_threads.min(args.images.len());
    let is_named = args.model.is_some() || !args.matter.is_empty();
    let (mut judges, mut failed) = (Vec::new(), None);
    for (name, matters) in by_model {
        match catalogue.detector(name, threads) {
            Ok(detector) => judges.push(Judge { detector, matters }),
            Err(error) if is_named => return Err(error.into()),
            // What nobody asked for by its name costs a line, and the others go on.
            Err(error) => {
                let keys = matters.iter().map(|matter| matter.key.as_str()).collect::<Vec<_>>().join("、");
                writeln!(io::stderr(), "不判 {keys}：{error}").context("standard error")?;
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if judges.is_empty() => Err(error.into()),
        _ => Ok(judges),
    }
}

/// The matters of the keys, or all that a picture by itself can show: what is new is seen beside a reference picture.
fn chosen<'a>(keys: &[MatterKey], matters: &'a BTreeMap<MatterKey, Matter>) -> anyhow::Result<Vec<&'a Matter>> {
    if keys.is_empty() {
        return Ok(matters.values().filter(|matter| matter.newness.is_none()).collect());
    }
    let known = || matters.keys().map(MatterKey::as_str).collect::<Vec<_>>().join(", ");
    let one = |key: &MatterKey| match matters.get(key) {
        None => bail!("没有事项 {key}，现有 {}", known()),
        Some(matter) if matter.newness.is_some() => {
            bail!("事项 {key} 要与画面的参照图比较，单张图片不能判；录像用 xunjie replay")
        }
        Some(matter) => Ok(matter),
    };
    keys.iter().map(one).collect()
}

fn judge(image: &Path, judges: &[Judge<'_>], args: &JudgeArgs) -> anyhow::Result<Judged> {
    let picture = jpeg::open_whole(image)?;
    let mut found = Vec::new();
    for judge in judges {
        let detections = judge.detector.detect(&picture)?;
        found.extend(attributed(&judge.matters, &detections));
    }
    let named_only = !args.matter.is_empty();
    let score_min = f64::from(args.score_min.unwrap_or(Score::ZERO).value());
    found.retain(|one| one.score >= score_min && (one.matter.is_some() || !named_only));
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(Judged {
        image: image.display().to_string(),
        width: picture.width(),
        height: picture.height(),
        detections: found,
    })
}

/// Every detection with the matter that it anchors; once for each where several matters claim it. A matter claims a
/// detection only where its whole composition is there.
fn attributed(matters: &[&Matter], detections: &[Detection]) -> Vec<Found> {
    let claims: Vec<(&Matter, Vec<&Detection>)> = (matters.iter())
        .map(|matter| {
            let whole = candidates(matter, detections).into_iter().filter(|c| c.is_complete(matter));
            (*matter, whole.map(|candidate| candidate.anchor).collect())
        })
        .collect();
    let mut found = Vec::with_capacity(detections.len());
    for detection in detections {
        let claimed = |anchors: &Vec<&Detection>| anchors.iter().any(|anchor| std::ptr::eq(*anchor, detection));
        let keys = claims.iter().filter(|(_, anchors)| claimed(anchors)).map(|(matter, _)| Some(matter.key.clone()));
        let mut keys: Vec<Option<MatterKey>> = keys.collect();
        if keys.is_empty() {
            keys.push(None);
        }
        found.extend(keys.into_iter().map(|matter| Found {
            matter,
            class: detection.class.to_string(),
            score: rounded(detection.score.value(), 1e4),
            bbox: detection.bbox.to_array().map(|v| rounded(v, 1e2)),
        }));
    }
    found
}

fn rounded(value: f32, parts: f64) -> f64 {
    (f64::from(value) * parts).round() / parts
}

fn print(judged: &Judged, matters: &BTreeMap<MatterKey, Matter>, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        return writeln!(out, "{}", serde_json::to_string(judged)?);
    }
    let Judged { image, width, height, detections } = judged;
    writeln!(out, "{image}  {width}x{height}  {} 个目标", detections.len())?;
    for Found { matter, class, score, bbox: [x0, y0, x1, y1] } in detections {
        let name = matter.as_ref().and_then(|key| matters.get(key)).map(|matter| format!("  疑似{}", matter.name));
        writeln!(out, "  {score:.2}  {class}  [{x0:.0}, {y0:.0}, {x1:.0}, {y1:.0}]{}", name.unwrap_or_default())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::compose::tests::{detection, matter};

    #[test]
    fn a_detection_belongs_to_the_matter_whose_whole_composition_it_anchors() {
        let parking = matter("parking", &["car", "truck"], None);
        let stall = matter("stall", &["umbrella"], Some(&["person"]));
        let seen = [
            detection("car", 0.6625, [10.0, 10.0, 60.0, 40.0]),
            detection("umbrella", 0.5, [100.0, 0.0, 150.0, 40.0]),
            detection("truck", 0.45, [10.0, 10.0, 61.0, 40.0]),
        ];
        let keys = |seen: &[Detection]| {
            let found = attributed(&[&parking, &stall], seen);
            found.into_iter().map(|f| f.matter.map(String::from)).collect::<Vec<_>>()
        };
        assert_eq!(keys(&seen), [Some("parking".to_owned()), None, None], "one vehicle, no companion");
        let person = detection("person", 0.8, [140.0, 10.0, 170.0, 90.0]);
        let with_person = [&seen[..], &[person]].concat();
        assert_eq!(keys(&with_person)[1], Some("stall".to_owned()));
    }

    #[test]
    fn a_line_has_the_agreed_shape() {
        let found =
            attributed(&[&matter("parking", &["car"], None)], &[detection("car", 0.6625, [1.0, 2.0, 30.333, 40.0])]);
        let judged = Judged { image: "a.jpg".into(), width: 64, height: 48, detections: found };
        assert_eq!(
            serde_json::to_string(&judged).unwrap(),
            r#"{"image":"a.jpg","width":64,"height":48,"detections":[{"matter":"parking","class":"car","score":0.6625,"box":[1.0,2.0,30.33,40.0]}]}"#
        );
    }

    #[test]
    fn a_matter_that_does_not_exist_is_told_with_those_that_do() {
        let matters =
            BTreeMap::from(["stall", "parking"].map(|key| (key.parse().unwrap(), matter(key, &["car"], None))));
        let error = chosen(&["ghost".parse().unwrap()], &matters).unwrap_err().to_string();
        assert!(error.contains("ghost") && error.contains("parking, stall"), "{error}");
        assert_eq!(chosen(&["stall".parse().unwrap()], &matters).unwrap()[0].key.as_str(), "stall");
    }
}
