//! A verdict that is undone before its case went out: the platform never hears of it, and never of less than it was told.

use std::{sync::Barrier, thread, time::Duration};

use xunjie::{
    deliver::Media,
    domain::*,
    store::{ReviewStore, Store, StoreError},
};

use crate::{
    PATIENT,
    platform::Platform,
    world::{World, run_until},
};

const UNDO: Duration = Duration::from_millis(120);

/// An incident that waits for a reviewer.
fn waiting(world: &World, name: &str) -> IncidentId {
    let now = world.clock.now();
    let incident = world.incident(name, now);
    let row = world.bundle(&incident, EvidenceKind::Opening, now, world.store.evidence_head().unwrap().as_deref());
    world.record(name, now, vec![IncidentChange::Opened { incident: incident.clone() }], vec![row]);
    incident.id
}

#[test]
fn an_undone_confirmation_never_leaves_and_the_next_one_leaves_once() {
    let (world, platform) = (World::new(), Platform::start());
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    let incident = waiting(&world, "car");
    let case = world.confirm_for(incident, UNDO);
    assert_eq!(courier.run_once(world.clock.now()).unwrap().tried(), 0, "it waits while it may be undone");
    world.store.undo(incident, "张三", world.clock.now()).unwrap();
    thread::sleep(UNDO);
    assert_eq!(courier.run_once(world.clock.now()).unwrap().tried(), 0);
    assert!(platform.report().cases.is_empty());

    let again = world.confirm_for(incident, UNDO);
    assert_eq!(case.id, again.id, "one incident has one case");
    run_until(&courier, &*world.clock, || world.states(&again) == ["delivered"]);
    let held = platform.report();
    assert_eq!((held.cases.len(), held.cases[0].messages.len()), (1, 1));
    assert_eq!(held.cases[0].messages[0].times_heard, 1);
    let late = world.store.undo(incident, "张三", world.clock.now());
    assert!(matches!(late, Err(StoreError::Undo(_))), "{late:?}");
}

/// The courier is killed after it began and before it sent: the verdict stays, and the message goes out at the next start.
#[test]
fn a_message_that_began_before_a_crash_goes_out_after_it() {
    let (world, platform) = (World::new(), Platform::start());
    let incident = waiting(&world, "car");
    let case = world.confirm_for(incident, PATIENT);
    let delivery = world.store.deliveries_of(case.id).unwrap().remove(0);
    world.store.replay_delivery(delivery.id, world.clock.now(), "张三").unwrap();
    assert!(world.store.begin_delivery(&delivery, world.clock.now()).unwrap());
    let refused = world.store.undo(incident, "张三", world.clock.now());
    assert!(matches!(refused, Err(StoreError::Undo(UndoRefused::OnItsWay(_)))), "{refused:?}");
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    run_until(&courier, &*world.clock, || world.states(&case) == ["delivered"]);
    assert_eq!(platform.report().cases.len(), 1);
}

/// At the very moment at which the time to undo ends, a courier and a reviewer reach for the same case, over and over.
#[test]
fn whoever_comes_first_has_the_case_and_both_sides_agree() {
    const ROUNDS: usize = 60;
    let (world, platform) = (World::new(), Platform::start());
    let courier = world.courier(platform.sink(&world, Media::Inline, PATIENT), 5);
    let mut taken_back = 0;
    for round in 0..ROUNDS {
        let incident = waiting(&world, &round.to_string());
        // It is due at once and may still be undone: only the mark on the row decides.
        let case = world.confirm_for(incident, PATIENT);
        let delivery = world.store.deliveries_of(case.id).unwrap().remove(0);
        world.store.replay_delivery(delivery.id, world.clock.now(), "张三").unwrap();
        let together = Barrier::new(2);
        let undone = thread::scope(|scope| {
            let reviewer = scope.spawn(|| {
                together.wait();
                thread::sleep(Duration::from_micros(fastrand::u64(0..3000)));
                world.store.undo(incident, "张三", world.clock.now()).is_ok()
            });
            together.wait();
            courier.run_once(world.clock.now()).unwrap();
            reviewer.join().unwrap()
        });
        taken_back += usize::from(undone);
        assert_eq!(world.store.case_of(incident).unwrap().is_none(), undone);
        courier.run_once(world.clock.now()).unwrap();
        let there = platform.report().cases.iter().any(|there| there.case_id == case.id.to_string());
        assert_eq!(there, !undone, "round {round}: the platform has it exactly where we have it");
    }
    assert_eq!(platform.report().cases.len(), ROUNDS - taken_back);
    println!("of {ROUNDS} verdicts {taken_back} were undone in time");
}
