//! Measures the reader of plates: each plate in several frames, found, read in one frame, and read by vote over all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{LeftOut, rounded};
use crate::{
    analysis::plate::{FrameReading, voted},
    domain::{FrameSpace, Picture, Point, Quad},
    infer::{InferError, text::PlateSeen},
};

/// One plate.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateLabel {
    /// `blue`, `yellow` or `green`.
    pub kind: String,
    /// Its number.
    pub number: String,
    /// Where it is seen.
    pub frames: Vec<PlateFrame>,
}

/// A plate in a frame.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlateFrame {
    /// File of the frame.
    pub file: String,
    /// Its corners, clockwise from the top left.
    pub quad: [[f32; 2]; 4],
}

/// Figures of plates of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OfKind {
    /// Plates.
    pub plates: u32,
    /// Frames of them.
    pub frames: u32,
    /// Frames in which the plate was found.
    pub found: u32,
    /// Frames that alone say the exact number.
    pub single: u32,
    /// Plates whose frames together say the exact number.
    pub exact: u32,
    /// Share of `found`.
    pub found_share: f64,
    /// Share of `single`.
    pub single_share: f64,
    /// Share of `exact`.
    pub exact_share: f64,
}

/// The whole measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlateReport {
    /// Name of the finder.
    pub model: String,
    /// By kind; `all` is the sum.
    pub plates: BTreeMap<String, OfKind>,
    /// Drawn numbers that were read otherwise, and how.
    pub wrong: Vec<String>,
    /// Frames in which a plate was found where none stands.
    pub false_plates: u32,
    /// What could not be judged.
    pub left_out: Vec<LeftOut>,
}

/// Asks the reader.
pub type Ask<'a> = dyn FnMut(&Picture) -> Result<Vec<PlateSeen>, InferError> + 'a;

/// A found plate overlaps the drawn one's box by this IoU.
const OVERLAP_MIN: f32 = 0.4;

impl PlateReport {
    /// Judges a plate by its frames; `open` gives the picture of a file or says why there is none.
    pub fn judge(
        &mut self,
        label: &PlateLabel,
        open: &mut dyn FnMut(&str) -> Result<Picture, String>,
        read: &mut Ask<'_>,
    ) {
        let mut readings: Vec<FrameReading> = Vec::new();
        let mut of = OfKind { plates: 1, ..OfKind::default() };
        for PlateFrame { file, quad } in &label.frames {
            let seen = open(file).and_then(|picture| read(&picture).map_err(|error| error.to_string()));
            let seen = match seen {
                Ok(seen) => seen,
                Err(reason) => {
                    self.left_out.push(LeftOut { file: file.clone(), line: None, reason });
                    continue;
                }
            };
            of.frames += 1;
            let drawn = Quad::<FrameSpace>(quad.map(Point::from)).bbox();
            let (right, wrong): (Vec<PlateSeen>, Vec<PlateSeen>) =
                seen.into_iter().partition(|plate| plate.quad.bbox().iou(&drawn) >= OVERLAP_MIN);
            self.false_plates += u32::from(!wrong.is_empty());
            let Some(plate) = right.into_iter().next() else { continue };
            of.found += 1;
            of.single += u32::from(says(std::slice::from_ref(&plate.reading)).as_deref() == Some(&label.number));
            readings.push(plate.reading);
        }
        let said = says(&readings);
        if said.as_deref() == Some(&label.number) {
            of.exact = 1;
        } else {
            self.wrong.push(format!("{}: {}", label.number, said.as_deref().unwrap_or("nothing")));
        }
        for kind in [label.kind.as_str(), "all"] {
            let sum = self.plates.entry(kind.to_owned()).or_default();
            sum.plates += of.plates;
            sum.frames += of.frames;
            sum.found += of.found;
            sum.single += of.single;
            sum.exact += of.exact;
        }
    }

    /// Fills in the shares.
    pub fn finish(&mut self) {
        let share = |part: u32, whole: u32| rounded(f64::from(part) / f64::from(whole.max(1)));
        for of in self.plates.values_mut() {
            of.found_share = share(of.found, of.frames);
            of.single_share = share(of.single, of.frames);
            of.exact_share = share(of.exact, of.plates);
        }
    }
}

fn says(readings: &[FrameReading]) -> Option<String> {
    voted(readings).map(|voted| voted.number.reveal().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{analysis::decode::Spelling, domain::Score};

    #[test]
    fn frames_plates_and_finds_elsewhere_are_counted_apart() {
        let quad = [[10.0, 10.0], [110.0, 10.0], [110.0, 40.0], [10.0, 40.0]];
        let seen = |text: &str, dx: f32| PlateSeen {
            quad: Quad(quad.map(|[x, y]| Point::new(x + dx, y))),
            score: Score::ONE,
            reading: vec![
                Some(Spelling { characters: text.chars().map(|c| (c, 0.9)).collect(), log_likelihood: -1.0 }),
                None,
                None,
            ],
        };
        let mut answers = vec![
            vec![],
            vec![seen("川A12345", 0.0)],
            vec![seen("川A72345", 0.0)],
            vec![seen("川A12345", 0.0), seen("川A99999", 300.0)],
        ];
        let frames = ["a", "b", "c", "d", "gone"].map(|file| PlateFrame { file: file.into(), quad }).to_vec();
        let label = PlateLabel { kind: "blue".into(), number: "川A12345".into(), frames };
        let mut open = |file: &str| {
            let picture = Picture::from_rgb(2, 2, vec![0; 12]).unwrap();
            if file == "gone" { Err("it is missing".to_owned()) } else { Ok(picture) }
        };
        let mut report = PlateReport::default();
        report.judge(&label, &mut open, &mut |_| Ok(answers.pop().unwrap()));
        report.finish();
        let of = &report.plates["all"];
        assert_eq!((of.frames, of.found, of.single, of.exact, report.false_plates), (4, 3, 2, 1, 1));
        assert_eq!((of.found_share, report.left_out.len()), (0.75, 1));
    }
}
