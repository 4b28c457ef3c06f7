//! A verdict for every kind of fault, and the bounds of the waits.

use std::time::Duration;

use haul::model::{Fault, FaultKind as Kind, Patience};
use haul::plan::{MUCH, Verdict, again_after, backoff, reopening, verdict};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn patience() -> Patience {
    Patience { retries: 5, wait: SECOND, ..Patience::default() }
}

fn fault(kind: Kind) -> Fault {
    Fault::new(kind, "http://host/a", "is odd")
}

/// The word for a fault at its first, third, fifth and sixth time in a row.
fn verdicts(kind: Kind) -> [&'static str; 4] {
    [1, 3, 5, 6].map(|failures| match verdict(&fault(kind), failures, false, &patience(), 1.0) {
        Verdict::Again { .. } => "again",
        Verdict::Milder => "milder",
        Verdict::Compare => "compare",
        Verdict::Restart => "restart",
        Verdict::GiveUp => "give up",
    })
}

#[test]
fn a_server_that_gave_parts_before_gets_a_second_chance_before_they_are_thrown_away() {
    let ignored = |failures, kept| verdict(&fault(Kind::RangeIgnored), failures, kept, &patience(), 1.0);
    assert_eq!(ignored(1, true), Verdict::Again { after: SECOND });
    assert_eq!(ignored(2, true), Verdict::Milder);
    assert_eq!(ignored(1, false), Verdict::Milder, "nothing is lost");
}

#[test]
fn who_can_only_ask_again_gives_up_where_the_verdict_is_another() {
    let after = |kind, failures| again_after(&fault(kind), failures, &patience(), 1.0);
    assert_eq!((after(Kind::Cut, 1), after(Kind::Cut, 6)), (Some(SECOND), None));
    for other in [Kind::Changed, Kind::Retagged, Kind::RangeIgnored, Kind::Status(404)] {
        assert_eq!(after(other, 1), None, "{other}");
    }
}

#[test]
fn every_kind_of_fault_has_its_verdict() {
    let again = ["again", "again", "again", "give up"];
    let give_up = ["give up"; 4];
    for (kind, expected) in [
        (Kind::Resolve, again),
        (Kind::Connect, again),
        (Kind::Tls, give_up),
        (Kind::Cut, again),
        (Kind::Stalled, again),
        (Kind::RangeIgnored, ["milder"; 4]),
        (Kind::WrongRange, ["again", "milder", "milder", "milder"]),
        (Kind::Changed, ["restart"; 4]),
        (Kind::Retagged, ["compare"; 4]),
        (Kind::BadAnswer, again),
        (Kind::WebPage, ["again", "give up", "give up", "give up"]),
        (Kind::Expired, give_up),
        (Kind::Different, give_up),
        (Kind::Redirect, give_up),
        (Kind::DiskFull, give_up),
        (Kind::Disk, give_up),
        (Kind::Exists, give_up),
        (Kind::Busy, give_up),
        (Kind::Checksum, give_up),
        (Kind::State, give_up),
        (Kind::Request, give_up),
        (Kind::UploadGone, give_up),
        (Kind::PartDamaged, again),
        (Kind::Credentials, give_up),
        (Kind::SourceChanged, give_up),
    ] {
        assert_eq!(verdicts(kind), expected, "{kind:?}");
    }
    for status in 100..=999 {
        let passing = matches!(status, 408 | 425 | 429 | 500 | 502..=599);
        let expected = if passing { again } else { give_up };
        assert_eq!(verdicts(Kind::Status(status)), expected, "HTTP {status}");
    }
}

#[test]
fn without_patience_nothing_is_tried_again() {
    let none = Patience { retries: 0, ..patience() };
    assert_eq!(verdict(&fault(Kind::Cut), 1, true, &none, 0.5), Verdict::GiveUp);
    assert_eq!(verdict(&fault(Kind::RangeIgnored), 1, false, &none, 0.5), Verdict::Milder);
    let endless = Patience { retries: u32::MAX, ..patience() };
    let Verdict::Again { after } = verdict(&fault(Kind::Cut), u32::MAX, true, &endless, 1.0) else { panic!() };
    assert_eq!(after, 60 * SECOND);
}

#[test]
fn a_server_that_names_its_time_is_obeyed_within_reason() {
    let wait = |asked: Duration, failures: u32| {
        let fault = fault(Kind::Status(503)).with_retry_after(Some(asked));
        match verdict(&fault, failures, true, &patience(), 1.0) {
            Verdict::Again { after } => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wait(7 * SECOND, 1), 7 * SECOND);
    assert_eq!(wait(SECOND, 2), SECOND, "the server knows better than our own schedule");
    assert_eq!(wait(SECOND, 5), 16 * SECOND, "but for one that says the same again and again");
    assert_eq!(wait(20 * SECOND, 5), 20 * SECOND);
    assert_eq!(wait(599 * SECOND, 1), 599 * SECOND);
    assert_eq!(wait(86_400 * SECOND, 1), 600 * SECOND);
    assert_eq!(wait(Duration::MAX, 1), 600 * SECOND);
}

/// A date in the past (its clock or ours is wrong) and "0" name no time: five attempts would be gone in a moment.
#[test]
fn a_time_that_has_passed_is_no_reason_to_hurry() {
    let now = fault(Kind::Status(503)).with_retry_after(Some(Duration::ZERO));
    for failures in 1..=5 {
        let own = Verdict::Again { after: backoff(failures, SECOND, 0.0) };
        assert_eq!(verdict(&now, failures, true, &patience(), 0.0), own);
    }
}

#[test]
fn waits_double_up_to_a_minute() {
    let full = |failures| backoff(failures, SECOND, 1.0).as_secs();
    assert_eq!([1, 2, 3, 4, 5, 6, 7, 8, 99].map(full), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(backoff(0, SECOND, 1.0), SECOND);
    assert_eq!(backoff(9, Duration::ZERO, 1.0), Duration::ZERO);
    assert_eq!(backoff(u32::MAX, Duration::MAX, 1.0), 60 * SECOND);
}

proptest! {
    #[test]
    fn a_wait_lies_in_the_upper_half_of_its_step(failures in any::<u32>(), millis in 0..100_000_u64, jitter in any::<f64>()) {
        let first = Duration::from_millis(millis);
        let full = backoff(failures, first, 1.0);
        let wait = backoff(failures, first, if jitter.is_nan() { 0.5 } else { jitter });
        prop_assert!(wait <= full && wait >= full / 2, "{wait:?} of {full:?}");
        prop_assert!(full <= 60 * SECOND);
    }
}

#[test]
fn a_server_that_cuts_after_megabytes_is_asked_at_once_and_one_that_gives_a_handful_less_and_less_often() {
    for (bytes, meagre, millis) in [
        (MUCH, 0, 100),
        (MUCH, 50, 100),
        (MUCH - 1, 1, 100),
        (MUCH - 1, 4, 200),
        (1000, 1, 100),
        (1000, 2, 200),
        (1000, 4, 800),
        (1000, 5, 1000),
        (1, 99, 1000),
    ] {
        let wait = reopening(bytes, meagre, SECOND, 1.0);
        assert_eq!(wait, Duration::from_millis(millis), "{bytes} bytes, the {meagre}. time");
        assert!(reopening(bytes, meagre, SECOND, 0.0) >= wait / 2);
    }
}
