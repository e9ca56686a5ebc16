//! What a reader of lines says: for each step a likelihood of every character, read greedily (Connectionist Temporal
//! Classification: the likeliest of each step, repeats joined, blanks left out). Pure.

use std::sync::Arc;

use super::{DecodeError, Output, rows};
use crate::domain::Score;

/// The characters by number; the blank is none of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Charset {
    characters: Vec<Arc<str>>,
    blank: usize,
}

/// Why a list of characters is no charset.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the charset has {got} characters and a blank at {blank}, the graph tells {classes} apart")]
pub struct BadCharset {
    got: usize,
    blank: usize,
    classes: usize,
}

/// One character that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadCharacter {
    /// The character.
    pub character: Arc<str>,
    /// Its likelihood.
    pub score: Score,
    /// The first step that said it, as a share of all steps: where on the line it stands.
    pub at: f32,
}

impl Charset {
    /// The characters of `list`, for a graph that tells `classes` apart, the blank included. A graph that knows one more than
    /// the list has means the space, which lists leave out.
    ///
    /// # Errors
    /// [`BadCharset`] when the numbers do not fit.
    pub fn new<'a>(list: impl Iterator<Item = &'a str>, blank: usize, classes: usize) -> Result<Self, BadCharset> {
        let mut characters: Vec<Arc<str>> = list.map(Arc::from).collect();
        if characters.len() + 2 == classes {
            characters.push(" ".into());
        }
        if characters.is_empty() || characters.len() + 1 != classes || blank >= classes {
            return Err(BadCharset { got: characters.len(), blank, classes });
        }
        Ok(Self { characters, blank })
    }

    /// Numbers of a step: the characters and the blank.
    pub fn classes(&self) -> usize {
        self.characters.len() + 1
    }

    /// The number of a character.
    ///
    /// Returns `None` for one that is not in the set.
    pub fn class_of(&self, character: char) -> Option<usize> {
        let mut text = [0; 4];
        let text: &str = character.encode_utf8(&mut text);
        let at = self.characters.iter().position(|known| **known == *text)?;
        Some(if at < self.blank { at } else { at + 1 })
    }

    /// The number of the blank.
    pub fn blank(&self) -> usize {
        self.blank
    }

    fn character(&self, class: usize) -> Option<&Arc<str>> {
        match class.cmp(&self.blank) {
            std::cmp::Ordering::Less => self.characters.get(class),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => self.characters.get(class - 1),
        }
    }

    /// Reads one line: `[steps, classes]`, likelihoods. Steps that are no numbers count as blank.
    ///
    /// # Errors
    /// [`DecodeError::Shape`] for a tensor of another shape.
    pub fn read(&self, name: &str, output: &Output<'_>) -> Result<Vec<ReadCharacter>, DecodeError> {
        let steps = output.data.len() / self.classes();
        let mut read = Vec::new();
        let mut before = self.blank;
        for (step, row) in rows(name, output, [steps, self.classes()])?.enumerate() {
            let best = (row.iter().enumerate().filter(|(_, value)| value.is_finite()))
                .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
            let (class, value) = best.map_or((self.blank, 0.0), |(class, value)| (class, *value));
            if class != before
                && let Some(character) = self.character(class)
            {
                let score = Score::new(value.clamp(0.0, 1.0)).unwrap_or(Score::ZERO);
                read.push(ReadCharacter { character: Arc::clone(character), score, at: step as f32 / steps as f32 });
            }
            before = class;
        }
        Ok(read)
    }
}

/// The text of what was read, without spaces at its ends, and the mean likelihood of its characters; nothing read scores 0.
pub fn line(read: &[ReadCharacter]) -> (String, Score) {
    let text: String = read.iter().map(|one| &*one.character).collect();
    let mean = read.iter().map(|one| one.score.value()).sum::<f32>() / read.len().max(1) as f32;
    (text.trim().to_owned(), Score::new(mean.clamp(0.0, 1.0)).unwrap_or(Score::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(classes: &[usize], count: usize) -> Vec<f32> {
        let one = |class: usize| (0..count).map(move |c| if c == class { 0.8 } else { 0.1 });
        classes.iter().flat_map(|class| one(*class)).collect()
    }

    #[test]
    fn repeats_are_joined_blanks_left_out_and_a_blank_between_keeps_twins() {
        let charset = Charset::new(["开", "锁", "1"].into_iter(), 0, 5).unwrap();
        let data = steps(&[0, 1, 1, 0, 2, 4, 3, 0, 3, 3], 5);
        let read = charset.read("y", &Output { shape: &[10, 5], data: &data }).unwrap();
        let (text, score) = line(&read);
        assert_eq!(text, "开锁 11");
        assert!((score.value() - 0.8).abs() < 1e-6);
        assert!((read[1].at - 0.4).abs() < 1e-6);
        let last = Charset::new(["a", "b"].into_iter(), 2, 3).unwrap();
        let data = steps(&[0, 2, 1], 3);
        assert_eq!(line(&last.read("y", &Output { shape: &[1, 3, 3], data: &data }).unwrap()).0, "ab");
        assert_eq!(line(&[]), (String::new(), Score::ZERO));
    }

    #[test]
    fn another_shape_is_named_and_steps_without_numbers_are_blank() {
        let charset = Charset::new(["a"].into_iter(), 0, 2).unwrap();
        let data = [f32::NAN, f32::NAN, 0.1, f32::INFINITY, 0.2, 0.9];
        assert_eq!(line(&charset.read("y", &Output { shape: &[3, 2], data: &data }).unwrap()).0, "a");
        let error = charset.read("y", &Output { shape: &[2, 3], data: &data }).unwrap_err().to_string();
        assert!(error.contains("output y") && error.contains("[3, 2]"), "{error}");
        assert!(charset.read("y", &Output { shape: &[1, 5], data: &data[..5] }).is_err());
    }

    #[test]
    fn a_charset_of_another_length_is_refused() {
        let new = |count: usize, classes: usize| Charset::new(["a", "b", "c"].into_iter().take(count), 0, classes);
        assert!(new(3, 4).is_ok() && new(3, 5).is_ok());
        assert_eq!(
            new(3, 6).unwrap_err().to_string(),
            "the charset has 3 characters and a blank at 0, the graph tells 6 apart"
        );
        assert!(new(0, 1).is_err() && new(0, 0).is_err());
        assert_eq!(new(0, 2).unwrap().classes(), 2, "only the space");
    }
}
