//! Second reviews: a sample of decided incidents is judged again by somebody who does not know the verdict, and how
//! often the two agree. Changes no incident.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Faults, Service, ServiceError, Want};
use crate::{
    domain::{Areas, Caller, IncidentId, Opinion, RejectReason, SecondReview, WallTime},
    store::{Conflict, StoreError},
};

/// The latest verdicts among which a sample is drawn.
const JUDGED_MAX: u32 = 5000;
/// Second reviews that an answer counts; a year of a large city has fewer.
const COUNTED_MAX: u32 = 100_000;
/// Disagreements that are told one by one, the newest first.
const DISAGREEMENTS_MAX: usize = 200;

/// How often two reviewers agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairAgreement {
    /// Who decided.
    pub first: String,
    /// Who judged again.
    pub second: String,
    /// How many both judged.
    pub reviewed: u64,
    /// Of them, how many alike.
    pub agreed: u64,
}

/// How far second reviews agree with verdicts.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreement {
    /// How many were judged twice.
    pub reviewed: u64,
    /// Of them, how many alike.
    pub agreed: u64,
    /// Cohen's kappa; `None` where it says nothing.
    pub kappa: Option<f64>,
    /// By pairs of reviewers.
    pub pairs: Vec<PairAgreement>,
    /// Where they disagree, the newest first.
    pub disagreements: Vec<SecondReview>,
}

impl Service {
    /// The next incident that the caller may judge blind: decided by somebody else, not to be undone any more, drawn
    /// into the sample, and with pictures that are still there.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn next_second_review(&self, by: &Caller) -> Result<Option<IncidentId>, ServiceError> {
        let desk = &self.config.settings.desk;
        let before = self.now().minus(desk.undo);
        let judged = self.store.judged(&self.seen_areas(&Areas::All), &by.name, before, JUDGED_MAX)?;
        for judged in judged.into_iter().filter(|judged| is_drawn(judged.incident, desk.second_review_share)) {
            if self.latest_masked(judged.incident)?.is_some() {
                return Ok(Some(judged.incident));
            }
        }
        Ok(None)
    }

    /// Takes what a second reviewer thinks.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`]; [`ServiceError::Store`] where the incident is not to be judged again by the caller.
    pub fn review_again(
        &self,
        incident: IncidentId,
        opinion: Opinion,
        reason: Option<RejectReason>,
        note: &str,
        by: &Caller,
    ) -> Result<(), ServiceError> {
        self.seen_incident(incident)?;
        let mut faults = Faults::default();
        let note = faults.words("note", note, 2000);
        let reason = match opinion {
            Opinion::Rejected if reason.is_none() => {
                faults.add("reason", "", Want::RejectReason);
                None
            }
            Opinion::Rejected => reason,
            Opinion::Confirmed => None,
        };
        faults.none()?;
        let stands = self.store.incident(incident)?.review;
        let share = self.config.settings.desk.second_review_share;
        let Some((first_by, first)) = stands.opinion().filter(|_| is_drawn(incident, share)) else {
            return Err(ServiceError::Store(StoreError::Conflict(Conflict::NotDrawn(incident))));
        };
        Ok(self.store.put_second_review(&SecondReview {
            incident,
            first_by: first_by.to_owned(),
            first,
            second_by: by.name.clone(),
            second: opinion,
            reason,
            note,
            at: self.now(),
        })?)
    }

    /// How far second reviews of a time agree with the verdicts.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn agreement(&self, from: WallTime, until: WallTime) -> Result<Agreement, ServiceError> {
        let reviews = self.store.second_reviews(&self.seen_areas(&Areas::All), from, until, COUNTED_MAX)?;
        Ok(agreement_of(reviews))
    }
}

/// Counts.
fn agreement_of(reviews: Vec<SecondReview>) -> Agreement {
    let mut table = [[0_u64; 2]; 2];
    let mut pairs: BTreeMap<(String, String), (u64, u64)> = BTreeMap::new();
    for review in &reviews {
        table[usize::from(review.first == Opinion::Rejected)][usize::from(review.second == Opinion::Rejected)] += 1;
        let pair = pairs.entry((review.first_by.clone(), review.second_by.clone())).or_default();
        pair.0 += 1;
        pair.1 += u64::from(review.first == review.second);
    }
    let pairs = pairs.into_iter().map(|((first, second), (reviewed, agreed))| PairAgreement {
        first,
        second,
        reviewed,
        agreed,
    });
    Agreement {
        reviewed: reviews.len() as u64,
        agreed: table[0][0] + table[1][1],
        kappa: kappa(table),
        pairs: pairs.collect(),
        disagreements: reviews
            .into_iter()
            .filter(|review| review.first != review.second)
            .take(DISAGREEMENTS_MAX)
            .collect(),
    }
}

/// Cohen's kappa (Cohen 1960) of a table of two raters, rows the first: how much more often they agree than by chance,
/// 1 always, 0 as by chance. `None` without a case, and where chance alone makes them agree always.
pub fn kappa(table: [[u64; 2]; 2]) -> Option<f64> {
    let all = table.iter().flatten().sum::<u64>() as f64;
    let share = |count: u64| count as f64 / all;
    let observed = share(table[0][0] + table[1][1]);
    let by_chance: f64 = (0..2).map(|k| share(table[k][0] + table[k][1]) * share(table[0][k] + table[1][k])).sum();
    (all > 0.0 && by_chance < 1.0).then(|| (observed - by_chance) / (1.0 - by_chance))
}

/// Whether an incident belongs to the sample: by the hash of its id, so that nobody chooses, and a larger share only
/// adds to it.
fn is_drawn(incident: IncidentId, share: f64) -> bool {
    let hash = Sha256::digest(incident.as_bytes());
    let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    (number as f64) < share * u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_what_the_table_says_by_hand() {
        for (table, wanted) in [
            // 50 proposals: 20 both yes, 15 both no; chance 0.5*0.6 + 0.5*0.4 = 0.5, (0.7 - 0.5) / 0.5.
            ([[20, 5], [10, 15]], Some(0.4)),
            // Chance 0.6*0.7 + 0.4*0.3 = 0.54, (0.6 - 0.54) / 0.46.
            ([[45, 15], [25, 15]], Some(0.06 / 0.46)),
            ([[7, 0], [0, 3]], Some(1.0)),
            ([[0, 5], [5, 0]], Some(-1.0)),
            ([[1, 1], [1, 1]], Some(0.0)),
            ([[9, 0], [0, 0]], None),
            ([[0, 0], [0, 0]], None),
        ] {
            match (kappa(table), wanted) {
                (Some(got), Some(wanted)) => assert!((got - wanted).abs() < 1e-12, "{table:?}: {got}"),
                (got, wanted) => assert_eq!(got, wanted, "{table:?}"),
            }
        }
    }

    #[test]
    fn the_sample_is_about_its_share_and_grows_with_it() {
        let ids: Vec<IncidentId> = (0..4000_u32).map(|n| IncidentId::derived(&[&n.to_be_bytes()])).collect();
        let drawn = |share| ids.iter().filter(|id| is_drawn(**id, share)).collect::<Vec<_>>();
        let (few, more) = (drawn(0.05), drawn(0.5));
        assert!((150..250).contains(&few.len()) && (1900..2100).contains(&more.len()), "{} {}", few.len(), more.len());
        assert!(few.iter().all(|id| more.contains(id)));
        assert_eq!((drawn(0.0).len(), drawn(1.0).len()), (0, ids.len()));
    }
}
