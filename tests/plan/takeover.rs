//! What one connection takes over from another, by how far away the server is and how it sends.

use std::time::Duration;

use haul::model::ByteRange;
use haul::plan::{Opener, Plan};

use super::segment::{KIB, MIB, at, open, pair, plan, range, write};

/// One of a pair is done; what its connection takes over from the other, where an answer takes so long.
fn taken(answer: u64) -> Option<u64> {
    let (mut plan, [first, second]) = pair([5 * MIB, MIB], 2000);
    plan.answered(Duration::from_millis(answer));
    plan.release(first);
    let end = range(&plan, second).1;
    plan.lease(Opener::Idle, 2, at(2000)).map(|_| end - range(&plan, second).1)
}

#[test]
fn the_farther_a_server_the_less_is_taken_over_and_nothing_that_would_come_later_so() {
    // 6 MiB at 1 MiB/s: 6 s, of which the other takes 3 if it is answered at once.
    let near = |bytes: Option<u64>, wanted: u64| assert!(bytes.unwrap().abs_diff(wanted) < 64 << 10, "{bytes:?}");
    near(taken(0), 3 * MIB);
    // Full speed comes after three times as long as an answer takes.
    near(taken(200), MIB * 27 / 10);
    // But what thinks for a second is not slow afterwards for that; and longer than a second is not counted on.
    near(taken(60_000), MIB * 22 / 10);
    // Of 1 MiB that comes within a second, an answer after 500 ms could bring nothing sooner.
    let (mut plan, _) = pair([5 * MIB, MIB], 7000);
    plan.answered(Duration::from_millis(500));
    assert_eq!(plan.lease(Opener::Idle, 2, at(7000)), None);
}

/// How many connections fetch so many gaps of so many bytes, once the first was seen to give so many bytes a second.
fn opened(gaps: u64, each: u64, speed: u64) -> usize {
    let done = (0..gaps).map(|gap| ByteRange::new(gap * 2 * MIB + each, (gap + 1) * 2 * MIB)).collect();
    let mut plan = Plan::new(Some(gaps * 2 * MIB), done);
    let first = plan.lease(Opener::Idle, 16, at(0)).unwrap();
    for now in (100..=400).step_by(100) {
        write(&mut plan, first, speed / 10, at(now));
    }
    1 + std::iter::from_fn(|| plan.lease(Opener::New, 16, at(400))).count()
}

#[test]
fn gaps_that_are_no_part_are_worth_connections_where_each_is_slow() {
    assert_eq!(opened(7, 850 * KIB, 60_000), 7, "one for each, until the others are measured too");
    assert_eq!(opened(3, 300 * KIB, 60_000), 3);
    assert_eq!(opened(40, 64 * KIB, 60_000), 9, "256 KiB for each of what is left");
    assert_eq!(opened(7, 850 * KIB, 20_000), 2, "it has enough to do with those that there are");
    assert_eq!(opened(7, 850 * KIB, 2_000_000), 2, "nothing takes long");
}

#[test]
fn gaps_get_no_connections_for_a_limit_of_our_own() {
    let done = (0..7).map(|gap| ByteRange::new(gap * 2 * MIB + 850 * KIB, (gap + 1) * 2 * MIB)).collect();
    let mut plan = Plan::new(Some(14 * MIB), done);
    let first = plan.lease(Opener::Idle, 16, at(0)).unwrap();
    plan.hold_back(true);
    for now in (100..=400).step_by(100) {
        write(&mut plan, first, 6000, at(now));
    }
    assert_eq!(std::iter::from_fn(|| plan.lease(Opener::New, 16, at(400))).count(), 1, "as before it was measured");
}

#[test]
fn where_each_connection_is_slow_an_answer_has_its_speed_at_once_and_little_is_worth_taking_over() {
    // 154 KiB at 256 KiB/s on a lossy line: what is asked for comes after an answer's time, and no slow start is felt.
    let mut plan = plan(MIB);
    let [first, second] = [open(&mut plan, 1, at(0)), plan.lease(Opener::Idle, 2, at(0)).unwrap()];
    for now in (100..=1400).step_by(100) {
        write(&mut plan, first, MIB, at(now));
        write(&mut plan, second, 256 * KIB / 10, at(now));
    }
    plan.answered(Duration::from_millis(150));
    plan.release(first);
    let (position, end) = range(&plan, second);
    let idle = plan.lease(Opener::Idle, 2, at(1400)).unwrap();
    let taken = range(&plan, idle).1 - range(&plan, idle).0;
    assert!(taken > 32 * KIB, "{taken} of {} bytes", end - position);
}

#[test]
fn the_last_few_bytes_of_a_stream_that_pauses_are_asked_for_once_more() {
    let lump = |rest: u64, speed: u64, answer: u64| {
        let mut plan = plan(2 * speed + rest);
        let first = open(&mut plan, 1, at(0));
        for now in (100..=2000).step_by(100) {
            write(&mut plan, first, speed / 10, at(now));
        }
        plan.answered(Duration::from_millis(answer));
        plan
    };
    let asked = |plan: &mut Plan, now: u64| plan.lease(Opener::New, 2, at(now)).map(|id| range(plan, id));
    let mut near = lump(300, 8_000_000, 1);
    assert_eq!(asked(&mut near, 2050), None, "they may be on their way");
    assert_eq!(asked(&mut near, 2110), Some((16_000_000, 16_000_300)));
    assert_eq!(asked(&mut near, 2500), None, "nobody knows yet how long the second answer takes");
    assert_eq!(asked(&mut lump(300, 8_000_000, 200), 2150), None, "an answer would take longer than the pause has");
    assert_eq!(asked(&mut lump(30 * KIB, 64_000, 1), 2200), None, "they take long on any connection");
    assert_eq!(asked(&mut lump(MIB, 64_000_000, 1), 2110), None, "they are too many to come twice");
    // No connection is opened for a file that was not worth a second one, as its link may be good for one request.
    assert_eq!(asked(&mut lump(300, 400_000, 1), 2110), None, "it is a small file");
}
