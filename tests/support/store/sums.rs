//! Checksums and encodings as the stores write them, made apart from haul's own code.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use crc_fast::{CrcAlgorithm, checksum};
use md5::Digest as _;
use std::fmt::Write as _;

pub(super) fn md5(bytes: &[u8]) -> Vec<u8> {
    md5::Md5::digest(bytes).to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// OSS's and TOS's: a decimal number.
pub(super) fn ecma(bytes: &[u8]) -> String {
    checksum(CrcAlgorithm::Crc64Xz, bytes).to_string()
}

/// S3's: base64.
pub(super) fn nvme(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(checksum(CrcAlgorithm::Crc64Nvme, bytes).to_be_bytes())
}

/// Percent-decodes; a plus is a plus.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                plain.push(byte);
                at += 3;
            }
            (byte, _) => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).unwrap()
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encode(text: &str, slash: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            b'/' if slash => encoded.push('/'),
            other => write!(encoded, "%{other:02X}").unwrap(),
        }
    }
    encoded
}

/// For XML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
