//! Single words: ids, times, matter keys, blocks of addresses, addresses of cameras, polygons. The first byte says
//! which. What is accepted is written and read again as the same; what is refused is told shortly.

use std::{
    fmt::{Debug, Display},
    str::FromStr,
};

use xunjie::{
    config::Cidr,
    domain::{BBox, CaseId, Location, MatterKey, Point, Polygon, Score, SourceUrl, WallTime},
};

pub fn check(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match which {
        b'i' => again::<CaseId>(text),
        b't' => again::<WallTime>(text),
        b'k' => again::<MatterKey>(text),
        b'c' => again::<Cidr>(text),
        b's' => source(text),
        b'p' => credential(text),
        b'z' => polygon(text),
        b'l' => drop(again_as_json::<Location>(text)),
        b'n' => score(text),
        _ => {}
    }
}

fn again<T>(text: &str)
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq,
{
    match text.parse::<T>() {
        Ok(value) => assert_eq!(value.to_string().parse::<T>().ok().as_ref(), Some(&value)),
        Err(error) => told(&error.to_string()),
    }
}

fn again_as_json<T>(text: &str) -> Option<T>
where
    T: serde::de::DeserializeOwned + serde::Serialize + Debug + PartialEq,
{
    let value: T = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_str::<T>(&written).ok().as_ref(), Some(&value), "{written}");
    Some(value)
}

/// An error says something, and not all that came.
fn told(error: &str) {
    assert!(!error.is_empty() && error.chars().count() <= 1000, "{error}");
}

fn source(text: &str) {
    match SourceUrl::split(text) {
        Ok((source, credential)) => {
            assert!(source.url().username().is_empty() && source.url().password().is_none());
            assert_eq!(SourceUrl::parse(source.url().as_str()).as_ref(), Ok(&source));
            assert_eq!(SourceUrl::parse(text).is_ok(), credential.is_none());
            assert!(!source.to_string().is_empty());
        }
        Err(error) => told(&error.to_string()),
    }
}

/// A credential, quoted as RFC 3986 wants it, comes out as it went in; unquoted it may be refused, and is never shown.
fn credential(text: &str) {
    let Some((username, password)) = text.split_once('\n').filter(|(username, _)| !username.is_empty()) else { return };
    let quoted = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let address = format!("rtsp://{}:{}@10.0.0.8/live", quoted(username), quoted(password));
    let (source, inside) = SourceUrl::split(&address).expect("a quoted credential is one");
    let inside = inside.expect("there was one");
    assert_eq!((inside.username.as_str(), inside.password.reveal()), (username, password));
    assert_eq!(source.to_string(), "rtsp://10.0.0.8/live");
    match SourceUrl::split(&format!("rtsp://u:S3CRET{password}@10.0.0.8/")) {
        Ok((source, _)) if password.contains("S3CRET") => assert!(!source.url().username().contains("S3CRET")),
        Ok((source, credential)) => {
            assert!(!source.to_string().contains("S3CRET"), "{source}");
            assert!(!format!("{credential:?}").contains("S3CRET"));
        }
        Err(error) => assert!(!error.to_string().contains("S3CRET"), "{error}"),
    }
}

fn polygon(text: &str) {
    let (outline, bbox) = text.split_once('\n').unwrap_or((text, "[0.2,0.2,0.7,0.9]"));
    let Some(polygon) = again_as_json::<Polygon>(outline) else { return };
    assert!(polygon.area() > 0.0 && polygon.area() <= 1.001);
    let bbox = serde_json::from_str(bbox).unwrap_or(BBox::new(0.2, 0.2, 0.7, 0.9));
    let share = polygon.share_of(&bbox);
    assert!((0.0..=1.0).contains(&share), "{share} of {bbox:?}");
    let far = Point::new(f32::MAX, -1.0);
    assert!(!polygon.contains(far) && !polygon.contains(Point::new(f32::NAN, f32::NAN)));
    for corner in bbox.corners() {
        polygon.contains(corner);
    }
    let whole = BBox::new(0.0, 0.0, 1.0, 1.0);
    for share in [whole.iou(&bbox), bbox.iou(&bbox), bbox.covered_by(&whole), whole.covered_by(&bbox)] {
        assert!((0.0..=1.0).contains(&share), "{share} of {bbox:?}");
    }
}

fn score(text: &str) {
    if let Some(score) = again_as_json::<Score>(text) {
        assert!((0.0..=1.0).contains(&score.value()));
        // Equal and ordered as equal: sorting relies on it.
        assert!([Score::ZERO, Score::ONE].iter().all(|other| (*other == score) == other.cmp(&score).is_eq()));
    }
}
