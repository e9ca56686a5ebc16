//! How the patrol's plan stands, as the running service last wrote it down.

use std::{collections::HashSet, fs, time::Duration};

use super::Service;
use crate::domain::{Explanation, HardLimit, MatterKey, PlanStatus, Policy, Refused, Unable, View, ViewId};

/// What is older tells of a service that does not run any more: it writes once a second.
const NEWS_AGE_MAX: Duration = Duration::from_secs(30);

impl Service {
    /// How the plan stands; `None` when no service runs over this data folder.
    pub fn plan(&self) -> Option<PlanStatus> {
        let text = fs::read(self.config.settings.folders.plan_file()).ok()?;
        // What cannot be read was written by another version, or is damaged; the next second brings another.
        let plan: PlanStatus = serde_json::from_slice(&text).ok()?;
        if self.now().since(plan.at) > NEWS_AGE_MAX {
            return None;
        }
        if self.sees(None) { Some(plan) } else { self.plan_of_seen_views(plan) }
    }

    /// Matters that the running service cannot judge; none while no service runs.
    pub fn unable(&self) -> Vec<Unable> {
        self.plan().map(|plan| plan.unable).unwrap_or_default()
    }

    /// The plan as far as it names or counts views; what the machine has to carry is told as it is.
    fn plan_of_seen_views(&self, mut plan: PlanStatus) -> Option<PlanStatus> {
        let seen: HashSet<ViewId> = self.registry().ok()?.views.into_iter().map(|view| view.id).collect();
        plan.views = seen.len();
        plan.late_view = plan.late_view.filter(|view| seen.contains(view));
        plan.refused.retain(|refused| seen.contains(&refused.view));
        Some(plan)
    }
}

/// The rule by which the plan gives way, in words.
pub fn policy_in_words(plan: &PlanStatus) -> String {
    let stretch = plan.stretch;
    match plan.policy() {
        Policy::Full => "正常：按各自间隔巡看".to_owned(),
        Policy::Stretched => format!("算力不足：静态事项的间隔放宽到 {stretch:.1} 倍，连续巡看不受影响"),
        Policy::Thinned => {
            format!("算力不足：静态事项的间隔已放宽到 {stretch:.1} 倍，连续巡看暂时只看关键帧")
        }
    }
}

/// What waits and what was left out, in words.
pub fn backlog_in_words(plan: &PlanStatus) -> String {
    let late = plan.late_max_ms as f64 / 1000.0;
    let (views, waiting, watched, skipped) = (plan.views, plan.waiting, plan.watched, plan.skipped);
    let refused = plan.refused.len();
    format!(
        "巡看 {views} 个画面，连续巡看 {watched} 路，到期未看 {waiting} 次（最迟 {late:.0} 秒），启动以来略过 {skipped} 次，因上限拒绝 {refused} 个画面"
    )
}

/// Why nothing can be judged on a view, in words; `None` where something can, or nothing is looked for.
pub(super) fn blindness_in_words(view: &View, unable: &[Unable]) -> Option<Explanation> {
    let why = |key: &MatterKey| unable.iter().find(|one| one.matter == *key).map(|one| one.why.as_str());
    let whys: Option<Vec<&str>> = view.matters.iter().map(why).collect();
    let mut whys = whys.filter(|whys| !whys.is_empty())?;
    whys.dedup();
    let zh = format!("配置的事项都不能判读：{}", whys.join("；"));
    Some(Explanation::new(zh, format!("none of its matters can be judged: {}", whys.join("; "))))
}

/// What cannot be judged, in words; empty where all can.
pub fn unable_in_words(unable: &[Unable], name: impl Fn(&Unable) -> String) -> String {
    let lines = unable.iter().map(|one| format!("不能判读 {}：{}", name(one), one.why));
    lines.collect::<Vec<_>>().join("\n")
}

/// Why a view is refused, in words.
pub(super) fn refusal_in_words(refused: &Refused) -> Explanation {
    let max = refused.max;
    match refused.limit {
        HardLimit::ContinuousMax => Explanation::new(
            format!(
                "未连续巡看：同时连续巡看的上限 {max} 路已满，只按关键帧轮巡；见 patrol.infer_threads 和 patrol.open_sessions_max"
            ),
            format!(
                "not watched without an end: all {max} places are taken, it is patrolled at key frames; see patrol.infer_threads and patrol.open_sessions_max"
            ),
        ),
        HardLimit::OpenSessionsMax => Explanation::new(
            format!("未巡看：同时打开的视频源已达上限 {max} 路；见 patrol.open_sessions_max"),
            format!("not looked at: {max} streams are open, which is the limit; see patrol.open_sessions_max"),
        ),
    }
}
