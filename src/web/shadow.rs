//! `/api/v1/shadow`: how a new model that is tried beside a matter's own does: what both saw, what one of them alone saw,
//! a masked picture of that, and what a person says is there. The caller is who says so; no body names one.

use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, Params},
    problem::Problem,
};
use crate::{
    domain::{
        Caller, Comparison, Disagreement, DisagreementId, Judgement, Judgements, KeptDisagreement, ModelRef, Rivals,
        Score, SeenBy, Truth, ViewId, WallTime, ZoneId,
    },
    service::People,
    store::{ShadowFilter, SpotsFirst},
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
    /// What people said of the spots at which they differ and that are kept.
    judged: JudgementsOut,
}

/// Spots by what people said of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementsOut {
    /// The matter's own model was right.
    own_right: u64,
    /// The new one was.
    shadow_right: u64,
    /// Nobody can say.
    unclear: u64,
    /// Nobody said yet.
    waiting: u64,
}

impl From<Judgements> for JudgementsOut {
    fn from(Judgements { own_right, shadow_right, unclear, waiting }: Judgements) -> Self {
        Self { own_right, shadow_right, unclear, waiting }
    }
}

impl ComparisonOut {
    fn of(comparison: Comparison) -> Self {
        let Comparison { view, matter, rivals, since, looks, both, only_own, only_shadow, judged } = comparison;
        let (matter, own, shadow) = (matter.to_string(), rivals.own.into(), rivals.shadow.into());
        Self { view, matter, own, shadow, since, looks, both, only_own, only_shadow, judged: judged.into() }
    }
}

/// What a person said of a spot.
#[derive(Debug, Serialize, ToSchema)]
pub struct JudgementOut {
    /// What is there.
    truth: Truth,
    /// Who was right; `null` where nobody can say.
    right: Option<SeenBy>,
    /// Who says so, by the name of their account.
    by: String,
    /// How that person is called.
    by_name: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
}

/// A spot at which one model saw something and the other did not.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpotOut {
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
    /// What a person said of it; `null` while nobody did.
    judgement: Option<JudgementOut>,
}

impl SpotOut {
    fn of(kept: KeptDisagreement, people: &People) -> Self {
        let right = kept.right();
        let KeptDisagreement { id, view, matter, rivals, what, first, latest, looks, judgement } = kept;
        let Rivals { own, shadow } = rivals;
        let Disagreement { seen_by, class, zone, bbox, score, other } = what;
        let said = |Judgement { truth, by, at }| JudgementOut { truth, right, by_name: people.called(&by), by, at };
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
            judgement: judgement.map(said),
        }
    }
}

/// What came of trying new models.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShadowOut {
    /// Counts by view, matter and models, those of the latest day first.
    comparisons: Vec<ComparisonOut>,
    /// Spots, at most 500, those that nobody judged before the others.
    disagreements: Vec<SpotOut>,
}

/// Which spots come first among those that nobody judged, and among the others.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FirstWord {
    /// Those of most looks.
    Often,
    /// Those that were seen last.
    Latest,
}

/// What somebody says is at a spot.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgementIn {
    /// What: whoever saw something is right where something is there, and the other one where nothing is.
    truth: Truth,
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
    /// Which spots come first; `often` where it is left out.
    #[param(inline)]
    first: Option<FirstWord>,
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
    let first = match which.first {
        Some(FirstWord::Latest) => SpotsFirst::Latest,
        Some(FirstWord::Often) | None => SpotsFirst::Often,
    };
    let asked = app.run(&caller, move |service| {
        Ok((service.comparisons(&filter)?, service.disagreements(&filter, first)?, service.people()?))
    });
    let (comparisons, disagreements, people) = asked.await?;
    Ok(Json(ShadowOut {
        comparisons: comparisons.into_iter().map(ComparisonOut::of).collect(),
        disagreements: disagreements.into_iter().map(|kept| SpotOut::of(kept, &people)).collect(),
    }))
}

/// Says what is at a spot. Who said so before may say otherwise; what a colleague said must be taken back first.
#[utoipa::path(post, operation_id = "shadow_judge", path = "/api/v1/shadow/{id}/judgement", tag = "shadow", params(("id" = String, Path)),
    request_body = JudgementIn,
    responses((status = OK, body = SpotOut), (status = NOT_FOUND, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn judge(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DisagreementId>,
    Body(JudgementIn { truth }): Body<JudgementIn>,
) -> Result<Json<SpotOut>, Problem> {
    judged(&app, &caller, id, Some(truth)).await
}

/// Takes back what was said of a spot, by whomever: it waits for a judgement again.
#[utoipa::path(delete, operation_id = "shadow_withdraw", path = "/api/v1/shadow/{id}/judgement", tag = "shadow", params(("id" = String, Path)),
    responses((status = OK, body = SpotOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    At(id): At<DisagreementId>,
) -> Result<Json<SpotOut>, Problem> {
    judged(&app, &caller, id, None).await
}

async fn judged(
    app: &App,
    caller: &Caller,
    id: DisagreementId,
    truth: Option<Truth>,
) -> Result<Json<SpotOut>, Problem> {
    let by = caller.name.clone();
    let asked = app.run(caller, move |service| Ok((service.judge_disagreement(id, truth, &by)?, service.people()?)));
    let (kept, people) = asked.await?;
    Ok(Json(SpotOut::of(kept, &people)))
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
