//! Clauses about verdicts, lists, legal hold and the journals.

use serde_json::json;

use super::*;
use crate::{
    domain::*,
    store::{Conflict, IncidentFilter, Page, Store, StoreError},
};

pub(super) fn a_confirmation_opens_one_case_with_its_report(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    let opening = store.evidence_head().unwrap();
    let mut clearing = look(view.id, 2);
    clearing.evidence = vec![bundle(incident.id, EvidenceKind::Clearing, 2, opening.as_deref())];
    store.record(&clearing).unwrap();
    let position = store.feed_head().unwrap();

    let decided = store.decide(&verdict(incident.id, Verdict::Confirmed, "王敏"), &open_case).unwrap();
    let case = decided.case.unwrap();
    assert_eq!(decided.incident.review, Review::Confirmed { by: "王敏".into(), at: at(60) });
    assert_eq!(store.incident(incident.id).unwrap(), decided.incident);
    assert_eq!(store.case(case.id).unwrap(), case);
    assert_eq!(store.case_of(incident.id).unwrap(), Some(case.clone()));
    let report = Message::Report { evidence: Some(store.evidence_of(incident.id).unwrap()[0].id) };
    assert_eq!(store.deliveries_of(case.id).unwrap(), [Delivery::new(case.id, 0, report, at(60))]);
    assert_eq!(topics(store, position), ["incident.reviewed", "case.opened"]);
    assert_eq!(actions(store, &incident.id), ["incident.confirmed"]);
    let row = &store.audit_rows(Some(&case.id.to_string()), 0, 9).unwrap()[0];
    assert_eq!((row.action.as_str(), row.actor.as_str(), row.at), ("case.opened", "王敏", at(60)));
}

pub(super) fn a_rejection_and_a_reclassification_open_none(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    let never = |_: Confirmation| -> Case { panic!("no case may be opened") };
    let other = Verdict::Reclassified { matter: matter("parked_vehicle") };
    let decided = store.decide(&verdict(incident.id, other, "王敏"), &never).unwrap();
    assert_eq!((decided.incident.review, decided.incident.matter), (Review::Waiting, matter("parked_vehicle")));
    let rejected = Verdict::Rejected { reason: RejectReason::Lawful };
    let decided = store.decide(&verdict(incident.id, rejected, "李强"), &never).unwrap();
    assert!(decided.case.is_none());
    assert_eq!(
        store.incident(incident.id).unwrap().review,
        Review::Rejected { by: "李强".into(), at: at(60), reason: RejectReason::Lawful }
    );
    assert_eq!(actions(store, &incident.id), ["incident.reclassified", "incident.rejected"]);
    let detail = &store.audit_rows(Some(&incident.id.to_string()), 0, 9).unwrap()[1].detail;
    assert_eq!((&detail["note"], &detail["verdict"]["reason"]), (&json!("看过"), &json!("lawful")));
    assert_eq!(store.case_of(incident.id).unwrap(), None);
    assert_eq!(store.deliveries(&Areas::All, None, &first(10)).unwrap().rows, []);
}

pub(super) fn duplicates_name_an_incident_and_never_go_in_circles(store: &dyn Store) {
    let view = registered(store);
    let [a, b, c] = ["a", "b", "c"].map(|name| opened(store, &view, name, i64::from(name.as_bytes()[0])).id);
    let duplicate = |id, of| {
        store.decide(&verdict(id, Verdict::Duplicate { of }, "王敏"), &open_case).map(|decided| decided.incident)
    };
    assert!(matches!(duplicate(a, IncidentId::fresh()), Err(StoreError::Missing { what: Thing::Incident, .. })));
    assert!(matches!(duplicate(a, a), Err(StoreError::Verdict(VerdictRefused::OwnDuplicate(_)))));
    assert_eq!(duplicate(a, b).unwrap().review, Review::Duplicate { by: "王敏".into(), at: at(60), of: b });
    duplicate(b, c).unwrap();
    assert!(matches!(duplicate(c, a), Err(StoreError::Conflict(_))));
    assert_eq!(store.incident(c).unwrap().review, Review::Waiting);
    assert_eq!(actions(store, &a), ["incident.duplicate"]);
}

pub(super) fn a_second_verdict_is_refused_by_name(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    confirmed(store, incident.id);
    let position = store.feed_head().unwrap();
    let late = verdict(incident.id, Verdict::Rejected { reason: RejectReason::Other }, "李强");
    match store.decide(&late, &open_case) {
        Err(StoreError::Verdict(VerdictRefused::Decided { by, .. })) => assert_eq!(by, "王敏"),
        other => panic!("{other:?}"),
    }
    let nameless = verdict(opened(store, &view, "b", 2).id, Verdict::Confirmed, " ");
    assert!(matches!(store.decide(&nameless, &open_case), Err(StoreError::Verdict(VerdictRefused::Nameless))));
    assert_eq!(actions(store, &incident.id), ["incident.confirmed"]);
    assert_eq!(topics(store, position), ["incident.opened", "look.finished"]);
}

pub(super) fn lists_filter_and_page_newest_first(store: &dyn Store) {
    let view = registered(store);
    let other = super::view(&stream("31010100001320000001"), "预置位 2");
    store.put_view(&other, at(0), "cli").unwrap();
    let minutes = [5, 1, 3, 9];
    let all: Vec<_> = minutes.iter().enumerate().map(|(i, m)| opened(store, &view, &format!("p{i}"), *m)).collect();
    // At the same moment as the first: the id decides.
    let far = opened(store, &other, "far", 5);
    confirmed(store, all[0].id);
    let listed = |filter: &IncidentFilter, limit| {
        let (mut page, mut ids, mut pages) = (first(limit), vec![], 0);
        loop {
            let rows = store.incidents(filter, &page).unwrap();
            ids.extend(rows.rows.iter().map(|incident| incident.id));
            pages += 1;
            match rows.next {
                Some(next) => page.after = Some(next),
                None => return (ids, pages),
            }
        }
    };
    let whole = IncidentFilter::default();
    let (ids, pages) = listed(&whole, 500);
    let (upper, lower) = (far.id.max(all[0].id), far.id.min(all[0].id));
    assert_eq!((&ids, pages), (&vec![all[3].id, upper, lower, all[2].id, all[1].id], 1));
    assert_eq!(listed(&whole, 2), (ids.clone(), 3));
    assert_eq!(listed(&whole, 5), (ids, 1));
    let review = |word: &str| IncidentFilter { review: Some(word.into()), ..whole.clone() };
    assert_eq!(listed(&review("confirmed"), 9).0, [all[0].id]);
    assert_eq!(listed(&review("waiting"), 9).0.len(), 4);
    assert_eq!(listed(&review(crate::store::DECIDED), 9).0, [all[0].id]);
    assert_eq!(
        listed(&IncidentFilter { view: Some(view.id), ..whole.clone() }, 2),
        (vec![all[3].id, all[0].id, all[2].id, all[1].id], 2)
    );
    assert_eq!(listed(&IncidentFilter { view: Some(other.id), ..whole.clone() }, 9).0, [far.id]);
    assert_eq!(listed(&IncidentFilter { open: Some(false), ..whole.clone() }, 9).0, []);
    assert_eq!(
        listed(&IncidentFilter { open: Some(true), matter: Some(matter("stall")), ..whole.clone() }, 9).0.len(),
        5
    );
    assert_eq!(listed(&IncidentFilter { matter: Some(matter("other")), ..whole }, 9).0, []);
}

pub(super) fn bad_cursors_and_words_are_explained(store: &dyn Store) {
    let view = registered(store);
    let filter = IncidentFilter::default();
    for name in ["a", "b"] {
        confirmed(store, opened(store, &view, name, i64::from(name.as_bytes()[0])).id);
    }
    let of_cases = store.cases(&Areas::All, None, &first(1)).unwrap().next;
    assert!(of_cases.is_some());
    for after in [Some("nonsense".to_owned()), Some(String::new()), Some("'; --".into()), of_cases] {
        let page = Page { after, limit: 10 };
        assert!(matches!(store.incidents(&filter, &page), Err(StoreError::Conflict(_))), "{page:?}");
    }
    let unknown = IncidentFilter { review: Some("maybe".into()), ..filter.clone() };
    assert!(
        matches!(store.incidents(&unknown, &first(1)), Err(StoreError::Conflict(Conflict::Word { got, .. })) if got == "maybe")
    );
    assert!(matches!(store.deliveries(&Areas::All, Some("lost"), &first(1)), Err(StoreError::Conflict(_))));
    assert_eq!(store.incidents(&filter, &first(0)).unwrap().rows.len(), 1, "a page has 1 to 500 rows");
}

pub(super) fn legal_hold_binds_bundles_to_come_and_forbids_purging(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    let free = opened(store, &view, "b", 2);
    store.hold_evidence(incident.id, true, at(3), "王敏").unwrap();
    let head = store.evidence_head().unwrap();
    let mut clearing = look(view.id, 4);
    clearing.evidence = vec![bundle(incident.id, EvidenceKind::Clearing, 4, head.as_deref())];
    store.record(&clearing).unwrap();
    let held = store.evidence_of(incident.id).unwrap();
    assert_eq!(held.iter().map(|bundle| bundle.legal_hold).collect::<Vec<_>>(), [true, true]);
    for bundle in &held {
        assert!(matches!(store.purge_evidence(bundle.id, at(9)), Err(StoreError::Conflict(_))));
    }
    let other = store.evidence_of(free.id).unwrap()[0].id;
    store.purge_evidence(other, at(9)).unwrap();
    store.purge_evidence(other, at(10)).unwrap();
    assert_eq!(store.evidence(other).unwrap().purged_at, Some(at(9)), "the first time counts");
    assert_eq!(actions(store, &other), ["evidence.purged"]);
    store.hold_evidence(incident.id, false, at(11), "王敏").unwrap();
    store.purge_evidence(held[0].id, at(12)).unwrap();
    assert_eq!(actions(store, &incident.id), ["evidence.held", "evidence.released"]);
    assert_eq!(every_bundle(store).len(), 3, "rows stay");
}

pub(super) fn bundles_page_both_ways(store: &dyn Store) {
    let view = registered(store);
    for minutes in 1..=5 {
        opened(store, &view, &minutes.to_string(), minutes);
    }
    let all = every_bundle(store);
    assert_eq!(store.evidence_after(Some(all[1].id), 2).unwrap(), all[2..4]);
    assert_eq!(store.evidence_after(Some(all[4].id), 2).unwrap(), []);
    let (mut page, mut backwards) = (first(2), vec![]);
    loop {
        let rows = store.evidence_page(&Areas::All, &page).unwrap();
        backwards.extend(rows.rows);
        let Some(next) = rows.next else { break };
        page.after = Some(next);
    }
    backwards.reverse();
    assert_eq!(backwards, all);
    let astray = Page { after: Some("nonsense".into()), limit: 2 };
    assert!(matches!(store.evidence_page(&Areas::All, &astray), Err(StoreError::Conflict(_))));
}

pub(super) fn the_feed_and_the_audit_log_go_on_from_a_position(store: &dyn Store) {
    for i in 0..5 {
        let detail = json!({"n": i});
        store.audit(at(i), "cli", "check.run", if i % 2 == 0 { "even" } else { "odd" }, &detail).unwrap();
    }
    let all = store.audit_rows(None, 0, 10).unwrap();
    assert_eq!(all.iter().map(|row| row.detail["n"].as_i64().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert_eq!(store.audit_rows(None, all[2].seq, 10).unwrap(), all[3..]);
    assert_eq!(store.audit_rows(Some("odd"), 0, 1).unwrap(), all[1..2]);
    let view = registered(store);
    for minutes in 0..3 {
        store.record(&look(view.id, minutes)).unwrap();
    }
    let feed = store.feed(0, 100).unwrap();
    assert_eq!(feed.last().unwrap().seq, store.feed_head().unwrap());
    assert_eq!(store.feed(feed[1].seq, 2).unwrap(), feed[2..4]);
    assert_eq!(store.feed(store.feed_head().unwrap(), 10).unwrap(), []);
}
