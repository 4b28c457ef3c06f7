//! What is set for a transfer while it is in the list: its limit, its priority, when it starts; and the hours of all.

use haul::api::{Command, Happening, Position};
use haul::model::{Priority, Rate, Source, Spec, Status, TransferId};
use tokio::time::Instant;

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::FakeFile;

const fn rate(bytes: u64) -> Rate {
    Rate::per_second(bytes)
}

fn started(stage: &Stage) -> Vec<TransferId> {
    let started = stage.told.iter().filter(|event| matches!(event.happening, Happening::Started));
    started.map(|event| event.id).collect()
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_one_transfer_is_felt_at_once_and_lasts() {
    let file = FakeFile::new(1, 64 * MIB).rate(8 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.fake.put("/b.bin", file.clone());
    stage.has(id, 1).await;
    let given = |stage: &Stage| stage.fake.given("/a.bin");
    stage.send(Command::LimitEach { ids: vec![id], rate: Some(rate(MIB)) }).await;
    tokio::time::sleep(seconds(1)).await;
    let before = given(&stage);
    tokio::time::sleep(seconds(10)).await;
    let first = given(&stage) - before;
    assert!(first.abs_diff(10 * MIB) < MIB, "{first}");
    stage.seen(|now| (now.rows.get(0)?.spec.limits.rate == Some(rate(MIB))).then_some(())).await;
    // Another one has none of it.
    let other = stage.add("/b.bin").await;
    within(seconds(3), stage.complete(other, "b.bin", &file)).await;
    let stopped = stage.stop().await;
    assert_eq!(stopped.items()[0].spec.limits.rate, Some(rate(MIB)));
    let mut stage = stopped.start();
    let before = given(&stage);
    tokio::time::sleep(seconds(10)).await;
    let second = given(&stage) - before;
    assert!(second.abs_diff(10 * MIB) < MIB, "{second}");
    stage.send(Command::LimitEach { ids: vec![id], rate: None }).await;
    within(seconds(5), stage.complete(id, "a.bin", &file)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_higher_priority_is_next_and_lasts() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let mut ids = Vec::new();
    for (path, priority) in
        [("/0", Priority::Normal), ("/1", Priority::Normal), ("/2", Priority::Normal), ("/3", Priority::High)]
    {
        stage.fake.put(path, FakeFile::new(1, MIB).rate(MIB / 16));
        let mut spec = stage.spec(path);
        spec.priority = priority;
        ids.push(stage.add_spec(spec).await);
    }
    stage.send(Command::Prioritize { ids: vec![ids[1]], priority: Priority::Low }).await;
    stage.send(Command::Prioritize { ids: vec![ids[2]], priority: Priority::High }).await;
    stage
        .seen(|now| now.rows.iter().any(|row| row.id == ids[2] && row.spec.priority == Priority::High).then_some(()))
        .await;
    let before = started(&stage).len();
    let mut stage = stage.again().await;
    assert_eq!(before, 1);
    let kept = |stage: &Stage, at: usize| stage.item(ids[at]).unwrap().spec.priority;
    assert_eq!([kept(&stage, 0), kept(&stage, 1), kept(&stage, 2)], [Priority::Normal, Priority::Low, Priority::High]);
    // The one that ran is in the queue again, with the others before it.
    stage.complete(ids[1], "1", &FakeFile::new(1, MIB)).await;
    assert_eq!(started(&stage), [ids[2], ids[3], ids[0], ids[1]]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_starts_at_a_time_waits_for_it_and_does_so_after_a_restart() {
    let file = FakeFile::new(1, 2 * MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().rate(1024)).await;
    stage.has(id, 1).await;
    // It is 07:00.
    stage.send(Command::Schedule { ids: vec![id], at: Some("22:00".parse().unwrap()) }).await;
    stage.is(id, Status::Queued).await;
    let shown = stage.seen(|now| now.rows.get(0)?.start.clone()).await;
    assert_eq!(shown.text, "22:00");
    tokio::time::sleep(seconds(10 * 3600)).await;
    assert_eq!((stage.fake.open_now(), stage.row(id).unwrap().status), (0, Status::Queued));
    stage.fake.put("/a.bin", file.clone());
    let began = Instant::now();
    stage.complete(id, "a.bin", &file).await;
    let waited = began.elapsed().as_secs();
    assert!((5 * 3600 - 60..5 * 3600 + 60).contains(&waited), "{waited}");
    stage.seen(|now| now.rows.get(0)?.start.is_none().then_some(())).await;

    // After a restart, too; and one whose time has passed meanwhile starts at once. (A new engine's clock shows 07:00.)
    for path in ["/b", "/c"] {
        stage.fake.put(path, file.clone());
    }
    let mut specs = Vec::new();
    for (path, at) in [("/b", 1_795_413_600 + 3600), ("/c", 1_795_413_600 - 3600)] {
        let mut spec = stage.spec(path);
        spec.start_at = Some(haul::model::UnixTime::from_seconds(at));
        specs.push(spec);
    }
    stage.send(Command::PauseAll).await;
    let mut stage = stage.again().await;
    let late = stage.add_spec(specs.remove(1)).await;
    within(seconds(2), stage.complete(late, "c", &file)).await;
    let early = stage.add_spec(specs.remove(0)).await;
    let mut stage = stage.again().await;
    within(seconds(3660), stage.complete(early, "b", &file)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_forward_starts_what_is_due_within_a_minute() {
    let file = FakeFile::new(1, MIB);
    let mut stage = Stage::new();
    stage.fake.put("/a.bin", file.clone());
    let id = TransferId::from_bits(1);
    let mut spec = stage.spec("/a.bin");
    spec.start_at = Some(haul::model::UnixTime::from_seconds(1_795_413_600 + 7200));
    stage.send(Command::Add(vec![(id, spec)])).await;
    stage.until(id, |happening| matches!(happening, Happening::Added)).await;
    tokio::time::sleep(seconds(90)).await;
    assert_eq!(stage.fake.opened("/a.bin").len(), 0);
    stage.clock.jump(7200);
    within(seconds(61), stage.complete(id, "a.bin", &file)).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_start_can_be_changed_taken_back_and_refused() {
    let file = FakeFile::new(1, MIB);
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone().rate(1024)).await;
    stage.has(id, 1).await;
    stage.send(Command::Schedule { ids: vec![id], at: Some("2020-01-01 08:00".parse().unwrap()) }).await;
    let denied = stage.until(id, |happening| matches!(happening, Happening::Denied(_))).await;
    assert!(denied.sentence().contains("2020-01-01 08:00 is past"), "{}", denied.sentence());
    assert_eq!(stage.row(id).unwrap().status, Status::Running, "nothing has changed");
    // A paused one starts at its time, too.
    stage.pause(id).await;
    stage.send(Command::Schedule { ids: vec![id], at: Some("in 2h".parse().unwrap()) }).await;
    stage.seen(|now| now.rows.get(0)?.start.clone().filter(|start| start.text == "09:00")).await;
    // A pause goes before it, and keeps it.
    stage.pause(id).await;
    tokio::time::sleep(seconds(3 * 3600)).await;
    stage.fake.put("/a.bin", file.clone());
    assert_eq!(stage.row(id).unwrap().status, Status::Paused);
    stage.send(Command::Schedule { ids: vec![id], at: Some("in 2h".parse().unwrap()) }).await;
    stage.is(id, Status::Queued).await;
    stage.send(Command::Schedule { ids: vec![id], at: None }).await;
    within(seconds(2), stage.complete(id, "a.bin", &file)).await;
    stage.send(Command::Schedule { ids: vec![id], at: Some("in 2h".parse().unwrap()) }).await;
    stage.until(id, |happening| matches!(happening, Happening::Denied(_))).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_timetable_sets_the_limit_and_a_limit_by_hand_holds_until_its_next_change() {
    let wishes =
        Wishes { timetable: &["08:00-10:00 1M", "10:00-11:00 none"], limit: Some(rate(MIB / 2)), ..Wishes::default() };
    let stage = Stage::with(wishes);
    // It is 07:00.
    let limit = |stage: &Stage| stage.handle.snapshot().totals.limit;
    let pass = |minutes: u64| tokio::time::sleep(seconds(60 * minutes));
    pass(1).await;
    assert_eq!(limit(&stage), Some(rate(MIB / 2)));
    pass(60).await;
    assert_eq!(limit(&stage), Some(rate(MIB)));
    stage.send(Command::Limit(Some(rate(MIB / 4)))).await;
    pass(30).await;
    assert_eq!(limit(&stage), Some(rate(MIB / 4)));
    pass(90).await;
    assert_eq!(limit(&stage), None, "10:01");
    pass(60).await;
    assert_eq!(limit(&stage), Some(rate(MIB / 4)), "where the timetable says nothing, what was set by hand holds");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn outside_of_its_hours_the_queue_rests_but_for_what_is_started_by_hand() {
    let wishes = Wishes { queue_hours: &["08:00-09:00", "11:00-12:00"], transfers: Some(1), ..Wishes::default() };
    let mut stage = Stage::with(wishes);
    let file = FakeFile::new(1, 8 * MIB);
    let mut ids = Vec::new();
    for path in ["/a", "/b", "/c"] {
        stage.fake.put(path, file.clone().rate(512));
        ids.push(stage.add(path).await);
    }
    // It is 07:00.
    tokio::time::sleep(seconds(1800)).await;
    assert_eq!((stage.fake.open_now(), stage.handle.snapshot().totals.shut), (0, true));
    let began = Instant::now();
    stage.is(ids[0], Status::Running).await;
    assert!(began.elapsed() < seconds(1800 + 61));
    assert!(!stage.handle.snapshot().totals.shut);
    stage.is(ids[0], Status::Queued).await;
    let ran = began.elapsed().as_secs();
    assert!((5400..5461).contains(&ran), "{ran}");
    assert_eq!(stage.fake.open_now(), 0);
    // By hand, and before all others; another one still waits for its hour.
    stage.fake.put("/c", file.clone());
    stage.send(Command::StartNow(vec![ids[2]])).await;
    within(seconds(5), stage.complete(ids[2], "c", &file)).await;
    stage.fake.put("/b", file.clone());
    stage.fake.put("/a", file.clone());
    let began = Instant::now();
    stage.complete(ids[0], "a", &file).await;
    assert!(began.elapsed() > seconds(5400));
    stage.complete(ids[1], "b", &file).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_goes_right_before_another_or_right_after_it() {
    let mut stage = Stage::with(Wishes::default());
    stage.send(Command::PauseAll).await;
    let mut ids = Vec::new();
    for path in ["/0", "/1", "/2", "/3", "/4"] {
        let spec = Spec { held: true, ..stage.spec(path) };
        ids.push(stage.add_spec(spec).await);
    }
    for (which, to, wanted) in [
        (3, Position::Before(ids[1]), [0, 3, 1, 2, 4]),
        (0, Position::Before(ids[2]), [3, 1, 0, 2, 4]),
        (0, Position::After(ids[4]), [3, 1, 2, 4, 0]),
        (4, Position::After(ids[3]), [3, 4, 1, 2, 0]),
        (4, Position::After(ids[4]), [3, 4, 1, 2, 0]),
        (1, Position::Before(TransferId::from_bits(77)), [3, 4, 1, 2, 0]),
    ] {
        stage.send(Command::Move { ids: vec![ids[which]], to }).await;
        let wanted = wanted.map(|number| ids[number]);
        stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted).then_some(())).await;
    }
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_order_by_hand_goes_before_the_time_and_the_queue() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let file = FakeFile::new(1, MIB);
    let mut ids = Vec::new();
    for path in ["/a", "/b", "/c"] {
        stage.fake.put(path, file.clone().rate(MIB / 16));
        ids.push(stage.add(path).await);
    }
    stage.send(Command::Move { ids: vec![ids[1]], to: Position::Bottom }).await;
    stage.send(Command::Schedule { ids: vec![ids[2]], at: Some("22:00".parse().unwrap()) }).await;
    stage.send(Command::Schedule { ids: vec![ids[1]], at: Some("23:00".parse().unwrap()) }).await;
    stage.send(Command::StartNow(vec![ids[1], ids[2]])).await;
    for (at, name) in [(0, "a"), (1, "b"), (2, "c")] {
        within(seconds(60), stage.complete(ids[at], name, &file)).await;
    }
    stage.send(Command::StartNow(vec![ids[0]])).await;
    stage.until(ids[0], |happening| matches!(happening, Happening::Denied(_))).await;
    stage.end().await;
}

/// One that was started by hand while the queue is shut, of which a MiB is on disk.
async fn started_by_hand(file: &FakeFile) -> (Stage, TransferId) {
    let (mut stage, id) =
        Stage::of(Wishes { queue_hours: &["22:00-23:00"], ..Wishes::default() }, file.clone().rate(MIB / 4)).await;
    stage.fake.put("/b.bin", file.clone());
    let other = stage.add("/b.bin").await;
    stage.send(Command::StartNow(vec![id])).await;
    stage.has(id, MIB).await;
    assert_eq!(stage.row(other).unwrap().status, Status::Queued);
    (stage, id)
}

#[tokio::test(start_paused = true)]
async fn what_is_started_by_hand_goes_on_whatever_stops_it_for_a_moment() {
    let file = FakeFile::new(1, 4 * MIB);
    for order in 0..3 {
        let (mut stage, id) = started_by_hand(&file).await;
        let name = match order {
            0 => {
                stage.send(Command::Rename { id, name: "other".to_owned() }).await;
                "other"
            }
            1 => {
                let source = Source::parse("http://fake/b.bin").unwrap();
                stage.send(Command::Relink { id, source, headers: Vec::new() }).await;
                "a.bin"
            }
            _ => {
                stage.fake.set_room(Some(0));
                stage.pause(id).await;
                stage.send(Command::StartNow(vec![id])).await;
                stage.is(id, Status::DiskFull).await;
                stage.fake.set_room(None);
                "a.bin"
            }
        };
        within(seconds(60), stage.complete(id, name, &file)).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_started_by_hand_and_is_paused_waits_for_its_hour_like_all_others() {
    let file = FakeFile::new(1, 4 * MIB);
    let (mut stage, id) = started_by_hand(&file).await;
    stage.pause(id).await;
    stage.resume(id).await;
    let began = Instant::now();
    stage.complete(id, "a.bin", &file).await;
    assert!(began.elapsed() > seconds(14 * 3600));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn several_keep_their_order_wherever_they_go() {
    let mut stage = Stage::with(Wishes::default());
    let mut ids = Vec::new();
    for path in ["/0", "/1", "/2", "/3", "/4"] {
        let spec = Spec { held: true, ..stage.spec(path) };
        ids.push(stage.add_spec(spec).await);
    }
    for (which, to, wanted) in [
        (&[3, 1][..], Position::Top, [1, 3, 0, 2, 4]),
        (&[1, 3], Position::Up, [1, 3, 0, 2, 4]),
        (&[0, 2], Position::Up, [1, 0, 2, 3, 4]),
        (&[1, 2], Position::Down, [0, 1, 3, 2, 4]),
        (&[0, 3], Position::Bottom, [1, 2, 4, 0, 3]),
        (&[3, 1], Position::After(ids[4]), [2, 4, 1, 3, 0]),
        (&[0, 4, 2], Position::Before(ids[4]), [2, 0, 4, 1, 3]),
    ] {
        let moved = which.iter().map(|number| ids[*number]).collect();
        stage.send(Command::Move { ids: moved, to }).await;
        let wanted = wanted.map(|number| ids[number]);
        stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted).then_some(())).await;
    }
    let stage = stage.again().await;
    let wanted = [2, 0, 4, 1, 3].map(|number| ids[number]);
    stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted).then_some(())).await;
    stage.end().await;
}

/// One after the other, each past all the others, they kept the engine for minutes.
#[tokio::test(start_paused = true)]
async fn very_many_are_next_at_once() {
    const MANY: usize = 20_000;
    let stage = Stage::with(Wishes { transfers: Some(1), queue_hours: &["22:00-23:00"], ..Wishes::default() });
    let spec = |number| (TransferId::mint(), Spec { held: true, ..stage.spec(&format!("/{number}")) });
    let batch: Vec<(TransferId, Spec)> = (0..MANY).map(spec).collect();
    let mut ids: Vec<TransferId> = batch.iter().map(|entry| entry.0).collect();
    stage.send(Command::Add(batch)).await;
    ids.rotate_left(MANY / 2);
    let wanted = ids.clone();
    stage.send(Command::StartNow(ids)).await;
    stage.seen(|now| now.rows.iter().map(|row| row.id).eq(wanted.iter().copied()).then_some(())).await;
    stage.send(Command::PauseAll).await;
    stage.end().await;
}
