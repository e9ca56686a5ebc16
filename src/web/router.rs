//! The whole HTTP surface in one list.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{StatusCode, header},
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::get,
};
use tower_http::{
    limit::RequestBodyLimitLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    App, accounts, areas, audit, callbacks, cases, catalogue, changes, deliveries, desk, door, evidence, exemplars,
    guard::{self, Door},
    health, imports, incident_detail, incidents, looks, marks, media_links, oidc, plan, platform, queue,
    roles::Routes,
    second_reviews, sessions, shadow, shown, signs, statistics, streams, tokens, verdicts, views, what_if, zones,
};
use crate::{deliver::CALLBACK_BYTES_MAX, service::SHEET_BYTES_MAX};

/// Longest body of a request; the largest honest one is a polygon of 200 points.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// The next piece of a body is here within this time; the whole of it within the answer's.
const BODY_PIECE_TIME: Duration = Duration::from_secs(10);
/// An answer begins within this time, a probe of a slow camera included.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Xunjie (巡街)",
        description = "Streams, views, zones, looks, incidents, evidence, exemplars, reviews, cases and deliveries. Errors are RFC 9457 problem details; lists are pages with a cursor; times are RFC 3339 in UTC. Who sends too many requests is answered 429 with `Retry-After`, wherever it is.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    servers((url = "/")),
    security(("bearer" = [])),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token of `POST /api/v1/tokens` or of `xunjie token add`. Browsers use the session's cookie.",
            ))
            .build();
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// What the door guards.
fn guarded() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(door::show))
        .routes(routes!(door::set_up))
        .routes(routes!(door::accept))
        .routes(routes!(oidc::start))
        .routes(routes!(oidc::callback))
        .routes(routes!(sessions::begin, sessions::show, sessions::end))
        .routes(routes!(sessions::password))
        .routes(routes!(accounts::list, accounts::add))
        .routes(routes!(accounts::show, accounts::change))
        .routes(routes!(accounts::invite))
        .routes(routes!(tokens::list, tokens::add))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
        .routes(routes!(areas::list))
        .routes(routes!(streams::list, streams::add))
        .routes(routes!(streams::probe))
        .routes(routes!(streams::probe_known))
        .routes(routes!(imports::template))
        .routes(routes!(streams::show, streams::change, streams::remove))
        .routes(routes!(views::list))
        .routes(routes!(views::show, views::change))
        .routes(routes!(views::reference, views::ask_reference))
        .routes(routes!(signs::list, signs::permit))
        .routes(routes!(incident_detail::reading))
        .routes(routes!(looks::list, looks::ask))
        .routes(routes!(shadow::show))
        .routes(routes!(shadow::picture))
        .routes(routes!(shadow::judge, shadow::withdraw))
        .routes(routes!(what_if::detections))
        .routes(routes!(what_if::judge))
        .routes(routes!(zones::list, zones::add))
        .routes(routes!(zones::show, zones::change, zones::remove))
        .routes(routes!(zones::versions))
        .routes(routes!(catalogue::matters))
        .routes(routes!(catalogue::calendar))
        .routes(routes!(incidents::list))
        .routes(routes!(incident_detail::show))
        .routes(routes!(verdicts::decide, verdicts::undo))
        .routes(routes!(verdicts::give))
        .routes(routes!(queue::list))
        .routes(routes!(queue::next))
        .routes(routes!(queue::lock, queue::unlock))
        .routes(routes!(queue::similar))
        .routes(routes!(queue::clusters))
        .routes(routes!(second_reviews::next))
        .routes(routes!(second_reviews::give))
        .routes(routes!(second_reviews::agreement))
        .routes(routes!(evidence::hold))
        .routes(routes!(evidence::list))
        .routes(routes!(evidence::show))
        .routes(routes!(evidence::manifest))
        .routes(routes!(evidence::prove))
        .routes(routes!(evidence::file))
        .routes(routes!(exemplars::list))
        .routes(routes!(exemplars::change, exemplars::undo))
        .routes(routes!(exemplars::preview))
        .routes(routes!(marks::draw))
        .routes(routes!(marks::picture))
        .routes(routes!(statistics::show))
        .routes(routes!(statistics::hot_spots))
        .routes(routes!(statistics::export))
        .routes(routes!(statistics::incidents))
        .routes(routes!(statistics::report))
        .routes(routes!(cases::list))
        .routes(routes!(cases::show))
        .routes(routes!(platform::timeline))
        .routes(routes!(platform::show))
        .routes(routes!(platform::reconciliations))
        .routes(routes!(platform::reconcile))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::show))
        .routes(routes!(deliveries::replay))
        .routes(routes!(changes::follow))
        .routes(routes!(health::show))
        .routes(routes!(plan::show))
        .routes(routes!(health::live))
        .routes(routes!(health::metrics))
        .route("/api/v1/openapi.json", get(document))
}

/// The same, with a body as large as a sheet.
fn sheets() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(imports::import))
}

/// What proves itself by a signature of its own.
fn signed() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media_links::show))
        .merge(OpenApiRouter::new().routes(routes!(callbacks::hear)).layer(DefaultBodyLimit::max(CALLBACK_BYTES_MAX)))
}

/// The OpenAPI 3.1 document, generated from the handlers.
pub fn openapi() -> utoipa::openapi::OpenApi {
    guarded().merge(sheets()).merge(signed()).into_openapi()
}

/// The document, written once: it never changes while the process runs.
async fn document() -> impl IntoResponse {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        serde_json::to_string(&openapi()).expect("the document is made of texts and always serialises")
    });
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str())
}

/// The router, for whoever brings a listener.
pub fn router(app: App) -> Router {
    let door = Door { routes: Arc::new(Routes::of(&openapi())), app: app.clone() };
    let guarded = Router::from(guarded())
        .fallback(desk::serve)
        .layer(from_fn_with_state(door.clone(), shown::note))
        .layer(from_fn_with_state(door.clone(), guard::enter))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    let sheets = Router::from(sheets())
        .layer(from_fn_with_state(door.clone(), guard::enter))
        .layer(DefaultBodyLimit::max(SHEET_BYTES_MAX))
        .layer(RequestBodyLimitLayer::new(SHEET_BYTES_MAX));
    let signed = Router::from(signed()).layer(from_fn_with_state(door, guard::meet));
    guarded
        .merge(signed)
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX)) // refuses by Content-Length, before anything is read
        .merge(sheets)
        .layer(RequestBodyTimeoutLayer::new(BODY_PIECE_TIME))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, ANSWER_TIME_MAX))
        .layer(from_fn_with_state(app.clone(), guard::leave))
        .with_state(app)
}
