//! Graphs of a few bytes, written in ONNX's own form (onnx.proto3, opset 13), for tests that need a model to answer
//! exactly so. Their detections are constant; their appearance is the mean of the input's channels.

/// Width, height and what the graph answers.
pub(crate) struct Tiny<'a> {
    /// Input `[1, 3, height, width]`.
    pub width: i64,
    /// Rows.
    pub height: i64,
    /// `output`: one row of `5 + classes` numbers a cell.
    pub rows: &'a [Vec<f32>],
    /// The second output's name, `[1, 3]`; none when `None`.
    pub look: Option<&'a str>,
}

pub(super) const FLOAT: u64 = 1;
const INTS: u64 = 7;

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(value, out);
}

pub(super) fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

pub(super) fn message(field: u64, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut inner = Vec::new();
    fill(&mut inner);
    bytes(field, &inner, out);
}

/// ValueInfoProto: name, then a tensor type of floats with a shape; 0 stands for any size.
pub(super) fn value_info(field: u64, name: &str, shape: &[i64], out: &mut Vec<u8>) {
    message(field, out, |value| {
        bytes(1, name.as_bytes(), value);
        message(2, value, |kind| {
            message(1, kind, |tensor| {
                number(1, FLOAT, tensor);
                message(2, tensor, |dims| {
                    for side in shape {
                        message(1, dims, |dim| match side {
                            0 => bytes(2, b"any", dim),
                            side => number(1, side.unsigned_abs(), dim),
                        });
                    }
                });
            });
        });
    });
}

pub(super) fn node(
    kind: &str,
    inputs: &[&str],
    output: &str,
    graph: &mut Vec<u8>,
    attributes: impl FnOnce(&mut Vec<u8>),
) {
    message(1, graph, |node| {
        inputs.iter().for_each(|input| bytes(1, input.as_bytes(), node));
        bytes(2, output.as_bytes(), node);
        bytes(4, kind.as_bytes(), node);
        attributes(node);
    });
}

impl Tiny<'_> {
    /// The model file.
    pub(crate) fn onnx(&self) -> Vec<u8> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let shape = [1, self.rows.len() as i64, columns as i64];
        let mut model = Vec::new();
        number(1, 8, &mut model); // ir_version
        message(7, &mut model, |graph| {
            node("Identity", &["answer"], "output", graph, |_| {});
            if let Some(look) = self.look {
                node("ReduceMean", &["image"], look, graph, |node| {
                    for (name, kind, values) in [("axes", INTS, &[2_u64, 3][..]), ("keepdims", 2, &[0])] {
                        message(5, node, |attribute| {
                            bytes(1, name.as_bytes(), attribute);
                            let field = if kind == INTS { 8 } else { 3 };
                            values.iter().for_each(|value| number(field, *value, attribute));
                            number(20, kind, attribute);
                        });
                    }
                });
            }
            bytes(2, b"tiny", graph);
            message(5, graph, |tensor| {
                shape.iter().for_each(|side| number(1, side.unsigned_abs(), tensor));
                number(2, FLOAT, tensor);
                bytes(8, b"answer", tensor);
                let raw: Vec<u8> = self.rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
                bytes(9, &raw, tensor);
            });
            value_info(11, "image", &[1, 3, self.height, self.width], graph);
            value_info(12, "output", &shape, graph);
            if let Some(look) = self.look {
                value_info(12, look, &[1, 3], graph);
            }
        });
        message(8, &mut model, |opset| number(2, 13, opset));
        model
    }

    /// The manifest that fits: classes `garbage` and `bin`, stride 16.
    pub(crate) fn manifest(&self, name: &str, sha256: &str) -> String {
        let look = self.look.map_or_else(String::new, |look| format!("appearance = \"{look}\"\n"));
        format!(
            "name = \"{name}\"\nkind = \"detector\"\nfile = \"model.onnx\"\nsha256 = \"{sha256}\"\n\
             licence = \"Apache-2.0\"\norigin = \"made by a test\"\n\
             [input]\nname = \"image\"\nlayout = \"nchw\"\ncolour = \"rgb\"\nwidth = {}\nheight = {}\n\
             mean = [0.0, 0.0, 0.0]\nstd = [1.0, 1.0, 1.0]\npad = 0\nletterbox = \"top_left\"\n\
             [detector]\nscore_floor = 0.05\nnms_iou = 0.6\nclasses = [\"garbage\", \"bin\"]\n{look}\
             [detector.yolox]\noutput = \"output\"\nstrides = [16]\nscores_are_sigmoid = true\n",
            self.width, self.height,
        )
    }
}

#[cfg(all(test, feature = "onnx"))]
mod tests {
    use std::{fs, path::Path};

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{
        analysis::newness::PatchGrid,
        domain::Picture,
        infer::{Catalogue, Lane},
    };

    fn write(models: &Path, name: &str, manifest: &str, weights: Option<&[u8]>) {
        let folder = models.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("model.toml"), manifest).unwrap();
        if let Some(weights) = weights {
            fs::write(folder.join("model.onnx"), weights).unwrap();
        }
    }

    #[test]
    fn detections_and_appearance_come_of_one_run_and_neighbours_share_weights() {
        let folder = tempfile::tempdir().unwrap();
        // Cell 1 of two: x 24, y 8, 16 x 16, objectness 0.8, garbage 1 and bin 0.75.
        let rows = [vec![0.0; 7], vec![0.5, 0.5, 0.0, 0.0, 0.8, 1.0, 0.75]];
        let tiny = Tiny { width: 32, height: 16, rows: &rows, look: Some("look") };
        let weights = tiny.onnx();
        let sha256 = hex::encode(Sha256::digest(&weights));
        write(folder.path(), "own", &tiny.manifest("own", &sha256), Some(&weights));
        let shared = tiny.manifest("shared", &sha256).replace("file =", "weights_of = \"own\"\nfile =");
        let calibrated = "[detector.calibration]\ngarbage = [1.0, -2.0]\n[detector.yolox]";
        write(folder.path(), "shared", &shared.replace("[detector.yolox]", calibrated), None);
        let rgb = [10, 20, 30].repeat(32 * 16);
        let picture = Picture::from_rgb(32, 16, rgb).unwrap();
        let catalogue = Catalogue::load(folder.path()).unwrap();
        let inspect = |name: &str| {
            let detector = catalogue.detector(name, 1).unwrap_or_else(|error| panic!("{error}"));
            detector.inspect_in(Lane::Visit, &picture).unwrap()
        };
        let seen = inspect("own");
        let of = |seen: &crate::infer::Inspection| {
            seen.detections.iter().map(|d| (d.class.to_string(), d.score.value())).collect::<Vec<_>>()
        };
        assert_eq!(of(&seen), [("garbage".to_owned(), 0.8), ("bin".to_owned(), 0.6)]);
        assert_eq!(seen.detections[0].bbox.to_array(), [16.0, 0.0, 32.0, 16.0]);
        let length = (10.0_f32 * 10.0 + 20.0 * 20.0 + 30.0 * 30.0).sqrt();
        let look = seen.appearance.unwrap();
        assert!(look.as_slice().iter().zip([10.0, 20.0, 30.0]).all(|(a, b)| (a - b / length).abs() < 1e-4), "{look:?}");
        let calibrated = of(&inspect("shared"));
        // logit(0.8) = ln 4; less 2 is -0.614: 0.351, which the raw bin now leads.
        assert_eq!((&calibrated[0].0, &calibrated[1].0), (&"bin".to_owned(), &"garbage".to_owned()));
        assert!((calibrated[1].1 - 0.3512).abs() < 1e-3);
    }

    #[test]
    fn a_tensor_inside_of_the_graph_says_how_patches_look_by_the_weights_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [vec![0.0; 7], vec![0.0; 7]];
        let tiny = Tiny { width: 32, height: 16, rows: &rows, look: Some("look") };
        let weights = tiny.onnx();
        let sha256 = hex::encode(Sha256::digest(&weights));
        let plain = tiny.manifest("plain", &sha256);
        write(folder.path(), "plain", &plain, Some(&weights));
        // The constant rows stand in for tokens: two patches of seven numbers.
        let patches = |tensor: &str, px: u32| {
            let section = format!("[detector.patches]\ntensor = \"{tensor}\"\npatch_px = {px}\nleading_tokens = 0\n");
            plain.replace("\"plain\"", "\"patches\"").replace("file =", "weights_of = \"plain\"\nfile =") + &section
        };
        write(folder.path(), "patches", &patches("answer", 16), None);
        let picture = Picture::from_rgb(64, 32, [10, 20, 30].repeat(64 * 32)).unwrap();
        let inspect = |name: &str| {
            let catalogue = Catalogue::load(folder.path()).unwrap();
            Ok::<_, String>(
                catalogue.detector(name, 1).map_err(|e| e.to_string())?.inspect_in(Lane::Visit, &picture).unwrap(),
            )
        };
        assert_eq!(inspect("plain").unwrap().patches, None);
        let seen = inspect("patches").unwrap();
        assert_eq!(seen.patches, PatchGrid::new([64, 32], [2, 1], [32.0, 32.0], &rows));
        assert!(seen.appearance.is_some() && seen.patches.is_some());
        for (manifest, says) in [
            (patches("ghost", 16), "ghost"),
            (patches("answer", 8), "shape [2, 7]"),
            (patches("answer", 5), "detector.patches.patch_px"),
            (patches("answer", 16).replace("top_left", "centre"), "counted from there"),
        ] {
            write(folder.path(), "patches", &manifest, None);
            let error = inspect("patches").unwrap_err();
            assert!(error.contains(says), "{says}: {error}");
        }
    }

    /// The verifier of the browser's tests: it always agrees, and a crop looks as its mean colour does.
    #[test]
    fn the_fixture_is_what_this_file_writes() {
        let agrees = vec![1.0, 1.0, -0.25, -0.25, 0.9, 1.0, 0.0];
        let rows = [agrees, vec![0.0; 7], vec![0.0; 7], vec![0.0; 7]];
        let tiny = Tiny { width: 32, height: 32, rows: &rows, look: Some("look") };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/models/mean_colour");
        let weights = tiny.onnx();
        assert!(fs::read(folder.join("model.onnx")).unwrap() == weights);
        let manifest = fs::read_to_string(folder.join("model.toml")).unwrap();
        assert!(manifest.starts_with(&tiny.manifest("mean_colour", &hex::encode(Sha256::digest(&weights)))));
        let catalogue = Catalogue::load(folder.parent().unwrap()).unwrap();
        let red = Picture::from_rgb(48, 48, [200, 0, 0].repeat(48 * 48)).unwrap();
        let seen = catalogue.detector("mean_colour", 1).unwrap().inspect_in(Lane::Visit, &red).unwrap();
        assert!(seen.appearance.unwrap().as_slice()[0] > 0.999);
    }

    #[test]
    fn an_appearance_that_does_not_fit_and_a_way_out_of_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let rows = [vec![0.0; 7], vec![0.0; 7]];
        let tiny = Tiny { width: 32, height: 16, rows: &rows, look: Some("look") };
        let weights = tiny.onnx();
        let sha256 = hex::encode(Sha256::digest(&weights));
        let sound = tiny.manifest("m", &sha256);
        let loaded = |manifest: &str| {
            write(folder.path(), "m", manifest, Some(&weights));
            let catalogue = Catalogue::load(folder.path()).unwrap();
            catalogue.detector("m", 1).map(|_| ()).map_err(|error| error.to_string())
        };
        assert_eq!(loaded(&sound), Ok(()));
        for (from, to, says) in [
            ("appearance = \"look\"", "appearance = \"ghost\"", "no output ghost, which detector.appearance names"),
            ("appearance = \"look\"", "appearance = \"output\"", "an appearance is [pictures, numbers]"),
            ("file =", "weights_of = \"../m\"\nfile =", "weights_of: got \"../m\""),
            ("file =", "weights_of = \"..\"\nfile =", "weights_of"),
            ("file =", "weights_of = \"ghost\"\nfile =", "ghost/model.onnx is missing; restore it"),
            ("[detector.yolox]", "[detector.calibration]\nshoe = [1.0, 0.0]\n[detector.yolox]", "calibration.shoe"),
            ("[detector.yolox]", "[detector.calibration]\nbin = [0.0, 0.0]\n[detector.yolox]", "calibration.bin"),
            ("[input]", "[verify]\nw_detector = 1.0\nbias = 0.0\n[input]", "verify.w_verifier: got nothing"),
            (
                "[input]",
                "[verify]\nw_detector = 1.0\nw_verifier = 1.0\nbias = 0.0\nsure_gain = 1.0\n[input]",
                "verify.sure_from: got nothing",
            ),
        ] {
            let error = loaded(&sound.replace(from, to)).unwrap_err();
            assert!(error.contains(says), "{says}: {error}");
        }
    }
}
