//! What verdicts teach, measured: the same clip of a view replayed untaught, and with a reviewer who knows what stands there
//! and decides until so many verdicts were given. Both are counted over the rest of the clip, so that only the exemplars
//! make a difference.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    LeftOut,
    clip::{ClipInput, ClipSettings, Timeline, TimelineIncident},
    report::{FORMAT, Took, sha256_of},
    rounded,
};
use crate::domain::{BBox, Likeness, ReferenceSpace};

/// What an incident stands for, by its number in the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Something that truly is one.
    Truth(usize),
    /// Something that looks like one.
    LookAlike(usize),
    /// Neither.
    Nothing,
}

/// One replay of a clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// What was reported and when, in seconds of the clip; a place that came back again.
    pub reported: Vec<(f64, What)>,
    /// When verdicts were given.
    pub verdicts_s: Vec<f64>,
    /// Seconds of the clip.
    pub clip_s: f64,
    /// Looks.
    pub looks: u64,
}

impl Timeline {
    /// What an incident that opened or came back at `at_s` stands for: the truth of its matter, or the look-alike of any
    /// matter, that overlaps it most while it stood there.
    pub fn what(&self, matter: &str, bbox: &BBox<ReferenceSpace>, at_s: f64, settings: ClipSettings) -> What {
        let nearest = |things: &[TimelineIncident], of_any: bool| {
            let reached = things.iter().enumerate().filter(|(_, one)| {
                let until_s = one.until_s.unwrap_or(f64::INFINITY) + settings.grace_s;
                (of_any || one.matter == matter) && (one.from_s..=until_s).contains(&at_s)
            });
            let reached = reached.map(|(at, one)| (at, BBox::from(one.bbox).iou(bbox)));
            reached.filter(|(_, iou)| *iou >= settings.iou).max_by(|a, b| a.1.total_cmp(&b.1))
        };
        let (truth, alike) = (nearest(&self.incidents, false), nearest(&self.look_alikes, true));
        match (truth, alike) {
            (Some((at, iou)), other) if other.is_none_or(|(_, more)| iou >= more) => What::Truth(at),
            (_, Some((at, _))) => What::LookAlike(at),
            _ => What::Nothing,
        }
    }
}

/// Things that were shown after the lesson, and those of them that were reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Shown.
    pub shown: usize,
    /// Reported untaught.
    pub untaught: usize,
    /// Reported taught.
    pub taught: usize,
}

impl Shown {
    fn add(&mut self, other: &Self) {
        self.shown += other.shown;
        self.untaught += other.untaught;
        self.taught += other.taught;
    }

    /// By how much fewer are reported taught, of those that are reported untaught.
    pub fn drop_share(&self) -> Option<f64> {
        (self.untaught > 0).then(|| 1.0 - self.taught as f64 / self.untaught as f64)
    }

    /// Share of what is shown that is reported untaught and not taught, less the other way round.
    pub fn loss_share(&self) -> Option<f64> {
        (self.shown > 0).then(|| (self.untaught as f64 - self.taught as f64) / self.shown as f64)
    }
}

/// One view.
#[derive(Clone, Debug, Serialize)]
pub struct ViewRow {
    /// Name of its folder.
    pub name: String,
    /// Hash of all that went in.
    pub input_sha256: String,
    /// Verdicts that were given.
    pub verdicts: usize,
    /// Second of the clip from which on is counted.
    pub counted_from_s: f64,
    /// The same thing again.
    pub same: Shown,
    /// Another thing of its kind.
    pub akin: Shown,
    /// What truly is one.
    pub truths: Shown,
    /// Incidents that stand for nothing in the timeline, untaught and taught.
    pub beside: [usize; 2],
}

impl ViewRow {
    /// Counts what came after the lesson. It ends with the last verdict; a taught course without one counts from its half.
    pub fn of(name: &str, input: &ClipInput, timeline: &Timeline, untaught: &Course, taught: &Course) -> Self {
        let from_s = taught.verdicts_s.last().copied().unwrap_or(taught.clip_s / 2.0);
        let has = |course: &Course, what: What| course.reported.iter().any(|(at, one)| *at > from_s && *one == what);
        let counted = |things: &[TimelineIncident], akin: bool, what: &dyn Fn(usize) -> What| {
            let mut shown = Shown::default();
            for at in (0..things.len()).filter(|&at| things[at].from_s > from_s && things[at].akin == akin) {
                shown.shown += 1;
                shown.untaught += usize::from(has(untaught, what(at)));
                shown.taught += usize::from(has(taught, what(at)));
            }
            shown
        };
        let beside =
            |course: &Course| course.reported.iter().filter(|(at, one)| *at > from_s && *one == What::Nothing).count();
        let hashed = serde_json::json!([&input.sha256, &input.pipelines_sha256, &input.models]).to_string();
        Self {
            name: name.to_owned(),
            input_sha256: sha256_of(hashed.as_bytes()),
            verdicts: taught.verdicts_s.len(),
            counted_from_s: rounded(from_s),
            same: counted(&timeline.look_alikes, false, &What::LookAlike),
            akin: counted(&timeline.look_alikes, true, &What::LookAlike),
            truths: counted(&timeline.incidents, false, &What::Truth),
            beside: [beside(untaught), beside(taught)],
        }
    }

    fn falses(&self) -> Shown {
        let mut all = self.same;
        all.add(&self.akin);
        all
    }
}

/// A share over all views, and between what it lies if other views of the kind had been drawn (95 %).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Over all views together.
    pub share: f64,
    /// Lower end.
    pub from: f64,
    /// Upper end.
    pub until: f64,
}

/// All views.
#[derive(Clone, Debug, Serialize)]
pub struct TeachReport {
    /// Version of this shape.
    pub format: u32,
    /// `teaching`.
    pub measure: &'static str,
    /// The models of the scenes' matters.
    pub models: Vec<Took>,
    /// SHA-256 of each matter's pipeline.
    pub pipelines_sha256: BTreeMap<String, String>,
    /// From which cosines on an exemplar was a look-alike, by matter.
    pub likeness: BTreeMap<String, Likeness>,
    /// Verdicts that were given on a view at most.
    pub verdicts_max: usize,
    /// How incidents were judged.
    pub settings: ClipSettings,
    /// The same thing again.
    pub same: Shown,
    /// Another thing of its kind.
    pub akin: Shown,
    /// What truly is one.
    pub truths: Shown,
    /// Incidents that stand for nothing in the timelines, untaught and taught.
    pub beside: [usize; 2],
    /// By how much fewer of the same things are reported.
    pub drop_same: Option<Interval>,
    /// By how much fewer look-alikes of both kinds are reported.
    pub drop: Option<Interval>,
    /// Recall that is lost.
    pub loss: Option<Interval>,
    /// By view.
    pub views: Vec<ViewRow>,
    /// What could not be measured.
    pub left_out: Vec<LeftOut>,
}

/// Draws of as many views as there are, with putting back, from which the intervals are taken.
const DRAWS: usize = 2000;

/// Puts the views together.
pub fn together(
    views: Vec<ViewRow>,
    models: Vec<Took>,
    pipelines_sha256: BTreeMap<String, String>,
    likeness: BTreeMap<String, Likeness>,
    verdicts_max: usize,
    left_out: Vec<LeftOut>,
) -> TeachReport {
    let sum = |of: &dyn Fn(&ViewRow) -> Shown| {
        let mut all = Shown::default();
        views.iter().for_each(|view| all.add(&of(view)));
        all
    };
    let beside = views.iter().fold([0, 0], |[a, b], view| [a + view.beside[0], b + view.beside[1]]);
    TeachReport {
        format: FORMAT,
        measure: "teaching",
        models,
        pipelines_sha256,
        likeness,
        verdicts_max,
        settings: ClipSettings::default(),
        same: sum(&|view| view.same),
        akin: sum(&|view| view.akin),
        truths: sum(&|view| view.truths),
        beside,
        drop_same: interval(&views, |view| view.same, Shown::drop_share),
        drop: interval(&views, ViewRow::falses, Shown::drop_share),
        loss: interval(&views, |view| view.truths, Shown::loss_share),
        views,
        left_out,
    }
}

/// The share over all views, and the middle 95 % of what it is over views drawn from them.
fn interval(
    views: &[ViewRow],
    of: impl Fn(&ViewRow) -> Shown,
    share: impl Fn(&Shown) -> Option<f64>,
) -> Option<Interval> {
    let shown: Vec<Shown> = views.iter().map(of).collect();
    let whole = |some: &mut dyn Iterator<Item = &Shown>| {
        let mut all = Shown::default();
        some.for_each(|one| all.add(one));
        share(&all)
    };
    let all = whole(&mut shown.iter())?;
    let mut dice = fastrand::Rng::with_seed(7);
    let mut drawn: Vec<f64> =
        (0..DRAWS).filter_map(|_| whole(&mut (0..shown.len()).map(|_| &shown[dice.usize(0..shown.len())]))).collect();
    drawn.sort_by(f64::total_cmp);
    let at = |part: f64| rounded(drawn[((drawn.len() - 1) as f64 * part).round() as usize]);
    (!drawn.is_empty()).then(|| Interval { share: rounded(all), from: at(0.025), until: at(0.975) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thing(x: f32, from_s: f64, akin: bool) -> TimelineIncident {
        let bbox = [x, 0.0, x + 0.1, 0.1];
        TimelineIncident { name: "x".into(), matter: "heap".into(), from_s, until_s: Some(from_s + 50.0), bbox, akin }
    }

    fn timeline() -> Timeline {
        let again = |n: u32| thing(0.0, f64::from(n) * 100.0, n == 4);
        Timeline {
            incidents: (0..5).map(|n: u32| thing(0.5, f64::from(n) * 100.0, false)).collect(),
            look_alikes: (0..5).map(again).collect(),
        }
    }

    #[test]
    fn an_incident_is_taken_for_what_it_overlaps_most_while_that_stood_there() {
        let what = |matter: &str, x: f32, at_s: f64| {
            timeline().what(matter, &BBox::from([x, 0.0, x + 0.1, 0.1]), at_s, ClipSettings::default())
        };
        assert_eq!(what("heap", 0.51, 130.0), What::Truth(1));
        assert_eq!(what("bin", 0.01, 130.0), What::LookAlike(1), "whatever it was taken for");
        assert_eq!(what("bin", 0.5, 130.0), What::Nothing, "a heap is no bin");
        assert_eq!(what("heap", 0.5, 190.0), What::Nothing, "it was gone");
    }

    #[test]
    fn only_what_comes_after_the_lesson_counts() {
        let input = ClipInput {
            clip: String::new(),
            sha256: std::array::from_fn(|_| String::new()),
            pipelines_sha256: BTreeMap::new(),
            dwell_s: BTreeMap::new(),
            models: Vec::new(),
            verified: true,
        };
        let all = |what: fn(usize) -> What| (0..5).map(move |n| (f64::from(n as u32) * 100.0 + 40.0, what(n)));
        let untaught = Course {
            reported: all(What::LookAlike).chain(all(What::Truth)).chain([(444.0, What::Nothing)]).collect(),
            clip_s: 500.0,
            ..Course::default()
        };
        let taught = Course {
            reported: all(What::Truth).take(4).chain([(440.0, What::LookAlike(4))]).collect(),
            verdicts_s: vec![40.0, 140.0],
            ..untaught.clone()
        };
        let row = ViewRow::of("a", &input, &timeline(), &untaught, &taught);
        let shown = |shown, untaught, taught| Shown { shown, untaught, taught };
        assert_eq!((row.verdicts, row.counted_from_s), (2, 140.0));
        assert_eq!((row.same, row.akin, row.truths), (shown(2, 2, 0), shown(1, 1, 1), shown(3, 3, 2)));
        assert_eq!(row.beside, [1, 0]);

        let report = together(vec![row.clone(), row], vec![], BTreeMap::new(), BTreeMap::new(), 2, vec![]);
        assert_eq!(report.drop_same.unwrap(), Interval { share: 1.0, from: 1.0, until: 1.0 });
        let drop = report.drop.unwrap();
        assert_eq!((drop.share, drop.from, drop.until), (0.6667, 0.6667, 0.6667), "both views are alike");
        assert_eq!(report.loss.unwrap().share, 0.3333);
    }

    #[test]
    fn where_nothing_was_false_there_is_no_drop() {
        assert_eq!((Shown::default().drop_share(), Shown::default().loss_share()), (None, None));
        assert!(interval(&[], |view| view.same, Shown::drop_share).is_none());
    }
}
