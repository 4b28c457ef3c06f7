//! Single decisions of the plan: who gets what, and who loses it.

use std::time::Duration;

use haul::model::{ByteRange, Moment, RangeSet};
use haul::plan::{Beyond, LeaseId, MIN_PART, Opener, Plan};

pub const MIB: u64 = 1 << 20;
pub const KIB: u64 = 1 << 10;

pub fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

pub fn plan(length: u64) -> Plan {
    Plan::new(Some(length), RangeSet::new())
}

pub fn open(plan: &mut Plan, connections: u16, now: Moment) -> LeaseId {
    plan.lease(Opener::New, connections, now).unwrap()
}

pub fn range(plan: &Plan, id: LeaseId) -> (u64, u64) {
    let lease = plan.get(id).unwrap();
    (lease.position, lease.end)
}

pub fn write(plan: &mut Plan, id: LeaseId, bytes: u64, now: Moment) -> u64 {
    let allowed = plan.begin_write(id, bytes);
    plan.advance(id, allowed, now);
    allowed
}

/// Two leases of 8 MiB each, fed every 100 ms at these bytes a second, for so many milliseconds.
pub fn pair(speeds: [u64; 2], millis: u64) -> (Plan, [LeaseId; 2]) {
    let mut plan = plan(16 * MIB);
    let ids = [open(&mut plan, 2, at(0)), open(&mut plan, 2, at(0))];
    for now in (100..=millis).step_by(100) {
        for (id, speed) in ids.iter().zip(speeds) {
            write(&mut plan, *id, speed / 10, at(now));
        }
    }
    (plan, ids)
}

#[test]
fn a_file_is_shared_out_evenly_and_in_order() {
    let mut plan = plan(128 * MIB);
    let ids: Vec<_> = (0..8).map(|_| open(&mut plan, 8, at(0))).collect();
    let starts: Vec<_> = ids.into_iter().map(|id| range(&plan, id)).collect();
    let even: Vec<_> = (0..8).map(|part| (part * 16 * MIB, (part + 1) * 16 * MIB)).collect();
    assert_eq!(starts, even);
    assert!(plan.free().is_empty());
}

#[test]
fn what_was_just_asked_for_is_not_taken_over_where_it_will_be_there_at_once() {
    for (speed, taken) in [(100 * MIB, false), (MIB, true)] {
        let mut plan = plan(2 * MIB);
        let ids = [open(&mut plan, 2, at(0)), open(&mut plan, 2, at(0))];
        let second = 1000 * MIB / speed;
        write(&mut plan, ids[0], 1, at(0));
        write(&mut plan, ids[0], MIB, at(second));
        plan.release(ids[0]);
        assert_eq!(plan.lease(Opener::Idle, 2, at(second)).is_some(), taken, "at {speed} bytes a second");
    }
}

#[test]
fn small_files_get_few_connections() {
    for (length, most) in [(1, 1), (MIN_PART - 1, 1), (2 * MIN_PART - 2, 1), (2 * MIN_PART, 2), (5 * MIN_PART, 5)] {
        let mut plan = plan(length);
        let count = std::iter::from_fn(|| plan.lease(Opener::New, 8, at(0))).count();
        assert_eq!(count, most, "{length} bytes");
    }
    assert_eq!(plan(0).lease(Opener::Idle, 8, at(0)), None);
    assert!(plan(0).is_complete());
}

/// A file that is on disk but for so many gaps of 256 KiB.
fn with_gaps(count: u64) -> Plan {
    let gap = |number: u64| ByteRange::new(number * MIB, number * MIB + 3 * MIB / 4);
    Plan::new(Some(count * MIB), (0..count).map(gap).collect())
}

#[test]
fn many_small_gaps_are_fetched_over_many_connections_but_not_over_more_than_they_are_worth() {
    for (gaps, connections, opened) in [(32, 8, 8), (32, 64, 8), (16, 8, 4), (4, 8, 1), (3, 8, 1), (1, 8, 1)] {
        let mut plan = with_gaps(gaps);
        let first = plan.lease(Opener::Idle, connections, at(0));
        let others = std::iter::from_fn(|| plan.lease(Opener::New, connections, at(0))).count();
        assert!(first.is_some() && others + 1 == opened, "{gaps} gaps: {} connections", others + 1);
    }
}

#[test]
fn a_long_silence_is_borne_but_not_for_ever() {
    // How long a silence, once ended, lets a later one go on before it counts as a stall.
    for (silence, borne) in [(1, 3), (2, 4), (5, 10), (30, 40), (100, 110), (86_400, 120)] {
        let (mut plan, [_, dead]) = pair([MIB, MIB], 1000);
        plan.bear(Duration::from_secs(silence));
        let lost = (0..1000).find(|second| {
            let first = plan.leases().next().unwrap().0;
            plan.excuse(first, at(1000 + second * 1000));
            let mut later = plan.clone();
            later.lease(Opener::Idle, 3, at(1000 + second * 1000));
            range(&later, dead).0 == range(&later, dead).1
        });
        assert_eq!(lost, Some(borne), "after a silence of {silence} s");
    }
}

#[test]
fn an_idle_connection_takes_from_the_one_that_would_end_last_not_from_the_largest() {
    // One has 5 MiB left at 10 MiB/s, the other 2 MiB at 1 MiB/s.
    let mut plan = Plan::new(Some(105 * MIB), [ByteRange::new(10 * MIB, 20 * MIB)].into_iter().collect());
    let (fast, slow) = (open(&mut plan, 1, at(0)), open(&mut plan, 1, at(0)));
    for now in 1..=80 {
        write(&mut plan, fast, MIB, at(now * 100));
        write(&mut plan, slow, MIB / 10, at(now * 100));
    }
    let (before_slow, before_fast) = (range(&plan, slow), range(&plan, fast));
    assert!(before_fast.1 - before_fast.0 > before_slow.1 - before_slow.0, "the fast one has more left");
    let idle = plan.lease(Opener::Idle, 3, at(8000)).unwrap();
    assert_eq!(range(&plan, fast), before_fast);
    assert_eq!(range(&plan, idle).1, before_slow.1);
}

#[test]
fn it_takes_in_proportion_to_the_speeds() {
    // Both have left what the fellows' mean, 2.5 MiB/s, and their own 4 and 1 MiB/s would share.
    let (mut plan, [_, slow]) = pair([4 * MIB, MIB], 1000);
    let (position, end) = range(&plan, slow);
    let idle = plan.lease(Opener::Idle, 3, at(1000)).unwrap();
    let kept = range(&plan, slow).1 - position;
    let share = kept as f64 / (end - position) as f64;
    assert!((share - 1.0 / 3.5).abs() < 0.02, "the slow one keeps {share} of its rest");
    assert_eq!(range(&plan, idle), (position + kept, end));
}

/// What is left for the connections that may come is taken by them before anything is taken from the others.
#[test]
fn a_gap_is_shared_out_among_all_even_if_nobody_else_is_to_come() {
    let mut plan = plan(64 * MIB);
    let ids: Vec<_> = (0..4).map(|_| open(&mut plan, 8, at(0))).collect();
    assert_eq!(plan.free().total(), 32 * MIB);
    write(&mut plan, ids[0], 8 * MIB, at(1000));
    plan.release(ids[0]);
    let next = plan.lease(Opener::Idle, 4, at(1000)).unwrap();
    assert_eq!(range(&plan, next), (32 * MIB, 46 * MIB), "a quarter of what is left");
}

/// A fast connection is done while three crawl: what it had, and not what they have, tells what it can take.
#[test]
fn who_was_fast_leaves_nothing_to_those_who_crawl() {
    let mut plan = plan(8 * MIB);
    let crawl: Vec<LeaseId> = (0..3).map(|_| open(&mut plan, 4, at(0))).collect();
    let mut fast = Some(open(&mut plan, 4, at(0)));
    let mut last = 0;
    for now in (100..=20_000).step_by(100) {
        if plan.is_complete() {
            break;
        }
        for id in &crawl {
            write(&mut plan, *id, 400, at(now));
        }
        match fast {
            Some(id) if write(&mut plan, id, MIB / 5, at(now)) == 0 => {
                plan.release(id);
                fast = plan.lease(Opener::Idle, 4, at(now));
            }
            Some(_) => {}
            None => fast = plan.lease(Opener::New, 4, at(now)),
        }
        last = now;
    }
    assert!(plan.is_complete(), "{:?} are missing", plan.missing());
    assert!(last < 8000, "8 MiB at 2 MiB/s ended after {last} ms");
}

#[test]
fn what_is_being_written_is_nobody_elses() {
    let (mut plan, [_, slow]) = pair([4 * MIB, MIB / 8], 2000);
    let (position, end) = range(&plan, slow);
    let writing = plan.begin_write(slow, 7 * MIB);
    assert_eq!(writing, 7 * MIB);
    for now in 0..200 {
        if let Some(idle) = plan.lease(Opener::Idle, 9, at(2000 + now * 100)) {
            let taken = range(&plan, idle);
            assert!(taken.0 >= position + writing || taken.1 <= position, "{taken:?} is being written");
        }
    }
    plan.advance(slow, writing, at(23_000));
    assert!(range(&plan, slow).1 <= end);
}

#[test]
fn a_stalled_lease_loses_all_its_rest_to_the_next_that_asks() {
    let (mut plan, [_, dead]) = pair([MIB, MIB], 1000);
    let idle = (11..=40).find_map(|now| {
        let first = plan.leases().next().unwrap().0;
        write(&mut plan, first, MIB / 10, at(now * 100));
        (now == 40).then(|| plan.lease(Opener::Idle, 3, at(4000)).unwrap())
    });
    let (position, end) = range(&plan, dead);
    assert_eq!(position, end, "it keeps nothing");
    assert_eq!(range(&plan, idle.unwrap()), (position, 16 * MIB));
}

#[test]
fn laggards_are_told_after_a_time_of_grace() {
    let mut plan = plan(96 * MIB);
    let ids: Vec<LeaseId> = (0..3).map(|_| open(&mut plan, 3, at(0))).collect();
    let mut told = Vec::new();
    for now in (100..=7000).step_by(100) {
        write(&mut plan, ids[0], MIB / 10, at(now));
        write(&mut plan, ids[1], MIB / 10, at(now));
        write(&mut plan, ids[2], MIB / 100, at(now));
        let slow = plan.laggards(at(now));
        assert!(slow.is_empty() || now >= 5000, "told at {now} ms");
        told.extend(slow);
    }
    assert!(!told.is_empty() && told.iter().all(|id| *id == ids[2]));
}

#[test]
fn where_all_are_slow_or_silent_together_nobody_lags() {
    let (plan, _) = pair([MIB, MIB / 2], 6000);
    assert_eq!(plan.laggards(at(6000)), []);
    assert_eq!(plan.laggards(at(60_000)), [], "all are silent: the network is gone, and nobody is to blame");
}

#[test]
fn who_waits_for_our_own_limit_is_not_stalled() {
    let mut plan = plan(64 * MIB);
    let (first, second) = (open(&mut plan, 2, at(0)), open(&mut plan, 2, at(0)));
    for now in (100..=9000).step_by(100) {
        write(&mut plan, first, 1000, at(now));
        plan.excuse(second, at(now));
    }
    assert_eq!(plan.laggards(at(9000)), []);
    assert_eq!(plan.laggards(at(9000)).len(), 0);
    plan.excuse(LeaseId(99), at(9000));
}

#[test]
fn a_stream_goes_on_into_what_is_free() {
    let mut plan = plan(4 * MIB);
    let (first, second) = (open(&mut plan, 2, at(0)), open(&mut plan, 2, at(0)));
    assert_eq!(plan.extend(first), Beyond::Unsure, "the second has not given a byte yet");
    write(&mut plan, second, 10, at(10));
    assert_eq!(plan.extend(first), Beyond::Taken);
    plan.release(second);
    assert_eq!(plan.extend(first), Beyond::Taken, "the next byte is done");
    plan.lose(ByteRange::new(2 * MIB, 2 * MIB + 10));
    assert_eq!(plan.extend(first), Beyond::Extended(4 * MIB));
    assert_eq!(plan.extend(first), Beyond::Taken, "there the file ends");
    assert_eq!(plan.extend(LeaseId(77)), Beyond::Taken);
}

/// Everything from the first missing byte on, for one connection.
fn rest(plan: &mut Plan, now: Moment) -> Option<LeaseId> {
    plan.lease(Opener::Idle, 1, now)
}

#[test]
fn an_unknown_length_is_one_stream_until_its_end() {
    let mut plan = Plan::new(None, RangeSet::new());
    let only = rest(&mut plan, at(0)).unwrap();
    assert_eq!(plan.lease(Opener::Idle, 8, at(0)), None, "nobody knows where to share it");
    assert_eq!((plan.missing(), plan.is_complete()), (None, false));
    assert_eq!(write(&mut plan, only, 777, at(10)), 777);
    assert!(plan.end_at(only));
    assert!(plan.is_complete() && plan.length() == Some(777));
    assert!(!plan.end_at(only), "it is gone");
}

#[test]
fn an_end_that_contradicts_what_is_known_is_no_end() {
    let mut known = plan(1000);
    let lease = rest(&mut known, at(0)).unwrap();
    write(&mut known, lease, 999, at(1));
    assert!(!known.end_at(lease));
    write(&mut known, lease, 1, at(1));
    assert!(known.end_at(lease) && known.is_complete());
    let mut unknown = Plan::new(None, [ByteRange::new(5000, 6000)].into_iter().collect());
    let (_, lease) = (rest(&mut unknown, at(0)), rest(&mut unknown, at(0)).unwrap());
    assert_eq!(range(&unknown, lease), (0, 5000));
    assert!(!unknown.end_at(lease), "bytes beyond are on disk");
}

#[test]
fn a_length_that_is_learnt_shares_the_rest_out_and_a_lie_is_refused() {
    let mut plan = Plan::new(None, RangeSet::new());
    let first = rest(&mut plan, at(0)).unwrap();
    write(&mut plan, first, MIB, at(10));
    let writing = plan.begin_write(first, MIB);
    assert!(!plan.learn(MIB - 1, 8), "more is done");
    assert!(!plan.learn(2 * MIB - 1, 8), "more is being written");
    assert!(plan.learn(81 * MIB, 8));
    assert!(plan.learn(81 * MIB, 8) && !plan.learn(80 * MIB, 8), "a length is learnt once");
    assert_eq!(range(&plan, first), (MIB, 12 * MIB), "what is being written and an eighth of what is missing");
    plan.advance(first, writing, at(20));
    let others = (0..7).filter_map(|_| plan.lease(Opener::New, 8, at(20))).count();
    assert_eq!((others, plan.free().is_empty()), (7, true));
}

#[test]
fn bytes_that_are_lost_are_fetched_again_and_counted_once() {
    let mut plan = Plan::new(Some(100), [ByteRange::new(0, 60)].into_iter().collect());
    let lease = rest(&mut plan, at(0)).unwrap();
    plan.lose(ByteRange::new(50, 200));
    plan.lose(ByteRange::new(50, 200));
    assert_eq!((plan.done_total(), plan.missing()), (50, Some(50)));
    assert_eq!(write(&mut plan, lease, 1000, at(1)), 40);
    plan.release(lease);
    let rest = rest(&mut plan, at(2)).unwrap();
    assert_eq!(range(&plan, rest), (50, 60));
    write(&mut plan, rest, 10, at(3));
    assert!(plan.is_complete());
}

#[test]
fn a_lease_that_is_gone_can_do_nothing() {
    let mut plan = plan(MIB);
    let lease = rest(&mut plan, at(0)).unwrap();
    plan.release(lease);
    assert_eq!(plan.begin_write(lease, 10), 0);
    plan.advance(lease, 10, at(1));
    plan.release(lease);
    assert_eq!((plan.done_total(), plan.free().total()), (0, MIB));
    assert!(plan.get(lease).is_none());
    assert_ne!(rest(&mut plan, at(2)), Some(lease), "numbers are not given twice");
}

#[test]
fn nobody_takes_over_while_a_limit_of_our_own_holds_the_speed_down() {
    let (mut plan, _) = pair([4 * MIB, MIB / 8], 2000);
    plan.hold_back(true);
    assert_eq!(plan.lease(Opener::Idle, 2, at(2000)), None);
    plan.lose(ByteRange::new(0, MIB));
    assert!(plan.lease(Opener::Idle, 2, at(2000)).is_some(), "what is free is fetched");
    plan.hold_back(false);
    assert!(plan.lease(Opener::Idle, 2, at(2000)).is_some());
}
