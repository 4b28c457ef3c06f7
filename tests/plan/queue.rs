//! Who runs next: in the order of the ranks, within the slots, and nobody is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use haul::model::{Priority, TransferId};
use haul::plan::Queue;
use proptest::prelude::*;

fn id(number: u64) -> TransferId {
    TransferId::from_bits(number)
}

fn all(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.admit(|_| None)).map(TransferId::bits).collect()
}

#[test]
fn lower_ranks_run_earlier_and_slots_are_kept() {
    let mut queue = Queue::new(2, 0);
    for (number, rank) in [(1, 30), (2, -5), (3, 10)] {
        queue.wait(id(number), Priority::Normal, rank);
    }
    assert_eq!(all(&mut queue), [2, 3]);
    assert_eq!((queue.running(), queue.waiting()), (2, 1));
    queue.leave(id(2));
    assert_eq!(all(&mut queue), [1]);
    assert_eq!(Queue::new(0, 0).running(), 0);
    let mut one = Queue::new(0, 0);
    one.wait(id(1), Priority::Normal, 0);
    assert_eq!(all(&mut one), [1], "a queue has one slot at least");
}

#[test]
fn a_rank_never_outweighs_a_priority() {
    let mut queue = Queue::new(9, 0);
    queue.wait(id(1), Priority::Low, i64::MIN);
    queue.wait(id(2), Priority::Normal, i64::MAX);
    queue.wait(id(3), Priority::Normal, i64::MIN);
    queue.wait(id(4), Priority::High, i64::MAX);
    assert_eq!(all(&mut queue), [4, 3, 2, 1]);
}

#[test]
fn one_that_runs_does_not_wait_and_one_that_waits_again_moves() {
    let mut queue = Queue::new(1, 0);
    queue.wait(id(1), Priority::Normal, 1);
    assert_eq!(queue.admit(|_| None), Some(id(1)));
    queue.wait(id(1), Priority::Normal, 1);
    assert_eq!((queue.running(), queue.waiting()), (1, 0));
    queue.leave(id(1));
    for (number, rank) in [(1, 1), (2, 2), (1, 3)] {
        queue.wait(id(number), Priority::Normal, rank);
    }
    assert_eq!(queue.waiting(), 2);
    assert_eq!(queue.admit(|_| None), Some(id(2)));
}

#[test]
fn two_that_exchange_their_ranks_both_stay() {
    let mut queue = Queue::new(9, 0);
    for (number, rank) in [(1, 1), (2, 2), (3, 3)] {
        queue.wait(id(number), Priority::Normal, rank);
    }
    queue.wait(id(1), Priority::Normal, 2);
    queue.wait(id(2), Priority::Normal, 1);
    assert_eq!(all(&mut queue), [2, 1, 3]);
}

proptest! {
    /// Also with equal ranks, as a journal that was written by hand may have.
    #[test]
    fn nobody_is_forgotten_and_nobody_runs_twice(
        slots in 1..4_usize,
        steps in proptest::collection::vec((0..3_u8, 0..6_u64, 0..4_i64), 0..60),
    ) {
        let mut queue = Queue::new(slots, 0);
        let (mut waiting, mut running) = (BTreeMap::new(), BTreeSet::new());
        for (step, number, rank) in steps {
            match step {
                0 => {
                    queue.wait(id(number), Priority::Normal, rank);
                    if !running.contains(&number) {
                        waiting.insert(number, rank);
                    }
                }
                1 => {
                    queue.leave(id(number));
                    waiting.remove(&number);
                    running.remove(&number);
                }
                _ => {
                    let first = waiting.values().min().copied().filter(|_| running.len() < slots);
                    let admitted = queue.admit(|_| None).map(TransferId::bits);
                    prop_assert_eq!(admitted.and_then(|number| waiting.remove(&number)), first);
                    running.extend(admitted);
                }
            }
            prop_assert_eq!((queue.waiting(), queue.running()), (waiting.len(), running.len()));
        }
    }
}

#[test]
fn one_that_ends_makes_room_for_another_but_not_for_any_number() {
    let mut queue = Queue::new(1, 2);
    for number in 1..=5 {
        queue.wait(id(number), Priority::Normal, number.cast_signed());
    }
    for number in 1..=3 {
        assert_eq!(all(&mut queue), [number]);
        queue.end(id(number));
    }
    assert_eq!((all(&mut queue), queue.running()), (Vec::new(), 3), "the third keeps its slot");
    queue.wait(id(1), Priority::Normal, 0);
    assert_eq!(queue.waiting(), 2, "one that ends does not wait");
    queue.leave(id(1));
    assert_eq!(all(&mut queue), [0; 0], "the third has not told again");
    queue.leave(id(3));
    assert_eq!(all(&mut queue), [4]);
    queue.end(id(5));
    assert_eq!((queue.running(), queue.waiting()), (2, 1), "one that waits does not end");
}

#[test]
fn more_run_while_they_are_brief() {
    let mut queue = Queue::new(2, 0).up_to(4, 6);
    for number in 1..=9 {
        queue.wait(id(number), Priority::Normal, number.cast_signed());
    }
    assert_eq!(all(&mut queue), [1, 2]);
    for number in 1..=3 {
        queue.leave(id(number));
        queue.note_brief(false);
        assert!(queue.is_brief());
        queue.admit(|_| None);
        queue.admit(|_| None);
    }
    assert_eq!(queue.running(), 4, "one more for each that was, and no more than may be");
    queue.note_long();
    assert!(!queue.is_brief());
    queue.leave(id(4));
    queue.leave(id(5));
    assert_eq!(all(&mut queue), [0; 0], "as many run as there are slots");
    queue.leave(id(6));
    assert_eq!(all(&mut queue), [8]);
}

#[test]
fn nobody_runs_beyond_what_was_asked_for() {
    let mut queue = Queue::new(2, 0);
    (1..=9).for_each(|number| queue.wait(id(number), Priority::Normal, 0));
    queue.note_brief(true);
    assert_eq!(all(&mut queue), [1, 2]);
    assert!(!queue.is_brief());
}

#[test]
fn still_more_run_while_they_share_their_connections() {
    let mut queue = Queue::new(2, 0).up_to(4, 6);
    (1..=9).for_each(|number| queue.wait(id(number), Priority::Normal, number.cast_signed()));
    (0..9).for_each(|_| queue.note_brief(true));
    assert_eq!(all(&mut queue), [1, 2, 3, 4, 5, 6]);
    queue.note_brief(false);
    queue.leave(id(1));
    queue.leave(id(2));
    assert_eq!(all(&mut queue), [0; 0], "one had a connection of its own, and so may the next");
    queue.leave(id(3));
    assert_eq!(all(&mut queue), [7]);
}

/// A queue with so many slots, where so many may rest, of the transfers from 1 on.
fn queue_with_rests(slots: usize, rests: usize, transfers: u64) -> Queue {
    let mut queue = Queue::new(slots, 0).with_rests(rests);
    (1..=transfers).for_each(|number| queue.wait(id(number), Priority::Normal, number.cast_signed()));
    queue
}

#[test]
fn one_that_only_waits_for_a_time_leaves_its_slot_to_another() {
    let mut queue = queue_with_rests(2, 9, 4);
    assert_eq!(all(&mut queue), [1, 2]);
    queue.rest(id(1), true, None);
    assert_eq!(all(&mut queue), [3]);
    assert_eq!((queue.running(), queue.waiting()), (3, 1), "one that rests is no new one");
    queue.wait(id(1), Priority::High, -1);
    assert_eq!(queue.waiting(), 1, "nor does it wait as one");
    // Its time has come, and no slot is free.
    queue.wake(id(1), Priority::Normal);
    assert_eq!((all(&mut queue), queue.has_slot(id(1))), (vec![], false));
    queue.leave(id(2));
    assert_eq!(all(&mut queue), [1], "before one that has not run yet");
    assert!(queue.has_slot(id(1)));
    queue.leave(id(3));
    assert_eq!(all(&mut queue), [4]);
}

#[test]
fn those_that_wake_get_their_slots_in_the_order_in_which_they_woke() {
    let mut queue = queue_with_rests(3, 9, 3);
    assert_eq!(all(&mut queue), [1, 2, 3]);
    (1..=3).for_each(|number| queue.rest(id(number), true, None));
    for number in [4, 5, 6] {
        queue.wait(id(number), Priority::Normal, -1);
    }
    assert_eq!(all(&mut queue), [4, 5, 6]);
    for number in [2, 3, 1] {
        queue.wake(id(number), Priority::Normal);
    }
    let next = |queue: &mut Queue, gone| {
        queue.leave(id(gone));
        all(queue)
    };
    assert_eq!(next(&mut queue, 4), [2]);
    queue.hasten(id(1), Priority::Normal);
    queue.wake(id(1), Priority::Normal);
    assert_eq!(next(&mut queue, 5), [1], "somebody was in a hurry for it");
    assert_eq!(next(&mut queue, 6), [3]);
}

#[test]
fn a_priority_counts_for_those_that_wake_too() {
    let mut queue = queue_with_rests(2, 9, 2);
    assert_eq!(all(&mut queue), [1, 2]);
    queue.rest(id(1), true, None);
    queue.rest(id(2), true, None);
    queue.wait(id(3), Priority::High, 9);
    queue.wait(id(4), Priority::High, 9);
    queue.wait(id(5), Priority::Normal, -9);
    queue.wake(id(1), Priority::Low);
    queue.wake(id(2), Priority::Normal);
    assert_eq!(all(&mut queue), [3, 4]);
    queue.leave(id(3));
    assert_eq!(all(&mut queue), [2]);
    queue.prioritize(id(1), Priority::High);
    queue.prioritize(id(5), Priority::High);
    queue.leave(id(4));
    assert_eq!(all(&mut queue), [1], "before one that waits at a lower priority");
}

#[test]
fn not_any_number_rests_and_who_leaves_is_gone_from_everywhere() {
    let mut queue = queue_with_rests(2, 1, 4);
    assert_eq!(all(&mut queue), [1, 2]);
    queue.rest(id(1), true, None);
    queue.rest(id(2), true, None);
    assert!(queue.has_slot(id(2)), "one too many keeps its slot");
    queue.wake(id(2), Priority::Normal);
    queue.hasten(id(2), Priority::Normal);
    queue.wake(id(4), Priority::Normal);
    assert_eq!(all(&mut queue), [3]);
    queue.wake(id(1), Priority::Normal);
    queue.rest(id(2), true, None);
    assert!(queue.has_slot(id(2)), "one that has woken counts as well");
    queue.leave(id(1));
    assert_eq!(queue.running(), 2);
    queue.rest(id(2), true, None);
    queue.leave(id(2));
    queue.wake(id(2), Priority::Normal);
    assert_eq!((all(&mut queue), queue.running()), (vec![4], 2));
}

#[test]
fn one_that_ended_and_has_to_wait_all_the_same_needs_a_slot_to_go_on() {
    let mut queue = Queue::new(1, 1).with_rests(1);
    (1..=2).for_each(|number| queue.wait(id(number), Priority::Normal, number.cast_signed()));
    assert_eq!(all(&mut queue), [1]);
    queue.end(id(1));
    queue.rest(id(1), true, None);
    assert_eq!(all(&mut queue), [2]);
    queue.wake(id(1), Priority::Normal);
    assert_eq!(all(&mut queue), [0; 0]);
    queue.leave(id(2));
    assert_eq!(all(&mut queue), [1]);
}

#[test]
fn what_has_begun_goes_on_while_the_queue_is_shut_and_room_for_brief_ones_stays_right() {
    let mut queue = queue_with_rests(1, 9, 5).up_to(3, 3);
    assert_eq!(all(&mut queue), [1]);
    queue.note_brief(false);
    assert_eq!(all(&mut queue), [2]);
    queue.rest(id(1), true, None);
    queue.rest(id(2), true, None);
    assert_eq!(all(&mut queue), [3, 4], "as many as before, and no more");
    queue.wake(id(1), Priority::Normal);
    queue.note_long();
    queue.leave(id(3));
    assert_eq!(all(&mut queue), [0; 0], "one runs, and there is one slot again");
    queue.shut(true);
    queue.leave(id(4));
    assert_eq!(all(&mut queue), [1]);
    queue.leave(id(1));
    assert_eq!(all(&mut queue), [0; 0]);
}
