//! Those whose hosts have enough others waiting don't start, and come in their order once there are fewer.

use std::sync::Arc;

use haul::model::{Priority, TransferId};
use haul::plan::Queue;

fn id(number: u64) -> TransferId {
    TransferId::from_bits(number)
}

/// From 10,000 on they are another host's, and from 20,000 on nobody's alone.
fn host(id: TransferId) -> Option<Arc<str>> {
    (id.bits() < 20_000).then(|| Arc::from(if id.bits() < 10_000 { "slow" } else { "good" }))
}

fn all(queue: &mut Queue) -> Vec<u64> {
    std::iter::from_fn(|| queue.admit(host)).map(TransferId::bits).collect()
}

/// So many of the slow host, and one of the good one behind them; those that have begun all wait for the slow one.
fn queue(count: u64) -> Queue {
    let mut queue = Queue::new(2, 0);
    for number in (1..=count).chain([10_000]) {
        queue.wait(id(number), Priority::Normal, number.cast_signed());
    }
    for number in 1..=8 {
        assert_eq!(queue.admit(host), Some(id(number)));
        queue.rest(id(number), false, host(id(number)));
    }
    queue
}

#[test]
fn where_enough_wait_for_a_host_its_others_hold_nobody_up() {
    let mut queue = queue(20);
    queue.wait(id(20_000), Priority::Low, 0);
    assert_eq!(all(&mut queue), [10_000, 20_000]);
    queue.leave(id(20_000));
    assert_eq!((queue.running(), queue.waiting()), (9, 12));
    queue.wake(id(3), Priority::Normal);
    assert_eq!(all(&mut queue), [3]);
    queue.leave(id(10_000));
    assert_eq!(all(&mut queue), [9], "in the place of the one that woke");
    queue.rest(id(9), false, host(id(9)));
    assert_eq!(all(&mut queue), [0; 0]);
    // One of those that stay behind is gone, one is moved, and others are waited for no more.
    queue.leave(id(10));
    queue.wait(id(20), Priority::High, 20);
    (1..=2).for_each(|number| queue.leave(id(number)));
    assert_eq!(all(&mut queue), [20]);
    (3..=20).for_each(|number| queue.leave(id(number)));
    assert_eq!((queue.running(), queue.waiting()), (0, 0));
}

#[test]
fn one_that_somebody_wants_to_start_starts() {
    let mut queue = queue(20);
    assert_eq!(all(&mut queue), [10_000]);
    queue.wait(id(15), Priority::Normal, 15);
    queue.exempt(id(15));
    assert_eq!(all(&mut queue), [15]);
    queue.shut(true);
    queue.exempt(id(16));
    queue.leave(id(15));
    assert_eq!(all(&mut queue), [0; 0], "it stays behind until it waits for its turn again");
    queue.wait(id(16), Priority::Normal, 16);
    assert_eq!(all(&mut queue), [16]);
}

#[test]
fn a_long_queue_is_looked_through_in_steps() {
    let mut queue = queue(9_000);
    for _ in 0..2 {
        assert_eq!(queue.admit(host), None);
        assert!(queue.is_sifting());
    }
    assert_eq!(queue.admit(host), Some(id(10_000)));
    assert!(!queue.is_sifting());
}

#[test]
fn one_that_has_woken_and_waits_again_takes_no_slot() {
    let mut queue = queue(8);
    assert_eq!(all(&mut queue), [10_000]);
    (1..=2).for_each(|number| queue.wake(id(number), Priority::Normal));
    assert_eq!(all(&mut queue), [1]);
    queue.rest(id(2), false, None);
    queue.leave(id(1));
    assert_eq!(all(&mut queue), [0; 0]);
}

#[test]
fn nobody_stays_behind_for_ever() {
    let mut queue = queue(100);
    assert_eq!(all(&mut queue), [10_000]);
    queue.leave(id(10_000));
    // Each waits no more, and is over at once.
    (1..=8).for_each(|number| queue.wake(id(number), Priority::Normal));
    let mut came = Vec::new();
    while let Some(next) = queue.admit(host) {
        queue.leave(next);
        came.push(next.bits());
    }
    assert_eq!(came, (1..=100).collect::<Vec<u64>>());
}
