//! Bytes that came damaged, and checksums that are wrong: what is fetched once more, what is taken, and what never is.

use haul::api::{Activity, Command, Happening};
use haul::model::{Algorithm, FaultKind, Source, Status, Sums, TransferId, Weight};

use super::stage::{MIB, Stage, Wishes};
use crate::support::fetch::FakeFile;
use crate::support::server::sha256;

const LENGTH: u64 = 8 * MIB;

fn file() -> FakeFile {
    FakeFile::new(7, LENGTH)
}

fn right() -> String {
    format!("sha256:{}", sha256(7, LENGTH))
}

fn wrong() -> String {
    format!("sha256:{}", sha256(8, LENGTH))
}

/// A transfer of the file, with the checksum that the user gives.
async fn begin(file: &FakeFile, checksum: Option<&str>) -> (Stage, TransferId) {
    let mut stage = Stage::with(Wishes::default());
    stage.fake.put("/a.bin", file.clone());
    let mut spec = stage.spec("/a.bin");
    spec.checksum = checksum.map(|sum| sum.parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    (stage, id)
}

/// What was told of second fetches.
fn repairs(stage: &Stage) -> Vec<(u64, u64)> {
    let found = |happening: &Happening| match happening {
        Happening::Repaired { damaged, blocks } => Some((*damaged, *blocks)),
        _ => None,
    };
    stage.told.iter().filter_map(|event| found(&event.happening)).collect()
}

fn doubts(stage: &Stage) -> usize {
    stage.told.iter().filter(|event| matches!(event.happening, Happening::Doubted(_))).count()
}

/// Panics unless the transfer ended right, checked so.
async fn ends_right(stage: &mut Stage, id: TransferId, algorithms: &[Algorithm]) {
    let done = stage.complete(id, "a.bin", &file()).await;
    assert!(matches!(&done, Happening::Completed { checked, .. } if checked == algorithms), "{done:?}");
    assert_eq!(stage.names(), ["a.bin"]);
}

#[tokio::test(start_paused = true)]
async fn a_block_that_came_damaged_is_found_by_a_second_fetch() {
    for file in [file(), file().no_ranges(), file().no_ranges().no_length()] {
        let (mut stage, id) = begin(&file.damaged(5 * MIB + 77, 0..1), Some(&right())).await;
        ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
        assert_eq!((repairs(&stage), stage.fake.given("/a.bin")), (vec![(1, 8)], 2 * LENGTH));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_fetch_that_is_damaged_elsewhere_does_no_harm() {
    // The blocks in which the two differ come a third time, and no others.
    let file = file().damaged(5 * MIB + 77, 0..1).damaged(2 * MIB + 700_000, 1..2);
    let (mut stage, id) = begin(&file, Some(&right())).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!(repairs(&stage), [(2, 8), (1, 8)]);
    let given = stage.fake.given("/a.bin");
    assert!(given <= 2 * LENGTH + 2 * MIB + MIB / 2, "{given}");
    stage.end().await;
    // A line that damages something each time ends, and not with a wrong file.
    let hopeless = self::file().damaged(5 * MIB, 0..1).damaged(2 * MIB + 700_000, 1..9).damaged(MIB, 0..9);
    let (mut stage, id) = begin(&hopeless, Some(&right())).await;
    let fault = stage.fail(id).await;
    assert!(fault.to_string().contains("came otherwise"), "{fault}");
    assert_eq!(stage.names(), stage.parts());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_is_stopped_goes_on() {
    let (mut stage, id) = begin(&file().damaged(5 * MIB + 77, 0..1).rate(MIB), Some(&right())).await;
    stage.does(id, |activity| activity == Activity::Repairing).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    let mut stage = stage.again().await;
    stage.resume(id).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    let given = stage.fake.given("/a.bin");
    assert!(given <= 2 * LENGTH + MIB, "{given}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_announces_is_compared_by_itself() {
    let file = file().announces(&right(), Weight::Firm);
    let (mut stage, id) = begin(&file, None).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!((repairs(&stage).len(), stage.fake.given("/a.bin")), (0, LENGTH));
    stage.end().await;
    let (mut stage, id) = begin(&file.damaged(3, 0..1), None).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!(repairs(&stage), [(1, 8)]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_nobody_says_anything_nothing_is_claimed() {
    let (mut stage, id) = begin(&file(), None).await;
    ends_right(&mut stage, id, &[]).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn two_fetches_that_agree_and_are_not_what_was_asked_for_are_refused_and_kept() {
    let (mut stage, id) = begin(&file(), Some(&wrong())).await;
    let fault = stage.fail(id).await;
    assert_eq!(fault.kind, FaultKind::Checksum);
    assert!(fault.to_string().contains("a second fetch gave the same bytes"), "{fault}");
    assert_eq!((repairs(&stage), stage.fake.given("/a.bin")), (vec![(0, 8)], 2 * LENGTH));
    assert_eq!((stage.names(), stage.parts().len()), (stage.parts(), 1));
    assert_eq!(stage.item(id).unwrap().status, Status::Failed);
    stage.is(id, Status::Failed).await;
    assert_eq!(stage.row(id).unwrap().bytes_done(), LENGTH);
    // The checksum was mistyped: the right one takes what came, and asks for nothing.
    let mut spec = stage.spec("/a.bin");
    spec.checksum = Some(right().parse().map(Box::new).unwrap());
    stage.send(Command::Remove { ids: vec![id], data: false }).await;
    let id = stage.add_spec(spec).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!(stage.fake.given("/a.bin"), 2 * LENGTH);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lies_about_its_own_file_is_believed_only_on_request() {
    let lying = file().announces(&wrong(), Weight::Firm);
    let (mut stage, id) = begin(&lying, None).await;
    let fault = stage.fail(id).await;
    assert_eq!(fault.kind, FaultKind::Checksum);
    assert!(fault.to_string().contains("--no-digests"), "{fault}");
    assert_eq!(stage.names(), stage.parts());
    stage.send(Command::Remove { ids: vec![id], data: false }).await;
    let mut spec = stage.spec("/a.bin");
    spec.digests = false;
    let id = stage.add_spec(spec).await;
    ends_right(&mut stage, id, &[]).await;
    assert_eq!(stage.fake.given("/a.bin"), 2 * LENGTH, "what came was kept");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_users_word_goes_before_the_servers() {
    let (mut stage, id) = begin(&file().announces(&wrong(), Weight::Firm), Some(&right())).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!((doubts(&stage), repairs(&stage).len(), stage.fake.given("/a.bin")), (1, 0, LENGTH));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_hint_is_a_reason_to_look_again_and_no_more() {
    let hint = "md5:00000000000000000000000000000000";
    let (mut stage, id) = begin(&file().announces(hint, Weight::Hint), None).await;
    ends_right(&mut stage, id, &[]).await;
    assert_eq!((doubts(&stage), repairs(&stage)), (1, vec![(0, 8)]));
    stage.end().await;
    // A promise that is kept leaves nothing to look for.
    let both = file().announces(hint, Weight::Hint).announces(&right(), Weight::Firm);
    let (mut stage, id) = begin(&both, None).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    assert_eq!((doubts(&stage), repairs(&stage).len()), (1, 0));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn over_tls_a_hint_costs_no_second_fetch() {
    let mut stage = Stage::with(Wishes::default());
    stage.fake.put("/a.bin", file().announces("md5:00000000000000000000000000000000", Weight::Hint));
    let mut spec = stage.spec("/a.bin");
    spec.source = Source::parse("https://fake/a.bin").unwrap();
    let id = stage.add_spec(spec).await;
    ends_right(&mut stage, id, &[]).await;
    assert_eq!((doubts(&stage), stage.fake.given("/a.bin")), (1, LENGTH));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_server_vouches_for_is_not_fetched_again_to_be_the_same() {
    let (mut stage, id) = begin(&file().announces(&right(), Weight::Firm), Some(&wrong())).await;
    let fault = stage.fail(id).await;
    assert_eq!(fault.kind, FaultKind::Checksum);
    assert!(fault.to_string().contains("announces of its own file"), "{fault}");
    assert_eq!((stage.names(), stage.fake.given("/a.bin")), (stage.parts(), LENGTH));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_file_is_not_fetched_once_more_for_each_mirror_of_another_length() {
    let mut stage = Stage::new();
    for (path, length) in [("/a.bin", LENGTH), ("/b.bin", LENGTH + 1), ("/c.bin", LENGTH + 2), ("/d.bin", LENGTH + 3)] {
        stage.fake.put(path, FakeFile::new(length, length).rate(MIB / 4));
    }
    let mut spec = stage.spec("/a.bin");
    spec.mirrors = ["/b.bin", "/c.bin", "/d.bin"].map(|path| stage.spec(path).source).into();
    spec.checksum = Some(wrong().parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Checksum);
    for path in ["/a.bin", "/b.bin", "/c.bin", "/d.bin"] {
        let given = stage.fake.given(path);
        assert!((LENGTH..=2 * LENGTH + MIB).contains(&given), "{path}: {given}");
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn with_digests_of_parts_only_the_damaged_one_comes_again() {
    let file = file().announces_parts().script(|_| crate::support::fetch::Act::serve().at_most(2 * MIB));
    let (mut stage, id) = begin(&file.clone().damaged(5 * MIB, 0..1), None).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    let given = stage.fake.given("/a.bin");
    assert!(given <= LENGTH + 3 * MIB, "{given}");
    let told = repairs(&stage);
    assert!(matches!(told[..], [(1, 8)]), "{told:?}");
    stage.end().await;
    // It comes so each time: the whole is compared too, and then it is refused.
    let (mut stage, id) = begin(&file.damaged(5 * MIB, 0..u32::MAX), None).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Checksum);
    assert_eq!(stage.names(), stage.parts());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_block_that_the_disk_has_lost_comes_again_alone() {
    use std::os::unix::fs::FileExt;
    // So slowly that half of it is seen long before it is compared.
    let (mut stage, id) = begin(&file().rate(MIB / 4), Some(&right())).await;
    stage.has(id, 4 * MIB).await;
    let first = stage.row(id).unwrap().done.ranges()[0];
    let part = std::fs::File::options().write(true).open(stage.part("a.bin")).unwrap();
    part.write_all_at(b"damage", first.start).unwrap();
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    // The last bytes of the file may come twice.
    let given = stage.fake.given("/a.bin");
    assert!(given <= LENGTH + MIB + LENGTH / 50, "{given}");
    assert_eq!(repairs(&stage), [(1, 8)]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_announced_is_remembered_over_a_restart() {
    let file = file().rate(MIB).announces(&wrong(), Weight::Firm);
    let (mut stage, id) = begin(&file, None).await;
    stage.has(id, 5 * MIB).await;
    stage.pause(id).await;
    // The same file, of which nothing is announced any more.
    stage.fake.put("/a.bin", self::file());
    let mut stage = stage.again().await;
    stage.resume(id).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Checksum);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_finished_before_is_compared_with_the_checksum_too() {
    let (mut stage, id) = begin(&file(), None).await;
    ends_right(&mut stage, id, &[]).await;
    let mut spec = stage.spec("/a.bin");
    spec.checksum = Some(right().parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec.clone()).await;
    ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
    spec.checksum = Some(wrong().parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    let fault = stage.fail(id).await;
    assert_eq!(fault.kind, FaultKind::Checksum);
    assert!(fault.to_string().contains("--overwrite"), "{fault}");
    stage.holds("a.bin", &file());
    stage.end().await;
}

/// A transfer whose checksum is in a list.
async fn listed(lists: &[(&str, String)], sums: &str) -> (Stage, TransferId) {
    let mut stage = Stage::with(Wishes::default());
    stage.fake.put("/x/a.bin", file());
    for (path, text) in lists {
        stage.fake.put(path, FakeFile::of(text.clone().into_bytes()));
    }
    let mut spec = stage.spec("/x/a.bin?v=1");
    spec.sums = Some(sums.parse::<Sums>().unwrap());
    let id = stage.add_spec(spec).await;
    (stage, id)
}

#[tokio::test(start_paused = true)]
async fn a_list_beside_the_file_is_found_and_decides() {
    let line = |seed| format!("{}  other.bin\n{} *a.bin\n", sha256(1, 1), sha256(seed, LENGTH));
    for (path, sums) in [("/x/SHA256SUMS", "auto"), ("/x/a.bin.sha256", "auto"), ("/y/list", "http://fake/y/list")] {
        let (mut stage, id) = listed(&[(path, line(7))], sums).await;
        ends_right(&mut stage, id, &[Algorithm::Sha256]).await;
        assert_eq!(stage.fake.opened(path).len(), 1);
        stage.end().await;
        let (mut stage, id) = listed(&[(path, line(8))], sums).await;
        assert_eq!(stage.fail(id).await.kind, FaultKind::Checksum);
        assert_eq!(stage.names(), stage.parts());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_missing_or_names_others_is_a_fault_before_a_byte_comes() {
    let other = format!("{}  other.bin\n", sha256(1, 1));
    let long = "x".repeat(2 << 20);
    for (lists, sums) in [
        (vec![], "auto"),
        (vec![("/x/SHA256SUMS", other.clone())], "auto"),
        (vec![("/y/list", other)], "http://fake/y/list"),
        (vec![("/y/list", long)], "http://fake/y/list"),
    ] {
        let (mut stage, id) = listed(&lists, sums).await;
        let fault = stage.fail(id).await;
        assert_eq!(fault.kind, FaultKind::Checksum, "{fault}");
        assert_eq!((stage.fake.given("/x/a.bin"), stage.names().len()), (0, 0));
        stage.end().await;
    }
}
