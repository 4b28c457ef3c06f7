//! `RangeSet` against the most naive thing that can stand for it: one flag for each byte.

use haul::model::{ByteRange, RangeSet};
use proptest::prelude::*;

/// Bytes that the naive model has.
const LENGTH: u64 = 96;

#[derive(Clone, Debug)]
enum Step {
    Insert(ByteRange),
    Remove(ByteRange),
}

fn range() -> impl Strategy<Value = ByteRange> {
    (0..=LENGTH, 0..=LENGTH).prop_map(|(a, b)| ByteRange::new(a.min(b), a.max(b)))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![range().prop_map(Step::Insert), range().prop_map(Step::Remove)];
    proptest::collection::vec(step, 0..40)
}

fn play(steps: &[Step]) -> (RangeSet, Vec<bool>) {
    let (mut set, mut flags) = (RangeSet::new(), vec![false; LENGTH as usize]);
    for step in steps {
        let (range, value) = match step {
            Step::Insert(range) => (*range, true),
            Step::Remove(range) => (*range, false),
        };
        if value {
            set.insert(range);
        } else {
            set.remove(range);
        }
        flags[range.start as usize..range.end as usize].fill(value);
    }
    (set, flags)
}

fn holds(set: &RangeSet, byte: u64) -> bool {
    set.ranges().iter().any(|range| (range.start..range.end).contains(&byte))
}

proptest! {
    #[test]
    fn a_set_holds_what_was_put_in_and_not_taken_out(steps in steps()) {
        let (set, flags) = play(&steps);
        for (byte, flag) in flags.iter().enumerate() {
            prop_assert_eq!(holds(&set, byte as u64), *flag, "byte {} of {:?}", byte, &set);
        }
        prop_assert_eq!(set.total(), flags.iter().filter(|flag| **flag).count() as u64);
        prop_assert_eq!(set.is_empty(), !flags.contains(&true));
    }

    #[test]
    fn its_ranges_are_sorted_and_never_empty_and_never_touch(steps in steps()) {
        let (set, _) = play(&steps);
        prop_assert!(set.ranges().iter().all(|range| !range.is_empty()), "{:?}", &set);
        prop_assert!(set.ranges().windows(2).all(|pair| pair[0].end < pair[1].start), "{:?}", &set);
    }

    #[test]
    fn contains_and_overlap_count_the_same_bytes(steps in steps(), asked in range()) {
        let (set, flags) = play(&steps);
        let held = flags[asked.start as usize..asked.end as usize].iter().filter(|flag| **flag).count() as u64;
        prop_assert_eq!(set.overlap(asked), held);
        prop_assert_eq!(set.contains(asked), held == asked.len());
    }

    #[test]
    fn gaps_are_the_rest(steps in steps(), length in 0..=LENGTH) {
        let (set, flags) = play(&steps);
        let gaps = set.gaps(length);
        for byte in 0..LENGTH {
            prop_assert_eq!(holds(&gaps, byte), byte < length && !flags[byte as usize], "byte {} of {:?}", byte, &gaps);
        }
        prop_assert!(gaps.ranges().iter().all(|gap| !gap.is_empty()));
    }

    #[test]
    fn the_order_of_insertions_does_not_matter(ranges in proptest::collection::vec(range(), 0..12)) {
        let forward: RangeSet = ranges.iter().copied().collect();
        let backward: RangeSet = ranges.iter().rev().copied().collect();
        prop_assert_eq!(forward, backward);
    }
}

#[test]
fn the_last_byte_that_there_can_be_is_a_byte_too() {
    let mut set = RangeSet::new();
    set.insert(ByteRange::new(u64::MAX - 2, u64::MAX));
    set.insert(ByteRange::new(0, 1));
    assert_eq!(set.total(), 3);
    assert_eq!(set.gaps(u64::MAX).total(), u64::MAX - 3);
    assert!(set.contains(ByteRange::new(u64::MAX - 1, u64::MAX)));
}

#[test]
fn an_end_before_the_start_is_an_empty_range() {
    let range = ByteRange::new(9, 3);
    assert!(range.is_empty());
    assert_eq!(range.len(), 0);
    assert_eq!(ByteRange::new(0, 5).intersect(ByteRange::new(7, 9)).len(), 0);
}
