//! Sheets of streams, in whatever encoding and shape. What is accepted stands in its limits, each row on a line of its
//! own below the one before; what is refused says what is wanted. No password is ever shown.

use xunjie::service::{Column, Faults, SHEET_ROWS_MAX, Sheet, SheetRow};

pub fn check(data: &[u8]) {
    match Sheet::read(data) {
        Ok(sheet) => {
            assert!((1..=SHEET_ROWS_MAX).contains(&sheet.rows.len()));
            let lines = 1 + data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
            let mut before = 0;
            for row in &sheet.rows {
                assert!(before < row.line && row.line <= lines.max(2), "{row:?} of {lines} lines, behind {before}");
                before = row.line;
                stands(row);
            }
        }
        Err(faults) => tells(&faults),
    }
}

fn stands(row: &SheetRow) {
    let shown = format!("{row:?}");
    let given: Vec<_> = Column::ALL.into_iter().filter(|column| row.cell(*column).is_some()).collect();
    // A cell may hold the very words that a row is shown in.
    let own = format!("SheetRow {{ line: {}, given: {given:?}, faults: Faults([]) }}", row.line);
    for column in Column::ALL {
        let Some(cell) = row.cell(column) else { continue };
        assert!(!cell.is_empty() && cell.chars().count() <= 2_000 && !cell.contains(['\n', '\r']), "{column:?}");
        let is_secret = matches!(column, Column::Password | Column::Url);
        assert!(!is_secret || cell.len() < 12 || own.contains(cell) || !shown.contains(cell), "{column:?} is shown");
        assert!(column == Column::Password || cell.trim() == cell, "{column:?}");
    }
    if !row.faults.0.is_empty() {
        tells(&row.faults);
    }
}

fn tells(faults: &Faults) {
    assert!(!faults.0.is_empty());
    for fault in &faults.0 {
        assert!(
            !fault.field.is_empty() && !fault.want.to_string().is_empty() && fault.got.chars().count() <= 80,
            "{fault:?}"
        );
    }
}
