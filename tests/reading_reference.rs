//! The reader of text against a second implementation of it (models/ppocr_v6_det_small/check.py, OpenCV's own routines)
//! on a drawn picture, and what a city's rules make of it. Needs the weights that script/setup fetches.
#![cfg(feature = "onnx")]

use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use xunjie::{
    analysis::plate::voted,
    config::Config,
    domain::{BBox, Picture, TextLine},
    infer::{Catalogue, text::TextReader},
    media::jpeg,
};

#[derive(Deserialize)]
struct Reference {
    picture_sha256: String,
    lines: Vec<ReferenceLine>,
}

#[derive(Deserialize)]
struct ReferenceLine {
    text: String,
    score: f32,
    quad: [[f32; 2]; 4],
}

const PICTURE: &str = "fixtures/text/street_text.png";

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn catalogue() -> Catalogue {
    let config = Config::load(here(), None).unwrap_or_else(|faults| panic!("{faults}"));
    Catalogue::load(&here().join("models")).expect("the manifests are committed").with_ads(config.ads)
}

fn reader() -> TextReader {
    catalogue().text_reader("ppocr_v6_det_small").unwrap_or_else(|error| panic!("{error}; run script/setup"))
}

fn picture() -> Picture {
    jpeg::open(&here().join(PICTURE)).expect("the fixture is committed")
}

fn corners_apart(line: &TextLine, quad: &[[f32; 2]; 4]) -> f32 {
    let apart = line.quad.0.iter().zip(quad).map(|(p, [x, y])| (p.x - x).hypot(p.y - y));
    apart.fold(0.0, f32::max)
}

#[test]
fn the_same_picture_gives_the_same_lines_as_the_reference() {
    let text = std::fs::read(here().join("fixtures/text/street_text.json")).expect("the fixture is committed");
    let reference: Reference = serde_json::from_slice(&text).expect("the fixture is what this file reads");
    let bytes = std::fs::read(here().join(PICTURE)).unwrap();
    assert_eq!(hex::encode(Sha256::digest(bytes)), reference.picture_sha256, "the reference is of another picture");
    let lines = reader().read(&picture()).unwrap();
    assert_eq!(lines.len(), reference.lines.len(), "{lines:#?}");
    for ReferenceLine { text, score, quad } in &reference.lines {
        let same = |line: &&TextLine| *line.text == **text && (line.score.value() - score).abs() < 0.02;
        let line = lines.iter().find(same).unwrap_or_else(|| panic!("{text} {score} is missing in {lines:#?}"));
        assert!(corners_apart(line, quad) < 1.5, "{text}: {:?}, the reference has {quad:?}", line.quad);
    }
}

#[test]
fn a_wide_picture_is_read_across_its_tiles_as_the_small_one_is() {
    let small = picture();
    let (width, height) = (2400, 700);
    // The banner lies across the seam of two tiles.
    let (left, top) = (860, 100);
    let inside = |x: u32, y: u32| (left..left + small.width()).contains(&x) && (top..top + small.height()).contains(&y);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgb = pixels.flat_map(|(x, y)| if inside(x, y) { small.rgb_at(x - left, y - top) } else { [176, 170, 160] });
    let wide = Picture::from_rgb(width, height, rgb.collect()).unwrap();
    let mut reader = reader();
    let texts = |lines: Vec<TextLine>| {
        let mut texts: Vec<String> = lines.into_iter().map(|line| line.text.to_string()).collect();
        texts.sort();
        texts
    };
    assert_eq!(texts(reader.read(&wide).unwrap()), texts(reader.read(&small).unwrap()));
}

#[test]
fn the_citys_rules_find_the_stickers_the_banner_and_the_numbers() {
    let detector = catalogue().detector("ppocr_v6_det_small", 1).unwrap_or_else(|error| panic!("{error}"));
    let found = detector.detect(&picture()).unwrap();
    let mut classes: Vec<(&str, &str)> =
        found.iter().map(|d| (&*d.class, d.text.as_deref().expect("a reader says what it read"))).collect();
    classes.sort_unstable();
    let want = [
        ("banner", "热烈庆祝商场隆重开业全场八折"),
        ("phone_number", "138-1234-5678"),
        ("phone_number", "管道疏通4001234567"),
        ("small_ad", "专业开锁换锁 / 138-1234-5678"),
        ("small_ad", "管道疏通4001234567"),
    ];
    assert_eq!(classes, want);
    let model = detector.model();
    assert!(model.name == "ppocr_v6_det_small" && model.sha256.len() == 64, "{model:?}");
}

#[test]
fn pictures_that_no_camera_makes_are_read_or_refused_by_their_size() {
    let mut reader = reader();
    for (width, height) in [(1, 1), (3, 500), (33, 7)] {
        let grey = Picture::from_rgb(width, height, vec![90; (width * height * 3) as usize]).unwrap();
        assert_eq!(reader.read(&grey).unwrap(), [], "{width}x{height}");
    }
    let huge = Picture::from_rgb(20_000, 9_000, vec![90; 20_000 * 9_000 * 3]).unwrap();
    let error = reader.read(&huge).unwrap_err().to_string();
    assert!(error.contains("20000x9000") && error.contains("at most 40"), "{error}");
}

#[test]
fn without_rules_or_with_the_wrong_kind_the_error_says_what_to_do() {
    let bare = Catalogue::load(&here().join("models")).unwrap();
    let error = bare.detector("ppocr_v6_det_small", 1).err().expect("no rules").to_string();
    assert!(error.contains("ads.toml"), "{error}");
    let error = bare.text_reader("nanodet_g_416").err().expect("a detector").to_string();
    assert!(error.contains("is of kind detector; name a model of kind text_detection"), "{error}");
}

#[test]
fn plates_of_each_colour_are_read_by_the_vote_of_their_frames() {
    #[derive(Deserialize)]
    struct Plate {
        kind: String,
        number: String,
        frames: Vec<Seen>,
    }
    #[derive(Deserialize)]
    struct Seen {
        file: String,
        quad: [[f32; 2]; 4],
    }
    let folder = here().join("fixtures/plates");
    let text = std::fs::read(folder.join("labels.json")).expect("the fixture is committed");
    let plates: Vec<Plate> = serde_json::from_slice(&text).expect("the fixture is what this file reads");
    let mut reader = catalogue().plate_reader("plate_clp").unwrap_or_else(|error| panic!("{error}; run script/setup"));
    assert_eq!(plates.len(), 3);
    for Plate { kind, number, frames } in plates {
        let mut readings = Vec::new();
        for Seen { file, quad } in frames {
            let picture = jpeg::open(&folder.join(&file)).expect("the fixture is committed");
            let seen = reader.read(&picture, None).unwrap();
            let [plate] = seen.as_slice() else { panic!("{file}: one plate stands there, got {seen:#?}") };
            let apart = plate.quad.0.iter().zip(quad).map(|(p, [x, y])| (p.x - x).hypot(p.y - y));
            assert!(apart.fold(0.0, f32::max) < 9.0, "{file}: {:?}, drawn at {quad:?}", plate.quad);
            readings.push(plate.reading.clone());
        }
        let voted = voted(&readings).expect("every frame could be spelled");
        assert_eq!(voted.number.reveal(), number, "{kind}: {voted:?}");
    }
    let grey = Picture::from_rgb(1, 1, vec![90; 3]).unwrap();
    assert_eq!(reader.read(&grey, None).unwrap(), []);
    let wide = Picture::from_rgb(4000, 20, vec![90; 4000 * 20 * 3]).unwrap();
    let error = reader.read(&wide, None).unwrap_err().to_string();
    assert!(error.contains("4000x20") && error.contains("hand over the vehicle's part"), "{error}");
    assert_eq!(reader.read(&wide, Some(&BBox::new(10.0, 0.0, 400.0, 20.0))).unwrap(), []);
}
