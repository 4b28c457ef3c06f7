//! Metalinks: what is read makes sense and is no more than what was written, and what a careful site writes is read.

use std::fmt::Write as _;

use haul::model::{Metalink, MetalinkFile};

use super::name::{assert_safe, is_harmless};
use super::pick::Pick;

pub fn hold(bytes: &[u8]) -> bool {
    let found = Metalink::parse(bytes);
    match &found {
        Ok(metalink) => {
            metalink.files.iter().for_each(sound);
            let size = |file: &MetalinkFile| {
                let urls: usize = file.sources.iter().map(|one| one.source.url().as_str().len()).sum();
                // A URL's characters may be percent-encoded, three bytes for each.
                file.name.len() + urls / 9 + file.checksums.iter().map(|sum| sum.hex.len() / 2).sum::<usize>()
            };
            assert!(metalink.files.iter().map(size).sum::<usize>() <= bytes.len(), "more is read than was written");
        }
        Err(why) => assert!(is_harmless(why) && why.len() < 1000, "{why:?}"),
    }
    careful(&mut Pick::new(bytes));
    found.is_ok_and(|metalink| !metalink.files.is_empty())
}

fn sound(file: &MetalinkFile) {
    assert_safe(&file.name);
    assert!(!file.sources.is_empty() && file.sources.is_sorted_by_key(|one| one.priority), "{file:?}");
    for one in &file.sources {
        assert!((1..=999_999).contains(&one.priority) && is_harmless(&one.source.to_string()), "{one:?}");
        let country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(one.location.as_ref().is_none_or(country), "{one:?}");
    }
    if let Some(pieces) = &file.pieces {
        assert!(pieces.length > 0 && !pieces.checksums.is_empty(), "{pieces:?}");
        let count = file.length.map(|length| length.div_ceil(pieces.length));
        assert!(count.is_none_or(|count| count == pieces.checksums.len() as u64), "{file:?}");
        assert!(pieces.checksums.iter().all(|sum| sum.algorithm == pieces.checksums[0].algorithm), "{pieces:?}");
    }
    let all = file.checksums.iter().chain(file.pieces.iter().flat_map(|pieces| &pieces.checksums));
    for sum in all {
        assert_eq!(sum.hex.len(), sum.algorithm.bytes() * 2, "{sum}");
    }
}

/// A metalink of version 4 with one file, whose texts are any.
fn careful(pick: &mut Pick<'_>) {
    let printable =
        |text: String| text.chars().filter(|c| !c.is_control() && *c != '\u{fffe}' && *c != '\u{ffff}').collect();
    let name: String = printable(pick.text(30));
    let (length, priority) = (pick.number(), 1 + pick.below(999_999));
    let path: String = pick.text(10).bytes().fold(String::new(), |mut path, byte| {
        let _ = write!(path, "%{byte:02X}");
        path
    });
    let text = format!(
        "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"{}\"><size>{length}</size>\
         <hash type=\"sha-256\">{:064x}</hash><url priority=\"{priority}\">https://host/x{path}?a=1&amp;b=2</url>\
         </file></metalink>",
        escaped(&name),
        pick.number(),
    );
    let metalink = Metalink::parse(text.as_bytes()).unwrap_or_else(|why| panic!("{text:?} {why}"));
    let file = &metalink.files[0];
    assert_eq!((&file.name, file.length), (&name, Some(length)), "{text}");
    assert_eq!((file.checksums.len(), u64::from(file.sources[0].priority)), (1, priority), "{text}");
    assert_eq!(file.sources[0].source.url().as_str(), format!("https://host/x{path}?a=1&b=2"));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
