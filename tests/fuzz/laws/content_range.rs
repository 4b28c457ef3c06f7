//! Content-Range: what is understood makes sense, and what is plain is understood.

use haul::protocol::{ContentRange, content_range};

pub fn hold(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let found = content_range(&text);
    if let Some(range) = found {
        if let Some((start, end)) = range.span {
            assert!(start < end && range.total.is_none_or(|total| end <= total), "{text:?} is {range:?}");
        } else {
            assert!(range.total.is_some(), "{text:?} says nothing, and is {range:?}");
        }
        assert_eq!(content_range(&written(range)), found, "{text:?} is written {}", written(range));
    }
    if let Some(plain) = plain(bytes) {
        assert_eq!(found, plain, "{text:?}");
    }
    found.is_some()
}

fn written(range: ContentRange) -> String {
    let span = range.span.map_or("*".to_owned(), |(start, end)| format!("{start}-{}", end - 1));
    let total = range.total.map_or("*".to_owned(), |total| total.to_string());
    format!("bytes {span}/{total}")
}

/// Reads the one form that RFC 9110, section 14.4, knows, in a way of its own; `None` if the value has another form.
#[allow(clippy::option_option)] // understood or not, and if so, valid or not
fn plain(value: &[u8]) -> Option<Option<ContentRange>> {
    let text = std::str::from_utf8(value).ok()?.strip_prefix("bytes ")?;
    let (span, total) = text.split_once('/')?;
    let digits = |text: &str| {
        let fine = (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if fine { text.parse::<u128>().ok() } else { None }
    };
    let total = if total == "*" { None } else { Some(digits(total)?) };
    let span = match span.split_once('-') {
        Some((first, last)) => Some((digits(first)?, digits(last)?)),
        None if span == "*" => None,
        None => return None,
    };
    let fits = |number: u128| u64::try_from(number).ok();
    let valid = match (span, total) {
        (None, None) => false,
        (Some((first, last)), total) => first <= last && total.is_none_or(|total| last < total),
        (None, Some(_)) => true,
    };
    let known = || {
        let span = match span {
            Some((first, last)) => Some((fits(first)?, fits(last + 1)?)),
            None => None,
        };
        Some(ContentRange { span, total: total.map(|total| fits(total).ok_or(())).transpose().ok()? })
    };
    Some(if valid { known() } else { None })
}
