//! Many streams at once from a sheet: every row is judged like a registration or a change by hand, all faults are told
//! with their line, and either all rows are applied or none. A password goes in and never comes out.

mod sheet;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

pub use sheet::{Column, SHEET_BYTES_MAX, SHEET_ROWS_MAX, Sheet, SheetEncoding, SheetRow};

use super::{
    ChangeStream, Faults, NewStream, Service, ServiceError, StreamDetail, Want,
    streams::{Drafted, RESOLVE_TIME, check_revisit},
};
use crate::{
    domain::{Credential, Crs, Location, Secret, Stream, StreamId, View},
    store::StreamEntry,
};

/// How long all names of a sheet together may keep the name server busy. A name that is not resolved in time is
/// taken: it is resolved and checked again whenever its stream is opened.
const RESOLVE_TIME_OF_ALL: Duration = Duration::from_secs(15);

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowAction {
    /// A new stream.
    Add,
    /// A stream that is there changes.
    Change,
    /// A stream that is there and is as the row says.
    Same,
    /// The row has faults.
    Refused,
}

/// One row as it was judged.
#[derive(Clone, Debug)]
pub struct ImportedRow {
    /// Line of the file.
    pub line: u64,
    /// Code, as given.
    pub code: String,
    /// Name, as given or as it is.
    pub name: String,
    /// What becomes of it.
    pub action: RowAction,
    /// What is wrong with it.
    pub faults: Faults,
}

/// A sheet as it was judged.
#[derive(Clone, Debug)]
pub struct Imported {
    /// How its text was written.
    pub encoding: SheetEncoding,
    /// Its rows in order.
    pub rows: Vec<ImportedRow>,
    /// Whether it was applied: no row was refused, and it was not a dry run.
    pub applied: bool,
}

impl Imported {
    /// Rows with this action.
    pub fn count(&self, action: RowAction) -> usize {
        self.rows.iter().filter(|row| row.action == action).count()
    }
}

/// Who imports and what for.
#[derive(Clone, Copy, Debug)]
pub struct ImportTerms<'a> {
    /// Judge and apply nothing.
    pub dry_run: bool,
    /// Whether files of this machine may be registered: only by who is at this machine.
    pub files_allowed: bool,
    /// For the audit log.
    pub actor: &'a str,
}

impl Service {
    /// Judges a sheet and applies it whole, unless a row is refused or it is a dry run. A row whose code is known
    /// changes that stream; an empty cell leaves what is there.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a sheet that cannot be read; [`ServiceError::Store`].
    pub fn import_streams(&self, bytes: &[u8], terms: ImportTerms<'_>) -> Result<Imported, ServiceError> {
        let sheet = Sheet::read(bytes).map_err(ServiceError::Invalid)?;
        // Codes are unique over all areas, those included that the caller does not see.
        let registry = self.store.registry()?;
        let mut views: HashMap<StreamId, Vec<View>> = HashMap::new();
        registry.views.into_iter().for_each(|view| views.entry(view.stream).or_default().push(view));
        let streams = registry.streams.into_iter();
        let known: HashMap<String, Stream> = streams.map(|stream| (stream.code.clone(), stream)).collect();
        let mut judge = Judge { service: self, terms, known, views, lines: BTreeMap::new(), left: RESOLVE_TIME_OF_ALL };
        let mut entries = Vec::new();
        let mut rows = Vec::with_capacity(sheet.rows.len());
        for row in &sheet.rows {
            let (judged, entry) = judge.row(row)?;
            rows.push(judged);
            entries.extend(entry);
        }
        let whole = rows.iter().all(|row| row.action != RowAction::Refused);
        let applied = whole && !terms.dry_run;
        if applied && !entries.is_empty() {
            self.store.import_streams(&entries, self.now(), terms.actor)?;
        }
        Ok(Imported { encoding: sheet.encoding, rows, applied })
    }
}

/// What rows are judged against.
struct Judge<'a> {
    service: &'a Service,
    terms: ImportTerms<'a>,
    known: HashMap<String, Stream>,
    views: HashMap<StreamId, Vec<View>>,
    /// Codes that were seen, and where.
    lines: BTreeMap<String, u64>,
    /// What is left of [`RESOLVE_TIME_OF_ALL`].
    left: Duration,
}

impl Judge<'_> {
    fn row(&mut self, row: &SheetRow) -> Result<(ImportedRow, Option<StreamEntry>), ServiceError> {
        let code = row.cell(Column::Code).unwrap_or("").to_owned();
        let known = self.known.get(&code).cloned();
        if !row.faults.0.is_empty() {
            // What stands in the wrong cells would be told as faults that are none.
            let (name, faults) = (row.cell(Column::Name).unwrap_or("").to_owned(), row.faults.clone());
            let row =
                ImportedRow { line: row.line, code: cut(&code), name: cut(&name), action: RowAction::Refused, faults };
            return Ok((row, None));
        }
        let mut faults = Faults::default();
        if let Some(first) = self.lines.insert(code.clone(), row.line)
            && !code.is_empty()
        {
            faults.add("code", &code, Want::CodeOnce { line: first });
        }
        let is_number = |text: &str| text.contains(['e', 'E']) && text.parse::<f64>().is_ok();
        if is_number(&code) {
            faults.add("code", &code, Want::CodeText);
        }
        if !self.terms.files_allowed && row.cell(Column::Url).is_some_and(is_file) {
            faults.add("url", "", Want::CameraAddress);
        }
        let began = Instant::now();
        let within = RESOLVE_TIME.min(self.left);
        let judged = match &known {
            None => self.added(row, &mut faults, within),
            Some(stream) => self.changed(row, stream, &mut faults, within)?,
        };
        self.left = self.left.saturating_sub(began.elapsed());
        let name = row.cell(Column::Name).map(str::to_owned);
        let name = name.or_else(|| known.as_ref().map(|stream| stream.name.clone())).unwrap_or_default();
        let entry = judged.filter(|_| faults.0.is_empty());
        by_column(&mut faults);
        let action = match (&entry, &known) {
            (None, _) => RowAction::Refused,
            (Some(None), _) => RowAction::Same,
            (Some(Some(_)), Some(_)) => RowAction::Change,
            (Some(Some(_)), None) => RowAction::Add,
        };
        let row = ImportedRow { line: row.line, code: cut(&code), name: cut(&name), action, faults };
        Ok((row, entry.flatten()))
    }

    /// A row about a stream that is not there. `None` where it has faults.
    fn added(&self, row: &SheetRow, faults: &mut Faults, within: Duration) -> Option<Option<StreamEntry>> {
        let text = |column| row.cell(column).unwrap_or("").to_owned();
        let new = NewStream {
            code: text(Column::Code),
            name: text(Column::Name),
            url: Secret::new(text(Column::Url)),
            username: row.cell(Column::Username).map(str::to_owned),
            password: row.cell(Column::Password).map(Secret::new),
            transport: word(row, Column::Transport, Want::Transport, faults).unwrap_or_default(),
            location: location(row, None, faults),
            area: row.cell(Column::Area).map(str::to_owned),
            matters: matters(row).unwrap_or_default(),
            revisit_s: revisit(row, faults),
            enabled: true,
        };
        let Drafted { stream, credential, view } = self.service.draft_stream(&new, within, faults)?;
        Some(Some(StreamEntry { stream, credential, view: Some(view) }))
    }

    /// A row about a stream that is there. `Some(None)` where it changes nothing.
    fn changed(
        &self,
        row: &SheetRow,
        before: &Stream,
        faults: &mut Faults,
        within: Duration,
    ) -> Result<Option<Option<StreamEntry>>, ServiceError> {
        if !self.service.sees(before.area.as_ref()) {
            faults.add("code", &before.code, Want::CodeFree);
            return Ok(None);
        }
        let kept = self.service.store.credential(before.id)?;
        let views = self.views.get(&before.id).cloned().unwrap_or_default();
        let change = ChangeStream {
            code: None,
            name: row.cell(Column::Name).map(str::to_owned),
            url: row.cell(Column::Url).map(Secret::new),
            username: row.cell(Column::Username).map(str::to_owned),
            password: row.cell(Column::Password).map(Secret::new),
            transport: word(row, Column::Transport, Want::Transport, faults),
            location: location(row, before.location.as_ref(), faults),
            area: row.cell(Column::Area).map(|name| Some(name.to_owned())),
            enabled: None,
        };
        let detail = StreamDetail { stream: before.clone(), has_credential: kept.is_some(), views };
        let (stream, credential) = self.service.changed_stream(&detail, &change, within, faults);
        let credential = credential.filter(|new: &Credential| Some(new) != kept.as_ref());
        let view = self.changed_view(row, &detail.views, faults);
        let same = stream == *before && credential.is_none() && view.is_none();
        let entry = StreamEntry { stream, credential, view };
        Ok(faults.0.is_empty().then_some((!same).then_some(entry)))
    }

    /// What the row says about what is looked for, which belongs to the view.
    fn changed_view(&self, row: &SheetRow, views: &[View], faults: &mut Faults) -> Option<View> {
        let revisit_s = revisit(row, faults);
        check_revisit(faults, revisit_s);
        let known = |key: &crate::domain::MatterKey| self.service.config.matters.contains_key(key);
        let wanted = matters(row).map(|keys| faults.matters("matters", &keys, known));
        if revisit_s.is_none() && wanted.is_none() {
            return None;
        }
        let [view] = views else {
            faults.add("matters", "", Want::OneView);
            return None;
        };
        let revisit_s = revisit_s.or(view.revisit_s);
        let matters = wanted.unwrap_or_else(|| view.matters.clone());
        let after = View { matters, revisit_s, ..view.clone() };
        (after != *view).then_some(after)
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Names the columns, and each at most once: what follows from a fault is none.
fn by_column(faults: &mut Faults) {
    let mut seen = std::collections::BTreeSet::new();
    faults.0.retain_mut(|fault| {
        let is_new = seen.insert(fault.field.clone());
        let column = fault.field.strip_prefix("location.").unwrap_or(&fault.field);
        fault.field = column.split('[').next().unwrap_or(column).to_owned();
        is_new
    });
}

fn is_file(url: &str) -> bool {
    url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}

/// A cell with one of the words of a plain enum.
fn word<T: serde::de::DeserializeOwned>(row: &SheetRow, column: Column, want: Want, faults: &mut Faults) -> Option<T> {
    let text = row.cell(column)?;
    let word = serde_json::from_value(serde_json::Value::String(text.to_ascii_lowercase())).ok();
    if word.is_none() {
        faults.add(column.key(), text, want);
    }
    word
}

fn number<T: std::str::FromStr>(row: &SheetRow, column: Column, want: Want, faults: &mut Faults) -> Option<T> {
    let text = row.cell(column)?;
    let number = text.parse().ok();
    if number.is_none() {
        faults.add(column.key(), text, want);
    }
    number
}

fn revisit(row: &SheetRow, faults: &mut Faults) -> Option<u32> {
    number(row, Column::RevisitS, Want::RevisitS, faults)
}

fn matters(row: &SheetRow) -> Option<Vec<String>> {
    let keys = row.cell(Column::Matters)?.split([';', '；']).map(str::trim).filter(|key| !key.is_empty());
    Some(keys.map(str::to_owned).collect())
}

/// Where the camera looks; what is left out stays as it was. A point is given whole, with its system.
fn location(row: &SheetRow, before: Option<&Location>, faults: &mut Faults) -> Option<Location> {
    let columns = [Column::Longitude, Column::Latitude, Column::Crs, Column::Address, Column::GridCell];
    if columns.iter().all(|column| row.cell(*column).is_none()) {
        return None;
    }
    let known = faults.0.len();
    let longitude = number(row, Column::Longitude, Want::Longitude, faults).or(before.map(|at| at.longitude));
    let latitude = number(row, Column::Latitude, Want::Latitude, faults).or(before.map(|at| at.latitude));
    let crs: Option<Crs> = word(row, Column::Crs, Want::Crs, faults);
    let crs = crs.or(before.map(|at| at.crs));
    let address = row.cell(Column::Address).map(str::to_owned).or(before.map(|at| at.address.clone()));
    let grid_cell = row.cell(Column::GridCell).map(str::to_owned).or(before.and_then(|at| at.grid_cell.clone()));
    let missing = [
        (Column::Longitude, longitude.is_none()),
        (Column::Latitude, latitude.is_none()),
        (Column::Crs, crs.is_none()),
        (Column::Address, address.is_none()),
    ];
    for (column, _) in missing.into_iter().filter(|(column, missing)| *missing && row.cell(*column).is_none()) {
        faults.add(column.key(), "", Want::LocationWhole);
    }
    let location = Location { longitude: longitude?, latitude: latitude?, crs: crs?, address: address?, grid_cell };
    (faults.0.len() == known).then_some(location)
}
