//! Values that tests of this room share.

use std::{sync::Arc, time::Duration};

use crate::domain::{
    Appearance, BBox, Clearing, Composition, DecodeMode, Dwell, FrameMeta, Grounds, Homography, Matching, Matter,
    MatterCodes, Part, PlatePolicy, Polygon, Pts, ReferenceSpace, Score, Sighting, StreamId, ViewId, WallSource,
    WallTime, Zone, ZoneId, ZoneKind, ZoneTest,
};

/// Parking: dwell 60 s, cleared after 3 looks over 60 s, reopens within an hour.
pub fn matter() -> Matter {
    Matter {
        key: "parking".parse().expect("a valid key"),
        name: "机动车乱停放".into(),
        name_en: None,
        codes: MatterCodes { code_2026: "09009".into(), code_2013: Some("04-09".into()) },
        model: "scripted".into(),
        hide_by: None,
        grounds: Grounds::Composed,
        verify: None,
        scan: None,
        newness: None,
        trail: None,
        shadow: None,
        plate: None,
        composition: Composition {
            anchor: Part { classes: vec!["car".into()], score_min: Score::new(0.3).expect("in range") },
            companion: None,
            gather_max: None,
        },
        zone_test: ZoneTest::BottomCentre,
        dwell: Dwell { time: Duration::from_secs(60), sightings_min: 3, seen_share_min: 0.6 },
        clearing: Clearing { looks: 3, over: Duration::from_secs(60) },
        reopen_within: Duration::from_secs(3600),
        matching: Matching { iou_min: 0.4, likeness_min: 0.7, gap_max: Duration::from_secs(60) },
        revisit: Duration::from_secs(20),
        decode: DecodeMode::KeyFrames,
        frames: 1,
        weight: 1.0,
        every: None,
        plates: PlatePolicy::ShowAnchor,
        sha256: "0".repeat(64),
    }
}

/// A zone of a kind over the middle of the picture, bound to [`matter`].
pub fn zone(kind: ZoneKind) -> Zone {
    Zone {
        id: ZoneId::derived(&[b"zone"]),
        view: ViewId::derived(&[b"view"]),
        version: 1,
        name: "middle".into(),
        kind,
        matters: vec![matter().key],
        polygon: Polygon::try_from(vec![[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]).expect("a square"),
        hours: None,
        valid_from: None,
        valid_until: None,
    }
}

/// Facts of a frame at a second.
pub fn meta(second: i64) -> FrameMeta {
    let at = WallTime::from_millis(second * 1000);
    FrameMeta {
        stream: StreamId::derived(&[b"stream"]),
        session: 1,
        pts: Pts(second.unsigned_abs() * 1_000_000_000),
        wall: at,
        wall_source: WallSource::Arrival,
        arrived: at,
        skew_ms: None,
        key: true,
    }
}

/// A forbidden sighting at a second, in a box, of a look (a direction in the plane, in degrees).
pub fn sighting(second: i64, bbox: [f32; 4], looks_degrees: f32) -> Sighting {
    let bbox: BBox<ReferenceSpace> = BBox::from(bbox);
    let angle = looks_degrees.to_radians();
    Sighting {
        matter: matter().key,
        class: Arc::from("car"),
        score: Score::new(0.8).expect("in range"),
        bbox_frame: Homography::IDENTITY.to_frame(&bbox, 100, 100),
        bbox,
        appearance: Appearance::new(vec![angle.cos(), angle.sin()]),
        read: None,
        accompanied: true,
        zone: Some((ZoneId::derived(&[b"zone"]), 1)),
        frame: meta(second),
    }
}
