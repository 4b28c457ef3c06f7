//! Whole downloads in virtual time, with the engine's own habits: when connections ask, stay and go.

use std::time::Duration;

use haul::model::{ByteRange, Moment, RangeSet};
use haul::plan::{LeaseId, Opener, Plan};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
/// A step of virtual time, in milliseconds.
const STEP: u64 = 10;
/// How long an answer takes.
const ANSWER: u64 = 50;
/// The crew looks at the plan as a whole this often.
const TICK: u64 = 125;
/// A connection without a byte for so long is given up by its worker.
const TIMEOUT: u64 = 30_000;

/// Bytes a second of one connection, by its number and the time in milliseconds.
type Speed<'a> = &'a dyn Fn(usize, u64) -> u64;

struct Seat {
    lease: Option<LeaseId>,
    answered: u64,
    heard: u64,
    owed: u64,
    open: bool,
}

/// What a download came to.
struct Outcome {
    millis: u64,
    requests: usize,
}

/// Downloads so many bytes over connections of these speeds, and checks that no byte is written twice.
fn race(length: u64, connections: u16, speed: Speed) -> Outcome {
    resume(length, RangeSet::new(), connections, speed)
}

/// The same, of a file of which so much is on disk.
fn resume(length: u64, done: RangeSet, connections: u16, speed: Speed) -> Outcome {
    let mut plan = Plan::new(Some(length), done.clone());
    let mut written = done;
    let mut requests = 0;
    let seat = || Seat { lease: None, answered: 0, heard: 0, owed: 0, open: false };
    let mut seats: Vec<Seat> = (0..connections).map(|_| seat()).collect();
    let mut at = 0;
    while !plan.is_complete() {
        assert!(at < 600_000, "it does not end: {plan:#?}");
        let now = Moment::from_millis(at);
        if at % TICK < STEP {
            let slow = plan.laggards(now);
            for seat in seats.iter_mut().filter(|seat| seat.lease.is_some_and(|lease| slow.contains(&lease))) {
                leave(&mut plan, seat);
            }
        }
        // The crew opens what the plan has work for.
        for number in 0..seats.len() {
            let anybody = seats.iter().any(|seat| seat.open);
            if !seats[number].open {
                let opener = if anybody { Opener::New } else { Opener::Idle };
                let Some(lease) = plan.lease(opener, connections, now) else { break };
                sit(&mut seats[number], lease, at);
                requests += 1;
            }
        }
        for (number, seat) in seats.iter_mut().enumerate().filter(|(_, seat)| seat.open && seat.answered <= at) {
            let Some(lease) = seat.lease else { continue };
            seat.owed += speed(number, at) * STEP;
            let bytes = seat.owed / 1000;
            seat.owed %= 1000;
            if bytes > 0 {
                seat.heard = at;
                let start = plan.get(lease).unwrap().position;
                let allowed = plan.begin_write(lease, bytes);
                let range = ByteRange::new(start, start + allowed);
                assert_eq!(written.overlap(range), 0, "{range:?} is written twice");
                plan.advance(lease, allowed, now);
                written.insert(range);
            }
            let held = plan.get(lease).unwrap();
            // A worker looks at its lease's end only when bytes come.
            if bytes > 0 && held.position >= held.end {
                plan.release(lease);
                seat.lease = None;
                match plan.lease(Opener::Idle, connections, now) {
                    Some(next) => {
                        sit(seat, next, at);
                        requests += 1;
                    }
                    None => seat.open = false,
                }
            } else if at - seat.heard >= TIMEOUT {
                leave(&mut plan, seat);
            }
        }
        at += STEP;
    }
    assert_eq!(written.total(), length);
    Outcome { millis: at, requests }
}

fn sit(seat: &mut Seat, lease: LeaseId, at: u64) {
    *seat = Seat { lease: Some(lease), answered: at + ANSWER, heard: at + ANSWER, owed: 0, open: true };
}

fn leave(plan: &mut Plan, seat: &mut Seat) {
    seat.lease.take().into_iter().for_each(|lease| plan.release(lease));
    seat.open = false;
}

fn told(name: &str, outcome: &Outcome, ideal: u64) {
    println!("{name}: {} ms (ideal {ideal} ms), {} requests", outcome.millis, outcome.requests);
}

/// Eight connections have fetched a quarter of their MiB each when the download is paused.
#[test]
fn what_is_left_of_a_slow_file_in_gaps_takes_no_longer_than_it_would_have() {
    let done: RangeSet = (0..8).map(|part| ByteRange::new(part * MIB, part * MIB + MIB / 4)).collect();
    let outcome = resume(8 * MIB, done, 8, &|_, _| 60_000);
    let ideal = 6 * MIB * 1000 / (8 * 60_000);
    told("a resume with gaps of 768 KiB at 8 x 60 kB/s", &outcome, ideal);
    assert!(outcome.millis <= ideal + 1000, "{} ms", outcome.millis);
}

#[test]
fn eight_equal_connections_end_together() {
    let outcome = race(128 * MIB, 8, &|_, _| 4 * MIB);
    told("8 x 4 MiB/s", &outcome, 4000 + ANSWER);
    assert!(outcome.millis <= 4200, "{} ms", outcome.millis);
    assert!(outcome.requests <= 16, "{} requests", outcome.requests);
}

#[test]
fn one_that_slows_down_costs_little() {
    let speed = |number, at| if number == 3 && at >= 1500 { MIB / 5 } else { 4 * MIB };
    let outcome = race(128 * MIB, 8, &speed);
    told("one falls to 0.2 MiB/s", &outcome, 4340 + ANSWER);
    assert!(outcome.millis <= 4700, "{} ms", outcome.millis);
}

#[test]
fn one_that_stops_costs_little() {
    for victim in [0, 3, 7] {
        let speed = move |number, at| if number == victim && at >= 1500 { 0 } else { 4 * MIB };
        let outcome = race(128 * MIB, 8, &speed);
        told("one stops", &outcome, 4360 + ANSWER);
        assert!(outcome.millis <= 4700, "{} ms", outcome.millis);
    }
}

#[test]
fn one_that_is_slow_from_its_beginning_costs_little() {
    let outcome = race(128 * MIB, 8, &|number, _| if number == 3 { MIB / 10 } else { 4 * MIB });
    told("one has 0.1 MiB/s", &outcome, 4559 + ANSWER);
    assert!(outcome.millis <= 5070, "{} ms", outcome.millis);
}

#[test]
fn one_that_never_says_a_word_costs_little() {
    let outcome = race(128 * MIB, 8, &|number, _| if number == 3 { 0 } else { 4 * MIB });
    told("one is dumb", &outcome, 4571 + ANSWER);
    assert!(outcome.millis <= 5070, "{} ms", outcome.millis);
}

#[test]
fn unequal_connections_end_together() {
    let outcome = race(256 * MIB, 8, &|number, _| (number as u64 + 1) * MIB);
    told("1 to 8 MiB/s", &outcome, 7111 + ANSWER);
    assert!(outcome.millis <= 7700, "{} ms", outcome.millis);
}

#[test]
fn a_tail_on_a_dead_connection_does_not_wait_for_its_timeout() {
    // All but one are done long before the one that is left falls silent with a few bytes to go.
    for left in [1, 64 << 10, 500 << 10, 3 * MIB] {
        let mut plan = Plan::new(Some(8 * MIB), RangeSet::new());
        let (first, second) = (plan.lease(Opener::New, 2, Moment::ZERO), plan.lease(Opener::New, 2, Moment::ZERO));
        let (first, second) = (first.unwrap(), second.unwrap());
        let mut now = Moment::ZERO;
        for (lease, bytes) in [(first, 4 * MIB), (second, 4 * MIB - left)] {
            now = now + Duration::from_millis(500);
            assert_eq!(plan.begin_write(lease, bytes), bytes);
            plan.advance(lease, bytes, now);
        }
        plan.release(first);
        let taken = (0..200).find_map(|_| {
            now = now + Duration::from_millis(TICK);
            plan.laggards(now).into_iter().for_each(|lease| plan.release(lease));
            plan.lease(Opener::New, 2, now)
        });
        assert!(taken.is_some(), "the last {left} bytes wait for a connection that died");
        assert!(now.since(Moment::ZERO) < Duration::from_secs(8), "{left} bytes: only after {now:?}");
    }
}

/// Silence, or something that can be called a speed.
fn pace() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), 64 << 10..8 * MIB]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_connections_do_it_ends(
        megabytes in 1..64_u64,
        speeds in proptest::collection::vec(proptest::collection::vec(pace(), 1..4), 1..9),
    ) {
        let speed = |number: usize, at: u64| {
            let own = &speeds[number];
            // One at least goes on, or nothing could ever end.
            if number == 0 { MIB } else { own[(at / 1700) as usize % own.len()] }
        };
        let outcome = race(megabytes * MIB, speeds.len() as u16, &speed);
        // The steady one alone, the time in which silence is noticed, and the last MiB on the slowest that is not silent.
        prop_assert!(outcome.millis <= megabytes * 1000 + 5000 + 16_000, "{} ms", outcome.millis);
    }
}
