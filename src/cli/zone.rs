//! `xunjie zone`: draws zones on a view. Corners are fractions of the reference picture's width and height.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Done,
    desk::{ACTOR, Desk, view_named},
    words,
};
use crate::{
    domain::{Hours, MatterKey, WallTime, Zone, ZoneId, ZoneKind},
    service::NewZone,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 在画面上画一个区域
    Add(Box<AddArgs>),
    /// 列出区域
    List {
        /// 只列一个画面的：画面编号，或只有一个画面的视频源的编码
        #[arg(value_name = "VIEW")]
        view: Option<String>,
    },
    /// 删除一个区域；引用它的事件保留
    Remove {
        /// 区域编号
        #[arg(value_name = "ZONE")]
        zone: ZoneId,
    },
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("outline").required(true).args(["polygon", "file"]))]
pub(super) struct AddArgs {
    /// 画面编号；视频源只有一个画面时也可写它的编码
    #[arg(value_name = "VIEW")]
    view: String,
    /// 名称
    #[arg(long)]
    name: String,
    /// 类别
    #[arg(long, value_enum)]
    kind: KindWord,
    /// 管哪些事项，可重复
    #[arg(long = "matter", value_name = "KEY", required = true)]
    matters: Vec<String>,
    /// 顶点，按顺序，占宽和高的比例："0.1,0.5 0.9,0.5 0.9,0.9 0.1,0.9"
    #[arg(long, value_name = "POINTS", value_parser = points)]
    polygon: Option<Points>,
    /// 存放顶点的 JSON 文件：[[x,y],...] 或 GeoJSON 的 Polygon
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// 存放时段的 JSON 或 TOML 文件：weekly 为周一到周日七天的 {from,to}，on_holidays 可选
    #[arg(long, value_name = "FILE")]
    hours: Option<PathBuf>,
    /// 从何时起有效，如 2026-11-23T08:00:00+08:00
    #[arg(long, value_name = "TIME")]
    valid_from: Option<WallTime>,
    /// 到何时止
    #[arg(long, value_name = "TIME")]
    valid_until: Option<WallTime>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindWord {
    /// 严禁：任何时候都不许
    Strict,
    /// 严控：时段内不许；没有时段则一直不许
    Controlled,
    /// 疏导：时段内允许，时段外不许
    Permitted,
    /// 豁免：不判
    Exempt,
}

/// Corners as typed; whether they make a polygon is the service's to say.
#[derive(Clone)]
struct Points(Vec<[f32; 2]>);

/// An outline in a file: a bare list, or GeoJSON's polygon with its outer ring.
#[derive(Deserialize)]
#[serde(untagged)]
enum OutlineFile {
    Points(Vec<[f32; 2]>),
    GeoJson { coordinates: Vec<Vec<[f32; 2]>> },
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    match command {
        Command::Add(args) => {
            let (view, _) = view_named(&service, &args.view)?;
            let polygon = match (&args.polygon, &args.file) {
                (Some(points), _) => points.0.clone(),
                (None, Some(file)) => outline_of(file)?,
                (None, None) => bail!("a zone needs --polygon or --file"),
            };
            let new = NewZone {
                name: args.name,
                kind: args.kind.into(),
                matters: args.matters,
                polygon,
                hours: args.hours.as_deref().map(read::<Hours>).transpose()?,
                valid_from: args.valid_from,
                valid_until: args.valid_until,
            };
            let zone = service.add_zone(view.id, &new, ACTOR)?;
            desk.print.one(&zone, || format!("已画区域 {}（{}，{}）", zone.id, zone.name, words::zone_kind(zone.kind)));
        }
        Command::List { view } => {
            let view = view.map(|name| view_named(&service, &name)).transpose()?.map(|(view, _)| view.id);
            let zones = service.zones(view)?;
            let head = ["区域", "名称", "类别", "事项", "顶点", "占画面", "版本"];
            desk.print.list(&zones, &head, "还没有区域；用 xunjie zone add 绘制", cells);
        }
        Command::Remove { zone } => {
            service.remove_zone(zone, ACTOR)?;
            desk.print.one(&serde_json::json!({ "removed": zone }), || format!("已删除区域 {zone}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn cells(zone: &Zone) -> Vec<String> {
    vec![
        zone.id.to_string(),
        zone.name.clone(),
        words::zone_kind(zone.kind).to_owned(),
        zone.matters.iter().map(MatterKey::as_str).collect::<Vec<_>>().join(", "),
        zone.polygon.points().len().to_string(),
        format!("{:.0}%", zone.polygon.area() * 100.0),
        zone.version.to_string(),
    ]
}

/// Reads `x,y x,y ...`.
fn points(text: &str) -> Result<Points, String> {
    let point = |pair: &str| -> Option<[f32; 2]> {
        let (x, y) = pair.split_once(',')?;
        Some([x.trim().parse().ok()?, y.trim().parse().ok()?])
    };
    let points: Result<Vec<_>, String> = text
        .split_whitespace()
        .map(|pair| point(pair).ok_or_else(|| format!("{pair:?} is no point; write x,y in fractions, like 0.25,0.5")))
        .collect();
    points.map(Points)
}

fn outline_of(file: &Path) -> anyhow::Result<Vec<[f32; 2]>> {
    let mut points = match read::<OutlineFile>(file)? {
        OutlineFile::Points(points) => points,
        OutlineFile::GeoJson { coordinates } => match <[_; 1]>::try_from(coordinates) {
            Ok([ring]) => ring,
            Err(rings) => bail!("{} has {} rings; a zone is one outline without holes", file.display(), rings.len()),
        },
    };
    // GeoJSON repeats the first corner at the end.
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    Ok(points)
}

/// Reads a small JSON file, or a TOML one where the name says so.
fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let text = fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    if file.extension().is_some_and(|extension| extension == "toml") {
        toml::from_str(&text).with_context(|| format!("{} cannot be understood", file.display()))
    } else {
        serde_json::from_str(&text).with_context(|| format!("{} cannot be understood", file.display()))
    }
}

impl From<KindWord> for ZoneKind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Strict => Self::Strict,
            KindWord::Controlled => Self::Controlled,
            KindWord::Permitted => Self::Permitted,
            KindWord::Exempt => Self::Exempt,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_text_gives_points_or_names_the_pair_that_is_none(text: String) {
            match points(&text) {
                Ok(Points(found)) => proptest::prop_assert_eq!(found.len(), text.split_whitespace().count()),
                Err(told) => {
                    let named = text.split_whitespace().any(|pair| told.starts_with(&format!("{pair:?}")));
                    proptest::prop_assert!(named, "{}", told);
                }
            }
        }
    }

    #[test]
    fn outlines_are_read_from_arguments_and_files() {
        assert_eq!(points(" 0.1,0.2  1,1 0,1 ").unwrap().0, [[0.1, 0.2], [1.0, 1.0], [0.0, 1.0]]);
        assert!(points("0.1;0.2").is_err_and(|told| told.contains("0.1;0.2")));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("zone.json");
        fs::write(&file, r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#).unwrap();
        assert_eq!(outline_of(&file).unwrap(), [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]);
        fs::write(&file, "[[0,0],[1,0],[1,1]]").unwrap();
        assert_eq!(outline_of(&file).unwrap().len(), 3);
    }
}
