//! The ledger against a naive model: what was written where, and what the sums must then be.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use haul::model::{ByteRange, RangeSet};
use haul::store::{Fragment, Ledger};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
/// Bytes of the file in these tests: two blocks and a bit.
const LENGTH: u64 = 2 * MIB + 5000;

/// The true bytes of the file.
fn truth(start: u64, end: u64) -> Vec<u8> {
    (start..end).map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

/// All of it.
static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| truth(0, LENGTH));

/// What must always hold of a ledger of the true file.
fn hold(ledger: &Ledger, everything: &[u8]) {
    let mut last = 0;
    for piece in ledger.fragments() {
        let (start, end) = (piece.start, piece.start + piece.len);
        assert!(piece.len > 0 && start >= last, "{piece:?} is empty or overlaps its neighbour");
        assert_eq!(start / ledger.block(), (end - 1) / ledger.block(), "{piece:?} crosses a border");
        assert!(piece.matches(&everything[start as usize..end as usize]), "{piece:?} has a wrong sum");
        last = end;
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// This writer writes so many bytes where it stands.
    Write(usize, u64),
    /// This writer goes elsewhere.
    Seek(usize, u64),
    Forget(u64, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let spot = prop_oneof![0..LENGTH, Just(0), Just(MIB), Just(MIB - 700), Just(MIB + 4096)];
    let step = prop_oneof![
        8 => (0..3_usize, 1..400_000_u64).prop_map(|(who, bytes)| Step::Write(who, bytes)),
        2 => (0..3_usize, spot).prop_map(|(who, at)| Step::Seek(who, at)),
        1 => (0..LENGTH, 0..300_000_u64).prop_map(|(at, bytes)| Step::Forget(at, bytes)),
    ];
    proptest::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// As the workers do it: each writes where nobody else has, and carries its own sum on.
    #[test]
    fn it_covers_exactly_what_was_written_and_the_sums_are_those_of_the_bytes(steps in steps()) {
        let everything = LazyLock::force(&FILE);
        let mut ledger = Ledger::new(Some(LENGTH));
        let mut written = RangeSet::new();
        let mut writers: BTreeMap<usize, u64> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Seek(who, at) => {
                    writers.insert(who, at);
                }
                Step::Write(who, bytes) => {
                    let at = writers.get(&who).copied().unwrap_or(who as u64 * 900_000);
                    let free = written.gaps(LENGTH).ranges().iter().find(|gap| gap.start <= at && at < gap.end).copied();
                    let Some(gap) = free else { continue };
                    let end = gap.end.min(at + bytes);
                    let last = ledger.ending_at(at);
                    let sums = Ledger::sum(ledger.block(), at, &everything[at as usize..end as usize], last);
                    for sum in &sums {
                        ledger.record(*sum);
                    }
                    written.insert(ByteRange::new(at, end));
                    writers.insert(who, end);
                }
                Step::Forget(at, bytes) => {
                    for gone in ledger.forget(ByteRange::new(at, (at + bytes).min(LENGTH))) {
                        written.remove(gone);
                        // The desk gives these bytes out again, to connections that begin anew.
                        writers.clear();
                    }
                }
            }
            hold(&ledger, everything);
            prop_assert_eq!(ledger.done(), written.clone());
            prop_assert_eq!(ledger.is_empty(), written.is_empty());
        }
    }

    #[test]
    fn sums_that_are_carried_on_are_those_of_the_whole(cuts in proptest::collection::vec(1..300_000_u64, 1..8), start in 0..MIB) {
        let everything = truth(start, start + cuts.iter().sum::<u64>());
        let (mut at, mut last, mut pieces) = (start, None, BTreeMap::new());
        for cut in cuts {
            let bytes = &everything[(at - start) as usize..(at + cut - start) as usize];
            let sums = Ledger::sum(MIB, at, bytes, last);
            for middle in [0, 1, bytes.len() / 2, bytes.len()] {
                let (head, tail) = bytes.split_at(middle);
                prop_assert_eq!(&Ledger::sum_both(MIB, at, [head, tail], last), &sums, "in two pieces");
            }
            last = sums.last().copied().filter(|_| !(at + cut).is_multiple_of(MIB));
            for sum in sums {
                pieces.insert(sum.start, sum);
            }
            at += cut;
        }
        let whole: Vec<Fragment> = Ledger::sum(MIB, start, &everything, None);
        prop_assert_eq!(pieces.into_values().collect::<Vec<_>>(), whole);
    }
}

/// Two connections meet in the middle of a block: what the first wrote must not vanish when the second goes on.
#[test]
fn neighbours_in_one_block_do_not_drive_each_other_out() {
    let everything = truth(0, MIB);
    let sum = |start: u64, end: u64, last| {
        let mut sums = Ledger::sum(MIB, start, &everything[start as usize..end as usize], last);
        sums.pop().unwrap()
    };
    for first_comes_first in [true, false] {
        let mut ledger = Ledger::new(Some(MIB));
        let (first, second) = (sum(0, 500, None), sum(500, 600, None));
        let order = if first_comes_first { [first, second] } else { [second, first] };
        for piece in order {
            ledger.record(piece);
        }
        let third = sum(600, 700, ledger.ending_at(600));
        ledger.record(third);
        hold(&ledger, &everything);
        assert_eq!(ledger.done().total(), 700);
        let last = sum(700, MIB, ledger.ending_at(700));
        ledger.record(last);
        hold(&ledger, &everything);
        assert_eq!(ledger.done().total(), MIB);
        assert_eq!(ledger.fragments().count(), 1, "a block that is whole has one sum");
        assert_eq!(ledger.ending_at(MIB), None, "in the next block a new sum begins");
    }
}

#[test]
fn what_is_forgotten_is_whole_fragments_and_what_is_written_again_counts_anew() {
    let everything = truth(0, 2 * MIB);
    let mut ledger = Ledger::new(None);
    for sum in Ledger::sum(MIB, 0, &everything, None) {
        ledger.record(sum);
    }
    assert_eq!(ledger.forget(ByteRange::new(5, 6)), [ByteRange::new(0, MIB)]);
    assert_eq!(ledger.forget(ByteRange::new(5, 6)), []);
    assert_eq!(ledger.forget(ByteRange::new(0, u64::MAX)), [ByteRange::new(MIB, 2 * MIB)]);
    assert!(ledger.is_empty());
    ledger.record(Fragment { start: 7, len: 0, crc: 0 });
    assert!(ledger.is_empty(), "no bytes are no fragment");
}

#[test]
fn blocks_grow_with_the_file_and_are_never_small() {
    for (length, block) in [(None, MIB), (Some(0), MIB), (Some(4096 * MIB), MIB), (Some(1 << 40), 256 * MIB)] {
        assert_eq!(Ledger::new(length).block(), block, "{length:?}");
    }
    assert!(Ledger::new(Some(u64::MAX)).block() >= u64::MAX / 4096);
    assert_eq!(Ledger::with_block(0).block(), MIB);
}
