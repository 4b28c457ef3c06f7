//! Checksums of whole files, against the vectors of their standards.

use std::cell::Cell;
use std::fs::File;
use std::io::ErrorKind;

use haul::model::Algorithm;
use haul::store::digest;

fn of(bytes: &[u8], algorithm: Algorithm) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    std::fs::write(&path, bytes).unwrap();
    digest(File::open(path).unwrap(), algorithm, || true).unwrap()
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
    let why = digest(File::open(path).unwrap(), Algorithm::Sha256, go_on).unwrap_err();
    assert_eq!((why.kind(), asked.get()), (ErrorKind::Interrupted, 3));
}
