//! A replayed clip against its timeline: a TOML file that lists what truly stood where, from when to when.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    EvalError,
    report::{FORMAT, Took, sha256_of},
    rounded,
};
use crate::{
    analysis::score::incidents::{IncidentScore, OpenedIncident, TrueIncident, score},
    domain::{BBox, ReferenceSpace},
};

/// What truly happened in a clip.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeline {
    /// Everything that should become an incident; may be empty.
    #[serde(default)]
    pub incidents: Vec<TimelineIncident>,
    /// What looks like one and is none; an incident that stands for it is false. `xunjie eval teach` counts them.
    #[serde(default)]
    pub look_alikes: Vec<TimelineIncident>,
}

/// One thing that truly stood there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimelineIncident {
    /// Name for people.
    pub name: String,
    /// Key of the matter.
    pub matter: String,
    /// Seconds into the clip at which it appears.
    #[serde(default)]
    pub from_s: f64,
    /// Seconds into the clip at which it is gone; it stays when left out.
    pub until_s: Option<f64>,
    /// `[x0, y0, x1, y1]` in fractions of the picture.
    #[serde(rename = "box")]
    pub bbox: [f32; 4],
    /// Of a look-alike: another thing of the kind, where the others at that spot are one and the same.
    #[serde(default)]
    pub akin: bool,
}

/// How incidents are taken for true ones.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ClipSettings {
    /// Least overlap with the true box. Low: a far vehicle's box wavers.
    pub iou: f32,
    /// An incident may be opened so many seconds after the thing went away.
    pub grace_s: f64,
}

impl Default for ClipSettings {
    fn default() -> Self {
        Self { iou: 0.3, grace_s: 10.0 }
    }
}

/// A true incident and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct TruthRow {
    /// Name for people.
    pub name: String,
    /// Key of the matter.
    pub matter: String,
    /// Appears.
    pub from_s: f64,
    /// Is gone.
    pub until_s: Option<f64>,
    /// From appearing to opening; `None` when missed.
    pub delay_s: Option<f64>,
    /// The same, less the matter's dwell.
    pub after_dwell_s: Option<f64>,
}

/// An incident and what it stands for.
#[derive(Clone, Debug, Serialize)]
pub struct OpenedRow {
    /// When.
    pub at_s: f64,
    /// Key of the matter.
    pub matter: String,
    /// Where, in fractions of the picture.
    #[serde(rename = "box")]
    pub bbox: [f64; 4],
    /// Name of the true incident, or that there is none.
    pub verdict: String,
    /// Number of the true incident, from 0.
    pub stands_for: Option<usize>,
}

/// What a replay of the clip came to, before it is judged.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Incidents in the order of their opening, reopened ones again.
    pub opened: Vec<OpenedIncident>,
    /// Seconds from the first to the last look.
    pub clip_s: f64,
    /// Looks.
    pub looks: u64,
    /// Frames judged.
    pub frames: u64,
    /// Looks that could not be judged.
    pub blind: u64,
    /// What verifiers had to do.
    pub second: SecondLooks,
}

/// What verifiers had to do over a clip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SecondLooks {
    /// Looks in which a verifier was asked.
    pub looks: u64,
    /// Places that it was asked about.
    pub asked: u64,
    /// Those of them that were not reported.
    pub refused: u64,
}

/// All figures of a clip.
#[derive(Clone, Debug, Serialize)]
pub struct ClipReport {
    /// Version of this shape.
    pub format: u32,
    /// `incidents`.
    pub measure: &'static str,
    /// Name of the clip's file.
    pub clip: String,
    /// SHA-256 of the clip.
    pub clip_sha256: String,
    /// SHA-256 of the scene file.
    pub scene_sha256: String,
    /// SHA-256 of the timeline.
    pub timeline_sha256: String,
    /// SHA-256 of each matter's pipeline.
    pub pipelines_sha256: BTreeMap<String, String>,
    /// The models of the scene's matters.
    pub models: Vec<Took>,
    /// How incidents were judged.
    pub settings: ClipSettings,
    /// SHA-256 over all of these.
    pub input_sha256: String,
    /// Seconds of the clip.
    pub clip_s: f64,
    /// Looks.
    pub looks: u64,
    /// Frames judged.
    pub frames: u64,
    /// Looks that could not be judged.
    pub blind: u64,
    /// What verifiers had to do; absent where no matter of the scene has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second: Option<SecondLooks>,
    /// Share of the looks in which a verifier was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_share: Option<f64>,
    /// The figures.
    pub score: IncidentScore,
    /// What truly happened.
    pub truths: Vec<TruthRow>,
    /// What was opened.
    pub opened: Vec<OpenedRow>,
}

/// What went in, by hash.
#[derive(Clone, Debug)]
pub struct ClipInput {
    /// Name of the clip's file.
    pub clip: String,
    /// Hashes of clip, scene and timeline.
    pub sha256: [String; 3],
    /// SHA-256 of each matter's pipeline.
    pub pipelines_sha256: BTreeMap<String, String>,
    /// Dwell of each matter, in seconds.
    pub dwell_s: BTreeMap<String, f64>,
    /// The models.
    pub models: Vec<Took>,
    /// Whether a matter of the scene has a verifier.
    pub verified: bool,
}

impl Timeline {
    /// Reads a timeline; `matters` are those of the scene.
    ///
    /// # Errors
    /// [`EvalError`] names the file and the incident that cannot be right.
    pub fn parse(path: &Path, text: &str, matters: &[String]) -> Result<Self, EvalError> {
        let bad = |text: String| EvalError::Bad(path.display().to_string(), text);
        let timeline: Self = toml::from_str(text).map_err(|error| bad(format!("is no timeline: {error}")))?;
        for one in timeline.incidents.iter().chain(&timeline.look_alikes) {
            let [x0, y0, x1, y1] = one.bbox;
            let fault = if !one.bbox.iter().all(|side| (0.0..=1.0).contains(side)) {
                Some("box must be fractions of the picture".to_owned())
            } else if x0 >= x1 || y0 >= y1 {
                Some("box is reversed or without area; write [left, top, right, bottom]".to_owned())
            } else if !one.from_s.is_finite()
                || one.from_s < 0.0
                || one.until_s.is_some_and(|until| until.is_nan() || until <= one.from_s)
            {
                Some("until_s must come after from_s, which is 0 or more".to_owned())
            } else if !matters.contains(&one.matter) {
                Some(format!("matter {} is not in the scene, which has {}", one.matter, matters.join(", ")))
            } else {
                None
            };
            if let Some(fault) = fault {
                return Err(bad(format!("incident {:?}: {fault}", one.name)));
            }
        }
        Ok(timeline)
    }
}

/// Judges what a replay opened.
pub fn report(input: ClipInput, timeline: &Timeline, replayed: &Replayed, settings: ClipSettings) -> ClipReport {
    let truths: Vec<TrueIncident> = (timeline.incidents.iter())
        .map(|one| TrueIncident {
            matter: one.matter.clone(),
            bbox: BBox::<ReferenceSpace>::from(one.bbox),
            from_s: one.from_s,
            until_s: one.until_s.unwrap_or(f64::INFINITY),
        })
        .collect();
    let mut score = score(&truths, &replayed.opened, replayed.clip_s, settings.iou, settings.grace_s);
    let all =
        [&mut score.precision, &mut score.recall, &mut score.duplicates_per_found, &mut score.wrong_per_camera_hour];
    for value in all.into_iter().chain([&mut score.delay_mean_s]).chain(&mut score.delays_s) {
        *value = value.map(rounded);
    }
    let rows = timeline.incidents.iter().zip(&score.delays_s).map(|(one, &delay_s)| TruthRow {
        name: one.name.clone(),
        matter: one.matter.clone(),
        from_s: one.from_s,
        until_s: one.until_s,
        delay_s,
        after_dwell_s: delay_s.zip(input.dwell_s.get(&one.matter)).map(|(delay, dwell)| rounded(delay - dwell)),
    });
    let mut known = vec![false; truths.len()];
    let mut order: Vec<usize> = (0..replayed.opened.len()).collect();
    order.sort_by(|&a, &b| replayed.opened[a].at_s.total_cmp(&replayed.opened[b].at_s));
    let opened = order.into_iter().map(|index| {
        let one = &replayed.opened[index];
        let verdict = match score.stands_for[index] {
            Some(truth) if std::mem::replace(&mut known[truth], true) => {
                format!("重复：{}", timeline.incidents[truth].name)
            }
            Some(truth) => timeline.incidents[truth].name.clone(),
            None => "误报".to_owned(),
        };
        let bbox = one.bbox.to_array().map(|side| rounded(f64::from(side)));
        OpenedRow {
            at_s: rounded(one.at_s),
            matter: one.matter.clone(),
            bbox,
            verdict,
            stands_for: score.stands_for[index],
        }
    });
    let (truths, opened) = (rows.collect(), opened.collect());
    let ClipInput { clip, sha256, pipelines_sha256, models, verified, .. } = input;
    let second = verified.then_some(replayed.second);
    let hashed = serde_json::json!([&sha256, &pipelines_sha256, &models, settings]).to_string();
    let [clip_sha256, scene_sha256, timeline_sha256] = sha256;
    ClipReport {
        format: FORMAT,
        measure: "incidents",
        clip,
        clip_sha256,
        scene_sha256,
        timeline_sha256,
        pipelines_sha256,
        models,
        settings,
        input_sha256: sha256_of(hashed.as_bytes()),
        clip_s: rounded(replayed.clip_s),
        looks: replayed.looks,
        frames: replayed.frames,
        blind: replayed.blind,
        second,
        second_share: second
            .filter(|_| replayed.looks > 0)
            .map(|second| rounded(second.looks as f64 / replayed.looks as f64)),
        score,
        truths,
        opened,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeline_that_cannot_be_right_names_its_incident() {
        let of = |rest: &str| {
            let text = format!("[[incidents]]\nname = \"van\"\nmatter = \"parking\"\n{rest}\n");
            Timeline::parse(Path::new("t.toml"), &text, &["parking".into()]).map_err(|error| error.to_string())
        };
        assert_eq!(of("box = [0.1, 0.1, 0.2, 0.2]").unwrap().incidents.len(), 1);
        assert!(of("box = [0.2, 0.1, 0.1, 0.2]").unwrap_err().contains("t.toml: incident \"van\": box is reversed"));
        assert!(of("box = [0.2, 0.1, 1.1, 0.2]").unwrap_err().contains("fractions"));
        assert!(of("box = [0.1, 0.1, 0.2, 0.2]\nfrom_s = 5\nuntil_s = 4").unwrap_err().contains("until_s"));
        let other = Timeline::parse(
            Path::new("t.toml"),
            "[[incidents]]\nname = \"x\"\nmatter = \"ads\"\nbox = [0.1, 0.1, 0.2, 0.2]\n",
            &["parking".into()],
        );
        assert!(other.unwrap_err().to_string().contains("not in the scene, which has parking"));
    }
}
