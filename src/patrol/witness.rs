//! What of a look becomes evidence: frames kept of candidates, bundles for changes, the answer to a re-check.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    analysis::place_book::BookChanges,
    domain::{
        CaseId, CloseCause, EvidenceFile, EvidenceKind, Incident, IncidentChange, IncidentId, Look, Matter, MatterKey,
        ModelRef, Phase, Place, Presence, Purpose, WallTime, Weights,
    },
    infer::text::Plates,
    media::Clip,
    store::{LookOutcome, RecheckOutcome, StoreError, evidence::BundleDraft},
    telemetry::{Signal, emit},
};

use super::{
    keep::KeptFrame,
    prove::{self, Shot, Subject},
    scenes::Scene,
    seen::Seen,
    spine::{LookError, Spine},
};

/// A re-check that saw neither yes nor no for so long is answered "could not be seen".
const RECHECK_GIVE_UP: Duration = Duration::from_secs(3600);
/// Frames of a candidate are kept this many times a dwell.
const KEPT_A_DWELL: u32 = 6;

impl Spine {
    /// Keeps the present frame for every place whose stay is not yet long enough to count.
    pub(super) fn keep_frames(
        &self,
        scene: &Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &Seen,
        judged: &BookChanges,
    ) {
        let Some(last) = &seen.last else { return };
        let at = last.registered().frame.meta.judged_at();
        let (width, height) = (last.registered().frame.picture.width(), last.registered().frame.picture.height());
        for place in judged.places.iter().filter(|place| place.last_seen == at && awaits(place)) {
            let Some(matter) = matters.get(&place.matter) else { continue };
            if place.first_seen == at {
                self.keep.forget(place.id);
            }
            if !self.keep.wants(place.id, at, matter.dwell.time / KEPT_A_DWELL) {
                continue;
            }
            let bbox = last.registered().homography.to_frame(&place.bbox, width, height);
            let frame = KeptFrame::of(last.registered(), bbox);
            let kept = last
                .jpeg()
                .map_err(|error| error.to_string())
                .and_then(|jpeg| self.keep.keep(place.id, &frame, jpeg).map_err(|error| error.to_string()));
            if let Err(error) = kept {
                emit(Signal::KeptFrameLost { view: scene.view.id, why: &error });
            }
        }
    }

    /// Removes the kept frames of places that need them no more.
    pub(super) fn forget_frames(&self, outcome: &LookOutcome) {
        for place in &outcome.forgotten {
            self.keep.forget(*place);
        }
        if outcome.changes.iter().any(|change| !matches!(change, IncidentChange::Extended { .. })) {
            for place in outcome.places.iter().filter(|place| !awaits(place)) {
                self.keep.forget(place.id);
            }
        }
    }

    /// The bundles that this look's changes ask for, and the answer to its re-check.
    pub(super) fn drafts(
        &self,
        look: &Look,
        scene: &Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &Seen,
        clip: Option<&Clip>,
        outcome: &mut LookOutcome,
    ) -> Result<Vec<BundleDraft>, LookError> {
        let mut drafts = Vec::new();
        for change in &outcome.changes {
            let (incident, kind) = match change {
                IncidentChange::Opened { incident } => (incident.clone(), EvidenceKind::Opening),
                IncidentChange::Reopened { incident, .. } => (self.store.incident(*incident)?, EvidenceKind::Reopening),
                IncidentChange::Closed { incident, cause: CloseCause::Cleared, .. } => {
                    (self.store.incident(*incident)?, EvidenceKind::Clearing)
                }
                IncidentChange::Closed { .. } | IncidentChange::Extended { .. } => continue,
            };
            drafts.extend(self.draft(scene, matters, seen, &incident, kind, clip)?);
        }
        if let Purpose::Recheck { case } = look.purpose
            && let Some((incident, cleared)) = self.recheck_answer(case, scene, seen)?
        {
            let draft = self.draft(scene, matters, seen, &incident, EvidenceKind::Recheck, None)?;
            outcome.recheck = Some(RecheckOutcome { case, cleared, evidence: draft.as_ref().map(|draft| draft.id) });
            drafts.extend(draft);
        }
        Ok(drafts)
    }

    /// `None` when the look had no frame to show.
    fn draft(
        &self,
        scene: &Scene,
        matters: &BTreeMap<MatterKey, Matter>,
        seen: &Seen,
        incident: &Incident,
        kind: EvidenceKind,
        clip: Option<&Clip>,
    ) -> Result<Option<BundleDraft>, LookError> {
        let Some(last) = &seen.last else { return Ok(None) };
        let place = scene.book.place(incident.place);
        let matter =
            place.and_then(|place| matters.get(&place.matter)).or_else(|| self.config.matters.get(&incident.matter));
        let Some(matter) = matter else { return Ok(None) };
        let picture = &last.registered().frame.picture;
        let bbox = place.map_or(incident.bbox, |place| place.bbox);
        let bbox = last.registered().homography.to_frame(&bbox, picture.width(), picture.height());
        let now = Shot::now(last.registered(), bbox, last.jpeg()?.to_vec());
        let model = self.detectors.get(&matter.model).map_or_else(
            || ModelRef { name: matter.model.clone(), sha256: String::new() },
            |detector| detector.model(),
        );
        let verifier = matter.verify.as_ref().and_then(|verify| self.verifiers.get(&verify.model));
        let plates = matter.plate.as_ref().and_then(|plate| self.plates.get(&plate.model));
        let verifier = verifier.map(|verifier| verifier.detector.model()).or_else(|| plates.map(Plates::model));
        let Weights { scan, head, .. } = self.weights(matter, &[]);
        let compared: Vec<ModelRef> = match matter.newness {
            Some(_) => scan.into_iter().chain(head).collect(),
            None => Vec::new(),
        };
        let subject = Subject {
            incident,
            matter,
            stream: &scene.stream,
            view: &scene.view,
            zones: &scene.zones,
            model: &model,
            // A re-check or a clearing is judged by the detector alone.
            verifier: verifier.as_ref().filter(|_| begins(kind)),
            compared: &compared,
        };
        Ok(Some(match kind {
            EvidenceKind::Opening | EvidenceKind::Reopening => {
                prove::persisted(subject, kind, self.keep.frames(incident.place), now, clip)?
            }
            EvidenceKind::Clearing | EvidenceKind::Recheck => {
                prove::compared(subject, kind, self.picture_before(incident.id)?, &now)?
            }
        }))
    }

    /// The masked picture of the incident's latest opening or reopening. A bundle that cannot be read any more costs the pair, not the look.
    fn picture_before(&self, incident: IncidentId) -> Result<Option<(EvidenceFile, Vec<u8>)>, StoreError> {
        let rows = self.store.evidence_of(incident)?;
        let Some(row) = rows.iter().rev().find(|row| begins(row.kind) && row.purged_at.is_none()) else {
            return Ok(None);
        };
        let read = self.evidence.manifest(row).and_then(|manifest| {
            let file = manifest.files.into_iter().find(|file| file.name == "masked_latest.jpg");
            file.map(|file| self.evidence.read(row, &file.name).map(|bytes| (file, bytes))).transpose()
        });
        Ok(read.unwrap_or_else(|error| {
            tracing::warn!(%incident, %error, "the picture before cannot be read; the pair goes without it");
            None
        }))
    }

    /// 核查: whether the spot of a handled case is clear. `None` while that is not certain yet.
    fn recheck_answer(
        &self,
        case: CaseId,
        scene: &Scene,
        seen: &Seen,
    ) -> Result<Option<(Incident, Option<bool>)>, StoreError> {
        let waiting = self.store.rechecks()?;
        let Some((_, _, since)) = waiting.into_iter().find(|(waiting, _, _)| *waiting == case) else { return Ok(None) };
        let incident = self.store.incident(self.store.case(case)?.incident)?;
        let now = seen.last.as_ref().map_or_else(|| self.clock.now(), |last| last.registered().frame.meta.judged_at());
        let place = scene.book.place(incident.place);
        let over = place
            .and_then(|place| self.config.matters.get(&place.matter))
            .map_or(Duration::ZERO, |matter| matter.clearing.over);
        let answer = match place.map(|place| (place, place.phase)) {
            Some((_, Phase::Cleared { returned: None, .. })) => Some(Some(true)),
            None if matches!(incident.presence, Presence::Closed { cause: CloseCause::Cleared, .. }) => {
                Some(Some(true))
            }
            Some((place, _)) if seen_again(place, since, now, over) => Some(Some(false)),
            _ if now.since(since) >= RECHECK_GIVE_UP => Some(None),
            _ => None,
        };
        Ok(answer.map(|cleared| (incident, cleared)))
    }
}

/// Whether the place was seen in this very look, long enough after it was said to be handled.
fn seen_again(place: &Place, since: WallTime, now: WallTime, over: Duration) -> bool {
    place.last_seen == now && now.since(since) >= over
}

/// Whether bundles of this kind begin a stay.
fn begins(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::Opening | EvidenceKind::Reopening)
}

/// Whether the place's stay may still become an opening or a reopening.
fn awaits(place: &Place) -> bool {
    matches!(place.phase, Phase::Candidate | Phase::Cleared { returned: Some(_), .. })
}
