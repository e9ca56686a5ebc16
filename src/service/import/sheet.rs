//! A sheet of streams as people keep it: comma-separated, UTF-8 with or without a mark, or GBK as Excel writes it.
//! Reads cells and says where they stood; what they mean is judged by its reader. A password is never shown.

use std::{collections::BTreeMap, fmt};

use super::super::{Faults, Want};

/// Largest sheet.
pub const SHEET_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Rows of a sheet at most, the header not counted.
pub const SHEET_ROWS_MAX: usize = 20_000;
/// Characters of a cell at most; the longest honest one is an address of 2000 bytes.
const CELL_CHARS_MAX: usize = 2_000;

/// How a sheet's text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetEncoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GBK, read as its superset GB 18030.
    Gbk,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The city's own code of the camera.
    Code,
    /// Name for people.
    Name,
    /// Address of the source.
    Url,
    /// User name.
    Username,
    /// Password.
    Password,
    /// How RTP travels.
    Transport,
    /// Degrees.
    Longitude,
    /// Degrees.
    Latitude,
    /// System of the two.
    Crs,
    /// Address in words.
    Address,
    /// 单元网格.
    GridCell,
    /// 区域.
    Area,
    /// Keys of matters, separated by `;`.
    Matters,
    /// Overrides the matters' revisit target, in seconds.
    RevisitS,
}

impl Column {
    /// Every column, in the order of the template.
    pub const ALL: [Self; 14] = [
        Self::Code,
        Self::Name,
        Self::Url,
        Self::Username,
        Self::Password,
        Self::Transport,
        Self::Longitude,
        Self::Latitude,
        Self::Crs,
        Self::Address,
        Self::GridCell,
        Self::Area,
        Self::Matters,
        Self::RevisitS,
    ];

    /// The name in the header.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Name => "name",
            Self::Url => "url",
            Self::Username => "username",
            Self::Password => "password",
            Self::Transport => "transport",
            Self::Longitude => "longitude",
            Self::Latitude => "latitude",
            Self::Crs => "crs",
            Self::Address => "address",
            Self::GridCell => "grid_cell",
            Self::Area => "area",
            Self::Matters => "matters",
            Self::RevisitS => "revisit_s",
        }
    }

    fn of(cell: &str) -> Option<Self> {
        let cell = cell.trim();
        Self::ALL.into_iter().find(|column| column.key().eq_ignore_ascii_case(cell))
    }
}

/// One row with something in it.
#[derive(Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// Line of the file, the header is line 1.
    pub line: u64,
    /// Cells that are not empty, blanks at both ends taken off but of passwords.
    cells: BTreeMap<Column, String>,
    /// What is wrong with the row as a row.
    pub faults: Faults,
}

impl SheetRow {
    /// A cell that is not empty.
    pub fn cell(&self, column: Column) -> Option<&str> {
        self.cells.get(&column).map(String::as_str)
    }
}

/// Names the cells alone: an address may hold a password as well.
impl fmt::Debug for SheetRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given: Vec<_> = self.cells.keys().collect();
        f.debug_struct("SheetRow")
            .field("line", &self.line)
            .field("given", &given)
            .field("faults", &self.faults)
            .finish()
    }
}

/// A sheet that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// How its text was written.
    pub encoding: SheetEncoding,
    /// Its rows, those without any cell left out.
    pub rows: Vec<SheetRow>,
}

impl Sheet {
    /// The header alone, marked so that Excel reads it as UTF-8.
    pub fn template() -> String {
        let keys: Vec<&str> = Column::ALL.iter().map(|column| column.key()).collect();
        format!("\u{feff}{}\r\n", keys.join(","))
    }

    /// Reads a sheet.
    ///
    /// # Errors
    /// What is wrong with the sheet as a whole: size, text, header.
    pub fn read(bytes: &[u8]) -> Result<Self, Faults> {
        if bytes.len() > SHEET_BYTES_MAX {
            return Err(Faults::one("file", "", Want::SheetSize { most: SHEET_BYTES_MAX >> 20 }));
        }
        let (encoding, text) = decode(bytes)?;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut records = reader.records();
        let unreadable = || Faults::one("file", "", Want::SheetText);
        let header = match records.next() {
            Some(header) => columns(&header.map_err(|_| unreadable())?)?,
            None => return Err(Faults::one("header", "", Want::Header)),
        };
        let mut rows = Vec::new();
        let mut lines = Lines { text: &text, at: 0, line: 1 };
        for record in records {
            let record = record.map_err(|_| unreadable())?;
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            rows.extend(row(line, &header, &record));
            if rows.len() > SHEET_ROWS_MAX {
                return Err(Faults::one("file", "", Want::SheetRows { most: SHEET_ROWS_MAX }));
            }
        }
        if rows.is_empty() {
            return Err(Faults::one("file", "", Want::SheetRow));
        }
        Ok(Self { encoding, rows })
    }
}

/// Counts lines while records go by. (The reader's own count lags where lines end with CR LF.)
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record begins that the reader found at `byte`, maybe behind the end of a line.
    fn of(&mut self, byte: u64) -> u64 {
        let bytes = self.text.as_bytes();
        let begin = usize::try_from(byte).unwrap_or(usize::MAX).min(bytes.len());
        let blank = bytes.iter().skip(begin).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let end = (begin + blank).max(self.at);
        let ends = |at: &usize| match bytes[*at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (self.at..end).filter(ends).count() as u64;
        self.at = end;
        self.line
    }
}

fn decode(bytes: &[u8]) -> Result<(SheetEncoding, String), Faults> {
    let unmarked = bytes.strip_prefix(b"\xef\xbb\xbf");
    if let Ok(text) = std::str::from_utf8(unmarked.unwrap_or(bytes)) {
        return Ok((SheetEncoding::Utf8, text.to_owned()));
    }
    let wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let decoded = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    match decoded {
        Some(text) if unmarked.is_none() && !wide => Ok((SheetEncoding::Gbk, text.into_owned())),
        _ => Err(Faults::one("file", "", Want::SheetEncoding)),
    }
}

/// The columns that a header names, in its order.
fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, Faults> {
    let mut faults = Faults::default();
    let mut columns = Vec::new();
    let names = || Column::ALL.map(Column::key).join(",");
    for cell in header {
        match Column::of(cell) {
            Some(column) if columns.contains(&column) => faults.add("header", cell, Want::ColumnOnce),
            Some(column) => columns.push(column),
            None => faults.add("header", cell, Want::ColumnNames { names: names() }),
        }
    }
    if !columns.contains(&Column::Code) && faults.0.is_empty() {
        faults.add("header", "", Want::ColumnCode);
    }
    if faults.0.is_empty() { Ok(columns) } else { Err(faults) }
}

/// A row as it stands; `None` when nothing is in it.
fn row(line: u64, header: &[Column], record: &csv::StringRecord) -> Option<SheetRow> {
    let mut faults = Faults::default();
    let mut cells = BTreeMap::new();
    for (i, text) in record.iter().enumerate() {
        let Some(column) = header.get(i).copied() else {
            if !text.trim().is_empty() {
                faults.add("row", "", Want::Cells { cells: header.len() });
                break;
            }
            continue;
        };
        let text = if column == Column::Password { text } else { text.trim() };
        if text.chars().count() > CELL_CHARS_MAX {
            faults.add(column.key(), "", Want::CellLength { most: CELL_CHARS_MAX });
        } else if text.contains(['\n', '\r']) {
            faults.add(column.key(), "", Want::CellLine);
        } else if !text.is_empty() {
            cells.insert(column, text.to_owned());
        }
    }
    (!cells.is_empty() || !faults.0.is_empty()).then_some(SheetRow { line, cells, faults })
}
