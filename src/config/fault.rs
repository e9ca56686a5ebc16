//! Faults in files that people write: every one with file, key, what was found and what was wanted.
//! Checking never stops at the first fault and never prints a secret (secrets live in files of their own).

use std::{
    fmt,
    ops::{Range, RangeInclusive},
};

use serde::de::DeserializeOwned;

/// One thing that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as its reader knows it, relative to the root where possible.
    pub file: String,
    /// Where in the file: `dwell.time_s`, or `line 7, date`; empty for the file as a whole.
    pub key: String,
    /// What was found.
    pub got: String,
    /// What would be right.
    pub want: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, key, got, want } = self;
        let key = if key.is_empty() { String::new() } else { format!("{key}: ") };
        write!(f, "{file}: {key}got {got}, want {want}")
    }
}

/// All faults of a configuration, never empty when returned as an error. Shows one line a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}
impl std::error::Error for Faults {}

/// Collects the faults of one file.
pub(crate) struct Checker<'a> {
    file: String,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Checker<'a> {
    /// Begins to check `file`.
    pub(crate) fn new(file: impl Into<String>, faults: &'a mut Vec<Fault>) -> Self {
        Self { file: file.into(), faults }
    }

    /// Notes a fault; a second one at the same key is dropped, since it follows from the first.
    pub(crate) fn fault(&mut self, key: &str, got: impl fmt::Display, want: impl Into<String>) {
        if !key.is_empty() && self.is_faulty(key) {
            return;
        }
        let got: String = without_credential(&got.to_string()).chars().take(80).collect();
        self.faults.push(Fault { file: self.file.clone(), key: key.to_owned(), got, want: want.into() });
    }

    /// Whether a fault of that key was noted: what lacks it only for that has none.
    pub(crate) fn is_faulty(&self, key: &str) -> bool {
        self.faults.iter().any(|fault| fault.file == self.file && fault.key == key)
    }

    /// The value of a key that must be there.
    pub(crate) fn need<T>(&mut self, key: &str, value: Option<T>, want: &str) -> Option<T> {
        if value.is_none() {
            self.fault(key, "nothing", want);
        }
        value
    }

    /// A number that must be there and lie in `range`; the range's start stands in after a fault.
    pub(crate) fn number<T>(&mut self, key: &str, value: Option<T>, range: RangeInclusive<T>, unit: &str) -> T
    where
        T: PartialOrd + Copy + fmt::Display,
    {
        let want = format!("{unit} from {} to {}", range.start(), range.end());
        match self.need(key, value, &want) {
            Some(value) if range.contains(&value) => value,
            Some(value) => {
                self.fault(key, value, want);
                *range.start()
            }
            None => *range.start(),
        }
    }

    /// A text that must be there and not be blank; empty after a fault.
    pub(crate) fn text(&mut self, key: &str, value: Option<String>, want: &str) -> String {
        let text = self.need(key, value, want).unwrap_or_default();
        if text.trim().is_empty() {
            self.fault(key, "an empty text", want);
        }
        text
    }

    /// A text that a parser must accept; `None` after a fault.
    pub(crate) fn parsed<T, E>(
        &mut self,
        key: &str,
        text: &str,
        want: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let parsed = parse(text).ok();
        if parsed.is_none() {
            self.fault(key, format!("{text:?}"), want);
        }
        parsed
    }

    /// Reads TOML into `T`, noting every unknown key and every value of a wrong type, not only the first:
    /// after a fault the statement that holds it is blanked and the rest is read again.
    /// `T` must take every key as optional, so that a blanked one is not reported a second time.
    pub(crate) fn toml<T: DeserializeOwned + Default>(&mut self, text: &str) -> T {
        let mut text = text.to_owned();
        for _ in 0..100 {
            let error = match toml::from_str(&text) {
                Ok(value) => return value,
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let (key, statement) = statement_at(&text, span.start);
            let found = text.get(span).unwrap_or("").trim();
            let (got, want) = match error.message().split_once("expected ") {
                Some((what, want)) if what.starts_with("unknown") => {
                    (format!("the unknown key {found:?}"), want.to_owned())
                }
                Some((_, want)) if !found.is_empty() => (found.to_owned(), want.to_owned()),
                _ => (format!("{found:?}"), error.message().to_owned()),
            };
            let known = self.faults.len();
            self.fault(&key, got.lines().next().unwrap_or(""), want.replace('\n', " "));
            if known == self.faults.len() || statement.is_empty() {
                break;
            }
            let lost = text.get(statement.clone()).unwrap_or("");
            let blank: String = lost.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
            text.replace_range(statement, &blank);
        }
        T::default()
    }
}

/// Somebody may have put `user:password@` into an address: what stands before the `@` is not shown.
fn without_credential(got: &str) -> String {
    got.rsplit_once('@').map_or_else(|| got.to_owned(), |(_, after)| format!("***@{after}"))
}

/// A line of TOML that begins a statement.
struct Line {
    start: usize,
    begins: Begins,
}

/// What the line begins.
enum Begins {
    /// `[name]`
    Table(String),
    /// `name = ...`
    Assignment(String),
}

/// The lines that begin a statement, as far as they can be told apart by their form.
fn statements(text: &str) -> Vec<Line> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | ' '))
    };
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim();
        let table = code.strip_prefix('[').and_then(|rest| rest.split(']').next()).filter(|name| is_name(name));
        let assigned = code.split_once('=').map(|(name, _)| name).filter(|name| is_name(name));
        if let Some(name) = table {
            lines.push(Line { start, begins: Begins::Table(name.trim().to_owned()) });
        } else if let Some(name) = assigned {
            lines.push(Line { start, begins: Begins::Assignment(name.trim().to_owned()) });
        }
        start += line.len();
    }
    lines
}

/// The dotted key of the statement that holds byte `at`, and the bytes of the statement. A `[table]` line
/// stands for its whole table. Both are empty where no statement can be made out.
fn statement_at(text: &str, at: usize) -> (String, Range<usize>) {
    let lines = statements(text);
    let Some(index) = lines.iter().rposition(|line| line.start <= at) else {
        return (String::new(), 0..0);
    };
    let (before, after) = lines.split_at(index + 1);
    let is_table = |line: &&Line| matches!(line.begins, Begins::Table(_));
    let start_of = |line: Option<&Line>| line.map_or(text.len(), |line| line.start);
    let start = before[index].start;
    match &before[index].begins {
        Begins::Table(name) => (name.clone(), start..start_of(after.iter().find(is_table))),
        Begins::Assignment(key) => {
            let key = match before.iter().rfind(is_table).map(|line| &line.begins) {
                Some(Begins::Table(table)) => format!("{table}.{key}"),
                _ => key.clone(),
            };
            (key, start..start_of(after.first()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Raw {
        name: Option<String>,
        inner: Inner,
    }
    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Inner {
        count: Option<u32>,
        classes: Vec<String>,
    }

    fn keys(text: &str) -> (Raw, Vec<String>) {
        let mut faults = Vec::new();
        let raw = Checker::new("f.toml", &mut faults).toml::<Raw>(text);
        (raw, faults.into_iter().map(|fault| fault.key).collect())
    }

    #[test]
    fn every_structural_fault_is_found_and_the_rest_is_still_read() {
        let text = "name = 3\nextra = 1\n[inner]\ncount = -1\nclasses = [\n  \"car\",\n  7,\n]\n[ghost]\na = 1\n";
        let (raw, keys) = keys(text);
        assert_eq!(
            keys.iter().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
            ["name", "extra", "inner.count", "inner.classes", "ghost"].into()
        );
        assert!(raw.name.is_none() && raw.inner.count.is_none() && raw.inner.classes.is_empty());
    }

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        let mut faults = Vec::new();
        let mut check = Checker::new("f.toml", &mut faults);
        check.parsed("url", "https://city:S3CRET@p.example/", "an address", |_| Err::<(), ()>(()));
        check.toml::<Raw>("name = [\"https://city:S3CRET@p.example/\"]\n");
        assert_eq!(faults[0].got, "***@p.example/\"");
        assert!(faults.len() == 2 && !Faults(faults).to_string().contains("S3CRET"));
    }

    #[test]
    fn broken_syntax_is_one_fault_and_no_loop() {
        let (_, found) = keys("name = \"open\n");
        assert_eq!(found, ["name"]);
        let (raw, found) = keys("= 4\nname = \"x\"\n");
        assert_eq!(found.len(), 1);
        assert!(raw.name.is_none());
    }
}
