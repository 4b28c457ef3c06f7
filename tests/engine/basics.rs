//! What an engine does on a good day.

use haul::api::{Activity, Command, Happening, Position};
use haul::model::{ByteRange, Checksum, FaultKind, Rate, Spec, Status, TransferId};
use haul::store::{Journal, Stamp};
use tokio::time::{Duration, Instant};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::FakeFile;
use crate::support::server::sha256;

#[tokio::test(start_paused = true)]
async fn a_file_comes_in_parts_and_is_told_of_in_order() {
    let file = FakeFile::new(1, 8 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    // 8 MiB over 4 connections of 4 MiB/s.
    let done = within(seconds(1), stage.complete(id, "a.bin", &file)).await;
    assert!(
        matches!(done, Happening::Completed { bytes, fetched, unchanged: false, .. } if bytes == 8 * MIB && fetched == bytes)
    );
    assert_eq!((stage.fake.most_open(), stage.fake.refused("/a.bin"), stage.fake.given("/a.bin")), (4, 0, 8 * MIB));
    let told: Vec<&Happening> = stage.told.iter().map(|event| &event.happening).collect();
    let [
        Happening::Added,
        Happening::Started,
        Happening::Answered { .. },
        parts @ ..,
        renamed,
        Happening::Completed { .. },
    ] = &told[..]
    else {
        panic!("{told:?}");
    };
    // Which of the four ends first is nobody's matter.
    let part = |happening: &&Happening| match happening {
        Happening::PartDone { range, .. } => *range,
        other => panic!("{other:?}"),
    };
    let mut ranges: Vec<ByteRange> = parts.iter().map(part).collect();
    ranges.sort_by_key(|range| range.start);
    assert_eq!(ranges, [0, 2, 4, 6].map(|start| ByteRange::new(start * MIB, (start + 2) * MIB)));
    assert!(matches!(renamed, Happening::Renamed(target) if target.ends_with("a.bin")), "{renamed:?}");
    let item = stage.item(id).unwrap();
    assert_eq!((item.status, item.length, item.done.total()), (Status::Done, Some(8 * MIB), 8 * MIB));
    assert!(stage.checkpoint(id).is_none());
    assert_eq!(stage.names(), ["a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_and_a_small_file_are_answered_and_get_their_names_as_others_do() {
    for length in [0, 5, MIB / 16] {
        // No server gives a part of an empty file.
        let file = FakeFile::new(1, length).no_ranges();
        let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        let told: Vec<&Happening> = stage.told.iter().map(|event| &event.happening).collect();
        let [
            Happening::Added,
            Happening::Started,
            Happening::Answered { target, length: Some(known), resumed: 0, resumable: true, .. },
            Happening::Renamed(renamed),
            Happening::Completed { .. },
        ] = &told[..]
        else {
            panic!("{length}: {told:?}");
        };
        assert!(target.ends_with("a.bin") && renamed == target && *known == length, "{told:?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn slots_are_kept_and_the_order_is_the_queues() {
    let mut stage = Stage::with(Wishes { transfers: Some(2), ..Wishes::default() });
    let mut ids = Vec::new();
    for number in 0..6 {
        stage.fake.put(&format!("/{number}"), FakeFile::new(number, MIB));
        ids.push((TransferId::from_bits(100 + number), stage.spec(&format!("/{number}"))));
    }
    stage.send(Command::Add(ids.clone())).await;
    // The last goes to the top while the first two run.
    stage.until(ids[1].0, |happening| matches!(happening, Happening::Started)).await;
    stage.send(Command::Move { ids: vec![ids[5].0], to: Position::Top }).await;
    stage.send(Command::Move { ids: vec![ids[2].0], to: Position::Down }).await;
    let mut done = 0;
    let mut started: Vec<u64> = stage
        .told
        .iter()
        .filter(|event| matches!(event.happening, Happening::Started))
        .map(|event| event.id.bits() - 100)
        .collect();
    let mut events = stage.handle.events();
    while done < 6 {
        let event = events.recv().await.unwrap();
        match event.happening {
            Happening::Started => started.push(event.id.bits() - 100),
            Happening::Completed { .. } => done += 1,
            _ => {}
        }
    }
    // One whose bytes have all come needs no slot, and each file is worth one connection.
    assert_eq!((stage.fake.most_open(), started), (2, vec![0, 1, 5, 3, 2, 4]));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_paused_one_goes_on_with_only_what_is_missing() {
    let file = FakeFile::new(1, 8 * MIB).rate(MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.has(id, 3 * MIB).await;
    stage.pause(id).await;
    assert_eq!(stage.fake.open_now(), 0);
    stage.is(id, Status::Paused).await;
    let saved = stage.checkpoint(id).unwrap().ledger.done().total();
    assert_eq!(stage.row(id).unwrap().bytes_done(), saved, "the row shows what is on disk");
    assert_eq!(stage.item(id).unwrap().status, Status::Paused);
    let given = stage.fake.given("/a.bin");
    assert!(given - saved <= 4 * 64 * 1024, "{given} were given, {saved} are kept");
    stage.resume(id).await;
    stage.until(id, |happening| matches!(happening, Happening::Answered { resumed, .. } if *resumed == saved)).await;
    let done = stage.complete(id, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched == 8 * MIB - saved), "{done:?}, {saved}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn odd_servers_are_served_by_one_stream() {
    let plain = FakeFile::new(1, 4 * MIB);
    for (file, resumable, told) in [
        (plain.clone().no_ranges(), false, Some(4 * MIB)),
        (plain.clone().no_ranges().no_length(), false, None),
        (plain.clone().no_length(), true, None),
    ] {
        let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
        let answered = stage.until(id, |happening| matches!(happening, Happening::Answered { .. })).await;
        assert!(
            matches!(answered, Happening::Answered { resumable: now, length, .. } if now == resumable && length == told),
            "{answered:?}"
        );
        stage.complete(id, "a.bin", &file).await;
        assert_eq!((stage.fake.most_open(), stage.fake.refused("/a.bin")), (1, 0));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn files_of_no_or_few_bytes_take_one_request() {
    for length in [0, 1, 4095, 4096, MIB - 1, MIB, MIB + 1] {
        for file in
            [FakeFile::new(1, length), FakeFile::new(1, length).no_ranges(), FakeFile::new(1, length).no_length()]
        {
            let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
            stage.complete(id, "a.bin", &file).await;
            // Where a part does not say how long the whole is, only another request can tell that this was its end.
            let most = if file.tells_length() { 1 } else { 2 };
            assert!(stage.fake.opened("/a.bin").len() <= most, "{length}");
            assert_eq!(stage.names(), ["a.bin"]);
            stage.end().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_checksum_decides() {
    let file = FakeFile::new(7, 2 * MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    let mut spec = stage.spec("/a.bin");
    spec.checksum = Some(format!("sha256:{}", sha256(7, 2 * MIB)).parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    let wrong: Box<Checksum> = format!("sha256:{}", sha256(8, 2 * MIB)).parse().map(Box::new).unwrap();
    spec.target.name = Some("b.bin".to_owned());
    spec.checksum = Some(wrong);
    let id = stage.add_spec(spec).await;
    assert_eq!(stage.fail(id).await.kind, FaultKind::Checksum);
    // Nothing stands at its name, and what came is kept.
    assert_eq!(stage.names().iter().filter(|name| !stage.parts().contains(name)).collect::<Vec<_>>(), ["a.bin"]);
    stage.is(id, Status::Failed).await;
    assert_eq!(stage.item(id).unwrap().status, Status::Failed);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn names_that_meet_are_numbered_and_targets_that_meet_are_refused() {
    let (one, two) = (FakeFile::new(1, 2 * MIB).rate(MIB), FakeFile::new(2, 2 * MIB).rate(MIB));
    let mut stage = Stage::new();
    stage.fake.put("/x/a.bin", one.clone());
    stage.fake.put("/y/a.bin", two.clone());
    let first = stage.add("/x/a.bin").await;
    stage.has(first, 1).await;
    let again = stage.add("/x/a.bin").await;
    assert!(matches!(stage.told.last().unwrap().happening, Happening::Refused(_)));
    assert!(stage.item(again).is_none());
    let second = stage.add("/y/a.bin").await;
    let mut spec = stage.spec("/y/a.bin");
    spec.target.name = Some("a.bin".to_owned());
    let third = stage.add_spec(spec.clone()).await;
    assert_eq!(stage.fail(third).await.kind, FaultKind::Busy);
    stage.is(first, Status::Done).await;
    stage.is(second, Status::Done).await;
    stage.holds("a.bin", &one);
    stage.holds("a (1).bin", &two);
    stage.send(Command::Retry(vec![third])).await;
    assert_eq!(stage.fail(third).await.kind, FaultKind::Exists);
    stage.send(Command::Remove { ids: vec![third], data: true }).await;
    spec.overwrite = true;
    let fourth = stage.add_spec(spec).await;
    stage.complete(fourth, "a.bin", &two).await;
    assert_eq!(stage.names(), ["a (1).bin", "a.bin"]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_finished_before_is_not_fetched_again() {
    let file = FakeFile::new(1, 2 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    let again = stage.add("/a.bin").await;
    let done = stage.complete(again, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { unchanged: true, fetched: 0, .. }));
    assert_eq!(stage.fake.given("/a.bin"), 2 * MIB);
    let newer = FakeFile::new(2, 2 * MIB);
    stage.fake.put("/a.bin", newer.clone());
    let third = stage.add("/a.bin").await;
    stage.complete(third, "a (1).bin", &newer).await;
    stage.holds("a.bin", &file);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn limits_are_exact_over_time_and_a_new_one_is_felt_at_once() {
    let file = FakeFile::new(1, 32 * MIB);
    let wishes = Wishes { limit: Some(Rate::per_second(MIB)), ..Wishes::default() };
    let mut stage = Stage::with(wishes);
    let mut ids = Vec::new();
    for path in ["/a", "/b"] {
        stage.fake.put(path, file.clone());
        ids.push(stage.add(path).await);
    }
    let given = |stage: &Stage| stage.fake.given("/a") + stage.fake.given("/b");
    let exact = |bytes: u64, wanted: u64| bytes.abs_diff(wanted) < wanted / 20 + 300_000;
    let pass = |span| tokio::time::sleep(span);
    pass(seconds(10)).await;
    let first = given(&stage);
    assert!(exact(first, 10 * MIB), "{first}");
    stage.send(Command::Limit(Some(Rate::per_second(20 * 1024)))).await;
    pass(seconds(100)).await;
    let second = given(&stage) - first;
    assert!(exact(second, 2_000 * 1024), "{second}");
    stage.send(Command::Limit(Some(Rate::per_second(2 * MIB)))).await;
    pass(seconds(5)).await;
    let third = given(&stage) - first - second;
    assert!(exact(third, 10 * MIB), "{third}");
    assert_eq!(stage.handle.snapshot().totals.limit, Some(Rate::per_second(2 * MIB)));
    stage.send(Command::Limit(None)).await;
    within(seconds(5), async {
        for (id, name) in [(ids[0], "a"), (ids[1], "b")] {
            stage.is(id, Status::Done).await;
            stage.holds(name, &file);
        }
    })
    .await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn each_transfer_keeps_its_own_limit() {
    let file = FakeFile::new(1, 4 * MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    stage.fake.put("/b.bin", file.clone());
    let mut spec = stage.spec("/a.bin");
    spec.limits.rate = Some(Rate::per_second(400 * 1024));
    let began = Instant::now();
    let slow = stage.add_spec(spec).await;
    let fast = stage.add("/b.bin").await;
    within(seconds(2), stage.complete(fast, "b.bin", &file)).await;
    stage.complete(slow, "a.bin", &file).await;
    let took = began.elapsed().as_secs_f64();
    assert!((10.1..10.4).contains(&took), "{took}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_the_mean_over_a_whole_download() {
    for (connections, length) in [(1, 5), (8, 40)] {
        let file = FakeFile::new(1, length * MIB);
        let limit = Some(Rate::per_second(5 * MIB));
        let began = Instant::now();
        let wishes = Wishes { connections, limit, ..Wishes::default() };
        let (mut stage, id) = Stage::of(wishes, file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        let (took, wanted) = (began.elapsed().as_secs_f64(), length as f64 / 5.0);
        // A twentieth of a second may be given at once; the beginning and the end are looked at a few times a second.
        assert!((wanted - 0.06..wanted + 0.3).contains(&took), "{connections}: {took} s");
        stage.end().await;
    }
}

/// Each connection has a buffer in the kernel that a fast sender fills at once, whatever the limit says.
#[tokio::test(start_paused = true)]
async fn under_a_limit_connections_are_opened_for_as_long_as_they_bring_more() {
    for (rate, opens) in [(100 * MIB, 1..=1), (MIB / 2, 7..=8)] {
        let file = FakeFile::new(1, 40 * MIB).rate(rate);
        let limit = Some(Rate::per_second(4 * MIB));
        let (mut stage, id) = Stage::of(Wishes { connections: 8, limit, ..Wishes::default() }, file.clone()).await;
        within(seconds(9), stage.has(id, 30 * MIB)).await;
        assert!(opens.contains(&stage.fake.most_open()), "{} of {rate} each", stage.fake.most_open());
        stage.send(Command::Limit(None)).await;
        stage.complete(id, "a.bin", &file).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn snapshots_come_ten_a_second_and_none_when_idle() {
    let file = FakeFile::new(1, 20 * MIB).rate(MIB);
    let (stage, id) = Stage::of(Wishes::default(), file).await;
    stage.has(id, 1).await;
    let changes = async |span| {
        let mut snapshots = stage.handle.snapshots();
        snapshots.mark_unchanged();
        let mut count = 0;
        let _ = tokio::time::timeout(span, async {
            while snapshots.changed().await.is_ok() {
                count += 1;
            }
        })
        .await;
        count
    };
    let running = changes(seconds(3)).await;
    assert!((10..=30).contains(&running), "{running}");
    stage.does(id, |activity| activity == Activity::Receiving).await;
    stage.send(Command::PauseAll).await;
    stage.is(id, Status::Paused).await;
    changes(Duration::from_millis(200)).await;
    assert_eq!(changes(seconds(60)).await, 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_cannot_be_written_is_told_once_and_costs_no_file() {
    let stopped = Stage::new().stop().await;
    std::fs::create_dir_all(stopped.state().join("history.ron")).unwrap();
    let mut stage = stopped.start();
    for (name, length) in [("small", 100), ("large", 4 * MIB), ("again", 100)] {
        let file = FakeFile::new(1, length);
        stage.fake.put(&format!("/{name}"), file.clone());
        let id = stage.add(&format!("/{name}")).await;
        stage.complete(id, name, &file).await;
    }
    let told: Vec<String> = stage
        .told
        .iter()
        .filter_map(|event| match &event.happening {
            Happening::Unnoted(fault) => Some(fault.to_string()),
            _ => None,
        })
        .collect();
    assert!(told.len() == 1 && told[0].contains("history.ron: it can't be noted what is complete"), "{told:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_its_name_already_is_not_fetched_again_to_replace_it() {
    let file = FakeFile::new(1, 2 * MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    let id = stage.add_spec(Spec { overwrite: true, ..stage.spec("/a.bin") }).await;
    stage.complete(id, "a.bin", &file).await;
    let asked = stage.fake.opened("/a.bin").len();
    let stopped = stage.stop().await;
    // It was killed before the queue learnt that.
    let queued = Stamp::Status(Status::Queued, None).record(id);
    Journal::open_to_append(&stopped.state()).unwrap().append([queued]).unwrap();
    let mut stage = stopped.start();
    stage.complete(id, "a.bin", &file).await;
    assert_eq!(stage.fake.opened("/a.bin").len(), asked);
    // Another one is to replace it.
    let other = stage.add_spec(Spec { overwrite: true, ..stage.spec("/a.bin") }).await;
    let done = stage.complete(other, "a.bin", &file).await;
    assert!(matches!(done, Happening::Completed { fetched, .. } if fetched == 2 * MIB), "{done:?}");
    stage.end().await;
}
