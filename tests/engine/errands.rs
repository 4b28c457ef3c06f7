//! Files that get another name or folder, and files that are read back.

use std::sync::Arc;

use haul::api::{Activity, Command, Event, Happening, Row};
use haul::model::{Checksum, FaultKind, Status, TransferId};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::{Act, FakeFile};
use crate::support::server::sha256;

fn slow() -> FakeFile {
    FakeFile::new(1, 8 * MIB).rate(MIB / 4)
}

async fn denied(stage: &mut Stage, id: TransferId) -> String {
    let told = stage.until(id, |happening| matches!(happening, Happening::Denied(_) | Happening::Moved(_))).await;
    assert!(matches!(told, Happening::Denied(_)), "{told:?}");
    told.sentence().into_owned()
}

/// How often a transfer was started, as far as was waited for.
fn starts(stage: &Stage) -> usize {
    stage.told.iter().filter(|event| matches!(event.happening, Happening::Started)).count()
}

async fn moved(stage: &mut Stage, id: TransferId) -> std::path::PathBuf {
    let told = stage.until(id, |happening| matches!(happening, Happening::Denied(_) | Happening::Moved(_))).await;
    let Happening::Moved(to) = told else { panic!("{told:?}") };
    to
}

#[tokio::test(start_paused = true)]
async fn one_that_runs_goes_on_under_another_name_with_what_it_has() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, 3 * MIB).await;
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    assert_eq!(moved(&mut stage, id).await, stage.downloads().join("b.bin"));
    assert_eq!(stage.item(id).unwrap().target.as_deref(), Some(&*stage.downloads().join("b.bin")));
    let done = stage.complete(id, "b.bin", &slow()).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 5 * MIB + MIB / 2), "{done:?}");
    assert_eq!(stage.names(), ["b.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_paused_stays_so_and_goes_on_elsewhere_after_a_restart() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    let folder = stage.downloads().join("deep/er");
    stage.send(Command::MoveTo { ids: vec![id], folder: folder.clone() }).await;
    assert_eq!(moved(&mut stage, id).await, folder.join("a.bin"));
    stage.is(id, Status::Paused).await;
    assert!(stage.parts().is_empty(), "its part file went with it");
    let mut stage = stage.again().await;
    stage.is(id, Status::Paused).await;
    stage.resume(id).await;
    let done = stage.outcome(id).await.unwrap();
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched <= 5 * MIB + MIB / 2), "{done:?}");
    assert_eq!(std::fs::read(folder.join("a.bin")).unwrap(), slow().bytes()[..]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_has_nothing_yet_only_learns_where_to_go() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    stage.fake.put("/a.bin", slow());
    stage.fake.put("/b.bin", FakeFile::new(2, MIB));
    let _first = stage.add("/a.bin").await;
    let second = stage.add("/b.bin").await;
    let folder = stage.downloads().join("x");
    stage.send(Command::MoveTo { ids: vec![second], folder: folder.clone() }).await;
    assert_eq!(moved(&mut stage, second).await, folder);
    stage.send(Command::Rename { id: second, name: "c.bin".to_owned() }).await;
    assert_eq!(moved(&mut stage, second).await, folder.join("c.bin"));
    stage.send(Command::StartNow(vec![second])).await;
    stage.outcome(second).await.unwrap();
    assert_eq!(std::fs::read(folder.join("c.bin")).unwrap(), FakeFile::new(2, MIB).bytes()[..]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_file_moves_and_nothing_is_ever_replaced() {
    let file = FakeFile::new(1, MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    std::fs::write(stage.downloads().join("taken"), b"mine").unwrap();
    for name in ["taken", "", ".", "..", "a/b", "a\nb"] {
        stage.send(Command::Rename { id, name: name.to_owned() }).await;
        denied(&mut stage, id).await;
    }
    assert_eq!(stage.names(), ["a.bin", "taken"]);
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    moved(&mut stage, id).await;
    let folder = stage.downloads().join("done");
    stage.send(Command::MoveTo { ids: vec![id], folder: folder.clone() }).await;
    assert_eq!(moved(&mut stage, id).await, folder.join("b.bin"));
    assert_eq!(std::fs::read(folder.join("b.bin")).unwrap(), file.bytes()[..]);
    stage.seen(|now| (*now.rows.get(0)?.target == folder.join("b.bin")).then_some(())).await;
    let mut stage = stage.again().await;
    stage.seen(|now| (*now.rows.get(0)?.target == folder.join("b.bin")).then_some(())).await;
    std::fs::remove_file(folder.join("b.bin")).unwrap();
    stage.send(Command::Rename { id, name: "c.bin".to_owned() }).await;
    assert!(denied(&mut stage, id).await.contains("not there any more"));
    stage.is(id, Status::Done).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_can_not_go_there_goes_on_where_it_is() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, MIB).await;
    std::fs::write(stage.downloads().join("taken"), b"mine").unwrap();
    stage.send(Command::Rename { id, name: "taken".to_owned() }).await;
    let why = denied(&mut stage, id).await;
    assert!(why.contains("choose another name or folder") && !why.contains("--overwrite"), "{why}");
    within(seconds(60), stage.complete(id, "a.bin", &slow())).await;
    assert_eq!(std::fs::read(stage.downloads().join("taken")).unwrap(), b"mine");
    assert_eq!(starts(&stage), 1, "it was not stopped for that");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_can_not_go_there_keeps_its_connections() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.fake.put("/b.bin", slow());
    let other = stage.add("/b.bin").await;
    stage.has(id, MIB).await;
    stage.has(other, MIB).await;
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    assert!(denied(&mut stage, id).await.contains("is being fetched by another transfer"));
    std::fs::write(stage.downloads().join("file"), b"mine").unwrap();
    stage.send(Command::MoveTo { ids: vec![id], folder: stage.downloads().join("file/deep/er") }).await;
    assert!(denied(&mut stage, id).await.contains("making the folder"));
    for (id, name) in [(id, "a.bin"), (other, "b.bin")] {
        // The second may have been the first to end.
        let is_over = |event: &Event| event.id == id && matches!(event.happening, Happening::Completed { .. });
        if !stage.told.iter().any(is_over) {
            stage.outcome(id).await.unwrap();
        }
        stage.holds(name, &slow());
    }
    assert_eq!(starts(&stage), 2, "neither was stopped for that");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_stop_would_throw_back_goes_elsewhere_at_its_end() {
    let file = slow().no_ranges();
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.has(id, 3 * MIB).await;
    std::fs::write(stage.downloads().join("taken"), b"mine").unwrap();
    stage.send(Command::Rename { id, name: "taken".to_owned() }).await;
    denied(&mut stage, id).await;
    let folder = stage.downloads().join("done");
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    stage.send(Command::MoveTo { ids: vec![id], folder: folder.clone() }).await;
    let done = stage.outcome(id).await.unwrap();
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched == 8 * MIB), "{done:?}");
    assert_eq!(moved(&mut stage, id).await, folder.join("b.bin"), "both orders count");
    assert_eq!(std::fs::read(folder.join("b.bin")).unwrap(), file.bytes()[..]);
    assert_eq!((starts(&stage), stage.fake.given("/a.bin")), (1, 8 * MIB));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_stop_would_throw_back_goes_elsewhere_when_the_user_stops_it() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow().no_ranges()).await;
    stage.has(id, 3 * MIB).await;
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    stage.pause(id).await;
    assert_eq!(moved(&mut stage, id).await, stage.downloads().join("b.bin"));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_file_is_read_back() {
    let file = FakeFile::new(7, 2 * MIB);
    let mut stage = Stage::new();
    let right: Checksum = format!("sha256:{}", sha256(7, 2 * MIB)).parse().unwrap();
    for (path, checksum) in [("/a.bin", Some(right.clone())), ("/b.bin", None)] {
        stage.fake.put(path, file.clone());
        let mut spec = stage.spec(path);
        spec.checksum = checksum.clone().map(Box::new);
        let id = stage.add_spec(spec).await;
        stage.complete(id, &path[1..], &file).await;
        stage.send(Command::Verify(vec![id])).await;
        let told = stage.until(id, |happening| matches!(happening, Happening::Verified { .. })).await;
        let Happening::Verified { checksum: found, compared } = told else { unreachable!() };
        assert_eq!((found, compared), (right.clone(), checksum.is_some()));
        stage.seen(|now| now.rows.iter().all(|row| row.errand.is_none()).then_some(())).await;
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn damage_is_found_and_told() {
    let file = FakeFile::new(7, 2 * MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    let mut spec = stage.spec("/a.bin");
    spec.checksum = Some(format!("sha256:{}", sha256(7, 2 * MIB)).parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    stage.send(Command::Verify(vec![id])).await;
    let early = stage.until(id, |happening| matches!(happening, Happening::Denied(_))).await;
    assert!(early.sentence().contains("not complete"));
    stage.complete(id, "a.bin", &file).await;
    let path = stage.downloads().join("a.bin");
    let mut bytes = file.bytes().to_vec();
    bytes[MIB as usize] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    for (spoil, said) in
        [(Some(bytes), "and should have sha256:"), (Some(vec![0; 9]), "has 9 bytes"), (None, "not there")]
    {
        match spoil {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        stage.send(Command::Verify(vec![id])).await;
        let told = stage.until(id, |happening| matches!(happening, Happening::Damaged(_))).await;
        assert!(told.sentence().contains(said), "{}", told.sentence());
        stage.seen(|now| now.rows.get(0)?.fault.clone().filter(|fault| fault.kind == FaultKind::Checksum)).await;
    }
    std::fs::write(&path, file.bytes()).unwrap();
    stage.send(Command::Verify(vec![id])).await;
    stage.until(id, |happening| matches!(happening, Happening::Verified { compared: true, .. })).await;
    stage.seen(|now| now.rows.get(0)?.fault.is_none().then_some(())).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_and_the_end_wait_for_no_errand() {
    let file = FakeFile::new(7, 64 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    stage.send(Command::Verify(vec![id])).await;
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    stage.send(Command::Remove { ids: vec![id], data: true }).await;
    stage.until(id, |happening| matches!(happening, Happening::Removed)).await;
    stage.send(Command::Undo).await;
    stage.until(id, |happening| matches!(happening, Happening::Restored)).await;
    stage.send(Command::Verify(vec![id])).await;
    let stage = stage.again().await;
    stage.is(id, Status::Done).await;
    stage.holds("a.bin", &file);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_to_where_it_is_stops_nothing_and_says_so() {
    let (mut stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, 3 * MIB).await;
    let folder = stage.downloads();
    stage.send(Command::MoveTo { ids: vec![id], folder: folder.clone() }).await;
    assert!(denied(&mut stage, id).await.contains("there already"));
    stage.complete(id, "a.bin", &slow()).await;
    assert_eq!(starts(&stage), 1, "it was not stopped for that");
    stage.send(Command::MoveTo { ids: vec![id], folder }).await;
    assert!(denied(&mut stage, id).await.contains("there already"));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_was_moved_while_it_waits_still_waits_with_what_it_has_and_can_be_renamed() {
    let file = FakeFile::new(1, 4 * MIB).script(|ask| match ask.number {
        1 => Act::serve().cut(MIB),
        2 => Act::status(429).retry_after(seconds(600)),
        _ => Act::serve(),
    });
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file.clone()).await;
    let waits = |activity| matches!(activity, Activity::Waiting(rest) if rest > seconds(60));
    stage.does(id, waits).await;
    let folder = stage.downloads().join("else");
    stage.send(Command::MoveTo { ids: vec![id], folder: folder.clone() }).await;
    assert_eq!(moved(&mut stage, id).await, folder.join("a.bin"));
    let is_waiting = |row: &Row| row.live.as_ref().is_some_and(|live| waits(live.activity));
    let at = |row: &&Arc<Row>| *row.target == folder.join("a.bin") && is_waiting(row);
    let row = stage.seen(|now| now.rows.iter().find(at).cloned()).await;
    assert_eq!((row.bytes_done(), row.length), (MIB, Some(4 * MIB)));
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    assert_eq!(moved(&mut stage, id).await, folder.join("b.bin"));
    let done = stage.outcome(id).await.unwrap();
    let Happening::Completed { target, fetched, .. } = done else { panic!("{done:?}") };
    assert_eq!((target, fetched), (folder.join("b.bin"), 3 * MIB));
    assert_eq!(std::fs::read(folder.join("b.bin")).unwrap(), file.bytes()[..]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_begins_anew_keeps_its_target_and_tells_of_no_bytes() {
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, slow()).await;
    stage.has(id, MIB).await;
    stage.pause(id).await;
    let new = FakeFile::new(2, MIB);
    let begun = stage.fake.opened("/a.bin").len();
    stage.fake.put(
        "/a.bin",
        new.clone().script(move |ask| match ask.number - begun {
            2 => Act::status(503).retry_after(seconds(60)),
            _ => Act::serve(),
        }),
    );
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Restarted(_))).await;
    stage.does(id, |activity| matches!(activity, Activity::Waiting(_))).await;
    let row = stage.row(id).unwrap();
    assert_eq!((row.bytes_done(), &*row.target), (0, &*stage.downloads().join("a.bin")));
    stage.send(Command::Rename { id, name: "b.bin".to_owned() }).await;
    assert_eq!(moved(&mut stage, id).await, stage.downloads().join("b.bin"));
    stage.complete(id, "b.bin", &new).await;
    assert_eq!(stage.names(), ["b.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_files_are_read_back_at_a_time_and_one_that_can_not_be_read_is_not_damaged() {
    let file = FakeFile::new(7, MIB);
    let mut stage = Stage::with(Wishes::default());
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        stage.fake.put(&format!("/{name}"), file.clone());
        let id = stage.add(&format!("/{name}")).await;
        stage.complete(id, name, &file).await;
        ids.push(id);
    }
    let path = |name: &str| stage.downloads().join(name);
    let (held, looped) = ([path("a"), path("b")], path("d"));
    for pipe in &held {
        // To open it for reading takes until somebody opens it for writing.
        std::fs::remove_file(pipe).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    }
    std::fs::remove_file(&looped).unwrap();
    std::os::unix::fs::symlink("d", &looped).unwrap();
    stage.send(Command::Verify(ids.clone())).await;
    for pipe in held {
        tokio::task::spawn_blocking(move || drop(std::fs::File::options().write(true).open(pipe))).await.unwrap();
    }
    // These two come together, in any order.
    let is_last = |happening: &Happening| matches!(happening, Happening::Denied(_) | Happening::Damaged(_));
    stage.until(ids[2], |happening| matches!(happening, Happening::Verified { .. })).await;
    let of_last = |event: &&Event| event.id == ids[3] && is_last(&event.happening);
    let told = match stage.told.iter().find(of_last) {
        Some(event) => event.happening.clone(),
        None => stage.until(ids[3], is_last).await,
    };
    assert!(matches!(told, Happening::Denied(_)), "{told:?}");
    let at = |id| {
        stage.told.iter().position(|event| {
            event.id == id
                && !matches!(
                    event.happening,
                    Happening::Completed { .. } | Happening::Added | Happening::Started | Happening::Answered { .. }
                )
        })
    };
    assert!(at(ids[0]).min(at(ids[1])) < at(ids[2]), "the third waits for its turn");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_no_copy_to_another_disk() {
    let (stage, id) = Stage::of(Wishes::default(), slow()).await;
    stage.has(id, 2 * MIB).await;
    let other = tempfile::tempdir().unwrap();
    stage.send(Command::MoveTo { ids: vec![id], folder: other.path().to_path_buf() }).await;
    let stopped = stage.stop().await;
    let is_one_disk = device(other.path()) == device(&stopped.downloads());
    let (left, come) = [stopped.downloads(), other.path().to_path_buf()]
        .map(|folder| std::fs::read_dir(folder).unwrap().count())
        .into();
    assert_eq!((left, come), if is_one_disk { (0, 1) } else { (1, 0) });
    let mut stage = stopped.start();
    stage.until(id, |happening| matches!(happening, Happening::Completed { .. })).await;
    stage.end().await;
}

fn device(folder: &std::path::Path) -> u64 {
    std::os::unix::fs::MetadataExt::dev(&std::fs::metadata(folder).unwrap())
}
