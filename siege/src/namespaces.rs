//! Network namespaces: one for each station, and one in which a bridge joins them. They are removed with everything in them when the
//! siege ends, however it does.

use std::process::Command;

use crate::Outcome;

/// The first bytes of the stations' addresses.
const NET: &str = "10.77.0";

/// The namespaces of a siege.
#[derive(Debug)]
pub(crate) struct Namespaces {
    name: String,
    count: usize,
}

/// Runs `ip`.
fn ip(arguments: &[&str]) -> Outcome<()> {
    let done = Command::new("ip").args(arguments).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("ip {}: {}", arguments.join(" "), said.trim()).into())
}

impl Namespaces {
    /// Makes them.
    pub(crate) fn make(count: usize) -> Outcome<Self> {
        let made = Self { name: format!("siege{}", std::process::id()), count };
        let hub = made.hub();
        ip(&["netns", "add", &hub])?;
        ip(&["-n", &hub, "link", "add", "bridge", "type", "bridge"])?;
        ip(&["-n", &hub, "link", "set", "bridge", "up"])?;
        for place in 0..count {
            let (one, cable) = (made.of(place), made.cable(place));
            ip(&["netns", "add", &one])?;
            let peer = ["peer", "name", "eth0", "netns", one.as_str()];
            ip(&[["-n", &hub, "link", "add", &cable, "type", "veth"].as_slice(), &peer].concat())?;
            ip(&["-n", &hub, "link", "set", &cable, "master", "bridge"])?;
            ip(&["-n", &hub, "link", "set", &cable, "up"])?;
            ip(&["-n", &one, "address", "add", &format!("{}/24", made.address(place)), "dev", "eth0"])?;
            ip(&["-n", &one, "link", "set", "eth0", "up"])?;
            ip(&["-n", &one, "link", "set", "lo", "up"])?;
        }
        Ok(made)
    }

    fn hub(&self) -> String {
        format!("{}-hub", self.name)
    }

    fn cable(&self, place: usize) -> String {
        format!("cable{place}")
    }

    /// A station's namespace.
    pub(crate) fn of(&self, place: usize) -> String {
        format!("{}-{place}", self.name)
    }

    /// A station's address.
    pub(crate) fn address(&self, place: usize) -> String {
        format!("{NET}.{}", place + 1)
    }

    /// Pulls a station's cable, or plugs it in.
    pub(crate) fn plug(&self, place: usize, is_in: bool) -> Outcome<()> {
        let state = if is_in { "up" } else { "down" };
        ip(&["-n", &self.hub(), "link", "set", &self.cable(place), state])
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for place in 0..self.count {
            let _ = ip(&["netns", "del", &self.of(place)]);
        }
        let _ = ip(&["netns", "del", &self.hub()]);
    }
}
