//! Telling classes of a thing apart by a few examples, as an open load from a covered one: a linear discriminant with a
//! shrunken scatter, and how much an answer is worth is chosen on examples that were left out. Pure; takes milliseconds to
//! seconds and no training run.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{Appearance, Score};

/// A class that fewer different things stand for cannot be left out and told by the others.
pub const THINGS_MIN: usize = 3;
/// An answer from here on counts as sure in what is measured.
pub const SURE: f32 = 0.8;
/// What sharpness is chosen from. A discriminant that learnt from few examples is surer than it may be: 1 takes it at its word.
const SHARPNESS: [f32; 21] = [
    0.0039, 0.0055, 0.0078, 0.011, 0.0156, 0.022, 0.031, 0.044, 0.0625, 0.088, 0.125, 0.177, 0.25, 0.354, 0.5, 0.707,
    1.0, 1.41, 2.0, 2.83, 4.0,
];
/// The share of the scatter that is taken for the same in all directions: examples are fewer than the numbers of a look.
const SHRINKAGE: f64 = 0.7;
/// Things are left out in at most so many parts to see how they are told by the others.
const PARTS_MAX: usize = 20;

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

/// What was learnt: a line for each class, and how much they are worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Discriminant {
    /// Names of the classes.
    pub classes: Vec<Arc<str>>,
    /// The mean of all classes, which says nothing about any.
    pub middle: Vec<f32>,
    /// By class: what each number of a look, seen from the middle, says for it.
    pub weights: Vec<Vec<f32>>,
    /// By class: added to that.
    pub offsets: Vec<f32>,
    /// Factor on all of it.
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

impl Discriminant {
    /// How well examples are told that were not learnt from; those of another encoder are passed over.
    pub fn tell(&self, examples: &[Example]) -> Told {
        let of = |example: &Example| Some((example.class, self.shares(&example.look)?));
        Told::of(self.classes.len(), examples.iter().filter_map(of))
    }

    /// How likely each class is; together 1. `None` for an appearance that is not of this encoder.
    pub fn scores(&self, look: &Appearance) -> Option<Vec<Score>> {
        self.shares(look)?.into_iter().map(|share| Score::new(share.min(1.0)).ok()).collect()
    }

    fn shares(&self, look: &Appearance) -> Option<Vec<f32>> {
        Some(shares(&self.said(look)?, self.sharpness))
    }

    /// What the lines say, before `sharpness`.
    fn said(&self, look: &Appearance) -> Option<Vec<f32>> {
        let look = look.as_slice();
        let line = |(weights, offset): (&Vec<f32>, &f32)| {
            let seen = look.iter().zip(&self.middle).map(|(look, middle)| look - middle);
            seen.zip(weights).map(|(seen, weight)| seen * weight).sum::<f32>() + offset
        };
        (look.len() == self.middle.len()).then(|| self.weights.iter().zip(&self.offsets).map(line).collect())
    }

    /// The lines through things, taken at their word.
    fn through(classes: &[Arc<str>], things: &[&Thing]) -> Result<Self, TeachError> {
        let of_class = |class: usize| things.iter().filter(move |thing| thing.class == class).map(|thing| &*thing.look);
        let means: Vec<Vec<f64>> = (0..classes.len()).map(|class| mean(of_class(class))).collect();
        let middle = mean(means.iter().map(Vec::as_slice));
        let towards: Vec<Vec<f64>> = means.iter().map(|mean| less(mean, &middle)).collect();
        if let Some((class, _)) = classes.iter().zip(&towards).find(|(_, towards)| dot(towards, towards) < ALIKE) {
            return Err(TeachError::Alike(Arc::clone(class)));
        }
        let spread: Vec<Vec<f64>> = things.iter().map(|thing| less(&thing.look, &means[thing.class])).collect();
        let scatter = Scatter::of(&spread);
        let weights: Vec<Vec<f64>> = towards.iter().map(|towards| scatter.undone(towards)).collect();
        let offsets = weights.iter().zip(&towards).map(|(weights, towards)| -0.5 * dot(weights, towards) as f32);
        let narrow = |numbers: Vec<f64>| numbers.into_iter().map(|number| number as f32).collect::<Vec<f32>>();
        Ok(Self {
            classes: classes.to_vec(),
            offsets: offsets.collect(),
            middle: narrow(middle),
            weights: weights.into_iter().map(narrow).collect(),
            sharpness: 1.0,
        })
    }
}

/// A class whose mean is nearer to the middle of all, squared, lies there.
const ALIKE: f64 = 1e-10;

/// One thing: the mean of how it looked.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    class: usize,
    name: String,
    look: Vec<f64>,
}

/// Learns `classes` by `examples`, and how well each thing is told by the others.
///
/// # Errors
/// [`TeachError`].
pub fn teach(classes: &[Arc<str>], examples: &[Example]) -> Result<(Discriminant, Told), TeachError> {
    if classes.len() < 2 {
        return Err(TeachError::Classes(classes.len()));
    }
    let things = things(examples);
    for (number, class) in classes.iter().enumerate() {
        let count = things.iter().filter(|thing| thing.class == number).count();
        if count < THINGS_MIN {
            return Err(TeachError::TooFew { class: Arc::clone(class), things: count });
        }
    }
    let learnt = Discriminant::through(classes, &things.iter().collect::<Vec<_>>())?;
    let told = told_by_others(classes, &things, examples);
    let surprise = |sharpness: f32| {
        let each = told.iter().map(|(class, said)| {
            let weight = 1.0 / told.iter().filter(|(other, _)| other == class).count() as f32;
            -weight * shares(said, sharpness)[*class].max(1e-6).ln()
        });
        each.sum::<f32>()
    };
    let sharpness = SHARPNESS.into_iter().min_by(|a, b| surprise(*a).total_cmp(&surprise(*b))).unwrap_or(1.0);
    let answers = told.iter().map(|(class, said)| (*class, shares(said, sharpness)));
    let told = Told::of(classes.len(), answers);
    Ok((Discriminant { sharpness, ..learnt }, told))
}

/// By example: its class, and what is said of it by lines through things of which its own is none.
fn told_by_others(classes: &[Arc<str>], things: &[Thing], examples: &[Example]) -> Vec<(usize, Vec<f32>)> {
    let parts = things.len().min(PARTS_MAX);
    let mut told = Vec::with_capacity(examples.len());
    for part in 0..parts {
        let is_out = |number: usize| number % parts == part;
        let kept: Vec<&Thing> =
            things.iter().enumerate().filter(|(i, _)| !is_out(*i)).map(|(_, thing)| thing).collect();
        let Ok(lines) = Discriminant::through(classes, &kept) else { continue };
        let out = things.iter().enumerate().filter(|(i, _)| is_out(*i)).map(|(_, thing)| thing);
        for thing in out {
            let own = examples.iter().filter(|one| one.class == thing.class && one.thing == thing.name);
            told.extend(own.filter_map(|one| Some((one.class, lines.said(&one.look)?))));
        }
    }
    told
}

/// All things, class by class.
fn things(examples: &[Example]) -> Vec<Thing> {
    let mut looks: BTreeMap<(usize, &str), Vec<Vec<f64>>> = BTreeMap::new();
    for example in examples.iter().filter(|example| !example.look.as_slice().is_empty()) {
        let look = example.look.as_slice().iter().map(|number| f64::from(*number)).collect();
        looks.entry((example.class, &example.thing)).or_default().push(look);
    }
    let thing = |((class, name), looks): ((usize, &str), Vec<Vec<f64>>)| Thing {
        class,
        name: name.to_owned(),
        look: mean(looks.iter().map(Vec::as_slice)),
    };
    looks.into_iter().map(thing).collect()
}

/// How things of one class lie around its mean: (1 - s) times their scatter and s times as much in all directions alike.
struct Scatter<'a> {
    spread: &'a [Vec<f64>],
    /// What is the same in all directions.
    level: f64,
    /// Lower triangle of the root of: what things have in common, and `level` on its diagonal.
    root: Vec<Vec<f64>>,
}

impl<'a> Scatter<'a> {
    fn of(spread: &'a [Vec<f64>]) -> Self {
        let (count, numbers) = (spread.len() as f64, spread.first().map_or(1, Vec::len) as f64);
        let whole: f64 = spread.iter().map(|one| dot(one, one)).sum();
        let level = SHRINKAGE * (whole / count / numbers).max(1e-9);
        let common = |i: usize, j: usize| {
            dot(&spread[i], &spread[j]) + if i == j { level * count / (1.0 - SHRINKAGE) } else { 0.0 }
        };
        // Cholesky. There are fewer things than numbers, so it is taken of the things (Woodbury).
        let mut root: Vec<Vec<f64>> = Vec::with_capacity(spread.len());
        for i in 0..spread.len() {
            let mut row: Vec<f64> = Vec::with_capacity(i + 1);
            for j in 0..i {
                row.push((common(i, j) - dot(&row, &root[j][..j])) / root[j][j]);
            }
            row.push((common(i, i) - dot(&row, &row)).max(f64::MIN_POSITIVE).sqrt());
            root.push(row);
        }
        Self { spread, level, root }
    }

    /// A vector times the inverse of the scatter.
    fn undone(&self, vector: &[f64]) -> Vec<f64> {
        let mut seen: Vec<f64> = self.spread.iter().map(|one| dot(one, vector)).collect();
        for i in 0..seen.len() {
            seen[i] = (seen[i] - dot(&self.root[i][..i], &seen[..i])) / self.root[i][i];
        }
        for i in (0..seen.len()).rev() {
            let below: f64 = (i + 1..seen.len()).map(|j| self.root[j][i] * seen[j]).sum();
            seen[i] = (seen[i] - below) / self.root[i][i];
        }
        let mut left = vector.to_vec();
        for (one, factor) in self.spread.iter().zip(seen) {
            left.iter_mut().zip(one).for_each(|(left, number)| *left -= factor * number);
        }
        left.iter_mut().for_each(|number| *number /= self.level);
        left
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

fn mean<'a>(vectors: impl Iterator<Item = &'a [f64]>) -> Vec<f64> {
    let (mut sum, mut count) = (Vec::new(), 0.0);
    for vector in vectors {
        sum.resize(vector.len().max(sum.len()), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sum.iter_mut().for_each(|sum| *sum /= count);
    sum
}

/// Softmax.
fn shares(said: &[f32], sharpness: f32) -> Vec<f32> {
    let most = said.iter().copied().fold(f32::MIN, f32::max);
    let each: Vec<f32> = said.iter().map(|one| (sharpness * (one - most)).exp()).collect();
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
        let (learnt, left_out) = teach(&named(3), &examples(3, 6, 0.1)).unwrap();
        assert_eq!(left_out.confusion, [[12, 0, 0], [0, 12, 0], [0, 0, 12]]);
        assert_eq!((left_out.recall, left_out.sure, left_out.sure_right), (1.0, 36, 36));
        let scores = learnt.scores(&Appearance::new(vec![0.0, 1.0, 0.0, 5.0, 0.0])).unwrap();
        assert!(scores[1].value() > 0.9, "{scores:?}");
        assert!((scores.iter().map(|score| score.value()).sum::<f32>() - 1.0).abs() < 1e-4);
        assert_eq!(learnt.scores(&Appearance::new(vec![1.0, 0.0])), None, "of another encoder");
        assert_eq!(learnt.scores(&Appearance::new(Vec::new())), None);
    }

    #[test]
    fn states_that_mingle_give_answers_that_are_not_sure() {
        let (clear, _) = teach(&named(2), &examples(2, 10, 0.1)).unwrap();
        let (mingled, left_out) = teach(&named(2), &examples(2, 10, 0.45)).unwrap();
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
        let (_, left_out) = teach(&named(2), &examples).unwrap();
        assert_eq!(left_out.recall, 0.0, "{left_out:?}");
    }

    #[test]
    fn what_cannot_be_learnt_is_named() {
        let too_few = |class: &str, things| Err(TeachError::TooFew { class: class.into(), things });
        assert_eq!(teach(&named(1), &examples(2, 6, 0.1)).map(|_| ()), Err(TeachError::Classes(1)));
        let mut some = examples(3, 6, 0.1);
        some.retain(|example| example.class != 1);
        assert_eq!(teach(&named(3), &some).map(|_| ()), too_few("covered", 0));
        some.retain(|example| example.class != 0 || example.thing.as_str() < "2");
        assert_eq!(teach(&named(3), &some).map(|_| ()), too_few("open", 2));
        let mut alike = examples(2, 4, 0.1);
        alike.iter_mut().for_each(|example| example.look = Appearance::new(vec![1.0, 0.0]));
        assert_eq!(teach(&named(2), &alike).map(|_| ()), Err(TeachError::Alike("open".into())));
    }
}
