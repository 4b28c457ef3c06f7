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
    assert_eq!(refusals.wait_until("h", at(4)), Some(at(28)));
    assert_eq!(refusals.wait_until("other", at(4)), None);
    assert!(refusals.is_refusing("h") && !refusals.is_refusing("other"));
    refusals.serve("h");
    assert!(!refusals.is_refusing("h"));
    assert_eq!(refusals.wait_until("h", at(5)), None, "it serves others");
    refusals.refuse("h", Some(Duration::from_secs(25)), at(5));
    assert_eq!(refusals.wait_until("h", at(5)), None, "they are not in a row");
}

#[test]
fn one_tries_when_the_time_has_come_and_the_others_wait_for_what_comes_of_it() {
    for after in [Some(25), None] {
        let mut refusals = refused(4, after);
        let until = 3 + after.unwrap_or(15);
        assert_eq!(refusals.wait_until("h", at(until - 1)), Some(at(until)));
        assert_eq!(refusals.wait_until("h", at(until)), None);
        assert_eq!(refusals.wait_until("h", at(until)), Some(at(until + 15)));
        refusals.refuse("h", after.map(Duration::from_secs), at(until + 1));
        let again = until + 1 + after.unwrap_or(15);
        assert_eq!(refusals.wait_until("h", at(until + 1)), Some(at(again)));
        // Nothing may ever come of it.
        assert_eq!(refusals.wait_until("h", at(again)), None);
        assert_eq!(refusals.wait_until("h", at(again + 15)), None);
    }
}

#[test]
fn a_queue_of_any_number_of_hosts_is_forgotten_in_time() {
    let mut refusals = Refusals::default();
    for number in 0..5000 {
        refusals.refuse(&format!("h{number}"), Some(Duration::from_secs(10)), at(number));
    }
    assert!(refusals.kept() <= 611, "{}", refusals.kept());
}
