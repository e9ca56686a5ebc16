//! `xunjie model teach`: makes a model of a few examples, and says how well each of them is told by the others. What it
//! writes holds numbers and no picture.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{eval, print};
use crate::{
    analysis::few_shot::{self, Discriminant, Example, Told},
    eval::{LeftOut, examples::ExampleSet},
    infer::{Detector, catalogue::Catalogue, few_shot as weights, manifest::FILE_NAME},
};

/// The weight file in the model's folder.
const WEIGHTS: &str = "examples.json";

/// A model to be taught.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// 新模型名，即 models/ 下的目录名；已有的同类模型会被替换
    #[arg(value_name = "NAME")]
    name: String,
    /// 样例目录：每种状态一个子目录，里面是画面和同名的 YOLO 标注；同一物体的多张放进再下一级目录
    #[arg(long, value_name = "DIR")]
    examples: PathBuf,
    /// 另一个样例目录，子目录同名，不参与学习，只用来检验
    #[arg(long, value_name = "DIR")]
    held_out: Option<PathBuf>,
    /// 描述外观的模型，清单里要有 detector.appearance，有 detector.patches 更好
    #[arg(long, value_name = "NAME", default_value = "street_verifier_crop")]
    encoder: String,
    /// 只检验，不写模型
    #[arg(long = "try")]
    is_trial: bool,
}

/// What came of it.
#[derive(Serialize)]
struct Taught<'a> {
    name: &'a str,
    classes: Vec<Class<'a>>,
    told: Measured,
    held_out: Option<Measured>,
    left_out: &'a [LeftOut],
    sha256: String,
    folder: Option<String>,
}

#[derive(Serialize)]
struct Class<'a> {
    name: &'a str,
    things: usize,
    examples: usize,
}

/// How well examples were told that were not learnt from.
#[derive(Serialize)]
struct Measured {
    /// By class, in their order: what its examples were taken for.
    taken_for: Vec<Vec<u32>>,
    /// Mean over the classes of the share that was told rightly.
    recall: f64,
    /// Answers of 0.8 or more.
    sure: u32,
    sure_right: u32,
}

impl From<Told> for Measured {
    fn from(told: Told) -> Self {
        let recall = (f64::from(told.recall) * 1e4).round() / 1e4;
        Self { taken_for: told.confusion, recall, sure: told.sure, sure_right: told.sure_right }
    }
}

/// Teaches, measures and writes.
///
/// # Errors
/// Examples that cannot be read or are too few, an encoder that does not describe, a folder that holds another kind of model.
pub(super) fn run(args: &Args, catalogue: &Catalogue, models: &Path, json: bool) -> anyhow::Result<ExitCode> {
    if args.name.is_empty() || !args.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
        bail!("{:?} is no name of a model; use letters, digits, _ and -", args.name);
    }
    let folder = models.join(&args.name);
    if folder.join(FILE_NAME).exists() {
        let is_ours = catalogue.manifest(&args.name).is_ok_and(|manifest| manifest.few_shot().is_ok());
        if !is_ours {
            bail!("{} holds a model of another kind; choose another name", folder.display());
        }
    }
    if catalogue.manifest(&args.encoder)?.detector()?.appearance.is_none() {
        bail!("model {} has no appearance; name a detector with detector.appearance", args.encoder);
    }
    let set = ExampleSet::list(&args.examples)?;
    let classes = set.classes.clone();
    let held_out = args.held_out.as_deref().map(ExampleSet::list).transpose()?;
    if let Some(other) = held_out.as_ref().filter(|other| other.classes != classes) {
        bail!("the held out folder has the classes {}, the examples {}", other.classes.join(", "), classes.join(", "));
    }
    let encoder = catalogue.detector(&args.encoder, 0)?;
    let described = |set: ExampleSet| {
        let bar = eval::bar(set.frames());
        let described = set.describe(encoder.as_ref(), |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        described
    };
    let (examples, mut left_out) = described(set);
    let learnt = few_shot::teach(&classes, &examples);
    let (learnt, told) = learnt.with_context(|| first_of(&args.examples, &left_out))?;
    let held_out = held_out.map(|set| {
        let (others, gone) = described(set);
        left_out.extend(gone);
        Measured::from(learnt.tell(&others))
    });
    let bytes = weights::write(&learnt);
    let sha256 = hex::encode(Sha256::digest(&bytes));
    if !args.is_trial {
        let manifest = manifest(args, encoder.as_ref(), &learnt, (&examples, &told), &sha256);
        put(&folder, &[(WEIGHTS, &bytes), (FILE_NAME, manifest.as_bytes())])?;
    }
    let taught = Taught {
        name: &args.name,
        classes: rows(&learnt.classes, &examples),
        told: told.into(),
        held_out,
        left_out: &left_out,
        sha256,
        folder: (!args.is_trial).then(|| folder.display().to_string()),
    };
    print::Printer { json }.one(&taught, || said(&taught));
    Ok(ExitCode::SUCCESS)
}

/// Where examples are missing: the folder, and the first that had to be left out.
fn first_of(folder: &Path, left_out: &[LeftOut]) -> String {
    let at = folder.display();
    match left_out.first() {
        Some(LeftOut { file, reason, .. }) => {
            format!("nothing can be learnt from {at} ({} left out, the first: {file}: {reason})", left_out.len())
        }
        None => format!("nothing can be learnt from {at}"),
    }
}

fn rows<'a>(classes: &'a [Arc<str>], examples: &[Example]) -> Vec<Class<'a>> {
    let of = |(class, name): (usize, &'a Arc<str>)| {
        let own: Vec<&str> = examples.iter().filter(|one| one.class == class).map(|one| one.thing.as_str()).collect();
        let things = own.iter().collect::<std::collections::BTreeSet<_>>().len();
        Class { name, things, examples: own.len() }
    };
    classes.iter().enumerate().map(of).collect()
}

fn manifest(
    args: &Args,
    encoder: &dyn Detector,
    learnt: &Discriminant,
    (examples, told): (&[Example], &Told),
    sha256: &str,
) -> String {
    let quoted: Vec<String> = learnt.classes.iter().map(|name| format!("{:?}", &**name)).collect();
    let (name, of) = (&args.name, encoder.model());
    let (count, share, sha) = (examples.len(), told.recall * 100.0, of.sha256.get(..12).unwrap_or_default());
    format!(
        "# Made by `xunjie model teach`. Left out one thing after the other, {share:.1} % of each class are told on the mean;\n\
         # of {sure} answers of 0.8 or more {right} are right.\n\
         name = {name:?}\nkind = \"few_shot\"\nfile = {WEIGHTS:?}\nsha256 = {sha256:?}\nlicence = \"LicenseRef-own\"\n\
         origin = \"taught by {count} examples of this city, described by {encoder} ({sha})\"\n\n\
         [few_shot]\nencoder = {encoder:?}\nclasses = [{}]\n",
        quoted.join(", "),
        sure = told.sure,
        right = told.sure_right,
        encoder = of.name,
    )
}

/// Each file first beside its place and then into it, the manifest last: until then the old one fits nothing and is refused.
fn put(folder: &Path, files: &[(&str, &[u8])]) -> anyhow::Result<()> {
    let context = || format!("{} cannot be written", folder.display());
    fs::create_dir_all(folder).with_context(context)?;
    for (name, bytes) in files {
        let part = folder.join(format!("{name}.part"));
        fs::write(&part, bytes).and_then(|()| fs::rename(&part, folder.join(name))).with_context(context)?;
    }
    Ok(())
}

fn said(taught: &Taught<'_>) -> String {
    let taken: Vec<String> = taught.classes.iter().map(|class| format!("判为 {}", class.name)).collect();
    let table = |head: [&str; 2], measured: &Measured, counts: &dyn Fn(usize) -> String| {
        let head: Vec<&str> = head.into_iter().chain(taken.iter().map(String::as_str)).collect();
        let row = |(index, class): (usize, &Class<'_>)| {
            let taken = measured.taken_for[index].iter().map(u32::to_string);
            [class.name.to_owned(), counts(index)].into_iter().chain(taken).collect::<Vec<_>>()
        };
        let rows: Vec<Vec<String>> = taught.classes.iter().enumerate().map(row).collect();
        let (recall, sure, right) = (measured.recall * 100.0, measured.sure, measured.sure_right);
        format!(
            "{}\n各状态平均判对 {recall:.1}%；0.8 分以上的 {sure} 个判断中 {right} 个对\n",
            print::table(&head, &rows)
        )
    };
    let things = |index: usize| format!("{}（{}）", taught.classes[index].things, taught.classes[index].examples);
    let told = table(["逐个留出", "物体（样例）"], &taught.told, &things);
    let all = |measured: &Measured, index: usize| measured.taken_for[index].iter().sum::<u32>().to_string();
    let held_out = taught.held_out.as_ref();
    let held_out = held_out.map(|measured| table(["另一批", "样例"], measured, &|index| all(measured, index)));
    let gone = |one: &LeftOut| {
        let line = one.line.map_or_else(String::new, |line| format!(":{line}"));
        format!("未计入 {}{line}：{}\n", one.file, one.reason)
    };
    let gone: String = taught.left_out.iter().map(gone).collect();
    let written = taught.folder.as_ref().map_or_else(|| "未写模型".to_owned(), |folder| format!("已写入 {folder}"));
    format!("{told}{}{gone}{written}", held_out.unwrap_or_default())
}
