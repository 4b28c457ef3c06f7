//! Header fields, read with care: what can't be understood is an error, never a guess.

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, HeaderName};

use crate::model::harmless;

/// A field's value as text, harmless; bytes that are no UTF-8 are read as Latin-1 (RFC 9110, section 5.5).
pub(super) fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    let raw = match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
    };
    Some(harmless(raw.trim()).into_owned())
}

/// The values of a field by its name in lower case, each as harmless text.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = String> + use<'a> {
    headers.get_all(name).iter().map(|value| harmless(String::from_utf8_lossy(value.as_bytes()).trim()).into_owned())
}

/// A Content-Range: which bytes, of how many (RFC 9110, section 14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// First and one past the last byte; `None` for `*`, as a 416 has it.
    pub span: Option<(u64, u64)>,
    /// Bytes of the whole file; `None` for `*`.
    pub total: Option<u64>,
}

/// Reads a Content-Range; `None` if it is not one: another unit, no number, an overflow, a last before the first or
/// beyond the total, neither a span nor a total.
pub fn content_range(value: &str) -> Option<ContentRange> {
    let (unit, rest) = value.trim().split_once([' ', '='])?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (span, total) = rest.trim().split_once('/')?;
    let total = if total.trim() == "*" { None } else { Some(number(total)?) };
    let span = if span.trim() == "*" {
        None
    } else {
        let (first, last) = span.split_once('-')?;
        let (first, last) = (number(first)?, number(last)?);
        let end = last.checked_add(1)?;
        if last < first || total.is_some_and(|total| end > total) {
            return None;
        }
        Some((first, end))
    };
    (span.is_some() || total.is_some()).then_some(ContentRange { span, total })
}

/// A whole number of digits alone: no sign, no blank within, no overflow.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.trim();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Retry-After in seconds or as a date (RFC 9110, section 10.2.3). A date in the past means now.
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Some(seconds) = number(value) {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value.trim()).ok()?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}

/// A field's value as the text of a URL; bytes that are no UTF-8 are percent-encoded one by one.
pub(super) fn address(value: &[u8]) -> String {
    let plain = |byte: &u8| if byte.is_ascii() { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    String::from_utf8(value.to_vec()).unwrap_or_else(|_| value.iter().map(plain).collect())
}
