//! Who starts at a time, what the timetable says, and when the queue is shut.

use haul::model::{Priority, Rate, TransferId, UnixTime, WallClock};
use haul::plan::{Queue, Schedule, Timetable};

use crate::support::clock::berlin;

fn id(number: u64) -> TransferId {
    TransferId::from_bits(number)
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

#[test]
fn each_starts_once_at_its_last_time_the_earliest_first() {
    let mut schedule = Schedule::default();
    for (number, seconds) in [(1, 50), (2, 40), (3, 60), (1, 70), (4, 45)] {
        schedule.set(id(number), at(seconds));
    }
    schedule.cancel(id(4));
    schedule.cancel(id(9));
    assert_eq!(schedule.next(), Some(at(40)));
    assert_eq!(schedule.due(at(39)), []);
    assert_eq!(schedule.due(at(65)), [id(2), id(3)]);
    assert_eq!(schedule.due(at(69)), []);
    // A clock that was set forward passes over nobody.
    assert_eq!(schedule.due(at(9000)), [id(1)]);
    assert_eq!(schedule.next(), None);
}

#[test]
fn of_hours_that_overlap_the_first_holds() {
    let entries = ["sat,sun none", "08:00-18:00 2M", "00:00-24:00 5M"];
    let table = Timetable::new(entries.iter().map(|text| text.parse().unwrap()).collect(), Vec::new());
    // 2026-11-23 is a Monday.
    let said = |text: &str| {
        let clock = berlin();
        let Ok(haul::model::StartTime::On(date, time)) = text.parse() else { panic!("{text}") };
        table.limit(clock.local(clock.unix(date, time).unwrap())).map(|entry| entry.limit)
    };
    assert_eq!(said("2026-11-23 12:00"), Some(Some(Rate::per_second(2 << 20))));
    assert_eq!(said("2026-11-23 20:00"), Some(Some(Rate::per_second(5 << 20))));
    assert_eq!(said("2026-11-28 12:00"), Some(None));
    let now = berlin().local(at(1_795_413_600));
    assert_eq!(Timetable::default().limit(now), None);
    assert!(Timetable::default().is_open(now) && Timetable::default().is_empty());
    let night = Timetable::new(Vec::new(), vec!["22:00-06:00".parse().unwrap()]);
    assert!(!night.is_open(now) && !night.is_empty());
}

#[test]
fn a_higher_priority_runs_earlier_whatever_its_rank() {
    let mut queue = Queue::new(9, 0);
    queue.wait(id(1), Priority::Low, 1);
    queue.wait(id(2), Priority::Normal, 9);
    queue.wait(id(3), Priority::High, 20);
    queue.wait(id(4), Priority::Normal, 5);
    queue.wait(id(5), Priority::Low, 0);
    // It is raised while it waits.
    queue.wait(id(5), Priority::High, 0);
    let order: Vec<u64> = std::iter::from_fn(|| queue.admit(|_| None)).map(TransferId::bits).collect();
    assert_eq!(order, [5, 3, 4, 2, 1]);
}

#[test]
fn a_shut_queue_starts_only_what_is_exempt() {
    let mut queue = Queue::new(2, 0);
    for number in 1..=4 {
        queue.wait(id(number), Priority::Normal, number.cast_signed());
    }
    queue.shut(true);
    assert_eq!(queue.admit(|_| None), None);
    queue.exempt(id(4));
    queue.exempt(id(3));
    assert_eq!([queue.admit(|_| None), queue.admit(|_| None), queue.admit(|_| None)], [Some(id(3)), Some(id(4)), None]);
    assert!(queue.is_exempt(id(3)));
    // It is so until it is forgotten, however often it comes back.
    queue.leave(id(3));
    assert_eq!(queue.admit(|_| None), None);
    queue.wait(id(3), Priority::Normal, 0);
    assert_eq!(queue.admit(|_| None), Some(id(3)));
    queue.forget(id(3));
    queue.wait(id(3), Priority::Normal, 0);
    assert_eq!((queue.admit(|_| None), queue.is_exempt(id(3))), (None, false));
    queue.shut(false);
    assert_eq!(queue.admit(|_| None), Some(id(3)));
}
