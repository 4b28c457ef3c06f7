//! The plan's invariant under random schedules: every byte is at all times in exactly one of done, leased and free.

use std::collections::BTreeMap;
use std::time::Duration;

use haul::model::{ByteRange, Moment, RangeSet};
use haul::plan::{LeaseId, MIN_PART, MIN_SLOW_PART, Opener, Plan};
use proptest::prelude::*;

/// A lease that was silent for so long does not run.
const STALLED: Duration = Duration::from_secs(3);
/// Bytes of the largest file.
const MOST: u64 = 24 << 20;

#[derive(Clone, Debug)]
enum Step {
    Lease(bool, u16),
    LeaseRest,
    BeginWrite(usize, u64),
    Advance(usize),
    Release(usize),
    Extend(usize),
    InOrder(bool),
    PassOn(usize),
    Excuse(usize),
    Hear(usize),
    EndAt(usize),
    Lose(u64, u64),
    Learn(u64),
    Laggards,
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (any::<bool>(), 1..12_u16).prop_map(|(new, connections)| Step::Lease(new, connections)),
        1 => Just(Step::LeaseRest),
        6 => (any::<usize>(), 1..3_u64 << 20).prop_map(|(which, bytes)| Step::BeginWrite(which, bytes)),
        6 => any::<usize>().prop_map(Step::Advance),
        2 => any::<usize>().prop_map(Step::Release),
        2 => any::<usize>().prop_map(Step::Extend),
        1 => any::<bool>().prop_map(Step::InOrder),
        2 => any::<usize>().prop_map(Step::PassOn),
        1 => any::<usize>().prop_map(Step::Excuse),
        1 => any::<usize>().prop_map(Step::Hear),
        1 => any::<usize>().prop_map(Step::EndAt),
        1 => (0..MOST, 0..MOST).prop_map(|(a, b)| Step::Lose(a.min(b), a.max(b))),
        1 => (0..MOST).prop_map(Step::Learn),
        1 => Just(Step::Laggards),
        4 => (1..3000_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..120)
}

/// The plan, and beside it what the test itself knows: bytes told as written, and writes that have begun.
struct Bench {
    plan: Plan,
    done: RangeSet,
    writing: BTreeMap<LeaseId, u64>,
    heard: BTreeMap<LeaseId, Moment>,
    now: Moment,
}

impl Bench {
    fn new(length: Option<u64>, done: RangeSet) -> Self {
        let plan = Plan::new(length, done.clone());
        Self { plan, done, writing: BTreeMap::new(), heard: BTreeMap::new(), now: Moment::ZERO }
    }

    fn pick(&self, which: usize) -> Option<LeaseId> {
        let ids: Vec<LeaseId> = self.plan.leases().map(|(id, _)| id).collect();
        (!ids.is_empty()).then(|| ids[which % ids.len()])
    }

    fn lease(&mut self, opener: Opener, connections: u16) -> Option<LeaseId> {
        let heard = |id: LeaseId| self.heard.get(&id).copied().unwrap_or_default();
        let runs = |id: LeaseId| self.now.since(heard(id)) < STALLED;
        let others = self.plan.leases().filter(|(id, _)| runs(*id)).count();
        let free = self.plan.free().total();
        let left = self.plan.leases().fold(free, |sum, (_, lease)| sum.saturating_add(lease.end - lease.position));
        let count = self.plan.leases().count() as u64 + 1;
        let ends: BTreeMap<LeaseId, u64> = self.plan.leases().map(|(id, lease)| (id, lease.end)).collect();
        let id = self.plan.lease(opener, connections, self.now)?;
        self.heard.insert(id, self.now);
        // One that crawls loses all to the new one, which takes its place.
        let replaced = self.plan.leases().any(|(other, lease)| {
            let kept = lease.position + self.writing.get(&other).copied().unwrap_or(0);
            ends.get(&other).is_some_and(|end| lease.end < *end) && lease.end <= kept
        });
        let held = self.plan.get(id).unwrap();
        assert!(held.end > held.position, "an empty lease was given");
        if opener == Opener::New && others > 0 {
            let bytes = held.end - held.position;
            let shared = free >= MIN_PART && left / count >= MIN_PART;
            // What a slow one would need long for is worth a connection too.
            let slow = bytes >= MIN_SLOW_PART
                && self.plan.leases().any(|(other, lease)| {
                    let rest = lease.end.saturating_sub(lease.position).saturating_add(bytes) as f64;
                    let taken_from = ends.get(&other).is_some_and(|end| lease.end < *end);
                    taken_from && rest >= lease.meter.per_second(self.now) * 0.3
                });
            // And gaps of any size, where together they take the slow ones long.
            let gaps = left / count >= MIN_SLOW_PART
                && self
                    .plan
                    .leases()
                    .map(|(_, lease)| lease.meter.per_second(self.now))
                    .any(|speed| speed > 0.0 && left as f64 >= speed * 0.3 * ((count - 1) * count) as f64);
            let worth = bytes >= MIN_PART || shared || replaced || slow || gaps;
            assert!(worth, "a connection was opened for {bytes} bytes of {left}");
        }
        Some(id)
    }

    fn advance(&mut self, id: LeaseId) {
        if let Some(bytes) = self.writing.remove(&id) {
            let at = self.plan.get(id).unwrap().position;
            self.plan.advance(id, bytes, self.now);
            self.heard.insert(id, self.now);
            self.done.insert(ByteRange::new(at, at + bytes));
        }
    }

    fn release(&mut self, id: LeaseId) {
        self.writing.remove(&id);
        self.plan.release(id);
    }

    fn play(&mut self, step: &Step) {
        match *step {
            Step::Lease(new, connections) => {
                self.lease(if new { Opener::New } else { Opener::Idle }, connections);
            }
            Step::LeaseRest => {
                let id = self.plan.lease(Opener::Idle, 1, self.now);
                if let Some(id) = id {
                    self.heard.insert(id, self.now);
                }
            }
            Step::BeginWrite(which, bytes) => {
                if let Some(id) = self.pick(which).filter(|id| !self.writing.contains_key(id)) {
                    let allowed = self.plan.begin_write(id, bytes);
                    assert!(allowed <= bytes);
                    self.writing.insert(id, allowed);
                }
            }
            Step::Advance(which) => {
                if let Some(id) = self.pick(which) {
                    self.advance(id);
                }
            }
            Step::Release(which) => {
                if let Some(id) = self.pick(which) {
                    self.release(id);
                }
            }
            Step::Extend(which) => {
                if let Some(id) = self.pick(which) {
                    self.plan.extend(id);
                }
            }
            Step::InOrder(in_order) => self.plan.come_in_order(in_order),
            Step::PassOn(which) => {
                if let Some(id) = self.pick(which) {
                    self.plan.pass_on(id);
                }
            }
            Step::Excuse(which) => {
                if let Some(id) = self.pick(which) {
                    self.plan.excuse(id, self.now);
                    self.heard.insert(id, self.now);
                }
            }
            Step::Hear(which) => {
                if let Some(id) = self.pick(which) {
                    self.plan.hear(id, self.now);
                    self.heard.insert(id, self.now);
                }
            }
            Step::EndAt(which) => {
                // A worker writes what it has before it tells of an end.
                if let Some(id) = self.pick(which) {
                    self.advance(id);
                    if self.plan.end_at(id) {
                        self.writing.remove(&id);
                    }
                }
            }
            Step::Lose(start, end) => {
                self.plan.lose(ByteRange::new(start, end));
                self.done.remove(ByteRange::new(start, end));
            }
            Step::Learn(length) => {
                let before = self.plan.length();
                let believed = self.plan.learn(length, 4);
                assert_eq!(believed, self.plan.length() == Some(length));
                assert!(before.is_none() || self.plan.length() == before, "a known length has changed");
            }
            Step::Laggards => {
                for id in self.plan.laggards(self.now) {
                    self.release(id);
                }
            }
            Step::Pass(millis) => self.now = self.now + Duration::from_millis(millis),
        }
    }

    fn hold(&self) {
        let plan = &self.plan;
        let all = plan.length().unwrap_or(u64::MAX);
        let mut union = RangeSet::new();
        let mut sum: u128 = 0;
        let leased = plan.leases().map(|(_, lease)| ByteRange::new(lease.position, lease.end));
        for range in plan.done().ranges().iter().chain(plan.free().ranges()).copied().chain(leased) {
            sum += u128::from(range.len());
            union.insert(range);
        }
        let whole: RangeSet = [ByteRange::new(0, all)].into_iter().collect();
        assert_eq!(union, whole, "a byte is nowhere, or beyond the file: {plan:#?}");
        assert_eq!(sum, u128::from(all), "a byte is in two places: {plan:#?}");
        assert_eq!(plan.done(), &self.done, "the plan's word on what is done is not what was told");
        assert_eq!(plan.done_total(), self.done.total());
        assert_eq!(plan.is_complete(), plan.length() == Some(self.done.total()));
        assert_eq!(plan.missing(), plan.length().map(|length| length - self.done.total()));
        for (id, bytes) in &self.writing {
            let lease = plan.get(*id).unwrap();
            assert!(lease.position + bytes <= lease.end, "bytes that are being written were taken away: {plan:#?}");
        }
    }

    /// From here on every connection that asks works its lease off.
    fn finish(&mut self) {
        for id in self.plan.leases().map(|(id, _)| id).collect::<Vec<_>>() {
            self.advance(id);
            self.release(id);
        }
        if self.plan.length().is_none() {
            let last = self.done.ranges().last().map_or(0, |range| range.end);
            assert!(self.plan.learn(last.saturating_add(12_345), 4));
        }
        for round in 0_u64.. {
            if self.plan.is_complete() {
                return;
            }
            assert!(round < 1000, "it does not end: {:#?}", self.plan);
            let opener = if round.is_multiple_of(2) { Opener::New } else { Opener::Idle };
            let id = self.lease(opener, 3).expect("bytes are missing, nobody works, and a connection is sent away");
            let allowed = self.plan.begin_write(id, u64::MAX);
            self.writing.insert(id, allowed);
            self.advance(id);
            self.release(id);
            self.hold();
        }
    }
}

fn starts() -> impl Strategy<Value = (Option<u64>, RangeSet)> {
    let ranges = proptest::collection::vec((0..MOST, 0..4_u64 << 20), 0..4);
    (proptest::option::of(0..=MOST), ranges).prop_map(|(length, ranges)| {
        let end = length.unwrap_or(MOST);
        let cut = |(start, size): (u64, u64)| ByteRange::new(start.min(end), (start + size).min(end));
        (length, ranges.into_iter().map(cut).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_in_exactly_one_place_and_every_schedule_ends((length, done) in starts(), steps in steps()) {
        let mut bench = Bench::new(length, done);
        bench.hold();
        for step in &steps {
            bench.play(step);
            bench.hold();
        }
        bench.finish();
        bench.hold();
        prop_assert!(bench.plan.is_complete() && bench.plan.free().is_empty());
    }
}
