//! Part files that are damaged while no engine runs.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use haul::api::Happening;
use haul::model::ByteRange;
use haul::protocol::Asked;
use haul::store::Checkpoint;

use super::stage::{MIB, Stage, Wishes};
use crate::support::fetch::FakeFile;

/// Downloads about three quarters of 8 MiB, damages the part file while no engine runs, and goes on.
async fn damaged(file: FakeFile, damage: impl Fn(&Path)) -> (Vec<Asked>, u64) {
    let (stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file.clone().rate(MIB)).await;
    stage.has(id, 5 * MIB + MIB / 2).await;
    let part = stage.part("a.bin");
    let stopped = stage.stop().await;
    let before = (stopped.fake.given("/a.bin"), stopped.fake.opened("/a.bin").len());
    damage(&part);
    stopped.fake.put("/a.bin", file.clone());
    let mut stage = stopped.start();
    let done = stage.complete(id, "a.bin", &file).await;
    let Happening::Completed { fetched, .. } = done else { panic!() };
    let is_told = stage
        .told
        .iter()
        .any(|event| matches!(event.happening, Happening::Repaired { damaged: 1.., .. } | Happening::Unnoted(_)));
    assert_eq!(is_told, fetched > 8 * MIB - before.0 + 16 * 1024, "what was lost is told: {:?}", stage.told);
    let asked = stage.fake.opened("/a.bin")[before.1..].iter().map(|opened| opened.asked).collect();
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
    (asked, fetched.saturating_sub(8 * MIB - before.0))
}

#[tokio::test(start_paused = true)]
async fn what_was_damaged_on_disk_is_counted_in_blocks() {
    let file = FakeFile::new(3, 8 * MIB);
    let (mut stage, id) = Stage::of(Wishes { connections: 3, ..Wishes::default() }, file.clone().rate(MIB / 8)).await;
    for step in 1..=7 {
        stage.has(id, step * MIB - MIB / 3).await;
        stage.pause(id).await;
        stage.resume(id).await;
    }
    let part = stage.part("a.bin");
    let stopped = stage.stop().await;
    let claims = Checkpoint::load(&stopped.state(), id).unwrap().unwrap().ledger;
    let touched: BTreeSet<u64> =
        claims.fragments().flat_map(|claim| claim.start / MIB..=(claim.range().end - 1) / MIB).collect();
    assert!(
        claims.fragments().count() > touched.len(),
        "some blocks have several claims: {:?}",
        claims.fragments().collect::<Vec<_>>()
    );
    fs::write(&part, vec![0x55; 8 << 20]).unwrap();
    stopped.fake.put("/a.bin", file.clone());
    let mut stage = stopped.start();
    stage.complete(id, "a.bin", &file).await;
    let told = stage.told.iter().find_map(|event| match event.happening {
        Happening::Repaired { damaged, blocks } => Some((damaged, blocks)),
        _ => None,
    });
    assert_eq!(told, Some((touched.len() as u64, 8)));
    stage.end().await;
}

fn flip(part: &Path, position: u64) {
    let file = OpenOptions::new().read(true).write(true).open(part).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, position).unwrap();
    file.write_all_at(&[!byte[0]], position).unwrap();
}

#[tokio::test(start_paused = true)]
async fn exactly_the_damaged_blocks_are_fetched_again() {
    let strong = FakeFile::new(1, 8 * MIB);
    for file in [strong.clone(), strong.clone().etag(Some("W/\"weak\"")), strong.clone().etag(None)] {
        let slack = 16 * 1024;
        let (_, more) = damaged(file.clone(), |_| {}).await;
        assert!(more <= slack, "{more}");
        let (asked, more) = damaged(file.clone(), |part| {
            flip(part, 5);
            flip(part, 3 * MIB + 7);
        })
        .await;
        assert!((2 * MIB..=2 * MIB + slack).contains(&more), "{more}");
        assert!(asked.contains(&Asked::Part(ByteRange::new(0, MIB))), "{asked:?}");
        let cut = |part: &Path| OpenOptions::new().write(true).open(part).unwrap().set_len(4 * MIB).unwrap();
        let (_, more) = damaged(file.clone(), cut).await;
        assert!((MIB..=2 * MIB).contains(&more), "{more}");
        let (_, more) = damaged(file.clone(), |part| fs::remove_file(part).unwrap()).await;
        assert!(more >= 5 * MIB, "{more}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_back_is_shown_as_checked() {
    let file = FakeFile::new(1, 8 * MIB).rate(MIB / 4);
    let (stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, file).await;
    assert_eq!(stage.row(id).and_then(|row| Some(row.live.as_ref()?.checked.total())).unwrap_or(0), 0);
    stage.has(id, 5 * MIB + MIB / 2).await;
    let part = stage.part("a.bin");
    let stopped = stage.stop().await;
    flip(&part, 3 * MIB + 7);
    let stage = stopped.start();
    let checked = stage.seen(|now| {
        let checked = now.rows.iter().find(|row| row.id == id)?.live.as_ref()?.checked.clone();
        (checked.total() >= 4 * MIB + MIB / 2).then_some(checked)
    });
    let checked = checked.await;
    assert_eq!(checked.ranges()[0], ByteRange::new(0, 3 * MIB));
    assert_eq!(checked.ranges()[1].start, 4 * MIB);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_damaged_end_is_no_other_version() {
    // Where the overlap with the server's bytes would be looked at, the disk is wrong.
    let weak = FakeFile::new(1, 8 * MIB).etag(Some("W/\"weak\""));
    let at_the_end = |part: &Path| flip(part, 5 * MIB + MIB / 2 - 1);
    let (_, more) = damaged(weak, at_the_end).await;
    assert!(more <= MIB, "{more}");
}
