//! What a transfer's log holds after what happened to it.

use haul::api::{Command, Happening, Level, Log};
use haul::model::{Status, TransferId};

use super::stage::{MIB, Stage, Wishes, impatient};
use crate::support::fetch::{Act, FakeFile};

fn log(stage: &Stage, id: TransferId) -> Log {
    stage.row(id).unwrap().log.clone()
}

fn lines(stage: &Stage, id: TransferId) -> Vec<String> {
    log(stage, id).iter().map(|line| format!("{}: {}", line.word, line.sentence)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_retried_and_begun_anew_stands_in_its_log_in_order() {
    let slow = |seed| FakeFile::new(seed, 8 * MIB).rate(MIB);
    let old = slow(1).script(|ask| if ask.number == 1 { Act::status(503) } else { Act::serve() });
    let (mut stage, id) = Stage::of(Wishes { connections: 1, ..Wishes::default() }, old).await;
    stage.has(id, 2 * MIB).await;
    stage.pause(id).await;
    stage.fake.put("/a.bin", slow(2));
    stage.resume(id).await;
    stage.complete(id, "a.bin", &slow(2)).await;
    stage.is(id, Status::Done).await;
    let lines = lines(&stage, id);
    let (last, before) = lines.split_last().unwrap();
    let renamed = format!("move: all of it has come, and is {} now", stage.downloads().join("a.bin").display());
    let told = [
        "start: the server is asked",
        "again: fake: scripted; next attempt in 1 s",
        "note: the file has 8.4 MB",
        "part: part 1 was on its way when it was stopped",
        "pause: it goes on when you resume it",
        "start: the server is asked",
        "anew: from the first byte, since the file on the server has changed",
        "note: the file has 8.4 MB",
        &renamed,
    ];
    assert_eq!(before, told);
    assert!(last.starts_with("done: 8.4 MB in 0:0"), "{last}");
    let log = log(&stage, id);
    assert!(log.iter().all(|line| line.at > 0 && line.times == 1), "{log:?}");
    assert_eq!(log.iter().next_back().unwrap().level, Level::Success);
    // The log is of the session.
    let stage = stage.again().await;
    stage.is(id, Status::Done).await;
    assert!(stage.row(id).unwrap().log.is_empty());
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn why_it_does_not_go_on_is_the_last_line() {
    for (act, why) in [(Act::status(503), "fail: fake: scripted"), (Act::status(403), "fail: the link has expired")] {
        let file = FakeFile::new(1, 4 * MIB).script(move |ask| match ask.number {
            1 => Act::serve().cut(MIB),
            _ => act.clone(),
        });
        let wishes = Wishes { connections: 1, patience: impatient(), ..Wishes::default() };
        let (mut stage, id) = Stage::of(wishes, file).await;
        stage.fail(id).await;
        stage.seen(|now| now.rows.iter().find(|row| row.status != Status::Running).map(|_| ())).await;
        let lines = lines(&stage, id);
        assert!(lines.last().is_some_and(|last| last.starts_with(why)), "{lines:#?}");
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_waits_in_the_queue_has_no_log() {
    let mut stage = Stage::with(Wishes { transfers: Some(1), ..Wishes::default() });
    let file = FakeFile::new(1, 8 * MIB).rate(MIB);
    let batch: Vec<_> = (1..=50)
        .map(|number| {
            stage.fake.put(&format!("/{number}"), file.clone());
            (TransferId::from_bits(number), stage.spec(&format!("/{number}")))
        })
        .collect();
    stage.send(Command::Add(batch)).await;
    stage.has(TransferId::from_bits(1), MIB).await;
    stage.send(Command::PauseAll).await;
    stage.until(TransferId::from_bits(1), |happening| matches!(happening, Happening::Paused)).await;
    stage.seen(|now| (now.totals.paused == 50).then_some(())).await;
    let logged: Vec<u64> =
        stage.handle.snapshot().rows.iter().filter(|row| !row.log.is_empty()).map(|row| row.id.bits()).collect();
    assert_eq!(logged, [1]);
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_long_queue_that_is_worked_off_keeps_its_newest_logs() {
    const ALL: u64 = 640;
    let stage = Stage::with(Wishes { transfers: Some(32), durable: false, ..Wishes::default() });
    let batch: Vec<_> = (1..=ALL).map(|id| (TransferId::from_bits(id), stage.spec(&format!("/{id}")))).collect();
    for (_, spec) in &batch {
        stage.fake.put(spec.source.url().path(), FakeFile::new(1, MIB).script(|_| Act::status(404)));
    }
    stage.send(Command::Add(batch)).await;
    stage.seen(|now| (now.totals.failed == ALL as usize).then_some(())).await;
    let now = stage.handle.snapshot();
    let logged: Vec<u64> = now.rows.iter().filter(|row| !row.log.is_empty()).map(|row| row.id.bits()).collect();
    // 128 have gone. At most 32 ran at that time and were passed over, so which of the first 160 went is not given.
    assert_eq!(logged.len(), 512, "from {}", logged[0]);
    assert_eq!(logged[logged.len() - 480..], (161..=ALL).collect::<Vec<_>>());
    stage.end().await;
}
