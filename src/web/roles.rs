//! Which roles may call which operation: the one table. What it does not name nobody may call, so that a route that is
//! added without a row is refused and found by a test. Whose areas an object lies in is the service's question.

use std::collections::{BTreeMap, HashMap};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};

use super::{
    limits::budget_of,
    shown::{Shown, shown_by},
};
use crate::{
    domain::{Caller, Role},
    telemetry::Budget,
};

/// Who may call an operation, besides the administrator, who may call all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Anybody, unknown people too: what lets somebody in, or proves itself by a signature of its own.
    Anybody,
    /// Whoever came in, those too who must choose a new password before anything else.
    Oneself,
    /// Whoever came in.
    Known,
    /// Whoever holds one of these roles.
    Holders(&'static [Role]),
}

use Callers::{Anybody, Holders, Known, Oneself};
use Role::{Operator, Platform, Reviewer, Supervisor};

/// Who draws and registers.
const OPERATORS: Callers = Holders(&[Operator]);
/// Who looks at incidents and their masked pictures.
const VIEWERS: Callers = Holders(&[Reviewer, Supervisor, Platform]);
/// Who decides.
const REVIEWERS: Callers = Holders(&[Reviewer]);
/// Who makes accounts: the administrator alone.
const ADMINISTRATORS: Callers = Holders(&[]);
/// Who answers for the work of others.
const SUPERVISORS: Callers = Holders(&[Supervisor]);
/// Who decides and who checks how it was decided.
const JUDGES: Callers = Holders(&[Reviewer, Supervisor]);
/// Who watches over cases.
const CASES: Callers = Holders(&[Platform, Supervisor]);

/// Every operation of the OpenAPI document by its id, and the few routes that are not in it.
pub const ROLES: &[(&str, Callers)] = &[
    ("accounts_add", ADMINISTRATORS),
    ("accounts_change", ADMINISTRATORS),
    ("accounts_invite", ADMINISTRATORS),
    ("accounts_list", ADMINISTRATORS),
    ("accounts_show", ADMINISTRATORS),
    ("agreement_show", Holders(&[Supervisor])),
    ("areas_list", Known),
    ("audit_list", ADMINISTRATORS),
    ("calendar_show", Known),
    ("callbacks_hear", Anybody),
    ("cases_list", CASES),
    ("cases_show", CASES),
    ("cases_timeline", VIEWERS),
    ("changes_follow", Known),
    ("clusters_list", REVIEWERS),
    ("deliveries_list", CASES),
    ("deliveries_replay", Holders(&[Platform])),
    ("deliveries_show", CASES),
    ("door_accept", Anybody),
    ("door_set_up", Anybody),
    ("door_show", Anybody),
    ("evidence_file", VIEWERS),
    ("evidence_hold", Holders(&[Reviewer, Supervisor])),
    ("evidence_list", VIEWERS),
    ("evidence_manifest", VIEWERS),
    ("evidence_prove", VIEWERS),
    ("evidence_show", VIEWERS),
    ("exemplars_change", OPERATORS),
    ("exemplars_list", Holders(&[Operator, Reviewer, Supervisor])),
    ("exemplars_mark", OPERATORS),
    ("exemplars_picture", Holders(&[Operator, Reviewer, Supervisor])),
    ("exemplars_preview", Holders(&[Operator, Supervisor])),
    ("exemplars_undo", OPERATORS),
    ("health_live", Anybody),
    ("health_metrics", Holders(&[Operator, Supervisor])),
    ("health_show", Known),
    ("incidents_decide", REVIEWERS),
    ("incidents_reading", VIEWERS),
    ("incidents_export", SUPERVISORS),
    ("incidents_list", Holders(&[Reviewer, Supervisor])),
    ("incidents_lock", REVIEWERS),
    ("incidents_show", VIEWERS),
    ("incidents_similar", JUDGES),
    ("incidents_undo", REVIEWERS),
    ("incidents_unlock", REVIEWERS),
    ("looks_ask", OPERATORS),
    ("looks_list", Holders(&[Operator, Supervisor])),
    ("matters_list", Known),
    ("media_links_show", Anybody),
    ("oidc_callback", Anybody),
    ("oidc_start", Anybody),
    ("openapi", Known),
    ("plan_show", Known),
    ("session_begin", Anybody),
    ("session_end", Oneself),
    ("session_password", Oneself),
    ("session_show", Oneself),
    ("platform_show", Holders(&[Platform])),
    ("queue_list", JUDGES),
    ("queue_next", REVIEWERS),
    ("reconciliations_list", CASES),
    ("reconciliations_run", Holders(&[Platform])),
    ("reports_show", SUPERVISORS),
    ("second_reviews_give", JUDGES),
    ("second_reviews_next", JUDGES),
    ("shadow_judge", Holders(&[Operator, Supervisor])),
    ("shadow_picture", Holders(&[Operator, Supervisor])),
    ("shadow_show", Holders(&[Operator, Supervisor])),
    ("shadow_withdraw", Holders(&[Operator, Supervisor])),
    ("statistics_export", SUPERVISORS),
    ("statistics_hot_spots", SUPERVISORS),
    ("statistics_show", SUPERVISORS),
    ("streams_add", OPERATORS),
    ("streams_change", OPERATORS),
    ("streams_import", OPERATORS),
    ("streams_import_template", OPERATORS),
    ("streams_list", Known),
    ("streams_probe", OPERATORS),
    ("streams_probe_known", OPERATORS),
    ("streams_remove", OPERATORS),
    ("streams_show", Known),
    ("tokens_add", ADMINISTRATORS),
    ("tokens_list", ADMINISTRATORS),
    ("tokens_revoke", ADMINISTRATORS),
    ("verdicts_give", REVIEWERS),
    ("views_ask_reference", OPERATORS),
    ("views_change", OPERATORS),
    ("views_detections", OPERATORS),
    ("views_list", Known),
    ("views_permit_signs", OPERATORS),
    ("views_reference", Holders(&[Operator, Reviewer, Supervisor])),
    ("views_show", Known),
    ("views_signs", Holders(&[Operator, Reviewer, Supervisor])),
    ("views_what_if", OPERATORS),
    ("zones_add", OPERATORS),
    ("zones_change", OPERATORS),
    ("zones_list", Known),
    ("zones_remove", OPERATORS),
    ("zones_show", Known),
    ("zones_versions", Known),
];

/// Routes beside the document, by the word of [`ROLES`].
const BESIDE: &[(&str, &str, &str)] = &[("GET", "/api/v1/openapi.json", "openapi")];

/// Who may call the operation.
pub fn callers_of(operation: &str) -> Option<Callers> {
    ROLES.iter().find(|(id, _)| *id == operation).map(|(_, callers)| *callers)
}

impl Callers {
    /// Whether this caller is one of them.
    pub fn admit(self, caller: &Caller) -> bool {
        match self {
            Anybody | Known | Oneself => true,
            Holders(roles) => caller.is_any(roles) || caller.is_any(&[Role::Administrator]),
        }
    }
}

/// What the tables say of a route's method.
struct Row {
    callers: Option<Callers>,
    budget: Budget,
    shown: Option<Shown>,
}

/// Who may call what, from which budget it is paid and how it is written down, by route and method.
pub(super) struct Routes(HashMap<String, BTreeMap<String, Row>>);

/// What the table says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// These may.
    Of(Callers),
    /// A route or a method without a row: nobody may.
    Nobody,
    /// The route takes other methods alone: a comma between each two.
    Methods(String),
}

impl Routes {
    /// The routes of the document, and those beside it.
    pub(super) fn of(document: &utoipa::openapi::OpenApi) -> Self {
        let document = serde_json::to_value(document).unwrap_or_default();
        let mut routes = Self(HashMap::new());
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in item.as_object().into_iter().flatten() {
                routes.add(&method.to_uppercase(), path, operation["operationId"].as_str().unwrap_or_default());
            }
        }
        BESIDE.iter().for_each(|(method, path, id)| routes.add(method, path, id));
        routes
    }

    fn add(&mut self, method: &str, path: &str, operation: &str) {
        let row = Row { callers: callers_of(operation), budget: budget_of(operation), shown: shown_by(operation) };
        self.0.entry(path.to_owned()).or_default().insert(method.to_owned(), row);
    }

    /// Who may call the route with this method.
    pub(super) fn asked(&self, method: &Method, route: &str) -> Asked {
        let Some(methods) = self.0.get(route) else { return Asked::Nobody };
        match methods.get(read_as(method)) {
            Some(row) => row.callers.map_or(Asked::Nobody, Asked::Of),
            None => Asked::Methods(methods.keys().map(String::as_str).collect::<Vec<_>>().join(",")),
        }
    }

    /// From which budget of its caller a request is paid.
    pub(super) fn budget(&self, method: &Method, route: &str) -> Budget {
        self.row(method, route).map_or(Budget::Calls, |row| row.budget)
    }

    /// The action under which the door writes down what is shown, and the route; `None` where it writes nothing.
    pub(super) fn action(&self, request: &Request) -> Option<(&'static str, String)> {
        let route = request.extensions().get::<MatchedPath>()?.as_str();
        match self.row(request.method(), route)?.shown? {
            Shown::Noted(action) => Some((action, route.to_owned())),
            Shown::ByHandler | Shown::Unnoted(_) => None,
        }
    }

    fn row(&self, method: &Method, route: &str) -> Option<&Row> {
        self.0.get(route)?.get(read_as(method))
    }
}

/// `HEAD` is `GET` without its body.
fn read_as(method: &Method) -> &str {
    if *method == Method::HEAD { "GET" } else { method.as_str() }
}
