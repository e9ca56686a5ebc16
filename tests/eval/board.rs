//! A sign that is hung up on a house over the whole chain, by the pipeline that is about what the reference picture does not show.

use std::path::Path;

use super::{ROOT, measured};

/// The house's own signs, a window that is lit, leaves and a wet patch are none; the sign that was hung up and stays is one.
#[test]
fn a_sign_that_is_hung_up_and_stays_is_told_once_and_nothing_else_on_the_house() {
    let folder = tempfile::tempdir().expect("the machine has a folder for temporary files");
    let scene = Path::new(ROOT).join("fixtures/scenes/board");
    let report = measured(Path::new(ROOT), &scene, &scene.join("clip.mp4"), &[], &folder.path().join("out"));
    let score = &report["score"];
    assert_eq!((&score["opened"], &score["found"], &score["wrong"]), (&1.into(), &1.into(), &0.into()), "{score:#}");
}
