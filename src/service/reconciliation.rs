//! 对账: once a day the cases of the day before, ours against the platform's. Asks and compares; mends nothing, and is
//! never in the way of deliveries.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{NaiveDate, Timelike};

use super::{Service, ServiceError};
use crate::{
    deliver::{CaseDay, CaseSink, HeldCase},
    domain::{Areas, Case, CaseId},
    store::{Differences, MissingThere, Page, Reconciliation, Rows, StageDiffers, StoreError, TimeSpan},
};

/// Hour of the city's civil time from which the day before is compared: late reports have arrived.
const HOUR: u32 = 1;
/// How long a comparison that failed waits for the next try.
const AGAIN_AFTER: Duration = Duration::from_secs(3600);
/// How much of what the platform sent is kept of one word.
const WORD_CHARS_MAX: usize = 128;

impl Service {
    /// Compares the cases of a day now. A platform that does not answer is a result too: it is kept with the reason.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn reconcile(&self, day: NaiveDate, sink: &dyn CaseSink, actor: &str) -> Result<Reconciliation, ServiceError> {
        let case_day = CaseDay::of(day, self.config.city.utc_offset());
        let cases = self.store.cases_opened(TimeSpan { from: case_day.from, until: case_day.until })?;
        let (ours, on_the_way) = (cases.len() as u64, cases.iter().filter(|(_, waits)| *waits).count() as u64);
        let (error, theirs, differences) = match sink.held(&case_day) {
            Ok(held) => (None, Some(held.len() as u64), self.compare(&cases, held)?),
            Err(error) => (Some(error.to_string()), None, Differences::default()),
        };
        let ran_at = self.now();
        let reconciliation = Reconciliation { day, ran_at, error, ours, on_the_way, theirs, differences };
        self.store.put_reconciliation(&reconciliation, actor)?;
        match &reconciliation.error {
            Some(error) => tracing::warn!(%day, error, "the day could not be reconciled with the platform"),
            None if reconciliation.differences.is_none() => tracing::info!(%day, ours, "reconciled with the platform"),
            None => {
                let Differences { missing_there, unknown_here, stage_differs } = &reconciliation.differences;
                let (missing, unknown, stages) = (missing_there.len(), unknown_here.len(), stage_differs.len());
                tracing::warn!(%day, missing, unknown, stages, "the platform holds other cases than we do");
            }
        }
        Ok(reconciliation)
    }

    /// Compares the day before once, from one o'clock on, and tries again hourly while the platform does not answer.
    /// `None` when nothing is due.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn reconcile_if_due(&self, sink: &dyn CaseSink) -> Result<Option<Reconciliation>, ServiceError> {
        let now = self.now();
        let local = now.civil(self.config.city.utc_offset());
        let back = if local.hour() < HOUR { 2 } else { 1 };
        let Some(day) = local.date_naive().checked_sub_days(chrono::Days::new(back)) else { return Ok(None) };
        let is_done = self.store.reconciliation(day)?.is_some_and(|before| {
            let over = CaseDay::of(day, self.config.city.utc_offset()).until;
            // One that a person asked for while the day still ran says nothing about its end.
            let waits = now.since(before.ran_at) < AGAIN_AFTER && before.ran_at <= now;
            before.ran_at >= over && (before.error.is_none() || waits)
        });
        if is_done { Ok(None) } else { self.reconcile(day, sink, "system").map(Some) }
    }

    /// Comparisons, the latest day first. Whoever sees some areas alone is told of the cases there.
    ///
    /// # Errors
    /// [`ServiceError::Store`]; [`ServiceError::Cursor`].
    pub fn reconciliations(&self, page: &Page) -> Result<Rows<Reconciliation>, ServiceError> {
        let mut rows = self.store.reconciliations(page).map_err(|error| ServiceError::of_list(error, page))?;
        for row in &mut rows.rows {
            self.retain_seen(&mut row.differences)?;
        }
        Ok(rows)
    }

    /// The same comparison as whoever asks may see it.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn as_seen(&self, mut reconciliation: Reconciliation) -> Result<Reconciliation, ServiceError> {
        self.retain_seen(&mut reconciliation.differences)?;
        Ok(reconciliation)
    }

    /// Leaves only what lies in the areas of whoever asks; cases of nobody are for those who see all.
    fn retain_seen(&self, differences: &mut Differences) -> Result<(), ServiceError> {
        if self.seen_areas(&Areas::All) == Areas::All {
            return Ok(());
        }
        let Differences { missing_there, unknown_here, stage_differs } = differences;
        let named = missing_there.iter().map(|row| row.case).chain(stage_differs.iter().map(|row| row.case));
        let mut seen = BTreeSet::new();
        for case in named.collect::<BTreeSet<CaseId>>() {
            if self.sees(self.store.area_of(self.store.case(case)?.incident)?.as_ref()) {
                seen.insert(case);
            }
        }
        missing_there.retain(|row| seen.contains(&row.case));
        stage_differs.retain(|row| seen.contains(&row.case));
        unknown_here.clear();
        Ok(())
    }

    fn compare(&self, ours: &[(Case, bool)], held: Vec<HeldCase>) -> Result<Differences, ServiceError> {
        let known: BTreeMap<CaseId, &Case> = ours.iter().map(|(case, _)| (case.id, case)).collect();
        let mut there = BTreeSet::new();
        let mut differences = Differences::default();
        for case in held {
            let id = case.case_id.parse::<CaseId>().ok();
            let is_ours = match id {
                // Confirmed at the edge of the day, the two sides may count it to different days.
                Some(id) => known.contains_key(&id) || self.has_case(id)?,
                None => false,
            };
            let Some(id) = id.filter(|id| is_ours && there.insert(*id)) else {
                differences.unknown_here.push(named(&case));
                continue;
            };
            if let (Some(ours), Some(theirs)) = (known.get(&id), &case.stage)
                && serde_json::to_value(ours.stage).ok().as_ref().and_then(|word| word.as_str()) != Some(theirs)
            {
                let theirs = theirs.chars().take(WORD_CHARS_MAX).collect();
                differences.stage_differs.push(StageDiffers { case: id, ours: ours.stage, theirs });
            }
        }
        let missing = ours.iter().filter(|(case, on_the_way)| !on_the_way && !there.contains(&case.id));
        differences.missing_there.extend(missing.map(|(case, _)| MissingThere {
            case: case.id,
            matter_name: case.matter_name.clone(),
            opened_at: case.opened_at,
        }));
        Ok(differences)
    }

    fn has_case(&self, id: CaseId) -> Result<bool, ServiceError> {
        match self.store.case(id) {
            Ok(_) => Ok(true),
            Err(StoreError::Missing { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// How the platform calls a case: its own number where it has one.
fn named(case: &HeldCase) -> String {
    let cut = |text: &str| text.chars().take(WORD_CHARS_MAX).collect::<String>();
    match &case.platform_number {
        Some(number) => format!("{} ({})", cut(&case.case_id), cut(number)),
        None => cut(&case.case_id),
    }
}
