//! Hop 7, prove: turns an incident's change into a bundle of files: originals, an annotated and masked
//! copies (with the box for the platform, plain for the desk), a clip of the camera's own packets. Writes nothing itself; the evidence folder does.

use crate::{
    analysis::scene::Registered,
    domain::{
        BBox, Detection, EvidenceFile, EvidenceKind, FileRole, FrameSpace, Incident, Matter, ModelRef, Picture,
        PlatePolicy, ReadText, RuleRef, Stream, View, WallTime, Zone,
    },
    media::{
        Clip,
        draw::{self, Overlay, annotated, framed},
        jpeg::{self, JpegError},
    },
    store::{
        evidence::{BundleDraft, DraftFile},
        evidence_id,
    },
};

use super::keep::{Kept, KeptFrame};

/// What a bundle is about, beside its pictures.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The incident as it stands.
    pub incident: &'a Incident,
    /// Its matter.
    pub matter: &'a Matter,
    /// The camera.
    pub stream: &'a Stream,
    /// The view.
    pub view: &'a View,
    /// The view's zones.
    pub zones: &'a [Zone],
    /// The weights that judged.
    pub model: &'a ModelRef,
    /// The weights that looked again.
    pub verifier: Option<&'a ModelRef>,
    /// The weights that compared the view with its reference picture.
    pub compared: &'a [ModelRef],
}

/// A frame of the incident: its JPEG and what is needed to draw and to mask.
pub struct Shot {
    frame: KeptFrame,
    jpeg: Vec<u8>,
    /// Its pixels, where they are at hand; otherwise they are decoded from the JPEG.
    picture: Option<Picture>,
}

impl Shot {
    /// The frame of the present look and its JPEG.
    pub fn now(seen: Registered<'_>, bbox: BBox<FrameSpace>, jpeg: Vec<u8>) -> Self {
        Self { frame: KeptFrame::of(seen, bbox), jpeg, picture: Some(seen.frame.picture.clone()) }
    }

    fn at(&self) -> WallTime {
        self.frame.meta.judged_at()
    }

    fn picture(&self) -> Result<Picture, JpegError> {
        self.picture.clone().map_or_else(|| jpeg::decode(&self.jpeg), Ok)
    }
}

impl From<Kept> for Shot {
    fn from(kept: Kept) -> Self {
        Self { frame: kept.frame, jpeg: kept.jpeg, picture: None }
    }
}

/// The bundle of an opening or a reopening: first, middle and latest of the stay.
///
/// `kept` are the frames of the stay so far, oldest first; `latest` is the present one.
///
/// # Errors
/// [`JpegError`] when a kept frame is damaged.
pub fn persisted(
    subject: Subject<'_>,
    kind: EvidenceKind,
    kept: Vec<Kept>,
    latest: Shot,
    clip: Option<&Clip>,
) -> Result<BundleDraft, JpegError> {
    let made_at = latest.at();
    let mut stay: Vec<Shot> = kept.into_iter().map(Shot::from).filter(|shot| shot.at() < made_at).collect();
    let first = (!stay.is_empty()).then(|| stay.remove(0));
    let half = first.as_ref().map_or(made_at, |first| first.at().midpoint(made_at)).millis();
    let middle = stay.into_iter().min_by_key(|shot| (shot.at().millis() - half).abs());
    let mut files = Vec::new();
    for (role, word, shot) in [
        (FileRole::First, "first", &first),
        (FileRole::Middle, "middle", &middle),
        (FileRole::Latest, "latest", &Some(latest)),
    ] {
        let Some(shot) = shot else { continue };
        let picture = shot.picture()?;
        if role == FileRole::Latest {
            files.push(picture_file("annotated", FileRole::Annotated, shot, drawn(subject, shot, &picture)?));
        }
        let plain = hidden(subject.matter.plates, shot, &picture);
        let boxed = jpeg::encode(&framed(&plain, &shot.frame.bbox))?;
        files.push(picture_file(&format!("masked_{word}"), FileRole::Masked, shot, boxed));
        files.push(picture_file(&format!("plain_{word}"), FileRole::MaskedPlain, shot, jpeg::encode(&plain)?));
        files.push(picture_file(word, role, shot, shot.jpeg.clone()));
    }
    files.extend(clip.map(clip_file));
    Ok(bundle(subject, kind, made_at, files))
}

/// The bundle of a clearing or a re-check: the masked picture before, and the picture now.
///
/// # Errors
/// [`JpegError`] when a picture cannot be drawn.
pub fn compared(
    subject: Subject<'_>,
    kind: EvidenceKind,
    before: Option<(EvidenceFile, Vec<u8>)>,
    now: &Shot,
) -> Result<BundleDraft, JpegError> {
    let made_at = now.at();
    let mut files = Vec::new();
    if let Some((file, bytes)) = before {
        let EvidenceFile { wall, wall_source, arrived, skew_ms, pts, bbox, .. } = file;
        let name = "masked_before.jpg".to_owned();
        files.push(DraftFile { name, role: FileRole::Masked, bytes, wall, wall_source, arrived, skew_ms, pts, bbox });
    }
    let picture = now.picture()?;
    files.push(picture_file("annotated", FileRole::Annotated, now, drawn(subject, now, &picture)?));
    let after = jpeg::encode(&framed(&hidden(PlatePolicy::MaskAll, now, &picture), &now.frame.bbox))?;
    files.push(picture_file("masked_after", FileRole::Masked, now, after));
    files.push(picture_file("latest", FileRole::Latest, now, now.jpeg.clone()));
    Ok(bundle(subject, kind, made_at, files))
}

fn drawn(subject: Subject<'_>, shot: &Shot, picture: &Picture) -> Result<Vec<u8>, JpegError> {
    let zone = subject.zones.iter().find(|zone| zone.id == subject.incident.zone.0).map(|zone| &zone.polygon);
    jpeg::encode(&annotated(picture, &Overlay { bbox: shot.frame.bbox, zone, homography: shot.frame.homography }))
}

fn hidden(plates: PlatePolicy, shot: &Shot, picture: &Picture) -> Picture {
    let detections: Vec<Detection> = shot.frame.detections.iter().cloned().map(Into::into).collect();
    draw::hidden(picture, &detections, Some(&shot.frame.bbox), plates)
}

fn picture_file(word: &str, role: FileRole, shot: &Shot, bytes: Vec<u8>) -> DraftFile {
    let meta = &shot.frame.meta;
    DraftFile {
        name: format!("{word}.jpg"),
        role,
        bytes,
        wall: Some(meta.wall),
        wall_source: Some(meta.wall_source),
        arrived: Some(meta.arrived),
        skew_ms: meta.skew_ms,
        pts: Some(meta.pts),
        bbox: Some(shot.frame.bbox),
    }
}

fn clip_file(clip: &Clip) -> DraftFile {
    DraftFile {
        name: "clip.mp4".to_owned(),
        role: FileRole::Clip,
        bytes: clip.mp4.clone(),
        wall: Some(clip.from),
        wall_source: None,
        arrived: None,
        skew_ms: None,
        pts: None,
        bbox: None,
    }
}

fn bundle(subject: Subject<'_>, kind: EvidenceKind, made_at: WallTime, files: Vec<DraftFile>) -> BundleDraft {
    let (zone, zone_version) = subject.incident.zone;
    BundleDraft {
        id: evidence_id(subject.incident.id, kind, made_at),
        incident: subject.incident.id,
        kind,
        made_at,
        stream_code: subject.stream.code.clone(),
        location: subject.stream.location.clone(),
        view_name: subject.view.name.clone(),
        model: subject.model.clone(),
        verifier: subject.verifier.cloned(),
        compared: subject.compared.to_vec(),
        read: subject.incident.read.as_ref().map(ReadText::masked),
        rule: RuleRef {
            matter: subject.matter.key.clone(),
            pipeline_sha256: subject.matter.sha256.clone(),
            score_min: subject.matter.composition.anchor.score_min,
            dwell_s: subject.matter.dwell.time.as_secs(),
            zone,
            zone_version,
            zone_polygon: subject
                .zones
                .iter()
                .find(|z| z.id == zone && z.version == zone_version)
                .map(|z| z.polygon.clone()),
        },
        files,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::fixtures::{matter, meta, zone},
        domain::{Homography, ZoneKind},
        media::draw::BOX_COLOUR,
        store::conformance::{incident, place, stream, view},
    };

    fn kept(second: i64) -> Kept {
        let picture = Picture::from_rgb(96, 54, vec![90; 96 * 54 * 3]).unwrap();
        let frame = KeptFrame {
            meta: meta(second),
            bbox: BBox::new(20.0, 10.0, 70.0, 40.0),
            homography: Homography::IDENTITY,
            detections: Vec::new(),
        };
        Kept { frame, jpeg: jpeg::encode(&picture).unwrap() }
    }

    #[test]
    fn each_picture_of_a_stay_has_a_masked_copy_with_the_box_and_one_without() {
        let (stream, matter) = (stream("1"), matter());
        let view = view(&stream, "甲");
        let zones = [zone(ZoneKind::Strict)];
        let model = ModelRef { name: "scripted".into(), sha256: "00".repeat(32) };
        let incident = incident(&place(&view, "a"), 1);
        let subject = Subject {
            incident: &incident,
            matter: &matter,
            stream: &stream,
            view: &view,
            zones: &zones,
            model: &model,
            verifier: None,
            compared: &[],
        };
        let stay = vec![kept(0), kept(50)];
        let draft = persisted(subject, EvidenceKind::Opening, stay, kept(100).into(), None).unwrap();
        let names: Vec<&str> = draft.files.iter().map(|file| file.name.as_str()).collect();
        let mut wanted = vec!["annotated.jpg".to_owned()];
        for word in ["first", "middle", "latest"] {
            wanted.extend([format!("{word}.jpg"), format!("masked_{word}.jpg"), format!("plain_{word}.jpg")]);
        }
        wanted.sort();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, wanted);
        for file in &draft.files {
            let picture = jpeg::decode(&file.bytes).unwrap();
            let on_the_edge = picture.rgb_at(45, 10);
            let is_boxed = on_the_edge[0].abs_diff(BOX_COLOUR[0]) < 60 && on_the_edge[2] < 80;
            let drawn = matches!(file.role, FileRole::Masked | FileRole::Annotated);
            assert_eq!(is_boxed, drawn, "{}: {on_the_edge:?}", file.name);
            assert_eq!(file.role.is_masked(), file.name.starts_with("masked") || file.name.starts_with("plain"));
        }
    }
}
