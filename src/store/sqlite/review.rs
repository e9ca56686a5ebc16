//! Review: a verdict, the case that it opens and the duty to tell the platform, all in one transaction.

use rusqlite::Transaction;
use serde_json::json;

use super::{cases, deliveries, evidence, exemplars, incidents, journal, locks, undo};
use crate::{
    domain::{Case, Confirmation, EvidenceKind, IncidentId, Message, SignedVerdict, Verdict},
    store::{Conflict, Decided, OpenCase, StoreError},
};

/// Applies a verdict. The transaction already holds the write lock, so of two reviewers one comes second and is refused.
pub(super) fn decide(
    tx: &Transaction<'_>,
    verdict: &SignedVerdict,
    open_case: OpenCase<'_>,
) -> Result<Decided, StoreError> {
    let before = incidents::one(tx, verdict.incident)?;
    let (incident, confirmation) = verdict.apply(before.clone())?;
    if let Verdict::Duplicate { of } = verdict.verdict {
        refuse_circle(tx, verdict.incident, of)?;
    }
    incidents::update(tx, &incident)?;
    undo::keep(tx, &before, verdict)?;
    locks::end(tx, incident.id)?;
    exemplars::learn(tx, &incident, verdict)?;
    let action = match verdict.verdict {
        Verdict::Confirmed => "incident.confirmed",
        Verdict::Rejected { .. } => "incident.rejected",
        Verdict::Duplicate { .. } => "incident.duplicate",
        Verdict::Reclassified { .. } => "incident.reclassified",
    };
    let subject = incident.id.to_string();
    let detail = json!({"verdict": verdict.verdict, "note": verdict.note});
    journal::audit(tx, verdict.at, &verdict.reviewer, action, &subject, &detail)?;
    journal::tell(tx, verdict.at, "incident.reviewed", &subject)?;
    let case = confirmation.map(|confirmation| open(tx, confirmation, verdict, open_case)).transpose()?;
    Ok(Decided { incident, case })
}

fn open(
    tx: &Transaction<'_>,
    confirmation: Confirmation,
    verdict: &SignedVerdict,
    open_case: OpenCase<'_>,
) -> Result<Case, StoreError> {
    let case = open_case(confirmation);
    if case.incident != verdict.incident {
        return Err(StoreError::Failed(format!("the case was opened for another incident, {}", case.incident)));
    }
    cases::insert(tx, &case)?;
    let bundles = evidence::of_incident(tx, case.incident)?;
    let newest = bundles
        .iter()
        .rev()
        .find(|bundle| matches!(bundle.kind, EvidenceKind::Opening | EvidenceKind::Reopening))
        .map(|bundle| bundle.id);
    let report = Message::Report { evidence: newest };
    let delivery = deliveries::enqueue_from(tx, case.id, report, verdict.at, verdict.undo_until)?;
    let detail = json!({"incident": case.incident, "code_2026": case.codes.code_2026, "delivery": delivery.id});
    journal::audit_and_tell(tx, verdict.at, &verdict.reviewer, "case.opened", &case.id.to_string(), &detail)?;
    Ok(case)
}

/// Two incidents that name each other as the original would both be gone with nobody having judged either.
fn refuse_circle(tx: &Transaction<'_>, incident: IncidentId, of: IncidentId) -> Result<(), StoreError> {
    incidents::one(tx, of)?;
    let mut original = of;
    while let Some(next) = incidents::duplicate_of(tx, original)? {
        if next == incident {
            return Err(Conflict::Circle { incident, of }.into());
        }
        original = next;
    }
    Ok(())
}
