//! Paths as text that any path survives: bytes that are no UTF-8 are percent-encoded, and so is the percent sign.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub(super) fn encode(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        for byte in chunk.invalid() {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

pub(super) fn decode(text: &str) -> PathBuf {
    PathBuf::from(OsString::from_vec(percent_encoding::percent_decode_str(text).collect()))
}
