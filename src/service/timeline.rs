//! The timeline of an incident: what happened, oldest first, from the look that saw it to the platform's last word.

use serde::{Deserialize, Serialize};

use super::IncidentDetail;
use crate::{
    domain::{DeliveryState, EvidenceId, EvidenceKind, Message, Presence, Ruling, Stage, WallTime},
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
    /// In English words.
    pub detail_en: String,
    /// The bundle that shows it.
    pub evidence: Option<EvidenceId>,
}

impl Moment {
    /// A moment without pictures, in Chinese and in English words.
    pub(super) fn of(at: WallTime, what: MomentKind, detail: String, detail_en: String) -> Self {
        Self { at, what, detail, detail_en, evidence: None }
    }
}

/// The moments of an incident.
pub(super) fn of(detail: &IncidentDetail) -> Vec<Moment> {
    let mut moments = sightings(detail);
    moments.extend(second_looks(detail));
    for (row, manifest) in &detail.evidence {
        let (kind, kind_en) = match row.kind {
            EvidenceKind::Opening => ("发现取证", "Evidence of the find"),
            EvidenceKind::Reopening => ("反复取证", "Evidence of the return"),
            EvidenceKind::Clearing => ("消失取证", "Evidence of the clearing"),
            EvidenceKind::Recheck => ("核查取证", "Evidence of the re-check"),
        };
        let files = manifest.as_ref().map(|manifest| manifest.files.len());
        let words = files.map_or_else(|| kind.to_owned(), |n| format!("{kind}，{n} 个文件"));
        let words_en = files.map_or_else(|| kind_en.to_owned(), |n| format!("{kind_en}, {n} files"));
        let moment = Moment::of(row.made_at, MomentKind::Evidence, words, words_en);
        moments.push(Moment { evidence: Some(row.id), ..moment });
    }
    for (made_at, fault) in &detail.touched {
        let words = format!("证据文件 {} {}，勿用", fault.file, fault.kind.words());
        let words_en = format!("Evidence file {} is not as it was recorded; do not use it", fault.file);
        moments.push(Moment::of(*made_at, MomentKind::Evidence, words, words_en));
    }
    for row in &detail.audit {
        let Some((what, words, words_en)) = audit_words(row) else { continue };
        let who = detail.people.called(&row.actor);
        let note = row.detail.get("note").and_then(|note| note.as_str()).unwrap_or("");
        let (mut words, mut words_en) = (format!("{words}（{who}）"), format!("{words_en} ({who})"));
        if !note.is_empty() {
            words.push_str(&format!("：{note}"));
            words_en.push_str(&format!(": {note}"));
        }
        moments.push(Moment::of(row.at, what, words, words_en));
    }
    if let Some(case) = &detail.case
        && !moments.iter().any(|moment| moment.what == MomentKind::Case)
    {
        let (words, words_en) = (format!("立案 {}", case.id), format!("Case {} opened", case.id));
        moments.push(Moment::of(case.opened_at, MomentKind::Case, words, words_en));
    }
    deliveries(detail, &mut moments);
    moments.sort_by_key(|moment| (moment.at, moment.what));
    moments
}

fn sightings(detail: &IncidentDetail) -> Vec<Moment> {
    let incident = &detail.incident;
    let mut moments = Vec::new();
    let mut push = |at, what, words: String, words_en: String| moments.push(Moment::of(at, what, words, words_en));
    if let Some(look) = &detail.first_look {
        let frames = look.frames;
        push(
            look.started,
            MomentKind::Look,
            format!("巡看，判读 {frames} 帧"),
            format!("Look, {frames} frames judged"),
        );
    }
    push(incident.first_seen, MomentKind::Sighting, "首次看到".to_owned(), "First seen".to_owned());
    let matter_en = detail.matter_name_en.as_ref().unwrap_or(&detail.matter_name);
    let opened = format!("疑似{}，待复核", detail.matter_name);
    push(incident.opened_at, MomentKind::Incident, opened, format!("Suspected: {matter_en}, waiting for review"));
    if let Presence::Open { since } = incident.presence
        && incident.recurrences > 0
    {
        let n = incident.recurrences;
        push(since, MomentKind::Incident, format!("反复，第 {n} 次"), format!("Came back, time {n}"));
    }
    if incident.last_seen > incident.first_seen {
        let seen = detail.place.as_ref().map(|place| place.looks_seen);
        let words = seen.map_or_else(String::new, |n| format!("，本次停留看到 {n} 次"));
        let words_en = seen.map_or_else(String::new, |n| format!(", {n} times in this stay"));
        push(incident.last_seen, MomentKind::Sighting, format!("最近看到{words}"), format!("Last seen{words_en}"));
    }
    if let Presence::Closed { at, .. } = incident.presence {
        push(at, MomentKind::Incident, "已消失".to_owned(), "Gone".to_owned());
    }
    moments
}

/// What the verifier said when it let the incident pass, and how often it had refused before.
fn second_looks(detail: &IncidentDetail) -> Vec<Moment> {
    let passed = detail.verifications.iter().filter(|one| one.ruling == Ruling::Passed);
    passed
        .map(|one| {
            let refused =
                detail.verifications.iter().filter(|other| other.at < one.at && other.ruling != Ruling::Passed);
            let refused = refused.count();
            let (proposed, verified, fused) = (one.proposed.value(), one.verified.value(), one.fused.value());
            let mut words = format!("复核模型再看，通过：检测 {proposed:.2}，复核 {verified:.2}，合计 {fused:.2}");
            let mut words_en =
                format!("Second model agreed: detector {proposed:.2}, second look {verified:.2}, together {fused:.2}");
            if refused > 0 {
                words.push_str(&format!("；此前 {refused} 次未通过"));
                words_en.push_str(&format!("; refused {refused} times before"));
            }
            Moment::of(one.at, MomentKind::Look, words, words_en)
        })
        .collect()
}

fn deliveries(detail: &IncidentDetail, moments: &mut Vec<Moment>) {
    for delivery in &detail.deliveries {
        let (what, what_en) = match delivery.message {
            Message::Report { .. } => ("上报".to_owned(), "Report".to_owned()),
            Message::Recurrence { count, .. } => {
                (format!("反复通报，第 {count} 次"), format!("Message of return {count}"))
            }
            Message::Recheck { cleared: Some(true), .. } => {
                ("核查通报：已清除".to_owned(), "Message of the re-check (cleared)".to_owned())
            }
            Message::Recheck { cleared: Some(false), .. } => {
                ("核查通报：仍在".to_owned(), "Message of the re-check (still there)".to_owned())
            }
            Message::Recheck { cleared: None, .. } => {
                ("核查通报：无法看清".to_owned(), "Message of the re-check (cannot be seen)".to_owned())
            }
        };
        let mut push = |at, kind, words, words_en| moments.push(Moment::of(at, kind, words, words_en));
        push(
            delivery.created_at,
            MomentKind::Delivery,
            format!("{what}，待送达"),
            format!("{what_en} waits to be delivered"),
        );
        match &delivery.state {
            DeliveryState::Pending { .. } => {}
            DeliveryState::Delivered { attempts, receipt } => {
                let (mut words, mut words_en) = (format!("{what}已送达"), format!("{what_en} delivered"));
                if let Some(number) = &receipt.platform_number {
                    words.push_str(&format!("，平台编号 {number}"));
                    words_en.push_str(&format!(", number {number} at the platform"));
                }
                if *attempts > 1 {
                    words.push_str(&format!("，第 {attempts} 次"));
                    words_en.push_str(&format!(", try {attempts}"));
                }
                push(receipt.at, MomentKind::Receipt, words, words_en);
            }
            DeliveryState::Dead { at, reason, .. } => push(
                *at,
                MomentKind::Delivery,
                format!("{what}未送达：{reason}"),
                format!("{what_en} was not delivered: {reason}"),
            ),
        }
    }
}

/// What a line of the audit log means on a timeline; `None` for lines that do not belong there.
fn audit_words(row: &AuditRow) -> Option<(MomentKind, &'static str, &'static str)> {
    let stage = || row.detail.get("to").and_then(|to| Stage::deserialize(to).ok());
    let cleared = row.detail.get("cleared").and_then(serde_json::Value::as_bool);
    Some(match row.action.as_str() {
        "incident.confirmed" => (MomentKind::Verdict, "复核确认", "Confirmed"),
        "incident.rejected" => (MomentKind::Verdict, "复核驳回", "Rejected"),
        "incident.duplicate" => (MomentKind::Verdict, "复核为重复", "Marked as a duplicate"),
        "incident.verdict_undone" => (MomentKind::Verdict, "撤回复核", "Verdict taken back"),
        "incident.reclassified" => (MomentKind::Verdict, "改判事项", "Matter changed"),
        "case.opened" => (MomentKind::Case, "立案", "Case opened"),
        "case.recurrence" => (MomentKind::Case, "反复", "Came back"),
        "case.rechecked" => match cleared {
            Some(true) => (MomentKind::Case, "核查：已清除", "Re-check: cleared"),
            Some(false) => (MomentKind::Case, "核查：仍在", "Re-check: still there"),
            None => (MomentKind::Case, "核查：无法看清", "Re-check: cannot be seen"),
        },
        "case.stage" => match stage()? {
            Stage::Filed => return None,
            Stage::Accepted => (MomentKind::Case, "平台受理", "Accepted by the platform"),
            Stage::Dispatched => (MomentKind::Case, "平台派遣", "Dispatched by the platform"),
            Stage::Handled => (MomentKind::Case, "处置完成，待核查", "Handled, waiting for the re-check"),
            Stage::Closed => (MomentKind::Case, "平台结案", "Closed by the platform"),
            Stage::Rejected => (MomentKind::Case, "平台不予受理", "Refused by the platform"),
            Stage::Cancelled => (MomentKind::Case, "平台作废", "Voided by the platform"),
        },
        _ => return None,
    })
}
