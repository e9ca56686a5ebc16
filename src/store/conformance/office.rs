//! Clauses about what desks ask: facts for statistics, the platform's words, reconciliations, sheets of streams.

use super::*;
use crate::{
    domain::*,
    store::{
        CoverageCount, Differences, IncidentFilter, MissingThere, Page, PlatformCounts, Reconciliation, StageDiffers,
        Store, StoreError, StreamEntry, TimeSpan,
    },
};

fn ever() -> TimeSpan {
    TimeSpan { from: at(-1_000_000), until: at(1_000_000) }
}

/// Facts as they come, owned.
type Told =
    (WallTime, ViewId, String, Option<String>, Option<(Decision, WallTime)>, u32, Option<WallTime>, Option<WallTime>);

fn facts(store: &dyn Store, span: TimeSpan, matter: Option<&MatterKey>) -> Vec<Told> {
    let mut told = Vec::new();
    store
        .incident_facts(span, matter, &mut |f| {
            let area = f.area.map(str::to_owned);
            told.push((
                f.opened_at,
                f.view,
                f.matter.to_owned(),
                area,
                f.decided,
                f.recurrences,
                f.limit_due_at,
                f.handled_at,
            ));
        })
        .unwrap();
    told
}

/// The same from the incident and its case.
fn plainly(store: &dyn Store, incident: &Incident) -> Told {
    let incident = store.incident(incident.id).unwrap();
    let case = store.case_of(incident.id).unwrap();
    let decided = match &incident.review {
        Review::Waiting => None,
        Review::Confirmed { at, .. } => Some((Decision::Confirmed, *at)),
        Review::Rejected { at, reason, .. } => Some((Decision::Rejected(*reason), *at)),
        Review::Duplicate { at, .. } => Some((Decision::Duplicate, *at)),
    };
    let handled = |case: &Case| {
        let heard = store.callbacks_of(case.id).unwrap();
        let said = |stage: Stage| heard.iter().filter(move |(callback, _)| callback.stage == stage);
        let moment = |(callback, heard): &(Callback, WallTime)| callback.at.min(*heard).max(case.opened_at);
        said(Stage::Handled).map(moment).next_back().or_else(|| said(Stage::Closed).map(moment).next())
    };
    let due = case.as_ref().filter(|case| !matches!(case.stage, Stage::Rejected | Stage::Cancelled));
    let due = due.and_then(|case| case.limit.as_ref()).map(|limit| limit.due_at);
    let area = store.area_of(incident.id).unwrap().map(String::from);
    let handled = case.as_ref().and_then(handled);
    (incident.opened_at, incident.view, incident.matter.to_string(), area, decided, incident.recurrences, due, handled)
}

pub(super) fn facts_are_those_of_incidents_and_cases(store: &dyn Store) {
    let view = registered(store);
    let incidents: Vec<Incident> = (0..8).map(|n| opened(store, &view, &format!("p{n}"), 10 + n)).collect();
    let stages = [
        vec![],
        vec![Stage::Handled],
        vec![Stage::Accepted, Stage::Closed],
        vec![Stage::Rejected],
        vec![Stage::Handled, Stage::Closed],
    ];
    for (n, stages) in stages.iter().enumerate() {
        let case = confirmed(store, incidents[n].id);
        for (i, stage) in stages.iter().enumerate() {
            let callback = Callback { at: at(90 + i as i64), ..callback(&format!("cb{n}-{i}"), case.id, *stage) };
            store.apply_callback(&callback, at(80 + 20 * i as i64)).unwrap();
        }
    }
    let rejected = Verdict::Rejected { reason: RejectReason::WrongZone };
    store.decide(&verdict(incidents[5].id, rejected, "王敏"), &open_case).unwrap();
    store.decide(&verdict(incidents[6].id, Verdict::Duplicate { of: incidents[0].id }, "王敏"), &open_case).unwrap();
    let told = facts(store, ever(), None);
    assert_eq!(told, incidents.iter().map(|incident| plainly(store, incident)).collect::<Vec<_>>(), "oldest first");
    assert_eq!(told[1].7, Some(at(80)), "not later than it was heard");
    assert_eq!(told[3].6, None, "sent back by the platform: no limit runs");

    let some = TimeSpan { from: at(11), until: at(13) };
    assert_eq!(facts(store, some, None), told[1..3]);
    assert_eq!(facts(store, ever(), Some(&matter("parked_vehicle"))), []);
    let filter = IncidentFilter { review: Some("confirmed".into()), ..IncidentFilter::default() };
    let found = store.incidents_found(ever(), &filter, None, 3).unwrap();
    let ids: Vec<_> = found.iter().map(|(incident, _)| incident.id).collect();
    assert_eq!(ids, [incidents[4].id, incidents[3].id, incidents[2].id], "newest first");
    assert_eq!(found[0].1.as_ref().unwrap().stage, Stage::Closed);
    let nobody =
        IncidentFilter { areas: Some("西城区".parse::<Area>().unwrap()).into(), ..IncidentFilter::default() };
    assert_eq!(store.incidents_found(ever(), &nobody, None, 10).unwrap(), []);
    let count = |filter| store.incidents_counted(ever(), filter).unwrap();
    assert_eq!((count(&filter), count(&nobody)), (5, 0));
}

pub(super) fn pages_of_what_was_found_hold_each_once(store: &dyn Store) {
    let view = registered(store);
    let opened: Vec<Incident> = (0..7).map(|n| opened(store, &view, &format!("p{n}"), 10 + n)).collect();
    let everything = IncidentFilter::default();
    let mut expected: Vec<_> = opened.iter().map(|incident| (incident.opened_at, incident.id)).collect();
    expected.sort_by(|a, b| b.cmp(a));
    for limit in [1, 2, 3, 7, 8] {
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let page = store.incidents_found(ever(), &everything, after, limit).unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some((last.opened_at, last.id));
            told.extend(page.iter().map(|(incident, _)| (incident.opened_at, incident.id)));
        }
        assert_eq!(told, expected, "pages of {limit}");
    }
}

pub(super) fn what_the_platform_said_is_kept_in_order(store: &dyn Store) {
    let view = registered(store);
    assert_eq!(store.platform_counts(at(0)).unwrap(), PlatformCounts::default());
    let case = confirmed(store, opened(store, &view, "a", 10).id);
    let delivery = store.deliveries_of(case.id).unwrap().remove(0);
    assert_eq!(store.cases_opened(ever()).unwrap(), [(store.case(case.id).unwrap(), true)], "its report is on the way");
    store.set_delivery(delivery.id, &delivered(Some("7")), at(70)).unwrap();
    let note = |text: &str| Callback { note: text.into(), ..callback(text, case.id, Stage::Accepted) };
    store.apply_callback(&note("first"), at(91)).unwrap();
    store.apply_callback(&note("second"), at(92)).unwrap();
    store.apply_callback(&note("first"), at(93)).unwrap();
    let heard = store.callbacks_of(case.id).unwrap();
    assert_eq!(heard, [(note("first"), at(91)), (note("second"), at(92))]);
    assert_eq!(store.cases_opened(ever()).unwrap(), [(store.case(case.id).unwrap(), false)]);
    assert_eq!(store.cases_opened(TimeSpan { from: at(61), until: at(100) }).unwrap(), []);
    let counts = PlatformCounts {
        delivered_since: 1,
        last_delivered_at: Some(at(70)),
        last_callback_at: Some(at(92)),
        callbacks: 2,
        ..PlatformCounts::default()
    };
    assert_eq!(store.platform_counts(at(70)).unwrap(), counts);
    assert_eq!(store.platform_counts(at(71)).unwrap(), PlatformCounts { delivered_since: 0, ..counts });
}

pub(super) fn coverage_is_summed_by_day(store: &dyn Store) {
    let day = |text: &str| text.parse().unwrap();
    let count = |views, covered| CoverageCount { views, covered };
    for (at, views, covered) in [("2026-10-31", 9, 9), ("2026-11-01", 4, 1), ("2026-11-01", 4, 4), ("2026-11-30", 2, 0)]
    {
        store.add_coverage(day(at), count(views, covered)).unwrap();
    }
    assert_eq!(store.coverage_counted(day("2026-11-01"), day("2026-12-01")).unwrap(), count(10, 5), "until is out");
    assert_eq!(store.coverage_counted(day("2026-10-01"), day("2026-11-01")).unwrap(), count(9, 9));
    assert_eq!(store.coverage_counted(day("2026-12-01"), day("2027-01-01")).unwrap(), count(0, 0));
}

pub(super) fn a_day_is_reconciled_once(store: &dyn Store) {
    let case = CaseId::derived(&[b"case"]);
    let differences = Differences {
        missing_there: vec![MissingThere { case, matter_name: "占道".into(), opened_at: at(3) }],
        unknown_here: vec!["X-1".into()],
        stage_differs: vec![StageDiffers { case, ours: Stage::Filed, theirs: "accepted".into() }],
    };
    let of = |day: &str, theirs: Option<u64>| Reconciliation {
        day: day.parse().unwrap(),
        ran_at: at(5),
        error: theirs.is_none().then(|| "nobody answers".into()),
        ours: 2,
        on_the_way: 1,
        theirs,
        differences: if theirs.is_some() { differences.clone() } else { Differences::default() },
    };
    for (day, theirs) in [("2026-11-21", Some(2)), ("2026-11-23", None), ("2026-11-22", Some(0))] {
        store.put_reconciliation(&of(day, theirs), "system").unwrap();
    }
    store.put_reconciliation(&of("2026-11-23", Some(3)), "王敏").unwrap();
    let expected = [of("2026-11-23", Some(3)), of("2026-11-22", Some(0)), of("2026-11-21", Some(2))];
    let page = store.reconciliations(&first(2)).unwrap();
    assert_eq!(page.rows, expected[..2]);
    let rest = store.reconciliations(&Page { after: page.next, limit: 2 }).unwrap();
    assert_eq!((rest.rows.as_slice(), rest.next), (&expected[2..], None));
    assert_eq!(store.reconciliation("2026-11-22".parse().unwrap()).unwrap().as_ref(), Some(&expected[1]));
    assert_eq!(store.reconciliation("2026-11-20".parse().unwrap()).unwrap(), None);
    assert!(matches!(store.reconciliations(&Page { after: Some("x".into()), limit: 2 }), Err(StoreError::Conflict(_))));
    assert_eq!(actions(store, &"2026-11-23"), ["platform.reconciled", "platform.reconciled"]);
}

pub(super) fn many_streams_come_all_or_none(store: &dyn Store) {
    let view_of_one = registered(store);
    let entry = |code: &str| {
        let stream = stream(code);
        let view = Some(view(&stream, "默认画面"));
        let credential = Some(Credential { username: "viewer".into(), password: Secret::new("s") });
        StreamEntry { stream, credential, view }
    };
    let taken =
        StreamEntry { stream: Stream { id: StreamId::fresh(), ..stream("31010100001320000001") }, ..entry("x") };
    let refused = store.import_streams(&[entry("a"), StreamEntry { view: None, ..taken }], at(1), "王敏");
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(store.registry().unwrap().streams.len(), 1, "none came");
    let renamed = Stream { name: "新名".into(), ..stream("31010100001320000001") };
    let change = StreamEntry { stream: renamed.clone(), credential: None, view: None };
    store.import_streams(&[entry("a"), entry("b"), change], at(2), "王敏").unwrap();
    let registry = store.registry().unwrap();
    assert_eq!((registry.streams.len(), registry.views.len()), (3, 3));
    assert!(registry.streams.contains(&renamed) && registry.views.contains(&view_of_one));
    assert!(store.credential(stream("a").id).unwrap().is_some());
}
