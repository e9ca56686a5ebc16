//! Tables for spreadsheets: CSV that Excel reads as UTF-8, and XLSX. A cell that a spreadsheet would take for a formula
//! is made a plain text: names of cameras and notes are typed by people. Rows are written as they come; a table of any
//! length takes the memory of a page.

use std::io::{Cursor, Read, Seek};

use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// Longest text of a cell, in characters; a spreadsheet takes 32,767.
const TEXT_CHARS_MAX: usize = 32_000;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// Words.
    Text(String),
    /// A count.
    Whole(u64),
    /// A number.
    Number(f64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text.to_owned()) }
    }
}
impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text) }
    }
}
impl From<u64> for Cell {
    fn from(count: u64) -> Self {
        Self::Whole(count)
    }
}
impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(cell: Option<T>) -> Self {
        cell.map_or(Self::Nothing, Into::into)
    }
}

/// Form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated, UTF-8 with a mark.
    Csv,
    /// Office Open XML.
    Xlsx,
}

impl TableFormat {
    /// Rows below the head at most, where the format has a limit: a sheet of XLSX ends at 1,048,576 rows.
    pub fn rows_max(self) -> Option<u64> {
        match self {
            Self::Csv => None,
            Self::Xlsx => Some(1_048_575),
        }
    }
}

/// Whether a spreadsheet would calculate the text.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

/// A table that is being written, page by page.
pub struct TableWriter(Form);

enum Form {
    /// What was not handed out yet: the mark and the head, until the first page.
    Csv(Vec<u8>),
    Xlsx(Box<Sheet>),
}

/// A sheet whose rows wait in a nameless file: the archive is packed at the end.
struct Sheet {
    book: Workbook,
    quoted: Format,
    /// The next line.
    line: u32,
}

impl TableWriter {
    /// Begins a table with its head; the sheet of a book has a name.
    ///
    /// # Errors
    /// What the writer says, in words.
    pub fn begin(name: &str, head: &[&str], format: TableFormat) -> Result<Self, String> {
        let form = match format {
            TableFormat::Csv => csv_of("\u{feff}".as_bytes().to_vec(), [head]).map(Form::Csv).map_err(words)?,
            TableFormat::Xlsx => Form::Xlsx(Box::new(Sheet::begin(name, head).map_err(words)?)),
        };
        Ok(Self(form))
    }

    /// Writes rows, of as many cells as the head has, and hands out the bytes that are ready: those of a book are at
    /// its end.
    ///
    /// # Errors
    /// The same.
    pub fn push(&mut self, rows: &[Vec<Cell>]) -> Result<Vec<u8>, String> {
        match &mut self.0 {
            Form::Csv(begun) => {
                csv_of(std::mem::take(begun), rows.iter().map(|row| row.iter().map(text_of))).map_err(words)
            }
            Form::Xlsx(sheet) => sheet.push(rows).map(|()| Vec::new()).map_err(words),
        }
    }

    /// The bytes that are left.
    ///
    /// # Errors
    /// The same.
    pub fn finish(self) -> Result<Box<dyn Read + Send>, String> {
        match self.0 {
            Form::Csv(begun) => Ok(Box::new(Cursor::new(begun))),
            Form::Xlsx(sheet) => sheet.finish(),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands errors over")]
fn words(error: impl ToString) -> String {
    error.to_string()
}

fn csv_of<R>(begun: Vec<u8>, rows: impl IntoIterator<Item = R>) -> Result<Vec<u8>, csv::Error>
where
    R: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(begun);
    rows.into_iter().try_for_each(|row| writer.write_record(row))?;
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) if is_formula(text) => format!("'{}", cut(text)),
        Cell::Text(text) => cut(text),
        Cell::Whole(count) => count.to_string(),
        Cell::Number(number) => number.to_string(),
    }
}

impl Sheet {
    fn begin(name: &str, head: &[&str]) -> Result<Self, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, name) in (0_u16..).zip(head) {
            sheet.set_column_width(column, (name.chars().count() * 2 + 4) as f64)?;
            sheet.write_string_with_format(0, column, *name, &bold)?;
        }
        Ok(Self { book, quoted: Format::new().set_quote_prefix(), line: 1 })
    }

    fn push(&mut self, rows: &[Vec<Cell>]) -> Result<(), XlsxError> {
        let Self { book, quoted, line } = self;
        let sheet = book.worksheet_from_index(0)?;
        for row in rows {
            for (column, cell) in (0_u16..).zip(row) {
                match cell {
                    Cell::Nothing => {}
                    Cell::Text(text) if is_formula(text) => {
                        sheet.write_string_with_format(*line, column, cut(text), quoted)?;
                    }
                    Cell::Text(text) => {
                        sheet.write_string(*line, column, cut(text))?;
                    }
                    Cell::Whole(count) => {
                        sheet.write_number(*line, column, *count as f64)?;
                    }
                    Cell::Number(number) => {
                        sheet.write_number(*line, column, *number)?;
                    }
                }
            }
            *line += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Box<dyn Read + Send>, String> {
        let mut packed = tempfile::tempfile().map_err(words)?;
        self.book.save_to_writer(&mut packed).map_err(words)?;
        packed.rewind().map_err(words)?;
        Ok(Box::new(packed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(book: &[u8], name: &str) -> String {
        let mut text = String::new();
        let mut book = zip::ZipArchive::new(Cursor::new(book)).unwrap();
        book.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    fn written(format: TableFormat, pages: &[Vec<Vec<Cell>>]) -> Vec<u8> {
        let mut table = TableWriter::begin("统计", &["名称", "数", "份"], format).unwrap();
        let mut bytes: Vec<u8> = pages.iter().flat_map(|rows| table.push(rows).unwrap()).collect();
        table.finish().unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn nothing_that_a_person_typed_is_calculated() {
        let hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=HYPERLINK(\"http://evil/\",\"x\")"];
        let rows: Vec<_> =
            hostile.iter().map(|text| vec![Cell::from(*text), Cell::Whole(7), Cell::Number(-0.5)]).collect();
        let pages = rows.chunks(3).map(<[_]>::to_vec).collect::<Vec<_>>();
        let text = String::from_utf8(written(TableFormat::Csv, &pages)).unwrap();
        assert!(text.starts_with("\u{feff}名称,数,份\r\n"), "{text}");
        let read = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let records: Vec<csv::StringRecord> = read.into_records().map(Result::unwrap).collect();
        assert_eq!(records.len(), hostile.len());
        for (record, hostile) in records.iter().zip(hostile) {
            assert_eq!((&record[0], &record[1], &record[2]), (format!("'{hostile}").as_str(), "7", "-0.5"));
        }
    }

    #[test]
    fn a_book_holds_every_page_and_a_table_without_rows_its_head() {
        let page = |n: u64| vec![vec![Cell::from("东门"), Cell::Whole(n), Cell::Nothing]; 100];
        let book = written(TableFormat::Xlsx, &[page(7_001), page(7_002), page(7_003)]);
        let sheet = member(&book, "xl/worksheets/sheet1.xml");
        assert_eq!((sheet.matches("<row ").count(), sheet.matches("7003").count()), (301, 100));
        assert_eq!(String::from_utf8(written(TableFormat::Csv, &[])).unwrap(), "\u{feff}名称,数,份\r\n");
    }
}
