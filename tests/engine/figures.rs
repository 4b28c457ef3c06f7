//! How often the faces hear how far transfers have come, and how soon of what happens.

use std::collections::BTreeSet;
use std::time::Duration;

use haul::api::{Activity, Command, Connection, ConnectionState, Snapshot};
use haul::model::{FaultKind, Rate, Status};
use tokio::time::Instant;

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{complete, in_parts, spec, start, write};
use crate::support::depot::{Call, Trouble};
use crate::support::fetch::{Act, FakeFile};

#[tokio::test(start_paused = true)]
async fn how_long_a_file_is_that_is_sent_is_known_before_the_store_answers() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|_, _| Some(Trouble::Refused(FaultKind::Status(503))));
    let path = write(&stage, 3 * MIB);
    let id = stage.add_spec(spec(in_parts(&path))).await;
    stage.does(id, |activity| matches!(activity, Activity::Waiting(_))).await;
    assert_eq!(stage.row(id).unwrap().length, Some(3 * MIB));
    stage.pause(id).await;
    stage.is(id, Status::Paused).await;
    assert_eq!(stage.row(id).unwrap().length, Some(3 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_on_its_way_to_a_store_is_seen_before_the_store_has_it() {
    let mut stage = Stage::with(Wishes { connections: 2, ..Wishes::default() });
    stage.depot.script(|call, _| matches!(call, Call::Part(_)).then_some(Trouble::Silent));
    let id = start(&mut stage, 4 * MIB).await;
    let sent = |now: &Snapshot| now.rows.iter().any(|row| row.id == id && row.bytes_reached() == 2 * MIB);
    stage.seen(|now| sent(now).then_some(())).await;
    // No stop would find it at the store.
    assert_eq!(stage.row(id).unwrap().bytes_done(), 0);
    stage.pause(id).await;
    stage.is(id, Status::Paused).await;
    assert_eq!(stage.row(id).unwrap().bytes_reached(), stage.row(id).unwrap().bytes_done());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn figures_change_four_times_a_second_and_what_is_ordered_is_shown_sooner() {
    let (stage, id) = Stage::of(Wishes::default(), FakeFile::new(1, 64 * MIB).rate(MIB)).await;
    stage.has(id, MIB).await;
    let mut snapshots = stage.handle.snapshots();
    let (begun, mut shown) = (Instant::now(), BTreeSet::new());
    while begun.elapsed() < Duration::from_secs(2) {
        snapshots.changed().await.unwrap();
        shown.insert(snapshots.borrow_and_update().rows.get(0).map(|row| row.bytes_done()));
    }
    assert!((6..=9).contains(&shown.len()), "{} times in two seconds", shown.len());
    for bytes in 1..=20 {
        let (ordered, rate) = (Instant::now(), Rate::per_second(bytes * 1_000_000));
        stage.send(Command::Limit(Some(rate))).await;
        stage.seen(|now| (now.totals.limit == Some(rate)).then_some(())).await;
        assert!(ordered.elapsed() <= Duration::from_millis(110), "{bytes}: {:?}", ordered.elapsed());
        tokio::time::advance(Duration::from_millis(17)).await;
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_totals_tell_how_fast_files_come_that_are_there_at_once() {
    const FILES: u64 = 60;
    let mut stage = Stage::with(Wishes { transfers: Some(2), ..Wishes::default() });
    let mut ids = Vec::new();
    for number in 0..FILES {
        let file = FakeFile::new(number, 16 << 10).script(|_| Act::serve().delay(Duration::from_millis(250)));
        stage.fake.put(&format!("/{number}"), file);
        ids.push(stage.add(&format!("/{number}")).await);
    }
    // Two at a time, four a second each.
    let speed = stage.seen(|now| (now.totals.done > 40).then_some(now.totals.speed.bytes())).await;
    assert!((100_000..=150_000).contains(&speed), "{speed} bytes a second, and 8 files of 16 KiB come");
    for id in ids {
        stage.is(id, Status::Done).await;
    }
    let rest = stage.seen(|now| (now.totals.done == 60).then_some(now.totals.speed.bytes())).await;
    assert_eq!(rest, 0, "nothing moves");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_an_upload_that_rests_beside_others_says_why() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, before| match call {
        Call::Part(2) if before == 0 => Some(Trouble::Refused(FaultKind::Status(503))),
        Call::Part(1) if before == 0 => Some(Trouble::Silent),
        _ => None,
    });
    let id = start(&mut stage, 2 * MIB).await;
    let rests = |one: &&Connection| matches!(one.state, ConnectionState::Waiting(_));
    let seen = stage.seen(|now| now.rows.get(0)?.live.as_ref()?.connections.iter().find(rests).cloned()).await;
    assert_eq!(seen.fault.map(|fault| fault.kind), Some(FaultKind::Status(503)));
    assert_eq!((seen.range.start, seen.position), (MIB, MIB));
    complete(&mut stage, id, 2 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_none_of_whose_parts_is_taken_says_why_it_waits() {
    let mut stage = Stage::with(Wishes::default());
    stage.depot.script(|call, before| match call {
        Call::Part(_) if before < 6 => Some(Trouble::Refused(FaultKind::Status(503))),
        _ => None,
    });
    let id = start(&mut stage, MIB).await;
    stage.does(id, |activity| matches!(activity, Activity::Waiting(_))).await;
    let fault = stage.row(id).unwrap().fault.clone();
    assert_eq!(fault.map(|fault| fault.kind), Some(FaultKind::Status(503)));
    complete(&mut stage, id, MIB).await;
    stage.end().await;
}
