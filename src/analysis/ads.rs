//! What text in a street is: a small ad, a banner, or any other sign. Pure; the words and sizes are the city's data. It
//! never decides whether a text is allowed: that is for zones and the list of permitted texts.

use std::sync::Arc;

use crate::domain::{
    AdRules, BBox, BETWEEN_LINES, BETWEEN_STICKERS, Detection, FrameSpace, PHONE_NUMBER, Score, TextLine, phone,
};

/// Class of a sticker, a stamp or a leaf that offers something: a number to call, or the words of such services.
pub const SMALL_AD: &str = "small_ad";
/// Class of a long text that is strung across or hangs down.
pub const BANNER: &str = "banner";
/// Class of any other text.
pub const SIGN: &str = "sign";
/// All of them.
pub const CLASSES: [&str; 4] = [SMALL_AD, BANNER, SIGN, PHONE_NUMBER];

/// What the lines of a picture of `width` pixels are, best first.
///
/// Scores order the evidence, they are no likelihoods: a small ad scores what its surest number or word does, less without
/// both; banner and sign score what their text does.
pub fn detections(lines: &[TextLine], width: u32, rules: &AdRules) -> Vec<Detection> {
    let mut found = Vec::new();
    let (mut evident, mut others): (Vec<Evident<'_>>, Vec<&TextLine>) = (Vec::new(), Vec::new());
    for line in lines {
        match evidence(rules, line, width) {
            _ if is_banner(rules, line, width) => {
                found.push(detection(BANNER, line.score, line.quad.bbox(), &line.text));
            }
            Some(evidence) => evident.push(Evident { line, evidence }),
            None => others.push(line),
        }
    }
    let mut ads = Vec::new();
    for group in joined(&evident, |a, b| are_near(a.line, b.line)) {
        if is_board(rules, &group, &others) {
            let board: Vec<&TextLine> = group.iter().map(|one| one.line).collect();
            let score = board.iter().map(|line| line.score).max().unwrap_or(Score::ZERO);
            found.push(detection(SIGN, score, around(&board), &text_of(board)));
            continue;
        }
        let mut patch: Vec<&TextLine> = group.iter().map(|one| one.line).collect();
        // The rest of what the sticker says: lines beside the evidence, as far as it stays small.
        let bbox = around(&patch);
        let is_part = |other: &&TextLine| {
            let width_with = bbox.union(&other.quad.bbox()).width();
            width_with <= rules.small_width_max * width as f32 && group.iter().any(|one| are_near(one.line, other))
        };
        patch.extend(others.extract_if(.., |other| is_part(other)));
        if let Some(score) = score_of(&group) {
            ads.push(detection(SMALL_AD, score, around(&patch), &text_of(patch)));
        }
    }
    for sign in joined(&others, |a, b| are_near(a, b)) {
        let sign: Vec<&TextLine> = sign.into_iter().copied().collect();
        let score = sign.iter().map(|line| line.score).max().unwrap_or(Score::ZERO);
        found.push(detection(SIGN, score, around(&sign), &text_of(sign)));
    }
    found.append(&mut clusters(&ads));
    let numbered = lines.iter().filter(|line| !phone::numbers(&line.text).is_empty());
    found.extend(numbered.map(|line| detection(PHONE_NUMBER, line.score, line.quad.bbox(), &line.text)));
    found.sort_by_key(|detection| std::cmp::Reverse(detection.score));
    found
}

fn detection(class: &str, score: Score, bbox: BBox<FrameSpace>, text: &str) -> Detection {
    Detection { class: class.into(), score, bbox, text: Some(Arc::from(text)) }
}

fn is_banner(rules: &AdRules, line: &TextLine, width: u32) -> bool {
    let (along, across) = (line.quad.width().max(line.quad.height()), line.quad.width().min(line.quad.height()));
    // Chinese characters alone: foreign signs are misread into long rows of letters, and a long number is no slogan.
    let characters = line.text.chars().filter(is_chinese).count();
    let is_long = along >= rules.banner_ratio_min * across
        && along >= rules.banner_length_min * width as f32
        && characters >= rules.banner_characters_min;
    let is_said =
        holds(&rules.slogans, line) || (characters >= rules.banner_plain_characters_min && !is_name(rules, line));
    is_long && is_said
}

/// Whether the line ends as names of shops and houses do, what is not Chinese left out.
fn is_name(rules: &AdRules, line: &TextLine) -> bool {
    let chinese: String = line.text.chars().filter(is_chinese).collect();
    rules.name_ends.iter().any(|end| chinese.ends_with(end.as_str()) && chinese.len() > end.len())
}

fn holds(words: &[String], line: &TextLine) -> bool {
    let dense: String = line.text.chars().filter(|c| !c.is_whitespace()).collect();
    words.iter().any(|word| dense.contains(word.as_str()))
}

fn is_chinese(character: &char) -> bool {
    matches!(character, '\u{4e00}'..='\u{9fff}')
}

/// What speaks for a small ad.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Evidence {
    /// A telephone number.
    Number,
    /// The word of a service.
    Word,
    /// Both in one line.
    Both,
}

/// A line that speaks for a small ad.
struct Evident<'a> {
    line: &'a TextLine,
    evidence: Evidence,
}

/// `None` for a line that says nothing of the kind, is doubtful, or is too large for a sticker.
fn evidence(rules: &AdRules, line: &TextLine, width: u32) -> Option<Evidence> {
    let width = width as f32;
    if line.quad.bbox().width() > rules.small_width_max * width || letter(line) > rules.small_letter_max * width {
        return None;
    }
    let has_number = line.score >= rules.number_score_min && !phone::numbers(&line.text).is_empty();
    let has_word = line.score >= rules.word_score_min && holds(&rules.words, line);
    match (has_number, has_word) {
        (true, true) => Some(Evidence::Both),
        (true, false) => Some(Evidence::Number),
        (false, true) => Some(Evidence::Word),
        (false, false) => None,
    }
}

/// Whether a group is the number to call on a shop's own board: it offers no service, and a shop's name stands on it or
/// beside it in letters that are no smaller.
fn is_board(rules: &AdRules, group: &[&Evident<'_>], others: &[&TextLine]) -> bool {
    let names = |number: &TextLine| {
        let near = others.iter().filter(|other| letter(other) >= letter(number) && are_near(number, other));
        near.copied().any(|other| is_name(rules, other))
    };
    group.iter().all(|one| one.evidence == Evidence::Number)
        && group.iter().any(|one| is_name(rules, one.line) || names(one.line))
}

/// The score of a group of evident lines.
fn score_of(group: &[&Evident<'_>]) -> Option<Score> {
    /// A number without a word may be a shop's or a notice's, a word without a number a shop's sign.
    const NUMBER_ALONE: f32 = 0.85;
    const WORD_ALONE: f32 = 0.6;
    let best = |without: Evidence| group.iter().filter(|one| one.evidence != without).map(|one| one.line.score).max();
    match (best(Evidence::Word), best(Evidence::Number)) {
        (Some(number), Some(word)) => Some(number.max(word)),
        (Some(number), None) => Score::new(number.value() * NUMBER_ALONE).ok(),
        (None, Some(word)) => Score::new(word.value() * WORD_ALONE).ok(),
        (None, None) => None,
    }
}

/// Lines of one patch are at most so far apart, in heights of the higher letters.
const PATCH_GAP_HEIGHTS: f32 = 0.9;
/// Letters of one patch differ by at most this factor.
const PATCH_LETTERS_FACTOR: f32 = 3.0;

/// Whether two lines stand so close together that they are on one thing.
fn are_near(a: &TextLine, b: &TextLine) -> bool {
    let (small, large) = (letter(a).min(letter(b)), letter(a).max(letter(b)));
    small * PATCH_LETTERS_FACTOR >= large && gap(&a.quad.bbox(), &b.quad.bbox()) <= PATCH_GAP_HEIGHTS * large
}

/// Height of a line's letters, whichever way it runs.
fn letter(line: &TextLine) -> f32 {
    line.quad.height().min(line.quad.width())
}

/// The lines from top to bottom.
fn text_of(mut lines: Vec<&TextLine>) -> String {
    lines.sort_by(|a, b| a.quad.bbox().y0().total_cmp(&b.quad.bbox().y0()));
    lines.iter().map(|line| &*line.text).collect::<Vec<_>>().join(BETWEEN_LINES)
}

/// Stickers that were put side by side are one thing to remove: a cluster has the box around all and the best score.
fn clusters(ads: &[Detection]) -> Vec<Detection> {
    /// Gap of two stickers in heights of the smaller one.
    const GAP_HEIGHTS: f32 = 1.0;
    let near =
        |a: &Detection, b: &Detection| gap(&a.bbox, &b.bbox) <= GAP_HEIGHTS * a.bbox.height().min(b.bbox.height());
    let merged = joined(ads, near).into_iter().filter_map(|cluster| {
        let mut cluster: Vec<&Detection> = cluster;
        cluster.sort_by_key(|ad| std::cmp::Reverse(ad.score));
        let first = *cluster.first()?;
        let bbox = cluster.iter().fold(first.bbox, |bbox, ad| bbox.union(&ad.bbox));
        let text = cluster.iter().filter_map(|ad| ad.text.as_deref()).collect::<Vec<_>>().join(BETWEEN_STICKERS);
        Some(detection(SMALL_AD, first.score, bbox, &text))
    });
    merged.collect()
}

/// The members of `all` in groups that are connected by `near`, in order of their first members.
fn joined<T>(all: &[T], near: impl Fn(&T, &T) -> bool) -> Vec<Vec<&T>> {
    let mut group: Vec<usize> = (0..all.len()).collect();
    for i in 0..all.len() {
        for j in 0..i {
            if near(&all[i], &all[j]) && group[i] != group[j] {
                let (from, to) = (group[i].max(group[j]), group[i].min(group[j]));
                group.iter_mut().filter(|member| **member == from).for_each(|member| *member = to);
            }
        }
    }
    let mut groups: Vec<Vec<&T>> = (0..all.len()).map(|_| Vec::new()).collect();
    for (one, to) in all.iter().zip(group) {
        groups[to].push(one);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn around(lines: &[&TextLine]) -> BBox<FrameSpace> {
    let boxes = lines.iter().map(|line| line.quad.bbox());
    boxes.reduce(|a, b| a.union(&b)).unwrap_or_else(|| BBox::new(0.0, 0.0, 0.0, 0.0))
}

fn gap(a: &BBox<FrameSpace>, b: &BBox<FrameSpace>) -> f32 {
    let apart = |a0: f32, a1: f32, b0: f32, b1: f32| (b0 - a1).max(a0 - b1).max(0.0);
    apart(a.x0(), a.x1(), b.x0(), b.x1()).max(apart(a.y0(), a.y1(), b.y0(), b.y1()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::lines::tests::text;

    fn rules() -> AdRules {
        AdRules {
            words: ["开锁", "疏通"].map(str::to_owned).to_vec(),
            word_score_min: Score::new(0.7).unwrap(),
            number_score_min: Score::new(0.85).unwrap(),
            small_width_max: 0.25,
            small_letter_max: 0.05,
            banner_ratio_min: 6.0,
            banner_length_min: 0.12,
            banner_characters_min: 6,
            slogans: vec!["庆祝".into()],
            banner_plain_characters_min: 11,
            name_ends: vec!["店".into(), "公司".into()],
            sha256: String::new(),
        }
    }

    fn found(lines: &[TextLine]) -> Vec<(String, f32, [f32; 4])> {
        let found = detections(lines, 1000, &rules());
        found.into_iter().map(|d| (d.class.to_string(), d.score.value(), d.bbox.to_array())).collect()
    }

    #[test]
    fn a_word_and_a_number_on_one_patch_are_one_small_ad_and_its_number_is_marked() {
        let lines = [
            text("专业 开锁", 0.9, [100.0, 100.0, 180.0, 120.0]),
            text("138-1234-5678", 0.95, [100.0, 126.0, 190.0, 144.0]),
        ];
        let number = ("phone_number".to_owned(), 0.95, [100.0, 126.0, 190.0, 144.0]);
        assert_eq!(found(&lines), [("small_ad".to_owned(), 0.95, [100.0, 100.0, 190.0, 144.0]), number]);
        let ad = &detections(&lines, 1000, &rules())[0];
        assert_eq!(ad.text.as_deref(), Some("专业 开锁 / 138-1234-5678"));
    }

    #[test]
    fn stickers_side_by_side_are_one_and_a_far_one_is_another() {
        let at = |x: f32| text("疏通13812345678", 0.9, [x, 100.0, x + 80.0, 116.0]);
        let ads: Vec<_> = found(&[at(100.0), at(195.0), at(700.0)]).into_iter().filter(|d| d.0 == SMALL_AD).collect();
        assert_eq!(
            ads.iter().map(|d| d.2).collect::<Vec<_>>(),
            [[100.0, 100.0, 275.0, 116.0], [700.0, 100.0, 780.0, 116.0]]
        );
    }

    #[test]
    fn a_sign_beside_a_sticker_does_not_make_it_large() {
        let lines = [
            text("开锁", 0.95, [100.0, 100.0, 140.0, 120.0]),
            text("13812345678", 0.95, [100.0, 126.0, 190.0, 144.0]),
            text("上门服务", 0.9, [100.0, 80.0, 180.0, 98.0]),
            text("百货商店", 0.9, [196.0, 96.0, 420.0, 140.0]),
        ];
        let found = found(&lines);
        let of = |class: &str| found.iter().find(|d| d.0 == class).map(|d| d.2);
        assert_eq!(of(SMALL_AD), Some([100.0, 80.0, 190.0, 144.0]));
        assert_eq!(of(SIGN), Some([196.0, 96.0, 420.0, 140.0]));
    }

    #[test]
    fn what_is_large_doubtful_or_says_nothing_of_the_kind_is_a_sign() {
        for (said, score, bbox) in [
            ("开锁", 0.95, [100.0, 100.0, 240.0, 180.0]),
            ("开锁", 0.6, [100.0, 100.0, 140.0, 120.0]),
            ("13812345678", 0.8, [100.0, 100.0, 180.0, 120.0]),
            ("1381234567", 0.99, [100.0, 100.0, 180.0, 120.0]),
            ("药店", 0.99, [100.0, 100.0, 140.0, 120.0]),
        ] {
            let classes: Vec<_> = found(&[text(said, score, bbox)]).into_iter().map(|d| d.0).collect();
            assert_eq!(classes[0], SIGN, "{said} {score}: {classes:?}");
        }
    }

    #[test]
    fn a_long_line_is_a_banner_and_a_long_number_is_none() {
        let long = [100.0, 50.0, 500.0, 90.0];
        assert_eq!(found(&[text("热烈庆祝本店开业", 0.9, long)])[0].0, BANNER);
        let hanging = [100.0, 50.0, 140.0, 450.0];
        assert_eq!(found(&[text("热烈庆祝本店开业", 0.9, hanging)])[0].0, BANNER);
        assert_eq!(found(&[text("热烈庆祝", 0.9, long)])[0].0, SIGN);
        assert_eq!(found(&[text("PECTOPAH GRAND CAFE", 0.9, long)])[0].0, SIGN);
        assert!(found(&[text("13812345678", 0.9, long)]).iter().all(|d| d.0 != BANNER));
    }

    #[test]
    fn a_long_name_of_a_shop_is_a_sign_and_a_slogan_is_a_banner_whatever_it_ends_with() {
        let long = [100.0, 50.0, 500.0, 90.0];
        for (said, class) in [
            ("东方红体育用品专卖店", SIGN),
            ("东方红体育用品股份有限公司 DFH SPORT", SIGN),
            ("东方红体育用品批零", SIGN),
            ("东方红体育用品批发零售欢", BANNER),
            ("热烈庆祝东方红体育用品专卖店", BANNER),
        ] {
            assert_eq!(found(&[text(said, 0.9, long)])[0].0, class, "{said}");
        }
    }

    #[test]
    fn a_number_on_a_shops_board_is_the_shops_and_one_that_offers_a_service_is_an_ad() {
        let number = text("电话 13812345678", 0.95, [120.0, 92.0, 280.0, 108.0]);
        let classes = |name: &str, bbox| {
            let found = found(&[text(name, 0.95, bbox), number.clone()]);
            found.into_iter().map(|d| d.0).collect::<Vec<_>>()
        };
        let board = [100.0, 60.0, 300.0, 88.0];
        assert!(!classes("王记体育用品店", board).contains(&SMALL_AD.to_owned()));
        assert!(classes("王记开锁店", board).contains(&SMALL_AD.to_owned()), "the service is offered");
        assert!(classes("王记体育用品", board).contains(&SMALL_AD.to_owned()), "no name of a shop");
        assert!(classes("王记体育用品店", [100.0, 10.0, 300.0, 38.0]).contains(&SMALL_AD.to_owned()), "elsewhere");
    }
}
