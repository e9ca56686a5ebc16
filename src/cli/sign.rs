//! `xunjie sign`: what text a view's reference picture shows, and what of it may stay.

use std::process::ExitCode;

use anyhow::bail;
use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk, view_named},
    words,
};
use crate::domain::{Sign, SignId, WallTime};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出一个画面基准图上的文字，从上到下；巡看读过基准图之后才有
    List {
        /// 画面编号；视频源只有一个画面时也可写它的编码
        #[arg(value_name = "VIEW")]
        view: String,
    },
    /// 准许：这些文字可以在那里，不再作为问题
    Permit(Chosen),
    /// 撤回准许
    Withdraw(Chosen),
}

#[derive(clap::Args)]
pub(super) struct Chosen {
    /// 画面编号；视频源只有一个画面时也可写它的编码
    #[arg(value_name = "VIEW")]
    view: String,
    /// 文字的编号，可多个
    #[arg(value_name = "SIGN", required_unless_present = "all")]
    signs: Vec<SignId>,
    /// 这个画面的全部文字
    #[arg(long, conflicts_with = "signs")]
    all: bool,
}

/// A sign as it is printed.
#[derive(Serialize)]
struct Shown {
    id: SignId,
    text: String,
    bbox: [f32; 4],
    reference: u32,
    read_at: WallTime,
    permitted_by: Option<String>,
    permitted_at: Option<WallTime>,
}

impl Shown {
    fn of(sign: Sign) -> Self {
        let Sign { id, view: _, reference, text, bbox, read_at, permitted } = sign;
        let (permitted_by, permitted_at) = permitted.unzip();
        Self { id, text: text.masked(), bbox: bbox.to_array(), reference, read_at, permitted_by, permitted_at }
    }
}

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let change = |chosen: &Chosen, permitted: bool| -> anyhow::Result<Vec<Sign>> {
        let (view, _) = view_named(&service, &chosen.view)?;
        let ids = if chosen.all {
            service.signs(view.id)?.iter().map(|sign| sign.id).collect()
        } else {
            chosen.signs.clone()
        };
        if ids.is_empty() {
            bail!("view {} has no signs; they are read in the first look for a matter that reads", view.id);
        }
        Ok(service.permit_signs(view.id, &ids, permitted, ACTOR)?)
    };
    let signs = match command {
        Command::List { view } => service.signs(view_named(&service, view)?.0.id)?,
        Command::Permit(chosen) => change(chosen, true)?,
        Command::Withdraw(chosen) => change(chosen, false)?,
    };
    let offset = service.config.city.utc_offset();
    let shown: Vec<Shown> = signs.into_iter().map(Shown::of).collect();
    desk.print.list(
        &shown,
        &["文字编号", "文字", "基准图", "准许"],
        "没有文字；巡看读过基准图之后才有",
        |sign| {
            let permitted = sign.permitted_by.as_ref().zip(sign.permitted_at);
            vec![
                sign.id.to_string(),
                sign.text.clone(),
                format!("第 {} 版", sign.reference),
                permitted.map_or_else(|| "未准许".to_owned(), |(by, at)| format!("{by}，{}", words::time(at, offset))),
            ]
        },
    );
    Ok(ExitCode::SUCCESS)
}
