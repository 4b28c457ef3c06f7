//! Random faults, orders and restarts, seeded: each case ends in the right file or in an honest failure.

use haul::api::{Command, Happening};
use haul::model::{FaultKind, Patience, Rate, Status, Weight};
use tokio::time::{Duration, sleep};

use super::stage::{MIB, Stage, Wishes, seconds};
use crate::support::fetch::{Act, FakeFile, Over};
use crate::support::server::sha256;

/// A server of many moods, the same for the same seed. After enough requests it has got over all of them.
fn moody(seed: u64, length: u64) -> FakeFile {
    let mut choose = fastrand::Rng::with_seed(seed);
    let mut file = FakeFile::new(seed, length).rate(choose.u64(MIB / 8..4 * MIB));
    file = match choose.u8(..7) {
        0 => file.etag(None),
        1 => file.etag(Some("W/\"weak\"")),
        2 => file.no_length(),
        3 => file.no_ranges(),
        4 => file.dated("Sat, 21 Nov 2026 08:00:00 GMT"),
        _ => file,
    };
    // Behind a date that stays, each machine of a site may have an ETag of its own.
    let machines = if file.is_dated() { choose.usize(1..4) } else { 0 };
    file = match choose.u8(..4) {
        0 => file.at_once(choose.usize(1..4), Over::Refused(if choose.bool() { 503 } else { 429 })),
        1 => file.at_once(choose.usize(1..4), Over::Waits),
        _ => file,
    };
    file = spoiled(file, seed, length);
    let calm_after = choose.usize(5..60);
    file.script(move |ask| {
        let mut choose = fastrand::Rng::with_seed(seed ^ (ask.number as u64) << 20);
        let bytes = choose.u64(0..length.max(1));
        let act = match choose.u8(..12) {
            _ if ask.number > calm_after => Act::serve(),
            0 => Act::fault([FaultKind::Cut, FaultKind::Connect, FaultKind::BadAnswer][choose.usize(..3)]),
            1 => Act::status([500, 503, 429, 408][choose.usize(..4)]).retry_after(seconds(choose.u64(0..5))),
            2 => Act::silence(),
            3 => Act::serve().cut(bytes),
            4 => Act::serve().stall(bytes),
            5 => Act::serve().at_most(bytes.max(5000)),
            6 => Act::serve().rate(choose.u64(1000..100_000)),
            _ => Act::serve(),
        };
        let act = if machines > 0 { act.etag(&format!("\"machine-{}\"", choose.usize(..machines))) } else { act };
        act.delay(Duration::from_millis(choose.u64(0..400) * choose.u64(0..12)))
    })
}

/// One file in three comes damaged the first few times, and its server announces what it should be.
fn spoiled(mut file: FakeFile, seed: u64, length: u64) -> FakeFile {
    let mut choose = fastrand::Rng::with_seed(!seed);
    if length > 0 && choose.u8(..3) == 0 {
        file = file.announces(&format!("sha256:{}", sha256(seed, length)), Weight::Firm);
        for _ in 0..choose.u8(1..4) {
            let first = choose.u32(0..3);
            file = file.damaged(choose.u64(0..length), first..first + choose.u32(1..3));
        }
    }
    file
}

async fn play(seed: u64) {
    let mut choose = fastrand::Rng::with_seed(seed);
    let lengths = [0, 1, 100_000, MIB, 2 * MIB + 1, 5 * MIB + 12_345];
    let files: Vec<FakeFile> = (0..3).map(|number| moody(seed * 10 + number, lengths[choose.usize(..6)])).collect();
    let patience = Patience { retries: 1000, stall: seconds(choose.u64(2..20)), ..Patience::default() };
    let (transfers, connections) = (choose.u16(1..4), choose.u16(1..9));
    let mut stage = Stage::with(Wishes { transfers: Some(transfers), connections, patience, ..Wishes::default() });
    let mut ids = Vec::new();
    for (number, file) in files.iter().enumerate() {
        stage.fake.put(&format!("/{number}"), file.clone());
        ids.push(stage.add(&format!("/{number}")).await);
    }
    for _ in 0..choose.u8(..8) {
        sleep(Duration::from_millis(choose.u64(..2000))).await;
        let id = ids[choose.usize(..3)];
        match choose.u8(..6) {
            0 => stage.send(Command::Pause(vec![id])).await,
            1 => stage.send(Command::PauseAll).await,
            2 => stage.send(Command::Retry(vec![id])).await,
            3 => stage.send(Command::Limit(choose.bool().then(|| Rate::per_second(300_000)))).await,
            4 => stage = stage.again().await,
            _ => stage.send(Command::ResumeAll).await,
        }
    }
    stage.send(Command::Limit(None)).await;
    // It may end by giving up, but then it says so, and another try gets it.
    for _ in 0..20 {
        stage.send(Command::ResumeAll).await;
        stage.send(Command::Retry(ids.clone())).await;
        sleep(seconds(1)).await;
        let over = |now: &haul::api::Snapshot| now.totals.done + now.totals.failed == 3;
        stage.seen(|now| over(now).then_some(())).await;
        if stage.handle.snapshot().totals.done == 3 {
            break;
        }
    }
    for (number, id) in ids.iter().enumerate() {
        let row = stage.row(*id).unwrap();
        assert_eq!(row.status, Status::Done, "seed {seed}: {row:?}");
        stage.holds(&number.to_string(), &files[number]);
    }
    assert_eq!(stage.names(), ["0", "1", "2"], "seed {seed}");
    assert!(stage.told.iter().all(|event| !matches!(event.happening, Happening::Refused(_))));
    stage.end().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_happens_the_file_is_right_in_the_end() {
    for seed in 0..SEEDS {
        eprintln!("seed {seed}");
        play(seed).await;
    }
}

const SEEDS: u64 = 100;
