//! `xunjie review` (also `xunjie incident`): what waits for a person, what is known about it, and the verdict.
//! A verdict needs a reviewer's name; only a confirmation opens a case.

use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk, Limit, view_named},
    words,
};
use crate::{
    domain::{
        Areas, Case, Delivery, EvidenceRow, Incident, IncidentId, MatterKey, Presence, RejectReason, SignedVerdict,
        Verdict,
    },
    service::{Circle, IncidentDetail, Moment, Service},
    store::IncidentFilter,
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出事件，新的在前；默认只列待复核的
    List(ListArgs),
    /// 查看一个事件
    Show(Named),
    /// 在目标上读到的全部文字，不遮挡；会记入审计
    Reading(Named),
    /// 一个事件的经过：巡看、发现、取证、复核、立案、上报、回执
    Timeline(Named),
    /// 确认：立案并上报
    Confirm {
        #[command(flatten)]
        by: Signed,
    },
    /// 驳回
    Reject {
        #[command(flatten)]
        by: Signed,
        /// 原因
        #[arg(long, value_enum)]
        reason: ReasonWord,
    },
    /// 与另一事件重复
    Duplicate {
        #[command(flatten)]
        by: Signed,
        /// 另一事件的编号
        #[arg(long, value_name = "INCIDENT")]
        of: IncidentId,
    },
    /// 改判为另一事项，继续待复核
    Reclassify {
        #[command(flatten)]
        by: Signed,
        /// 正确的事项
        #[arg(long, value_name = "KEY")]
        matter: MatterKey,
    },
}

#[derive(clap::Args)]
pub(super) struct ListArgs {
    /// 复核状态
    #[arg(long, value_enum, default_value_t = StateWord::Waiting)]
    state: StateWord,
    /// 只列仍在的
    #[arg(long, conflicts_with = "closed")]
    open: bool,
    /// 只列已不在的
    #[arg(long)]
    closed: bool,
    /// 只列一个画面的：画面编号，或只有一个画面的视频源的编码
    #[arg(long, value_name = "VIEW")]
    view: Option<String>,
    /// 只列一个事项的
    #[arg(long, value_name = "KEY")]
    matter: Option<MatterKey>,
    #[command(flatten)]
    limit: Limit,
}

#[derive(clap::Args)]
pub(super) struct Named {
    /// 事件编号
    #[arg(value_name = "INCIDENT")]
    incident: IncidentId,
}

#[derive(clap::Args)]
pub(super) struct Signed {
    /// 事件编号
    #[arg(value_name = "INCIDENT")]
    incident: IncidentId,
    /// 复核人姓名
    #[arg(long, value_name = "NAME")]
    reviewer: String,
    /// 说明
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum StateWord {
    /// 待复核
    Waiting,
    /// 已确认
    Confirmed,
    /// 已驳回
    Rejected,
    /// 重复
    Duplicate,
    /// 全部
    All,
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum ReasonWord {
    /// 识别错误
    WrongObject,
    /// 合法：有许可，或在允许的时段内
    Lawful,
    /// 临时停留
    Passing,
    /// 区域有误
    WrongZone,
    /// 画面不清
    Unclear,
    /// 其他，写在说明里
    Other,
}

/// An incident as `show` prints it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    incident: Incident,
    matter_name: String,
    stream_code: Option<String>,
    view_name: Option<String>,
    zone_name: Option<String>,
    evidence: Vec<EvidenceRow>,
    case: Option<Case>,
    deliveries: Vec<Delivery>,
}

/// What a verdict led to, as it is printed.
#[derive(Serialize)]
struct Decided {
    incident: Incident,
    case: Option<Case>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    match command {
        Command::List(args) => list(desk, &service, &args)?,
        Command::Show(named) => show(desk, &service, named.incident)?,
        Command::Reading(named) => {
            let text = service.reading(named.incident, Circle::Review, ACTOR)?;
            desk.print.one(&serde_json::json!({ "text": text }), || text.clone());
        }
        Command::Timeline(named) => timeline(desk, &service, named.incident)?,
        Command::Confirm { by } => decide(desk, &service, &by, Verdict::Confirmed)?,
        Command::Reject { by, reason } => {
            decide(desk, &service, &by, Verdict::Rejected { reason: reason.into() })?;
        }
        Command::Duplicate { by, of } => decide(desk, &service, &by, Verdict::Duplicate { of })?,
        Command::Reclassify { by, matter } => decide(desk, &service, &by, Verdict::Reclassified { matter })?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(desk: &Desk, service: &Service, args: &ListArgs) -> anyhow::Result<()> {
    let view = args.view.as_deref().map(|name| view_named(service, name)).transpose()?;
    let filter = IncidentFilter {
        areas: Areas::All,
        review: match args.state {
            StateWord::Waiting => Some("waiting"),
            StateWord::Confirmed => Some("confirmed"),
            StateWord::Rejected => Some("rejected"),
            StateWord::Duplicate => Some("duplicate"),
            StateWord::All => None,
        }
        .map(str::to_owned),
        open: if args.open { Some(true) } else { args.closed.then_some(false) },
        view: view.map(|(view, _)| view.id),
        matter: args.matter.clone(),
    };
    let incidents = args.limit.rows(|page| service.incidents(&filter, page))?;
    let offset = service.config.city.utc_offset();
    let head = ["事件", "事项", "首次看到", "最近看到", "现状", "复核", "反复"];
    desk.print.list(&incidents, &head, "没有事件", |incident| {
        vec![
            incident.id.to_string(),
            service.matter_name(&incident.matter),
            words::time(incident.first_seen, offset),
            words::time(incident.last_seen, offset),
            words::presence(&incident.presence).to_owned(),
            words::review(&incident.review),
            incident.recurrences.to_string(),
        ]
    });
    Ok(())
}

fn show(desk: &Desk, service: &Service, id: IncidentId) -> anyhow::Result<()> {
    let offset = service.config.city.utc_offset();
    let shown = Shown::from(service.incident(id)?);
    desk.print.one(&shown, || {
        let incident = &shown.incident;
        let at = |label: &str, text: &str| format!("{label}{text}");
        let mut lines = vec![
            at("事件    ", &incident.id.to_string()),
            at("事项    ", &shown.matter_name),
            at("视频源  ", shown.stream_code.as_deref().unwrap_or("已删除")),
            at("画面    ", shown.view_name.as_deref().unwrap_or("已删除")),
            at("区域    ", shown.zone_name.as_deref().unwrap_or("已删除")),
            at(
                "看到    ",
                &format!("{} 至 {}", words::time(incident.first_seen, offset), words::time(incident.last_seen, offset)),
            ),
            at("现状    ", words::presence(&incident.presence)),
            at("复核    ", &words::review(&incident.review)),
            at("可信度  ", &format!("{:.2}", incident.score.value())),
        ];
        if let Some(read) = &incident.read {
            lines.push(format!("读到    {read}"));
        }
        if let Presence::Open { since } = incident.presence
            && incident.recurrences > 0
        {
            lines.push(format!("反复    第 {} 次，{}", incident.recurrences, words::time(since, offset)));
        }
        for row in &shown.evidence {
            let gone = if row.purged_at.is_some() { "，文件已清理" } else { "" };
            let hold = if row.legal_hold { "，保全" } else { "" };
            lines.push(format!("证据    {}（{}{hold}{gone}）", row.id, words::evidence_kind(row.kind)));
        }
        if let Some(case) = &shown.case {
            lines.push(format!("案件    {}（{}）", case.id, words::stage(case.stage)));
        }
        for delivery in &shown.deliveries {
            lines.push(format!(
                "上报    {}（{}，{}）",
                delivery.id,
                words::message(&delivery.message),
                words::delivery_state(&delivery.state)
            ));
        }
        lines.join("\n")
    });
    Ok(())
}

fn timeline(desk: &Desk, service: &Service, id: IncidentId) -> anyhow::Result<()> {
    let moments: Vec<Moment> = service.incident(id)?.timeline();
    let offset = service.config.city.utc_offset();
    desk.print.list(&moments, &["时间", "环节", "内容"], "没有记录", |moment| {
        vec![words::time(moment.at, offset), words::moment_kind(moment.what).to_owned(), moment.detail.clone()]
    });
    Ok(())
}

fn decide(desk: &Desk, service: &Service, by: &Signed, verdict: Verdict) -> anyhow::Result<()> {
    let signed = service.sign(by.incident, verdict, &by.reviewer, &by.note);
    // Nobody undoes on the command line, so nothing has to wait.
    let signed = SignedVerdict { undo_until: signed.at, ..signed };
    let decided = service.decide(&signed).context("the verdict was not taken")?;
    let decided = Decided { incident: decided.incident, case: decided.case };
    desk.print.one(&decided, || {
        let case = decided.case.as_ref().map_or_else(String::new, |case| format!("，已立案 {}", case.id));
        format!("事件 {}：{}{case}", decided.incident.id, words::verdict(&signed.verdict))
    });
    Ok(())
}

impl From<IncidentDetail> for Shown {
    fn from(detail: IncidentDetail) -> Self {
        Self {
            incident: detail.incident,
            matter_name: detail.matter_name,
            stream_code: detail.stream.map(|stream| stream.code),
            view_name: detail.view.map(|view| view.name),
            zone_name: detail.zone.map(|zone| zone.name),
            evidence: detail.evidence.into_iter().map(|(row, _)| row).collect(),
            case: detail.case,
            deliveries: detail.deliveries,
        }
    }
}

impl From<ReasonWord> for RejectReason {
    fn from(word: ReasonWord) -> Self {
        match word {
            ReasonWord::WrongObject => Self::WrongObject,
            ReasonWord::Lawful => Self::Lawful,
            ReasonWord::Passing => Self::Passing,
            ReasonWord::WrongZone => Self::WrongZone,
            ReasonWord::Unclear => Self::Unclear,
            ReasonWord::Other => Self::Other,
        }
    }
}
