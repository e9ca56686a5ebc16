//! `xunjie case`: what was opened and where it stands at the platform. Cases are opened by verdicts alone.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Done,
    desk::{Desk, Limit},
    words,
};
use crate::{
    domain::{Areas, Case, CaseId, Delivery, Incident, Stage},
    store::AuditRow,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出案件，新的在前
    List {
        /// 只列处于某一阶段的
        #[arg(long, value_enum)]
        stage: Option<StageWord>,
        #[command(flatten)]
        limit: Limit,
    },
    /// 查看一个案件：上报和平台的答复
    Show {
        /// 案件编号
        #[arg(value_name = "CASE")]
        case: CaseId,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum StageWord {
    /// 已立案，平台尚未答复
    Filed,
    /// 已受理
    Accepted,
    /// 已派遣
    Dispatched,
    /// 处置完成，待核查
    Handled,
    /// 已结案
    Closed,
    /// 不予受理
    Rejected,
    /// 已作废
    Cancelled,
}

/// A case as `show` prints it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    case: Case,
    behind: Incident,
    deliveries: Vec<Delivery>,
    audit: Vec<AuditRow>,
}

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let offset = service.config.city.utc_offset();
    match command {
        Command::List { stage, limit } => {
            let cases = limit.rows(|page| service.cases(&Areas::All, stage.map(Stage::from), page))?;
            let head = ["案件", "事项", "代码", "阶段", "平台编号", "立案", "时限"];
            desk.print.list(&cases, &head, "没有案件", |case| {
                vec![
                    case.id.to_string(),
                    case.matter_name.clone(),
                    case.codes.code_2026.clone(),
                    words::stage(case.stage).to_owned(),
                    case.platform_number.clone().unwrap_or_else(|| "无".to_owned()),
                    words::time(case.opened_at, offset),
                    case.limit.as_ref().map_or_else(|| "无".to_owned(), |limit| words::time(limit.due_at, offset)),
                ]
            });
        }
        Command::Show { case } => {
            let detail = service.case(*case)?;
            let shown = Shown {
                case: detail.case,
                behind: detail.incident,
                deliveries: detail.deliveries,
                audit: detail.audit,
            };
            desk.print.one(&shown, || in_words(&shown, offset));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn in_words(shown: &Shown, offset: chrono::FixedOffset) -> String {
    let case = &shown.case;
    let mut lines = vec![
        format!("案件      {}", case.id),
        format!("事件      {}", case.incident),
        format!("事项      {}（{}）", case.matter_name, case.codes.code_2026),
        format!("阶段      {}", words::stage(case.stage)),
        format!("平台编号  {}", case.platform_number.as_deref().unwrap_or("无")),
        format!("立案      {}，{} 确认", words::time(case.opened_at, offset), case.confirmed_by),
    ];
    if let Some(limit) = &case.limit {
        lines.push(format!("时限      {}，{}", limit.text, words::time(limit.due_at, offset)));
    }
    if let Some(location) = &case.location {
        lines.push(format!("地址      {}", location.address));
    }
    for delivery in &shown.deliveries {
        let what = words::message(&delivery.message);
        lines.push(format!("上报      {}（{what}，{}）", delivery.id, words::delivery_state(&delivery.state)));
    }
    for row in &shown.audit {
        lines.push(format!("记录      {} {}（{}）", words::time(row.at, offset), row.action, row.actor));
    }
    lines.join("\n")
}

impl From<StageWord> for Stage {
    fn from(word: StageWord) -> Self {
        match word {
            StageWord::Filed => Self::Filed,
            StageWord::Accepted => Self::Accepted,
            StageWord::Dispatched => Self::Dispatched,
            StageWord::Handled => Self::Handled,
            StageWord::Closed => Self::Closed,
            StageWord::Rejected => Self::Rejected,
            StageWord::Cancelled => Self::Cancelled,
        }
    }
}
