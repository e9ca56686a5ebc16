//! Clauses about cases, callbacks, re-checks and the outbox.

use super::*;
use crate::{
    domain::*,
    store::{CallbackApplied, Conflict, LookOutcome, RecheckOutcome, Store, StoreError},
};

/// A view, its incident and the case of that.
fn with_case(store: &dyn Store) -> (View, Incident, Case) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    let case = confirmed(store, incident.id);
    (view, incident, case)
}

fn recheck_look(view: &View, minutes: i64, case: CaseId, cleared: Option<bool>) -> LookOutcome {
    let mut outcome = look(view.id, minutes);
    outcome.recheck = Some(RecheckOutcome { case, cleared, evidence: None });
    outcome
}

fn messages(store: &dyn Store, case: CaseId) -> Vec<Message> {
    store.deliveries_of(case).unwrap().into_iter().map(|delivery| delivery.message).collect()
}

pub(super) fn callbacks_apply_once_and_only_forward(store: &dyn Store) {
    let (_, _, case) = with_case(store);
    let position = store.feed_head().unwrap();
    let apply = |callback: &Callback| store.apply_callback(callback, at(91)).unwrap();
    let accepted = Callback { platform_number: Some("A-7".into()), ..callback("1", case.id, Stage::Accepted) };
    let moved = Case { stage: Stage::Accepted, platform_number: Some("A-7".into()), ..case.clone() };
    assert_eq!(apply(&accepted), CallbackApplied::Moved(moved.clone()));
    assert_eq!(apply(&accepted), CallbackApplied::Ignored(moved.clone()), "heard before");
    assert_eq!(apply(&callback("2", case.id, Stage::Filed)), CallbackApplied::Ignored(moved.clone()), "behind");
    assert_eq!(apply(&Callback { stage: Stage::Closed, ..accepted }), CallbackApplied::Ignored(moved.clone()));
    let closed = Case { stage: Stage::Closed, ..moved };
    assert_eq!(apply(&callback("3", case.id, Stage::Closed)), CallbackApplied::Moved(closed.clone()));
    assert_eq!(apply(&callback("4", case.id, Stage::Cancelled)), CallbackApplied::Ignored(closed.clone()), "final");
    assert_eq!(store.case(case.id).unwrap(), closed);
    assert_eq!(topics(store, position), ["case.stage", "case.stage"]);
    assert_eq!(actions(store, &case.id), ["case.opened", "case.stage", "case.stage"]);
    let unknown = callback("5", CaseId::fresh(), Stage::Accepted);
    assert!(matches!(store.apply_callback(&unknown, at(92)), Err(StoreError::Missing { what: Thing::Case, .. })));
}

pub(super) fn a_handled_case_waits_for_one_recheck_each_time(store: &dyn Store) {
    let (view, _, case) = with_case(store);
    let handled =
        |id: &str, minutes| store.apply_callback(&callback(id, case.id, Stage::Handled), at(minutes)).unwrap();
    assert!(matches!(handled("1", 100), CallbackApplied::Moved(_)));
    assert!(matches!(handled("2", 101), CallbackApplied::Ignored(_)), "it waits already");
    assert_eq!(store.rechecks().unwrap(), [(case.id, view.id, at(100))]);
    let outcome = recheck_look(&view, 103, case.id, Some(false));
    store.record(&outcome).unwrap();
    store.record(&outcome).unwrap();
    store.record(&recheck_look(&view, 104, case.id, Some(true))).unwrap();
    assert_eq!(store.rechecks().unwrap(), []);
    let told = Message::Recheck { cleared: Some(false), evidence: None };
    assert_eq!(messages(store, case.id)[1..], [told], "one answer for one handling");
    // 返工: sent back and handled again.
    assert!(matches!(handled("3", 200), CallbackApplied::Moved(_)));
    store.record(&recheck_look(&view, 201, case.id, Some(true))).unwrap();
    assert_eq!(messages(store, case.id).len(), 3);
    assert_eq!(actions(store, &case.id).iter().filter(|action| *action == "case.rechecked").count(), 2);
}

pub(super) fn a_return_is_told_after_the_report(store: &dyn Store) {
    let (view, incident, case) = with_case(store);
    let mut closing = look(view.id, 100);
    closing.changes = vec![IncidentChange::Closed { incident: incident.id, at: at(100), cause: CloseCause::Cleared }];
    store.record(&closing).unwrap();
    let head = store.evidence_head().unwrap();
    let proof = bundle(incident.id, EvidenceKind::Reopening, 120, head.as_deref());
    let mut reopening = look(view.id, 120);
    reopening.changes = vec![IncidentChange::Reopened { incident: incident.id, since: at(115), at: at(120) }];
    reopening.evidence = vec![proof.clone()];
    store.record(&reopening).unwrap();
    store.record(&reopening).unwrap();
    let told = Message::Recurrence { count: 1, evidence: Some(proof.id) };
    assert_eq!(messages(store, case.id)[1..], [told]);
    assert_eq!(actions(store, &case.id), ["case.opened", "case.recurrence"]);

    // What nobody confirmed tells nothing; confirmed after its return, the report carries the newest proof.
    let other = opened(store, &view, "b", 130);
    let head = store.evidence_head().unwrap();
    let proof = bundle(other.id, EvidenceKind::Reopening, 140, head.as_deref());
    let mut both = look(view.id, 140);
    both.changes = vec![
        IncidentChange::Closed { incident: other.id, at: at(135), cause: CloseCause::Cleared },
        IncidentChange::Reopened { incident: other.id, since: at(139), at: at(140) },
    ];
    both.evidence = vec![proof.clone()];
    store.record(&both).unwrap();
    assert_eq!(store.deliveries(&Areas::All, None, &first(10)).unwrap().rows.len(), 2);
    let case = confirmed(store, other.id);
    assert_eq!(messages(store, case.id), [Message::Report { evidence: Some(proof.id) }]);
}

pub(super) fn deliveries_of_a_case_go_out_in_order(store: &dyn Store) {
    let (view, _, case) = with_case(store);
    store.apply_callback(&callback("1", case.id, Stage::Handled), at(100)).unwrap();
    store.record(&recheck_look(&view, 101, case.id, Some(true))).unwrap();
    let other = confirmed(store, opened(store, &view, "b", 2).id);
    let [report, recheck] = <[Delivery; 2]>::try_from(store.deliveries_of(case.id).unwrap()).unwrap();
    let due = |minutes| store.due_deliveries(at(minutes), 10).unwrap().into_iter().map(|d| (d.case, d.ordinal));
    let due = |minutes| due(minutes).collect::<Vec<_>>();
    let retry = |minutes| DeliveryState::Pending { attempts: 1, next_at: at(minutes), last_error: Some("503".into()) };

    assert_eq!(due(200).len(), 2);
    assert!(!due(200).contains(&(case.id, 1)), "the re-check waits for the report");
    assert_eq!(store.due_deliveries(at(200), 1).unwrap().len(), 1);
    store.set_delivery(report.id, &retry(150), at(61)).unwrap();
    assert_eq!(due(149), [(other.id, 0)], "nothing before its time; others go on while one waits");
    assert_eq!(due(150), [(other.id, 0), (case.id, 0)], "oldest first");
    store
        .set_delivery(report.id, &DeliveryState::Dead { attempts: 9, at: at(62), reason: "422".into() }, at(62))
        .unwrap();
    assert_eq!(due(200), [(other.id, 0)], "a dead report blocks what follows");
    store.set_delivery(report.id, &delivered(None), at(63)).unwrap();
    assert!(due(200).contains(&(case.id, 1)));
    store.set_delivery(recheck.id, &delivered(None), at(64)).unwrap();
    assert_eq!(due(200), [(other.id, 0)]);
}

pub(super) fn a_delivered_message_stays_delivered(store: &dyn Store) {
    let (_, _, case) = with_case(store);
    let report = store.deliveries_of(case.id).unwrap().remove(0);
    let position = store.feed_head().unwrap();
    store.set_delivery(report.id, &delivered(Some("A-7")), at(70)).unwrap();
    assert_eq!(store.case(case.id).unwrap().platform_number.as_deref(), Some("A-7"));
    let late = [
        DeliveryState::Pending { attempts: 3, next_at: at(80), last_error: None },
        DeliveryState::Dead { attempts: 3, at: at(80), reason: "late".into() },
        delivered(Some("B-8")),
    ];
    for state in &late {
        store.set_delivery(report.id, state, at(81)).unwrap();
    }
    assert_eq!(store.delivery(report.id).unwrap(), Delivery { state: delivered(Some("A-7")), ..report.clone() });
    assert_eq!(store.case(case.id).unwrap().platform_number.as_deref(), Some("A-7"));
    assert!(matches!(store.replay_delivery(report.id, at(82), "王敏"), Err(StoreError::Conflict(_))));
    assert_eq!(topics(store, position), ["delivery.delivered"]);
    assert_eq!(store.waiting_deliveries().unwrap(), 0);
    assert_eq!(actions(store, &report.id), ["delivery.delivered"]);
}

pub(super) fn a_dead_message_can_be_replayed(store: &dyn Store) {
    let (_, _, case) = with_case(store);
    let report = store.deliveries_of(case.id).unwrap().remove(0);
    let dead = DeliveryState::Dead { attempts: 9, at: at(70), reason: "422 缺少网格编码".into() };
    store.set_delivery(report.id, &dead, at(70)).unwrap();
    assert_eq!(store.delivery(report.id).unwrap().state, dead);
    store.replay_delivery(report.id, at(75), "王敏").unwrap();
    let pending =
        DeliveryState::Pending { attempts: 0, next_at: at(75), last_error: Some("422 缺少网格编码".into()) };
    assert_eq!(store.due_deliveries(at(75), 9).unwrap(), [Delivery { state: pending, ..report.clone() }]);
    assert_eq!(actions(store, &report.id), ["delivery.dead", "delivery.replayed"]);
}

pub(super) fn a_clock_set_back_holds_no_delivery_up(store: &dyn Store) {
    let (_, _, case) = with_case(store);
    let due = |minutes| store.due_deliveries(at(minutes), 10).unwrap().len();
    let report = store.deliveries_of(case.id).unwrap().remove(0);
    assert_eq!((due(60), due(0)), (1, 1), "made at 60, and the clock goes back an hour");
    let later = DeliveryState::Pending { attempts: 1, next_at: at(65), last_error: None };
    store.set_delivery(report.id, &later, at(62)).unwrap();
    assert_eq!((due(62), due(64), due(65)), (0, 0, 1), "a clock that goes on waits as was said");
    assert_eq!(due(3), 1, "one that was set back does not wait an hour");
    store
        .set_delivery(report.id, &DeliveryState::Pending { attempts: 2, next_at: at(6), last_error: None }, at(3))
        .unwrap();
    assert_eq!((due(4), due(6)), (0, 1), "and then counts by the new time");
}

pub(super) fn cases_and_deliveries_list_by_state(store: &dyn Store) {
    let view = registered(store);
    let cases: Vec<_> = (1..=5).map(|m| confirmed(store, opened(store, &view, &m.to_string(), m).id)).collect();
    store.apply_callback(&callback("1", cases[2].id, Stage::Accepted), at(90)).unwrap();
    let report = store.deliveries_of(cases[3].id).unwrap().remove(0);
    store.set_delivery(report.id, &delivered(None), at(70)).unwrap();

    let mut ids = vec![];
    let mut page = first(2);
    loop {
        let rows = store.cases(&Areas::All, None, &page).unwrap();
        ids.extend(rows.rows.into_iter().map(|case| case.id));
        let Some(next) = rows.next else { break };
        page.after = Some(next);
    }
    let mut newest_first: Vec<_> = cases.iter().map(|case| case.id).collect();
    newest_first.sort_by(|a, b| b.cmp(a)); // All were opened at one moment.
    assert_eq!(ids, newest_first);
    let accepted = store.cases(&Areas::All, Some(Stage::Accepted), &first(9)).unwrap().rows;
    assert_eq!(accepted.iter().map(|case| case.id).collect::<Vec<_>>(), [cases[2].id]);
    assert_eq!(store.deliveries(&Areas::All, Some("delivered"), &first(9)).unwrap().rows[0].id, report.id);
    assert_eq!(store.deliveries(&Areas::All, Some("pending"), &first(9)).unwrap().rows.len(), 4);
    let head = store.deliveries(&Areas::All, None, &first(3)).unwrap();
    let rest = store.deliveries(&Areas::All, None, &crate::store::Page { after: head.next, limit: 3 }).unwrap();
    assert_eq!((head.rows.len(), rest.rows.len(), rest.next), (3, 2, None));
}

pub(super) fn a_removed_view_answers_its_rechecks(store: &dyn Store) {
    let (view, _, case) = with_case(store);
    let other = confirmed(store, opened(store, &view, "b", 2).id);
    store.apply_callback(&callback("1", case.id, Stage::Handled), at(100)).unwrap();
    store.remove_stream(view.stream, at(101), "cli").unwrap();
    store.apply_callback(&callback("2", other.id, Stage::Handled), at(102)).unwrap();
    assert_eq!(store.rechecks().unwrap(), []);
    let unseen = Message::Recheck { cleared: None, evidence: None };
    assert_eq!(messages(store, case.id)[1..], [unseen]);
    assert_eq!(messages(store, other.id)[1..], [unseen]);
}

pub(super) fn a_callback_about_another_case_of_the_platform_is_refused(store: &dyn Store) {
    let (_, _, case) = with_case(store);
    let report = store.deliveries_of(case.id).unwrap().remove(0);
    store.set_delivery(report.id, &delivered(Some("A-7")), at(70)).unwrap();
    let foreign = Callback { platform_number: Some("B-8".into()), ..callback("1", case.id, Stage::Closed) };
    assert!(
        matches!(store.apply_callback(&foreign, at(91)), Err(StoreError::Conflict(Conflict::OtherNumber { ours, .. })) if ours == "A-7")
    );
    let stands = store.case(case.id).unwrap();
    assert_eq!((stands.stage, stands.platform_number.as_deref()), (Stage::Filed, Some("A-7")));
    let own = Callback { platform_number: Some("A-7".into()), ..foreign };
    assert!(matches!(store.apply_callback(&own, at(92)), Ok(CallbackApplied::Moved(_))), "it was not taken as heard");
}

pub(super) fn a_pause_of_the_platform_is_told_once(store: &dyn Store) {
    let position = store.feed_head().unwrap();
    assert_eq!(store.platform_pause().unwrap(), None);
    let pause = PlatformPause { since: at(1), why: "401".into(), probe_at: at(2) };
    let later = PlatformPause { why: "no answer".into(), probe_at: at(3), ..pause.clone() };
    store.set_platform_pause(Some(&pause), at(1)).unwrap();
    store.set_platform_pause(Some(&later), at(2)).unwrap();
    assert_eq!(store.platform_pause().unwrap(), Some(later));
    store.set_platform_pause(None, at(4)).unwrap();
    store.set_platform_pause(None, at(5)).unwrap();
    assert_eq!(store.platform_pause().unwrap(), None);
    assert_eq!(topics(store, position), ["platform.paused", "platform.resumed"]);
    assert_eq!(actions(store, &"platform"), ["platform.paused", "platform.resumed"]);
}
