//! Uploads that were begun before, by this haul or by others, and whether they are taken up.

use haul::api::Command;
use haul::model::{Algorithm, FaultKind, Upload};
use haul::store::{UploadCheckpoint, UploadLock};

use super::stage::{MIB, Stage, Wishes};
use super::uploads::{URL, begin, bytes, checkpoint, complete, in_parts, is_part, spec, start, write};
use crate::support::depot::{Call, Depot, Trouble};

/// What an object is to be like that is no more as it was when its upload began.
fn cold(upload: Upload) -> Upload {
    Upload { storage_class: Some("COLD".to_owned()), ..upload }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_was_begun_with_other_wishes_is_not_taken_up_by_the_list() {
    for (is_lost, status) in [(true, 403), (false, 403), (false, 404)] {
        let (stage, id) = begin(Wishes { connections: 1, durable: false, ..Wishes::default() }, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        let stopped = stage.stop().await;
        if is_lost {
            UploadCheckpoint::remove(&checkpoint(&stopped.state(), &stopped.downloads()));
        }
        stopped
            .depot
            .script(move |call, _| (call == Call::Abort).then_some(Trouble::Refused(FaultKind::Status(status))));
        stopped.depot.forget_calls();
        let mut stage = stopped.start();
        let path = stage.downloads().join("key.bin");
        let id = stage.add_spec(spec(cold(in_parts(&path)))).await;
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(4 * MIB));
        assert_eq!((stage.depot.count(|call| call == Call::Create), stage.depot.count(is_part)), (1, 4), "{is_lost}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_others_send_to_is_left_to_them() {
    for is_found in [true, false] {
        let mut stage = Stage::new();
        let path = write(&stage, 3 * MIB);
        let foreign = is_found.then(|| stage.depot.begun(URL, &[(1, &bytes(MIB))]));
        stage.depot.script(|call, before| {
            (call == Call::Complete && before < 2).then_some(Trouble::Refused(FaultKind::PartDamaged))
        });
        let id = stage.add_spec(spec(in_parts(&path))).await;
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(3 * MIB));
        assert_eq!(stage.depot.open_uploads(), Vec::from_iter(foreign));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_whose_parts_are_not_told_is_passed_over() {
    for status in [400, 404, 409] {
        let mut stage = Stage::new();
        let path = write(&stage, 2 * MIB);
        let foreign = stage.depot.begun(URL, &[(1, &bytes(MIB))]);
        stage.depot.script(move |call, _| (call == Call::Parts).then_some(Trouble::Refused(FaultKind::Status(status))));
        let id = stage.add_spec(spec(in_parts(&path))).await;
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(2 * MIB));
        assert_eq!(stage.depot.open_uploads(), [foreign], "{status}");
        stage.end().await;
    }
}

/// An upload in parts that is half sent when its engine ends.
async fn half_sent(depot: Depot) -> super::stage::Stopped {
    let mut stage = Stage::with_depot(depot, Wishes { connections: 1, durable: false, ..Wishes::default() });
    let id = start(&mut stage, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    let stopped = stage.stop().await;
    stopped.depot.forget_calls();
    stopped
}

#[tokio::test(start_paused = true)]
async fn a_login_that_may_only_write_begins_anew_what_is_gone() {
    let stopped = half_sent(Depot::telling(true)).await;
    stopped.depot.lose(&stopped.depot.open_uploads()[0]);
    stopped.depot.script(|call, _| (call == Call::Head).then_some(Trouble::Refused(FaultKind::Status(403))));
    let mut stage = stopped.start();
    let path = stage.downloads().join("key.bin");
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 4 * MIB).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_login_costs_no_record() {
    let stopped = half_sent(Depot::telling(true)).await;
    let depot = stopped.depot.clone();
    depot.script(|_, _| Some(Trouble::Refused(FaultKind::Status(403))));
    let mut stage = stopped.start();
    let path = stage.downloads().join("key.bin");
    let id = stage.add_spec(spec(in_parts(&path))).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(403));
    assert!(UploadCheckpoint::load(&checkpoint(&stage.state(), &stage.downloads())).unwrap().is_some());
    depot.script(|_, _| None);
    depot.forget_calls();
    stage.send(Command::Retry(vec![id])).await;
    stage.outcome(id).await.unwrap();
    assert_eq!((depot.count(is_part), depot.open_uploads().len()), (2, 0));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_never_told_is_no_reason_to_send_nothing() {
    for trouble in [Trouble::Refused(FaultKind::Status(500)), Trouble::Silent] {
        let mut stage = Stage::new();
        stage.depot.script(move |call, _| (call == Call::Uploads).then_some(trouble));
        let id = start(&mut stage, 2 * MIB).await;
        complete(&mut stage, id, 2 * MIB).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_keeps_changing_leaves_nothing_open() {
    let mut stage = Stage::with(Wishes { connections: 1, ..Wishes::default() });
    let path = write(&stage, 3 * MIB);
    let changing = path.clone();
    let count = std::sync::atomic::AtomicU64::new(0);
    stage.depot.script(move |call, _| {
        if is_part(call) {
            let more = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            std::fs::write(&changing, bytes(3 * MIB + more)).unwrap();
        }
        None
    });
    let id = stage.add_spec(spec(in_parts(&path))).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::SourceChanged);
    assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
    assert_eq!(UploadCheckpoint::load(&checkpoint(&stage.state(), &stage.downloads())).unwrap(), None);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_removal_of_an_upload_leaves_that_of_another_haul_alone() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, MIB).await;
    stage.pause(id).await;
    let lock = UploadLock::take(&checkpoint(&stage.state(), &stage.downloads())).unwrap().unwrap();
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.until(id, |happening| matches!(happening, haul::api::Happening::Removed)).await;
    let stopped = stage.stop().await;
    assert_eq!(stopped.depot.open_uploads().len(), 1);
    drop(lock);
}

#[tokio::test(start_paused = true)]
async fn a_resume_claims_an_md5_only_where_it_was_one() {
    for (pretends, checked) in [(true, vec![]), (false, vec![Algorithm::Md5])] {
        let mut depot = Depot::telling(false);
        (depot.names_parts, depot.pretends) = (true, pretends);
        depot.script(|call, before| {
            (call == Call::Complete && before == 0).then_some(Trouble::Refused(FaultKind::Status(503)))
        });
        let mut stage = Stage::with_depot(depot, Wishes::default());
        let id = start(&mut stage, 3 * MIB).await;
        let haul::api::Happening::Completed { checked: found, .. } = complete(&mut stage, id, 3 * MIB).await else {
            panic!()
        };
        assert_eq!(found, checked, "{pretends}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_a_removal_can_be_undone_leaves_nothing_open() {
    let mut stopped = half_sent(Depot::telling(true)).await;
    // As a kill in those seconds leaves it: in no list, and marked.
    let path = checkpoint(&stopped.state(), &stopped.downloads());
    UploadCheckpoint::leaves(&path);
    stopped.wishes.durable = true;
    let stopped = stopped.start().stop().await;
    assert_eq!(stopped.depot.open_uploads(), [] as [&str; 0]);
    assert_eq!(UploadCheckpoint::load(&path).unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_is_undone_keeps_what_was_sent() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    let marked = checkpoint(&stage.state(), &stage.downloads()).with_extension("leaving");
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.until(id, |happening| matches!(happening, haul::api::Happening::Removed)).await;
    assert!(marked.exists());
    stage.send(Command::Undo).await;
    stage.until(id, |happening| matches!(happening, haul::api::Happening::Restored)).await;
    assert!(!marked.exists());
    stage.depot.forget_calls();
    stage.resume(id).await;
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!(stage.depot.count(is_part), 2);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_just_being_begun_is_written_down_before_haul_ends() {
    let mut stage = Stage::new();
    stage.depot.script(|call, _| (call == Call::Create).then_some(Trouble::Late));
    let id = start(&mut stage, 2 * MIB).await;
    while stage.depot.open_uploads().is_empty() {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let stopped = stage.stop().await;
    assert!(UploadCheckpoint::load(&checkpoint(&stopped.state(), &stopped.downloads())).unwrap().is_some());
    let mut stage = stopped.start();
    complete(&mut stage, id, 2 * MIB).await;
    assert_eq!(stage.depot.count(|call| call == Call::Create), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_tells_opaque_etags_without_quotes_costs_no_part() {
    let mut depot = Depot::mute();
    depot.pace = std::time::Duration::from_secs(1);
    let stopped = half_sent(depot).await;
    stopped.depot.script(|call, _| (call == Call::Parts).then_some(Trouble::Unquoted));
    let mut stage = stopped.start();
    let path = stage.downloads().join("key.bin");
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 4 * MIB).await;
    assert_eq!(stage.depot.count(is_part), 2);
    stage.end().await;
}

/// Each attempt would leave one more at the store.
#[tokio::test(start_paused = true)]
async fn an_upload_that_can_not_be_written_down_is_freed_again() {
    let mut stage = Stage::new();
    let record = checkpoint(&stage.state(), &stage.downloads());
    // In the place of the file that it would be written to first.
    std::fs::create_dir_all(record.with_extension("new")).unwrap();
    let id = start(&mut stage, 3 * MIB).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::State);
    assert!(stage.depot.count(|call| call == Call::Create) > 0 && stage.depot.count(is_part) == 0);
    assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
    std::fs::remove_dir(record.with_extension("new")).unwrap();
    stage.send(Command::Retry(vec![id])).await;
    complete(&mut stage, id, 3 * MIB).await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_away_for_a_while_costs_no_part() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    let (path, away) = (stage.downloads().join("key.bin"), stage.downloads().join("away"));
    stage.has(id, 2 * MIB).await;
    std::fs::rename(&path, &away).unwrap();
    assert_eq!(stage.fail(id).await.kind, FaultKind::Disk);
    assert_eq!(stage.depot.open_uploads().len(), 1);
    std::fs::rename(&away, &path).unwrap();
    stage.depot.forget_calls();
    stage.send(Command::Retry(vec![id])).await;
    complete(&mut stage, id, 4 * MIB).await;
    assert!(stage.depot.count(is_part) <= 2 && stage.depot.count(|call| call == Call::Create) == 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_equal_object_of_before_is_not_taken_for_one_that_is_to_be_otherwise() {
    for (refused, in_parts) in [(Call::Put, false), (Call::Complete, true)] {
        let mut stage = Stage::new();
        let path = write(&stage, 2 * MIB);
        stage.depot.put_object(URL, &bytes(2 * MIB));
        stage.depot.script(move |call, before| {
            (call == refused && before == 0).then_some(Trouble::Refused(FaultKind::Status(500)))
        });
        let upload = if in_parts { self::in_parts(&path) } else { Upload::of(path) };
        let id = stage.add_spec(spec(cold(upload))).await;
        complete(&mut stage, id, 2 * MIB).await;
        assert_eq!(stage.depot.count(|call| call == refused), 2);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_about_an_object_that_is_to_be_otherwise_costs_no_part() {
    let mut stage = Stage::new();
    let path = write(&stage, 2 * MIB);
    stage.depot.script(|call, before| {
        (call == Call::Complete && before == 0).then_some(Trouble::Unheard(FaultKind::Status(500)))
    });
    let id = stage.add_spec(spec(cold(in_parts(&path)))).await;
    complete(&mut stage, id, 2 * MIB).await;
    assert_eq!((stage.depot.count(is_part), stage.depot.count(|call| call == Call::Create)), (2, 1));
    stage.end().await;
}
