//! Counts over incidents: what was found, what reviewers made of it, how long that took, whether limits were kept.
//! Pure and exact: every figure is a function of the facts that were added, in any order.

use crate::domain::{Decision, IncidentFacts, RejectReason, WallTime};

/// Reasons of rejection in the order in which they are told.
pub const REASONS: [RejectReason; 6] = [
    RejectReason::WrongObject,
    RejectReason::Lawful,
    RejectReason::Passing,
    RejectReason::WrongZone,
    RejectReason::Unclear,
    RejectReason::Other,
];

/// 97.5 % of a normal distribution lie below: two-sided 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A share with the interval in which the true one lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// Hits by all.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Share {
    /// `hits` of `all`, with Wilson's score interval (E. B. Wilson, JASA 22, 1927), which holds for few as well.
    /// `None` of nothing.
    pub fn of(hits: u64, all: u64) -> Option<Self> {
        if all == 0 {
            return None;
        }
        let n = all as f64;
        let value = hits as f64 / n;
        let centre = value + Z * Z / (2.0 * n);
        let reach = Z * (value * (1.0 - value) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        // The ends of the interval of 0 and of all are exactly 0 and 1; rounding must not lead past them.
        let low = if hits == 0 { 0.0 } else { ((centre - reach) / scale).clamp(0.0, value) };
        let high = if hits == all { 1.0 } else { ((centre + reach) / scale).clamp(value, 1.0) };
        Some(Self { value, low, high })
    }
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Incidents.
    pub found: u64,
    /// Of them those that wait for a reviewer.
    pub waiting: u64,
    /// Of them confirmed ones.
    pub confirmed: u64,
    /// Of them rejected ones.
    pub rejected: u64,
    /// Rejected ones by reason, in the order of [`REASONS`].
    pub rejected_by: [u64; REASONS.len()],
    /// Of them those known already.
    pub duplicate: u64,
    /// Confirmed ones by those confirmed or rejected; `None` while there is none.
    pub precision: Option<Share>,
    /// Half of the decisions took at most this long, in milliseconds.
    pub review_ms_p50: Option<u64>,
    /// Nine of ten decisions took at most this long, in milliseconds.
    pub review_ms_p90: Option<u64>,
    /// Cases handled within their limit.
    pub limit_kept: u64,
    /// Cases handled too late, or not yet and too late already.
    pub limit_missed: u64,
    /// Cases that are not handled and still have time.
    pub limit_running: u64,
    /// How often incidents came back.
    pub recurrences: u64,
}

/// Counts facts.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counted: Figures,
    review_ms: Vec<u64>,
}

impl Tally {
    /// Adds one incident, as things stand at `now`.
    pub fn add(&mut self, facts: &IncidentFacts<'_>, now: WallTime) {
        let counted = &mut self.counted;
        counted.found += 1;
        match facts.decided {
            None => counted.waiting += 1,
            Some((decision, at)) => {
                match decision {
                    Decision::Confirmed => counted.confirmed += 1,
                    Decision::Duplicate => counted.duplicate += 1,
                    Decision::Rejected(reason) => {
                        counted.rejected += 1;
                        if let Some(at) = REASONS.iter().position(|known| *known == reason) {
                            counted.rejected_by[at] += 1;
                        }
                    }
                }
                let took = at.since(facts.opened_at).as_millis();
                self.review_ms.push(u64::try_from(took).unwrap_or(u64::MAX));
            }
        }
        counted.recurrences += u64::from(facts.recurrences);
        match (facts.limit_due_at, facts.handled_at) {
            (None, _) => {}
            (Some(due), Some(handled)) if handled <= due => counted.limit_kept += 1,
            (Some(due), None) if now <= due => counted.limit_running += 1,
            (Some(_), _) => counted.limit_missed += 1,
        }
    }

    /// Incidents so far.
    pub fn found(&self) -> u64 {
        self.counted.found
    }

    /// How often they came back.
    pub fn recurrences(&self) -> u64 {
        self.counted.recurrences
    }

    /// All figures.
    pub fn figures(mut self) -> Figures {
        let Figures { confirmed, rejected, .. } = self.counted;
        self.review_ms.sort_unstable();
        Figures {
            precision: Share::of(confirmed, confirmed + rejected),
            review_ms_p50: nearest_rank(&self.review_ms, 50),
            review_ms_p90: nearest_rank(&self.review_ms, 90),
            ..self.counted
        }
    }
}

/// The smallest value that at least `percent` of all do not exceed.
fn nearest_rank(sorted: &[u64], percent: usize) -> Option<u64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::ViewId;

    fn decision() -> impl Strategy<Value = Option<(Decision, i64)>> {
        let kind = prop_oneof![
            Just(Decision::Confirmed),
            Just(Decision::Duplicate),
            (0..REASONS.len()).prop_map(|i| Decision::Rejected(REASONS[i])),
        ];
        proptest::option::of((kind, -50..100_000_i64))
    }

    type Plain = (i64, Option<(Decision, i64)>, u32, Option<i64>, Option<i64>);

    fn plain() -> impl Strategy<Value = Plain> {
        let time = || proptest::option::of(0..1_000_i64);
        (0..1_000_i64, decision(), 0..5_u32, time(), time())
    }

    fn facts(&(opened, decided, recurrences, due, handled): &Plain) -> IncidentFacts<'static> {
        let at = WallTime::from_millis;
        IncidentFacts {
            opened_at: at(opened),
            view: ViewId::derived(&[b"view"]),
            matter: "parking",
            area: None,
            decided: decided.map(|(decision, took)| (decision, at(opened + took))),
            recurrences,
            limit_due_at: due.map(at),
            handled_at: handled.map(at),
        }
    }

    proptest! {
        /// Every figure against the sentence that defines it.
        #[test]
        fn figures_are_what_their_definitions_say(rows in proptest::collection::vec(plain(), 0..60), now in 0..1_000_i64) {
            let mut tally = Tally::default();
            rows.iter().for_each(|row| tally.add(&facts(row), WallTime::from_millis(now)));
            let figures = tally.figures();
            let count = |holds: &dyn Fn(&Plain) -> bool| rows.iter().filter(|row| holds(row)).count() as u64;
            let is = |wanted: Decision| move |row: &Plain| row.1.is_some_and(|(decision, _)| decision == wanted);
            prop_assert_eq!(figures.found, rows.len() as u64);
            prop_assert_eq!(figures.waiting, count(&|row| row.1.is_none()));
            prop_assert_eq!(figures.confirmed, count(&is(Decision::Confirmed)));
            prop_assert_eq!(figures.duplicate, count(&is(Decision::Duplicate)));
            for (reason, counted) in REASONS.iter().zip(figures.rejected_by) {
                prop_assert_eq!(counted, count(&is(Decision::Rejected(*reason))));
            }
            prop_assert_eq!(figures.rejected, figures.rejected_by.iter().sum::<u64>());
            prop_assert_eq!(figures.found, figures.waiting + figures.confirmed + figures.rejected + figures.duplicate);
            prop_assert_eq!(figures.recurrences, rows.iter().map(|row| u64::from(row.2)).sum::<u64>());
            prop_assert_eq!(figures.limit_kept, count(&|row| row.3.zip(row.4).is_some_and(|(due, handled)| handled <= due)));
            prop_assert_eq!(figures.limit_running, count(&|row| row.4.is_none() && row.3.is_some_and(|due| now <= due)));
            prop_assert_eq!(figures.limit_kept + figures.limit_missed + figures.limit_running, count(&|row| row.3.is_some()));

            let took: Vec<u64> = rows.iter().filter_map(|row| row.1).map(|(_, took)| took.max(0) as u64).collect();
            for (percent, told) in [(50, figures.review_ms_p50), (90, figures.review_ms_p90)] {
                let enough = |value: u64| took.iter().filter(|other| **other <= value).count() * 100 >= took.len() * percent;
                prop_assert_eq!(told, took.iter().copied().filter(|value| enough(*value)).min());
            }
        }

        /// The ends of Wilson's interval are where the observed share lies 1.96 standard errors away.
        #[test]
        fn the_interval_is_the_one_that_its_definition_solves(all in 1..100_000_u64, part in 0.0..=1.0_f64) {
            let hits = ((all as f64 * part) as u64).min(all);
            let share = Share::of(hits, all).unwrap();
            prop_assert!(0.0 <= share.low && share.low <= share.value && share.value <= share.high && share.high <= 1.0);
            for end in [share.low, share.high] {
                let error = (share.value - end).powi(2) - Z * Z * end * (1.0 - end) / all as f64;
                prop_assert!(error.abs() < 1e-9, "{} of {}: {:?}", hits, all, share);
            }
        }
    }

    #[test]
    fn known_intervals() {
        // Brown, Cai, DasGupta (2001): the interval of 0 of 10 ends at 0.2775, that of 5 of 10 is 0.2366 to 0.7634.
        let none = Share::of(0, 10).unwrap();
        assert!(none.low == 0.0 && (none.high - 0.2775).abs() < 1e-4, "{none:?}");
        let half = Share::of(5, 10).unwrap();
        assert!((half.low - 0.2366).abs() < 1e-4 && (half.high - 0.7634).abs() < 1e-4, "{half:?}");
        assert_eq!(Share::of(0, 0), None);
    }
}
