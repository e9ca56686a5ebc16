//! Clauses about many callers at once.

use std::{sync::Barrier, thread};

use super::*;
use crate::{
    domain::*,
    store::{Store, StoreError},
};

pub(super) fn eight_reviewers_open_one_case(store: &dyn Store) {
    let view = registered(store);
    let incident = opened(store, &view, "a", 1);
    let together = Barrier::new(8);
    let answers: Vec<_> = thread::scope(|scope| {
        let reviewers: Vec<_> = (0..8)
            .map(|i| {
                let (together, id) = (&together, incident.id);
                scope.spawn(move || {
                    together.wait();
                    store.decide(&verdict(id, Verdict::Confirmed, &format!("复核员 {i}")), &open_case)
                })
            })
            .collect();
        reviewers.into_iter().map(|reviewer| reviewer.join().unwrap()).collect()
    });
    let refused =
        |answer: &Result<_, StoreError>| matches!(answer, Err(StoreError::Verdict(VerdictRefused::Decided { .. })));
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| refused(answer)).count(), 7);
    assert_eq!(store.cases(&Areas::All, None, &first(9)).unwrap().rows.len(), 1);
    assert_eq!(store.deliveries(&Areas::All, None, &first(9)).unwrap().rows.len(), 1);
    assert_eq!(actions(store, &incident.id), ["incident.confirmed"]);
}

pub(super) fn writers_and_readers_share_the_store(store: &dyn Store) {
    const LOOKS: i64 = 20;
    let view = registered(store);
    let views: Vec<_> = (0..3).map(|i| ViewId::derived(&[b"view", &[i]])).collect();
    thread::scope(|scope| {
        for id in &views {
            scope.spawn(move || (0..LOOKS).for_each(|minutes| store.record(&look(*id, minutes)).unwrap()));
        }
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..LOOKS {
                    let feed = store.feed(0, 500).unwrap();
                    assert!(feed.windows(2).all(|pair| pair[0].seq < pair[1].seq));
                    assert_eq!(store.registry().unwrap().views, std::slice::from_ref(&view));
                }
            });
        }
    });
    for id in views {
        assert_eq!(store.looks(id, 100).unwrap().len(), LOOKS as usize);
    }
}
