//! `xunjie delivery`: what the platform has to be told, and trying a failed one again.

use std::process::ExitCode;

use super::{
    Done,
    desk::{ACTOR, Desk, Limit},
    words,
};
use crate::domain::{Delivery, DeliveryId, DeliveryState};

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// 列出上报，新的在前
    List {
        /// 只列一种状态的
        #[arg(long, value_enum)]
        state: Option<StateWord>,
        #[command(flatten)]
        limit: Limit,
    },
    /// 立即重投：给编号，或用 --dead 重投全部死信
    Replay {
        /// 上报编号
        #[arg(value_name = "DELIVERY", required_unless_present = "dead")]
        delivery: Option<DeliveryId>,
        /// 全部死信
        #[arg(long, conflicts_with = "delivery")]
        dead: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum StateWord {
    /// 待投递
    Pending,
    /// 已送达
    Delivered,
    /// 死信
    Dead,
}

pub(super) fn run(command: &Command, desk: &Desk) -> Done {
    let service = desk.service()?;
    let offset = service.config.city.utc_offset();
    let head = ["上报", "案件", "内容", "状态", "产生", "说明"];
    let cells = |delivery: &Delivery| {
        vec![
            delivery.id.to_string(),
            delivery.case.to_string(),
            words::message(&delivery.message),
            words::delivery_state(&delivery.state),
            words::time(delivery.created_at, offset),
            remark(&delivery.state),
        ]
    };
    match command {
        Command::List { state, limit } => {
            let state = state.map(|word| match word {
                StateWord::Pending => "pending",
                StateWord::Delivered => "delivered",
                StateWord::Dead => "dead",
            });
            let deliveries = limit.rows(|page| service.deliveries(state, page))?;
            desk.print.list(&deliveries, &head, "没有上报", cells);
        }
        Command::Replay { delivery, .. } => {
            let ids = match delivery {
                Some(id) => vec![*id],
                None => Limit::ALL.rows(|page| service.deliveries(Some("dead"), page))?.iter().map(|d| d.id).collect(),
            };
            let replayed: Result<Vec<_>, _> = ids.into_iter().map(|id| service.replay(id, ACTOR)).collect();
            desk.print.list(&replayed?, &head, "没有死信", cells);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn remark(state: &DeliveryState) -> String {
    match state {
        DeliveryState::Pending { last_error, .. } => last_error.clone().unwrap_or_default(),
        DeliveryState::Delivered { receipt, .. } => {
            receipt.platform_number.as_ref().map_or_else(String::new, |number| format!("平台编号 {number}"))
        }
        DeliveryState::Dead { reason, .. } => reason.clone(),
    }
}
