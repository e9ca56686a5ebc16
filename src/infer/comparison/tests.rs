//! Heads of a few bytes: each class is a sum over the difference of the two patches, through a sigmoid.

use std::{fs, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    analysis::newness::PatchGrid,
    infer::{
        Catalogue, Lane,
        comparison::Pair,
        tiny::{FLOAT, Tiny, bytes, message, node, number, value_info},
    },
};

/// What a graph takes and says; 0 is any size.
struct TinyHead {
    now: [i64; 4],
    before: [i64; 4],
    classes: i64,
    /// By classes, one for each number of a patch.
    weights: Vec<f32>,
    ends_in: &'static str,
}

impl TinyHead {
    fn onnx(&self) -> Vec<u8> {
        let mut model = Vec::new();
        number(1, 8, &mut model); // ir_version
        message(7, &mut model, |graph| {
            node("Sub", &["now", "before"], "changed", graph, |_| {});
            node("Conv", &["changed", "weights"], "sums", graph, |_| {});
            node(self.ends_in, &["sums"], "newness", graph, |_| {});
            bytes(2, b"tiny_head", graph);
            message(5, graph, |tensor| {
                [self.classes, self.now[1], 1, 1].iter().for_each(|side| number(1, side.unsigned_abs(), tensor));
                number(2, FLOAT, tensor);
                bytes(8, b"weights", tensor);
                bytes(9, &self.weights.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>(), tensor);
            });
            value_info(11, "now", &self.now, graph);
            value_info(11, "before", &self.before, graph);
            value_info(12, "newness", &[1, self.classes, 0, 0], graph);
        });
        message(8, &mut model, |opset| number(2, 13, opset));
        model
    }

    fn sound() -> Self {
        let sides = [1, 7, 0, 0];
        let weights = (0..14).map(|n| if n < 7 { 4.0 } else { -4.0 }).collect();
        Self { now: sides, before: sides, classes: 2, weights, ends_in: "Sigmoid" }
    }
}

fn write(models: &Path, name: &str, manifest: &str, weights: &[u8]) {
    let folder = models.join(name);
    fs::create_dir_all(&folder).unwrap();
    let manifest = manifest.replace("HASH", &hex::encode(Sha256::digest(weights)));
    fs::write(folder.join("model.toml"), manifest).unwrap();
    fs::write(folder.join("model.onnx"), weights).unwrap();
}

const MANIFEST: &str = r#"
name = "head"
kind = "comparison"
file = "model.onnx"
sha256 = "HASH"
licence = "Apache-2.0"
origin = "made by a test"
[comparison]
patches_of = "eyes"
now = "now"
before = "before"
output = "newness"
classes = ["thing", "spill"]
"#;

/// A folder of models with a detector `eyes`, whose two patches have seven numbers.
fn models() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows = [vec![1.0; 7], vec![1.0; 7]];
    let tiny = Tiny { width: 32, height: 16, rows: &rows, look: Some("look") };
    let eyes = tiny.manifest("eyes", "HASH");
    let patches = "[detector.patches]\ntensor = \"answer\"\npatch_px = 16\nleading_tokens = 0\n";
    write(folder.path(), "eyes", &(eyes.clone() + patches), &tiny.onnx());
    write(folder.path(), "blind", &eyes.replace("eyes", "blind"), &tiny.onnx());
    folder
}

fn grid(sides: [usize; 2], lit: &[usize]) -> PatchGrid {
    let of = |at: usize| [if lit.contains(&at) { 1.0 } else { 0.0 }, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0].to_vec();
    let tokens: Vec<Vec<f32>> = (0..sides[0] * sides[1]).map(of).collect();
    PatchGrid::new([90, 60], sides, [10.0, 10.0], &tokens).unwrap()
}

#[test]
fn a_head_says_of_each_patch_what_its_classes_are_whatever_the_size() {
    let folder = models();
    write(folder.path(), "head", MANIFEST, &TinyHead::sound().onnx());
    let catalogue = Catalogue::load(folder.path()).unwrap();
    assert!(catalogue.verify("head").is_ok(), "{:?}", catalogue.verify("head"));
    let eyes = catalogue.detector("eyes", 1).unwrap();
    let head = catalogue.head("head", &*eyes, 1).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(head.model(), catalogue.manifest("head").unwrap().model());
    for (sides, at) in [([9, 6], 31), ([4, 3], 5)] {
        let (now, before) = (grid(sides, &[at]), grid(sides, &[]));
        let said = head.compare(Lane::Visit, Pair { now, before }).unwrap();
        let patches = sides[0] * sides[1];
        // The lit patch is (1, 1) of unit length, the other one (0, 1): together they differ by 0.414.
        let likely = |differs: f32| 1.0 / (1.0 + (-4.0 * differs).exp());
        let of = |sign: f32| (0..patches).map(move |n| if n == at { likely(sign * 0.4142) } else { 0.5 });
        let want: Vec<f32> = of(1.0).chain(of(-1.0)).collect();
        let found: Vec<f32> = said.layers().flatten().copied().collect();
        assert!(want.len() == found.len() && want.iter().zip(&found).all(|(a, b)| (a - b).abs() < 0.02), "{found:?}");
    }
    let unlike = head.compare(Lane::Visit, Pair { now: grid([9, 6], &[]), before: grid([6, 9], &[]) });
    assert!(unlike.unwrap_err().to_string().contains("unlike patches"));
}

#[test]
fn a_graph_that_is_not_what_its_manifest_says_is_refused_when_it_is_loaded() {
    let folder = models();
    let sound = TinyHead::sound;
    let eight = || TinyHead { now: [1, 8, 0, 0], before: [1, 8, 0, 0], weights: vec![1.0; 16], ..sound() };
    let fixed = || TinyHead { now: [1, 7, 26, 46], before: [1, 7, 26, 46], ..sound() };
    let unlike = || TinyHead { before: [1, 1, 0, 0], ..sound() };
    for (head, from, to, says) in [
        (sound(), "", "", ""),
        (sound(), "\"now\"", "\"then\"", "no input then, which comparison.now names; it has now, before"),
        (sound(), "\"newness\"", "\"old\"", "no output old, which comparison.output names; it has newness"),
        (sound(), "\"spill\"]", "\"spill\", \"bin\"]", "want [1, 3, any, any] for the classes thing, spill, bin"),
        (sound(), "\"eyes\"", "\"ghost\"", "model ghost: is not in"),
        (sound(), "\"eyes\"", "\"blind\"", "model blind: says nothing of patches"),
        (eight(), "", "", "takes patches of 8 numbers, those of eyes have 7"),
        (fixed(), "", "", "input now has the shape [1, 7, 26, 46], want [1, numbers of a patch, any, any]"),
        (unlike(), "", "", "take patches of 7 and of 1 numbers"),
        (TinyHead { ends_in: "Exp", ..sound() }, "", "", "has numbers that are no likelihoods"),
    ] {
        write(folder.path(), "head", &MANIFEST.replace(from, to), &head.onnx());
        let catalogue = Catalogue::load(folder.path()).unwrap();
        let eyes = catalogue.detector("eyes", 1).unwrap();
        let loaded = catalogue.head("head", &*eyes, 1).map(|_| ()).map_err(|error| error.to_string());
        let verified = catalogue.verify("head").map_err(|error| error.to_string());
        assert_eq!(loaded, verified);
        match says {
            "" => assert_eq!(loaded, Ok(())),
            says => assert!(loaded.clone().unwrap_err().contains(says), "{says}: {loaded:?}"),
        }
    }
}
