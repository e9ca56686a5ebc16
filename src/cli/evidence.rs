//! `xunjie evidence`: proves that bundles are as they were written, holds them, and keeps folder and rows in step.

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk, Limit},
    words,
};
use crate::{
    domain::{EvidenceId, EvidenceRow, IncidentId, MatterKey, WallTime},
    service::{LabelAsk, Service, ServiceError},
    store::evidence::{Recorded, RetentionPolicy, VerifyReport, retain, verify_folder},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 核验证据，指出第一个被动过的文件；不写编号则核验全部证据及其前后衔接
    Verify {
        /// 证据编号
        #[arg(value_name = "EVIDENCE")]
        evidence: Vec<EvidenceId>,
        /// 一个事件的全部证据
        #[arg(long, value_name = "INCIDENT", conflicts_with = "evidence")]
        incident: Option<IncidentId>,
        /// 单独的证据包目录，不需要数据目录
        #[arg(long, value_name = "DIR", conflicts_with_all = ["evidence", "incident"])]
        folder: Option<PathBuf>,
    },
    /// 列出证据，新的在前
    List {
        /// 只列一个事件的
        #[arg(long, value_name = "INCIDENT")]
        incident: Option<IncidentId>,
        #[command(flatten)]
        limit: Limit,
    },
    /// 保全一个事件的证据，到期也不清理
    Hold {
        /// 事件编号
        #[arg(value_name = "INCIDENT")]
        incident: IncidentId,
        /// 解除保全
        #[arg(long)]
        lift: bool,
    },
    /// 对账：找出记录里没有的目录和目录里没有的记录
    Reconcile {
        /// 移开无记录的目录（不删除），删除清理到一半的残留
        #[arg(long)]
        repair: bool,
    },
    /// 导出已复核事件的原图和标注（YOLO 与 COCO），供训练和测评；图片未打码，导出记入审计
    ExportLabels {
        /// 新建的目录
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// 只导出一个事项的
        #[arg(long, value_name = "MATTER")]
        matter: Option<MatterKey>,
        /// 只导出这个时间以后复核的（RFC 3339）
        #[arg(long, value_name = "TIME")]
        since: Option<WallTime>,
    },
    /// 到期清理：按设置里的 retention 删除到期证据的文件，记录保留，保全的不动
    Retention,
}

/// The outcome for one bundle.
#[derive(Serialize)]
struct Verified {
    evidence: EvidenceId,
    incident: IncidentId,
    ok: bool,
    purged: bool,
    fault: Option<String>,
}

pub(super) fn run(command: Command, desk: &Desk) -> Done {
    if let Command::Verify { folder: Some(folder), .. } = &command {
        return Ok(proved(desk, &verify_folder(folder)));
    }
    let service = desk.service()?;
    match command {
        Command::Verify { evidence, incident: None, .. } if evidence.is_empty() => {
            return Ok(proved(desk, &service.verify_all_evidence()?));
        }
        Command::Verify { evidence, incident, .. } => return verify(desk, &service, &evidence, incident),
        Command::List { incident, limit } => {
            let rows = match incident {
                Some(id) => service.incident(id)?.evidence.into_iter().map(|(row, _)| row).collect(),
                None => limit.rows(|page| service.evidence(page))?,
            };
            list(desk, &service, &rows);
        }
        Command::Hold { incident, lift } => {
            let rows = service.hold_evidence(incident, !lift, ACTOR)?;
            list(desk, &service, &rows);
        }
        Command::Reconcile { repair } => return reconcile(desk, &service, repair),
        Command::ExportLabels { out, matter, since } => {
            let done = service.export_labels(&out, &LabelAsk { matter, since }, ACTOR)?;
            desk.print.one(&done, || {
                let counts =
                    format!("确认 {} 张，识别错误 {} 张，写入 {}", done.confirmed, done.rejected, out.display());
                done.left_out.iter().fold(counts, |text, why| format!("{text}\n未导出：{why}"))
            });
        }
        Command::Retention => {
            let days = service.config.settings.retention;
            let policy = RetentionPolicy {
                waiting_days: days.waiting_days,
                rejected_days: days.rejected_days,
                final_days: days.after_case_closed_days,
            };
            let done = retain(&*service.store, &service.evidence, &policy, service.now())?;
            desk.print.one(&done, || {
                format!("清理 {} 份，保留 {} 份，其中保全 {} 份", done.purged.len(), done.kept, done.held)
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what a proof found; 1 where something was touched.
fn proved(desk: &Desk, report: &VerifyReport) -> ExitCode {
    desk.print.one(report, || {
        let whole = format!(
            "完好 {} 份（{} 个文件，{} 字节），已按期清理 {} 份",
            report.bundles, report.files, report.size_bytes, report.purged
        );
        let head = report.head.as_ref().map_or_else(String::new, |head| format!("\n链尾 {head}"));
        report.fault.as_ref().map_or_else(|| format!("{whole}{head}"), |fault| format!("{fault}\n在它之前：{whole}"))
    });
    if report.whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Compares folder and rows; 1 where files of a row are missing.
fn reconcile(desk: &Desk, service: &Service, repair: bool) -> Done {
    let found = service.evidence.reconcile(&Recorded(&*service.store), service.now(), repair)?;
    desk.print.one(&found, || {
        let named = [
            ("缺失（有记录，没有文件）", &found.missing_folders),
            ("无记录的目录", &found.orphan_folders),
            ("残留", &found.leftovers),
            ("已移到 orphans", &found.moved),
            ("已删除的残留", &found.removed),
        ];
        let lines: Vec<String> = named
            .iter()
            .filter(|(_, folders)| !folders.is_empty())
            .map(|(what, folders)| format!("{what}：{}", folders.join(", ")))
            .collect();
        if lines.is_empty() { "目录与记录一致".to_owned() } else { lines.join("\n") }
    });
    Ok(if found.missing_folders.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(desk: &Desk, service: &Service, rows: &[EvidenceRow]) {
    let offset = service.config.city.utc_offset();
    desk.print.list(rows, &["证据", "事件", "种类", "取证", "保全", "文件"], "没有证据", |row| {
        vec![
            row.id.to_string(),
            row.incident.to_string(),
            words::evidence_kind(row.kind).to_owned(),
            words::time(row.made_at, offset),
            words::yes_no(row.legal_hold).to_owned(),
            if row.purged_at.is_some() { "已清理".to_owned() } else { row.folder.clone() },
        ]
    });
}

/// Verifies the bundles that are named, each by itself. One that retention removed is told and is no fault.
fn verify(desk: &Desk, service: &Service, named: &[EvidenceId], incident: Option<IncidentId>) -> Done {
    let rows = match incident {
        Some(id) => {
            service.store.incident(id)?;
            service.store.evidence_of(id)?
        }
        None => named.iter().map(|id| service.store.evidence(*id)).collect::<Result<_, _>>()?,
    };
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in &rows {
        let (purged, fault) = match service.verify_evidence(row.id) {
            Ok(report) => (false, report.fault.map(|fault| fault.to_string())),
            Err(ServiceError::Purged(_)) => (true, None),
            Err(ServiceError::Evidence(error)) => (false, Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        outcomes.push(Verified { evidence: row.id, incident: row.incident, ok: fault.is_none(), purged, fault });
    }
    desk.print.list(&outcomes, &["证据", "结果", "说明"], "没有证据", |outcome| {
        let result = match (outcome.ok, outcome.purged) {
            (false, _) => "被动过",
            (true, true) => "文件已按期清理",
            (true, false) => "完好",
        };
        vec![outcome.evidence.to_string(), result.to_owned(), outcome.fault.clone().unwrap_or_default()]
    });
    let sound = outcomes.iter().all(|outcome| outcome.ok);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
