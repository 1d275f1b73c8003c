//! Who gives way where there is no room for all who call: the oldest of whoever holds the most.
//!
//! Promises that callers from one address never take the places of those from others, however many and how quick they are: once they hold
//! more than anybody else does, they only push out each other. Against callers from many addresses it promises no more than that the
//! oldest gives way.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};

/// Callers, the oldest first.
#[derive(Debug)]
pub(crate) struct Crowd<T> {
    callers: VecDeque<(IpAddr, T)>,
}

impl<T> Default for Crowd<T> {
    fn default() -> Self {
        Self { callers: VecDeque::new() }
    }
}

/// What counts as one address: of IPv6 the first 64 bits, since whoever has one address there has all that begin so (RFC 4291 §2.5.4).
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

impl<T> Crowd<T> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.callers.len()
    }

    /// Another one, from an address.
    pub(crate) fn enter(&mut self, address: IpAddr, caller: T) {
        self.callers.push_back((origin(address), caller));
    }

    /// Takes out those of whom this is so, who go on in another one.
    pub(crate) fn passes_on(&mut self, to: &mut Self, is_so: impl Fn(&T) -> bool) {
        for (origin, caller) in std::mem::take(&mut self.callers) {
            let crowd = if is_so(&caller) { &mut *to } else { &mut *self };
            crowd.callers.push_back((origin, caller));
        }
    }

    /// Those of whom this is not so have gone.
    pub(crate) fn retain(&mut self, stays: impl Fn(&T) -> bool) {
        self.callers.retain(|(_, caller)| stays(caller));
    }

    /// Takes out who gives way.
    pub(crate) fn yields(&mut self) -> Option<T> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for (origin, _) in &self.callers {
            *held.entry(*origin).or_default() += 1;
        }
        let most = held.values().copied().max()?;
        let place = self.callers.iter().position(|(origin, _)| held.get(origin) == Some(&most))?;
        self.callers.remove(place).map(|(_, caller)| caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(callers: &[(&str, u32)]) -> Crowd<u32> {
        let mut crowd = Crowd::default();
        for (address, caller) in callers {
            crowd.enter(address.parse().unwrap(), *caller);
        }
        crowd
    }

    #[test]
    fn whoever_holds_the_most_gives_way_and_of_equals_the_oldest() {
        let mut crowd = crowd(&[
            ("192.0.2.1", 1),
            ("192.0.2.2", 2),
            ("192.0.2.2", 3),
            ("192.0.2.3", 4),
            ("192.0.2.2", 5),
        ]);
        assert_eq!(crowd.yields(), Some(2));
        assert_eq!(crowd.yields(), Some(3));
        assert_eq!([crowd.yields(), crowd.yields(), crowd.yields()], [Some(1), Some(4), Some(5)]);
        assert_eq!((crowd.yields(), crowd.len()), (None, 0));
    }

    #[test]
    fn addresses_that_one_network_gives_out_to_one_machine_count_as_one() {
        let mut six = crowd(&[("2001:db8:0:2::1", 1), ("2001:db8:0:1::1", 2), ("2001:db8:0:1:8000::2", 3)]);
        assert_eq!(six.yields(), Some(2));
        let mut mapped = crowd(&[("192.0.2.9", 1), ("192.0.2.1", 2), ("::ffff:192.0.2.1", 3)]);
        assert_eq!(mapped.yields(), Some(2));
    }

    #[test]
    fn who_passes_on_keeps_its_address() {
        let mut one = crowd(&[("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.1", 3), ("192.0.2.1", 4)]);
        let mut other = crowd(&[("192.0.2.2", 5)]);
        one.passes_on(&mut other, |caller| *caller % 2 == 0);
        assert_eq!((one.yields(), one.len()), (Some(1), 1));
        assert_eq!([other.yields(), other.yields(), other.yields()], [Some(5), Some(2), Some(4)]);
    }

    #[test]
    fn who_has_gone_holds_nothing() {
        let mut crowd = crowd(&[("192.0.2.1", 1), ("192.0.2.2", 2), ("192.0.2.2", 3)]);
        crowd.retain(|caller| *caller != 3);
        assert_eq!(crowd.yields(), Some(1));
    }
}
