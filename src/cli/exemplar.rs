//! `xunjie exemplar`: what verdicts taught about how things look; trying it out and taking it back.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk},
    words,
};
use crate::{
    domain::{Exemplar, ExemplarId, Polarity, RefusedWhy, Review, Ruling, ScopeKind, ViewId, WallTime},
    service::Changed,
    store::ExemplarFilter,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出样例，新的在前，最多 500 条
    List {
        /// 只列在这个画面里看到的
        #[arg(long, value_name = "VIEW")]
        view: Option<ViewId>,
        /// 连同已撤销、已过期的
        #[arg(long)]
        all: bool,
    },
    /// 撤销一个样例；产生它的复核结论不变
    Undo {
        /// 样例编号
        #[arg(value_name = "EXEMPLAR")]
        exemplar: ExemplarId,
    },
    /// 改变一个样例的适用范围
    Scope {
        /// 样例编号
        #[arg(value_name = "EXEMPLAR")]
        exemplar: ExemplarId,
        /// 范围
        #[arg(value_enum)]
        scope: ScopeWord,
    },
    /// 试算：它会改变过去一周的哪些判断
    Preview {
        /// 样例编号
        #[arg(value_name = "EXEMPLAR")]
        exemplar: ExemplarId,
        /// 按这个范围试算（默认：它现在的范围）
        #[arg(long, value_enum)]
        scope: Option<ScopeWord>,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum ScopeWord {
    /// 看到它的画面
    View,
    /// 看到它的区域
    Zone,
    /// 全市
    City,
}

impl From<ScopeWord> for ScopeKind {
    fn from(word: ScopeWord) -> Self {
        match word {
            ScopeWord::View => Self::View,
            ScopeWord::Zone => Self::Zone,
            ScopeWord::City => Self::City,
        }
    }
}

/// An exemplar as it is printed.
#[derive(Serialize)]
struct Shown {
    id: ExemplarId,
    matter: String,
    polarity: Polarity,
    scope: ScopeKind,
    view: ViewId,
    by: String,
    at: WallTime,
    expires: WallTime,
    undone_by: Option<String>,
}

impl Shown {
    fn of(exemplar: Exemplar) -> Self {
        Self {
            id: exemplar.id,
            matter: exemplar.matter.to_string(),
            polarity: exemplar.polarity,
            scope: exemplar.scope.into(),
            view: exemplar.view,
            by: exemplar.by,
            at: exemplar.at,
            expires: exemplar.expires,
            undone_by: exemplar.undone.map(|(by, _)| by),
        }
    }
}

/// A changed ruling as it is printed.
#[derive(Serialize)]
struct ShownChange {
    at: WallTime,
    view: ViewId,
    before: Option<RefusedWhy>,
    after: Option<RefusedWhy>,
    likeness: f32,
    review: Option<String>,
    held_back: bool,
}

impl ShownChange {
    fn of(changed: &Changed, held_back: bool) -> Self {
        let why = |ruling: Ruling| match ruling {
            Ruling::Passed => None,
            Ruling::Refused { why } => Some(why),
        };
        Self {
            at: changed.at,
            view: changed.view,
            before: why(changed.before),
            after: why(changed.after),
            likeness: changed.likeness,
            review: changed.review.as_ref().map(|review: &Review| words::review(review)),
            held_back,
        }
    }
}

const HEAD: [&str; 7] = ["样例", "事项", "作用", "范围", "来自", "时间", "状态"];

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let offset = service.config.city.utc_offset();
    let cells = |shown: &Shown| {
        vec![
            shown.id.to_string(),
            shown.matter.clone(),
            words::polarity(shown.polarity).to_owned(),
            words::scope(shown.scope).to_owned(),
            shown.by.clone(),
            words::time(shown.at, offset),
            shown.undone_by.as_ref().map_or_else(
                || format!("有效至 {}", words::time(shown.expires, offset)),
                |by| format!("已撤销（{by}）"),
            ),
        ]
    };
    match command {
        Command::List { view, all } => {
            let counting_at = (!all).then(|| service.now());
            let filter = ExemplarFilter { view: *view, counting_at, ..ExemplarFilter::default() };
            let shown: Vec<Shown> = service.exemplars(&filter)?.into_iter().map(Shown::of).collect();
            desk.print.list(&shown, &HEAD, "没有样例", cells);
        }
        Command::Undo { exemplar } => {
            service.undo_exemplar(*exemplar, ACTOR)?;
            desk.print.list(&[Shown::of(service.exemplar(*exemplar)?)], &HEAD, "", cells);
        }
        Command::Scope { exemplar, scope } => {
            let changed = service.rescope_exemplar(*exemplar, (*scope).into(), ACTOR)?;
            desk.print.list(&[Shown::of(changed)], &HEAD, "", cells);
        }
        Command::Preview { exemplar, scope } => {
            let preview = service.preview_exemplar(*exemplar, scope.map(Into::into))?;
            let rows = preview.changed.iter().map(|one| ShownChange::of(one, false));
            let rows: Vec<ShownChange> =
                rows.chain(preview.held_back.iter().map(|one| ShownChange::of(one, true))).collect();
            let head = ["时间", "画面", "原判断", "用它之后", "相似度", "复核"];
            desk.print.list(&rows, &head, "过去一周没有判断会因它改变", |row| {
                let (before, after) = (words::refused(row.before), words::refused(row.after));
                vec![
                    words::time(row.at, offset),
                    row.view.to_string(),
                    before.to_owned(),
                    if row.held_back { format!("已由它拦下（否则{after}）") } else { after.to_owned() },
                    format!("{:.2}", row.likeness),
                    row.review.clone().unwrap_or_default(),
                ]
            });
            eprintln!("过去一周共有 {} 次复核判断在它的范围内", preview.weighed);
        }
    }
    Ok(ExitCode::SUCCESS)
}
