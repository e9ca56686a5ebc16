//! The timeline of an incident: what happened, oldest first, from the look that saw it to the platform's last word.

use serde::{Deserialize, Serialize};

use super::IncidentDetail;
use crate::{
    domain::{DeliveryState, EvidenceId, EvidenceKind, Message, Presence, Stage, WallTime},
    store::AuditRow,
};

/// Which hop of the spine a moment belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MomentKind {
    /// A look at the view.
    Look,
    /// A sighting of the thing.
    Sighting,
    /// The incident opened, closed or reopened.
    Incident,
    /// A bundle of evidence was written.
    Evidence,
    /// A reviewer decided.
    Verdict,
    /// A case opened or moved.
    Case,
    /// The platform was to be told.
    Delivery,
    /// The platform has it.
    Receipt,
}

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// When.
    pub at: WallTime,
    /// Which hop.
    pub what: MomentKind,
    /// In words.
    pub detail: String,
    /// The bundle that shows it.
    pub evidence: Option<EvidenceId>,
}

/// The moments of an incident.
pub(super) fn of(detail: &IncidentDetail) -> Vec<Moment> {
    let mut moments = sightings(detail);
    for (row, manifest) in &detail.evidence {
        let kind = match row.kind {
            EvidenceKind::Opening => "发现取证",
            EvidenceKind::Reopening => "反复取证",
            EvidenceKind::Clearing => "消失取证",
            EvidenceKind::Recheck => "核查取证",
        };
        let files = manifest.as_ref().map_or_else(String::new, |m| format!("，{} 个文件", m.files.len()));
        let (at, what, detail) = (row.made_at, MomentKind::Evidence, format!("{kind}{files}"));
        moments.push(Moment { at, what, detail, evidence: Some(row.id) });
    }
    for (made_at, fault) in &detail.touched {
        let file = format!("证据文件 {} {}，勿用", fault.file, fault.kind.words());
        push(&mut moments, *made_at, MomentKind::Evidence, file);
    }
    for row in &detail.audit {
        let Some((what, words)) = audit_words(row) else { continue };
        let note = row.detail.get("note").and_then(|note| note.as_str()).unwrap_or("");
        let note = if note.is_empty() { String::new() } else { format!("：{note}") };
        push(&mut moments, row.at, what, format!("{words}（{}）{note}", row.actor));
    }
    if let Some(case) = &detail.case
        && !moments.iter().any(|moment| moment.what == MomentKind::Case)
    {
        push(&mut moments, case.opened_at, MomentKind::Case, format!("立案 {}", case.id));
    }
    deliveries(detail, &mut moments);
    moments.sort_by_key(|moment| (moment.at, moment.what));
    moments
}

fn push(moments: &mut Vec<Moment>, at: WallTime, what: MomentKind, detail: String) {
    moments.push(Moment { at, what, detail, evidence: None });
}

fn sightings(detail: &IncidentDetail) -> Vec<Moment> {
    let incident = &detail.incident;
    let mut moments = Vec::new();
    if let Some(look) = &detail.first_look {
        push(&mut moments, look.started, MomentKind::Look, format!("巡看，判读 {} 帧", look.frames));
    }
    push(&mut moments, incident.first_seen, MomentKind::Sighting, "首次看到".to_owned());
    push(&mut moments, incident.opened_at, MomentKind::Incident, format!("疑似{}，待复核", detail.matter_name));
    if let Presence::Open { since } = incident.presence
        && incident.recurrences > 0
    {
        push(&mut moments, since, MomentKind::Incident, format!("反复，第 {} 次", incident.recurrences));
    }
    let seen =
        detail.place.as_ref().map_or_else(String::new, |place| format!("，本次停留看到 {} 次", place.looks_seen));
    if incident.last_seen > incident.first_seen {
        push(&mut moments, incident.last_seen, MomentKind::Sighting, format!("最近看到{seen}"));
    }
    if let Presence::Closed { at, .. } = incident.presence {
        push(&mut moments, at, MomentKind::Incident, "已消失".to_owned());
    }
    moments
}

fn deliveries(detail: &IncidentDetail, moments: &mut Vec<Moment>) {
    for delivery in &detail.deliveries {
        let what = match delivery.message {
            Message::Report { .. } => "上报".to_owned(),
            Message::Recurrence { count, .. } => format!("反复通报，第 {count} 次"),
            Message::Recheck { cleared: Some(true), .. } => "核查通报：已清除".to_owned(),
            Message::Recheck { cleared: Some(false), .. } => "核查通报：仍在".to_owned(),
            Message::Recheck { cleared: None, .. } => "核查通报：无法看清".to_owned(),
        };
        push(moments, delivery.created_at, MomentKind::Delivery, format!("{what}，待送达"));
        match &delivery.state {
            DeliveryState::Pending { .. } => {}
            DeliveryState::Delivered { attempts, receipt } => {
                let number = receipt.platform_number.as_ref().map_or_else(String::new, |n| format!("，平台编号 {n}"));
                let tries = if *attempts > 1 { format!("，第 {attempts} 次") } else { String::new() };
                push(moments, receipt.at, MomentKind::Receipt, format!("{what}已送达{number}{tries}"));
            }
            DeliveryState::Dead { at, reason, .. } => {
                push(moments, *at, MomentKind::Delivery, format!("{what}未送达：{reason}"));
            }
        }
    }
}

/// What a line of the audit log means on a timeline; `None` for lines that do not belong there.
fn audit_words(row: &AuditRow) -> Option<(MomentKind, &'static str)> {
    let stage = || row.detail.get("to").and_then(|to| Stage::deserialize(to).ok());
    let cleared = row.detail.get("cleared").and_then(serde_json::Value::as_bool);
    Some(match row.action.as_str() {
        "incident.confirmed" => (MomentKind::Verdict, "复核确认"),
        "incident.rejected" => (MomentKind::Verdict, "复核驳回"),
        "incident.duplicate" => (MomentKind::Verdict, "复核为重复"),
        "incident.verdict_undone" => (MomentKind::Verdict, "撤回复核"),
        "incident.reclassified" => (MomentKind::Verdict, "改判事项"),
        "case.opened" => (MomentKind::Case, "立案"),
        "case.recurrence" => (MomentKind::Case, "反复"),
        "case.rechecked" => match cleared {
            Some(true) => (MomentKind::Case, "核查：已清除"),
            Some(false) => (MomentKind::Case, "核查：仍在"),
            None => (MomentKind::Case, "核查：无法看清"),
        },
        "case.stage" => match stage()? {
            Stage::Filed => return None,
            Stage::Accepted => (MomentKind::Case, "平台受理"),
            Stage::Dispatched => (MomentKind::Case, "平台派遣"),
            Stage::Handled => (MomentKind::Case, "处置完成，待核查"),
            Stage::Closed => (MomentKind::Case, "平台结案"),
            Stage::Rejected => (MomentKind::Case, "平台不予受理"),
            Stage::Cancelled => (MomentKind::Case, "平台作废"),
        },
        _ => return None,
    })
}
