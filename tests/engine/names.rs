//! Names that haul has chosen and somebody else takes meanwhile, and what is told of a queue that can't be written.

use std::fs;

use haul::api::Happening;
use haul::model::{FaultKind, MetalinkFile, Status};

use super::stage::{MIB, Stage, Wishes, seconds};
use crate::support::fetch::FakeFile;

#[tokio::test(start_paused = true)]
async fn a_name_that_haul_chose_makes_room_for_what_came_there_meanwhile() {
    let file = FakeFile::new(1, 2 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().rate(MIB / 4)).await;
    stage.has(id, MIB / 2).await;
    fs::write(stage.downloads().join("a.bin"), "precious").unwrap();
    let Happening::Completed { target, .. } = stage.complete(id, "a (1).bin", &file).await else { panic!() };
    assert_eq!(target, stage.downloads().join("a (1).bin"));
    assert_eq!(stage.names(), ["a (1).bin", "a.bin"]);
    assert_eq!(fs::read(stage.downloads().join("a.bin")).unwrap(), b"precious");
    assert!(stage.checkpoint(id).is_none());
    assert_eq!(stage.item(id).unwrap().target.as_deref(), Some(&*target));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_metalinks_names_keep_their_folders_and_stay_below() {
    let mut stage = Stage::new();
    let (small, large) = (FakeFile::new(1, 100), FakeFile::new(2, 4 * MIB));
    for (number, (name, target)) in [
        ("debian/12/a.iso", "debian/12/a.iso"),
        ("debian/13/a.iso", "debian/13/a.iso"),
        ("../b.iso", "b.iso"),
        ("x/../../c.iso", "c.iso"),
        ("/etc/d.iso", "d.iso"),
        (".ssh/e\u{1b}.iso", "ssh/e.iso"),
        ("C:\\f/g.iso", "g.iso"),
        ("//h.iso", "h.iso"),
    ]
    .into_iter()
    .enumerate()
    {
        for (file, user) in [(&small, None), (&large, Some("mine"))] {
            let path = format!("/{number}-{}", user.is_some());
            stage.fake.put(&path, file.clone());
            let mut spec = stage.spec(&path);
            spec.describe(&MetalinkFile { name: name.to_owned(), ..MetalinkFile::default() });
            spec.target.name = user.map(|user| format!("{user} {number}"));
            let id = stage.add_spec(spec.clone()).await;
            let target = spec.target.name.unwrap_or_else(|| target.to_owned());
            stage.complete(id, &target, file).await;
        }
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_taken_between_two_runs_makes_room_too() {
    let file = FakeFile::new(1, 2 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().rate(MIB / 4)).await;
    stage.has(id, MIB).await;
    let stopped = stage.stop().await;
    fs::create_dir(stopped.downloads().join("a.bin")).unwrap();
    stage = stopped.start();
    stage.complete(id, "a (1).bin", &file).await;
    assert!(stage.fake.given("/a.bin") < 2 * MIB + 512 * 1024, "what was on disk is not fetched again");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_the_user_chose_does_not() {
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", FakeFile::new(1, 2 * MIB).rate(MIB / 4));
    let mut spec = stage.spec("/a.bin");
    spec.target.name = Some("mine.bin".to_owned());
    let id = stage.add_spec(spec).await;
    stage.has(id, MIB / 2).await;
    fs::write(stage.downloads().join("mine.bin"), "precious").unwrap();
    assert_eq!(stage.fail(id).await.kind, FaultKind::Exists);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_queue_could_not_be_told_is_written_once_it_can_be() {
    let file = FakeFile::new(1, 2 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().rate(MIB / 4)).await;
    let (queue, aside) = (stage.state().join("queue.ron"), stage.state().join("aside"));
    fs::rename(&queue, &aside).unwrap();
    fs::create_dir(&queue).unwrap();
    stage.complete(id, "a.bin", &file).await;
    let why = stage.seen(|now| now.unsaved.clone()).await;
    assert!(why.subject.ends_with("queue.ron"), "{why}");
    fs::remove_dir(&queue).unwrap();
    fs::rename(&aside, &queue).unwrap();
    stage.seen(|now| now.unsaved.is_none().then_some(())).await;
    assert_eq!(stage.item(id).unwrap().status, Status::Done);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_complete_leaves_no_checkpoint_of_a_part_file_that_somebody_has_deleted() {
    let file = FakeFile::new(1, 2 * MIB);
    let wishes = Wishes { durable: false, ..Wishes::default() };
    let (stage, first) = Stage::of(wishes, file.clone().rate(MIB / 4)).await;
    stage.has(first, MIB).await;
    let stopped = stage.stop().await;
    let part = haul::store::part_name(&stopped.downloads().join("a.bin"));
    fs::remove_file(stopped.downloads().join(part)).unwrap();
    let mut stage = stopped.start();
    assert!(stage.checkpoint(first).is_some());
    let again = stage.add("/a.bin").await;
    stage.complete(again, "a.bin", &file).await;
    tokio::time::sleep(seconds(1)).await;
    let stopped = stage.stop().await;
    assert_eq!(fs::read_dir(stopped.state().join("checkpoints")).unwrap().count(), 0);
}
