//! `/api/v1/shadow`: how a new model that is tried beside a matter's own does: what both saw, what one of them alone saw,
//! and a masked picture of that, so that a person can say who is right.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Params},
    problem::Problem,
};
use crate::{
    domain::{
        Caller, Comparison, Disagreement, DisagreementId, KeptDisagreement, ModelRef, Rivals, Score, SeenBy, ViewId,
        WallTime, ZoneId,
    },
    store::ShadowFilter,
};

/// A model by its name and the SHA-256 of its weights.
#[derive(Debug, Serialize, ToSchema)]
pub struct RivalOut {
    /// Name of its folder.
    name: String,
    /// SHA-256 of its weights.
    sha256: String,
}

impl From<ModelRef> for RivalOut {
    fn from(ModelRef { name, sha256 }: ModelRef) -> Self {
        Self { name, sha256 }
    }
}

/// How often two models agreed on a view.
#[derive(Debug, Serialize, ToSchema)]
pub struct ComparisonOut {
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Key of the matter.
    matter: String,
    /// The matter's own model.
    own: RivalOut,
    /// The new one.
    shadow: RivalOut,
    /// Counted since the begin of this day, UTC.
    #[schema(value_type = String, format = DateTime)]
    since: WallTime,
    /// Frames that both judged.
    looks: u64,
    /// Things in the matter's zones that both saw.
    both: u64,
    /// Things that the matter's own model alone saw.
    only_own: u64,
    /// Things that the new one alone saw.
    only_shadow: u64,
}

impl ComparisonOut {
    fn of(comparison: Comparison) -> Self {
        let Comparison { view, matter, rivals: Rivals { own, shadow }, since, looks, both, only_own, only_shadow } =
            comparison;
        let (matter, own, shadow) = (matter.to_string(), own.into(), shadow.into());
        Self { view, matter, own, shadow, since, looks, both, only_own, only_shadow }
    }
}

/// A spot at which one model saw something and the other did not.
#[derive(Debug, Serialize, ToSchema)]
pub struct DisagreementOut {
    /// Identity; its picture is at `/api/v1/shadow/{id}/picture`.
    #[schema(value_type = String, format = "uuid")]
    id: DisagreementId,
    /// The view.
    #[schema(value_type = String, format = "uuid")]
    view: ViewId,
    /// Key of the matter.
    matter: String,
    /// The matter's own model.
    own: RivalOut,
    /// The new one.
    shadow: RivalOut,
    /// Who saw it.
    seen_by: SeenBy,
    /// As what.
    class: String,
    /// The zone that forbids it.
    #[schema(value_type = String, format = "uuid")]
    zone: ZoneId,
    /// Where, `[x0, y0, x1, y1]` as fractions of the reference picture.
    bbox: [f32; 4],
    /// How sure whoever saw it was.
    #[schema(value_type = f32)]
    score: Score,
    /// What the other one scored there, less than the matter asks for; `null` where it has no box at all.
    #[schema(value_type = Option<f32>)]
    other: Option<Score>,
    /// First seen.
    #[schema(value_type = String, format = DateTime)]
    first: WallTime,
    /// Last seen.
    #[schema(value_type = String, format = DateTime)]
    latest: WallTime,
    /// In so many looks.
    looks: u32,
}

impl DisagreementOut {
    fn of(kept: KeptDisagreement) -> Self {
        let KeptDisagreement { id, view, matter, rivals: Rivals { own, shadow }, what, first, latest, looks } = kept;
        let Disagreement { seen_by, class, zone, bbox, score, other } = what;
        Self {
            id,
            view,
            matter: matter.to_string(),
            own: own.into(),
            shadow: shadow.into(),
            seen_by,
            class: class.to_string(),
            zone,
            bbox: bbox.to_array(),
            score,
            other,
            first,
            latest,
            looks,
        }
    }
}

/// What came of trying new models.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShadowOut {
    /// Counts by view, matter and models, those of the latest day first.
    comparisons: Vec<ComparisonOut>,
    /// The 500 spots that were seen in most looks, those of most looks first.
    disagreements: Vec<DisagreementOut>,
}

/// Of what.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Only of this view.
    #[param(value_type = Option<String>)]
    view: Option<ViewId>,
    /// Only of this matter.
    matter: Option<String>,
}

/// How new models that are tried beside the matters' own do; nothing of it was reported.
#[utoipa::path(get, operation_id = "shadow_show", path = "/api/v1/shadow", tag = "shadow", params(Which),
    responses((status = OK, body = ShadowOut)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    Params(which): Params<Which>,
) -> Result<Json<ShadowOut>, Problem> {
    let matter =
        which.matter.map(|key| key.parse().map_err(|_| Problem::unreadable("matter is no key"))).transpose()?;
    let filter = ShadowFilter { view: which.view, matter, ..ShadowFilter::default() };
    let asked = app.run(&caller, move |service| Ok((service.comparisons(&filter)?, service.disagreements(&filter)?)));
    let (comparisons, disagreements) = asked.await?;
    Ok(Json(ShadowOut {
        comparisons: comparisons.into_iter().map(ComparisonOut::of).collect(),
        disagreements: disagreements.into_iter().map(DisagreementOut::of).collect(),
    }))
}

/// The masked piece of the frame in which a disagreement was first seen, with its box.
#[utoipa::path(get, operation_id = "shadow_picture", path = "/api/v1/shadow/{id}/picture", tag = "shadow", params(("id" = String, Path)),
    responses((status = OK, content_type = "image/jpeg"), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn picture(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DisagreementId>,
) -> Result<impl IntoResponse, Problem> {
    let bytes = app.run(&caller, move |service| service.disagreement_picture(id)).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], bytes))
}
