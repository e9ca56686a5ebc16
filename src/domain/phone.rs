//! Telephone numbers in a line of text: found by the lengths and beginnings of the Chinese numbering plan, never completed,
//! never guessed. Pure.
//!
//! Mobile: 11 digits from 13 to 19. Service: 400 or 800 and 7 digits. Fixed: an area code that begins with 0 and 7 or 8
//! digits. A local number without its area code is not told from a date or a price, so it is none.

use std::ops::Range;

/// A number as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Its digits alone.
    pub digits: String,
    /// The characters of the text that it covers, separators included.
    pub span: Range<usize>,
}

/// Digits that may be written between two groups of a number.
const SEPARATORS: &[char] = &[' ', '-', '–', '—', '－', '.', '·', '(', ')', '（', '）', '_'];

/// All numbers of a text, in order. Digits that belong to no whole number are left alone.
pub fn numbers(text: &str) -> Vec<Phone> {
    let characters: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for run in runs(&characters) {
        let mut from = 0;
        while from < run.len() {
            // The longest first: 086 and a number is one number.
            let whole = (from + 1..=run.len()).rev().find_map(|to| {
                let digits: String = run[from..to].iter().flat_map(|(_, group)| group.chars()).collect();
                Some((to, plain(&digits)?.to_owned()))
            });
            match whole {
                Some((to, digits)) => {
                    let (first, last) = (&run[from], &run[to - 1]);
                    found.push(Phone { digits, span: first.0..last.0 + last.1.chars().count() });
                    from = to;
                }
                None => from += 1,
            }
        }
    }
    found
}

/// The text with the middle of every number hidden: enough is left to tell two numbers apart by eye, too little to call.
pub fn masked(text: &str) -> String {
    let spans: Vec<Range<usize>> = numbers(text).into_iter().map(|phone| phone.span).collect();
    let mut kept = 0;
    let mut masked = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        let Some(span) = spans.iter().find(|span| span.contains(&at)) else {
            masked.push(character);
            continue;
        };
        if at == span.start {
            kept = 0;
        }
        let left = text.chars().take(span.end).skip(at).filter(|c| digit(*c).is_some()).count();
        let is_shown = digit(character).is_none() || kept < 3 || left <= 2;
        masked.push(if is_shown { character } else { '*' });
        kept += usize::from(digit(character).is_some());
    }
    masked
}

/// Groups of digits that only separators stand between, each with the place of its first character.
fn runs(characters: &[char]) -> Vec<Vec<(usize, String)>> {
    let mut runs: Vec<Vec<(usize, String)>> = Vec::new();
    let mut open = false;
    let mut in_group = false;
    for (at, character) in characters.iter().enumerate() {
        match digit(*character) {
            Some(digit) => {
                if !open {
                    runs.push(Vec::new());
                    (open, in_group) = (true, false);
                }
                if let Some(run) = runs.last_mut() {
                    match run.last_mut().filter(|_| in_group) {
                        Some((_, group)) => group.push(digit),
                        None => run.push((at, digit.to_string())),
                    }
                }
                in_group = true;
            }
            None => {
                in_group = false;
                open &= SEPARATORS.contains(character);
            }
        }
    }
    runs
}

/// The ASCII form of a digit, half or full width.
fn digit(character: char) -> Option<char> {
    let full = (character as u32).checked_sub('０' as u32).filter(|value| *value < 10);
    character.to_digit(10).or(full).and_then(|value| char::from_digit(value, 10))
}

/// The number without the country's code, where the digits are one whole number.
fn plain(digits: &str) -> Option<&str> {
    let local = digits.strip_prefix("86").filter(|rest| is_mobile(rest)).unwrap_or(digits);
    let is_service = local.len() == 10 && (local.starts_with("400") || local.starts_with("800"));
    (is_mobile(local) || is_service || is_fixed(local)).then_some(local)
}

fn is_mobile(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() == 11 && bytes[0] == b'1' && bytes[1] >= b'3'
}

/// 010 and 02x have three digits and 8 behind them, 03xx to 09xx four and 7 or 8.
fn is_fixed(digits: &str) -> bool {
    match digits.as_bytes() {
        [b'0', b'1', b'0', rest @ ..] | [b'0', b'2', _, rest @ ..] => rest.len() == 8 && rest[0] >= b'2',
        [b'0', b'3'..=b'9', _, _, rest @ ..] => matches!(rest.len(), 7 | 8) && rest[0] >= b'2',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits(text: &str) -> Vec<String> {
        numbers(text).into_iter().map(|phone| phone.digits).collect()
    }

    #[test]
    fn whole_numbers_are_found_with_their_separators() {
        for (text, want) in [
            ("开锁13812345678", vec!["13812345678"]),
            ("电话：138-1234-5678", vec!["13812345678"]),
            ("138 1234 5678 / 400-123-4567", vec!["13812345678", "4001234567"]),
            ("１３８１２３４５６７８", vec!["13812345678"]),
            ("+86 138 1234 5678", vec!["13812345678"]),
            ("(010)6234 5678", vec!["01062345678"]),
            ("0571-8765432", vec!["05718765432"]),
            ("13812345678 13987654321", vec!["13812345678", "13987654321"]),
            ("8008101234转2", vec!["8008101234"]),
        ] {
            assert_eq!(digits(text), want, "{text}");
        }
    }

    #[test]
    fn nothing_is_completed_or_cut_out_of_more_digits() {
        for text in [
            "1381234567",
            "138123456789",
            "12812345678",
            "2026-11-26",
            "110108199001011234",
            "99元",
            "87654321",
            "4001234",
            "0100234567",
            "138a12345678",
            "№ 20261126001",
            "",
        ] {
            assert_eq!(digits(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_masked_number_cannot_be_called() {
        assert_eq!(masked("开锁 138-1234-5678 上门"), "开锁 138-****-**78 上门");
        assert_eq!(masked("4001234567,13812345678"), "400*****67,138******78");
        assert_eq!(masked("八折优惠 2026"), "八折优惠 2026");
    }

    proptest! {
        #[test]
        fn any_text_gives_whole_numbers_and_is_masked(text in "[0-9０-９ a开锁.-]{0,40}") {
            for phone in numbers(&text) {
                prop_assert!((10..=12).contains(&phone.digits.len()) && phone.digits.bytes().all(|b| b.is_ascii_digit()));
            }
            let hidden = masked(&text);
            prop_assert_eq!(hidden.chars().count(), text.chars().count());
            let (shown, said) = (numbers(&hidden), numbers(&text));
            prop_assert!(said.iter().all(|phone| shown.iter().all(|other| other.digits != phone.digits)));
        }
    }
}
