//! Text that stands in a frame: where it lies, what it says and how sure the reader is. Never what it means: that is
//! for the rules of a matter.

use std::{fmt, sync::Arc};

use super::{BBox, FrameSpace, Point, Score};

/// Four corners, clockwise from the one at which the text begins. Need not be upright or a rectangle.
pub struct Quad<S>(pub [Point<S>; 4]);

impl<S> Quad<S> {
    /// Mean length of the two edges along the text.
    pub fn width(&self) -> f32 {
        let [a, b, c, d] = &self.0;
        (distance(*a, *b) + distance(*d, *c)) / 2.0
    }
    /// Mean length of the two edges across the text.
    pub fn height(&self) -> f32 {
        let [a, b, c, d] = &self.0;
        (distance(*a, *d) + distance(*b, *c)) / 2.0
    }
    /// The upright box around it.
    pub fn bbox(&self) -> BBox<S> {
        let fold =
            |pick: fn(&Point<S>) -> f32, best: fn(f32, f32) -> f32| self.0.iter().map(pick).reduce(best).unwrap_or(0.0);
        BBox::new(fold(|p| p.x, f32::min), fold(|p| p.y, f32::min), fold(|p| p.x, f32::max), fold(|p| p.y, f32::max))
    }
    /// The same corners, each mapped.
    pub fn map<T>(&self, map: impl FnMut(Point<S>) -> Point<T>) -> Quad<T> {
        Quad(self.0.map(map))
    }
    /// The same outline, with the text beginning `quarters` corners later: turned clockwise by as many quarters.
    #[must_use]
    pub fn turned(&self, quarters: usize) -> Self {
        let mut corners = self.0;
        corners.rotate_left(quarters % 4);
        Self(corners)
    }
}

impl<S> Clone for Quad<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for Quad<S> {}
impl<S> PartialEq for Quad<S> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<S> fmt::Debug for Quad<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|p| (p.x, p.y))).finish()
    }
}

fn distance<S>(a: Point<S>, b: Point<S>) -> f32 {
    (b.x - a.x).hypot(b.y - a.y)
}

/// One line of text in a frame.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// Where, in pixels of the frame.
    pub quad: Quad<FrameSpace>,
    /// What it says.
    pub text: Arc<str>,
    /// Mean likelihood of its characters.
    pub score: Score,
}
