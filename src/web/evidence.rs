//! `/api/v1/evidence`: bundles, their manifests and files. Who comes in here belongs to the review circle.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App,
    extract::{At, Body, PageIn, PageOf, Params},
    problem::Problem,
};
use crate::{
    domain::{Caller, EvidenceFile, EvidenceId, EvidenceKind, EvidenceRow, FileRole, IncidentId, Manifest, WallTime},
    service::{Circle, EvidenceBytes},
};

/// One file of a bundle.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileOut {
    /// Name; `/api/v1/evidence/{id}/files/{name}` gives its bytes.
    name: String,
    /// What it is.
    role: FileRole,
    /// Lower-case hexadecimal SHA-256.
    sha256: String,
    /// Size in bytes.
    size_bytes: u64,
    /// When the camera saw the frame.
    #[schema(value_type = Option<String>, format = DateTime)]
    wall: Option<WallTime>,
    /// The camera's clock minus ours in milliseconds.
    skew_ms: Option<i64>,
    /// Where the thing is, `[x0, y0, x1, y1]` in pixels.
    bbox: Option<[f32; 4]>,
}

impl FileOut {
    fn of(file: EvidenceFile) -> Self {
        let EvidenceFile { name, role, sha256, size_bytes, wall, wall_source: _, arrived: _, skew_ms, pts: _, bbox } =
            file;
        Self { name, role, sha256, size_bytes, wall, skew_ms, bbox: bbox.map(|bbox| bbox.to_array()) }
    }
}

/// A bundle.
#[derive(Debug, Serialize, ToSchema)]
pub struct BundleOut {
    /// Identity.
    #[schema(value_type = String, format = "uuid")]
    id: EvidenceId,
    /// The incident.
    #[schema(value_type = String, format = "uuid")]
    incident: IncidentId,
    /// Why it was made.
    kind: EvidenceKind,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    made_at: WallTime,
    /// SHA-256 of its manifest.
    manifest_sha256: String,
    /// SHA-256 of the manifest before.
    previous: Option<String>,
    /// Kept whatever the retention says.
    legal_hold: bool,
    /// When retention removed its files.
    #[schema(value_type = Option<String>, format = DateTime)]
    purged_at: Option<WallTime>,
    /// Its files; `null` in lists, and where they were removed or the manifest is damaged.
    files: Option<Vec<FileOut>>,
}

impl BundleOut {
    pub(super) fn of(row: EvidenceRow, manifest: Option<Manifest>) -> Self {
        let EvidenceRow { id, incident, kind, made_at, folder: _, manifest_sha256, previous, legal_hold, purged_at } =
            row;
        let files = manifest.map(|manifest| manifest.files.into_iter().map(FileOut::of).collect());
        Self { id, incident, kind, made_at, manifest_sha256, previous, legal_hold, purged_at, files }
    }
}

/// Legal hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldIn {
    /// Set or lift it.
    hold: bool,
}

/// What proving a bundle found.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProvedOut {
    /// Whether every file is as it was recorded.
    intact: bool,
    /// The first thing that is not, in words.
    reason: Option<String>,
}

/// Bundles, newest first.
#[utoipa::path(get, operation_id = "evidence_list", path = "/api/v1/evidence", tag = "evidence", params(PageIn), responses((status = OK, body = PageOf<BundleOut>)))]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Params(page): Params<PageIn>,
) -> Result<Json<PageOf<BundleOut>>, Problem> {
    let page = page.checked()?;
    let rows = app.run(&caller, move |service| service.evidence(&page)).await?;
    Ok(PageOf::of(rows, |row| BundleOut::of(row, None)))
}

/// One bundle with its files.
#[utoipa::path(get, operation_id = "evidence_show", path = "/api/v1/evidence/{id}", tag = "evidence", params(("id" = String, Path)),
    responses((status = OK, body = BundleOut), (status = NOT_FOUND, body = Problem), (status = GONE, body = Problem)))]
pub(super) async fn show(
    State(app): State<App>,
    caller: Caller,
    At(id): At<EvidenceId>,
) -> Result<Json<BundleOut>, Problem> {
    let (row, manifest) = app.run(&caller, move |service| service.manifest(id)).await?;
    Ok(Json(BundleOut::of(row, Some(manifest))))
}

/// The manifest as it was written.
#[utoipa::path(get, operation_id = "evidence_manifest", path = "/api/v1/evidence/{id}/manifest", tag = "evidence", params(("id" = String, Path)),
    responses((status = OK, content_type = "application/json"), (status = NOT_FOUND, body = Problem), (status = GONE, body = Problem)))]
pub(super) async fn manifest(
    State(app): State<App>,
    caller: Caller,
    At(id): At<EvidenceId>,
) -> Result<Json<Manifest>, Problem> {
    Ok(Json(app.run(&caller, move |service| service.manifest(id)).await?.1))
}

/// The bytes of one file: masked pictures, and the rest for whoever may see what is not masked. That is audited.
#[utoipa::path(get, operation_id = "evidence_file", path = "/api/v1/evidence/{id}/files/{name}", tag = "evidence", params(("id" = String, Path), ("name" = String, Path)),
    responses((status = OK, content_type = "application/octet-stream"), (status = NOT_FOUND, body = Problem), (status = GONE, body = Problem)))]
pub(super) async fn file(
    State(app): State<App>,
    caller: Caller,
    At((id, name)): At<(EvidenceId, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A player that seeks asks for a clip piece by piece; the first piece counts.
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let begins = range.is_none_or(|range| range.starts_with("bytes=0-"));
    let (by, viewed) = (caller.clone(), app.viewed.clone());
    let found = app.run(&caller, move |service| {
        let circle = if by.may_unmask { Circle::Review } else { Circle::Outside };
        let found = service.evidence_file(id, &name, circle)?;
        match found.file.role.is_masked() {
            true => viewed.note_picture(service, &by, found.incident)?,
            false if begins => service.note_unmasked(id, &found.file.name, &by.name)?,
            false => {}
        }
        Ok(found)
    });
    Ok(serve(found.await?, &headers))
}

/// Proves a bundle: every file against its manifest, the manifest against the store.
#[utoipa::path(get, operation_id = "evidence_prove", path = "/api/v1/evidence/{id}/proof", tag = "evidence", params(("id" = String, Path)),
    responses((status = OK, body = ProvedOut), (status = NOT_FOUND, body = Problem), (status = GONE, body = Problem)))]
pub(super) async fn prove(
    State(app): State<App>,
    caller: Caller,
    At(id): At<EvidenceId>,
) -> Result<Json<ProvedOut>, Problem> {
    let report = app.run(&caller, move |service| service.verify_evidence(id)).await?;
    Ok(Json(ProvedOut { intact: report.whole(), reason: report.fault.map(|fault| fault.to_string()) }))
}

/// Sets or lifts legal hold on all bundles of an incident.
#[utoipa::path(put, operation_id = "evidence_hold", path = "/api/v1/incidents/{id}/hold", tag = "evidence", params(("id" = String, Path)), request_body = HoldIn,
    responses((status = OK, body = PageOf<BundleOut>), (status = NOT_FOUND, body = Problem)))]
pub(super) async fn hold(
    State(app): State<App>,
    caller: Caller,
    At(id): At<IncidentId>,
    Body(HoldIn { hold }): Body<HoldIn>,
) -> Result<Json<PageOf<BundleOut>>, Problem> {
    let by = caller.name.clone();
    let rows = app.run(&caller, move |service| service.hold_evidence(id, hold, &by)).await?;
    Ok(PageOf::whole(rows.into_iter().map(|row| BundleOut::of(row, None)).collect()))
}

/// Bytes with their media type. A file never changes under its name, so a browser may keep it and ask by its hash;
/// a clip can be asked for in parts, because a browser's player seeks.
pub(super) fn serve(found: EvidenceBytes, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", found.file.sha256);
    let kind = found.content_type();
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let size = found.bytes.len();
    let part = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(|range| part_of(range, size));
    let mut response = match (known, part) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, Some((from, to))) => {
            let told = format!("bytes {from}-{to}/{size}");
            let bytes = found.bytes[from..=to].to_vec();
            (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, told)], bytes).into_response()
        }
        (false, None) => found.bytes.into_response(),
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    response
}

/// First and last byte of a `Range` header with one range; anything else is answered whole (RFC 9110, 14.2).
fn part_of(range: &str, size: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let last = size.checked_sub(1)?;
    let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.min(last)),
        (Ok(from), Err(_)) if to.is_empty() => (from, last),
        (Err(_), Ok(length)) if from.is_empty() && length > 0 => (size.saturating_sub(length), last),
        _ => return None,
    };
    (from <= to && from < size).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_range_reaches_beyond_the_file(range in "bytes=[0-9]{0,21}-[0-9]{0,21}", any: String, size in 0_usize..100) {
            for range in [range, any] {
                if let Some((from, to)) = part_of(&range, size) {
                    proptest::prop_assert!(from <= to && to < size);
                }
            }
        }
    }

    #[test]
    fn ranges_that_make_sense_are_read() {
        for (range, part) in [
            ("bytes=0-", Some((0, 9))),
            ("bytes=2-3", Some((2, 3))),
            ("bytes=8-99", Some((8, 9))),
            ("bytes=-4", Some((6, 9))),
            ("bytes=-40", Some((0, 9))),
            ("bytes=10-", None),
            ("bytes=3-2", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=-0", None),
        ] {
            assert_eq!(part_of(range, 10), part, "{range}");
        }
        assert_eq!(part_of("bytes=0-", 0), None);
    }
}
