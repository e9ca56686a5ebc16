//! Text that stands in a frame: where it lies, what it says and how sure the reader is. Never what it means: that is
//! for the rules of a matter.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};

use super::{BBox, FrameSpace, PlateNumber, Point, Score, phone};

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

/// What was read on a thing: lines of an ad, or the number of a plate. May hold personal data, so it shows and
/// serialises itself masked; whoever needs all of it asks for it by name, and the service writes down who did.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct ReadText(Arc<str>);

/// Stands between the lines that were read on one thing.
pub const BETWEEN_LINES: &str = " / ";
/// Stands between stickers that were put side by side and are one thing.
pub const BETWEEN_STICKERS: &str = " | ";
/// Characters that are kept of what was read on one thing.
const READ_CHARS_MAX: usize = 400;

impl ReadText {
    /// Takes a text, cut to its first 400 characters.
    pub fn new(text: &str) -> Self {
        Self(text.chars().take(READ_CHARS_MAX).collect::<String>().into())
    }
    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split(BETWEEN_STICKERS).flat_map(|sticker| sticker.split(BETWEEN_LINES))
    }
    /// All of it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
    /// With the middle of every telephone number, and of a plate's number that is all of it, hidden.
    pub fn masked(&self) -> String {
        self.0.parse::<PlateNumber>().map_or_else(|_| phone::masked(&self.0), |number| number.masked())
    }
    /// Whether something of it is hidden.
    pub fn hides(&self) -> bool {
        self.masked() != *self.0
    }
}

impl From<String> for ReadText {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}
impl fmt::Display for ReadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}
impl fmt::Debug for ReadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.masked())
    }
}
impl Serialize for ReadText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_shows_itself_masked_and_whole_to_who_asks() {
        for (text, masked) in [
            ("专业开锁 / 138-1234-5678", "专业开锁 / 138-****-**78"),
            ("川A12345", "川A****5"),
            ("百货商店", "百货商店"),
        ] {
            let read = ReadText::new(text);
            assert_eq!((read.masked().as_str(), read.reveal()), (masked, text));
            assert_eq!(format!("{read} {read:?}"), format!("{masked} {masked:?}"));
            assert_eq!(serde_json::to_value(&read).unwrap(), masked);
            assert_eq!(read.hides(), text != masked);
        }
        assert_eq!(ReadText::new(&"字".repeat(1000)).reveal().chars().count(), 400);
    }
}
