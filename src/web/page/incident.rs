//! `/incidents/{id}`: one incident: pictures, facts, timeline, and the reviewer's decision.

use axum::{
    extract::{Form, State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Page, Sorry,
    layout::{Tab, framed},
    waiting::{badges, score_bar},
    words,
};
use crate::{
    domain::{
        Caller, EvidenceFile, EvidenceId, EvidenceRow, FileRole, Incident, IncidentId, Manifest, MatterKey,
        RejectReason, Review, Verdict,
    },
    service::{Faults, IncidentDetail, Service, ServiceError},
    store::{IncidentFilter, Page as Span},
    web::{
        App,
        evidence::serve,
        extract::{At, Params},
        problem::Problem,
    },
};

/// What is shown.
#[derive(Deserialize, Default)]
pub(in crate::web) struct Shown {
    /// `1`: originals instead of masked pictures.
    originals: Option<String>,
}

/// All that the page is drawn from.
struct Drawn {
    detail: IncidentDetail,
    /// Others of the same view that it may be a duplicate of.
    others: Vec<Incident>,
    /// The oldest that waits, other than this.
    next: Option<IncidentId>,
    originals: bool,
    reviewer: String,
    /// What a refused verdict met.
    refused: Option<String>,
    /// What the reviewer had written when it was refused.
    note: String,
}

/// The masked picture of an incident's latest bundle that has one.
pub(in crate::web) async fn picture(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = app
        .run(&caller, move |service| {
            service.seen_incident(id)?;
            let mut rows = service.store.evidence_of(id)?;
            rows.retain(|row| row.purged_at.is_none());
            let picture = rows.iter().rev().find_map(|row| service.masked_picture(row.id).ok());
            picture.ok_or_else(|| ServiceError::missing("masked picture of incident", id))
        })
        .await?;
    Ok(serve(found, &headers))
}

/// One incident.
pub(in crate::web) async fn incident(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    Params(shown): Params<Shown>,
) -> Page {
    let reviewer = caller.name.clone();
    let drawn = gather(&app, &caller, id, shown.originals.as_deref() == Some("1"), reviewer).await?;
    Ok(draw(&app.service, &drawn))
}

async fn gather(
    app: &App,
    caller: &Caller,
    id: IncidentId,
    originals: bool,
    reviewer: String,
) -> Result<Drawn, Problem> {
    app.run(caller, move |service| {
        let detail = service.incident(id)?;
        let of_view = IncidentFilter { view: Some(detail.incident.view), ..IncidentFilter::default() };
        let mut others = service.incidents(&of_view, &Span { after: None, limit: 20 })?.rows;
        others.retain(|other| other.id != id && !matches!(other.review, Review::Rejected { .. }));
        let waiting = IncidentFilter { review: Some("waiting".to_owned()), ..IncidentFilter::default() };
        let waiting = service.incidents(&waiting, &Span { after: None, limit: 100 })?.rows;
        let next = waiting.iter().rev().map(|other| other.id).find(|other| *other != id);
        Ok(Drawn { detail, others, next, originals, reviewer, refused: None, note: String::new() })
    })
    .await
}

/// The form.
#[derive(Deserialize)]
pub(in crate::web) struct VerdictForm {
    verdict: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    of: String,
    #[serde(default)]
    matter: String,
    #[serde(default)]
    originals: String,
}

impl VerdictForm {
    fn read(&self) -> Result<Verdict, ServiceError> {
        let fault = |field, got: &str, want: &str| ServiceError::Invalid(Faults::one(field, got, want));
        match self.verdict.as_str() {
            "confirmed" => Ok(Verdict::Confirmed),
            "rejected" => Ok(Verdict::Rejected {
                reason: reason(&self.reason).ok_or_else(|| fault("reason", &self.reason, "请选择驳回原因"))?,
            }),
            "duplicate" => {
                let of = self.of.trim();
                Ok(Verdict::Duplicate { of: of.parse().map_err(|_| fault("of", of, "请选择重复的事件"))? })
            }
            "reclassified" => {
                let matter = self.matter.parse::<MatterKey>();
                Ok(Verdict::Reclassified { matter: matter.map_err(|_| fault("matter", "", "请选择事项"))? })
            }
            other => Err(fault("verdict", other, "confirmed, rejected, duplicate 或 reclassified")),
        }
    }
}

fn reason(word: &str) -> Option<RejectReason> {
    words::REASONS.iter().find(|(known, _)| *known == word).map(|(_, reason)| *reason)
}

/// Decides, and comes back to the incident.
pub(in crate::web) async fn decide(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    form: Result<Form<VerdictForm>, FormRejection>,
) -> Result<Response, Sorry> {
    let Form(form) = form.map_err(|_| Problem::unreadable("the form cannot be read"))?;
    let (reviewer, note, originals) = (caller.name.clone(), form.note.clone(), form.originals == "1");
    let by = reviewer.clone();
    let decided = app
        .run(&caller, move |service| match form.read() {
            Ok(verdict) => service.decide(&service.sign(id, verdict, &by, &form.note)),
            Err(fault) => Err(fault),
        })
        .await;
    match decided {
        Ok(_) => Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Err(problem) if problem.status == 422 || problem.status == 409 => {
            let mut drawn = gather(&app, &caller, id, originals, reviewer).await?;
            drawn.refused = Some(refusal(&drawn.detail.incident, &problem));
            drawn.note = note;
            let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
            Ok((status, draw(&app.service, &drawn)).into_response())
        }
        Err(problem) => Err(problem.into()),
    }
}

fn refusal(incident: &Incident, problem: &Problem) -> String {
    match &incident.review {
        Review::Confirmed { by, .. } | Review::Rejected { by, .. } | Review::Duplicate { by, .. } => {
            format!("{by} 已先复核，本次未生效")
        }
        Review::Waiting => match problem.faults.first() {
            Some(fault) => fault.want.clone(),
            None => problem.detail.clone(),
        },
    }
}

fn draw(service: &Service, drawn: &Drawn) -> Markup {
    let Drawn { detail, next, refused, reviewer, .. } = drawn;
    let incident = &detail.incident;
    let waiting = incident.review == Review::Waiting;
    let title = words::title(incident, &detail.matter_name);
    let main = html! {
        div.bar {
            h1 { (title) }
            (badges(incident))
            span.grow {}
            @if let Some(next) = next { a.button #next href={ "/incidents/" (next) } { "下一条" kbd { "n" } } }
            a.button #back href="/" { "列表" kbd { "u" } }
        }
        @if let Some(refused) = refused { p.notice.bad role="alert" { (refused) } }
        div.split {
            section.left {
                (pictures(service, drawn))
                (timeline(service, detail))
            }
            section.right {
                div #status data-live="incident. case. delivery." { (outcome(service, detail)) }
                @if waiting { (form(service, drawn)) }
                (facts(service, detail))
            }
        }
    };
    framed(&title, Tab::Nowhere, reviewer, &main)
}

/// The bundles whose files are there, newest first.
fn bundles(detail: &IncidentDetail) -> impl Iterator<Item = (&EvidenceRow, &Manifest)> {
    detail.evidence.iter().rev().filter_map(|(row, manifest)| manifest.as_ref().map(|manifest| (row, manifest)))
}

fn address(evidence: EvidenceId, file: &EvidenceFile) -> String {
    let name: String = url::form_urlencoded::byte_serialize(file.name.as_bytes()).collect();
    format!("/api/v1/evidence/{evidence}/files/{}", name.replace('+', "%20"))
}

fn pictures(service: &Service, drawn: &Drawn) -> Markup {
    let offset = service.config.city.utc_offset();
    let id = drawn.detail.incident.id;
    let shown = |role: FileRole| role != FileRole::MaskedPlain && (role == FileRole::Masked) != drawn.originals;
    let best = if drawn.originals { FileRole::Annotated } else { FileRole::Masked };
    let main = bundles(&drawn.detail)
        .find_map(|(row, manifest)| manifest.files.iter().find(|file| file.role == best).map(|file| (row.id, file)));
    html! {
        div.viewer {
            @match main {
                Some((evidence, file)) => {
                    a #main-link href=(address(evidence, file)) target="_blank" rel="noopener" {
                        img.main #main-picture src=(address(evidence, file)) alt=(words::role(file.role)) width="1280" height="720";
                    }
                }
                None => div.nopicture { "没有可显示的图片" },
            }
            div.strip {
                @for (row, manifest) in bundles(&drawn.detail) {
                    @for file in manifest.files.iter().filter(|file| shown(file.role)) {
                        (thumbnail(row, file, offset))
                    }
                }
                span.grow {}
                @if drawn.originals {
                    a.button #originals href={ "/incidents/" (id) } { "只看脱敏图" kbd { "o" } }
                } @else {
                    a.button #originals href={ "/incidents/" (id) "?originals=1" } { "看原图" kbd { "o" } }
                }
            }
        }
    }
}

fn thumbnail(row: &EvidenceRow, file: &EvidenceFile, offset: chrono::FixedOffset) -> Markup {
    let told = format!("{} · {}", words::evidence_kind(row.kind), words::role(file.role));
    let at = words::moment(file.wall.unwrap_or(row.made_at), offset);
    html! {
        @if file.role == FileRole::Clip {
            figure.thumb {
                video src=(address(row.id, file)) controls preload="metadata" muted {}
                figcaption { (told) small { (at) } }
            }
        } @else {
            a.thumb href=(address(row.id, file)) target="_blank" rel="noopener" data-swap="main-picture" {
                img src=(address(row.id, file)) alt=(told) loading="lazy" width="160" height="90";
                span { (told) small { (at) } }
            }
        }
    }
}

fn facts(service: &Service, detail: &IncidentDetail) -> Markup {
    let offset = service.config.city.utc_offset();
    let incident = &detail.incident;
    let location = detail.stream.as_ref().and_then(|stream| stream.location.as_ref());
    let codes = service.config.matter(&incident.matter).map(|matter| &matter.codes);
    html! {
        section.panel {
            h2 { "事实" }
            dl.facts {
                dt { "视频源" }
                dd {
                    @match &detail.stream {
                        Some(stream) => { (stream.name) " " span.dim { (stream.code) } },
                        None => "（已移除）",
                    }
                }
                dt { "画面" } dd { (detail.view.as_ref().map_or("（已移除）", |view| view.name.as_str())) }
                @if let Some(location) = location { dt { "地点" } dd { (location.address) } }
                dt { "区域" }
                dd { (detail.zone.as_ref().map_or("（已移除）", |zone| zone.name.as_str())) " " span.dim { "第 " (incident.zone.1) " 版" } }
                @if let Some(codes) = codes { dt { "事项代码" } dd { (codes.code_2026) } }
                dt { "首次看到" } dd { (words::moment(incident.first_seen, offset)) }
                dt { "最近看到" } dd { (words::moment(incident.last_seen, offset)) }
                dt { "停留" }
                dd {
                    (words::span(words::dwell(incident)))
                    @if let Some(place) = &detail.place { span.dim { "，看到 " (place.looks_seen) " / " (place.looks_visible) " 次" } }
                }
                dt { "模型" } dd { (score_bar(incident.score.value())) }
                dt { "编号" } dd { code { (incident.id) } }
            }
        }
    }
}

/// What became of it: verdict, case and deliveries.
fn outcome(service: &Service, detail: &IncidentDetail) -> Markup {
    let offset = service.config.city.utc_offset();
    let decided = match &detail.incident.review {
        Review::Waiting => return html! {},
        Review::Confirmed { by, at } => (by, at, "确认".to_owned(), "good"),
        Review::Rejected { by, at, reason } => (by, at, format!("驳回：{}", words::reject_reason(*reason)), "dimmed"),
        Review::Duplicate { by, at, .. } => (by, at, "认定为重复".to_owned(), "dimmed"),
    };
    let (by, at, what, colour) = decided;
    html! {
        section.panel.outcome {
            h2 { span class={ "dot " (colour) } {} (what) }
            p.dim { (by) "，" (words::moment(*at, offset)) }
            @if let Review::Duplicate { of, .. } = &detail.incident.review { p { a href={ "/incidents/" (of) } { "查看另一事件" } } }
            @if let Some(case) = &detail.case {
                dl.facts {
                    dt { "案件" } dd { code { (case.id) } }
                    dt { "阶段" } dd { (words::stage(case.stage)) }
                    @if let Some(limit) = &case.limit { dt { "时限" } dd { (limit.text) "，" (words::moment(limit.due_at, offset)) " 前" } }
                    @if let Some(number) = &case.platform_number { dt { "平台编号" } dd { (number) } }
                }
                @for delivery in &detail.deliveries {
                    @let (told, colour) = words::delivery(&delivery.state);
                    p.delivery { span class={ "dot " (colour) } {} (words::message(&delivery.message)) "：" (told) }
                }
            }
        }
    }
}

fn timeline(service: &Service, detail: &IncidentDetail) -> Markup {
    let offset = service.config.city.utc_offset();
    html! {
        section.panel #timeline data-live="incident. case. delivery." {
            h2 { "经过" }
            ol.timeline {
                @for moment in detail.timeline() {
                    li {
                        time { (words::moment(moment.at, offset)) }
                        b { (words::moment_kind(moment.what)) }
                        span { (moment.detail) }
                    }
                }
            }
        }
    }
}

fn form(service: &Service, drawn: &Drawn) -> Markup {
    let incident = &drawn.detail.incident;
    let matters = service.matters();
    html! {
        form.panel.verdict method="post" action={ "/incidents/" (incident.id) "/verdict" } {
            input type="hidden" name="originals" value=(if drawn.originals { "1" } else { "" });
            label { span { "备注" } textarea name="note" rows="2" maxlength="2000" placeholder="可不填" { (drawn.note) } }
            button.primary #confirm type="submit" name="verdict" value="confirmed" { "确认违规，立案" kbd { "c" } }
            div.row {
                select #reason name="reason" aria-label="驳回原因" {
                    @for (word, reason) in words::REASONS { option value=(word) { (words::reject_reason(reason)) } }
                }
                button.danger type="submit" name="verdict" value="rejected" { "驳回" kbd { "r" } }
            }
            details {
                summary { "重复或改判" }
                div.row {
                    @if drawn.others.is_empty() {
                        span.dim { "同一画面没有其他事件" }
                    } @else {
                        select name="of" aria-label="重复的事件" {
                            @for other in &drawn.others {
                                option value=(other.id) {
                                    (words::title(other, &service.matter_name(&other.matter))) " "
                                    (words::moment(other.opened_at, service.config.city.utc_offset()))
                                }
                            }
                        }
                        button type="submit" name="verdict" value="duplicate" { "重复" }
                    }
                }
                div.row {
                    select name="matter" aria-label="正确的事项" {
                        @for (key, name) in matters.iter().filter(|(key, _)| *key != incident.matter) {
                            option value=(key) { (name) }
                        }
                    }
                    button type="submit" name="verdict" value="reclassified" { "改判" }
                }
            }
        }
    }
}
