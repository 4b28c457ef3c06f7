//! Content-Disposition: whatever it holds becomes a safe name, and what a careful server writes is read as it is meant.

use std::fmt::Write as _;

use haul::protocol::file_name;

use super::name::assert_safe;
use super::pick::Pick;

pub fn hold(bytes: &[u8]) -> bool {
    let found = file_name(bytes);
    if let Some(name) = &found {
        assert!(!name.trim().is_empty(), "a blank name came of {:?}", String::from_utf8_lossy(bytes));
        // The legacy charsets make up to three bytes of one, and a mail word of raw bytes has passed two of them.
        assert!(name.len() <= bytes.len() * 9, "{} bytes came of {}", name.len(), bytes.len());
        assert_safe(name);
    }
    careful(&mut Pick::new(bytes));
    found.is_some()
}

/// Any name, written as RFC 6266 has it: both forms come back, and the extended one wins.
fn careful(pick: &mut Pick<'_>) {
    let (plain, extended) = (pick.text(40), pick.text(40));
    let quoted: String = plain.chars().filter(|c| *c != '%' && !c.is_control()).collect();
    let mut value = "attachment; filename=\"".to_owned();
    for c in quoted.chars() {
        value.extend(matches!(c, '"' | '\\').then_some('\\'));
        value.push(c);
    }
    value.push('"');
    let is_word = quoted.trim_start().starts_with("=?");
    let is_name = |name: &str| !name.trim().is_empty();
    if !is_word {
        assert_eq!(file_name(value.as_bytes()), Some(quoted).filter(|name| is_name(name)), "{value}");
    }
    let before = file_name(value.as_bytes());
    value.push_str("; filename*=UTF-8''");
    for byte in extended.bytes() {
        let _ = write!(value, "%{byte:02X}");
    }
    let expected = if is_name(&extended) { Some(extended) } else { before };
    assert_eq!(file_name(value.as_bytes()), expected, "{value}");
}
