//! Incidents that are like each other: at the same spot, in the neighbourhood, and those that can be decided at once.
//! All work is bounded; the bounds are the constants below.

use std::{collections::HashMap, time::Duration};

use super::{QueueAsk, QueueItem, Service, ServiceError};
use crate::{
    domain::{Appearance, BBox, Incident, IncidentId, Location, MatterKey, ReferenceSpace, View, ViewId},
    store::{IncidentFilter, Page, Registry},
};

/// Items of each list of [`Similar`].
const SIMILAR_MAX: usize = 12;
/// The latest incidents of a view among which those of the same spot are looked for.
const OF_VIEW_MAX: u32 = 500;
/// Neighbouring views that are asked, the nearest first.
const NEIGHBOURS_MAX: usize = 24;
/// How far a neighbouring camera may look.
const NEARBY_M: f64 = 200.0;
/// How long ago something nearby may have opened.
const NEARBY_TIME: Duration = Duration::from_secs(7 * 86_400);

/// Metres of a degree of latitude, the least (at the equator 110,574).
const DEGREE_M: f64 = 110_574.0;
/// The most urgent waiting incidents that are compared.
const COMPARED_MAX: u32 = 10_000;
/// Cameras this near may show the same things.
const CLUSTER_M: f64 = 50.0;
/// Least likeness of two that can be decided at once; measured in `analysis/appearance.rs`.
const LIKENESS_MIN: f32 = 0.7;
/// How far apart two may be on one picture, between their middles, in widths or heights of the picture.
const APART_MAX: f32 = 0.2;
/// First ones of clusters that an incident is compared with.
const SEEDS_MAX: usize = 64;
/// Incidents of a cluster; a request may decide 200.
const CLUSTER_MAX: usize = 60;
/// Clusters that are told, the most urgent first.
const CLUSTERS_MAX: usize = 50;

/// What is like an incident.
#[derive(Clone, Debug)]
pub struct Similar {
    /// Near its spot on the same view, whatever became of them, the newest first.
    pub here: Vec<QueueItem>,
    /// Of the same matter on views nearby, of the last week, the newest first.
    pub nearby: Vec<QueueItem>,
}

/// Waiting incidents that look alike and lie together.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Its most urgent incident, which gives it its name.
    pub id: IncidentId,
    /// The matter of all of them.
    pub matter: MatterKey,
    /// Two or more, the most urgent first.
    pub items: Vec<QueueItem>,
    /// How like the first the least like one is, 0 to 1.
    pub likeness: f32,
}

impl Service {
    /// Incidents like this one.
    ///
    /// # Errors
    /// [`ServiceError::Store`] where there is none.
    pub fn similar(&self, id: IncidentId) -> Result<Similar, ServiceError> {
        self.seen_incident(id)?;
        let incident = self.store.incident(id)?;
        let of_view = IncidentFilter { view: Some(incident.view), ..IncidentFilter::default() };
        let of_view = self.incidents(&of_view, &Page { after: None, limit: OF_VIEW_MAX })?.rows;
        let mut here: Vec<Incident> =
            of_view.into_iter().filter(|other| other.id != id && is_near(&other.bbox, &incident.bbox)).collect();
        here.truncate(SIMILAR_MAX);

        let since = self.now().minus(NEARBY_TIME);
        let mut nearby = Vec::new();
        for view in neighbours(&self.registry()?, incident.view, NEARBY_M).into_iter().take(NEIGHBOURS_MAX) {
            let filter =
                IncidentFilter { view: Some(view), matter: Some(incident.matter.clone()), ..IncidentFilter::default() };
            nearby.extend(self.incidents(&filter, &Page { after: None, limit: SIMILAR_MAX as u32 })?.rows);
        }
        nearby.retain(|other| other.opened_at >= since);
        nearby.sort_by_key(|other| (std::cmp::Reverse(other.opened_at), other.id));
        nearby.truncate(SIMILAR_MAX);
        Ok(Similar { here: self.queue_items(here)?, nearby: self.queue_items(nearby)? })
    }

    /// Waiting incidents that can be decided at once, the most urgent cluster first.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn clusters(&self, ask: &QueueAsk) -> Result<Vec<Cluster>, ServiceError> {
        let looks = self.store.waiting_looks(&self.queue_filter(ask), COMPARED_MAX)?;
        let mut groups = grouped(looks, &neighbourhoods(&self.registry()?, CLUSTER_M));
        groups.truncate(CLUSTERS_MAX);
        let sizes: Vec<(usize, f32)> = groups.iter().map(|group| (group.others.len() + 1, group.likeness)).collect();
        let all = groups.into_iter().flat_map(|group| std::iter::once(group.seed).chain(group.others));
        let mut items = self.queue_items(all.collect())?.into_iter();
        let clusters = sizes.into_iter().filter_map(|(size, likeness)| {
            let items: Vec<QueueItem> = items.by_ref().take(size).collect();
            let (id, matter) = items.first().map(|item| (item.incident.id, item.incident.matter.clone()))?;
            Some(Cluster { id, matter, items, likeness })
        });
        Ok(clusters.collect())
    }
}

/// A cluster as it grows.
#[derive(Debug)]
struct Group {
    seed: Incident,
    others: Vec<Incident>,
    likeness: f32,
}

/// Puts each incident to the first group whose seed it is like and near, or begins one. What has nobody like it is left
/// out. An incident is compared with at most [`SEEDS_MAX`] seeds of its matter: the latest of its own view, then those
/// of the views that lie together with it.
fn grouped(looks: Vec<(Incident, Appearance)>, near: &HashMap<ViewId, Vec<ViewId>>) -> Vec<Group> {
    let mut groups: Vec<(Group, Appearance)> = Vec::new();
    let mut seeds: HashMap<(ViewId, MatterKey), Vec<usize>> = HashMap::new();
    for (incident, appearance) in looks {
        let views = std::iter::once(incident.view).chain(near.get(&incident.view).into_iter().flatten().copied());
        let of_views = views.filter_map(|view| seeds.get(&(view, incident.matter.clone())));
        let found = of_views.flat_map(|of_view| of_view.iter().rev()).take(SEEDS_MAX).find_map(|&at| {
            let (group, seed) = &groups[at];
            let fits = group.others.len() + 1 < CLUSTER_MAX
                && (group.seed.view != incident.view || is_near(&group.seed.bbox, &incident.bbox));
            let likeness = seed.likeness(&appearance).filter(|likeness| fits && *likeness >= LIKENESS_MIN)?;
            Some((at, likeness))
        });
        match found {
            Some((at, likeness)) => {
                let group = &mut groups[at].0;
                group.likeness = group.likeness.min(likeness);
                group.others.push(incident);
            }
            None => {
                seeds.entry((incident.view, incident.matter.clone())).or_default().push(groups.len());
                groups.push((Group { seed: incident, others: Vec::new(), likeness: 1.0 }, appearance));
            }
        }
    }
    groups.into_iter().map(|(group, _)| group).filter(|group| !group.others.is_empty()).collect()
}

/// Whether two boxes of one view mean the same spot.
fn is_near(a: &BBox<ReferenceSpace>, b: &BBox<ReferenceSpace>) -> bool {
    let (a_mid, b_mid) = (a.centre(), b.centre());
    a.intersection(b) > 0.0 || ((a_mid.x - b_mid.x).abs() <= APART_MAX && (a_mid.y - b_mid.y).abs() <= APART_MAX)
}

/// Other views that look at most `within_m` metres away, the nearest first: those of the same stream at once.
fn neighbours(registry: &Registry, view: ViewId, within_m: f64) -> Vec<ViewId> {
    let Some(own) = registry.views.iter().find(|one| one.id == view) else { return Vec::new() };
    let spots = spots(registry);
    let here = spots.get(&own.stream);
    let mut found: Vec<(f64, ViewId)> = registry
        .views
        .iter()
        .filter(|other| other.id != view)
        .filter_map(|other| {
            if other.stream == own.stream {
                return Some((0.0, other.id));
            }
            let apart = here?.distance_m(spots.get(&other.stream)?)?;
            (apart <= within_m).then_some((apart, other.id))
        })
        .collect();
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    found.into_iter().map(|(_, view)| view).collect()
}

fn spots(registry: &Registry) -> HashMap<crate::domain::StreamId, &Location> {
    registry.streams.iter().filter_map(|stream| Some((stream.id, stream.location.as_ref()?))).collect()
}

/// The views of other streams that lie within `within_m` metres of each view, at most [`NEIGHBOURS_MAX`]. Two framings of
/// one stream show different ground. Streams are walked in order of latitude, so that only those of one strip are
/// compared.
fn neighbourhoods(registry: &Registry, within_m: f64) -> HashMap<ViewId, Vec<ViewId>> {
    let strip = within_m / DEGREE_M;
    let spots = spots(registry);
    let mut placed: Vec<(&View, &Location)> =
        registry.views.iter().filter_map(|view| Some((view, *spots.get(&view.stream)?))).collect();
    placed.sort_by(|a, b| a.1.latitude.total_cmp(&b.1.latitude));
    let mut near: HashMap<ViewId, Vec<ViewId>> = HashMap::new();
    for (i, (view, here)) in placed.iter().enumerate() {
        let rest = placed[i + 1..].iter().take_while(|(_, there)| there.latitude - here.latitude <= strip);
        for (other, there) in rest.filter(|(other, _)| other.stream != view.stream) {
            if here.distance_m(there).is_none_or(|apart| apart > within_m) {
                continue;
            }
            for (of, is) in [(view.id, other.id), (other.id, view.id)] {
                let list = near.entry(of).or_default();
                if list.len() < NEIGHBOURS_MAX {
                    list.push(is);
                }
            }
        }
    }
    near
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conformance::{incident, place, stream, view};

    #[test]
    fn what_is_alike_and_together_is_one_group() {
        let stream = stream("1");
        let views = ["甲", "乙", "丙"].map(|name| view(&stream, name));
        let look = |name: &str, at: usize, x: f32, direction: [f32; 2]| {
            let mut one = incident(&place(&views[at], name), 1);
            one.bbox = BBox::new(x, 0.4, x + 0.1, 0.6);
            (one, Appearance::new(direction.to_vec()))
        };
        let looks = vec![
            look("a", 0, 0.1, [1.0, 0.0]),
            look("far on the picture", 0, 0.8, [1.0, 0.0]),
            look("b", 0, 0.15, [0.8, 0.6]),
            look("unlike", 0, 0.1, [0.0, 1.0]),
            look("neighbour", 1, 0.9, [1.0, 0.1]),
            look("elsewhere", 2, 0.1, [1.0, 0.0]),
        ];
        let ids: Vec<_> = looks.iter().map(|(one, _)| one.id).collect();
        let near = HashMap::from([(views[1].id, vec![views[0].id])]);
        let groups = grouped(looks, &near);
        let named: Vec<Vec<IncidentId>> =
            groups.iter().map(|g| std::iter::once(&g.seed).chain(&g.others).map(|one| one.id).collect()).collect();
        assert_eq!(named, [vec![ids[0], ids[2]], vec![ids[1], ids[4]]]);
        assert!((groups[0].likeness - 0.8).abs() < 1e-5);
    }

    #[test]
    fn cameras_of_one_corner_are_neighbours_and_framings_of_one_camera_are_not() {
        let at = |code: &str, longitude, latitude| {
            let mut stream = stream(code);
            stream.location = Some(Location { longitude, latitude, ..crate::store::conformance::location() });
            stream
        };
        let streams =
            [at("1", 121.0, 31.0), at("2", 121.0003, 31.0002), at("3", 121.01, 31.0001), at("4", 121.0, 31.01)];
        let mut views: Vec<View> = streams.iter().map(|stream| view(stream, "甲")).collect();
        views.push(view(&streams[0], "乙"));
        let ids: Vec<ViewId> = views.iter().map(|view| view.id).collect();
        let registry = Registry { revision: 1, streams: streams.to_vec(), views, zones: Vec::new() };
        let near = neighbourhoods(&registry, CLUSTER_M);
        let mut of_second = near[&ids[1]].clone();
        of_second.sort_unstable();
        let mut both = vec![ids[0], ids[4]];
        both.sort_unstable();
        assert_eq!(of_second, both);
        assert_eq!((near[&ids[0]].as_slice(), near[&ids[4]].as_slice()), (&[ids[1]][..], &[ids[1]][..]));
        assert_eq!(near.len(), 3, "the far ones have no neighbour");
        assert_eq!(neighbours(&registry, ids[0], NEARBY_M), [ids[4], ids[1]]);
    }
}
