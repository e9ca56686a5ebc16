//! A platform that is away, slow, wrong or hostile loses no case, gets none twice and is not stormed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod service;
mod tls;

use std::{
    net::TcpListener,
    sync::Arc,
    time::{Duration, Instant},
};

use url::Url;
use xunjie::{
    clock::{Clock, SimulatedClock, SystemClock},
    deliver::{Media, sim::Behaviour},
    domain::{Areas, Case, CloseCause, DeliveryState, EvidenceKind, IncidentChange, WallTime},
    patrol::{Courier, CourierReport, Pace},
    store::{Page, Store},
};

use crate::{
    security::Server,
    simulator::{Platform, sink_to},
    world::World,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const SECOND: Duration = Duration::from_secs(1);
const PATIENT: Duration = Duration::from_secs(15);

/// A house whose clock is ours.
struct Simulated {
    world: World,
    clock: Arc<SimulatedClock>,
}

impl Simulated {
    fn new() -> Self {
        let clock = Arc::new(SimulatedClock::starting_at(SystemClock.now()));
        Self { world: World { clock: clock.clone(), ..World::new() }, clock }
    }

    fn wait(&self, time: Duration) {
        self.clock.advance_to(self.clock.now().plus(time));
    }

    /// The product's own pace.
    fn courier(&self, url: &Url) -> Courier {
        let pace = Pace {
            attempts_max: 30,
            backoff_base: Duration::from_secs(5),
            backoff_max: Duration::from_secs(1800),
            parallel_max: 4,
            poll: SECOND,
        };
        let sink = sink_to(url.clone(), &self.world, Media::Inline, PATIENT);
        Courier::new(self.world.store.clone(), sink, self.clock.clone(), pace)
    }

    /// A day of rounds, one a second. Returns how many messages were tried.
    fn day(&self, courier: &Courier) -> usize {
        let end = self.clock.now().plus(DAY);
        let mut tried = 0;
        while self.clock.now() < end {
            let report = courier.run_once(self.clock.now()).unwrap();
            assert_eq!((report.delivered, report.dead), (0, 0), "{report:?}");
            tried += report.tried();
            self.wait(SECOND);
        }
        tried
    }

    /// Rounds until nothing waits. Returns each round's report.
    fn drain(&self, courier: &Courier) -> Vec<CourierReport> {
        let mut rounds = Vec::new();
        while self.world.store.waiting_deliveries().unwrap() > 0 {
            let report = courier.run_once(self.clock.now()).unwrap();
            assert!(rounds.len() < 100_000, "the outbox does not empty");
            match report.tried() {
                0 => self.wait(SECOND),
                _ => rounds.push(report),
            }
        }
        rounds
    }

    /// Confirmed cases, each with a report and so many recurrences behind it.
    fn backlog(&self, cases: usize, recurrences: usize) -> Vec<Case> {
        let (world, now) = (&self.world, self.clock.now());
        let (mut rows, mut changes, mut incidents) = (Vec::new(), Vec::new(), Vec::new());
        let mut head = world.store.evidence_head().unwrap();
        for n in 0..cases {
            let incident = world.incident(&format!("car {n}"), now);
            let row = world.bundle(&incident, EvidenceKind::Opening, now, head.as_deref());
            head = Some(row.manifest_sha256.clone());
            rows.push(row);
            incidents.push(incident.id);
            changes.push(IncidentChange::Opened { incident });
        }
        world.record("all", now, changes, rows);
        let cases: Vec<Case> = incidents.iter().map(|incident| world.confirm(*incident)).collect();
        for again in 0..recurrences {
            self.wait(SECOND);
            let at = self.clock.now();
            let closed =
                incidents.iter().map(|&incident| IncidentChange::Closed { incident, at, cause: CloseCause::Cleared });
            let reopened = incidents.iter().map(|&incident| IncidentChange::Reopened { incident, since: at, at });
            world.record(&format!("again {again}"), at, closed.chain(reopened).collect(), Vec::new());
        }
        cases
    }
}

fn free_address() -> std::net::SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_thousand_deliveries_wait_out_a_day_and_drain_in_order_without_a_storm() {
    println!("{}", wait_out_a_day(250));
}

#[test]
#[ignore = "takes minutes: run it with --ignored, as the long tests do"]
fn ten_thousand_deliveries_wait_out_a_day_and_drain_in_order_without_a_storm() {
    println!("{}", wait_out_a_day(2_500));
}

/// The outage: nobody listens for a day. The backlog: cases with four messages each. The back: the real simulator,
/// which proves every piece of evidence and counts what it hears.
fn wait_out_a_day(cases: usize) -> String {
    let (house, messages) = (Simulated::new(), cases * 4);
    let cases = house.backlog(cases, 3);
    assert_eq!(house.world.store.waiting_deliveries().unwrap(), messages as u64);
    let address = free_address();
    let courier = house.courier(&Url::parse(&format!("http://{address}/")).unwrap());

    let tried = house.day(&courier);
    assert!(tried <= 2 * 24 * 60 + 10, "{tried} tries in a day are a storm");
    assert!(tried >= 24 * 60, "{tried} tries in a day would find the platform late");
    let pause = house.world.store.platform_pause().unwrap().unwrap();
    assert!(pause.why.contains("did not answer"), "{}", pause.why);
    let untouched = |page: &Page| house.world.store.deliveries(&Areas::All, Some("pending"), page).unwrap();
    let mut page = Page { after: None, limit: 500 };
    loop {
        let rows = untouched(&page);
        for delivery in rows.rows {
            let DeliveryState::Pending { attempts, .. } = delivery.state else { panic!("{delivery:?}") };
            assert_eq!(attempts, 0, "an outage costs no delivery its tries");
        }
        let Some(next) = rows.next else { break };
        page.after = Some(next);
    }

    let platform = Platform::start_by(house.clock.clone(), address, None, None);
    let (began, back_at) = (Instant::now(), house.clock.now());
    let rounds = house.drain(&courier);
    let took = began.elapsed().as_secs_f64();
    let first_probe = house.clock.now().since(back_at).as_secs();
    assert_eq!(house.world.store.platform_pause().unwrap(), None);
    let sizes: Vec<usize> = rounds.iter().map(CourierReport::tried).collect();
    assert_eq!(sizes[..4], [1, 2, 4, 4], "a slow start");
    assert!(sizes.iter().all(|&size| size <= 4), "never more than parallel_max");

    let held = platform.report();
    assert_eq!(held.cases.len(), cases.len());
    for case in &held.cases {
        let order: Vec<u32> = case.messages.iter().map(|message| message.ordinal).collect();
        assert_eq!(order, [0, 1, 2, 3], "in order per case");
        assert!(case.messages.iter().all(|message| message.times_heard == 1), "each once");
        assert!(case.messages[0].evidence.verified, "{:?}", case.messages[0].evidence);
    }
    format!(
        "recovered: platform down for 24 h: {took:.1} s ({messages} deliveries drained, {:.0} a second, 4 at once at \
         most; the platform was found {first_probe} s after it was back; {tried} tries in the outage)",
        messages as f64 / took
    )
}

/// The same day behind a proxy that answers for the platform: 503 to everything.
#[test]
fn a_day_of_503_gives_nothing_up() {
    let house = Simulated::new();
    let cases = house.backlog(10, 1);
    let platform = Platform::start_by(house.clock.clone(), free_address(), None, None);
    platform.behave(&Behaviour { refuse: u32::MAX, ..Behaviour::default() });
    let courier = house.courier(&platform.url);
    let tried = house.day(&courier);
    assert!(tried <= 2 * 24 * 60 + 10, "{tried} tries in a day are a storm");
    platform.behave(&Behaviour::default());
    let back_at = house.clock.now();
    house.drain(&courier);
    for case in &cases {
        assert_eq!(house.world.states(case), ["delivered", "delivered"]);
    }
    let held = platform.report();
    assert_eq!((held.cases.len(), held.turned_away as usize), (10, tried));
    println!(
        "recovered: platform answers 503 for 24 h: {} s (simulated, until all 20 deliveries were there; {tried} tries)",
        house.clock.now().since(back_at).as_secs()
    );
}

/// One message on which the platform chokes must not hold the others up.
#[test]
fn a_message_that_is_refused_for_good_lets_the_others_pass() {
    let house = Simulated::new();
    let cases = house.backlog(8, 0);
    let platform = Platform::start_by(house.clock.clone(), free_address(), None, None);
    platform.behave(&Behaviour { reject: 1, ..Behaviour::default() });
    let began = Instant::now();
    house.drain(&house.courier(&platform.url));
    let states: Vec<&str> = cases.iter().map(|case| house.world.states(case)[0]).collect();
    assert_eq!(states.iter().filter(|state| **state == "delivered").count(), 7, "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == "dead").count(), 1, "{states:?}");
    assert_eq!(house.world.store.platform_pause().unwrap(), None, "a 422 is about the message");
    println!(
        "recovered: platform refuses one message: {:.2} s (the 7 others were there)",
        began.elapsed().as_secs_f64()
    );
}

/// The platform breaks over one message, every time: it looks like an outage while nothing else is on its way, and is
/// none as soon as something is.
#[test]
fn a_message_over_which_the_platform_breaks_holds_nobody_up_for_long() {
    let house = Simulated::new();
    let cases = house.backlog(6, 0);
    let poison = house.world.parcel(&cases[0], 0).delivery.id.to_string();
    let platform = Server::start(move |head| {
        let (status, body) = match head.contains(&poison) {
            true => ("500 Internal Server Error", "{}"),
            false => ("201 Created", r#"{"platform_number":"2026-1","repeated":false}"#),
        };
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    });
    let courier = house.courier(&Url::parse(&format!("http://{}/", platform.address)).unwrap());
    let run = |seconds: u64| {
        for _ in 0..seconds {
            courier.run_once(house.clock.now()).unwrap();
            house.wait(SECOND);
        }
    };
    run(5);
    assert!(cases[1..].iter().all(|case| house.world.states(case) == ["delivered"]), "the others passed at once");
    run(3600);
    assert_eq!(house.world.states(&cases[0]), ["pending"], "alone, it may be an outage");
    assert!(house.world.store.platform_pause().unwrap().unwrap().why.contains("500"));

    let late = house.world.confirmed_case("a new one");
    let began = house.clock.now();
    while house.world.states(&late) != ["delivered"] {
        run(1);
        assert!(house.clock.now().since(began) < Duration::from_secs(150), "two probes at most");
    }
    let waited = house.clock.now().since(began).as_secs();
    // With others on their way its tries count, and come to an end.
    for n in 0..40 {
        house.world.confirmed_case(&format!("another {n}"));
        run(900);
        if house.world.states(&cases[0]) == ["dead"] {
            break;
        }
    }
    assert_eq!(house.world.states(&cases[0]), ["dead"]);
    println!("recovered: platform breaks over one message: {waited} s (simulated, until the next message passed)");
}

/// Every answer comes two seconds late: bounded parallelism, nothing twice.
#[test]
fn a_slow_platform_gets_each_message_once() {
    let house = Simulated::new();
    house.backlog(8, 0);
    let platform = Platform::start_by(house.clock.clone(), free_address(), None, None);
    platform.behave(&Behaviour { late_ms: 2_000, ..Behaviour::default() });
    let began = Instant::now();
    house.drain(&house.courier(&platform.url));
    let held = platform.report();
    assert_eq!(held.cases.len(), 8);
    assert!(held.cases.iter().flat_map(|case| &case.messages).all(|message| message.times_heard == 1));
    println!("recovered: platform answers 2 s late: {:.1} s (8 deliveries, 4 at once)", began.elapsed().as_secs_f64());
}

#[test]
fn a_restart_in_a_pause_probes_once_and_at_once() {
    let house = Simulated::new();
    house.backlog(6, 0);
    let address = free_address();
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let began: WallTime = house.clock.now();
    house.courier(&url).run_once(began).unwrap();
    assert!(house.world.store.platform_pause().unwrap().is_some());

    let platform = Platform::start_by(house.clock.clone(), address, None, None);
    let restarted = house.courier(&url);
    assert_eq!(restarted.run_once(house.clock.now()).unwrap().tried(), 1, "one probe, not four");
    assert_eq!(house.world.store.platform_pause().unwrap(), None);
    house.wait(SECOND * 60);
    house.drain(&restarted);
    assert_eq!(platform.report().cases.len(), 6);
    println!("recovered: restart while the platform was away: 0 s (simulated; the first probe found it back)");
}
