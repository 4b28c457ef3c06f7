//! The checksum of a whole file.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};

use sha2::Digest;

use crate::model::Algorithm;

/// Reads a file from its first byte and gives its checksum in lower-case hex. `go_on` is asked every MiB; false stops
/// the reading with an error of kind `Interrupted`.
pub fn digest(file: File, algorithm: Algorithm, go_on: impl Fn() -> bool) -> io::Result<String> {
    match algorithm {
        Algorithm::Md5 => hash::<md5::Md5>(file, go_on),
        Algorithm::Sha1 => hash::<sha1::Sha1>(file, go_on),
        Algorithm::Sha256 => hash::<sha2::Sha256>(file, go_on),
        Algorithm::Sha512 => hash::<sha2::Sha512>(file, go_on),
        Algorithm::Blake3 => {
            let mut hasher = blake3::Hasher::new();
            feed(file, go_on, |bytes| {
                hasher.update(bytes);
            })?;
            Ok(hasher.finalize().to_hex().to_string())
        }
    }
}

fn hash<D: Digest>(file: File, go_on: impl Fn() -> bool) -> io::Result<String> {
    let mut hasher = D::new();
    feed(file, go_on, |bytes| hasher.update(bytes))?;
    Ok(hex(&hasher.finalize()))
}

/// Bytes as lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn feed(mut file: File, go_on: impl Fn() -> bool, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) if !go_on() => return Err(io::ErrorKind::Interrupted.into()),
            Ok(count) => take(&buffer[..count]),
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
}
