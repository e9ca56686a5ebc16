//! What can be asked for by its id and not be there. The desk has words for each of them.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// A kind of thing that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// An account.
    Account,
    /// A case.
    Case,
    /// A delivery.
    Delivery,
    /// A spot where two models differ.
    Disagreement,
    /// The picture of a disagreement.
    DisagreementPicture,
    /// A bundle of evidence.
    Evidence,
    /// A file of a bundle.
    EvidenceFile,
    /// The masked picture of a bundle.
    EvidencePicture,
    /// An exemplar.
    Exemplar,
    /// The picture of an exemplar.
    ExemplarPicture,
    /// An incident.
    Incident,
    /// A month of a report.
    Month,
    /// A picture.
    Picture,
    /// What was read on an incident's thing.
    Reading,
    /// The reference picture of a view.
    Reference,
    /// The masked copy of it.
    ReferenceMasked,
    /// A sign that was read.
    Sign,
    /// A stream.
    Stream,
    /// A token.
    Token,
    /// A view.
    View,
    /// A zone.
    Zone,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Case => "case",
            Self::Delivery => "delivery",
            Self::Disagreement => "disagreement",
            Self::DisagreementPicture => "picture of disagreement",
            Self::Evidence => "evidence",
            Self::EvidenceFile => "evidence file",
            Self::EvidencePicture => "masked picture of evidence",
            Self::Exemplar => "exemplar",
            Self::ExemplarPicture => "picture of exemplar",
            Self::Incident => "incident",
            Self::Month => "month",
            Self::Picture => "picture",
            Self::Reading => "reading of incident",
            Self::Reference => "reference picture of view",
            Self::ReferenceMasked => "masked reference picture of view",
            Self::Sign => "sign",
            Self::Stream => "stream",
            Self::Token => "token",
            Self::View => "view",
            Self::Zone => "zone",
        })
    }
}
