//! Stories of places, told as tables: what was seen in which second, and what must come of it.

use super::*;
use crate::analysis::fixtures::{matter, sighting};

const HERE: [f32; 4] = [0.4, 0.4, 0.6, 0.6];

/// What a look saw: the thing (looking in degrees), the same thing where it is lawful, or how its spot looked.
#[derive(Clone, Copy)]
enum Saw {
    Thing(f32),
    Lawful,
    Nothing(Spot),
}
use Saw::{Lawful, Nothing, Thing};

/// Nobody looks again.
fn passed(place: &Place, _: &Sighting) -> Answer {
    Answer::Passed { score: place.score, weights: None }
}

fn look(book: &mut PlaceBook, second: i64, saw: Saw) -> BookChanges {
    let matters = BTreeMap::from([(matter().key, matter())]);
    let (sightings, spot) = match saw {
        Thing(degrees) => (vec![sighting(second, HERE, degrees)], Spot::Clear),
        Lawful => (vec![Sighting { zone: None, ..sighting(second, HERE, 0.0) }], Spot::Clear),
        Nothing(spot) => (vec![], spot),
    };
    book.observe(&matters, WallTime::from_millis(second * 1000), &sightings, |_| spot, passed)
}

fn tell(story: &[(i64, Saw)]) -> (PlaceBook, Vec<(i64, &'static str)>) {
    let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
    let mut heard = Vec::new();
    for &(second, saw) in story {
        for change in look(&mut book, second, saw).incidents {
            let word = match change {
                IncidentChange::Opened { .. } => "opened",
                IncidentChange::Extended { .. } => continue,
                IncidentChange::Closed { cause: CloseCause::Cleared, .. } => "cleared",
                IncidentChange::Closed { cause: CloseCause::RuleChanged, .. } => "lawful",
                IncidentChange::Reopened { .. } => "reopened",
            };
            heard.push((second, word));
        }
    }
    (book, heard)
}

fn every(seconds: impl Iterator<Item = i64>, saw: Saw) -> Vec<(i64, Saw)> {
    seconds.map(|second| (second, saw)).collect()
}

#[test]
fn stories() {
    let stays = || every((0..=60).step_by(20), Thing(0.0));
    let clear = |from: i64| every((from..=from + 60).step_by(20), Nothing(Spot::Clear));
    type Story = (&'static str, Vec<(i64, Saw)>, Vec<(i64, &'static str)>);
    let stories: Vec<Story> = vec![
        ("stays for the dwell", stays(), vec![(60, "opened")]),
        (
            "passes by",
            vec![(0, Thing(0.0)), (20, Nothing(Spot::Clear)), (40, Nothing(Spot::Clear)), (60, Nothing(Spot::Clear))],
            vec![],
        ),
        (
            "seen too seldom",
            (0..=10).map(|i| (i * 20, if i % 3 == 0 { Thing(0.0) } else { Nothing(Spot::Clear) })).collect(),
            vec![],
        ),
        ("leaves", [stays(), clear(80)].concat(), vec![(60, "opened"), (140, "cleared")]),
        (
            "is hidden for an hour",
            [stays(), every((80..3_600).step_by(20), Nothing(Spot::Hidden)), vec![(3_620, Thing(0.0))]].concat(),
            vec![(60, "opened")],
        ),
        (
            "the model misses it for an hour",
            [stays(), every((80..3_600).step_by(20), Nothing(Spot::Unchanged))].concat(),
            vec![(60, "opened")],
        ),
        (
            "the light changes while it stays",
            (0..=9).map(|i| (i * 20, Thing(i as f32 * 15.0))).collect(),
            vec![(60, "opened")],
        ),
        (
            "comes back",
            [stays(), clear(80), every((200..=260).step_by(20), Thing(0.0))].concat(),
            vec![(60, "opened"), (140, "cleared"), (260, "reopened")],
        ),
        (
            "another one comes to the spot",
            [stays(), clear(80), every((200..=260).step_by(20), Thing(90.0))].concat(),
            vec![(60, "opened"), (140, "cleared"), (260, "opened")],
        ),
        (
            "comes back after the window",
            [stays(), clear(80), every((4_000..=4_060).step_by(20), Thing(0.0))].concat(),
            vec![(60, "opened"), (140, "cleared"), (4_060, "opened")],
        ),
        ("the hours end", [stays(), vec![(80, Lawful), (100, Lawful)]].concat(), vec![(60, "opened"), (80, "lawful")]),
        (
            "lawful hours in between restart the dwell",
            vec![
                (0, Thing(0.0)),
                (20, Thing(0.0)),
                (40, Lawful),
                (60, Thing(0.0)),
                (80, Thing(0.0)),
                (100, Thing(0.0)),
                (120, Thing(0.0)),
            ],
            vec![(120, "opened")],
        ),
        (
            "one clean look among many is not enough",
            [
                stays(),
                vec![(80, Nothing(Spot::Clear)), (100, Thing(0.0)), (120, Nothing(Spot::Clear)), (140, Thing(0.0))],
            ]
            .concat(),
            vec![(60, "opened")],
        ),
    ];
    for (name, story, expected) in stories {
        assert_eq!(tell(&story).1, expected, "{name}");
    }
}

#[test]
fn a_restart_between_any_two_looks_changes_nothing() {
    let story: Vec<(i64, Saw)> = [
        every((0..=60).step_by(20), Thing(0.0)),
        every((80..=140).step_by(20), Nothing(Spot::Clear)),
        every((200..=260).step_by(20), Thing(0.0)),
    ]
    .concat();
    let (told, heard) = tell(&story);
    let mut rows: BTreeMap<PlaceId, Place> = BTreeMap::new();
    let mut again = Vec::new();
    for &(second, saw) in &story {
        let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), rows.values().cloned().collect());
        let changes = look(&mut book, second, saw);
        rows.extend(changes.places.into_iter().map(|place| (place.id, place)));
        rows.retain(|id, _| !changes.forgotten.contains(id));
        again.extend(
            changes
                .incidents
                .iter()
                .filter(|c| !matches!(c, IncidentChange::Extended { .. }))
                .map(IncidentChange::incident),
        );
    }
    assert_eq!(again.len(), heard.len());
    assert_eq!(again.iter().collect::<std::collections::BTreeSet<_>>().len(), 1, "one place, one incident");
    assert_eq!(rows.into_values().collect::<Vec<_>>(), told.places().cloned().collect::<Vec<_>>());
}

#[test]
fn two_neighbours_keep_their_places() {
    let matters = BTreeMap::from([(matter().key, matter())]);
    let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
    for second in (0..=100).step_by(20) {
        let mut two = vec![sighting(second, [0.2, 0.4, 0.4, 0.6], 0.0), sighting(second, [0.38, 0.4, 0.58, 0.6], 0.0)];
        if second % 40 == 0 {
            two.reverse();
        }
        book.observe(&matters, WallTime::from_millis(second * 1000), &two, |_| Spot::Clear, passed);
    }
    assert_eq!(book.places().count(), 2);
    assert!(book.places().all(|place| place.looks_seen == 6 && place.incident().is_some()));
}

#[test]
fn a_part_of_what_is_reported_is_no_other_incident_where_things_are_gathered() {
    let whole = [0.2, 0.4, 0.6, 0.6];
    let apart = [0.55, 0.4, 0.8, 0.6];
    for (gather_max, part, incidents) in [(None, HERE, 2), (Some(0.25), HERE, 1), (Some(0.25), apart, 2)] {
        let mut matter = matter();
        matter.composition.gather_max = gather_max;
        let matters = BTreeMap::from([(matter.key.clone(), matter)]);
        let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
        for second in (0..=200).step_by(20) {
            let mut seen = vec![sighting(second, whole, 0.0)];
            seen.extend((second > 80).then(|| sighting(second, part, 0.0)));
            book.observe(&matters, WallTime::from_millis(second * 1000), &seen, |_| Spot::Clear, passed);
        }
        assert_eq!(
            book.places().filter(|place| place.incident().is_some()).count(),
            incidents,
            "{gather_max:?} {part:?}"
        );
    }
}

proptest::proptest! {
    /// Whatever is seen, an incident opens once, closes only when open and reopens only when closed.
    #[test]
    fn changes_alternate(saws in proptest::collection::vec(0_u8..5, 1..200)) {
        let story: Vec<(i64, Saw)> = saws.iter().enumerate().map(|(i, saw)| (i as i64 * 20, match saw {
            0 | 1 => Thing(0.0),
            2 => Nothing(Spot::Clear),
            3 => Nothing(Spot::Unchanged),
            _ => Lawful,
        })).collect();
        let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
        let mut open = BTreeMap::new();
        for (second, saw) in story {
            for change in look(&mut book, second, saw).incidents {
                let id = change.incident();
                match change {
                    IncidentChange::Opened { .. } => proptest::prop_assert!(open.insert(id, true).is_none()),
                    IncidentChange::Closed { .. } => proptest::prop_assert_eq!(open.insert(id, false), Some(true)),
                    IncidentChange::Reopened { .. } => proptest::prop_assert_eq!(open.insert(id, true), Some(false)),
                    IncidentChange::Extended { .. } => proptest::prop_assert_eq!(open.get(&id), Some(&true)),
                }
            }
        }
    }
}

/// Asks about the same thing every 20 s; `answers` are given one after the other, then everything passes.
fn asked_about(seconds: &[(i64, f32)], mut answers: Vec<Answer>) -> (PlaceBook, Vec<i64>, Vec<IncidentChange>) {
    let verify = crate::domain::Verify {
        model: "verifier".into(),
        classes: vec!["car".into()],
        accept_min: Score::new(0.5).unwrap(),
        again_after: Duration::from_secs(600),
        newness_min: None,
        newness: None,
        likeness: crate::domain::Likeness { min: 0.9, here_min: 0.9 },
    };
    let matters = BTreeMap::from([(matter().key, Matter { verify: Some(verify), ..matter() })]);
    let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![]);
    let (mut asked, mut changes) = (Vec::new(), Vec::new());
    answers.reverse();
    for &(second, degrees) in seconds {
        let second_look = |place: &Place, _: &Sighting| {
            asked.push(second);
            answers
                .pop()
                .unwrap_or_else(|| Answer::Passed { score: Score::new(0.66).unwrap(), weights: None })
                .looking(place)
        };
        let at = WallTime::from_millis(second * 1000);
        let seen = [sighting(second, HERE, degrees)];
        changes.extend(book.observe(&matters, at, &seen, |_| Spot::Clear, second_look).incidents);
        // What is recorded is read back.
        book = PlaceBook::new(ViewId::derived(&[b"view"]), book.places().cloned().collect());
    }
    (book, asked, changes)
}

impl Answer {
    fn looking(self, place: &Place) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(Refusal { looked: place.appearance.clone(), ..refusal }),
            other => other,
        }
    }
}

fn refused(second: i64) -> Answer {
    Answer::Refused(Refusal {
        at: WallTime::from_millis(second * 1000),
        why: crate::domain::RefusedWhy::Score,
        score: Score::new(0.2).unwrap(),
        looked: crate::domain::Appearance::new(vec![]),
    })
}

#[test]
fn a_verifier_is_asked_once_an_incident_and_its_score_stands() {
    let (book, asked, changes) = asked_about(&(0..30).map(|i| (i * 20, 0.0)).collect::<Vec<_>>(), vec![]);
    assert_eq!(asked, [60], "one run an incident, not one a look");
    let IncidentChange::Opened { incident } = &changes[0] else { panic!("{changes:?}") };
    assert_eq!(incident.score.value(), 0.66);
    let place = book.places().next().unwrap();
    assert_eq!((place.score.value(), changes.len()), (0.66, 27), "a proposal's score does not displace it");
}

#[test]
fn a_refused_place_is_asked_about_again_later_or_when_it_has_changed() {
    let stays: Vec<(i64, f32)> = (0..=36).map(|i| (i * 20, 0.0)).collect();
    let (book, asked, changes) = asked_about(&stays, vec![refused(60), refused(660)]);
    assert_eq!((asked, changes), (vec![60, 660], vec![]));
    assert_eq!(book.places().next().and_then(|place| place.refused.as_ref()).map(|r| r.at.millis()), Some(660_000));
    // From second 100 on something else stands there: the remembered looks follow by a fifth a look.
    let changed: Vec<(i64, f32)> = (0..=20).map(|i| (i * 20, if i < 5 { 0.0 } else { 60.0 })).collect();
    let (book, asked, changes) = asked_about(&changed, vec![refused(60)]);
    assert_eq!(asked.len(), 2);
    assert!(asked[1] < 300 && matches!(changes[0], IncidentChange::Opened { .. }), "{asked:?} {changes:?}");
    assert_eq!(book.places().next().unwrap().refused, None);
}

#[test]
fn where_nobody_could_look_the_next_look_asks_again() {
    let stays: Vec<(i64, f32)> = (0..=8).map(|i| (i * 20, 0.0)).collect();
    let (_, asked, changes) = asked_about(&stays, vec![Answer::Unasked, Answer::Unasked]);
    assert_eq!(asked, [60, 80, 100], "not reported, not lost");
    assert!(matches!(&changes[0], IncidentChange::Opened { incident } if incident.opened_at.millis() == 100_000));
}

#[test]
fn what_returns_is_asked_about_like_what_is_new() {
    let matters_clear: Vec<(i64, f32)> = (0..=3).map(|i| (i * 20, 0.0)).collect();
    let (book, _, _) = asked_about(&matters_clear, vec![]);
    let place = book.places().next().unwrap().clone();
    let Phase::Reported { incident } = place.phase else { panic!("{place:?}") };
    let cleared =
        Place { phase: Phase::Cleared { incident, at: WallTime::from_millis(100_000), returned: None }, ..place };
    let matters = BTreeMap::from([(matter().key, matter())]);
    let mut book = PlaceBook::new(ViewId::derived(&[b"view"]), vec![cleared]);
    let mut heard = Vec::new();
    for second in (200..=300).step_by(20) {
        let at = WallTime::from_millis(second * 1000);
        let changes =
            book.observe(&matters, at, &[sighting(second, HERE, 0.0)], |_| Spot::Clear, |_, _| refused(second));
        heard.extend(changes.incidents);
    }
    assert_eq!(heard, [], "refused, so not reopened");
}
