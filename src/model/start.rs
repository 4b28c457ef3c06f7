//! When a transfer is to start, as people say it: `22:00`, `mon 7:30`, `2026-12-01 08:00`, `in 2h`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{LocalDate, TimeOfDay, UnixTime, WallClock, Weekday};

/// Half a day: no day is shorter than two of them by more than clocks are set forward.
const HALF_DAY: Duration = Duration::from_secs(12 * 3600);
/// Half days in which each time of each weekday comes at least once.
const HALF_DAYS: u32 = 18;
/// The longest wait, in hours: about ten years.
const LONGEST: u64 = 87_660;

/// When a transfer is to start, as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartTime {
    /// After so long.
    In(Duration),
    /// The next time that clocks show this, perhaps on this day of the week.
    Next(Option<Weekday>, TimeOfDay),
    /// On this day at this time.
    On(LocalDate, TimeOfDay),
}

impl StartTime {
    /// The time that is meant, by a clock; an error, as a sentence, if there is no such date, or it is past.
    pub fn resolve(self, clock: &dyn WallClock) -> Result<UnixTime, String> {
        let now = clock.now();
        let at = match self {
            Self::In(span) => Some(now.after(span)),
            Self::On(date, time) => clock.unix(date, time).filter(|at| *at > now),
            Self::Next(weekday, time) => (0..=HALF_DAYS).find_map(|count| {
                let day = clock.local(now.after(HALF_DAY * count));
                let wanted = weekday.is_none_or(|weekday| weekday == day.weekday);
                clock.unix(day.date, time).filter(|at| wanted && *at > now)
            }),
        };
        at.ok_or_else(|| format!("{self} is past, or no date"))
    }
}

/// How a time is shown: with its day, as briefly as nobody can mistake it. `now` is when that is first read.
pub fn start_text(at: UnixTime, clock: &dyn WallClock) -> String {
    let (now, then) = (clock.local(clock.now()), clock.local(at));
    let days = at.seconds().saturating_sub(clock.now().seconds()) / 86_400;
    let LocalDate { year, month, day } = then.date;
    if then.date == now.date {
        then.time.to_string()
    } else if days < 6 {
        format!("{} {}", then.weekday, then.time)
    } else {
        format!("{year}-{month:02}-{day:02} {}", then.time)
    }
}

/// How a time is shown that is past: as `ls -l` does it, with the hour in this year and with the year in others.
pub fn added_text(at: UnixTime, clock: &dyn WallClock) -> String {
    let (now, then) = (clock.local(clock.now()), clock.local(at));
    let LocalDate { year, month, day } = then.date;
    if year == now.date.year {
        format!("{month:02}-{day:02} {}", then.time)
    } else {
        format!("{year}-{month:02}-{day:02}")
    }
}

fn wrong(text: &str) -> String {
    format!("{text:?} is no time to start at: write 22:00, \"mon 07:30\", \"2026-12-01 08:00\" or \"in 2h\"")
}

impl FromStr for StartTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            // As programs write it.
            [both] if both.starts_with(|c: char| c.is_ascii_digit()) && both.contains('T') => {
                let (date, time) = both.split_once('T').ok_or_else(|| wrong(text))?;
                Ok(Self::On(date_of(date).ok_or_else(|| wrong(text))?, time.parse()?))
            }
            [time] if time.contains(':') => Ok(Self::Next(None, time.parse()?)),
            ["in", span] => span_of(span).map(Self::In).ok_or_else(|| wrong(text)),
            [span] if span.starts_with('+') => span_of(&span[1..]).map(Self::In).ok_or_else(|| wrong(text)),
            [date, time] if date.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Self::On(date_of(date).ok_or_else(|| wrong(text))?, time.parse()?))
            }
            [day, time] => Ok(Self::Next(Some(day.parse()?), time.parse()?)),
            _ => Err(wrong(text)),
        }
    }
}

/// `90s`, `30m`, `2h`, `1d`, `1h30m`.
fn span_of(text: &str) -> Option<Duration> {
    let (mut seconds, mut rest) = (0_u64, text);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = match rest[end..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    (!text.is_empty() && seconds <= LONGEST * 3600).then_some(Duration::from_secs(seconds))
}

/// `2026-12-01`.
fn date_of(text: &str) -> Option<LocalDate> {
    let mut numbers = text.splitn(3, '-');
    let mut next = |digits: usize| numbers.next().filter(|part| part.len() == digits);
    let (year, month, day) = (next(4)?.parse().ok()?, next(2)?.parse().ok()?, next(2)?.parse().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(LocalDate { year, month, day })
}

impl fmt::Display for StartTime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(span) => write!(out, "in {}s", span.as_secs()),
            Self::Next(None, time) => write!(out, "{time}"),
            Self::Next(Some(day), time) => write!(out, "{day} {time}"),
            Self::On(LocalDate { year, month, day }, time) => write!(out, "{year:04}-{month:02}-{day:02} {time}"),
        }
    }
}
