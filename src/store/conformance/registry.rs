//! Clauses about streams, views, zones and credentials.

use super::*;
use crate::{
    domain::*,
    store::{Conflict, Store, StoreError},
};

pub(super) fn every_field_of_the_registry_comes_back(store: &dyn Store) {
    let full = stream("1");
    let bare = Stream { location: None, enabled: false, transport: Transport::Auto, ..stream("2") };
    let seen = View { reference: Some(reference(7)), ..view(&full, "甲") };
    let blind = View { revisit_s: None, matters: vec![], ..view(&full, "乙") };
    store.put_stream(&full, None, "cli").unwrap();
    store.put_stream(&bare, None, "cli").unwrap();
    store.put_view(&seen, at(1), "cli").unwrap();
    store.put_view(&blind, at(1), "cli").unwrap();
    let drawn = store.put_zone(&zone(&seen, "禁停"), at(2), "cli").unwrap();

    let mut registry = store.registry().unwrap();
    registry.streams.sort_by(|a, b| a.code.cmp(&b.code));
    registry.views.sort_by_key(|view| std::cmp::Reverse(view.revisit_s));
    assert_eq!(registry.streams, [full, bare]);
    assert_eq!(registry.views, [seen, blind]);
    assert_eq!(registry.zones, [drawn]);
    assert_eq!(registry.revision, store.revision().unwrap());
}

pub(super) fn a_stream_and_its_first_view_come_together_or_not_at_all(store: &dyn Store) {
    let stream = stream("1");
    let (own, astray) = (view(&stream, "甲"), view(&super::stream("2"), "乙"));
    assert!(matches!(
        store.register(&stream, None, &astray, "cli"),
        Err(StoreError::Missing { what: Thing::Stream, .. })
    ));
    assert_eq!(store.registry().unwrap(), crate::store::Registry::default(), "neither of them stays");
    store.register(&stream, None, &own, "cli").unwrap();
    let registry = store.registry().unwrap();
    assert_eq!((registry.streams, registry.views), (vec![stream], vec![own]));
}

pub(super) fn each_change_counts_the_revision_up(store: &dyn Store) {
    let stream = stream("1");
    let view = view(&stream, "甲");
    let zone = zone(&view, "禁停");
    let changes: [&dyn Fn() -> Result<(), StoreError>; 6] = [
        &|| store.put_stream(&stream, None, "cli"),
        &|| store.put_view(&view, at(1), "cli"),
        &|| store.put_reference(view.id, &reference(1), "cli"),
        &|| store.put_zone(&zone, at(1), "cli").map(|_| ()),
        &|| store.remove_zone(zone.id, at(2), "cli"),
        &|| store.remove_stream(stream.id, at(3), "cli"),
    ];
    for (i, change) in changes.iter().enumerate() {
        let before = store.revision().unwrap();
        change().unwrap();
        assert!(store.revision().unwrap() > before, "change {i}");
    }
    assert_eq!(actions(store, &stream.id), ["stream.added", "stream.removed"]);
    assert_eq!(actions(store, &view.id), ["view.added", "view.referenced"]);
    assert_eq!(actions(store, &zone.id), ["zone.added", "zone.removed"]);
}

pub(super) fn two_streams_cannot_share_a_code(store: &dyn Store) {
    store.put_stream(&stream("1"), None, "cli").unwrap();
    let other = Stream { id: StreamId::fresh(), ..stream("1") };
    assert!(
        matches!(store.put_stream(&other, None, "cli"), Err(StoreError::Conflict(Conflict::CodeTaken(code))) if code == "1")
    );
    assert_eq!(store.registry().unwrap().streams, [stream("1")]);
}

pub(super) fn credentials_stay_until_they_are_replaced(store: &dyn Store) {
    let stream = stream("1");
    let credential = |password: &str| Credential { username: "admin".into(), password: Secret::new(password) };
    store.put_stream(&stream, None, "cli").unwrap();
    assert_eq!(store.credential(stream.id).unwrap(), None);
    store.put_stream(&stream, Some(&credential("p:w")), "cli").unwrap();
    store.put_stream(&Stream { name: "新名".into(), ..stream.clone() }, None, "cli").unwrap();
    assert_eq!(store.credential(stream.id).unwrap(), Some(credential("p:w")));
    store.put_stream(&stream, Some(&credential("second")), "cli").unwrap();
    assert_eq!(store.credential(stream.id).unwrap(), Some(credential("second")));
    let told = format!("{:?}", store.audit_rows(None, 0, 500).unwrap());
    assert!(!told.contains("p:w") && !told.contains("second"), "{told}");
    store.remove_stream(stream.id, at(1), "cli").unwrap();
    assert_eq!(store.credential(stream.id).unwrap(), None);
}

pub(super) fn zones_count_their_versions_even_after_removal(store: &dyn Store) {
    let view = registered(store);
    let zone = zone(&view, "禁停");
    assert_eq!(store.put_zone(&zone, at(1), "cli").unwrap(), Zone { version: 1, ..zone.clone() });
    let wider = Zone { name: "更宽".into(), ..zone.clone() };
    assert_eq!(store.put_zone(&wider, at(2), "王敏").unwrap().version, 2);
    let versions = store.zone_versions(zone.id).unwrap();
    let told: Vec<_> =
        versions.iter().map(|v| (v.at, v.actor.as_str(), v.zone.version, v.zone.name.as_str())).collect();
    assert_eq!(told, [(at(2), "王敏", 2, "更宽"), (at(1), "cli", 1, zone.name.as_str())]);
    assert_eq!(store.zone_versions(ZoneId::fresh()).unwrap(), []);
    store.remove_zone(zone.id, at(3), "cli").unwrap();
    assert_eq!(store.registry().unwrap().zones, []);
    // Incidents name (zone, version): a number is never used for a second outline.
    assert_eq!(store.put_zone(&zone, at(4), "cli").unwrap().version, 3);
    assert_eq!(store.registry().unwrap().zones.len(), 1);
}

pub(super) fn a_reference_survives_a_view_put_without_one(store: &dyn Store) {
    let view = registered(store);
    let stored = || store.registry().unwrap().views[0].clone();
    store.put_reference(view.id, &reference(2), "cli").unwrap();
    store.put_view(&View { name: "新名".into(), ..view.clone() }, at(1), "cli").unwrap();
    assert_eq!(stored(), View { name: "新名".into(), reference: Some(reference(2)), ..view.clone() });
    store.put_view(&View { reference: Some(reference(1)), ..view.clone() }, at(2), "cli").unwrap();
    assert_eq!(stored().reference, Some(reference(2)), "an older picture does not come back");
    store.put_view(&View { reference: Some(reference(3)), ..view.clone() }, at(3), "cli").unwrap();
    assert_eq!(stored().reference, Some(reference(3)));
}

pub(super) fn removing_a_stream_takes_its_views_but_no_incident(store: &dyn Store) {
    let view = registered(store);
    store.put_zone(&zone(&view, "禁停"), at(0), "cli").unwrap();
    let incident = opened(store, &view, "a", 1);
    let mut outcome = look(view.id, 2);
    outcome.places = vec![place(&view, "a")];
    store.record(&outcome).unwrap();
    let case = confirmed(store, incident.id);
    store.remove_stream(view.stream, at(3), "cli").unwrap();

    let registry = store.registry().unwrap();
    assert!(registry.streams.is_empty() && registry.views.is_empty() && registry.zones.is_empty());
    assert_eq!(store.places(view.id).unwrap(), []);
    assert_eq!(store.latest_looks().unwrap().len(), 0);
    assert_eq!(store.incident(incident.id).unwrap().id, incident.id);
    assert_eq!(store.evidence_of(incident.id).unwrap().len(), 1);
    assert_eq!(store.case(case.id).unwrap(), case);
    // The same camera may come again.
    registered(store);
    assert_eq!(store.registry().unwrap().views.len(), 1);
}

pub(super) fn strangers_are_missing_and_change_nothing(store: &dyn Store) {
    let stream = stream("1");
    let view = view(&stream, "甲");
    let answers = [
        store.put_view(&view, at(0), "cli"),
        store.put_reference(view.id, &reference(1), "cli"),
        store.put_zone(&zone(&view, "z"), at(0), "cli").map(|_| ()),
        store.remove_stream(stream.id, at(0), "cli"),
        store.remove_zone(ZoneId::fresh(), at(0), "cli"),
        store.incident(IncidentId::fresh()).map(|_| ()),
        store.evidence(EvidenceId::fresh()).map(|_| ()),
        store.case(CaseId::fresh()).map(|_| ()),
        store.delivery(DeliveryId::fresh()).map(|_| ()),
        store.set_delivery(DeliveryId::fresh(), &delivered(None), at(0)),
        store.replay_delivery(DeliveryId::fresh(), at(0), "cli"),
        store.hold_evidence(IncidentId::fresh(), true, at(0), "cli"),
        store.purge_evidence(EvidenceId::fresh(), at(0)),
        store.apply_callback(&callback("c", CaseId::fresh(), Stage::Accepted), at(0)).map(|_| ()),
        store.decide(&verdict(IncidentId::fresh(), Verdict::Confirmed, "王敏"), &open_case).map(|_| ()),
    ];
    for (i, answer) in answers.into_iter().enumerate() {
        assert!(matches!(answer, Err(StoreError::Missing { .. })), "{i}: {answer:?}");
    }
    assert_eq!((store.revision().unwrap(), store.feed_head().unwrap()), (0, 0));
    assert_eq!(store.audit_rows(None, 0, 10).unwrap(), []);
    assert_eq!(store.place(PlaceId::fresh()).unwrap(), None);
    assert_eq!(store.case_of(IncidentId::fresh()).unwrap(), None);
    assert_eq!(store.credential(stream.id).unwrap(), None);
}
