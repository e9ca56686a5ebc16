//! Faults of what a person typed: all at once, each with the field, what came and what was wanted. Never a secret.

use std::fmt;

use serde::{Serialize, Serializer};

use super::Want;
use crate::domain::MatterKey;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which field.
    pub field: String,
    /// What came, cut to 80 characters; empty for secrets.
    pub got: String,
    /// What is wanted.
    pub want: Want,
}

/// With the words as `want`, and what they are made of as `code` and `params`.
impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'a> {
            field: &'a str,
            got: &'a str,
            want: String,
            #[serde(flatten)]
            wanted: &'a Want,
        }
        let Self { field, got, want } = self;
        Told { field, got, want: want.to_string(), wanted: want }.serialize(to)
    }
}

/// All faults of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            let stop = if i == 0 { "" } else { "; " };
            match fault.got.as_str() {
                "" => write!(f, "{stop}{}: {}", fault.field, fault.want)?,
                got => write!(f, "{stop}{}: got {got:?}, {}", fault.field, fault.want)?,
            }
        }
        Ok(())
    }
}

impl Faults {
    /// One fault.
    pub fn one(field: &str, got: &str, want: impl Into<Want>) -> Self {
        let mut faults = Self::default();
        faults.add(field, got, want);
        faults
    }

    /// Notes a fault.
    pub fn add(&mut self, field: &str, got: &str, want: impl Into<Want>) {
        self.0.push(Fault { field: field.to_owned(), got: got.chars().take(80).collect(), want: want.into() });
    }

    /// Takes the value, or notes the fault that its error tells.
    pub fn take<T, E: Into<Want>>(&mut self, field: &str, got: &str, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, got, error);
                None
            }
        }
    }

    /// A name for people: trimmed, 1 to `chars_max` characters, without control characters.
    pub fn name(&mut self, field: &str, text: &str, chars_max: usize) -> String {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.chars().count() > chars_max || trimmed.chars().any(is_unprintable) {
            self.add(field, trimmed, Want::Name { most: chars_max });
        }
        trimmed.to_owned()
    }

    /// Words for people: trimmed, at most `chars_max` characters, without control characters but line ends.
    pub fn words(&mut self, field: &str, text: &str, chars_max: usize) -> String {
        let trimmed = text.trim();
        let odd = |c: char| is_unprintable(c) && !matches!(c, '\n' | '\r' | '\t');
        if trimmed.chars().count() > chars_max || trimmed.chars().any(odd) {
            self.add(field, trimmed, Want::Words { most: chars_max });
        }
        trimmed.to_owned()
    }

    /// Matters that the catalogue knows, each once, in the order given.
    pub fn matters(&mut self, field: &str, keys: &[String], known: impl Fn(&MatterKey) -> bool) -> Vec<MatterKey> {
        let mut matters = Vec::new();
        for (i, text) in keys.iter().enumerate() {
            let field = format!("{field}[{i}]");
            let Some(key) = self.take(&field, text, text.parse::<MatterKey>()) else { continue };
            if !known(&key) {
                self.add(&field, text, Want::MatterKnown);
            } else if !matters.contains(&key) {
                matters.push(key);
            }
        }
        matters
    }

    /// `Ok` when there is none.
    ///
    /// # Errors
    /// [`super::ServiceError::Invalid`] with all of them.
    pub fn none(self) -> Result<(), super::ServiceError> {
        if self.0.is_empty() { Ok(()) } else { Err(super::ServiceError::Invalid(self)) }
    }
}

/// Control characters, and those that turn the direction of the text around (they let a name pose as another).
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once() {
        let mut faults = Faults::default();
        assert_eq!(faults.name("name", "  东门\u{202e}  ", 200), "东门\u{202e}");
        faults.name("code", "   ", 64);
        let matters =
            faults.matters("matters", &["a".into(), "A b".into(), "a".into(), "zz".into()], |k| k.as_str() == "a");
        assert_eq!(matters.len(), 1);
        let fields: Vec<_> = faults.0.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["name", "code", "matters[1]", "matters[3]"]);
        assert!(faults.to_string().contains("; code: 1 to 64"), "{faults}");
    }
}
