//! Hours of the week, times of day and when a transfer is to start: what people write, and what it means by a clock.

use haul::model::{Hours, LimitHours, LocalDate, Rate, StartTime, TimeOfDay, UnixTime, WallClock, Weekday, start_text};
use proptest::prelude::*;

use crate::support::clock::berlin;

/// A clock that stands still.
#[derive(Debug)]
struct Standing(UnixTime);

impl WallClock for Standing {
    fn now(&self) -> UnixTime {
        self.0
    }

    fn local(&self, at: UnixTime) -> haul::model::LocalTime {
        berlin().local(at)
    }

    fn unix(&self, date: LocalDate, time: TimeOfDay) -> Option<UnixTime> {
        berlin().unix(date, time)
    }
}

/// A time in Berlin: `2026-11-23 07:00`.
fn time(text: &str) -> UnixTime {
    let Ok(StartTime::On(date, time)) = text.parse() else { panic!("{text}") };
    berlin().unix(date, time).unwrap()
}

fn is_in(hours: &str, at: &str) -> bool {
    hours.parse::<Hours>().unwrap().contains(berlin().local(time(at)))
}

#[test]
fn hours_hold_on_their_days_and_over_midnight() {
    // 2026-11-23 is a Monday.
    for (hours, at, holds) in [
        ("08:00-18:00", "2026-11-23 08:00", true),
        ("08:00-18:00", "2026-11-23 07:59", false),
        ("08:00-18:00", "2026-11-23 18:00", false),
        ("8:00-24:00", "2026-11-23 23:59", true),
        ("22:00-06:00", "2026-11-23 23:00", true),
        ("22:00-06:00", "2026-11-23 05:59", true),
        ("22:00-06:00", "2026-11-23 06:00", false),
        ("mon-fri 08:00-18:00", "2026-11-27 12:00", true),
        ("mon-fri 08:00-18:00", "2026-11-28 12:00", false),
        ("sat,sun", "2026-11-29 00:00", true),
        ("Sat,Sunday", "2026-11-30 00:00", false),
        // The night of Friday reaches into Saturday, and that of Sunday is none of its.
        ("mon-fri 22:00-06:00", "2026-11-28 05:00", true),
        ("mon-fri 22:00-06:00", "2026-11-23 05:00", false),
        ("sat-mon", "2026-11-29 12:00", true),
        ("sat-mon", "2026-11-24 12:00", false),
        ("00:00-00:00", "2026-11-24 12:00", true),
        ("mon,tue,wed,thu,fri,sat,sun", "2026-11-24 12:00", true),
    ] {
        assert_eq!(is_in(hours, at), holds, "{hours} at {at}");
    }
}

#[test]
fn what_is_no_hours_is_told() {
    for text in
        ["", "8-18", "08:00", "08:00-25:00", "08:60-09:00", "noon-18:00", "mon 8:0-9:00", "mon-fri 08:00-18:00 x", "-"]
    {
        assert!(text.parse::<Hours>().unwrap_err().contains("mon-fri 08:00-18:00"), "{text}");
    }
    let why = "22-6".parse::<Hours>().unwrap_err();
    assert!(why.contains("\"22\" is no time of day"), "{why}");
    for text in ["2M", "08:00-18:00", "08:00-18:00 fast", ""] {
        assert!(text.parse::<LimitHours>().is_err(), "{text}");
    }
    let entry: LimitHours = "mon-fri 08:00-18:00 2M".parse().unwrap();
    assert_eq!(entry.limit, Some(Rate::per_second(2 << 20)));
    assert_eq!(entry.to_string(), "mon,tue,wed,thu,fri 08:00-18:00 2097152");
    let none: LimitHours = "sat,sun None".parse().unwrap();
    assert_eq!((none.limit, none.to_string().as_str()), (None, "sat,sun 00:00-24:00 none"));
}

proptest! {
    #[test]
    fn hours_are_written_as_they_are_read(text in "((mon|tue|sun)(-(wed|fri|mon))? )?[01][0-9]:[0-5][0-9]-2[0-3]:[0-5][0-9]") {
        let hours: Hours = text.parse().unwrap();
        prop_assert_eq!(hours.to_string().parse(), Ok(hours));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,24}", more in "[0-9a-z :+-]{0,24}") {
        for text in [text, more] {
            let _ = (text.parse::<Hours>(), text.parse::<LimitHours>(), text.parse::<StartTime>(), text.parse::<TimeOfDay>());
        }
    }

    /// At any time of two years, on any day of the week and at any minute.
    #[test]
    fn the_next_time_is_the_first_that_shows_it(seconds in 1_767_225_600_u64..1_830_297_600, minute in 0_u16..1440, day in 0..8_usize) {
        let clock = Standing(UnixTime::from_seconds(seconds));
        let wanted = TimeOfDay::new((minute / 60) as u8, (minute % 60) as u8).unwrap();
        let weekday = Weekday::ALL.get(day).copied();
        let at = StartTime::Next(weekday, wanted).resolve(&clock).unwrap();
        prop_assert!(at > clock.now());
        let shown = clock.local(at);
        prop_assert!(weekday.is_none_or(|weekday| weekday == shown.weekday));
        let span = at.seconds() - seconds;
        prop_assert!(span <= if weekday.is_some() { 7 * 86_400 + 3600 } else { 25 * 3600 }, "{span} s");
        // On the night on which clocks are set forward there is no 02:30.
        let skipped = wanted.hour() == 2 && shown.time.hour() == 3;
        prop_assert!(shown.time == wanted || skipped, "{} in place of {wanted}", shown.time);
    }
}

#[test]
fn a_start_is_said_as_people_say_it() {
    let now = Standing(time("2026-11-23 07:00"));
    for (text, meant) in [
        ("22:00", "2026-11-23 22:00"),
        ("07:00", "2026-11-24 07:00"),
        ("6:30", "2026-11-24 06:30"),
        ("mon 07:00", "2026-11-30 07:00"),
        ("mon 07:01", "2026-11-23 07:01"),
        ("Sunday 12:00", "2026-11-29 12:00"),
        ("2026-12-01 08:00", "2026-12-01 08:00"),
        ("2026-12-01T08:00", "2026-12-01 08:00"),
        ("in 2h", "2026-11-23 09:00"),
        ("+1h30m", "2026-11-23 08:30"),
        ("in 1d", "2026-11-24 07:00"),
    ] {
        let start: StartTime = text.parse().expect(text);
        assert_eq!(start.resolve(&now), Ok(time(meant)), "{text}");
        assert_eq!(start.to_string().parse(), Ok(start), "{start}");
    }
    for text in ["2026-02-30 08:00", "2026-11-22 08:00"] {
        let why = text.parse::<StartTime>().unwrap().resolve(&now).unwrap_err();
        assert!(why.ends_with(" is past, or no date"), "{why}");
    }
    for text in [
        "",
        "soon",
        "25:00",
        "in",
        "in 5",
        "in 5x",
        "+",
        "someday 08:00",
        "2026-13-01 08:00",
        "1 2 3",
        "in 9999999999h",
    ] {
        assert!(text.parse::<StartTime>().is_err(), "{text}");
    }
}

#[test]
fn clocks_that_are_set_forward_and_back_show_each_time_once_for_a_start() {
    // On 2027-03-28 there is no 02:30, on 2026-10-25 there are two.
    let eve = Standing(time("2027-03-27 23:30"));
    let at = "02:30".parse::<StartTime>().unwrap().resolve(&eve).unwrap();
    assert_eq!(berlin().local(at).time.to_string(), "03:30");
    let eve = Standing(time("2026-10-24 23:30"));
    let at = "02:30".parse::<StartTime>().unwrap().resolve(&eve).unwrap();
    assert_eq!(at.seconds() - eve.0.seconds(), 3 * 3600, "the first of the two");
    let at = "sun 22:00".parse::<StartTime>().unwrap().resolve(&eve).unwrap();
    assert_eq!(at.seconds() - eve.0.seconds(), 23 * 3600 + 1800, "a day of 25 hours");
}

#[test]
fn a_start_is_shown_so_that_nobody_mistakes_it() {
    let now = Standing(time("2026-11-23 07:00"));
    for (at, shown) in [
        ("2026-11-23 22:00", "22:00"),
        ("2026-11-24 01:00", "Tue 01:00"),
        ("2026-11-28 23:00", "Sat 23:00"),
        ("2026-11-30 07:00", "2026-11-30 07:00"),
    ] {
        assert_eq!(start_text(time(at), &now), shown);
    }
}
