//! Transfers whose hosts do not answer at all: they hold nobody else up while the line is alive, and do not drive the whole
//! queue into failure where it is dead.

use std::sync::Arc;

use haul::api::Row;
use haul::model::{FaultKind, Source, Spec, Status, TransferId};
use tokio::time::{Instant, sleep};

use super::stage::{MIB, Stage, Wishes, seconds, within};
use crate::support::fetch::{Act, FakeFile};

/// One connection each, and four transfers at once.
fn stage() -> Stage {
    Stage::with(Wishes { transfers: Some(4), connections: 1, ..Wishes::default() })
}

/// A file of a MiB that can't be reached before this moment.
fn missing(seed: u64, until: Instant) -> FakeFile {
    FakeFile::new(seed, MIB)
        .script(move |ask| if ask.at < until { Act::fault(FaultKind::Connect) } else { Act::serve() })
}

async fn add(stage: &mut Stage, host: &str, name: &str, file: &FakeFile) -> TransferId {
    stage.fake.put(&format!("/{name}"), file.clone());
    let source = Source::parse(&format!("http://{host}.example/{name}")).unwrap();
    stage.add_spec(Spec::new(source, stage.downloads())).await
}

/// How many of these there are with this status.
fn count(stage: &Stage, ids: &[TransferId], status: Status) -> usize {
    ids.iter().filter(|id| stage.row(**id).unwrap().status == status).count()
}

/// For how many of these files their host was asked.
fn asked(stage: &Stage, names: &[String]) -> usize {
    names.iter().filter(|name| !stage.fake.opened(&format!("/{name}")).is_empty()).count()
}

#[tokio::test(start_paused = true)]
async fn hosts_that_do_not_answer_hold_the_files_of_others_up_for_a_moment_only() {
    // Each dead file has a host of its own, or all have one.
    for is_one in [false, true] {
        let (mut stage, began, mut dead) = (stage(), Instant::now(), Vec::new());
        let count = if is_one { 40 } else { 5 };
        for number in 0..count {
            let host = if is_one { "dead".to_owned() } else { format!("dead{number}") };
            let file = missing(number, began + seconds(10_000));
            dead.push(add(&mut stage, &host, &format!("d{number}"), &file).await);
        }
        let mut good = Vec::new();
        for number in 0..8 {
            let (name, file) = (format!("g{number}"), FakeFile::new(100 + number, MIB).rate(MIB));
            good.push(add(&mut stage, &name, &name, &file).await);
        }
        for id in good {
            within(seconds(12), stage.is(id, Status::Done)).await;
        }
        assert!(began.elapsed() < seconds(12), "{:?}", began.elapsed());
        // They are given up in their time, and not before.
        stage.is(dead[0], Status::Failed).await;
        assert!(began.elapsed() > seconds(14), "{:?}", began.elapsed());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_is_dead_for_some_minutes_fails_few_of_the_queue() {
    for is_one in [false, true] {
        let (mut stage, began) = (stage(), Instant::now());
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for number in 0..100 {
            let host = if is_one { "host".to_owned() } else { format!("host{number}") };
            let (name, file) = (format!("f{number}"), missing(number, began + seconds(120)));
            ids.push(add(&mut stage, &host, &name, &file).await);
            names.push(name);
        }
        sleep(seconds(119)).await;
        // Four at once are given up in about twenty seconds, and two more try whether others fare better.
        let (failed, asked) = (count(&stage, &ids, Status::Failed), asked(&stage, &names));
        let most = if is_one { 14 } else { 36 };
        assert!(failed <= most && asked <= most, "{failed} failed of {asked}");
        // When it is alive again they come.
        stage.seen(|now| (now.totals.done + now.totals.failed == 100).then_some(())).await;
        assert!(began.elapsed() < seconds(320), "{:?}", began.elapsed());
        stage.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_for_a_host_that_others_could_not_reach_go_on_as_soon_as_one_can() {
    let (mut stage, began, mut ids) = (stage(), Instant::now(), Vec::new());
    for number in 0..12 {
        let file = missing(number, began + seconds(5));
        ids.push(add(&mut stage, "host", &format!("f{number}"), &file).await);
    }
    let unreached = |row: &&Arc<Row>| row.fault.as_ref().is_some_and(|fault| fault.kind == FaultKind::Connect);
    let waits = |row: &&Arc<Row>| row.id == ids[5] && unreached(row);
    within(seconds(12), stage.seen(|now| now.rows.iter().find(waits).map(drop))).await;
    for id in ids {
        within(seconds(12), stage.is(id, Status::Done)).await;
    }
    assert!(began.elapsed() < seconds(14), "{:?}", began.elapsed());
    stage.end().await;
}
