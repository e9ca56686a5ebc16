//! Manifests as data: a good one of each kind, and what each broken one is told.

use super::*;

const HEAD: &str = r#"
name = "m"
file = "model.onnx"
sha256 = "8380e8b2881a2dbc000c6f713d230840a18e1c00ccb73f6c2bf1c4c69d033316"
licence = "Apache-2.0"
origin = "somewhere"
"#;
const INPUT: &str = r#"
[input]
name = "image"
layout = "nchw"
colour = "bgr"
width = 64
height = 32
mean = [103.53, 116.28, 123.675]
std = [57.375, 57.12, 58.395]
pad = 0
letterbox = "centre"
"#;
const NANODET: &str = r#"
[detector]
score_floor = 0.25
nms_iou = 0.6
classes = ["car", "bus"]
[detector.nanodet]
class_scores = ["c8", "c16"]
boxes = ["b8", "b16"]
strides = [8, 16]
reg_max = 10
centre_offset = 0.5
scores_are_sigmoid = true
"#;

const COMPARISON: &str = r#"
[comparison]
patches_of = "m"
now = "now"
before = "before"
output = "newness"
classes = ["thing", "person", "spill"]
"#;

fn parse(text: &str) -> Result<Manifest, Faults> {
    Manifest::parse(Path::new("models/m"), "m", "models/m/model.toml", text)
}

fn keys(text: &str) -> Vec<String> {
    parse(text).unwrap_err().0.into_iter().map(|fault| fault.key).collect()
}

#[test]
fn a_manifest_of_each_kind_is_taken() {
    let kinds = [
        ("detector", format!("{INPUT}{NANODET}")),
        (
            "detector",
            format!(
                "{INPUT}[detector]\nscore_floor = 0.3\nnms_iou = 0.5\nclasses = [\"a\"]\n\
                 [detector.yolox]\noutput = \"o\"\nstrides = [8]\nscores_are_sigmoid = false\n"
            ),
        ),
        ("comparison", COMPARISON.to_owned()),
        ("few_shot", "[few_shot]\nencoder = \"e\"\nclasses = [\"open\", \"closed\"]\n".to_owned()),
        (
            "text_detection",
            format!(
                "{INPUT}[text_detection]\noutput = \"map\"\nside_multiple_px = 32\npixel_min = 0.3\n\
                 score_floor = 0.6\nunclip = 1.5\nrecognition = \"reader\"\n"
            ),
        ),
        (
            "plate_detection",
            format!(
                "{INPUT}[plate_detection]\noutputs = [\"a\", \"b\", \"c\"]\nstrides = [8]\npriors = [[24.0, 48.0]]\n\
                 variances = [0.1, 0.2]\nscore_floor = 0.6\nnms_iou = 0.4\nrecognition = \"reader\"\n"
            ),
        ),
        (
            "text_recognition",
            format!(
                "{INPUT}[text_recognition]\noutput = \"y\"\ncharset_metadata_key = \"character\"\nblank_index = 0\n\
                 score_floor = 0.5\n"
            ),
        ),
    ];
    for (kind, sections) in kinds {
        let manifest =
            parse(&format!("{HEAD}kind = \"{kind}\"\n{sections}")).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(manifest.kind.word(), kind);
        if kind != "detector" {
            let error = manifest.detector().unwrap_err().to_string();
            assert!(error.contains(&format!("is of kind {kind}")), "{error}");
        }
    }
}

#[test]
fn all_faults_are_told_at_once_with_what_was_wanted() {
    let text = format!("{HEAD}kind = \"detector\"\n{INPUT}{NANODET}")
        .replace("name = \"m\"", "name = \"other\"")
        .replace("file = \"model.onnx\"", "file = \"../model.onnx\"")
        .replace("sha256 = \"8380", "sha256 = \"XY")
        .replace("licence = \"Apache-2.0\"\n", "")
        .replace("width = 64", "width = 0")
        .replace("std = [57.375, ", "std = [0.0, ")
        .replace("colour = \"bgr\"", "colour = \"grey\"")
        .replace("classes = [\"car\", \"bus\"]", "classes = [\"car\", \"car\"]")
        .replace("boxes = [\"b8\", \"b16\"]", "boxes = [\"b8\"]")
        .replace("reg_max = 10", "reg_mx = 10");
    let found = keys(&text);
    for key in [
        "name",
        "file",
        "sha256",
        "licence",
        "input.width",
        "input.std",
        "input.colour",
        "detector.classes",
        "detector.nanodet.boxes",
        "detector.nanodet.reg_mx",
        "detector.nanodet.reg_max",
    ] {
        assert!(found.iter().any(|k| k == key), "{key} is missing in {found:?}");
    }
    let told = parse(&text).unwrap_err().to_string();
    assert!(told.contains("models/m/model.toml: input.colour: got \"grey\", want \"rgb\" or \"bgr\""), "{told}");
}

#[test]
fn a_section_of_another_kind_and_two_families_are_refused() {
    let detector = format!("{HEAD}kind = \"detector\"\n{INPUT}{NANODET}");
    assert_eq!(
        keys(&detector.replace("kind = \"detector\"", "kind = \"comparison\"")),
        ["detector", "comparison", "input"]
    );
    for gone in ["encoder", "head"] {
        assert_eq!(keys(&detector.replace("kind = \"detector\"", &format!("kind = \"{gone}\""))), ["kind"]);
    }
    assert_eq!(keys(&detector.replace("kind = \"detector\"", "kind = \"detecter\"")), ["kind"]);
    let both = format!("{detector}[detector.yolox]\noutput = \"o\"\nstrides = [8]\nscores_are_sigmoid = true\n");
    assert_eq!(keys(&both), ["detector"]);
    assert_eq!(keys(&format!("{HEAD}kind = \"detector\"\n{NANODET}")), ["input"]);
    let odd = format!(
        "{HEAD}kind = \"text_detection\"\n{INPUT}[text_detection]\noutput = \"map\"\nside_multiple_px = 14\n\
         pixel_min = 0.3\nscore_floor = 0.6\nunclip = 1.5\nrecognition = \"reader\"\n"
    );
    assert_eq!(keys(&odd), ["input.width", "input.height"]);
}

#[test]
fn a_head_is_told_all_that_is_wrong_with_its_section() {
    let text = format!("{HEAD}kind = \"comparison\"\n{COMPARISON}");
    let spec = parse(&text).unwrap();
    let spec = spec.comparison().unwrap();
    assert_eq!((&*spec.patches_of, &*spec.now, &*spec.before, &*spec.output), ("m", "now", "before", "newness"));
    assert_eq!(spec.classes.len(), 3);
    for (from, to, found) in [
        ("patches_of = \"m\"\n", "", vec!["comparison.patches_of"]),
        ("\"before\"\n", "\"now\"\n", vec!["comparison.before"]),
        ("output = \"newness\"", "outputs = \"newness\"", vec!["comparison.outputs", "comparison.output"]),
        ("\"spill\"", "\"thing\"", vec!["comparison.classes"]),
        ("[\"thing\", \"person\", \"spill\"]", "[]", vec!["comparison.classes"]),
        ("[comparison]", "[verify]\nbias = 0.0\n[comparison]", vec!["verify"]),
        ("[comparison]", &format!("{INPUT}[comparison]"), vec!["input"]),
    ] {
        assert_eq!(keys(&text.replace(from, to)), found, "{to}");
    }
}

#[test]
fn a_matter_asks_what_is_new_of_models_and_classes_that_are_there() {
    use crate::{
        analysis::compose::tests::matter,
        domain::{Newness, NewnessHead},
    };

    let patches = "[detector.patches]\ntensor = \"t\"\npatch_px = 16\nleading_tokens = 0\n";
    let top_left = INPUT.replace("centre", "top_left");
    let blind = parse(&format!("{HEAD}kind = \"detector\"\n{top_left}{NANODET}")).unwrap();
    let eyes = parse(&format!("{HEAD}kind = \"detector\"\n{top_left}{NANODET}{patches}")).unwrap();
    let comparison = parse(&format!("{HEAD}kind = \"comparison\"\n{COMPARISON}")).unwrap();
    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect::<Vec<Arc<str>>>();
    let newness = |model: &str, classes: &[&str], passes: &[&str], known: &[&str]| Newness {
        model: model.into(),
        head: Some(NewnessHead { model: "h".into(), classes: names(classes), passes: names(passes) }),
        from: 0.5,
        known: names(known),
    };
    let said = |newness: &Newness| {
        let stall = matter("stall", &["car"], None);
        let both = [eyes.compares(&stall, newness), comparison.tells(&stall, newness, newness.head.as_ref().unwrap())];
        both.into_iter().find_map(Result::err).map_or_else(String::new, |error| error.to_string())
    };
    for (asked, says) in [
        (newness("m", &["thing"], &["person"], &["bus"]), ""),
        (
            newness("m", &["thing"], &[], &["bin"]),
            "has no class bin, which [newness] known of matter stall names; it has car, bus",
        ),
        (
            newness("m", &["thing", "bin"], &[], &[]),
            "has no class bin, which [newness] classes of matter stall names; it has thing",
        ),
        (newness("m", &["thing"], &["dog"], &[]), "has no class dog, which [newness] passes of matter stall names"),
        (newness("n", &["thing"], &[], &[]), "compares patches of m, and [newness] of matter stall names n"),
    ] {
        let error = said(&asked);
        assert!(if says.is_empty() { error.is_empty() } else { error.contains(says) }, "{says}: {error}");
    }
    let error = blind.compares(&matter("stall", &["car"], None), &newness("m", &[], &[], &[])).unwrap_err().to_string();
    assert!(error.contains("says nothing of patches"), "{error}");
    let error = eyes
        .tells(
            &matter("stall", &["car"], None),
            &newness("m", &[], &[], &[]),
            &NewnessHead { model: "m".into(), classes: Vec::new(), passes: Vec::new() },
        )
        .unwrap_err()
        .to_string();
    assert!(error.contains("is of kind detector; name a model of kind comparison"), "{error}");

    // What is new can be an anchor by the classes that the matter asks for, and by no others.
    let serves = |head: bool, anchor: &str| {
        let mut stall = matter("stall", &["car", anchor], None);
        let asked = newness("m", &["thing", "spill"], &["person"], &[]);
        stall.newness = Some(Newness { head: asked.head.clone().filter(|_| head), ..asked });
        eyes.serves(&stall).map_err(|error| error.to_string())
    };
    for (head, anchor) in [(true, "new_thing"), (true, "new_spill"), (false, "new_thing")] {
        assert_eq!(serves(head, anchor), Ok(()), "{anchor}");
    }
    for (head, anchor) in [(true, "new_person"), (true, "new_bin"), (false, "new_spill")] {
        assert!(serves(head, anchor).unwrap_err().contains(&format!("no class {anchor}, which matter stall names")));
    }
}

#[test]
fn a_class_that_the_model_does_not_know_is_told() {
    use crate::analysis::compose::tests::matter;

    let manifest = parse(&format!("{HEAD}kind = \"detector\"\n{INPUT}{NANODET}")).unwrap();
    assert!(manifest.serves(&matter("parking", &["car", "bus"], None)).is_ok());
    let error = manifest.serves(&matter("stall", &["car"], Some(&["person"]))).unwrap_err().to_string();
    assert!(error.contains("no class person, which matter stall names"), "{error}");
}

#[test]
fn only_the_named_weights_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m");
    fs::create_dir(&path).unwrap();
    let sha256 = hex::encode(Sha256::digest(b"weights"));
    let text = format!("{HEAD}kind = \"detector\"\n{INPUT}{NANODET}")
        .replace("8380e8b2881a2dbc000c6f713d230840a18e1c00ccb73f6c2bf1c4c69d033316", &sha256);
    fs::write(path.join(FILE_NAME), text).unwrap();
    let manifest = Manifest::load(&path).unwrap();
    assert!(manifest.weights().unwrap_err().to_string().contains("model.onnx is missing; restore it"));
    fs::write(manifest.weight_path(), b"weights").unwrap();
    assert_eq!(manifest.weights().unwrap(), b"weights");
    fs::write(manifest.weight_path(), b"other").unwrap();
    let error = manifest.weights().unwrap_err().to_string();
    assert!(error.contains(&sha256) && error.contains(&hex::encode(Sha256::digest(b"other"))), "{error}");
    assert_eq!(Manifest::load(&folder.path().join("ghost")).unwrap_err().0.len(), 1);
}
