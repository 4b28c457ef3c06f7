//! Whose turn it is: first come, first served, and nobody is forgotten.

use std::collections::HashMap;
use std::time::Duration;

use haul::model::Moment;
use haul::plan::{CALM, Turns};
use proptest::prelude::*;

const NOBODY: [u32; 0] = [];

fn at(seconds: u64) -> Moment {
    Moment::after(Duration::from_secs(seconds))
}

/// A host that bears so many, all of which are open.
fn full(allowed: u16) -> Turns<u32> {
    let mut turns = Turns::new(100);
    turns.remember("h".to_owned(), allowed, at(0));
    for _ in 0..allowed {
        assert!(turns.try_open("h", at(0)));
    }
    assert!(!turns.try_open("h", at(0)));
    turns
}

fn served(turns: &mut Turns<u32>, seconds: u64) -> Vec<u32> {
    turns.serve(at(seconds)).into_iter().map(|(_, who)| who).collect()
}

#[test]
fn the_next_one_that_is_closed_goes_to_the_one_who_waits_longest() {
    for allowed in 1..4 {
        let mut turns = full(allowed);
        turns.wait("h", 1);
        turns.wait("h", 2);
        assert_eq!(served(&mut turns, 0), NOBODY);
        turns.close("h");
        assert!(!turns.try_open("h", at(0)), "one who has some goes before none who waits");
        assert_eq!(served(&mut turns, 0), [1]);
        turns.close("h");
        assert_eq!(served(&mut turns, 0), [2]);
        turns.close("h");
        assert!(turns.try_open("h", at(0)), "nobody waits");
    }
}

#[test]
fn one_who_waits_for_a_host_holds_up_no_other_host() {
    let mut turns = full(1);
    turns.wait("h", 1);
    turns.wait("other", 2);
    assert_eq!(served(&mut turns, 0), [2]);
    assert_eq!((turns.is_waited_for("h", at(0)), turns.is_waited_for("other", at(0))), (true, false));
    assert!(turns.try_open("other", at(0)));
}

#[test]
fn one_who_has_gone_is_passed_over() {
    let mut turns = full(2);
    let tickets: Vec<u64> = (1..5).map(|who| turns.wait("h", who)).collect();
    turns.leave(tickets[0]);
    turns.leave(tickets[2]);
    turns.close("h");
    turns.close("h");
    assert_eq!(served(&mut turns, 0), [2, 4]);
    turns.leave(tickets[1]);
    assert!(!turns.try_open("h", at(0)), "leaving gives nothing back; closing does");
}

#[test]
fn a_calm_serves_one_more() {
    let mut turns = full(1);
    turns.wait("h", 1);
    turns.wait("h", 2);
    assert_eq!(turns.grows_at("h"), Some(at(0) + CALM));
    assert_eq!(served(&mut turns, 29), NOBODY);
    assert_eq!(served(&mut turns, 30), [1]);
    assert_eq!((served(&mut turns, 30), turns.allowed("h")), (vec![], Some(2)));
    turns.refuse("h", at(40));
    assert_eq!(served(&mut turns, 60), NOBODY, "the calm begins anew");
    assert_eq!(served(&mut turns, 70), [2]);
}

#[test]
fn the_limit_over_all_hosts_is_waited_for_in_order_too() {
    let mut turns = Turns::new(2);
    assert!(turns.try_open("a", at(0)) && turns.try_open("b", at(0)) && !turns.try_open("c", at(0)));
    assert!(!turns.is_waited_for("a", at(0)));
    turns.wait("c", 1);
    turns.wait("d", 2);
    assert_eq!(served(&mut turns, 0), NOBODY);
    assert!(turns.is_waited_for("a", at(0)), "whatever is closed goes to those who wait");
    turns.close("a");
    assert_eq!(served(&mut turns, 0), [1]);
    turns.close("b");
    assert_eq!(served(&mut turns, 0), [2]);
}

#[test]
fn a_refusal_at_the_limit_lowers_it_by_one_and_one_below_it_says_nothing() {
    let mut turns = full(4);
    assert!(turns.refuse_last("h", at(1)));
    assert_eq!(turns.allowed("h"), Some(3));
    turns.close("h");
    turns.close("h");
    assert!(!turns.refuse_last("h", at(2)), "two are open of three");
    turns.close("h");
    assert!(!turns.refuse_last("h", at(2)), "it is the only one");
    assert_eq!(turns.allowed("h"), Some(3));
    let mut turns: Turns<u32> = Turns::new(9);
    assert!(turns.try_open("h", at(0)) && turns.try_open("h", at(0)));
    assert!(!turns.refuse_last("h", at(0)), "nothing is known of it");
    assert!(!turns.refuse_last("nobody", at(0)));
}

#[test]
fn a_queue_of_any_number_of_hosts_is_forgotten_but_for_what_was_learnt_last() {
    let mut turns: Turns<u32> = Turns::new(9);
    for number in 0..5000 {
        let host = format!("free{number}");
        assert!(turns.try_open(&host, at(0)));
        turns.close(&host);
    }
    assert_eq!(turns.kept(), 0, "nothing was learnt of them");
    assert!(turns.try_open("busy", at(0)));
    turns.refuse("busy", at(0));
    for number in 0..5000 {
        let host = format!("meagre{number}");
        assert!(turns.try_open(&host, at(number)));
        turns.refuse(&host, at(number));
        turns.close(&host);
    }
    assert_eq!(turns.kept(), 256);
    assert_eq!(turns.allowed("busy"), Some(1), "it is in use");
    assert_eq!((turns.allowed("meagre4999"), turns.allowed("meagre4745")), (Some(1), Some(1)));
    assert_eq!(turns.allowed("meagre4744"), None);
    assert_eq!(turns.news().len(), 256);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(usize),
    Leave(usize),
    Try(usize),
    Close(usize),
    Refuse(usize),
    RefuseLast(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..HOSTS.len()).prop_map(Step::Wait),
        2 => any::<usize>().prop_map(Step::Leave),
        4 => (0..HOSTS.len()).prop_map(Step::Try),
        5 => any::<usize>().prop_map(Step::Close),
        2 => (0..HOSTS.len()).prop_map(Step::Refuse),
        2 => (0..HOSTS.len()).prop_map(Step::RefuseLast),
        2 => (1..50_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..150)
}

const HOSTS: [&str; 3] = ["a", "b", "c"];

/// The turns, and beside them what the test itself knows: who waits, in order, and what is open.
struct Bench {
    turns: Turns<u32>,
    line: Vec<(u64, usize, u32)>,
    open: Vec<usize>,
    most: usize,
    now: u64,
    last: u32,
}

impl Bench {
    fn open_at(&self, host: usize) -> usize {
        self.open.iter().filter(|open| **open == host).count()
    }

    fn bears_more(&self, host: usize) -> bool {
        let allowed = self.turns.allowed(HOSTS[host]).map_or(usize::MAX, usize::from);
        self.open.len() < self.most && self.open_at(host) < allowed
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait(host) => {
                self.last += 1;
                self.line.push((self.turns.wait(HOSTS[host], self.last), host, self.last));
            }
            Step::Leave(which) if !self.line.is_empty() => {
                let (ticket, ..) = self.line.remove(which % self.line.len());
                self.turns.leave(ticket);
            }
            Step::Try(host) if self.turns.try_open(HOSTS[host], at(self.now)) => {
                assert!(self.line.iter().all(|waiting| waiting.1 != host), "somebody waited for it");
                self.open.push(host);
            }
            Step::Close(which) if !self.open.is_empty() => {
                let host = self.open.swap_remove(which % self.open.len());
                self.turns.close(HOSTS[host]);
            }
            Step::Refuse(host) => self.turns.refuse(HOSTS[host], at(self.now)),
            Step::RefuseLast(host) if self.open_at(host) > 0 => {
                let too_many = self.turns.refuse_last(HOSTS[host], at(self.now));
                assert!(!too_many || self.open_at(host) > 1);
            }
            Step::Pass(seconds) => self.now += seconds,
            _ => {}
        }
    }

    /// Serves, and sees that everybody who could be served was, in the order in which they came.
    fn serve(&mut self) {
        let called: HashMap<u32, String> =
            self.turns.serve(at(self.now)).into_iter().map(|(host, who)| (who, host)).collect();
        let mut passed_over = [false; HOSTS.len()];
        let mut count = 0;
        for (ticket, host, who) in std::mem::take(&mut self.line) {
            if let Some(at) = called.get(&who) {
                assert_eq!(at, HOSTS[host]);
                assert!(!passed_over[host], "{who} was called before one who came earlier");
                self.open.push(host);
                count += 1;
            } else {
                passed_over[host] = true;
                self.line.push((ticket, host, who));
            }
        }
        assert_eq!(count, called.len(), "one was called who did not wait");
        assert!(self.open.len() <= self.most);
        for (_, host, who) in &self.line {
            assert!(!self.bears_more(*host), "{who} waits for nothing");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_forgotten_and_nobody_barges(steps in steps(), most in 1..9_usize) {
        let turns = Turns::new(most);
        let mut bench = Bench { turns, line: Vec::new(), open: Vec::new(), most, now: 0, last: 0 };
        for step in &steps {
            bench.step(step);
            bench.serve();
        }
        // Once all is closed, one after the other, everybody has had a turn.
        while !bench.open.is_empty() {
            bench.step(&Step::Close(0));
            bench.serve();
        }
        prop_assert!(bench.line.is_empty(), "{:?} still wait", bench.line);
    }
}

#[test]
fn where_all_connections_are_in_use_none_is_given_up_for_a_host_that_takes_no_more() {
    let mut turns = Turns::new(3);
    turns.remember("h".to_owned(), 1, at(0));
    assert!(turns.try_open("h", at(0)) && turns.try_open("a", at(0)) && turns.try_open("a", at(0)));
    turns.wait("h", 1);
    assert!(turns.is_waited_for("h", at(0)));
    assert!(!turns.is_waited_for("a", at(0)), "one of these is of no use to it");
    assert!(turns.is_waited_for("a", at(30)), "the host may bear another by now");
    turns.wait("b", 2);
    assert!(turns.is_waited_for("a", at(0)), "another host has room");
}
