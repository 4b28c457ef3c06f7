//! What is counted. Each case first builds what it needs, and then does its work so many times.

use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use haul::api::{Direction, Log, Row, Rows};
use haul::model::{Moment, RangeSet, Rate, Source, Spec, Status, TransferId};
use haul::plan::{Bucket, Opener, Plan};
use haul::store::{Item, Journal, Record};

const MIB: u64 = 1 << 20;
/// Rows of a long queue.
const ROWS: u64 = 100_000;

/// One case.
pub struct Case {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(u64),
}

pub const CASES: &[Case] = &[
    Case { name: "plan-write", what: "planner: 256 KiB noted as written", run: plan_write },
    Case { name: "plan-file", what: "planner: a file of 64 MiB over 8 connections", run: plan_file },
    Case { name: "bucket", what: "token bucket: a read is charged", run: bucket },
    Case { name: "journal-line", what: "journal: a transfer becomes a line", run: journal_line },
    Case { name: "journal-read", what: "journal: a line becomes a transfer", run: journal_read },
    Case { name: "snapshot-set", what: "snapshot: one row of 100,000 is new", run: snapshot_set },
    Case { name: "snapshot-diff", what: "snapshot: which of 100,000 rows are new", run: snapshot_diff },
];

fn at(millis: u64) -> Moment {
    Moment::after(Duration::from_millis(millis))
}

fn plan_write(times: u64) {
    const PIECE: u64 = MIB / 4;
    let mut plan = Plan::new(Some(1 << 40), RangeSet::new());
    let id = plan.lease(Opener::New, 8, at(0)).expect("a lease");
    for number in 0..times {
        let now = at(number);
        plan.begin_write(id, PIECE);
        plan.advance(id, PIECE, now);
        black_box(&plan);
    }
}

fn plan_file(times: u64) {
    for _ in 0..times {
        let mut plan = Plan::new(Some(64 * MIB), RangeSet::new());
        let mut leases: Vec<_> = (0..8).filter_map(|_| plan.lease(Opener::New, 8, at(0))).collect();
        let mut millis = 0;
        while !leases.is_empty() {
            millis += 5;
            let mut kept = Vec::new();
            for (number, id) in leases.into_iter().enumerate() {
                // They are not equally fast, so that the ends are taken over.
                let bytes = plan.begin_write(id, (number as u64 + 1) * MIB / 16);
                plan.advance(id, bytes, at(millis));
                if plan.get(id).is_some_and(|lease| lease.position < lease.end) {
                    kept.push(id);
                } else {
                    plan.release(id);
                    kept.extend(plan.lease(Opener::Idle, 8, at(millis)));
                }
            }
            leases = kept;
        }
        assert!(black_box(plan).is_complete());
    }
}

fn bucket(times: u64) {
    let mut bucket = Bucket::unlimited();
    bucket.set_rate(Some(Rate::per_second(5 * MIB)), at(0));
    for number in 0..times {
        black_box(bucket.charge(16 * 1024, at(number)));
    }
}

fn item(number: u64) -> Item {
    let url = format!("https://files.example.org/archive/2026/file-{number:06}.tar.gz");
    let spec = Spec::new(Source::parse(&url).expect("a URL"), PathBuf::from("/home/me/Downloads"));
    Item::new(TransferId::from_bits(number + 1), spec, number.cast_signed())
}

fn journal_line(times: u64) {
    let record: Record = item(1).record();
    for _ in 0..times {
        black_box(record.line().expect("a line"));
    }
}

fn journal_read(times: u64) {
    // As many lines for each number of times: to make them is not counted.
    let lines: Vec<String> = (0..1000).map(|number| item(number).record().line().expect("a line")).collect();
    let text = lines.into_iter().take(times as usize).collect::<String>();
    assert_eq!(black_box(Journal::read(text.as_bytes())).len() as u64, times.min(1000));
}

fn rows() -> Rows {
    let spec = item(0).spec;
    let row = |number| {
        Arc::new(Row {
            id: TransferId::from_bits(number + 1),
            name: "file.tar.gz".into(),
            direction: Direction::Download,
            source: spec.source.clone(),
            spec: spec.clone(),
            target: spec.target.folder.clone(),
            is_named: false,
            category: None,
            added: None,
            status: Status::Queued,
            length: None,
            done: Arc::default(),
            resumable: true,
            fault: None,
            short: None,
            start: None,
            errand: None,
            log: Log::default(),
            live: None,
        })
    };
    (0..ROWS).map(row).collect()
}

fn snapshot_set(times: u64) {
    let mut rows = rows();
    let row = rows.get(0).expect("a row").clone();
    for number in 0..times {
        // The faces hold the one before.
        let shown = rows.clone();
        rows.set((number * 499 % ROWS) as usize, row.clone());
        black_box(shown);
    }
}

fn snapshot_diff(times: u64) {
    let mut rows = rows();
    let shown = rows.clone();
    for place in [7, 5_000, 99_999] {
        let row = Row::clone(rows.get(place).expect("a row"));
        rows.set(place, Arc::new(row));
    }
    for _ in 0..times {
        black_box(rows.changes_since(&shown));
    }
}
