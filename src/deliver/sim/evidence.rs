//! Proves the evidence of a message as a careful platform would: the manifest's hash, each file's hash, and that
//! nothing but masked pictures came.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ureq::Agent;

use crate::{
    deliver::payload::{Payload, PayloadEvidence, PayloadFile},
    domain::{FileRole, Manifest},
};

/// Largest picture that is fetched.
const PICTURE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// What the check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceFinding {
    /// Whether everything fits. `false` also where there was no evidence.
    pub verified: bool,
    /// The first thing that does not.
    pub fault: Option<String>,
    /// Files that were checked.
    pub files: usize,
}

/// Checks a message's evidence; fetches links with `agent`.
pub(super) fn examine(payload: &Payload, agent: &Agent) -> EvidenceFinding {
    let outcome = match &payload.evidence {
        None => Err("the message carries no evidence".to_owned()),
        Some(evidence) => check(evidence, agent),
    };
    match outcome {
        Ok(files) => EvidenceFinding { verified: true, fault: None, files },
        Err(fault) => EvidenceFinding { verified: false, fault: Some(fault), files: 0 },
    }
}

fn check(evidence: &PayloadEvidence, agent: &Agent) -> Result<usize, String> {
    if sha256(evidence.manifest.as_bytes()) != evidence.manifest_sha256 {
        return Err("the manifest's bytes do not have the hash that the message names".to_owned());
    }
    let manifest: Manifest =
        serde_json::from_str(&evidence.manifest).map_err(|error| format!("the manifest cannot be read: {error}"))?;
    if manifest.evidence.to_string() != evidence.id {
        return Err("the manifest is of another bundle".to_owned());
    }
    if evidence.files.is_empty() {
        return Err("there is no picture".to_owned());
    }
    for file in &evidence.files {
        let listed = manifest.files.iter().find(|listed| listed.name == file.name);
        let listed = listed.ok_or_else(|| format!("{} is not in the manifest", file.name))?;
        if listed.role != FileRole::Masked {
            return Err(format!("{} is not a masked picture", file.name));
        }
        if listed.sha256 != file.sha256 {
            return Err(format!("{} has another hash in the manifest", file.name));
        }
        if sha256(&bytes_of(file, agent)?) != file.sha256 {
            return Err(format!("the bytes of {} do not have its hash", file.name));
        }
    }
    Ok(evidence.files.len())
}

fn bytes_of(file: &PayloadFile, agent: &Agent) -> Result<Vec<u8>, String> {
    match (&file.content, &file.url) {
        (Some(content), None) => {
            BASE64_STANDARD.decode(content).map_err(|error| format!("{} is no base64: {error}", file.name))
        }
        (None, Some(url)) => {
            let fetched = |error: ureq::Error| format!("{} cannot be fetched: {error}", file.name);
            let mut response = agent.get(url).call().map_err(fetched)?;
            if !response.status().is_success() {
                return Err(format!("{} cannot be fetched: {}", file.name, response.status()));
            }
            response.body_mut().with_config().limit(PICTURE_BYTES_MAX).read_to_vec().map_err(fetched)
        }
        _ => Err(format!("{} has neither content nor url, or both", file.name)),
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
