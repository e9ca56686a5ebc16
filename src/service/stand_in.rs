use crate::domain::*;
use std::path::{Path, PathBuf};
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    #[error("x")]
    X,
}
pub struct EvidenceFolder;
impl EvidenceFolder {
    pub fn open(_r: impl Into<PathBuf>) -> Result<Self, EvidenceError> {
        Ok(Self)
    }
    pub fn manifest(&self, _r: &EvidenceRow) -> Result<Manifest, EvidenceError> {
        Err(EvidenceError::X)
    }
    pub fn read(&self, _r: &EvidenceRow, _n: &str) -> Result<Vec<u8>, EvidenceError> {
        Err(EvidenceError::X)
    }
    pub fn verify(&self, _r: &EvidenceRow) -> Result<(), EvidenceError> {
        Err(EvidenceError::X)
    }
}
