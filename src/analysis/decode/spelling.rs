//! The likeliest text of a known form in a line reader's answer: as many characters as the form has places, each out of
//! its place's alphabet. Pure.

use super::{Charset, DecodeError, Output, rows};

/// A text of the form.
#[derive(Clone, Debug, PartialEq)]
pub struct Spelling {
    /// The characters, each with its likelihood where it is read, 0..=1.
    pub characters: Vec<(char, f32)>,
    /// Natural logarithm of the likelihood of the whole line being this text in the best way.
    pub log_likelihood: f32,
}

/// Likelihoods below this count as this: one bad step must not forbid a text.
const LEAST: f32 = 1e-6;

/// Where the best way stands after a step.
#[derive(Clone, Copy)]
struct Way {
    log: f32,
    /// The state of the step before.
    from: u16,
}

/// States of the search: for each number of characters read so far, "in the gap behind" and "on the n-th letter of the
/// place's alphabet".
struct States {
    /// The first state of each number of characters.
    begins: Vec<usize>,
    /// The class of each letter of each place.
    classes: Vec<Vec<usize>>,
}

/// The likeliest spelling by `form`, the alphabet of each place; `separators` may stand between characters like a blank.
///
/// A Viterbi search over the ways in which connectionist temporal classification can write a text of the form.
/// Returns `None` for a form without places or with a place of which the charset has no letter, and for a line that is too
/// short for it.
///
/// # Errors
/// [`DecodeError::Shape`] for a tensor of another shape.
pub fn spelled(
    charset: &Charset,
    name: &str,
    output: &Output<'_>,
    form: &[Vec<char>],
    separators: &[char],
) -> Result<Option<Spelling>, DecodeError> {
    let steps = output.data.len() / charset.classes();
    let rows: Vec<&[f32]> = rows(name, output, [steps, charset.classes()])?.collect();
    let letters: Vec<Vec<(char, usize)>> =
        form.iter().map(|place| place.iter().filter_map(|c| Some((*c, charset.class_of(*c)?))).collect()).collect();
    let states_count = 1 + letters.iter().map(|place| place.len() + 1).sum::<usize>();
    if letters.is_empty()
        || letters.iter().any(Vec::is_empty)
        || rows.is_empty()
        || states_count > usize::from(u16::MAX)
    {
        return Ok(None);
    }
    let gaps: Vec<usize> =
        std::iter::once(charset.blank()).chain(separators.iter().filter_map(|c| charset.class_of(*c))).collect();
    let states = States::new(&letters);
    let mut ways: Vec<Vec<Way>> = Vec::with_capacity(rows.len());
    for row in &rows {
        let next = states.step(ways.last().map(Vec::as_slice), row, &gaps);
        ways.push(next);
    }
    Ok(states.best(&ways, &rows, &letters))
}

fn log_of(value: f32) -> f32 {
    if value.is_finite() { value.clamp(LEAST, 1.0).ln() } else { LEAST.ln() }
}

impl States {
    fn new(letters: &[Vec<(char, usize)>]) -> Self {
        let classes: Vec<Vec<usize>> =
            letters.iter().map(|place| place.iter().map(|(_, class)| *class).collect()).collect();
        let mut begins = vec![0];
        let mut next = 1;
        for place in &classes {
            begins.push(next);
            next += place.len() + 1;
        }
        Self { begins, classes }
    }

    fn count(&self) -> usize {
        self.begins.last().copied().unwrap_or(0) + self.classes.last().map_or(0, Vec::len) + 1
    }

    /// The gap behind `read` characters.
    fn gap(&self, read: usize) -> usize {
        self.begins[read]
    }

    /// The states on the letters of the `read`-th character, counted from 1.
    fn on(&self, read: usize) -> std::ops::Range<usize> {
        let first = self.begins[read] + 1;
        first..first + self.classes[read - 1].len()
    }

    /// All ways after a further step; `before` is `None` for the first.
    fn step(&self, before: Option<&[Way]>, row: &[f32], gaps: &[usize]) -> Vec<Way> {
        let none = Way { log: f32::NEG_INFINITY, from: 0 };
        let mut after = vec![none; self.count()];
        let start = [Way { log: 0.0, from: 0 }];
        let log_before = |state: usize| match before {
            Some(ways) => ways[state].log,
            None => start.get(state).map_or(f32::NEG_INFINITY, |way| way.log),
        };
        let gap = gaps.iter().map(|class| log_of(row[*class])).fold(f32::NEG_INFINITY, f32::max);
        for read in 0..=self.classes.len() {
            let on = if read == 0 { 0..0 } else { self.on(read) };
            let best = |states: &mut dyn Iterator<Item = usize>| {
                states
                    .map(|state| (log_before(state), state))
                    .fold((f32::NEG_INFINITY, 0), |a, b| if b.0 > a.0 { b } else { a })
            };
            let (log, from) = best(&mut std::iter::once(self.gap(read)).chain(on.clone()));
            after[self.gap(read)] = Way { log: log + gap, from: from as u16 };
            if read == 0 {
                continue;
            }
            // Of the letters before, the two best: a twin must be parted from its twin by a gap.
            let earlier = if read == 1 { 0..0 } else { self.on(read - 1) };
            let first = best(&mut earlier.clone());
            let second = best(&mut earlier.clone().filter(|state| *state != first.1));
            let class_of = |state: usize| (read > 1).then(|| self.classes[read - 2][state - earlier.start]);
            for (letter, state) in on.enumerate() {
                let class = self.classes[read - 1][letter];
                let is_twin = first.0 > f32::NEG_INFINITY && class_of(first.1) == Some(class);
                let other = if is_twin { second } else { first };
                let ways = [(log_before(state), state), (log_before(self.gap(read - 1)), self.gap(read - 1)), other];
                let (log, from) = ways.into_iter().fold((f32::NEG_INFINITY, 0), |a, b| if b.0 > a.0 { b } else { a });
                after[state] = Way { log: log + log_of(row[class]), from: from as u16 };
            }
        }
        after
    }

    /// Walks back from the best end.
    fn best(&self, ways: &[Vec<Way>], rows: &[&[f32]], letters: &[Vec<(char, usize)>]) -> Option<Spelling> {
        let places = letters.len();
        let last = ways.last()?;
        let ends = std::iter::once(self.gap(places)).chain(self.on(places));
        let mut state = ends.max_by(|a, b| last[*a].log.total_cmp(&last[*b].log))?;
        let log_likelihood = last[state].log;
        if log_likelihood == f32::NEG_INFINITY {
            return None;
        }
        let mut characters: Vec<(char, f32)> = letters.iter().map(|place| (place[0].0, 0.0)).collect();
        for (way, row) in ways.iter().zip(rows).rev() {
            let read = self.begins.partition_point(|begin| *begin <= state) - 1;
            if state != self.gap(read) {
                let (character, class) = letters[read - 1][state - self.on(read).start];
                let seen = if row[class].is_finite() { row[class].clamp(0.0, 1.0) } else { 0.0 };
                let best = characters[read - 1].1.max(seen);
                characters[read - 1] = (character, best);
            }
            state = usize::from(way[state].from);
        }
        Some(Spelling { characters, log_likelihood })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn charset() -> Charset {
        Charset::new(["湘", "A", "B", "1", "7", "·"].into_iter(), 0, 7).unwrap()
    }

    fn form() -> Vec<Vec<char>> {
        vec![vec!['湘'], vec!['A', 'B'], vec!['1', '7'], vec!['1', '7']]
    }

    /// Steps that each like one class best.
    fn steps(likely: &[(usize, f32)]) -> Vec<f32> {
        likely.iter().flat_map(|(class, value)| (0..7).map(move |c| if c == *class { *value } else { 0.02 })).collect()
    }

    fn spell(data: &[f32]) -> Option<String> {
        let output = Output { shape: &[1, data.len() / 7, 7], data };
        let spelling = spelled(&charset(), "y", &output, &form(), &['·']).unwrap()?;
        Some(spelling.characters.iter().map(|(c, _)| c).collect())
    }

    #[test]
    fn a_clear_line_is_spelled_and_its_dot_and_repeats_are_no_characters() {
        let data = steps(&[(0, 0.9), (1, 0.9), (1, 0.9), (2, 0.9), (6, 0.9), (4, 0.9), (0, 0.9), (4, 0.9), (0, 0.9)]);
        assert_eq!(spell(&data).as_deref(), Some("湘A11"));
    }

    #[test]
    fn a_character_that_cannot_stand_there_gives_way_and_a_faint_one_is_found() {
        // B is likeliest where only the province may stand, and the last step likes A.
        let mut data = steps(&[(3, 0.5), (0, 0.9), (2, 0.9), (4, 0.9), (0, 0.9), (2, 0.6)]);
        data[1] = 0.3;
        data[5 * 7 + 5] = 0.3;
        assert_eq!(spell(&data).as_deref(), Some("湘A17"));
        let output = Output { shape: &[6, 7], data: &data };
        let spelling = spelled(&charset(), "y", &output, &form(), &[]).unwrap().unwrap();
        assert_eq!(spelling.characters[3], ('7', 0.3));
    }

    #[test]
    fn a_line_too_short_and_a_form_without_letters_have_no_spelling() {
        assert_eq!(spell(&steps(&[(1, 0.9), (2, 0.9), (4, 0.9)])), None);
        let data = steps(&[(1, 0.9); 9]);
        let output = Output { shape: &[9, 7], data: &data };
        assert_eq!(spelled(&charset(), "y", &output, &[], &[]), Ok(None));
        assert_eq!(spelled(&charset(), "y", &output, &[vec!['川']], &[]), Ok(None));
        assert!(spelled(&charset(), "y", &Output { shape: &[7, 9], data: &data }, &form(), &[]).is_err());
    }

    proptest! {
        #[test]
        fn any_numbers_give_a_text_of_the_form(
            data in prop::collection::vec(prop_oneof![4 => 0.0_f32..1.0, 1 => any::<f32>()], 7 * 8),
        ) {
            let output = Output { shape: &[8, 7], data: &data };
            let spelling = spelled(&charset(), "y", &output, &form(), &['·']).unwrap().unwrap();
            prop_assert!(spelling.characters.iter().zip(form()).all(|((c, _), place)| place.contains(c)));
            prop_assert!(spelling.log_likelihood <= 0.0 && spelling.log_likelihood.is_finite());
        }
    }
}
