//! A drawn spill over the whole chain, by the pipeline on trial that asks for a lorry's trail.

use std::{path::Path, process::Command};

use super::{ROOT, report, said, stall::on_trial};

/// Two patches of the same earth on one road, and a lorry drives over each: the one that lay there before its lorry came is nobody's,
/// the one that lies there afterwards is a spill.
#[test]
fn earth_that_lies_where_a_lorry_drove_is_a_spill_and_earth_that_lay_there_before_is_none() {
    let folder = tempfile::tempdir().expect("the machine has a folder for temporary files");
    let scene = Path::new(ROOT).join("fixtures/scenes/spill");
    let root = on_trial(&scene, "muck_spill", folder.path());
    let out = folder.path().join("out");
    let mut command = Command::new(env!("CARGO_BIN_EXE_xunjie"));
    command.arg("--root").arg(&root).args(["eval", "clip", "--out"]).arg(&out);
    command.arg("--clip").arg(scene.join("clip.mp4"));
    command.arg("--scene").arg(scene.join("scene.toml")).arg("--timeline").arg(scene.join("timeline.toml"));
    let ran = command.env_remove("XUNJIE_CONFIG").env_remove("XUNJIE_ROOT").env_remove("XUNJIE_DATA").output();
    let ran = ran.expect("cargo built the program");
    assert!(ran.status.success(), "{}", said(&ran));
    let report = report(&out);
    let score = &report["score"];
    assert_eq!((&score["opened"], &score["found"], &score["wrong"]), (&1.into(), &1.into(), &0.into()), "{score:#}");
    assert!(report["frames"].as_u64().is_some_and(|frames| frames > 200), "the road is watched: {report:#}");
}
