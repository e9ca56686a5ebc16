//! The parts of a matter that are about second models: verify, scan, shadow, exemplars. Raw, checked, as values of the
//! domain. Knows no model: whether classes and weights exist is checked where manifests are loaded.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;

use super::{fault::Checker, matters::TIME_S_MAX};
use crate::domain::{Grounds, Likeness, Newness, NewnessHead, PlateReading, Scan, Score, Shadow, Verify};

/// `[verify]`: the second look at a place that is about to be reported.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawVerify {
    /// Folder below `models/`; its manifest has a section `[verify]`.
    pub(super) model: Option<String>,
    /// The verifier's classes that stand for the matter.
    classes: Vec<String>,
    /// Least fused score, 0..=1.
    accept_min: Option<f32>,
    /// Seconds until a refused place is asked about again; an hour when left out.
    again_after_s: Option<u64>,
    /// Least newness against the reference picture, 0..=2; nothing is refused for it when left out.
    newness_min: Option<f32>,
    /// What is new at the place; weighs nothing when left out.
    newness: Option<RawNewness>,
}

/// `[scan]`: a slow model over the whole view.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawScan {
    /// Folder below `models/`.
    model: Option<String>,
    /// Seconds from one scan of a view to the next at least.
    every_s: Option<u64>,
    /// Side of the squares that the view is shown in, as a share of its shorter side; all at once when left out.
    square: Option<f32>,
}

/// `[newness]`: what the reference picture does not show.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawNewness {
    /// Folder below `models/`; its manifest has a section `[detector.patches]`.
    model: Option<String>,
    /// Folder below `models/` of a head that says what is new; the cosine of the patches does where it is left out.
    head: Option<String>,
    /// The head's classes that the matter is about; only with a head.
    classes: Vec<String>,
    /// The head's classes of who and what passes; only with a head, and none where it is left out.
    passes: Vec<String>,
    /// Least newness of a patch: 0..=2, with a head its likelihood, 0..=1.
    from: Option<f32>,
    /// Classes of the model that are none of the matter; none where it is left out.
    known: Vec<String>,
}

/// `[shadow]`: a new model that judges the same frames and reports nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawShadow {
    /// Folder below `models/`; may be left out where a verifier is named.
    model: Option<String>,
    /// Folder below `models/` of a verifier that is asked about the same places; may be left out.
    verifier: Option<String>,
    /// Seconds from one frame of a view that it is shown to the next at least; a minute when left out.
    every_s: Option<u64>,
}

/// `[plate]`: the plates of a matter's vehicles.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawPlate {
    /// Folder below `models/` of a finder of plates.
    model: Option<String>,
    /// Frames that must have voted, 1 or more.
    frames_min: Option<u32>,
    /// Least share of the votes at each place, 0..=1.
    agreement_min: Option<f32>,
}

/// `[exemplars]`: how alike a thing must be to what a person said yes or no to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawExemplars {
    /// Least cosine, 0.5..=1; [`LIKENESS_MIN`] when left out.
    likeness_min: Option<f32>,
    /// Least cosine where the exemplar's thing lay, at most `likeness_min`; [`LIKENESS_HERE_MIN`] when left out.
    likeness_here_min: Option<f32>,
}

/// Default of `exemplars.likeness_min`; docs/models.md says how it was measured.
const LIKENESS_MIN: f32 = 0.97;
/// Default of `exemplars.likeness_here_min`; the same.
const LIKENESS_HERE_MIN: f32 = 0.9;
/// Default of `shadow.every_s`.
const SHADOW_EVERY_S: u64 = 60;
/// Default of `verify.again_after_s`.
const AGAIN_AFTER_S: u64 = 3600;

const GROUNDS: &str = "\"trained\", \"few_shot\" or \"composed\"";

pub(super) fn grounds(level: Option<String>, check: &mut Checker<'_>) -> Grounds {
    match check.text("level", level, GROUNDS).as_str() {
        "trained" => Grounds::Trained,
        "few_shot" => Grounds::FewShot,
        "composed" => Grounds::Composed,
        other => {
            check.fault("level", format!("{other:?}"), GROUNDS);
            Grounds::Composed
        }
    }
}

pub(super) fn plate(raw: Option<RawPlate>, is_visited: bool, check: &mut Checker<'_>) -> Option<PlateReading> {
    let raw = raw?;
    if is_visited {
        check.fault("look.decode", "\"key_frames\"", "\"rate\" or \"all\": plates are read over the frames of a track");
    }
    Some(PlateReading {
        model: check.text("plate.model", raw.model, "the name of a folder below models/"),
        frames_min: check.number("plate.frames_min", raw.frames_min, 1..=100, "frames"),
        agreement_min: check.number("plate.agreement_min", raw.agreement_min, 0.0..=1.0, "a share"),
    })
}

pub(super) fn verify(
    raw: Option<RawVerify>,
    exemplars: Option<RawExemplars>,
    check: &mut Checker<'_>,
) -> Option<Verify> {
    let Some(raw) = raw else {
        if exemplars.is_some() {
            check.fault("exemplars", "a section", "nothing: only what is verified has an appearance to compare");
        }
        return None;
    };
    if raw.classes.is_empty() || raw.classes.iter().any(|class| class.trim().is_empty()) {
        check.fault("verify.classes", format!("{:?}", raw.classes), "at least one class name of the verifier");
    }
    let accept_min = check.number("verify.accept_min", raw.accept_min, 0.01..=1.0, "a score");
    let again_after_s = Some(raw.again_after_s.unwrap_or(AGAIN_AFTER_S));
    Some(Verify {
        model: check.text("verify.model", raw.model, "the name of a folder below models/"),
        classes: raw.classes.into_iter().map(Arc::from).collect(),
        accept_min: Score::new(accept_min).unwrap_or(Score::ONE),
        again_after: Duration::from_secs(check.number(
            "verify.again_after_s",
            again_after_s,
            1..=TIME_S_MAX,
            "seconds",
        )),
        newness_min: raw
            .newness_min
            .map(|least| check.number("verify.newness_min", Some(least), 0.0..=2.0, "1 less a cosine")),
        likeness: likeness(&exemplars.unwrap_or_default(), check),
        newness: raw.newness.map(|raw| place_newness(raw, check)),
    })
}

fn likeness(raw: &RawExemplars, check: &mut Checker<'_>) -> Likeness {
    let min = raw.likeness_min.unwrap_or(LIKENESS_MIN);
    let min = check.number("exemplars.likeness_min", Some(min), 0.5..=1.0, "a cosine");
    let here_min = raw.likeness_here_min.unwrap_or_else(|| LIKENESS_HERE_MIN.min(min));
    let here_min = check.number("exemplars.likeness_here_min", Some(here_min), 0.5..=min, "a cosine");
    Likeness { min, here_min }
}

/// `[verify.newness]`: what is new at a place is a head's to say.
fn place_newness(raw: RawNewness, check: &mut Checker<'_>) -> Newness {
    if raw.head.is_none() {
        check.fault("verify.newness.head", "nothing", "the name of a folder below models/");
    }
    if !raw.known.is_empty() {
        check.fault("verify.newness.known", format!("{:?}", raw.known), "nothing: the verifier names what is there");
    }
    comparison(raw, "verify.newness", check)
}

pub(super) fn newness(raw: Option<RawNewness>, is_seldom: bool, check: &mut Checker<'_>) -> Option<Newness> {
    let raw = raw?;
    if !is_seldom {
        check.fault("look.every_s", "nothing", "seconds: comparing with the reference picture takes its time");
    }
    Some(comparison(raw, "newness", check))
}

fn comparison(raw: RawNewness, section: &str, check: &mut Checker<'_>) -> Newness {
    let head = newness_head(raw.head, raw.classes, raw.passes, section, check);
    let (most, what) = if head.is_some() { (1.0, "a likelihood") } else { (2.0, "1 less a cosine") };
    Newness {
        model: check.text(&format!("{section}.model"), raw.model, "the name of a folder below models/"),
        head,
        from: check.number(&format!("{section}.from"), raw.from, 0.01..=most, what),
        known: raw.known.into_iter().map(Arc::from).collect(),
    }
}

fn newness_head(
    model: Option<String>,
    classes: Vec<String>,
    passes: Vec<String>,
    section: &str,
    check: &mut Checker<'_>,
) -> Option<NewnessHead> {
    let Some(model) = model else {
        let is_missing = !check.is_faulty(&format!("{section}.head"));
        for (key, classes) in [("classes", &classes), ("passes", &passes)] {
            if is_missing && !classes.is_empty() {
                let help = format!("nothing: they are a head's, which {section}.head names");
                check.fault(&format!("{section}.{key}"), format!("{classes:?}"), &help);
            }
        }
        return None;
    };
    if classes.is_empty() || classes.iter().any(|class| class.trim().is_empty()) {
        let key = format!("{section}.classes");
        check.fault(&key, format!("{classes:?}"), "at least one class name of the head");
    }
    if let Some(both) = passes.iter().find(|class| classes.contains(class)) {
        let help = format!("no class that {section}.classes has");
        check.fault(&format!("{section}.passes"), format!("{both:?}"), &help);
    }
    let names = |names: Vec<String>| names.into_iter().map(Arc::from).collect();
    let model = check.text(&format!("{section}.head"), Some(model), "the name of a folder below models/");
    Some(NewnessHead { model, classes: names(classes), passes: names(passes) })
}

pub(super) fn scan(raw: Option<RawScan>, check: &mut Checker<'_>) -> Option<Scan> {
    raw.map(|raw| Scan {
        model: check.text("scan.model", raw.model, "the name of a folder below models/"),
        every: Duration::from_secs(check.number("scan.every_s", raw.every_s, 1..=TIME_S_MAX, "seconds")),
        square: raw.square.map(|share| check.number("scan.square", Some(share), 0.1..=1.0, "a share")),
    })
}

/// What of a matter its shadow must fit.
pub(super) struct Own<'a> {
    /// Its model.
    pub model: Option<&'a str>,
    /// Its verifier.
    pub verifier: Option<&'a str>,
    /// Whether it has a section `[plate]`.
    pub reads_plates: bool,
}

pub(super) fn shadow(raw: Option<RawShadow>, own: &Own<'_>, check: &mut Checker<'_>) -> Option<Shadow> {
    let raw = raw?;
    if own.reads_plates {
        check.fault(
            "shadow",
            "a section",
            "nothing: plates are voted over a track, and a shadow is shown single frames",
        );
    }
    let every_s = Some(raw.every_s.unwrap_or(SHADOW_EVERY_S));
    let every = Duration::from_secs(check.number("shadow.every_s", every_s, 1..=TIME_S_MAX, "seconds"));
    let named = |name: Option<String>| name.filter(|name| !name.trim().is_empty());
    let (model, verifier) = (named(raw.model), named(raw.verifier));
    if model.is_none() && verifier.is_none() {
        check.fault("shadow.model", "nothing", "the name of a folder below models/, here or in shadow.verifier");
    }
    for (key, new, old) in [("shadow.model", &model, own.model), ("shadow.verifier", &verifier, own.verifier)] {
        if new.is_some() && new.as_deref() == old {
            check.fault(key, format!("{:?}", old.unwrap_or("")), "another model than the matter's own");
        }
    }
    if verifier.is_some() && own.verifier.is_none() {
        check.fault("shadow.verifier", format!("{verifier:?}"), "nothing: the matter has no section [verify]");
    }
    Some(Shadow { model, verifier, every })
}
