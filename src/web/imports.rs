//! `/api/v1/streams/import`: many streams from a sheet, all or none. Passwords go in and never come out.
#![expect(unused_qualifications, reason = "utoipa's macro names query types by path")]

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    App,
    extract::Params,
    problem::{FaultOut, Problem},
};
use crate::{
    domain::Caller,
    service::{Fault, ImportTerms, Imported, ImportedRow, RowAction, Sheet, SheetEncoding},
};

/// What becomes of a row.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RowActionOut {
    /// A new stream.
    Add,
    /// A stream that is there changes.
    Change,
    /// A stream that is there and is as the row says.
    Same,
    /// The row has faults.
    Refused,
}

/// How a sheet's text is written.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub enum SheetEncodingOut {
    /// With or without a byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// As Excel writes it in Chinese.
    #[serde(rename = "gbk")]
    Gbk,
}

/// One row as it was judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedRowOut {
    /// Line of the file; the header is line 1.
    line: u64,
    /// Code, as given.
    code: String,
    /// Name, as given or as it is.
    name: String,
    /// What becomes of it.
    action: RowActionOut,
    /// What is wrong with it; `field` is the column.
    #[schema(value_type = Vec<FaultOut>)]
    faults: Vec<Fault>,
}

/// A sheet as it was judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportOut {
    /// Its rows in order.
    rows: Vec<ImportedRowOut>,
    /// New streams.
    add: usize,
    /// Streams that change.
    change: usize,
    /// Streams that are as the rows say.
    same: usize,
    /// Rows with faults.
    refused: usize,
    /// How its text was written.
    encoding: SheetEncodingOut,
    /// Whether it was applied: no row was refused, and it was not a dry run.
    applied: bool,
}

impl ImportOut {
    fn of(imported: Imported) -> Self {
        let row = |ImportedRow { line, code, name, action, faults }: ImportedRow| {
            let action = match action {
                RowAction::Add => RowActionOut::Add,
                RowAction::Change => RowActionOut::Change,
                RowAction::Same => RowActionOut::Same,
                RowAction::Refused => RowActionOut::Refused,
            };
            ImportedRowOut { line, code, name, action, faults: faults.0 }
        };
        Self {
            add: imported.count(RowAction::Add),
            change: imported.count(RowAction::Change),
            same: imported.count(RowAction::Same),
            refused: imported.count(RowAction::Refused),
            encoding: match imported.encoding {
                SheetEncoding::Utf8 => SheetEncodingOut::Utf8,
                SheetEncoding::Gbk => SheetEncodingOut::Gbk,
            },
            applied: imported.applied,
            rows: imported.rows.into_iter().map(row).collect(),
        }
    }
}

/// What to do with the sheet.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Judge and apply nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Registers and changes many streams from a CSV, all or none: with any refused row nothing is applied. A row whose code
/// is known changes that stream; an empty cell leaves what is there. At most 8 MiB and 20,000 rows.
#[utoipa::path(post, operation_id = "streams_import", path = "/api/v1/streams/import", tag = "streams", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = OK, body = ImportOut), (status = UNPROCESSABLE_ENTITY, body = Problem), (status = CONFLICT, body = Problem)))]
pub(super) async fn import(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Params(query): Params<ImportQuery>,
    sheet: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ImportOut>, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    if !kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/csv")) {
        return Err(Problem::unreadable("send the sheet as text/csv"));
    }
    let sheet = sheet.map_err(|refused| Problem::of_status(refused.status()))?;
    let by = caller.name.clone();
    let imported = app
        .run(&caller, move |service| {
            let terms = ImportTerms { dry_run: query.dry_run, files_allowed: false, actor: &by };
            service.import_streams(&sheet, terms)
        })
        .await?;
    Ok(Json(ImportOut::of(imported)))
}

/// An empty sheet with the names of the columns.
#[utoipa::path(get, operation_id = "streams_import_template", path = "/api/v1/streams/import/template", tag = "streams",
    responses((status = OK, content_type = "text/csv", body = String)))]
pub(super) async fn template() -> impl IntoResponse {
    let name = "attachment; filename=\"streams.csv\"";
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, name)], Sheet::template())
}
