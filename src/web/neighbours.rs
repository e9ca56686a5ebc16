//! Other incidents whose pictures stand beside one: each is a view of its own, and they are written down together, the first
//! at once and what follows twice a minute, so that whoever goes through a queue makes no line a second.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{App, shown, viewed::View};
use crate::{
    domain::{Caller, IncidentId, WallTime},
    service::Service,
};

/// What follows within this time is one line.
const TOGETHER: Duration = Duration::from_secs(30);
/// So many are a line, however soon.
const LINE_MAX: usize = 200;

/// The action of incidents that were shown beside another one; the line names each.
const ACTION: &str = "neighbours.viewed";

/// What was shown and is not written down yet, by person.
#[derive(Default)]
pub(super) struct Neighbours(Mutex<HashMap<String, Shown>>);

struct Shown {
    /// When the latest line was.
    line_at: WallTime,
    waiting: BTreeSet<IncidentId>,
    /// Whether somebody comes for what waits.
    is_awaited: bool,
}

/// What has to be done about what was just shown.
#[derive(Debug, PartialEq, Eq)]
enum Due {
    Now(View),
    /// Nobody has been told to come for it.
    Later,
    Nothing,
}

impl Neighbours {
    fn add(&self, by: &str, fresh: Vec<IncidentId>, now: WallTime) -> Due {
        if fresh.is_empty() {
            return Due::Nothing;
        }
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !people.contains_key(by);
        let Shown { line_at, waiting, is_awaited } = people.entry(by.to_owned()).or_insert_with(|| Shown {
            line_at: now,
            waiting: BTreeSet::new(),
            is_awaited: false,
        });
        waiting.extend(fresh);
        if is_first || now.since(*line_at) >= TOGETHER || waiting.len() >= LINE_MAX {
            *line_at = now;
            return Due::Now(line(waiting));
        }
        if std::mem::replace(is_awaited, true) { Due::Nothing } else { Due::Later }
    }

    /// What waits of one person.
    fn take(&self, by: &str, now: WallTime) -> Option<View> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = people.get_mut(by)?;
        shown.is_awaited = false;
        if shown.waiting.is_empty() {
            people.remove(by);
            return None;
        }
        shown.line_at = now;
        Some(line(&mut shown.waiting))
    }

    /// Writes down what waits, at the end.
    pub(super) fn finish(&self, service: &Service) {
        let people = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (by, mut shown) in people.into_iter().filter(|(_, shown)| !shown.waiting.is_empty()) {
            let View { action, subject, filter } = line(&mut shown.waiting);
            if let Err(error) = service.note_viewed(action, &subject, &filter, &by) {
                tracing::error!(%error, by, shown = filter, "neighbours that were shown could not be written down");
            }
        }
    }
}

fn line(waiting: &mut BTreeSet<IncidentId>) -> View {
    let ids: Vec<String> = std::mem::take(waiting).into_iter().map(|id| id.to_string()).collect();
    View { action: ACTION, subject: String::new(), filter: ids.join(" ") }
}

/// Notes that pictures of these were shown to somebody who has not seen them within the hour.
pub(super) async fn note(app: &App, by: &Caller, shown: Vec<IncidentId>) {
    let fresh = app.viewed.fresh(&app.service, by, shown);
    match app.neighbours.add(&by.name, fresh, app.service.now()) {
        Due::Nothing => {}
        Due::Now(view) => shown::write_within(app, by, view).await,
        Due::Later => {
            let (app, by) = (app.clone(), by.clone());
            tokio::spawn(async move {
                tokio::time::sleep(TOGETHER).await;
                if let Some(view) = app.neighbours.take(&by.name, app.service.now()) {
                    shown::write_within(&app, &by, view).await;
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> WallTime {
        WallTime::from_millis(seconds * 1000)
    }

    #[test]
    fn the_first_is_told_at_once_and_the_rest_together() {
        let book = Neighbours::default();
        let ids: Vec<IncidentId> = (0..300).map(|_| IncidentId::fresh()).collect();
        let told = |view: View| view.filter.split(' ').count();
        assert_eq!(book.add("li", Vec::new(), at(0)), Due::Nothing);
        assert!(matches!(book.add("li", ids[..2].to_vec(), at(0)), Due::Now(view) if told(view.clone()) == 2));
        assert_eq!(book.add("li", ids[2..3].to_vec(), at(1)), Due::Later, "somebody has to come");
        assert_eq!(book.add("li", ids[3..5].to_vec(), at(2)), Due::Nothing, "who comes anyway");
        assert_eq!(book.take("li", at(31)).map(told), Some(3));
        assert!(matches!(book.add("li", ids[5..205].to_vec(), at(32)), Due::Now(_)), "a line has an end");
        assert!(matches!(book.add("li", ids[205..206].to_vec(), at(70)), Due::Now(_)), "a quiet minute passed");
        assert_eq!(book.take("li", at(99)), None);
    }
}
