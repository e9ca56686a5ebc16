//! Runs a detector over a labelled set. A picture that cannot be judged is left out with its labels and its reason;
//! the rest goes on.

use std::{fs::File, io::Read as _, path::Path, thread};

use sha2::{Digest, Sha256};

use super::{
    LeftOut,
    cascade::{Touched, Verifier},
    classes::ClassMap,
    labels::{LabelledPicture, LabelledSet},
};
use crate::{
    analysis::score::{Scene, Truth},
    domain::{Picture, Score},
    infer::Detector,
    media::jpeg,
};

/// A picture with a shorter side shows nothing that could be judged.
const SIDE_MIN_PX: u32 = 8;

/// A detector, with the classes that it is asked for.
pub struct Eye<'a> {
    /// Finds.
    pub detector: &'a dyn Detector,
    /// Which of its classes stand for what.
    pub classes: &'a ClassMap,
    /// Overlap from which boxes of one class are one.
    pub nms_iou: f32,
    /// Looks at every proposal again.
    pub verifier: Option<&'a Verifier<'a>>,
}

/// A model whose answers stand in for labels: what is measured is agreement, not accuracy.
pub struct Teacher<'a> {
    /// The model.
    pub eye: Eye<'a>,
    /// Its detections count from this score on.
    pub score_min: Score,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Measured {
    /// Names of the judged pictures, below the folder.
    pub names: Vec<String>,
    /// What was there and what was found, a row a name.
    pub scenes: Vec<Scene>,
    /// Width and height of each.
    pub sizes: Vec<(u32, u32)>,
    /// Pictures that could not be judged.
    pub pictures_left_out: Vec<LeftOut>,
    /// Labels that could not be right.
    pub labels_left_out: Vec<LeftOut>,
    /// Labels that were cut at the picture's border.
    pub labels_clipped: usize,
    /// Labels of classes that are not measured.
    pub labels_unmeasured: usize,
    /// Pictures whose bytes are those of an earlier one; they count all the same.
    pub repeated: Vec<String>,
    /// What the verifier had to do.
    pub touched: Touched,
    /// SHA-256 over name, picture and labels of every listed picture.
    pub data_sha256: String,
}

struct Judged {
    scene: Scene,
    size: (u32, u32),
    labels_left_out: Vec<LeftOut>,
    clipped: usize,
    unmeasured: usize,
    touched: Touched,
}

/// Judges every picture of `set` with `threads` at once; `heard` is told how many are done.
pub fn run(
    set: &LabelledSet,
    eye: &Eye<'_>,
    teacher: Option<&Teacher<'_>>,
    threads: usize,
    mut heard: impl FnMut(usize),
) -> Measured {
    let mut measured = Measured { labels_left_out: set.left_out.clone(), ..Measured::default() };
    let mut seen = std::collections::BTreeSet::new();
    let mut hash = Sha256::new();
    let mut done = 0;
    for pictures in set.pictures.chunks(threads.max(1)) {
        let answers: Vec<_> = thread::scope(|scope| {
            let asked: Vec<_> =
                pictures.iter().map(|picture| scope.spawn(|| judge(picture, set, eye, teacher))).collect();
            asked
                .into_iter()
                .map(|one| one.join().unwrap_or_else(|_| (None, Err("judging it crashed".into()))))
                .collect()
        });
        for (picture, (sha256, answer)) in pictures.iter().zip(answers) {
            let digest = sha256.map(hex::encode);
            hash.update(line_of(picture, digest.as_deref()));
            if digest.is_some_and(|digest| !seen.insert(digest)) {
                measured.repeated.push(picture.name.clone());
            }
            match answer {
                Ok(judged) => {
                    measured.names.push(picture.name.clone());
                    measured.scenes.push(judged.scene);
                    measured.sizes.push(judged.size);
                    measured.labels_left_out.extend(judged.labels_left_out);
                    measured.labels_clipped += judged.clipped;
                    measured.labels_unmeasured += judged.unmeasured;
                    measured.touched.crops += judged.touched.crops;
                    measured.touched.pictures += judged.touched.pictures;
                }
                Err(reason) => {
                    measured.pictures_left_out.push(LeftOut { file: picture.name.clone(), line: None, reason });
                }
            }
            done += 1;
            heard(done);
        }
    }
    measured.data_sha256 = hex::encode(hash.finalize());
    measured.labels_left_out.sort();
    measured
}

fn line_of(picture: &LabelledPicture, sha256: Option<&str>) -> String {
    let labels: Vec<String> =
        picture.labels.iter().map(|l| format!("{} {:?} {} {}", l.class, l.sides, l.fractions, l.ignored)).collect();
    format!("{}\t{}\t{}\n", picture.name, sha256.unwrap_or("-"), labels.join(";"))
}

type Answer = (Option<[u8; 32]>, Result<Judged, String>);

fn judge(picture: &LabelledPicture, set: &LabelledSet, eye: &Eye<'_>, teacher: Option<&Teacher<'_>>) -> Answer {
    let bytes = match bytes_of(&picture.path) {
        Ok(bytes) => bytes,
        Err(reason) => return (None, Err(reason)),
    };
    let sha256 = Some(Sha256::digest(&bytes).into());
    let judged = pixels(&bytes, picture).and_then(|pixels| scene(&pixels, picture, set, eye, teacher));
    (sha256, judged)
}

fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(jpeg::FILE_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| format!("cannot be read: {error}"))
}

/// The pixels of a listed picture.
///
/// # Errors
/// Why it cannot be judged, in words.
pub(super) fn picture_of(picture: &LabelledPicture) -> Result<Picture, String> {
    pixels(&bytes_of(&picture.path)?, picture)
}

fn pixels(bytes: &[u8], picture: &LabelledPicture) -> Result<Picture, String> {
    if !jpeg::is_whole(bytes) {
        return Err("the picture is cut short: its JPEG has no end; copy it again".into());
    }
    let pixels = jpeg::decode(bytes).map_err(|error| error.to_string())?;
    let size = (pixels.width(), pixels.height());
    if size.0.min(size.1) < SIDE_MIN_PX {
        return Err(format!("{}x{} pixels show nothing; want {SIDE_MIN_PX} or more a side", size.0, size.1));
    }
    match picture.size {
        Some(want) if want != size => Err(format!(
            "is {}x{}, its labels are for {}x{}; export them for this picture",
            size.0, size.1, want.0, want.1
        )),
        _ => Ok(pixels),
    }
}

fn scene(
    pixels: &Picture,
    picture: &LabelledPicture,
    set: &LabelledSet,
    eye: &Eye<'_>,
    teacher: Option<&Teacher<'_>>,
) -> Result<Judged, String> {
    let asked = |eye: &Eye<'_>| {
        let detections = eye.detector.detect(pixels).map_err(|error| error.to_string())?;
        let proposals = eye.classes.found(&detections, eye.nms_iou);
        match eye.verifier {
            Some(verifier) => verifier.rescore(pixels, proposals),
            None => Ok::<_, String>((proposals, Touched::default())),
        }
    };
    let size = (pixels.width(), pixels.height());
    let (found, touched) = asked(eye)?;
    let scene = Scene { truths: Vec::new(), found };
    let mut judged = Judged { scene, size, labels_left_out: Vec::new(), clipped: 0, unmeasured: 0, touched };
    if let Some(teacher) = teacher {
        let found = asked(&teacher.eye)?.0.into_iter().filter(|found| found.score >= teacher.score_min.value());
        judged.scene.truths = found.map(|f| Truth { class: f.class, bbox: f.bbox, ignored: false }).collect();
        return Ok(judged);
    }
    for label in &picture.labels {
        match (label.in_picture(size.0, size.1), set.classes.get(label.class).and_then(|n| eye.classes.of_label(n))) {
            (Ok((bbox, cut)), Some(class)) => {
                judged.scene.truths.push(Truth { class, bbox, ignored: label.ignored });
                judged.clipped += usize::from(cut);
            }
            (Ok(_), None) => judged.unmeasured += 1,
            (Err(reason), _) => {
                let (file, line) = label.from.clone();
                judged.labels_left_out.push(LeftOut { file, line: Some(line), reason });
            }
        }
    }
    Ok(judged)
}
