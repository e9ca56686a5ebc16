//! Model manifests, and the weight file of a model that was taught by examples. What is accepted names a file in its own
//! folder, has numbers that can be worked with, and is read the same twice; what is refused names the place.

use std::{ffi::OsStr, path::Path, sync::Arc};

use xunjie::{
    analysis::decode::Output,
    domain::{Appearance, Score},
    infer::{
        few_shot,
        manifest::{Manifest, ModelKind},
    },
};

pub fn check(data: &[u8]) {
    examples(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let folder = Path::new("models/nanodet_g_416");
    let parse = || Manifest::parse(folder, "nanodet_g_416", "models/nanodet_g_416/model.toml", text);
    match parse() {
        Ok(manifest) => {
            assert_eq!(parse().as_ref(), Ok(&manifest));
            let path = manifest.weight_path();
            let neighbour =
                manifest.weights_of.as_ref().map_or(folder.to_path_buf(), |name| Path::new("models").join(name));
            assert_eq!((path.parent(), path.file_name()), (Some(&*neighbour), Some(OsStr::new(&manifest.file))));
            assert_eq!(path.components().count(), 3, "no path leads out of models/");
            assert_eq!(manifest.sha256.len(), 64);
            stands(&manifest.kind);
        }
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                assert!(!fault.file.is_empty() && !fault.want.is_empty(), "{fault:?}");
                assert!(fault.got.chars().count() <= 80, "{fault:?}");
            }
        }
    }
}

fn examples(data: &[u8]) {
    let classes = ["open", "covered"].map(Arc::from);
    match few_shot::read(data, &classes) {
        Ok(prototypes) => {
            let again = few_shot::read(&few_shot::write(&prototypes), &classes).expect("what is written is read");
            assert_eq!((&again.classes, &again.middle), (&prototypes.classes, &prototypes.middle));
            let look = Appearance::new(prototypes.middle.iter().map(|number| number * 0.5 + 0.1).collect());
            let sum = prototypes.scores(&look).map(|scores| scores.iter().map(|score| score.value()).sum::<f32>());
            assert!(sum.is_none_or(|sum| (sum - 1.0).abs() < 1e-3), "{sum:?}");
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

fn stands(kind: &ModelKind) {
    let spec = match kind {
        ModelKind::Detector(spec) => spec,
        ModelKind::Comparison(spec) => {
            assert!(spec.now != spec.before && !spec.classes.is_empty() && !spec.patches_of.is_empty());
            return;
        }
        _ => return,
    };
    let format = &spec.input.format;
    assert!((8..=4096).contains(&format.width) && (8..=4096).contains(&format.height));
    assert!(format.std.iter().all(|std| *std > 0.0) && format.mean.iter().all(|mean| mean.is_finite()));
    assert!((1..=1000).contains(&spec.detections_max) && !spec.classes.is_empty());
    assert!(!spec.decoder.output_names().is_empty());
    // What a graph cannot be checked for when it is loaded is refused when it answers.
    let odd = Output { shape: &[1, 2, 3], data: &[0.5; 6] };
    for outputs in [&[][..], &[odd], &[odd; 2], &[odd; 6]] {
        let _answer_or_error = spec.decoder.decode(outputs, Score::ONE);
    }
}
