//! The Chinese words that tables use for the states of the house. One word for one thing, as reviewers and
//! platforms say it; before a person confirmed, a thing is only 疑似.

use chrono::FixedOffset;

use crate::domain::{
    Area, CloseCause, DeliveryState, Message, Polarity, Presence, RefusedWhy, Review, Role, ScopeKind, Transport,
    Verdict, WallTime, ZoneKind,
};

pub(super) use crate::service::words::{evidence_kind, grounds, moment_kind, reject_reason, stage, view_state};

pub(super) fn review(review: &Review) -> String {
    match review {
        Review::Waiting => "待复核（疑似）".to_owned(),
        Review::Confirmed { by, .. } => format!("已确认（{by}）"),
        Review::Rejected { by, reason, .. } => format!("已驳回：{}（{by}）", reject_reason(*reason)),
        Review::Duplicate { by, of, .. } => format!("重复于 {of}（{by}）"),
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

/// What an exemplar does.
pub(super) fn polarity(polarity: Polarity) -> &'static str {
    match polarity {
        Polarity::Raise => "促报",
        Polarity::Suppress => "压报",
    }
}

/// Where an exemplar counts.
pub(super) fn scope(scope: ScopeKind) -> &'static str {
    match scope {
        ScopeKind::View => "本画面",
        ScopeKind::Zone => "本区域",
        ScopeKind::City => "全市",
    }
}

/// Why a place was not reported; `None` where it was.
pub(super) fn refused(why: Option<RefusedWhy>) -> &'static str {
    match why {
        None => "上报",
        Some(RefusedWhy::Score) => "分数不足",
        Some(RefusedWhy::NotNew) => "基准图里已有",
        Some(RefusedWhy::Exemplar) => "像被驳回的样例",
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

/// Roles, as people are called by them.
pub(super) fn roles(roles: &[Role]) -> String {
    let word = |role: &Role| match role {
        Role::Operator => "操作员",
        Role::Reviewer => "复核员",
        Role::Supervisor => "主管",
        Role::Platform => "平台",
        Role::Administrator => "管理员",
    };
    roles.iter().map(word).collect::<Vec<_>>().join("、")
}

pub(super) fn areas(areas: Option<&[Area]>) -> String {
    areas.map_or_else(|| "全市".to_owned(), |areas| areas.iter().map(Area::as_str).collect::<Vec<_>>().join("、"))
}

pub(super) fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::Auto => "自动",
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
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

pub(super) fn yes_no(yes: bool) -> &'static str {
    if yes { "是" } else { "否" }
}

/// Civil time of the city to the second: `2026-11-23 16:30:00`.
pub(super) fn time(at: WallTime, offset: FixedOffset) -> String {
    at.civil(offset).format("%Y-%m-%d %H:%M:%S").to_string()
}
