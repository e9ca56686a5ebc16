//! How results are printed: a table of text for people, or one JSON value a line for programs.
//! Standard output carries results only; everything that is said about them goes to standard error.

use std::io::Write as _;

use serde::Serialize;

/// Prints results.
#[derive(Clone, Copy, Debug)]
pub(super) struct Printer {
    pub(super) json: bool,
}

impl Printer {
    /// One thing: `text` for people, `value` for programs.
    pub(super) fn one(self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.json { line(&json(value)) } else { line(&text()) }
    }

    /// A line for people that is no part of a list.
    pub(super) fn say(self, text: &str) {
        line(text);
    }

    /// Many things: a row of cells for people, `value` for programs; `none` is said when there is nothing.
    pub(super) fn list<T: Serialize>(self, things: &[T], head: &[&str], none: &str, cells: impl Fn(&T) -> Vec<String>) {
        if self.json {
            things.iter().for_each(|thing| line(&json(thing)));
        } else if things.is_empty() {
            line(none);
        } else {
            line(&table(head, &things.iter().map(cells).collect::<Vec<_>>()));
        }
    }
}

/// A reader that goes away early (`| head`) is no error of ours.
fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("printed values have text keys and finite numbers, so they serialise")
}

/// Columns two blanks apart, without a line end after the last row.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|&title| title.to_owned()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width_of = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width_of(column).unwrap_or(0)).collect();
    let lines: Vec<String> = all
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&widths).map(|(cell, &wide)| {
                let blanks = wide.saturating_sub(width(cell));
                format!("{cell}{}", " ".repeat(blanks))
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// How many columns of a terminal a text takes: Chinese characters and full-width punctuation take two.
fn width(text: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}');
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_beside_chinese() {
        let rows = [
            vec!["a".to_owned(), "东门".to_owned(), "x".to_owned()],
            vec!["bcd".to_owned(), "n".to_owned(), "y".to_owned()],
        ];
        insta::assert_snapshot!(table(&["编码", "名称", "备注"], &rows), @r"
        编码  名称  备注
        a     东门  x
        bcd   n     y
        ");
    }
}
