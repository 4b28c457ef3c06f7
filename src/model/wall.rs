//! The time of day: what a clock on the wall shows, as plain data. It may jump; what must not is a `Moment`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

/// Seconds since 1970 in UTC.
/// An `Option` of it takes no more room: one more than the seconds is kept, which is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(NonZeroU64);

impl Default for UnixTime {
    fn default() -> Self {
        Self::from_seconds(0)
    }
}

impl UnixTime {
    /// So many seconds after the beginning of 1970.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(NonZeroU64::MIN.saturating_add(seconds))
    }

    /// Seconds since the beginning of 1970.
    pub const fn seconds(self) -> u64 {
        self.0.get() - 1
    }

    /// So much later, as far as whole seconds go.
    pub const fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }
}

/// A clock on a wall of the place where the user is. `plan` and `model` are handed one, and so is the engine; the real one
/// is `config::SystemClock`.
pub trait WallClock: fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> UnixTime;

    /// What the clock shows at a time.
    fn local(&self, at: UnixTime) -> LocalTime;

    /// The time at which it shows this; where clocks are set forward over it, the time just after; `None` if there is no
    /// such date.
    fn unix(&self, date: LocalDate, time: TimeOfDay) -> Option<UnixTime>;
}

/// A day of the calendar. That it exists is not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LocalDate {
    /// The year.
    pub year: i16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

/// What a clock and a calendar show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The day.
    pub date: LocalDate,
    /// Its name.
    pub weekday: Weekday,
    /// The time, in whole minutes.
    pub time: TimeOfDay,
    /// Seconds of the minute.
    pub second: u8,
}

/// Minutes since midnight; 24:00 is the end of the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// The beginning of the day.
    pub const MIDNIGHT: Self = Self(0);
    /// The end of the day.
    pub const END: Self = Self(24 * 60);

    /// `None` if there is no such time.
    pub const fn new(hour: u8, minute: u8) -> Option<Self> {
        let minutes = hour as u16 * 60 + minute as u16;
        if minute < 60 && minutes <= Self::END.0 { Some(Self(minutes)) } else { None }
    }

    /// The hour, 0 to 24.
    pub const fn hour(self) -> u8 {
        (self.0 / 60) as u8
    }

    /// The minute of the hour.
    pub const fn minute(self) -> u8 {
        (self.0 % 60) as u8
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.hour(), self.minute())
    }
}

/// Reads `8:00` and `08:00`, up to `24:00`.
impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time of day: write 08:00");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let digits = |text: &str, least: usize| {
            let good = (least..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| good)
        };
        let time = digits(hour, 1).zip(digits(minute, 2)).and_then(|(hour, minute)| Self::new(hour, minute));
        time.ok_or_else(wrong)
    }
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // they say what they are
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// The week.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The day before.
    pub fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }
}

/// `Mon`, `Tue` and so on.
impl fmt::Display for Weekday {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][*self as usize])
    }
}

/// Reads `mon`, `Mon` and `monday`.
impl FromStr for Weekday {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let named = |day: &Self| {
            format!("{day:?}").to_ascii_lowercase() == lower || lower == day.to_string().to_ascii_lowercase()
        };
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| format!("{text:?} is no day: write mon, tue, wed, thu, fri, sat or sun"))
    }
}
