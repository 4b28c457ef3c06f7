//! The clock on the user's wall: the system's time in the system's time zone, or in the one that TZ names.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::{self, Date, Time};
use jiff::tz::TimeZone;

use crate::model::{LocalDate, LocalTime, TimeOfDay, UnixTime, WallClock, Weekday};

/// The system's clock.
#[derive(Clone, Debug)]
pub struct SystemClock(TimeZone);

impl SystemClock {
    /// The clock of the place where the user is; UTC if that is not known.
    pub fn here() -> Self {
        Self(TimeZone::system())
    }

    /// The clock of a place whose rule is this, as POSIX writes TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
    pub fn of(rule: &str) -> Option<Self> {
        TimeZone::posix(rule).ok().map(Self)
    }
}

impl WallClock for SystemClock {
    fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        UnixTime::from_seconds(since.map_or(0, |span| span.as_secs()))
    }

    fn local(&self, at: UnixTime) -> LocalTime {
        let seconds = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
        let stamp = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        let shown = self.0.to_datetime(stamp);
        let (date, time) = (shown.date(), shown.time());
        let number = |value: i8| value.unsigned_abs();
        LocalTime {
            date: LocalDate { year: date.year(), month: number(date.month()), day: number(date.day()) },
            weekday: Weekday::ALL[usize::from(number(date.weekday().to_monday_zero_offset()))],
            time: TimeOfDay::new(number(time.hour()), number(time.minute())).unwrap_or_default(),
            second: number(time.second()),
        }
    }

    fn unix(&self, date: LocalDate, time: TimeOfDay) -> Option<UnixTime> {
        let number = |value: u8| i8::try_from(value).ok();
        let day = Date::new(date.year, number(date.month)?, number(date.day)?).ok()?;
        let shown = if time == TimeOfDay::END {
            civil::DateTime::from_parts(day.tomorrow().ok()?, Time::midnight())
        } else {
            civil::DateTime::from_parts(day, Time::new(number(time.hour())?, number(time.minute())?, 0, 0).ok()?)
        };
        // Of a time that comes twice the first one is meant, and one that is passed over is the same span after it.
        let stamp = self.0.to_ambiguous_timestamp(shown).compatible().ok()?;
        u64::try_from(stamp.as_second()).ok().map(UnixTime::from_seconds)
    }
}
