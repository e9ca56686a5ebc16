//! Plates over frames: every frame spells a number by the forms of plates, and the frames vote place by place. Pure; it
//! never shows a number of no known form.

use super::decode::Spelling;
use crate::domain::{ENERGY_LETTERS, PLATE_ENDS, PLATE_LETTERS, PROVINCES, PlateNumber};

/// What may stand at each place of a plate, one list a form: seven characters, eight of a small new-energy vehicle, eight of
/// a large one.
pub fn forms() -> Vec<Vec<Vec<char>>> {
    let letters = |text: &str| text.chars().collect::<Vec<char>>();
    let digits = || ('0'..='9').collect::<Vec<char>>();
    let mixed = || digits().into_iter().chain(PLATE_LETTERS.chars()).collect::<Vec<char>>();
    let head = || vec![letters(PROVINCES), letters(PLATE_LETTERS)];
    let common = [head(), vec![mixed(); 4], vec![mixed().into_iter().chain(PLATE_ENDS.chars()).collect()]].concat();
    let small = [head(), vec![letters(ENERGY_LETTERS), mixed()], vec![digits(); 4]].concat();
    let large = [head(), vec![digits(); 5], vec![letters(ENERGY_LETTERS)]].concat();
    vec![common, small, large]
}

/// Characters that stand on plates and are no part of the number.
pub const SEPARATORS: [char; 4] = ['·', '•', '.', '-'];

/// One frame's reading: the spelling by each of [`forms`], in their order.
pub type FrameReading = Vec<Option<Spelling>>;

/// A number on which frames agreed.
#[derive(Clone, Debug, PartialEq)]
pub struct Voted {
    /// The number.
    pub number: PlateNumber,
    /// The least share of the votes that a place's winner had, 0..=1.
    pub agreement: f32,
    /// Frames that voted.
    pub frames: usize,
}

/// The number that the frames of one vehicle say together.
///
/// The form is the one whose spellings are likeliest over all frames that could be spelled by every form; at each place
/// a frame votes for its character with that character's likelihood.
///
/// Returns `None` without a frame that could be spelled.
pub fn voted(frames: &[FrameReading]) -> Option<Voted> {
    let count = forms().len();
    let whole: Vec<&FrameReading> =
        frames.iter().filter(|frame| frame.len() == count && frame.iter().any(Option::is_some)).collect();
    let log_of = |frame: &FrameReading, form: usize| frame[form].as_ref().map_or(UNSPELLED, |said| said.log_likelihood);
    let likelihood = |form: usize| whole.iter().map(|frame| log_of(frame, form)).sum::<f32>();
    let form = (0..count).max_by(|a, b| likelihood(*a).total_cmp(&likelihood(*b)).then(b.cmp(a)))?;
    let spelled: Vec<&Spelling> = whole.iter().filter_map(|frame| frame[form].as_ref()).collect();
    let places = spelled.first()?.characters.len();
    let (mut text, mut agreement) = (String::new(), 1.0_f32);
    for place in 0..places {
        let (character, share) = winner(spelled.iter().filter_map(|said| said.characters.get(place).copied()))?;
        text.push(character);
        agreement = agreement.min(share);
    }
    Some(Voted { number: text.parse().ok()?, agreement, frames: spelled.len() })
}

/// What a form costs that a frame could not be spelled by.
const UNSPELLED: f32 = -200.0;
/// A vote weighs at least this: a frame that is unsure of everything still breaks ties.
const WEIGHT_MIN: f32 = 1e-3;

/// The character with the most weight and its share; of equals the first one.
fn winner(votes: impl Iterator<Item = (char, f32)>) -> Option<(char, f32)> {
    let mut tally: Vec<(char, f32)> = Vec::new();
    for (character, weight) in votes {
        let weight = weight.max(WEIGHT_MIN);
        match tally.iter_mut().find(|(known, _)| *known == character) {
            Some((_, sum)) => *sum += weight,
            None => tally.push((character, weight)),
        }
    }
    let total: f32 = tally.iter().map(|(_, sum)| sum).sum();
    let best = tally.into_iter().reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    Some((best.0, best.1 / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame that says `text`, each character with `weight`, by the form of its length.
    fn frame(text: &str, weight: f32) -> FrameReading {
        let spelling = |log| Spelling { characters: text.chars().map(|c| (c, weight)).collect(), log_likelihood: log };
        if text.chars().count() == 7 {
            vec![Some(spelling(-2.0)), None, None]
        } else {
            vec![None, Some(spelling(-2.0)), None]
        }
    }

    #[test]
    fn frames_that_err_at_different_places_say_the_whole_number_together() {
        let frames = [frame("湘DFL211", 0.9), frame("渝DFL217", 0.4), frame("湘DEL211", 0.8), frame("湘DFL271", 0.3)];
        let voted = voted(&frames).unwrap();
        assert_eq!((voted.number.reveal(), voted.frames), ("湘DFL211", 4));
        assert!((voted.agreement - 1.6 / 2.4).abs() < 1e-5, "{}", voted.agreement);
    }

    #[test]
    fn one_sure_frame_outweighs_two_doubtful_ones_and_the_likelier_form_wins() {
        let frames = [frame("苏A12345", 0.9), frame("苏A72345", 0.2), frame("苏A72345", 0.2)];
        assert_eq!(voted(&frames).unwrap().number.reveal(), "苏A12345");
        let frames = [frame("苏AD12345", 0.9), frame("苏AD12345", 0.9), frame("苏A12345", 0.9)];
        assert_eq!(voted(&frames).unwrap().number.reveal(), "苏AD12345");
    }

    #[test]
    fn nothing_read_is_no_number() {
        assert_eq!(voted(&[]), None);
        assert_eq!(voted(&[vec![None, None, None], Vec::new()]), None);
    }

    #[test]
    fn every_text_of_a_form_is_a_number() {
        let mut dice = fastrand::Rng::with_seed(3);
        for form in forms() {
            for _ in 0..200 {
                let text: String = form.iter().map(|place| place[dice.usize(..place.len())]).collect();
                assert!(text.parse::<PlateNumber>().is_ok(), "{text}");
            }
        }
    }
}
