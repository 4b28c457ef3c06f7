//! When a transfer goes on whose disk was full.

use std::time::Duration;

use haul::model::Moment;
use haul::plan::Shortage;

fn after(seconds: u64) -> Moment {
    Moment::ZERO + Duration::from_secs(seconds)
}

#[test]
fn it_goes_on_when_what_is_needed_fits() {
    let shortage = Shortage::met(None, 0, Moment::ZERO);
    assert!(!shortage.is_over(Some(10), 9, after(3)));
    assert!(shortage.is_over(Some(10), 10, after(3)));
    assert!(!shortage.is_over(Some(10), 10, after(2)), "not at once");
}

#[test]
fn a_file_of_unknown_length_needs_some_room_and_more_the_more_has_come() {
    let shortage = Shortage::met(None, 8 << 20, Moment::ZERO);
    assert!(!shortage.is_over(None, (2 << 20) - 1, after(3)));
    assert!(shortage.is_over(None, 2 << 20, after(3)));
}

#[test]
fn a_disk_that_is_full_again_without_a_new_byte_is_asked_less_often() {
    let mut shortage = Shortage::met(None, 5, Moment::ZERO);
    let mut waits = Vec::new();
    for _ in 0..9 {
        waits.push((0..=1000).find(|seconds| shortage.is_over(Some(1), 1, after(*seconds))).unwrap());
        shortage = Shortage::met(Some(shortage), 5, Moment::ZERO);
    }
    assert_eq!(waits, [3, 6, 12, 24, 48, 96, 192, 300, 300]);
    assert!(Shortage::met(Some(shortage), 6, Moment::ZERO).is_over(Some(1), 1, after(3)), "a new byte came");
}

#[test]
fn after_a_restart_it_is_looked_at_once() {
    let shortage = Shortage::remembered(5, Moment::ZERO);
    assert!(shortage.is_unknown() && shortage.is_over(Some(1), 1, Moment::ZERO));
    assert!(!Shortage::met(Some(shortage), 5, Moment::ZERO).is_unknown());
}
