//! Files that callers take with them: a body that flows as it is read, and the heads of an answer that is to be kept.

use std::io::{self, Read};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{App, problem::Problem};
use crate::{
    domain::Caller,
    service::{Exported, IncidentExport, Service, ServiceError, TableFormat},
};

/// Pieces of a file that wait for their caller.
const PIECES_AHEAD: usize = 4;
/// Bytes of a piece of a packed file.
const PIECE_BYTES: u64 = 256 * 1024;

/// The rest of a file as the caller takes it: a slow one holds a few pieces, and no thread and no reader of the store.
pub(super) fn flow(app: App, caller: Caller, begun: IncidentExport) -> Body {
    let (pieces, flow) = mpsc::channel(PIECES_AHEAD);
    tokio::spawn(async move {
        if let Err(problem) = pour(&app, &caller, begun, &pieces).await {
            tracing::error!(?problem, "a file of incidents broke off");
            // An error ends the connection before the end of the body: nobody takes the half for the whole.
            let _ = pieces.send(Err(io::Error::other("the file cannot be read to its end"))).await;
        }
    });
    Body::from_stream(ReceiverStream::new(flow))
}

/// Hands out pieces until the file ends or nobody takes them any more.
async fn pour(
    app: &App,
    caller: &Caller,
    begun: IncidentExport,
    pieces: &mpsc::Sender<io::Result<Bytes>>,
) -> Result<(), Problem> {
    let mut export = Box::new(begun);
    let mut rest = loop {
        match app.count(caller, move |service| service.export_on(export)).await? {
            Exported::Rest(rest) => break rest,
            Exported::Piece(bytes, onward) => {
                if !bytes.is_empty() && pieces.send(Ok(bytes.into())).await.is_err() || pieces.is_closed() {
                    return Ok(());
                }
                export = onward;
            }
        }
    };
    loop {
        let read = move |_: &Service| {
            let mut bytes = Vec::new();
            let read = rest.by_ref().take(PIECE_BYTES).read_to_end(&mut bytes);
            read.map(|_| (bytes, rest)).map_err(|error| ServiceError::Export(error.to_string()))
        };
        let (bytes, onward) = app.run(caller, read).await?;
        if bytes.is_empty() || pieces.send(Ok(bytes.into())).await.is_err() {
            return Ok(());
        }
        rest = onward;
    }
}

/// A file to keep, by its name without an ending.
pub(super) fn file(name: &str, format: TableFormat, body: impl Into<Body>) -> Response {
    let (kind, ending) = match format {
        TableFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        TableFormat::Xlsx => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    };
    let name = format!("attachment; filename=\"{name}.{ending}\"");
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CONTENT_DISPOSITION, name)], body.into())
        .into_response()
}
