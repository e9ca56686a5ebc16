//! A drawn stall over the whole chain, by the pipeline that is about what the reference picture does not show.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{ROOT, measured};

/// A trader, from Debian's clip, laid into the drawn street beside the stall while it stands there.
fn with_a_trader(scene: &Path, into: &Path) {
    let timeline = fs::read_to_string(scene.join("timeline.toml")).expect("the fixture has a timeline");
    let of = |key: &str| timeline.split(key).nth(1).expect("the fixture names it").trim_start_matches(" = ").to_owned();
    let second = |key: &str| of(key).lines().next().expect("a number").trim().parse::<f64>().expect("a number");
    let sides = of("box").trim().trim_matches(['[', ']']).to_owned();
    let sides: Vec<f64> = sides.split(',').map(|side| side.trim().parse().expect("a number")).collect();
    let (right, foot) = (sides[2] * 1280.0, sides[3] * 720.0);
    // As compose.py sees it: 0.16 of the height a metre at the lower border, nothing at 0.3.
    let high = (1.75 * 0.16 * 720.0 * (sides[3] - 0.3) / 0.7).round();
    let wide = (high * 36.0 / 98.0).round();
    let lay = format!(
        "[1:v]trim=end_frame=1,crop=36:98:250:217,scale={wide}:{high}[p];[0:v][p]overlay={:.0}:{:.0}:enable='between(t,{},{})'",
        (right - wide * 0.2).min(1278.0 - wide),
        foot - high,
        second("from_s"),
        second("until_s"),
    );
    let laid = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y", "-i"])
        .arg(scene.join("clip.mp4"))
        .args(["-i", "/usr/share/doc/opencv-doc/examples/data/vtest.avi", "-filter_complex", &lay])
        .args(["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "24", "-g", "1", "-pix_fmt", "yuv420p"])
        .arg(into)
        .status();
    assert!(laid.is_ok_and(|status| status.success()), "ffmpeg lays a figure into the clip");
}

/// A root with a pipeline on trial alone; models and city are the project's own.
pub fn on_trial(scene: &Path, matter: &str, folder: &Path) -> PathBuf {
    let root = folder.join("root");
    fs::create_dir_all(root.join("pipelines")).expect("the folder can be written");
    for shared in ["models", "city"] {
        std::os::unix::fs::symlink(Path::new(ROOT).join(shared), root.join(shared)).expect("a link can be made");
    }
    let pipeline = format!("pipelines/{matter}.toml");
    fs::copy(scene.join(&pipeline), root.join(&pipeline)).expect("the fixture has a pipeline");
    root
}

/// What the reference picture does not show, with somebody beside it, is a stall; the same without anybody, and the city's
/// furniture, are none. No model of the chain has a name for what stands there.
#[test]
fn a_traders_things_that_stay_are_one_stall_and_without_a_trader_none() {
    let folder = tempfile::tempdir().expect("the machine has a folder for temporary files");
    let scene = Path::new(ROOT).join("fixtures/scenes/stall");
    let attended = folder.path().join("attended.mp4");
    with_a_trader(&scene, &attended);
    for (clip, found) in [(attended, 1), (scene.join("clip.mp4"), 0)] {
        let out = folder.path().join(format!("out-{found}"));
        let report = measured(Path::new(ROOT), &scene, &clip, &[], &out);
        let clip = clip.display();
        let score = &report["score"];
        assert_eq!(
            (&score["opened"], &score["found"], &score["wrong"]),
            (&found.into(), &found.into(), &0.into()),
            "{clip}: {score:#}"
        );
        let models = report["models"].as_array().expect("the models are named");
        for name in ["street_verifier_wide", "street_newness"] {
            assert!(models.iter().any(|took| took["name"] == name), "{models:?}");
        }
    }
}
