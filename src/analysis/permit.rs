//! Which text may stay: a sign that a person permitted, told again by its place and by what it says. Pure; it permits
//! nothing by itself.

use crate::domain::{BBox, ReadText, ReferenceSpace, Sign, phone};

/// The smaller of the two boxes lies in the other one by at least this share: finders cut lines now a little wider, now
/// narrower, and put neighbours together.
const SHARED_MIN: f32 = 0.5;
/// Least likeness of the texts (1 less the Levenshtein distance a character, letters and digits alone): three misread
/// characters of ten are forgiven.
const LIKENESS_MIN: f64 = 0.7;

/// What is shorter than this many letters and digits is no text of its own: a reader makes them of cracks and ornaments.
const LINE_MIN: usize = 2;

/// Whether what was read at `bbox` is one of the signs that may stay, or made up of lines each of which is: a finder puts
/// the lines of two boards together one day and apart the next.
///
/// A telephone number that the sign does not show is never forgiven: one digit is another person.
pub fn is_permitted(signs: &[Sign], read: &ReadText, bbox: &BBox<ReferenceSpace>) -> bool {
    let shares = |sign: &&Sign| bbox.covered_by(&sign.bbox).max(sign.bbox.covered_by(bbox)) >= SHARED_MIN;
    let here: Vec<&Sign> = signs.iter().filter(|sign| sign.permitted.is_some()).filter(shares).collect();
    let is_said = |said: &str| here.iter().any(|sign| is_alike(sign.text.reveal(), said));
    let mut lines = read.lines().filter(|line| plain(line).chars().count() >= LINE_MIN).peekable();
    is_said(read.reveal()) || (lines.peek().is_some() && lines.all(is_said))
}

/// Whether both say the same, as far as a reader can tell. A part of what the sign says is enough: something may stand
/// before the rest.
fn is_alike(sign: &str, read: &str) -> bool {
    let (known, seen) = (plain(sign), plain(read));
    if seen.is_empty() || !numbers(read).iter().all(|number| numbers(sign).contains(number)) {
        return false;
    }
    known.contains(&seen) || strsim::normalized_levenshtein(&known, &seen) >= LIKENESS_MIN
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn numbers(text: &str) -> Vec<String> {
    phone::numbers(text).into_iter().map(|phone| phone.digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ViewId, WallTime};

    fn sign(text: &str, permitted: bool) -> Sign {
        let (view, text, bbox) = (ViewId::derived(&[b"v"]), ReadText::new(text), BBox::from([0.2_f32, 0.1, 0.6, 0.2]));
        let at = WallTime::from_millis(0);
        let id = Sign::id_of(view, 1, &text, &bbox);
        Sign { id, view, reference: 1, text, bbox, read_at: at, permitted: permitted.then(|| ("王".to_owned(), at)) }
    }

    fn may_stay(sign: &Sign, read: &str, bbox: [f32; 4]) -> bool {
        is_permitted(std::slice::from_ref(sign), &ReadText::new(read), &BBox::from(bbox))
    }

    #[test]
    fn a_sign_is_told_again_by_its_place_and_by_what_it_says() {
        let shop = sign("好又多生活超市 电话 13812345678", true);
        let here = [0.21, 0.1, 0.62, 0.21];
        for (read, bbox, may) in [
            ("好又多生活超市电话13812345678", here, true),
            ("好叉多生活超市 电话 138-1234-5678", here, true),
            ("生活超市", [0.4, 0.1, 0.6, 0.2], true),
            ("好又多生活超市 电话 13812345679", here, false),
            ("好又多生活超市", [0.7, 0.1, 0.9, 0.2], false),
            ("热烈庆祝隆重开业", here, false),
            ("——", here, false),
        ] {
            assert_eq!(may_stay(&shop, read, bbox), may, "{read}");
        }
        assert!(!may_stay(&sign("好又多生活超市", false), "好又多生活超市", here), "nobody permitted it");
    }

    #[test]
    fn lines_that_may_stay_may_stay_together() {
        let at = |text: &str, bbox: [f32; 4]| Sign { bbox: BBox::from(bbox), ..sign(text, true) };
        let boards = [at("诚信房产中介", [0.2, 0.1, 0.6, 0.2]), at("电话 139 3034 2314", [0.3, 0.22, 0.5, 0.3])];
        let both = BBox::from([0.2_f32, 0.1, 0.6, 0.3]);
        for (read, may) in [
            ("诚信房产中介 / 电话13930342314", true),
            ("诚信房产中介 / 电话13930342314 / E", true),
            ("诚信房产中介 / 电话13930342315", false),
            ("诚信房产中介 / 专业开锁", false),
            ("E / -", false),
        ] {
            assert_eq!(is_permitted(&boards, &ReadText::new(read), &both), may, "{read}");
        }
        let elsewhere = BBox::from([0.2_f32, 0.6, 0.6, 0.8]);
        assert!(!is_permitted(&boards, &ReadText::new("诚信房产中介 / 电话13930342314"), &elsewhere));
    }

    #[test]
    fn a_sign_read_again_is_the_same_one() {
        assert_eq!(sign("甲", true).id, sign("甲", false).id);
        assert_ne!(sign("甲", true).id, sign("乙", true).id);
    }
}
