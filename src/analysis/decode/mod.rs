//! What a model's output tensors say: one file a family of detectors. Pure; a tensor of another shape is an error
//! that names both shapes, numbers that are no numbers drop their box, and nothing here panics on any input.

mod corners;
mod ctc;
mod nanodet;
mod spelling;
mod text;
mod yolox;

pub use corners::{Cornered, Corners};
pub use ctc::{BadCharset, Charset, ReadCharacter, line};
pub use nanodet::NanoDet;
pub use spelling::{Spelling, spelled};
pub use text::{TextMap, TextMapRule, TextRegion};
pub use yolox::Yolox;

use super::detected::RawDetection;
use crate::domain::Score;

/// One output of one picture: row-major numbers and their shape, the batch axis left out.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// Size of each axis.
    pub shape: &'a [usize],
    /// The numbers.
    pub data: &'a [f32],
}

/// Why output tensors say nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DecodeError {
    /// Another number of outputs than the decoder reads.
    #[error("the decoder reads {want} outputs and got {got}")]
    Count {
        /// So many came.
        got: usize,
        /// So many are read.
        want: usize,
    },
    /// A tensor of another shape.
    #[error("output {name} has the shape {got:?} ({numbers} numbers), the manifest means {want:?}")]
    Shape {
        /// Name of the output.
        name: String,
        /// Its shape.
        got: Vec<usize>,
        /// How many numbers came with it.
        numbers: usize,
        /// The shape that the manifest describes.
        want: [usize; 2],
    },
    /// A number that should be a score.
    #[error("output {name} holds {value}, which is no score; set scores_are_sigmoid = false if these are logits")]
    NoScore {
        /// Name of the output.
        name: String,
        /// The number.
        value: f32,
    },
}

/// What every detector's decoder has to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Columns of the input tensor in pixels.
    pub width: u32,
    /// Rows of the input tensor in pixels.
    pub height: u32,
    /// Pixels from one cell to the next, one a level.
    pub strides: Vec<u32>,
    /// Number of classes.
    pub classes: usize,
    /// The graph ends in a sigmoid; otherwise the decoder applies it.
    pub scores_are_sigmoid: bool,
}

impl Grid {
    /// Columns and rows of cells of a level.
    fn cells(&self, stride: u32) -> (usize, usize) {
        (self.width.div_ceil(stride) as usize, self.height.div_ceil(stride) as usize)
    }
}

/// The family of a detector, with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub enum Decoder {
    /// Distances to four sides as distributions over bins.
    NanoDet(NanoDet),
    /// Box and objectness regressed for each cell.
    Yolox(Yolox),
}

impl Decoder {
    /// Names of the outputs, in the order in which [`Decoder::decode`] wants them.
    pub fn output_names(&self) -> Vec<&str> {
        match self {
            Self::NanoDet(nanodet) => nanodet.output_names(),
            Self::Yolox(yolox) => vec![&yolox.output],
        }
    }
    /// All boxes that score at least `floor`, unsorted and not suppressed, in tensor pixels. A box that is not finite
    /// or has no area is dropped.
    ///
    /// # Errors
    /// [`DecodeError`] when the tensors are not what the manifest describes.
    pub fn decode(&self, outputs: &[Output<'_>], floor: Score) -> Result<Vec<RawDetection>, DecodeError> {
        match self {
            Self::NanoDet(nanodet) => nanodet.decode(outputs, floor),
            Self::Yolox(yolox) => yolox.decode(outputs, floor),
        }
    }
}

/// The output as rows of `want[1]` numbers, when its shape is `want` (axes of size 1 in front are ignored).
fn rows<'a>(
    name: &str,
    output: &Output<'a>,
    want: [usize; 2],
) -> Result<std::slice::ChunksExact<'a, f32>, DecodeError> {
    let leading = output.shape.len().saturating_sub(2);
    let shaped = output.shape[..leading].iter().all(|side| *side == 1) && output.shape[leading..] == want;
    if !shaped || want[1] == 0 || want[0].checked_mul(want[1]) != Some(output.data.len()) {
        let (got, numbers) = (output.shape.to_vec(), output.data.len());
        return Err(DecodeError::Shape { name: name.to_owned(), got, numbers, want });
    }
    Ok(output.data.chunks_exact(want[1]))
}

fn expect_count(outputs: &[Output<'_>], want: usize) -> Result<(), DecodeError> {
    if outputs.len() == want { Ok(()) } else { Err(DecodeError::Count { got: outputs.len(), want }) }
}

/// Turns a graph's number into a score. `None` drops it: not a number, or below `floor`.
fn score(name: &str, value: f32, is_sigmoid: bool, floor: Score) -> Result<Option<Score>, DecodeError> {
    /// Rounding of a graph's own sigmoid may exceed one by this much.
    const ROUNDING: f32 = 1e-3;
    let value = if is_sigmoid { value } else { sigmoid(value) };
    if value.is_finite() && value > 1.0 + ROUNDING {
        return Err(DecodeError::NoScore { name: name.to_owned(), value });
    }
    Ok(Score::new(value.min(1.0)).ok().filter(|score| *score >= floor && value.is_finite()))
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoders() -> [Decoder; 2] {
        let grid =
            |scores_are_sigmoid| Grid { width: 64, height: 32, strides: vec![16, 32], classes: 2, scores_are_sigmoid };
        [
            Decoder::NanoDet(NanoDet {
                grid: grid(true),
                class_scores: vec!["c0".into(), "c1".into()],
                boxes: vec!["b0".into(), "b1".into()],
                reg_max: 3,
                centre_offset: 0.5,
            }),
            Decoder::Yolox(Yolox { grid: grid(false), output: "out".into() }),
        ]
    }

    /// Shapes that each decoder of [`decoders`] reads.
    fn shapes(decoder: &Decoder) -> Vec<[usize; 2]> {
        match decoder {
            Decoder::NanoDet(_) => vec![[8, 2], [2, 2], [8, 16], [2, 16]],
            Decoder::Yolox(_) => vec![[10, 7]],
        }
    }

    #[test]
    fn a_tensor_of_another_shape_is_named_with_both_shapes() {
        for decoder in decoders() {
            let shapes = shapes(&decoder);
            let tensors: Vec<Vec<f32>> = shapes.iter().map(|s| vec![0.0; s[0] * s[1]]).collect();
            let outputs: Vec<Output<'_>> =
                shapes.iter().zip(&tensors).map(|(shape, data)| Output { shape, data }).collect();
            assert!(decoder.decode(&outputs, Score::ONE).is_ok());
            let want = outputs.len();
            assert_eq!(decoder.decode(&[], Score::ZERO), Err(DecodeError::Count { got: 0, want }));
            let mut other = outputs.clone();
            other[0].shape = &[3, 5];
            let error = decoder.decode(&other, Score::ZERO).unwrap_err().to_string();
            assert!(error.contains("[3, 5]") && error.contains(&format!("{:?}", shapes[0])), "{error}");
            other[0] = Output { shape: &shapes[0], data: &tensors[0][1..] };
            assert!(matches!(decoder.decode(&other, Score::ZERO), Err(DecodeError::Shape { .. })));
        }
    }

    fn any_number() -> impl Strategy<Value = f32> {
        prop_oneof![
            4 => -20.0_f32..20.0, 2 => 0.0_f32..1.0, 1 => any::<f32>(),
            1 => prop::sample::select(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN]),
        ]
    }

    proptest! {
        #[test]
        fn any_numbers_give_sane_boxes_or_an_error(
            which in 0_usize..2, numbers in prop::collection::vec(any_number(), 200), floor in 0.0_f32..1.0,
        ) {
            let decoder = &decoders()[which];
            let shapes = shapes(decoder);
            let outputs: Vec<Output<'_>> =
                shapes.iter().map(|shape| Output { shape, data: &numbers[..shape[0] * shape[1]] }).collect();
            if let Ok(found) = decoder.decode(&outputs, Score::new(floor).unwrap()) {
                for raw in found {
                    prop_assert!(raw.score.value() >= floor && raw.class < 2 && raw.bbox.area() > 0.0);
                    prop_assert!(raw.bbox.to_array().iter().all(|v| v.is_finite()));
                }
            }
        }

        #[test]
        fn any_shapes_give_an_answer_or_an_error(
            which in 0_usize..2, count in 0_usize..6, length in 0_usize..130,
            shape in prop::collection::vec(prop_oneof![0_usize..20, Just(usize::MAX)], 0..5),
        ) {
            let data = vec![0.5; length];
            let outputs = vec![Output { shape: &shape, data: &data }; count];
            let _ = decoders()[which].decode(&outputs, Score::ZERO);
        }
    }
}
