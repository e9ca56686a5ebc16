//! `ads.toml` of a city: the words and sizes by which text in a street is told apart. Reads no file itself.

use serde::Deserialize;

use super::{
    TextFile,
    fault::{Checker, Fault},
};
use crate::domain::{AdRules, Score};

/// The file as written. Every key is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawAds {
    /// What small ads are told by.
    small_ad: RawSmallAd,
    /// What banners are told by.
    banner: RawBanner,
    /// What lawful signs are told by.
    sign: RawSign,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSmallAd {
    /// Words of the services that small ads offer, two characters or more.
    words: Vec<String>,
    /// Least score of a line in which a word counts.
    word_score_min: Option<f32>,
    /// Least score of a line in which a telephone number counts.
    number_score_min: Option<f32>,
    /// Largest width, as a share of the picture's width.
    width_share_max: Option<f32>,
    /// Largest height of letters, as a share of the picture's width.
    letter_share_max: Option<f32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBanner {
    /// Least length, in heights of the letters.
    ratio_min: Option<f32>,
    /// Least length, as a share of the picture's width.
    length_share_min: Option<f32>,
    /// Least number of Chinese characters.
    characters_min: Option<u32>,
    /// Words of slogans, two characters or more.
    words: Vec<String>,
    /// Least number of Chinese characters without any of these words.
    plain_characters_min: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSign {
    /// How names of shops and houses end.
    name_ends: Vec<String>,
}

/// Checks the file; what is wrong goes to `faults`.
pub(super) fn check(file: &TextFile, faults: &mut Vec<Fault>) -> AdRules {
    let mut check = Checker::new(&file.name, faults);
    let RawAds { small_ad, banner, sign } = check.toml(&file.text);
    for (key, words, characters_min) in [
        ("small_ad.words", &small_ad.words, 2),
        ("banner.words", &banner.words, 2),
        ("sign.name_ends", &sign.name_ends, 1),
    ] {
        let short = words.iter().find(|word| word.trim().chars().count() < characters_min);
        if words.is_empty() || short.is_some() {
            let got = short.map_or("nothing", String::as_str);
            check.fault(key, got, format!("words of {characters_min} characters or more, at least one"));
        }
    }
    let share = 0.001..=1.0;
    AdRules {
        words: small_ad.words,
        word_score_min: score("small_ad.word_score_min", small_ad.word_score_min, &mut check),
        number_score_min: score("small_ad.number_score_min", small_ad.number_score_min, &mut check),
        small_width_max: check.number("small_ad.width_share_max", small_ad.width_share_max, share.clone(), "a share"),
        small_letter_max: check.number(
            "small_ad.letter_share_max",
            small_ad.letter_share_max,
            share.clone(),
            "a share",
        ),
        banner_ratio_min: check.number("banner.ratio_min", banner.ratio_min, 1.0..=100.0, "heights"),
        banner_length_min: check.number("banner.length_share_min", banner.length_share_min, share, "a share"),
        banner_characters_min: check.number("banner.characters_min", banner.characters_min, 1..=200, "characters")
            as usize,
        banner_plain_characters_min: check.number(
            "banner.plain_characters_min",
            banner.plain_characters_min,
            1..=200,
            "characters",
        ) as usize,
        slogans: banner.words,
        name_ends: sign.name_ends,
        sha256: super::sha256_of(file.text.as_bytes()),
    }
}

fn score(key: &str, value: Option<f32>, check: &mut Checker<'_>) -> Score {
    Score::new(check.number(key, value, 0.01..=1.0, "a score")).unwrap_or(Score::ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> (AdRules, Vec<String>) {
        let mut faults = Vec::new();
        let file = TextFile { name: "city/example/ads.toml".into(), text: text.into() };
        let rules = check(&file, &mut faults);
        (rules, faults.into_iter().map(|fault| fault.key).collect())
    }

    #[test]
    fn the_example_is_taken_and_every_fault_is_named() {
        let example = include_str!("../../city/example/ads.toml");
        let (rules, faults) = checked(example);
        assert!(faults.is_empty() && rules.words.iter().any(|word| word == "开锁"), "{faults:?}");
        let (_, faults) =
            checked(&example.replace("ratio_min", "ratio_mx").replace("word_score_min = 0.", "word_score_min = 7."));
        for key in ["small_ad.word_score_min", "banner.ratio_min"] {
            assert!(faults.iter().any(|fault| fault == key), "{key} is missing in {faults:?}");
        }
        let nothing = checked("").1;
        for key in ["small_ad.words", "banner.words", "banner.plain_characters_min", "sign.name_ends"] {
            assert!(nothing.iter().any(|fault| fault == key), "{key} is missing in {nothing:?}");
        }
    }
}
