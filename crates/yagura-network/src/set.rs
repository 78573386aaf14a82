//! Exact sets of addresses and ports: sorted, disjoint, inclusive intervals, never sampled.

use std::fmt::Debug;
use std::sync::Arc;

/// A value of a bounded, discrete, ordered domain.
pub trait Point: Copy + Ord + Debug {
    /// The smallest value.
    const MIN: Self;
    /// The largest value.
    const MAX: Self;
    /// The value after this one; `None` after the largest.
    fn next(self) -> Option<Self>;
    /// The value before this one; `None` before the smallest.
    fn previous(self) -> Option<Self>;
}

macro_rules! point {
    ($($kind:ty),*) => {$(
        impl Point for $kind {
            const MIN: Self = <$kind>::MIN;
            const MAX: Self = <$kind>::MAX;
            fn next(self) -> Option<Self> { self.checked_add(1) }
            fn previous(self) -> Option<Self> { self.checked_sub(1) }
        }
    )*};
}
point!(u16, u128);

/// Sorted, disjoint, non-adjacent inclusive intervals: equal sets are equal values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ranges<T>(Vec<(T, T)>);

/// Addresses of one family; IPv4 addresses are the numbers below 2³².
pub type Addresses = Ranges<u128>;

/// Port numbers.
pub type Ports = Ranges<u16>;

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Point> Ranges<T> {
    /// The set without members.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The interval `low..=high`; empty where `low > high`.
    pub fn of(low: T, high: T) -> Self {
        if low <= high { Self(vec![(low, high)]) } else { Self::empty() }
    }

    /// One member.
    pub fn one(value: T) -> Self {
        Self::of(value, value)
    }

    /// The union of intervals in any order; inverted ones count as empty.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut pairs: Vec<(T, T)> = pairs.into_iter().filter(|(low, high)| low <= high).collect();
        pairs.sort_unstable();
        let mut out: Vec<(T, T)> = Vec::with_capacity(pairs.len());
        for (low, high) in pairs {
            match out.last_mut() {
                Some(last) if last.1.next().is_none_or(|after| low <= after) => last.1 = last.1.max(high),
                _ => out.push((low, high)),
            }
        }
        Self(out)
    }

    /// The intervals, ascending.
    pub fn pairs(&self) -> &[(T, T)] {
        &self.0
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The smallest member.
    pub fn first(&self) -> Option<T> {
        self.0.first().map(|pair| pair.0)
    }

    /// The smallest member from `from` upwards.
    pub fn first_from(&self, from: T) -> Option<T> {
        let at = self.0.partition_point(|pair| pair.1 < from);
        self.0.get(at).map(|pair| pair.0.max(from))
    }

    /// Whether `value` is a member.
    pub fn contains(&self, value: T) -> bool {
        self.first_from(value) == Some(value)
    }

    /// Members of either.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        Self::from_pairs(self.0.iter().chain(&other.0).copied())
    }

    /// Members of both.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        self.overlaps(other, |low, high| {
            out.push((low, high));
            true
        });
        Self(out)
    }

    /// The smallest common member.
    pub fn meets(&self, other: &Self) -> Option<T> {
        let mut found = None;
        self.overlaps(other, |low, _| {
            found = Some(low);
            false
        });
        found
    }

    /// Members of this set that the other lacks.
    pub fn minus(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        self.intersect(&other.complement())
    }

    /// Everything else of the domain.
    pub fn complement(&self) -> Self {
        let mut out = Vec::with_capacity(self.0.len() + 1);
        let mut from = Some(T::MIN);
        for &(low, high) in &self.0 {
            if let (Some(start), Some(end)) = (from, low.previous())
                && start <= end
            {
                out.push((start, end));
            }
            from = high.next();
        }
        if let Some(start) = from {
            out.push((start, T::MAX));
        }
        Self(out)
    }

    /// Calls `each` with every common interval, ascending, until it answers false.
    fn overlaps(&self, other: &Self, mut each: impl FnMut(T, T) -> bool) {
        // A short set against a long one is looked up, not merged.
        let (short, long) = if self.0.len() <= other.0.len() { (self, other) } else { (other, self) };
        let mut at = 0;
        for &(low, high) in &short.0 {
            if long.0.get(at).is_some_and(|pair| pair.1 < low) {
                at += long.0[at..].partition_point(|pair| pair.1 < low);
            }
            while let Some(&(other_low, other_high)) = long.0.get(at) {
                if other_low > high {
                    break;
                }
                if !each(low.max(other_low), high.min(other_high)) {
                    return;
                }
                if other_high > high {
                    break;
                }
                at += 1;
            }
        }
    }
}

impl Addresses {
    /// How many members; saturates.
    pub fn count(&self) -> u128 {
        self.0.iter().fold(0_u128, |sum, (low, high)| sum.saturating_add((high - low).saturating_add(1)))
    }
}

/// A function from ports to sets of addresses, constant on intervals: a set of (address, port) pairs. Ports that no
/// interval holds have the empty set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortMap(Vec<(u16, u16, Arc<Addresses>)>);

impl PortMap {
    /// The same addresses at every port.
    pub fn constant(addresses: Addresses) -> Self {
        Self::pieces([(0, u16::MAX, Arc::new(addresses))])
    }

    /// From ascending disjoint pieces; equal neighbours are joined, empty ones dropped.
    pub fn pieces(pieces: impl IntoIterator<Item = (u16, u16, Arc<Addresses>)>) -> Self {
        let mut out: Vec<(u16, u16, Arc<Addresses>)> = Vec::new();
        for (low, high, set) in pieces {
            if set.is_empty() || low > high {
                continue;
            }
            match out.last_mut() {
                Some(last) if last.1.checked_add(1) == Some(low) && last.2 == set => last.1 = high,
                _ => out.push((low, high, set)),
            }
        }
        Self(out)
    }

    /// Some addresses at one port.
    pub fn at_port(port: u16, addresses: Addresses) -> Self {
        Self::pieces([(port, port, Arc::new(addresses))])
    }

    /// The union of rectangles: port ranges with the addresses they hold, in any order.
    pub fn overlay(boxes: &[(u16, u16, Addresses)]) -> Self {
        let mut cuts: Vec<u16> = Vec::with_capacity(boxes.len() * 2);
        for (low, high, _) in boxes {
            cuts.push(*low);
            cuts.extend(high.checked_add(1));
        }
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().skip(1).map(|cut| cut - 1).chain([u16::MAX]);
        Self::pieces(cuts.iter().zip(ends).map(|(&low, high)| {
            let here = boxes.iter().filter(|(from, to, _)| *from <= low && low <= *to);
            let pairs = here.flat_map(|(_, _, addresses)| addresses.pairs().iter().copied());
            (low, high, Arc::new(Addresses::from_pairs(pairs)))
        }))
    }

    /// The ports that have an address.
    pub fn ports(&self) -> Ports {
        Ports::from_pairs(self.0.iter().map(|(low, high, _)| (*low, *high)))
    }

    /// The pieces, ascending by port.
    pub fn iter(&self) -> impl Iterator<Item = &(u16, u16, Arc<Addresses>)> {
        self.0.iter()
    }

    /// Whether no pair is a member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses at one port.
    pub fn at(&self, port: u16) -> Arc<Addresses> {
        let index = self.0.partition_point(|piece| piece.1 < port);
        match self.0.get(index) {
            Some((low, _, set)) if *low <= port => Arc::clone(set),
            _ => Arc::new(Addresses::empty()),
        }
    }

    /// Pairs of both.
    pub fn intersect(&self, other: &Self) -> Self {
        let mut out = Vec::new();
        let mut rest = other.0.as_slice();
        for (low, high, set) in &self.0 {
            while let Some((other_low, other_high, other_set)) = rest.first() {
                if other_low > high {
                    break;
                }
                let (from, to) = ((*low).max(*other_low), (*high).min(*other_high));
                if from <= to {
                    let both = if Arc::ptr_eq(set, other_set) {
                        Arc::clone(set)
                    } else {
                        Arc::new(set.intersect(other_set))
                    };
                    out.push((from, to, both));
                }
                if other_high > high {
                    break;
                }
                rest = &rest[1..];
            }
        }
        Self::pieces(out)
    }

    /// Pairs of either.
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        let mut cuts: Vec<u16> = vec![0];
        for (low, high, _) in self.0.iter().chain(&other.0) {
            cuts.push(*low);
            cuts.extend(high.checked_add(1));
        }
        cuts.sort_unstable();
        cuts.dedup();
        let ends = cuts.iter().skip(1).map(|cut| cut - 1).chain([u16::MAX]);
        Self::pieces(cuts.iter().zip(ends).map(|(&low, high)| {
            let (a, b) = (self.at(low), other.at(low));
            let both = if a.is_empty() {
                b
            } else if b.is_empty() {
                a
            } else {
                Arc::new(a.union(&b))
            };
            (low, high, both)
        }))
    }

    /// Pairs whose port is one of `ports`.
    pub fn on_ports(&self, ports: &Ports) -> Self {
        let full = Arc::new(Addresses::of(u128::MIN, u128::MAX));
        self.intersect(&Self::pieces(ports.pairs().iter().map(|&(low, high)| (low, high, Arc::clone(&full)))))
    }

    /// Pairs whose address is one of `addresses`.
    pub fn among(&self, addresses: &Addresses) -> Self {
        Self::pieces(self.0.iter().map(|(low, high, set)| (*low, *high, Arc::new(set.intersect(addresses)))))
    }

    /// All addresses that some port has.
    pub fn addresses(&self) -> Addresses {
        match self.0.as_slice() {
            [(_, _, set)] => (**set).clone(),
            pieces => {
                Addresses::from_pairs(pieces.iter().flat_map(|(_, _, set)| set.pairs().iter().copied()))
            }
        }
    }

    /// The ports at which `address` is a member.
    pub fn ports_of(&self, address: u128) -> Ports {
        Ports::from_pairs(
            self.0.iter().filter(|(_, _, set)| set.contains(address)).map(|(low, high, _)| (*low, *high)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ports() -> impl Strategy<Value = Ports> {
        prop::collection::vec((any::<u16>(), 0_u16..3_000), 0..8)
            .prop_map(|pairs| Ports::from_pairs(pairs.into_iter().map(|(a, n)| (a, a.saturating_add(n)))))
    }

    fn map() -> impl Strategy<Value = PortMap> {
        prop::collection::vec((0_u16..40, 0_u16..10, 0_u128..20, 0_u128..6), 0..6).prop_map(|boxes| {
            boxes.into_iter().fold(PortMap::default(), |map, (port, n, address, m)| {
                let set = Arc::new(Addresses::of(address, address + m));
                map.union(&PortMap::pieces([(port, port + n, set)]))
            })
        })
    }

    proptest! {
        #[test]
        fn sets_obey_the_laws_of_sets(a in ports(), b in ports(), c in ports(), x in any::<u16>()) {
            prop_assert_eq!(a.union(&b).contains(x), a.contains(x) || b.contains(x));
            prop_assert_eq!(a.intersect(&b).contains(x), a.contains(x) && b.contains(x));
            prop_assert_eq!(a.minus(&b).contains(x), a.contains(x) && !b.contains(x));
            prop_assert_eq!(a.complement().complement(), a.clone());
            prop_assert_eq!(a.intersect(&b.union(&c)), a.intersect(&b).union(&a.intersect(&c)));
            prop_assert_eq!(a.meets(&b), a.intersect(&b).first());
        }

        #[test]
        fn port_maps_are_sets_of_pairs(a in map(), b in map(), port in 0_u16..60, address in 0_u128..30) {
            let has = |map: &PortMap| map.at(port).contains(address);
            prop_assert_eq!(has(&a.union(&b)), has(&a) || has(&b));
            prop_assert_eq!(has(&a.intersect(&b)), has(&a) && has(&b));
            prop_assert_eq!(a.ports_of(address).contains(port), has(&a));
            prop_assert_eq!(has(&a.on_ports(&Ports::of(5, 20))), has(&a) && (5..=20).contains(&port));
        }
    }
}
