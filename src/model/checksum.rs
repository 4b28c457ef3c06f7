//! A checksum that the user gives, such as `sha256:9f86d0...`.

use std::fmt;
use std::str::FromStr;

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// BLAKE3, 256 bits.
    Blake3,
}

impl Algorithm {
    const ALL: [(&'static str, Self, usize); 5] = [
        ("md5", Self::Md5, 32),
        ("sha1", Self::Sha1, 40),
        ("sha256", Self::Sha256, 64),
        ("sha512", Self::Sha512, 128),
        ("blake3", Self::Blake3, 64),
    ];
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::ALL.iter().find(|entry| entry.1 == *self).map_or("?", |entry| entry.0);
        out.write_str(name)
    }
}

/// A whole file's expected checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: Algorithm,
    /// Lower-case hex digits, as many as the algorithm gives.
    pub hex: String,
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Checksum {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = "write ALGO:HEX with md5, sha1, sha256, sha512 or blake3";
        let (name, hex) = text.split_once([':', '=']).ok_or_else(|| format!("{text:?} is not a checksum: {wanted}"))?;
        let name = name.trim().to_ascii_lowercase().replace('-', "");
        let (_, algorithm, digits) = Algorithm::ALL
            .into_iter()
            .find(|entry| entry.0 == name)
            .ok_or_else(|| format!("{name:?} is not a checksum that haul knows: {wanted}"))?;
        let hex = hex.trim().to_ascii_lowercase();
        if hex.len() != digits || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(format!("a {name} checksum has {digits} hex digits, {hex:?} is something else"));
        }
        Ok(Self { algorithm, hex })
    }
}
