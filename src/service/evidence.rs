//! Evidence: bytes of a file for those who may see it, legal hold, and proof that nothing was touched.
//! A file is only ever named by its manifest: what a caller asks for is looked up there and never joined to a path unseen.

use super::{Service, ServiceError};
use crate::{
    domain::{Areas, EvidenceFile, EvidenceId, EvidenceRow, FileRole, IncidentId, Manifest, Thing},
    store::{
        Page, Rows,
        evidence::{Fault, FaultKind, VerifyReport, verify_folder},
        evidence_rows,
    },
};

/// Who asks for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circle {
    /// Reviewers and operators: everything.
    Review,
    /// Everybody else, the platform included: masked pictures alone.
    Outside,
}

/// A file's bytes.
#[derive(Clone, Debug)]
pub struct EvidenceBytes {
    /// The incident that it proves.
    pub incident: IncidentId,
    /// What its manifest says of it.
    pub file: EvidenceFile,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl EvidenceBytes {
    /// Its media type, from its role and not from its name.
    pub fn content_type(&self) -> &'static str {
        match self.file.role {
            FileRole::Clip => "video/mp4",
            _ if self.bytes.starts_with(b"\x89PNG") => "image/png",
            _ => "image/jpeg",
        }
    }
}

impl Service {
    /// A bundle with its manifest.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none, [`ServiceError::Purged`], [`ServiceError::Evidence`].
    pub fn manifest(&self, id: EvidenceId) -> Result<(EvidenceRow, Manifest), ServiceError> {
        let row = self.bundle(id)?;
        if row.purged_at.is_some() {
            return Err(ServiceError::Purged(id.to_string()));
        }
        let manifest = self.evidence.manifest(&row)?;
        Ok((row, manifest))
    }

    /// A bundle of an incident that is seen.
    fn bundle(&self, id: EvidenceId) -> Result<EvidenceRow, ServiceError> {
        let row = self.store.evidence(id)?;
        self.seen_with(row.incident, Thing::Evidence, id)?;
        Ok(row)
    }

    /// The bytes of one file of a bundle.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where the manifest names no such file, [`ServiceError::Unmasked`] where the circle may not
    /// see it, [`ServiceError::Purged`], [`ServiceError::Evidence`].
    pub fn evidence_file(&self, id: EvidenceId, name: &str, circle: Circle) -> Result<EvidenceBytes, ServiceError> {
        let (row, manifest) = self.manifest(id)?;
        let file = manifest.files.into_iter().find(|file| file.name == name);
        let file =
            file.ok_or_else(|| ServiceError::missing(Thing::EvidenceFile, name.chars().take(64).collect::<String>()))?;
        if circle == Circle::Outside && !file.role.is_masked() {
            return Err(ServiceError::Unmasked(file.name));
        }
        let bytes = self.evidence.read(&row, &file.name)?;
        Ok(EvidenceBytes { incident: row.incident, file, bytes })
    }

    /// Audits that somebody was shown a file that is not masked.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn note_unmasked(&self, id: EvidenceId, name: &str, actor: &str) -> Result<(), ServiceError> {
        let detail = serde_json::json!({ "file": name });
        Ok(self.store.audit(self.now(), actor, "evidence.unmasked", &id.to_string(), &detail)?)
    }

    /// All of what was read on the thing of an incident; that is audited.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such incident, or nothing was read on it; [`ServiceError::Unmasked`] where
    /// the circle may not see what is not masked.
    pub fn reading(&self, id: IncidentId, circle: Circle, actor: &str) -> Result<String, ServiceError> {
        self.seen_incident(id)?;
        let read = self.store.incident(id)?.read.ok_or_else(|| ServiceError::missing(Thing::Reading, id))?;
        if circle == Circle::Outside {
            return Err(ServiceError::Unmasked(format!("all of what was read on incident {id}")));
        }
        self.store.audit(self.now(), actor, "incident.reading.unmasked", &id.to_string(), &serde_json::json!({}))?;
        Ok(read.reveal().to_owned())
    }

    /// Audits that somebody was shown a thing, or a list and how it was narrowed.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn note_viewed(&self, action: &str, subject: &str, filter: &str, actor: &str) -> Result<(), ServiceError> {
        let detail = if filter.is_empty() { serde_json::json!({}) } else { serde_json::json!({ "filter": filter }) };
        Ok(self.store.audit(self.now(), actor, action, subject, &detail)?)
    }

    /// The first masked picture of a bundle.
    ///
    /// # Errors
    /// As [`Service::evidence_file`].
    pub fn masked_picture(&self, id: EvidenceId) -> Result<EvidenceBytes, ServiceError> {
        let (_, manifest) = self.manifest(id)?;
        let file = manifest.files.into_iter().find(|file| file.role == FileRole::Masked);
        let file = file.ok_or_else(|| ServiceError::missing(Thing::EvidencePicture, id))?;
        self.evidence_file(id, &file.name, Circle::Outside)
    }

    /// Bundles of all incidents, newest first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn evidence(&self, page: &Page) -> Result<Rows<EvidenceRow>, ServiceError> {
        self.store
            .evidence_page(&self.seen_areas(&Areas::All), page)
            .map_err(|error| ServiceError::of_list(error, page))
    }

    /// Sets or lifts legal hold on all bundles of an incident.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such incident.
    pub fn hold_evidence(
        &self,
        incident: IncidentId,
        hold: bool,
        actor: &str,
    ) -> Result<Vec<EvidenceRow>, ServiceError> {
        self.seen_incident(incident)?;
        self.store.hold_evidence(incident, hold, self.now(), actor)?;
        Ok(self.store.evidence_of(incident)?)
    }

    /// Proves every bundle and the chain that binds them, and names the first thing that was touched.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn verify_all_evidence(&self) -> Result<VerifyReport, ServiceError> {
        Ok(self.evidence.verify_each(evidence_rows(&*self.store))?)
    }

    /// Proves one bundle: its files against its manifest, its manifest against the store. Not its place in the chain.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none, [`ServiceError::Purged`].
    pub fn verify_evidence(&self, id: EvidenceId) -> Result<VerifyReport, ServiceError> {
        let row = self.bundle(id)?;
        if row.purged_at.is_some() {
            return Err(ServiceError::Purged(id.to_string()));
        }
        let manifest = self.evidence.path(&row, MANIFEST)?;
        let mut report = verify_folder(manifest.parent().unwrap_or(&manifest));
        if report.whole() && report.head.as_deref() != Some(&row.manifest_sha256) {
            let (folder, file) = (row.folder, MANIFEST.to_owned());
            report.fault = Some(Fault { evidence: Some(id), folder, file, kind: FaultKind::Touched });
        }
        Ok(report)
    }
}

/// Name of a bundle's manifest.
const MANIFEST: &str = "manifest.json";
