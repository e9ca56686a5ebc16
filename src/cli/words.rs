//! The Chinese words that tables use for the states of the house. One word for one thing, as reviewers and
//! platforms say it; before a person confirmed, a thing is only 疑似.

use chrono::FixedOffset;

use crate::domain::{
    CloseCause, DeliveryState, EvidenceKind, Message, Presence, RejectReason, Review, Stage, Transport, Verdict,
    ViewState, WallTime, ZoneKind,
};
use crate::service::MomentKind;

pub(super) fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Filed => "已立案",
        Stage::Accepted => "已受理",
        Stage::Dispatched => "已派遣",
        Stage::Handled => "处置完成",
        Stage::Closed => "已结案",
        Stage::Rejected => "不予受理",
        Stage::Cancelled => "已作废",
    }
}

pub(super) fn review(review: &Review) -> String {
    match review {
        Review::Waiting => "待复核（疑似）".to_owned(),
        Review::Confirmed { by, .. } => format!("已确认（{by}）"),
        Review::Rejected { by, reason, .. } => format!("已驳回：{}（{by}）", reject_reason(*reason)),
        Review::Duplicate { by, of, .. } => format!("重复于 {of}（{by}）"),
    }
}

pub(super) fn reject_reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::WrongObject => "识别错误",
        RejectReason::Lawful => "合法",
        RejectReason::Passing => "临时停留",
        RejectReason::WrongZone => "区域有误",
        RejectReason::Unclear => "画面不清",
        RejectReason::Other => "其他",
    }
}

pub(super) fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Confirmed => "确认".to_owned(),
        Verdict::Rejected { reason } => format!("驳回：{}", reject_reason(*reason)),
        Verdict::Duplicate { of } => format!("重复于 {of}"),
        Verdict::Reclassified { matter } => format!("改判为 {matter}"),
    }
}

pub(super) fn presence(presence: &Presence) -> &'static str {
    match presence {
        Presence::Open { .. } => "仍在",
        Presence::Closed { cause: CloseCause::Cleared, .. } => "已消除",
        Presence::Closed { cause: CloseCause::RuleChanged, .. } => "规则已改",
    }
}

pub(super) fn zone_kind(kind: ZoneKind) -> &'static str {
    match kind {
        ZoneKind::Strict => "严禁",
        ZoneKind::Controlled => "严控",
        ZoneKind::Permitted => "疏导",
        ZoneKind::Exempt => "豁免",
    }
}

pub(super) fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Auto => "自动",
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    }
}

pub(super) fn view_state(state: ViewState) -> &'static str {
    match state {
        ViewState::Same => "正常",
        ViewState::Moved => "镜头移位",
        ViewState::Dark => "过暗",
        ViewState::Blurred => "模糊",
        ViewState::Covered => "遮挡",
        ViewState::Frozen => "画面冻结",
        ViewState::Lost => "无画面",
        ViewState::Unreferenced => "无基准图",
    }
}

pub(super) fn evidence_kind(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Opening => "发现",
        EvidenceKind::Reopening => "反复",
        EvidenceKind::Clearing => "消除",
        EvidenceKind::Recheck => "核查",
    }
}

pub(super) fn message(message: &Message) -> String {
    match message {
        Message::Report { .. } => "上报".to_owned(),
        Message::Recurrence { count, .. } => format!("反复（第 {count} 次）"),
        Message::Recheck { cleared: Some(true), .. } => "核查：已消除".to_owned(),
        Message::Recheck { cleared: Some(false), .. } => "核查：仍在".to_owned(),
        Message::Recheck { cleared: None, .. } => "核查：看不清".to_owned(),
    }
}

pub(super) fn delivery_state(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Pending { attempts: 0, .. } => "待投递".to_owned(),
        DeliveryState::Pending { attempts, .. } => format!("待重试（已 {attempts} 次）"),
        DeliveryState::Delivered { attempts, .. } => format!("已送达（{attempts} 次）"),
        DeliveryState::Dead { attempts, .. } => format!("死信（{attempts} 次）"),
    }
}

pub(super) fn moment(kind: MomentKind) -> &'static str {
    match kind {
        MomentKind::Look => "巡看",
        MomentKind::Sighting => "看到",
        MomentKind::Incident => "事件",
        MomentKind::Evidence => "取证",
        MomentKind::Verdict => "复核",
        MomentKind::Case => "案件",
        MomentKind::Delivery => "上报",
        MomentKind::Receipt => "回执",
    }
}

pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

/// Civil time of the city to the second: `2026-11-23 16:30:00`.
pub(super) fn time(at: WallTime, offset: FixedOffset) -> String {
    at.civil(offset).format("%Y-%m-%d %H:%M:%S").to_string()
}
