//! The networks in which cameras may live. A camera's address is typed by a person; without this list the
//! service could be made to call any host that it can reach.

use std::{fmt, net::IpAddr, str::FromStr};

/// A block of addresses, `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    base: IpAddr,
    prefix: u8,
}

/// The text is not a block of addresses.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no block of addresses; write 10.0.0.0/8 or fd00::/8, with no bit set behind the prefix")]
pub struct BadCidr(String);

impl FromStr for Cidr {
    type Err = BadCidr;
    fn from_str(text: &str) -> Result<Self, BadCidr> {
        let bad = || BadCidr(text.chars().take(64).collect());
        let (base, prefix) = text.split_once('/').ok_or_else(bad)?;
        let base: IpAddr = base.parse().map_err(|_| bad())?;
        let prefix: u8 = prefix.parse().map_err(|_| bad())?;
        let (bits, width) = bits_of(base);
        let cidr = Self { base, prefix };
        let sane = prefix <= width && bits & !mask(prefix, width) == 0;
        if sane { Ok(cidr) } else { Err(bad()) }
    }
}
impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

impl Cidr {
    /// Whether the address lies in the block.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ((base, width), (ip, ip_width)) = (bits_of(self.base), bits_of(ip));
        width == ip_width && (base ^ ip) & mask(self.prefix, width) == 0
    }
}

fn bits_of(ip: IpAddr) -> (u128, u8) {
    match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)), 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    }
}

fn mask(prefix: u8, width: u8) -> u128 {
    let all = if width == 32 { u128::from(u32::MAX) } else { u128::MAX };
    if prefix == 0 { 0 } else { all & (all << (width - prefix)) }
}

/// The networks in which cameras may live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks(pub Vec<Cidr>);

impl Networks {
    /// Private ranges (RFC 1918, RFC 4193) and loopback. Link-local is left out: cloud hosts answer secrets there.
    pub const PRIVATE: [&str; 6] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"];

    /// Whether a camera may live at this address. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn allows(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.0.iter().any(|block| block.contains(ip))
    }
}

impl Default for Networks {
    fn default() -> Self {
        Self(Self::PRIVATE.map(|text| text.parse().expect("the constants above are blocks")).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_networks_are_allowed_and_nothing_else_is() {
        let networks = Networks::default();
        for (ip, allowed) in [
            ("10.255.0.1", true),
            ("172.31.255.255", true),
            ("172.32.0.0", false),
            ("192.168.1.9", true),
            ("127.0.0.1", true),
            ("169.254.169.254", false),
            ("8.8.8.8", false),
            ("0.0.0.0", false),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("::ffff:8.8.8.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(networks.allows(ip.parse().unwrap()), allowed, "{ip}");
        }
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        for bad in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "x/8", "::1/129"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
