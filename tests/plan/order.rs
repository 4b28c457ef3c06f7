//! One stream that brings all bytes in their order.

use haul::model::{ByteRange, Moment, RangeSet};
use haul::plan::{LeaseId, MIN_PART, Opener, Plan};

const MIB: u64 = 1 << 20;

fn held(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().map(|(start, end)| ByteRange::new(start * MIB, end * MIB)).collect()
}

fn fill(plan: &mut Plan, id: LeaseId) {
    let all = plan.begin_write(id, u64::MAX);
    plan.advance(id, all, Moment::ZERO);
}

#[test]
fn gaps_are_filled_in_their_order_by_one_stream() {
    // The largest gap is not the first one, and one is smaller than any part.
    let mut plan = Plan::new(Some(100 * MIB + 1), held(&[(2, 4), (90, 100)]));
    assert_eq!(MIN_PART, MIB);
    plan.come_in_order(true);
    let id = plan.lease(Opener::Idle, 8, Moment::ZERO).unwrap();
    let range = |plan: &Plan| plan.get(id).map(|lease| (lease.position, lease.end)).unwrap();
    assert_eq!(range(&plan), (0, 2 * MIB), "all of the first gap, whatever the number of connections");
    assert_eq!(plan.lease(Opener::New, 8, Moment::ZERO), None, "there is one stream");
    assert_eq!(plan.pass_on(id), None, "it is not at its end yet");
    fill(&mut plan, id);
    let gaps = [(4 * MIB, 90 * MIB), (100 * MIB, 100 * MIB + 1)];
    for (start, end) in gaps {
        assert_eq!(plan.pass_on(id), Some(ByteRange::new(start, end)));
        assert_eq!(range(&plan), (start, end));
        fill(&mut plan, id);
    }
    assert!(plan.is_complete());
    assert_eq!(plan.pass_on(id), None);
    let lease = plan.get(id).unwrap();
    assert_eq!(lease.position - lease.start, 88 * MIB + 1, "what passed by is not what it brought");
}

#[test]
fn what_is_lost_behind_the_stream_is_left_to_the_next_one() {
    let mut plan = Plan::new(None, held(&[(1, 3)]));
    plan.come_in_order(true);
    let id = plan.lease(Opener::Idle, 1, Moment::ZERO).unwrap();
    fill(&mut plan, id);
    plan.lose(ByteRange::new(0, 5));
    assert_eq!(plan.pass_on(id), Some(ByteRange::new(3 * MIB, u64::MAX)), "without a length there is always more");
    plan.release(id);
    let next = plan.lease(Opener::Idle, 1, Moment::ZERO).unwrap();
    assert_eq!(plan.get(next).map(|lease| (lease.position, lease.end)), Some((0, 5)));
}
