//! Clauses about new models that are tried beside old ones.

use std::collections::BTreeSet;

use super::*;
use crate::{
    domain::*,
    store::{Noted, ShadowFilter, Store, StoreError},
};

fn rivals() -> Rivals {
    let model = |name: &str, byte: &str| ModelRef { name: name.into(), sha256: byte.repeat(32) };
    Rivals { own: model("old", "ab"), shadow: model("new", "cd") }
}

fn disagreement(seen_by: SeenBy, score: f32, left: f32) -> Disagreement {
    Disagreement {
        seen_by,
        class: "garbage".into(),
        zone: ZoneId::derived(&[b"zone"]),
        bbox: BBox::new(left, 0.2, left + 0.100_000_1, 0.3),
        score: Score::new(score).unwrap(),
        other: Score::new(0.123_4).ok(),
    }
}

fn shadowed(view: ViewId, minutes: i64, both: u32, disagreements: Vec<Disagreement>) -> Shadowed {
    Shadowed { view, matter: matter("stall"), at: at(minutes), rivals: rivals(), both, disagreements }
}

fn all(store: &dyn Store) -> Vec<KeptDisagreement> {
    store.disagreements(&ShadowFilter::default(), 1000).unwrap()
}

pub(super) fn a_disagreement_is_one_a_spot_and_counts_its_looks(store: &dyn Store) {
    let view = registered(store).id;
    let (here, there) = (disagreement(SeenBy::Shadow, 0.6, 0.1), disagreement(SeenBy::Own, 0.5, 0.5));
    let noted = store.note_shadowed(&shadowed(view, 1, 2, vec![here.clone(), there.clone()]), 8).unwrap();
    let indices: Vec<usize> = noted.fresh.iter().map(|(at, _)| *at).collect();
    assert_eq!((indices, noted.forgotten.len()), (vec![0, 1], 0));

    let surer = disagreement(SeenBy::Shadow, 0.9, 0.11);
    let other_side = disagreement(SeenBy::Own, 0.9, 0.11);
    let again = store.note_shadowed(&shadowed(view, 2, 0, vec![surer.clone(), other_side.clone()]), 8).unwrap();
    assert_eq!(again.fresh.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1], "the other side is another one");
    let fainter = shadowed(view, 3, 0, vec![disagreement(SeenBy::Shadow, 0.4, 0.1)]);
    assert_eq!(store.note_shadowed(&fainter, 8).unwrap(), Noted::default());

    let kept = all(store);
    let first = KeptDisagreement {
        id: noted.fresh[0].1,
        view,
        matter: matter("stall"),
        rivals: rivals(),
        what: surer,
        first: at(1),
        latest: at(3),
        looks: 3,
    };
    assert_eq!((kept.len(), &kept[0]), (3, &first), "every field, that of most looks first");
    assert_eq!(store.disagreement(first.id).unwrap(), first);
    assert_eq!(store.disagreement_ids().unwrap(), kept.iter().map(|one| one.id).collect::<BTreeSet<_>>());
    let unknown = store.disagreement(DisagreementId::derived(&[b"none"]));
    assert!(matches!(unknown, Err(StoreError::Missing { what: Thing::Disagreement, .. })), "{unknown:?}");

    let counted = store.comparisons(&ShadowFilter::default()).unwrap();
    let [one] = &counted[..] else { panic!("one view, one matter, one pair of models: {counted:?}") };
    assert_eq!((one.looks, one.both, one.only_own, one.only_shadow), (3, 2, 2, 3));
    assert_eq!((one.view, &one.matter, &one.rivals), (view, &matter("stall"), &rivals()));
    assert!(one.since <= at(1) && at(1).since(one.since).as_secs() < 86_400);
}

pub(super) fn the_disagreements_of_a_view_are_bounded(store: &dyn Store) {
    let view = registered(store).id;
    let max = usize::try_from(DISAGREEMENTS_A_VIEW).unwrap();
    let apart = |number: usize| disagreement(SeenBy::Own, 0.5, number as f32 * 0.2);
    let first = store.note_shadowed(&shadowed(view, 0, 0, vec![apart(0), apart(1)]), 1).unwrap();
    assert_eq!(first.fresh.len(), 1, "no more of one frame than asked for");
    (1..max).for_each(|number| {
        let noted = store.note_shadowed(&shadowed(view, i64::try_from(number).unwrap(), 0, vec![apart(number)]), 1);
        assert_eq!(noted.unwrap().forgotten, []);
    });
    let last = store.note_shadowed(&shadowed(view, 1000, 0, vec![apart(max)]), 1).unwrap();
    assert_eq!(last.forgotten, [first.fresh[0].1], "what was not seen for longest makes room");
    assert_eq!(all(store).len(), max);
}

pub(super) fn what_was_compared_keeps_to_its_areas_and_goes_in_time(store: &dyn Store) {
    let view = registered(store).id;
    store.note_shadowed(&shadowed(view, 0, 1, vec![disagreement(SeenBy::Own, 0.5, 0.1)]), 8).unwrap();
    store.note_shadowed(&shadowed(view, 3000, 1, vec![disagreement(SeenBy::Own, 0.5, 0.5)]), 8).unwrap();
    let seen_by = |areas: Areas| {
        let filter = ShadowFilter { areas, ..ShadowFilter::default() };
        (store.disagreements(&filter, 10).unwrap().len(), store.comparisons(&filter).unwrap().len())
    };
    let area = |name: &str| Areas::Only(BTreeSet::from([name.parse().unwrap()]));
    assert_eq!((seen_by(area("人民广场街道")), seen_by(area("东城区"))), ((2, 1), (0, 0)));
    let of = |view, matter: &str| ShadowFilter { view, matter: matter.parse().ok(), ..ShadowFilter::default() };
    assert_eq!(store.disagreements(&of(Some(view), "stall"), 1).unwrap().len(), 1);
    assert_eq!(store.disagreements(&of(Some(view), "garbage"), 10).unwrap(), []);

    let gone = store.forget_shadowed(at(2999)).unwrap();
    assert_eq!((gone.len(), all(store).len()), (1, 1));
    assert_eq!(
        store.comparisons(&ShadowFilter::default()).unwrap()[0].looks,
        1,
        "days before are not counted any more"
    );
    let stranger = ViewId::derived(&[b"removed"]);
    assert_eq!(store.note_shadowed(&shadowed(stranger, 3001, 1, vec![]), 8).unwrap(), Noted::default());
    let streams = store.registry().unwrap().streams;
    store.remove_stream(streams[0].id, at(3002), "test").unwrap();
    assert!(all(store).is_empty() && store.comparisons(&ShadowFilter::default()).unwrap().is_empty());
}
