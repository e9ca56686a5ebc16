//! Which text may stay: a sign that a person permitted, told again by its place and by what it says. Pure; it permits
//! nothing by itself.

use crate::domain::{BBox, ReadText, ReferenceSpace, Sign, phone};

/// The smaller of the two boxes lies in the other one by at least this share: finders cut lines now a little wider, now
/// narrower, and put neighbours together.
const SHARED_MIN: f32 = 0.5;
/// Least likeness of the texts (1 less the Levenshtein distance a character, letters and digits alone): three misread
/// characters of ten are forgiven.
const LIKENESS_MIN: f64 = 0.7;

/// Whether what was read at `bbox` is one of the signs that may stay.
///
/// A telephone number that the sign does not show is never forgiven: one digit is another person.
pub fn is_permitted(signs: &[Sign], read: &ReadText, bbox: &BBox<ReferenceSpace>) -> bool {
    signs.iter().filter(|sign| sign.permitted.is_some()).any(|sign| {
        let shared = bbox.covered_by(&sign.bbox).max(sign.bbox.covered_by(bbox));
        shared >= SHARED_MIN && is_alike(&sign.text, read)
    })
}

/// Whether both say the same, as far as a reader can tell. A part of what the sign says is enough: something may stand
/// before the rest.
fn is_alike(sign: &ReadText, read: &ReadText) -> bool {
    let (known, seen) = (plain(sign), plain(read));
    if seen.is_empty() || !numbers(read).iter().all(|number| numbers(sign).contains(number)) {
        return false;
    }
    known.contains(&seen) || strsim::normalized_levenshtein(&known, &seen) >= LIKENESS_MIN
}

fn plain(text: &ReadText) -> String {
    text.reveal().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn numbers(text: &ReadText) -> Vec<String> {
    phone::numbers(text.reveal()).into_iter().map(|phone| phone.digits).collect()
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
    fn a_sign_read_again_is_the_same_one() {
        assert_eq!(sign("甲", true).id, sign("甲", false).id);
        assert_ne!(sign("甲", true).id, sign("乙", true).id);
    }
}
