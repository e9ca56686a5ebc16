//! Telling classes of a thing apart by a few examples, as an open load from a covered one: each class lies where its
//! examples look on the mean, and how much an answer is worth is chosen on examples that were left out. Pure; takes
//! milliseconds and no training run.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{Appearance, Score};

/// A class that fewer different things stand for cannot be left out and told by the others.
pub const THINGS_MIN: usize = 3;
/// An answer from here on counts as sure in what is measured.
pub const SURE: f32 = 0.8;
/// What sharpness is chosen from: cosines differ by tenths, so 1 says next to nothing and 64 is nearly a yes or no.
const SHARPNESS: [f32; 13] = [1.0, 1.4, 2.0, 2.8, 4.0, 5.7, 8.0, 11.3, 16.0, 22.6, 32.0, 45.3, 64.0];

/// How a thing looked that is known to be in a class.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The class, by its number.
    pub class: usize,
    /// Which thing: pictures of one are left out together, or they would tell each other.
    pub thing: String,
    /// How it looked.
    pub look: Appearance,
}

/// What was learnt: the classes and where they lie.
#[derive(Clone, Debug, PartialEq)]
pub struct Prototypes {
    /// Names of the classes.
    pub classes: Vec<Arc<str>>,
    /// The mean of all classes, which says nothing about any.
    pub middle: Vec<f32>,
    /// By class: where its examples lie, seen from the middle.
    pub towards: Vec<Appearance>,
    /// Factor on the cosines.
    pub sharpness: f32,
}

/// How well examples are told that were not learnt from.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Examples by their class and by what they were taken for.
    pub confusion: Vec<Vec<u32>>,
    /// Mean over the classes of the share that was told rightly.
    pub recall: f32,
    /// Answers of [`SURE`] or more.
    pub sure: u32,
    /// Those of them that were right.
    pub sure_right: u32,
}

/// Why nothing can be learnt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TeachError {
    /// One class is none.
    #[error("{0} classes: at least two are needed to tell them apart")]
    Classes(usize),
    /// A class without enough examples.
    #[error("class {class} has examples of {things} different things; at least {THINGS_MIN} are needed")]
    TooFew {
        /// Which.
        class: Arc<str>,
        /// How many things stand for it.
        things: usize,
    },
    /// All classes look alike to the encoder.
    #[error("the examples of class {0} look like the mean of all classes, so it cannot be told apart")]
    Alike(Arc<str>),
}

impl Prototypes {
    /// How well examples are told that were not learnt from; those of another encoder are passed over.
    pub fn tell(&self, examples: &[Example]) -> Told {
        let of = |example: &Example| Some((example.class, self.shares(&example.look)?));
        Told::of(self.classes.len(), examples.iter().filter_map(of))
    }

    fn shares(&self, look: &Appearance) -> Option<Vec<f32>> {
        Some(shares(&cosines(&self.middle, &self.towards, look)?, self.sharpness))
    }

    /// How likely each class is; together 1. `None` for an appearance that is not of this encoder.
    pub fn scores(&self, look: &Appearance) -> Option<Vec<Score>> {
        self.shares(look)?.into_iter().map(|share| Score::new(share.min(1.0)).ok()).collect()
    }
}

/// Learns `classes` by `examples`, and how well each thing is told by the others.
///
/// # Errors
/// [`TeachError`].
pub fn teach(classes: Vec<Arc<str>>, examples: &[Example]) -> Result<(Prototypes, Told), TeachError> {
    if classes.len() < 2 {
        return Err(TeachError::Classes(classes.len()));
    }
    let things = things(classes.len(), examples);
    for (class, things) in classes.iter().zip(&things) {
        if things.len() < THINGS_MIN {
            return Err(TeachError::TooFew { class: Arc::clone(class), things: things.len() });
        }
    }
    let (middle, towards) = lie(&things, None);
    if let Some((class, _)) = classes.iter().zip(&towards).find(|(_, towards)| towards.as_slice().is_empty()) {
        return Err(TeachError::Alike(Arc::clone(class)));
    }
    let told: Vec<(usize, Vec<f32>)> = examples
        .iter()
        .filter_map(|example| {
            let (middle, towards) = lie(&things, Some(example));
            Some((example.class, cosines(&middle, &towards, &example.look)?))
        })
        .collect();
    let surprise = |sharpness: f32| {
        let each = told.iter().map(|(class, cosines)| {
            let weight = 1.0 / told.iter().filter(|(other, _)| other == class).count() as f32;
            -weight * shares(cosines, sharpness)[*class].max(1e-6).ln()
        });
        each.sum::<f32>()
    };
    let sharpness = SHARPNESS.into_iter().min_by(|a, b| surprise(*a).total_cmp(&surprise(*b))).unwrap_or(1.0);
    let answers = told.iter().map(|(class, cosines)| (*class, shares(cosines, sharpness)));
    let told = Told::of(classes.len(), answers);
    Ok((Prototypes { classes, middle, towards, sharpness }, told))
}

/// By class and thing: the mean of how it looked.
fn things(classes: usize, examples: &[Example]) -> Vec<BTreeMap<&str, Vec<f32>>> {
    let mut looks: Vec<BTreeMap<&str, Vec<&[f32]>>> = vec![BTreeMap::new(); classes];
    for example in examples.iter().filter(|example| !example.look.as_slice().is_empty()) {
        if let Some(of_class) = looks.get_mut(example.class) {
            of_class.entry(&example.thing).or_default().push(example.look.as_slice());
        }
    }
    let means =
        |looks: BTreeMap<_, Vec<&[f32]>>| looks.into_iter().map(|(thing, looks)| (thing, mean(&looks))).collect();
    looks.into_iter().map(means).collect()
}

/// Where the classes lie, and their middle, without the thing of `but`.
fn lie(things: &[BTreeMap<&str, Vec<f32>>], but: Option<&Example>) -> (Vec<f32>, Vec<Appearance>) {
    let is_left_out = |class: usize, thing: &str| but.is_some_and(|one| one.class == class && one.thing == thing);
    let means: Vec<Vec<f32>> = things
        .iter()
        .enumerate()
        .map(|(class, things)| {
            let kept = things.iter().filter(|(thing, _)| !is_left_out(class, thing));
            mean(&kept.map(|(_, look)| look.as_slice()).collect::<Vec<_>>())
        })
        .collect();
    let middle = mean(&means.iter().map(Vec::as_slice).collect::<Vec<_>>());
    let towards = means.iter().map(|mean| from(&middle, mean)).collect();
    (middle, towards)
}

fn mean(vectors: &[&[f32]]) -> Vec<f32> {
    let mut sum = vec![0.0; vectors.iter().map(|vector| vector.len()).max().unwrap_or(0)];
    for vector in vectors {
        for (sum, value) in sum.iter_mut().zip(*vector) {
            *sum += value / vectors.len() as f32;
        }
    }
    sum
}

fn from(middle: &[f32], look: &[f32]) -> Appearance {
    Appearance::new(look.iter().zip(middle).map(|(look, middle)| look - middle).collect())
}

fn cosines(middle: &[f32], towards: &[Appearance], look: &Appearance) -> Option<Vec<f32>> {
    if look.as_slice().len() != middle.len() {
        return None;
    }
    let seen = from(middle, look.as_slice());
    towards.iter().map(|towards| towards.likeness(&seen)).collect()
}

/// Softmax.
fn shares(cosines: &[f32], sharpness: f32) -> Vec<f32> {
    let most = cosines.iter().copied().fold(f32::MIN, f32::max);
    let each: Vec<f32> = cosines.iter().map(|cosine| (sharpness * (cosine - most)).exp()).collect();
    let sum: f32 = each.iter().sum();
    each.into_iter().map(|one| one / sum).collect()
}

impl Told {
    /// By the true class of each and how likely each class was said to be.
    fn of(classes: usize, answers: impl Iterator<Item = (usize, Vec<f32>)>) -> Self {
        let mut confusion = vec![vec![0; classes]; classes];
        let (mut sure, mut sure_right) = (0, 0);
        for (class, shares) in answers {
            let best = (0..classes).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap_or(0);
            confusion[class][best] += 1;
            if shares[best] >= SURE {
                sure += 1;
                sure_right += u32::from(best == class);
            }
        }
        let share = |(class, row): (usize, &Vec<u32>)| row[class] as f32 / row.iter().sum::<u32>().max(1) as f32;
        let recall = confusion.iter().enumerate().map(share).sum::<f32>() / classes as f32;
        Self { confusion, recall, sure, sure_right }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Things around a direction of each class, spread by their number; all share a large common part, as appearances do.
    fn examples(classes: usize, things: usize, spread: f32) -> Vec<Example> {
        let mut made = Vec::new();
        for class in 0..classes {
            for thing in 0..things {
                for picture in 0..2_u8 {
                    let mut look = vec![0.0; classes + 2];
                    look[class] = 1.0;
                    look[classes] = 5.0;
                    look[(class + 1 + thing % (classes - 1)) % classes] += spread * (thing % 5) as f32;
                    look[classes + 1] = f32::from(picture) * 0.1;
                    made.push(Example { class, thing: format!("{thing}"), look: Appearance::new(look) });
                }
            }
        }
        made
    }

    fn named(classes: usize) -> Vec<Arc<str>> {
        ["open", "covered", "closed"][..classes].iter().map(|name| Arc::from(*name)).collect()
    }

    #[test]
    fn clear_states_are_told_and_the_answers_are_sure() {
        let (prototypes, left_out) = teach(named(3), &examples(3, 6, 0.1)).unwrap();
        assert_eq!(left_out.confusion, [[12, 0, 0], [0, 12, 0], [0, 0, 12]]);
        assert_eq!((left_out.recall, left_out.sure, left_out.sure_right), (1.0, 36, 36));
        let scores = prototypes.scores(&Appearance::new(vec![0.0, 1.0, 0.0, 5.0, 0.0])).unwrap();
        assert!(scores[1].value() > 0.9, "{scores:?}");
        assert!((scores.iter().map(|score| score.value()).sum::<f32>() - 1.0).abs() < 1e-4);
        assert_eq!(prototypes.scores(&Appearance::new(vec![1.0, 0.0])), None, "of another encoder");
        assert_eq!(prototypes.scores(&Appearance::new(Vec::new())), None);
    }

    #[test]
    fn states_that_mingle_give_answers_that_are_not_sure() {
        let (clear, _) = teach(named(2), &examples(2, 10, 0.1)).unwrap();
        let (mingled, left_out) = teach(named(2), &examples(2, 10, 0.45)).unwrap();
        assert!(mingled.sharpness < clear.sharpness, "{} {}", mingled.sharpness, clear.sharpness);
        assert!(left_out.recall < 1.0 && left_out.sure < 40, "{left_out:?}");
    }

    #[test]
    fn pictures_of_one_thing_do_not_tell_each_other() {
        // Each thing looks like itself and like nothing else: whoever leaves out one picture alone tells all.
        let look = |class: usize, thing: usize| {
            let mut look = vec![0.0; 12];
            look[class * 6 + thing] = 1.0;
            Appearance::new(look)
        };
        let all = |class: usize| (0..6).flat_map(move |thing| [0, 1].map(|_| (class, thing)));
        let of = |(class, thing)| Example { class, thing: format!("{thing}"), look: look(class, thing) };
        let examples: Vec<Example> = all(0).chain(all(1)).map(of).collect();
        let (_, left_out) = teach(named(2), &examples).unwrap();
        assert_eq!(left_out.recall, 0.0, "{left_out:?}");
    }

    #[test]
    fn what_cannot_be_learnt_is_named() {
        let too_few = |class: &str, things| Err(TeachError::TooFew { class: class.into(), things });
        assert_eq!(teach(named(1), &examples(2, 6, 0.1)).map(|_| ()), Err(TeachError::Classes(1)));
        let mut some = examples(3, 6, 0.1);
        some.retain(|example| example.class != 1);
        assert_eq!(teach(named(3), &some).map(|_| ()), too_few("covered", 0));
        some.retain(|example| example.class != 0 || example.thing.as_str() < "2");
        assert_eq!(teach(named(3), &some).map(|_| ()), too_few("open", 2));
        let mut alike = examples(2, 4, 0.1);
        alike.iter_mut().for_each(|example| example.look = Appearance::new(vec![1.0, 0.0]));
        assert_eq!(teach(named(2), &alike).map(|_| ()), Err(TeachError::Alike("open".into())));
    }
}
