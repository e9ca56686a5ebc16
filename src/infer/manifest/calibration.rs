//! Calibration of scores: what a raw score of a class is worth, so that 0.8 is right 8 times in 10 on the set that the
//! model card names (Platt 1999, two numbers a class). Never changes the order within a class.

use crate::domain::Score;

/// By class: sigmoid(a * logit(s) + b), or raw where a class has no numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calibrations(Vec<Option<[f32; 2]>>);

impl Calibrations {
    /// One entry a class, in the order of the model's classes.
    pub fn new(by_class: Vec<Option<[f32; 2]>>) -> Self {
        Self(by_class)
    }

    /// What a raw score of the class is worth.
    pub fn of(&self, class: usize, raw: Score) -> Score {
        match self.0.get(class) {
            Some(Some([a, b])) => Score::of_logit(a * raw.logit() + b),
            _ => raw,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_score_becomes_what_it_is_worth_and_keeps_its_order() {
        let of = Calibrations::new(vec![Some([0.5, -1.0]), None]);
        let score = |value| Score::new(value).unwrap();
        // logit(0.8) = ln 4: half of it less 1 is -0.307, the odds 0.7358.
        assert!((of.of(0, score(0.8)).value() - 0.4239).abs() < 1e-4);
        assert_eq!((of.of(1, score(0.8)), of.of(7, score(0.3))), (score(0.8), score(0.3)));
        let steps: Vec<Score> = (0..=100).map(|n| of.of(0, score(n as f32 / 100.0))).collect();
        assert!(steps.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(steps[0].value() > 0.0 && steps[100].value() < 1.0, "no score is certain after calibration");
    }
}
