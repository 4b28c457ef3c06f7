//! Text for people: strings from outside made harmless, sizes and durations in one consistent form.

use std::borrow::Cow;
use std::time::Duration;

use humansize::{DECIMAL, FormatSizeOptions, format_size};

/// So many characters are told of a long text's beginning, and of its end, where it often says why.
const TOLD: (usize, usize) = (400, 150);

/// True for characters that a terminal obeys instead of showing, or that reorder what is shown.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// The text with every character that could steer a terminal (C0, C1, DEL, bidi overrides, invisible ones) replaced
/// by U+FFFD. Every string from outside passes here before it reaches a screen, a line of output or the log.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_harmful) {
        Cow::Owned(text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Without its middle, if it has more than some hundred characters: what is told of a long text must not be as long.
pub fn shortened(text: &str) -> Cow<'_, str> {
    let (head, tail) = TOLD;
    let cuts = text.char_indices().nth(head).zip(text.char_indices().nth_back(tail));
    match cuts.filter(|(end, start)| end.0 < start.0) {
        Some(((end, _), (start, _))) => Cow::Owned(format!("{}…{}", &text[..end], &text[start..])),
        None => Cow::Borrowed(text),
    }
}

/// A size for people, in steps of 1000 as disks and links are sold: `999 B`, `1.8 MB`, `147 MB`.
pub fn size(bytes: u64) -> String {
    let mut unit = 1_u64;
    while unit <= bytes / 1000 {
        unit *= 1000;
    }
    let one_digit_or_two = unit > 1 && bytes < unit.saturating_mul(100);
    let places = usize::from(one_digit_or_two);
    format_size(bytes, FormatSizeOptions::from(DECIMAL).decimal_places(places).decimal_zeroes(places))
}

/// A duration for people: `0:33`, `58:12`, `3:04:05`, `2 d 4 h`.
pub fn brief_duration(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        (days, _) if days < 1000 => format!("{days} d {hours} h"),
        _ => "never".to_owned(),
    }
}

/// The same in at most seven cells: `58:12`, `13:58 h`, `2 d 4 h`, `34 h`, `12 d`, `> 99 d`.
pub fn short_duration(span: Duration) -> String {
    let brief = brief_duration(span);
    let hours = span.as_secs() / 3_600;
    match hours {
        _ if brief.len() <= 7 => brief,
        ..24 => format!("{hours}:{:02} h", span.as_secs() / 60 % 60),
        24..100 => format!("{hours} h"),
        100..2_400 => format!("{} d", hours / 24),
        _ => "> 99 d".to_owned(),
    }
}

/// A wait for people: `0.2 s`, `3 s`, `1:20`. Rounded up, since a wait of 0 s would be none.
pub fn brief_wait(span: Duration) -> String {
    if span <= Duration::from_millis(500) && !span.is_zero() {
        return format!("0.{} s", span.as_micros().div_ceil(100_000));
    }
    let seconds = span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0));
    if seconds < 60 { format!("{seconds} s") } else { brief_duration(Duration::from_secs(seconds)) }
}

/// Whole percent, rounded down, so that 100 means all of it.
pub fn percent(done: u64, total: u64) -> u64 {
    if total == 0 { 100 } else { (u128::from(done.min(total)) * 100 / u128::from(total)) as u64 }
}

/// What a second fetch of damaged bytes found: how many blocks of how many came otherwise.
pub fn repaired(damaged: u64, blocks: u64) -> String {
    match damaged {
        0 => "what was fetched once more came as it was".to_owned(),
        1 => format!("1 of {blocks} blocks was damaged and was fetched again"),
        _ => format!("{damaged} of {blocks} blocks were damaged and were fetched again"),
    }
}
