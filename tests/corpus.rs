//! Every parser of ours against every input that is kept: what a fuzzer found worth keeping (`fuzz/corpus`), and what
//! once broke something, named after it (`fuzz/regressions`). `script/fuzz` looks for more.
#![expect(clippy::unwrap_used, reason = "a check that does not hold fails its test")]

use std::{fs, path::Path};

#[path = "../fuzz/checks/api.rs"]
mod api;
#[path = "../fuzz/checks/clip.rs"]
mod clip;
#[path = "../fuzz/checks/config.rs"]
mod config;
#[path = "../fuzz/checks/decoder.rs"]
mod decoder;
#[path = "../fuzz/checks/evidence.rs"]
mod evidence;
#[path = "../fuzz/checks/model.rs"]
mod model;
#[path = "../fuzz/checks/picture.rs"]
mod picture;
#[path = "../fuzz/checks/platform.rs"]
mod platform;
#[path = "../fuzz/checks/reading.rs"]
mod reading;
#[path = "../fuzz/checks/rtsp.rs"]
mod rtsp;
#[path = "../fuzz/checks/scene.rs"]
mod scene;
#[path = "../fuzz/checks/sheet.rs"]
mod sheet;
#[path = "../fuzz/checks/words.rs"]
mod words;

/// Runs every kept input of `target` and names the one that fails.
fn replay(target: &str, check: fn(&[u8])) {
    let mut broken = Vec::new();
    for kind in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target);
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let bytes = fs::read(&file).unwrap();
            if std::panic::catch_unwind(|| check(&bytes)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "these break {target}: {broken:#?}");
}

macro_rules! replays {
    ($($target:ident),* $(,)?) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target), $target::check);
        }
    )*};
}
replays!(api, clip, config, decoder, evidence, model, picture, platform, reading, rtsp, scene, sheet, words);
