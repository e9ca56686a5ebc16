//! Teaching by example: what verdicts and boxes drawn by hand taught, how far it reaches, what it would have changed, and taking it back. What an
//! exemplar does is decided where a verifier looks; nothing here touches an incident.

use std::{
    collections::{HashMap, hash_map::Entry},
    time::Duration,
};

use super::{Faults, Service, ServiceError, Want};
use crate::{
    analysis::exemplar::{Compared, Weighed, weigh},
    domain::{
        Areas, Exemplar, ExemplarId, IncidentId, RefusedWhy, Review, Ruling, Scope, ScopeKind, Thing, Verification,
        Verify, ViewId, WallTime, ZoneId,
    },
    store::{ExemplarFilter, StoreError},
};

/// A preview looks back so far.
const LOOK_BACK: Duration = Duration::from_secs(7 * 86_400);
/// Verifications that a preview weighs at most, the newest.
const WEIGHED_MAX: u32 = 20_000;
/// Exemplars of a list at most, the newest.
pub const EXEMPLARS_LISTED: u32 = 500;

/// One ruling that would have been, or was, another one by an exemplar.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// When the verifier looked.
    pub at: WallTime,
    /// The view.
    pub view: ViewId,
    /// The incident of the place; it exists only where one was reported.
    pub incident: IncidentId,
    /// What was ruled.
    pub before: Ruling,
    /// What is ruled with the exemplar; where the exemplar itself refused it, what would be without.
    pub after: Ruling,
    /// How alike, as a cosine.
    pub likeness: f32,
    /// What reviewers said of the incident, where there is one.
    pub review: Option<Review>,
}

/// What an exemplar would have changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    /// From when on.
    pub from: WallTime,
    /// Until when.
    pub until: WallTime,
    /// Rulings that were weighed.
    pub weighed: usize,
    /// What would have been another one, newest first.
    pub changed: Vec<Changed>,
    /// Rulings that the exemplar has already changed, newest first.
    pub held_back: Vec<Changed>,
}

impl Service {
    /// Exemplars, newest first, at most [`EXEMPLARS_LISTED`].
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn exemplars(&self, filter: &ExemplarFilter) -> Result<Vec<Exemplar>, ServiceError> {
        let filter = ExemplarFilter { areas: self.seen_areas(&filter.areas), ..filter.clone() };
        Ok(self.store.exemplars(&filter, EXEMPLARS_LISTED)?)
    }

    /// One exemplar.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn exemplar(&self, id: ExemplarId) -> Result<Exemplar, ServiceError> {
        let exemplar = self.store.exemplar(id)?;
        match exemplar.incident() {
            Some(incident) => self.seen_with(incident, Thing::Exemplar, id)?,
            None => self.view(exemplar.view).map(drop).map_err(|_| ServiceError::missing(Thing::Exemplar, id))?,
        }
        Ok(exemplar)
    }

    /// Makes an exemplar count in its view, in its zone or everywhere. Everywhere is for those alone who see all areas.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`]; [`ServiceError::Store`] where there is none.
    pub fn rescope_exemplar(&self, id: ExemplarId, kind: ScopeKind, actor: &str) -> Result<Exemplar, ServiceError> {
        let exemplar = self.exemplar(id)?;
        if kind == ScopeKind::City && self.seen_areas(&Areas::All) != Areas::All {
            return Faults::one("scope", "city", Want::ScopeSeen).none().map(|()| exemplar);
        }
        let scope = exemplar.scoped(kind);
        self.store.rescope_exemplar(id, scope, self.now(), actor)?;
        Ok(Exemplar { scope, ..exemplar })
    }

    /// Takes an exemplar back; the verdict that made it stays.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn undo_exemplar(&self, id: ExemplarId, actor: &str) -> Result<(), ServiceError> {
        self.exemplar(id)?;
        Ok(self.store.undo_exemplar(id, self.now(), actor)?)
    }

    /// What the exemplar would have changed over the last week, in its own scope or in another one.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none; [`ServiceError::Invalid`] where its matter is not verified any more.
    pub fn preview_exemplar(&self, id: ExemplarId, kind: Option<ScopeKind>) -> Result<Preview, ServiceError> {
        let exemplar = self.exemplar(id)?;
        let scope = kind.map_or(exemplar.scope, |kind| exemplar.scoped(kind));
        let Some(verify) = self.config.matter(&exemplar.matter).and_then(|matter| matter.verify.as_ref()) else {
            let faults = Faults::one("matter", exemplar.matter.as_str(), Want::MatterTaught);
            return Err(ServiceError::Invalid(faults));
        };
        let until = self.now();
        let from = until.minus(LOOK_BACK);
        let view = match scope {
            Scope::View { view } => Some(view),
            Scope::Zone { .. } | Scope::City => None,
        };
        let views: std::collections::HashSet<ViewId> = self.registry()?.views.iter().map(|view| view.id).collect();
        let said = self.store.verifications_since(view, from, WEIGHED_MAX)?.into_iter().filter(|one| {
            scope.holds(one.view, one.zone)
                && views.contains(&one.view)
                && one.matter == exemplar.matter
                && Some(one.incident) != exemplar.incident()
        });
        let mut preview = Preview { from, until, weighed: 0, changed: Vec::new(), held_back: Vec::new() };
        let mut others: HashMap<(ViewId, ZoneId), Vec<Exemplar>> = HashMap::new();
        for one in said {
            preview.weighed += 1;
            let key = (one.view, one.zone);
            let known = match others.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => {
                    let mut teaching = self.store.teaching(one.view, one.zone, &exemplar.matter, until)?;
                    teaching.retain(|other| other.id != id);
                    free.insert(teaching)
                }
            };
            if let Some((list, after, likeness)) = changed(&one, &exemplar, known, verify) {
                let row = Changed {
                    at: one.at,
                    view: one.view,
                    incident: one.incident,
                    before: one.ruling,
                    after,
                    likeness,
                    review: self.review_of(one.incident)?,
                };
                match list {
                    List::Changed => preview.changed.push(row),
                    List::HeldBack => preview.held_back.push(row),
                }
            }
        }
        Ok(preview)
    }

    /// What reviewers said; `None` where no incident was reported.
    fn review_of(&self, incident: IncidentId) -> Result<Option<Review>, ServiceError> {
        match self.store.incident(incident) {
            Ok(incident) => Ok(Some(incident.review)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

enum List {
    Changed,
    HeldBack,
}

/// Whether the exemplar changes the ruling, beside all others that count.
fn changed(
    said: &Verification,
    exemplar: &Exemplar,
    others: &[Exemplar],
    verify: &Verify,
) -> Option<(List, Ruling, f32)> {
    if let Some(likened) = said.likened.filter(|one| one.exemplar == exemplar.id) {
        let held_back = said.ruling == Ruling::Refused { why: RefusedWhy::Exemplar };
        return held_back.then_some((List::HeldBack, Ruling::Passed, likened.likeness));
    }
    let weights = &said.weights.verifier.as_ref()?.sha256;
    let compared = Compared { look: &said.look, weights, view: said.view, bbox: said.bbox };
    let weighed = weigh(compared, others.iter().chain([exemplar]), verify.likeness);
    let near = weighed.likened().filter(|near| near.exemplar == exemplar.id)?;
    let after = match (said.ruling, weighed) {
        (Ruling::Passed, Weighed::Suppressed(_)) => Ruling::Refused { why: RefusedWhy::Exemplar },
        (Ruling::Refused { why: RefusedWhy::Score }, Weighed::Raised(..))
            if weighed.lifted(said.fused) >= verify.accept_min =>
        {
            Ruling::Passed
        }
        _ => return None,
    };
    Some((List::Changed, after, near.likeness))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::{
        clock::SimulatedClock,
        config::Config,
        domain::{Appearance, IncidentChange, Likeness, RejectReason, Score, Verdict, View},
        store::conformance::{at, incident, look, matter, open_case, place, registered, verdict, verification},
    };

    fn service(folder: &Path) -> Service {
        let mut config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        config.settings.folders.data = folder.join("data");
        config.matters.get_mut(&matter("stall")).unwrap().verify = Some(Verify {
            model: "dear".into(),
            classes: vec!["waste".into()],
            accept_min: Score::new(0.6).unwrap(),
            again_after: Duration::from_secs(60),
            newness_min: None,
            newness: None,
            likeness: Likeness { min: 0.9, here_min: 0.9 },
        });
        Service::open(Arc::new(config), Arc::new(SimulatedClock::starting_at(at(200)))).unwrap()
    }

    fn said(view: &View, name: &str, minutes: i64, ruling: Ruling, degrees: f32) -> Verification {
        let look = Appearance::new(vec![degrees.to_radians().cos(), degrees.to_radians().sin()]);
        Verification { look, ..verification(view, name, minutes, ruling) }
    }

    #[test]
    fn a_preview_tells_what_would_have_been_held_back_and_what_reported() {
        let folder = tempfile::tempdir().unwrap();
        let service = service(folder.path());
        let view = registered(&*service.store);
        let score = Ruling::Refused { why: RefusedWhy::Score };
        let mut outcome = look(view.id, 9);
        outcome.verifications = vec![
            said(&view, "a", 1, Ruling::Passed, 0.0),
            said(&view, "b", 2, Ruling::Passed, 5.0),
            said(&view, "c", 3, Ruling::Passed, 80.0),
            said(&view, "d", 4, score, 5.0),
            said(&view, "e", 5, score, 82.0),
        ];
        let opened = ["a", "b", "c"].map(|name| incident(&place(&view, name), 1));
        outcome.changes = opened.iter().map(|incident| IncidentChange::Opened { incident: incident.clone() }).collect();
        service.store.record(&outcome).unwrap();
        let decide = |of: usize, said: Verdict| {
            service.store.decide(&verdict(opened[of].id, said, "王敏"), &open_case).unwrap();
            Exemplar::of_verdict(opened[of].id)
        };
        let suppressing = decide(0, Verdict::Rejected { reason: RejectReason::WrongObject });
        let preview = service.preview_exemplar(suppressing, None).unwrap();
        let rows = |rows: &[Changed]| rows.iter().map(|row| (row.at, row.before, row.after)).collect::<Vec<_>>();
        let held = Ruling::Refused { why: RefusedWhy::Exemplar };
        assert_eq!((preview.weighed, rows(&preview.changed)), (4, vec![(at(2), Ruling::Passed, held)]));
        assert_eq!(preview.changed[0].review, Some(Review::Waiting));
        let raising = decide(2, Verdict::Confirmed);
        let preview = service.preview_exemplar(raising, Some(ScopeKind::City)).unwrap();
        assert_eq!(rows(&preview.changed), [(at(5), score, Ruling::Passed)], "0.5 is lifted above 0.6");
        assert_eq!(preview.changed[0].review, None, "nothing was reported");

        service.undo_exemplar(suppressing, "op").unwrap();
        let listed = service.exemplars(&ExemplarFilter { counting_at: Some(at(200)), ..ExemplarFilter::default() });
        assert_eq!(listed.unwrap().iter().map(|one| one.id).collect::<Vec<_>>(), [raising]);
        let near = service.seen_by(&Areas::from(Some("人民广场街道".parse().unwrap())));
        assert!(matches!(near.rescope_exemplar(raising, ScopeKind::City, "op"), Err(ServiceError::Invalid(_))));
        let zone = place(&view, "a").zone.0;
        assert_eq!(near.rescope_exemplar(raising, ScopeKind::Zone, "op").unwrap().scope, Scope::Zone { zone });
        let far = service.seen_by(&Areas::from(Some("别处".parse().unwrap())));
        assert!(matches!(far.preview_exemplar(raising, None), Err(ServiceError::Store(StoreError::Missing { .. }))));
    }
}
