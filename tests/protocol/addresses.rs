//! In which order a connection tries the addresses of a host.

use std::collections::HashMap;
use std::net::IpAddr;

use haul::protocol::{Use, in_turn};

fn order(addresses: &[&str], used: &[(&str, u32, u32)]) -> Vec<String> {
    let parsed: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let used: HashMap<IpAddr, Use> = used
        .iter()
        .map(|(address, unanswered, given)| (address.parse().unwrap(), Use { unanswered: *unanswered, given: *given }))
        .collect();
    let order = in_turn(&parsed, |address| used.get(address).copied().unwrap_or_default());
    order.iter().map(ToString::to_string).collect()
}

#[test]
fn unused_addresses_stay_in_the_systems_order() {
    assert_eq!(order(&["10.0.0.3", "10.0.0.1", "10.0.0.2"], &[]), ["10.0.0.3", "10.0.0.1", "10.0.0.2"]);
    assert_eq!(order(&[], &[]), [""; 0]);
}

#[test]
fn the_least_used_comes_first_and_one_that_does_not_answer_last() {
    let addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    assert_eq!(order(&addresses, &[("10.0.0.1", 0, 1)]), ["10.0.0.2", "10.0.0.3", "10.0.0.1"]);
    let used = [("10.0.0.1", 0, 9), ("10.0.0.2", 1, 1), ("10.0.0.3", 0, 7)];
    assert_eq!(order(&addresses, &used), ["10.0.0.3", "10.0.0.1", "10.0.0.2"]);
}

#[test]
fn the_family_that_the_system_prefers_stays_the_first() {
    let addresses = ["2001:db8::1", "2001:db8::2", "10.0.0.1", "10.0.0.2"];
    let used = [("2001:db8::1", 0, 5), ("2001:db8::2", 0, 6), ("10.0.0.1", 0, 1)];
    assert_eq!(order(&addresses, &used), ["2001:db8::1", "2001:db8::2", "10.0.0.2", "10.0.0.1"]);
}
