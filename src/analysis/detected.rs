//! What decoders hand to suppression: a box with a class number and a score, in the space that its type names.
//! Pure; class names come later, from the model's manifest.

use std::{cmp::Ordering, fmt};

use crate::domain::{BBox, Score, TensorSpace};

/// A box with a class number and a score.
pub struct Scored<S> {
    /// Index into the model's list of classes.
    pub class: usize,
    /// The model's confidence.
    pub score: Score,
    /// Where.
    pub bbox: BBox<S>,
}

/// A decoder's answer, in pixels of the input tensor.
pub type RawDetection = Scored<TensorSpace>;

impl<S> Scored<S> {
    /// Total order: best score first, then class, then place. Two runs over the same boxes agree whatever the order
    /// in which they came.
    pub fn best_first(a: &Self, b: &Self) -> Ordering {
        let place = || {
            let pairs = a.bbox.to_array().into_iter().zip(b.bbox.to_array());
            pairs.map(|(x, y)| x.total_cmp(&y)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        };
        b.score.cmp(&a.score).then(a.class.cmp(&b.class)).then_with(place)
    }
    /// The same with its box mapped to another space.
    pub fn map<T>(self, map: impl FnOnce(BBox<S>) -> BBox<T>) -> Scored<T> {
        Scored { class: self.class, score: self.score, bbox: map(self.bbox) }
    }
}
impl<S> Clone for Scored<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Scored<S> {}
impl<S> PartialEq for Scored<S> {
    fn eq(&self, other: &Self) -> bool {
        (self.class, self.score, self.bbox.to_array()) == (other.class, other.score, other.bbox.to_array())
    }
}
impl<S> fmt::Debug for Scored<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {:?}", self.class, self.score, self.bbox.to_array())
    }
}
