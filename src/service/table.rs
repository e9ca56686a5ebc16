//! Tables for spreadsheets: CSV that Excel reads as UTF-8, and XLSX. A cell that a spreadsheet would take for a formula
//! is made a plain text: names of cameras and notes are typed by people.

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

/// Rows below a head.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Name of the sheet.
    pub name: String,
    /// Names of the columns.
    pub head: Vec<&'static str>,
    /// As many cells a row as the head has.
    pub rows: Vec<Vec<Cell>>,
}

/// Form of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated, UTF-8 with a mark.
    Csv,
    /// Office Open XML.
    Xlsx,
}

/// Whether a spreadsheet would calculate the text.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_CHARS_MAX).collect()
}

impl Table {
    /// The file of the table.
    ///
    /// # Errors
    /// What the writer says, in words.
    pub fn write(&self, format: TableFormat) -> Result<Vec<u8>, String> {
        match format {
            TableFormat::Csv => self.csv().map_err(|error| error.to_string()),
            TableFormat::Xlsx => self.xlsx().map_err(|error| error.to_string()),
        }
    }

    fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
        writer.write_record(&self.head)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(|cell| match cell {
                Cell::Nothing => String::new(),
                Cell::Text(text) if is_formula(text) => format!("'{}", cut(text)),
                Cell::Text(text) => cut(text),
                Cell::Whole(count) => count.to_string(),
                Cell::Number(number) => number.to_string(),
            }))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    }

    fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.set_name(&self.name)?;
        sheet.set_freeze_panes(1, 0)?;
        let (head, quoted) = (Format::new().set_bold(), Format::new().set_quote_prefix());
        for (column, name) in (0_u16..).zip(&self.head) {
            sheet.write_string_with_format(0, column, *name, &head)?;
            sheet.set_column_width(column, (name.chars().count() * 2 + 4) as f64)?;
        }
        for (line, row) in (1_u32..).zip(&self.rows) {
            for (column, cell) in (0_u16..).zip(row) {
                match cell {
                    Cell::Nothing => {}
                    Cell::Text(text) if is_formula(text) => {
                        sheet.write_string_with_format(line, column, cut(text), &quoted)?;
                    }
                    Cell::Text(text) => {
                        sheet.write_string(line, column, cut(text))?;
                    }
                    Cell::Whole(count) => {
                        sheet.write_number(line, column, *count as f64)?;
                    }
                    Cell::Number(number) => {
                        sheet.write_number(line, column, *number)?;
                    }
                }
            }
        }
        book.save_to_buffer()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_person_typed_is_calculated() {
        let hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=HYPERLINK(\"http://evil/\",\"x\")"];
        let rows = hostile.iter().map(|text| vec![Cell::from(*text), Cell::Whole(7), Cell::Number(-0.5)]).collect();
        let table = Table { name: "统计".into(), head: vec!["名称", "数", "份"], rows };
        let text = String::from_utf8(table.write(TableFormat::Csv).unwrap()).unwrap();
        assert!(text.starts_with("\u{feff}名称,数,份\r\n"), "{text}");
        let read = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        for (record, hostile) in read.into_records().zip(hostile) {
            let record = record.unwrap();
            assert_eq!((&record[0], &record[1], &record[2]), (format!("'{hostile}").as_str(), "7", "-0.5"));
        }
        let book = table.write(TableFormat::Xlsx).unwrap();
        assert!(book.starts_with(b"PK"), "a zip");
    }
}
