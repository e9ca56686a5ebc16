//! How much one caller may ask for: budgets of a session, a token or, while nobody is known, an address. What a budget
//! does not cover is refused at the door, before it costs anything; nothing waits here.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, MonotonicClock},
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::StateStore,
};

use crate::{
    config,
    store::accounts::SecretHash,
    telemetry::{Budget, Signal, emit},
};

/// Payers that one budget remembers.
const PAYERS_MAX: usize = 10_000;
/// Followers of the changes of one caller; a browser opens one a page.
const FOLLOWERS_MAX: usize = 24;

/// Operations that are answered with the bytes of a picture or a clip: a page asks for dozens at once.
const FILES: &[&str] = &["evidence_file", "exemplars_picture", "media_links_show", "shadow_picture", "views_reference"];
/// Operations that read very much, run a model or call a camera.
const HEAVY: &[&str] = &[
    "exemplars_mark",
    "exemplars_preview",
    "incidents_export",
    "looks_ask",
    "reconciliations_run",
    "reports_show",
    "statistics_export",
    "streams_import",
    "streams_probe",
    "streams_probe_known",
    "views_ask_reference",
    "views_what_if",
];

/// Which budget of a caller an operation is paid from.
pub(super) fn budget_of(operation: &str) -> Budget {
    match operation {
        id if FILES.contains(&id) => Budget::Files,
        id if HEAVY.contains(&id) => Budget::Heavy,
        _ => Budget::Calls,
    }
}

/// Who pays for a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Payer {
    /// A session or a token.
    Proof(SecretHash),
    /// Whoever sits there.
    Address(IpAddr),
}

impl Payer {
    /// An address; of IPv6 its network, because whoever has one address has a network of them.
    pub(super) fn at(address: IpAddr) -> Self {
        Self::Address(match address {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
            IpAddr::V4(_) => address,
        })
    }
}

type Limiter<C> = RateLimiter<Payer, Purses, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The budgets of all callers. `C` tells how much time went by.
pub(super) struct Limits<C: Clock = MonotonicClock> {
    budgets: BTreeMap<Budget, Limiter<C>>,
    known: Purses,
    following: Arc<Mutex<HashMap<String, usize>>>,
}

impl Limits {
    /// As the settings say.
    pub(super) fn of(limits: &config::Limits) -> Self {
        Self::under(limits, &MonotonicClock)
    }
}

impl<C: Clock + Clone> Limits<C> {
    fn under(limits: &config::Limits, clock: &C) -> Self {
        let config::Limits { calls, files, heavy, strangers } = *limits;
        let known = Purses::default();
        let of =
            |a_minute: NonZeroU32, purses: Purses| RateLimiter::new(Quota::per_minute(a_minute), purses, clock.clone());
        let budgets = BTreeMap::from([
            (Budget::Calls, of(calls, known.clone())),
            (Budget::Files, of(files, Purses::default())),
            (Budget::Heavy, of(heavy, Purses::default())),
            (Budget::Strangers, of(strangers, Purses::default())),
        ]);
        Self { budgets, known, following: Arc::default() }
    }

    /// Takes one request from a budget.
    ///
    /// # Errors
    /// How long the payer must wait until it covers one again.
    pub(super) fn take(&self, budget: Budget, payer: &Payer) -> Result<(), Duration> {
        let limiter = &self.budgets[&budget];
        limiter.check_key(payer).map_err(|until| {
            emit(Signal::RequestLimited { budget });
            until.wait_time_from(limiter.clock().now())
        })
    }

    /// Whether the payer has proved itself lately. One that has not is a stranger until it does, so that nobody gets a
    /// budget by inventing tokens.
    pub(super) fn knows(&self, payer: &Payer) -> bool {
        self.known.holds(payer)
    }

    /// One more follower of the changes; `None` when the caller has enough of them.
    pub(super) fn follow(&self, caller: &str) -> Option<Following> {
        let mut following = self.following.lock().unwrap_or_else(PoisonError::into_inner);
        let count = following.entry(caller.to_owned()).or_default();
        (*count < FOLLOWERS_MAX).then(|| {
            *count += 1;
            Following { caller: caller.to_owned(), all: self.following.clone() }
        })
    }
}

/// A follower, counted as long as it lives.
pub(super) struct Following {
    caller: String,
    all: Arc<Mutex<HashMap<String, usize>>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.caller);
            }
        }
    }
}

/// What each payer has used, as the moment at which its budget is full again. Cloning shares it. Bounded: where another
/// payer finds no room, the half that has used least is forgotten, which costs the least to be wrong about.
#[derive(Clone, Default)]
struct Purses(Arc<Mutex<HashMap<Payer, Nanos>>>);

impl Purses {
    fn holds(&self, payer: &Payer) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(payer)
    }
}

impl StateStore for Purses {
    type Key = Payer;

    fn measure_and_replace<T, F, E>(&self, payer: &Payer, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut purses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (outcome, full_at) = measure(purses.get(payer).copied())?;
        if purses.len() >= PAYERS_MAX && !purses.contains_key(payer) {
            make_room(&mut purses);
        }
        purses.insert(payer.clone(), full_at);
        Ok(outcome)
    }
}

fn make_room(purses: &mut HashMap<Payer, Nanos>) {
    let mut moments: Vec<Nanos> = purses.values().copied().collect();
    let half = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(half);
    let median = *median;
    purses.retain(|_, full_at| *full_at > median);
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::domain::Secret;

    fn limits(a_minute: u32) -> (Limits<FakeRelativeClock>, FakeRelativeClock) {
        let a_minute = NonZeroU32::new(a_minute).unwrap();
        let limits = config::Limits { calls: a_minute, files: a_minute, heavy: a_minute, strangers: a_minute };
        let clock = FakeRelativeClock::default();
        (Limits::under(&limits, &clock), clock)
    }
    fn payer(n: u32) -> Payer {
        Payer::Proof(SecretHash::of(&Secret::new(n.to_string())))
    }

    #[test]
    fn a_budget_ends_is_named_and_fills_up_again() {
        let (limits, clock) = limits(60);
        for _ in 0..60 {
            limits.take(Budget::Calls, &payer(1)).unwrap();
        }
        assert_eq!(limits.take(Budget::Calls, &payer(1)), Err(Duration::from_secs(1)));
        assert_eq!(limits.take(Budget::Calls, &payer(2)), Ok(()), "another's budget is another one");
        assert_eq!(limits.take(Budget::Files, &payer(1)), Ok(()), "and so is that for files");
        clock.advance(Duration::from_secs(2));
        assert_eq!(
            [(); 3].map(|()| limits.take(Budget::Calls, &payer(1)).is_ok()),
            [true, true, false],
            "two seconds give two"
        );
        assert!(limits.knows(&payer(1)) && !limits.knows(&payer(3)));
    }

    #[test]
    fn payers_are_bounded_and_who_used_most_is_remembered() {
        let (limits, clock) = limits(2);
        let of = |n: u32| limits.take(Budget::Calls, &Payer::at(std::net::Ipv4Addr::from_bits(n).into()));
        (0..2).for_each(|_| of(0).unwrap());
        clock.advance(Duration::from_secs(1));
        for n in 1..u32::try_from(PAYERS_MAX).unwrap() * 3 {
            of(n).unwrap();
            let held = limits.known.0.lock().unwrap().len();
            assert!(held <= PAYERS_MAX, "{held} after {n}");
        }
        assert!(of(0).is_err(), "crowding in forgives nobody");
    }

    #[test]
    fn followers_of_one_caller_are_bounded_and_leave_nothing() {
        let (limits, _) = limits(1);
        let all: Vec<_> = (0..FOLLOWERS_MAX).map(|_| limits.follow("li").unwrap()).collect();
        assert!(limits.follow("li").is_none() && limits.follow("zhang").is_some());
        drop(all);
        assert!(limits.following.lock().unwrap().is_empty() && limits.follow("li").is_some());
    }

    #[test]
    fn a_network_of_ipv6_is_one_payer() {
        let [one, other, far] = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|a| a.parse().unwrap());
        assert_eq!(Payer::at(one), Payer::at(other));
        assert_ne!(Payer::at(one), Payer::at(far));
    }

    #[test]
    fn every_name_is_an_operation() {
        let document = serde_json::to_string(&crate::web::openapi()).unwrap();
        for id in FILES.iter().chain(HEAVY) {
            assert!(document.contains(&format!("\"operationId\":\"{id}\"")), "{id}");
        }
    }
}
