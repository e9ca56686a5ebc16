//! Clauses about areas: whose incidents, evidence, cases, deliveries and changes are whose.

use super::*;
use crate::{
    domain::*,
    store::{IncidentFilter, Store},
};

fn area(name: &str) -> Area {
    name.parse().unwrap()
}

fn only(name: &str) -> Areas {
    Some(area(name)).into()
}

/// A view of a stream in that area, and a confirmed incident on it.
fn lived_in(store: &dyn Store, code: &str, name: Option<&str>) -> (Stream, View, Incident) {
    let stream = Stream { area: name.map(area), ..stream(code) };
    let view = view(&stream, "甲");
    store.put_stream(&stream, None, "cli").unwrap();
    store.put_view(&view, at(0), "cli").unwrap();
    let incident = opened(store, &view, "a", 5);
    confirmed(store, incident.id);
    (stream, view, incident)
}

/// What somebody who sees these areas finds in each list: incidents, bundles, cases, deliveries.
fn found(store: &dyn Store, areas: &Areas) -> [usize; 4] {
    let filter = IncidentFilter { areas: areas.clone(), ..IncidentFilter::default() };
    [
        store.incidents(&filter, &first(9)).unwrap().rows.len(),
        store.evidence_page(areas, &first(9)).unwrap().rows.len(),
        store.cases(areas, None, &first(9)).unwrap().rows.len(),
        store.deliveries(areas, None, &first(9)).unwrap().rows.len(),
    ]
}

pub(super) fn lists_keep_to_their_areas(store: &dyn Store) {
    let (_, east_view, east) = lived_in(store, "1", Some("东城区"));
    let (_, west_view, west) = lived_in(store, "2", Some("西城区"));
    let (_, _, none) = lived_in(store, "3", None);
    assert_eq!(found(store, &Areas::All), [3; 4]);
    assert_eq!(found(store, &only("东城区")), [1; 4]);
    assert_eq!(found(store, &Areas::Only(["东城区", "西城区"].map(area).into())), [2; 4]);
    assert_eq!(found(store, &only("南城区")), [0; 4]);
    assert_eq!(found(store, &Areas::Only([].into())), [0; 4]);

    let filter = IncidentFilter { areas: only("西城区"), ..IncidentFilter::default() };
    let ids = |filter: &IncidentFilter| -> Vec<IncidentId> {
        store.incidents(filter, &first(9)).unwrap().rows.iter().map(|incident| incident.id).collect()
    };
    let of = |view: &View| IncidentFilter { view: Some(view.id), ..filter.clone() };
    assert_eq!((ids(&filter), ids(&of(&west_view)), ids(&of(&east_view))), (vec![west.id], vec![west.id], vec![]));
    for incident in [east.id, west.id, none.id] {
        assert_eq!(store.incident(incident).unwrap().id, incident);
    }
    assert_eq!((store.area_of(east.id).unwrap(), store.area_of(none.id).unwrap()), (Some(area("东城区")), None));
    assert!(store.area_of(IncidentId::fresh()).is_err());
    let pending = store.deliveries(&only("东城区"), Some("pending"), &first(9)).unwrap();
    let filed = store.cases(&only("东城区"), Some(Stage::Filed), &first(9)).unwrap();
    assert_eq!((pending.rows.len(), filed.rows.len()), (1, 1));
    assert_eq!(filed.rows[0].incident, east.id);
}

pub(super) fn all_follows_its_stream_into_another_area(store: &dyn Store) {
    let (stream, view, incident) = lived_in(store, "1", Some("东城区"));
    let moved = Stream { area: Some(area("西城区")), ..stream.clone() };
    store.put_stream(&moved, None, "cli").unwrap();
    assert_eq!((found(store, &only("东城区")), found(store, &only("西城区"))), ([0; 4], [1; 4]));
    store.put_stream(&Stream { area: None, ..stream.clone() }, None, "cli").unwrap();
    assert_eq!((found(store, &only("西城区")), found(store, &Areas::All)), ([0; 4], [1; 4]));

    // What a stream leaves behind stays with its area, and so does what a late look still proves.
    store.put_stream(&moved, None, "cli").unwrap();
    store.remove_stream(stream.id, at(9), "cli").unwrap();
    let late = opened(store, &view, "late", 10);
    assert_eq!(store.area_of(incident.id).unwrap(), Some(area("西城区")));
    assert_eq!(store.area_of(late.id).unwrap(), Some(area("西城区")));
}

pub(super) fn the_feed_names_the_area_of_what_it_tells(store: &dyn Store) {
    let (stream, view, _) = lived_in(store, "1", Some("东城区"));
    let zone = store.put_zone(&zone(&view, "禁停"), at(6), "cli").unwrap();
    store.record(&look(view.id, 7)).unwrap();
    store.remove_zone(zone.id, at(8), "cli").unwrap();
    store.remove_stream(stream.id, at(9), "cli").unwrap();
    lived_in(store, "2", None);
    let rows = store.feed(0, 500).unwrap();
    let removed = rows.iter().position(|row| row.topic == "stream.removed").unwrap();
    assert!(rows[..=removed].iter().all(|row| row.area == Some(area("东城区"))), "{rows:#?}");
    assert!(rows[removed + 1..].iter().all(|row| row.area.is_none()));
    assert!(rows[removed].is_for(&only("东城区")) && !rows[removed].is_for(&only("西城区")));
    let of_none = rows.last().unwrap();
    assert!(of_none.is_for(&Areas::All) && !of_none.is_for(&only("东城区")));
    for topic in ["stream.added", "view.added", "incident.opened", "case.opened", "zone.added", "zone.removed"] {
        assert!(rows.iter().any(|row| row.topic == topic), "{topic}");
    }
}
