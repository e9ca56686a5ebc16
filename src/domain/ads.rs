//! What a city calls a small ad or a banner: words and sizes, as data.

use super::Score;

/// How text is told apart. Shares are of the picture's width.
#[derive(Clone, Debug, PartialEq)]
pub struct AdRules {
    /// Words of services that small ads offer.
    pub words: Vec<String>,
    /// A word counts in a line that scores at least this.
    pub word_score_min: Score,
    /// A number counts in a line that scores at least this.
    pub number_score_min: Score,
    /// A small ad is at most so wide.
    pub small_width_max: f32,
    /// Its letters are at most so high.
    pub small_letter_max: f32,
    /// A banner is at least so many times longer than its letters are high.
    pub banner_ratio_min: f32,
    /// A banner is at least so long.
    pub banner_length_min: f32,
    /// A banner has at least so many Chinese characters.
    pub banner_characters_min: usize,
    /// Words of slogans: a long line with one is a banner, however it ends.
    pub slogans: Vec<String>,
    /// A long line without a word of a slogan is a banner from so many Chinese characters on.
    pub banner_plain_characters_min: usize,
    /// How names of shops and houses end: a long line that ends so is their sign.
    pub name_ends: Vec<String>,
    /// SHA-256 of the file that says so, lower-case hexadecimal.
    pub sha256: String,
}
