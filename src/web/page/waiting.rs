//! `/`: incidents that wait for a reviewer, as cards with masked pictures.

use axum::extract::State;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Page,
    layout::{Tab, framed},
    platform, words,
};
use crate::{
    domain::{Caller, Incident, Presence, Review, WallTime},
    service::Service,
    store::{DECIDED, IncidentFilter, Registry},
    web::{
        App,
        extract::{Params, page},
    },
};

/// Cards on a page.
const CARDS: u32 = 24;

/// Which cards.
#[derive(Deserialize)]
pub(in crate::web) struct Which {
    /// `decided`, or those that wait.
    review: Option<String>,
    /// Cursor.
    after: Option<String>,
}

/// Waiting incidents, or decided ones.
pub(in crate::web) async fn waiting(State(app): State<App>, caller: Caller, Params(which): Params<Which>) -> Page {
    let decided = which.review.as_deref() == Some("decided");
    let page = page(which.after, Some(CARDS))?;
    let (rows, registry, paused, now) = app
        .run(&caller, move |service| {
            let review = Some(if decided { DECIDED } else { "waiting" }.to_owned());
            let rows = service.incidents(&IncidentFilter { review, ..IncidentFilter::default() }, &page)?;
            Ok((rows, service.registry()?, platform::paused(service)?, service.now()))
        })
        .await?;
    let reviewer = caller.name.clone();
    let main = html! {
        div #cards data-live="incident. case. delivery. platform." {
            (platform::notice(&app.service, &paused))
            h1.bar {
                @if decided { "已复核" } @else { "待复核" }
                @if !decided && !rows.rows.is_empty() {
                    span.count { (rows.rows.len()) @if rows.next.is_some() { "+" } }
                }
            }
            @if rows.rows.is_empty() {
                div.empty {
                    p { @if decided { "没有已复核的事件" } @else { "没有待复核的事件" } }
                    p.dim { "新的事件会自动出现在这里。各路画面是否正常，见 " a href="/coverage" { "覆盖" } "。" }
                }
            }
            div.cards {
                @for incident in &rows.rows { (card(&app.service, &registry, incident, now)) }
            }
            @if let Some(next) = &rows.next {
                p.more { a.button href=(next_page(decided, next)) { "更早的" } }
            }
        }
    };
    let (tab, title) = if decided { (Tab::Decided, "已复核") } else { (Tab::Waiting, "待复核") };
    Ok(framed(title, tab, &reviewer, &main))
}

fn next_page(decided: bool, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if decided {
        query.append_pair("review", "decided");
    }
    query.append_pair("after", cursor);
    format!("/?{}", query.finish())
}

fn card(service: &Service, registry: &Registry, incident: &Incident, now: WallTime) -> Markup {
    let offset = service.config.city.utc_offset();
    let view = registry.views.iter().find(|view| view.id == incident.view);
    let stream = view.and_then(|view| registry.streams.iter().find(|stream| stream.id == view.stream));
    let zone = registry.zones.iter().find(|zone| zone.id == incident.zone.0);
    let address = stream.and_then(|stream| stream.location.as_ref()).map(|location| location.address.as_str());
    let score = incident.score.value();
    html! {
        a.card href={ "/incidents/" (incident.id) } {
            div.shot {
                img src={ "/incidents/" (incident.id) "/picture" } alt="脱敏图" loading="lazy" width="640" height="360";
                (badges(incident))
            }
            div.facts {
                h2 { (words::title(incident, &service.matter_name(&incident.matter))) }
                p.where {
                    (stream.map_or("（视频源已移除）", |stream| stream.name.as_str()))
                    @if let Some(address) = address.filter(|address| !address.is_empty()) { span.dim { " · " (address) } }
                }
                dl {
                    div { dt { "区域" } dd { (zone.map_or("（已移除）", |zone| zone.name.as_str())) } }
                    div { dt { "停留" } dd { (words::span(words::dwell(incident))) } }
                    div { dt { "发现" } dd { (words::moment(incident.first_seen, offset)) } }
                    div { dt { "等待" } dd { (words::span(now.since(incident.opened_at))) } }
                }
                (score_bar(score))
            }
        }
    }
}

/// What strikes the eye on a picture.
pub(super) fn badges(incident: &Incident) -> Markup {
    html! {
        div.badges {
            @if incident.review != Review::Waiting { span.badge.review { (words::review(&incident.review)) } }
            @match incident.presence {
                Presence::Open { .. } => span.badge.there { "仍在" },
                Presence::Closed { .. } => span.badge.gone { "已消失" },
            }
            @if incident.recurrences > 0 { span.badge.again { "反复 " (incident.recurrences) " 次" } }
        }
    }
}

/// The score as a bar and a number.
pub(super) fn score_bar(score: f32) -> Markup {
    let percent = format!("{:.0}", score * 100.0);
    html! {
        div.score title="模型置信度" {
            meter min="0" max="100" value=(percent) { (percent) "%" }
            span { "置信 " (percent) "%" }
        }
    }
}
