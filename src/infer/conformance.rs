//! What every detector promises, checked on the scripted one and on the pool over ONNX Runtime alike.

use std::thread;

use super::{Detector, scripted::ScriptedDetector};
use crate::domain::{Detection, Picture, Score};

/// Pictures of odd sizes and layouts with something in them.
fn pictures() -> Vec<Picture> {
    let noise = |width: u32, height: u32| {
        let mut random = fastrand::Rng::with_seed(u64::from(width));
        let rgb = (0..width * height * 3).map(|_| random.u8(..)).collect();
        Picture::from_rgb(width, height, rgb).unwrap()
    };
    vec![noise(320, 240), noise(33, 97), noise(1, 1), noise(640, 90)]
}

/// The promises of the seam.
fn conforms(detector: &dyn Detector, pictures: &[Picture]) {
    let answer = |picture: &Picture| detector.detect(picture).unwrap();
    let alone: Vec<Vec<Detection>> = pictures.iter().map(answer).collect();
    for (picture, found) in pictures.iter().zip(&alone) {
        let (w, h) = (picture.width() as f32, picture.height() as f32);
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first");
        for Detection { bbox, .. } in found {
            assert!(
                bbox.x0() >= 0.0 && bbox.y0() >= 0.0 && bbox.x1() <= w && bbox.y1() <= h,
                "{bbox:?} in {picture:?}"
            );
            assert!(bbox.area() > 0.0);
        }
    }
    let model = detector.model();
    assert!(!model.name.is_empty() && model.sha256.len() == 64, "{model:?}");
    thread::scope(|scope| {
        let askers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| pictures.iter().map(|p| detector.detect(p).unwrap()).collect::<Vec<_>>()))
            .collect();
        for asker in askers {
            assert_eq!(asker.join().unwrap(), alone, "the same picture gives the same answer on any thread");
        }
    });
}

#[test]
fn the_scripted_detector_conforms() {
    let script = |score: f32, bbox: [f32; 4]| Detection {
        class: "car".into(),
        score: Score::new(score).unwrap(),
        bbox: bbox.into(),
        text: None,
    };
    let detector = ScriptedDetector::by_function(move |_, _| {
        Ok(vec![script(0.4, [-5.0, 0.0, 900.0, 30.0]), script(0.9, [0.0, 0.0, 20.0, 20.0]), script(0.7, [900.0; 4])])
    });
    conforms(&detector, &pictures());
    assert_eq!(detector.asked(), 20);
    let twice = ScriptedDetector::by_ordinal(vec![vec![script(0.5, [0.0, 0.0, 9.0, 9.0])]]);
    let picture = &pictures()[0];
    assert_eq!((twice.detect(picture).unwrap().len(), twice.detect(picture).unwrap().len()), (1, 0));
}

#[cfg(feature = "onnx")]
#[test]
fn the_pool_over_onnx_runtime_conforms() {
    use super::catalogue::Catalogue;

    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let detector = Catalogue::load(&models).unwrap().detector("nanodet_g_416", 2).unwrap_or_else(|e| panic!("{e}"));
    conforms(&*detector, &pictures());
}
