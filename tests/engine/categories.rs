//! What is added paused, when it was added, its category, and the folder that it goes to for that.

use std::path::Path;
use std::sync::Arc;

use haul::api::{Command, Happening, Row};
use haul::model::{Spec, Status, TransferId};

use super::stage::{MIB, Stage, Wishes};
use crate::support::fetch::FakeFile;

fn by_category() -> Wishes {
    Wishes { categories: &[("mp4", "films"), ("iso", "disks")], ..Wishes::default() }
}

fn sorted(stage: &Stage, path: &str) -> Spec {
    Spec { sorts: true, ..stage.spec(path) }
}

/// The row, once it stands so.
async fn row(stage: &Stage, id: TransferId, wanted: impl Fn(&Row) -> bool) -> Arc<Row> {
    stage.seen(|now| now.rows.iter().find(|row| row.id == id && wanted(row)).cloned()).await
}

async fn completed(stage: &mut Stage, id: TransferId) -> std::path::PathBuf {
    match stage.outcome(id).await.unwrap() {
        Happening::Completed { target, .. } => target,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_goes_to_the_folder_of_its_name_or_of_the_name_that_its_server_tells() {
    for (length, rate) in [(1000, None), (3 * MIB, Some(MIB))] {
        let file = |seed| {
            let file = FakeFile::new(seed, length);
            if let Some(rate) = rate { file.rate(rate) } else { file }
        };
        let mut stage = Stage::with(by_category());
        stage.fake.put("/a.mp4", file(1));
        stage.fake.put("/b.mp4", file(2).named("b.iso"));
        stage.fake.put("/c.iso", file(3).named("c.txt"));
        stage.fake.put("/get", file(4).named("d.mp4"));
        for (path, target) in
            [("/a.mp4", "films/a.mp4"), ("/b.mp4", "disks/b.iso"), ("/c.iso", "c.txt"), ("/get", "films/d.mp4")]
        {
            let id = stage.add_spec(sorted(&stage, path)).await;
            assert_eq!(completed(&mut stage, id).await, stage.downloads().join(target), "{path}");
            let row = row(&stage, id, |row| row.status == Status::Done).await;
            assert_eq!(row.category.as_deref(), target.split_once('/').map(|parts| parts.0), "{path}");
        }
        // Once more: it is found where it is, by the name that the server tells.
        let again = stage.add_spec(sorted(&stage, "/get")).await;
        assert_eq!(completed(&mut stage, again).await, stage.downloads().join("films/d.mp4"));
        // Where the user has named a folder, it goes there.
        stage.fake.put("/e.mp4", file(5));
        let named = stage.add("/e.mp4").await;
        assert_eq!(completed(&mut stage, named).await, stage.downloads().join("e.mp4"));
        assert_eq!(row(&stage, named, |row| row.status == Status::Done).await.category.as_deref(), Some("films"));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_category_by_hand_lasts_and_takes_the_file_along_only_as_long_as_nothing_is_there() {
    let mut stage = Stage::with(by_category());
    stage.fake.put("/a.mp4", FakeFile::new(1, 4 * MIB).rate(MIB));
    let held = Spec { held: true, ..sorted(&stage, "/a.mp4") };
    let id = stage.add_spec(held).await;
    let (films, disks) = (stage.downloads().join("films"), stage.downloads().join("disks"));
    let is = |row: &Row, name: &str, folder: &Path| row.category.as_deref() == Some(name) && *row.folder() == *folder;
    row(&stage, id, |row| is(row, "films", &films)).await;
    stage.send(Command::Categorize { ids: vec![id], category: Some("disks".into()) }).await;
    row(&stage, id, |row| is(row, "disks", &disks)).await;
    let mut stage = stage.again().await;
    row(&stage, id, |row| is(row, "disks", &disks)).await;
    stage.resume(id).await;
    stage.has(id, MIB).await;
    stage.send(Command::Categorize { ids: vec![id], category: None }).await;
    // What is on disk stays.
    row(&stage, id, |row| is(row, "films", &disks)).await;
    assert_eq!(completed(&mut stage, id).await, stage.downloads().join("disks/a.mp4"));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rename_and_a_move_before_the_beginning_choose_the_folder_too() {
    let mut stage = Stage::with(by_category());
    stage.fake.put("/a.mp4", FakeFile::new(1, 1000));
    let spec = Spec { held: true, ..sorted(&stage, "/a.mp4") };
    let id = stage.add_spec(spec).await;
    stage.send(Command::Rename { id, name: "b.iso".to_owned() }).await;
    let moved = stage.until(id, |happening| matches!(happening, Happening::Moved(_))).await;
    assert!(matches!(moved, Happening::Moved(to) if to == stage.downloads().join("disks/b.iso")));
    // Also into the very folder that files without a category go to.
    stage.send(Command::MoveTo { ids: vec![id], folder: stage.downloads() }).await;
    stage.until(id, |happening| matches!(happening, Happening::Moved(_))).await;
    stage.resume(id).await;
    assert_eq!(completed(&mut stage, id).await, stage.downloads().join("b.iso"));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_added_paused_never_starts_and_knows_when_it_was_added() {
    for durable in [true, false] {
        let mut stage = Stage::with(Wishes { durable, ..Wishes::default() });
        stage.fake.put("/a.bin", FakeFile::new(1, MIB));
        let id = stage.add_spec(Spec { held: true, ..stage.spec("/a.bin") }).await;
        let now = haul::model::WallClock::now(&stage.clock);
        let waits = |row: &Row| row.status == Status::Paused && row.added == Some(now);
        row(&stage, id, waits).await;
        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        assert!(stage.fake.opened("/a.bin").is_empty());
        assert!(!stage.told.iter().any(|event| matches!(event.happening, Happening::Started)));
        if durable {
            stage = stage.again().await;
            row(&stage, id, waits).await;
        }
        stage.resume(id).await;
        stage.complete(id, "a.bin", &FakeFile::new(1, MIB)).await;
        stage.end().await;
    }
}
