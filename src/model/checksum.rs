//! Checksums as people and servers write them, such as `sha256:9f86d0...`.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::ByteRange;

/// How a checksum is computed, in the order of what it proves: the last is trusted most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// CRC-32 of zip, gzip and Ethernet (CRC-32/ISO-HDLC).
    Crc32,
    /// CRC-32C (Castagnoli, CRC-32/ISCSI).
    Crc32c,
    /// CRC-64 of xz, OSS and TOS, which call it ECMA (CRC-64/XZ).
    Crc64,
    /// CRC-64/NVME, as S3 has it.
    Crc64Nvme,
    /// MD5 (RFC 1321).
    Md5,
    /// SHA-1 (FIPS 180-4).
    Sha1,
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-512/256 (FIPS 180-4).
    Sha512_256,
    /// BLAKE3, 256 bits.
    Blake3,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
}

/// Every algorithm with its name and the bytes that it gives.
const ALL: [(Algorithm, &str, usize); 12] = [
    (Algorithm::Md5, "md5", 16),
    (Algorithm::Sha1, "sha1", 20),
    (Algorithm::Sha224, "sha224", 28),
    (Algorithm::Sha256, "sha256", 32),
    (Algorithm::Sha384, "sha384", 48),
    (Algorithm::Sha512, "sha512", 64),
    (Algorithm::Sha512_256, "sha512-256", 32),
    (Algorithm::Blake3, "blake3", 32),
    (Algorithm::Crc32, "crc32", 4),
    (Algorithm::Crc32c, "crc32c", 4),
    (Algorithm::Crc64, "crc64", 8),
    (Algorithm::Crc64Nvme, "crc64nvme", 8),
];

/// What a checksum may look like, for help and mistakes.
const WANTED: &str = "write ALGO:HEX or ALGO:BASE64 with md5, sha1, sha224, sha256, sha384, sha512, sha512-256, blake3, \
                      crc32, crc32c, crc64 or crc64nvme";

impl Algorithm {
    /// The algorithm of this name, in any case; dashes and slashes don't matter (`SHA-512/256`).
    pub fn named(name: &str) -> Option<Self> {
        let plain = |name: &str| name.trim().replace(['-', '/', '_'], "").to_ascii_lowercase();
        let name = plain(name);
        let name = match name.as_str() {
            "crc64ecma" | "crc64xz" => "crc64",
            "sha2224" => "sha224",
            "sha2256" => "sha256",
            "sha2384" => "sha384",
            "sha2512" => "sha512",
            "sha2512256" => "sha512256",
            other => other,
        };
        ALL.into_iter().find(|entry| plain(entry.1) == name).map(|entry| entry.0)
    }

    /// How many bytes it gives.
    pub fn bytes(self) -> usize {
        ALL.iter().find(|entry| entry.0 == self).map_or(0, |entry| entry.2)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ALL.iter().find(|entry| entry.0 == *self).map_or("?", |entry| entry.1);
        out.write_str(name)
    }
}

/// An expected checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: Algorithm,
    /// Lower-case hex digits, as many as the algorithm gives.
    pub hex: String,
}

impl Checksum {
    /// The checksum of these bytes; `None` unless they are as many as the algorithm gives. A CRC has its highest byte
    /// first.
    pub fn of_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        if bytes.len() != algorithm.bytes() {
            return None;
        }
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
        }
        Some(Self { algorithm, hex })
    }

    /// Reads hex digits, in any case.
    pub fn of_hex(algorithm: Algorithm, text: &str) -> Option<Self> {
        let hex = text.trim().to_ascii_lowercase();
        let whole = hex.len() == algorithm.bytes() * 2 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then_some(Self { algorithm, hex })
    }

    /// Reads base64 (RFC 4648, section 4 or 5), padded or not.
    pub fn of_base64(algorithm: Algorithm, text: &str) -> Option<Self> {
        let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let decode = |alphabet| GeneralPurpose::new(alphabet, lenient).decode(text.trim()).ok();
        Self::of_bytes(algorithm, &decode(&STANDARD).or_else(|| decode(&URL_SAFE))?)
    }

    /// Reads a CRC-64 as the number that OSS and TOS write.
    pub fn of_decimal(algorithm: Algorithm, text: &str) -> Option<Self> {
        let digits = text.trim();
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = digits.parse().ok().filter(|_| plain)?;
        Self::of_bytes(algorithm, &number.to_be_bytes())
    }

    /// Reads a value in any of the ways that the world writes them. A number of no more than 16 digits is hex.
    fn of_text(algorithm: Algorithm, text: &str) -> Option<Self> {
        let decimal = || Self::of_decimal(algorithm, text).filter(|_| text.len() > algorithm.bytes() * 2);
        Self::of_hex(algorithm, text).or_else(decimal).or_else(|| Self::of_base64(algorithm, text))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm, self.hex)
    }
}

impl FromStr for Checksum {
    type Err = String;

    /// Reads `ALGO:VALUE`, `ALGO=VALUE`, and `ALGO-BASE64` as web pages have it (Subresource Integrity).
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let split = |at: char| text.split_once(at).filter(|(name, _)| Algorithm::named(name).is_some());
        let parts = text.split_once(':').or_else(|| split('=')).or_else(|| split('-')).or_else(|| text.split_once('='));
        let (name, value) = parts.ok_or_else(|| format!("{text:?} is not a checksum: {WANTED}"))?;
        let (name, value) = (name.trim(), value.trim());
        let algorithm =
            Algorithm::named(name).ok_or_else(|| format!("{name:?} is not a checksum that haul knows: {WANTED}"))?;
        let digits = algorithm.bytes() * 2;
        Self::of_text(algorithm, value).ok_or_else(|| {
            format!("a {algorithm} checksum has {digits} hex digits, or is in base64; {value:?} is something else")
        })
    }
}

/// What a server, or a list of pieces, says of a file's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Of which bytes; `None` for the whole file.
    pub range: Option<ByteRange>,
    /// Their checksum.
    pub checksum: Checksum,
    /// How much it proves.
    pub weight: Weight,
}

/// How much an announced checksum proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// It is what such a field usually means, and no standard promises it: a reason to look again, and no more.
    Hint,
    /// It is promised: bytes that differ are wrong.
    Firm,
}
