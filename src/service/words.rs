//! The Chinese words of the house that page and command line share: one word for one thing, as reviewers and
//! platforms say it.

use super::MomentKind;
use crate::domain::{EvidenceKind, Grounds, RejectReason, Stage, ViewState};

/// Where a case stands.
pub fn stage(stage: Stage) -> &'static str {
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

/// Where a case stands, in English.
pub fn stage_en(stage: Stage) -> &'static str {
    match stage {
        Stage::Filed => "filed",
        Stage::Accepted => "accepted",
        Stage::Dispatched => "dispatched",
        Stage::Handled => "handled",
        Stage::Closed => "closed",
        Stage::Rejected => "refused",
        Stage::Cancelled => "voided",
    }
}

/// What finding a matter rests on.
pub fn grounds(grounds: Grounds) -> &'static str {
    match grounds {
        Grounds::Trained => "专门训练",
        Grounds::FewShot => "少样本",
        Grounds::Composed => "通用模型组合",
    }
}

/// Why a reviewer rejected.
pub fn reject_reason(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::WrongObject => "识别错误",
        RejectReason::Lawful => "合法",
        RejectReason::Passing => "临时停留",
        RejectReason::WrongZone => "区域有误",
        RejectReason::Unclear => "画面不清",
        RejectReason::Other => "其他",
    }
}

/// How a view stood.
pub fn view_state(state: ViewState) -> &'static str {
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

/// Why a bundle was made.
pub fn evidence_kind(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Opening => "发现",
        EvidenceKind::Reopening => "反复",
        EvidenceKind::Clearing => "消除",
        EvidenceKind::Recheck => "核查",
    }
}

/// A hop of the timeline.
pub fn moment_kind(kind: MomentKind) -> &'static str {
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
