//! The map that most tiles agree on. Pure arithmetic: no chance, the same pairs always give the same map.
//! Never lets a minority (walkers, a lorry) pull the map: what disagrees is left out, not averaged in.

use crate::domain::Homography;

/// A pair agrees with a map that misses it by no more than this many pixels of the small picture.
const TOLERANCE_PX: f64 = 1.5;
/// Two tiles nearer than this cannot tell an angle.
const APART_MIN_PX: f64 = 60.0;
/// Scales beyond 1.8 and angles beyond 30 degrees are no small turn of a camera; they come from wrong pairs.
const SCALE_MAX: f64 = 1.8;
const SINE_MAX: f64 = 0.5;
/// When this share of the pairs agrees, no other map is tried.
const SETTLED_SHARE: f64 = 0.9;
/// So many agreeing pairs and a fit better by this factor ask for the two projective terms.
const PROJECTIVE_PAIRS_MIN: usize = 20;
const PROJECTIVE_GAIN: f64 = 0.75;

/// A point in the frame and the same point in the reference, in pixels of the small picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub(super) frame: [f64; 2],
    pub(super) reference: [f64; 2],
}

/// A map with the pairs that agree.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    /// Frame to reference, in pixels of the small picture.
    pub(super) map: Homography,
    /// For each pair whether it agrees.
    pub(super) agrees: Vec<bool>,
}

impl Agreed {
    pub(super) fn count(&self) -> usize {
        self.agrees.iter().filter(|agrees| **agrees).count()
    }
}

/// The map that most pairs agree on: the best similarity through any two pairs, then least squares over those that
/// agree (affine, and projective where that is clearly better). `None` with fewer than three agreeing pairs.
pub(super) fn agree(pairs: &[Pair]) -> Option<Agreed> {
    let mut best: Option<(usize, f64, Homography)> = None;
    'search: for (i, a) in pairs.iter().enumerate() {
        for b in &pairs[i + 1..] {
            let Some(map) = similarity(a, b) else { continue };
            let misses = pairs.iter().map(|p| miss(&map, p)).filter(|miss| *miss <= TOLERANCE_PX);
            let (count, sum) = misses.fold((0, 0.0), |(count, sum), miss| (count + 1, sum + miss));
            if best.as_ref().is_none_or(|(most, least, _)| count > *most || (count == *most && sum < *least)) {
                best = Some((count, sum, map));
                if count as f64 >= SETTLED_SHARE * pairs.len() as f64 {
                    break 'search;
                }
            }
        }
    }
    let mut agreed = agreeing(pairs, best?.2);
    for _ in 0..2 {
        if let Some(map) = least_squares(pairs, &agreed, false) {
            agreed = better(agreed, agreeing(pairs, map));
        }
    }
    if agreed.count() >= PROJECTIVE_PAIRS_MIN
        && let Some(map) = least_squares(pairs, &agreed, true)
    {
        let projective = agreeing(pairs, map);
        if projective.count() >= agreed.count() && spread(pairs, &projective) < PROJECTIVE_GAIN * spread(pairs, &agreed)
        {
            agreed = projective;
        }
    }
    (agreed.count() >= 3).then_some(agreed)
}

fn better(before: Agreed, after: Agreed) -> Agreed {
    if after.count() >= before.count() { after } else { before }
}

fn miss(map: &Homography, pair: &Pair) -> f64 {
    let (x, y) = map.apply(pair.frame[0], pair.frame[1]);
    (x - pair.reference[0]).hypot(y - pair.reference[1])
}

fn agreeing(pairs: &[Pair], map: Homography) -> Agreed {
    Agreed { map, agrees: pairs.iter().map(|p| miss(&map, p) <= TOLERANCE_PX).collect() }
}

/// Root mean square miss of the agreeing pairs.
fn spread(pairs: &[Pair], agreed: &Agreed) -> f64 {
    let misses = pairs.iter().zip(&agreed.agrees).filter(|(_, agrees)| **agrees).map(|(p, _)| miss(&agreed.map, p));
    (misses.map(|m| m * m).sum::<f64>() / agreed.count().max(1) as f64).sqrt()
}

/// The turn, scale and shift that take two points of the frame to the reference exactly.
fn similarity(a: &Pair, b: &Pair) -> Option<Homography> {
    let (fx, fy) = (b.frame[0] - a.frame[0], b.frame[1] - a.frame[1]);
    let (rx, ry) = (b.reference[0] - a.reference[0], b.reference[1] - a.reference[1]);
    let length = fx * fx + fy * fy;
    if length < APART_MIN_PX * APART_MIN_PX {
        return None;
    }
    let (c, s) = ((fx * rx + fy * ry) / length, (fx * ry - fy * rx) / length);
    let scale = c.hypot(s);
    if !(1.0 / SCALE_MAX..=SCALE_MAX).contains(&scale) || s.abs() > SINE_MAX * scale {
        return None;
    }
    let tx = a.reference[0] - c * a.frame[0] + s * a.frame[1];
    let ty = a.reference[1] - s * a.frame[0] - c * a.frame[1];
    Some(Homography([[c, -s, tx], [s, c, ty], [0.0, 0.0, 1.0]]))
}

/// Least squares over the agreeing pairs: 6 unknowns (affine) or 8 (projective, in its linear form).
fn least_squares(pairs: &[Pair], agreed: &Agreed, projective: bool) -> Option<Homography> {
    /// Coordinates are divided by this, so that the equations are well scaled.
    const UNIT: f64 = 160.0;
    let n = if projective { 8 } else { 6 };
    let mut normal = vec![vec![0.0; n + 1]; n];
    for (pair, _) in pairs.iter().zip(&agreed.agrees).filter(|(_, agrees)| **agrees) {
        let [x, y] = pair.frame.map(|v| v / UNIT - 1.0);
        let [u, v] = pair.reference.map(|v| v / UNIT - 1.0);
        let rows = [([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y], u), ([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y], v)];
        for (row, value) in rows {
            for i in 0..n {
                for j in 0..n {
                    normal[i][j] += row[i] * row[j];
                }
                normal[i][n] += row[i] * value;
            }
        }
    }
    let solved = solve(normal)?;
    let term = |i: usize| solved.get(i).copied().unwrap_or(0.0);
    let unit = [[term(0), term(1), term(2)], [term(3), term(4), term(5)], [term(6), term(7), 1.0]];
    let to_unit = [[1.0 / UNIT, 0.0, -1.0], [0.0, 1.0 / UNIT, -1.0], [0.0, 0.0, 1.0]];
    let from_unit = [[UNIT, 0.0, UNIT], [0.0, UNIT, UNIT], [0.0, 0.0, 1.0]];
    let map = product(&Homography(from_unit), &product(&Homography(unit), &Homography(to_unit)));
    map.inverse().map(|_| map)
}

/// Gaussian elimination with pivoting of `n` rows with `n + 1` columns.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let n = rows.len();
    for column in 0..n {
        let pivot = (column..n).max_by(|&a, &b| rows[a][column].abs().total_cmp(&rows[b][column].abs()))?;
        if rows[pivot][column].abs() < 1e-9 {
            return None;
        }
        rows.swap(column, pivot);
        let lead = rows[column].clone();
        for (_, row) in rows.iter_mut().enumerate().filter(|(i, _)| *i != column) {
            let factor = row[column] / lead[column];
            for (value, lead) in row.iter_mut().zip(&lead).skip(column) {
                *value -= factor * lead;
            }
        }
    }
    Some((0..n).map(|i| rows[i][n] / rows[i][i]).collect())
}

/// First `right`, then `left`.
pub(super) fn product(left: &Homography, right: &Homography) -> Homography {
    let mut out = [[0.0; 3]; 3];
    for (i, row) in out.iter_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (0..3).map(|k| left.0[i][k] * right.0[k][j]).sum();
        }
    }
    Homography(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minority_does_not_pull_the_map() {
        let truth = Homography([[1.01, 0.02, -4.0], [-0.02, 1.0, 3.0], [1e-4, -5e-5, 1.0]]);
        let pairs: Vec<Pair> = (0..48)
            .map(|i| {
                let frame = [20.0 + 40.0 * f64::from(i % 8), 20.0 + 32.0 * f64::from(i / 8)];
                let (x, y) = truth.apply(frame[0], frame[1]);
                let off = if i % 5 < 2 { f64::from((i * 7) % 11) - 5.5 } else { 0.0 };
                Pair { frame, reference: [x + off, y - 2.0 * off] }
            })
            .collect();
        let agreed = agree(&pairs).unwrap();
        assert!((26..=32).contains(&agreed.count()), "{}", agreed.count());
        for corner in [[0.0, 0.0], [320.0, 0.0], [320.0, 192.0], [0.0, 192.0]] {
            let ((x, y), (u, v)) = (agreed.map.apply(corner[0], corner[1]), truth.apply(corner[0], corner[1]));
            assert!((x - u).hypot(y - v) < 0.8, "{corner:?}: {x} {y}, not {u} {v}");
        }
        assert!(agree(&pairs[..1]).is_none());
    }
}
