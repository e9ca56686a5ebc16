//! The plan under a simulated clock: due times kept, load spread, nobody starved.

use super::*;
use crate::{
    analysis::fixtures::matter,
    domain::{SourceUrl, Stream, Transport, View},
};

const BUDGET: Budget = Budget {
    looks_max: 4,
    continuous_max: 2,
    sessions_max: 6,
    decode_cores_max: 1.0,
    look_time_max: Duration::from_secs(10),
};

fn registry(views: usize, matters: &[&str]) -> Registry {
    let stream = |i: usize| StreamId::derived(&[b"stream", &i.to_be_bytes()]);
    Registry {
        revision: 1,
        streams: (0..views)
            .map(|i| Stream {
                id: stream(i),
                code: format!("{i}"),
                name: format!("camera {i}"),
                source: SourceUrl::parse("rtsp://127.0.0.1/cam").unwrap(),
                transport: Transport::Auto,
                location: None,
                area: None,
                enabled: true,
                registered_at: WallTime::from_millis(0),
            })
            .collect(),
        views: (0..views)
            .map(|i| View {
                id: ViewId::derived(&[b"view", &i.to_be_bytes()]),
                stream: stream(i),
                name: format!("view {i}"),
                matters: matters.iter().map(|m| m.parse().unwrap()).collect(),
                revisit_s: None,
                weight: 1.0,
                reference: None,
            })
            .collect(),
        zones: vec![],
    }
}

fn matters() -> BTreeMap<MatterKey, Matter> {
    let watched = Matter { key: "trucks".parse().unwrap(), decode: DecodeMode::Rate { fps: 5.0 }, ..matter() };
    [matter(), watched].into_iter().map(|m| (m.key.clone(), m)).collect()
}

/// Runs the plan for `seconds`; each look takes `took_ms`. Returns by view the times at which looks began.
fn run(planner: &mut Planner, seconds: i64, took_ms: i64) -> BTreeMap<ViewId, Vec<(WallTime, WallTime)>> {
    let mut begun: BTreeMap<ViewId, Vec<(WallTime, WallTime)>> = BTreeMap::new();
    let mut under_way: Vec<(WallTime, Look)> = Vec::new();
    for tick in 0..seconds * 10 {
        let now = WallTime::from_millis(tick * 100);
        let (ended, rest): (Vec<_>, Vec<_>) = under_way.into_iter().partition(|(end, _)| *end <= now);
        under_way = rest;
        ended.iter().for_each(|(_, look)| planner.finished(look, now));
        while let Some(look) = planner.next(now) {
            begun.entry(look.view).or_default().push((look.due, now));
            under_way.push((now.plus(Duration::from_millis(took_ms.unsigned_abs())), look));
        }
    }
    begun
}

#[test]
fn every_view_is_visited_at_its_target_and_the_load_is_spread() {
    let mut planner = Planner::new(BUDGET, 1);
    planner.sync(&registry(20, &["parking"]), &matters(), WallTime::from_millis(0));
    let begun = run(&mut planner, 400, 200);
    assert_eq!(begun.len(), 20);
    for looks in begun.values() {
        assert!((19..=22).contains(&looks.len()), "400 s at one look per 20 s: {}", looks.len());
        assert!(looks.iter().all(|(due, at)| at.since(*due) < Duration::from_secs(1)));
    }
    let firsts: BTreeSet<_> = begun.values().map(|looks| looks[0].1).collect();
    assert!(firsts.len() > 10, "first looks begin at different moments: {firsts:?}");
    assert_eq!(planner.status(WallTime::from_millis(0)).skipped, 0);
}

#[test]
fn overload_stretches_everybody_and_starves_nobody() {
    let mut planner = Planner::new(BUDGET, 1);
    let mut registry = registry(40, &["parking"]);
    registry.views[0].weight = 10.0;
    planner.sync(&registry, &matters(), WallTime::from_millis(0));
    // 40 views a 20 s need 2 looks a second; 4 at a time that take 8 s each give half a look a second.
    let begun = run(&mut planner, 2_000, 8_000);
    let counts: Vec<usize> = registry.views.iter().map(|view| begun[&view.id].len()).collect();
    let status = planner.status(WallTime::from_millis(2_000_000));
    assert!(status.stretch > 2.0 && status.policy() == crate::domain::Policy::Stretched, "{status:?}");
    assert!(status.waiting > 10 && status.late_max_ms > 10_000 && status.late_view.is_some(), "{status:?}");
    let (least, most) = (counts[1..].iter().min().unwrap(), counts[1..].iter().max().unwrap());
    assert!(*least >= 15 && most - least <= 6, "{counts:?}");
    assert!(counts[0] > *most, "the heavier view is visited more often: {counts:?}");
}

#[test]
fn a_stream_is_never_looked_at_twice_at_once_and_rechecks_go_first() {
    let mut planner = Planner::new(BUDGET, 1);
    let mut registry = registry(2, &["parking"]);
    registry.views[1].stream = registry.views[0].stream;
    let now = WallTime::from_millis(100_000);
    planner.sync(&registry, &matters(), WallTime::from_millis(0));
    let case = CaseId::derived(&[b"case"]);
    planner.recheck(&[(case, registry.views[1].id, now)], now);
    let first = planner.next(now).unwrap();
    assert_eq!(first.purpose, Purpose::Recheck { case });
    assert_eq!(planner.next(now), None, "the other preset of the same camera waits");
    planner.finished(&first, now);
    assert_eq!(planner.next(now).map(|look| look.purpose), Some(Purpose::Patrol));
    planner.recheck(&[(case, registry.views[1].id, now)], now.plus(Duration::from_secs(31)));
    assert!(
        planner.asked.iter().any(|(_, purpose, _)| *purpose == Purpose::Recheck { case }),
        "asked again until it is settled"
    );
}

#[test]
fn matters_that_pass_by_get_one_look_without_an_end_and_what_finds_no_room_is_refused_by_name() {
    let mut planner = Planner::new(BUDGET, 1);
    let mut registry = registry(3, &["parking", "trucks"]);
    registry.views[2].weight = 2.0;
    planner.sync(&registry, &matters(), WallTime::from_millis(0));
    let now = WallTime::from_millis(100_000);
    let looks: Vec<Look> = std::iter::from_fn(|| planner.next(now)).collect();
    let continuous: Vec<&Look> = looks.iter().filter(|look| look.purpose == Purpose::Continuous).collect();
    assert_eq!(continuous.len(), BUDGET.continuous_max);
    assert_eq!(continuous[0].view, registry.views[2].id, "the heaviest view is watched first");
    assert!(continuous.iter().all(|look| look.frames_max.is_none() && look.decode == DecodeMode::Rate { fps: 5.0 }));
    assert!(continuous.iter().all(|look| look.matters.len() == 2), "it judges the standing matters too");
    let patrolled: Vec<&Look> = looks.iter().filter(|look| look.purpose == Purpose::Patrol).collect();
    assert_eq!(patrolled.len(), 1, "the third view is beyond the budget");
    assert_eq!(patrolled[0].matters.len(), 2, "what passes by is looked for at key frames at least");
    let refused = planner.status(now).refused;
    let named = Refused { view: patrolled[0].view, limit: HardLimit::ContinuousMax, max: BUDGET.continuous_max };
    assert_eq!(refused, [named]);
    assert_eq!(planner.status(now).waiting, 0, "a watched view waits for no patrol look");
    planner.ask(continuous[1].view, Purpose::Snapshot, now);
    assert_eq!(planner.yielding(), [continuous[1].id]);
    planner.finished(continuous[1], now);
    assert_eq!(planner.next(now).map(|look| look.purpose), Some(Purpose::Snapshot), "what was asked for goes first");
    let ended = continuous[0].clone();
    planner.finished(&ended, now);
    assert_eq!(
        planner.next(now.plus(Duration::from_secs(1))).map(|look| look.view),
        Some(ended.view),
        "it begins again"
    );
    registry.views[2].matters = vec!["parking".parse().unwrap()];
    planner.sync(&registry, &matters(), now);
    assert!(planner.yielding().iter().any(|id| *id != continuous[1].id), "a watch that nobody asks for ends");
}

#[test]
fn a_look_without_a_session_is_refused_by_name_and_comes_again_soon() {
    let mut planner = Planner::new(BUDGET, 1);
    planner.sync(&registry(1, &["parking"]), &matters(), WallTime::from_millis(0));
    let now = WallTime::from_millis(1_000);
    let look = planner.next(now).unwrap();
    planner.crowded_out(&look, now);
    let named = Refused { view: look.view, limit: HardLimit::OpenSessionsMax, max: BUDGET.sessions_max };
    assert_eq!(planner.status(now).refused, [named]);
    assert_eq!(planner.next(now), None);
    let again = planner.next(now.plus(Duration::from_secs(2))).expect("it is tried again before its revisit is over");
    planner.finished(&again, now.plus(Duration::from_secs(3)));
    assert_eq!(planner.status(now).refused, []);
}

#[test]
fn a_view_without_a_frame_is_tried_again_soon_and_a_dead_one_at_its_own_pace() {
    let mut planner = Planner::new(BUDGET, 1);
    let mut registry = registry(1, &["parking"]);
    registry.views[0].revisit_s = Some(300);
    planner.sync(&registry, &matters(), WallTime::from_millis(0));
    let mut now = WallTime::from_millis(0);
    let mut waits = Vec::new();
    for is_lost in [true, true, true, true, true, true, false, true] {
        let look = planner.next(now).expect("it is due");
        planner.finished(&look, now);
        planner.saw(look.view, is_lost, now);
        let due = planner.next_due().unwrap();
        waits.push(due.since(now).as_secs());
        now = due;
    }
    assert_eq!(waits[..5], [15, 30, 60, 120, 240]);
    assert!(waits[5..7].iter().all(|wait| (285..=315).contains(wait)), "{waits:?}");
    assert_eq!(waits[7], 15, "it was well in between");
}

/// A restart costs no burst: what was seen lately keeps its rhythm, the rest is spread over less than one revisit.
#[test]
fn first_looks_begin_at_once_and_all_views_are_seen_within_one_revisit() {
    let mut planner = Planner::new(Budget { looks_max: 1_000, ..BUDGET }, 1);
    let mut registry = registry(100, &["parking"]);
    registry.views.iter_mut().for_each(|view| view.revisit_s = Some(60));
    let start = WallTime::from_millis(1_000_000);
    let seen = |i: usize| (registry.views[i].id, start.minus(Duration::from_secs(if i < 10 { 30 } else { 600 })));
    planner.remember((0..20).map(seen).collect());
    planner.sync(&registry, &matters(), start);
    let due: Vec<Duration> = registry.views.iter().map(|view| planner.views[&view.id].due.since(start)).collect();
    assert!(due[..10].iter().all(|due| *due == Duration::from_secs(30)), "what was seen lately keeps its rhythm");
    let mut fresh = due[10..].to_vec();
    fresh.sort_unstable();
    assert!(fresh[0].is_zero() && fresh[89] < Duration::from_secs(54), "{fresh:?}");
    assert!(fresh.windows(5).all(|five| five[4] - five[0] >= Duration::from_millis(900)), "no burst: {fresh:?}");
    assert!(due[10..20].iter().min() > due[20..].iter().max(), "never seen comes before long unseen");
    let first = planner.next(start).expect("the first look begins at once");
    assert!(registry.views[20..].iter().any(|view| view.id == first.view));
    // Cameras that are registered one after the other queue up behind each other.
    let mut planner = Planner::new(BUDGET, 1);
    for count in 1..=100 {
        let mut some = registry.clone();
        some.views.truncate(count);
        planner.sync(&some, &matters(), start);
    }
    let late = planner.views.values().filter(|planned| planned.due.since(start) < Duration::from_secs(5)).count();
    assert!(late <= 21, "{late} of 100 first looks within 5 s");
}

/// Each look decodes for a second on half a core: what is over the budget waits, re-checks do not, nobody starves.
#[test]
fn decoder_time_is_a_budget() {
    let budget = Budget { decode_cores_max: 0.5, looks_max: 100, ..BUDGET };
    let mut planner = Planner::new(budget, 1);
    let registry = registry(20, &["parking"]); // one look a second if it could
    planner.sync(&registry, &matters(), WallTime::from_millis(0));
    let (mut total, mut begun, mut overdrawn) = (Duration::ZERO, BTreeMap::<ViewId, u32>::new(), 0);
    for second in 0..1_000 {
        let now = WallTime::from_millis(second * 1000);
        planner.decoded(total, now);
        while let Some(look) = planner.next(now) {
            *begun.entry(look.view).or_default() += 1;
            total += Duration::from_secs(1);
            planner.decoded(total, now);
            planner.finished(&look, now);
        }
        if planner.relief.is_overdrawn() && overdrawn == 0 {
            overdrawn += 1;
            let case = CaseId::derived(&[b"case"]);
            planner.ask(registry.views[0].id, Purpose::Recheck { case }, now);
            let asked = planner.next(now).expect("a re-check goes on");
            assert_eq!(asked.purpose, Purpose::Recheck { case });
            planner.finished(&asked, now);
        }
    }
    assert_eq!(overdrawn, 1, "the budget was spent at some time");
    let looks: u32 = begun.values().sum();
    assert!((450..=560).contains(&looks), "half a core for 1000 s is about 500 such looks: {looks}");
    assert!(begun.len() == 20 && begun.values().all(|looks| *looks >= 10), "{begun:?}");
}

#[test]
fn a_changed_registry_keeps_due_times_and_drops_what_is_gone() {
    let mut planner = Planner::new(BUDGET, 1);
    let all = registry(3, &["parking"]);
    planner.sync(&all, &matters(), WallTime::from_millis(0));
    let due = |planner: &Planner| -> BTreeMap<ViewId, WallTime> {
        planner.views.iter().map(|(id, planned)| (*id, planned.due)).collect()
    };
    let before = due(&planner);
    planner.sync(&all, &matters(), WallTime::from_millis(500));
    assert_eq!(due(&planner), before);
    let mut fewer = all;
    fewer.streams[0].enabled = false;
    planner.sync(&fewer, &matters(), WallTime::from_millis(600));
    assert_eq!(planner.status(WallTime::from_millis(0)).views, 2);
}
