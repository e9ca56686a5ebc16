//! The detector against a second implementation of it (models/nanodet_g_416/check.py) on real surveillance frames.
//! Needs what script/setup installs: ffmpeg, opencv-doc and the ONNX Runtime library; fails, saying so, without them.
#![cfg(feature = "onnx")]

use std::{path::Path, process::Command, sync::Arc};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use xunjie::{
    domain::{BBox, Detection, FrameSpace, Picture, PixelLayout},
    infer::{Detector, catalogue::Catalogue},
};

/// Where Debian's opencv-doc puts the clip.
const CLIP: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";

#[derive(Deserialize)]
struct Reference {
    model_sha256: String,
    frames: Vec<ReferenceFrame>,
}

#[derive(Deserialize)]
struct ReferenceFrame {
    frame: u32,
    width: u32,
    height: u32,
    bgr_sha256: String,
    detections: Vec<ReferenceDetection>,
}

#[derive(Deserialize)]
struct ReferenceDetection {
    class: String,
    score: f32,
    #[serde(rename = "box")]
    bbox: [f32; 4],
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn reference() -> Reference {
    let path = here().join("fixtures/detections/nanodet_g_416_vtest.json");
    let text = std::fs::read(path).expect("the fixture is committed");
    serde_json::from_slice(&text).expect("the fixture is what this file reads")
}

fn detector(name: &str) -> Arc<dyn Detector> {
    let catalogue = Catalogue::load(&here().join("models")).expect("the models are committed");
    catalogue.detector(name, 1).unwrap_or_else(|error| panic!("{error}"))
}

/// The bytes of one frame of the clip.
fn frame_bytes(frame: u32, pixels: &str) -> Vec<u8> {
    let select = format!("select=eq(n\\,{frame})");
    let arguments = ["-v", "error", "-i", CLIP, "-vf", &select, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", pixels];
    let decoded =
        Command::new("ffmpeg").args(arguments).arg("-").output().expect("ffmpeg is missing; run script/setup");
    assert!(decoded.status.success(), "{CLIP}: {}; run script/setup", String::from_utf8_lossy(&decoded.stderr));
    decoded.stdout
}

fn planar(frame: u32, width: u32, height: u32) -> Picture {
    let (w, h) = (width as usize, height as usize);
    let layout = PixelLayout::I420 {
        offsets: [0, w * h, w * h * 5 / 4],
        strides: [w, w / 2, w / 2],
        bt709: false,
        full_range: false,
    };
    Picture::new(width, height, layout, Arc::new(frame_bytes(frame, "yuv420p"))).expect("a frame of the clip")
}

/// The detection of the same class with the same place, within `iou_min` and `score_slack`.
fn has(found: &[Detection], class: &str, score: f32, bbox: &BBox<FrameSpace>, iou_min: f32, score_slack: f32) -> bool {
    let same = |d: &&Detection| *d.class == *class && d.bbox.iou(bbox) > iou_min;
    found.iter().filter(same).any(|d| (d.score.value() - score).abs() < score_slack)
}

#[test]
fn the_same_pixels_give_the_same_boxes_as_the_reference() {
    let reference = reference();
    let detector = detector("nanodet_g_416");
    assert_eq!(detector.model().sha256, reference.model_sha256, "the reference was made with other weights");
    for ReferenceFrame { frame, width, height, bgr_sha256, detections } in reference.frames {
        let bgr = frame_bytes(frame, "bgr24");
        assert_eq!(hex::encode(Sha256::digest(&bgr)), bgr_sha256, "ffmpeg decodes frame {frame} to other pixels");
        let rgb = bgr.chunks_exact(3).flat_map(|p| [p[2], p[1], p[0]]).collect();
        let found = detector.detect(&Picture::from_rgb(width, height, rgb).unwrap()).unwrap();
        for ReferenceDetection { class, score, bbox } in &detections {
            assert!(
                has(&found, class, *score, &BBox::from(*bbox), 0.9, 0.03),
                "frame {frame}: {class} {score} {bbox:?} in {found:#?}"
            );
        }
        let sure = found.iter().filter(|d| d.score.value() > 0.33).count();
        let expected = detections.iter().filter(|d| d.score > 0.3).count();
        assert!(sure <= expected, "frame {frame}: boxes that the reference lacks in {found:#?}");
    }
}

#[test]
fn the_parked_van_and_the_car_are_found_in_planar_frames_too() {
    let detector = detector("nanodet_g_416");
    let van = BBox::<FrameSpace>::new(650.0, 44.0, 722.0, 99.0);
    let car = BBox::<FrameSpace>::new(735.0, 49.0, 768.0, 94.0);
    for ReferenceFrame { frame, width, height, .. } in reference().frames {
        let found = detector.detect(&planar(frame, width, height)).unwrap();
        for parked in [van, car] {
            let vehicle = |d: &&Detection| ["car", "truck", "bus"].contains(&&*d.class) && d.bbox.iou(&parked) > 0.7;
            assert!(
                found.iter().filter(vehicle).any(|d| d.score.value() > 0.4),
                "frame {frame}: {parked:?} in {found:#?}"
            );
        }
    }
}

#[test]
fn eight_bit_weights_find_the_same_vehicles() {
    let found = detector("nanodet_g_416_int8").detect(&planar(0, 768, 576)).unwrap();
    for parked in [[650.0, 44.0, 722.0, 99.0], [735.0, 49.0, 768.0, 94.0]] {
        let vehicle = |d: &&Detection| ["car", "truck", "bus"].contains(&&*d.class) && d.bbox.iou(&parked.into()) > 0.7;
        assert!(found.iter().filter(vehicle).any(|d| d.score.value() > 0.35), "{parked:?} in {found:#?}");
    }
}
