//! Optimal assignment of rows to columns (Hungarian method with potentials; Kuhn 1955, Munkres 1957), O(n^2 m).
//! Never pairs what has no gain.

/// Pairs rows with columns so that the sum of `gain` (finite, 0 = must not be paired) is the greatest.
/// Each row and each column is in one pair at most.
pub(super) fn assign(rows: usize, columns: usize, gain: impl Fn(usize, usize) -> f32) -> Vec<(usize, usize)> {
    if rows == 0 || columns == 0 {
        return Vec::new();
    }
    // The method wants no more rows than columns.
    let turned = rows > columns;
    let (n, m) = if turned { (columns, rows) } else { (rows, columns) };
    let mut costs = vec![0.0_f32; n * m];
    for i in 0..n {
        for j in 0..m {
            costs[i * m + j] = -(if turned { gain(j, i) } else { gain(i, j) });
        }
    }
    let row_of = solve(n, m, &costs);
    let pairs = row_of.into_iter().enumerate().filter_map(|(j, row)| row.map(|i| (i, j)));
    pairs.filter(|&(i, j)| costs[i * m + j] < 0.0).map(|(i, j)| if turned { (j, i) } else { (i, j) }).collect()
}

/// The row of each column in the cheapest assignment of all `n` rows; `n <= m`.
///
/// Row by row, the shortest augmenting path over reduced costs `cost - u - v`, which stay non-negative. Index 0 of the
/// internal arrays is a virtual column that holds the row being placed.
fn solve(n: usize, m: usize, costs: &[f32]) -> Vec<Option<usize>> {
    let (mut u, mut v) = (vec![0.0_f32; n + 1], vec![0.0_f32; m + 1]);
    let mut row_at = vec![0_usize; m + 1];
    let mut came_from = vec![0_usize; m + 1];
    for row in 1..=n {
        row_at[0] = row;
        let mut column = 0;
        let mut least = vec![f32::INFINITY; m + 1];
        let mut visited = vec![false; m + 1];
        while row_at[column] != 0 {
            visited[column] = true;
            let here = row_at[column];
            let (mut step, mut next) = (f32::INFINITY, 0);
            for j in (1..=m).filter(|&j| !visited[j]) {
                let reduced = costs[(here - 1) * m + j - 1] - u[here] - v[j];
                if reduced < least[j] {
                    (least[j], came_from[j]) = (reduced, column);
                }
                if least[j] < step {
                    (step, next) = (least[j], j);
                }
            }
            for j in 0..=m {
                if visited[j] {
                    u[row_at[j]] += step;
                    v[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_at[column] = row_at[came_from[column]];
            column = came_from[column];
        }
    }
    row_at[1..].iter().map(|&row| row.checked_sub(1)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(gains: &[Vec<f32>], pairs: &[(usize, usize)]) -> f32 {
        pairs.iter().map(|&(i, j)| gains[i][j]).sum()
    }

    /// The greatest sum by trying everything.
    fn best(gains: &[Vec<f32>], row: usize, used: &mut Vec<bool>) -> f32 {
        if row == gains.len() {
            return 0.0;
        }
        let mut most = best(gains, row + 1, used);
        for j in 0..used.len() {
            if !used[j] && gains[row][j] > 0.0 {
                used[j] = true;
                most = most.max(gains[row][j] + best(gains, row + 1, used));
                used[j] = false;
            }
        }
        most
    }

    #[test]
    fn the_best_sum_wins_over_the_best_pair() {
        let gains = [vec![0.9, 0.8], vec![0.8, 0.0]];
        let mut pairs = assign(2, 2, |i, j| gains[i][j]);
        pairs.sort_unstable();
        assert_eq!(pairs, [(0, 1), (1, 0)]);
        assert!(assign(3, 2, |_, _| 0.0).is_empty());
        assert!(assign(0, 4, |_, _| 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn no_other_assignment_is_better(rows in 1..5_usize, columns in 1..5_usize, seed in prop::collection::vec(0_u8..10, 25)) {
            let gains: Vec<Vec<f32>> =
                (0..rows).map(|i| (0..columns).map(|j| f32::from(seed[i * 5 + j]) / 10.0).collect()).collect();
            let pairs = assign(rows, columns, |i, j| gains[i][j]);
            let (mut is, mut js): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
            is.sort_unstable();
            js.sort_unstable();
            is.dedup();
            js.dedup();
            prop_assert_eq!(is.len(), pairs.len());
            prop_assert_eq!(js.len(), pairs.len());
            prop_assert!((total(&gains, &pairs) - best(&gains, 0, &mut vec![false; columns])).abs() < 1e-4);
        }
    }
}
