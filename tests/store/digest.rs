//! Checksums of whole files, against the vectors of their standards.

use std::cell::Cell;
use std::fs::File;
use std::io::ErrorKind;

use haul::model::{Algorithm, ByteRange, Checksum};
use haul::store::{combined, digest};

fn of(bytes: &[u8], algorithm: Algorithm) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, bytes).unwrap();
    let whole = ByteRange::new(0, bytes.len() as u64);
    let sums = digest(&File::open(path).unwrap(), whole, &[algorithm], || true).unwrap();
    assert_eq!((sums.len(), sums[0].algorithm), (1, algorithm));
    sums[0].hex.clone()
}

#[test]
fn known_vectors_come_out() {
    for (algorithm, empty, abc) in [
        (Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427e", "900150983cd24fb0d6963f7d28e17f72"),
        (Algorithm::Sha1, "da39a3ee5e6b4b0d3255bfef95601890afd80709", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            Algorithm::Sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Algorithm::Sha512,
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (
            Algorithm::Sha224,
            "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f",
            "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        ),
        (
            Algorithm::Sha384,
            "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Algorithm::Sha512_256,
            "c672b8d1ef56ed28ab87c3622c5114069bdd3ad7b8f9737498d0c01ecef0967a",
            "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
        ),
        (
            Algorithm::Blake3,
            "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
            "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ),
    ] {
        assert_eq!(of(b"", algorithm), empty, "{algorithm}");
        assert_eq!(of(b"abc", algorithm), abc, "{algorithm}");
    }
}

#[test]
fn the_crcs_are_those_of_the_catalogue() {
    for (algorithm, check) in [
        (Algorithm::Crc32, "cbf43926"),
        (Algorithm::Crc32c, "e3069283"),
        (Algorithm::Crc64, "995dc9bbdf1939fa"),
        (Algorithm::Crc64Nvme, "ae8b14860a799888"),
    ] {
        assert_eq!(of(b"123456789", algorithm), check, "{algorithm}");
        assert_eq!(of(b"", algorithm), "0".repeat(check.len()), "{algorithm}");
    }
}

#[test]
fn one_reading_is_enough_for_several_and_a_range_is_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, b"xxabcyy").unwrap();
    let file = File::open(path).unwrap();
    let asked = Cell::new(0);
    let go_on = || {
        asked.set(asked.get() + 1);
        true
    };
    let sums = digest(&file, ByteRange::new(2, 5), &[Algorithm::Md5, Algorithm::Sha1], go_on).unwrap();
    let sums: Vec<String> = sums.iter().map(ToString::to_string).collect();
    assert_eq!(sums, ["md5:900150983cd24fb0d6963f7d28e17f72", "sha1:a9993e364706816aba3e25717850c26c9cd0d89d"]);
    assert_eq!(asked.get(), 1);
    let why = digest(&file, ByteRange::new(5, 8), &[Algorithm::Md5], || true).unwrap_err();
    assert_eq!(why.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn more_than_one_buffer_is_read_to_the_end() {
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at % 251) as u8).collect();
    let whole = blake3::hash(&bytes).to_hex().to_string();
    assert_eq!(of(&bytes, Algorithm::Blake3), whole);
}

#[test]
fn reading_stops_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, vec![0; 5 << 20]).unwrap();
    let asked = Cell::new(0);
    let go_on = || {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    let why = digest(&File::open(path).unwrap(), ByteRange::new(0, 5 << 20), &[Algorithm::Sha256], go_on).unwrap_err();
    assert_eq!((why.kind(), asked.get()), (ErrorKind::Interrupted, 3));
}

/// The checksums of a file's pieces make that of the whole.
#[test]
fn the_checksums_of_pieces_make_that_of_the_whole() {
    let bytes: Vec<u8> = (0..20_000_000_u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as u8).collect();
    for algorithm in [Algorithm::Crc64, Algorithm::Crc64Nvme] {
        for size in [1, 7, 4096, 1 << 20, 5 << 20, 30_000_000] {
            let bytes = &bytes[..bytes.len().min(size * 40)];
            let pieces: Vec<(Checksum, u64)> =
                bytes.chunks(size).map(|piece| (sum_of(algorithm, piece), piece.len() as u64)).collect();
            assert_eq!(combined(&pieces), Some(sum_of(algorithm, bytes)), "{algorithm} of {size}");
        }
    }
}

fn sum_of(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    let kind = match algorithm {
        Algorithm::Crc64 => crc_fast::CrcAlgorithm::Crc64Xz,
        _ => crc_fast::CrcAlgorithm::Crc64Nvme,
    };
    Checksum::of_bytes(algorithm, &crc_fast::checksum(kind, bytes).to_be_bytes()).unwrap()
}
