//! A drawn spill over the whole chain, by the pipeline on trial that asks for a lorry's trail.

use std::path::Path;

use super::{ROOT, measured, stall::on_trial};

/// Two patches of the same earth on one road, and a lorry drives over each: the one that lay there before its lorry came is nobody's,
/// the one that lies there afterwards is a spill.
#[test]
fn earth_that_lies_where_a_lorry_drove_is_a_spill_and_earth_that_lay_there_before_is_none() {
    let folder = tempfile::tempdir().expect("the machine has a folder for temporary files");
    let scene = Path::new(ROOT).join("fixtures/scenes/spill");
    let root = on_trial(&scene, "muck_spill", folder.path());
    let report = measured(&root, &scene, &scene.join("clip.mp4"), &[], &folder.path().join("out"));
    let score = &report["score"];
    assert_eq!((&score["opened"], &score["found"], &score["wrong"]), (&1.into(), &1.into(), &0.into()), "{score:#}");
    assert!(report["frames"].as_u64().is_some_and(|frames| frames > 200), "the road is watched: {report:#}");
}
