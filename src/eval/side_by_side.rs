//! Asks about many things at once.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// Asks about every item, each asker on a thread of its own; the answers stand in the order of the items, whoever gave them.
/// `heard` is told of each answer.
pub fn side_by_side<I: Sync, A: Send, R: Send>(
    items: &[I],
    askers: Vec<A>,
    ask: impl Fn(&mut A, &I) -> R + Sync,
    heard: impl Fn() + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let answers = |mut asker: A| {
        let mut given = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { return given };
            given.push((number, ask(&mut asker, item)));
            heard();
        }
    };
    let answers = &answers;
    let mut given: Vec<(usize, R)> = thread::scope(|scope| {
        let asked: Vec<_> = askers.into_iter().map(|asker| scope.spawn(move || answers(asker))).collect();
        asked.into_iter().flat_map(|one| one.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))).collect()
    });
    given.sort_by_key(|(number, _)| *number);
    given.into_iter().map(|(_, answer)| answer).collect()
}

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, time::Duration};

    use super::*;

    #[test]
    fn answers_stand_in_the_order_of_the_items_and_each_is_asked_about_once() {
        let items: Vec<u64> = (0..40).collect();
        let heard = AtomicUsize::new(0);
        let ask = |asked: &mut u64, item: &u64| {
            *asked += 1;
            thread::sleep(Duration::from_millis((40 - item) % 7));
            item * 2
        };
        let given = side_by_side(&items, vec![0; 3], ask, || {
            heard.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(given, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        assert_eq!(heard.into_inner(), 40);
        assert_eq!(side_by_side(&items, Vec::<()>::new(), |(), item| *item, || ()), Vec::<u64>::new(), "nobody asks");
    }
}
