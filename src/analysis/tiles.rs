//! Parts of a picture that is too large for one run of a graph: they overlap, and each answers for its own share. Pure.

use std::ops::Range;

/// One part of a picture along one axis, in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// What is looked at.
    pub looked_at: Range<usize>,
    /// What of it counts: the stretches' own shares lie side by side.
    pub counts: Range<usize>,
}

/// Parts of an axis of `side` pixels, at most `largest` each, neighbours overlapping by at least `overlap`, all of one length.
///
/// In the middle of an overlap one part's share ends and the next one's begins, so what counts has been seen with at
/// least half of the overlap around it.
pub fn stretches(side: usize, largest: usize, overlap: usize) -> Vec<Stretch> {
    let (largest, overlap) = (largest.max(1), overlap.min(largest.saturating_sub(1)));
    if side <= largest {
        return vec![Stretch { looked_at: 0..side, counts: 0..side }];
    }
    let count = (side - overlap).div_ceil(largest - overlap);
    let length = (side + (count - 1) * overlap).div_ceil(count);
    let begins: Vec<usize> = (0..count).map(|i| i * (side - length) / (count - 1)).collect();
    let border = |i: usize| (begins[i - 1] + length).midpoint(begins[i]);
    let one = |i: usize| {
        let from = if i == 0 { 0 } else { border(i) };
        let to = if i + 1 == count { side } else { border(i + 1) };
        Stretch { looked_at: begins[i]..begins[i] + length, counts: from..to }
    };
    (0..count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_side_is_one_part_and_a_large_one_is_shared_evenly() {
        assert_eq!(stretches(768, 1280, 128), [Stretch { looked_at: 0..768, counts: 0..768 }]);
        let two = stretches(1920, 1280, 128);
        assert_eq!(two.iter().map(|s| s.looked_at.clone()).collect::<Vec<_>>(), [0..1024, 896..1920]);
        assert_eq!(two.iter().map(|s| s.counts.clone()).collect::<Vec<_>>(), [0..960, 960..1920]);
    }

    proptest! {
        #[test]
        fn shares_cover_the_side_once_and_lie_inside_of_what_is_looked_at(
            side in 1_usize..30_000, largest in 1_usize..2_000, overlap in 0_usize..300,
        ) {
            let parts = stretches(side, largest, overlap);
            prop_assert_eq!((parts[0].counts.start, parts[parts.len() - 1].counts.end), (0, side));
            prop_assert!(parts.windows(2).all(|pair| pair[0].counts.end == pair[1].counts.start));
            for part in &parts {
                prop_assert!(part.looked_at.len() <= largest && part.looked_at.end <= side);
                prop_assert!(part.looked_at.start <= part.counts.start && part.counts.end <= part.looked_at.end);
            }
            let overlap = overlap.min(largest - 1);
            prop_assert!(parts.windows(2).all(|pair| pair[0].looked_at.end - pair[1].looked_at.start >= overlap));
        }
    }
}
