//! URLs: what is shown of one, or said of one that can't be used, is harmless and holds no secret.

use haul::model::Source;

use super::name::{assert_safe, is_harmless};
use super::pick::Pick;

/// A word that stands where secrets stand, and nowhere else.
const SECRET: &str = "Hunter2";

pub fn hold(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let used = any(&text);
    with_a_secret(&mut Pick::new(bytes));
    used
}

fn any(text: &str) -> bool {
    let source = match Source::parse(text) {
        Ok(source) => source,
        Err(why) => {
            assert!(is_harmless(&why), "{text:?} is refused with {why:?}");
            return false;
        }
    };
    let url = source.url();
    assert!(matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty()));
    for shown in [source.to_string(), format!("{source:?}"), source.host()] {
        assert!(is_harmless(&shown), "{text:?} is shown as {shown:?}");
    }
    assert!(!source.to_string().contains('#'), "{source}");
    let again = Source::parse(url.as_str()).unwrap_or_else(|why| panic!("{text:?} is not read again: {why}"));
    assert_eq!(again, source, "{text:?}");
    if let Some(name) = source.last_segment() {
        assert_safe(&name);
    }
    true
}

/// The text, unless the fuzzer has put the secret's word into it, in capitals or not: it is no secret where anyone may see it.
fn plain(text: String) -> String {
    if text.to_lowercase().contains(&SECRET.to_lowercase()) { String::new() } else { text }
}

/// A URL made of pieces, with a secret in one of the places for secrets.
fn with_a_secret(pick: &mut Pick<'_>) {
    let scheme =
        ["https://", "http://", "HTTPS://", "https:", "https:/", "ftp://", "s3://", ""][usize::from(pick.byte() % 8)];
    let login = match pick.byte() % 6 {
        0 => format!("me:{SECRET}@"),
        1 => format!("{SECRET}@"),
        2 => format!("me:{SECRET}:{}@", pick.text(4).replace(['/', '?', '#', '\\', '@'], "")),
        3 => format!("me:{}{SECRET}@", pick.text(4).replace(['/', '?', '#', '\\', '@'], "")),
        _ => String::new(),
    };
    let host = ["host", "host:8080", "[::1]:1", "ho st", "host:99999", "", "[::1", "192.168.0.999"]
        [usize::from(pick.byte() % 8)];
    let path = plain(pick.text(12));
    let names = ["sig", "Signature", "X-Amz-Signature", "X-Goog-Signature", "token", "access_token", "%74oken", "key"];
    let name = names[usize::from(pick.byte() % 8)];
    let before = plain(pick.text(6).replace('#', ""));
    let text = format!("{scheme}{login}{host}/{path}?{before}&{name}={SECRET}#{SECRET}");
    let told = match Source::parse(&text) {
        Ok(source) => format!("{source} {source:?} {}", source.host()),
        Err(why) => why,
    };
    assert!(!told.to_lowercase().contains(&SECRET.to_lowercase()), "{text:?} is told as {told:?}");
    assert!(is_harmless(&told), "{text:?} is told as {told:?}");
}
