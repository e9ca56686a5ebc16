//! `xunjie status`: how the running service keeps up: what is late, what was left out and by which rule, what is
//! refused, and how views are covered.

use std::process::ExitCode;

use serde::Serialize;

use super::{Done, desk::Desk};
use crate::{
    domain::{PlanStatus, Policy},
    service::{Health, backlog_in_words, policy_in_words, unable_in_words},
};

#[derive(clap::Args)]
pub(super) struct Args {}

#[derive(Serialize)]
struct Status {
    /// `None` when no service runs over this data folder.
    policy: Option<Policy>,
    plan: Option<PlanStatus>,
    views: usize,
    covered: usize,
    uncovered: usize,
    resting: usize,
}

pub(super) fn run(_: &Args, desk: &Desk) -> Done {
    let service = desk.service()?;
    let (plan, health) = (service.plan(), service.health());
    let Health { views, covered, uncovered, resting, .. } = health;
    let policy = plan.as_ref().map(PlanStatus::policy);
    desk.print.one(&Status { policy, plan: plan.clone(), views, covered, uncovered, resting }, || {
        let coverage = format!("画面 {views} 个：正常 {covered}，失守 {uncovered}，停用或未配置 {resting}");
        match &plan {
            Some(plan) => {
                let unable = unable_in_words(&plan.unable, |one| service.matter_name(&one.matter));
                let lines = [policy_in_words(plan), backlog_in_words(plan), coverage, unable];
                lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
            }
            None => format!("服务没有在这个数据目录上运行；用 xunjie serve 启动\n{coverage}"),
        }
    });
    Ok(ExitCode::SUCCESS)
}
