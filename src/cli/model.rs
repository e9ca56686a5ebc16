//! `xunjie model`: which models there are, whether each is what its manifest says and runs here, and those that are
//! taught by a few examples.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use serde::Serialize;

use super::model_teach;
use crate::infer::{catalogue::Catalogue, manifest::Manifest};

/// What to do with models.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ModelCommand {
    /// 列出模型：用途、许可、来源
    List,
    /// 核对权重的 sha256，并试跑检测模型
    Verify {
        /// 模型名（默认：全部）
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// 用少量样例教会一个模型区分同一物体的几种状态（如敞开、密闭），并逐个留出检验
    Teach(model_teach::Args),
}

/// A model as it is listed; without its facts where the manifest is broken.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    #[serde(flatten)]
    facts: Option<Facts<'a>>,
    faults: Vec<String>,
}

#[derive(Serialize)]
struct Facts<'a> {
    kind: &'static str,
    file: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights_of: Option<&'a str>,
    sha256: &'a str,
    licence: &'a str,
    origin: &'a str,
}

impl<'a> Facts<'a> {
    fn of(manifest: &'a Manifest) -> Self {
        let Manifest { name: _, folder: _, file, weights_of, sha256, licence, origin, kind } = manifest;
        Self { kind: kind.word(), file, weights_of: weights_of.as_deref(), sha256, licence, origin }
    }
}

#[derive(Serialize)]
struct Verified<'a> {
    name: &'a str,
    sound: bool,
    error: Option<String>,
}

/// Lists or verifies the models of the folder `models`; exit code 1 where one is broken.
///
/// # Errors
/// A folder that cannot be read, standard output that cannot be written.
pub fn run(command: &ModelCommand, models: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::load(models)?;
    let mut out = io::stdout().lock();
    let sound = match command {
        ModelCommand::List => list(&catalogue, json, &mut out)?,
        ModelCommand::Verify { names } => verify(&catalogue, names, json, &mut out)?,
        ModelCommand::Teach(args) => {
            drop(out);
            return model_teach::run(args, &catalogue, models, json);
        }
    };
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(catalogue: &Catalogue, json: bool, out: &mut impl Write) -> anyhow::Result<bool> {
    let mut all_sound = true;
    for (name, model) in catalogue.models() {
        let (facts, faults) = match model {
            Ok(manifest) => (Some(Facts::of(manifest)), Vec::new()),
            Err(faults) => (None, faults.0.iter().map(ToString::to_string).collect()),
        };
        all_sound &= faults.is_empty();
        let listed = Listed { name, facts, faults };
        if json {
            writeln!(out, "{}", serde_json::to_string(&listed)?)?;
            continue;
        }
        match &listed.facts {
            Some(Facts { kind, licence, origin, .. }) => writeln!(out, "{name}  {kind}  {licence}\n  {origin}")?,
            None => writeln!(out, "{name}  清单有误")?,
        }
        for fault in &listed.faults {
            writeln!(out, "  {fault}")?;
        }
    }
    Ok(all_sound)
}

fn verify(catalogue: &Catalogue, names: &[String], json: bool, out: &mut impl Write) -> anyhow::Result<bool> {
    let all = || catalogue.models().map(|(name, _)| name.to_owned()).collect();
    let names: Vec<String> = if names.is_empty() { all() } else { names.to_vec() };
    let mut all_sound = true;
    for name in &names {
        let error = catalogue.verify(name).err().map(|error| error.to_string());
        all_sound &= error.is_none();
        if json {
            let verified = Verified { name, sound: error.is_none(), error };
            writeln!(out, "{}", serde_json::to_string(&verified)?)?;
        } else {
            writeln!(out, "{name}  {}", error.unwrap_or_else(|| "完好".to_owned()))?;
        }
    }
    Ok(all_sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_manifest_is_listed_beside_sound_ones() {
        let folder = tempfile::tempdir().unwrap();
        let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/nanodet_g_416");
        for name in ["nanodet_g_416", "broken"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::copy(sound.join("model.toml"), folder.path().join("nanodet_g_416/model.toml")).unwrap();
        std::fs::write(folder.path().join("broken/model.toml"), "name = \"other\"\n").unwrap();
        let catalogue = Catalogue::load(folder.path()).unwrap();
        let mut out = Vec::new();
        assert!(!list(&catalogue, true, &mut out).unwrap());
        let lines: Vec<serde_json::Value> =
            String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["name"], &lines[1]["kind"]), (&"broken".into(), &"detector".into()));
        assert!(lines[0]["faults"].as_array().unwrap().len() > 5 && lines[1]["faults"].as_array().unwrap().is_empty());

        let mut out = Vec::new();
        let names = ["nanodet_g_416", "ghost"].map(str::to_owned);
        assert!(!verify(&catalogue, &names, false, &mut out).unwrap());
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("model.onnx is missing; restore it"), "{text}");
        assert!(text.contains("model ghost: is not in") && text.contains("broken, nanodet_g_416"), "{text}");
    }
}
