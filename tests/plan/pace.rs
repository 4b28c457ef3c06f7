//! When writes are handed to threads that may block.

use std::time::Duration;

use haul::plan::Pace;

fn after(times: impl IntoIterator<Item = u64>) -> Pace {
    let mut pace = Pace::default();
    times.into_iter().for_each(|millis| pace.took(Duration::from_millis(millis)));
    pace
}

#[test]
fn one_hiccup_is_borne_and_a_slow_disk_is_not() {
    assert!(!after([]).is_slow());
    assert!(!after([50, 50, 50, 50, 50]).is_slow());
    assert!(!after([140]).is_slow());
    assert!(after([60, 1, 60, 1, 60]).is_slow());
    assert!(after([2000]).is_slow(), "a network disk or a stick is known by one write");
}

#[test]
fn a_disk_that_is_fast_again_is_written_at_once_again() {
    let calm = |count| after([2000].into_iter().chain(std::iter::repeat_n(1, count)));
    assert!(calm(31).is_slow());
    assert!(!calm(32).is_slow());
    let mut again = calm(32);
    again.took(Duration::from_millis(60));
    assert!(!again.is_slow(), "what was lost before is forgotten");
    again.took(Duration::from_secs(u64::MAX));
    assert!(again.is_slow());
}

#[test]
fn a_disk_that_was_quick_a_while_ago_may_hang_by_now() {
    let (quick, slow) = (Duration::from_micros(5), Duration::from_millis(160));
    let mut pace = Pace::default();
    pace.took(quick);
    assert!(pace.bears_a_look(Duration::from_millis(900)));
    assert!(!pace.bears_a_look(Duration::from_secs(1)));
    pace.took(slow);
    assert!(!pace.bears_a_look(Duration::ZERO));
}
