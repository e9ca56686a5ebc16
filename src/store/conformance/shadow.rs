//! Clauses about new models that are tried beside old ones.

use std::collections::BTreeSet;

use super::*;
use crate::{
    domain::*,
    store::{Conflict, Noted, ShadowFilter, SpotsFirst, Store, StoreError},
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
    store.disagreements(&ShadowFilter::default(), SpotsFirst::Often, 1000).unwrap()
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
        judgement: None,
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

    let oldest = store.disagreements(&ShadowFilter::default(), SpotsFirst::Latest, 1000).unwrap().pop().unwrap();
    assert_eq!(oldest.latest, at(1));
    store.judge_disagreement(oldest.id, Some(Truth::Nothing), at(1001), "li").unwrap();
    (1..=2).for_each(|number| {
        let noted = store.note_shadowed(&shadowed(view, 1001 + number, 0, vec![apart(1000 + number as usize)]), 1);
        assert!(!noted.unwrap().forgotten.contains(&oldest.id), "what was judged makes room for none");
    });
    assert_eq!(all(store).len(), max + 1);
    assert_eq!(
        store.comparisons(&ShadowFilter::default()).unwrap()[0].judged,
        Judgements { shadow_right: 1, waiting: u64::from(DISAGREEMENTS_A_VIEW), ..Judgements::default() }
    );
    assert!(store.forget_shadowed(at(1002)).unwrap().contains(&oldest.id), "its time ends as that of any other");
}

pub(super) fn what_somebody_says_of_a_disagreement_is_counted_until_it_is_taken_back(store: &dyn Store) {
    let view = registered(store).id;
    let spots = [(SeenBy::Own, 0.1), (SeenBy::Shadow, 0.3), (SeenBy::Own, 0.5), (SeenBy::Shadow, 0.7)];
    let spots = spots.map(|(seen_by, left)| disagreement(seen_by, 0.5, left)).to_vec();
    let noted = store.note_shadowed(&shadowed(view, 1, 0, spots.clone()), 8).unwrap();
    let ids: Vec<DisagreementId> = noted.fresh.iter().map(|(_, id)| *id).collect();
    let judged = || store.comparisons(&ShadowFilter::default()).unwrap()[0].judged;
    assert_eq!(judged(), Judgements { waiting: 4, ..Judgements::default() });

    let kept = store.judge_disagreement(ids[0], Some(Truth::Something), at(2), "li").unwrap();
    let said = Judgement { truth: Truth::Something, by: "li".to_owned(), at: at(2) };
    assert_eq!((kept.judgement.as_ref(), kept.right()), (Some(&said), Some(SeenBy::Own)));
    assert_eq!(store.disagreement(ids[0]).unwrap(), kept);
    let right = |id, truth| store.judge_disagreement(id, Some(truth), at(3), "li").unwrap().right();
    assert_eq!(right(ids[1], Truth::Something), Some(SeenBy::Shadow));
    assert_eq!(right(ids[2], Truth::Nothing), Some(SeenBy::Shadow));
    assert_eq!(right(ids[3], Truth::Unclear), None);
    assert_eq!(judged(), Judgements { own_right: 1, shadow_right: 2, unclear: 1, waiting: 0 });
    assert_eq!(right(ids[3], Truth::Nothing), Some(SeenBy::Own), "whoever said it may say otherwise");
    assert_eq!(judged(), Judgements { own_right: 2, shadow_right: 2, unclear: 0, waiting: 0 });

    let audited = || store.audit_rows(None, 0, 100).unwrap().len();
    let before = audited();
    let again = store.judge_disagreement(ids[0], Some(Truth::Something), at(9), "wang").unwrap();
    assert_eq!((again, audited()), (kept, before), "the same once more changes nothing");
    let other = store.judge_disagreement(ids[0], Some(Truth::Nothing), at(9), "wang");
    assert!(matches!(other, Err(StoreError::Conflict(Conflict::JudgedAlready(id))) if id == ids[0]), "{other:?}");
    let unknown = store.judge_disagreement(DisagreementId::derived(&[b"none"]), None, at(9), "li");
    assert!(matches!(unknown, Err(StoreError::Missing { what: Thing::Disagreement, .. })), "{unknown:?}");

    let surer = disagreement(SeenBy::Own, 0.9, 0.1);
    assert_eq!(store.note_shadowed(&shadowed(view, 10, 0, vec![surer]), 8).unwrap(), Noted::default());
    assert_eq!(store.disagreement(ids[0]).unwrap().right(), Some(SeenBy::Own), "seen again it stays judged");
    assert_eq!(store.judge_disagreement(ids[0], None, at(11), "wang").unwrap().judgement, None);
    assert_eq!(judged(), Judgements { own_right: 1, shadow_right: 2, unclear: 0, waiting: 1 });
    assert_eq!(all(store)[0].id, ids[0], "unjudged ones first");
    store.judge_disagreement(ids[0], Some(Truth::Nothing), at(12), "wang").unwrap();
    store
        .note_shadowed(&shadowed(view, 13, 0, vec![disagreement(SeenBy::Own, 0.5, 0.1), spots[3].clone()]), 8)
        .unwrap();
    let order = |first| {
        let listed = store.disagreements(&ShadowFilter::default(), first, 2).unwrap();
        listed.into_iter().map(|kept| kept.id).collect::<Vec<_>>()
    };
    store.note_shadowed(&shadowed(view, 14, 0, vec![spots[3].clone()]), 8).unwrap();
    assert_eq!(order(SpotsFirst::Often), [ids[3], ids[0]]);
    store.note_shadowed(&shadowed(view, 15, 0, vec![spots[1].clone()]), 8).unwrap();
    assert_eq!(order(SpotsFirst::Latest), [ids[1], ids[3]]);

    let rows = store.audit_rows(None, 0, 100).unwrap();
    let said =
        |action: &str| rows.iter().filter(|row| row.action == action).map(|row| row.actor.as_str()).collect::<Vec<_>>();
    assert_eq!(said("shadow.judged"), ["li", "li", "li", "li", "li", "wang"]);
    assert_eq!(said("shadow.judgement_withdrawn"), ["wang"]);
    let withdrawn = rows.iter().find(|row| row.action == "shadow.judgement_withdrawn").unwrap();
    assert_eq!(withdrawn.subject, ids[0].to_string());
    assert_eq!(withdrawn.detail["before"], serde_json::json!({"truth": "something", "by": "li"}));
}

pub(super) fn what_was_compared_keeps_to_its_areas_and_goes_in_time(store: &dyn Store) {
    let view = registered(store).id;
    store.note_shadowed(&shadowed(view, 0, 1, vec![disagreement(SeenBy::Own, 0.5, 0.1)]), 8).unwrap();
    store.note_shadowed(&shadowed(view, 3000, 1, vec![disagreement(SeenBy::Own, 0.5, 0.5)]), 8).unwrap();
    let seen_by = |areas: Areas| {
        let filter = ShadowFilter { areas, ..ShadowFilter::default() };
        (store.disagreements(&filter, SpotsFirst::Often, 10).unwrap().len(), store.comparisons(&filter).unwrap().len())
    };
    let area = |name: &str| Areas::Only(BTreeSet::from([name.parse().unwrap()]));
    assert_eq!((seen_by(area("人民广场街道")), seen_by(area("东城区"))), ((2, 1), (0, 0)));
    let of = |view, matter: &str| ShadowFilter { view, matter: matter.parse().ok(), ..ShadowFilter::default() };
    assert_eq!(store.disagreements(&of(Some(view), "stall"), SpotsFirst::Often, 1).unwrap().len(), 1);
    assert_eq!(store.disagreements(&of(Some(view), "garbage"), SpotsFirst::Often, 10).unwrap(), []);

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
