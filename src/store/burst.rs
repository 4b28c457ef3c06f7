//! Where a file is damaged, from nothing but its checksum.
//!
//! A CRC is linear: the CRCs of two files of one length differ by what the CRC's register holds after the bytewise XOR of
//! both has passed through it. If only a few neighbouring bytes differ, the zeros behind them can be taken out again
//! one by one, until the register holds those few bytes and nothing else. A store that announces one CRC-64 of all thus
//! tells which block is to be fetched once more.
//!
//! Of damage that is wider, or at several places, the register holds bits like those of dice at each place of the file: it
//! looks like a change of so many bytes at one in 2^(64 - 8 x bytes), which is one in 2^32 for four. In a file of a GiB such a guess
//! would be wrong one time in five. So the longer the file, the narrower the change that is looked for: that chance
//! shows one somewhere in the file is to stay below one in 16, which leaves four bytes up to 256 MiB, three up to 64 GiB
//! and two up to 16 TiB.

use std::num::NonZeroU64;

use crc_fast::{CrcAlgorithm, checksum};

use crate::model::{Algorithm, ByteRange, Checksum};

/// The widest damage that is looked for, in bytes.
const WIDEST: u32 = 4;
/// Chance shows a change where there is none in one file of 2 to the power of this, at the most.
const DOUBT: u32 = 4;
/// So many zeros are taken out before the caller is asked whether to go on.
const STEP: u64 = 1 << 20;

/// The last place at which a change of up to four neighbouring bytes, fewer in a long file, makes a file of this length, in bytes, that has the
/// checksum `found` one that has the checksum `wanted`. `None` if there is none, if they are not CRCs of 64 bits of one kind, or if
/// `go_on`, which is asked every MiB, says false. It takes some two seconds a GiB.
pub fn burst(found: &Checksum, wanted: &Checksum, length: u64, go_on: impl Fn() -> bool) -> Option<ByteRange> {
    let kind = crc64(found.algorithm).filter(|_| found.algorithm == wanted.algorithm)?;
    let mut register = number(found)? ^ number(wanted)?;
    NonZeroU64::new(register)?;
    let back = backward(kind);
    let (widest, mut behind) = (widest(length), 0);
    while behind < length && go_on() {
        for _ in 0..STEP.min(length - behind) {
            register = (register << 8) ^ back[(register >> 56) as usize];
            behind += 1;
            if register >> (8 * widest) == 0 {
                let width = u64::from(u64::BITS - register.leading_zeros()).div_ceil(8);
                let start = length - behind;
                return (width <= behind).then(|| ByteRange::new(start, start + width));
            }
        }
    }
    None
}

/// The widest change, in bytes, that chance seldom shows in a file of this length.
fn widest(length: u64) -> u32 {
    let bits = u64::BITS - length.saturating_sub(1).leading_zeros();
    ((u64::BITS - DOUBT).saturating_sub(bits) / 8).clamp(1, WIDEST)
}

/// The CRC of 64 bits that an algorithm is, as the crate calls it.
pub(super) fn crc64(algorithm: Algorithm) -> Option<CrcAlgorithm> {
    match algorithm {
        Algorithm::Crc64 => Some(CrcAlgorithm::Crc64Xz),
        Algorithm::Crc64Nvme => Some(CrcAlgorithm::Crc64Nvme),
        _ => None,
    }
}

/// The value of a CRC.
pub(super) fn number(sum: &Checksum) -> Option<u64> {
    u64::from_str_radix(&sum.hex, 16).ok()
}

/// For the register's highest byte, what undoes the step that a zero made. Both CRCs are reflected: the register is
/// shifted down, and its lowest byte chooses what is added, whose highest byte is another one for each.
fn backward(kind: CrcAlgorithm) -> [u64; 256] {
    let mut back = [0; 256];
    for byte in 0..=u8::MAX {
        let added = checksum(kind, &[byte]) ^ checksum(kind, &[0]);
        back[(added >> 56) as usize] = (added << 8) | u64::from(byte);
    }
    back
}
