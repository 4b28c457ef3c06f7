//! The file name in a Content-Disposition (RFC 6266), with the ways of real servers: `filename*` wins, names come
//! percent-encoded, as RFC 2047 words, or as raw UTF-8 or Latin-1 bytes, and lists end with a semicolon.

use encoding_rs::Encoding;
use percent_encoding::percent_decode;

/// The name that a Content-Disposition's value gives, not yet made safe for a folder; `None` if it gives none.
pub fn file_name(value: &[u8]) -> Option<String> {
    let parameters = parameters(value);
    let find = |name: &str| parameters.iter().find(|entry| entry.0 == name).map(|entry| entry.1.as_slice());
    let named = |name: &String| !name.trim().is_empty();
    let extended = find("filename*").and_then(extended).filter(named);
    extended.or_else(|| find("filename").map(plain).filter(named))
}

/// The parameters in lower case with their values unquoted. The disposition type may be missing.
fn parameters(value: &[u8]) -> Vec<(String, Vec<u8>)> {
    let pieces = split(value);
    let pairs = pieces.iter().filter_map(|piece| {
        let at = piece.iter().position(|byte| *byte == b'=')?;
        let name = String::from_utf8_lossy(&piece[..at]).trim().to_ascii_lowercase();
        Some((name, unquoted(piece[at + 1..].trim_ascii())))
    });
    pairs.collect()
}

/// Splits at semicolons that are not within quotes.
fn split(value: &[u8]) -> Vec<&[u8]> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => {
                pieces.push(&value[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&value[from..]);
    pieces
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => plain.extend(bytes.next()),
            other => plain.push(*other),
        }
    }
    plain
}

/// `charset'language'percent-encoded` (RFC 8187).
fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |byte| *byte == b'\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes: Vec<u8> = percent_decode(encoded).collect();
    let (text, _, broken) = Encoding::for_label(charset)?.decode(&bytes);
    (!broken).then(|| text.into_owned())
}

fn plain(value: &[u8]) -> String {
    let text = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(value).0.into_owned(),
    };
    if let Some(words) = encoded_words(&text) {
        return words;
    }
    let decoded: Vec<u8> = percent_decode(text.as_bytes()).collect();
    String::from_utf8(decoded).unwrap_or(text)
}

/// RFC 2047 words such as `=?UTF-8?B?...?=`, which mail programs write here.
fn encoded_words(text: &str) -> Option<String> {
    let mut whole = String::new();
    for word in text.split_ascii_whitespace() {
        let mut parts = word.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
        let (charset, coding, data) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = match coding {
            "B" | "b" => base64(data)?,
            "Q" | "q" => {
                percent_decode(data.replace('%', "%25").replace('_', " ").replace('=', "%").as_bytes()).collect()
            }
            _ => return None,
        };
        whole.push_str(&Encoding::for_label(charset.as_bytes())?.decode(&bytes).0);
    }
    (!whole.is_empty()).then_some(whole)
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}
