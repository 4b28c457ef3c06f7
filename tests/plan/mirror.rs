//! The scoreboard of mirrors: single decisions, and random schedules in virtual time.

use std::time::Duration;

use haul::model::{FaultKind as Kind, Moment};
use haul::plan::{Blame, MirrorStanding as Standing, Mirrors, blame};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// Gives so many connections out, one after another, and tells how many each mirror has.
fn shares(mirrors: &mut Mirrors, connections: usize, now: Moment) -> Vec<usize> {
    let mut shares = vec![0; mirrors.count()];
    for _ in 0..connections {
        let next = mirrors.order(now)[0];
        mirrors.opened(next);
        shares[next] += 1;
    }
    shares
}

#[test]
fn each_is_tried_once_the_preferred_first() {
    let mut mirrors = Mirrors::new(3);
    let tried: Vec<usize> = (0..3)
        .map(|_| {
            let next = mirrors.order(at(0))[0];
            mirrors.opened(next);
            next
        })
        .collect();
    assert_eq!(tried, [0, 1, 2]);
    mirrors.measured(0, 1e6);
    assert_eq!(mirrors.order(at(0))[0], 0, "nothing speaks for the others, and the first is the preferred one");
}

#[test]
fn connections_go_where_the_speed_is() {
    for (speeds, connections, expected) in [
        ([4e6, 1e6, 0.0], 5, [4, 1, 0]),
        ([1e6, 1e6, 1e6], 9, [3, 3, 3]),
        ([1e6, 10e6, 1e6], 12, [1, 10, 1]),
        ([8e6, 4e6, 2e6], 7, [4, 2, 1]),
        ([0.0, 0.0, 0.0], 3, [3, 0, 0]),
    ] {
        let mut mirrors = Mirrors::new(3);
        for (number, speed) in speeds.iter().enumerate() {
            mirrors.measured(number, *speed);
        }
        assert_eq!(shares(&mut mirrors, connections, at(0)), expected, "{speeds:?}");
    }
}

/// Those that were opened before anything was known move, one at a time, until they are shared by speed; and then stay.
#[test]
fn connections_move_to_where_the_speed_turns_out_to_be() {
    let mut mirrors = Mirrors::new(3);
    let mut open = [6, 1, 1];
    for (number, count) in open.iter().enumerate() {
        (0..*count).for_each(|_| mirrors.opened(number));
        mirrors.measured(number, [2e5, 3e5, 4e5][number]);
    }
    for _ in 0..20 {
        let Some(number) = mirrors.overstaffed(at(0)) else { break };
        mirrors.closed(number);
        let next = mirrors.order(at(0))[0];
        mirrors.opened(next);
        (open[number], open[next]) = (open[number] - 1, open[next] + 1);
    }
    assert_eq!(open, [3, 2, 3]);
    let mut single = Mirrors::new(2);
    single.opened(0);
    single.measured(0, 1.0);
    single.measured(1, 1e9);
    assert_eq!(single.overstaffed(at(0)), None, "the last one stays: it may be needed");
}

#[test]
fn one_that_fails_rests_longer_each_time_and_is_forgiven_once_it_gives_bytes() {
    let mut mirrors = Mirrors::new(2);
    let mut now = at(0);
    for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(mirrors.failed(0, now, SECOND, Duration::ZERO, 1.0), SECOND * seconds);
        assert_eq!(mirrors.standing(0, now), Standing::Resting);
        assert_eq!(mirrors.order(now), [1]);
        now = now + SECOND * seconds;
        assert_eq!(mirrors.standing(0, now), Standing::Ready);
    }
    mirrors.measured(0, 0.0);
    assert_eq!(mirrors.failed(0, now, SECOND, Duration::ZERO, 1.0), SECOND * 60, "nothing came");
    mirrors.measured(0, 1.0);
    assert_eq!(mirrors.failed(0, now, SECOND, Duration::ZERO, 1.0), SECOND);
}

#[test]
fn one_that_was_fast_and_died_gets_one_connection_to_show_itself() {
    let mut mirrors = Mirrors::new(2);
    mirrors.measured(0, 306.0);
    mirrors.measured(1, 1.0);
    mirrors.failed(0, at(0), SECOND, Duration::ZERO, 1.0);
    let chosen: Vec<usize> = (0..7)
        .map(|_| {
            let next = mirrors.order(at(60_000))[0];
            mirrors.opened(next);
            next
        })
        .collect();
    assert_eq!(chosen, [0, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn the_last_is_never_dropped() {
    let mut mirrors = Mirrors::new(3);
    assert!(mirrors.drop_for_good(0) && mirrors.drop_for_good(0) && mirrors.drop_for_good(2));
    assert!(!mirrors.drop_for_good(1));
    assert_eq!((mirrors.left(), mirrors.order(at(9))), (1, vec![1]));
    mirrors.add(1);
    assert_eq!(mirrors.order(at(9)), [1, 3]);
    assert!(mirrors.drop_for_good(1));
    assert_eq!(mirrors.standing(1, at(u64::MAX / 2)), Standing::Dropped);
    assert_eq!(mirrors.standing(99, at(0)), Standing::Dropped);
}

#[test]
fn a_fault_is_its_mirrors_or_not() {
    for (kind, whose) in [
        (Kind::Resolve, Blame::Passing),
        (Kind::Connect, Blame::Passing),
        (Kind::Cut, Blame::Passing),
        (Kind::Stalled, Blame::Passing),
        (Kind::BadAnswer, Blame::Passing),
        (Kind::WrongRange, Blame::Passing),
        (Kind::Status(503), Blame::Passing),
        (Kind::Status(429), Blame::Passing),
        (Kind::Status(404), Blame::Lasting),
        (Kind::Status(410), Blame::Lasting),
        (Kind::Status(403), Blame::Lasting),
        (Kind::Tls, Blame::Lasting),
        (Kind::Redirect, Blame::Lasting),
        (Kind::RangeIgnored, Blame::Lasting),
        (Kind::Changed, Blame::Lasting),
        (Kind::Disk, Blame::None),
        (Kind::DiskFull, Blame::None),
        (Kind::Exists, Blame::None),
        (Kind::Busy, Blame::None),
        (Kind::State, Blame::None),
        (Kind::Request, Blame::None),
    ] {
        assert_eq!(blame(kind), whose, "{kind:?}");
    }
}

/// What a mirror does in a schedule.
#[derive(Clone, Copy, Debug)]
enum Nature {
    Gives(u32),
    Dead,
    Gone,
    /// Gives until this second, and then nothing.
    Dies(u32, u64),
}

fn nature() -> impl Strategy<Value = Nature> {
    prop_oneof![
        3 => (1..1000_u32).prop_map(Nature::Gives),
        1 => Just(Nature::Dead),
        1 => Just(Nature::Gone),
        1 => (1..1000_u32, 1..60_u64).prop_map(|(speed, second)| Nature::Dies(speed, second)),
    ]
}

proptest! {
    /// Over two minutes of connections that last a second each: nobody is asked while it rests or once it is dropped,
    /// everybody is tried, and the best one that works has no fewer connections than any other in the end.
    #[test]
    fn the_work_ends_up_with_those_who_do_it(natures in proptest::collection::vec(nature(), 1..7), connections in 7..20_usize) {
        let mut mirrors = Mirrors::new(natures.len());
        let mut tried = vec![false; natures.len()];
        let mut last = Vec::new();
        for second in 0..120_u64 {
            let now = at(second * 1000);
            let mut asked = vec![0_usize; natures.len()];
            for _ in 0..connections {
                let Some(next) = mirrors.order(now).first().copied() else { break };
                prop_assert_eq!(mirrors.standing(next, now), Standing::Ready);
                mirrors.opened(next);
                tried[next] = true;
                asked[next] += 1;
            }
            for (number, count) in asked.iter().enumerate().filter(|(_, count)| **count > 0) {
                let fails = match natures[number] {
                    Nature::Gives(speed) => { mirrors.measured(number, f64::from(speed)); false }
                    Nature::Dies(speed, end) if second < end => { mirrors.measured(number, f64::from(speed)); false }
                    Nature::Dead | Nature::Dies(..) => true,
                    Nature::Gone => !mirrors.drop_for_good(number),
                };
                if fails {
                    mirrors.failed(number, now, SECOND, Duration::ZERO, 0.5);
                }
                for _ in 0..*count {
                    mirrors.closed(number);
                }
            }
            last = asked;
        }
        prop_assert!(tried.iter().all(|tried| *tried), "all are tried");
        prop_assert!(mirrors.left() > 0);
        let speed = |nature: &Nature| if let Nature::Gives(speed) = nature { *speed } else { 0 };
        let best = (0..natures.len()).max_by_key(|number| speed(&natures[*number])).unwrap();
        if speed(&natures[best]) > 0 {
            // Where two are equally fast, an odd number of connections leaves one of them with one less.
            prop_assert!(last.iter().all(|count| *count <= last[best] + 1), "{:?} of {:?}", last, natures);
        }
    }
}
