//! How long evidence is kept. The decision is pure; the runner first notes in the store that a bundle is
//! purged (which a legal hold refuses) and only then removes its files. Rows stay for ever.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{EvidenceError, EvidenceFolder, UpkeepError};
use crate::{
    domain::{EvidenceId, EvidenceRow, Incident, IncidentId, Presence, Review, WallTime},
    store::{Store, StoreError, evidence_rows},
};

/// For how long, by what became of the incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Days after the thing was gone, when nobody ever decided.
    pub waiting_days: u32,
    /// Days after a reviewer rejected it or found it to be a duplicate.
    pub rejected_days: u32,
    /// Days after its case became final at the platform.
    pub final_days: u32,
}

/// What became of an incident, as far as retention cares.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// What reviewers said.
    pub review: &'a Review,
    /// Whether the thing is still there.
    pub presence: Presence,
    /// When its case became final; `None` while it is not, or where there is none.
    pub final_since: Option<WallTime>,
}

/// Whether the files of a bundle may go at `now`. Never under legal hold, while an undecided thing is still
/// there, or while the case of a confirmed one is not final.
pub fn expired(row: &EvidenceRow, standing: &Standing<'_>, policy: &RetentionPolicy, now: WallTime) -> bool {
    if row.legal_hold || row.purged_at.is_some() {
        return false;
    }
    let (since, term) = match (standing.review, standing.presence) {
        (Review::Waiting, Presence::Open { .. }) => return false,
        (Review::Waiting, Presence::Closed { at, .. }) => (at, policy.waiting_days),
        (Review::Rejected { at, .. } | Review::Duplicate { at, .. }, _) => (*at, policy.rejected_days),
        (Review::Confirmed { .. }, _) => match standing.final_since {
            Some(at) => (at, policy.final_days),
            None => return false,
        },
    };
    // A bundle made after that (the thing came back) has its own days.
    since.max(row.made_at).plus(days(term)) <= now
}

fn days(days: u32) -> Duration {
    Duration::from_secs(u64::from(days) * 24 * 3600)
}

/// Incidents that are remembered while rows are walked over: bundles of one lie close together.
const INCIDENTS_AT_HAND: usize = 1000;

/// What a run of retention did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Bundles whose files were removed.
    pub purged: Vec<EvidenceId>,
    /// Bundles whose files stay.
    pub kept: usize,
    /// Of those, under legal hold.
    pub held: usize,
}

/// Removes the files of every bundle whose time is over. A run that dies between the row and the files leaves
/// a leftover that [`EvidenceFolder::reconcile`] removes.
///
/// # Errors
/// [`UpkeepError`].
pub fn retain(
    store: &dyn Store,
    folder: &EvidenceFolder,
    policy: &RetentionPolicy,
    now: WallTime,
) -> Result<Retained, UpkeepError> {
    let mut done = Retained::default();
    let shortest = policy.waiting_days.min(policy.rejected_days).min(policy.final_days);
    let mut incidents: HashMap<IncidentId, (Incident, Option<WallTime>)> = HashMap::new();
    for row in evidence_rows(store) {
        let row = row?;
        if row.purged_at.is_some() {
            continue;
        }
        // Most are too young for any of the policy's terms, whatever became of their incident.
        if row.made_at.plus(days(shortest)) > now {
            done.kept += 1;
            done.held += usize::from(row.legal_hold);
            continue;
        }
        if incidents.len() >= INCIDENTS_AT_HAND {
            incidents.clear();
        }
        let (incident, final_since) = match incidents.entry(row.incident) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(became_of(store, row.incident)?),
        };
        let standing = Standing { review: &incident.review, presence: incident.presence, final_since: *final_since };
        if expired(&row, &standing, policy, now) {
            match store.purge_evidence(row.id, now) {
                Ok(()) => {
                    folder.remove_bundle(&row)?;
                    done.purged.push(row.id);
                    continue;
                }
                // A hold that was set since the rows were read.
                Err(StoreError::Conflict(_)) => done.held += 1,
                Err(error) => return Err(error.into()),
            }
        }
        done.kept += 1;
        done.held += usize::from(row.legal_hold);
    }
    Ok(done)
}

/// The incident, and since when its case is final: the latest change of stage in the audit log.
fn became_of(store: &dyn Store, incident: IncidentId) -> Result<(Incident, Option<WallTime>), StoreError> {
    let (mut after, mut final_since) = (0, None);
    if let Some(case) = store.case_of(incident)?.filter(|case| case.stage.is_final()) {
        loop {
            let rows = store.audit_rows(Some(&case.id.to_string()), after, 500)?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            final_since = rows.iter().rev().find(|row| row.action == "case.stage").map(|row| row.at).or(final_since);
        }
    }
    Ok((store.incident(incident)?, final_since))
}

impl EvidenceFolder {
    fn remove_bundle(&self, row: &EvidenceRow) -> Result<(), EvidenceError> {
        self.folder_of(row)?;
        self.remove(&row.folder)
    }
}
