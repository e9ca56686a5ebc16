//! Whether a score means what it says: of the detections that score about 0.8, eight of ten should be right.

use serde::Serialize;

/// Bins of equal width over 0..=1.
pub const BINS: usize = 10;

/// Detections whose scores lie in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// Lower edge.
    pub from: f64,
    /// Upper edge.
    pub to: f64,
    /// Detections.
    pub count: usize,
    /// Mean score.
    pub confidence: f64,
    /// Share that was right.
    pub right: f64,
}

/// The reliability diagram.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// All bins, empty ones too.
    pub bins: Vec<Bin>,
    /// Expected calibration error: |right - confidence|, weighted by the bins' counts. `None` without detections.
    pub ece: Option<f64>,
}

/// From scores and whether each was right.
pub fn calibration(judged: &[(f32, bool)]) -> Calibration {
    let mut sums = [(0_usize, 0.0_f64, 0_usize); BINS];
    for &(score, right) in judged {
        let bin = ((f64::from(score) * BINS as f64) as usize).min(BINS - 1);
        sums[bin].0 += 1;
        sums[bin].1 += f64::from(score);
        sums[bin].2 += usize::from(right);
    }
    let bins: Vec<Bin> = (sums.iter().enumerate())
        .map(|(index, &(count, score, right))| Bin {
            from: index as f64 / BINS as f64,
            to: (index + 1) as f64 / BINS as f64,
            count,
            confidence: if count > 0 { score / count as f64 } else { 0.0 },
            right: if count > 0 { right as f64 / count as f64 } else { 0.0 },
        })
        .collect();
    let off: f64 = bins.iter().map(|bin| bin.count as f64 * (bin.right - bin.confidence).abs()).sum();
    Calibration { bins, ece: (!judged.is_empty()).then(|| off / judged.len() as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: four at 0.75 of which two are right (off by 0.25), one at 1.0 that is right (off by 0).
    #[test]
    fn the_error_is_weighted_by_the_bins() {
        let judged = [(0.75, true), (0.75, false), (0.75, true), (0.75, false), (1.0, true)];
        let calibration = calibration(&judged);
        assert_eq!((calibration.bins[7].count, calibration.bins[7].right, calibration.bins[9].count), (4, 0.5, 1));
        assert!((calibration.ece.unwrap() - 0.25 * 4.0 / 5.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_found_has_no_error() {
        assert_eq!(calibration(&[]).ece, None);
    }
}
