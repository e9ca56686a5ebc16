//! `/coverage`: every view and how it stands, the unseen and the blind first.

use axum::extract::State;
use maud::{Markup, html};

use super::{
    Page,
    layout::{Tab, framed},
    platform, words,
};
use crate::{
    domain::{Caller, Policy},
    service::{Coverage, Service, ViewCoverage, backlog_in_words, policy_in_words},
    web::App,
};

/// How every view stands.
pub(in crate::web) async fn coverage(State(app): State<App>, caller: Caller) -> Page {
    let (rows, paused, plan) =
        app.run(&caller, |service| Ok((service.coverage()?, platform::paused(service)?, service.plan()))).await?;
    let reviewer = caller.name.clone();
    let count = |wanted: fn(Coverage) -> bool| rows.iter().filter(|row| wanted(row.coverage)).count();
    let covered = count(|c| c == Coverage::Covered);
    let bad = count(|c| matches!(c, Coverage::Blind(_) | Coverage::Overdue | Coverage::Unseen | Coverage::Refused(_)));
    let resting = count(|c| matches!(c, Coverage::Idle | Coverage::Disabled));
    let main = html! {
        div #coverage data-live="look. stream. view. zone. platform." {
            (platform::notice(&app.service, &paused))
            h1.bar { "覆盖" span.count { (rows.len()) } }
            p.sums {
                span { span.dot.good {} "正常 " (covered) }
                span { span.dot.bad {} "失守 " (bad) }
                span { span.dot.dimmed {} "停用或未配置 " (resting) }
            }
            @if let Some(plan) = &plan {
                p.sums {
                    span { span.dot.(if plan.policy() == Policy::Full { "good" } else { "bad" }) {} (policy_in_words(plan)) }
                    span.dim { (backlog_in_words(plan)) }
                }
            }
            @if rows.is_empty() {
                div.empty { p { "还没有登记视频源" } p.dim { "用命令 " code { "xunjie stream add" } " 或接口登记。" } }
            } @else {
                div.scroll {
                    table {
                        thead {
                            tr {
                                th { "状态" } th { "视频源" } th { "画面" } th { "原因" } th { "最近巡看" }
                                th.number { "间隔" } th.number { "迟到" } th.number { "钟差" } th.number { "区域" }
                            }
                        }
                        tbody { @for row in &rows { (line(&app.service, row)) } }
                    }
                }
            }
        }
    };
    Ok(framed("覆盖", Tab::Coverage, &reviewer, &main))
}

fn line(service: &Service, row: &ViewCoverage) -> Markup {
    let (word, colour) = words::coverage(row.coverage);
    let offset = service.config.city.utc_offset();
    let skew = row.latest.as_ref().and_then(|look| look.skew_ms);
    html! {
        tr {
            td { span class={ "dot " (colour) } {} (word) }
            td { (row.stream.name) br; span.dim { (row.stream.code) } }
            td { (row.view.name) @if row.view.reference.is_none() { span.dim { "（无基准图）" } } }
            td.reason { (row.reason) }
            td { @match row.since() { Some(at) => (words::moment(at, offset)), None => span.dim { "—" } } }
            td.number { @match row.revisit { Some(revisit) => (words::span(revisit)), None => span.dim { "—" } } }
            td.number { @match row.lateness { Some(late) => (format!("{:.1} 秒", late.as_secs_f32())), None => span.dim { "—" } } }
            td.number { @match skew { Some(skew) => (format!("{skew} 毫秒")), None => span.dim { "—" } } }
            td.number { (row.zones) }
        }
    }
}
