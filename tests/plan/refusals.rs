//! Whether one that has not asked yet is to ask a host that has told others to come again later.

use std::time::Duration;

use haul::model::Moment;
use haul::plan::Refusals;

fn at(seconds: u64) -> Moment {
    Moment::after(Duration::from_secs(seconds))
}

fn refused(count: u64, after: Option<u64>) -> Refusals {
    let mut refusals = Refusals::default();
    (0..count).for_each(|now| refusals.refuse("h", after.map(Duration::from_secs), at(now)));
    refusals
}

#[test]
fn what_few_were_told_may_be_about_their_files() {
    assert_eq!(refused(3, Some(25)).wait_until("h", at(3)), None);
    let mut refusals = refused(4, Some(25));
    assert_eq!(refusals.wait_until("h", at(4)), None, "one tries at once");
    assert_eq!(refusals.wait_until("h", at(4)), Some(at(19)));
    assert_eq!(refusals.wait_until("other", at(4)), None);
    assert!(refusals.is_refusing("h") && !refusals.is_refusing("other"));
    refusals.serve("h");
    assert!(!refusals.is_refusing("h"));
    assert_eq!(refusals.wait_until("h", at(5)), None, "it serves others");
    refusals.refuse("h", Some(Duration::from_secs(25)), at(5));
    assert_eq!(refusals.wait_until("h", at(5)), None, "they are not in a row");
}

#[test]
fn one_tries_now_and_then_and_the_others_wait_for_what_comes_of_it() {
    // Each time so long after the try, or when the host has said.
    for (after, nexts) in [(Some(3600), [21, 52, 113]), (Some(20), [21, 42, 63]), (None, [21, 37, 53])] {
        let (mut refusals, mut now) = (refused(4, after), 5);
        for next in nexts {
            assert_eq!(refusals.wait_until("h", at(now)), None, "{after:?}");
            assert_eq!(refusals.wait_until("h", at(now)), Some(at(now + 15)), "{after:?}");
            refusals.refuse("h", after.map(Duration::from_secs), at(now + 1));
            assert_eq!(refusals.wait_until("h", at(now + 1)), Some(at(next)), "{after:?}");
            now = next;
        }
    }
    // Nothing may ever come of a try.
    let mut refusals = refused(4, Some(25));
    assert_eq!(refusals.wait_until("h", at(4)), None);
    assert_eq!(refusals.wait_until("h", at(19)), None);
}

#[test]
fn a_host_that_does_not_answer_is_tried_by_one_at_a_time() {
    let mut refusals = Refusals::default();
    (0..4).for_each(|now| refusals.miss("h", at(now)));
    assert!(refusals.is_missing("h") && refusals.is_refusing("h"));
    let mut now = 3;
    for wait in [15; 6] {
        assert_eq!(refusals.wait_until("h", at(now)), Some(at(now + wait)));
        now += wait;
        assert_eq!(refusals.wait_until("h", at(now)), None, "one tries");
        assert_eq!(refusals.wait_until("h", at(now)), Some(at(now + 15)), "and no other one meanwhile");
        refusals.miss("h", at(now));
    }
    refusals.serve("h");
    assert_eq!(refusals.wait_until("h", at(now)), None);
}

#[test]
fn a_queue_of_any_number_of_hosts_is_forgotten_in_time() {
    let mut refusals = Refusals::default();
    for number in 0..5000 {
        refusals.refuse(&format!("h{number}"), Some(Duration::from_secs(10)), at(number));
    }
    assert!(refusals.kept() <= 611, "{}", refusals.kept());
}

#[test]
fn a_host_that_names_a_day_is_tried_before() {
    let (mut refusals, mut now) = (refused(4, Some(86_400)), 4);
    for _ in 0..12 {
        if let Some(next) = refusals.wait_until("h", at(now)) {
            assert!(next <= at(now + 600), "{now}: {next:?}");
            now = next.since(at(0)).as_secs();
            assert_eq!(refusals.wait_until("h", at(now)), None);
        }
        refusals.refuse("h", Some(Duration::from_secs(86_400)), at(now));
    }
}
