//! A server that gives no parts, or no more of them: what is on disk stays, and passes by in one stream.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use haul::api::{Activity, Event, Happening};
use haul::model::{FaultKind, Patience, Status, TransferId};
use haul::protocol::Asked;

use super::stage::{MIB, Stage, Wishes, impatient};
use crate::support::fetch::{Act, Ask, FakeFile};
use crate::support::server::sha256;

const PATH: &str = "/a.bin";

/// Downloads more than half of 8 MiB over four connections, the last quarter first, and puts another server in the place
/// of that one.
async fn moved(before: &FakeFile, after: FakeFile) -> (Stage, TransferId, u64) {
    let slow = |ask: &Ask| Act::serve().rate(if ask.asked.start() < 6 * MIB { MIB / 8 } else { 64 * MIB });
    let (mut stage, id) = Stage::of(Wishes::default(), before.clone().rate(MIB).script(slow)).await;
    stage.has(id, 5 * MIB).await;
    stage.pause(id).await;
    stage.is(id, Status::Paused).await;
    let held = stage.checkpoint(id).unwrap().ledger.done();
    assert!(held.ranges().len() > 2 && held.ranges().last().unwrap().end == 8 * MIB, "{held:?}");
    let held = held.total();
    stage.fake.put(PATH, after.rate(MIB));
    (stage, id, held)
}

/// Resumes, waits for the end and tells the fewest bytes that were on disk meanwhile.
async fn resumed(stage: &mut Stage, id: TransferId) -> u64 {
    let least = Cell::new(u64::MAX);
    stage.resume(id).await;
    let end = stage.seen(|now| {
        let row = now.rows.iter().find(|row| row.id == id)?;
        if row.status == Status::Running {
            least.set(least.get().min(row.bytes_done()));
        }
        matches!(row.status, Status::Done | Status::Failed).then_some(row.status)
    });
    assert_eq!(end.await, Status::Done);
    least.get()
}

/// What the end says of the bytes that were put to disk in that run; the file must be right.
async fn written(stage: &mut Stage, id: TransferId, file: &FakeFile) -> u64 {
    let Happening::Completed { fetched, .. } = stage.complete(id, "a.bin", file).await else { panic!() };
    fetched
}

fn restarts(stage: &Stage) -> usize {
    stage.told.iter().filter(|event| matches!(event.happening, Happening::Restarted(_))).count()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_gives_all_in_place_of_the_range_of_all_is_asked_for_a_part_after_a_break() {
    let file = FakeFile::new(1, 8 * MIB).script(|ask| match ask.asked {
        Asked::From(0) | Asked::Whole => Act::serve().whole().cut(3 * MIB),
        _ => Act::serve().cut(3 * MIB),
    });
    let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
    stage.complete(id, "a.bin", &file).await;
    let opened = stage.fake.opened(PATH);
    assert_eq!(stage.fake.given(PATH), 8 * MIB, "{opened:?}");
    assert!(opened[1..].iter().all(|opened| opened.asked.start() > 0), "{opened:?}");
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_moment_of_a_server_after_a_break_costs_no_part_of_what_came() {
    for moment in [Act::status(503), Act::fault(FaultKind::Connect)] {
        let file = FakeFile::new(1, 8 * MIB).script(move |ask| match ask.asked {
            Asked::From(0) | Asked::Whole => Act::serve().whole().cut(3 * MIB),
            _ if ask.number < 4 => moment.clone(),
            _ => Act::serve(),
        });
        let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        assert_eq!(stage.fake.given(PATH), 8 * MIB, "{:?}", stage.fake.opened(PATH));
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_a_bad_moment_for_each_part_is_asked_for_the_whole() {
    for wishes in [Wishes::default(), Wishes { patience: impatient(), ..Wishes::default() }] {
        let file = FakeFile::new(1, 8 * MIB).script(|ask| match ask.asked {
            Asked::From(0) => Act::serve().whole().cut(3 * MIB),
            Asked::Whole => Act::serve(),
            _ => Act::status(500),
        });
        let (mut stage, id) = Stage::of(wishes, file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_disk_stays_where_no_more_parts_are_given() {
    let file = FakeFile::new(1, 8 * MIB);
    for cuts in [0, 3] {
        let now = file.clone().script(move |ask| {
            let act = Act::serve().whole();
            if ask.number < 8 + cuts { act.cut(MIB) } else { act }
        });
        let (mut stage, id, held) = moved(&file, now).await;
        let least = resumed(&mut stage, id).await;
        assert!(least >= held, "{cuts}: {least} of {held}");
        assert_eq!(written(&mut stage, id, &file).await, 8 * MIB - held, "{cuts}: only what was missing is written");
        assert_eq!(restarts(&stage), 0, "{cuts}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_on_disk_stays_where_a_server_refuses_to_be_asked_for_parts() {
    for status in [400, 405, 406, 412, 413, 501] {
        let file = FakeFile::new(1, 8 * MIB);
        let now = file.clone().script(move |ask| match ask.asked {
            Asked::Whole => Act::serve(),
            _ => Act::status(status),
        });
        let (mut stage, id, held) = moved(&file, now).await;
        stage.resume(id).await;
        assert_eq!(written(&mut stage, id, &file).await, 8 * MIB - held, "{status}");
        assert_eq!(restarts(&stage), 0, "{status}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_ever_fails_on_ranges_is_asked_for_the_whole_at_the_last_attempt() {
    for (status, retries) in [(500, 3), (503, 3), (503, 1)] {
        let file = FakeFile::new(1, 8 * MIB).script(move |ask| match ask.asked {
            Asked::Whole => Act::serve(),
            _ => Act::status(status),
        });
        let patience = Patience { retries, ..Patience::default() };
        let (mut stage, id) = Stage::of(Wishes { patience, ..Wishes::default() }, file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        assert_eq!(stage.fake.opened(PATH).len(), retries as usize + 1, "{status}: as many as there would be anyway");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_well_again_at_the_last_attempt_gives_parts_of_a_large_file() {
    for gives_parts in [true, false] {
        let file = FakeFile::new(1, 24 * MIB).rate(2 * MIB).script(move |ask| match ask.asked {
            _ if ask.number <= 2 => Act::status(503),
            Asked::Whole => Act::serve().whole(),
            _ if gives_parts => Act::serve(),
            _ => Act::status(503),
        });
        let patience = Patience { retries: 2, ..Patience::default() };
        let (mut stage, id) = Stage::of(Wishes { connections: 4, patience, ..Wishes::default() }, file.clone()).await;
        stage.complete(id, "a.bin", &file).await;
        let is_told = |event: &Event| matches!(event.happening, Happening::Answered { resumable, .. } if resumable == gives_parts);
        assert_eq!(stage.told.iter().filter(|event| is_told(event)).count(), 1, "{:?}", stage.told);
        assert_eq!(stage.fake.most_open(), if gives_parts { 4 } else { 1 });
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_pass_by_are_compared() {
    // Another file of the same length, and nothing that would say so.
    let (old, new) = (FakeFile::new(1, 8 * MIB).etag(None), FakeFile::new(2, 8 * MIB).etag(None));
    let (mut stage, id, _) = moved(&old, new.clone().no_ranges()).await;
    stage.resume(id).await;
    written(&mut stage, id, &new).await;
    assert_eq!(restarts(&stage), 1);
    stage.end().await;
    // The same file, and nothing that would say so: what lies behind the last gap can't be compared, and comes again.
    let (mut stage, id, held) = moved(&old, old.clone().no_ranges()).await;
    stage.resume(id).await;
    let came = written(&mut stage, id, &old).await;
    assert!((8 * MIB - held + MIB..8 * MIB).contains(&came), "{came} of {held}");
    assert_eq!(restarts(&stage), 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_a_word_on_its_version_is_read_to_its_end() {
    let old = FakeFile::new(1, 8 * MIB);
    // Behind the last gap it is another file.
    let mut bytes = old.bytes().to_vec();
    bytes[8 * MIB as usize - 1] ^= 1;
    let new = FakeFile::of(bytes).etag(None).no_ranges();
    let (mut stage, id, _) = moved(&old, new.clone()).await;
    stage.resume(id).await;
    stage.complete(id, "a.bin", &new).await;
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn bytes_that_the_disk_has_lost_are_no_other_version() {
    let file = FakeFile::new(1, 8 * MIB);
    let (stage, id, held) = moved(&file, file.clone().no_ranges()).await;
    let part = stage.part("a.bin");
    let stopped = stage.stop().await;
    let disk = OpenOptions::new().read(true).write(true).open(part).unwrap();
    for at in [7, 4 * MIB + 9] {
        let mut byte = [0];
        disk.read_exact_at(&mut byte, at).unwrap();
        disk.write_all_at(&[!byte[0]], at).unwrap();
    }
    let mut stage = stopped.start();
    stage.resume(id).await;
    let came = written(&mut stage, id, &file).await;
    assert!((8 * MIB - held..=10 * MIB - held).contains(&came), "{came} of {held}");
    assert_eq!(restarts(&stage), 0);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_goes_on_where_the_one_before_it_ended() {
    // A server that never gives parts, with a length or without; 3 MiB come, 5 MiB, and then all.
    let script = |ask: &Ask| match ask.number {
        1 => Act::serve().cut(3 * MIB),
        2 => Act::serve().cut(2 * MIB),
        3 => Act::serve().cut(5 * MIB),
        _ => Act::serve(),
    };
    let told = FakeFile::new(1, 8 * MIB).no_ranges().script(script);
    for file in [told.clone(), told.clone().no_length(), told.etag(None).no_length()] {
        let (mut stage, id) = Stage::of(Wishes::default(), file.clone()).await;
        assert_eq!(written(&mut stage, id, &file).await, 8 * MIB);
        assert_eq!(restarts(&stage), 0);
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_before_what_is_on_disk_is_another_file() {
    // It begins with the same bytes, is shorter, and nothing says how long it is.
    let old = FakeFile::new(1, 8 * MIB).no_ranges().no_length().etag(None);
    let new = FakeFile::of(old.bytes().slice(..2 * MIB as usize)).no_ranges().no_length().etag(None);
    let (mut stage, id) = Stage::of(Wishes::default(), old.clone().rate(MIB)).await;
    stage.has(id, 5 * MIB).await;
    stage.pause(id).await;
    stage.fake.put(PATH, new.clone());
    stage.resume(id).await;
    stage.complete(id, "a.bin", &new).await;
    assert_eq!(restarts(&stage), 1);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_came_damaged_in_one_stream_is_replaced_by_a_second_one() {
    let right = FakeFile::new(1, 8 * MIB).no_ranges();
    let sum = sha256(1, 8 * MIB);
    let mut stage = Stage::new();
    stage.fake.put(PATH, right.clone().damaged(3 * MIB + 1, 0..1).rate(8 * MIB));
    let mut spec = stage.spec(PATH);
    spec.checksum = Some(format!("sha256:{sum}").parse().map(Box::new).unwrap());
    let id = stage.add_spec(spec).await;
    stage.complete(id, "a.bin", &right).await;
    assert_eq!((restarts(&stage), stage.fake.opened(PATH).len()), (0, 2));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_screen_says_that_what_comes_is_compared() {
    let file = FakeFile::new(1, 8 * MIB);
    let (mut stage, id, _) = moved(&file, file.clone().no_ranges()).await;
    stage.resume(id).await;
    let mut last = 0;
    for step in 1..=2 {
        // It is seen to move, although nothing of it is written.
        let (position, speed) = stage
            .seen(|now| {
                let live = now.rows.iter().find(|row| row.id == id)?.live.clone()?;
                let [shown] = &live.connections[..] else { return None };
                let moves = live.activity == Activity::Checking && shown.position > last && live.speed.bytes() > 0;
                (moves && shown.range.start == 0).then_some((shown.position, live.speed.bytes()))
            })
            .await;
        assert!(position < 5 * MIB && speed.abs_diff(MIB) < MIB / 2, "{step}: {position} {speed}");
        last = position;
    }
    stage.does(id, |activity| activity == Activity::Receiving).await;
    stage.complete(id, "a.bin", &file).await;
    stage.end().await;
}
