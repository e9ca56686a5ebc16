//! Counts refused logins, for each name and each address, and refuses to look at further ones for a while that grows.
//! Unknown names are counted as known ones are. In memory and bounded; a restart forgets.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Refusals that cost nothing: for a name, for an address behind which an office may sit.
const FREE_OF_NAME: u32 = 5;
const FREE_OF_ADDRESS: u32 = 30;
/// The first wait; each further refusal doubles it.
const WAIT_FIRST: Duration = Duration::from_secs(30);
const WAIT_MAX: Duration = Duration::from_secs(15 * 60);
/// Refusals are forgotten when none came for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// Names and addresses that are counted at once; when full, the one heard of least lately makes room.
const COUNTED_MAX: usize = 10_000;
/// Longer names are no names; their first characters count.
const NAME_CHARS: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Who {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    refusals: u32,
    latest: Instant,
    locked_until: Instant,
}

/// Refused logins.
#[derive(Default)]
pub(super) struct Lockout(Mutex<HashMap<Who, Count>>);

impl Lockout {
    /// How long neither name nor address may try; `None` when they may.
    pub(super) fn wait(&self, name: &str, address: IpAddr, now: Instant) -> Option<Duration> {
        let counts = self.lock();
        let waits = both(name, address).into_iter().filter_map(|who| counts.get(&who));
        waits.map(|count| count.locked_until.saturating_duration_since(now)).max().filter(|wait| !wait.is_zero())
    }

    /// Counts a refusal.
    pub(super) fn refused(&self, name: &str, address: IpAddr, now: Instant) {
        let mut counts = self.lock();
        for who in both(name, address) {
            if counts.len() >= COUNTED_MAX && !counts.contains_key(&who) {
                let oldest = counts.iter().min_by_key(|(_, count)| count.latest).map(|(who, _)| who.clone());
                oldest.and_then(|who| counts.remove(&who));
            }
            let free = if matches!(who, Who::Name(_)) { FREE_OF_NAME } else { FREE_OF_ADDRESS };
            let count = counts.entry(who).or_insert(Count { refusals: 0, latest: now, locked_until: now });
            if now.saturating_duration_since(count.latest) >= FORGOTTEN_AFTER {
                count.refusals = 0;
            }
            count.refusals = count.refusals.saturating_add(1);
            count.latest = now;
            if let Some(over) = count.refusals.checked_sub(free) {
                count.locked_until = now + (WAIT_FIRST * 2_u32.pow(over.min(8))).min(WAIT_MAX);
            }
        }
    }

    /// Somebody came in: the name's refusals were theirs. The address's stay, or one account would open it to all.
    pub(super) fn entered(&self, name: &str) {
        self.lock().remove(&Who::Name(cut(name)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Who, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn both(name: &str, address: IpAddr) -> [Who; 2] {
    // Whoever has one IPv6 address has a network of them.
    let address = match address {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    };
    [Who::Name(cut(name)), Who::Address(address)]
}

fn cut(name: &str) -> String {
    name.trim().chars().take(NAME_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn the_wait_of_a_name_grows_and_ends() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        for _ in 0..FREE_OF_NAME - 1 {
            lockout.refused("张三", HERE, now);
        }
        assert_eq!(lockout.wait("张三", HERE, now), None);
        lockout.refused(" 张三 ", HERE, now);
        assert_eq!(lockout.wait("张三", HERE, now), Some(WAIT_FIRST));
        assert_eq!(lockout.wait("李四", HERE, now), None, "others still come in from there");
        lockout.refused("张三", HERE, now);
        assert_eq!(lockout.wait("张三", HERE, now), Some(WAIT_FIRST * 2));
        assert_eq!(lockout.wait("张三", HERE, now + WAIT_FIRST * 2), None);
        for _ in 0..100 {
            lockout.refused("张三", "2001:db8::1".parse().unwrap(), now);
        }
        assert_eq!(lockout.wait("张三", HERE, now), Some(WAIT_MAX));
        assert_eq!(lockout.wait("x", "2001:db8::ffff:2".parse().unwrap(), now), Some(WAIT_MAX), "the whole network");
        lockout.entered("张三");
        assert_eq!(lockout.wait("张三", HERE, now), None);
        lockout.refused("张三", HERE, now + FORGOTTEN_AFTER * 2);
        assert_eq!(lockout.wait("张三", HERE, now + FORGOTTEN_AFTER * 2), None);
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory() {
        let (lockout, now) = (Lockout::default(), Instant::now());
        for i in 0..COUNTED_MAX + 50 {
            lockout.refused(&format!("name {i}"), HERE, now);
        }
        assert_eq!(lockout.lock().len(), COUNTED_MAX);
        assert!(lockout.wait("somebody", HERE, now).is_some(), "the address itself waits");
    }
}
