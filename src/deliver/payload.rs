//! The JSON that tells one message: the contract of docs/delivery.md. Holds back every picture that is not
//! masked, checks each byte against the manifest before it leaves, and says 疑似 of all that no person confirmed.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::{BundleError, Parcel, ReadBundle, SigningKey, SinkError};
use crate::domain::{EvidenceKind, EvidenceRow, FileRole, Limit, Location, Manifest, Message, WallTime};

/// Name of the manifest in a bundle's folder.
pub const MANIFEST_NAME: &str = "manifest.json";

/// How long a media link opens its file. Each try of a delivery brings new links.
const LINK_VALID: Duration = Duration::from_secs(24 * 3600);

/// How pictures travel.
#[derive(Clone, Debug)]
pub enum Media {
    /// Base64 in the message.
    Inline,
    /// A signed link below our public address.
    Link {
        /// Our address as the platform sees it.
        public_url: Url,
        /// What the link is signed with.
        key: SigningKey,
    },
}

/// Turns parcels into the documented JSON.
#[derive(Clone)]
pub struct Packer {
    /// 行政区划 code, the first 6 digits of the full code of a matter.
    pub division_code: String,
    /// How pictures travel.
    pub media: Media,
    /// Reads files of bundles.
    pub read: ReadBundle,
}

/// One message as the platform reads it. Times are RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payload {
    /// Version of this form, 1.
    pub format: u32,
    /// Our id of the message; equals the idempotency key.
    pub delivery_id: String,
    /// Our id of the case.
    pub case_id: String,
    /// 0 for the report, counting up.
    pub ordinal: u32,
    /// What is told: `report`, `recurrence`, `recheck`, with what belongs to it.
    #[serde(flatten)]
    pub told: Told,
    /// In words, Chinese.
    pub description: String,
    /// When the duty to tell arose.
    pub created_at: WallTime,
    /// Which matter.
    pub matter: PayloadMatter,
    /// The person who confirmed the case, and when.
    pub confirmed: Confirmed,
    /// Where.
    pub location: Option<Location>,
    /// First sighting.
    pub first_seen: WallTime,
    /// Latest sighting.
    pub last_seen: WallTime,
    /// When the incident was opened.
    pub opened_at: WallTime,
    /// By when it should be handled.
    pub limit: Option<Limit>,
    /// The bundle that proves it.
    pub evidence: Option<PayloadEvidence>,
}

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Told {
    /// 上报
    Report,
    /// 反复
    Recurrence {
        /// Which time.
        count: u32,
    },
    /// 核查
    Recheck {
        /// Whether the spot looked clear; `null` when it could not be seen.
        cleared: Option<bool>,
        /// What we would do: `close`, `rework`, `visit`. The platform decides.
        recommendation: String,
    },
}

/// Which matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadMatter {
    /// Name in the standard.
    pub name: String,
    /// GB/T 47678.5-2026, 5 digits.
    pub code_2026: String,
    /// GB/T 30428.2-2013, where there was one.
    pub code_2013: Option<String>,
    /// 事项代码, 11 digits: division and 2026 code.
    pub full_code: String,
}

/// The person who confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Name.
    pub by: String,
    /// When.
    pub at: WallTime,
}

/// The bundle that proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadEvidence {
    /// Identity.
    pub id: String,
    /// Why it was made.
    pub kind: EvidenceKind,
    /// The exact text of the bundle's manifest, as text, so that its hash can be computed again.
    pub manifest: String,
    /// SHA-256 of that text.
    pub manifest_sha256: String,
    /// Masked pictures only.
    pub files: Vec<PayloadFile>,
}

/// A masked picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadFile {
    /// Name in the bundle.
    pub name: String,
    /// Always `image/jpeg` or `image/png`.
    pub media_type: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256, as the manifest says.
    pub sha256: String,
    /// Base64 of the file, when it travels inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Where to fetch it, when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl Packer {
    /// The message of a parcel. `now` dates links.
    ///
    /// # Errors
    /// [`SinkError::Never`] when the bundle is gone or is not what its manifest says; [`SinkError::Later`] when it
    /// cannot be read now.
    pub fn pack(&self, parcel: &Parcel, now: WallTime) -> Result<Payload, SinkError> {
        let Parcel { delivery, case, incident, evidence } = parcel;
        let told = told(&delivery.message);
        let evidence = evidence.as_ref().map(|row| self.evidence(row, now)).transpose()?;
        Ok(Payload {
            format: 1,
            delivery_id: delivery.id.to_string(),
            case_id: case.id.to_string(),
            ordinal: delivery.ordinal,
            description: describe(parcel, &told),
            told,
            created_at: delivery.created_at,
            matter: PayloadMatter {
                name: case.matter_name.clone(),
                code_2026: case.codes.code_2026.clone(),
                code_2013: case.codes.code_2013.clone(),
                full_code: format!("{}{}", self.division_code, case.codes.code_2026),
            },
            confirmed: Confirmed { by: case.confirmed_by.clone(), at: case.opened_at },
            location: case.location.clone(),
            first_seen: incident.first_seen,
            last_seen: incident.last_seen,
            opened_at: incident.opened_at,
            limit: case.limit.clone(),
            evidence,
        })
    }

    fn evidence(&self, row: &EvidenceRow, now: WallTime) -> Result<PayloadEvidence, SinkError> {
        if let Some(at) = row.purged_at {
            return Err(SinkError::Never(format!(
                "the files of evidence {} were removed by retention at {at}",
                row.id
            )));
        }
        let manifest = self.checked(row, MANIFEST_NAME, &row.manifest_sha256)?;
        let broken = |why: String| SinkError::Never(format!("the manifest of evidence {} {why}", row.id));
        let manifest = String::from_utf8(manifest).map_err(|_| broken("is no text".to_owned()))?;
        let parsed: Manifest =
            serde_json::from_str(&manifest).map_err(|error| broken(format!("cannot be read: {error}")))?;
        let mut files = Vec::new();
        for file in parsed.files.iter().filter(|file| file.role == FileRole::Masked) {
            let bytes = self.checked(row, &file.name, &file.sha256)?;
            let (content, url) = match &self.media {
                Media::Inline => (Some(BASE64_STANDARD.encode(&bytes)), None),
                Media::Link { public_url, key } => {
                    let link = key.media_link(public_url, row.id, &file.name, now.plus(LINK_VALID));
                    (None, Some(link.to_string()))
                }
            };
            files.push(PayloadFile {
                name: file.name.clone(),
                media_type: if file.name.ends_with(".png") { "image/png" } else { "image/jpeg" }.to_owned(),
                size_bytes: bytes.len() as u64,
                sha256: file.sha256.clone(),
                content,
                url,
            });
        }
        Ok(PayloadEvidence {
            id: row.id.to_string(),
            kind: row.kind,
            manifest,
            manifest_sha256: row.manifest_sha256.clone(),
            files,
        })
    }

    /// A file whose bytes are what they were when the bundle was made.
    fn checked(&self, row: &EvidenceRow, name: &str, sha256: &str) -> Result<Vec<u8>, SinkError> {
        let at = |what: String| format!("evidence {}: {what}", row.id);
        let bytes = (self.read)(row, name).map_err(|error| match error {
            BundleError::Gone(what) => SinkError::Never(at(format!("{what} is gone"))),
            BundleError::Failed(why) => SinkError::Later(at(why)),
        })?;
        if hex::encode(Sha256::digest(&bytes)) == sha256 {
            Ok(bytes)
        } else {
            Err(SinkError::Never(at(format!("{name} was changed after it was recorded; run xunjie evidence verify"))))
        }
    }
}

fn told(message: &Message) -> Told {
    match message {
        Message::Report { .. } => Told::Report,
        Message::Recurrence { count, .. } => Told::Recurrence { count: *count },
        Message::Recheck { cleared, .. } => Told::Recheck {
            cleared: *cleared,
            recommendation: match cleared {
                Some(true) => "close",
                Some(false) => "rework",
                None => "visit",
            }
            .to_owned(),
        },
    }
}

/// A person confirmed the case itself; what cameras saw afterwards no person has seen, so that stays 疑似.
fn describe(parcel: &Parcel, told: &Told) -> String {
    let matter = &parcel.case.matter_name;
    let place = parcel.case.location.as_ref().map_or("位置未登记", |location| location.address.as_str());
    match told {
        Told::Report => format!("{place}：{matter}，已经人工复核确认"),
        Told::Recurrence { count } => format!("{place}：{matter}清除后疑似再次出现，第{count}次"),
        Told::Recheck { cleared: Some(true), .. } => format!("{place}：{matter}疑似已清除，建议结案"),
        Told::Recheck { cleared: Some(false), .. } => format!("{place}：{matter}疑似仍存在，建议返工"),
        Told::Recheck { cleared: None, .. } => format!("{place}：{matter}现场画面无法判断，建议人工核查"),
    }
}
