//! Many replayed clips as one measure: how often what truly happened became exactly one incident.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    LeftOut,
    clip::{ClipReport, ClipSettings},
    report::{FORMAT, Took, sha256_of},
    rounded,
};

/// One clip of many.
#[derive(Clone, Debug, Serialize)]
pub struct ClipRow {
    /// Name of its folder.
    pub name: String,
    /// Hash of all that went in.
    pub input_sha256: String,
    /// Seconds.
    pub clip_s: f64,
    /// Looks.
    pub looks: u64,
    /// Counted incidents.
    #[serde(flatten)]
    pub counts: Counts,
    /// What was missed, and what was opened for nothing: name or matter, and when.
    pub faults: Vec<String>,
}

/// Counted incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// True incidents.
    pub truths: usize,
    /// Those that were found.
    pub found: usize,
    /// Those that were found and became exactly one incident.
    pub single: usize,
    /// Incidents opened.
    pub opened: usize,
    /// Further incidents of one that was found.
    pub duplicates: usize,
    /// Incidents that stand for nothing.
    pub wrong: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.truths += other.truths;
        self.found += other.found;
        self.single += other.single;
        self.opened += other.opened;
        self.duplicates += other.duplicates;
        self.wrong += other.wrong;
    }
}

/// All clips together.
#[derive(Clone, Debug, Serialize)]
pub struct ClipsReport {
    /// Version of this shape.
    pub format: u32,
    /// `incidents_of_clips`.
    pub measure: &'static str,
    /// The models of the scenes' matters.
    pub models: Vec<Took>,
    /// SHA-256 of each matter's pipeline.
    pub pipelines_sha256: BTreeMap<String, String>,
    /// How incidents were judged.
    pub settings: ClipSettings,
    /// SHA-256 over the inputs of all clips.
    pub input_sha256: String,
    /// Hours of all clips.
    pub camera_hours: f64,
    /// Looks.
    pub looks: u64,
    /// Share of the looks in which a verifier was asked; `None` where no matter has one.
    pub second_share: Option<f64>,
    /// All incidents.
    pub counts: Counts,
    /// By matter.
    pub by_matter: BTreeMap<String, Counts>,
    /// Share of opened incidents that stand for a true one, duplicates counted against it.
    pub precision: Option<f64>,
    /// Share of true incidents that were found.
    pub recall: Option<f64>,
    /// Share of found ones that became exactly one incident.
    pub single_share: Option<f64>,
    /// False incidents an hour of a camera.
    pub wrong_per_camera_hour: Option<f64>,
    /// Seconds from appearing to opening, less the dwell: the one in the middle.
    pub after_dwell_median_s: Option<f64>,
    /// The clips.
    pub clips: Vec<ClipRow>,
    /// Folders that could not be judged.
    pub left_out: Vec<LeftOut>,
}

/// Puts the reports of single clips together; each with the name of its folder.
pub fn together(reports: &[(String, ClipReport)], left_out: Vec<LeftOut>) -> ClipsReport {
    let mut whole = ClipsReport {
        format: FORMAT,
        measure: "incidents_of_clips",
        models: Vec::new(),
        pipelines_sha256: BTreeMap::new(),
        settings: ClipSettings::default(),
        input_sha256: String::new(),
        camera_hours: 0.0,
        looks: 0,
        second_share: None,
        counts: Counts::default(),
        by_matter: BTreeMap::new(),
        precision: None,
        recall: None,
        single_share: None,
        wrong_per_camera_hour: None,
        after_dwell_median_s: None,
        clips: Vec::new(),
        left_out,
    };
    let mut delays = Vec::new();
    let mut asked = None;
    for (name, report) in reports {
        let row = row(name, report, &mut whole.by_matter);
        for model in &report.models {
            if !whole.models.iter().any(|known| known.model == model.model) {
                whole.models.push(model.clone());
            }
        }
        whole.pipelines_sha256.extend(report.pipelines_sha256.clone());
        whole.camera_hours += report.clip_s / 3600.0;
        whole.looks += report.looks;
        asked = report.second.map(|second| asked.unwrap_or(0) + second.looks).or(asked);
        whole.counts.add(&row.counts);
        delays.extend(report.truths.iter().filter_map(|truth| truth.after_dwell_s));
        whole.clips.push(row);
    }
    let share = |part: usize, of: f64| (of > 0.0).then(|| rounded(part as f64 / of));
    let Counts { truths, found, single, opened, wrong, .. } = whole.counts;
    whole.precision = share(found, opened as f64);
    whole.recall = share(found, truths as f64);
    whole.single_share = share(single, found as f64);
    whole.wrong_per_camera_hour = share(wrong, whole.camera_hours);
    whole.second_share = asked.and_then(|asked| share(asked as usize, whole.looks as f64));
    delays.sort_by(f64::total_cmp);
    whole.after_dwell_median_s = delays.get(delays.len() / 2).copied();
    whole.camera_hours = rounded(whole.camera_hours);
    let inputs: Vec<&str> = whole.clips.iter().map(|clip| clip.input_sha256.as_str()).collect();
    whole.input_sha256 = sha256_of(inputs.join("\n").as_bytes());
    whole
}

fn row(name: &str, report: &ClipReport, by_matter: &mut BTreeMap<String, Counts>) -> ClipRow {
    let mut counts = Counts::default();
    let mut faults = Vec::new();
    let mut stood = vec![0_usize; report.truths.len()];
    for here in &report.opened {
        let of_matter = by_matter.entry(here.matter.clone()).or_default();
        of_matter.opened += 1;
        match here.stands_for {
            Some(truth) => {
                stood[truth] += 1;
                of_matter.duplicates += usize::from(stood[truth] > 1);
                counts.duplicates += usize::from(stood[truth] > 1);
            }
            None => {
                of_matter.wrong += 1;
                counts.wrong += 1;
                faults.push(format!("误报 {}（第 {:.0} 秒）", here.matter, here.at_s));
            }
        }
        counts.opened += 1;
    }
    for (truth, times) in report.truths.iter().zip(&stood) {
        let of_matter = by_matter.entry(truth.matter.clone()).or_default();
        let (found, single) = (usize::from(*times > 0), usize::from(*times == 1));
        (of_matter.truths, of_matter.found, of_matter.single) =
            (of_matter.truths + 1, of_matter.found + found, of_matter.single + single);
        (counts.truths, counts.found, counts.single) =
            (counts.truths + 1, counts.found + found, counts.single + single);
        if found == 0 {
            faults.push(format!("漏检 {}（第 {:.0} 秒出现）", truth.name, truth.from_s));
        }
    }
    let (input_sha256, clip_s, looks) = (report.input_sha256.clone(), report.clip_s, report.looks);
    ClipRow { name: name.to_owned(), input_sha256, clip_s, looks, counts, faults }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        analysis::score::incidents::OpenedIncident,
        domain::BBox,
        eval::clip::{ClipInput, Replayed, SecondLooks, Timeline, report},
    };

    fn clip(name: &str, truths: &[&str], opened: &[(&str, f32, f64)]) -> (String, ClipReport) {
        let spots = |index: usize| format!("box = [0.{index}, 0.1, 0.{index}9, 0.2]");
        let text: String = (truths.iter().enumerate())
            .map(|(i, matter)| {
                format!("[[incidents]]\nname = \"t{i}\"\nmatter = \"{matter}\"\nfrom_s = 100.0\n{}\n", spots(i))
            })
            .collect();
        let timeline = Timeline::parse(Path::new("t.toml"), &text, &["garbage".into(), "overflow".into()]).unwrap();
        let opened = (opened.iter())
            .map(|&(matter, x, at_s)| {
                let bbox = BBox::from([x, 0.1, x + 0.09, 0.2]);
                OpenedIncident { matter: matter.into(), bbox, at_s }
            })
            .collect();
        let replayed =
            Replayed { opened, clip_s: 1800.0, looks: 180, frames: 180, blind: 0, second: SecondLooks::default() };
        let input = ClipInput {
            clip: "clip.mp4".into(),
            sha256: [name.into(), String::new(), String::new()],
            pipelines_sha256: BTreeMap::new(),
            dwell_s: BTreeMap::from([("garbage".to_owned(), 300.0)]),
            models: Vec::new(),
            verified: true,
        };
        (name.to_owned(), report(input, &timeline, &replayed, ClipSettings::default()))
    }

    #[test]
    fn counts_of_all_clips_are_one_measure() {
        let clips = [
            clip(
                "a",
                &["garbage", "overflow"],
                &[("garbage", 0.0, 420.0), ("garbage", 0.0, 900.0), ("overflow", 0.1, 500.0)],
            ),
            clip("b", &["garbage"], &[("garbage", 0.7, 500.0)]),
            clip("c", &[], &[]),
        ];
        let whole = together(&clips, Vec::new());
        let counts = Counts { truths: 3, found: 2, single: 1, opened: 4, duplicates: 1, wrong: 1 };
        assert_eq!(whole.counts, counts);
        assert_eq!(
            whole.by_matter["garbage"],
            Counts { truths: 2, found: 1, single: 0, opened: 3, duplicates: 1, wrong: 1 }
        );
        assert_eq!((whole.precision, whole.single_share), (Some(0.5), Some(0.5)));
        assert_eq!((whole.recall, whole.camera_hours), (Some(0.6667), 1.5));
        assert_eq!((whole.wrong_per_camera_hour, whole.after_dwell_median_s), (Some(0.6667), Some(20.0)));
        assert_eq!(whole.clips[1].faults, ["误报 garbage（第 500 秒）", "漏检 t0（第 100 秒出现）"]);
    }
}
