//! Words of the page. Until a person confirmed, a violation is 疑似.

use std::time::Duration;

use chrono::FixedOffset;

pub(super) use crate::service::words::{evidence_kind, moment_kind, reject_reason, stage, view_state};
use crate::{
    domain::{DeliveryState, FileRole, Incident, Message, Presence, RejectReason, Review, WallTime},
    service::Coverage,
};

/// A moment in the city's time, down to the second.
pub(super) fn moment(at: WallTime, offset: FixedOffset) -> String {
    at.civil(offset).format("%m-%d %H:%M:%S").to_string()
}

/// A span of time, two units at most.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} 秒"),
        (0, 0, _) => format!("{minutes} 分 {} 秒", seconds % 60),
        (0, _, _) => format!("{hours} 小时 {minutes} 分"),
        _ => format!("{days} 天 {hours} 小时"),
    }
}

/// How long the thing has been there in its present stay, as far as it was seen.
pub(super) fn dwell(incident: &Incident) -> Duration {
    match incident.presence {
        Presence::Open { since } if incident.recurrences > 0 => incident.last_seen.since(since),
        _ => incident.last_seen.since(incident.first_seen),
    }
}

/// The matter as it may be called now.
pub(super) fn title(incident: &Incident, matter_name: &str) -> String {
    match incident.review {
        Review::Confirmed { .. } => matter_name.to_owned(),
        _ => format!("疑似{matter_name}"),
    }
}

/// What reviewers said.
pub(super) fn review(review: &Review) -> &'static str {
    match review {
        Review::Waiting => "待复核",
        Review::Confirmed { .. } => "已确认",
        Review::Rejected { .. } => "已驳回",
        Review::Duplicate { .. } => "重复",
    }
}

/// Reasons to reject: word of the form and words for people.
pub(super) const REASONS: [(&str, RejectReason); 6] = [
    ("wrong_object", RejectReason::WrongObject),
    ("lawful", RejectReason::Lawful),
    ("passing", RejectReason::Passing),
    ("wrong_zone", RejectReason::WrongZone),
    ("unclear", RejectReason::Unclear),
    ("other", RejectReason::Other),
];

/// What a file shows.
pub(super) fn role(role: FileRole) -> &'static str {
    match role {
        FileRole::First => "首帧",
        FileRole::Middle => "中帧",
        FileRole::Latest => "末帧",
        FileRole::Annotated => "标注",
        FileRole::Masked => "脱敏",
        FileRole::MaskedPlain => "脱敏（无框）",
        FileRole::Clip => "视频",
    }
}

/// How a view stands, with the name of its colour.
pub(super) fn coverage(coverage: Coverage) -> (&'static str, &'static str) {
    match coverage {
        Coverage::Covered => ("正常", "good"),
        Coverage::Blind(how) => (view_state(how), "bad"),
        Coverage::Overdue => ("逾期未看", "bad"),
        Coverage::Unseen => ("未巡看", "warn"),
        Coverage::Refused(_) => ("超出上限", "bad"),
        Coverage::Idle => ("未配置", "dimmed"),
        Coverage::Disabled => ("已停用", "dimmed"),
    }
}

/// What a message tells.
pub(super) fn message(message: &Message) -> &'static str {
    match message {
        Message::Report { .. } => "上报",
        Message::Recurrence { .. } => "反复通报",
        Message::Recheck { .. } => "核查通报",
    }
}

/// Where a delivery stands, with the name of its colour.
pub(super) fn delivery(state: &DeliveryState) -> (String, &'static str) {
    match state {
        DeliveryState::Pending { attempts: 0, .. } => ("待送达".to_owned(), "warn"),
        DeliveryState::Pending { attempts, last_error, .. } => {
            (format!("待送达，已试 {attempts} 次：{}", last_error.as_deref().unwrap_or("原因未知")), "warn")
        }
        DeliveryState::Delivered { receipt, .. } => match &receipt.platform_number {
            Some(number) => (format!("已送达，平台编号 {number}"), "good"),
            None => ("已送达".to_owned(), "good"),
        },
        DeliveryState::Dead { reason, .. } => (format!("未送达：{reason}"), "bad"),
    }
}

/// An error in words.
pub(super) fn problem(status: u16) -> &'static str {
    match status {
        400 => "请求无法读取",
        401 => "需要登录",
        403 => "不允许",
        404 => "没有找到",
        409 => "与已有内容冲突",
        410 => "已按保存期限清除",
        422 => "填写有误",
        503 => "稍后再试",
        _ => "服务出错",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in
            [(0, "0 秒"), (59, "59 秒"), (61, "1 分 1 秒"), (7260, "2 小时 1 分"), (180_000, "2 天 2 小时")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
