//! `/api/v1/incidents/{id}`: one incident with all that belongs to it, as it lies on a reviewer's desk.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    cases::{AuditOut, CaseOut},
    deliveries::DeliveryOut,
    evidence::BundleOut,
    extract::At,
    incidents::IncidentOut,
    problem::Problem,
    queue::LockOut,
    second_looks::{VerificationOut, WeightsOut},
    viewed::{INCIDENT, SAME_VIEW, View},
    zones::ZoneOut,
};
use crate::{
    domain::{Caller, EvidenceId, FileRole, IncidentId, Limit, Location, ReadText, ViewId, WallTime},
    service::{Circle, IncidentDetail, Moment, MomentKind, OnDesk, PictureRef, ShownPicture},
};

/// One moment of an incident's timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct MomentOut {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: WallTime,
    /// `look`, `sighting`, `incident`, `evidence`, `verdict`, `case`, `delivery`, `receipt`.
    #[schema(value_type = String)]
    what: MomentKind,
    /// In words.
    detail: String,
    /// In English words.
    detail_en: String,
    /// The bundle that shows it.
    #[schema(value_type = Option<String>, format = "uuid")]
    evidence: Option<EvidenceId>,
}

impl MomentOut {
    pub(super) fn of(moment: Moment) -> Self {
        let Moment { at, what, detail, detail_en, evidence } = moment;
        Self { at, what, detail, detail_en, evidence }
    }
}

/// By when a case would have to be handled.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitOut {
    /// In words.
    text: String,
    /// The moment, if the case were opened now.
    #[schema(value_type = String, format = DateTime)]
    due_at: WallTime,
}

/// One picture of the latest stay.
#[derive(Debug, Serialize, ToSchema)]
pub struct PictureOut {
    /// `first`, `middle` or `latest`.
    role: FileRole,
    /// Path of the masked copy.
    masked: Option<String>,
    /// Whether the box is drawn into the masked copy: bundles from before 0.2 have no other.
    boxed: bool,
    /// Path of the frame as decoded; `null` for whoever may not see what is not masked.
    original: Option<String>,
    /// Where the thing is, `[x0, y0, x1, y1]` as fractions of the picture.
    bbox: Option<[f32; 4]>,
    /// Width in pixels; 0 where the picture cannot be read.
    width: u32,
    /// Height in pixels.
    height: u32,
    /// When the camera saw it.
    #[schema(value_type = Option<String>, format = DateTime)]
    wall: Option<WallTime>,
    /// The camera's clock minus ours in milliseconds.
    skew_ms: Option<i64>,
}

impl PictureOut {
    fn of(picture: ShownPicture, may_unmask: bool) -> Self {
        let ShownPicture { role, masked, boxed, original, bbox, size_px: (width, height), wall, skew_ms } = picture;
        Self {
            role,
            masked: masked.as_ref().map(path_of),
            boxed,
            original: may_unmask.then(|| path_of(&original)),
            bbox,
            width,
            height,
            wall,
            skew_ms,
        }
    }
}

/// The clip of the latest stay.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClipOut {
    /// Path of its bytes; a player may ask for them in parts.
    url: String,
    /// How long it is, where that is known.
    seconds: Option<f64>,
}

/// What was read on a thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReadingOut {
    /// In words; telephone numbers and plates are masked unless it was asked for by itself.
    text: String,
    /// Whether something of it is hidden.
    masked: bool,
    /// Path of all of it; `null` where nothing is hidden, and for whoever may not see what is not masked.
    whole: Option<String>,
}

impl ReadingOut {
    fn of(read: &ReadText, incident: IncidentId, may_unmask: bool) -> Self {
        let masked = read.hides();
        let whole = (masked && may_unmask).then(|| format!("/api/v1/incidents/{incident}/reading"));
        Self { text: read.masked(), masked, whole }
    }
}

/// An incident with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentDetailOut {
    /// The incident.
    incident: IncidentOut,
    /// How whoever decided is called; `null` while it waits.
    decided_by: Option<String>,
    /// Code of its stream, while it is registered.
    stream_code: Option<String>,
    /// Name of its stream, while it is registered.
    stream_name: Option<String>,
    /// Name of its view, while it is registered.
    view_name: Option<String>,
    /// Name of its zone, while it is registered.
    zone_name: Option<String>,
    /// Where.
    location: Option<Location>,
    /// 区域 of its stream.
    area: Option<String>,
    /// GB/T 47678.5-2026 code of its matter, while the catalogue knows it.
    matter_code_2026: Option<String>,
    /// GB/T 30428.2-2013 code of its matter.
    matter_code_2013: Option<String>,
    /// How soon its matter wants a person: 1 low, 2 normal, 3 high.
    level: u8,
    /// By when it should be decided.
    #[schema(value_type = String, format = DateTime)]
    review_due_at: WallTime,
    /// By when a case would have to be handled; `null` where none can be opened or the city's table does not say.
    limit_preview: Option<LimitOut>,
    /// The zone that forbade it, in the version that did.
    zone: Option<ZoneOut>,
    /// Path of the view's reference picture, masked.
    reference: Option<String>,
    /// For how long the thing had to stand, in seconds.
    dwell_s: Option<u64>,
    /// Who has it open.
    lock: Option<LockOut>,
    /// Until when the caller may undo the caller's own verdict.
    #[schema(value_type = Option<String>, format = DateTime)]
    undo_until: Option<WallTime>,
    /// First, middle and latest picture of the latest stay.
    pictures: Vec<PictureOut>,
    /// Its clip; `null` for whoever may not see what is not masked.
    clip: Option<ClipOut>,
    /// Sightings in the present stay, while the place is remembered.
    looks_seen: Option<u32>,
    /// What was read on it; `null` where nothing was.
    reading: Option<ReadingOut>,
    /// The weights that took part when it opened; `null` where that was before they were noted.
    weights: Option<WeightsOut>,
    /// What a verifier said about its place, newest first; kept for 45 days.
    verifications: Vec<VerificationOut>,
    /// Its bundles, oldest first.
    evidence: Vec<BundleOut>,
    /// Its case, once it was confirmed.
    case: Option<CaseOut>,
    /// What the platform has to be told.
    deliveries: Vec<DeliveryOut>,
    /// What happened, oldest first.
    timeline: Vec<MomentOut>,
    /// Audit log of incident and case.
    audit: Vec<AuditOut>,
}

impl IncidentDetailOut {
    pub(super) fn of(desk: OnDesk, caller: &Caller) -> Self {
        let OnDesk {
            detail,
            area,
            codes,
            level,
            review_due_at,
            limit_preview,
            forbade,
            dwell_s,
            lock,
            undoable,
            shown,
        } = desk;
        let timeline = detail.timeline().into_iter().map(MomentOut::of).collect();
        let IncidentDetail {
            incident,
            matter_name,
            matter_name_en: _,
            view,
            stream,
            zone,
            place,
            evidence,
            case,
            deliveries,
            audit,
            people,
            first_look: _,
            touched: _,
            verifications,
        } = detail;
        let reference = view.as_ref().filter(|view| view.reference.is_some());
        let clip = shown.clip.filter(|_| caller.may_unmask);
        Self {
            reference: reference.map(|view| reference_path(view.id, view.reference.as_ref().map_or(0, |r| r.version))),
            decided_by: incident.review.by().map(|by| people.called(by)),
            reading: incident.read.as_ref().map(|read| ReadingOut::of(read, incident.id, caller.may_unmask)),
            weights: incident.weights.as_deref().cloned().map(WeightsOut::of),
            verifications: verifications.iter().map(VerificationOut::of).collect(),
            incident: IncidentOut::of(incident, matter_name, &people),
            stream_code: stream.as_ref().map(|stream| stream.code.clone()),
            stream_name: stream.as_ref().map(|stream| stream.name.clone()),
            view_name: view.map(|view| view.name),
            zone_name: zone.map(|zone| zone.name),
            location: stream.and_then(|stream| stream.location),
            area: area.map(String::from),
            matter_code_2026: codes.as_ref().map(|codes| codes.code_2026.clone()),
            matter_code_2013: codes.and_then(|codes| codes.code_2013),
            level: level.number(),
            review_due_at,
            limit_preview: limit_preview.map(|Limit { text, due_at }| LimitOut { text, due_at }),
            zone: forbade.map(ZoneOut::of),
            dwell_s,
            lock: lock.map(|lock| LockOut::of(lock, caller)),
            undo_until: undoable.map(|undoable| undoable.until),
            pictures: shown.pictures.into_iter().map(|one| PictureOut::of(one, caller.may_unmask)).collect(),
            clip: clip.map(|(clip, seconds)| ClipOut { url: path_of(&clip), seconds }),
            looks_seen: place.map(|place| place.looks_seen),
            evidence: evidence.into_iter().map(|(row, manifest)| BundleOut::of(row, manifest)).collect(),
            case: case.map(|case| CaseOut::of(case, &people)),
            deliveries: deliveries.into_iter().map(DeliveryOut::of).collect(),
            timeline,
            audit: audit.into_iter().map(|row| AuditOut::of(row, &people)).collect(),
        }
    }
}

/// Where a file of a bundle is. Names of files are of `a-z 0-9 _ . -`.
pub(super) fn path_of(picture: &PictureRef) -> String {
    let PictureRef { evidence, name } = picture;
    format!("/api/v1/evidence/{evidence}/files/{name}")
}

/// The version makes the address another one when the picture is.
fn reference_path(view: ViewId, version: u32) -> String {
    format!("/api/v1/views/{view}/reference?version={version}")
}

/// One incident with all that belongs to it. The platform's people find those that were confirmed.
#[utoipa::path(get, operation_id = "incidents_show", path = "/api/v1/incidents/{id}", tag = "incidents", params(("id" = String, Path)),
    responses((status = OK, body = IncidentDetailOut), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<IncidentDetailOut>, Problem> {
    let by = caller.clone();
    let viewed = app.viewed.clone();
    let desk = app.run(&caller, move |service| {
        let desk = service.on_desk(id, &by)?;
        viewed.note(service, &by, View::of(INCIDENT, &id), SAME_VIEW)?;
        Ok(desk)
    });
    let desk = desk.await?;
    Ok(Json(IncidentDetailOut::of(desk, &caller)))
}

/// All of what was read on the thing of an incident, for whoever may see what is not masked; that is audited.
#[utoipa::path(get, operation_id = "incidents_reading", path = "/api/v1/incidents/{id}/reading", tag = "incidents", params(("id" = String, Path)),
    responses((status = OK, body = ReadingOut), (status = NOT_FOUND, body = Problem), (status = FORBIDDEN, body = Problem)))]
pub(super) async fn reading(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
) -> Result<Json<ReadingOut>, Problem> {
    let by = caller.name.clone();
    let circle = if caller.may_unmask { Circle::Review } else { Circle::Outside };
    let text = app.run(&caller, move |service| service.reading(id, circle, &by)).await?;
    Ok(Json(ReadingOut { text, masked: false, whole: None }))
}
