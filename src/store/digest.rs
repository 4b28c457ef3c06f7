//! Checksums of a file's bytes, as they are read back from the disk.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crc_fast::CrcAlgorithm;
use rustix::fs::{Advice, fadvise};
use sha2::Digest;

use super::burst::{crc64, number};
use crate::model::{Algorithm, ByteRange, Checksum};

/// So many bytes are read at once.
const STEP: u64 = 1 << 20;
/// A reading of more than this drops what it has read from the system's page cache, which others need.
const LARGE: u64 = 256 << 20;

/// Reads these bytes of a file once and gives their checksum in each of the algorithms. `go_on` is asked every MiB;
/// false stops the reading with an error of kind `Interrupted`. A file that is shorter is an error of kind
/// `UnexpectedEof`.
pub fn digest(
    file: &File,
    range: ByteRange,
    algorithms: &[Algorithm],
    go_on: impl Fn() -> bool,
) -> io::Result<Vec<Checksum>> {
    let mut sums: Vec<Sum> = algorithms.iter().map(|algorithm| Sum::new(*algorithm)).collect();
    let mut buffer = vec![0; STEP.min(range.len()) as usize];
    // Advice that the system does not take costs nothing.
    let _ = fadvise(file, range.start, None, Advice::Sequential);
    let mut position = range.start;
    while position < range.end {
        if !go_on() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let step = STEP.min(range.end - position);
        let bytes = &mut buffer[..step as usize];
        file.read_exact_at(bytes, position)?;
        for sum in &mut sums {
            sum.update(bytes);
        }
        if range.len() > LARGE {
            let _ = fadvise(file, position, std::num::NonZeroU64::new(step), Advice::DontNeed);
        }
        position += step;
    }
    Ok(sums.into_iter().filter_map(Sum::finish).collect())
}

/// The checksum of the whole from those of its pieces in their order, each with its bytes. `None` unless all are of one
/// algorithm that can be combined, which are the CRCs of 64 bits.
pub fn combined(pieces: &[(Checksum, u64)]) -> Option<Checksum> {
    let ((first, _), rest) = pieces.split_first()?;
    let algorithm = first.algorithm;
    let kind = crc64(algorithm)?;
    let whole = rest.iter().try_fold(number(first)?, |before, (sum, bytes)| {
        let next = number(sum).filter(|_| sum.algorithm == algorithm)?;
        Some(crc_fast::checksum_combine(kind, before, next, *bytes))
    })?;
    Checksum::of_bytes(algorithm, &whole.to_be_bytes())
}

/// What S3 and those who follow it call an object of parts with these ETags, all of them MD5s in hex: the MD5 of the
/// MD5s, and how many. `None` if one of them is no MD5.
pub fn multipart_etag(etags: &[String]) -> Option<String> {
    let mut all = md5::Md5::new();
    for etag in etags {
        let hex = Checksum::of_hex(Algorithm::Md5, etag)?.hex;
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or(0));
        all.update(bytes.collect::<Vec<u8>>());
    }
    let whole = Checksum::of_bytes(Algorithm::Md5, &all.finalize())?;
    Some(format!("{}-{}", whole.hex, etags.len()))
}

/// A checksum that still grows.
pub struct Sum {
    algorithm: Algorithm,
    growing: Growing,
}

impl Sum {
    /// The checksum of no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        Self { algorithm, growing: Growing::new(algorithm) }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.growing.update(bytes);
    }

    /// What all of them hash to.
    pub fn finish(self) -> Option<Checksum> {
        self.growing.finish(self.algorithm)
    }
}

enum Growing {
    Md5(md5::Md5),
    Sha1(sha1::Sha1),
    Sha224(sha2::Sha224),
    Sha256(sha2::Sha256),
    Sha384(sha2::Sha384),
    Sha512(sha2::Sha512),
    Sha512_256(sha2::Sha512_256),
    Blake3(Box<blake3::Hasher>),
    Crc(crc_fast::Digest),
}

impl Growing {
    fn new(algorithm: Algorithm) -> Self {
        let crc = |kind| Self::Crc(crc_fast::Digest::new(kind));
        match algorithm {
            Algorithm::Md5 => Self::Md5(md5::Md5::new()),
            Algorithm::Sha1 => Self::Sha1(sha1::Sha1::new()),
            Algorithm::Sha224 => Self::Sha224(sha2::Sha224::new()),
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Sha384 => Self::Sha384(sha2::Sha384::new()),
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
            Algorithm::Sha512_256 => Self::Sha512_256(sha2::Sha512_256::new()),
            Algorithm::Blake3 => Self::Blake3(Box::default()),
            Algorithm::Crc32 => crc(CrcAlgorithm::Crc32IsoHdlc),
            Algorithm::Crc32c => crc(CrcAlgorithm::Crc32Iscsi),
            Algorithm::Crc64 => crc(CrcAlgorithm::Crc64Xz),
            Algorithm::Crc64Nvme => crc(CrcAlgorithm::Crc64Nvme),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(sum) => sum.update(bytes),
            Self::Sha1(sum) => sum.update(bytes),
            Self::Sha224(sum) => sum.update(bytes),
            Self::Sha256(sum) => sum.update(bytes),
            Self::Sha384(sum) => sum.update(bytes),
            Self::Sha512(sum) => sum.update(bytes),
            Self::Sha512_256(sum) => sum.update(bytes),
            Self::Blake3(sum) => {
                sum.update(bytes);
            }
            Self::Crc(sum) => sum.update(bytes),
        }
    }

    fn finish(self, algorithm: Algorithm) -> Option<Checksum> {
        let of = |bytes: &[u8]| Checksum::of_bytes(algorithm, bytes);
        match self {
            Self::Md5(sum) => of(&sum.finalize()),
            Self::Sha1(sum) => of(&sum.finalize()),
            Self::Sha224(sum) => of(&sum.finalize()),
            Self::Sha256(sum) => of(&sum.finalize()),
            Self::Sha384(sum) => of(&sum.finalize()),
            Self::Sha512(sum) => of(&sum.finalize()),
            Self::Sha512_256(sum) => of(&sum.finalize()),
            Self::Blake3(sum) => of(sum.finalize().as_bytes()),
            // Zeros stand before a shorter CRC's own bytes.
            Self::Crc(sum) => of(&sum.finalize().to_be_bytes()[8 - algorithm.bytes()..]),
        }
    }
}
