//! Hours of the week, and what holds in them: `mon-fri 08:00-18:00`, and a limit with it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{LocalTime, Rate, RateLimit, TimeOfDay, Weekday};

/// Days of the week, and hours of each. Hours over midnight belong to the day on which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    days: u8,
    from: TimeOfDay,
    to: TimeOfDay,
}

/// All days of the week.
const EVERY_DAY: u8 = 0b111_1111;

impl Hours {
    /// True if a clock shows a time within these hours.
    pub fn contains(self, now: LocalTime) -> bool {
        let (today, yesterday) = (self.has(now.weekday), self.has(now.weekday.before()));
        if self.from < self.to {
            today && (self.from..self.to).contains(&now.time)
        } else {
            (today && now.time >= self.from) || (yesterday && now.time < self.to)
        }
    }

    fn has(self, day: Weekday) -> bool {
        self.days & bit(day) != 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day as u8
}

/// Reads `22:00-06:00`, `sat,sun` and `mon-fri 08:00-18:00`: days, hours or both.
impl FromStr for Hours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("{text:?} is not days and hours ({why}): write \"mon-fri 08:00-18:00\"");
        let mut words = text.split_whitespace().peekable();
        let is_time = |word: &str| word.contains(':') || word.starts_with(|c: char| c.is_ascii_digit());
        let named = words.next_if(|word| !is_time(word)).map(days).transpose().map_err(|why| wrong(&why))?;
        let days = named.unwrap_or(EVERY_DAY);
        let (from, to) = match words.next() {
            None if named.is_some() => (TimeOfDay::MIDNIGHT, TimeOfDay::END),
            None => return Err(wrong("there are none")),
            Some(span) => {
                let (from, to) = span.split_once('-').ok_or_else(|| wrong("hours are 08:00-18:00"))?;
                (from.parse().map_err(|why: String| wrong(&why))?, to.parse().map_err(|why: String| wrong(&why))?)
            }
        };
        match words.next() {
            Some(more) => Err(wrong(&format!("{more:?} is too much"))),
            None => Ok(Self { days, from, to }),
        }
    }
}

/// Reads `mon`, `mon-fri` and `sat,sun`; a span may go over the end of the week.
fn days(text: &str) -> Result<u8, String> {
    let mut all = 0;
    for span in text.split(',') {
        let (from, to) = span.split_once('-').unwrap_or((span, span));
        let (mut day, last): (Weekday, Weekday) = (to.parse()?, from.parse()?);
        // From the last one back, since that is the step that a day has.
        while day != last {
            all |= bit(day);
            day = day.before();
        }
        all |= bit(day);
    }
    Ok(all)
}

impl fmt::Display for Hours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days != EVERY_DAY {
            let named = Weekday::ALL.into_iter().filter(|day| self.has(*day));
            let names: Vec<String> = named.map(|day| day.to_string().to_lowercase()).collect();
            write!(out, "{} ", names.join(","))?;
        }
        write!(out, "{}-{}", self.from, self.to)
    }
}

/// Hours, and the limit on everything that holds in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitHours {
    /// When.
    pub hours: Hours,
    /// Bytes a second; `None` is no limit.
    pub limit: Option<Rate>,
}

/// Reads `08:00-18:00 2M` and `sat,sun none`.
impl FromStr for LimitHours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not hours and a limit: write \"08:00-18:00 2M\" or \"sat,sun none\"");
        let (hours, limit) = text.trim().rsplit_once(char::is_whitespace).ok_or_else(wrong)?;
        let RateLimit(limit) = limit.parse()?;
        Ok(Self { hours: hours.parse()?, limit })
    }
}

impl fmt::Display for LimitHours {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(rate) => write!(out, "{} {}", self.hours, rate.bytes()),
            None => write!(out, "{} none", self.hours),
        }
    }
}

impl Serialize for Hours {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for LimitHours {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LimitHours {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}
