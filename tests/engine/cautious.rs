//! Transfers that have met with trouble: what they do so that the next trouble costs less.

use std::fs;

use haul::model::{FaultKind, Upload};
use haul::store::Checkpoint;

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{begin, checkpoint, complete, in_parts, spec, write};
use crate::support::depot::{Call, Trouble};
use crate::support::fetch::FakeFile;

#[tokio::test(start_paused = true)]
async fn a_download_that_was_killed_goes_on_over_fewer_connections_than_one_that_was_ended() {
    for killed in [true, false] {
        let file = FakeFile::new(1, 64 * MIB).rate(MIB);
        let (stage, id) = Stage::of(Wishes { connections: 0, ..Wishes::default() }, file).await;
        stage.has(id, 12 * MIB).await;
        let path = Checkpoint::path(&stage.state(), id);
        // Not right behind a save, of which there is one a second.
        let unsaved = |_: &haul::api::Snapshot| {
            let running = fs::read(&path).ok()?;
            let left = Checkpoint::load(&stage.state(), id).ok()??;
            (!left.unsynced.is_empty() && fs::read(&path).is_ok_and(|now| now == running)).then_some(running)
        };
        let running = stage.seen(unsaved).await;
        let stopped = stage.stop().await;
        if killed {
            fs::write(&path, running).unwrap();
        }
        let left = Checkpoint::load(&stopped.state(), id).unwrap().unwrap();
        assert_eq!(!left.unsynced.is_empty(), killed);
        let mut stage = stopped.start();
        // More than is on its way in the moment of the stop, and less than it takes to find out that more would help.
        let before = stage.fake.given("/a.bin");
        stage.seen(|_| (stage.fake.given("/a.bin") > before + MIB / 4).then_some(())).await;
        let open = stage.fake.open_now();
        assert_eq!(open, if killed { 2 } else { 8 }, "killed: {killed}");
        // Where they help it comes to as many as any other has, also beside one of the same host.
        stage.fake.put("/b.bin", FakeFile::new(2, 64 * MIB).rate(MIB));
        stage.add("/b.bin").await;
        stage.seen(|_| (stage.fake.open_now() == 16).then_some(())).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_cut_off_by_a_kill_goes_on_over_one_connection() {
    let (stage, id) = begin(Wishes { connections: 0, ..Wishes::default() }, 8 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let stopped = stage.stop().await;
    let before = stopped.depot.most_open();
    // What is left of one that was killed: nobody has the lock, and nobody has given it back.
    let lock = checkpoint(&stopped.state(), &stopped.downloads()).with_extension("lock");
    fs::write(&lock, "").unwrap();
    stopped.depot.forget_calls();
    let mut stage = stopped.start();
    complete(&mut stage, id, 8 * MIB).await;
    let after = stage.depot.most_open();
    assert!(after < before, "{after} connections after a kill, and {before} before");
    assert!(!lock.exists(), "it was given back");
    stage.end().await;
}

/// A store that cuts a part off may have said why.
#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_next_parts_are_announced() {
    for kind in [FaultKind::Status(503), FaultKind::Cut] {
        let mut stage = Stage::with(Wishes { connections: 1, ..Wishes::default() });
        stage
            .depot
            .script(move |call, before| (call == Call::Part(2) && before == 0).then_some(Trouble::Refused(kind)));
        let path = write(&stage, 16 * MIB);
        let id = stage.add_spec(spec(Upload { part_size: Some(4 * MIB), ..in_parts(&path) })).await;
        complete(&mut stage, id, 16 * MIB).await;
        assert_eq!(stage.depot.announced(), [false, false, true, true, true], "{kind}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_of_an_upload_that_is_gone_is_not_counted_for_the_next_one() {
    let patience = super::stage::impatient();
    let mut stage = Stage::with(Wishes { patience, connections: 4, ..Wishes::default() });
    let depot = stage.depot.clone();
    stage.depot.script(move |call, before| match (call, before) {
        // One failure of each connection, and the first one of the upload that takes the place of this one.
        (Call::Part(_), 0) | (Call::Create, 1) => Some(Trouble::Refused(FaultKind::Status(500))),
        (Call::Part(1), 1) => {
            depot.lose("upload-1");
            Some(Trouble::Refused(FaultKind::UploadGone))
        }
        _ => None,
    });
    let path = write(&stage, 4 * MIB);
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 4 * MIB).await;
    stage.end().await;
}
