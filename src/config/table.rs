//! Tables of the city's data files: tab-separated, `#` opens a comment line, the first other line names the columns.

use super::{TextFile, fault::Checker};

/// One row: its line number and its cells, trimmed.
pub(super) struct Row<'a> {
    /// Counts from 1.
    pub(super) line: usize,
    /// As many as there are columns.
    pub(super) cells: Vec<&'a str>,
}

impl Row<'_> {
    /// The cell, or `None` where it is empty.
    pub(super) fn optional(&self, column: usize) -> Option<String> {
        (!self.cells[column].is_empty()).then(|| self.cells[column].to_owned())
    }
    /// Where a cell stands, for faults.
    pub(super) fn at(&self, column: &str) -> String {
        format!("line {}, {column}", self.line)
    }
}

/// The rows of a table with exactly these columns; a row of another width is a fault and left out.
pub(super) fn rows<'a>(file: &'a TextFile, columns: &[&str], check: &mut Checker<'_>) -> Vec<Row<'a>> {
    let mut lines = file
        .text
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_end_matches('\r')))
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let header: Vec<&str> = lines.next().map(|(_, line)| line.split('\t').map(str::trim).collect()).unwrap_or_default();
    if header != columns {
        check.fault("columns", header.join(" "), format!("{} with tabs between", columns.join(" ")));
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (line, text) in lines {
        let cells: Vec<&str> = text.split('\t').map(str::trim).collect();
        if cells.len() == columns.len() {
            rows.push(Row { line, cells });
        } else {
            let want = format!("{} cells with tabs between", columns.len());
            check.fault(&format!("line {line}"), format!("{} cells", cells.len()), want);
        }
    }
    rows
}
