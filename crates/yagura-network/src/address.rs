//! Addresses and prefixes of both families as numbers.

use crate::set::Addresses;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// 32 bits.
    V4,
    /// 128 bits.
    V6,
}

impl Family {
    /// Both, in the order of results.
    pub const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// `IPV4` or `IPV6`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPV4",
            Self::V6 => "IPV6",
        }
    }

    /// Length of an address in bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }

    /// Every address of the family.
    pub fn everything(self) -> Addresses {
        Addresses::of(0, self.last())
    }

    fn last(self) -> u128 {
        match self {
            Self::V4 => u128::from(u32::MAX),
            Self::V6 => u128::MAX,
        }
    }
}

/// An address with its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// Decides what `bits` means.
    pub family: Family,
    /// The number; below 2³² for IPv4.
    pub bits: u128,
}

impl Address {
    /// `10.0.0.1`, `2001:db8::1`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().parse().ok()? {
            IpAddr::V4(address) => Self { family: Family::V4, bits: u128::from(u32::from(address)) },
            IpAddr::V6(address) => Self { family: Family::V6, bits: u128::from(address) },
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.family {
            Family::V4 => Ipv4Addr::from(u32::try_from(self.bits).unwrap_or(u32::MAX)).fmt(out),
            Family::V6 => Ipv6Addr::from(self.bits).fmt(out),
        }
    }
}

/// A CIDR block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Decides what the numbers mean.
    pub family: Family,
    /// The first address.
    pub low: u128,
    /// How many leading bits are fixed.
    pub length: u32,
}

impl Prefix {
    /// `10.0.0.0/8`; bits after the prefix are ignored; a bare address is one address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.trim().split_once('/') {
            Some((address, length)) => (Address::parse(address)?, Some(length.parse::<u32>().ok()?)),
            None => (Address::parse(text)?, None),
        };
        let bits = address.family.bits();
        let length = length.unwrap_or(bits);
        (length <= bits).then(|| Self {
            family: address.family,
            low: address.bits & !tail(bits - length),
            length,
        })
    }

    /// The last address.
    pub fn high(self) -> u128 {
        self.low | tail(self.family.bits() - self.length)
    }

    /// Whether it holds an address of its family.
    pub fn contains(self, address: Address) -> bool {
        self.family == address.family && self.low <= address.bits && address.bits <= self.high()
    }

    /// Its addresses.
    pub fn addresses(self) -> Addresses {
        Addresses::of(self.low, self.high())
    }
}

impl std::fmt::Display for Prefix {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", Address { family: self.family, bits: self.low }, self.length)
    }
}

/// A number with the lowest `bits` bits set.
fn tail(bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// The fewest prefixes that cover exactly a set, ascending.
pub fn prefixes(family: Family, set: &Addresses) -> impl Iterator<Item = Prefix> {
    set.pairs().iter().flat_map(move |&(low, high)| {
        let mut next = Some(low);
        std::iter::from_fn(move || {
            let start = next.filter(|start| *start <= high)?;
            let room = (high - start).checked_add(1).map_or(127, |count| 127 - count.leading_zeros());
            let mut free = if start == 0 { family.bits() } else { start.trailing_zeros() };
            // The whole of IPv6 is one prefix; every other block is bounded by what is left.
            if !(start == 0 && high == u128::MAX) {
                free = free.min(room);
            }
            let prefix = Prefix { family, low: start, length: family.bits().saturating_sub(free) };
            next = prefix.high().checked_add(1);
            Some(prefix)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_cover_exactly() {
        for (family, low, high) in [
            (Family::V4, 1, 1),
            (Family::V4, 3, 100),
            (Family::V4, 0, u128::from(u32::MAX)),
            (Family::V6, 0, u128::MAX),
            (Family::V6, 1, u128::MAX),
            (Family::V6, 0, u128::MAX - 1),
        ] {
            let set = Addresses::of(low, high);
            let back = Addresses::from_pairs(prefixes(family, &set).map(|p| (p.low, p.high())));
            assert_eq!(back, set);
        }
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "x/8", "10.0.0.0/8/8"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
        assert_eq!(Prefix::parse("10.1.2.3/8").map(|p| p.to_string()).as_deref(), Some("10.0.0.0/8"));
    }
}
