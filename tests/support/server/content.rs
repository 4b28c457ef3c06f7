//! Content that tells where it belongs: every aligned 8 bytes are hashed from their position and a seed.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The bytes `start..end` of the content with this seed.
pub fn content(seed: u64, start: u64, end: u64) -> Vec<u8> {
    if end <= start {
        return Vec::new();
    }
    let first = start / 8;
    let mut bytes = Vec::with_capacity((end - start) as usize + 16);
    for word in first..end.div_ceil(8) {
        bytes.extend_from_slice(&scramble(seed, word).to_le_bytes());
    }
    bytes.truncate((end - first * 8) as usize);
    bytes.drain(..(start - first * 8) as usize);
    bytes
}

/// The SHA-256 of the first `length` bytes, in lower-case hex.
pub fn sha256(seed: u64, length: u64) -> String {
    const STEP: u64 = 1 << 16;
    let mut digest = Sha256::new();
    for start in (0..length).step_by(STEP as usize) {
        digest.update(content(seed, start, (start + STEP).min(length)));
    }
    digest.finalize().iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn scramble(seed: u64, word: u64) -> u64 {
    let mut z = seed.wrapping_mul(0xd6e8_feb8_6659_fd93) ^ word.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
