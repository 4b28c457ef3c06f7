//! Times as the stores write them. Pure: the clock is read elsewhere.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::model::civil;

/// A day has so many seconds.
const DAY: u64 = 86_400;
/// The last second of the year 9999.
const LAST: u64 = 253_402_300_799;

/// A time in seconds since 1970 as it is signed: `20260102T030405Z`.
pub(super) fn stamp(time: u64) -> String {
    let (year, month, day) = civil(time / DAY);
    let (hour, minute, second) = (time / 3600 % 24, time / 60 % 60, time % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// The same as HTTP has it: `Fri, 02 Jan 2026 03:04:05 GMT`. It has four digits for a year.
pub(super) fn http_date(time: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(time.min(LAST)))
}

/// Reads a time as the stores' answers have it: `2026-01-02T03:04:05.000Z`, an HTTP date, or the basic form without dashes.
/// Other zones than UTC are taken into account.
pub(super) fn read(text: &str) -> Option<u64> {
    let text = text.trim();
    if let Ok(time) = httpdate::parse_http_date(text) {
        return seconds(time);
    }
    let (date, clock) = text.split_once(['T', ' '])?;
    let (date, clock) = (date.replace('-', ""), clock.replace(':', ""));
    let number = |text: &str, range: std::ops::Range<usize>| -> Option<u64> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(&date, 0..4)?, number(&date, 4..6)?, number(&date, 6..8)?);
    let (hour, minute, second) = (number(&clock, 0..2)?, number(&clock, 2..4)?, number(&clock, 4..6)?);
    let is_date = year >= 1970 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !is_date || hour >= 24 || minute >= 60 {
        return None;
    }
    let local = days(year, month, day).checked_mul(DAY)? + hour * 3600 + minute * 60 + second.min(59);
    let zone = clock.find(['+', '-']).map_or("", |at| &clock[at..]);
    let ahead = if zone.is_empty() { 0 } else { number(zone, 1..3)? * 3600 + number(zone, 3..5).unwrap_or(0) * 60 };
    if zone.starts_with('-') { local.checked_add(ahead) } else { local.checked_sub(ahead) }
}

/// Seconds since 1970.
pub(super) fn seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// The other way round (`days_from_civil`), for years from 1970 on.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, of_era) = (year / 400, year % 400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}
