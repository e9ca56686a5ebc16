//! Which answers show somebody something, and how that is written down: the one table. What it does not name is found by a
//! test. Most lists are written down here, at the door; what its handler knows better is written down there.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{StatusCode, Uri},
    middleware::Next,
    response::Response,
};

use super::{
    App,
    guard::Door,
    viewed::{SAME_LIST, View},
};
use crate::domain::Caller;

/// How it is written down that an operation showed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// At the door, under this action: once an hour for each person, thing and filter.
    Noted(&'static str),
    /// By its handler: `incident.viewed`, `evidence.unmasked`, `statistics.exported`, ...
    ByHandler,
    /// Not at all, because of this.
    Unnoted(&'static str),
}

use Shown::{ByHandler, Noted, Unnoted};

const CATALOGUE: Shown = Unnoted("names and days of the city");
const MACHINE: Shown = Unnoted("how the service itself stands");
const DOOR: Shown = Unnoted("one's own session, or nobody's");

/// Every operation that reads, by its id in the OpenAPI document.
pub const SHOWN: &[(&str, Shown)] = &[
    ("accounts_list", Noted("accounts.viewed")),
    ("accounts_show", Noted("account.viewed")),
    ("agreement_show", Noted("agreement.viewed")),
    ("areas_list", CATALOGUE),
    ("audit_list", Noted("audit.viewed")),
    ("calendar_show", CATALOGUE),
    ("cases_list", Noted("cases.viewed")),
    ("cases_show", ByHandler),
    ("cases_timeline", Noted("case.viewed")),
    ("changes_follow", Unnoted("ids alone; what they stand for is read by other operations")),
    ("clusters_list", Noted("clusters.viewed")),
    ("deliveries_list", Noted("deliveries.viewed")),
    ("deliveries_show", Noted("delivery.viewed")),
    ("door_show", DOOR),
    ("evidence_file", ByHandler),
    ("evidence_list", Noted("evidence.viewed")),
    ("evidence_manifest", Noted("evidence.viewed")),
    ("evidence_prove", Noted("evidence.viewed")),
    ("evidence_show", Noted("evidence.viewed")),
    ("exemplars_list", Noted("exemplars.viewed")),
    ("exemplars_picture", Unnoted("a masked piece of what the list of exemplars shows")),
    ("exemplars_preview", Noted("exemplar.viewed")),
    ("health_live", MACHINE),
    ("health_metrics", MACHINE),
    ("health_show", MACHINE),
    ("incidents_export", ByHandler),
    ("incidents_list", Noted("incidents.viewed")),
    ("incidents_reading", ByHandler),
    ("incidents_show", ByHandler),
    ("incidents_similar", ByHandler),
    ("looks_list", Noted("looks.viewed")),
    ("matters_list", CATALOGUE),
    ("media_links_show", Unnoted("a signed link of the platform; the delivery says what it was given")),
    ("oidc_callback", DOOR),
    ("oidc_start", DOOR),
    ("plan_show", MACHINE),
    ("platform_show", MACHINE),
    ("queue_list", Noted("queue.viewed")),
    ("queue_next", Noted("queue.viewed")),
    ("reconciliations_list", Noted("reconciliations.viewed")),
    ("reports_show", Noted("report.viewed")),
    ("second_reviews_next", ByHandler),
    ("session_show", DOOR),
    ("shadow_picture", Noted("shadow.viewed")),
    ("shadow_show", Noted("shadow.viewed")),
    ("statistics_export", ByHandler),
    ("statistics_hot_spots", Noted("statistics.viewed")),
    ("statistics_show", Noted("statistics.viewed")),
    ("streams_import_template", CATALOGUE),
    ("streams_list", Noted("streams.viewed")),
    ("streams_show", Noted("stream.viewed")),
    ("tokens_list", Noted("tokens.viewed")),
    ("views_detections", Noted("view.viewed")),
    ("views_list", Noted("views.viewed")),
    ("views_reference", Noted("view.viewed")),
    ("views_show", Noted("view.viewed")),
    ("views_signs", Noted("view.viewed")),
    ("views_what_if", Noted("view.viewed")),
    ("zones_list", Noted("zones.viewed")),
    ("zones_show", Noted("zone.viewed")),
    ("zones_versions", Noted("zone.viewed")),
];

/// How it is written down that the operation showed something.
pub fn shown_by(operation: &str) -> Option<Shown> {
    SHOWN.iter().find(|(id, _)| *id == operation).map(|(_, shown)| *shown)
}

/// Parts of a query that ask for another piece or copy of the same.
const PAGING: [&str; 3] = ["after", "limit", "version"];
/// Part of a query that asks for a small copy: it stands in a list that is written down itself.
const SMALL: &str = "width";
const FILTER_CHARS_MAX: usize = 300;

/// An answer waits so long for its line in the audit log; as a rule it is there within milliseconds.
const NOTED_WITHIN: Duration = Duration::from_secs(1);
/// A line that could not be written is tried again after this, so many times: a disk that is full for ten minutes costs none.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
const TRIES_MAX: u32 = 60;

/// Answers, and writes down what was shown. A store that is held or full keeps nobody from a list, whose pictures are masked:
/// its line follows. Stands behind [`super::guard::enter`].
pub(super) async fn note(State(door): State<Door>, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>().cloned();
    let view = door.routes.action(&request).and_then(|(action, route)| view_of(action, &route, request.uri()));
    let response = next.run(request).await;
    let (Some(caller), Some(view)) = (caller, view) else { return response };
    if !response.status().is_success() && response.status() != StatusCode::NOT_MODIFIED {
        return response;
    }
    if door.app.viewed.knows(&door.app.service, &caller, &view, SAME_LIST) {
        return response;
    }
    // Asked for again meanwhile, it is the same view.
    door.app.viewed.remember(&door.app.service, &caller, view.clone());
    write_within(&door.app, &caller, view).await;
    response
}

/// Writes it down, and waits for that a short time.
pub(super) async fn write_within(app: &App, by: &Caller, view: View) {
    let writing = tokio::spawn(write_down(app.clone(), by.clone(), view));
    // Cut off or done: the writing goes on by itself.
    let _ = tokio::time::timeout(NOTED_WITHIN, writing).await;
}

async fn write_down(app: App, caller: Caller, view: View) {
    for _ in 0..TRIES_MAX {
        let (app, by, of) = (app.clone(), caller.name.clone(), view.clone());
        // Beside the caller's own work: a held store must not use up what they may do at once.
        let write = move || app.service.note_viewed(of.action, &of.subject, &of.filter, &by);
        if matches!(tokio::task::spawn_blocking(write).await, Ok(Ok(_))) {
            return;
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
    tracing::error!(action = view.action, subject = view.subject, by = caller.name, "a view could not be written down");
    app.viewed.forget(&caller, &view);
}

/// What a request shows; `None` for a small copy.
fn view_of(action: &'static str, route: &str, uri: &Uri) -> Option<View> {
    let subject = route.split('/').zip(uri.path().split('/')).filter(|(of, _)| of.starts_with('{'));
    let subject = subject.map(|(_, segment)| segment).collect::<Vec<_>>().join("/");
    let query = url::form_urlencoded::parse(uri.query().unwrap_or("").as_bytes());
    let mut parts: Vec<(String, String)> = query.map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    if parts.iter().any(|(key, _)| key == SMALL) {
        return None;
    }
    parts.retain(|(key, value)| !PAGING.contains(&key.as_str()) && !value.is_empty());
    parts.sort();
    let filter: Vec<String> = parts.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    // One thing is the same thing however it is asked for.
    let filter = if subject.is_empty() { filter.join(" ") } else { String::new() };
    Some(View { action, subject, filter: filter.chars().take(FILTER_CHARS_MAX).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_what_was_asked_for_without_paging() {
        for (route, path, subject, filter) in [
            (
                "/api/v1/queue",
                "/api/v1/queue?limit=200&matter=stall&after=x&area=%E4%B8%9C%E5%8C%BA",
                "",
                "area=东区 matter=stall",
            ),
            ("/api/v1/queue", "/api/v1/queue?area=", "", ""),
            ("/api/v1/views/{id}", "/api/v1/views/0192?x=1", "0192", ""),
            ("/api/v1/evidence/{id}/files/{name}", "/api/v1/evidence/1/files/a.jpg", "1/a.jpg", ""),
        ] {
            let view = view_of("a.viewed", route, &path.parse().unwrap()).unwrap();
            assert_eq!((view.subject.as_str(), view.filter.as_str()), (subject, filter), "{path}");
        }
        let small = "/api/v1/views/0192/reference?width=320".parse().unwrap();
        assert_eq!(view_of("view.viewed", "/api/v1/views/{id}/reference", &small), None);
    }
}
