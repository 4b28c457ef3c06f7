//! Uploads of streams whose length nobody knows, against a scripted store on paused time.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::thread::JoinHandle;

use haul::api::{Command, Happening};
use haul::model::{Algorithm, FaultKind, Upload};
use haul::store::UploadCheckpoint;

use super::stage::{MIB, Stage, Wishes, impatient, seconds, within};
use super::uploads::{URL, bytes, spec};
use crate::support::depot::{Call, Trouble};

/// A named pipe.
fn fifo(stage: &Stage) -> PathBuf {
    let path = stage.downloads().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    path
}

/// One that gives these bytes.
fn pipe(stage: &Stage, bytes: Vec<u8>) -> PathBuf {
    let path = fifo(stage);
    let writer = path.clone();
    // It may be told to stop before it is read to its end.
    std::thread::spawn(move || std::fs::write(writer, bytes));
    path
}

/// One that gives so many bytes and has no end yet: whoever joins the thread has what writes to it.
fn unended(stage: &Stage, length: u64) -> (PathBuf, JoinHandle<File>) {
    let path = fifo(stage);
    let writer = path.clone();
    let writer = std::thread::spawn(move || {
        let mut pipe = File::options().write(true).open(writer).unwrap();
        // Whoever is refused early closes it.
        let _ = pipe.write_all(&bytes(length));
        pipe
    });
    (path, writer)
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_unknown_length_goes_in_parts_and_can_not_be_resumed() {
    for length in [0, 5, 3 * MIB, 3 * MIB + 7] {
        let mut stage = Stage::new();
        let path = pipe(&stage, bytes(length));
        let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
        stage.depot.script(|call, before| match (call, before) {
            (Call::Part(2), 0) => Some(Trouble::Unheard(FaultKind::Cut)),
            (Call::Complete, 0) => Some(Trouble::Refused(FaultKind::Status(500))),
            _ => None,
        });
        let id = stage.add_spec(spec(upload)).await;
        let done = stage.outcome(id).await.unwrap();
        let Happening::Completed { bytes: whole, checked, .. } = done else { panic!() };
        assert_eq!((whole, checked), (length, vec![Algorithm::Crc64]));
        assert!(stage.depot.object(URL).unwrap() == bytes(length), "{length}");
        let resumable = stage.told.iter().find_map(|event| match event.happening {
            Happening::Answered { resumable, stream: true, .. } => Some(resumable),
            _ => None,
        });
        assert_eq!(resumable, Some(false));
        assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_stream_is_sent_again_and_the_calls_around_a_long_one_are_made_again() {
    for length in [1000, 3 * MIB] {
        let mut stage = Stage::new();
        let path = pipe(&stage, bytes(length));
        let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), keep: true, ..Upload::of(path) };
        stage.depot.script(|call, before| match call {
            Call::Put | Call::Create | Call::Head if before == 0 => Some(Trouble::Refused(FaultKind::Status(503))),
            _ => None,
        });
        let id = stage.add_spec(spec(upload)).await;
        stage.outcome(id).await.unwrap();
        assert!(stage.depot.object(URL).unwrap() == bytes(length), "{length}");
        assert_eq!(stage.depot.open_uploads(), [] as [&str; 0]);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_fails_leaves_nothing_at_the_store() {
    let mut stage = Stage::with(Wishes { patience: impatient(), ..Wishes::default() });
    let path = pipe(&stage, bytes(4 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, before| {
        let fails = call == Call::Part(3) || (call == Call::Abort && before == 0);
        fails.then_some(Trouble::Refused(FaultKind::Status(503)))
    });
    let id = stage.add_spec(spec(upload)).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(503));
    assert_eq!((stage.depot.open_uploads().len(), stage.depot.object(URL)), (0, None));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_stream_is_on_its_way_any_more_when_it_is_freed() {
    let mut stage = Stage::new();
    let path = pipe(&stage, bytes(4 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    let (depot, open) = (stage.depot.clone(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let (store, noted) = (depot.clone(), open.clone());
    depot.script(move |call, _| {
        if call == Call::Abort {
            noted.lock().unwrap().push(store.open_now());
        }
        (call == Call::Part(3)).then_some(Trouble::Refused(FaultKind::Status(403)))
    });
    let id = stage.add_spec(spec(upload)).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(403));
    assert_eq!(*open.lock().unwrap(), [1], "the call itself and no part");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_refused_does_not_wait_for_its_next_bytes() {
    let mut stage = Stage::new();
    let (path, writer) = unended(&stage, MIB + 1000);
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, _| (call == Call::Part(1)).then_some(Trouble::Refused(FaultKind::Status(403))));
    let id = stage.add_spec(spec(upload)).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(403));
    drop(writer.join().unwrap());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_stopped_while_it_begins_or_whose_store_has_a_bad_moment_leaves_nothing() {
    for (late, refused) in [(Call::Create, 0), (Call::Part(1), 2)] {
        let mut stage = Stage::new();
        let path = pipe(&stage, bytes(4 * MIB));
        let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
        let came = std::sync::Arc::new(tokio::sync::Notify::new());
        let has_come = came.clone();
        stage.depot.script(move |call, before| match call {
            Call::Abort if before < refused => Some(Trouble::Refused(FaultKind::Status(503))),
            call if call == late => {
                came.notify_one();
                Some(Trouble::Late)
            }
            _ => None,
        });
        stage.add_spec(spec(upload)).await;
        has_come.notified().await;
        let stopped = stage.stop().await;
        assert_eq!(stopped.depot.open_uploads(), [] as [&str; 0], "{late:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_leaves_at_the_store_is_told() {
    let mut stage = Stage::with(Wishes { patience: impatient(), ..Wishes::default() });
    let path = pipe(&stage, bytes(4 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, _| match call {
        Call::Part(2) => Some(Trouble::Refused(FaultKind::Status(403))),
        Call::Abort => Some(Trouble::Refused(FaultKind::Status(503))),
        _ => None,
    });
    let id = stage.add_spec(spec(upload)).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Status(403));
    let is_told = |event: &haul::api::Event| matches!(&event.happening, Happening::UploadLeft(_));
    assert!(stage.told.iter().any(is_told), "what is left at the store costs money");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_has_left_that_was_killed_is_freed_by_the_next_one() {
    let mut stage = Stage::new();
    let path = pipe(&stage, bytes(3 * MIB));
    let record = UploadCheckpoint::path(&stage.state(), URL, &path);
    let (depot, seen) = (stage.depot.clone(), std::sync::Arc::new(std::sync::Mutex::new(None)));
    let (noted, at) = (seen.clone(), record.clone());
    depot.script(move |call, _| {
        if call == Call::Part(1) {
            // With the mark by which any run that comes next frees it.
            let is_marked = at.with_extension("leaving").exists();
            *noted.lock().unwrap() = UploadCheckpoint::load(&at).unwrap().filter(|_| is_marked);
        }
        None
    });
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path.clone()) };
    let id = stage.add_spec(spec(upload.clone())).await;
    stage.outcome(id).await.unwrap();
    let written: UploadCheckpoint =
        seen.lock().unwrap().take().expect("it is written down before the first part is sent");
    assert_eq!(UploadCheckpoint::load(&record).unwrap(), None, "and forgotten at the end");
    // What a kill leaves.
    let left = depot.begun(URL, &[(1, b"left")]);
    UploadCheckpoint { upload: left, ..written }.save(&record).unwrap();
    std::thread::spawn(move || std::fs::write(path, bytes(2 * MIB)));
    let id = stage.add_spec(spec(upload)).await;
    stage.outcome(id).await.unwrap();
    assert_eq!((depot.open_uploads(), UploadCheckpoint::load(&record).unwrap()), (Vec::new(), None));
    assert!(depot.object(URL).unwrap() == bytes(2 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_paused_does_not_go_on_in_its_middle() {
    let mut stage = Stage::new();
    let (path, writer) = unended(&stage, MIB + 1000);
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    let id = stage.add_spec(spec(upload)).await;
    // From here on the next part is read, which waits for whoever writes.
    stage.until(id, |happening| matches!(happening, Happening::UploadCreated)).await;
    let mut pipe = writer.join().unwrap();
    stage.send(Command::Pause(vec![id])).await;
    let over = |happening: &Happening| matches!(happening, Happening::Paused | Happening::Failed(_));
    let told = stage.until(id, over).await;
    assert!(matches!(told, Happening::Failed(_)), "{told:?}: what was read of it is gone");
    // Whatever writes to it has not noticed.
    stage.send(Command::Retry(vec![id])).await;
    let fault = stage.fail(id).await;
    assert!(fault.kind == FaultKind::Disk && fault.detail.contains("remove it"), "{fault}");
    assert!(pipe.write_all(&bytes(1000)).is_err(), "nobody reads it any more");
    assert_eq!((stage.depot.open_uploads().len(), stage.depot.object(URL)), (0, None));
    drop(pipe);
    // As it is told to.
    let spec = stage.item(id).unwrap().spec;
    let path = spec.upload.as_ref().unwrap().file.clone();
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    std::thread::spawn(move || std::fs::write(path, bytes(2 * MIB)));
    let id = stage.add_spec(haul::model::Spec::clone(&spec)).await;
    stage.outcome(id).await.unwrap();
    assert!(stage.depot.object(URL).unwrap() == bytes(2 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_has_not_begun_can_be_paused() {
    let mut stage = Stage::new();
    let path = fifo(&stage);
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path.clone()) };
    let id = stage.add_spec(spec(upload)).await;
    stage.until(id, |happening| matches!(happening, Happening::Started)).await;
    stage.pause(id).await;
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Started)).await;
    std::thread::spawn(move || std::fs::write(path, bytes(2 * MIB)));
    stage.outcome(id).await.unwrap();
    assert!(stage.depot.object(URL).unwrap() == bytes(2 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_refused_are_told_of_and_their_waits_can_be_cut_short() {
    let patience = haul::model::Patience { wait: seconds(3600), ..haul::model::Patience::default() };
    let mut stage = Stage::with(Wishes { patience, ..Wishes::default() });
    let path = pipe(&stage, bytes(3 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, before| {
        let is_refused = matches!(call, Call::Part(2 | 3)) && before == 0;
        is_refused.then_some(Trouble::Refused(FaultKind::Status(503)))
    });
    let id = stage.add_spec(spec(upload)).await;
    for number in [2, 3] {
        let is_it = |told: &Happening| matches!(told, Happening::PartFailed { number: found, after: Some(_), .. } if *found == number);
        stage.until(id, is_it).await;
    }
    stage.send(Command::Retry(vec![id])).await;
    within(seconds(10), stage.outcome(id)).await.unwrap();
    assert!(stage.depot.object(URL).unwrap() == bytes(3 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_part_that_fails_for_good_is_told_of_and_so_are_those_that_end_with_it() {
    let mut stage = Stage::with(Wishes { connections: 3, ..Wishes::default() });
    let path = pipe(&stage, bytes(4 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, _| (call == Call::Part(2)).then_some(Trouble::Refused(FaultKind::Status(403))));
    let id = stage.add_spec(spec(upload)).await;
    stage.fail(id).await;
    let told = |number| {
        stage.told.iter().filter_map(move |event| match event.happening {
            Happening::PartFailed { number: found, after: None, .. } if found == number => Some("failed"),
            Happening::PartAborted { number: found } if found == number => Some("aborted"),
            _ => None,
        })
    };
    assert_eq!(told(2).collect::<Vec<_>>(), ["failed"]);
    assert_eq!(told(1).collect::<Vec<_>>(), ["aborted"]);
    stage.end().await;
}

/// Nothing of it could be sent again.
#[tokio::test(start_paused = true)]
async fn a_stream_that_has_arrived_is_looked_for_until_the_store_says_what_stands_there() {
    let mut stage = Stage::new();
    let path = pipe(&stage, bytes(2 * MIB));
    let upload = Upload { part_size: Some(MIB), threshold: Some(MIB), ..Upload::of(path) };
    stage.depot.script(|call, before| match (call, before) {
        (Call::Complete, 0) => Some(Trouble::Unheard(FaultKind::Cut)),
        (Call::Head, 0..=2) => Some(Trouble::Refused(FaultKind::Status(503))),
        _ => None,
    });
    let id = stage.add_spec(spec(upload)).await;
    stage.outcome(id).await.unwrap();
    assert_eq!(stage.depot.count(|call| call == Call::Complete), 2);
    assert!(stage.depot.object(URL).unwrap() == bytes(2 * MIB));
    stage.end().await;
}
