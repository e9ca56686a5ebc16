//! The place book: the durable memory of one view. Matches sightings to places by position and
//! appearance, and decides when an incident opens, extends, closes and reopens. Dwell, clearing and
//! recurrence are counted over looks in wall time, so gaps, occlusion, reconnects and restarts do not
//! end a place. Reads no clock, keeps nothing but the places.

use std::{collections::BTreeMap, time::Duration};

use crate::domain::{
    CloseCause, Companion, Incident, IncidentChange, Matter, MatterKey, Phase, Place, PlaceId, Presence, Refusal,
    Review, Score, Sighting, ViewId, WallTime, Weights,
};

/// How the spot of a place looked in a look that did not see the place's thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// Visible, and nothing of the matter on it.
    Clear,
    /// Hidden behind something, or out of the picture: says nothing.
    Hidden,
    /// The model saw nothing, yet the spot still looks like the place: says nothing, and is not clean.
    Unchanged,
}

/// What a second look says of a place that is about to be reported.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Report it.
    Passed {
        /// The score that it is reported with.
        score: Score,
        /// The weights that took part.
        weights: Option<Weights>,
    },
    /// Not this: it stays, and is asked about again later.
    Refused(Refusal),
    /// Nobody could look: it is asked about in the next look.
    Unasked,
}

/// What a look changed in the book.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BookChanges {
    /// Places that are new or changed.
    pub places: Vec<Place>,
    /// Places that are no longer remembered.
    pub forgotten: Vec<PlaceId>,
    /// What happened to incidents, in the order of their places.
    pub incidents: Vec<IncidentChange>,
}

/// All places of one view.
#[derive(Clone, Debug)]
pub struct PlaceBook {
    view: ViewId,
    places: BTreeMap<PlaceId, Place>,
}

/// A place of which so much lies in another one is a part of it.
const PART_COVERED_MIN: f32 = 0.5;
/// Where a matter asks for a trail, a place lay on one in this share of the looks that saw it.
const LED_SHARE_MIN: f64 = 0.5;
/// Share by which the remembered box and appearance follow a new sighting.
const FOLLOW: f32 = 0.2;

impl PlaceBook {
    /// The book of a view as it was recorded.
    pub fn new(view: ViewId, places: Vec<Place>) -> Self {
        Self { view, places: places.into_iter().map(|place| (place.id, place)).collect() }
    }

    /// The places, by id.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.places.values()
    }

    /// A place, if it is remembered.
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.get(&id)
    }

    /// Takes in what one look saw at `at`, and how the spots of the places looked that it did not see.
    /// Only matters in `matters` are touched: a look that did not look for a matter says nothing about it.
    /// `second` is asked about each place that is about to be reported, with its sighting; nothing is reported without it.
    pub fn observe(
        &mut self,
        matters: &BTreeMap<MatterKey, Matter>,
        at: WallTime,
        sightings: &[Sighting],
        spot: impl Fn(&Place) -> Spot,
        mut second: impl FnMut(&Place, &Sighting) -> Answer,
    ) -> BookChanges {
        self.places.values_mut().for_each(|place| set_back(place, at));
        let mut changes = BookChanges { forgotten: self.expire(matters, at), ..BookChanges::default() };
        let matched = self.matches(matters, at, sightings);
        let mut taken = vec![false; sightings.len()];
        let ids: Vec<PlaceId> = self.places.keys().copied().collect();
        for id in ids {
            let place = &self.places[&id];
            let Some(matter) = matters.get(&place.matter) else { continue };
            let after = match matched.get(&id) {
                Some(&index) => {
                    taken[index] = true;
                    let is_part = matter.composition.gather_max.is_some() && self.is_part(place);
                    let mut second = |place: &Place, sighting: &Sighting| match is_part {
                        true => Answer::Unasked,
                        false => second(place, sighting),
                    };
                    seen(place.clone(), matter, at, &sightings[index], &mut second, &mut changes.incidents)
                }
                None => unseen(place.clone(), matter, at, spot(place), &mut changes.incidents),
            };
            match after {
                Some(after) if after == *place => {}
                Some(after) => {
                    changes.places.push(after.clone());
                    self.places.insert(id, after);
                }
                None => {
                    changes.forgotten.push(id);
                    self.places.remove(&id);
                }
            }
        }
        let new = sightings
            .iter()
            .zip(&taken)
            .enumerate()
            .filter(|(_, (sighting, taken))| !**taken && sighting.zone.is_some());
        for (index, (sighting, _)) in new {
            if let Some(place) = self.begin(sighting, at, index).filter(|_| matters.contains_key(&sighting.matter)) {
                changes.places.push(place.clone());
                self.places.insert(place.id, place);
            }
        }
        changes
    }

    /// Whether most of the place lies in one that is reported: where things are gathered, another part of the same.
    fn is_part(&self, place: &Place) -> bool {
        let is_whole = |other: &Place| {
            other.id != place.id
                && other.matter == place.matter
                && matches!(other.phase, Phase::Reported { .. })
                && place.bbox.covered_by(&other.bbox) >= PART_COVERED_MIN
        };
        self.places.values().any(is_whole)
    }

    /// Forgets cleared places that are past the window in which their incident could reopen.
    fn expire(&mut self, matters: &BTreeMap<MatterKey, Matter>, at: WallTime) -> Vec<PlaceId> {
        let past = |place: &Place| match (place.phase, matters.get(&place.matter)) {
            (Phase::Cleared { at: cleared_at, returned: None, .. }, Some(matter)) => {
                at.since(cleared_at) > matter.reopen_within
            }
            _ => false,
        };
        let expired: Vec<PlaceId> = self.places.values().filter(|place| past(place)).map(|place| place.id).collect();
        self.places.retain(|id, _| !expired.contains(id));
        expired
    }

    /// Pairs each place with at most one sighting: best overlap and likeness first, ties by id and order.
    fn matches(
        &self,
        matters: &BTreeMap<MatterKey, Matter>,
        at: WallTime,
        sightings: &[Sighting],
    ) -> BTreeMap<PlaceId, usize> {
        let mut pairs: Vec<(f32, PlaceId, usize)> = Vec::new();
        for place in self.places.values() {
            let Some(matter) = matters.get(&place.matter) else { continue };
            for (index, sighting) in sightings.iter().enumerate().filter(|(_, s)| s.matter == place.matter) {
                if let Some(fit) = fit(place, matter, at, sighting) {
                    pairs.push((fit, place.id, index));
                }
            }
        }
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
        let mut matched = BTreeMap::new();
        let mut taken = vec![false; sightings.len()];
        for (_, id, index) in pairs {
            if !taken[index] && !matched.contains_key(&id) {
                taken[index] = true;
                matched.insert(id, index);
            }
        }
        matched
    }

    fn begin(&self, sighting: &Sighting, at: WallTime, index: usize) -> Option<Place> {
        let id = PlaceId::derived(&[
            b"place",
            self.view.as_bytes(),
            sighting.matter.as_str().as_bytes(),
            &at.millis().to_be_bytes(),
            &index.to_be_bytes(),
        ]);
        Some(Place {
            id,
            view: self.view,
            matter: sighting.matter.clone(),
            class: sighting.class.to_string(),
            bbox: sighting.bbox,
            appearance: sighting.appearance.clone(),
            zone: sighting.zone?,
            first_seen: at,
            last_seen: at,
            looks_seen: 1,
            looks_visible: 1,
            looks_accompanied: u32::from(sighting.accompanied),
            clean_looks: 0,
            clean_since: None,
            score: sighting.score,
            read: sighting.read.clone(),
            refused: None,
            phase: Phase::Candidate,
        })
    }
}

/// Where the clock was set back since the place was last looked at, its times go with it: a stay is as long as it was,
/// and goes on.
fn set_back(place: &mut Place, at: WallTime) {
    let latest = place.clean_since.map_or(place.last_seen, |since| since.max(place.last_seen));
    let by = latest.since(at);
    if by.is_zero() {
        return;
    }
    (place.first_seen, place.last_seen) = (place.first_seen.minus(by), place.last_seen.minus(by));
    place.clean_since = place.clean_since.map(|since| since.minus(by));
    if let Phase::Cleared { returned: Some(since), .. } = &mut place.phase {
        *since = since.minus(by);
    }
    if let Some(refused) = &mut place.refused {
        refused.at = refused.at.minus(by);
    }
}

/// How well a sighting fits a place, if it does: position always, appearance after a gap.
fn fit(place: &Place, matter: &Matter, at: WallTime, sighting: &Sighting) -> Option<f32> {
    // A vehicle drives on: it is known by its plate, wherever it is.
    if matter.plate.is_some() {
        return (place.read.is_some() && place.read == sighting.read).then_some(1.0);
    }
    let rules = &matter.matching;
    let iou = place.bbox.iou(&sighting.bbox);
    let likeness = place.appearance.likeness(&sighting.appearance);
    let gap = at.since(place.last_seen);
    // Within a short gap the same spot is the same thing, whatever the light did. After a long one (or
    // after the spot was seen clean) another thing may stand there, and it has to look alike.
    let must_look_alike =
        gap > rules.gap_max || place.clean_looks > 0 || matches!(place.phase, Phase::Cleared { returned: None, .. });
    let alike = likeness.is_none_or(|likeness| likeness >= rules.likeness_min);
    (iou >= rules.iou_min && (!must_look_alike || alike)).then(|| iou + likeness.unwrap_or(0.0))
}

/// A place whose thing was seen. `None` when it is not worth remembering any more.
fn seen(
    mut place: Place,
    matter: &Matter,
    at: WallTime,
    sighting: &Sighting,
    second: &mut impl FnMut(&Place, &Sighting) -> Answer,
    out: &mut Vec<IncidentChange>,
) -> Option<Place> {
    let Some(zone) = sighting.zone else { return lawful(place, at, out) };
    if let Phase::Cleared { incident, at: cleared_at, returned: None } = place.phase {
        place.phase = Phase::Cleared { incident, at: cleared_at, returned: Some(at) };
        // Another thing may stand there now, and says something else; a vehicle is its plate.
        let read = matter.plate.as_ref().and(place.read.clone());
        place = Place {
            first_seen: at,
            looks_seen: 0,
            looks_visible: 0,
            looks_accompanied: 0,
            read,
            refused: None,
            ..place
        };
    }
    place.zone = zone;
    place.last_seen = at;
    place.looks_seen += 1;
    place.looks_visible += 1;
    place.looks_accompanied += u32::from(sighting.accompanied);
    place.clean_looks = 0;
    place.clean_since = None;
    if matter.plate.is_none() && (place.read.is_none() || sighting.score >= place.score) {
        place.read = sighting.read.clone().or(place.read);
    }
    // Once a verifier passed it, the fused score stands: a proposal's is on another scale.
    let fused = matter.verify.is_some() && !matches!(place.phase, Phase::Candidate);
    if !fused {
        place.score = place.score.max(sighting.score);
    }
    if matter.plate.is_some() {
        (place.bbox, place.appearance) = (sighting.bbox, sighting.appearance.clone());
    } else {
        place.bbox = follow(&place, sighting);
        place.appearance = place.appearance.blended(&sighting.appearance, FOLLOW);
    }
    match place.phase {
        Phase::Candidate if persisted(&place, matter) => {
            if let Some(weights) = asked(&mut place, matter, at, sighting, second) {
                let incident = opened(&place, at, weights);
                place.phase = Phase::Reported { incident: incident.id };
                out.push(IncidentChange::Opened { incident });
            }
        }
        Phase::Reported { incident } => {
            out.push(IncidentChange::Extended { incident, last_seen: at, score: place.score });
        }
        Phase::Cleared { incident, returned: Some(since), .. } if persisted(&place, matter) => {
            if asked(&mut place, matter, at, sighting, second).is_some() {
                place.phase = Phase::Reported { incident };
                out.push(IncidentChange::Reopened { incident, since, at });
            }
        }
        Phase::Candidate | Phase::Cleared { .. } => {}
    }
    Some(place)
}

/// Asks about a place that has stayed long enough, unless it was refused lately and looks as it did then. Returns the
/// weights of what passed it.
fn asked(
    place: &mut Place,
    matter: &Matter,
    at: WallTime,
    sighting: &Sighting,
    second: &mut impl FnMut(&Place, &Sighting) -> Answer,
) -> Option<Option<Weights>> {
    if let (Some(refused), Some(verify)) = (&place.refused, &matter.verify) {
        let is_late = at.since(refused.at) >= verify.again_after;
        let likeness = place.appearance.likeness(&refused.looked);
        if !is_late && likeness.is_none_or(|likeness| likeness >= matter.matching.likeness_min) {
            return None;
        }
    }
    match second(place, sighting) {
        Answer::Passed { score, weights } => {
            (place.score, place.refused) = (score, None);
            Some(weights)
        }
        Answer::Refused(refusal) => {
            place.refused = Some(refusal);
            None
        }
        Answer::Unasked => None,
    }
}

/// It is there and no longer forbidden (the zone changed, its hours are over).
fn lawful(mut place: Place, at: WallTime, out: &mut Vec<IncidentChange>) -> Option<Place> {
    match place.phase {
        Phase::Candidate => None,
        Phase::Reported { incident } => {
            out.push(IncidentChange::Closed { incident, at, cause: CloseCause::RuleChanged });
            place.phase = Phase::Cleared { incident, at, returned: None };
            Some(place)
        }
        Phase::Cleared { incident, at: cleared_at, .. } => {
            place.phase = Phase::Cleared { incident, at: cleared_at, returned: None };
            Some(place)
        }
    }
}

/// A place whose thing was not seen. `None` when it is not worth remembering any more.
fn unseen(mut place: Place, matter: &Matter, at: WallTime, spot: Spot, out: &mut Vec<IncidentChange>) -> Option<Place> {
    match spot {
        Spot::Hidden => {}
        Spot::Unchanged => {
            place.clean_looks = 0;
            place.clean_since = None;
        }
        Spot::Clear => {
            place.looks_visible += 1;
            place.clean_looks += 1;
            place.clean_since = place.clean_since.or(Some(at));
        }
    }
    let clean_for = place.clean_since.map_or(Duration::ZERO, |since| at.since(since));
    let clean = place.clean_looks >= matter.clearing.looks && clean_for >= matter.clearing.over;
    match place.phase {
        Phase::Candidate => {
            let stale = at.since(place.last_seen) > matter.dwell.time.saturating_mul(4).max(matter.clearing.over);
            let gone = place.clean_looks >= matter.clearing.looks;
            (!gone && !stale).then_some(place)
        }
        Phase::Reported { incident } if clean => {
            out.push(IncidentChange::Closed { incident, at, cause: CloseCause::Cleared });
            place.phase = Phase::Cleared { incident, at, returned: None };
            Some(place)
        }
        Phase::Reported { .. } => Some(place),
        Phase::Cleared { incident, at: cleared_at, .. } => {
            if place.clean_looks >= matter.clearing.looks {
                place.phase = Phase::Cleared { incident, at: cleared_at, returned: None };
                // A clean spot stays clean: without this every look would count up and be written again.
                place.clean_looks = matter.clearing.looks;
                place.looks_visible = place.looks_visible.min(place.looks_seen + matter.clearing.looks);
            }
            Some(place)
        }
    }
}

/// Whether the present stay is long and steady enough to count.
fn persisted(place: &Place, matter: &Matter) -> bool {
    let share = |part: u32, whole: u32| f64::from(part) / f64::from(whole.max(1));
    let accompanied =
        |companion: &Companion| share(place.looks_accompanied, place.looks_seen) >= f64::from(companion.share_min);
    place.last_seen.since(place.first_seen) >= matter.dwell.time
        && place.looks_seen >= matter.dwell.sightings_min
        && share(place.looks_seen, place.looks_visible) >= f64::from(matter.dwell.seen_share_min)
        && matter.composition.companion.as_ref().is_none_or(accompanied)
        && (matter.trail.is_none() || share(place.looks_accompanied, place.looks_seen) >= LED_SHARE_MIN)
}

fn opened(place: &Place, at: WallTime, weights: Option<Weights>) -> Incident {
    Incident {
        id: Incident::id_of(place.id),
        place: place.id,
        view: place.view,
        matter: place.matter.clone(),
        bbox: place.bbox,
        score: place.score,
        zone: place.zone,
        first_seen: place.first_seen,
        last_seen: place.last_seen,
        opened_at: at,
        presence: Presence::Open { since: at },
        review: Review::Waiting,
        recurrences: 0,
        read: place.read.clone(),
        weights: weights.map(Box::new),
    }
}

fn follow(place: &Place, sighting: &Sighting) -> crate::domain::BBox<crate::domain::ReferenceSpace> {
    let (old, new) = (place.bbox.to_array(), sighting.bbox.to_array());
    std::array::from_fn::<f32, 4, _>(|i| old[i] * (1.0 - FOLLOW) + new[i] * FOLLOW).into()
}

#[cfg(test)]
#[path = "place_book_tests.rs"]
mod tests;
