//! Output decoders: a grid and tensors of any numbers, shapes mostly right. Nothing panics, and what is found lies in
//! the frame, scores enough, and comes best first.

use std::sync::Arc;

use xunjie::{
    analysis::{
        decode::{Decoder, Grid, NanoDet, Output, Yolox},
        letterbox::{ColourOrder, Letterbox, Placement, TensorFormat, TensorLayout},
    },
    domain::Score,
    infer::manifest::{Calibrations, DetectorSpec, PictureInput},
};

/// Hands out the input piece by piece; zeros when it is used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }
    fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }
    /// Mostly small numbers, sometimes any bits.
    fn number(&mut self) -> f32 {
        match self.byte() {
            byte @ 0..=199 => f32::from(byte) / 100.0 - 0.5,
            200..=219 => f32::from(self.byte()) - 128.0,
            220 => f32::NAN,
            221 => f32::INFINITY,
            222 => f32::MAX,
            _ => f32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()]),
        }
    }
}

pub fn check(data: &[u8]) {
    let mut bytes = Bytes(data);
    let sides = [8_u32, 9, 16, 31, 33];
    let (width, height) = (sides[bytes.below(5)], sides[bytes.below(5)]);
    let strides: Vec<u32> = (0..=bytes.below(2)).map(|_| [8, 3, 16, 1, 64][bytes.below(5)]).collect();
    let classes = bytes.below(4);
    let grid = Grid { width, height, strides, classes, scores_are_sigmoid: bytes.byte() & 1 == 0 };
    let reg_max = bytes.below(5);
    let cells: Vec<usize> =
        grid.strides.iter().map(|stride| (width.div_ceil(*stride) * height.div_ceil(*stride)) as usize).collect();
    let (decoder, mut shapes) = if bytes.byte() & 1 == 0 {
        let names = |kind: &str| (0..cells.len()).map(|level| format!("{kind}{level}")).collect();
        let shapes: Vec<Vec<usize>> = (cells.iter().map(|cells| vec![1, *cells, classes]))
            .chain(cells.iter().map(|cells| vec![*cells, 4 * (reg_max + 1)]))
            .collect();
        let centre_offset = bytes.number();
        (
            Decoder::NanoDet(NanoDet { grid, class_scores: names("c"), boxes: names("b"), reg_max, centre_offset }),
            shapes,
        )
    } else {
        let shape = vec![1, cells.iter().sum(), 5 + classes];
        (Decoder::Yolox(Yolox { grid, output: "out".to_owned() }), vec![shape])
    };
    // Now and then a graph answers with something else.
    match bytes.byte() {
        200..=219 => drop(shapes.pop()),
        220..=239 => shapes[0] = vec![usize::MAX, bytes.below(9)],
        240..=255 => shapes[0] = vec![bytes.below(9); bytes.below(4)],
        _ => {}
    }
    let frame = [bytes.byte(), bytes.byte()].map(|byte| 1 + u32::from(byte) * 7);
    let spec = DetectorSpec {
        input: PictureInput { name: "in".to_owned(), format: format(width, height, bytes.byte()) },
        decoder,
        classes: (0..classes).map(|class| Arc::from(format!("class {class}"))).collect(),
        score_floor: Score::new(f32::from(bytes.byte()) / 255.0).expect("a share"),
        nms_iou: f32::from(bytes.byte()) / 255.0,
        detections_max: 1 + bytes.below(20),
        appearance: None,
        patches: None,
        calibrations: Calibrations::default(),
        fusion: None,
    };
    let size =
        |shape: &[usize]| shape.iter().try_fold(1_usize, |n, side| n.checked_mul(*side)).unwrap_or(0).min(20_000);
    let tensors: Vec<Vec<f32>> =
        shapes.iter().map(|shape| (0..size(shape)).map(|_| bytes.number()).collect()).collect();
    let outputs: Vec<Output<'_>> = shapes.iter().zip(&tensors).map(|(shape, data)| Output { shape, data }).collect();
    answers(&spec, &outputs, frame);
}

fn answers(spec: &DetectorSpec, outputs: &[Output<'_>], [width, height]: [u32; 2]) {
    let letterbox = Letterbox::new(width, height, &spec.input.format);
    match spec.read(outputs, &letterbox) {
        Ok(found) => {
            assert!(found.len() <= spec.detections_max);
            assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score), "{found:?}");
            for detection in &found {
                let bbox = detection.bbox;
                assert!(detection.score >= spec.score_floor && bbox.area() > 0.0, "{detection:?}");
                assert!(bbox.x0() >= 0.0 && bbox.y0() >= 0.0, "{detection:?}");
                assert!(bbox.x1() <= width as f32 && bbox.y1() <= height as f32, "{detection:?}");
            }
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
}

fn format(width: u32, height: u32, byte: u8) -> TensorFormat {
    TensorFormat {
        width,
        height,
        layout: if byte & 1 == 0 { TensorLayout::Nchw } else { TensorLayout::Nhwc },
        colour: if byte & 2 == 0 { ColourOrder::Rgb } else { ColourOrder::Bgr },
        scale: 1.0,
        mean: [0.0; 3],
        std: [1.0; 3],
        pad: 0.0,
        placement: if byte & 4 == 0 { Placement::Centre } else { Placement::TopLeft },
    }
}
