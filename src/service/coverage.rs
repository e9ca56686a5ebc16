//! Coverage: how every view stands, the unseen and the disabled included. A view is never silent: where it is not
//! judged, its row says since when and why.

use std::{collections::HashMap, time::Duration};

use super::{
    Service, ServiceError,
    plan::{blindness_in_words, refusal_in_words},
};
use crate::{
    domain::{Explanation, HardLimit, LookReport, Refused, Stream, StreamId, Thing, View, ViewId, ViewState, WallTime},
    store::CoverageCount,
};

/// How a view stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// Looked at in time and judged.
    Covered,
    /// Looked at in time, but it could not be judged.
    Blind(ViewState),
    /// Its latest look is older than three revisit targets.
    Overdue,
    /// Never looked at.
    Unseen,
    /// A hard limit leaves no room for it, or not for all that it asks for.
    Refused(HardLimit),
    /// Nothing is looked for on it.
    Idle,
    /// Its stream is disabled.
    Disabled,
}

/// One row of the coverage table.
#[derive(Clone, Debug)]
pub struct ViewCoverage {
    /// The stream.
    pub stream: Stream,
    /// The view.
    pub view: View,
    /// How it stands.
    pub coverage: Coverage,
    /// Why it is not covered; empty when it is.
    pub reason: Explanation,
    /// Its latest look.
    pub latest: Option<LookReport>,
    /// How late that look began.
    pub lateness: Option<Duration>,
    /// How often it should be looked at.
    pub revisit: Option<Duration>,
    /// How many zones are drawn on it.
    pub zones: usize,
}

impl ViewCoverage {
    /// Since when it stands so, as far as the latest look tells.
    pub fn since(&self) -> Option<WallTime> {
        self.latest.as_ref().map(|look| look.ended)
    }
}

impl Service {
    /// How every view stands, those that are not covered first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn coverage(&self) -> Result<Vec<ViewCoverage>, ServiceError> {
        let registry = self.registry()?;
        let mut latest = self.store.latest_looks()?;
        let now = self.now();
        let streams: HashMap<StreamId, &Stream> = registry.streams.iter().map(|stream| (stream.id, stream)).collect();
        let mut zones: HashMap<ViewId, usize> = HashMap::new();
        registry.zones.iter().for_each(|zone| *zones.entry(zone.view).or_default() += 1);
        let (refused, unable) = self.plan().map(|plan| (plan.refused, plan.unable)).unwrap_or_default();
        let refused: HashMap<ViewId, Refused> = refused.into_iter().map(|one| (one.view, one)).collect();
        let mut rows: Vec<ViewCoverage> = registry
            .views
            .iter()
            .filter_map(|view| {
                let mut row = self.stand(streams.get(&view.stream)?, view, latest.remove(&view.id), now);
                row.zones = zones.get(&view.id).copied().unwrap_or(0);
                if let (Some(refused), Coverage::Covered | Coverage::Overdue | Coverage::Unseen) =
                    (refused.get(&view.id), row.coverage)
                {
                    (row.coverage, row.reason) = (Coverage::Refused(refused.limit), refusal_in_words(refused));
                }
                if let (Some(why), Coverage::Covered | Coverage::Overdue | Coverage::Unseen) =
                    (blindness_in_words(view, &unable), row.coverage)
                {
                    (row.coverage, row.reason) = (Coverage::Blind(ViewState::Same), why);
                }
                Some(row)
            })
            .collect();
        rows.sort_by(|a, b| {
            let place = |row: &ViewCoverage| rank(row.coverage);
            (place(a), &a.stream.code, &a.view.name).cmp(&(place(b), &b.stream.code, &b.view.name))
        });
        Ok(rows)
    }

    /// How many views something is looked for on, and how many of them are covered now.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn count_coverage(&self) -> Result<CoverageCount, ServiceError> {
        let rows = self.coverage()?;
        let views = rows.iter().filter(|row| !matches!(row.coverage, Coverage::Idle | Coverage::Disabled)).count();
        let covered = rows.iter().filter(|row| row.coverage == Coverage::Covered).count();
        Ok(CoverageCount { views: views as u64, covered: covered as u64 })
    }

    /// Counts now, for the report of the month.
    ///
    /// # Errors
    /// The same.
    pub fn note_coverage(&self) -> Result<(), ServiceError> {
        let day = self.now().civil(self.config.city.utc_offset()).date_naive();
        Ok(self.store.add_coverage(day, self.count_coverage()?)?)
    }

    /// How one view stands.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is no such view.
    pub fn coverage_of(&self, id: ViewId) -> Result<ViewCoverage, ServiceError> {
        let found = self.coverage()?.into_iter().find(|row| row.view.id == id);
        found.ok_or_else(|| ServiceError::missing(Thing::View, id))
    }

    fn stand(&self, stream: &Stream, view: &View, latest: Option<LookReport>, now: WallTime) -> ViewCoverage {
        let revisit = self.revisit(view);
        let (coverage, reason) = judge(stream, view, latest.as_ref(), revisit, now);
        ViewCoverage {
            stream: stream.clone(),
            view: view.clone(),
            coverage,
            reason,
            lateness: latest.as_ref().map(|look| look.started.since(look.due)),
            latest,
            revisit,
            zones: 0,
        }
    }

    /// How often a view should be looked at: its own target, else the shortest of its matters.
    pub fn revisit(&self, view: &View) -> Option<Duration> {
        let of_matters = || view.matters.iter().filter_map(|key| self.config.matter(key)).map(|m| m.revisit).min();
        view.revisit_s.map(|s| Duration::from_secs(u64::from(s))).or_else(of_matters)
    }
}

fn judge(
    stream: &Stream,
    view: &View,
    latest: Option<&LookReport>,
    revisit: Option<Duration>,
    now: WallTime,
) -> (Coverage, Explanation) {
    if !stream.enabled {
        return (Coverage::Disabled, Explanation::new("视频源已停用", "its stream is disabled"));
    }
    if view.matters.is_empty() {
        return (Coverage::Idle, Explanation::new("未配置事项", "nothing is looked for on it"));
    }
    let Some(look) = latest else {
        return (Coverage::Unseen, Explanation::new("尚未巡看", "not looked at yet"));
    };
    // A look that is cut short by its own time limit is late by less than three targets.
    let overdue = revisit.is_some_and(|revisit| now.since(look.ended) > revisit * 3 + Duration::from_secs(30));
    if overdue {
        let minutes = now.since(look.ended).as_secs() / 60;
        let en = format!("not looked at for {minutes} min");
        return (Coverage::Overdue, Explanation::new(format!("已 {minutes} 分钟未巡看"), en));
    }
    if look.state.judges() {
        return (Coverage::Covered, Explanation::default());
    }
    let unsaid = || Explanation::new("原因未说明", "no reason is known");
    (Coverage::Blind(look.state), look.reason.clone().unwrap_or_else(unsaid))
}

fn rank(coverage: Coverage) -> u8 {
    match coverage {
        Coverage::Blind(_) => 0,
        Coverage::Overdue => 1,
        Coverage::Unseen => 2,
        Coverage::Refused(_) => 3,
        Coverage::Covered => 4,
        Coverage::Idle => 5,
        Coverage::Disabled => 6,
    }
}
