//! Where a file is damaged, told from its checksum alone.

use haul::model::{Algorithm, ByteRange, Checksum};
use haul::store::{Sum, burst};

const BOTH: [Algorithm; 2] = [Algorithm::Crc64, Algorithm::Crc64Nvme];

fn sum(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    let mut sum = Sum::new(algorithm);
    sum.update(bytes);
    sum.finish().unwrap()
}

/// Where the damage is found that these changes, each a place and what is added there, do to a file.
fn found(algorithm: Algorithm, length: usize, changes: &[(usize, u8)]) -> Option<ByteRange> {
    let right: Vec<u8> = (0..length).map(|at| (at * 31 % 251) as u8).collect();
    let mut wrong = right.clone();
    for (at, change) in changes {
        wrong[*at] ^= change;
    }
    burst(&sum(algorithm, &wrong), &sum(algorithm, &right), length as u64, || true)
}

#[test]
fn one_to_four_neighbours_are_found_wherever_they_are() {
    for algorithm in BOTH {
        for length in [1_usize, 2, 5, 1000, (1 << 20) + 3] {
            for start in [0, 1, length / 2, length.saturating_sub(4), length - 1] {
                for width in 1..=4.min(length.saturating_sub(start)) {
                    let changes: Vec<(usize, u8)> =
                        (start..start + width).map(|at| (at, 0x81 + at as u8 % 8)).collect();
                    let range = ByteRange::new(start as u64, (start + width) as u64);
                    assert_eq!(found(algorithm, length, &changes), Some(range), "{algorithm}, {length}");
                }
            }
        }
    }
}

#[test]
fn neighbours_may_have_right_bytes_between_them() {
    assert_eq!(found(Algorithm::Crc64, 5000, &[(70, 1), (73, 0x80)]), Some(ByteRange::new(70, 74)));
}

#[test]
fn what_is_far_apart_or_the_same_or_no_crc_is_not_found() {
    for algorithm in BOTH {
        assert_eq!(found(algorithm, 5000, &[(7, 1), (4000, 1)]), None);
        assert_eq!(found(algorithm, 5000, &[]), None);
    }
    assert_eq!(found(Algorithm::Sha256, 5000, &[(7, 1)]), None);
    let [one, other] = BOTH.map(|algorithm| sum(algorithm, b"abc"));
    assert_eq!(burst(&one, &other, 3, || true), None);
}

#[test]
fn in_a_long_file_chance_is_not_taken_for_damage() {
    // What is before the damage changes nothing: it may be at the end of a file of any length.
    let looks = |right: &[u8], wrong: &[u8], length: u64| {
        let [right, wrong] = [right, wrong].map(|bytes| sum(Algorithm::Crc64, bytes));
        let steps = std::cell::Cell::new(0);
        burst(&wrong, &right, length, || steps.replace(steps.get() + 1) == 0)
    };
    for (width, most) in [(4, 1_u64 << 28), (3, 1 << 36), (2, 1 << 44)] {
        let (right, wrong) = (vec![1; width], vec![2; width]);
        let range = ByteRange::new(most - width as u64, most);
        assert_eq!(looks(&right, &wrong, most), Some(range), "{width}");
        assert_eq!(looks(&right, &wrong, most + 1), None, "{width}");
    }
    assert_eq!(looks(&[1], &[2], u64::MAX), Some(ByteRange::new(u64::MAX - 1, u64::MAX)));
}

#[test]
fn a_search_can_be_stopped() {
    let [right, wrong] = [b"abc", b"abd"].map(|bytes| sum(Algorithm::Crc64, bytes));
    assert_eq!(burst(&wrong, &right, 3, || true), Some(ByteRange::new(2, 3)));
    assert_eq!(burst(&wrong, &right, 3, || false), None);
}
