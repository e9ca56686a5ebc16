//! `xunjie view`: what is looked for on a view, how often, and the reference picture that zones are drawn on.

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    Done,
    desk::{ACTOR, Desk, view_named},
    words,
};
use crate::{
    domain::{LookReport, MatterKey, Reference, View, Zone},
    media::{jpeg, view_match::ViewMatcher},
    service::{ChangeView, Service},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出全部画面
    List,
    /// 查看一个画面：区域、最近的轮巡
    Show(Named),
    /// 修改一个画面；不写的不变
    Set(SetArgs),
    /// 查看基准图，或用一张图片更换它
    Reference(ReferenceArgs),
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// 画面编号；视频源只有一个画面时也可写它的编码
    #[arg(value_name = "VIEW")]
    view: String,
}

#[derive(clap::Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    named: Named,
    /// 名称
    #[arg(long)]
    name: Option<String>,
    /// 要找的事项，可重复，代替原有的
    #[arg(long = "matter", value_name = "KEY")]
    matters: Vec<String>,
    /// 多少秒看一次，代替事项自己的目标；0 表示取消
    #[arg(long, value_name = "SECONDS")]
    revisit_s: Option<u32>,
    /// 资源紧张时的份额，1 为正常
    #[arg(long)]
    weight: Option<f32>,
}

#[derive(clap::Args)]
pub(super) struct ReferenceArgs {
    #[command(flatten)]
    named: Named,
    /// JPEG 或 PNG 图片；不写则只查看
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// A view as `list` prints it.
#[derive(Serialize)]
struct Listed {
    stream_code: String,
    #[serde(flatten)]
    view: View,
    latest_look: Option<LookReport>,
}

/// A view as `show` prints it.
#[derive(Serialize)]
struct Shown {
    stream_code: String,
    #[serde(flatten)]
    view: View,
    zones: Vec<Zone>,
    looks: Vec<LookReport>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    match command {
        Command::List => list(desk, &service)?,
        Command::Show(named) => show(desk, &service, &named)?,
        Command::Set(args) => {
            let (view, _) = view_named(&service, &args.named.view)?;
            let change = ChangeView {
                name: args.name,
                matters: (!args.matters.is_empty()).then_some(args.matters),
                revisit_s: args.revisit_s.map(|seconds| (seconds > 0).then_some(seconds)),
                weight: args.weight,
            };
            let view = service.change_view(view.id, &change, ACTOR)?;
            desk.print.one(&view, || format!("已修改画面 {}", view.id));
        }
        Command::Reference(args) => reference(desk, &service, &args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk, service: &Service) -> anyhow::Result<()> {
    let mut latest = service.store.latest_looks()?;
    let mut views = Vec::new();
    for detail in service.streams()? {
        for view in detail.views {
            let latest_look = latest.remove(&view.id);
            views.push(Listed { stream_code: detail.stream.code.clone(), view, latest_look });
        }
    }
    let offset = service.config.city.utc_offset();
    let head = ["画面", "视频源", "名称", "事项", "基准图", "最近一看", "状态"];
    desk.print.list(&views, &head, "还没有画面；登记视频源时会建立一个", |row| {
        vec![
            row.view.id.to_string(),
            row.stream_code.clone(),
            row.view.name.clone(),
            matters(&row.view),
            row.view.reference.as_ref().map_or_else(|| "无".to_owned(), |r| format!("第 {} 版", r.version)),
            row.latest_look.as_ref().map_or_else(|| "从未".to_owned(), |look| words::time(look.ended, offset)),
            row.latest_look.as_ref().map_or("", |look| words::view_state(look.state)).to_owned(),
        ]
    });
    Ok(())
}

fn show(desk: &Desk, service: &Service, named: &Named) -> anyhow::Result<()> {
    let (view, stream) = view_named(service, &named.view)?;
    let (view, _, zones) = service.view(view.id)?;
    let looks = service.looks(view.id, 10)?;
    let shown = Shown { stream_code: stream.code, view, zones, looks };
    let offset = service.config.city.utc_offset();
    desk.print.one(&shown, || {
        let mut lines = vec![
            format!("画面    {} {}", shown.view.id, shown.view.name),
            format!("视频源  {}", shown.stream_code),
            format!("事项    {}", matters(&shown.view)),
        ];
        if let Some(reference) = &shown.view.reference {
            lines.push(format!("基准图  {}", reference_in_words(reference)));
        }
        for zone in &shown.zones {
            lines.push(format!(
                "区域    {} {}（{}，第 {} 版）",
                zone.id,
                zone.name,
                words::zone_kind(zone.kind),
                zone.version
            ));
        }
        for look in &shown.looks {
            let reason = look.reason.as_ref().map_or_else(String::new, |reason| format!("：{}", reason.zh));
            let state = words::view_state(look.state);
            lines.push(format!("轮巡    {} {} 帧，{state}{reason}", words::time(look.ended, offset), look.frames));
        }
        lines.join("\n")
    });
    Ok(())
}

/// Shows the reference picture, or takes a file as the next version of it.
fn reference(desk: &Desk, service: &Service, args: &ReferenceArgs) -> anyhow::Result<()> {
    let (view, _) = view_named(service, &args.named.view)?;
    let Some(file) = &args.file else {
        let none = "还没有基准图；第一次轮巡会留下一张，或用 --file 指定";
        desk.print.one(&view.reference, || view.reference.as_ref().map_or_else(|| none.to_owned(), reference_in_words));
        return Ok(());
    };
    let bytes = fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let picture =
        jpeg::open_whole(file).with_context(|| format!("{} cannot be a reference picture", file.display()))?;
    if let Err(why) = ViewMatcher::new(&picture) {
        bail!("{} cannot be a reference picture: {why}", file.display());
    }
    let version = view.reference.as_ref().map_or(1, |reference| reference.version + 1);
    let extension = if bytes.starts_with(b"\x89PNG") { "png" } else { "jpg" };
    let reference = Reference {
        version,
        file: format!("references/{}-{version}.{extension}", view.id),
        sha256: hex::encode(Sha256::digest(&bytes)),
        width: picture.width(),
        height: picture.height(),
        taken_at: service.now(),
    };
    let target = service.data().join(&reference.file);
    let folder = target.parent().expect("the file name above has a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&target, &bytes));
    written.with_context(|| format!("{} cannot be written", target.display()))?;
    service.store.put_reference(view.id, &reference, ACTOR)?;
    desk.print.one(&reference, || format!("画面 {} 的基准图已换：{}", view.id, reference_in_words(&reference)));
    Ok(())
}

fn reference_in_words(reference: &Reference) -> String {
    format!("第 {} 版，{}x{}，{}", reference.version, reference.width, reference.height, reference.file)
}

fn matters(view: &View) -> String {
    if view.matters.is_empty() {
        return "无".to_owned();
    }
    view.matters.iter().map(MatterKey::as_str).collect::<Vec<_>>().join(", ")
}
