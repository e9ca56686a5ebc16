//! The networks in which cameras may live. A camera's address is typed by a person; without this list the
//! service could be made to call any host that it can reach.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs},
    str::FromStr,
    thread,
    time::Duration,
};

use crossbeam_channel::bounded;
use url::{Host, Url};

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

/// Where no camera lives and where hosts answer secrets or everybody at once: link-local addresses, the metadata
/// services of clouds, multicast, broadcast, "this host". No wide block opens them, only one that lies inside.
const NEVER: [&str; 9] = [
    "169.254.0.0/16",
    "100.100.100.200/32",
    "0.0.0.0/8",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "fe80::/10",
    "fd00:ec2::254/128",
    "ff00::/8",
    "::/128",
];

/// Why an address must not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    /// It lies outside of the networks.
    #[error("{0} lies in no network of cameras; see [networks] cameras in xunjie.toml")]
    Outside(IpAddr),
    /// Its name leads outside of the networks.
    #[error("the name {0} leads to {1}, which lies in no network of cameras; see [networks] cameras in xunjie.toml")]
    LeadsOutside(String, IpAddr),
    /// Nobody knows the name now.
    #[error("the name {0} is not known to the network; check it, or the name server")]
    Unknown(String),
    /// The name server is silent.
    #[error("the name server did not say in time where {0} is; check it, or register the camera by its number")]
    Silent(String),
    /// There is no host in it.
    #[error("the address names no host")]
    NoHost,
}

impl Networks {
    /// Private ranges (RFC 1918, RFC 4193) and loopback. Link-local is left out: cloud hosts answer secrets there.
    pub const PRIVATE: [&str; 6] =
        ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"];

    /// Whether a camera may live at this address. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn allows(&self, ip: IpAddr) -> bool {
        let ip = undressed(ip);
        let special: Vec<Cidr> = NEVER.iter().map(|text| block(text)).filter(|never| never.contains(ip)).collect();
        let lies_inside = |listed: &Cidr, never: &Cidr| never.contains(listed.base) && listed.prefix >= never.prefix;
        let opens = |listed: &&Cidr| special.iter().all(|never| lies_inside(listed, never));
        self.0.iter().filter(|listed| listed.contains(ip)).any(|listed| opens(&listed))
    }

    /// Where the host of `url` is: asks the name server, for at most `within`, and refuses if but one of the answers
    /// lies outside. Whoever connects must connect to the answer and not ask again, because a name can change its mind.
    ///
    /// # Errors
    /// [`NotAdmitted`].
    pub fn admit(&self, url: &Url, within: Duration) -> Result<IpAddr, NotAdmitted> {
        let name = match url.host() {
            Some(Host::Ipv4(ip)) => return self.admit_ip(ip.into()),
            Some(Host::Ipv6(ip)) => return self.admit_ip(ip.into()),
            Some(Host::Domain(name)) if !name.is_empty() => name.to_owned(),
            Some(Host::Domain(_)) | None => return Err(NotAdmitted::NoHost),
        };
        // Schemes that are not the web's keep numbers as names; the resolver reads odd ones (2130706433) too.
        if let Ok(ip) = name.parse::<IpAddr>() {
            return self.admit_ip(ip);
        }
        let found = resolved(&name, within)?;
        match found.iter().find(|ip| !self.allows(**ip)) {
            Some(outside) => Err(NotAdmitted::LeadsOutside(name, *outside)),
            None => found.first().copied().ok_or(NotAdmitted::Unknown(name)),
        }
    }

    fn admit_ip(&self, ip: IpAddr) -> Result<IpAddr, NotAdmitted> {
        if self.allows(ip) { Ok(ip) } else { Err(NotAdmitted::Outside(ip)) }
    }
}

fn block(text: &str) -> Cidr {
    text.parse().expect("the constants above are blocks")
}

/// The IPv4 address inside an IPv6 one that means it: mapped (`::ffff:0:0/96`) or translated (`64:ff9b::/96`).
fn undressed(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) if v6.segments()[..6] == [0x64, 0xff9b, 0, 0, 0, 0] => {
            let [.., a, b, c, d] = Ipv6Addr::octets(&v6);
            Ipv4Addr::new(a, b, c, d).into()
        }
        canonical => canonical,
    }
}

/// All addresses of a name. The system's resolver knows no time limit, so it is asked on a thread that nobody waits
/// for longer than `within`; the resolver itself gives up after some seconds more.
fn resolved(name: &str, within: Duration) -> Result<Vec<IpAddr>, NotAdmitted> {
    let (tell, told) = bounded(1);
    let asked = name.to_owned();
    let asking = thread::Builder::new().name("resolve".into()).spawn(move || {
        let found = (asked.as_str(), 0).to_socket_addrs().map(|found| found.map(|at| at.ip()).collect::<Vec<_>>());
        let _nobody_waits_any_more = tell.send(found);
    });
    match asking.map(|_| told.recv_timeout(within)) {
        Ok(Ok(Ok(found))) if !found.is_empty() => Ok(found),
        Ok(Ok(_)) => Err(NotAdmitted::Unknown(name.to_owned())),
        Ok(Err(_)) | Err(_) => Err(NotAdmitted::Silent(name.to_owned())),
    }
}

impl Default for Networks {
    fn default() -> Self {
        Self(Self::PRIVATE.map(block).to_vec())
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
        let listed = |blocks: &[&str]| Networks(blocks.iter().map(|text| block(text)).collect());
        for (blocks, ip, allowed) in [
            (&["0.0.0.0/0", "::/0"][..], "8.8.8.8", true),
            (&["0.0.0.0/0", "::/0"], "169.254.169.254", false),
            (&["0.0.0.0/0", "::/0"], "::ffff:169.254.169.254", false),
            (&["0.0.0.0/0", "::/0"], "64:ff9b::a9fe:a9fe", false),
            (&["0.0.0.0/0", "::/0"], "100.100.100.200", false),
            (&["0.0.0.0/0", "::/0"], "0.0.0.0", false),
            (&["0.0.0.0/0", "::/0"], "fe80::1", false),
            (&["0.0.0.0/0", "169.254.7.0/24"], "169.254.7.9", true),
            (&["0.0.0.0/0", "169.254.7.0/24"], "169.254.169.254", false),
            (&["fc00::/7"], "fd00:ec2::254", false),
        ] {
            assert_eq!(listed(blocks).allows(ip.parse().unwrap()), allowed, "{blocks:?} {ip}");
        }
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
        let admit = |text: &str| networks.admit(&Url::parse(text).unwrap(), Duration::from_secs(20));
        let outside = |text: &str| Err(NotAdmitted::Outside(text.parse().unwrap()));
        assert_eq!(admit("rtsp://127.0.0.1/a"), Ok("127.0.0.1".parse().unwrap()));
        assert_eq!(admit("rtsp://169.254.169.254/a"), outside("169.254.169.254"));
        assert_eq!(admit("rtsp://[fe80::1]/a"), outside("fe80::1"));
        assert_eq!(admit("http://8.8.8.8/a"), outside("8.8.8.8"));
        assert_eq!(admit("http://0x08080808/a"), outside("8.8.8.8"), "the web's addresses read odd numbers");
        assert!(matches!(admit("rtsp://134744072/a"), Err(NotAdmitted::LeadsOutside(..))), "the resolver does too");
        assert_eq!(admit("rtsp://localhost/a").map(|ip| ip.is_loopback()), Ok(true));
        assert_eq!(
            admit("rtsp://no-such-camera.invalid/a"),
            Err(NotAdmitted::Unknown("no-such-camera.invalid".into()))
        );
        for bad in ["10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "x/8", "::1/129"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad}");
        }
    }
}
