//! What waits for room on its disk, and goes on by itself.

use haul::api::{Command, Happening};
use haul::model::{FaultKind, Spec, Status, Target};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use super::uploads;
use crate::support::depot::{Call, Trouble};
use crate::support::fetch::FakeFile;

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_waited_for_and_takes_no_slot() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let (large, small) = (FakeFile::new(1, 8 * MIB), FakeFile::new(2, MIB));
    stage.fake.put("/large", large.clone());
    stage.fake.put("/small", small.clone());
    stage.fake.set_room(Some(4 * MIB));
    let waits = stage.add("/large").await;
    let fits = stage.add("/small").await;
    stage.complete(fits, "small", &small).await;
    let short = |now: &haul::api::Snapshot| now.rows.iter().find(|row| row.id == waits)?.short;
    assert_eq!(stage.seen(short).await.get(), 4 * MIB);
    let row = stage.row(waits).unwrap();
    assert_eq!((row.status, row.length, row.bytes_done()), (Status::DiskFull, Some(8 * MIB), 0));
    let told = row.fault.as_ref().unwrap().to_string();
    assert!(told.contains("8.4 MB more are needed and 4.2 MB are free; make room, and it goes on by itself"), "{told}");
    assert_eq!((stage.parts().len(), stage.fake.opened("/large").len()), (1, 1));
    // It survives a restart, without asking the server before there is room.
    let mut stage = stage.again().await;
    stage.until(waits, |happening| matches!(happening, Happening::DiskFull(_))).await;
    stage.is(waits, Status::DiskFull).await;
    let looks = stage.fake.looks();
    tokio::time::advance(seconds(60)).await;
    stage.fake.set_room(Some(64 * MIB));
    within(seconds(10), stage.complete(waits, "large", &large)).await;
    assert_eq!(
        stage.fake.opened("/large").len() - 1,
        stage.fake.opened("/large").iter().filter(|o| o.served).count() - 1
    );
    // Nobody looks any more.
    let after = stage.fake.looks();
    assert!(after > looks && after < looks + 40);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!(stage.fake.looks(), after);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_user_may_ask_again_at_once_or_pause_what_waits_for_room() {
    let file = FakeFile::new(1, 8 * MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    stage.fake.set_room(Some(4 * MIB));
    let id = stage.add("/a.bin").await;
    let full = |happening: &Happening| matches!(happening, Happening::DiskFull(_));
    stage.until(id, full).await;
    stage.send(Command::Retry(vec![id])).await;
    stage.until(id, full).await;
    assert_eq!(stage.fake.opened("/a.bin").len(), 1, "the disk is looked at before the server is asked");
    stage.pause(id).await;
    stage.fake.set_room(None);
    tokio::time::sleep(seconds(60)).await;
    stage.is(id, Status::Paused).await;
    stage.resume(id).await;
    stage.complete(id, "a.bin", &file).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_says_nothing_is_asked_once() {
    let file = FakeFile::new(1, 8 * MIB);
    let mut stage = Stage::new();
    stage.fake.set_room(Some(4 * MIB));
    let mut ids = Vec::new();
    for path in ["/a", "/b", "/c"] {
        stage.fake.put(path, file.clone());
        ids.push(stage.add(path).await);
        stage.is(ids[ids.len() - 1], Status::DiskFull).await;
    }
    stage.fake.hang_disk(Some(&stage.downloads()));
    let looks = stage.fake.looks();
    for _ in 0..20 {
        // A thread that blocks keeps the clock from going on by itself.
        tokio::time::advance(seconds(4)).await;
        tokio::task::yield_now().await;
    }
    let looks = stage.fake.looks() - looks;
    stage.fake.set_room(None);
    stage.fake.hang_disk(None);
    assert!(looks <= 1, "{looks}");
    for id in ids {
        within(seconds(10), stage.is(id, Status::Done)).await;
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_says_nothing_keeps_no_other_from_being_asked() {
    let file = FakeFile::new(1, 8 * MIB);
    let mut stage = Stage::new();
    let away = stage.downloads().join("away");
    std::fs::create_dir(&away).unwrap();
    stage.fake.set_room(Some(4 * MIB));
    let mut ids = Vec::new();
    for (path, folder) in [("/a", away.clone()), ("/b", stage.downloads())] {
        stage.fake.put(path, file.clone());
        let target = Target { folder: folder.into(), name: None };
        ids.push(stage.add_spec(Spec { target, ..stage.spec(path) }).await);
        stage.is(ids[ids.len() - 1], Status::DiskFull).await;
    }
    stage.fake.hang_disk(Some(&away));
    tokio::time::advance(seconds(4)).await;
    stage.fake.set_room(None);
    // A thread that blocks keeps the clock from going on by itself.
    let ticks = async {
        let patience = std::time::Instant::now() + seconds(60);
        while std::time::Instant::now() < patience {
            tokio::time::advance(seconds(1)).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = stage.is(ids[1], Status::Done) => {}
        () = ticks => panic!("the disk with room is not asked"),
    }
    stage.is(ids[0], Status::DiskFull).await;
    stage.fake.hang_disk(None);
    within(seconds(10), stage.is(ids[0], Status::Done)).await;
    stage.end().await;
}

/// What lacks room is what haul writes down, and not the file, which is there.
#[tokio::test(start_paused = true)]
async fn an_upload_that_waits_for_room_needs_none_for_its_file() {
    let mut stage = Stage::new();
    stage.fake.set_room(Some(4 * MIB));
    stage
        .depot
        .script(|call, before| (call == Call::Create && before == 0).then_some(Trouble::Refused(FaultKind::DiskFull)));
    let id = uploads::start(&mut stage, 8 * MIB).await;
    stage.until(id, |happening| matches!(happening, Happening::DiskFull(_))).await;
    uploads::complete(&mut stage, id, 8 * MIB).await;
    stage.end().await;
}
