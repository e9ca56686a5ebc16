//! Other incidents whose pictures stand beside one: each is a view of its own, and those of one answer are one line.

use super::{App, shown, viewed::View};
use crate::domain::{Caller, IncidentId};

/// The action of incidents that were shown beside another one; the line names each.
const ACTION: &str = "neighbours.viewed";

/// Notes that pictures of these were shown to somebody who has not seen them within the hour.
pub(super) async fn note(app: &App, by: &Caller, shown: Vec<IncidentId>) {
    let fresh: Vec<String> = app.viewed.fresh(&app.service, by, shown).iter().map(ToString::to_string).collect();
    if !fresh.is_empty() {
        let view = View { action: ACTION, subject: String::new(), filter: fresh.join(" ") };
        shown::write_within(app, by, view).await;
    }
}
