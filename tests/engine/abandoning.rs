//! Uploads that were given up and whose store does not free what it has.

use haul::api::{Command, Happening};
use haul::model::{FaultKind, Status, TransferId};
use haul::store::UploadCheckpoint;

use super::stage::{MIB, Stage, Wishes, seconds};
use super::uploads::{begin, checkpoint, complete, in_parts, spec};
use crate::support::depot::{Call, Trouble};

/// A stage on which the parts of a half sent upload can't be freed: so often was that tried.
async fn stuck(times: usize) -> (Stage, TransferId) {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    stage.depot.script(|call, _| (call == Call::Abort).then_some(Trouble::Refused(FaultKind::Status(503))));
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
    while stage.depot.count(|call| call == Call::Abort) < times {
        tokio::time::sleep(seconds(1)).await;
    }
    (stage, id)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_frees_nothing_keeps_nobody_from_leaving_and_the_next_run_goes_on() {
    // Before it was asked for the first time, and between two times.
    for times in [0, 2] {
        let (mut stage, id) = stuck(times).await;
        let file = crate::support::fetch::FakeFile::new(1, 1000);
        stage.fake.put("/a.bin", file.clone());
        let other = stage.add("/a.bin").await;
        stage.complete(other, "a.bin", &file).await;
        let mut events = stage.handle.events();
        let stopped = stage.stop().await;
        let told: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).filter(|event| event.id == id).collect();
        let is_left = |event: &haul::api::Event| matches!(event.happening, Happening::UploadLeft(_));
        assert_eq!(told.iter().filter(|event| is_left(event)).count(), 1, "{told:?}");
        assert_eq!(stopped.items().iter().map(|item| item.status).collect::<Vec<_>>(), [Status::Done]);
        assert_eq!(stopped.depot.open_uploads().len(), 1);
        stopped.depot.script(|_, _| None);
        let stopped = stopped.start().stop().await;
        assert_eq!(stopped.depot.open_uploads(), [] as [&str; 0], "after {times}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_before_haul_ends_is_told() {
    let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
    stage.has(id, 2 * MIB).await;
    stage.depot.script(|call, _| (call == Call::Abort).then_some(Trouble::Silent));
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
    stage.handle.stop();
    stage.until(id, |happening| matches!(happening, Happening::UploadLeft(_))).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_the_parts_of_a_removed_upload_is_told() {
    for status in [None, Some(403)] {
        let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
        stage.has(id, 2 * MIB).await;
        let trouble = status.map(|status| Trouble::Refused(FaultKind::Status(status)));
        stage.depot.script(move |call, _| (call == Call::Abort).then_some(trouble).flatten());
        stage.send(Command::Remove { ids: vec![id], data: true }).await;
        let end =
            stage.until(id, |happening| matches!(happening, Happening::UploadAborted | Happening::UploadLeft(_))).await;
        assert_eq!(matches!(end, Happening::UploadLeft(_)), status.is_some());
        let stopped = stage.stop().await;
        assert_eq!(stopped.depot.open_uploads().len(), usize::from(status.is_some()));
        assert_eq!(UploadCheckpoint::left(&stopped.state()).len(), usize::from(status.is_some()));
        // The next run tries it again, and says so.
        if status.is_some() {
            let stage = stopped.start();
            let mut events = stage.handle.events();
            stage.end().await;
            let mut told = std::iter::from_fn(|| events.try_recv().ok());
            assert!(told.any(|event| matches!(event.happening, Happening::UploadLeft(_))));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_ordered_anew_takes_over_from_what_frees_its_parts() {
    let (mut stage, _) = stuck(2).await;
    stage.depot.forget_calls();
    let path = stage.downloads().join("key.bin");
    let id = stage.add_spec(spec(in_parts(&path))).await;
    complete(&mut stage, id, 4 * MIB).await;
    let tried = stage.depot.count(|call| matches!(call, Call::Part(_)));
    assert_eq!((tried, stage.depot.count(|call| call == Call::Abort)), (2, 0));
    assert!(!checkpoint(&stage.state(), &stage.downloads()).with_extension("leaving").exists());
    assert_eq!(UploadCheckpoint::left(&stage.state()), []);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn removal_with_data_frees_what_was_sent_and_without_keeps_it() {
    for data in [true, false] {
        let (mut stage, id) = begin(Wishes { connections: 1, ..Wishes::default() }, 4 * MIB).await;
        stage.has(id, MIB).await;
        stage.send(Command::Remove { ids: vec![id], data }).await;
        stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
        let file = stage.downloads().join("key.bin");
        let stopped = stage.stop().await;
        assert_eq!(stopped.depot.open_uploads().is_empty(), data);
        assert!(file.is_file(), "the user's file is never touched");
    }
}
