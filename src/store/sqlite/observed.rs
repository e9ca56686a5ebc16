//! What looks saw, packed into one blob a look: a thousand views keep two hundred each. Little-endian: version (1
//! byte), moment (8), count of classes (1), each class as length (1) and text, then 11 bytes a detection: class (1; its upper bit: permitted),
//! score (2, of 65535), four edges (2 each, from -1 to 2 on the reference picture).

use std::sync::Arc;

use rusqlite::{
    ToSql, Transaction, params,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef},
};

use crate::{
    domain::{BBox, LookId, Observed, ReferenceDetection, Score, ViewId, WallTime},
    store::StoreError,
};

const VERSION: u8 = 2;
/// The same without the bit of what is permitted.
const VERSION_WITHOUT_PERMITTED: u8 = 1;
const PERMITTED: u8 = 0x80;
const DETECTION_BYTES: usize = 11;
const UNITS: f32 = u16::MAX as f32;

/// [`Observed`] in a column.
pub(super) struct Packed(pub Observed);

/// What the latest looks of a view saw, newest first.
pub(super) fn of_view(tx: &Transaction<'_>, view: ViewId, limit: u32) -> Result<Vec<(LookId, Observed)>, StoreError> {
    let mut query = tx.prepare_cached(
        "SELECT id, observed FROM looks WHERE view = ?1 AND observed IS NOT NULL ORDER BY ended DESC, id DESC LIMIT ?2",
    )?;
    let rows = query.query_map(params![view, limit], |row| Ok((row.get(0)?, row.get::<_, Packed>(1)?.0)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

impl ToSql for Packed {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Blob(pack(&self.0))))
    }
}

impl FromSql for Packed {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        unpack(value.as_blob()?).map(Self).ok_or_else(|| FromSqlError::Other("what a look saw cannot be read".into()))
    }
}

fn pack(observed: &Observed) -> Vec<u8> {
    let mut classes: Vec<&str> = Vec::new();
    let mut detections = Vec::with_capacity(observed.detections.len() * DETECTION_BYTES);
    for detection in &observed.detections {
        let known = classes.iter().position(|class| **class == *detection.class);
        let class = known.unwrap_or_else(|| {
            classes.push(&detection.class);
            classes.len() - 1
        });
        // Names of classes are short and at most `OBSERVED_MAX` differ; one that is neither could not be read back.
        let (Ok(class @ 0..PERMITTED), 0..=255) = (u8::try_from(class), detection.class.len()) else { continue };
        detections.push(if detection.permitted { class | PERMITTED } else { class });
        detections.extend(((detection.score.value() * UNITS).round() as u16).to_le_bytes());
        for edge in detection.bbox.to_array() {
            detections.extend((((edge + 1.0) / 3.0 * UNITS).round().clamp(0.0, UNITS) as u16).to_le_bytes());
        }
    }
    classes.retain(|class| class.len() <= 255);
    let mut bytes = vec![VERSION];
    bytes.extend(observed.at.millis().to_le_bytes());
    bytes.push(classes.len() as u8);
    for class in classes {
        bytes.push(class.len() as u8);
        bytes.extend(class.as_bytes());
    }
    bytes.extend(detections);
    bytes
}

fn unpack(bytes: &[u8]) -> Option<Observed> {
    let (version, rest) = bytes.split_first()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (count, mut rest) = rest.split_first()?;
    matches!(*version, VERSION | VERSION_WITHOUT_PERMITTED).then_some(())?;
    let mut classes: Vec<Arc<str>> = Vec::new();
    for _ in 0..*count {
        let (length, after) = rest.split_first()?;
        let (class, after) = after.split_at_checked(usize::from(*length))?;
        classes.push(std::str::from_utf8(class).ok()?.into());
        rest = after;
    }
    let (detections, left) = rest.as_chunks::<DETECTION_BYTES>();
    left.is_empty().then_some(())?;
    let detection = |bytes: &[u8; DETECTION_BYTES]| {
        let number = |i: usize| f32::from(u16::from_le_bytes([bytes[i], bytes[i + 1]])) / UNITS;
        let edge = |i: usize| number(3 + 2 * i) * 3.0 - 1.0;
        Some(ReferenceDetection {
            class: classes.get(usize::from(bytes[0] & !PERMITTED))?.clone(),
            score: Score::new(number(1)).ok()?,
            bbox: BBox::new(edge(0), edge(1), edge(2), edge(3)),
            permitted: bytes[0] & PERMITTED != 0,
        })
    };
    let detections = detections.iter().map(detection).collect::<Option<_>>()?;
    Some(Observed { at: WallTime::from_millis(i64::from_le_bytes(*at)), detections })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn detection() -> impl Strategy<Value = ReferenceDetection> {
        let edge = || -1.0..2.0_f32;
        let edges = (edge(), edge(), edge(), edge());
        ("[a-z_]{1,20}", 0.0..=1.0_f32, edges, any::<bool>()).prop_map(|(class, score, (a, b, c, d), permitted)| {
            let (class, score) = (class.into(), Score::new(score).unwrap());
            ReferenceDetection { class, score, bbox: BBox::new(a, b, c, d), permitted }
        })
    }

    proptest! {
        #[test]
        fn what_was_seen_comes_back_within_a_pixel(at in i64::MIN..i64::MAX, seen in proptest::collection::vec(detection(), 0..80)) {
            let observed = Observed::new(WallTime::from_millis(at), seen);
            let back = unpack(&pack(&observed)).unwrap();
            prop_assert_eq!((back.at, back.detections.len()), (observed.at, observed.detections.len()));
            for (a, b) in back.detections.iter().zip(&observed.detections) {
                prop_assert_eq!((&a.class, a.permitted), (&b.class, b.permitted));
                prop_assert!((a.score.value() - b.score.value()).abs() < 1e-4);
                for (a, b) in a.bbox.to_array().iter().zip(b.bbox.to_array()) {
                    prop_assert!((a - b).abs() < 1e-4);
                }
            }
            prop_assert_eq!(unpack(&pack(&back)), Some(back), "packing again loses nothing more");
        }

        #[test]
        fn no_bytes_break_the_reader(bytes: Vec<u8>) {
            unpack(&bytes);
        }
    }

    #[test]
    fn what_looks_saw_before_anything_was_permitted_is_still_read() {
        let ad = || ReferenceDetection {
            class: "small_ad".into(),
            score: Score::ONE,
            bbox: BBox::new(0.1, 0.2, 0.3, 0.4),
            permitted: false,
        };
        let mut bytes = pack(&Observed::new(WallTime::from_millis(5), vec![ad()]));
        bytes[0] = VERSION_WITHOUT_PERMITTED;
        let back = unpack(&bytes).unwrap();
        assert_eq!((&*back.detections[0].class, back.detections[0].permitted), ("small_ad", false));
        bytes[0] = VERSION + 1;
        assert_eq!(unpack(&bytes), None, "of a newer version");
    }

    #[test]
    fn a_busy_look_takes_a_quarter_kilobyte_and_an_idle_one_ten_bytes() {
        let car = |i: u8| ReferenceDetection {
            class: if i.is_multiple_of(3) { "person" } else { "car" }.into(),
            score: Score::new(f32::from(i) / 30.0).unwrap(),
            bbox: BBox::new(0.1, 0.2, 0.3, 0.4),
            permitted: false,
        };
        let at = WallTime::from_millis(0);
        assert_eq!(pack(&Observed::new(at, vec![])).len(), 10);
        assert_eq!(pack(&Observed::new(at, (0..20).map(car).collect())).len(), 241);
    }
}
