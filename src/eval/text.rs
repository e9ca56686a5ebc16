//! Measures the reader of text: lines that are known to stand in a picture, found and read or not, by the height of
//! their letters; and what it reads on pictures that carry no such text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LeftOut, rounded};
use crate::{
    analysis::{ads, permit::is_permitted},
    domain::{
        AdRules, BBox, Detection, FrameSpace, Homography, PHONE_NUMBER, Point, Quad, ReadText, Sign, TextLine, ViewId,
        WallTime, phone,
    },
};

/// One line that stands in a picture.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextLabel {
    /// `small_ad`, `banner` or `sign`: what the whole should be taken for.
    pub kind: String,
    /// What it says.
    pub text: String,
    /// Height of its letters in pixels.
    pub letter_px: u32,
    /// Its corners, clockwise from where the text begins.
    pub quad: [[f32; 2]; 4],
}

/// Figures of the lines of one kind and height.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OfHeight {
    /// Lines that stand there.
    pub lines: u32,
    /// Lines of which something was read.
    pub found: u32,
    /// Lines read with every letter and digit right.
    pub exact: u32,
    /// Lines whose thing was taken for what it is.
    pub told: u32,
    /// Share of `exact`.
    pub exact_share: f64,
    /// Share of `told`.
    pub told_share: f64,
}

/// What was read on pictures without such text.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OnClean {
    /// Pictures.
    pub pictures: u32,
    /// Lines of any text.
    pub lines: u32,
    /// Telephone numbers that were believed, with their pictures.
    pub numbers: Vec<String>,
    /// Pictures with a small ad.
    pub small_ads: u32,
    /// Pictures with a banner.
    pub banners: u32,
}

/// The whole measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TextReport {
    /// Name of the finder.
    pub model: String,
    /// By kind, then by height in pixels.
    pub lines: BTreeMap<String, BTreeMap<u32, OfHeight>>,
    /// By kind: how many lines stand on what was taken for each class, or for nothing.
    pub called: BTreeMap<String, BTreeMap<String, u32>>,
    /// Lines whose thing was taken for something else, with their pictures and what it was taken for.
    pub mistold: Vec<String>,
    /// Things that the permit list took out, by what they had been taken for; `None` where there is none.
    pub permitted: Option<BTreeMap<String, u32>>,
    /// Numbers that stand nowhere in the labelled pictures, with their pictures.
    pub wrong_numbers: Vec<String>,
    /// Clean pictures.
    pub clean: Option<OnClean>,
    /// What could not be judged.
    pub left_out: Vec<LeftOut>,
}

/// What was read in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Width and height of the picture.
    pub size: [u32; 2],
    /// Its lines.
    pub lines: Vec<TextLine>,
}

/// What a read line must share with a labelled one to be of it.
const OVERLAP_MIN: f32 = 0.4;

impl TextReport {
    /// Judges a labelled picture.
    pub fn labelled(&mut self, name: &str, read: &Read, labels: &[TextLabel], rules: &AdRules) {
        let Read { size, lines } = read;
        let mut things = ads::detections(lines, size[0], rules);
        let mut lawful = Vec::new();
        if let Some(counts) = &mut self.permitted {
            let signs = permitted(labels, *size);
            (lawful, things) = things.into_iter().partition(|thing| may_stay(thing, &signs, *size));
            lawful.iter().for_each(|thing| *counts.entry(thing.class.to_string()).or_default() += 1);
        }
        for label in labels {
            let bbox = Quad::<FrameSpace>(label.quad.map(Point::from)).bbox();
            let near: Vec<&TextLine> = lines.iter().filter(|line| is_of(&line.quad.bbox(), &bbox)).collect();
            let covered = |thing: &Detection| bbox.covered_by(&thing.bbox) > 0.5;
            let may_stay = lawful.iter().any(&covered);
            let is_sign = *label.kind == *ads::SIGN;
            let told = may_stay && is_sign || things.iter().any(|thing| *thing.class == *label.kind && covered(thing));
            if !told {
                let taken = things.iter().filter(|thing| bbox.covered_by(&thing.bbox) > 0.1);
                let taken = taken.map(|thing| format!("{} {}", thing.class, thing.text.as_deref().unwrap_or("")));
                self.mistold.push(format!("{name}: {}: {}", label.text, taken.collect::<Vec<_>>().join("; ")));
            }
            let covers = |class: &&str| things.iter().any(|t| *t.class == **class && covered(t));
            let class = [ads::SMALL_AD, ads::BANNER, ads::SIGN].into_iter().find(covers);
            let class = class.unwrap_or(if may_stay { PERMITTED } else { "nothing" });
            *self.called.entry(label.kind.clone()).or_default().entry(class.to_owned()).or_default() += 1;
            let of = self.lines.entry(kind_of(label)).or_default().entry(label.letter_px).or_default();
            of.lines += 1;
            of.found += u32::from(!near.is_empty());
            of.exact += u32::from(near.iter().any(|line| plain(&line.text).contains(&plain(&label.text))));
            of.told += u32::from(told);
        }
        let standing: Vec<String> = labels.iter().flat_map(|label| digits(&label.text)).collect();
        let believed = believed(lines, rules).into_iter().filter(|number| !standing.contains(number));
        self.wrong_numbers.extend(believed.map(|number| format!("{name}: {number}")));
    }

    /// Judges a clean picture.
    pub fn clean(&mut self, name: &str, read: &Read, rules: &AdRules) {
        let Read { size, lines } = read;
        let things = ads::detections(lines, size[0], rules);
        let has = |class: &str| u32::from(things.iter().any(|thing| *thing.class == *class));
        let clean = self.clean.get_or_insert_default();
        clean.pictures += 1;
        clean.lines += u32::try_from(lines.len()).unwrap_or(u32::MAX);
        clean.small_ads += has(ads::SMALL_AD);
        clean.banners += has(ads::BANNER);
        clean.numbers.extend(believed(lines, rules).into_iter().map(|number| format!("{name}: {number}")));
    }

    /// Fills in the shares.
    pub fn finish(&mut self) {
        for of in self.lines.values_mut().flat_map(BTreeMap::values_mut) {
            let share = |part: u32| rounded(f64::from(part) / f64::from(of.lines.max(1)));
            (of.exact_share, of.told_share) = (share(of.exact), share(of.told));
        }
    }
}

/// What a thing is called that the permit list took out.
const PERMITTED: &str = "permitted";

/// The labelled signs of a picture, as a person would permit them on the view that shows it.
fn permitted(labels: &[TextLabel], [width, height]: [u32; 2]) -> Vec<Sign> {
    let (view, at) = (ViewId::derived(&[b"eval"]), WallTime::from_millis(0));
    let signs = labels.iter().filter(|label| *label.kind == *ads::SIGN);
    signs
        .map(|label| {
            let bbox = Quad::<FrameSpace>(label.quad.map(Point::from)).bbox();
            let bbox = Homography::IDENTITY.to_reference(&bbox, width, height);
            let text = ReadText::new(&label.text);
            let id = Sign::id_of(view, 1, &text, &bbox);
            Sign { id, view, reference: 1, text, bbox, read_at: at, permitted: Some(("eval".to_owned(), at)) }
        })
        .collect()
}

/// Whether the permit list lets a thing stay, by where it is and what was read on it.
fn may_stay(thing: &Detection, signs: &[Sign], [width, height]: [u32; 2]) -> bool {
    let Some(text) = thing.text.as_deref().filter(|_| *thing.class != *PHONE_NUMBER) else { return false };
    let bbox = Homography::IDENTITY.to_reference(&thing.bbox, width, height);
    is_permitted(signs, &ReadText::new(text), &bbox)
}

/// Services and numbers of a sticker are figures of their own.
fn kind_of(label: &TextLabel) -> String {
    let part = if digits(&label.text).is_empty() { "words" } else { "number" };
    format!("{}, {part}", label.kind)
}

fn is_of(line: &BBox<FrameSpace>, label: &BBox<FrameSpace>) -> bool {
    label.covered_by(line) >= OVERLAP_MIN || line.covered_by(label) > 0.6
}

/// Numbers in lines that are sure enough for the rules.
fn believed(lines: &[TextLine], rules: &AdRules) -> Vec<String> {
    lines.iter().filter(|line| line.score >= rules.number_score_min).flat_map(|line| digits(&line.text)).collect()
}

fn digits(text: &str) -> Vec<String> {
    phone::numbers(text).into_iter().map(|phone| phone.digits).collect()
}

/// Letters and digits alone: separators are nobody's business.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Score;

    fn line(text: &str, score: f32, [x0, y0, x1, y1]: [f32; 4]) -> TextLine {
        let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]].map(Point::from);
        TextLine { quad: Quad(corners), text: text.into(), score: Score::new(score).unwrap() }
    }

    fn rules() -> AdRules {
        let score = |value| Score::new(value).unwrap();
        AdRules {
            words: vec!["开锁".into()],
            word_score_min: score(0.7),
            number_score_min: score(0.9),
            small_width_max: 0.3,
            small_letter_max: 0.1,
            banner_ratio_min: 6.0,
            banner_length_min: 0.12,
            banner_characters_min: 6,
            slogans: vec!["庆祝".into()],
            banner_plain_characters_min: 11,
            name_ends: vec!["店".into()],
            sha256: String::new(),
        }
    }

    #[test]
    fn a_wrong_digit_is_found_and_not_exact_and_a_number_of_nobody_is_listed() {
        let label = |text: &str, y: f32| TextLabel {
            kind: "small_ad".into(),
            text: text.into(),
            letter_px: 16,
            quad: [[10.0, y], [100.0, y], [100.0, y + 16.0], [10.0, y + 16.0]],
        };
        let read = |lines: Vec<TextLine>| Read { size: [400, 200], lines };
        let labelled =
            [line("开 锁", 0.9, [10.0, 10.0, 98.0, 26.0]), line("13812345679", 0.95, [10.0, 30.0, 98.0, 46.0])];
        let mut report = TextReport::default();
        let labels = [label("开锁", 10.0), label("138-1234-5678", 30.0)];
        report.labelled("a.jpg", &read(labelled.to_vec()), &labels, &rules());
        report.clean("b.jpg", &read(vec![line("13812345678", 0.95, [10.0, 60.0, 90.0, 76.0])]), &rules());
        report.finish();
        let figures = |kind: &str| {
            let of = &report.lines[kind][&16];
            (of.lines, of.found, of.exact, of.told)
        };
        assert_eq!((figures("small_ad, words"), figures("small_ad, number")), ((1, 1, 1, 1), (1, 1, 0, 1)));
        assert_eq!(report.called["small_ad"]["small_ad"], 2, "{:?}", report.called);
        assert_eq!(report.wrong_numbers, ["a.jpg: 13812345679"]);
        assert_eq!(report.permitted, None);
        let clean = report.clean.unwrap();
        assert_eq!((clean.pictures, clean.small_ads, clean.numbers), (1, 1, vec!["b.jpg: 13812345678".to_owned()]));
    }

    #[test]
    fn a_sign_that_may_stay_is_no_small_ad_and_a_sticker_beside_it_still_is() {
        let label = |kind: &str, text: &str, y: f32| TextLabel {
            kind: kind.into(),
            text: text.into(),
            letter_px: 16,
            quad: [[10.0, y], [100.0, y], [100.0, y + 16.0], [10.0, y + 16.0]],
        };
        let labels = [label("sign", "好运开锁店", 10.0), label("small_ad", "开锁", 150.0)];
        let lines =
            [line("好运开锁店", 0.95, [10.0, 10.0, 98.0, 26.0]), line("开锁", 0.95, [10.0, 150.0, 98.0, 166.0])];
        for (list, of_sign, of_ad) in [(None, "small_ad", "small_ad"), (Some(BTreeMap::new()), "permitted", "small_ad")]
        {
            let mut report = TextReport { permitted: list.clone(), ..TextReport::default() };
            report.labelled("a.jpg", &Read { size: [400, 200], lines: lines.to_vec() }, &labels, &rules());
            let called = |kind: &str| report.called[kind].keys().next().unwrap().clone();
            assert_eq!((called("sign").as_str(), called("small_ad").as_str()), (of_sign, of_ad));
            let taken_out = report.permitted.map(|counts| counts.into_iter().collect::<Vec<_>>());
            assert_eq!(taken_out, list.map(|_| vec![("small_ad".to_owned(), 1)]));
        }
    }
}
