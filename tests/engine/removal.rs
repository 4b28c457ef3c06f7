//! A removal can be undone for ten seconds; then its data is gone.

use haul::api::{Command, Happening, Position};
use haul::model::{Rate, Spec, Status, TransferId};

use super::stage::{MIB, Stage, Wishes, seconds};
use crate::support::fetch::FakeFile;

fn slow() -> FakeFile {
    FakeFile::new(1, 8 * MIB).rate(MIB / 4)
}

async fn remove(stage: &mut Stage, id: TransferId, data: bool) {
    stage.send(Command::Remove { ids: vec![id], data }).await;
    stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
}

async fn undo(stage: &mut Stage, id: TransferId) {
    stage.send(Command::Undo).await;
    stage.until(id, |happening| matches!(happening, Happening::Restored)).await;
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_goes_on_with_what_it_had() {
    for (running, data) in [(true, true), (true, false), (false, true), (false, false)] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        let rate = Some(Rate::per_second(3 * MIB));
        stage.send(Command::LimitEach { ids: vec![id], rate }).await;
        stage.has(id, 2 * MIB).await;
        if !running {
            stage.pause(id).await;
        }
        let before = stage.row(id).unwrap().log.iter().next().cloned();
        remove(&mut stage, id, data).await;
        assert!(stage.item(id).is_none());
        stage.seen(|now| (now.rows.is_empty() && now.totals.undoable == 1).then_some(())).await;
        tokio::time::sleep(seconds(9)).await;
        undo(&mut stage, id).await;
        stage.seen(|now| (now.totals.undoable == 0).then_some(())).await;
        let log = stage.row(id).unwrap().log.clone();
        assert_eq!(log.iter().next(), before.as_ref(), "what had happened is still told");
        if !running {
            stage.is(id, Status::Paused).await;
            stage.resume(id).await;
        }
        let done = stage.complete(id, "a.bin", &slow()).await;
        assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 6 * MIB), "{done:?}");
        assert_eq!(stage.item(id).unwrap().spec.limits.rate, rate);
        assert_eq!(stage.names(), ["a.bin"]);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_ten_seconds_the_data_is_gone_and_nothing_comes_back() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    remove(&mut stage, id, true).await;
    let names = stage.names();
    assert!(names.len() == 1 && names[0].ends_with(".removed"), "{names:?}");
    stage.seen(|now| (now.totals.undoable == 1).then_some(())).await;
    stage.seen(|now| (now.totals.undoable == 0).then_some(())).await;
    stage.send(Command::Undo).await;
    // Beside the engine's thread.
    tokio::time::sleep(seconds(1)).await;
    assert!(stage.names().is_empty());
    assert!(stage.handle.snapshot().rows.is_empty());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn it_comes_back_to_its_place_and_so_after_a_restart() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let mut ids = Vec::new();
    for path in ["/0", "/1", "/2", "/3"] {
        stage.fake.put(path, slow());
        ids.push(stage.add(path).await);
    }
    stage.send(Command::PauseAll).await;
    stage.send(Command::Move { ids: vec![ids[3]], to: Position::Top }).await;
    stage.send(Command::Remove { ids: vec![ids[1], ids[0]], data: false }).await;
    stage.send(Command::Remove { ids: vec![ids[2]], data: true }).await;
    let order = |stage: &Stage| stage.handle.snapshot().rows.iter().map(|row| row.id).collect::<Vec<_>>();
    stage.seen(|now| (now.rows.len() == 1).then_some(())).await;
    // The last one first.
    stage.send(Command::Undo).await;
    stage.seen(|now| (now.rows.len() == 2).then_some(())).await;
    assert_eq!(order(&stage), [ids[3], ids[2]]);
    stage.send(Command::Undo).await;
    stage.seen(|now| (now.rows.len() == 4).then_some(())).await;
    let all = [ids[3], ids[0], ids[1], ids[2]];
    assert_eq!(order(&stage), all);
    let stage = stage.again().await;
    stage.seen(|now| (now.rows.len() == 4).then_some(())).await;
    assert_eq!(order(&stage), all);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_before_it_has_stopped_lets_it_go_on() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.send(Command::Undo).await;
    stage.complete(id, "a.bin", &slow()).await;
    assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Removed)));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_transfer_of_the_same_file_is_not_touched_by_either() {
    for undoes in [true, false] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        stage.has(id, MIB).await;
        remove(&mut stage, id, true).await;
        let again = stage.add("/a.bin").await;
        stage.has(again, MIB).await;
        if undoes {
            // It is in the list already, under another number, which is said.
            stage.send(Command::Undo).await;
            let told = stage.until(again, |happening| matches!(happening, Happening::Denied(_))).await;
            assert!(told.sentence().contains("it is in the list anew"), "{told:?}");
        }
        let done = stage.complete(again, "a.bin", &slow()).await;
        assert!(matches!(done, Happening::Completed { fetched, .. } if fetched == 8 * MIB), "{done:?}");
        tokio::time::sleep(seconds(20)).await;
        assert_eq!((stage.names(), stage.handle.snapshot().rows.len()), (vec!["a.bin".to_owned()], 1));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_transfer_that_has_not_begun_gets_what_the_removed_one_had() {
    let (mut stage, id) = Stage::of(Wishes { transfers: Some(1), ..Wishes::default() }, slow()).await;
    stage.has(id, 2 * MIB).await;
    stage.fake.put("/other", slow());
    stage.add("/other").await;
    remove(&mut stage, id, true).await;
    let again = stage.add("/a.bin").await;
    stage.is(again, Status::Queued).await;
    stage.send(Command::Undo).await;
    let told = stage.until(again, |happening| matches!(happening, Happening::Denied(_))).await;
    assert!(told.sentence().contains("goes on with what the removed one had"), "{told:?}");
    let done = stage.complete(again, "a.bin", &slow()).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 6 * MIB), "{done:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_one_comes_back_and_its_file_never_went() {
    let (mut stage, id) = Stage::of(Wishes::default(), FakeFile::new(1, MIB)).await;
    stage.complete(id, "a.bin", &FakeFile::new(1, MIB)).await;
    remove(&mut stage, id, true).await;
    stage.holds("a.bin", &FakeFile::new(1, MIB));
    undo(&mut stage, id).await;
    stage.is(id, Status::Done).await;
    let stage = stage.again().await;
    stage.is(id, Status::Done).await;
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_program_left_is_cleared_up_or_put_back() {
    use haul::store::{Aside, Journal, Record};
    for removed in [true, false] {
        let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
        stage.has(id, MIB).await;
        stage.pause(id).await;
        let stopped = stage.stop().await;
        let _ = Aside::set(&stopped.state(), &[(id, None)], |_, _| false);
        if removed {
            let mut journal = Journal::open_to_append(&stopped.state()).unwrap();
            journal.append(&[Record::Removed(vec![id.to_string()])]).unwrap();
        }
        let mut stage = stopped.start();
        if removed {
            let other = stage.add("/other").await;
            stage.fail(other).await;
            assert!(stage.names().is_empty(), "{:?}", stage.names());
        } else {
            stage.is(id, Status::Paused).await;
            stage.resume(id).await;
            let done = stage.complete(id, "a.bin", &slow()).await;
            assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 7 * MIB), "{done:?}");
        }
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_before_it_has_stopped_pauses_what_was_being_paused() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    stage.send(Command::Pause(vec![id])).await;
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.send(Command::Undo).await;
    stage.until(id, |happening| matches!(happening, Happening::Paused)).await;
    stage.is(id, Status::Paused).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_one_takes_nothing_of_the_one_that_fetches_its_file_anew() {
    for overwrite in [true, false] {
        let (mut stage, done) = Stage::of(Wishes::default(), FakeFile::new(1, 8 * MIB)).await;
        stage.complete(done, "a.bin", &slow()).await;
        if !overwrite {
            std::fs::remove_file(stage.downloads().join("a.bin")).unwrap();
        }
        stage.fake.put("/a.bin", slow().etag(Some("\"new\"")));
        let anew = stage.add_spec(Spec { overwrite, ..stage.spec("/a.bin") }).await;
        stage.has(anew, 2 * MIB).await;
        stage.pause(anew).await;
        remove(&mut stage, done, true).await;
        tokio::time::sleep(seconds(20)).await;
        stage.resume(anew).await;
        let ended = stage.complete(anew, "a.bin", &slow()).await;
        assert!(matches!(ended, Happening::Completed { fetched, .. } if fetched <= 6 * MIB), "{ended:?}");
        stage.end().await;
    }
}
