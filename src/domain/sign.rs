//! Signs of a view: what text its reference picture shows. One may stay once a person said so; a reading alone permits
//! nothing.

use super::{BBox, ReadText, ReferenceSpace, SignId, ViewId, WallTime};

/// A text that was read on the reference picture of a view.
#[derive(Clone, Debug, PartialEq)]
pub struct Sign {
    /// Identity: derived from view, version of the reference, text and place.
    pub id: SignId,
    /// The view.
    pub view: ViewId,
    /// Version of the reference picture that shows it.
    pub reference: u32,
    /// What it says.
    pub text: ReadText,
    /// Where, on the reference picture.
    pub bbox: BBox<ReferenceSpace>,
    /// When it was read.
    pub read_at: WallTime,
    /// Who said that it may stay, and when; `None` while nobody did, and where it was taken back.
    pub permitted: Option<(String, WallTime)>,
}

impl Sign {
    /// The sign of a text at a place of a reference picture: read again it is the same one.
    pub fn id_of(view: ViewId, reference: u32, text: &ReadText, bbox: &BBox<ReferenceSpace>) -> SignId {
        let corners: Vec<u8> = bbox.to_array().iter().flat_map(|side| side.to_be_bytes()).collect();
        let text = text.reveal().as_bytes();
        SignId::derived(&[b"sign", view.as_bytes(), &reference.to_be_bytes(), text, &corners])
    }
}
