//! Orders in every state: pause, resume, remove, retry, and the end of the engine itself.

use std::future::Future;
use std::task::{Context, Waker};

use haul::api::{Activity, Changes, Command, Happening, Position};
use haul::model::{FaultKind, Patience, Spec, StartTime, Status, TransferId};
use haul::store::Journal;
use tokio::time::Duration;

use super::stage::{MIB, Stage, Wishes, impatient, seconds, within};
use crate::support::fetch::{Act, FakeFile};
use crate::support::server::sha256;

/// A file that takes its time: 8 MiB at 4 x 256 KiB/s.
fn slow() -> FakeFile {
    FakeFile::new(1, 8 * MIB).rate(MIB / 4)
}

/// A server that is out of order.
fn broken() -> FakeFile {
    FakeFile::new(1, 8 * MIB).script(|_| Act::status(503))
}

#[tokio::test(start_paused = true)]
async fn pause_all_holds_whatever_it_finds() {
    let mut stage = Stage::with(Wishes { transfers: Some(2), ..Wishes::default() });
    stage.fake.put("/running", slow());
    stage.fake.put("/waiting", broken());
    stage.fake.put("/queued", slow());
    let running = stage.add("/running").await;
    let waiting = stage.add("/waiting").await;
    let queued = stage.add("/queued").await;
    stage.has(running, MIB).await;
    stage.does(waiting, |activity| matches!(activity, Activity::Waiting(_))).await;
    let before = stage.fake.opened("/waiting").len();
    stage.send(Command::PauseAll).await;
    for id in [running, waiting, queued] {
        stage.is(id, Status::Paused).await;
        assert_eq!(stage.item(id).unwrap().status, Status::Paused);
    }
    tokio::time::sleep(seconds(600)).await;
    assert_eq!(
        (stage.fake.open_now(), stage.fake.opened("/waiting").len(), stage.fake.opened("/queued").len()),
        (0, before, 0)
    );
    assert_eq!(stage.parts().len(), 1, "{:?}", stage.names());
    stage.fake.put("/waiting", slow());
    stage.send(Command::ResumeAll).await;
    for (id, name) in [(running, "running"), (waiting, "waiting"), (queued, "queued")] {
        stage.is(id, Status::Done).await;
        stage.holds(name, &slow());
    }
    stage.end().await;
}

/// Two that run, and so many that wait, of which the server would be asked.
async fn long_queue(waiting: usize) -> (Stage, Vec<TransferId>) {
    let mut stage = Stage::with(Wishes { transfers: Some(2), ..Wishes::default() });
    let mut ids = Vec::new();
    for path in ["/a", "/b"] {
        stage.fake.put(path, slow());
        ids.push(stage.add(path).await);
    }
    let batch: Vec<_> = (0..waiting).map(|n| (TransferId::mint(), stage.spec(&format!("/q{n}")))).collect();
    ids.extend(batch.iter().map(|(id, _)| *id));
    stage.send(Command::Add(batch)).await;
    stage.seen(|now| (now.rows.len() == ids.len() && now.totals.running == 2).then_some(())).await;
    stage.has(ids[1], 1).await;
    (stage, ids)
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_is_paused_step_by_step_and_nothing_of_it_starts() {
    const WAITING: usize = 40_000;
    let (stage, ids) = long_queue(WAITING).await;
    stage.send(Command::PauseAll).await;
    let mut last = stage.handle.snapshot();
    let (mut snapshots, mut most, mut steps) = (stage.handle.snapshots(), 0, 0);
    while last.totals.paused < ids.len() {
        snapshots.changed().await.unwrap();
        let now = snapshots.borrow_and_update().clone();
        let Changes::Rows(changed) = now.rows.changes_since(&last.rows) else { panic!("the order changed") };
        let shown = now.rows.iter().filter(|row| row.status == Status::Paused).count();
        assert_eq!(shown, now.totals.paused, "the sums and the rows are of one moment");
        most = most.max(changed.len());
        steps += usize::from(now.totals.paused > last.totals.paused);
        last = now;
    }
    assert!(most < WAITING / 2 && steps >= 3, "{most} rows at once, in {steps} steps");
    stage.send(Command::ResumeAll).await;
    stage.seen(|now| (now.totals.paused == 0 && now.totals.running == 2).then_some(())).await;
    assert_eq!(stage.fake.opened("/q0").len(), 0, "one was started only to be paused");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_about_a_long_queue_is_carried_out_before_the_end() {
    let (stage, ids) = long_queue(40_000).await;
    stage.send(Command::PauseAll).await;
    stage.send(Command::Resume(ids[..1].to_vec())).await;
    let stopped = stage.stop().await;
    let items = stopped.items();
    assert_eq!(items.iter().filter(|item| item.status == Status::Paused).count(), ids.len() - 1);
    assert_eq!(items.iter().find(|item| item.id == ids[0]).unwrap().status, Status::Queued);
}

#[tokio::test(start_paused = true)]
async fn the_last_order_counts() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    for round in 1..6 {
        stage.has(id, round * 200_000).await;
        stage.send(Command::Pause(vec![id])).await;
        stage.send(Command::Resume(vec![id])).await;
    }
    stage.complete(id, "a.bin", &slow()).await;
    let twice = stage.fake.given("/a.bin") - 8 * MIB;
    assert!(twice <= 5 * 4 * 64 * 1024, "{twice}");
    let again = stage.add("/a.bin").await;
    stage.complete(again, "a.bin", &slow()).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_is_not_undone_by_what_follows() {
    for follow in [Command::PauseAll, Command::ResumeAll] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        stage.has(id, MIB).await;
        stage.send(Command::Remove { ids: vec![id], data: true }).await;
        stage.send(follow).await;
        within(seconds(5), stage.until(id, |happening| matches!(happening, Happening::Removed))).await;
        assert!(stage.item(id).is_none());
        // Until then it could be undone.
        tokio::time::sleep(seconds(11)).await;
        assert!(stage.names().is_empty(), "{:?}", stage.names());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_ordered_before_the_end_is_done() {
    let (stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    stage.send(Command::Pause(vec![id])).await;
    let stopped = stage.stop().await;
    assert_eq!(stopped.items()[0].status, Status::Paused);

    let (stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    let late = TransferId::mint();
    stage.send(Command::Add(vec![(late, stage.spec("/late"))])).await;
    let stopped = stage.stop().await;
    assert_eq!(stopped.items().iter().map(|item| item.id).collect::<Vec<_>>(), [late]);
    assert_eq!(std::fs::read_dir(stopped.downloads()).unwrap().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn removal_keeps_the_data_or_takes_it() {
    for (running, data) in [(true, true), (true, false), (false, true), (false, false)] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        stage.has(id, MIB).await;
        if !running {
            stage.pause(id).await;
        }
        stage.send(Command::Remove { ids: vec![id], data }).await;
        stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
        stage.seen(|now| now.rows.is_empty().then_some(())).await;
        assert_eq!(stage.fake.open_now(), 0);
        assert_eq!((stage.parts().len(), stage.checkpoint(id).is_some()), (usize::from(!data), !data));
        // Added once more, it goes on with what was kept.
        let before = stage.fake.given("/a.bin");
        let again = stage.add("/a.bin").await;
        stage.complete(again, "a.bin", &slow()).await;
        assert_eq!(stage.fake.given("/a.bin") - before == 8 * MIB, data);
        tokio::time::sleep(seconds(11)).await;
        assert_eq!(stage.names(), ["a.bin"]);
        stage.send(Command::Remove { ids: vec![again], data: true }).await;
        stage.until(again, |happening| matches!(happening, Happening::Removed)).await;
        stage.holds("a.bin", &slow());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn retry_ends_a_wait_and_begins_a_failed_one_anew() {
    let wishes = Wishes { patience: impatient(), ..Wishes::default() };
    let (mut stage, id) = Stage::of(wishes, broken()).await;
    for _ in 0..2 {
        assert_eq!(stage.fail(id).await.kind, FaultKind::Status(503));
        assert_eq!(stage.item(id).unwrap().status, Status::Failed);
        stage.send(Command::Retry(vec![id])).await;
    }
    assert_eq!(stage.fake.opened("/a.bin").len(), 8);
    let nudged = |happening: &Happening| matches!(happening, Happening::Retried { after, .. } if *after > seconds(1));
    stage.until(id, nudged).await;
    stage.fake.put("/a.bin", slow().rate(64 * MIB));
    stage.send(Command::Retry(vec![id])).await;
    within(Duration::from_millis(500), stage.complete(id, "a.bin", &slow())).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_engine_stops_at_once_in_every_phase() {
    // With more patience than the longest wait needs, however the back-off is drawn.
    let patience = Patience { retries: 1000, ..Patience::default() };
    let wishes = Wishes { patience, ..Wishes::default() };
    let silent = FakeFile::new(1, 8 * MIB).script(|_| Act::silence());
    let stalled = FakeFile::new(1, 8 * MIB).script(|_| Act::serve().stall(100_000));
    let unready = slow().script(|ask| if ask.number == 1 { Act::serve() } else { Act::silence() });
    for file in [silent, stalled, unready, broken(), slow(), slow().no_ranges(), slow().no_length()] {
        for wait in [0, 1, 40, 900, 2_100, 3_050, 20_000] {
            let (stage, id) = Stage::of(wishes, file.clone()).await;
            tokio::time::sleep(Duration::from_millis(wait)).await;
            let done = stage.row(id).is_some_and(|row| row.status == Status::Done);
            let stopped = stage.stop().await;
            // It may have ended between the look and the stop.
            let status = stopped.items()[0].status;
            assert!(status == Status::Done || (!done && status == Status::Queued), "{status}");
            stopped.fake.put("/a.bin", slow());
            let stage = stopped.start();
            stage.is(id, Status::Done).await;
            stage.holds("a.bin", &slow());
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_engine_stops_at_once_while_it_checks_and_finishes() {
    let file = FakeFile::new(7, 24 * MIB).rate(64 * MIB);
    for phase in [Activity::Checking, Activity::Finishing] {
        let mut stage = Stage::new();
        stage.fake.put("/a.bin", file.clone());
        let mut spec = stage.spec("/a.bin");
        spec.checksum = Some(format!("sha256:{}", sha256(7, 24 * MIB)).parse().map(Box::new).unwrap());
        let id = stage.add_spec(spec).await;
        // Time stands still while it hashes; the row may go from one to the next between two looks.
        stage.has(id, 20 * MIB).await;
        let mut snapshots = stage.handle.snapshots();
        while stage.row(id).is_some_and(|row| row.live.as_ref().is_some_and(|live| live.activity != phase)) {
            snapshots.changed().await.unwrap();
        }
        let mut stage = stage.again().await;
        stage.is(id, Status::Done).await;
        stage.holds("a.bin", &file);
        let _ = stage.add("/a.bin").await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_bug_in_one_transfer_ends_that_one_and_no_other() {
    for number in [1, 2] {
        let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
        let odd = FakeFile::new(1, 8 * MIB).rate(MIB);
        let odd = odd.script(move |ask| if ask.number == number { Act::bug() } else { Act::serve() });
        stage.fake.put("/odd", odd.clone());
        stage.fake.put("/good", slow());
        let (bad, good) = (stage.add("/odd").await, stage.add("/good").await);
        // Not its event, which may have come while the other was being added.
        stage.is(bad, Status::Failed).await;
        assert_eq!(stage.row(bad).unwrap().fault.as_ref().unwrap().kind, FaultKind::State);
        // Its slot is free again, and so is its host.
        stage.complete(good, "good", &slow()).await;
        stage.send(Command::Retry(vec![bad])).await;
        stage.complete(bad, "odd", &odd).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_move_to_either_end_changes_the_place_of_one_alone() {
    let mut stage = Stage::new();
    let mut ids = Vec::new();
    for path in ["/0", "/1", "/2", "/3", "/4"] {
        ids.push(stage.add_spec(Spec { held: true, ..stage.spec(path) }).await);
    }
    let ranks = |stage: &Stage| ids.iter().map(|id| stage.item(*id).unwrap().rank).collect::<Vec<_>>();
    let before = ranks(&stage);
    for (which, to) in [(3, Position::Top), (1, Position::Bottom), (2, Position::Top), (0, Position::Bottom)] {
        stage.send(Command::Move { ids: vec![ids[which]], to }).await;
    }
    let added = stage.add_spec(Spec { held: true, ..stage.spec("/5") }).await;
    let wanted: Vec<TransferId> = [2, 3, 4, 1, 0].iter().map(|number| ids[*number]).chain([added]).collect();
    stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted.iter().copied()).then_some(())).await;
    assert_eq!(ranks(&stage)[4], before[4], "it was passed four times");
    let stage = stage.again().await;
    stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted.iter().copied()).then_some(())).await;
    let first = stage.item(wanted[0]).unwrap().rank;
    assert!(first < before[0], "{first} goes before all that there were");
    stage.end().await;
}

/// Whatever stops it: an order, or a time at which it was to start.
#[tokio::test(start_paused = true)]
async fn a_start_is_the_last_word_also_before_the_stop_has_taken_place() {
    for is_paused in [true, false] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        stage.has(id, MIB).await;
        let at = Some(StartTime::In(seconds(3600)));
        let stops = Command::Schedule { ids: vec![id], at };
        stage.send(if is_paused { Command::Pause(vec![id]) } else { stops }).await;
        stage.send(Command::StartNow(vec![id])).await;
        within(seconds(60), stage.complete(id, "a.bin", &slow())).await;
        assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Denied(_) | Happening::Paused)));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_counts_though_the_disk_is_full_by_then() {
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", FakeFile::new(1, 8 * MIB));
    stage.fake.set_room(Some(4 * MIB));
    let id = TransferId::mint();
    let (handle, pause) = (stage.handle.clone(), Command::Pause(vec![id]));
    stage.fake.at_first_look(move || {
        let mut sending = std::pin::pin!(handle.send(pause));
        assert!(sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    });
    stage.send(Command::Add(vec![(id, stage.spec("/a.bin"))])).await;
    stage.until(id, |happening| matches!(happening, Happening::Paused)).await;
    stage.is(id, Status::Paused).await;
    stage.fake.set_room(None);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(stage.row(id).unwrap().status, Status::Paused);
    assert_eq!(stage.fake.opened("/a.bin").len(), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_runs_stops_before_the_queue_can_be_written() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    let mut journal = Journal::open_to_append(&stage.state()).unwrap();
    assert!(journal.hold().unwrap());
    let late = TransferId::mint();
    stage.send(Command::Add(vec![(late, stage.spec("/late"))])).await;
    stage.handle.stop();
    while stage.fake.open_now() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(stage.is_untold(late), "the queue was waited for first");
    drop(journal);
    let stopped = stage.stop().await;
    assert_eq!(stopped.items().len(), 2);
}
