//! Refused logins, counted for each name and each address; further ones are not looked at for a while that grows.
//! Unknown names are counted as known ones are. Kept in the store and bounded: a restart forgives nobody.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use super::{Service, ServiceError};
use crate::{
    domain::Secret,
    store::accounts::{Refusals, SecretHash},
};

/// Refusals that cost nothing: for a name, for an address behind which an office may sit.
const FREE_OF_NAME: u32 = 5;
const FREE_OF_ADDRESS: u32 = 30;
/// Longer names are no names; their first characters count.
const NAME_CHARS: usize = 64;

impl Service {
    /// How long neither name nor address may try; `None` when they may.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn locked_out(&self, name: &str, address: IpAddr) -> Result<Option<Duration>, ServiceError> {
        let counted = self.accounts.refusals(&[of_name(name), of_address(address)])?;
        let now = self.now();
        Ok(counted.into_iter().filter_map(|refusals: Refusals| refusals.wait(now)).max())
    }

    /// Counts a refusal.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn count_refusal(&self, name: &str, address: IpAddr) -> Result<(), ServiceError> {
        let both = [(of_name(name), FREE_OF_NAME), (of_address(address), FREE_OF_ADDRESS)];
        Ok(self.accounts.refuse(&both, self.now())?)
    }

    /// Somebody came in: the name's refusals were theirs. The address's stay, or one account would open it to all.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub fn forgive(&self, name: &str) -> Result<(), ServiceError> {
        Ok(self.accounts.forgive(&of_name(name))?)
    }
}

fn of_name(name: &str) -> SecretHash {
    let name: String = name.trim().chars().take(NAME_CHARS).collect();
    SecretHash::of(&Secret::new(format!("name {name}")))
}

fn of_address(address: IpAddr) -> SecretHash {
    // Whoever has one IPv6 address has a network of them.
    let address = match address {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        IpAddr::V4(_) => address,
    };
    SecretHash::of(&Secret::new(format!("address {address}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::WallTime;

    #[test]
    fn a_name_is_cut_and_a_network_counts_as_one() {
        assert_eq!(of_name(" 张三 "), of_name("张三"));
        assert_eq!(of_name(&"a".repeat(64)), of_name(&"a".repeat(90)));
        assert_ne!(of_name("10.0.0.1"), of_address("10.0.0.1".parse().unwrap()));
        let [one, other, far] = ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"].map(|a| a.parse().unwrap());
        assert_eq!(of_address(one), of_address(other));
        assert_ne!(of_address(one), of_address(far));
    }

    #[test]
    fn the_wait_grows_ends_and_is_forgotten() {
        let at = |seconds: i64| WallTime::from_millis(1_800_000_000_000 + 1000 * seconds);
        let mut refusals = Refusals::none(at(0));
        for _ in 0..FREE_OF_NAME - 1 {
            refusals = refusals.and_one(FREE_OF_NAME, at(0));
        }
        assert_eq!(refusals.wait(at(0)), None);
        refusals = refusals.and_one(FREE_OF_NAME, at(0));
        assert_eq!(refusals.wait(at(0)), Some(Refusals::WAIT_FIRST));
        assert_eq!(refusals.and_one(FREE_OF_NAME, at(0)).wait(at(0)), Some(Refusals::WAIT_FIRST * 2));
        assert_eq!(refusals.wait(at(30)), None);
        assert_eq!(refusals.and_one(FREE_OF_NAME, at(7200)).count, 1, "forgotten");
        for _ in 0..100 {
            refusals = refusals.and_one(FREE_OF_NAME, at(0));
        }
        assert_eq!(refusals.wait(at(0)), Some(Refusals::WAIT_MAX));
        assert_eq!(refusals.wait(at(-86_400)), Some(Refusals::WAIT_MAX), "a clock that was set back");
    }
}
