//! Names and texts from outside: harmless on a screen, and safe in any folder (requirements 35 and 36 of haul's design).

use std::borrow::Cow;
use std::path::Path;

use haul::model::harmless;
use haul::store::{numbered, part_name, safe_name};

pub fn hold(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    shown(&text);
    let safe = assert_safe(&text);
    let next = numbered(&safe, u32::from(bytes.first().copied().unwrap_or(0)));
    assert!(next.len() <= 210 && is_harmless(&next), "{text:?} became {next:?}");
    let extension = |name: &str| Path::new(name).extension().map(ToOwned::to_owned);
    if let Some(kept) = extension(&safe).filter(|kept| kept.len() < 12 && !kept.to_string_lossy().contains(' ')) {
        assert_eq!(extension(&next), Some(kept), "{safe:?} became {next:?}");
    }
    let part = part_name(Path::new(&safe));
    let part = part.to_str().unwrap();
    assert!(part.len() <= 255 && part.strip_suffix(".part").is_some() && !part.contains('/'), "{part:?}");
    safe != "download"
}

/// The text as it is shown has as many characters, all harmless, and is left alone if it was harmless before.
fn shown(text: &str) {
    let shown = harmless(text);
    assert!(is_harmless(&shown), "{text:?} is shown as {shown:?}");
    assert_eq!(shown.chars().count(), text.chars().count());
    assert_eq!(matches!(shown, Cow::Borrowed(_)), is_harmless(text), "{text:?}");
    assert!(shown.chars().zip(text.chars()).all(|(now, before)| now == before || now == '\u{fffd}'));
    assert_eq!(harmless(&shown), shown);
}

/// True if no character is obeyed by a terminal or hidden by it: C0, DEL, C1, line ends, bidi controls, those of no
/// width, tags.
pub fn is_harmless(text: &str) -> bool {
    !text.chars().any(|c| {
        let code = u32::from(c);
        code < 0x20
            || (0x7f..0xa0).contains(&code)
            || [0xad, 0x61c, 0x180e, 0xfeff].contains(&code)
            || (0x200b..=0x200f).contains(&code)
            || (0x2028..=0x202e).contains(&code)
            || (0x2060..=0x206f).contains(&code)
            || (0xfff9..=0xfffb).contains(&code)
            || (0xe0000..=0xe007f).contains(&code)
    })
}

/// Makes a name safe, and holds it to all that a safe name is.
pub fn assert_safe(name: &str) -> String {
    let safe = safe_name(name);
    let told = || format!("{name:?} became {safe:?}");
    assert!(!safe.is_empty() && safe.len() <= 200, "{}", told());
    assert!(is_harmless(&safe), "{}", told());
    assert!(!safe.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*']), "{}", told());
    assert!(!safe.starts_with(['.', '-']) && !safe.ends_with('.') && safe.trim() == safe, "{}", told());
    let stem = safe.split('.').next().unwrap().trim_end().to_ascii_uppercase();
    assert!(!["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()), "{}", told());
    let port = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    assert!(!port.is_some_and(|port| "123456789¹²³".chars().any(|digit| port.chars().eq([digit]))), "{}", told());
    assert_eq!(safe_name(&safe), safe, "{name:?} is not safe at once");
    // A plain extension stays, however long the name.
    let last = name.rsplit(['/', '\\']).next().unwrap();
    if let Some((stem, extension)) = last.rsplit_once('.')
        && (1..=11).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && stem.contains(|c: char| c.is_alphanumeric())
    {
        assert!(safe.ends_with(&format!(".{extension}")), "{}", told());
    }
    safe
}
