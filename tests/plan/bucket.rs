//! The token bucket: its mean is exact whatever the reads are, and a pause earns no more than a burst.

use std::time::Duration;

use haul::model::{Moment, Rate};
use haul::plan::{Bucket, unread};
use proptest::prelude::*;

const KIB: u64 = 1024;

/// The moment that is so many seconds after the start.
fn at(seconds: f64) -> Moment {
    Moment::after(Duration::from_secs_f64(seconds))
}

fn bucket(rate: u64) -> Bucket {
    let mut bucket = Bucket::unlimited();
    bucket.set_rate(Some(Rate::per_second(rate)), Moment::ZERO);
    bucket
}

/// Several drawers read by turns, each when its wait is over. Gives what was read and how long it took.
fn draw(bucket: &mut Bucket, reads: &[(usize, u64)], drawers: usize, from: f64) -> (u64, f64) {
    let mut ready = vec![from; drawers];
    let (mut read, mut end) = (0, from);
    // Each drawer has its own reads in order; whoever is ready first reads next.
    let mut queues: Vec<Vec<u64>> = vec![Vec::new(); drawers];
    for (drawer, bytes) in reads {
        queues[drawer % drawers].push(*bytes);
    }
    while let Some(next) =
        (0..drawers).filter(|index| !queues[*index].is_empty()).min_by(|a, b| ready[*a].total_cmp(&ready[*b]))
    {
        let bytes = queues[next].remove(0);
        let wait = bucket.charge(bytes, at(ready[next]));
        ready[next] += wait.as_secs_f64();
        end = f64::max(end, ready[next]);
        read += bytes;
    }
    (read, end - from)
}

#[test]
fn without_a_limit_nobody_waits() {
    let mut free = Bucket::unlimited();
    assert_eq!((free.rate(), free.charge(u64::MAX, at(1.0))), (None, Duration::ZERO));
}

#[test]
fn an_idle_bucket_gives_a_burst_and_no_more() {
    let mut bucket = bucket(1000 * KIB);
    assert_eq!(bucket.charge(50 * KIB, at(3600.0)), Duration::ZERO);
    assert!(bucket.charge(KIB, at(3600.0)) > Duration::ZERO);
}

#[test]
fn a_live_change_of_the_rate_keeps_the_debt_and_grants_nothing() {
    let mut bucket = bucket(100);
    assert_eq!(bucket.charge(1000, at(0.0)), Duration::from_secs(10));
    bucket.set_rate(Some(Rate::per_second(1000)), at(5.0));
    assert_eq!(bucket.charge(0, at(5.0)), Duration::from_millis(500), "500 bytes are still owed");
    bucket.set_rate(None, at(5.1));
    assert_eq!(bucket.charge(1 << 40, at(5.1)), Duration::ZERO);
    bucket.set_rate(Some(Rate::per_second(10)), at(6.0));
    assert_eq!(bucket.charge(10, at(6.0)), Duration::from_secs(1), "neither debt nor credit from the time without");
}

#[test]
fn a_rate_of_nothing_and_a_debt_beyond_measure_are_only_long_waits() {
    assert!(bucket(0).charge(1, at(1.0)) >= Duration::from_secs(1));
    let mut slow = bucket(1);
    for _ in 0..8 {
        assert!(slow.charge(u64::MAX, at(1.0)) > Duration::from_secs(1 << 40));
    }
}

#[test]
fn a_clock_that_goes_back_earns_nothing_twice() {
    let mut bucket = bucket(100);
    bucket.charge(1000, at(10.0));
    let owed = bucket.charge(0, at(10.0));
    assert_eq!(bucket.charge(0, at(2.0)), owed);
    assert_eq!(bucket.charge(0, at(10.0)), owed);
}

proptest! {
    #[test]
    fn the_mean_is_exact(
        rate in KIB..1_u64 << 30,
        drawers in 1..9_usize,
        reads in proptest::collection::vec((any::<usize>(), 1..300 * KIB), 1..120),
    ) {
        let mut bucket = bucket(rate);
        let (read, took) = draw(&mut bucket, &reads, drawers, 0.0);
        let ideal = read as f64 / rate as f64;
        prop_assert!((took - ideal).abs() < 1e-6 * (1.0 + reads.len() as f64), "{took} s in place of {ideal} s");
    }

    #[test]
    fn after_a_pause_a_burst_is_the_most(rate in KIB..1_u64 << 30, pause in 0.0..1e6, reads in proptest::collection::vec(1..90 * KIB, 1..50)) {
        let mut bucket = bucket(rate);
        bucket.charge(rate, at(0.0));
        let reads: Vec<(usize, u64)> = reads.into_iter().map(|bytes| (0, bytes)).collect();
        let (read, took) = draw(&mut bucket, &reads, 1, 1.0 + pause);
        prop_assert!(read as f64 <= (took + 0.05 + 1e-6) * rate as f64 + 1.0, "{read} bytes in {took} s at {rate}");
    }

    #[test]
    fn changes_of_the_rate_are_felt_at_once(first in KIB..1_u64 << 24, second in KIB..1_u64 << 24, reads in proptest::collection::vec(1..64 * KIB, 2..60)) {
        let mut bucket = bucket(first);
        let reads: Vec<(usize, u64)> = reads.into_iter().map(|bytes| (0, bytes)).collect();
        let (before, after) = reads.split_at(reads.len() / 2);
        let (_, took) = draw(&mut bucket, before, 1, 0.0);
        bucket.set_rate(Some(Rate::per_second(second)), at(took));
        let (read, later) = draw(&mut bucket, after, 1, took);
        let ideal = read as f64 / second as f64;
        prop_assert!((later - ideal).abs() < 1e-4, "{later} s in place of {ideal} s");
    }
}

#[test]
fn there_is_something_to_spare_unless_those_who_draw_take_it_all() {
    assert!(Bucket::unlimited().has_spare(at(0.0)));
    let mut bucket = bucket(1000 * KIB);
    assert!(!bucket.has_spare(at(0.0)), "nobody has drawn yet");
    assert!(bucket.has_spare(at(0.1)));
    // One who always wants more, and waits as it is told: whenever one looks there is nothing.
    let mut now = 0.1;
    for look in 1..1000 {
        now += bucket.charge(64 * KIB, at(now)).as_secs_f64();
        assert!(!bucket.has_spare(at(now)), "look {look}");
    }
    // One who gets half of it from elsewhere leaves something.
    let looks: Vec<bool> = (1..100)
        .map(|_| {
            now += 0.02;
            let spare = bucket.has_spare(at(now));
            bucket.charge(10 * KIB, at(now));
            spare
        })
        .collect();
    assert!(looks[10..].iter().all(|spare| *spare), "{looks:?}");
}

#[test]
fn what_a_connection_may_hold_is_little_on_a_short_way_alone() {
    let mib = |count: u64| Rate::per_second(count << 20);
    let ms = Duration::from_millis;
    assert_eq!(unread(Rate::per_second(1000), ms(0)), Some(32 * KIB), "no less than a packet needs");
    assert_eq!(unread(mib(8), ms(0)), Some((8 << 20) / 80), "an eightieth of a second");
    // What comes while one asks has to find room in the 64 KiB that a server is offered at first, twice.
    assert_eq!(unread(mib(1), ms(31)), Some(32 * KIB));
    assert_eq!(unread(mib(1), ms(32)), None);
    assert_eq!(unread(mib(8), ms(4)), None);
}
