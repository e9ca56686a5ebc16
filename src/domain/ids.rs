//! Identities. Every kind of thing has its own id type, so that a case id can never be handed in
//! where an incident id is meant. Ids of things that the system derives (looks, places, incidents,
//! cases, deliveries) are computed from what they stand for, which makes recording them idempotent.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A UUID that knows what it names.
pub struct Id<T> {
    uuid: Uuid,
    of: PhantomData<fn() -> T>,
}

/// What an [`Id`] can name. Markers only: they have no values.
pub mod named {
    macro_rules! markers {
        ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
            $(#[$doc])*
            #[derive(Debug)]
            pub enum $name {}
        )*};
    }
    markers! {
        /// A registered camera source.
        Stream,
        /// One fixed framing of a stream.
        View,
        /// A polygon on a view.
        Zone,
        /// One visit to a view.
        Look,
        /// A durable memory of one matter at one spot.
        Place,
        /// The deduplicated fact at a place.
        Incident,
        /// A bundle of files that proves an incident.
        Evidence,
        /// A confirmed incident as the platform knows it.
        Case,
        /// A duty to tell a platform.
        Delivery,
        /// One look of the verifier at one place.
        Verification,
        /// How a thing looked about which a person said yes or no.
        Exemplar,
        /// A thing that one of two models saw and the other did not.
        Disagreement,
        /// A text that the reference picture of a view shows.
        Sign,
        /// Somebody who may come in: a person's account or a program's token.
        Account,
    }
}

/// Id of a stream.
pub type StreamId = Id<named::Stream>;
/// Id of a verification.
pub type VerificationId = Id<named::Verification>;
/// Id of an exemplar.
pub type ExemplarId = Id<named::Exemplar>;
/// Id of a disagreement of two models.
pub type DisagreementId = Id<named::Disagreement>;
/// Id of a sign.
pub type SignId = Id<named::Sign>;
/// Id of an account or a token.
pub type AccountId = Id<named::Account>;
/// Id of a view.
pub type ViewId = Id<named::View>;
/// Id of a zone.
pub type ZoneId = Id<named::Zone>;
/// Id of a look.
pub type LookId = Id<named::Look>;
/// Id of a place.
pub type PlaceId = Id<named::Place>;
/// Id of an incident.
pub type IncidentId = Id<named::Incident>;
/// Id of a bundle of evidence.
pub type EvidenceId = Id<named::Evidence>;
/// Id of a case.
pub type CaseId = Id<named::Case>;
/// Id of a delivery.
pub type DeliveryId = Id<named::Delivery>;

impl<T> Id<T> {
    /// A fresh id, ordered by the moment it was made (UUID version 7). For things that a person registers.
    pub fn fresh() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }

    /// The id that `parts` determine (UUID version 8 from SHA-256 over the length-prefixed parts).
    /// The same parts always give the same id.
    pub fn derived(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let mut bytes = [0_u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        Self::from_uuid(Uuid::new_v8(bytes))
    }

    /// Wraps a UUID that is known to name a `T`, for adapters that read one back.
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, of: PhantomData }
    }

    /// The 16 bytes, as a part for [`Id::derived`].
    pub fn as_bytes(&self) -> &[u8] {
        self.uuid.as_bytes()
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.uuid, f)
    }
}

/// The text is not a UUID.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an id; ids look like 0192f0c1-7d3a-7c11-9d3e-2f6f0e6a4b52")]
pub struct BadId(String);

impl<T> FromStr for Id<T> {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        Uuid::parse_str(text).map(Self::from_uuid).map_err(|_| BadId(text.chars().take(64).collect()))
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_every_part_and_on_their_borders() {
        let a = PlaceId::derived(&[b"ab", b"c"]);
        assert_eq!(a, PlaceId::derived(&[b"ab", b"c"]));
        assert_ne!(a, PlaceId::derived(&[b"a", b"bc"]));
        assert_eq!(a, a.to_string().parse().unwrap());
        assert!("no".parse::<PlaceId>().is_err());
    }
}
