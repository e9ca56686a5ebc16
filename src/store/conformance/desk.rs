//! Clauses about the reviewers' desk: the queue, undoing, locks, second reviews.

use std::{sync::Barrier, thread};

use super::*;
use crate::{
    domain::*,
    store::{HandOut, HandedOut, Page, QueueFilter, Store, StoreError},
};

/// The verdict, which may be undone for ten minutes after minute 60.
fn undoable(incident: IncidentId, what: Verdict, by: &str) -> SignedVerdict {
    SignedVerdict { undo_until: at(70), ..verdict(incident, what, by) }
}

/// An incident of its own matter and score.
fn scored(store: &dyn Store, view: &View, name: &str, minutes: i64, key: &str, score: f32) -> IncidentId {
    let mut incident = incident(&place(view, name), minutes);
    incident.matter = matter(key);
    incident.score = Score::new(score).unwrap();
    let mut outcome = look(view.id, minutes * 100 + i64::from(name.as_bytes()[0]));
    outcome.changes = vec![IncidentChange::Opened { incident: incident.clone() }];
    store.record(&outcome).unwrap();
    incident.id
}

/// All pages of the queue, and the count that each told.
fn paged(store: &dyn Store, filter: &QueueFilter, limit: u32) -> (Vec<IncidentId>, u64) {
    let (mut page, mut ids) = (first(limit), vec![]);
    loop {
        let queue = store.queue(filter, &page).unwrap();
        ids.extend(queue.rows.iter().map(|incident| incident.id));
        match queue.next {
            Some(next) => page.after = Some(next),
            None => return (ids, queue.waiting),
        }
    }
}

pub(super) fn the_most_urgent_comes_first_on_every_page(store: &dyn Store) {
    let view = registered(store);
    let late = scored(store, &view, "a", 9, "urgent", 0.9);
    let weak = scored(store, &view, "b", 5, "plain", 0.3);
    let strong = scored(store, &view, "c", 5, "plain", 0.8);
    let urgent = scored(store, &view, "d", 5, "urgent", 0.1);
    let low = scored(store, &view, "e", 5, "low", 0.99);
    let old = scored(store, &view, "f", 1, "low", 0.1);
    let levels = vec![(matter("urgent"), Level::HIGH), (matter("low"), Level::LOW)];
    let filter = QueueFilter { levels, ..QueueFilter::default() };
    let wanted = vec![old, urgent, strong, weak, low, late];
    for limit in [1, 2, 5, 6, 500] {
        assert_eq!(paged(store, &filter, limit), (wanted.clone(), 6), "{limit} a page");
    }
    // Twins in all but their ids: each is shown once.
    let twins: Vec<_> = ["g", "h", "i"].map(|name| scored(store, &view, name, 20, "plain", 0.5)).into();
    let mut sorted = twins.clone();
    sorted.sort_unstable();
    assert_eq!(paged(store, &filter, 1).0[6..], sorted);
    for after in ["nonsense", "'; --"] {
        let page = Page { after: Some(after.into()), limit: 9 };
        assert!(matches!(store.queue(&filter, &page), Err(StoreError::Conflict(_))));
    }
}

pub(super) fn the_queue_shows_what_its_filter_admits(store: &dyn Store) {
    let view = registered(store);
    let other = super::view(&stream("31010100001320000001"), "预置位 2");
    store.put_view(&other, at(0), "cli").unwrap();
    let here = scored(store, &view, "a", 1, "stall", 0.5);
    let there = scored(store, &other, "b", 2, "stall", 0.5);
    let parked = scored(store, &other, "c", 3, "parked_vehicle", 0.5);
    let decided = scored(store, &view, "d", 4, "stall", 0.5);
    confirmed(store, decided);
    let all = QueueFilter::default();
    assert_eq!(paged(store, &all, 2), (vec![here, there, parked], 3));
    let there_alone = QueueFilter { view: Some(other.id), ..QueueFilter::default() };
    assert_eq!(paged(store, &there_alone, 1), (vec![there, parked], 2));
    let stalls = QueueFilter { matter: Some(matter("stall")), ..QueueFilter::default() };
    assert_eq!(paged(store, &stalls, 9), (vec![here, there], 2));

    // The area of the stream, which what it found follows.
    let of = |areas: &[&str]| {
        let areas = Areas::Only(areas.iter().map(|area| area.parse().unwrap()).collect());
        QueueFilter { areas, ..stalls.clone() }
    };
    assert_eq!(paged(store, &of(&["东城区"]), 9), (vec![], 0));
    let east = Stream { area: Some("东城区".parse().unwrap()), ..stream("31010100001320000001") };
    store.put_stream(&east, None, "cli").unwrap();
    assert_eq!(paged(store, &of(&["东城区", "西城区"]), 1), (vec![here, there], 2));
    assert_eq!(paged(store, &of(&["西城区"]), 9), (vec![], 0));
    assert_eq!(paged(store, &of(&[]), 9), (vec![], 0), "who sees no area sees no incident");

    // Places give the appearance; an incident without one is left out.
    let remembered = Place { phase: Phase::Reported { incident: there }, ..place(&other, "b") };
    let mut outcome = look(other.id, 999);
    outcome.places = vec![remembered.clone()];
    store.record(&outcome).unwrap();
    let looks = store.waiting_looks(&all, 9).unwrap();
    assert_eq!(looks.len(), 1);
    assert_eq!((looks[0].0.id, &looks[0].1), (there, &remembered.appearance));
    assert!(store.waiting_looks(&all, 1).unwrap().is_empty(), "the first of the queue has none");
}

pub(super) fn a_verdict_is_undone_whole(store: &dyn Store) {
    let view = registered(store);
    let verdicts = [
        ("a", Verdict::Confirmed),
        ("b", Verdict::Rejected { reason: RejectReason::Passing }),
        ("c", Verdict::Duplicate { of: opened(store, &view, "z", 1).id }),
        ("d", Verdict::Reclassified { matter: matter("parked_vehicle") }),
    ];
    for (minutes, (name, what)) in (2..).zip(verdicts) {
        let before = opened(store, &view, name, minutes);
        let decided = store.decide(&undoable(before.id, what.clone(), "王敏"), &open_case).unwrap();
        let position = store.feed_head().unwrap();
        let may = store.undoable(before.id, at(61)).unwrap();
        assert_eq!(may, Some(Undoable { by: "王敏".into(), until: at(70) }), "{what:?}");
        let evidence = store.evidence_of(before.id).unwrap();
        if let Some(case) = &decided.case {
            assert_eq!(store.due_deliveries(at(69), 9).unwrap(), [], "nothing leaves while it may be undone");
            assert_eq!(store.deliveries_of(case.id).unwrap().len(), 1);
        }

        assert_eq!(store.undo(before.id, "王敏", at(61)).unwrap(), before, "{what:?}");
        assert_eq!(store.incident(before.id).unwrap(), before);
        assert_eq!(store.evidence_of(before.id).unwrap(), evidence, "evidence stays");
        assert_eq!(store.undoable(before.id, at(61)).unwrap(), None);
        let mut told = vec!["incident.reopened_for_review"];
        if let Some(case) = &decided.case {
            told.insert(0, "case.withdrawn");
            assert!(matches!(store.case(case.id), Err(StoreError::Missing { what: Thing::Case, .. })));
            assert_eq!(store.deliveries_of(case.id).unwrap(), []);
            assert_eq!(actions(store, &case.id), ["case.opened", "case.withdrawn"]);
        }
        assert_eq!(topics(store, position), told);
        assert_eq!(actions(store, &before.id)[1], "incident.verdict_undone");
        assert!(matches!(store.undo(before.id, "王敏", at(62)), Err(StoreError::Undo(UndoRefused::Nothing(_)))));
        // It can be decided again, by anybody.
        store.decide(&undoable(before.id, Verdict::Confirmed, "李强"), &open_case).unwrap();
    }
    assert_eq!(store.due_deliveries(at(70), 9).unwrap().len(), 4, "each case goes out once");
}

pub(super) fn an_undo_that_comes_too_late_says_why(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1).id;
    let refused = |answer| match answer {
        Err(StoreError::Undo(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(store.undo(incident, "王敏", at(60))), UndoRefused::Nothing(incident));
    let case = store.decide(&undoable(incident, Verdict::Confirmed, "王敏"), &open_case).unwrap().case.unwrap();
    let foreign = UndoRefused::Foreign { incident, by: "王敏".into() };
    assert_eq!(refused(store.undo(incident, "李强", at(61))), foreign);
    assert_eq!(refused(store.undo(incident, "王敏", at(70))), UndoRefused::Late { incident, until: at(70) });
    assert_eq!(store.undoable(incident, at(70)).unwrap(), None);

    // A person let it out at once; then it stays although its time is not over.
    let delivery = store.deliveries_of(case.id).unwrap().remove(0);
    store.replay_delivery(delivery.id, at(61), "王敏").unwrap();
    assert_eq!(store.due_deliveries(at(61), 9).unwrap().len(), 1);
    assert!(store.begin_delivery(&delivery, at(61)).unwrap());
    assert!(store.begin_delivery(&delivery, at(62)).unwrap(), "a further try may leave too");
    assert_eq!(store.undoable(incident, at(62)).unwrap(), None);
    assert_eq!(refused(store.undo(incident, "王敏", at(62))), UndoRefused::OnItsWay(incident));
    assert_eq!(store.case(case.id).unwrap(), case);
    store.set_delivery(delivery.id, &delivered(None), at(63)).unwrap();
    assert!(!store.begin_delivery(&delivery, at(64)).unwrap(), "what is delivered is not sent again");
    assert_eq!(refused(store.undo(incident, "王敏", at(64))), UndoRefused::OnItsWay(incident));
}

pub(super) fn only_the_latest_verdict_is_undone(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1).id;
    let other = Verdict::Reclassified { matter: matter("parked_vehicle") };
    store.decide(&undoable(incident, other, "王敏"), &open_case).unwrap();
    store.decide(&undoable(incident, Verdict::Confirmed, "李强"), &open_case).unwrap();
    assert!(matches!(
        store.undo(incident, "王敏", at(61)),
        Err(StoreError::Undo(UndoRefused::Foreign { by, .. })) if by == "李强"
    ));
    let back = store.undo(incident, "李强", at(61)).unwrap();
    assert_eq!((back.matter, back.review), (matter("parked_vehicle"), Review::Waiting));

    // The platform speaks of a case: then it knows it, whatever our own rows say.
    let spoken = opened(store, &view, "b", 2).id;
    let case = store.decide(&undoable(spoken, Verdict::Confirmed, "王敏"), &open_case).unwrap().case.unwrap();
    store.apply_callback(&callback("cb", case.id, Stage::Accepted), at(61)).unwrap();
    assert!(matches!(store.undo(spoken, "王敏", at(62)), Err(StoreError::Undo(UndoRefused::OnItsWay(_)))));

    // A verdict without a time to undo is final at once.
    confirmed(store, incident);
    assert!(matches!(store.undo(incident, "王敏", at(60)), Err(StoreError::Undo(UndoRefused::Nothing(_)))));
}

pub(super) fn a_message_that_was_taken_back_never_begins(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1).id;
    let decide = |minutes| {
        let verdict = SignedVerdict {
            at: at(minutes),
            undo_until: at(minutes + 10),
            ..verdict(incident, Verdict::Confirmed, "王敏")
        };
        let case = store.decide(&verdict, &open_case).unwrap().case.unwrap();
        store.deliveries_of(case.id).unwrap().remove(0)
    };
    let before = decide(60);
    store.undo(incident, "王敏", at(61)).unwrap();
    assert!(!store.begin_delivery(&before, at(71)).unwrap());
    let again = decide(62);
    assert_eq!(before.id, again.id, "one case, one idempotency key");
    assert!(!store.begin_delivery(&before, at(71)).unwrap(), "whoever still holds the old duty may not send it");
    store.undo(incident, "王敏", at(63)).unwrap();
    let last = decide(64);
    assert!(store.begin_delivery(&last, at(74)).unwrap());
}

pub(super) fn of_an_undo_and_a_message_one_wins(store: &dyn Store) {
    let view = registered(store);
    let (mut begun, mut undone) = (0, 0);
    for round in 0..40 {
        let incident = opened(store, &view, &round.to_string(), round).id;
        let case = store.decide(&undoable(incident, Verdict::Confirmed, "王敏"), &open_case).unwrap().case.unwrap();
        let delivery = store.deliveries_of(case.id).unwrap().remove(0);
        let together = Barrier::new(2);
        let (left, back) = thread::scope(|scope| {
            let courier = scope.spawn(|| {
                together.wait();
                store.begin_delivery(&delivery, at(69)).unwrap()
            });
            let reviewer = scope.spawn(|| {
                together.wait();
                store.undo(incident, "王敏", at(69)).is_ok()
            });
            (courier.join().unwrap(), reviewer.join().unwrap())
        });
        assert!(left != back, "the message left: {left}, the verdict was undone: {back}");
        assert_eq!(store.case_of(incident).unwrap().is_some(), left);
        assert_eq!(store.incident(incident).unwrap().review == Review::Waiting, back);
        if left { begun += 1 } else { undone += 1 }
    }
    assert_eq!(begun + undone, 40);
}

pub(super) fn a_lock_is_one_persons_until_it_ends(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1).id;
    let lock = |name: &str, until| IncidentLock {
        incident,
        holder: AccountId::derived(&[name.as_bytes()]),
        name: name.into(),
        until: at(until),
    };
    let position = store.feed_head().unwrap();
    store.lock(&lock("王敏", 11), at(10)).unwrap();
    store.lock(&lock("王敏", 12), at(11).minus(std::time::Duration::from_secs(1))).unwrap();
    assert_eq!(store.lock_on(incident, at(11)).unwrap(), Some(lock("王敏", 12)));
    match store.lock(&lock("李强", 13), at(11)) {
        Err(StoreError::Locked { by, until, .. }) => assert_eq!((by.as_str(), until), ("王敏", at(12))),
        other => panic!("{other:?}"),
    }
    store.unlock(&lock("李强", 0), at(11)).unwrap();
    assert_eq!(store.locks(at(11)).unwrap(), [lock("王敏", 12)], "nobody gives a colleague's lock back");
    assert_eq!(topics(store, position), ["incident.locked"], "renewing is not told");
    assert_eq!(store.locks(at(12)).unwrap(), []);
    store.lock(&lock("李强", 14), at(12)).unwrap();
    store.unlock(&lock("李强", 0), at(13)).unwrap();
    assert_eq!(store.lock_on(incident, at(13)).unwrap(), None);
    assert_eq!(topics(store, position), ["incident.locked", "incident.locked", "incident.unlocked"]);

    // A lock binds nobody, and a verdict ends it.
    store.lock(&lock("李强", 90), at(14)).unwrap();
    confirmed(store, incident);
    assert_eq!(store.locks(at(15)).unwrap(), []);
    let stranger = IncidentLock { incident: IncidentId::fresh(), ..lock("王敏", 99) };
    assert!(matches!(store.lock(&stranger, at(15)), Err(StoreError::Missing { what: Thing::Incident, .. })));
}

/// What somebody wants next at minute 20; the lock ends at minute 30.
fn wish(name: &str, after: Option<IncidentId>, but: &[IncidentId]) -> HandOut {
    HandOut {
        filter: QueueFilter::default(),
        after,
        but: but.iter().copied().collect(),
        holder: AccountId::derived(&[name.as_bytes()]),
        name: name.into(),
        until: at(30),
    }
}

pub(super) fn the_next_is_what_nobody_else_has(store: &dyn Store) {
    let view = registered(store);
    let [a, b, c] = [("a", 1), ("b", 2), ("c", 3)].map(|(name, minutes)| opened(store, &view, name, minutes).id);
    let next = |wish: HandOut, minutes| {
        let HandedOut { incident, waiting, held } = store.hand_out(&wish, at(minutes)).unwrap();
        (incident.map(|incident| incident.id), waiting, held)
    };
    assert_eq!(next(wish("王敏", None, &[]), 20), (Some(a), 3, 0));
    assert_eq!(store.lock_on(a, at(20)).unwrap().unwrap().name, "王敏", "what is handed out is locked");
    assert_eq!(next(wish("王敏", None, &[]), 20), (Some(a), 3, 0), "one's own is handed out again");
    assert_eq!(next(wish("李强", None, &[]), 20), (Some(b), 3, 1));
    assert_eq!(next(wish("王敏", Some(a), &[a]), 20), (Some(c), 3, 1), "the colleague's is passed over");
    assert_eq!(next(wish("李强", Some(b), &[b]), 20), (None, 3, 2));
    assert_eq!(next(wish("王敏", Some(c), &[c]), 20), (Some(a), 3, 1), "behind the last comes the first");
    confirmed(store, a);
    assert_eq!(next(wish("王敏", Some(a), &[c]), 20), (None, 2, 1), "what was decided is a position still");
    assert_eq!(next(wish("王敏", Some(IncidentId::fresh()), &[]), 20), (Some(c), 2, 1), "a stranger is the front");
    assert_eq!(next(wish("王敏", None, &[]), 30), (Some(b), 2, 0), "locks have ended");
    let none = QueueFilter { matter: Some(matter("parked_vehicle")), ..QueueFilter::default() };
    assert_eq!(next(HandOut { filter: none, ..wish("王敏", None, &[]) }, 20), (None, 0, 0));
}

pub(super) fn many_who_ask_at_once_share_the_queue(store: &dyn Store) {
    let view = registered(store);
    for n in 0..24 {
        opened(store, &view, &n.to_string(), n);
    }
    let together = Barrier::new(4);
    let mut given: Vec<IncidentId> = thread::scope(|scope| {
        let hands = ["王敏", "李强", "张三", "赵明"].map(|name| {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                let mut own = Vec::new();
                while let Some(next) = store.hand_out(&wish(name, None, &own), at(20)).unwrap().incident {
                    own.push(next.id);
                }
                own
            })
        });
        hands.into_iter().flat_map(|hand| hand.join().unwrap()).collect()
    });
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 24, "each went to one hand");
    assert_eq!(store.locks(at(20)).unwrap().len(), 24);
}

pub(super) fn a_second_review_is_one_and_by_somebody_else(store: &dyn Store) {
    let view = registered(store);
    let [a, b, c] = ["a", "b", "c"].map(|name| opened(store, &view, name, i64::from(name.as_bytes()[0])).id);
    let rejected = Verdict::Rejected { reason: RejectReason::Lawful };
    for (minutes, id, what, by) in
        [(60, a, Verdict::Confirmed, "王敏"), (61, b, rejected, "王敏"), (62, c, Verdict::Confirmed, "李强")]
    {
        store.decide(&SignedVerdict { at: at(minutes), ..verdict(id, what, by) }, &open_case).unwrap();
    }
    let judged = |but: &str, before, limit| -> Vec<IncidentId> {
        store.judged(&Areas::All, but, at(before), limit).unwrap().into_iter().map(|judged| judged.incident).collect()
    };
    assert_eq!(judged("张三", 99, 9), [c, b, a]);
    assert_eq!(judged("李强", 99, 9), [b, a]);
    assert_eq!(judged("张三", 61, 1), [b]);
    let review = |incident, first_by: &str, first, second_by: &str| SecondReview {
        incident,
        first_by: first_by.into(),
        first,
        second_by: second_by.into(),
        second: Opinion::Rejected,
        reason: Some(RejectReason::Unclear),
        note: "看不清".into(),
        at: at(70),
    };
    let kept = review(a, "王敏", Opinion::Confirmed, "李强");
    store.put_second_review(&kept).unwrap();
    for refused in [
        review(a, "王敏", Opinion::Confirmed, "张三"),
        review(b, "王敏", Opinion::Rejected, "王敏"),
        review(b, "王敏", Opinion::Confirmed, "李强"),
        review(b, "李强", Opinion::Rejected, "张三"),
    ] {
        assert!(matches!(store.put_second_review(&refused), Err(StoreError::Conflict(_))), "{refused:?}");
    }
    assert_eq!(judged("张三", 99, 9), [c, b]);
    assert_eq!(store.second_reviews(&Areas::All, at(70), at(71), 9).unwrap(), [kept]);
    assert_eq!(store.second_reviews(&Areas::All, at(0), at(70), 9).unwrap(), []);
    let elsewhere = Areas::Only(["西城区".parse().unwrap()].into());
    assert_eq!(store.second_reviews(&elsewhere, at(70), at(71), 9).unwrap(), []);
    assert_eq!(store.judged(&elsewhere, "张三", at(99), 9).unwrap(), []);
    assert_eq!(actions(store, &a), ["incident.confirmed", "incident.second_review"]);
}
