//! Retry-After: seconds, dates, and what is neither.

use std::time::{Duration, SystemTime};

use super::driver::part;
use crate::support::server::Answer;

fn asked(value: &str) -> Option<Duration> {
    let fault = part(Answer::status(503).header("Retry-After", value), 200, 300).unwrap_err();
    fault.retry_after
}

#[test]
fn seconds_and_dates_are_read_and_nonsense_is_not() {
    assert_eq!(asked("0"), Some(Duration::ZERO));
    assert_eq!(asked("120"), Some(Duration::from_secs(120)));
    assert_eq!(asked("31536000"), Some(Duration::from_secs(31_536_000)));
    assert_eq!(asked("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
    for nonsense in ["", "-1", "+5", "1.5", "soon", "99999999999999999999999", "1 2", "Sat, 99 Nov 2025 12:45:26 GMT"] {
        assert_eq!(asked(nonsense), None, "{nonsense:?}");
    }
    assert_eq!(asked("Sat, 15 Nov 1997 12:45:26 GMT"), Some(Duration::ZERO), "a date in the past is now");
    let later = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(5000));
    let wait = asked(&later).unwrap();
    assert!(wait <= Duration::from_secs(5000) && wait > Duration::from_secs(4000), "{wait:?}");
}

#[test]
fn without_one_nothing_is_asked() {
    assert_eq!(part(Answer::status(503), 200, 300).unwrap_err().retry_after, None);
}
