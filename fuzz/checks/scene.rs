//! Scene files of a replay. What is accepted can be stored, written into evidence and asked for any hour; what is
//! refused names the place.

use xunjie::{domain::WallTime, patrol::replay::SceneFile};

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SceneFile::parse("scene.toml", text) {
        Ok(scene) => stands(&scene),
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                assert!(fault.file == "scene.toml" && !fault.key.is_empty() && !fault.want.is_empty(), "{fault:?}");
                assert!(fault.got.chars().count() <= 80, "{fault:?}");
            }
        }
    }
}

fn stands(scene: &SceneFile) {
    assert!(!scene.matters.is_empty() && !scene.code.trim().is_empty() && !scene.name.trim().is_empty());
    assert!(scene.revisit_s.is_none_or(|seconds| (1..=86_400).contains(&seconds)));
    assert_eq!(scene.start.to_string().parse::<WallTime>().ok(), Some(scene.start));
    if let Some(location) = &scene.location {
        let written = serde_json::to_string(location).expect("a location is plain");
        assert_eq!(serde_json::from_str(&written).ok().as_ref(), Some(location), "{written}");
    }
    for hours in scene.zones.iter().filter_map(|zone| zone.hours.as_ref()) {
        for offset in ["+00:00", "+14:00", "-12:00"] {
            let offset = offset.parse().expect("an offset");
            for at in [scene.start, WallTime::from_millis(0), WallTime::from_millis(i64::MAX)] {
                hours.contain(at.civil(offset), &|_| true);
                hours.contain(at.civil(offset), &|_| false);
            }
        }
        let written = serde_json::to_string(hours).expect("hours are plain");
        assert_eq!(serde_json::from_str(&written).ok().as_ref(), Some(hours), "{written}");
    }
}
