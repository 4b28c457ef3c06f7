//! Retry-After: seconds and dates are read as they are meant, and nothing else is.

use std::time::{Duration, SystemTime};

use haul::protocol::retry_after;

/// Any moment; 2026-11-21.
const NOW: Duration = Duration::from_secs(1_795_219_200);

pub fn hold(bytes: &[u8]) -> bool {
    let now = SystemTime::UNIX_EPOCH + NOW;
    let text = String::from_utf8_lossy(bytes);
    let found = retry_after(&text, now);
    let plain = text.trim();
    if !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(found, plain.parse().ok().map(Duration::from_secs), "{text:?}");
    } else if let Some(wait) = found {
        let at =
            httpdate::parse_http_date(plain).unwrap_or_else(|_| panic!("{text:?} is no date, and became {wait:?}"));
        assert!(wait.is_zero() == (at <= now), "{text:?} became {wait:?}");
        // What was understood is understood again in the form that is to be sent.
        let written = httpdate::fmt_http_date(now + wait);
        assert_eq!(retry_after(&written, now), Some(wait), "{text:?} became {wait:?}, written {written}");
        assert!(wait < Duration::from_secs(10_000 * 366 * 86_400), "{text:?}");
    }
    found.is_some()
}
