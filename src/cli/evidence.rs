//! `xunjie evidence`: proves that bundles are as they were written, holds them, and keeps folder and rows in step.

use std::process::ExitCode;

use serde::Serialize;

use super::{
    Done,
    desk::{ACTOR, Desk, Limit},
    words,
};
use crate::{
    domain::{EvidenceId, EvidenceRow, IncidentId},
    service::{Service, ServiceError},
};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 核验证据：逐个文件比对哈希，指出第一个被动过的文件；不写编号则核验全部
    Verify {
        /// 证据编号
        #[arg(value_name = "EVIDENCE")]
        evidence: Vec<EvidenceId>,
        /// 一个事件的全部证据
        #[arg(long, value_name = "INCIDENT", conflicts_with = "evidence")]
        incident: Option<IncidentId>,
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
    let service = desk.service()?;
    match command {
        Command::Verify { evidence, incident } => return verify(desk, &service, &evidence, incident),
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
    }
    Ok(ExitCode::SUCCESS)
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

/// Verifies what is named, or everything. Bundles that retention removed are told and are no fault.
fn verify(desk: &Desk, service: &Service, named: &[EvidenceId], incident: Option<IncidentId>) -> Done {
    let rows = match incident {
        Some(id) => {
            service.store.incident(id)?;
            service.store.evidence_of(id)?
        }
        None if named.is_empty() => service.store.all_evidence()?,
        None => named.iter().map(|id| service.store.evidence(*id)).collect::<Result<_, _>>()?,
    };
    let outcomes: Vec<Verified> = rows
        .iter()
        .map(|row| {
            let told = service.verify_evidence(row.id);
            let purged = matches!(told, Err(ServiceError::Purged(_)));
            let fault = told.err().filter(|_| !purged).map(|error| error.to_string());
            Verified { evidence: row.id, incident: row.incident, ok: fault.is_none(), purged, fault }
        })
        .collect();
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
