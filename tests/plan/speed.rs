//! The speed meter: steady, forgetful, and not too low in its youth.

use std::time::Duration;

use haul::model::{Moment, Rate};
use haul::plan::{Gauge, Meter};
use proptest::prelude::*;

const MEMORY: Duration = Duration::from_secs(2);

fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

/// A meter that has been given so many bytes every 10 ms, up to this moment.
fn fed(bytes: u64, until: u64) -> Meter {
    let mut meter = Meter::new(MEMORY, at(0));
    (10..=until).step_by(10).for_each(|millis| meter.add(bytes, at(millis)));
    meter
}

#[test]
fn a_steady_stream_shows_its_speed_from_its_youth_on() {
    for until in [100, 300, 1000, 5000, 60_000] {
        let speed = fed(10_000, until).per_second(at(until));
        assert!((speed / 1e6 - 1.0).abs() < 0.06, "{speed} after {until} ms");
    }
    assert_eq!(fed(10_000, 60_000).rate(at(60_000)).bytes() / 10_000, 100);
}

#[test]
fn the_first_bytes_of_all_are_no_record() {
    let mut meter = Meter::new(MEMORY, at(0));
    meter.add(1000, at(0));
    assert!(meter.per_second(at(0)) <= 1000.0 / 0.045, "{}", meter.per_second(at(0)));
}

#[test]
fn it_forgets_by_itself() {
    let meter = fed(10_000, 20_000);
    let speed = |millis| meter.per_second(at(millis));
    assert!((speed(22_000) / speed(20_000) - (-1.0_f64).exp()).abs() < 0.001);
    assert_eq!(meter.rate(at(120_000)), Rate::ZERO);
    assert_eq!(meter.born(), at(0));
}

#[test]
fn a_change_is_felt_within_the_memory() {
    let mut meter = fed(10_000, 20_000);
    (20_010..=24_000).step_by(10).for_each(|millis| meter.add(1000, at(millis)));
    let speed = meter.per_second(at(24_000));
    assert!((100_000.0..250_000.0).contains(&speed), "{speed}");
}

#[test]
fn the_rest_takes_as_long_as_it_takes() {
    let meter = fed(10_000, 20_000);
    let eta = meter.eta(30_000_000, at(20_000)).unwrap();
    assert!((29..=31).contains(&eta.as_secs()), "{eta:?}");
    assert_eq!(meter.eta(0, at(20_000)), Some(Duration::ZERO));
    for (missing, millis) in [(1, 900_000), (u64::MAX, 20_000), (0, 900_000)] {
        assert_eq!(meter.eta(missing, at(millis)), None, "{missing} bytes at {millis} ms");
    }
    assert_eq!(Meter::new(MEMORY, at(5)).eta(7, at(5)), None);
}

#[test]
fn a_gauge_begins_with_the_first_bytes() {
    let mut gauge = Gauge::new(MEMORY);
    // What is on disk is compared first, say for a minute.
    gauge.add(0, at(30_000));
    assert_eq!((gauge.rate(at(60_000)), gauge.eta(1_000, at(60_000))), (Rate::per_second(0), None));
    (60_000..=60_500).step_by(10).for_each(|millis| gauge.add(10_000, at(millis)));
    let (rate, eta) = (gauge.rate(at(60_500)).bytes(), gauge.eta(60_000_000, at(60_500)).unwrap().as_secs_f64());
    assert!(rate.abs_diff(1_000_000) < 20_000, "{rate}");
    assert!((eta - 60.0).abs() < 1.5, "{eta}");
}

#[test]
fn the_time_that_is_left_is_steadier_than_the_figure() {
    let mut gauge = Gauge::new(MEMORY);
    (0..=30_000).step_by(10).for_each(|millis| gauge.add(10_000, at(millis)));
    // For a second only a fifth of it comes.
    (30_010..=31_000).step_by(10).for_each(|millis| gauge.add(2_000, at(millis)));
    let (rate, eta) = (gauge.rate(at(31_000)).bytes(), gauge.eta(100_000_000, at(31_000)).unwrap().as_secs());
    assert!(rate < 800_000, "{rate}");
    assert!((100..110).contains(&eta), "{eta}");
    // Once nothing comes any more, no time is said for long.
    assert_eq!(gauge.eta(100_000_000, at(120_000)), None);
}

proptest! {
    #[test]
    fn it_is_never_negative_never_infinite_and_never_beyond_the_fastest(
        steps in proptest::collection::vec((0..3000_u64, 0..1_u64 << 30), 0..50),
        look in 0..200_000_u64,
    ) {
        let mut meter = Meter::new(MEMORY, at(0));
        let (mut now, mut sum) = (0, 0);
        for (pause, bytes) in steps {
            now += pause;
            sum += bytes;
            meter.add(bytes, at(now));
        }
        for millis in [now, look] {
            let speed = meter.per_second(at(millis));
            prop_assert!(speed.is_finite() && speed >= 0.0);
            prop_assert!(speed <= sum as f64 / 0.045);
        }
    }
}
