//! Checksums as servers, lists and people write them: what is understood is whole, and in none of them stands what
//! nobody wrote.

use haul::model::{ByteRange, Checksum, find_sum};
use haul::protocol::announced_digests;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::name::is_harmless;

/// A file's name as a list of checksums has it.
const NAME: &str = "file.iso";

pub fn hold(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let mut used = false;
    for line in text.lines() {
        match line.parse::<Checksum>() {
            Ok(sum) => {
                whole(&sum);
                used = true;
            }
            Err(why) => assert!(is_harmless(&why), "{line:?} is told as {why:?}"),
        }
    }
    for list in ["SHA256SUMS", "MD5SUMS", "CHECKSUM"] {
        if let Some(sum) = find_sum(&text, list, NAME) {
            whole(&sum);
            assert!(text.to_ascii_lowercase().contains(&sum.hex), "{sum} came of {text:?}");
            used = true;
        }
    }
    used | announced(&text)
}

/// The text's lines as header fields.
fn announced(text: &str) -> bool {
    let mut headers = HeaderMap::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
            headers.append(name, value);
        }
    }
    let part = text.len().is_multiple_of(2).then(|| ByteRange::new(5, 9));
    let found = announced_digests(&headers, part);
    assert!(found.len() <= 32, "{} digests of {headers:?}", found.len());
    for (index, one) in found.iter().enumerate() {
        whole(&one.checksum);
        assert!(one.range.is_none() || one.range == part, "{one:?} of {part:?}");
        let twice = |other: &haul::model::Announced| {
            other.range == one.range && other.checksum.algorithm == one.checksum.algorithm
        };
        assert!(!found[..index].iter().any(twice), "{found:?}");
    }
    !found.is_empty()
}

fn whole(sum: &Checksum) {
    assert_eq!(sum.hex.len(), sum.algorithm.bytes() * 2);
    assert!(sum.hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{sum}");
    assert_eq!(sum.to_string().parse().as_ref(), Ok(sum));
}
