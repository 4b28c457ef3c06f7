//! The parts of an upload: every byte in one part, every part sent once, the bounds of stores kept.

use haul::model::RangeSet;
use haul::plan::{Parts, part_size, streamed_part_size};
use proptest::prelude::*;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

#[test]
fn a_part_is_as_large_as_the_file_and_the_store_ask_for() {
    let s3 = |length, wanted| part_size(length, wanted, 5 * MIB, 5 * GIB, 10_000);
    assert_eq!(s3(200 * MIB, None), Ok(5 * MIB), "no smaller than the store takes");
    assert_eq!(part_size(200 * MIB, None, 100 << 10, 5 * GIB, 10_000), Ok(MIB / 2));
    assert_eq!(s3(50 * GIB, None), Ok(51 * MIB + MIB / 2), "about a thousand of them");
    assert_eq!(s3(400 * GIB, None), Ok(64 * MIB), "and no larger than need be");
    assert_eq!(s3(48 * 1024 * GIB, None), Ok(5033 * MIB + MIB / 2), "but ten thousand at the most");
    assert_eq!(s3(200 * MIB, Some(7_000_000)), Ok(7_000_000), "the user's word");
    assert_eq!(s3(200 * MIB, Some(1)), Ok(5 * MIB), "within the bounds");
    assert_eq!(s3(200 * GIB, Some(5 * MIB)), Ok((200 * GIB).div_ceil(10_000)));
    assert!(s3(51 * 1000 * GIB, None).unwrap_err().contains("too large"));
}

#[test]
fn an_empty_file_is_one_empty_part() {
    let mut parts = Parts::new(0, 5 * MIB);
    assert_eq!((parts.count(), parts.lease(), parts.range(1).len()), (1, Some(1), 0));
    parts.stored(1);
    assert!(parts.is_complete());
}

#[test]
fn what_is_released_is_sent_again_and_first() {
    let mut parts = Parts::new(10, 3);
    assert_eq!([parts.lease(), parts.lease(), parts.lease()], [Some(1), Some(2), Some(3)]);
    parts.release(2);
    assert_eq!((parts.lease(), parts.lease(), parts.lease()), (Some(2), Some(4), None));
    parts.stored(2);
    parts.release(2);
    assert!(!parts.is_any_missing(), "what the store has is not sent again");
    parts.release(99);
    parts.stored(0);
    assert_eq!(parts.done().total(), 3);
}

#[test]
fn a_claim_counts_once_it_was_compared_and_must_have_the_right_length() {
    let mut parts = Parts::new(10, 4);
    assert!(parts.claim(1, 4) && parts.claim(3, 2));
    assert!(!parts.claim(2, 3) && !parts.claim(4, 1) && !parts.claim(1, 4), "no such part, or not of this length");
    assert_eq!((parts.done().total(), parts.lease(), parts.lease()), (0, Some(2), None));
    parts.stored(3);
    parts.release(1);
    assert_eq!((parts.done().total(), parts.lease()), (2, Some(1)));
}

#[test]
fn what_a_killed_run_may_have_on_its_way_comes_last() {
    let mut parts = Parts::new(10, 1);
    assert!(parts.claim(1, 1) && parts.claim(3, 1));
    parts.await_arrivals(2);
    assert_eq!(parts.awaited(), [0_u32; 0], "there are others to send");
    let others: Vec<u32> = std::iter::from_fn(|| parts.lease()).collect();
    assert_eq!((others, parts.awaited()), (vec![6, 7, 8, 9, 10], vec![2, 4, 5]));
    assert!(parts.claim(4, 1), "it has arrived");
    parts.release(2);
    assert_eq!((parts.lease(), parts.awaited()), (Some(2), vec![5]), "it has not");
    assert!(!parts.is_complete());
    parts.stored(5);
    assert_eq!(parts.awaited(), [0_u32; 0]);
}

#[test]
fn nothing_is_awaited_where_nothing_else_is_left_to_send() {
    let mut parts = Parts::new(4, 1);
    assert!(parts.claim(1, 1));
    parts.await_arrivals(3);
    assert_eq!((parts.awaited(), parts.lease()), (vec![], Some(2)));
}

proptest! {
    #[test]
    fn parts_are_the_file_each_byte_once(length in 0..10_000_u64, size in 1..700_u64) {
        let parts = Parts::new(length, size);
        let mut all = RangeSet::new();
        let mut at = 0;
        for number in 1..=parts.count() {
            let range = parts.range(number);
            prop_assert_eq!(range.start, at);
            prop_assert!(range.len() <= size && (range.len() == size || number == parts.count()));
            at = range.end;
            all.insert(range);
        }
        prop_assert_eq!((at, all.total()), (length, length));
    }

    #[test]
    fn any_store_takes_the_parts_that_are_chosen(length in 0..1_u64 << 44, wanted in proptest::option::of(1..1_u64 << 34), most in 1..20_000_u32) {
        if let Ok(size) = part_size(length, wanted, 100 << 10, 5 * GIB, most) {
            prop_assert!((100 << 10..=5 * GIB).contains(&size));
            prop_assert!(length.div_ceil(size) <= u64::from(most));
        } else {
            prop_assert!(length > 5 * GIB * u64::from(most));
        }
    }

    #[test]
    fn every_part_is_sent_until_the_store_has_it(steps in prop::collection::vec((0..4_u8, 1..12_u32), 0..200)) {
        let mut parts = Parts::new(115, 10);
        let mut sending = Vec::new();
        for (step, number) in steps {
            match step {
                0 => sending.extend(parts.lease()),
                1 if !sending.is_empty() => parts.release(sending.swap_remove(number as usize % sending.len())),
                2 if !sending.is_empty() => parts.stored(sending.swap_remove(number as usize % sending.len())),
                _ => { parts.claim(number, parts.range(number).len()); parts.release(number); sending.retain(|at| *at != number); }
            }
            let twice = (1..sending.len()).any(|at| sending[..at].contains(&sending[at]));
            prop_assert!(!twice, "{sending:?}");
        }
        for number in sending { parts.release(number); }
        while let Some(number) = parts.lease() { parts.stored(number); }
        prop_assert!(parts.is_complete());
        prop_assert_eq!(parts.done().total(), 115);
    }
}

/// A list of parts that a store sends may name any number and size.
#[test]
fn no_number_of_a_store_is_too_large() {
    let mut parts = Parts::new(100, u64::MAX / 2);
    assert!(parts.range(u32::MAX).is_empty() && !parts.claim(u32::MAX, 1));
    assert_eq!(parts.range(1), haul::model::ByteRange::new(0, 100));
}

#[test]
fn parts_of_a_stream_double_after_a_thousand_within_the_stores_bounds() {
    let size = |number, wanted| streamed_part_size(number, wanted, 5 << 20, 100 << 20);
    let sizes = [1, 1000, 1001, 2001, 3001, u32::MAX].map(|number| size(number, None) >> 20);
    assert_eq!(sizes, [16, 16, 32, 64, 100, 100]);
    assert_eq!([Some(1), Some(1 << 40)].map(|wanted| size(1, wanted) >> 20), [5, 100]);
}
